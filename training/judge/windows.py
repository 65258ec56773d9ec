"""What a judge is shown of a text: a sentence, cut so far from the place that is judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import BREAK, STOP, Batch
from copydesk.text.typos.encoder import LONGEST, REACH, Pieces

#: What is written with a dot that ends no sentence, in lower case; single letters are, too ("U.S.", "J. Smith").
ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st gen lt col sgt maj capt cmdr adm gov sen rep pres hon rev fr supt det insp messrs
    jan feb mar apr jun jul aug sept sep oct nov dec mon tue tues wed thu thurs fri sat sun
    inc corp ltd co bros dept univ est assn vs no nos vol pp approx etc al ca cf fig viz
    ala ariz ark calif colo conn del fla ga ill ind kan ky la md mass mich minn miss mo mont neb nev okla ore pa penn
    tenn tex vt va wash wis wyo ont que""".split()
)
#: Of these, what is a word or the end of a sentence as often: counted only where a capital or a digit follows.
_AMBIGUOUS = frozenset("no co sat sun mar del ill ind la mass miss pa va wash ore est etc al det mo ca ga".split())


def stops(batch: Batch) -> NDArray[np.bool_]:
    """Which tokens end a sentence: . ! ? and the like, but for dots behind a single letter or an abbreviation."""
    ends: NDArray[np.bool_] = (batch.flags & STOP) > 0
    for at in np.flatnonzero(ends & batch.glued).tolist():
        if batch.token(at) != "." or not at:
            continue
        before = batch.token(at - 1)
        word = before.lower()
        if len(before) == 1 and before.isalpha() and before != "I":
            ends[at] = _ends_acronym(batch, at)
        elif word in ABBREVIATIONS and (before[:1].isupper() or word not in _AMBIGUOUS):
            ends[at] = False
    return ends


def _ends_acronym(batch: Batch, at: int) -> bool:
    """Whether the dot of "U.S." or "p.m." ends a sentence, too: where a word of grammar with a capital follows."""
    if at + 1 >= len(batch):
        return True
    after = batch.token(at + 1)
    return after in _BEGINNINGS


#: With a capital behind "U.S." these begin a sentence; other capitals are names ("U.S. President", "U.S. Senate").
_BEGINNINGS = frozenset(
    """The A An It He She They We But And In On At As For If When While This That These Those There His Her Its Their
    Our After Before However""".split()
)


def window(batch: Batch, ends: NDArray[np.bool_], place: int, reach: int = REACH) -> tuple[int, int]:
    """The tokens (first, last + 1) of the sentence around a place, cut `reach` tokens from it; `ends` as of `stops`.

    A sentence of less than four tokens beside the place takes its neighbour along.
    """
    breaks = (batch.flags & BREAK) > 0
    low = max(0, place - reach)
    borders = np.flatnonzero((ends | breaks)[low:place])
    first = low + int(borders[-1]) + 1 if len(borders) else low
    if len(borders) > 1 and place - first < 4 and not breaks[first - 1]:
        first = low + int(borders[-2]) + 1
    high = min(len(batch), place + 1 + reach)
    borders = np.flatnonzero((ends | breaks)[place + 1 : high])
    last = place + 2 + int(borders[0]) if len(borders) else high
    if len(borders) > 1 and last - place < 6 and not breaks[last - 1]:
        last = place + 2 + int(borders[1])
    return first, last


def cut(batch: Batch, pieces: Pieces, first: int, last: int, place: int) -> tuple[list[int], int]:
    """The pieces of the tokens `first` to `last`, and at which of them `place` begins. Far ends are cut so that at most
    `LONGEST` remain.
    """
    found: list[list[int]] = []
    here = 0
    for at in range(first, last):
        token = batch.token(at)
        if at == place:
            here = len(found)
        if not token.isspace():
            found.append(pieces(token))
    while sum(map(len, found)) > LONGEST - 2:
        if here > len(found) - 1 - here:
            found.pop(0)
            here -= 1
        else:
            found.pop()
    flat = [piece for part in found for piece in part]
    return [Pieces.START, *flat, Pieces.END], 1 + sum(map(len, found[:here]))
