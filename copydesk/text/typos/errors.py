"""Errors: their types, and possible corrections of many at once."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ErrorType(IntEnum):
    """How what stands differs from what was meant. The first four are in the order in which a scanner makes them."""

    SIGN = 0
    SHAPE = 1
    TWO_SHAPES = 2
    LETTER = 3
    MERGED = 4
    SPLIT = 5
    HYPHEN = 6
    TWO_LETTERS = 7
    SPACES = 8

    @property
    def rule(self) -> str:
        """The name of the rule of edits that mend such an error."""
        return f"typo-{self.name.lower().replace('_', '-')}"


class Corrections(NamedTuple):
    """Possible corrections: the `first` and `last` token that each touches, `start` and `end` in their text, `after`,
    the `ErrorType`, and the features, (n, columns of the scorer that judges this kind).
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    after: list[str]
    error: NDArray[np.int8]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.after)
