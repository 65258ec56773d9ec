"""A batch of texts as arrays of tokens, so that what is asked of every word is asked of all words at once.

Each distinct token is looked at once: its place in lexicon, vocabulary and confusion sets is written down under its
type, a small number. All else is arrays of types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

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
DIGITS = 65536  # a word with a digit in it
SHORT = 131072  # one of the few words of one or two letters that there are, in any case

_STOPS, _JOINERS = frozenset(".!?…"), frozenset("-–/@_&#+=\\~^|<>*'’")
_QUOTES = frozenset("\"'“”‘’«»()[]—-•")
#: Edges between texts, as many as anybody looks back or ahead: no text has a neighbour.
_EDGES = 4
#: Distinct tokens that are remembered from one batch to the next: 70 MB at most.
MOST_TYPES = 200_000


class _Columns(NamedTuple):
    """What is known of each type: its id in the vocabulary, its flags, its confusion set (-1 without), whether it
    begins with an apostrophe, its length.
    """

    ids: NDArray[np.uint64]
    flags: NDArray[np.int32]
    sets: NDArray[np.int32]
    possessive: NDArray[np.bool_]
    size: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, bool, int]]) -> _Columns:
        ids, *rest = zip(*rows, strict=True) if rows else [()] * len(cls._fields)
        kinds = (np.int32, np.int32, bool, np.int32)
        return cls(np.array(ids, np.uint64), *(np.array(x, kind) for x, kind in zip(rest, kinds, strict=True)))

    def with_more(self, rows: Sequence[tuple[int, int, int, bool, int]]) -> _Columns:
        more = _Columns.of(rows)
        return _Columns(*(np.concatenate([getattr(self, name), getattr(more, name)]) for name in self._fields))


class TokenTypes(dict[str, int]):
    """The number of each distinct token, and what is known of it, by that number.

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
        self._spaced = _Spaced(self)
        self.tokens: list[str] = []
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was read with these types is not to be asked any more."""
        for known in (self, self.tokens, self._spaced):
            known.clear()
        self._new: list[tuple[int, int, int, bool, int]] = []
        self._columns = _Columns.of(self._new)
        self._marked: dict[frozenset[str], NDArray[np.bool_]] = {}

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self.tokens)
        self.tokens.append(token)
        counted, grammar = key(token), self.grammar
        flags = _flags(token, grammar.script)
        if flags & WORD:
            lower = token.lower()
            if self.lexicon.knows(token):
                flags |= KNOWN
            if lower in grammar.short_words:
                flags |= SHORT
            # A word of grammar with a capital begins a sentence, as other capitals do not.
            if flags & TITLE and lower in grammar.function_words:
                flags |= BEGINS
        if token in grammar.abbreviations or (len(token) == 1 and token.isalpha()):
            flags |= ABBREVIATED
        default = self._name if token[0].isupper() else self._unknown
        id_ = self.vocabulary.get(counted, default) if counted else self.edge
        set_ = self.sets.get(counted, -1) if flags & (LOWER | TITLE) else -1
        self._new.append((id_, flags, set_, token[0] in "'’", len(token)))
        return number

    def columns(self) -> _Columns:
        """What is known of each type."""
        if self._new:
            # Most are known from the batches before.
            self._columns = self._columns.with_more(self._new)
            self._new = []
        return self._columns

    def marked(self, words: frozenset[str]) -> NDArray[np.bool_]:
        """Which types are one of `words`, as they are written."""
        marked = self._marked.get(words, np.zeros(0, bool))
        if len(marked) < len(self.tokens):
            new = self.tokens[len(marked) :]
            marked = np.concatenate([marked, np.fromiter(map(words.__contains__, new), bool, len(new))])
            self._marked[words] = marked
        return marked

    def read(self, text: str) -> NDArray[np.int32]:
        """The tokens of a text: twice the number of the type of each, and one more where one blank stands behind it."""
        tokens = self.tokenize.with_blanks(text)
        return np.fromiter(map(self._spaced.__getitem__, tokens), np.int32, len(tokens))


class _Spaced(dict[str, int]):
    """What `TokenTypes.read` makes of each token, with the blank behind it."""

    def __init__(self, types: TokenTypes) -> None:
        super().__init__()
        self._types = types

    def __missing__(self, token: str) -> int:
        spaced = token[-1] == " " and not token[0].isspace()
        number = self[token] = 2 * self._types[token[:-1] if spaced else token] + spaced
        return number


def _flags(token: str, script: re.Pattern[str]) -> int:
    first = token[0]
    if first.isspace():
        return BLANK | BREAK if "\n" in token else BLANK
    if first.isalnum():
        if token.isdecimal() or (first.isdigit() and not any(c.isalpha() for c in token)):
            return NUMBER
        foreign = 0 if script.fullmatch(token) else FOREIGN
        if not token.isalpha() and any(c.isdigit() for c in token):
            return MIXED | DIGITS | foreign
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
        edges = np.full(_EDGES, 2 * token_types["\n"], np.int32)
        parts = [part for text in texts for part in (edges, token_types.read(text))]
        sizes = np.fromiter(map(len, parts), np.int64, len(parts)).reshape(-1, 2).sum(1)
        spaced = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        del parts
        known = token_types.columns()
        types, blank = spaced >> 1, (spaced & 1).astype(bool)
        ends = np.cumsum(known.size[types] + blank, dtype=np.int64)
        begins = ends - known.size[types] - blank
        firsts = np.cumsum(sizes) - sizes
        kept = np.flatnonzero((known.flags[types] & (BLANK | BREAK)) != BLANK)
        self.texts = texts
        self.token_types = token_types
        self.types = types[kept]
        self.possessive = known.possessive[self.types]
        self.text = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)[kept]
        shift = (begins[firsts] + _EDGES)[self.text] if len(texts) else np.zeros(0, np.int64)
        self.start, self.end = begins[kept] - shift, ends[kept] - blank[kept] - shift
        self.flags = known.flags[self.types]
        self.sets = known.sets[self.types]
        self.ids = np.full(len(kept) + 6, token_types.edge, np.uint64)
        self.ids[3:-3] = known.ids[self.types]
        before = kept[1:] - kept[:-1]
        self.glued = (self.flags & BREAK) == 0
        if len(kept):
            self.glued[0] = False
            self.glued[1:] &= (before == 1) & ~blank[kept[:-1]] & ((self.flags[:-1] & BREAK) == 0)
        self.ends = (self.flags & (STOP | BREAK)) > 0
        if len(kept):
            abbreviated = (self.types[1:] == token_types["."]) & ((self.flags[:-1] & ABBREVIATED) > 0)
            # A capital behind "U.S." or "5 p.m." is a name's, or the first of a sentence where it is a word of grammar.
            letter = self.end[:-1] - self.start[:-1] == 1
            begins = np.r_[(self.flags[2:] & BEGINS) > 0, True]
            self.ends[1:] &= ~(abbreviated & self.glued[1:]) | (letter & begins)

    def __len__(self) -> int:
        return len(self.types)

    @cached_property
    def breaks(self) -> NDArray[np.int64]:
        """The tokens with a line break."""
        return np.flatnonzero(self.flags & BREAK)

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
