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
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.compare import EXACT, Found, Text, judge, same_headline
from copydesk.duplicates.compare import Settings as Limits
from copydesk.duplicates.sketch import BODY, HEADLINE, LEAST_COMMON

#: The kind of a key is in these bits.
_KIND = 3
#: Candidates whose texts are in memory together, each counted once for each pair that it is in.
AT_ONCE = 5_000


class Settings(NamedTuple):
    """`limits` of similarity, and `sharing`: the most different texts that a key of some worth is found in."""

    limits: Limits = Limits()
    sharing: int = 200


USUAL = Settings()


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as clusters are made of it.

    `content`, `title` and `keys` are those of its sketch; `rank` is its place in the order of the module's description.
    `agency` is the one that it names as its source (`wires.mark`), `publisher` the one that publishes at its site.
    """

    article_id: str
    content: int
    title: int
    keys: Any
    rank: tuple[int, int, str]
    agency: str | None = None
    publisher: str | None = None


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
    """The place of each article, and the pairs that connect them."""

    places: dict[str, Place]
    pairs: list[Pair]


#: Gives the texts of some articles by their ids.
Texts = Callable[[Sequence[str]], Mapping[str, Text]]


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


def cluster(entries: Iterable[Entry], dead: Any, texts: Texts, limits: Limits) -> Clusters:
    """The clusters of articles without a copy outside of them. `dead` are keys of theirs that say nothing."""
    ordered = sorted(entries, key=lambda entry: entry.rank)
    union, pairs = _Union(list(range(len(ordered)))), []
    leaders: dict[int, int] = {}
    for row, entry in enumerate(ordered):
        first = leaders.setdefault(entry.content, row)
        if first != row:
            pairs.append((row, first, Found(EXACT, 1.0)))
            union.join(row, first)
    alike = _candidates(ordered, sorted(leaders.values()), dead)
    titled = [(one, two) for one, two in _titled(ordered, dead) if union.find(one) != union.find(two)]
    same_text = union.copy()
    for by_text, by_headline in _apart(alike, titled, union.copy()):
        wanted = sorted({row for pair in (*by_text, *by_headline) for row in pair})
        read = texts([ordered[row].article_id for row in wanted])
        by_row = {row: read[ordered[row].article_id] for row in wanted}
        found = union.connect(by_text, lambda one, two: judge(by_row[one], by_row[two], limits))  # noqa: B023
        for row, first, _ in found:
            same_text.join(row, first)
        pairs += found
        pairs += union.connect(by_headline, lambda one, two: same_headline(by_row[one], by_row[two]))  # noqa: B023
    agencies = _agencies(ordered, same_text)
    firsts: dict[int, int] = {}
    places = {}
    for row, entry in enumerate(ordered):
        canonical = ordered[firsts.setdefault(union.find(row), row)].article_id
        own = entry.article_id
        places[own] = Place(canonical, None if canonical == own else canonical, agencies[row])
    named = [Pair(ordered[late].article_id, ordered[early].article_id, *found) for late, early, found in pairs]
    return Clusters(places, sorted(named))


class _Union:
    """Sets of rows that are joined, with the least row as the root of each."""

    def __init__(self, above: list[int]) -> None:
        self._above = above

    def copy(self) -> _Union:
        return _Union(list(self._above))

    def find(self, row: int) -> int:
        while self._above[row] != row:
            self._above[row] = row = self._above[self._above[row]]
        return row

    def join(self, one: int, two: int) -> None:
        one, two = self.find(one), self.find(two)
        self._above[max(one, two)] = min(one, two)

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


def _titled(ordered: Sequence[Entry], dead: Any) -> list[tuple[int, int]]:
    """Each row with the first one of its headline, day and site: all of these are what its first one is."""
    silent = set(dead[dead & _KIND == HEADLINE].tolist())
    firsts: dict[int, int] = {}
    found = []
    for row, entry in enumerate(ordered):
        if entry.title and int(entry.keys[entry.keys & _KIND == HEADLINE][0]) not in silent:
            first = firsts.setdefault(entry.title, row)
            if first != row:
                found.append((first, row))
    return found


def _candidates(ordered: Sequence[Entry], rows: Sequence[int], dead: Any) -> list[tuple[int, int]]:
    """The pairs of `rows` with enough body keys in common, by the later row, then by the earlier."""
    own = [ordered[row].keys for row in rows]
    if not own:
        return []
    keys = np.concatenate(own)
    owners = np.repeat(np.asarray(rows, np.int64), [len(some) for some in own])
    chosen = (keys & _KIND == BODY) & ~np.isin(keys, dead)
    keys, owners = keys[chosen], owners[chosen]
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(keys)) + 1, [len(keys)]])
    several = np.flatnonzero(np.diff(starts) > 1)
    found = []
    for start, stop in zip(starts[several].tolist(), starts[several + 1].tolist(), strict=True):
        some = np.unique(owners[start:stop])
        one, two = np.triu_indices(len(some), 1)
        found.append(some[two] << 32 | some[one])
    if not found:
        return []
    codes, counts = np.unique(np.concatenate(found), return_counts=True)
    codes = codes[counts >= LEAST_COMMON]
    return list(zip((codes & (2**32 - 1)).tolist(), (codes >> 32).tolist(), strict=True))


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


def _agencies(ordered: Sequence[Entry], union: _Union) -> list[str | None]:
    """The agency that each article comes from: the one that it names, or the first one that its cluster knows of."""
    known: dict[int, str] = {}
    for row, entry in enumerate(ordered):
        agency = entry.agency or entry.publisher
        if agency:
            known.setdefault(union.find(row), agency)
    found = []
    for row, entry in enumerate(ordered):
        agency = entry.agency or known.get(union.find(row))
        found.append(None if agency == entry.publisher else agency)
    return found
