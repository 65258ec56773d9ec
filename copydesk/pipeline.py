"""The pipeline: the steps that turn the bytes of a document into an article, in order.

    page or bytes → decoded → repaired → normalized → structured → typos corrected

The Python API, `copydesk show`, the nightly batch and the flow all use this module; the order of steps is defined here
only. `copydesk.checks` validates the results afterwards, in whole batches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from copydesk import __version__, languages
from copydesk.config import Config, TyposConfig, user_lists
from copydesk.deadline import TooSlow, clock, limit
from copydesk.edits import (
    APPLIED,
    SUGGESTED,
    TEXT,
    TITLE,
    Edit,
    EditMismatch,
    apply,
    published_text,
    rebuild,
    rebuild_title,
)
from copydesk.languages import protected
from copydesk.records import CRITICAL, Article, Cleaned, Document, Problem
from copydesk.sources import pages
from copydesk.text import mojibake
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.language import language
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair
from copydesk.text.site import NO_SITE, Proof, Site, proofs, site_of
from copydesk.text.structure import Given, Layout, structure_all
from copydesk.text.typos.found import Finding
from copydesk.text.typos.step import look, settle

if TYPE_CHECKING:
    from copydesk.text.typos.model import Model

log = logging.getLogger(__name__)

NO_SITES: Mapping[str, Site] = {}


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
            with limit(min(_seconds(config, document) for document in few)):
                done += _through_steps(drafts)
        except languages.LanguageError:
            raise
        except (Exception, TooSlow):  # noqa: BLE001 - one of them is at fault: `_guarded` tells which
            with clock() as allow:
                done += [_guarded(draft.document, config, allow, partial(_through, draft)) for draft in drafts]
    return done


#: So many documents go through each step together: its code stays in the processor's caches.
_TOGETHER = 32


def _evidence(document: Document, sites: Mapping[str, Site]) -> Site:
    return sites.get(site_of(document.uri), NO_SITE) if sites else NO_SITE


def as_document(
    content: bytes | str,
    uri: str,
    title: str | None = None,
    date: str | None = None,
    charset: str | None = None,
    media_type: str | None = None,
) -> Document:
    """The arguments of `copydesk.clean` as a `Document`."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if media_type is None:
        media_type = "html" if pages.is_page(raw, uri) else "text"
    if media_type == "html":
        charset = charset or (pages.declared_charset(raw) if isinstance(content, bytes) else "utf-8")
        return Document(uri, raw, media_type, charset=charset, title=title, date=date)
    if isinstance(content, bytes):
        return Document(uri, raw, media_type, charset=charset, title=title, date=date)
    return Document(uri, raw, media_type, content, "utf-8", charset, title, date)


# --- steps that work on one document ---------------------------------------------------------------------------------


class Draft(NamedTuple):
    """A document between two steps.

    `text` and `title` are the results of the steps so far; `edits` lead to them from `source_text` and the given title.
    `damage` lists the repaired mojibake. A draft with a critical problem is not processed further.
    """

    document: Document
    config: Config
    site: Site
    text: str = ""
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


def _repair(draft: Draft) -> Draft:
    text, edits = _repaired(draft, draft.text, TEXT, lambda: draft.site.misreadings)
    return draft._replace(text=text, damage=tuple(mojibake.damage(edits)), edits=(*draft.edits, *edits))


def _normalize(draft: Draft) -> Draft:
    text, edits = normalize(draft.text, draft.config.text.quotes, off=draft.config.rules.off)
    return draft._replace(text=text, edits=(*draft.edits, *edits))


def _prepare_title(draft: Draft) -> Draft:
    """Repair and normalize the given title; a blank title counts as missing."""
    title = draft.document.title
    if title is None:
        return draft

    def proven() -> Collection[str]:
        return (*draft.site.misreadings, *mojibake.misreadings("\n".join(draft.damage)))

    title, repaired = _repaired(draft, title, TITLE, proven)
    title, normalized = normalize(title, draft.config.text.quotes, TITLE, draft.config.rules.off)
    return draft._replace(title=title, edits=(*draft.edits, *repaired, *normalized)) if title else draft


def _structure(drafts: Sequence[Draft]) -> list[Draft]:
    if not drafts:
        return []
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


