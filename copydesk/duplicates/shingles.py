"""Texts as words and shingles: five words in a row, as numbers, for many texts at once.

Case, punctuation and white space make no difference. In scripts that do not divide words, each character is one. A word
is hashed by its bytes: a polynomial modulo 2^64, taken as the difference of two prefix sums, so that no word becomes a
Python object (Karp and Rabin, *Efficient randomized pattern-matching algorithms*, 1987).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

#: Words of a shingle.
WIDTH = 5
#: Bytes that are hashed together, as many as fit into the cache of a core; a longer text is a group of its own.
GROUP_BYTES = 2**17
#: Characters of a text that count.
MOST = 2**20
#: Bits of a bitmap: it tells texts of up to about 1,500 words apart.
BITS = 2048

#: Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer letters.
_UNDIVIDED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
#: Bytes of words as they are, of all else in ASCII a space.
_ASCII = bytes(byte if byte > 127 or chr(byte).isalnum() else 32 for byte in range(256))
_CODE_POINTS = 0x110000

#: Vowel signs and accents that are characters of their own; in many scripts of India every second word has some.
MARKS = frozenset(
    chr(code)
    for some in (range(0x300, 0x1E00), range(0xA800, 0xAC00))
    for code in some
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_WEIGHTS = np.array([pow(_BASE, n + 1, 2**64) for n in range(BITS // 64)], np.uint64)
_PLACES = np.array([pow(0xD6E8FEB86659FD93, n + 1, 2**64) for n in range(WIDTH)], np.uint64)


class Shingles(NamedTuple):
    """The shingles of some texts, one text after the other, in order.

    `hashes` is uint64[shingles]; those of text `n` are `hashes[ends[n - 1]:ends[n]]`, `ends` int64[texts]. `digests`
    uint64[texts] stands for all words in order, `words` int64[texts] is their number.
    """

    hashes: Any
    ends: Any
    digests: Any
    words: Any

    def of(self, text: int) -> Any:
        """The shingles of one text, in order."""
        return self.hashes[self.ends[text - 1] if text else 0 : self.ends[text]]


def spaced(text: str) -> bytes:
    """The words of a text, in small letters and UTF-8, with spaces before, between and after them."""
    text = text[:MOST]
    if text.isascii():
        return b" " + text.lower().encode().translate(_ASCII) + b" "
    words: str = _LETTERS.of(text).tobytes().decode("utf-32-le")
    return b" " + words.encode() + b" "


def _counts(char: str) -> bool:
    """Whether a character is part of a word."""
    return char.isalnum() or char in MARKS


class _Letters:
    """What stands for each character among words: itself in small letters, or a space. Looked up in arrays, which are
    filled in as characters occur: of 1.1 million a run meets some thousands.
    """

    _UNKNOWN, _SEVERAL = 2**32 - 1, 2**32 - 2

    def __init__(self) -> None:
        self._single = np.full(_CODE_POINTS, self._UNKNOWN, np.uint32)
        self._undivided = np.zeros(_CODE_POINTS, bool)

    def of(self, text: str) -> Any:
        """The code points that stand for those of a text, uint32."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        found = self._single.take(codes)
        if found.max() == self._UNKNOWN:
            self._learn(np.unique(codes[found == self._UNKNOWN]).tolist())
            found = self._single.take(codes)
        if found.max() == self._SEVERAL:
            return self.of(text.casefold())  # ß becomes ss, whose letters stay as they are
        apart = self._undivided.take(codes)
        if not apart.any():
            return found
        widths = np.where(apart, 3, 1)
        spread = np.full(widths.sum(), ord(" "), np.uint32)
        spread[np.cumsum(widths) - np.where(apart, 2, 1)] = found
        return spread

    def _learn(self, codes: list[int]) -> None:
        for code in codes:
            small = chr(code).casefold()
            self._undivided[code] = bool(_UNDIVIDED.match(small))
            # Last: from now on other threads take a character for known.
            self._single[code] = self._SEVERAL if len(small) > 1 else ord(small) if _counts(small) else ord(" ")


_LETTERS = _Letters()


