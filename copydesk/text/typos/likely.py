"""Likely candidates become findings, unless they stand in another language, are names, what the text is about, or on
purpose.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos import guard
from copydesk.text.typos.batch import LOWER, Batch
from copydesk.text.typos.errors import Corrections, ErrorType
from copydesk.text.typos.found import Finding
from copydesk.text.typos.intended import on_purpose
from copydesk.text.typos.model import Model
from copydesk.text.typos.state import State

#: How often a word that no lexicon knows stands in a text when it is what the text is about, by its first letter.
TOPIC, TOPIC_LOWER = 2, 3


class Judged(NamedTuple):
    """Possible corrections, what their features alone say of each (`chance`), and how far that is `believed`."""

    corrections: Corrections
    chance: NDArray[np.float32]
    believed: NDArray[np.float32]


def take(
    judged: Judged,
    batch: Batch,
    model: Model,
    state: State,
    fixed: NDArray[np.bool_],
    found: list[list[Finding]],
    least: float,
) -> None:
    """Add what is likely, and stands neither in another language nor for what the text is about."""
    some = judged.corrections
    likely = np.flatnonzero((judged.believed >= least) & ~fixed[some.first] & ~fixed[some.last])
    if not len(likely):
        return
    # Of candidates that are believed alike the likelier one comes first.
    likely = likely[np.argsort(-judged.chance[likely], kind="stable")]
    first, last = some.first[likely], some.last[likely]
    strange = _strange(batch, model, state, first)
    strange |= on_purpose(batch, batch.texts, model.grammar.intended, first) & ~state.spaceless[batch.text[first]]
    topic = np.zeros(len(first), bool)
    topic[first == last] = _is_topic(batch, fixed, first[first == last])
    for row in likely[~strange & ~topic].tolist():
        rule = ErrorType(some.error[row]).rule
        start, end, confidence = int(some.start[row]), int(some.end[row]), float(judged.believed[row])
        found[int(batch.text[some.first[row]])].append(Finding(start, end, some.after[row], rule, confidence))


def _strange(batch: Batch, model: Model, state: State, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `places` stand in another language, or are names or words that are never doubted."""
    strange = guard.foreign(batch, model.foreign, model.grammar.function_words, places, state.damaged)
    strange |= guard.names(batch, places)
    strange |= guard.among(batch, model.alone)[places]
    found: NDArray[np.bool_] = strange & ~state.spaceless[batch.text[places]]  # there one token is a sentence
    return found


def _is_topic(batch: Batch, fixed: NDArray[np.bool_], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `places` have a word that stands in its text as often as what the text is about."""
    often = guard.repeated(batch, places, fixed)
    found: NDArray[np.bool_] = often >= np.where((batch.flags[places] & LOWER) > 0, TOPIC_LOWER, TOPIC)
    return found


def guarded(
    batch: Batch, model: Model, state: State, fixed: NDArray[np.bool_], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of `places` `take` leaves alone whatever is found there, as far as that is cheap to tell."""
    return fixed[places] | _strange(batch, model, state, places) | _is_topic(batch, fixed, places)