def _name_language(draft: Draft) -> Draft:
    assert draft.layout is not None
    named = language(draft.layout.body or draft.layout.headline)
    return draft._replace(language=draft.document.language or "und" if named == "und" else named)


Step = Callable[[Sequence[Draft]], list[Draft]]


def _each(step: Callable[[Draft], Draft]) -> Step:
    return lambda drafts: [step(draft) for draft in drafts]


#: The steps of documents, in order.
STEPS: tuple[Step, ...] = (
    _each(_read_page),
    _each(_decode),
    _each(_repair),
    _each(_normalize),
    _each(_prepare_title),
    _structure,
    _each(_name_language),
)


def _through(draft: Draft) -> Cleaned:
    return _through_steps([draft])[0]


def _through_steps(drafts: Sequence[Draft]) -> list[Cleaned]:
    done = list(drafts)
    places: Sequence[int] = range(len(done))
    for step in STEPS:
        places = [i for i in places if done[i].problem is None]
        for i, draft in zip(places, step([done[i] for i in places]), strict=True):
            done[i] = draft
    return [_finished(draft) for draft in done]


def _finished(draft: Draft) -> Cleaned:
    if draft.problem is not None:
        return Cleaned(draft.document, None, problems=(draft.problem,), source_text=draft.source_text)
    assert draft.layout is not None
    layout, title = draft.layout, draft.document.title
    article_id = draft.document.article_id
    edits = _numbered(draft.edits, article_id)
    return Cleaned(
        draft.document,
        _article(draft, layout, article_id),
        edits,
        tuple(layout.problems),
        draft.source_text,
        title,
        reversible=_rebuild(layout.headline, layout.body, edits, draft.source_text, title),
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
        **_counts(layout.headline, layout.body, draft.edits),
    )


def _repaired(draft: Draft, text: str, field: str, proven: Callable[[], Collection[str]]) -> tuple[str, list[Edit]]:
    """The repaired text and its edits. `proven`, the misreadings proven by other texts, is called only if the text
    itself is ambiguous: correct Cyrillic or Arabic contains many letter pairs that could be mojibake.
    """
    off = draft.config.rules.off
    repaired, edits = repair(text, field, off=off)
    if mojibake.in_doubt(edits) and (known := proven()):
        return repair(text, field, known, off)
    return repaired, edits


# --- the step that works on many documents ---------------------------------------------------------------------------


def correct_typos(cleaned: Sequence[Cleaned], config: Config) -> list[Cleaned]:
    """Correct the typos of the documents in languages that have a typo model.

    An internal error affects only the document that causes it, which gets no article. Raises
    `copydesk.languages.LanguageError` if the files of a language cannot be used, and
    `copydesk.languages.protected.ProtectedError` if the user's list of protected words cannot.
    """
    done = list(cleaned)
    if config.typos.mode == "off":
        return done
    for code in languages.available():
        if not any(one.article is not None and one.article.language in (code, "und") for one in done):
            continue
        model = languages.model(code, config.typos.learned, judge=config.typos.mode == "full")
        words = protected.read(config.typos.protected, user_lists.protected(config.lists.folder))
        try:
            with limit(_seconds(config, *(one.document for one in done))):
                done = _corrected(done, model, config, words)
        except languages.LanguageError:
            raise  # a broken installation is no fault of the documents
        except (Exception, TooSlow):
            log.exception("typos of a batch could not be corrected; its documents are tried one by one")
            with clock() as allow:
                done = [
                    _guarded(one.document, config, allow, lambda: _corrected([one], model, config, words)[0])  # noqa: B023
                    for one in done
                ]
    return done


def _corrected(cleaned: Sequence[Cleaned], model: Model, config: Config, words: protected.Protected) -> list[Cleaned]:
    """`cleaned` with typos corrected in the articles in the language of `model`."""
    mine = [(i, one.article) for i, one in enumerate(cleaned) if one.article is not None and model.is_for(one.article)]
    texts = [published_text(article.headline, article.body) for _, article in mine]
    found = look(texts, model, config.typos, [words.of(article.uri) for _, article in mine])
    done = list(cleaned)
    for (i, article), text, findings in zip(mine, texts, found, strict=True):
        wanted = [finding for finding in findings if finding.rule not in config.rules.off]
        if wanted:
            done[i] = _settled(cleaned[i], article, text, wanted, config.typos)
    return done


