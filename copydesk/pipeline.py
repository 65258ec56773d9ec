"""The way of one document: decoded, repaired, normalized, structured, corrected, deduplicated.

Each step takes what the one before made and adds its edits. Typos are looked for in many documents at once, which is
what makes that cheap. Whether the result is sound is judged afterwards, on whole batches, by `copydesk.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copydesk import __version__
from copydesk.config import Config, TyposConfig
from copydesk.edits import APPLIED, SUGGESTED, TEXT, TITLE, Edit, EditMismatch, published_text, rebuild, rebuild_title
from copydesk.records import CRITICAL, Article, Cleaned, Document, Problem
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.language import language
from copydesk.text.mojibake import misreadings
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair
from copydesk.text.site import MOJIBAKE, NO_SITE, Proof, Site, proofs
from copydesk.text.structure import Given, structure
from copydesk.text.typos.correct import Finding
from copydesk.text.typos.step import look, settle

if TYPE_CHECKING:
    from copydesk.text.typos.model import Model


def clean_document(document: Document, config: Config, site: Site = NO_SITE) -> Cleaned:
    """Take one document as far as it goes alone: all but its typos. `site` is what others of its site prove.

    A document that cannot be decoded has no article, and a problem that says why.
    """
    if document.problem is not None:
        return Cleaned(document, None, problems=(document.problem,), source_text=document.text or "")
    text, encoding = document.text, document.encoding or "utf-8"
    if text is None:
        try:
            text, encoding = decode(document.content, document.charset)
        except Undecodable as error:
            return Cleaned(document, None, problems=(Problem("decode", "undecodable", "body", CRITICAL, str(error)),))
    source_text = text
    edits: list[Edit] = []

    text, made = _repaired(text, TEXT, lambda: site.misreadings)
    damage = [edit.before for edit in made if edit.rule == MOJIBAKE and edit.status == APPLIED]
    edits += made
    text, made = normalize(text, config.text.quotes)
    edits += made

    title = document.title
    if title is not None:
        title, repaired = _repaired(title, TITLE, lambda: (*site.misreadings, *misreadings("\n".join(damage))))
        title, normalized = normalize(title, config.text.quotes, TITLE)
        if title:  # a blank one is none
            edits += repaired + normalized

    layout, made = structure(text, Given(title, document.date, document.uri, site), config.dates)
    edits += made

    # Near-duplicates are to be found across the documents of a run; until then each article stands alone.
    key = document.article_id
    article = Article(
        article_id=key,
        uri=document.uri,
        content_sha256=document.content_sha256,
        headline=layout.headline,
        body=layout.body,
        published_at=layout.published_at,
        published_date=layout.published_date,
        date_text=layout.date_text,
        dateline=layout.dateline,
        agency=layout.agency,
        byline=layout.byline,
        attribution=layout.attribution,
        view_count=layout.view_count,
        language=language(layout.body or layout.headline),
        encoding=encoding,
        cluster_id=key,
        pipeline_version=__version__,
    )
    return _counted(Cleaned(document, article, tuple(edits), tuple(layout.problems), source_text, document.title))


def _repaired(text: str, field: str, proven: Callable[[], Collection[str]]) -> tuple[str, list[Edit]]:
    """A repaired text and its edits. What is `proven` of the texts beside it is asked only where the text itself is in
    doubt: in good Cyrillic or Arabic there are letters enough that could be another misreading of others.
    """
    repaired, edits = repair(text, field)
    if any(_is_doubt(edit) for edit in edits) and (known := proven()):
        return repair(text, field, known)
    return repaired, edits


def _is_doubt(edit: Edit) -> bool:
    return edit.status == SUGGESTED and edit.rule.startswith(MOJIBAKE)


def proven(one: Cleaned) -> frozenset[Proof]:
    """What a document that was cleaned alone proves for its site."""
    if one.article is None:
        return frozenset()
    damage = [edit.before for edit in one.edits if edit.rule == MOJIBAKE and edit.status == APPLIED]
    return proofs(one.document.uri, one.article.date_text, damage)


def waits(one: Cleaned) -> bool:
    """Whether a question is left open that other documents of its site may answer."""
    return any(problem.rule == "date-order-open" for problem in one.problems) or any(map(_is_doubt, one.edits))


def correct_typos(
    cleaned: Sequence[Cleaned], model: Model, config: TyposConfig, protected: Callable[[str], Collection[str]]
) -> list[Cleaned]:
    """Cleaned documents with the typos of those corrected that are in the language of `model`.

    `protected` gives the words (in lower case) that stand as they are in the document of a uri.
    """
    mine = [i for i, one in enumerate(cleaned) if one.article is not None and model.is_for(one.article)]
    articles = [one.article for one in (cleaned[i] for i in mine) if one.article is not None]
    texts = [published_text(article.headline, article.body) for article in articles]
    found = look(texts, model, config, [protected(article.uri) for article in articles])
    done = list(cleaned)
    for i, article, text, findings in zip(mine, articles, texts, found, strict=True):
        if findings:
            done[i] = _counted(_settled(cleaned[i], article, text, findings, config))
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
    return replace(one, article=replace(article, headline=headline, body=body), edits=(*one.edits, *edits))


def _counted(cleaned: Cleaned) -> Cleaned:
    """With edits numbered and counted, and with a problem where they do not rebuild the source."""
    article = cleaned.article
    assert article is not None
    edits = tuple(Edit(article.article_id, i, *edit[2:]) for i, edit in enumerate(cleaned.edits))
    suggested = sum(edit.status == SUGGESTED for edit in edits)
    article = replace(
        article,
        word_count=len(article.headline.split()) + len(article.body.split()),
        edit_count=len(edits) - suggested,
        suggestion_count=suggested,
    )
    cleaned = replace(cleaned, article=article, edits=edits)
    if not rebuilds(cleaned):
        problem = Problem("clean", "irreversible", None, CRITICAL, "the edits do not give the source text back")
        return replace(cleaned, problems=(*cleaned.problems, problem))
    return cleaned


def rebuilds(cleaned: Cleaned) -> bool:
    """Whether the article's row and its edits give back, to the character, the text and the title that came in."""
    article = cleaned.article
    if article is None:
        return True
    try:
        text = rebuild(article.headline, article.body, cleaned.edits)
        if cleaned.source_title is not None and any(edit.field == TITLE for edit in cleaned.edits):
            return (
                text == cleaned.source_text and rebuild_title(article.headline, cleaned.edits) == cleaned.source_title
            )
    except EditMismatch:
        return False
    return text == cleaned.source_text
