"""Which articles may be copies of each other: pairs with enough keys in common, whose bitmaps do not say that they are
strangers.

At most some millions of pairs are in memory at once, whatever the number of articles.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from copydesk.duplicates.compare import LEAST_SHINGLES, Settings
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.shingles import Outlines
from copydesk.duplicates.sketch import BODY, KIND, LEAST_COMMON

#: Pairs of articles that are counted together, and of which the bitmaps are compared together.
_PAIRS_AT_ONCE, _BITMAPS_AT_ONCE = 2**21, 2**15
#: Keys that are sorted together, and the values that a key can have.
_KEYS_AT_ONCE = 2**20
KEY_VALUES = 2**32


def crowded(keys: Any, digests: Any, sharing: int) -> Any:
    """Those keys that more than `sharing` contents have. `keys` uint32[n] and `digests` uint32[n], of the contents, are
    pairs of the same length; a pair may occur several times.
    """
    pairs = np.sort(keys.astype(np.uint64) << np.uint64(32) | digests)
    fresh = np.ones(len(pairs), bool)
    fresh[1:] = pairs[1:] != pairs[:-1]
    found, counts = np.unique((pairs[fresh] >> np.uint64(32)).astype(np.uint32), return_counts=True)
    return found[counts > sharing]


def candidates(entries: Entries, order: Any, rows: Any, dead: Any, limits: Settings) -> list[tuple[int, int]]:
    """The pairs of `rows` with enough body keys in common that may be copies, by the later row, then by the earlier."""
    row_of = np.full(len(order), -1, np.int64)
    row_of[order[rows]] = rows
    found: list[tuple[int, int]] = []
    for earlier, later in _pairs(*_sharing(entries, row_of, dead)):
        for first in range(0, len(later), _BITMAPS_AT_ONCE):
            one, two = (some[first : first + _BITMAPS_AT_ONCE] for some in (earlier, later))
            likely = may_be_copies(entries.outlines.take(order[one]), entries.outlines.take(order[two]), limits)
            found += zip(one[likely].tolist(), two[likely].tolist(), strict=True)
    return found


def _sharing(entries: Entries, row_of: Any, dead: Any) -> tuple[Any, Any]:
    """The rows that share a body key, key by key and in order, and the place where those of its key begin; int32 both.
    A row is there once for each key. `row_of` gives the row of each article, -1 for none.
    """
    owners, starts, count = [np.empty(0, np.int32)], [np.empty(0, np.int32)], 0
    for chosen in slices(entries.keys):
        chosen = chosen[(entries.keys[chosen] & KIND == BODY) & ~np.isin(entries.keys[chosen], dead)]
        rows = row_of[entries.owners(chosen)]
        keys, rows = entries.keys[chosen[rows >= 0]], rows[rows >= 0]
        pairs = np.sort(keys.astype(np.uint64) << np.uint64(32) | rows.astype(np.uint64))
        pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])[: len(pairs)]]
        rows = (pairs & np.uint64(2**32 - 1)).astype(np.int64)
        _, sizes = np.unique(pairs >> np.uint64(32), return_counts=True)
        owners.append(rows[np.repeat(sizes, sizes) > 1].astype(np.int32))
        sizes = sizes[sizes > 1]
        starts.append(np.repeat(count + np.cumsum(sizes) - sizes, sizes).astype(np.int32))
        count += len(owners[-1])
    return np.concatenate(owners), np.concatenate(starts)


def _pairs(owners: Any, starts: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of rows that have enough keys in common (the earlier rows, the later ones), by the later row, then by
    the earlier; from what `_sharing` returns. All pairs of a later row come together, some millions at once.
    """
    by_row = np.argsort(owners, kind="stable").astype(np.int32)
    ends = np.cumsum(np.bincount(owners))  # of the places of each row in `by_row`
    pairs = np.zeros(len(ends), np.int64)  # with the rows of the same key that precede, of each row
    for first in range(0, len(owners), _PAIRS_AT_ONCE):
        own = slice(first, first + _PAIRS_AT_ONCE)
        before = np.arange(first, first + len(owners[own])) - starts[own]
        pairs += np.bincount(owners[own], before, len(ends)).astype(np.int64)
    pairs = np.cumsum(pairs)
    row = done = 0
    while row < len(ends):
        stop = max(int(np.searchsorted(pairs, done + _PAIRS_AT_ONCE, "right")), row + 1)
        some = by_row[ends[row - 1] if row else 0 : ends[stop - 1]].astype(np.int64)
        counts = some - starts[some]
        places = np.repeat(starts[some] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        later = np.repeat(owners[some].astype(np.int64), counts)
        codes, common = np.unique(later << 32 | owners[places], return_counts=True)
        codes = codes[common >= LEAST_COMMON]
        yield codes & (2**32 - 1), codes >> 32
        row, done = stop, int(pairs[stop - 1])


def may_be_copies(one: Outlines, two: Outlines, limits: Settings) -> Any:
    """Which pairs of texts may be found to be copies (`compare.judge`), by their outlines alone, bool[n].

    Nearly all strangers that have some sentences in common are none.
    """
    most = one.most_common(two)
    fewer = np.minimum(one.different, two.different)
    every = one.different.astype(np.int64) + two.different - most
    similar = most / np.maximum(every, 1) >= limits.similarity
    contained = most / np.maximum(fewer, 1) >= limits.contained
    return (fewer >= LEAST_SHINGLES) & (similar | contained)


def slices(keys: Any) -> Iterator[Any]:
    """The places of keys, in parts that have no key in common and are small enough to be sorted."""
    if len(keys) <= _KEYS_AT_ONCE:
        yield np.arange(len(keys))
        return
    for low, high in ranges(len(keys)):
        yield np.flatnonzero((keys >= low) & (keys < high))


def ranges(count: int, at_once: int | None = None) -> list[tuple[int, int]]:
    """Ranges of the values of `count` keys, the ends excluded, with about the same number of keys in each, at most
    `at_once`.
    """
    parts = -(-count // (at_once or _KEYS_AT_ONCE)) or 1
    edges = [KEY_VALUES * part // parts for part in range(parts + 1)]
    return list(pairwise(edges))
