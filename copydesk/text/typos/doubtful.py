"""Findings that are believed less than their features say: matters of taste.

A hyphen without a blank behind it is the end of a line in frequent words only ("govern-ment"; "mo-tel" is how it is
sung).

How often findings of each case were right is measured, by `training.doubtful`, and stands in the language's
`doubtful.toml`: no finding is told with a higher probability than those of its case and band were right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import Batch
from copydesk.text.typos.candidates import CandidateFinder
from copydesk.text.typos.errors import Corrections

#: A word rarer than this (Zipf) is not what the end of a line divides.
COMMON = 4.5

#: A rare word with a hyphen in it; a letter of old print.
CASES = ("hyphen", "old-print")
RARE_HYPHEN, OLD_PRINT = range(len(CASES))
NONE = -1


class Band(NamedTuple):
    """Findings to which their features alone give a probability of `least` or more, and how many of how many were
    right: in sentences with errors (`sets`), and in published news (`news`).
    """

    least: float
    sets: tuple[int, int] = (0, 0)
    news: tuple[int, int] = (0, 0)

    @property
    def share(self) -> float:
        """How often they were right. Half a finding of either kind is added, so that nothing is certain by chance."""
        return (self.sets[0] + self.news[0] + 0.5) / (self.sets[1] + self.news[1] + 1)


class Doubtful:
    """What was measured of each case."""

    def __init__(self, bands: Mapping[str, Sequence[Band]]) -> None:
        self.bands = {name: tuple(bands[name]) for name in CASES}

    @classmethod
    def parse(cls, tables: Mapping[str, Any]) -> Doubtful:
        """From the tables of `doubtful.toml`: a list of bands for each case, the one of the least probability first.

        Raises KeyError or ValueError where a case is missing or unknown, or its bands are not as they have to be.
        """
        if wrong := tables.keys() ^ set(CASES):
            raise ValueError(f"doubtful.toml: missing or unknown: {', '.join(sorted(wrong))}")
        try:
            bands = {name: [_band(**band) for band in table["bands"]] for name, table in tables.items()}
        except TypeError as error:
            raise ValueError(f"doubtful.toml: {error}") from error
        for name, some in bands.items():
            if not some or any(low.least >= high.least for low, high in pairwise(some)):
                raise ValueError(f"doubtful.toml: {name}: bands have to rise")
        return cls(bands)

    def believed(self, chance: NDArray[np.float32], case: NDArray[np.int8]) -> NDArray[np.float32]:
        """Probabilities of findings, each of a case (a number in `CASES`, or `NONE`); 0 below the first band."""
        found = chance.copy()
        for number in set(case.tolist()) - {NONE}:
            bands = self.bands[CASES[number]]
            mine = np.flatnonzero(case == number)
            band = np.searchsorted([band.least for band in bands], chance[mine], "right") - 1
            most = np.array([0.0, *(band.share for band in bands)], np.float32)
            found[mine] = np.minimum(chance[mine], most[band + 1])
        return found


def _band(least: float, sets: Sequence[int], news: Sequence[int]) -> Band:
    (right, of), (right_in_news, of_news) = sets, news
    return Band(least, (right, of), (right_in_news, of_news))


def of_single(batch: Batch, finder: CandidateFinder, some: Corrections) -> NDArray[np.int8]:
    """The cases of single words."""
    old = [finder.is_old_print(batch.token(place)) for place in some.first.tolist()]
    return np.where(old, OLD_PRINT, NONE).astype(np.int8)


def of_joined(batch: Batch, finder: CandidateFinder, some: Corrections) -> NDArray[np.int8]:
    """The cases of words with a hyphen in them."""
    zipf = np.array([finder.lexicon.zipf(word.lower()) for word in some.after])
    return np.where(batch.glued[some.last] & (zipf < COMMON), RARE_HYPHEN, NONE).astype(np.int8)
