"""One table of a warehouse, with the rows and columns that were chosen; read when a frame is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from copydesk.warehouse import layout
from copydesk.warehouse.store import Store, in_words

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class UnknownColumn(ValueError):
    """The table has no such column; the message names those that it has."""


@dataclass(frozen=True)
class Table:
    """A table, or some of its rows and columns. Choosing them gives another table and reads nothing.

    `name` is that of the table. Every method that reads raises `WarehouseError` for files that cannot be read.
    """

    name: str
    _store: Store
    _columns: tuple[str, ...] | None = None
    _conditions: pc.Expression | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns with their types; `field.metadata[b"description"]` says what each means."""
        whole = whole_schema(self.name)
        if self._columns is None:
            return whole
        return pa.schema([whole.field(name) for name in self._columns], whole.metadata)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def select(self, *columns: str) -> Table:
        """The table with these columns only, in this order. Raises `UnknownColumn`."""
        have = self.columns
        for name in columns:
            if name not in have:
                raise UnknownColumn(f"{self.name} has no column {name!r}; it has: {', '.join(have)}")
        return replace(self, _columns=columns)

    def where(self, condition: pc.Expression) -> Table:
        """The rows that meet a condition, such as `pyarrow.compute.field("agency") == "Reuters"`, and earlier ones."""
        return replace(self, _conditions=condition if self._conditions is None else self._conditions & condition)

    def on(self, day: date | str | None) -> Table:
        """The rows of one date, as a date or `YYYY-MM-DD`; None: those without a date. Other dates are not read."""
        key = pc.field(layout.KEYS[self.name])
        return self.where(key.is_null() if day is None else key == _scalar(day))

    def between(self, first: date | str | None = None, last: date | str | None = None) -> Table:
        """The rows from `first` to `last`, both included; None leaves that end open. Other dates are not read."""
        key, table = pc.field(layout.KEYS[self.name]), self
        if first is not None:
            table = table.where(key >= _scalar(first))
        if last is not None:
            table = table.where(key <= _scalar(last))
        return table

    def dataset(self) -> ds.Dataset:
        """The rows that were chosen, with all columns, as a pyarrow dataset of the files that are there now."""
        schema = whole_schema(self.name)
        with in_words(f"list the table {self.name}"):
            partitions = layout.stated(self._store.read(layout.MARKER))  # `copydesk compact` changes them
            names = [name for name in self._store.names(self.name) if partitions.number_of(self.name, name) is not None]
        if not names:
            return ds.dataset(schema.empty_table())
        key = pa.schema([] if partitions.has_months(self.name) else [schema.field(layout.KEYS[self.name])])
        with in_words(f"read the table {self.name}"):
            found = ds.dataset(
                [self._store.path(name) for name in names],
                schema=schema,
                format="parquet",
                filesystem=None if self._store.local else self._store.fs,
                partitioning=ds.partitioning(key, flavor="hive"),
            )
        return found if self._conditions is None else found.filter(self._conditions)

    def count(self) -> int:
        """The number of rows."""
        with in_words(f"read the table {self.name}"):
            return int(self.dataset().count_rows())

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow, some thousands at a time."""
        with in_words(f"read the table {self.name}"):
            yield from self.dataset().to_batches(columns=self.columns)

    def to_arrow(self) -> pa.Table:
        """The rows as a pyarrow table."""
        with in_words(f"read the table {self.name}"):
            return self.dataset().to_table(columns=self.columns).cast(self.schema)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame, with dates as dates and whole numbers that may be missing as `Int64`."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.LazyFrame:
        """The rows as a lazy Polars frame, which reads only what a query needs (extra `copydesk[polars]`)."""
        import polars

        frame = polars.scan_pyarrow_dataset(self.dataset())
        return frame if self._columns is None else frame.select(self._columns)

    def __repr__(self) -> str:
        return f"<{self.name} of {self._store.url}: {', '.join(self.columns)}>"


def whole_schema(name: str) -> pa.Schema:
    """The columns of a table as readers see them: those in its files, then the partition column."""
    schema = layout.SCHEMAS[name]
    about = {"description": "The date of the partition"}
    return schema.append(pa.field(layout.KEYS[name], pa.date32(), True, about))


def _scalar(day: date | str) -> Any:
    return pa.scalar(date.fromisoformat(day) if isinstance(day, str) else day, pa.date32())
