"""Stores rows on disk until their partitions are written, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.records import Document
from copydesk.warehouse.layout import UNDATED, part_of

BUCKETS = 64
#: Maximum size of partitions that are sorted in memory together; a larger one is streamed.
LOAD_BYTES = 64 * 2**20

_DAY = "_day"
_DOCUMENT = ["uri", "content", "media_type", "text", "encoding", "charset", "title", "date", "modified", "authors"]
_DOCUMENT += ["address", "language", "path_date"]
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


class Rows(NamedTuple):
    """The new rows of one file, whose number is `day`, in order; `tables` can be read once."""

    day: int
    tables: Iterator[pa.Table]


def let_through(table: pa.Table, held: Collection[int]) -> pa.Table:
    """Rows of a month without those of days that are held; a partition of a day is held whole."""
    if not held or "published_date" not in table.schema.names:
        return table
    days = pc.fill_null(table["published_date"].cast(pa.int32()), UNDATED)
    return table.filter(pc.invert(pc.is_in(days, pa.array(sorted(held), pa.int32()))))


#: Makes rows of some files ready to be written: thousands of small files are finished together.
Finish = Callable[[pa.Table, Sequence[int]], pa.Table]


class Stream:
    """An Arrow file that is appended to."""

    def __init__(self, path: Path, schema: pa.Schema, compressed: bool = True) -> None:
        options = _COMPRESSED if compressed else pa.ipc.IpcWriteOptions()
        self.path, self._writer = path, pa.ipc.new_stream(str(path), schema, options=options)

    def add(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()

    def tables(self) -> Iterator[pa.Table]:
        """All rows, one batch at a time; after `close`."""
        with pa.OSFile(str(self.path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])


class Documents:
    """Waiting raw documents, in order. Their texts may contain lone surrogates."""

    def __init__(self, path: Path) -> None:
        self._stream = Stream(path, pa.schema([(name, pa.binary()) for name in _DOCUMENT]))

    def add(self, documents: Sequence[Document]) -> None:
        rows = [[getattr(document, name) for document in documents] for name in _DOCUMENT]
        columns = [pa.array([_bytes(value) for value in row], pa.binary()) for row in rows]
        self._stream.add(pa.table(columns, names=_DOCUMENT))

    def close(self) -> None:
        self._stream.close()

    def read(self) -> Iterator[Document]:
        """All documents; after `close`."""
        for table in self._stream.tables():
            for row in table.to_pylist():
                content = row.pop("content")
                known = {name: _text(value) for name, value in row.items()}
                known["authors"] = tuple(filter(None, known["authors"].split("\n")))
                yield Document(content=content, **known)


def _bytes(value: str | bytes | tuple[str, ...] | None) -> bytes | None:
    if isinstance(value, tuple):  # of authors, whose names hold no line break
        value = "\n".join(value)
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _text(value: bytes | None) -> Any:
    return None if value is None else value.decode("utf-8", "surrogatepass")


class Spill:
    """Rows by the file that they go to, in buckets of such files, so that thousands need few open files here.

    They are not compressed: each bucket gets some rows at a time, and compressing them takes longer than the disk.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder, self.schema = folder, schema.append(pa.field(_DAY, pa.int64(), False))
        self._buckets: dict[int, Stream] = {}
        self._bytes: dict[int, int] = {}
        folder.mkdir(parents=True)

    def add_dated(self, table: pa.Table, days: Any, files: Any) -> None:
        """Add rows of articles or edits that go to `files`, int64[rows]; `days` are their dates, int32[rows]."""
        if "published_date" in self.schema.names and "published_date" not in table.schema.names:
            dates = pa.array(days, pa.int32(), mask=days == UNDATED).cast(pa.date32())
            table = table.append_column(self.schema.field("published_date"), dates)
        self.add(table.select(self.schema.names[:-1]), files)

    def add(self, table: pa.Table, days: Any) -> None:
        """Add rows; `days` are the numbers of their files, int64[rows]. Rows of one file keep their order."""
        if not table.num_rows:
            return
        table = table.append_column(self.schema.field(_DAY), pa.array(days, pa.int64())).cast(self.schema)
        average = table.nbytes // table.num_rows + 1
        for day, rows in zip(*np.unique(days, return_counts=True), strict=True):
            self._bytes[int(day)] = self._bytes.get(int(day), 0) + average * int(rows)
        buckets = _bucket(days)
        order = np.argsort(buckets, kind="stable")
        table, buckets = table.take(order).combine_chunks(), buckets[order]
        edges = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(buckets)]
        for start, stop in pairwise(edges):
            bucket = int(buckets[start])
            if bucket not in self._buckets:
                self._buckets[bucket] = Stream(self.folder / f"{bucket:02}.arrow", self.schema, compressed=False)
            self._buckets[bucket].add(table.slice(start, stop - start))

    def close(self) -> None:
        for stream in self._buckets.values():
            stream.close()

    def partitions(self, days: Collection[int], finish: Finish) -> Iterator[list[Rows]]:
        """The rows of each of the files `days` that has any, in groups that are loaded and finished together."""
        for number in range(BUCKETS):
            for handful in self._handfuls(sorted(day for day in days if day in self._bytes and _bucket(day) == number)):
                tables = self._buckets[number].tables()
                if len(handful) == 1 and self._bytes[handful[0]] > LOAD_BYTES:
                    yield [Rows(handful[0], _only(tables, handful[0], finish))]
                else:
                    yield _sorted_out(tables, handful, finish)

    def _handfuls(self, days: list[int]) -> Iterator[list[int]]:
        handful: list[int] = []
        size = 0
        for day in days:
            if handful and size + self._bytes[day] > LOAD_BYTES:
                yield handful
                handful, size = [], 0
            handful.append(day)
            size += self._bytes[day]
        if handful:
            yield handful


def _bucket(days: Any) -> Any:
    return (days + part_of(days)) % BUCKETS


def _only(tables: Iterator[pa.Table], day: int, finish: Finish) -> Iterator[pa.Table]:
    for table in tables:
        chosen = table.filter(pa.array(table[_DAY].to_numpy() == day))
        if chosen.num_rows:
            yield finish(chosen.drop_columns([_DAY]), [day])


def _chosen(table: pa.Table, days: list[int]) -> pa.Table:
    """The rows of some days; mostly of all."""
    mask = np.isin(table[_DAY].to_numpy(), days)
    return table if mask.all() else table.filter(pa.array(mask))


def _sorted_out(tables: Iterator[pa.Table], handful: list[int], finish: Finish) -> list[Rows]:
    table = finish(pa.concat_tables([_chosen(table, handful) for table in tables]).combine_chunks(), handful)
    days = table[_DAY].to_numpy()
    order = np.argsort(days, kind="stable")
    table = table.drop_columns([_DAY]).take(order)
    edges = np.searchsorted(days[order], [*handful, handful[-1] + 1]).tolist()
    parts = zip(handful, pairwise(edges), strict=True)
    return [Rows(day, iter([table.slice(start, stop - start)])) for day, (start, stop) in parts if stop > start]
