"""How strange a string looks as a word or name of a language: which letters follow which in its lexicon.

A surname that no lexicon has is spelt as names are ("Kassan"); what a scanner or a slip leaves of a word often is not
("Regimc", "interesdt").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

#: Letters that a letter is judged by, with itself; what sequences of two, three and four letters count; how often each
#: is taken to have been seen before it was counted.
ORDER = 4
_WEIGHTS = (0.1, 0.3, 0.6)
_BEFORE = 0.02
#: Steps of the table in a bit.
_STEPS = 16


class Spelling:
    """`surprise` is, for each sequence of `ORDER` letters, how unlikely its last one is behind the others, in
    sixteenths of a bit, uint8. A letter is a number from 1 on by its place in `alphabet`; 0 is the edge of a word, and
    the last number any other sign.
    """

    def __init__(self, surprise: NDArray[np.uint8], alphabet: str) -> None:
        self._size = len(alphabet) + 2
        if surprise.shape != (self._size**ORDER,):
            raise ValueError("spelling.npz was made with another alphabet")
        self.surprise = surprise
        self._number = _numbers(alphabet)

    @classmethod
    def counted(cls, words: Iterable[str], alphabet: str) -> Spelling:
        """From words in lower case, each counted once."""
        size = len(alphabet) + 2
        codes = _codes(words, _numbers(alphabet))
        every = np.arange(size**ORDER)
        chance = np.zeros(size**ORDER)
        for order, weight in zip(range(2, ORDER + 1), _WEIGHTS, strict=True):
            seen = np.bincount(_sequences(codes, size) % size**order, minlength=size**order) + _BEFORE
            share = (seen.reshape(-1, size) / seen.reshape(-1, size).sum(1, keepdims=True)).ravel()
            chance += weight * share[every % size**order]
        return cls(np.minimum(255, np.rint(-_STEPS * np.log2(chance))).astype(np.uint8), alphabet)

    def costs(self) -> NDArray[np.float32]:
        """The surprise of each letter behind three others, in nats: an array of four dimensions."""
        costs: NDArray[np.float32] = self.surprise.astype(np.float32) * np.float32(np.log(2) / _STEPS)
        return costs.reshape((self._size,) * ORDER)

    def numbers(self, letters: str) -> NDArray[np.int64]:
        """The number of each letter, given in lower case."""
        return _codes([letters], self._number)[ORDER - 1 : 1 - ORDER]

    def strangeness(self, strings: Sequence[str]) -> NDArray[np.float32]:
        """The surprise, in bits, of the two least likely letters of each string in lower case, of which its end is one.

        Nine in ten words of a lexicon have less than 12, names less than 14.
        """
        if not strings:
            return np.zeros(0, np.float32)
        surprise = self.surprise[_sequences(_codes(strings, self._number), self._size)].astype(np.float32) / _STEPS
        # Behind a string stand `ORDER - 1` edges, of which the first belongs to it.
        sizes = np.array([len(string) + ORDER - 1 for string in strings])
        firsts = np.cumsum(sizes) - sizes
        within = np.arange(len(surprise)) - np.repeat(firsts, sizes)
        surprise[within > np.repeat(sizes - ORDER + 1, sizes)] = 0
        most = np.maximum.reduceat(surprise, firsts)
        owner = np.repeat(np.arange(len(strings)), sizes)
        surprise[np.flatnonzero(surprise == most[owner])[_first_of(owner[surprise == most[owner]])]] = 0
        found: NDArray[np.float32] = most + np.maximum.reduceat(surprise, firsts)
        return found


def _first_of(owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of numbers in order are the first of their kind."""
    first: NDArray[np.bool_] = np.r_[True, owner[1:] != owner[:-1]]
    return first


def _numbers(alphabet: str) -> NDArray[np.int64]:
    """The number of each letter, by its code point; the last one is that of all further code points."""
    numbers = np.full(max(map(ord, alphabet)) + 2, len(alphabet) + 1, np.int64)
    numbers[[ord(letter) for letter in alphabet]] = np.arange(1, len(alphabet) + 1)
    numbers[0] = 0
    return numbers


def _codes(words: Iterable[str], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Words as numbers of letters, with `ORDER - 1` edges before the first, and behind each."""
    edges = "\0" * (ORDER - 1)
    text = edges + "".join([word + edges for word in words])
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return numbers[np.minimum(points, len(numbers) - 1)]


def _sequences(codes: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The number of the sequence of `ORDER` letters that ends with each letter from the `ORDER`-th on."""
    count = len(codes) - ORDER + 1
    number = np.zeros(count, np.int64)
    for offset in range(ORDER):
        number = number * size + codes[offset : offset + count]
    return number
