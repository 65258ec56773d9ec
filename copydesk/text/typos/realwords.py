"""Words that are words, and yet not what was meant: found by what stands on both sides of them.

A cascade, each stage dearer than the one before and asked about less: n-grams that were seen around the word as it
stands clear most positions; a small network weighs the n-grams around each candidate; another judges the tokens on
either side by what they mean (`window`); the encoder reads the sentence (`encoder`); and a last scorer joins what they
say.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import LOWER, TITLE, Batch
from copydesk.text.typos.confusions import ConfusionSets
from copydesk.text.typos.features import CONTEXT, ENCODER, GATE, NGRAMS, context_counts, error_bits, margin
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.scorers import Scorer
from copydesk.text.typos.window import WindowModel

#: Rows for which features are made at a time.
CHUNK = 200_000
#: A candidate that was counted beside a neighbour is looked at from this log-odds of the window on.
_LEAST_WINDOW = -3
#: Where log-odds of window and n-grams, and a margin of the encoder, tell no more.
_WINDOW_RANGE, _NGRAM_RANGE, _MOST_MARGIN = (-4, 6), (-6, 4), 8


class RealwordCandidates(NamedTuple):
    """Candidates at places in doubt, row by row: `place` the token, `stands` and `meant` numbers of words with a set,
    `errors` the bits of what is between them, `features` those of `features.GATE`."""

    place: NDArray[np.int64]
    stands: NDArray[np.int32]
    meant: NDArray[np.int32]
    errors: NDArray[np.uint8]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.place)

    def kept(self, which: NDArray[np.bool_]) -> RealwordCandidates:
        return RealwordCandidates(*(part[which] for part in self))  # type: ignore[arg-type]  # each part keeps its type

    @classmethod
    def none(cls) -> RealwordCandidates:
        empty = np.zeros(0, np.int64)
        words = empty.astype(np.int32)
        return cls(empty, words, words, empty.astype(np.uint8), np.zeros((0, len(GATE)), np.float32))


def places(batch: Batch) -> NDArray[np.int64]:
    """Where a word with a confusion set stands on its own, in lower case or at the beginning of a sentence."""
    flags = batch.flags
    has = np.flatnonzero((batch.sets >= 0) & ((flags & (LOWER | TITLE)) > 0))
    title = (flags[has] & TITLE) > 0
    if title.any():
        here = has[title]
        next_lower = (batch.flags_beside(here, 1) & LOWER) > 0
        fine = ~title
        fine[title] = batch.begins_sentence(here) & next_lower
        has = has[fine]
    return has[batch.free(has)]


def around(batch: Batch, at: NDArray[np.int64], reach: int) -> NDArray[np.uint64]:
    """The ids of `reach` tokens on either side of `at`: (len(at), 2 * reach)."""
    offsets = np.r_[-reach:0, 1 : reach + 1]
    index = np.clip(at[:, None] + 3 + offsets, 0, len(batch.ids) - 1)
    found: NDArray[np.uint64] = batch.ids[index]
    return found


class Gate(NamedTuple):
    """What decides which positions are looked at more closely.

    `context` weighs the n-grams of what stands and of a candidate (`features.CONTEXT`); `scorer` joins that with the
    window (`features.GATE`); `threshold` is the least log-odds at which a candidate stays in doubt, `closely` that of
    words that are often mistaken for each other.
    """

    context: Scorer
    window: WindowModel
    scorer: Scorer
    threshold: float
    closely: float


def candidates(
    batch: Batch, sets: ConfusionSets, ngrams: NGrams, gate: Gate, least: NDArray[np.float32]
) -> RealwordCandidates:
    """The candidates that fit their places much better than what stands there, by n-grams and window.

    `least` is, for each token, the log-odds of the gate at which its candidates stay in doubt.

    A word that was counted between its two neighbours, or both after the two before it and before the two after it,
    stands there by right and is not doubted, unless `least` is below the threshold of the gate.
    """
    at = places(batch)
    parts = [_candidates(batch, at[i : i + CHUNK], sets, ngrams, gate, least) for i in range(0, len(at), CHUNK)]
    if not parts:
        return RealwordCandidates.none()
    columns = (np.concatenate([part[i] for part in parts]) for i in range(len(RealwordCandidates._fields)))
    return RealwordCandidates(*columns)


def _candidates(
    batch: Batch,
    at: NDArray[np.int64],
    sets: ConfusionSets,
    ngrams: NGrams,
    gate: Gate,
    least: NDArray[np.float32],
) -> RealwordCandidates:
    forced = least < gate.threshold
    at = at[~_counted_here(batch, at, ngrams) | forced[at]]
    stands = batch.sets[at]
    owner, which = sets.spread(stands)
    meant, errors = sets.near[which], sets.errors[which]
    # What was never counted beside either neighbour, and fits no better, is not worth a closer look.
    ids = sets.words[meant]
    beside = ngrams.counts([batch.beside(at, -1)[owner], ids]) + ngrams.counts([ids, batch.beside(at, 1)[owner]])
    states = gate.window.states(around(batch, at, gate.window.reach))
    fits = gate.window.scores(states[owner], meant) - gate.window.scores(states, stands)[owner]
    some = ((beside > 0) & (fits > _LEAST_WINDOW)) | (fits > 0) | forced[at][owner]
    meant, errors, ids, fits = meant[some], errors[some], ids[some], fits[some]
    left, owner = np.unique(owner[some], return_inverse=True)
    at, stands = at[left], stands[left]
    own = context_counts(ngrams, batch, at, sets.words[stands])
    other = context_counts(ngrams, batch, at[owner], ids)
    features = GATE.table(
        len(owner),
        {f"stands_{name}": NGRAMS.column(own, name)[owner] for name in NGRAMS}
        | {f"meant_{name}": NGRAMS.column(other, name) for name in NGRAMS}
        | error_bits(errors)
        | {
            "ngram_odds": 0,
            "window_odds": fits,
            "length": (batch.end[at] - batch.start[at])[owner],
            "title": ((batch.flags[at] & TITLE) > 0)[owner],
            "stands_zipf": sets.zipf[stands][owner],
            "meant_zipf": sets.zipf[meant],
        },
    )
    context = GATE.between(features, CONTEXT[0], CONTEXT[-1])
    GATE.column(features, "ngram_odds")[:] = gate.context(context)
    # A place is looked at more closely with all its candidates, or not at all.
    most = np.full(len(at), -np.inf, np.float32)
    np.maximum.at(most, owner, gate.scorer(features))
    found = RealwordCandidates(at[owner], stands[owner].astype(np.int32), meant.astype(np.int32), errors, features)
    return found.kept((most > least[at])[owner])


def _counted_here(batch: Batch, at: NDArray[np.int64], ngrams: NGrams) -> NDArray[np.bool_]:
    """Where a word was counted between its neighbours, or both after the two before it and before the two after it."""

    def seen(places: NDArray[np.int64], *offsets: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = ngrams.counts([batch.beside(places, offset) for offset in offsets]) > 0
        return found

    counted = seen(at, -1, 0, 1)
    rest = np.flatnonzero(~counted)
    rest = rest[seen(at[rest], -2, -1, 0)]
    counted[rest[seen(at[rest], 0, 1, 2)]] = True
    return counted


def with_encoder(found: RealwordCandidates, sets: ConfusionSets, odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the last scorer weighs (`features.ENCODER`), each clipped to where it tells something; `odds` are the
    encoder's.
    """
    owner = np.unique(found.place, return_inverse=True)[1]
    return ENCODER.table(
        len(found),
        {
            "encoder_odds": odds,
            "gap": sets.gap[found.stands],
            "window_odds": np.clip(GATE.column(found.features, "window_odds"), *_WINDOW_RANGE),
            "ngram_odds": np.clip(GATE.column(found.features, "ngram_odds"), *_NGRAM_RANGE),
            "margin": margin(odds, owner, _MOST_MARGIN),
            "title": GATE.column(found.features, "title"),
        },
    )
