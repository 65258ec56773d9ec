"""Blanks beside signs, in damaged text: missing ones where a text has none, and those before a comma or a stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import BREAK, NUMBER, WORD, Batch
from copydesk.text.typos.state import State

_PAUSES, _STOPS, _CLOSING, _OPENING = frozenset(",;:"), frozenset(".!?"), frozenset(")]"), frozenset("([")
_QUOTE = '"'
#: Letters of words between which a stop ends a sentence, and of those before a bracket.
_LETTERS = 3


class SignFinding(NamedTuple):
    """`text[start:end]` of text number `text`, a sign or the blank before it, would be `after`."""

    text: int
    start: int
    end: int
    after: str


def found(batch: Batch, state: State, fixed: NDArray[np.bool_]) -> Iterator[SignFinding]:
    """Signs beside which blanks are wrong. `fixed` marks tokens that nothing touches."""
    damaged = state.damaged[batch.text]
    if not damaged.any():
        return
    sign = np.flatnonzero(damaged & ((batch.flags & (WORD | NUMBER | BREAK)) == 0) & ~fixed)
    sign = sign[(sign > 0) & (sign + 1 < len(batch))]
    spaced = _spaced(batch, sign)
    quotes: dict[int, int] = {}
    for place in sign.tolist():
        text, token = int(batch.text[place]), batch.token(place)
        start, end = int(batch.start[place]), int(batch.end[place])
        if not state.spaceless[text]:
            if text not in spaced and _apart(batch, place):
                yield SignFinding(text, int(batch.end[place - 1]), start, "")
            continue
        quotes[text] = quotes.get(text, 0) + (token == _QUOTE)
        if batch.glued[place] and batch.glued[place + 1]:
            before = token in _OPENING or (token == _QUOTE and quotes[text] % 2 == 1)
            if _lacks(batch, place, before, quotes[text] % 2 == 1):
                yield SignFinding(text, start, end, f" {token}" if before else f"{token} ")


def _apart(batch: Batch, place: int) -> bool:
    """Whether a blank stands before a comma or a stop, and behind it."""
    alone = not batch.glued[place] and not batch.glued[place + 1]
    return bool(alone and batch.token(place) in ",." and batch.flags[place - 1] & (WORD | NUMBER))


def _lacks(batch: Batch, place: int, before: bool, quoting: bool) -> bool:
    """Whether a blank is missing before or behind a sign, in a text that has none; `quoting` within quotation marks."""
    token, words = batch.token(place), [bool(batch.flags[at] & WORD) for at in (place - 1, place + 1)]
    sizes = [len(batch.token(at)) for at in (place - 1, place + 1)]
    if token in _STOPS:
        return all(words) and min(sizes) >= _LETTERS
    if before:
        return all(words) and sizes[0] >= _LETTERS
    if batch.token(place + 1)[0].isdigit():
        return False
    opens = batch.token(place + 1) in _OPENING or (batch.token(place + 1) == _QUOTE and not quoting)
    return (words[1] or opens) and token in _CLOSING | _PAUSES | {_QUOTE}


def _spaced(batch: Batch, sign: NDArray[np.int64]) -> frozenset[int]:
    """Texts that have blanks before most of their commas and stops: as they are tokenized, or in French."""
    tokens = batch.token_types.tokens
    some = [at for at in sign.tolist() if tokens[batch.types[at]] in _PAUSES | _STOPS]
    texts, apart = batch.text[some], ~batch.glued[some]
    counts = np.bincount(texts) if some else np.zeros(0, np.int64)
    many = np.bincount(texts, apart) if some else counts
    return frozenset(np.flatnonzero((many >= 2) & (2 * many >= counts)).tolist())
