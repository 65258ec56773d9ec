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
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.candidates import candidates
from copydesk.duplicates.compare import EXACT, KINDS, Found, Text, judge, same_headline
from copydesk.duplicates.compare import Settings as Limits
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.sketch import HEADLINE, KIND

#: Candidates whose texts are in memory together, each counted once for each pair that it is in.
AT_ONCE = 2_000


class Settings(NamedTuple):
    """`limits` of similarity, and `sharing`: the most different texts that a key of some worth is found in."""

    limits: Limits = Limits()
    sharing: int = 200


USUAL = Settings()


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


def cluster(entries: Entries, dead: Any, texts: Texts, limits: Limits) -> Clusters:
    """The clusters of articles without a copy outside of them. `dead` are keys of theirs that say nothing."""
    order = np.lexsort((entries.ids, entries.lengths, entries.days))
    _, first, inverse = np.unique(entries.contents[order], return_index=True, return_inverse=True)
    leaders = first[inverse]
    union, pairs = _Union(leaders), []
    alike = candidates(entries, order, np.unique(leaders), dead, limits)
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
    keys = np.flatnonzero(entries.keys & KIND == HEADLINE)
    keys = keys[~np.isin(entries.keys[keys], dead)]
    speaks = np.zeros(len(order), bool)
    speaks[entries.owners(keys)] = True
    rows = np.flatnonzero(speaks[order])
    _, first, inverse = np.unique(entries.titles[order[rows]], return_index=True, return_inverse=True)
    firsts = rows[first[inverse]]
    apart = leaders[firsts] != leaders[rows]
    return list(zip(firsts[apart].tolist(), rows[apart].tolist(), strict=True))


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
    for kind, some in enumerate((alike, titled)):
        for pair in some:
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
