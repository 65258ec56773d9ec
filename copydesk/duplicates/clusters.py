"""Clusters of copies: a function of the articles alone, whatever the order in which they came.

Two articles are linked if they have enough keys in common (`sketch`) and their texts are copies of each other
(`compare`); a cluster is what links connect. Its canonical article is the first one by date, then the one with the most
words, then by id. Articles are compared in this order, each with those before it, and only until it is connected, so a
cluster of n articles has n - 1 pairs, and a thousand copies of one text cost as much as one.

A key that more than `Settings.sharing` different texts have says nothing: it comes from a template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.compare import EXACT, KINDS, LEAST_SHINGLES, Found, Text, judge, same_headline
from copydesk.duplicates.compare import Settings as Limits
from copydesk.duplicates.shingles import BITS
from copydesk.duplicates.sketch import BODY, HEADLINE, LEAST_COMMON

#: The kind of a key is in these bits.
_KIND = 3
#: Candidates whose texts are in memory together, each counted once for each pair that it is in.
AT_ONCE = 2_000
#: Pairs of articles that are counted together, and of which the bitmaps are compared together.
_PAIRS_AT_ONCE, _BITMAPS_AT_ONCE = 2**21, 2**15
#: Keys that are sorted together, and the values that a key can have.
_KEYS_AT_ONCE = 2**20
KEY_VALUES = 2**32


class Settings(NamedTuple):
    """`limits` of similarity, and `sharing`: the most different texts that a key of some worth is found in."""

    limits: Limits = Limits()
    sharing: int = 200


USUAL = Settings()


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as clusters are made of it.

    `content`, `title` and `keys` are those of its sketch; `rank` is its place in the order of the module's description.
    `bitmap` and `different` are those of its shingles (`copydesk.duplicates.shingles.bitmaps`). `agency` is the one that it names as its source (`wires.mark`), `publisher` the one that publishes at its site.
    """

    article_id: str
    content: int
    title: int
    keys: Any
    rank: tuple[int, int, str]
    bitmap: Any
    different: int
    agency: str | None = None
    publisher: str | None = None


