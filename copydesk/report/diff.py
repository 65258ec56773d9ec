"""The diff of a document, composed from its edits.

The offsets of each edit refer to the text just before it. Composing all edits gives the exact difference between the
first text and the last, with the rules that caused each part; no diff algorithm guesses it from the two texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from copydesk.edits import APPLIED, TEXT, Edit, EditMismatch

Kind = Literal["same", "removed", "inserted"]
SAME: Kind = "same"
REMOVED: Kind = "removed"
INSERTED: Kind = "inserted"


class Segment(NamedTuple):
    """A part of the text: `same` is in both texts, `removed` only in the first, `inserted` only in the last.

    `rules` are the rules that caused it, in order; an inserted segment lists every rule that contributed to its text.
    """

    kind: Kind
    text: str
    rules: tuple[str, ...] = ()


def compose(source: str, edits: Iterable[Edit], field: str = TEXT) -> list[Segment]:
    """The difference that the applied `edits` of `field`, ordered by `sequence`, make to `source`.

    The `same` and `removed` segments joined give `source`; `same` and `inserted` give the text after the last edit.
    Raises `EditMismatch` if an edit belongs to another text.
    """
    segments = [Segment(SAME, source)]
    for edit in edits:
        if edit.field == field and edit.status == APPLIED:
            segments = list(_joined(_edited(segments, edit)))
    return list(_joined(_settled(segments)))


def _edited(segments: list[Segment], edit: Edit) -> Iterator[Segment]:
    """`segments` after one more edit, in one pass over all places of the edit, so in linear time."""
    places = iter(edit.places)
    start = next(places, None)
    here = 0  # offset in the text before the edit: same and inserted segments count, removed ones do not
    taken: list[str] = []  # the part of `before` matched at the current place
    history: list[str] = []  # the rules of the inserted text that the edit replaces

    for kind, text, rules in segments:
        if kind == REMOVED:
            yield Segment(kind, text, rules)
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
                    yield Segment(kind, text[used : used + start - here], rules)
                    used, here = used + start - here, start
            part = text[used : used + end - here]
            if part:
                taken.append(part)
                used, here = used + len(part), here + len(part)
                if kind == SAME:
                    yield Segment(REMOVED, part, (edit.rule,))
                else:
                    history += rules
            if here < end:
                break  # the edit continues in the next segment
            if "".join(taken) != edit.before:
                raise EditMismatch(f"expected {edit.before[:40]!r} at {start}, found {''.join(taken)[:40]!r}")
            if edit.after:
                yield Segment(INSERTED, edit.after, tuple(dict.fromkeys((*history, edit.rule))))
            taken, history = [], []
            start = next(places, None)
        if used < len(text):
            yield Segment(kind, text[used:], rules)
            here += len(text) - used
    if start is not None:
        if start == here and not edit.before:  # an insertion into an empty text, or after its last removed segment
            yield Segment(INSERTED, edit.after, (edit.rule,))
        else:
            raise EditMismatch(f"the text ends at {here}, before the place {start} of {edit.rule!r} is complete")


def _settled(segments: list[Segment]) -> Iterator[Segment]:
    """Turn text that was removed and inserted again unchanged into `same`."""
    index = 0
    while index < len(segments):
        kind, text, _ = segments[index]
        after = segments[index + 1] if index + 1 < len(segments) else None
        if kind == REMOVED and after is not None and after.kind == INSERTED and after.text == text:
            yield Segment(SAME, text)
            index += 2
        else:
            yield segments[index]
            index += 1


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Join neighbours of the same kind and rules; drop empty segments."""
    kind: Kind = SAME
    rules: tuple[str, ...] = ()
    texts: list[str] = []
    for segment in segments:
        if not segment.text:
            continue
        if texts and (segment.kind, segment.rules) != (kind, rules):
            yield Segment(kind, "".join(texts), rules)
            texts = []
        kind, rules = segment.kind, segment.rules
        texts.append(segment.text)
    if texts:
        yield Segment(kind, "".join(texts), rules)
