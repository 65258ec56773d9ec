"""Counts of n-grams in a few bytes each: how often words stood beside each other in counted text.

A table is an array of buckets of eight slots. The hash of an n-gram names its bucket, sixteen more bits of it its
fingerprint, and the slot with that fingerprint holds the count, on a scale of logarithms in one byte. One look-up of a
million n-grams touches one cache line each; a table can be mapped from a file as it is. An n-gram that is not there is
taken for another with a probability of about 1 in 10,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint64]

SLOTS = 8
#: Share of the slots that is filled on the average; what finds its bucket full is left out, the rarest first.
LOAD = 0.78
#: Steps of the scale for each doubling of a count.
STEPS = 12
ORDERS = (2, 3, 4)

_MULTIPLIERS = tuple(
    np.uint64(m) for m in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
)
_SHIFT = np.uint64(32)
# The lowest and the highest bit of each of four lanes of sixteen bits.
_LOW, _HIGH = np.uint64(0x0001_0001_0001_0001), np.uint64(0x8000_8000_8000_8000)


def hashes(columns: Sequence[Ids]) -> Ids:
    """One number for each n-gram; `columns` are its words, the first one first, as arrays of ids of one shape."""
    h = np.empty(np.broadcast(*columns).shape, np.uint64)
    h[...] = np.uint64(len(columns))
    for column, multiplier in zip(columns, _MULTIPLIERS, strict=False):
        h ^= column
        h *= multiplier
        h ^= h >> _SHIFT
    h *= _MULTIPLIERS[1]
    h ^= h >> _SHIFT
    return h


class Table(NamedTuple):
    """`marks` (buckets, 8) uint16: fingerprints, 0 in empty slots; `sizes` (buckets, 8) uint8: counts, on the scale."""

    marks: NDArray[np.uint16]
    sizes: NDArray[np.uint8]

    def look_up(self, h: Ids) -> NDArray[np.uint8]:
        """The counts, on the scale, of n-grams given by their hashes (any shape); 0 for those that are not there."""
        bucket, mark = _place(h.ravel(), len(self.marks))
        found = np.zeros(len(bucket), np.uint8)
        some = self._with_mark(bucket, mark)
        bucket, mark = bucket[some], mark[some]
        # The slots of a bucket go from the most frequent down: of two with one fingerprint the first counts.
        slot = (self.marks.take(bucket, axis=0) == mark[:, None]).argmax(-1)
        found[some] = self.sizes.ravel()[bucket * SLOTS + slot]
        return found.reshape(h.shape)

    def _with_mark(self, bucket: NDArray[np.int64], mark: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Where a slot of the bucket holds the fingerprint: four are compared at once, as most n-grams are not there.

        A word has a zero among its lanes if subtracting 1 from each borrows from the lane's top bit ("Hacker's
        Delight", 6-1).
        """
        lanes = self.marks.view(np.uint64).take(bucket, axis=0)
        lanes ^= (mark.astype(np.uint64) * _LOW)[:, None]
        zero = lanes - _LOW
        np.bitwise_not(lanes, out=lanes)
        zero &= lanes
        either = zero[:, 0] | zero[:, 1]
        either &= _HIGH
        return np.flatnonzero(either)


def _place(h: Ids, buckets: int) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    bucket = ((h >> _SHIFT) * np.uint64(buckets) >> _SHIFT).astype(np.int64)
    mark = (h & np.uint64(0xFFFF)).astype(np.uint16)
    return bucket, np.maximum(mark, np.uint16(1))


def scaled(counts: NDArray[Any]) -> NDArray[np.uint8]:
    """Counts (1 and more) on the scale of a byte."""
    sizes: NDArray[np.uint8] = np.clip(np.round(np.log2(counts) * STEPS) + 1, 1, 255).astype(np.uint8)
    return sizes


def unscaled(sizes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Counts from the scale; 0 stays 0."""
    counts: NDArray[np.float32] = _UNSCALED[sizes]
    return counts


_UNSCALED = np.concatenate([[0.0], 2.0 ** (np.arange(255) / STEPS)]).astype(np.float32)


def table(h: Ids, counts: NDArray[Any]) -> Table:
    """A table of different n-grams, given by their hashes and counts."""
    buckets = max(1, int(np.ceil(len(h) / LOAD / SLOTS)))
    bucket, mark = _place(h, buckets)
    order = np.lexsort((mark, -counts.astype(np.int64), bucket))
    bucket, mark, sizes = bucket[order], mark[order], scaled(counts[order])
    starts = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]]) if len(bucket) else np.zeros(0, np.int64)
    slot = np.arange(len(bucket)) - np.repeat(starts, np.diff(np.r_[starts, len(bucket)]))
    kept = slot < SLOTS
    marks = np.zeros((buckets, SLOTS), np.uint16)
    values = np.zeros((buckets, SLOTS), np.uint8)
    marks[bucket[kept], slot[kept]] = mark[kept]
    values[bucket[kept], slot[kept]] = sizes[kept]
    return Table(marks, values)


def count(
    stream: NDArray[np.uint32], order: int, least: int, ignore: NDArray[np.bool_]
) -> tuple[Ids, NDArray[np.int64]]:
    """The n-grams of `order` words that stand in `stream` at least `least` times: their hashes and counts.

    N-grams with an id that `ignore` (a flag for each id) marks are left out: they run across an edge of the text.
    """
    length = len(stream) - order + 1
    if length <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    columns = [stream[i : i + length] for i in range(order)]
    usable = np.ones(length, bool)
    for column in columns:
        usable &= ~ignore[column]
    h = hashes([column[usable].astype(np.uint64) for column in columns])
    h.sort()
    starts = np.flatnonzero(np.r_[True, h[1:] != h[:-1]]) if len(h) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(h)])
    kept = counts >= least
    return h[starts[kept]], counts[kept]


class NGrams(NamedTuple):
    """Tables of n-grams, by their order; `single` holds the count of each id on its own.

    `more` are counts of other text, with the same ids, that are added to these.
    """

    single: NDArray[np.float32]
    tables: dict[int, Table]
    more: NGrams | None = None

    @property
    def size(self) -> int:
        return sum(int((t.marks > 0).sum()) for t in self.tables.values())

    def counts(self, columns: Sequence[Ids]) -> NDArray[np.float32]:
        """How often the n-grams of `columns` (arrays of ids of one shape, the first word first) were seen."""
        if len(columns) == 1:
            found = self.single[columns[0]]
        else:
            found = unscaled(self.tables[len(columns)].look_up(hashes(columns)))
        return found if self.more is None else found + self.more.counts(columns)


def build(stream: NDArray[np.uint32], words: int, least: dict[int, int], ignore: Iterable[int]) -> NGrams:
    """Count a stream of ids below `words`; of each order, n-grams that stand there fewer than `least` times are
    left out.
    """
    flags = np.zeros(words, bool)
    flags[list(ignore)] = True
    tables = {order: table(*count(stream, order, least[order], flags)) for order in ORDERS}
    return NGrams(np.bincount(stream, minlength=words).astype(np.float32), tables)
