"""Words that are one slip away from a string: a letter more, fewer, other or swapped, or a mistaken shape.

A string has hundreds of variants, and hardly any is a word. So none is spelt out before its hash says that it may be
one: hashes are polynomials of the letters (Karp and Rabin 1987), and those of all variants of many strings follow from
sums over the letters of the strings.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

#: Letters of a string, and of a word, at most.
LONGEST = 64
#: Slots of the table for each word: it says of so many variants but one that they are none.
_SLOTS = 20
_BASE, _HALF, _MIX = 0x9E3779B97F4A7C15, np.uint64(32), np.uint64(0xC2B2AE3D27D4EB4F)
#: Powers of the base, and those that move the end of a string by up to so many letters either way.
_MOST_MOVED = 4
_POWERS = np.array([pow(_BASE, n, 2**64) for n in range(LONGEST + _MOST_MOVED + 1)], np.uint64)
_MOVES = np.array([pow(_BASE, n, 2**64) for n in range(-_MOST_MOVED, _MOST_MOVED + 1)], np.uint64)
#: Strings that are looked up together, and words whose hashes are made together: bounds the memory of either.
TOGETHER, _WORDS_TOGETHER = 512, 8_192


class _Strings(NamedTuple):
    """Strings letter by letter, each with an edge behind it: the number of the string, the place in it, whether it is
    the edge, the code point (0 for an edge), a number for it, the power of the place; the hash of what stands before it
    in its string, and that of the string.
    """

    owner: NDArray[np.int64]
    at: NDArray[np.int64]
    edge: NDArray[np.bool_]
    letter: NDArray[np.uint32]
    value: Hashes
    power: Hashes
    before: Hashes
    whole: Hashes

    @classmethod
    def of(cls, strings: Sequence[str]) -> _Strings:
        letter = _code_points("\0".join([*strings, ""]))
        size = np.fromiter(map(len, strings), np.int64, len(strings)) + 1
        owner = np.repeat(np.arange(len(strings)), size)
        first = np.cumsum(size) - size
        at = np.arange(len(letter)) - first[owner]
        edge = at == size[owner] - 1
        value, power = np.where(edge, np.uint64(0), _values(letter)), _POWERS[at]
        summed = np.cumsum(value * power)
        before = summed - value * power
        start = before[first]
        return cls(owner, at, edge, letter, value, power, before - start[owner], (before[edge] - start)[owner])

    def behind(self, index: NDArray[np.int64], moved: Any) -> Hashes:
        """The hash of what stands from `index` on, `moved` by some letters."""
        hashes: Hashes = (self.whole[index] - self.before[index]) * _MOVES[moved + _MOST_MOVED]
        return hashes

    def places(self, index: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """The string and the place in it of each of some letters."""
        return zip(self.owner[index].tolist(), self.at[index].tolist(), strict=True)


class _Shapes(NamedTuple):
    """Pairs of shapes, ordered by the first letter of what stands: the pairs; the letters of what stands (0 behind its
    end); sizes of both; the hash of what was meant; for each letter, the first of its pairs, and how many there are.
    """

    pairs: list[tuple[str, str]]
    old: NDArray[np.uint32]
    old_size: NDArray[np.int64]
    new_size: NDArray[np.int64]
    new: Hashes
    first: NDArray[np.int64]
    many: NDArray[np.int64]

    @classmethod
    def of(cls, shapes: Iterable[tuple[str, str]]) -> _Shapes:
        pairs = sorted(shapes)
        width = max((len(old) for old, _ in pairs), default=1)
        old = _code_points("".join(old.ljust(width, "\0") for old, _ in pairs)).reshape(len(pairs), width)
        count = np.bincount(old[:, 0].astype(np.int64), minlength=1)
        count = np.append(count, 0)  # for all letters beyond
        sizes = np.array([(len(old), len(new)) for old, new in pairs], np.int64).reshape(len(pairs), 2)
        new = _hashes([new for _, new in pairs])
        return cls(pairs, old, sizes[:, 0], sizes[:, 1], new, np.cumsum(count) - count, count)

    def of_letters(self, letter: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs that begin with each of some letters: (index into `letter`, number of the pair)."""
        kind = np.minimum(letter, len(self.many) - 1)
        count = self.many[kind]
        index = np.repeat(np.arange(len(letter)), count)
        return index, np.arange(len(index)) + np.repeat(self.first[kind] - (np.cumsum(count) - count), count)


class _Change(NamedTuple):
    """In string number `owner`, `size` letters from `at` on would be `new`."""

    owner: int
    at: int
    size: int
    new: str


