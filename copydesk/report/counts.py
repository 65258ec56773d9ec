"""Counting by key with bounded memory, one Arrow batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class TopCounts:
    """Sums of `values` for each combination of `keys`; only the `limit` largest, by the first value, are kept.

    While `exact` is true, nothing has been dropped. Afterwards a sum is a lower bound: what a key had before it was
    dropped is lost (Misra-Gries pruning, one batch at a time). Ties are ordered by key, so the same batches in the same
    order give the same result.
    """

    def __init__(self, keys: Sequence[str], values: Sequence[str] = ("n",), limit: int = 4096) -> None:
        self.keys = tuple(keys)
        self.values = tuple(values)
        self.limit = limit
        self.exact = True
        self.table: pa.Table | None = None

    def add(self, table: pa.Table) -> None:
        """Add the rows of `table`, with the columns `keys` and `values`; without a column `n`, each row counts as 1."""
        if "n" in self.values and "n" not in table.column_names:
            grouped = table.group_by(list(self.keys), use_threads=False).aggregate([([], "count_all")])
            grouped = grouped.rename_columns([*self.keys, "n"])
        else:
            grouped = self._sum(table)
        self.table = grouped if self.table is None else self._sum(pa.concat_tables([self.table, grouped]))
        if self.table.num_rows > self.limit:
            self.exact = False
            self.table = self._sorted(self.table).slice(0, self.limit).combine_chunks()

    def merge(self, other: TopCounts) -> None:
        """Add the counts of another instance with the same keys."""
        self.exact = self.exact and other.exact
        if other.table is not None:
            self.add(other.table)

    def top(self, count: int | None = None) -> list[dict[str, Any]]:
        """The `count` largest (None: all), largest first, as rows of keys and values."""
        if self.table is None:
            return []
        table = self._sorted(self.table)
        rows: list[dict[str, Any]] = (table if count is None else table.slice(0, count)).to_pylist()
        return rows

    def _sum(self, table: pa.Table) -> pa.Table:
        columns = [*self.keys, *self.values]
        sums = [(value, "sum") for value in self.values]
        grouped = table.select(columns).group_by(list(self.keys), use_threads=False).aggregate(sums)
        return grouped.rename_columns(columns)

    def _sorted(self, table: pa.Table) -> pa.Table:
        order = [(self.values[0], "descending"), *((key, "ascending") for key in self.keys)]
        return table.take(pc.sort_indices(table, sort_keys=order))
