"""The published articles that may be copies of new ones, by the keys that they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.articles import outlines
from copydesk.duplicates.candidates import may_be_copies
from copydesk.duplicates.compare import Settings
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.sketch import BODY, KIND, LEAST_COMMON, cluster_keys
from copydesk.warehouse.levels import Levels, Rows
from copydesk.warehouse.members import Published
from copydesk.warehouse.signatures import rows_of_outlines

#: What a key is worth that makes two articles partners whatever their bodies say: more than all body keys together.
_SURE = 1_000
_IDS = ("article_id", "cluster_id")
#: Articles whose bitmaps are looked up together, 8 MB of them.
_AT_ONCE = 2**15


class Pairs(NamedTuple):
    """Published articles, uint64[n], as the signatures name them, in order, and the number of a new one for
    each.
    """

    articles: Any
    others: Any

    def of(self, articles: Any) -> tuple[Any, Any]:
        """The places of the pairs of some articles, and for each which of them it is; int64[m] both."""
        start = np.searchsorted(self.articles, articles)
        counts = np.searchsorted(self.articles, articles, "right") - start
        return _each(start, counts), np.repeat(np.arange(len(articles)), counts)


class Partners(NamedTuple):
    """Pairs of published articles, `articles` uint64[n], and new ones, given by their `contents` as the signatures
    have them, uint32[n]. `worth` int64[n] is what the keys that they have in common are worth.

    Of new articles with the same content one is enough: thousands may be alike, on both sides.
    """

    articles: Any
    contents: Any
    worth: Any

    @property
    def sure(self) -> Any:
        """Which are partners whatever their bodies say: they have all words or the headline in common."""
        return self.worth >= _SURE

    def without(self, articles: Any) -> Partners:
        """The pairs of other published articles."""
        chosen = ~np.isin(self.articles, articles)
        return Partners(*(column[chosen] for column in self))

    def with_articles(self, contents: Any) -> Pairs:
        """The same with numbers of new articles, of which `contents`, uint64[new], are the whole contents."""
        _, firsts = np.unique(contents, return_index=True)
        short = (contents[firsts] >> np.uint64(32)).astype(np.uint32)
        order = np.argsort(short, kind="stable")
        start = np.searchsorted(short[order], self.contents)
        counts = np.searchsorted(short[order], self.contents, "right") - start
        articles, others = np.repeat(self.articles, counts), firsts[order][_each(start, counts)]
        in_order = np.argsort(articles, kind="stable")
        return Pairs(articles[in_order], others[in_order])


def matched(new: Rows, before: Rows, dead: Any) -> Partners:
    """The rows of `before` that have a key in common with one of `new` that is not `dead`, key by key."""
    new = new.take(~np.isin(new.keys, dead))
    _, firsts = np.unique(new.keys.astype(np.uint64) << np.uint64(32) | new.digests, return_index=True)
    new = new.take(firsts)
    start = np.searchsorted(before.keys, new.keys)
    counts = np.searchsorted(before.keys, new.keys, "right") - start
    worth = np.where(np.repeat(new.keys, counts) & KIND == BODY, 1, _SURE)
    return Partners(before.articles[_each(start, counts)], np.repeat(new.digests, counts), worth)


def partners(matches: Sequence[Partners]) -> Partners:
    """The pairs that have enough keys in common."""
    found, contents, worth = (np.concatenate(some) for some in zip(*matches, strict=True))
    articles, one = np.unique(found, return_inverse=True)
    own, other = np.unique(contents, return_inverse=True)
    codes, at = np.unique(other.astype(np.int64) << 32 | one, return_inverse=True)
    together = np.bincount(at, worth, len(codes)).astype(np.int64)
    enough = together >= LEAST_COMMON
    codes = codes[enough]
    return Partners(articles[codes & (2**32 - 1)], own[codes >> 32], together[enough])


def likely(found: Partners, new: Entries, published: Published, bitmaps: Levels, limits: Settings) -> tuple[Any, Rows]:
    """Those published articles, uint64[n], whose bodies may be alike to those of their partners, by the table of
    `bitmaps`; and the rows that this lacks, for which bodies were read: those of articles that an older version of this
    library published.
    """
    pairs, own = found.with_articles(new.contents), new.outlines

    def alike(rows: Rows) -> Any:
        at, of = pairs.of(rows.articles)
        return rows.articles[of[may_be_copies(own.take(pairs.others[at]), rows.outlines.take(of), limits)]]

    strangers = np.unique(pairs.articles)
    several, lacking = [np.empty(0, np.uint64)], []
    for start in range(0, len(strangers), _AT_ONCE):
        some = strangers[start : start + _AT_ONCE]
        kept = bitmaps_of(some, bitmaps)
        if len(kept.keys):
            several.append(alike(kept))
        for articles, table in published.columns(np.setdiff1d(some, kept.articles), ["body"]):
            read = rows_of_outlines(articles, outlines(table["body"].to_pylist()))
            several.append(alike(read))
            lacking.append(read)
    return np.unique(np.concatenate(several)), Rows.joined(lacking)


def bitmaps_of(articles: Any, table: Levels) -> Rows:
    """The rows that the table has for some articles, uint64[n]."""
    rows = table.find(np.unique((articles >> np.uint64(32)).astype(np.uint32)))
    return rows.take(np.isin(rows.articles, articles))


def in_clusters(articles: Any, table: Levels, published: Published) -> Any:
    """Those published articles, uint64[n], that are in clusters with others: they alone can lose a link."""
    keys = cluster_keys(articles)
    found = [articles[np.isin(keys, table.find(np.unique(keys)).keys)]]
    for some, rows in published.columns(articles, ["cluster_id"]):
        copies = [one != other for one, other in zip(*(rows[name].to_pylist() for name in _IDS), strict=True)]
        found.append(some[np.array(copies, bool)])
    return np.unique(np.concatenate(found))


def left_to_others(left: Rows, after: Rows) -> Rows:
    """The keys of leaving articles whose words others have, too: one of those is now compared in their place, and may
    be written with other capitals.
    """
    if not len(left.keys):
        return left
    own, others = (rows.keys.astype(np.uint64) << np.uint64(32) | rows.digests for rows in (left, after))
    return left.take(np.isin(own, others))


def _each(start: Any, counts: Any) -> Any:
    """The places from each of `start` on, as many as `counts` says, one after the other."""
    return np.repeat(start - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
