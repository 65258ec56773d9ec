"""A batch of texts as arrays of tokens, so that what is asked of every word is asked of all words at once.

Each distinct token is looked at once: its place in lexicon, vocabulary and confusion sets is written down under its
type, a small number. All else is arrays of types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lexicon import Lexicon
from copydesk.text.typos.tokens import EDGE, NAME, UNKNOWN, Tokenizer, key

# What a distinct token is, as bits of its flags.
BLANK = 1  # white space
BREAK = 2  # white space with a line break
LOWER = 4  # a word in lower case
TITLE = 8  # a word with a capital at its beginning only
UPPER = 16  # any other word with a capital, of more than one letter
MIXED = 32  # letters and digits, or letters of which the case changes within: "v0te", "kiIled"
WORD = LOWER | TITLE | UPPER | MIXED
KNOWN = 64  # the lexicon has it, as it is written or as a name
STOP = 128  # . ! ? and what else ends a sentence
JOINER = 256  # - / @ _ & and what else makes one thing of what stands on both sides
NUMBER = 512
FOREIGN = 1024  # letters that the language does not use
CLOSES = 4096  # ) and ]: a word glued behind one is the rest of another: "collaborat[ion]", "[I]ncreasingly"
OPENS = 8192  # ( and [
ABBREVIATED = 16384  # a dot behind it ends no sentence: "Gen.", "U.S."
BEGINS = 32768  # a word of grammar with a capital: behind "U.S." it begins a sentence, as other capitals do not
OPEN = 2048  # quotes and brackets: they may stand between the end of a sentence and its next beginning

_STOPS, _JOINERS = frozenset(".!?…"), frozenset("-–/@_&#+=\\~^|<>*'’")
_QUOTES = frozenset("\"'“”‘’«»()[]—-•")
_EDGES = ["\n"] * 4
#: Distinct tokens that are remembered from one batch to the next.
MOST_TYPES = 400_000


class TokenTypes(dict[str, int]):
    """The number of each distinct token, and what is known of it, in lists by that number.

    `sets` are the numbers of the words that have a confusion set.
    """

    def __init__(self, lexicon: Lexicon, vocabulary: Sequence[str], sets: Mapping[str, int], grammar: Grammar) -> None:
        super().__init__()
        self.lexicon = lexicon
        self.grammar = grammar
        self.tokenize = Tokenizer(grammar.clitics)
        self.vocabulary = {word: i for i, word in enumerate(vocabulary)}
        self.sets = sets
        self.edge = self.vocabulary[EDGE]
        self._unknown, self._name = self.vocabulary[UNKNOWN], self.vocabulary[NAME]
        self.tokens: list[str] = []
        self._ids: list[int] = []
        self._flags: list[int] = []
        self._set: list[int] = []
        self._possessive: list[bool] = []
        self._arrays: tuple[NDArray[Any], ...] = ()

    def forget(self) -> None:
        """Begin anew: what was read with these types is not to be asked any more."""
        self.clear()
        for known in (self.tokens, self._ids, self._flags, self._set, self._possessive):
            known.clear()
        self._arrays = ()

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self.tokens)
        self.tokens.append(token)
        counted = key(token)
        flags = _flags(token, self.grammar.script)
        if flags & WORD and self.lexicon.knows(token):
            flags |= KNOWN
        if token in self.grammar.abbreviations or (len(token) == 1 and token.isalpha()):
            flags |= ABBREVIATED
        if flags & TITLE and token.lower() in self.grammar.function_words:
            flags |= BEGINS
        default = self._name if token[0].isupper() else self._unknown
        self._ids.append(self.vocabulary.get(counted, default) if counted else self.edge)
        self._flags.append(flags)
        self._set.append(self.sets.get(counted, -1) if flags & (LOWER | TITLE) else -1)
        self._possessive.append(token[0] in "'’")
        return number

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """For each type: its id in the vocabulary (uint64), its flags (int32), its confusion set (int32; -1
        without), whether it begins with an apostrophe (bool).
        """
        known = len(self._arrays[0]) if self._arrays else 0
        if known < len(self.tokens):
            new: tuple[NDArray[Any], ...] = (
                np.array(self._ids[known:], np.uint64),
                np.array(self._flags[known:], np.int32),
                np.array(self._set[known:], np.int32),
                np.array(self._possessive[known:], bool),
            )
            # Most are known from the batches before.
            self._arrays = tuple(map(np.concatenate, zip(self._arrays, new, strict=True))) if known else new
        return self._arrays


def _flags(token: str, script: re.Pattern[str]) -> int:
    first = token[0]
    if first.isspace():
        return BLANK | BREAK if "\n" in token else BLANK
    if first.isalnum():
        if token.isdecimal() or (first.isdigit() and not any(c.isalpha() for c in token)):
            return NUMBER
        foreign = 0 if script.fullmatch(token) else FOREIGN
        if any(c.isdigit() for c in token):
            return MIXED | foreign
        if token.islower():
            return LOWER | foreign
        if first.isupper() and (len(token) == 1 or token[1:].islower()):
            return TITLE | foreign
        if token.isupper():
            return UPPER | foreign
        return MIXED | foreign
    flags = 0
    if first in _STOPS:
        flags |= STOP
    if first in _JOINERS:
        flags |= JOINER
    if first in _QUOTES:
        flags |= OPEN
    if first in ")]":
        flags |= CLOSES
    if first in "([":
        flags |= OPENS
    return flags


class Batch:
    """Texts as tokens. Arrays are of all tokens that are no blanks within a line, text after text, unless said
    otherwise.

    `types` holds their types, `ids` those of the vocabulary with three edges before and after, `sets` the numbers of
    their confusion sets (-1 without); `text` is the number of their text, `start` where they begin in it, `end` where
    they end. `glued` says that nothing stands between a token and the one before it, `possessive` that it begins with
    an apostrophe, `ends` that a sentence or a paragraph ends with a token.
    """

    def __init__(self, texts: Sequence[str], token_types: TokenTypes) -> None:
        if len(token_types.tokens) > MOST_TYPES:
            token_types.forget()
        # Edges between texts, as many as anybody looks back or ahead: no text has a neighbour.
        parts = [_EDGES + token_types.tokenize(text) for text in texts]
        sizes = np.fromiter(map(len, parts), np.int64, len(parts))
        self.texts = texts
        self.token_types = token_types
        every = np.fromiter(map(token_types.__getitem__, chain.from_iterable(parts)), np.int32, int(sizes.sum()))
        lengths = np.fromiter(map(len, chain.from_iterable(parts)), np.int64, len(every))
        del parts
        ids, flags, sets, possessive = token_types.arrays()
        ends = np.cumsum(lengths)
        firsts = np.cumsum(sizes) - sizes
        begins = ends - lengths
        kept = np.flatnonzero((flags[every] & (BLANK | BREAK)) != BLANK)
        self.types = every[kept]
        self.possessive = possessive[self.types]
        self.text = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)[kept]
        shift = (begins[firsts] + len(_EDGES))[self.text] if len(texts) else np.zeros(0, np.int64)
        self.start, self.end = begins[kept] - shift, ends[kept] - shift
        self.flags = flags[self.types]
        self.sets = sets[self.types]
        self.ids = np.concatenate(
            [np.full(3, token_types.edge, np.uint64), ids[self.types], np.full(3, token_types.edge, np.uint64)]
        )
        before = np.r_[0, kept[1:] - kept[:-1]]
        self.glued = (before == 1) & ((self.flags & BREAK) == 0)
        if len(kept):
            self.glued[1:] &= (self.flags[:-1] & BREAK) == 0
        self.ends = (self.flags & (STOP | BREAK)) > 0
        if len(kept):
            abbreviated = (self.types[1:] == token_types["."]) & ((self.flags[:-1] & ABBREVIATED) > 0)
            # A capital behind "U.S." or "5 p.m." is a name's, or the first of a sentence where it is a word of grammar.
            letter = self.end[:-1] - self.start[:-1] == 1
            begins = np.r_[(self.flags[2:] & BEGINS) > 0, True]
            self.ends[1:] &= ~(abbreviated & self.glued[1:]) | (letter & begins)

    def __len__(self) -> int:
        return len(self.types)

    def token(self, place: int) -> str:
        return str(self.token_types.tokens[self.types[place]])

    def beside(self, places: NDArray[Any], offset: int) -> NDArray[np.uint64]:
        """The ids `offset` tokens from `places`; edges beyond the ends. `offset` is at most 3 either way."""
        found: NDArray[np.uint64] = self.ids[places + (3 + offset)]
        return found

    def flags_beside(self, places: NDArray[Any], offset: int) -> NDArray[np.int32]:
        at = places + offset
        inside = (at >= 0) & (at < len(self))
        return np.where(inside, self.flags[np.clip(at, 0, max(0, len(self) - 1))], BLANK | BREAK)

    def begins_sentence(self, places: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a token is the first word of a sentence or paragraph."""
        before = self.flags_beside(places, -1)
        opened = (before & OPEN) > 0
        before = np.where(opened, self.flags_beside(places, -2), before)
        found: NDArray[np.bool_] = (before & (STOP | BREAK)) > 0
        return found

    def free(self, places: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether a token stands on its own: no hyphen, slash, @ or the like ties it to what is beside it."""
        left = self.glued[places] & ((self.flags_beside(places, -1) & (JOINER | WORD | NUMBER | CLOSES)) > 0)
        after = np.minimum(places + 1, max(0, len(self) - 1))
        right = self.glued[after] & (after != places)
        next_flags = self.flags_beside(places, 1)
        right &= (next_flags & (JOINER | WORD | NUMBER | OPENS)) > 0
        # A possessive, an apostrophe or a dot at the end of a word ties nothing.
        found: NDArray[np.bool_] = ~left & (~right | self.possessive[after])
        return found
