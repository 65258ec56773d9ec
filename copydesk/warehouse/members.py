"""The published articles that a comparison looks at, read from their files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.articles import COLUMNS
from copydesk.duplicates.clusters import Place
from copydesk.warehouse import partition
from copydesk.warehouse.known import Known
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.store import Store

#: The columns that say what a row tells of its cluster.
PLACE = Place._fields
_COLUMNS = [name for name in COLUMNS if name != "published_date"]
#: Rows that are read together.
AT_ONCE = 1024


class Stored(NamedTuple):
    """Published articles of one partition, with `COLUMNS` and `PLACE`."""

    day: int
    rows: pa.Table


class Published(NamedTuple):
    """The published articles, those that are `known` without those that are `gone`, which leave.

    They are named by the first halves of their ids, uint64, as the signatures name them. Methods raise
    `WarehouseError`.
    """

    store: Store
    known: Known
    gone: frozenset[str]

    def places(self, articles: Any, without: Collection[str] = ()) -> dict[int, list[str]]:
        """The ids of some articles by partition, `without` some ids."""
        found: dict[int, list[str]] = {}
        start = np.searchsorted(self.known.firsts, articles)
        stop = np.searchsorted(self.known.firsts, articles, "right")
        rows = [row for one, end in zip(start.tolist(), stop.tolist(), strict=True) for row in range(one, end)]
        for row, key in zip(rows, self.known.article_ids(rows), strict=True):
            if key not in self.gone and key not in without:
                found.setdefault(int(self.known.files[row]), []).append(key)
        return found

    def of(self, articles: Any, without: Collection[str] = ()) -> Iterator[Stored]:
        """Some articles, `without` some ids."""
        return self.members(self.places(articles, without))

    def every(self, columns: Sequence[str] | None = None) -> Iterator[Stored]:
        """All of them, or some of their `columns`, always in the same order and the same parts."""
        gone = pa.array(self.gone, pa.string())
        for day in np.unique(self.known.files).tolist():
            for table in self._read(day, columns or self._whole, None):
                rows = table.filter(pc.invert(pc.is_in(table["article_id"], gone))) if len(gone) else table
                yield Stored(day, rows if columns else _dated(rows, day))

    def members(self, wanted: Mapping[int, Sequence[str]]) -> Iterator[Stored]:
        """Articles by their ids, which are given by partition; those that leave, too."""
        for day in sorted(wanted):
            for table in self._read(day, self._whole, wanted[day]):
                yield Stored(day, _dated(table, day))

    def columns(self, articles: Any, names: Sequence[str]) -> Iterator[tuple[Any, pa.Table]]:
        """Some columns of some articles, and what these are called."""
        places = self.places(articles)
        for day in sorted(places):
            for table in self._read(day, ["article_id", *names], places[day]):
                yield references(np.array(table["article_id"].to_pylist(), "S32")), table

    @property
    def _whole(self) -> list[str]:
        """The columns of a member, as far as files have them: the date of a day stands in their path."""
        return [*_COLUMNS, *PLACE, *["published_date"] * self.store.partitions.has_months("articles")]

    def _read(self, day: int, columns: Sequence[str], ids: Sequence[str] | None) -> Iterator[pa.Table]:
        """Columns of articles of one partition; all, or those of some ids."""
        keys, partitions = None if ids is None else pa.array(ids, pa.string()), self.store.partitions
        name, schema = partitions.file("articles", day), partitions.schema("articles")
        for group in partition.read(self.store, name, schema, columns):
            chosen = group if keys is None else group.filter(pc.is_in(group["article_id"], keys))
            yield from (chosen.slice(start, AT_ONCE) for start in range(0, len(chosen), AT_ONCE))


def _dated(table: pa.Table, day: int) -> pa.Table:
    """Rows with the columns of `Stored`."""
    return table.select([*_COLUMNS, *PLACE]).append_column("published_date", dates_of(table, day))


def handfuls(several: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Articles of several partitions together, so that there are hundreds: a night needs a few of each."""
    some: list[Stored] = []
    for stored in several:
        if len(stored.rows):
            some.append(stored)
        if sum(len(one.rows) for one in some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def references(ids: Any) -> Any:
    """What the signatures call articles: the first halves of their ids, bytes[n, 32] as uint64[n].

    Digit by digit, since a million texts would take a hundred megabytes.
    """
    found = np.zeros(len(ids), np.uint64)
    digits = ids.view(np.uint8).reshape(-1, ids.dtype.itemsize)
    for place in range(16):
        digit = digits[:, place]
        found = found << np.uint64(4) | ((digit & 15) + 9 * (digit >> 6)).astype(np.uint64)
    return found
