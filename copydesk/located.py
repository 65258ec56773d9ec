"""Where edits stand in the published text: their offsets are those of the text just before each edit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from copydesk.edits import APPLIED, TEXT, Edit, published_text

#: Code points shown on either side of an edit.
AROUND = 40


class Located(NamedTuple):
    """The place of an edit in the published text.

    `body_start` is the offset in the body at which `after`, or the text of a suggestion, begins, or at which the
    removed text stood; None outside of the body. `context` are up to `AROUND` code points of the published text on
    either side of it.
    """

    body_start: int | None = None
    context: str | None = None


class _Pass(NamedTuple):
    """Changes that are made at once: the `starts` in the text before them, in order, with the `widths` of the text
    before and the `lengths` of the text after; and the growth of the text before each of them, and in total.
    """

    starts: Sequence[int]
    widths: Sequence[int]
    lengths: Sequence[int]
    growth: Sequence[int]


def locate(headline: str, body: str, edits: Sequence[Edit]) -> list[Located]:
    """The place of each of `edits`, which are ordered by `sequence`. Takes linear time for each pass of a step."""
    text = published_text(headline, body)
    begins = len(text) - len(body)
    wanted = [index for index, edit in enumerate(edits) if edit.field == TEXT]
    at: list[int] = []  # offsets of the edits so far, in the text after the present pass
    for members, changes in _passes([edits[index] for index in wanted]):
        at = [_after(place, changes) for place in at]
        of_its_own = range(len(members) - 1, -1, -1) if members[0].status == APPLIED else [0] * len(members)
        at += [edit.places[0] + changes.growth[index] for edit, index in zip(members, of_its_own, strict=True)]
    found = [Located()] * len(edits)
    for index, place in zip(wanted, at, strict=True):
        edit = edits[index]
        end = place + len(edit.after if edit.status == APPLIED else edit.before)
        around = text[max(0, place - AROUND) : end + AROUND]
        found[index] = Located(place - begins if body and place >= begins else None, around)
    return found


def _passes(edits: Sequence[Edit]) -> Iterator[tuple[Sequence[Edit], _Pass]]:
    """The edits in passes, and the changes that each makes.

    The edits of one pass that are made once go from the end of the text to its start (`copydesk.edits.replace`), so
    their offsets are those in the text before all of them.
    """
    index = 0
    while index < len(edits):
        members = [edits[index]]
        index += 1
        while index < len(edits) and _joins(members[-1], edits[index]):
            members.append(edits[index])
            index += 1
        made = [edit for edit in reversed(members) if edit.status == APPLIED]
        places = [(place, len(edit.before), len(edit.after)) for edit in made for place in edit.places]
        starts, widths, lengths = zip(*places, strict=True) if places else ((), (), ())
        grown = (after - before for before, after in zip(widths, lengths, strict=True))
        yield members, _Pass(starts, widths, lengths, [0, *accumulate(grown)])


def _joins(before: Edit, edit: Edit) -> bool:
    """Whether `edit` belongs to the pass of the one before it."""
    alone = all(one.positions is None and one.status == APPLIED for one in (before, edit))
    return alone and edit.start + len(edit.before) <= before.start


def _after(place: int, changes: _Pass) -> int:
    """The offset `place` after a pass."""
    index = bisect_right(changes.starts, place)
    if index:
        start, width, length = changes.starts[index - 1], changes.widths[index - 1], changes.lengths[index - 1]
        if place < start + width:  # in the middle of a text that is replaced
            return start + changes.growth[index - 1] + min(place - start, length)
    return place + changes.growth[index]
