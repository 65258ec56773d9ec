"""The window: a small network that says which words fit the tokens on either side of a place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class WindowModel(NamedTuple):
    """A log-bilinear network with one hidden layer (Mnih and Hinton 2007).

    `context` (vocabulary, width) and `word` (words with a set, width) are vectors, int8 with a factor for each row.
    """

    context: NDArray[np.int8]
    context_scale: NDArray[np.float32]
    hidden: NDArray[np.float32]
    shift: NDArray[np.float32]
    out: NDArray[np.float32]
    out_shift: NDArray[np.float32]
    word: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def reach(self) -> int:
        """How many tokens on either side of a place it looks at."""
        return int(len(self.hidden) // (2 * self.context.shape[1]))

    def states(self, around: NDArray[np.uint64]) -> NDArray[np.float32]:
        """around (n, 2 * reach) ids → (n, width)."""
        n = len(around)
        vectors = self.context[around].astype(np.float32)
        vectors *= self.context_scale[around][..., None]
        hidden = vectors.reshape(n, len(self.hidden)) @ self.hidden
        hidden += self.shift
        np.maximum(hidden, 0, out=hidden)
        states: NDArray[np.float32] = (hidden @ self.out).astype(np.float32)
        states += self.out_shift
        return states

    def scores(self, states: NDArray[np.float32], words: NDArray[np.int32]) -> NDArray[np.float32]:
        """How well each of `words` fits the state beside it, as log-odds up to a constant of the place."""
        scores: NDArray[np.float32] = np.einsum("nw,nw->n", states, self.word[words])
        scores += self.bias[words]
        return scores
