"""What speaks for a correction, in words that a person can check."""

from __future__ import annotations

import numpy as np

from copydesk.text.typos.batch import Batch
from copydesk.text.typos.features import NGRAMS, PATTERNS, context_counts
from copydesk.text.typos.model import Model

#: Code points of the text looked at on either side.
_AROUND = 400


def evidence(text: str, start: int, end: int, after: str, rule: str, model: Model) -> str:
    """What speaks for `after` in place of `text[start:end]`: what the lexicon knows, and what was counted beside it.

    `text` is the text as it stood when the correction was made or suggested; `rule` the rule of the edit.
    """
    before = text[start:end]
    if rule == "typo-doubled":
        return f"“{text[max(0, start - (end - start)) : end].strip()}”: the word stands twice in a row."
    if rule == "typo-merged" and after.strip() != before:
        parts = " and ".join(f"“{part}”" for part in after.split())
        return f"“{before}” is no known word; {parts} are likelier."
    if rule == "typo-merged":
        return f"A space is missing behind “{before}”: no known word goes on there."
    if rule in ("typo-sign-space", "typo-space-before-sign"):
        return "The text is damaged: spaces are missing throughout, or words are unknown."
    if rule in ("typo-split", "typo-spaces"):
        return f"“{after}” is likelier than “{before}” among the words beside it."
    if rule == "typo-hyphen":
        return f"“{after}” is a known word, and its hyphen stands as if a line had ended there."
    reasons = []
    if not model.lexicon.knows(before):
        reasons.append(f"“{before}” is no known word")
    counted = _counted(text, start, end, after, model)
    if counted:
        reasons.append(counted)
    if not reasons or (rule == "typo-real-word" and not counted):
        reasons.append(f"the sentence as a whole speaks for “{after}”")
    said = "; ".join(reasons)
    return said[:1].upper() + said[1:] + "."


def _counted(text: str, start: int, end: int, after: str, model: Model) -> str:
    """The n-gram around the word in which the two differ most, with how often each was counted; "" where none tells."""
    first = max(0, start - _AROUND)
    batch = Batch([text[first : end + _AROUND]], model.token_types)
    at = np.flatnonzero((batch.start == start - first) & (batch.end == end - first))
    vocabulary = model.token_types.vocabulary
    ids = [vocabulary.get(word.lower(), 0) for word in (text[start:end], after)]
    if not len(at) or not ids[1]:
        return ""
    counts = context_counts(model.ngrams, batch, np.repeat(at, 2), np.array(ids, np.uint64))
    if not ids[0]:
        counts[0] = 0
    gain = counts[1] - counts[0]
    gain[NGRAMS.index("word")] = 0
    # Among n-grams that tell as much, the longer one is easier to believe.
    best = int(np.argmax(gain + 0.1 * np.arange(len(NGRAMS))))
    if gain[best] < 1:
        return ""
    words = ["{}" if offset == 0 else _shown(batch, int(at[0]) + offset) for offset in PATTERNS[NGRAMS[best]]]
    if sum(map(bool, words)) < 2:  # all that stands beside it is the edge of a paragraph
        return ""
    phrase = " ".join(word for word in words if word)
    times = [
        f"{round(float(2**n - 1)):,} times" if n > 1 else "once" if n else "never"
        for n in (counts[1, best], counts[0, best])
    ]
    return (
        f"“{phrase.format(after)}” stands {times[0]} in the counted text, “{phrase.format(text[start:end])}” {times[1]}"
    )


def _shown(batch: Batch, place: int) -> str:
    token = batch.token(place) if 0 <= place < len(batch) else ""
    return "" if token.isspace() else token.replace("{", "(").replace("}", ")")
