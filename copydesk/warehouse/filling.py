"""Which file of its partition new rows go to: the last one, and the next when that is full.

An article stays in its file when it changes, so a night writes the last file of a partition again and those in which
something changes, whatever the partition holds. Files are neither split nor merged but by `copydesk compact`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from copydesk.warehouse import layout, parquet
from copydesk.warehouse.store import Store

#: Bytes of text for one byte of Parquet, and bytes of a row apart from its text. Files of news take 2.3 to 2.7.
_SHRINKS = 2
_ROW = 128


def estimated(rows: pa.Table) -> Any:
    """About how many bytes of Parquet each row takes, int64[rows]; rather too many. It depends on the row alone."""
    return parquet.text_bytes(rows) // _SHRINKS + _ROW


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
