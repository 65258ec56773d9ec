"""The way of one document: decoded, repaired, normalized, structured, corrected, deduplicated.

Each step takes what the one before made and adds its edits. Steps that are still to come have their place in the order
of `clean_document`; whether the result is sound is judged afterwards, on whole batches, by `copydesk.checks`.
"""

from __future__ import annotations

from dataclasses import replace

from copydesk import __version__
from copydesk.config import Config
from copydesk.edits import SUGGESTED, TITLE, Edit, EditMismatch, rebuild, rebuild_title
from copydesk.records import CRITICAL, Article, Cleaned, Document, Problem
from copydesk.text.decode import Undecodable, decode
from copydesk.text.language import language
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair
from copydesk.text.structure import Given, structure


def clean(content: bytes | str, uri: str, config: Config | None = None, **known: str | None) -> Cleaned:
    """Clean one document.

    `content` is its raw bytes, or its text where that is decoded already; `uri` is where it came from. `title`,
    `date` and `charset` may be given by name. Nothing is read or written; the same call gives the same answer.
    Raises `TypeError` for other names.
    """
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    text = None if isinstance(content, bytes) else content
    encoding = None if text is None else "utf-8"
    document = Document(uri, raw, text=text, encoding=encoding, **known)  # type: ignore[arg-type]  # three names only
    return clean_document(document, config or Config())


def clean_document(document: Document, config: Config) -> Cleaned:
    """Take one document all the way. A document that cannot be decoded has no article, and a problem that says why."""
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

    text, made = repair(text)
    edits += made
    text, made = normalize(text, config.text.quotes)
    edits += made

    title = document.title
    if title is not None:
        title, repaired = repair(title, TITLE)
        title, normalized = normalize(title, config.text.quotes, TITLE)
        if title:  # a blank one is none
            edits += repaired + normalized

    layout, made = structure(text, Given(title, document.date, document.uri), config.dates)
    edits += made

    # Correction of typos comes here: it works on headline and body, and needs the language.
    # Near-duplicates are found after it, across the documents of a run; until then each article stands alone.

    key = document.article_id
    edits = [Edit(key, i, *edit[2:]) for i, edit in enumerate(edits)]
    suggested = sum(edit.status == SUGGESTED for edit in edits)
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
        word_count=len(layout.headline.split()) + len(layout.body.split()),
        edit_count=len(edits) - suggested,
        suggestion_count=suggested,
        cluster_id=key,
        pipeline_version=__version__,
    )
    cleaned = Cleaned(document, article, tuple(edits), tuple(layout.problems), source_text, document.title)
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
