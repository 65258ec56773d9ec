"""What is found: corrections, those that exclude each other, and their places in a text that is partly mended."""

from __future__ import annotations

from bisect import bisect, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from copydesk.text.typos.errors import ErrorType

#: The rule of words torn apart, and the rules of all errors of blanks.
TORN = ErrorType.SPLIT.rule
BLANKS = frozenset((ErrorType.MERGED.rule, ErrorType.SPACES.rule, TORN))


class Finding(NamedTuple):
    """`text[start:end]` may have been meant as `after`: `rule` says how they differ, `confidence` is the probability
    that this is right."""

    start: int
    end: int
    after: str
    rule: str
    confidence: float


def against_each_other(found: list[Finding]) -> list[Finding]:
    """Findings of which a lost blank and another error exclude each other: "beforea". Their odds are shared out."""
    blanks = {(f.start, f.end): f for f in found if f.rule in BLANKS}
    others: dict[tuple[int, int], float] = {}
    for one in found:
        if one.rule not in BLANKS and (one.start, one.end) in blanks:
            others[one.start, one.end] = max(_odds(one.confidence), others.get((one.start, one.end), 0.0))
    if not others:
        return found
    shared = []
    for one in found:
        place = (one.start, one.end)
        if place in others:
            rival = others[place] if one.rule in BLANKS else _odds(blanks[place].confidence)
            own = _odds(one.confidence)
            one = one._replace(confidence=own / (1 + own + rival))
        shared.append(one)
    return shared


def _odds(chance: float) -> float:
    return chance / max(1 - chance, 1e-6)


def mended(text: str, some: Sequence[Finding]) -> str:
    """A text with findings made, that are in the order of their places."""
    for finding in reversed(some):
        text = text[: finding.start] + finding.after + text[finding.end :]
    return text


def back(made: Sequence[Finding], found: Sequence[Finding]) -> Iterator[Finding]:
    """What was `found` in a mended text, at its places before; what touches what was mended is left out."""
    starts: list[int] = []  # of what was mended, in the mended text
    shift, shifts = 0, [0]
    for one in made:
        starts.append(one.start + shift)
        shift += len(one.after) - (one.end - one.start)
        shifts.append(shift)
    for one in found:
        at = bisect_right(starts, one.start)
        before = made[at - 1] if at else None
        if before is not None and starts[at - 1] + len(before.after) > one.start:
            continue
        if at < len(made) and starts[at] < one.end:
            continue
        yield one._replace(start=one.start - shifts[at], end=one.end - shifts[at])


def apart(found: list[Finding]) -> list[Finding]:
    """The surest findings of those that overlap, by their place."""
    kept: list[Finding] = []  # in the order of their places: only the two neighbours can overlap
    for finding in sorted(found, key=lambda f: (-f.confidence, f.start)):
        at = bisect(kept, finding.start, key=lambda f: f.start)
        if (not at or kept[at - 1].end <= finding.start) and (at == len(kept) or kept[at].start >= finding.end):
            kept.insert(at, finding)
    return kept
