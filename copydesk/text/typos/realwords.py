"""Words that are words, and yet not what was meant: found by what stands on both sides of them.

A cascade, each stage dearer than the one before and asked about less: n-grams that were seen around the word as it
stands clear most positions; a small network drops most candidates by the words beside them; of the others all n-grams
are weighed, the tokens on either side are judged by what they mean (`window`), and a network joins that; the encoder
reads the sentence (`encoder`); and a last scorer joins what they say.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import LOWER, TITLE, Batch
from copydesk.text.typos.confusions import ConfusionSets
from copydesk.text.typos.features import CONTEXT, GATE, NGRAMS, SCREEN, context_counts, error_bits, margin
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.scorers import Scorer
from copydesk.text.typos.window import WindowModel

#: Places for which features are made at a time: what is computed of them stays in the caches of a core.
CHUNK = 20_000
#: Margins over the next candidate tell no more beyond this; nor do doublings by which a word is rarer than elsewhere.
_MOST_APART, _MOST_GAP = 6, 8


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
    window (`features.GATE`); `threshold` is the least log-odds at which a candidate stays in doubt. `screen` drops
    candidates below 0 before all that (`features.SCREEN`).
    """

    context: Scorer
    window: WindowModel
    scorer: Scorer
    threshold: float
    screen: Scorer


class _Rows(NamedTuple):
    """Candidates, place after place: those of `place[owner]`, where `stands[owner]` may be meant as `meant`."""

    place: NDArray[np.int64]
    stands: NDArray[np.int32]
    owner: NDArray[np.int64]
    meant: NDArray[np.int32]
    errors: NDArray[np.uint8]

    def kept(self, which: NDArray[np.bool_]) -> _Rows:
        """Some of them, and the places that still have any."""
        owner = self.owner[which]
        left = np.zeros(len(self.place), bool)
        left[owner] = True
        owner = (np.cumsum(left) - 1)[owner]
        return _Rows(self.place[left], self.stands[left], owner, self.meant[which], self.errors[which])


class _Search(NamedTuple):
    """What is asked of one batch; `always` marks the tokens that are looked at whatever speaks against it, `often`
    holds text and word, in one number, of all words with a set, in order.
    """

    batch: Batch
    sets: ConfusionSets
    ngrams: NGrams
    gate: Gate
    least: NDArray[np.float32]
    always: NDArray[np.bool_]
    often: NDArray[np.int64]


def candidates(
    batch: Batch, sets: ConfusionSets, ngrams: NGrams, gate: Gate, least: NDArray[np.float32]
) -> RealwordCandidates:
    """The candidates that fit their places much better than what stands there, by n-grams and window.

    `least` is, for each token, the log-odds of the gate at which its candidates stay in doubt.

    A word that was counted between its two neighbours, or both after the two before it and before the two after it,
    stands there by right and is not doubted, unless its `least` is minus infinity.
    """
    at = places(batch)
    has_set = np.flatnonzero(batch.sets >= 0)
    often = np.sort(_in_one(batch, sets, has_set, batch.sets[has_set]))
    search = _Search(batch, sets, ngrams, gate, least, np.isneginf(least), often)
    parts = [_candidates(search, at[i : i + CHUNK]) for i in range(0, len(at), CHUNK)]
    if not parts:
        return RealwordCandidates.none()
    columns = (np.concatenate([part[i] for part in parts]) for i in range(len(RealwordCandidates._fields)))
    return RealwordCandidates(*columns)


