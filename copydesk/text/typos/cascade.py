"""The last stages for words that are words: what encoder and judge make of the candidates that the gate let through.

The encoder reads the sentence around every place in doubt; the judge, many times dearer, reads it where the encoder's
decision passes a threshold. Each has a decision of its own, which weighs its log-odds with how frequent both words are:
a model that learned from errors made on purpose takes rare words for errors, as most of what it saw of them was wrong.
Decisions are fitted on published news as it is, so that probabilities are those of news.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import KNOWN, Batch
from copydesk.text.typos.confusions import ConfusionSets
from copydesk.text.typos.features import ENCODER, GATE, JUDGE, RANGES, Columns
from copydesk.text.typos.model import Model
from copydesk.text.typos.realwords import RealwordCandidates
from copydesk.text.typos.scorers import LinearScorer

#: If a place is wrong, what says which of its words was meant: weights of log-odds, fitted on the development sentences
#: (conditional logit; of 1,531 errors the word meant comes first in 97 %). Models err in different places.
CHOICE = {"judge_odds": 0.9, "encoder_odds": 0.4, "ngram_odds": 0.4}
FAST_CHOICE = {"encoder_odds": 1.1, "ngram_odds": 0.4}

#: The frequency (Zipf) of an ordinary word.
ORDINARY = 5.0
_OF_ENCODER = ENCODER.index("encoder_odds")
#: A sum of a few products is off by less.
_ROUNDING = 1e-3


class Verdicts(NamedTuple):
    """What was made of candidates, row by row: the `chance` that each is meant, and the log-odds against what stands of
    the last model that was asked (-inf where the judge was to be asked and was not)."""

    chance: NDArray[np.float32]
    odds: NDArray[np.float32]


def with_encoder(
    batch: Batch, found: RealwordCandidates, sets: ConfusionSets, odds: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the encoder's decision weighs (`features.ENCODER`); `odds` are the encoder's.

    How frequent a word is says nothing where it is a name or an abbreviation only, and stands in lower case ("thc").
    """
    known = (batch.flags[found.place] & KNOWN) > 0
    features = ENCODER.table(
        len(found),
        {
            "encoder_odds": odds,
            "gap": np.where(known, sets.gap[found.stands], 0),
            "lift": np.where(known, sets.zipf[found.meant] - sets.zipf[found.stands], 0),
            "zipf": np.where(known, sets.zipf[found.stands], ORDINARY),
            "window_odds": GATE.column(found.features, "window_odds"),
            "ngram_odds": GATE.column(found.features, "ngram_odds"),
        },
    )
    return _clipped(ENCODER, features)


def hopeless(batch: Batch, model: Model, found: RealwordCandidates, least: float) -> NDArray[np.bool_]:
    """Which candidates stand at places where none gets a chance of `least`, whatever the encoder says.

    That is known where it decides alone, by a weighted sum that rises with its log-odds: these have a limit.
    """
    scorer = model.scorers["encoder"]
    if model.judge is not None or not isinstance(scorer, LinearScorer) or scorer.weights[_OF_ENCODER] < 0:
        return np.zeros(len(found), bool)
    odds = np.full(len(found), RANGES["encoder_odds"][1], np.float32)
    chance = model.probability("encoder", with_encoder(batch, found, model.sets, odds))
    places, owner = np.unique(found.place, return_inverse=True)
    most = np.zeros(len(places), np.float32)
    np.maximum.at(most, owner, chance)
    few: NDArray[np.bool_] = (most < least - _ROUNDING)[owner]
    return few


def with_judge(features: NDArray[np.float32], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the judge's decision weighs (`features.JUDGE`), from what the encoder's does; `odds` are the judge's."""
    known = {name: ENCODER.column(features, name) for name in JUDGE[1:]}
    return _clipped(JUDGE, JUDGE.table(len(odds), known | {"judge_odds": odds}))


def _clipped(columns: Columns, table: NDArray[np.float32]) -> NDArray[np.float32]:
    for name, limits in RANGES.items():
        if name in columns:
            np.clip(columns.column(table, name), *limits, out=columns.column(table, name))
    return table


def verdicts(
    batch: Batch,
    model: Model,
    found: RealwordCandidates,
    features: NDArray[np.float32],
    always: NDArray[np.bool_] | None = None,
) -> Verdicts:
    """The verdicts on candidates with these `features` (`features.ENCODER`); the judge is asked about rows that are
    marked in `always` in any case.
    """
    owner = np.unique(found.place, return_inverse=True)[1]
    if model.judge is None:
        chance = divided(model.probability("encoder", features), choice(features), owner)
        return Verdicts(chance, ENCODER.column(features, "encoder_odds"))
    doubt = model.scorers["encoder"](features) > model.judge_from
    if always is not None:
        doubt |= always
    # A place is judged with all its candidates, or not at all.
    asked = np.isin(owner, owner[doubt])
    chance, large = np.zeros(len(found), np.float32), np.full(len(found), -np.inf, np.float32)
    if asked.any():
        some = found.kept(asked)
        large[asked] = model.judge().odds(batch, some.place, some.stands, some.meant)
        wrong = model.probability("judge", with_judge(features[asked], large[asked]))
        chance[asked] = divided(wrong, choice(features[asked], large[asked]), owner[asked])
    return Verdicts(chance, large)


def choice(features: NDArray[np.float32], large: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Log-odds of each candidate against the others of its place; `large` are the judge's."""
    weights = FAST_CHOICE if large is None else CHOICE
    odds = np.zeros(len(features), np.float32) if large is None else weights["judge_odds"] * large
    for name in ("encoder_odds", "ngram_odds"):
        odds = odds + weights[name] * ENCODER.column(features, name)
    return odds.astype(np.float32)


def divided(wrong: NDArray[np.float32], odds: NDArray[np.float32], owner: NDArray[np.int64]) -> NDArray[np.float32]:
    """The chance that each candidate is meant, where `wrong` are the chances that a place is wrong by each candidate.

    `owner` are numbers from 0. The greatest chance of a place is divided among its candidates by their `odds`: of two
    near each other neither is certain.
    """
    most, best = (np.full(owner.max(initial=-1) + 1, -np.inf, np.float32) for _ in range(2))
    np.maximum.at(most, owner, wrong)
    np.maximum.at(best, owner, odds)
    weight = np.exp(odds - best[owner])
    found: NDArray[np.float32] = (most[owner] * weight / np.bincount(owner, weight)[owner]).astype(np.float32)
    return found