class Entries(NamedTuple):
    """Many articles as arrays, in about 400 bytes each: the fields of `Entry`.

    `ids` bytes[n, 32], `contents` and `titles` uint64[n], `days` and `lengths` int64[n], the first two of `rank`;
    `bitmaps` uint64[n, BITS / 64], `different` int32[n]; `keys` uint32[m], those of article `n` end at `ends[n]`, int64[n]; `agencies` and `publishers` int16[n], places in
    `names`, -1 for none.
    """

    ids: Any
    contents: Any
    titles: Any
    days: Any
    lengths: Any
    bitmaps: Any
    different: Any
    keys: Any
    ends: Any
    agencies: Any
    publishers: Any
    names: tuple[str, ...] = ()

    @staticmethod
    def of(entries: Sequence[Entry]) -> Entries:
        codes: dict[str | None, int] = {None: -1}
        for entry in entries:
            for name in (entry.agency, entry.publisher):
                codes.setdefault(name, len(codes) - 1)
        counts = np.array([len(entry.keys) for entry in entries], np.int64)
        return Entries(
            np.array([entry.article_id for entry in entries], "S32"),
            np.array([entry.content for entry in entries], np.uint64),
            np.array([entry.title for entry in entries], np.uint64),
            np.array([entry.rank[0] for entry in entries], np.int64),
            np.array([entry.rank[1] for entry in entries], np.int64),
            np.array([entry.bitmap for entry in entries], np.uint64).reshape(-1, BITS // 64),
            np.array([entry.different for entry in entries], np.int32),
            np.concatenate([np.empty(0, np.uint32), *(entry.keys for entry in entries)]),
            np.cumsum(counts),
            np.array([codes[entry.agency] for entry in entries], np.int16),
            np.array([codes[entry.publisher] for entry in entries], np.int16),
            tuple(name for name in codes if name is not None),
        )

    @staticmethod
    def joined(parts: Iterable[Entries], articles: int, keys: int) -> Entries:
        """Those of all parts, one after the other: the numbers of all articles and keys are known before."""
        columns: list[Any] = [np.empty(keys if n == _KEYS else articles, kind) for n, kind in enumerate(_KINDS)]
        whole = Entries._make([*columns, ()])
        names: dict[str, int] = {}
        at = key = 0
        for part in parts:
            own = slice(at, at + len(part.ids))
            for index in range(_KEYS):
                columns[index][own] = part[index]
            whole.keys[key : key + len(part.keys)] = part.keys
            whole.ends[own] = part.ends + key
            codes = np.array([*(names.setdefault(name, len(names)) for name in part.names), -1], np.int16)
            whole.agencies[own], whole.publishers[own] = codes[part.agencies], codes[part.publishers]
            at, key = own.stop, key + len(part.keys)
        return whole._replace(names=tuple(names))

    def take(self, articles: Any) -> Entries:
        """Those of some articles, which are in order."""
        counts = np.diff(self.ends, prepend=0)
        chosen = np.zeros(len(counts), bool)
        chosen[articles] = True
        columns = [self[index][articles] for index in range(_KEYS)]
        keys = self.keys[np.repeat(chosen, counts)]
        ends = np.cumsum(counts[articles])
        return Entries._make([*columns, keys, ends, self.agencies[articles], self.publishers[articles], self.names])

    def owners(self, keys: Any) -> Any:
        """The articles of some keys, which are given by their places in `keys`."""
        return np.searchsorted(self.ends, keys, "right")

    def name(self, code: int) -> str | None:
        return None if code < 0 else self.names[code]


#: The types of the columns of `Entries`, and which of them are the keys.
_BITMAP = np.dtype((np.uint64, BITS // 64))
_KINDS = (
    *("S32", np.uint64, np.uint64, np.int64, np.int64, _BITMAP, np.int32),
    *(np.uint32, np.int64, np.int16, np.int16),
)
_KEYS = 7


class Pair(NamedTuple):
    """That `article_id` is a copy of `other_id`, which precedes it; `similarity` is the Jaccard of their shingles."""

    article_id: str
    other_id: str
    kind: str
    similarity: float


class Place(NamedTuple):
    """What the columns of an article say about its cluster."""

    cluster_id: str
    duplicate_of: str | None
    syndicated_from: str | None


class Clusters(NamedTuple):
    """The clusters of articles, as arrays in the order of their `entries`.

    `canonical` int64[n] is the canonical article of each, `agencies` int16[n] the agency that it was taken over from,
    `order` int64[n] are the articles in the order of the module's description. A pair says that the article `copies[n]`
    is a copy of `originals[n]`: its `kinds[n]` is a place in `KINDS`, its similarity `similarities[n]`.
    """

    entries: Entries
    canonical: Any
    agencies: Any
    order: Any
    copies: Any
    originals: Any
    kinds: Any
    similarities: Any

    @staticmethod
    def none() -> Clusters:
        empty = np.empty(0, np.int64)
        return Clusters(Entries.of([]), empty, empty, empty, empty, empty, empty, np.empty(0))

    def id(self, article: int) -> str:
        return str(self.entries.ids[article].decode())

    def place(self, article: int) -> Place:
        """The place of one article."""
        canonical = int(self.canonical[article])
        other = self.id(canonical)
        return Place(other, None if canonical == article else other, self.entries.name(int(self.agencies[article])))

    def pair(self, number: int) -> Pair:
        copy, original = self.id(int(self.copies[number])), self.id(int(self.originals[number]))
        return Pair(copy, original, KINDS[int(self.kinds[number])], float(self.similarities[number]))

    @property
    def copied(self) -> int:
        """The number of articles that are copies of others."""
        return int((self.canonical != np.arange(len(self.canonical))).sum())

    @property
    def places(self) -> dict[str, Place]:
        """The places of all articles, by id; for few."""
        return {self.id(article): self.place(article) for article in self.order.tolist()}

    @property
    def pairs(self) -> list[Pair]:
        """All pairs, sorted; for few."""
        return sorted(self.pair(number) for number in range(len(self.copies)))


#: Gives the texts of some articles, which are places in the entries.
Texts = Callable[[Sequence[int]], Mapping[int, Text]]


def rank(day: int | None, words: int, article_id: str) -> tuple[int, int, str]:
    """The place of an article among its copies; `day` is counted from any day, None for no date, which comes last."""
    return (2**31 if day is None else day, -words, article_id)


def crowded(keys: Any, contents: Any, sharing: int) -> Any:
    """Those keys that more than `sharing` contents have. `keys` uint32[n] and `contents` uint64[n] are pairs of the
    same length; a pair may occur several times.
    """
    order = np.lexsort((contents, keys))
    keys, contents = keys[order], contents[order]
    if not len(keys):
        return keys
    fresh = np.concatenate([[True], (np.diff(keys) != 0) | (contents[1:] != contents[:-1])])
    found, counts = np.unique(keys[fresh], return_counts=True)
    return found[counts > sharing]


def cluster(entries: Entries, dead: Any, texts: Texts, limits: Limits) -> Clusters:
    """The clusters of articles without a copy outside of them. `dead` are keys of theirs that say nothing."""
    order = np.lexsort((entries.ids, entries.lengths, entries.days))
    _, first, inverse = np.unique(entries.contents[order], return_index=True, return_inverse=True)
    leaders = first[inverse]
    union, pairs = _Union(leaders), []
    alike = _candidates(entries, order, np.unique(leaders), dead, limits)
    titled = _titled(entries, order, leaders, dead)
    same_text = union.copy()
    for by_text, by_headline in _apart(alike, titled, union.copy()):
        wanted = sorted({row for pair in (*by_text, *by_headline) for row in pair})
        articles = order[wanted].tolist()
        read = texts(articles)
        by_row = {row: read[article] for row, article in zip(wanted, articles, strict=True)}
        copies = union.connect(by_text, lambda one, two: judge(by_row[one], by_row[two], limits))  # noqa: B023
        for later, earlier, _ in copies:
            same_text.join(later, earlier)
        pairs += copies
        pairs += union.connect(by_headline, lambda one, two: same_headline(by_row[one], by_row[two]))  # noqa: B023
    roots = union.roots()
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    exact = np.flatnonzero(leaders != np.arange(len(leaders)))
    late, early, found = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Clusters(
        entries,
        order[roots][back],
        _agencies(entries, order, same_text.roots())[back],
        order,
        order[np.concatenate([exact, np.array(late, np.int64)])],
        order[np.concatenate([leaders[exact], np.array(early, np.int64)])],
        np.array([KINDS.index(EXACT)] * len(exact) + [KINDS.index(one.kind) for one in found], np.int64),
        np.concatenate([np.ones(len(exact)), np.array([one.similarity for one in found], np.float64)]),
    )


class _Union:
    """Sets of rows that are joined, with the least row as the root of each; at first each with its leader."""

    def __init__(self, leaders: Any, above: dict[int, int] | None = None) -> None:
        self._leaders, self._above = leaders, above or {}

    def copy(self) -> _Union:
        return _Union(self._leaders, dict(self._above))

    def find(self, row: int) -> int:
        row = int(self._leaders[row])
        above = self._above
        while (upper := above.get(row, row)) != row:
            above[row] = row = above.get(upper, upper)
        return row

    def join(self, one: int, two: int) -> None:
        one, two = self.find(one), self.find(two)
        if one != two:
            self._above[max(one, two)] = min(one, two)

    def roots(self) -> Any:
        """The roots of all rows."""
        roots = np.arange(len(self._leaders))
        for row in list(self._above):
            roots[row] = self.find(row)
        return roots[self._leaders]

    def connect(
        self, candidates: Iterable[tuple[int, int]], judged: Callable[[int, int], Found | None]
    ) -> list[tuple[int, int, Found]]:
        """Join the candidates that are found to be copies, in order, without those that are joined already."""
        pairs = []
        for one, two in candidates:
            if self.find(one) != self.find(two) and (found := judged(one, two)):
                pairs.append((two, one, found))
                self.join(one, two)
        return pairs


def _titled(entries: Entries, order: Any, leaders: Any, dead: Any) -> list[tuple[int, int]]:
    """Each row with the first one of its headline, day and site, without those that have its text."""
    keys = np.flatnonzero(entries.keys & _KIND == HEADLINE)
    keys = keys[~np.isin(entries.keys[keys], dead)]
    speaks = np.zeros(len(order), bool)
    speaks[entries.owners(keys)] = True
    rows = np.flatnonzero(speaks[order])
    _, first, inverse = np.unique(entries.titles[order[rows]], return_index=True, return_inverse=True)
    firsts = rows[first[inverse]]
    apart = leaders[firsts] != leaders[rows]
    return list(zip(firsts[apart].tolist(), rows[apart].tolist(), strict=True))


def _candidates(entries: Entries, order: Any, rows: Any, dead: Any, limits: Limits) -> list[tuple[int, int]]:
    """The pairs of `rows` with enough body keys in common that may be copies, by the later row, then by the earlier."""
    row_of = np.full(len(order), -1, np.int64)
    row_of[order[rows]] = rows
    found: list[tuple[int, int]] = []
    for earlier, later in _pairs(*_sharing(entries, row_of, dead)):
        for first in range(0, len(later), _BITMAPS_AT_ONCE):
            one, two = (some[first : first + _BITMAPS_AT_ONCE] for some in (earlier, later))
            likely = _may_be_copies(entries, order[one], order[two], limits)
            found += zip(one[likely].tolist(), two[likely].tolist(), strict=True)
    return found


def _sharing(entries: Entries, row_of: Any, dead: Any) -> tuple[Any, Any]:
    """The rows that share a body key, key by key and in order, and the place where those of its key begin; int64 both.
    A row is there once for each key. `row_of` gives the row of each article, -1 for none.
    """
    owners, starts, count = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for chosen in slices(entries.keys):
        chosen = chosen[(entries.keys[chosen] & _KIND == BODY) & ~np.isin(entries.keys[chosen], dead)]
        rows = row_of[entries.owners(chosen)]
        keys, rows = entries.keys[chosen[rows >= 0]], rows[rows >= 0]
        ordered = np.lexsort((rows, keys))
        keys, rows = keys[ordered], rows[ordered]
        fresh = np.concatenate([[True], (np.diff(keys) != 0) | (np.diff(rows) != 0)])[: len(keys)]
        keys, rows = keys[fresh], rows[fresh]
        _, sizes = np.unique(keys, return_counts=True)
        owners.append(rows[np.repeat(sizes, sizes) > 1])
        sizes = sizes[sizes > 1]
        starts.append(np.repeat(count + np.cumsum(sizes) - sizes, sizes))
        count += len(owners[-1])
    return np.concatenate(owners), np.concatenate(starts)


def _pairs(owners: Any, starts: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of rows that have enough keys in common (the earlier rows, the later ones), by the later row, then by
    the earlier; from what `_sharing` returns. All pairs of a later row come together, some millions at once.
    """
    before = np.arange(len(owners)) - starts  # rows of the same key that precede each
    by_row = np.argsort(owners, kind="stable")
    ordered, ends = owners[by_row], np.cumsum(before[by_row])
    first = done = 0
    while first < len(by_row):
        last = max(int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, "right")), first + 1)
        last = int(np.searchsorted(ordered, ordered[last - 1], "right"))
        some, counts = by_row[first:last], before[by_row[first:last]]
        places = np.repeat(starts[some] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        codes, common = np.unique(np.repeat(ordered[first:last], counts) << 32 | owners[places], return_counts=True)
        codes = codes[common >= LEAST_COMMON]
        yield codes & (2**32 - 1), codes >> 32
        first, done = last, int(ends[last - 1])


def _may_be_copies(entries: Entries, one: Any, two: Any, limits: Limits) -> Any:
    """Which pairs of articles have texts of which one may be a copy of the other (`compare.judge`), bool[n].

    Two texts have no more shingles in common than bits, and as many more as the one of them has that share a bit with
    others of its own. That says of nearly all strangers that they are none, without their texts.
    """
    a, b = (entries.bitmaps[some] for some in (one, two))
    many, others = (entries.different[some].astype(np.int64) for some in (one, two))
    apart = (np.minimum(many - _bits(a), others - _bits(b)), np.minimum(many, others))
    most = np.minimum(_bits(a & b) + apart[0], apart[1])
    similar = most / np.maximum(many + others - most, 1) >= limits.similarity
    contained = most / np.maximum(apart[1], 1) >= limits.contained
    found = (apart[1] >= LEAST_SHINGLES) & (similar | contained)
    return found


def _bits(bitmaps: Any) -> Any:
    """The number of bits of each bitmap, int64[n]."""
    return np.bitwise_count(bitmaps).sum(1, dtype=np.int64)


def slices(keys: Any) -> Iterator[Any]:
    """The places of keys, in parts that have no key in common and are small enough to be sorted."""
    if len(keys) <= _KEYS_AT_ONCE:
        yield np.arange(len(keys))
        return
    for low, high in ranges(len(keys)):
        yield np.flatnonzero((keys >= low) & (keys < high))


def ranges(count: int) -> list[tuple[int, int]]:
    """Ranges of the values of `count` keys, the ends excluded, with about the same number of keys in each."""
    parts = -(-count // _KEYS_AT_ONCE) or 1
    edges = [KEY_VALUES * part // parts for part in range(parts + 1)]
    return list(pairwise(edges))


def _apart(
    alike: list[tuple[int, int]], titled: list[tuple[int, int]], union: _Union
) -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Candidates in parts that have nothing to do with each other, in their order; `union` is what is joined before.

    Each part has about `AT_ONCE` articles at most, unless more depend on each other.
    """
    for one, two in (*alike, *titled):
        union.join(one, two)
    sizes = Counter(union.find(row) for pair in (*alike, *titled) for row in pair)
    part_of: dict[int, int] = {}
    part = size = 0
    for root, count in sizes.items():
        if size and size + count > AT_ONCE:
            part, size = part + 1, 0
        part_of[root], size = part, size + count
    parts: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]] = [([], []) for _ in range(part + 1)]
    for kind, candidates in enumerate((alike, titled)):
        for pair in candidates:
            parts[part_of[union.find(pair[0])]][kind].append(pair)
    yield from parts if sizes else ()


def _agencies(entries: Entries, order: Any, roots: Any) -> Any:
    """The agency that each row comes from: the one that it names, or the first one that its cluster knows of."""
    agencies, publishers = entries.agencies[order], entries.publishers[order]
    named = np.where(agencies >= 0, agencies, publishers)
    rows = np.flatnonzero(named >= 0)
    of, first = np.unique(roots[rows], return_index=True)
    known = np.full(len(order), -1, np.int16)
    known[of] = named[rows[first]]
    found = np.where(agencies >= 0, agencies, known[roots])
    return np.where(found == publishers, np.int16(-1), found)
