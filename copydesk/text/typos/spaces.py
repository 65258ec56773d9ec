"""Blanks that are lost, or stand within words: decided for a stretch of words at once.

Only stretches with a word that no lexicon knows, a letter on its own, or two words that would be a third and were never
counted in a row are opened; in a text without blanks, all of it. `lattice` finds the cheapest way to cut a stretch into
words. Each difference from what stands is a finding of its own, with features that say what it gains and costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import DIGITS, FOREIGN, KNOWN, LOWER, MIXED, SHORT, TITLE, UPPER, WORD, Batch
from copydesk.text.typos.errors import Corrections, ErrorType
from copydesk.text.typos.features import SPACES
from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lattice import Channel, Run
from copydesk.text.typos.lexicon import ORDINARY
from copydesk.text.typos.segmenter import Segmenter
from copydesk.text.typos.state import USUAL, State

#: A word that two tokens may be together is at least so frequent (Zipf); the two were counted in a row less often.
_LEAST_ZIPF, _SELDOM = 2.5, 4
#: A text without blanks is one where so many of the words found are words of grammar: code has none.
_PROSE = 0.15
_LONGEST_GRAMMAR = 8
#: Of more words run together each blank is a change of its own, and of all in a text without blanks.
_MANY = 4
#: Tokens of a stretch, at most, beside texts without blanks; letters of a token that may be part of a word.
_LONGEST, _FEW_LETTERS = 40, 2
#: Letters of a stretch, at most: hardly a sentence has more between two marks, and each takes the time of many others.
_MOST_LETTERS = 1_000


def found(batch: Batch, segmenter: Segmenter, state: State, fixed: NDArray[np.bool_]) -> Corrections:
    """Words run together and torn apart, with features (`features.SPACES`). `fixed` marks tokens that nothing
    touches.
    """
    tokens, types = batch.token_types.tokens, batch.types
    cuts: list[_Cut] = []
    for first, last in _stretches(batch, segmenter, state, fixed):
        words = [tokens[number] for number in types[first : last + 1].tolist()]
        bounds = np.cumsum([0, *map(len, words)]).tolist()
        run = Run("".join(words), frozenset(bounds[1:-1]), int(batch.ids[first + 2]), int(batch.ids[last + 4]))
        text = int(batch.text[first])
        cuts.append(_Cut(text, first, run, state.channel(text), bounds, bool(state.spaceless[text])))
    ways = segmenter.segment([cut.run for cut in cuts], [cut.channel for cut in cuts])
    code = _code(cuts, ways, segmenter.grammar)
    changes = [
        change
        for cut, way in zip(cuts, ways, strict=True)
        if not state.spaceless[cut.text] or cut.text not in code
        for change in cut.changes(way)
        if cut.spaceless or not _divides_name(change)
    ]
    return _candidates(batch, segmenter, state, changes)


def _divides_name(change: _Change) -> bool:
    """Whether one word that begins with a capital and has another within would be several: "WatchKit"."""
    (word, *more), parts = change.old, change.new
    capitals = word[:1].isupper() and not word.isupper() and any(letter.isupper() for letter in word[1:])
    return capitals and not more and len(parts) > 1


def _code(cuts: list[_Cut], ways: list[list[int]], grammar: Grammar) -> frozenset[int]:
    """Texts whose words, once cut, are hardly ever words of grammar."""
    words: Counter[int] = Counter()
    plain: Counter[int] = Counter()
    for cut, way in zip(cuts, ways, strict=True):
        found = [cut.run.letters[a:b].lower() for a, b in pairwise([0, *way, len(cut.run.letters)])]
        words[cut.text] += len(found)
        plain[cut.text] += sum(word in grammar.function_words for word in found)
    return frozenset(text for text, count in words.items() if plain[text] < _PROSE * count)


# --- Which stretches are opened --------------------------------------------------------------------------------------


def _stretches(batch: Batch, segmenter: Segmenter, state: State, fixed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first and the last token of each stretch that is opened."""
    linked, odd, opens = _suspects(batch, segmenter, state, fixed)
    suspicious = odd | opens
    stretches: list[tuple[int, int]] = []

    def fits(first: int, last: int) -> bool:
        return last - first <= _LONGEST and int(batch.end[last] - batch.start[first]) <= _MOST_LETTERS

    for place in np.flatnonzero(opens).tolist():
        if stretches and place <= stretches[-1][1]:
            continue
        first = last = place
        while linked[last] and (suspicious[last] or suspicious[last + 1]) and fits(first, last + 1):
            last += 1
        least = stretches[-1][1] + 1 if stretches else 0
        while first > least and linked[first - 1] and suspicious[first] and fits(first - 1, last):
            first -= 1
        stretches.append((first, last))
    return stretches


