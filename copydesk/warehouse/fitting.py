"""Which edits fit an article: undone in reverse order they rebuild its source, and their number is that in its row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from copydesk.edits import APPLIED, SUGGESTED, TITLE, Edit, EditMismatch, rebuild, rebuild_title

#: The columns of an article that `faults` reads.
COLUMNS = ("article_id", "uri", "headline", "body", "edit_count", "suggestion_count")


def lists(edits: Sequence[Edit]) -> list[list[Edit]]:
    """The edits of one article in a file, which begin again from 0 where it has them more than once."""
    found: list[list[Edit]] = []
    for edit in edits:
        if edit.sequence == 0 or not found:
            found.append([])
        found[-1].append(edit)
    return found


def faults(row: Mapping[str, Any], edits: Sequence[Edit]) -> Iterator[tuple[str, str]]:
    """The problems of an article with one list of edits: the kind of each, and a sentence."""
    who = f"{row['uri'][:200]!r}"
    made = Counter(edit.status for edit in edits)
    if (made[APPLIED], made[SUGGESTED]) != (row["edit_count"], row["suggestion_count"]):
        counts = f"{row['edit_count']} edits and {row['suggestion_count']} suggestions"
        yield "counts", f"{who} states {counts}, but has {made[APPLIED]} and {made[SUGGESTED]}"
    if [edit.sequence for edit in edits] != list(range(len(edits))):
        yield "sequence", f"{who} has edits that are not numbered from 0 without a gap"
    try:
        rebuild(row["headline"], row["body"], edits)
        if any(edit.field == TITLE for edit in edits):
            rebuild_title(row["headline"], edits)
    except (EditMismatch, ValueError, TypeError, IndexError) as error:
        yield "irreversible", f"{who}: its edits do not rebuild the source text: {error}"


def least(row: Mapping[str, Any], edits: Sequence[Edit]) -> list[tuple[str, str]]:
    """The problems of an article with the list of its edits that fits it best."""
    return min((list(faults(row, some)) for some in lists(edits) or [[]]), key=len)
