"""What letters cost as those of words that no lexicon has, by which letters follow which: for all stretches of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.spelling import ORDER, Spelling


class Spelt(NamedTuple):
    """By the places before, between and behind the letters of runs, run after run: the number of the letter there (0
    behind a run, and behind all of them); the costs of the `first`, `second` and `third` letter of a word that begins
    there, of all others up to there (`inner`, added up within a run), and of a word's `end` there behind its last
    three letters. `table` are the costs of letters behind three others.
    """

    table: NDArray[np.float32]
    codes: NDArray[np.int64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    third: NDArray[np.float64]
    inner: NDArray[np.float64]
    end: NDArray[np.float64]

    @classmethod
    def of(cls, runs: Sequence[str], spelling: Spelling, table: NDArray[np.float32]) -> Spelt:
        """`table` are the costs of `spelling`."""
        size = np.array([len(run) + 1 for run in runs], np.int64)
        at = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        codes = spelling.numbers("".join(f"{_small(run)}\0" for run in runs))
        padded = np.concatenate([np.zeros(ORDER, np.int64), codes, np.zeros(ORDER, np.int64)])
        here = [padded[ORDER + by : ORDER + by + len(codes)] for by in range(-ORDER, ORDER)]
        behind, ahead = here[:ORDER], here[ORDER:]
        inner = np.where(at >= ORDER, table[tuple(behind)], np.float32(0))
        for run in np.split(inner, np.cumsum(size)[:-1]):
            run[:] = np.cumsum(run)
        end = np.where(at >= ORDER - 1, table[behind[1], behind[2], behind[3], 0], np.float32(0))
        first, second = table[0, 0, 0, codes], table[0, 0, ahead[0], ahead[1]]
        third = table[0, ahead[0], ahead[1], ahead[2]]
        wide = (column.astype(np.float64) for column in (first, second, third, inner, end))
        return cls(table, padded[ORDER:], *wide)

    def cost(self, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
        """The costs of words of the letters between places of one run each, `start` before `end`."""
        size, codes, first, second = end - start, self.codes[start], self.first[start], self.second[start]
        # Shorter words have no third letter, or no second one, and end behind what they have.
        long = np.minimum(start + 3, len(self.inner) - 1)
        cost: Any = first + second + self.third[start] + self.inner[end] - self.inner[long] + self.end[end]
        cost = np.where(size == 2, first + second + self.table[0, codes, self.codes[start + 1], 0], cost)
        found: NDArray[np.float64] = np.where(size == 1, first + self.table[0, 0, codes, 0], cost)
        return found


def _small(run: str) -> str:
    """A run in lower case, letter by letter: "İ" would become two."""
    small = run.lower()
    return small if len(small) == len(run) else "".join(letter.lower()[0] for letter in run)
