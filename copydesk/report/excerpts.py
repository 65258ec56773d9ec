"""An edit in its context: a few words on either side, in the text that the edit was made on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from copydesk.edits import APPLIED, Edit, EditMismatch, undo
from copydesk.report.diff import INSERTED, REMOVED, SAME

#: Code points shown on either side of an edit.
AROUND = 60
#: Of a longer change, only the beginning and the end are shown.
LONGEST = 240
#: Above these limits, undoing an article's edits costs too much for an example.
MAX_TEXT = 1_000_000
MAX_EDITS = 4_000

#: Marks text that is left out.
CUT = "cut"

Context = list[list[str]]


def in_context(before: str, edit: Edit, around: int = AROUND) -> Context:
    """The change that `edit` makes to the text `before`, as [kind, text] pairs.

    Kinds are those of `copydesk.report.diff`, and `cut` for omitted text (with the number of code points, or ""). Other
    places of the same edit inside the window are marked too.
    """
    width = len(edit.before)
    first = edit.places[0]
    left, right = max(0, first - around), min(len(before), first + width + around)
    context: Context = [[CUT, ""]] if left else []
    here = left
    for place in edit.places:
        if place + width > right and place != first:
            right = min(right, max(place, here))
            break
        context.append([SAME, before[here:place]])
        context += _part(REMOVED, edit.before)
        context += _part(INSERTED, edit.after)
        here = place + width
    context.append([SAME, before[here:right]])
    if right < len(before):
        context.append([CUT, ""])
    return [part for part in context if part[1] or part[0] == CUT]


def alone(edit: Edit) -> Context:
    """The change without context."""
    return [part for part in (*_part(REMOVED, edit.before), *_part(INSERTED, edit.after)) if part[1]]


def _part(kind: str, text: str) -> Context:
    if len(text) <= LONGEST:
        return [[kind, text]]
    half = LONGEST // 2
    return [[kind, text[:half]], [CUT, str(len(text) - 2 * half)], [kind, text[-half:]]]


def contexts(
    published: Mapping[str, str], edits: Iterable[Edit], wanted: set[int]
) -> Iterator[tuple[Edit, str, Context]]:
    """The edits with a `sequence` in `wanted`, last first: (edit, text it was made on, edit in its context).

    `published` is the present text of each field, `edits` are all edits of one article ordered by `sequence`; they are
    undone one by one. Raises `EditMismatch` if they do not fit the text.
    """
    texts = dict(published)
    edits = list(edits)
    if sum(map(len, texts.values())) > MAX_TEXT or len(edits) > MAX_EDITS:
        yield from ((edit, edit.before, alone(edit)) for edit in reversed(edits) if edit.sequence in wanted)
        return
    missing = len(wanted)
    for edit in reversed(edits):
        if not missing:
            return
        if edit.status == APPLIED:
            texts[edit.field] = undo(texts[edit.field], edit)
        if edit.sequence in wanted:
            missing -= 1
            before = texts[edit.field]
            if before[edit.start : edit.start + len(edit.before)] != edit.before:
                raise EditMismatch(f"{edit.before[:40]!r} is not at {edit.start}")
            yield edit, before, in_context(before, edit)