def _settled(one: Cleaned, article: Article, text: str, found: list[Finding], config: TyposConfig) -> Cleaned:
    new, edits = settle(text, found, config)
    headline, body = article.headline, article.body
    if headline and body:
        # A correction holds no line break, so as many lines as before are the headline.
        lines = new.split("\n", headline.count("\n") + 2)
        headline, body = "\n".join(lines[:-2]), lines[-1]
    elif headline:
        headline = new
    else:
        body = new
    if one.source_title is not None and any(edit.field == TITLE for edit in one.edits):
        within = [finding for finding in found if finding.end <= len(article.headline)]
        edits += [edit for edit in settle(article.headline, within, config, TITLE)[1] if edit.status == APPLIED]
    all_edits = (*one.edits, *_numbered(edits, article.article_id, len(one.edits)))
    article = replace(article, headline=headline, body=body, **_counts(headline, body, all_edits))
    reversible = _rebuild(headline, body, all_edits, one.source_text, one.source_title)
    return replace(one, article=article, edits=all_edits, reversible=reversible)


# --- finishing -------------------------------------------------------------------------------------------------------


def _guarded(
    document: Document, config: Config, allow: Callable[[float], None], work: Callable[[], Cleaned]
) -> Cleaned:
    """The result of `work` on a document; an internal error or a timeout becomes a problem of that document.

    `allow` is that of `copydesk.deadline.clock`.
    """
    try:
        allow(_seconds(config, document))
        try:
            return work()
        finally:
            allow(0)
    except languages.LanguageError:
        raise
    except TooSlow as error:
        return _without_article(
            document, "too-slow", f"{error}; run.document_seconds is {config.run.document_seconds:g}"
        )
    except Exception as error:
        log.exception("%s could not be cleaned", ascii(document.uri[:200]))
        return _without_article(document, "failed", f"{type(error).__name__}: {error}"[:500])


def _without_article(document: Document, rule: str, words: str) -> Cleaned:
    return Cleaned(document, None, problems=(Problem("clean", rule, None, CRITICAL, words),))


def _seconds(config: Config, *documents: Document) -> float:
    """The time limit for documents in CPU seconds: `run.document_seconds` for each MiB, and at least once."""
    return config.run.document_seconds * max(1.0, sum(len(document.content) for document in documents) / 2**20)


def _numbered(edits: Iterable[Edit], article_id: str, first: int = 0) -> tuple[Edit, ...]:
    """`edits` of an article, numbered from `first` on."""
    return tuple([Edit._make((article_id, i, *edit[2:])) for i, edit in enumerate(edits, first)])


def _counts(headline: str, body: str, edits: Iterable[Edit]) -> dict[str, Any]:
    """The columns of an article that count its words and edits."""
    statuses = [edit.status for edit in edits]
    suggested = statuses.count(SUGGESTED)
    return {
        "word_count": len(headline.split()) + len(body.split()),
        "edit_count": len(statuses) - suggested,
        "suggestion_count": suggested,
    }


def rebuilds(cleaned: Cleaned) -> bool:
    """Whether the article and its edits rebuild the source text and title exactly."""
    article = cleaned.article
    return article is None or _rebuild(
        article.headline, article.body, cleaned.edits, cleaned.source_text, cleaned.source_title
    )


def _rebuild(headline: str, body: str, edits: Sequence[Edit], source_text: str, source_title: str | None) -> bool:
    """Whether `edits` undone lead from the published text to the source text, and from the headline to the title."""
    try:
        if rebuild(headline, body, edits) != source_text:
            return False
        if source_title is None or not any(edit.field == TITLE for edit in edits):
            return True
        return rebuild_title(headline, edits) == source_title
    except EditMismatch:
        return False


def proven(cleaned: Cleaned) -> frozenset[Proof]:
    """What a cleaned document proves about its site."""
    if cleaned.article is None:
        return frozenset()
    return proofs(cleaned.document.uri, cleaned.article.date_text, mojibake.damage(cleaned.edits))
