"""What turns features into log-odds, and log-odds into probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scorer(NamedTuple):
    """A network of one hidden layer: log-odds = relu(x @ hidden + shift) @ out + bias, for x of shape (n, features)."""

    hidden: NDArray[np.float32]
    shift: NDArray[np.float32]
    out: NDArray[np.float32]
    bias: float

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        hidden: NDArray[np.float32] = x @ self.hidden
        hidden += self.shift
        np.maximum(hidden, 0, out=hidden)
        odds: NDArray[np.float32] = hidden @ self.out + np.float32(self.bias)
        return odds


class LinearScorer(NamedTuple):
    """A weighted sum: log-odds = x @ weights + bias, for x of shape (n, features)."""

    weights: NDArray[np.float32]
    bias: float

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        odds: NDArray[np.float32] = x @ self.weights + np.float32(self.bias)
        return odds


class Calibration(NamedTuple):
    """How often findings of such log-odds were right: points of a curve, both rising, with straight lines between."""

    odds: NDArray[np.float32]
    probability: NDArray[np.float32]

    def __call__(self, odds: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.interp(odds, self.odds, self.probability).astype(np.float32)
        return found
