"""Confusion sets: the frequent words that a slip of scanner or hand makes of a word, or that sound like it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: A word that is rarer than what stands by more than this (Zipf) is no candidate: none of 210 errors read in published
#: news and one in 1,000 of those made on purpose is lost, and in running text half of the candidates are.
_LEAST_LIFT = -2.0


class ConfusionSets(NamedTuple):
    """Confusion sets as arrays. `words`: id in the vocabulary of each word that has a set; the set of word `w` is
    `near[first[w] : first[w + 1]]`, numbers of words, with the bits of `errors` (`features.ERROR_BITS`).
    `zipf` is the frequency of each word in the language at large; `gap` says by how many doublings it is rarer in the
    counted text than that, so that nothing that was learned there of the word should count for much.
    """

    words: NDArray[np.uint64]
    first: NDArray[np.int64]
    near: NDArray[np.int32]
    errors: NDArray[np.uint8]
    zipf: NDArray[np.float32]
    gap: NDArray[np.float32]

    @classmethod
    def build(
        cls, words: NDArray[np.uint64], first: NDArray[Any], near: NDArray[Any], errors: NDArray[np.uint8],
        zipf: NDArray[np.float32], single: NDArray[np.float32],
    ) -> ConfusionSets:  # fmt: skip
        """`single` are the counts of the vocabulary. Candidates that are much rarer are left out."""
        expected = zipf * np.log2(10) + np.log2(single.sum() / 1e9)
        gap = np.maximum(0, expected - np.log2(1 + single[words])).astype(np.float32)
        owner = np.repeat(np.arange(len(words)), np.diff(first))
        kept = zipf[near] - zipf[owner] >= _LEAST_LIFT
        first = np.concatenate([[0], np.cumsum(kept)])[first]
        return cls(words, first.astype(np.int64), near[kept].astype(np.int32), errors[kept], zipf, gap)

    def spread(self, sets: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All candidates of all `sets`: (index into `sets`, index into `near`), set after set."""
        sizes = self.first[sets + 1] - self.first[sets]
        owner = np.repeat(np.arange(len(sets)), sizes)
        column = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owner, self.first[sets][owner] + column
