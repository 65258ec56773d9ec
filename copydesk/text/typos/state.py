"""The state of a document: how damaged its words and blanks are, estimated before anything in it is judged.

A share is estimated with what is usual as a prior (Beta), so that one odd word in a short text is no damage.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import FOREIGN, KNOWN, LOWER, WORD, Batch
from copydesk.text.typos.lattice import Channel

#: The usual share of unknown words among those in lower case.
USUAL = 0.004
#: How many words what is usual is worth.
_WORTH = 60.0
#: From these shares on a document is damaged, and heavily so.
DAMAGED, HEAVILY = 0.03, 0.05
#: Letters to a word from which on blanks are missing throughout, in texts of at least so many letters.
_LETTERS_TO_A_WORD, _LEAST_LETTERS = 14.0, 14
#: Blanks lost, and blanks within words, for each unknown word; unknown words of counted text; the greatest share.
_LOST, _TORN, _RARE, _MOST = 0.1, 0.03, 0.001, 0.2
#: What stands against a slip as such, in nats, and what stands against a blank too many in a text that has none.
_SLIP, _NEVER = 5.3, 9.0


class State(NamedTuple):
    """For each text: `unknown`, the estimated share of words that no lexicon has; `lost` and `torn`, how often a blank
    is missing behind a word, and how often one stands within; `spaceless`, whether blanks are missing throughout.
    """

    unknown: NDArray[np.float64]
    lost: NDArray[np.float64]
    torn: NDArray[np.float64]
    spaceless: NDArray[np.bool_]

    @property
    def damaged(self) -> NDArray[np.bool_]:
        """Which texts are damaged."""
        found: NDArray[np.bool_] = (self.unknown >= DAMAGED) | self.spaceless
        return found

    @property
    def heavily_damaged(self) -> NDArray[np.bool_]:
        """Which texts are so damaged that what is certain elsewhere is not there."""
        found: NDArray[np.bool_] = (self.unknown >= HEAVILY) | self.spaceless
        return found

    def of(self, texts: Sequence[int]) -> State:
        """The state of some texts."""
        at = list(texts)
        return State(self.unknown[at], self.lost[at], self.torn[at], self.spaceless[at])

    def channel(self, text: int) -> Channel:
        """How readily blanks are lost, stand within words, and words are misspelt in a text."""
        unknown = min(_MOST, float(self.unknown[text]))
        if self.spaceless[text]:
            return Channel(0.0, _NEVER, 0.0, _SLIP)
        lost, torn = (min(_MOST, float(share[text])) for share in (self.lost, self.torn))
        rarer = log(max(1.0, min(unknown, USUAL) / _RARE))
        return Channel(-log(lost), -log(torn), -rarer, _SLIP - log(unknown))

    def told(self, words: NDArray[np.int64], lost: NDArray[np.int64], torn: NDArray[np.int64]) -> State:
        """The state once so many blanks were found lost and torn, in texts of so many words."""
        share = [(found + was * _WORTH) / (words + _WORTH) for found, was in ((lost, self.lost), (torn, self.torn))]
        return self._replace(lost=np.maximum(share[0], self.lost), torn=np.maximum(share[1], self.torn))


def estimated(batch: Batch, texts: int) -> State:
    """The state of each text of a batch. Words that a text has twice are counted once."""
    flags = batch.flags
    lower = ((flags & LOWER) > 0) & ((flags & FOREIGN) == 0)
    size = batch.end - batch.start
    odd = np.flatnonzero(lower & ((flags & KNOWN) == 0) & (size > 1))
    kinds = np.unique(batch.text[odd].astype(np.int64) * len(batch.token_types.tokens) + batch.types[odd])
    unknown = np.bincount(kinds // max(1, len(batch.token_types.tokens)), minlength=texts)
    words = np.bincount(batch.text[lower], minlength=texts)
    word = (flags & WORD) > 0
    letters = np.bincount(batch.text[word], size[word], minlength=texts)
    whole = np.bincount(batch.text[word & ~batch.glued], minlength=texts)
    share = (unknown + USUAL * _WORTH) / (words + _WORTH)
    spaceless = (letters >= _LEAST_LETTERS) & (letters >= _LETTERS_TO_A_WORD * np.maximum(whole, 1))
    return State(share, share * _LOST, share * _TORN, spaceless)
