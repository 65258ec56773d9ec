"""Which file of its partition new rows go to: the last one, and the next when that is full.

An article stays in its file when it changes, so a night writes the last file of a partition again and those in which
something changes, whatever the partition holds. Files are neither split nor merged but by `copydesk compact`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.warehouse import layout, parquet
from copydesk.warehouse.store import Store

#: Bytes of text for one byte of Parquet, and bytes of a row apart from its text. Files of news take 2.3 to 2.7.
_SHRINKS = 2
_ROW = 128
#: What a file written anew may have of the wanted bytes, unless it is a single row.
LARGE = 1.5


def estimated(rows: pa.Table) -> Any:
    """About how many bytes of Parquet each row takes, int64[rows]; rather too many. It depends on the row alone."""
    return parquet.text_bytes(rows) // _SHRINKS + _ROW


def cut(weights: Any, base: float, file_bytes: int) -> Any:
    """Which file, from 0, each row goes to if a partition is written anew, int64[rows].

    `weights` are the bytes of the rows in order, `base` those of a file without rows. A file ends at `file_bytes`, or
    before a row that would make it larger than `LARGE` times that: so a huge row has a file of its own.
    """
    found = np.empty(len(weights), np.int64)
    part, filled, rows = 0, base, 0
    for row, weight in enumerate(weights.tolist()):
        if rows and (filled >= file_bytes or filled + weight > LARGE * file_bytes):
            part, filled, rows = part + 1, base, 0
        found[row] = part
        filled, rows = filled + weight, rows + 1
    return found


class Shape(NamedTuple):
    """Bytes of a file: those of its rows, and the rest, which a file without rows has as well."""

    data: int
    base: int

    @staticmethod
    def of(size: int, metadata: pq.FileMetaData) -> Shape:
        groups = (metadata.row_group(n) for n in range(metadata.num_row_groups))
        data = sum(group.column(n).total_compressed_size for group in groups for n in range(metadata.num_columns))
        return Shape(data, size - data)

    @property
    def size(self) -> int:
        return self.data + self.base


class Division(NamedTuple):
    """The bytes of each row of a partition, float64[rows], and those of a file without rows; estimated, or learned."""

    weights: Any
    base: float

    def files(self, most: int) -> Any:
        """The file of each row, int64[rows], from 0."""
        return cut(self.weights, self.base, most)

    def learned(self, files: Any, shapes: Sequence[Shape]) -> Division:
        """With the bytes that the rows turned out to have in such files."""
        expected = np.bincount(files, self.weights, len(shapes))
        factors = np.array([shape.data for shape in shapes]) / np.maximum(expected, 1)
        return Division(self.weights * factors[files], float(np.median([shape.base for shape in shapes])))


class Filling:
    """The last file of each partition of a table, and how full it is."""

    def __init__(self, sizes: Iterable[tuple[int, int]], file_bytes: int) -> None:
        """`sizes` are the files that are there: their numbers and bytes. Of tables that share their files' numbers
        both are given: a file is full if one of the two is.
        """
        self._most = file_bytes
        self._last: dict[int, tuple[int, int]] = {}
        for number, size in sizes:
            one = int(layout.partition_of(number))
            self._last[one] = max(self._last.get(one, (number, 0)), (number, size))

    @staticmethod
    def of(store: Store, sizes: Mapping[str, Mapping[str, int]]) -> Filling:
        """The last files of tables that share their files' numbers; `sizes` are the bytes of all, by table and path."""
        there = (
            (number, size)
            for table, files in sizes.items()
            for path, size in files.items()
            if (number := store.partitions.number_of(table, path)) is not None
        )
        return Filling(there, store.partitions.file_bytes)

    @staticmethod
    def of_articles(store: Store) -> Filling:
        """The last files of articles, which are full if those of their edits are."""
        return Filling.of(store, {table: store.sizes(table) for table in ("articles", "edits")})

    def files(self, partitions: Any, sizes: Any, stay: Mapping[int, int] | None = None) -> Any:
        """The numbers of the files of new rows, int64[rows], in their order. `sizes` are their estimated bytes; `stay`
        names the file of rows whose place is known.
        """
        found = np.empty(len(partitions), np.int64)
        for row, (one, size) in enumerate(zip(partitions.tolist(), sizes.tolist(), strict=True)):
            found[row] = stay[row] if stay and row in stay else self._next(one, size)
        return found

    def split(self, partition: int, tables: Iterable[pa.Table]) -> Iterator[tuple[int, Iterator[pa.Table]]]:
        """New rows of one partition by file; the tables of one have to be used before the next one is asked for."""
        for number, some in groupby(self._pieces(partition, tables), lambda piece: piece[0]):
            yield number, (table for _, table in some)

    def _pieces(self, partition: int, tables: Iterable[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
        for table in tables:
            files = self.files(np.full(len(table), partition), estimated(table))
            edges = [0, *(np.flatnonzero(np.diff(files)) + 1).tolist(), len(table)]
            for start, stop in pairwise(edges):
                if stop > start:
                    yield int(files[start]), table.slice(start, stop - start)

    def _next(self, one: int, size: int) -> int:
        number, filled = self._last.get(one, (one, 0))
        if filled >= self._most:
            number, filled = number + layout.PART, 0
        self._last[one] = number, filled + size
        return number