def _suspects(
    batch: Batch, segmenter: Segmenter, state: State, fixed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each token: whether only a blank stands between it, a word, and the next one; whether it may be part of a
    word; whether it opens a stretch.
    """
    flags, size = batch.flags, batch.end - batch.start
    digits, short = (flags & DIGITS) > 0, (flags & SHORT) > 0
    spaceless, damaged = state.spaceless[batch.text], state.damaged[batch.text]
    word = ((flags & WORD) > 0) & ((flags & FOREIGN) == 0) & (~digits | spaceless) & ~fixed
    word &= size <= _MOST_LETTERS
    places = np.flatnonzero(word)
    word[places] &= batch.free(places) | spaceless[places]
    linked = np.zeros(len(batch), bool)
    linked[:-1] = word[:-1] & word[1:] & ~batch.glued[1:]
    unknown = word & ((flags & KNOWN) == 0)
    lower, mixed = (flags & LOWER) > 0, (flags & MIXED) > 0
    title = np.flatnonzero(unknown & ((flags & TITLE) > 0) & ~damaged)
    begins = np.zeros(len(batch), bool)
    begins[title] = batch.begins_sentence(title)
    # A capital within is a product's or a name's, unless a word of grammar stands before it: "aintheIndre".
    opens = unknown & (lower | begins | (damaged & ~mixed))
    functions = segmenter.grammar.function_words
    inside = np.flatnonzero(unknown & mixed).tolist()
    opens[[place for place in inside if _behind_grammar(batch.token(place), functions)]] = True
    opens |= word & (size == 1) & ~short & (lower | damaged)
    opens |= word & spaceless
    odd = word & (size <= _FEW_LETTERS) & ~short
    opens |= _torn(batch, segmenter, np.flatnonzero(linked))
    return linked, odd, opens


def _behind_grammar(token: str, function_words: frozenset[str]) -> bool:
    """Whether a word of grammar and a word with a capital are one token. More capitals are code: "showNumberOf"."""
    if not token[0].islower() or sum(map(str.isupper, token)) != 1:
        return False
    capital = next(at for at, letter in enumerate(token) if letter.isupper())
    return any(token[at:capital] in function_words for at in range(max(0, capital - _LONGEST_GRAMMAR), capital - 1))


def _torn(batch: Batch, segmenter: Segmenter, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tokens that are a word together with the one beside them, and seldom or never stand there on their own."""
    opens = np.zeros(len(batch), bool)
    pairs = pairs[(batch.flags[pairs + 1] & LOWER) > 0]
    pairs = pairs[segmenter.counted(batch.beside(pairs, 0), batch.beside(pairs, 1)) < _SELDOM]
    tokens, lexicon = batch.token_types.tokens, segmenter.lexicon
    ones, twos = batch.types[pairs].tolist(), batch.types[pairs + 1].tolist()
    for place, one, two in zip(pairs.tolist(), ones, twos, strict=True):
        entry = lexicon.get((tokens[one] + tokens[two]).lower())
        if entry is not None and entry.zipf >= _LEAST_ZIPF and entry.kind & ORDINARY:
            opens[place : place + 2] = True
    return opens


# --- What changes ----------------------------------------------------------------------------------------------------


class _Change(NamedTuple):
    """Letters from `start` to `end` of a stretch, that are `old` words, would be `new` ones, between two others ("" at
    an edge).
    """

    start: int
    end: int
    old: list[str]
    new: list[str]
    left: str
    right: str
    cut: _Cut

    @property
    def after(self) -> str:
        """What would stand there: of a change of one blank among many, the word before it and the blank."""
        one_of_many = len(self.new) > 1 and self.end - self.start == len(self.new[0])
        return f"{self.new[0]} " if one_of_many else " ".join(self.new)

    def apart(self) -> Iterator[_Change]:
        """A change for each blank that words run together lack, on the word before it."""
        start, words = self.start, ["", *self.new, ""]
        words[0], words[-1] = self.left, self.right
        for number in range(1, len(words) - 2):
            two = words[number : number + 2]
            end = start + len(two[0])
            yield _Change(start, end, ["".join(two)], two, words[number - 1], words[number + 2], self.cut)
            start = end


class _Cut(NamedTuple):
    """A stretch: its text and first token, its letters, and where its tokens begin and end among them."""

    text: int
    first: int
    run: Run
    channel: Channel
    bounds: list[int]
    spaceless: bool

    def changes(self, way: list[int]) -> Iterator[_Change]:
        """The differences between what stands and `way`, each between two places at which both have a blank."""
        letters, size = self.run.letters, len(self.run.letters)
        new = [0, *way, size]
        if new == self.bounds:
            return
        both = sorted(set(new) & set(self.bounds))
        for start, end in pairwise(both):
            inside = [[at for at in places if start <= at <= end] for places in (self.bounds, new)]
            if len(inside[0]) == len(inside[1]) == 2:
                continue
            old_words, new_words = ([letters[a:b] for a, b in pairwise(places)] for places in inside)
            before = max((at for at in new if at < start), default=start)
            behind = min((at for at in new if at > end), default=end)
            change = _Change(start, end, old_words, new_words, letters[before:start], letters[end:behind], self)
            many = len(new_words) > (1 if self.spaceless else _MANY)
            yield from change.apart() if many and len(old_words) == 1 else [change]

    def token(self, at: int) -> int:
        """The token in which a letter stands, counted from the first of the stretch."""
        return bisect_right(self.bounds, at) - 1


def _candidates(batch: Batch, segmenter: Segmenter, state: State, changes: list[_Change]) -> Corrections:
    pieces = [(change.new, change.old) for change in changes]
    cost = [
        segmenter.cost_between(words, change.left, change.right, change.cut.run, change.cut.channel)
        for change in changes
        for words in (change.new, change.old)
    ]
    first, start = _places(batch.start, [(change.cut, change.start) for change in changes])
    last, end = _places(batch.start, [(change.cut, change.end - 1) for change in changes])
    inserted = np.array([len(change.new) - len(set(_ends(change.new)) & set(_ends(change.old))) for change in changes])
    removed = np.array([len(change.old) - len(set(_ends(change.new)) & set(_ends(change.old))) for change in changes])
    prefixes, function = segmenter.grammar.prefixes, segmenter.grammar.function_words
    zipf = segmenter.lexicon.zipf
    flags = batch.flags
    features = SPACES.table(
        len(changes),
        {
            "gain": np.clip(np.array(cost[1::2]) - np.array(cost[::2]), -10, 40),
            "lost": np.array([change.cut.channel.lost for change in changes]) * inserted,
            "torn": np.minimum(40.0, np.array([change.cut.channel.torn for change in changes]) * removed),
            "inserted": np.minimum(inserted, 4),
            "removed": np.minimum(removed, 4),
            "new_unknown": [sum(segmenter.word(word) is None for word in new) for new, _ in pieces],
            "old_unknown": [sum(segmenter.word(word) is None for word in old) for _, old in pieces],
            "rarest": [min(zipf(word.lower()) for word in new) for new, _ in pieces],
            "shortest": [min(6, *map(len, new), 6) for new, _ in pieces],
            "letters": [min(16, sum(map(len, new))) for new, _ in pieces],
            "lone": [len(old) == 2 and len(new) == 1 and min(map(len, old)) == 1 for new, old in pieces],
            "function": [_has_grammar(new, segmenter.grammar) for new, _ in pieces],
            "old_function": [sum(word.lower() in function for word in old) for _, old in pieces],
            "prefix": [len(new) > 1 and any(word.lower() in prefixes for word in new[:-1]) for new, _ in pieces],
            "title": (flags[first] & TITLE) > 0,
            "upper": (flags[first] & (UPPER | MIXED)) > 0,
            "damage": np.log2(state.unknown[batch.text[first]] / USUAL),
        },
    )  # fmt: skip
    error = np.where(removed == 0, ErrorType.MERGED, np.where(inserted == 0, ErrorType.SPLIT, ErrorType.SPACES))
    after = [change.after for change in changes]
    return Corrections(first, last, start, end + 1, after, error.astype(np.int8), features)


def _has_grammar(words: list[str], grammar: Grammar) -> bool:
    """Whether a word of grammar is among words, and no particle the last of them, which makes a noun of a verb."""
    return any(w.lower() in grammar.function_words for w in words) and words[-1].lower() not in grammar.particles


def _places(starts: NDArray[np.int64], letters: list[tuple[_Cut, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens of letters of stretches, and where the letters stand in their texts."""
    within = [(cut.first + cut.token(at), at - cut.bounds[cut.token(at)]) for cut, at in letters]
    tokens, offsets = np.array(within, np.int64).reshape(len(within), 2).T
    return tokens, starts[tokens] + offsets


def _ends(words: list[str]) -> list[int]:
    """Where words end, counted in letters."""
    ends: list[int] = np.cumsum([len(word) for word in words]).tolist()
    return ends
