"""The features by which what is found is judged: their names and their order, for the engine and for `training`.

Every scorer has a list of named columns here; `languages` refuses one that was trained with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import Batch
from copydesk.text.typos.errors import ErrorType
from copydesk.text.typos.ngrams import NGrams

Array = NDArray[np.float32]


class Columns(tuple[str, ...]):
    """Names of the columns of a table of features, (rows, len(self)) float32."""

    __slots__ = ()

    def table(self, rows: int, values: Mapping[str, Any]) -> Array:
        """The table of `values`: an array of `rows`, or one number, for each name. Raises KeyError for other names."""
        if unlike := values.keys() ^ set(self):
            raise KeyError(f"no values for features, or no features for values: {', '.join(sorted(unlike))}")
        table = np.empty((rows, len(self)), np.float32)
        for column, name in enumerate(self):
            table[:, column] = values[name]
        return table

    def column(self, table: Array, name: str) -> Array:
        """A view of one column of a table."""
        column: Array = table[:, self.index(name)]
        return column

    def between(self, table: Array, first: str, last: str) -> Array:
        """A view of the columns from `first` to `last`, both included."""
        columns: Array = table[:, self.index(first) : self.index(last) + 1]
        return columns


#: The n-grams around a word, as offsets from it; 0 is the word itself.
PATTERNS: dict[str, tuple[int, ...]] = {
    "word": (0,),
    "left": (-1, 0),
    "right": (0, 1),
    "two_left": (-2, -1, 0),
    "both": (-1, 0, 1),
    "two_right": (0, 1, 2),
    "three_left": (-3, -2, -1, 0),
    "two_left_right": (-2, -1, 0, 1),
    "left_two_right": (-1, 0, 1, 2),
    "three_right": (0, 1, 2, 3),
}
NGRAMS = Columns(PATTERNS)

#: One token that no lexicon knows. n-grams with the candidate; the type of error; the candidate's frequency; the token:
#: its length, frequency, capitals, digits, letters beyond ASCII; the token's candidates: the most frequent one's
#: frequency, how many, how many of shapes; whether a sentence begins; by how much the
#: candidate fits better than the next; capitalized words beside; whether the candidate is outside the vocabulary. How
#: strange token and candidate are spelt; whether both begin, and end, alike, have the same letters, each as often or
#: not, or differ in vowels only; how frequent the longest word is that the token begins, or ends, with: what is more
#: than it may be an ending or prefix, where no shapes explain it; how often the text has the token.
SINGLE = Columns(
    (
        *NGRAMS, "sign", "shape", "two_shapes", "letter", "zipf", "length", "own_zipf", "title", "upper", "mixed",
        "digits", "not_ascii", "most_frequent", "candidates", "readable_shapes", "begins_sentence", "margin",
        "names_beside", "not_in_vocabulary", "strange", "strange_meant", "begins_alike", "ends_alike", "moved",
        "same_letters", "vowels", "stem_before", "stem_behind", "often",
    )
)  # fmt: skip
#: Two tokens with a hyphen between that are one word. n-grams with the whole and with its two parts; the frequency of
#: the whole, and of those parts that are words; whether a hyphen (always), or a blank, is between; lengths; whether it
#: begins with a capital.
JOINED = Columns(
    (
        "whole", "left_whole", "whole_right", "left_whole_right", "two_left_whole", "whole_two_right", "one_two",
        "one_hyphen_two", "left_one", "two_right", "zipf", "one_zipf", "two_zipf", "hyphen", "blank", "one_length",
        "two_length", "title",
    )
)  # fmt: skip
#: Words in a row whose blanks are others: what their words gain; what blanks lost and blanks too many cost in the state
#: of the text; how many of either; words that no lexicon has, then and now; the rarest and the shortest word; letters;
#: whether a letter on its own is joined; words of grammar among new and old ones, prefixes among the new; capitals; how
#: damaged the text is.
SPACES = Columns(
    (
        "gain", "lost", "torn", "inserted", "removed", "new_unknown", "old_unknown", "rarest", "shortest", "letters",
        "lone", "function", "old_function", "prefix", "title", "upper", "damage",
    )
)  # fmt: skip
#: The types of error between two words of a confusion set, by their bits.
ERROR_BITS = ("letter", "shape", "moved", "sound")
#: A word that may have been meant as another: n-grams with what stands, and with the candidate; the type of error.
CONTEXT = Columns((*(f"stands_{name}" for name in NGRAMS), *(f"meant_{name}" for name in NGRAMS), *ERROR_BITS))
#: What the two words are: the type of error, the length of the word, whether it begins a sentence with a capital; how
#: frequent both are in the language at large, by how much the other one is more frequent, and by how much each is rarer
#: in the counted text.
PAIR = Columns((*ERROR_BITS, "length", "title", "stands_zipf", "meant_zipf", "lift", "stands_gap", "meant_gap"))
#: What is cheapest to know of a candidate, by which most are dropped at once.
SCREEN = Columns(
    ("stands_left", "stands_right", "stands_two_left", "stands_two_right", "meant_left", "meant_right", *PAIR)
)
#: n-grams and the two words, with the log-odds that n-grams and window give the candidate, and by how much these are
#: above those of the next candidate; how many candidates the place has; how often both words stand elsewhere in the
#: same text.
GATE = Columns(
    (
        *CONTEXT[: -len(ERROR_BITS)], *PAIR, "ngram_odds", "window_odds", "ngram_margin", "window_margin", "rivals",
        "stands_in_text", "meant_in_text",
    )
)  # fmt: skip
#: The log-odds of the encoder; by how much the word that stands is rarer in the counted text than in the language at
#: large; how much more frequent the candidate is, and how frequent the word is (Zipf); window and n-grams.
ENCODER = Columns(("encoder_odds", "gap", "lift", "zipf", "window_odds", "ngram_odds"))
#: The log-odds of the judge, and those of the encoder; gap, lift and frequency as above.
JUDGE = Columns(("judge_odds", "encoder_odds", "gap", "lift", "zipf"))
#: Where a feature tells no more.
RANGES: dict[str, tuple[float, float]] = {
    "judge_odds": (-8, 12), "encoder_odds": (-6, 8), "gap": (0, 8), "lift": (-2, 4), "zipf": (3, 7),
    "window_odds": (-4, 6), "ngram_odds": (-6, 4),
}  # fmt: skip

#: A single word of damaged text: the same, and how damaged the text is.
DAMAGED = Columns((*SINGLE, "damage"))

#: What each scorer weighs.
SCORERS = {
    "single": SINGLE, "damaged": DAMAGED, "joined": JOINED, "spaces": SPACES, "context": CONTEXT, "screen": SCREEN,
    "gate": GATE, "encoder": ENCODER, "judge": JUDGE,
}  # fmt: skip


def context_counts(
    ngrams: NGrams, batch: Batch, places: NDArray[Any], words: NDArray[Any], names: Sequence[str] = NGRAMS
) -> Array:
    """log2(1 + count) of patterns, by their `names`, with `words` (ids) at `places`: (len(places), len(names))."""
    columns = {offset: batch.beside(places, offset) for offset in (-3, -2, -1, 1, 2, 3)}
    columns[0] = words.astype(np.uint64)
    counts = np.empty((len(places), len(names)), np.float32)
    for i, name in enumerate(names):
        counts[:, i] = ngrams.counts([columns[offset] for offset in PATTERNS[name]])
    np.log2(1 + counts, out=counts)
    return counts


def margin(scores: NDArray[Any], owner: NDArray[Any], most: float) -> Array:
    """By how much each score is above the best other one of its owner (numbers from 0, all in use, in any order).

    Negative for all but the best; clipped at `most` either way, which is what a score without a rival has.
    """
    if not len(scores):
        return np.zeros(0, np.float32)
    order = np.lexsort((-scores, owner))
    sizes = np.bincount(owner)
    firsts = np.cumsum(sizes) - sizes
    best = scores[order[firsts]]
    second = np.where(sizes > 1, scores[order[np.minimum(firsts + 1, len(order) - 1)]], best - most)
    margins = scores - best[owner]
    margins[order[firsts]] = best - second
    clipped: Array = np.clip(margins, -most, most).astype(np.float32)
    return clipped


def error_columns(errors: NDArray[np.int8]) -> dict[str, NDArray[np.bool_]]:
    """The columns that say which type of error leads from a token to a candidate."""
    return {error.name.lower(): errors == error for error in list(ErrorType)[: ErrorType.LETTER + 1]}


def error_bits(bits: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The columns that say which types of error are between two words of a confusion set."""
    return {name: (bits >> bit) & 1 for bit, name in enumerate(ERROR_BITS)}
