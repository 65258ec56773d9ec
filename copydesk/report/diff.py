"""One text, before and after: the edits of a document composed into what stayed, what went and what came.

Edits speak of the text of their moment, one after the other. Composing them gives the difference between the first
text and the last one exactly, with the rules that caused each part of it; nothing is guessed from the two texts.
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
    """A stretch of text: `same` stands in both texts, `removed` only in the first, `inserted` only in the last.

    `rules` names what caused it, in the order in which it happened; an inserted stretch lists every rule on the way to
    its present form.
    """

    kind: Kind
    text: str
    rules: tuple[str, ...] = ()


def compose(source: str, edits: Iterable[Edit], field: str = TEXT) -> list[Segment]:
    """The difference that the applied `edits` of `field`, in the order of `sequence`, make to `source`.

    The texts of `same` and `removed` joined give `source`; those of `same` and `inserted` give the text after the last
    edit. Raises `EditMismatch` where an edit belongs to another text.
    """
    segments = [Segment(SAME, source)]
    for edit in edits:
        if edit.field == field and edit.status == APPLIED:
            segments = list(_joined(_edited(segments, edit)))
    return list(_joined(_settled(segments)))


def _edited(segments: list[Segment], edit: Edit) -> Iterator[Segment]:
    """`segments` after one more edit. One walk serves all places of the edit, so it takes linear time."""
    places = iter(edit.places)
    start = next(places, None)
    here = (
        0  # where we are in the text as it stands before the edit: same and inserted parts count, removed ones do not
    )
    taken: list[str] = []  # what has been found of `before` at the present place
    history: list[str] = []  # the rules of inserted text that the edit replaces

    for kind, text, rules in segments:
        if kind == REMOVED:
            yield Segment(kind, text, rules)
            continue
        used = 0
        while start is not None:
            end = start + len(edit.before)
            if not taken:
                if start > here + len(text) - used or (start == here + len(text) - used and edit.before):
                    break  # the edit begins behind this segment
                if start < here:
                    raise EditMismatch(f"the place {start} of {edit.rule!r} lies before the one treated already")
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
                break  # the edit goes on into the next segment
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
        if start == here and not edit.before:  # an insertion into an empty text, or behind its last removed part
            yield Segment(INSERTED, edit.after, (edit.rule,))
        else:
            raise EditMismatch(f"the text ends at {here}, before the place {start} of {edit.rule!r} is complete")


def _settled(segments: list[Segment]) -> Iterator[Segment]:
    """Removed text that came back unchanged is no difference."""
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
    """Neighbours alike in kind and rules become one; empty ones go."""
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
