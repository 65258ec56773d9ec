"""The ledger of an article: its edits numbered and counted, and whether they lead back to what the source gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from copydesk.edits import SUGGESTED, TITLE, Edit, EditMismatch, rebuild, rebuild_title
from copydesk.records import Cleaned


def numbered(edits: Iterable[Edit], article_id: str, first: int = 0) -> tuple[Edit, ...]:
    """`edits` of an article, numbered from `first` on."""
    return tuple([Edit._make((article_id, i, *edit[2:])) for i, edit in enumerate(edits, first)])


def counts(headline: str, body: str, edits: Iterable[Edit]) -> dict[str, Any]:
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
    return article is None or leads_back(
        article.headline, article.body, cleaned.edits, cleaned.source_text, cleaned.source_title
    )


def leads_back(headline: str, body: str, edits: Sequence[Edit], source_text: str, source_title: str | None) -> bool:
    """Whether `edits` undone lead from the published text to the source text, and from the headline to the title."""
    try:
        if rebuild(headline, body, edits) != source_text:
            return False
        if source_title is None or not any(edit.field == TITLE for edit in edits):
            return True
        return rebuild_title(headline, edits) == source_title
    except EditMismatch:
        return False