class Slips:
    """Looks for variants among `words`, of up to `LONGEST` letters. `shapes` are pairs: what stands, what was meant.

    `known` are these words and perhaps others, where they are kept already.
    """

    def __init__(
        self, words: Iterable[str], shapes: Iterable[tuple[str, str]] = (), known: Container[str] | None = None
    ) -> None:
        some = list(words)
        self._words = frozenset(some) if known is None else known
        self._shapes = _Shapes.of(shapes)
        parts = (some[first : first + _WORDS_TOGETHER] for first in range(0, len(some), _WORDS_TOGETHER))
        self._hashes = np.sort(np.concatenate([_hashes([]), *map(_hashes, parts)]))
        bits = (_SLOTS * len(self._hashes)).bit_length()
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, bool)
        self._table[self._hashes * _MIX >> self._shift] = True

    def of_letters(self, strings: Sequence[str], alphabet: str) -> list[list[str]]:
        """For each string, the words with one letter more, fewer, other, or swapped with its neighbour, in order.

        Letters that are more, or other, are those of `alphabet`. Raises IndexError for strings that are too long.
        """
        parts = (strings[first : first + TOGETHER] for first in range(0, len(strings), TOGETHER))
        return [one for part in parts for one in self._found(part, self._letters(part, alphabet))]

    def of_shapes(self, strings: Sequence[str], first: Sequence[int]) -> list[list[str]]:
        """For each string, the words with one shape for another from its `first` place on, in order.

        Raises IndexError for strings that are too long.
        """
        parts = (slice(start, start + TOGETHER) for start in range(0, len(strings), TOGETHER))
        return [one for part in parts for one in self._found(strings[part], self._mistaken(strings[part], first[part]))]

    def _found(self, strings: Sequence[str], changes: Iterable[_Change]) -> list[list[str]]:
        found: list[set[str]] = [set() for _ in strings]
        for owner, at, size, new in changes:
            text = strings[owner]
            variant = text[:at] + new + text[at + size :]
            if variant in self._words and variant != text:
                found[owner].add(variant)
        return [sorted(some) if some else [] for some in found]

    def _letters(self, strings: Sequence[str], alphabet: str) -> Iterator[_Change]:
        """Changes of a letter that may make words."""
        s = _Strings.of(strings)
        inner = np.flatnonzero(~s.edge)
        _, places = self._hits(s.before[inner] + s.behind(inner + 1, -1), inner)
        yield from (_Change(owner, at, 1, "") for owner, at in s.places(places))
        pair = inner[~s.edge[inner + 1]]
        change = (s.value[pair + 1] - s.value[pair]) * s.power[pair]
        _, places = self._hits(s.whole[pair] + change - change * _MOVES[_MOST_MOVED + 1], pair)
        yield from (_Change(owner, at, 2, strings[owner][at : at + 2][::-1]) for owner, at in s.places(places))
        value = _values(_code_points(alphabet))[:, None]
        letters, places = self._hits(s.whole[inner] + (value - s.value[inner]) * s.power[inner], inner)
        yield from (
            _Change(owner, at, 1, alphabet[x]) for x, (owner, at) in zip(letters, s.places(places), strict=True)
        )
        every = np.arange(len(s.at))
        letters, places = self._hits(s.before + value * s.power + s.behind(every, 1), every)
        yield from (
            _Change(owner, at, 0, alphabet[x]) for x, (owner, at) in zip(letters, s.places(places), strict=True)
        )

    def _mistaken(self, strings: Sequence[str], first: Sequence[int]) -> Iterator[_Change]:
        """Changes of a shape that may make words."""
        s, shapes = _Strings.of(strings), self._shapes
        asked = np.flatnonzero(s.at >= np.asarray(first)[s.owner])
        index, pair = shapes.of_letters(s.letter[asked])
        index = asked[index]
        fits = np.ones(len(index), bool)
        for place in range(1, shapes.old.shape[1]):
            letter = shapes.old[pair, place]
            fits &= (letter == 0) | (letter == s.letter[np.minimum(index + place, len(s.letter) - 1)])
        index, pair = index[fits], pair[fits]
        behind = s.behind(index + shapes.old_size[pair], shapes.new_size[pair] - shapes.old_size[pair])
        hits, places = self._hits(s.before[index] + shapes.new[pair] * s.power[index] + behind, index)
        for number, (owner, at) in zip(pair[hits].tolist(), s.places(places), strict=True):
            old, new = shapes.pairs[number]
            yield _Change(owner, at, len(old), new)

    def _hits(self, hashes: Hashes, places: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
        """Which rows of hashes (rows, places), or hashes of places, are those of words, and at which places."""
        hits = np.nonzero(self._table[hashes * _MIX >> self._shift])
        asked = hashes[hits]
        at = np.minimum(np.searchsorted(self._hashes, asked), max(0, len(self._hashes) - 1))
        right = self._hashes[at] == asked if len(asked) else np.zeros(0, bool)
        return hits[0][right].tolist(), places[hits[-1][right]]


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _values(letters: NDArray[np.uint32]) -> Hashes:
    """A number for each letter."""
    values: Hashes = (letters.astype(np.uint64) + np.uint64(1)) * _MIX
    values ^= values >> _HALF
    values *= _MIX
    return values


def _hashes(strings: Sequence[str]) -> Hashes:
    """The hash of each string."""
    if not strings:
        return np.zeros(0, np.uint64)
    made = _Strings.of(strings)
    return made.whole[made.edge]
