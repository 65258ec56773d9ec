"""The step: what is found in texts, and the edits that come of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from copydesk.config import TyposConfig
from copydesk.edits import SUGGESTED, TEXT, Edit, Span, replace
from copydesk.text.typos.correct import REAL_WORD, findings
from copydesk.text.typos.found import Finding
from copydesk.text.typos.model import Model

STEP = "typos"
#: Longer texts are no articles, and are left alone; so many characters are looked at together.
LONGEST, TOGETHER = 250_000, 2_000_000
#: Confidences are told to so many digits: what a person can tell apart, and what no rounding of a processor changes.
DIGITS = 3


def look(
    texts: Sequence[str], model: Model, config: TyposConfig, protected: Sequence[Collection[str]]
) -> list[list[Finding]]:
    """What is wrong in each text, or likely so, by its place. `protected` gives, for each, words that stand as they
    are.
    """
    found: list[list[Finding]] = []
    for first, last in _together(texts):
        some = [text if len(text) <= LONGEST else "" for text in texts[first:last]]
        found += findings(
            some, model, protected[first:last], min(config.apply_from, config.apply_words_from, config.suggest_from)
        )
    return found


def _together(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Ranges of texts that are looked at together."""
    ranges, first, size = [], 0, 0
    for number, text in enumerate(texts):
        if number > first and size + len(text) > TOGETHER:
            ranges.append((first, number))
            first, size = number, 0
        size += len(text)
    return [*ranges, (first, len(texts))]


def settle(text: str, found: Sequence[Finding], config: TyposConfig, field: str = TEXT) -> tuple[str, list[Edit]]:
    """`text` with the certain ones of `found` made, and the edits of all: first the suggestions, then what was
    changed.
    """
    suggested, certain = [], []
    for start, end, after, rule, confidence in found:
        sure = round(min(confidence, 0.999), DIGITS)
        if sure >= (config.apply_words_from if rule == REAL_WORD else config.apply_from):
            certain.append(Span(start, end, after, rule, sure))
        elif sure >= config.suggest_from:
            suggested.append(Edit("", 0, STEP, field, start, end, text[start:end], after, rule, sure, SUGGESTED))
    new, edits = replace(text, certain, STEP, field)
    return new, suggested + edits
