"""The pipeline: the steps that turn the bytes of a document into an article, in order.

    page or bytes → decoded → repaired → normalized → structured → typos corrected

The Python API, `copydesk show`, the nightly batch and the flow all use this module; the order of steps is defined here
only. `copydesk.checks` validates the results afterwards, in whole batches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date as day
from functools import partial
from itertools import islice
from typing import NamedTuple

from copydesk import __version__, languages, ledger
from copydesk.config import Config, user_lists
from copydesk.correct import correct_typos
from copydesk.deadline import TooSlow, clock, limit
from copydesk.edits import TEXT, TITLE, Edit, apply
from copydesk.faults import guarded, seconds
from copydesk.records import CRITICAL, Article, Cleaned, Document, Problem
from copydesk.sources import pages
from copydesk.text import mojibake
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.language import languages_of
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair_all
from copydesk.text.screen import EVERY
from copydesk.text.site import NO_SITE, Proof, Site, proofs, site_of
from copydesk.text.structure import Given, Layout, structure_all

NO_SITES: Mapping[str, Site] = {}
#: So many documents go through each step together: its code stays in the processor's caches.
_TOGETHER = 32


def clean_documents(
    documents: Sequence[Document], config: Config, sites: Mapping[str, Site] = NO_SITES
) -> list[Cleaned]:
    """Clean documents with all steps. `sites` is the evidence on their sites, by name."""
    return correct_typos(clean_alone(documents, config, sites), config)


def clean_alone(documents: Iterable[Document], config: Config, sites: Mapping[str, Site] = NO_SITES) -> list[Cleaned]:
    """Run all steps but typo correction, which works on many documents at once.

    An internal error, or a document that takes longer than `run.document_seconds`, affects only that document: it gets
    no article. Raises `copydesk.data.lists.ListsInUse` if this process has already read other word lists than those of
    `config`.
    """
    user_lists.install(config.lists.folder)
    done: list[Cleaned] = []
    rest = iter(documents)
    while few := list(islice(rest, _TOGETHER)):
        drafts = [Draft(document, config, _evidence(document, sites)) for document in few]
        try:
            # No longer than one of them may take: else what a slow one may take would depend on those beside it.
            with limit(min(seconds(config, document) for document in few)):
                done += _through_steps(drafts)
        except languages.LanguageError:
            raise
        except (Exception, TooSlow):  # noqa: BLE001 - one of them is at fault: `guarded` tells which
            with clock() as allow:
                done += [guarded(draft.document, config, allow, partial(_through, draft)) for draft in drafts]
    return done


def _evidence(document: Document, sites: Mapping[str, Site]) -> Site:
    return sites.get(site_of(document.uri), NO_SITE) if sites else NO_SITE


def as_document(
    content: bytes | str,
    uri: str,
    title: str | None = None,
    date: str | day | None = None,
    charset: str | None = None,
    media_type: str | None = None,
) -> Document:
    """The arguments of `copydesk.clean` as a `Document`. Raises `TypeError` for those of other types."""
    if not isinstance(content, bytes | str):
        raise TypeError(f"content is bytes or str, not {type(content).__name__}; of a file, Path(...).read_bytes()")
    if not isinstance(uri, str):
        raise TypeError(f"uri is a str, the address or path of the document, not {type(uri).__name__}")
    date = date.isoformat() if isinstance(date, day) else date
    for name, value in {"title": title, "date": date, "charset": charset, "media_type": media_type}.items():
        if not isinstance(value, str | None):
            raise TypeError(f"{name} is a str, not {type(value).__name__}")
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if media_type is None:
        media_type = "html" if pages.is_page(raw, uri) else "text"
    if media_type == "html":
        charset = charset or (pages.declared_charset(raw) if isinstance(content, bytes) else "utf-8")
        return Document(uri, raw, media_type, charset=charset, title=title, date=date)
    if isinstance(content, bytes):
        return Document(uri, raw, media_type, charset=charset, title=title, date=date)
    return Document(uri, raw, media_type, content, "utf-8", charset, title, date)


# --- the steps before typos -------------------------------------------------------------------------------------------


class Draft(NamedTuple):
    """A document between two steps.

    `text` and `title` are the results of the steps so far; `edits` lead to them from `source_text` and the given title.
    `kinds` are those of the characters of the repaired text, `damage` lists the repaired mojibake. A draft with a
    critical problem is not processed further.
    """

    document: Document
    config: Config
    site: Site
    text: str = ""
    kinds: int = EVERY
    source_text: str = ""
    encoding: str = "utf-8"
    title: str | None = None
    damage: tuple[str, ...] = ()
    layout: Layout | None = None
    language: str = "und"
    edits: tuple[Edit, ...] = ()
    problem: Problem | None = None


def _read_page(draft: Draft) -> Draft:
    """Replace a web page by its main text; other documents are unchanged."""
    document = draft.document
    if document.media_type == "html" and document.text is None:
        document = pages.extract(document)
    elif document.problem is None:
        return draft
    return draft._replace(document=document, problem=document.problem, source_text=document.text or "")


def _decode(draft: Draft) -> Draft:
    text, encoding = draft.document.text, draft.document.encoding or "utf-8"
    if text is None:
        try:
            text, encoding = decode(draft.document.content, draft.document.charset)
        except Undecodable as error:
            return draft._replace(problem=Problem("decode", "undecodable", "body", CRITICAL, str(error)))
    return draft._replace(text=text, source_text=text, encoding=encoding)


def _repair(drafts: Sequence[Draft]) -> list[Draft]:
    off = drafts[0].config.rules.off
    done = repair_all([draft.text for draft in drafts], TEXT, off, lambda i: drafts[i].site.misreadings)
    return [
        draft._replace(text=text, kinds=kinds, damage=tuple(mojibake.damage(edits)), edits=(*draft.edits, *edits))
        for draft, (text, edits, kinds) in zip(drafts, done, strict=True)
    ]


def _normalize(draft: Draft) -> Draft:
    text, edits = normalize(draft.text, draft.config.text.quotes, TEXT, draft.config.rules.off, draft.kinds)
    return draft._replace(text=text, edits=(*draft.edits, *edits))


def _prepare_titles(drafts: Sequence[Draft]) -> list[Draft]:
    """Repair and normalize the given titles; a blank title counts as missing."""

    def proven(i: int) -> Collection[str]:
        return (*drafts[i].site.misreadings, *mojibake.misreadings("\n".join(drafts[i].damage)))

    off = drafts[0].config.rules.off
    titles = repair_all([draft.document.title or "" for draft in drafts], TITLE, off, proven)
    done: list[Draft] = []
    for draft, (title, repaired, kinds) in zip(drafts, titles, strict=True):
        title, normalized = normalize(title, draft.config.text.quotes, TITLE, off, kinds)
        edits = (*draft.edits, *repaired, *normalized)
        done.append(draft._replace(title=title, edits=edits) if title else draft)
    return done


def _structure(drafts: Sequence[Draft]) -> list[Draft]:
    config = drafts[0].config
    found = structure_all([(draft.text, _given(draft)) for draft in drafts], config.dates, config.rules.off)
    return [_structured(draft, layout, made) for draft, (layout, made) in zip(drafts, found, strict=True)]


def _given(draft: Draft) -> Given:
    document = draft.document
    return Given(
        draft.title,
        document.date,
        document.address or document.uri,
        draft.site,
        document.authors,
        document.path_date,
        document.modified,
    )


def _structured(draft: Draft, layout: Layout, made: Sequence[Edit]) -> Draft:
    edits = (*draft.edits, *made)
    if draft.config.rules.off and _titled(draft, edits) != layout.headline:
        edits = tuple(edit for edit in edits if edit.field != TITLE)  # the headline is another: they lead nowhere
    return draft._replace(layout=layout, edits=edits)


def _titled(draft: Draft, edits: Sequence[Edit]) -> str | None:
    """The given title after `edits`."""
    title = draft.document.title
    for edit in edits:
        if title is not None and edit.field == TITLE:
            title = apply(title, edit)
    return title


def _name_languages(drafts: Sequence[Draft]) -> list[Draft]:
    names = languages_of([draft.layout.body or draft.layout.headline for draft in drafts if draft.layout])
    named = [
        draft.document.language or name if name == "und" else name for draft, name in zip(drafts, names, strict=True)
    ]
    return [draft._replace(language=name) for draft, name in zip(drafts, named, strict=True)]


Step = Callable[[Sequence[Draft]], list[Draft]]


def _each(step: Callable[[Draft], Draft]) -> Step:
    return lambda drafts: [step(draft) for draft in drafts]


#: The steps of documents, in order.
STEPS: tuple[Step, ...] = (
    _each(_read_page),
    _each(_decode),
    _repair,
    _each(_normalize),
    _prepare_titles,
    _structure,
    _name_languages,
)


def _through(draft: Draft) -> Cleaned:
    return _through_steps([draft])[0]


def _through_steps(drafts: Sequence[Draft]) -> list[Cleaned]:
    done = list(drafts)
    places: Sequence[int] = range(len(done))
    for step in STEPS:
        places = [i for i in places if done[i].problem is None]
        if not places:
            break
        for i, draft in zip(places, step([done[i] for i in places]), strict=True):
            done[i] = draft
    return [_finished(draft) for draft in done]


def _finished(draft: Draft) -> Cleaned:
    if draft.problem is not None:
        return Cleaned(draft.document, None, problems=(draft.problem,), source_text=draft.source_text)
    assert draft.layout is not None
    layout, title = draft.layout, draft.document.title
    article_id = draft.document.article_id
    edits = ledger.numbered(draft.edits, article_id)
    return Cleaned(
        draft.document,
        _article(draft, layout, article_id),
        edits,
        tuple(layout.problems),
        draft.source_text,
        title,
        reversible=ledger.leads_back(layout.headline, layout.body, edits, draft.source_text, title),
        waits=layout.date_order_open or mojibake.in_doubt(edits),
    )


def _article(draft: Draft, layout: Layout, article_id: str) -> Article:
    document = draft.document
    return Article(
        article_id=article_id,
        uri=document.uri,
        content_sha256=document.content_sha256,
        headline=layout.headline,
        body=layout.body,
        published_at=layout.published_at,
        published_date=layout.published_date,
        modified_at=layout.modified_at,
        published_precision=layout.published_precision,
        site=site_of(document.address or document.uri) or None,
        date_text=layout.date_text,
        dateline=layout.dateline,
        agency=layout.agency,
        byline=layout.byline,
        attribution=layout.attribution,
        view_count=layout.view_count,
        language=draft.language,
        encoding=draft.encoding,
        cluster_id=article_id,
        pipeline_version=__version__,
        **ledger.counts(layout.headline, layout.body, draft.edits),
    )


def proven(cleaned: Cleaned) -> frozenset[Proof]:
    """What a cleaned document proves about its site."""
    if cleaned.article is None:
        return frozenset()
    return proofs(cleaned.document.uri, cleaned.article.date_text, mojibake.damage(cleaned.edits))
