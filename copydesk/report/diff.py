"""The diff of a document, composed from its edits.

The offsets of each edit refer to the text just before it. Composing all edits gives the exact difference between the
first text and the last, with the rules that caused each part; no diff algorithm guesses it from the two texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from copydesk.edits import APPLIED, SUGGESTED, TEXT, Edit, EditMismatch

Kind = Literal["same", "removed", "inserted"]
SAME: Kind = "same"
REMOVED: Kind = "removed"
INSERTED: Kind = "inserted"


class Segment(NamedTuple):
    """A part of the text: `same` is in both texts, `removed` only in the first, `inserted` only in the last.

    `rules` are the rules that caused it, in order; an inserted segment lists every rule that contributed to its text.
    `suggested` is the suggestion that was made for it.
    """

    kind: Kind
    text: str
    rules: tuple[str, ...] = ()
    suggested: Edit | None = None


def compose(source: str, edits: Iterable[Edit], field: str = TEXT) -> list[Segment]:
    """The difference that the applied `edits` of `field`, ordered by `sequence`, make to `source`.

    The `same` and `removed` segments joined give `source`; `same` and `inserted` give the text after the last edit.
    The words that a suggestion is about are segments of their own. Raises `EditMismatch` if an edit belongs to another
    text.
    """
    segments = [Segment(SAME, source)]
    for edit in edits:
        if edit.field == field and edit.status in (APPLIED, SUGGESTED):
            segments = list(_joined(_edited(segments, edit)))
    return list(_joined(_settled(segments)))


def _edited(segments: list[Segment], edit: Edit) -> Iterator[Segment]:
    """`segments` after one more edit, in one pass over all places of the edit, so in linear time."""
    places = iter(edit.places)
    start = next(places, None)
    here = 0  # offset in the text before the edit: same and inserted segments count, removed ones do not
    taken: list[Segment] = []  # the part of `before` matched at the current place

    for segment in segments:
        text = segment.text
        if segment.kind == REMOVED:
            yield segment._replace(suggested=edit) if taken and edit.status == SUGGESTED else segment
            continue
        used = 0
        while start is not None:
            end = start + len(edit.before)
            if not taken:
                if start > here + len(text) - used or (start == here + len(text) - used and edit.before):
                    break  # the edit begins after this segment
                if start < here:
                    raise EditMismatch(f"the place {start} of {edit.rule!r} is before one already handled")
                if start > here:
                    yield segment._replace(text=text[used : used + start - here])
                    used, here = used + start - here, start
            part = text[used : used + end - here]
            if part:
                taken.append(segment._replace(text=part))
                used, here = used + len(part), here + len(part)
                yield from _before(taken[-1], edit)
            if here < end:
                break  # the edit continues in the next segment
            if (found := "".join(part.text for part in taken)) != edit.before:
                raise EditMismatch(f"expected {edit.before[:40]!r} at {start}, found {found[:40]!r}")
            yield from _after(taken, edit)
            taken = []
            start = next(places, None)
        if used < len(text):
            yield segment._replace(text=text[used:])
            here += len(text) - used
    if start is not None:
        if start == here and not edit.before:  # an insertion into an empty text, or after its last removed segment
            yield from _after([], edit)
        else:
            raise EditMismatch(f"the text ends at {here}, before the place {start} of {edit.rule!r} is complete")


def _before(part: Segment, edit: Edit) -> Iterator[Segment]:
    """What becomes of a part of the text that an edit replaces, or would replace."""
    if edit.status == SUGGESTED:
        yield part._replace(suggested=edit)
    elif part.kind == SAME:
        yield part._replace(kind=REMOVED, rules=(edit.rule,))


def _after(taken: Sequence[Segment], edit: Edit) -> Iterator[Segment]:
    """What an edit puts in place of `taken`."""
    if edit.status == APPLIED and edit.after:
        rules = [rule for part in taken if part.kind == INSERTED for rule in part.rules]
        suggested = next((part.suggested for part in taken if part.suggested), None)
        yield Segment(INSERTED, edit.after, tuple(dict.fromkeys((*rules, edit.rule))), suggested)


def _settled(segments: list[Segment]) -> Iterator[Segment]:
    """Turn text that was removed and inserted again unchanged into `same`."""
    index = 0
    while index < len(segments):
        segment = segments[index]
        after = segments[index + 1] if index + 1 < len(segments) else None
        if segment.kind == REMOVED and after is not None and after.kind == INSERTED and after.text == segment.text:
            yield after._replace(kind=SAME, rules=())
            index += 2
        else:
            yield segments[index]
            index += 1


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Join neighbours that differ in nothing but their text; drop empty segments."""
    for alike, parts in groupby((segment for segment in segments if segment.text), lambda part: part._replace(text="")):
        yield alike._replace(text="".join(part.text for part in parts))