def _in_one(batch: Batch, sets: ConfusionSets, at: NDArray[Any], words: NDArray[Any]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = batch.text[at].astype(np.int64) * len(sets.words) + words
    return found


def _candidates(search: _Search, at: NDArray[np.int64]) -> RealwordCandidates:
    batch, gate = search.batch, search.gate
    at = at[~_counted_here(batch, at, search.ngrams) | search.always[at]]
    rows = _screened(search, at)
    features = _features(search, rows)
    context = GATE.between(features, CONTEXT[0], CONTEXT[-1])
    odds = gate.context(context)
    GATE.column(features, "ngram_odds")[:] = odds
    GATE.column(features, "ngram_margin")[:] = margin(odds, rows.owner, _MOST_APART)
    # A place is looked at more closely with all its candidates, or not at all.
    most = np.full(len(rows.place), -np.inf, np.float32)
    np.maximum.at(most, rows.owner, gate.scorer(features))
    found = RealwordCandidates(rows.place[rows.owner], rows.stands[rows.owner], rows.meant, rows.errors, features)
    return found.kept((most > search.least[rows.place])[rows.owner])


def _screened(search: _Search, at: NDArray[np.int64]) -> _Rows:
    """The candidates at `at` of which the words beside them do not say at once that they are none."""
    batch, sets, ngrams, gate, *_ = search
    stands = batch.sets[at]
    owner, which = sets.spread(stands)
    rows = _Rows(at, stands, owner, sets.near[which], sets.errors[which])
    ids = sets.words[rows.meant]
    left = ngrams.counts([batch.beside(at, -1)[owner], ids])
    right = ngrams.counts([ids, batch.beside(at, 1)[owner]])
    own = context_counts(ngrams, batch, at, sets.words[stands], ("left", "right", "two_left", "two_right"))
    # Where neither was counted beside a neighbour, they are even.
    even, forced = (own[:, :2] == 0).all(1), search.always[at]
    some = (left + right > 0) | (even | forced)[owner]
    owner, rows = owner[some], _Rows(at, stands, owner[some], rows.meant[some], rows.errors[some])
    features = SCREEN.table(
        len(owner),
        {f"stands_{name}": own[owner, i] for i, name in enumerate(("left", "right", "two_left", "two_right"))}
        | {"meant_left": np.log2(1 + left[some]), "meant_right": np.log2(1 + right[some])}
        | _of_pair(batch, sets, rows),
    )
    return rows.kept((gate.screen(features) >= 0) | forced[owner])


def _of_pair(batch: Batch, sets: ConfusionSets, rows: _Rows) -> dict[str, NDArray[Any]]:
    """The columns of `features.PAIR`."""
    at, stands, owner, meant, errors = rows
    zipf, gap = sets.zipf, np.minimum(sets.gap, _MOST_GAP)
    return error_bits(errors) | {
        "length": (batch.end[at] - batch.start[at])[owner],
        "title": ((batch.flags[at] & TITLE) > 0)[owner],
        "stands_zipf": zipf[stands][owner],
        "meant_zipf": zipf[meant],
        "lift": zipf[meant] - zipf[stands][owner],
        "stands_gap": gap[stands][owner],
        "meant_gap": gap[meant],
    }


def _features(search: _Search, rows: _Rows) -> NDArray[np.float32]:
    """The columns of `features.GATE`; those of n-grams taken together are empty yet."""
    batch, sets, ngrams, gate, *_ = search
    at, stands, owner, meant, _ = rows
    own = context_counts(ngrams, batch, at, sets.words[stands])
    other = context_counts(ngrams, batch, at[owner], sets.words[meant])
    states = gate.window.states(around(batch, at, gate.window.reach))
    fits = gate.window.scores(states[owner], meant) - gate.window.scores(states, stands)[owner]
    in_text = [
        np.searchsorted(search.often, keys, "right") - np.searchsorted(search.often, keys)
        for keys in (_in_one(batch, sets, at, stands)[owner], _in_one(batch, sets, at[owner], meant))
    ]
    return GATE.table(
        len(owner),
        {f"stands_{name}": NGRAMS.column(own, name)[owner] for name in NGRAMS}
        | {f"meant_{name}": NGRAMS.column(other, name) for name in NGRAMS}
        | _of_pair(batch, sets, rows)
        | {
            "ngram_odds": 0,
            "window_odds": fits,
            "ngram_margin": 0,
            "window_margin": margin(fits, owner, _MOST_APART),
            "rivals": np.log2(np.bincount(owner, minlength=len(at)))[owner],
            "stands_in_text": np.log2(in_text[0]),  # with the place itself
            "meant_in_text": np.log2(1 + in_text[1]),
        },
    )


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
