"""Words that are words, and yet not what was meant: found by what stands on both sides of them.

A cascade, each stage dearer than the one before and asked about less: n-grams that were seen around the word as it
stands clear most positions; a small network weighs the n-grams around each candidate (`context`); another judges four
words on either side by what they mean (`window`); the encoder reads the sentence (`encoder`); and a last network joins
what they say into one figure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.context import FIGURES, Neighbours, Scale, fit, lead
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.reading import LOWER, TITLE, Reading


class Window(NamedTuple):
    """A network that says which words fit `reach` tokens on either side.

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


class Doubts(NamedTuple):
    """Candidates at places in doubt, row by row: `place` the token, `stands` and `meant` numbers of words with a set,
    `slip` the kinds of slip between them, `figures` what is known of the pair there."""

    place: NDArray[np.int64]
    stands: NDArray[np.int32]
    meant: NDArray[np.int32]
    slip: NDArray[np.uint8]
    figures: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.place)

    def kept(self, which: NDArray[np.bool_]) -> Doubts:
        return Doubts(*(part[which] for part in self))  # type: ignore[arg-type]  # each part keeps its type


#: Rows for which figures are made at a time.
CHUNK = 200_000


def places(reading: Reading) -> NDArray[np.int64]:
    """Where a word with a confusion set stands on its own, in lower case or at the beginning of a sentence."""
    flags = reading.flags
    has = np.flatnonzero((reading.set >= 0) & ((flags & (LOWER | TITLE)) > 0))
    title = (flags[has] & TITLE) > 0
    if title.any():
        here = has[title]
        next_lower = (reading.flags_beside(here, 1) & LOWER) > 0
        fine = ~title
        fine[title] = reading.begins_sentence(here) & next_lower
        has = has[fine]
    return has[reading.free(has)]


def around(reading: Reading, at: NDArray[np.int64], reach: int) -> NDArray[np.uint64]:
    """The ids of `reach` tokens on either side of `at`: (len(at), 2 * reach)."""
    offsets = np.r_[-reach:0, 1 : reach + 1]
    index = np.clip(at[:, None] + 3 + offsets, 0, len(reading.ids) - 1)
    found: NDArray[np.uint64] = reading.ids[index]
    return found


class Gate(NamedTuple):
    """What decides which positions are looked at more closely.

    `context` weighs n-grams (inputs: figures of the word that stands, of the candidate, and four bits of slip);
    `threshold` is the least log-odds, joined with the window's, at which a candidate stays in doubt.
    """

    context: Scale
    window: Window
    join: Scale
    threshold: float


def doubts(
    reading: Reading, neighbours: Neighbours, ngrams: NGrams, gate: Gate, sure: NDArray[np.int64] | None = None
) -> Doubts:
    """The candidates that fit their places much better than what stands there, by n-grams and window.

    `sure` are places that are in doubt in any case.

    A word that was counted between its two neighbours, or both after the two before it and before the two after it,
    stands there by right and is not doubted.
    """
    at = places(reading)
    always = np.zeros(len(reading), bool)
    always[sure if sure is not None else []] = True
    parts = [_doubts(reading, at[i : i + CHUNK], neighbours, ngrams, gate, always) for i in range(0, len(at), CHUNK)]
    if not parts:
        empty = np.zeros(0, np.int64)
        return Doubts(
            empty,
            empty.astype(np.int32),
            empty.astype(np.int32),
            empty.astype(np.uint8),
            np.zeros((0, COLUMNS), np.float32),
        )
    return Doubts(*(np.concatenate([part[i] for part in parts]) for i in range(len(Doubts._fields))))


# The figures of a doubt: n-grams of what stands, of the candidate, bits of slip, log-odds of n-grams, log-odds of the
# window, the length of the word, whether it begins a sentence, how frequent both are in English at large.
COLUMNS = 2 * FIGURES + 4 + 6
_NGRAMS, _WINDOW = 2 * FIGURES + 4, 2 * FIGURES + 5


def _doubts(
    reading: Reading,
    at: NDArray[np.int64],
    neighbours: Neighbours,
    ngrams: NGrams,
    gate: Gate,
    always: NDArray[np.bool_],
) -> Doubts:
    stands = reading.set[at]
    own = fit(ngrams, reading, at, neighbours.words[stands])
    doubted = ~((own[:, 4] > 0) | ((own[:, 3] > 0) & (own[:, 5] > 0))) | always[at]
    at, stands, own = at[doubted], stands[doubted], own[doubted]
    owner, which = neighbours.spread(stands)
    meant, slip = neighbours.near[which], neighbours.slip[which]
    # What was never counted beside either neighbour, and fits no better, is not worth a closer look.
    ids = neighbours.words[meant]
    beside = ngrams.counts([reading.beside(at, -1)[owner], ids]) + ngrams.counts([ids, reading.beside(at, 1)[owner]])
    states = gate.window.states(around(reading, at, 4))
    fits = gate.window.scores(states[owner], meant) - gate.window.scores(states, stands)[owner]
    some = ((beside > 0) & (fits > -3)) | (fits > 0) | always[at][owner]
    owner, meant, slip, ids, fits = owner[some], meant[some], slip[some], ids[some], fits[some]
    figures = np.zeros((len(owner), COLUMNS), np.float32)
    figures[:, :FIGURES] = own[owner]
    figures[:, FIGURES : 2 * FIGURES] = fit(ngrams, reading, at[owner], ids)
    bits = figures[:, 2 * FIGURES : 2 * FIGURES + 4]
    bits[:] = (slip[:, None] >> np.arange(4)) & 1
    figures[:, _NGRAMS] = gate.context(figures[:, :_NGRAMS])
    figures[:, _WINDOW] = fits
    figures[:, -4] = (reading.end[at] - reading.start[at])[owner]
    figures[:, -3] = ((reading.flags[at] & TITLE) > 0)[owner]
    figures[:, -2] = neighbours.zipf[stands][owner]
    figures[:, -1] = neighbours.zipf[meant]
    # A place is looked at more closely with all its candidates, or not at all.
    most = np.full(len(at), -np.inf, np.float32)
    np.maximum.at(most, owner, gate.join(figures))
    found = Doubts(at[owner], stands[owner].astype(np.int32), meant.astype(np.int32), slip, figures)
    return found.kept(((most > gate.threshold) | always[at])[owner])


def with_encoder(doubts: Doubts, neighbours: Neighbours, odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the last scale weighs, (len(doubts), 6), each clipped to where it tells something.

    The encoder's log-odds; by how much the word that stands is rarer in the counted text than elsewhere; the log-odds
    of window and of n-grams; the lead over the next candidate of the place; whether the word begins a sentence.
    """
    owner = np.unique(doubts.place, return_inverse=True)[1]
    columns = (
        odds,
        neighbours.gap[doubts.stands],
        np.clip(doubts.figures[:, _WINDOW], -4, 6),
        np.clip(doubts.figures[:, _NGRAMS], -6, 4),
        lead(odds, owner, 8),
        doubts.figures[:, -3],
    )
    return np.stack(columns, 1).astype(np.float32)
