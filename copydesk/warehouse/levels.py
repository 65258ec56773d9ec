"""Private tables with sorted rows, in levels: what is found by a key, without reading the articles.

A row says that an article has something, or, with `gone`, that it no longer has it. Rows are sorted by key, in levels
of which each holds at most eight times as many as the one before: a night is written to the first level, and a full
level is merged into the next one, so that a night writes little and a row is written a few times in its life (O'Neil
and others, *The log-structured merge-tree*, 1996). Row groups without a wanted key are skipped by their statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.duplicates.candidates import ranges
from copydesk.duplicates.shingles import BITS, Outlines
from copydesk.warehouse import layout, partition
from copydesk.warehouse.schemas import OUTLINES, SIGNATURES
from copydesk.warehouse.store import Store

#: How many times as many rows as the one before each level holds.
RATIO = 8


class Kind(NamedTuple):
    """A table in levels: its schema, the file of a level, the rows of the first one, and those that are merged at
    once.
    """

    schema: pa.Schema
    file: Callable[[int], str]
    first: int
    at_once: int


#: Which articles have a key (`copydesk.duplicates.sketch`), about 18 rows each.
KEYS = Kind(SIGNATURES, layout.signatures, 2**17, 2**20)
#: The bitmap of each article (`copydesk.duplicates.shingles.Outlines`), in 269 bytes; its key is the first of its id.
BITMAPS = Kind(OUTLINES, layout.outlines, 2**13, 2**16)


class Level(NamedTuple):
    """A file to write: its schema and its rows."""

    schema: pa.Schema
    tables: Callable[[], Iterator[pa.Table]]


class Rows(NamedTuple):
    """Rows as arrays: `keys` uint32[n], `articles` uint64[n] (the first half of the article_id), `digests` uint32[n],
    `gone` bool[n]; those of `BITMAPS` with `different` int32[n] and `bitmaps` uint64[n, BITS / 64], too.

    Two rows with the same key, article and digest say the same.
    """

    keys: Any
    articles: Any
    digests: Any
    gone: Any
    different: Any = None
    bitmaps: Any = None

    @staticmethod
    def of(table: pa.Table) -> Rows:
        columns = {field.name: table[field.name] for field in table.schema}
        bitmaps = columns.pop("bitmap", None)
        rows = Rows(*(column.to_numpy() for column in columns.values()))
        return rows if bitmaps is None else rows._replace(bitmaps=bits(bitmaps))

    @staticmethod
    def made(keys: Any, articles: Any, digests: Any, gone: bool = False) -> Rows:
        """Rows that are all there, or all gone."""
        return Rows(
            np.asarray(keys, np.uint32), np.asarray(articles, np.uint64), np.asarray(digests, np.uint32),
            np.full(len(keys), gone),
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """Those of all parts, which are of one table; empty ones may be of another."""
        some = [part for part in parts if len(part.keys)]
        if len(some) < 2:
            return some[0] if some else NO_ROWS
        return Rows(*(None if columns[0] is None else np.concatenate(columns) for columns in zip(*some, strict=True)))

    def take(self, chosen: Any) -> Rows:
        return Rows(*(None if column is None else column[chosen] for column in self))

    def between(self, low: int, high: int) -> Rows:
        """The rows with keys from `low` up to `high`, excluded; the rows are sorted."""
        start = np.searchsorted(self.keys, np.uint32(low))
        stop = np.searchsorted(self.keys, np.uint32(high - 1), "right")
        return self.take(slice(start, stop))

    def settled(self, keep_gone: bool) -> Rows:
        """In order, without the rows that are gone and those that say so; with `keep_gone` the latter stay where there
        is nothing else, since the row may be in another level.
        """
        rows = self.take(self._order())
        if not rows.gone.any():
            return rows
        changes = (np.diff(rows.keys) != 0) | (np.diff(rows.articles) != 0) | (np.diff(rows.digests) != 0)
        starts = np.flatnonzero(np.concatenate([[True], changes]))
        net = np.add.reduceat(np.where(rows.gone, -1, 1), starts)
        chosen = net != 0 if keep_gone else net > 0
        return rows.take(starts[chosen])._replace(gone=net[chosen] < 0)

    @staticmethod
    def merged(parts: Sequence[Rows], keep_gone: bool) -> Rows:
        """Those of all parts, settled; each of them is settled with `keep_gone` already."""
        some = [part for part in parts if len(part.keys)]
        if len(some) != 1:
            return Rows.joined(some).settled(keep_gone)
        return some[0] if keep_gone or not some[0].gone.any() else some[0].take(~some[0].gone)

    def _order(self) -> Any:
        """The order by key, article and digest. Keys and the first halves of articles make one number, which is sorted
        several times faster than three columns; those that agree in it are few.
        """
        numbers = self.keys.astype(np.uint64) << np.uint64(32) | self.articles >> np.uint64(32)
        order = np.argsort(numbers)
        numbers = numbers[order]
        alike = np.concatenate([[False], numbers[1:] == numbers[:-1], [False]])
        places = np.flatnonzero(alike[1:] | alike[:-1])
        some = order[places]
        order[places] = some[np.lexsort((self.digests[some], self.articles[some], numbers[places]))]
        return order

    def leaving(self) -> Rows:
        """The rows that say that these are gone."""
        return self._replace(gone=np.ones(len(self.keys), bool))

    @property
    def outlines(self) -> Outlines:
        return Outlines(self.bitmaps, self.different)

    def table(self, schema: pa.Schema) -> pa.Table:
        if not len(self.keys):
            return schema.empty_table()
        columns = [pa.array(column) for column in self[: len(schema) - (self.bitmaps is not None)]]
        if self.bitmaps is not None:
            packed = pa.py_buffer(np.ascontiguousarray(self.bitmaps))
            columns.append(pa.FixedSizeBinaryArray.from_buffers(pa.binary(BITS // 8), len(self.keys), [None, packed]))
        return pa.table(columns, schema=schema)


NO_ROWS = Rows(np.empty(0, np.uint32), np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty(0, bool))


def bits(column: pa.ChunkedArray) -> Any:
    """Bitmaps as uint64[rows, BITS / 64]."""
    whole = column.combine_chunks()
    return np.frombuffer(whole.buffers()[1] or b"", np.uint64).reshape(-1, BITS // 64)[whole.offset :][: len(whole)]


class RowChange(NamedTuple):
    """Rows that come and go: their number, at most, and those with keys from a value up to another, excluded, settled
    with `keep_gone`.
    """

    size: int
    between: Callable[[int, int], Rows]

    @staticmethod
    def of(rows: Rows) -> RowChange:
        rows = rows.settled(keep_gone=True)
        return RowChange(len(rows.keys), rows.between)


class Levels:
    """A table in levels of a warehouse. Methods raise OSError and similar errors, and `WarehouseError`."""

    def __init__(self, store: Store, kind: Kind, empty: bool = False) -> None:
        """With `empty` it is to be written anew."""
        self._store, self._kind, self._empty = store, kind, empty
        names = set(store.names(layout.SIGNATURES))
        self._there = [level for level in range(layout.LEVELS) if kind.file(level) in names]
        self._sizes = {level: 0 if empty else rows_of(store, kind, level) for level in self._there}

    def find(self, keys: Any) -> Rows:
        """All rows with one of `keys`, uint32[n], sorted and each once."""
        found = [
            Rows.joined(list(self._find(self._kind.file(level), keys)))
            for level in self._there
            if self._sizes[level] and len(keys)
        ]
        some = [rows for rows in found if len(rows.keys)]
        if len(some) == 1 and not some[0].gone.any():  # as they stand in the file
            return some[0]
        return Rows.joined(some).settled(keep_gone=False)

    def _find(self, name: str, keys: Any) -> Iterator[Rows]:
        with self._opened(name) as file:
            for number in range(file.num_row_groups):
                range_ = file.metadata.row_group(number).column(0).statistics
                some = keys[np.searchsorted(keys, range_.min) : np.searchsorted(keys, range_.max, "right")]
                if not len(some):
                    continue
                own = file.read_row_group(number, ["key"], use_threads=False)["key"].to_numpy()
                starts, stops = np.searchsorted(own, some), np.searchsorted(own, some, "right")
                counts = stops - starts
                if counts.any():
                    rows = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
                    yield Rows.of(file.read_row_group(number, use_threads=False)).take(rows)

    def changed(self, change: RowChange) -> Mapping[str, Level]:
        """The files to write, so that the table has this change, too."""
        files = {self._kind.file(level): self._none() for level in self._there} if self._empty else {}
        size = change.size
        for level in range(layout.LEVELS):
            size += self._sizes.get(level, 0)
            if size <= self._kind.first * RATIO**level or level == layout.LEVELS - 1:
                deepest = all(not self._sizes.get(below, 0) for below in range(level + 1, layout.LEVELS))
                files[self._kind.file(level)] = self._merged(level, change, size, keep_gone=not deepest)
                break
            files[self._kind.file(level)] = self._none()
        return files

    def levels(self, files: Mapping[str, Level]) -> list[int]:
        """The levels that there are when these files are written."""
        return [n for n in range(layout.LEVELS) if n in self._there or self._kind.file(n) in files]

    def _none(self) -> Level:
        return Level(self._kind.schema, lambda: iter([]))

    def _merged(self, level: int, change: RowChange, size: int, keep_gone: bool) -> Level:
        """This level with all above it and a change, `size` rows in all."""

        def tables() -> Iterator[pa.Table]:
            for low, high in ranges(size, self._kind.at_once):
                above = [rows for upper in range(level) for rows in self._between(upper, low, high)]
                new = Rows.merged([change.between(low, high), *above], keep_gone=True)
                yield Rows.merged([*self._between(level, low, high), new], keep_gone).table(self._kind.schema)

        return Level(self._kind.schema, tables)

    def _between(self, level: int, low: int, high: int) -> Iterator[Rows]:
        """The rows of a level with keys from `low` up to `high`, excluded."""
        if not self._sizes.get(level):
            return
        with self._opened(self._kind.file(level)) as file:
            for number in range(file.num_row_groups):
                range_ = file.metadata.row_group(number).column(0).statistics
                if range_.min < high and range_.max >= low:
                    yield Rows.of(file.read_row_group(number, use_threads=False)).between(low, high)

    @contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        with (
            partition.errors_named(name),
            self._store.source(name) as source,
            pq.ParquetFile(source, page_checksum_verification=True) as file,
        ):
            yield file


def rows_of(store: Store, kind: Kind, level: int) -> int:
    """The rows of a file. Raises `Unreadable`, also for a file of another table, and `WarehouseError`."""
    name = kind.file(level)
    with partition.errors_named(name), store.source(name) as source, pq.ParquetFile(source) as file:
        found = file.schema_arrow
        if (found.names, found.types) != (kind.schema.names, kind.schema.types):
            raise ValueError(f"its columns are {', '.join(found.names)}")
        return int(file.metadata.num_rows)
