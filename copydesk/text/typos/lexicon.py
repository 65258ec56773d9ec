"""The lexicon: which words there are, how frequent they are, and whether they are names."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# What a word is, as bits. A rare one is in no word list, and yet is written here and there.
ORDINARY, PROPER, RARE = 1, 2, 4
_LETTERS = {"w": ORDINARY, "n": PROPER, "r": RARE}
_ANY = ORDINARY | PROPER | RARE
#: From this Zipf frequency on, what no list has is known all the same: slang, brands, words of other languages.
KNOWN_RARE = 3.6
#: From this one on it is known as a name: scanned books have left their errors among the rarest ("Tlie").
RARE_NAME = 2.5


class Word(NamedTuple):
    """`zipf` is the logarithm of the occurrences in a billion words, to the base 10; `kind` the bits of what it is."""

    zipf: float
    kind: int


#: What is said of words: of the frequency times ten and the kind, in one number.
_WORDS = [Word(zipf / 10, kind) for zipf in range(100) for kind in range(_ANY + 1)]


class Lexicon:
    """Words by their form in lower case, with straight apostrophes.

    `text` has lines of word, Zipf frequency times ten and kinds (`w`, `n`, `r`), with tabs between them; no word stands
    there twice. Raises ValueError for other text.

    It stays that text, with a table of hashes beside it: a dictionary of hundreds of thousands of words takes 40 MB,
    and 60 while it is made, in every process.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text if text.endswith("\n") or not text else f"{text}\n"
        start, end, code = _lines(self.text)
        # Before the first word stands one for "none", so that 0 is an empty slot; single numbers are taken faster of
        # views than of arrays.
        self._start: Any = np.append(0, start).astype(np.uint32).data
        self._end: Any = np.append(0, end).astype(np.uint32).data
        self._code: Any = np.append(0, code).astype(np.uint16).data
        self._mask = (1 << (2 * len(code)).bit_length()) - 1
        homes = np.fromiter(map(hash, self), np.int64, len(self)) & self._mask
        self._slots: Any = _slots(homes, self._mask + 1).data

    def __len__(self) -> int:
        return len(self._code) - 1

    def __iter__(self) -> Iterator[str]:
        return (self.text[start:end] for start, end in zip(self._start[1:], self._end[1:], strict=True))

    def get(self, word: str) -> Word | None:
        """What a form in lower case is; None for what is not there."""
        at = hash(word) & self._mask
        while number := self._slots[at]:
            if self.text[self._start[number] : self._end[number]] == word:
                found: Word = _WORDS[self._code[number]]
                return found
            at += 1
        return None

    def __contains__(self, word: Any) -> bool:
        return self.get(word) is not None

    def __getitem__(self, word: str) -> Word:
        """What a form in lower case is. Raises KeyError for what is not there."""
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return found

    def items(self) -> Iterator[tuple[str, Word]]:
        """All words, and what they are."""
        return zip(self, map(_WORDS.__getitem__, self._code[1:]), strict=True)

    def words(self, least: float, kinds: int = _ANY) -> list[str]:
        """The words that are at least so frequent, and of one of some kinds, in order."""
        fits = np.array([word.zipf >= least and word.kind & kinds > 0 for word in _WORDS])
        numbers = np.flatnonzero(fits[np.asarray(self._code[1:])]) + 1
        return [self.text[self._start[number] : self._end[number]] for number in numbers.tolist()]

    def without(self, words: Container[str]) -> Lexicon:
        """The lexicon without some words."""
        lines = self.text.splitlines(keepends=True)
        return Lexicon("".join(line for word, line in zip(self, lines, strict=True) if word not in words))

    def replaced(self, other: Lexicon) -> Lexicon:
        """The lexicon with all words of another one, which stand there as they do in that."""
        return Lexicon(self.without(other).text + other.text)

    def knows(self, token: str) -> bool:
        """Whether a token, as it is written, is a word or a name. A name in lower case is none ("thc" for "the")."""
        word = self.get(token.lower().replace("’", "'"))
        if word is None:
            return False
        if word.kind & ORDINARY:
            return True
        if token.islower():
            return word.zipf >= KNOWN_RARE and word.kind & PROPER == 0
        return word.kind & PROPER > 0 or word.zipf >= RARE_NAME

    def zipf(self, word: str) -> float:
        """The Zipf frequency of a form in lower case; 0 for what is not there."""
        found = self.get(word)
        return found.zipf if found else 0.0


def _lines(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where the word of each line begins and ends, and its place in `_WORDS`.

    All lines at once: there are hundreds of thousands of them, and every start of a process waits for them.
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    tabs, ends = np.flatnonzero(points == ord("\t")), np.flatnonzero(points == ord("\n"))
    if len(tabs) != 2 * len(ends):
        raise ValueError("a line of the lexicon has not three fields")
    start, first, second = np.append(0, ends + 1)[:-1], tabs[::2], tabs[1::2]
    digits, letters = second - first - 1, ends - second - 1
    if not ((start <= first) & (digits > 0) & (digits <= 2) & (letters > 0) & (letters <= 2)).all():
        raise ValueError("a line of the lexicon has other fields than word, frequency and kinds")
    tens, ones = (points[at].astype(np.int64) - ord("0") for at in (first + 1, second - 1))
    kinds = np.zeros(128, np.int64)
    kinds[[ord(letter) for letter in _LETTERS]] = list(_LETTERS.values())
    some, more = (kinds[np.minimum(points[at], 127)] for at in (second + 1, ends - 1))
    if not ((tens >= 0) & (tens <= 9) & (ones >= 0) & (ones <= 9) & (some > 0) & (more > 0)).all():
        raise ValueError("a line of the lexicon has a frequency that is no number, or a kind that is none")
    zipf = np.where(digits == 2, 10 * tens, 0) + ones
    return start, first, zipf * (_ANY + 1) + (some | more)


def _slots(home: NDArray[np.int64], count: int) -> NDArray[np.uint32]:
    """A hash table of `count` slots and more: each of the numbers from 1 on stands in its `home` slot or, where that is
    taken, in one behind it, with no empty one between.
    """
    order = np.argsort(home, kind="stable")
    each = np.arange(len(home))
    at = np.maximum.accumulate(home[order] - each) + each
    slots = np.zeros(max(count, at.max(initial=0) + 1) + 1, np.uint32)
    slots[at] = order + 1
    return slots