def shingles(texts: Sequence[bytes]) -> Shingles:
    """The shingles of texts as `spaced` gives them."""
    parts: list[Shingles] = []
    start = size = 0
    for number, text in enumerate(texts):
        if size and size + len(text) > GROUP_BYTES:
            parts.append(_of_group(texts[start:number]))
            start, size = number, 0
        size += len(text)
    parts.append(_of_group(texts[start:]))
    shift, ends = 0, []
    for part in parts:
        ends.append(part.ends + shift)
        shift += len(part.hashes)
    hashes, digests, words = (np.concatenate([part[index] for part in parts]) for index in (0, 2, 3))
    return Shingles(hashes, np.concatenate(ends), digests, words)


class Outlines(NamedTuple):
    """What is kept of the shingles of some texts: `bitmaps` uint64[texts, BITS / 64] have a bit for the last digits of
    each shingle, `different` int32[texts] is how many different ones there are.
    """

    bitmaps: Any
    different: Any

    @staticmethod
    def of(found: Shingles) -> Outlines:
        counts = np.diff(found.ends, prepend=0)
        bits = np.zeros((len(counts), BITS), bool)
        bits[np.repeat(np.arange(len(counts)), counts), (found.hashes & np.uint64(BITS - 1)).astype(np.int64)] = True
        different = np.zeros(len(counts), np.int32)
        for text in range(len(counts)):
            ordered = np.sort(found.of(text))
            different[text] = np.count_nonzero(ordered[1:] != ordered[:-1]) + bool(len(ordered))
        return Outlines(np.packbits(bits, axis=1).view(np.uint64), different)

    def take(self, texts: Any) -> Outlines:
        return Outlines(self.bitmaps[texts], self.different[texts])

    @property
    def digests(self) -> Any:
        """A number for each, uint32[texts]."""
        return (mix(self.bitmaps @ _WEIGHTS + self.different.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)

    def most_common(self, others: Outlines) -> Any:
        """The most shingles that each text can have in common with the one beside it, int64[texts].

        These are no more than the bits in common, and as many more as the one of them has that share a bit with others
        of its own.
        """
        many, theirs = self.different.astype(np.int64), others.different.astype(np.int64)
        hidden = np.minimum(many - _bits(self.bitmaps), theirs - _bits(others.bitmaps))
        return np.minimum(_bits(self.bitmaps & others.bitmaps) + hidden, np.minimum(many, theirs))


def _bits(bitmaps: Any) -> Any:
    """The number of bits of each bitmap, int64[n]."""
    return np.bitwise_count(bitmaps).sum(1, dtype=np.int64)


def mix(numbers: Any) -> Any:
    """uint64 numbers, well mixed: the finalizer of splitmix64."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _of_group(texts: Sequence[bytes]) -> Shingles:
    data = np.frombuffer(b"".join(texts), np.uint8)
    limits = np.cumsum(np.array([len(text) for text in texts], np.int64))
    edges = np.flatnonzero(np.diff(data != 32)) + 1  # each text begins and ends with a space
    starts, stops = edges[::2], edges[1::2]
    powers, inverses = _powers(1 << max(len(data), 2**16).bit_length())
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * powers[: len(data)], out=sums[1:])
    words = mix((sums[stops] - sums[starts]) * inverses[starts])
    firsts = np.searchsorted(starts, np.concatenate([[0], limits[:-1]])) if len(texts) else np.zeros(0, np.int64)
    counts = np.diff(np.concatenate([firsts, [len(words)]]))
    places = np.arange(len(words)) - np.repeat(firsts, counts)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(words * powers[places])])
    digests = mix((sums[firsts + counts] - sums[firsts]) + counts.astype(np.uint64))
    own = np.maximum(counts - WIDTH + 1, 0)
    heads = np.repeat(firsts, own) + np.arange(own.sum()) - np.repeat(np.cumsum(own) - own, own)
    hashes = np.zeros(len(heads), np.uint64)
    for place in range(WIDTH):
        hashes += words[heads + place] * _PLACES[place]
    return Shingles(mix(hashes), np.cumsum(own), digests, counts)


@cache
def _powers(count: int) -> tuple[Any, Any]:
    """The powers of the base and of its inverse modulo 2^64, from 0."""
    made = []
    for base in (_BASE, _INVERSE):
        factors = np.full(count, base, np.uint64)
        factors[0] = 1
        made.append(np.multiply.accumulate(factors))
    return made[0], made[1]
