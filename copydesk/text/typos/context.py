"""How well a word fits between its neighbours: counts of the n-grams around it, and a small network that weighs
them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.reading import Reading

#: The n-grams around a word, as offsets from it; 0 is the word itself.
PATTERNS = (
    (0,),
    (-1, 0),
    (0, 1),
    (-2, -1, 0),
    (-1, 0, 1),
    (0, 1, 2),
    (-3, -2, -1, 0),
    (-2, -1, 0, 1),
    (-1, 0, 1, 2),
    (0, 1, 2, 3),
)
FIGURES = len(PATTERNS)


def fit(ngrams: NGrams, reading: Reading, places: NDArray[Any], words: NDArray[Any]) -> NDArray[np.float32]:
    """log2(1 + count) of each pattern of `PATTERNS`, with `words` (ids) at `places`: (len(places), FIGURES)."""
    columns = {offset: reading.beside(places, offset) for offset in (-3, -2, -1, 1, 2, 3)}
    columns[0] = words.astype(np.uint64)
    figures = np.empty((len(places), FIGURES), np.float32)
    for i, pattern in enumerate(PATTERNS):
        figures[:, i] = ngrams.counts([columns[offset] for offset in pattern])
    np.log2(1 + figures, out=figures)
    return figures


class Scale(NamedTuple):
    """A network of one hidden layer: log-odds = relu(x @ hidden + shift) @ out + bias, for x of shape (n, inputs)."""

    hidden: NDArray[np.float32]
    shift: NDArray[np.float32]
    out: NDArray[np.float32]
    bias: float

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        answer: NDArray[np.float32] = np.maximum(x @ self.hidden + self.shift, 0) @ self.out + np.float32(self.bias)
        return answer


class Weights(NamedTuple):
    """A weighted sum: log-odds = x @ weights + bias, for x of shape (n, inputs)."""

    weights: NDArray[np.float32]
    bias: float

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        answer: NDArray[np.float32] = x @ self.weights + np.float32(self.bias)
        return answer


class Neighbours(NamedTuple):
    """Confusion sets as arrays. `words`: id in the vocabulary of each word that has a set; the set of word `w` is
    `near[first[w] : first[w + 1]]`, numbers of words, with the bits of `slip` (1 a letter, 2 a shape, 4 moved, 8
    sound).
    `zipf` is the frequency of each word in English at large; `gap` says by how many doublings it is rarer in the
    counted text than that, so that nothing that was learned there of the word should count for much."""

    words: NDArray[np.uint64]
    first: NDArray[np.int64]
    near: NDArray[np.int32]
    slip: NDArray[np.uint8]
    zipf: NDArray[np.float32]
    gap: NDArray[np.float32]

    @classmethod
    def build(
        cls, words: NDArray[np.uint64], first: NDArray[Any], near: NDArray[Any], slip: NDArray[np.uint8],
        zipf: NDArray[np.float32], single: NDArray[np.float32],
    ) -> Neighbours:  # fmt: skip
        """`single` are the counts of the vocabulary."""
        expected = zipf * np.log2(10) + np.log2(single.sum() / 1e9)
        gap = np.maximum(0, expected - np.log2(1 + single[words])).astype(np.float32)
        return cls(words, first.astype(np.int64), near.astype(np.int32), slip, zipf, gap)

    def spread(self, sets: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All candidates of all `sets`: (index into `sets`, index into `near`), set after set."""
        sizes = self.first[sets + 1] - self.first[sets]
        owner = np.repeat(np.arange(len(sets)), sizes)
        column = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owner, self.first[sets][owner] + column


def lead(scores: NDArray[Any], owner: NDArray[Any], most: float) -> NDArray[np.float32]:
    """By how much each score is above the best other one of its owner (numbers from 0, all in use, in any order).

    Negative for all but the best; clipped at `most` either way, which is what a score without a rival has.
    """
    if not len(scores):
        return np.zeros(0, np.float32)
    order = np.lexsort((-scores, owner))
    sizes = np.bincount(owner)
    firsts = np.cumsum(sizes) - sizes
    best = scores[order[firsts]]
    second = np.where(sizes > 1, scores[order[np.minimum(firsts + 1, len(order) - 1)]], best - most)
    leads = scores - best[owner]
    leads[order[firsts]] = best - second
    clipped: NDArray[np.float32] = np.clip(leads, -most, most).astype(np.float32)
    return clipped
