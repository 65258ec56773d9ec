"""Models that read sentences, at work: the sentence around a place in doubt is encoded, and each word that is possible
there gets a score. A small one is asked about what the cheap stages doubt, a large one, the judge, about what the small
one doubts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import Batch
from copydesk.text.typos.windows import Pieces, Window, cut

#: (pieces of windows of one length (b, n), which of each is the place (b,)) → the hidden states there (b, width)
Run = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
#: Windows that are encoded together: what is computed of more does not stay in the caches of a core.
TOGETHER = 8
#: Windows whose states are remembered: documents are cleaned again when lines of theirs are known to recur on their
#: site, and damaged ones are read twice. 20 MB at most for the small model, 30 MB for the judge.
MOST_KNOWN = 8_000


class Encoder(NamedTuple):
    """`vectors` (words with a set, width) int8 with a factor `scale` for each row, `bias` and `stay` for each word.

    `known` are the states of windows that were read before.
    """

    run: Run
    pieces: Pieces
    vectors: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    stay: NDArray[np.float32]
    known: dict[Window, NDArray[np.float32]]

    def odds(
        self, batch: Batch, places: NDArray[np.int64], stands: NDArray[np.int32], meant: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """The log-odds of `meant` against what stands at `places`, row by row; both are numbers of words with a set."""
        at, owner = np.unique(places, return_inverse=True)
        states = self.states(batch, at)[owner]
        odds: NDArray[np.float32] = self.scores(states, meant) - self.scores(states, stands) - self.stay[stands]
        return odds

    def states(self, batch: Batch, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The hidden state at each of `places`: (len(places), width).

        Windows of one length are encoded together, without padding. An answer does not depend on what else is encoded
        with it: products are in whole numbers, and what is rounded is rounded row by row.
        """
        windows = [cut(batch, self.pieces, place) for place in places.tolist()]
        known = self.known
        if len(known) > MOST_KNOWN:
            known.clear()
        alike: dict[int, list[Window]] = {}
        for window in dict.fromkeys(windows):
            if window not in known:
                alike.setdefault(len(window[0]), []).append(window)
        for some in alike.values():
            for first in range(0, len(some), TOGETHER):
                part = some[first : first + TOGETHER]
                ids, at = (np.array(column, np.int64) for column in zip(*part, strict=True))
                known.update(zip(part, self.run(ids, at), strict=True))
        states = np.zeros((len(places), self.vectors.shape[1]), np.float32)
        for row, window in enumerate(windows):
            states[row] = known[window]
        return states

    def scores(self, states: NDArray[np.float32], words: NDArray[np.int32]) -> NDArray[np.float32]:
        """How well each of `words` fits the state beside it, as log-odds up to a constant of the place."""
        vectors = self.vectors[words].astype(np.float32) * self.scale[words, None]
        scores: NDArray[np.float32] = np.einsum("nw,nw->n", states, vectors) + self.bias[words]
        return scores
