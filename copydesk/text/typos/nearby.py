"""Words that differ from a string by a few letters: an index of the lexicon that is scanned, many strings at a time.

A scan compares the letters that occur in a string with those of each word of about its length, as bits, and computes
the distance of the few words that are left: Damerau's, each pair of neighbours swapped at most once, by the bit vectors
of Hyyrö (2003), for all of them at once. Built in some 50 ms when it is first asked, in 2 MB; a string takes about 0.1
ms, where an index of deletions (SymSpell) would take a second to build and 30 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Longer strings are not looked up, nor longer words found.
LONGEST = 24
#: Strings looked up together: bounds the memory of a scan.
TOGETHER = 256


class Near(NamedTuple):
    """Pairs found: which string, which word, and how many letters apart."""

    string: NDArray[np.int64]
    word: NDArray[np.int64]
    distance: NDArray[np.int64]


class NearbyWords:
    """An index of `words`, in letters of `alphabet` only; words with others, and those that are too long, are left
    out."""

    def __init__(self, words: Sequence[str], alphabet: str) -> None:
        self._number = np.zeros(max(map(ord, alphabet)) + 2, np.uint8)
        self._number[[ord(letter) for letter in alphabet]] = np.arange(1, len(alphabet) + 1)
        letters = frozenset(alphabet)
        kept = [i for i, word in enumerate(words) if len(word) <= LONGEST and letters.issuperset(word)]
        lengths = np.array([len(words[i]) for i in kept], np.int64)
        order = np.argsort(lengths, kind="stable")
        self._word = np.array(kept, np.int64)[order]
        self._length = lengths[order]
        self._letters = self._spelt([words[i] for i in self._word.tolist()])
        self._bits = _bits(self._letters)
        # Where words of each length begin.
        self._begin = np.searchsorted(self._length, np.arange(LONGEST + 2))

    def _spelt(self, words: Sequence[str]) -> NDArray[np.uint8]:
        """Words as rows of letter numbers, with 0 behind their ends and for strange letters."""
        padded = "".join([word.ljust(LONGEST, "\0") for word in words]).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(padded, np.uint32).reshape(len(words), LONGEST)
        return self._number[np.minimum(points, len(self._number) - 1)]

    def __call__(self, strings: Sequence[str], most: int = 2) -> Near:
        """The words that are at most `most` letters away from each of `strings`, string after string."""
        parts = [self._near(strings[i : i + TOGETHER], i, most) for i in range(0, len(strings), TOGETHER)]
        if not parts:
            return Near(*(np.zeros(0, np.int64) for _ in Near._fields))
        return Near(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _near(self, strings: Sequence[str], shift: int, most: int) -> Near:
        spelt = self._spelt([string[:LONGEST] for string in strings])
        bits = _bits(spelt)
        rows, owners = [], []
        for number, string in enumerate(strings):
            if not 0 < len(string) <= LONGEST:
                continue
            first = self._begin[max(0, len(string) - most)]
            last = self._begin[min(LONGEST, len(string) + most) + 1]
            theirs, mine = self._bits[first:last], bits[number]
            # An edit brings in one letter, and takes out one, at most.
            found = np.flatnonzero(np.bitwise_count(theirs & ~mine) <= most)
            found = found[np.bitwise_count(mine & ~theirs[found]) <= most] + first
            rows.append(found)
            owners.append(np.full(len(found), number))
        if not rows:
            return Near(*(np.zeros(0, np.int64) for _ in Near._fields))
        row, owner = np.concatenate(rows), np.concatenate(owners)
        lengths = np.array([len(string) for string in strings], np.int64)
        apart = _distances(spelt, lengths, owner, self._letters[row], self._length[row])
        near = apart <= most
        return Near(owner[near] + shift, self._word[row[near]], apart[near])


def _bits(spelt: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The letters that occur in each row, as bits."""
    bits = np.zeros(len(spelt), np.uint32)
    for column in spelt.T:
        bits |= np.where(column > 0, np.uint32(1) << (column.astype(np.uint32) & 31), np.uint32(0))
    return bits


def _distances(
    patterns: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    owner: NDArray[np.int64],
    words: NDArray[np.uint8],
    lengths: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The distance of each of `words` from the pattern of its `owner`."""
    one = np.uint32(1)
    # For each pattern and letter the places where it stands, as bits. Letter 0 stands nowhere.
    places = np.zeros((len(patterns), 32), np.uint32)
    for column in range(patterns.shape[1]):
        places[np.arange(len(patterns)), patterns[:, column]] |= one << np.uint32(column)
    places[:, 0] = 0
    high = (sizes[owner] - 1).astype(np.uint32)
    up = np.full(len(owner), np.uint32(0xFFFFFFFF))
    down, diagonal, before = (np.zeros(len(owner), np.uint32) for _ in range(3))
    distance = sizes[owner].copy()
    found = distance.copy()
    for column in range(int(lengths.max(initial=0))):
        here: NDArray[Any] = places[owner, words[:, column]]
        swapped = ((~diagonal & here) << one) & before
        diagonal = (((here & up) + up) ^ up) | here | down | swapped
        plus, minus = down | ~(diagonal | up), diagonal & up
        distance += ((plus >> high) & one).astype(np.int64)
        distance -= ((minus >> high) & one).astype(np.int64)
        plus, minus = (plus << one) | one, minus << one
        up, down, before = minus | ~(diagonal | plus), plus & diagonal, here
        ends = lengths == column + 1
        found[ends] = distance[ends]
    return found
