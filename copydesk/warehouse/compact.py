"""Changes the files of articles, edits and duplicates in one commit: from days to months or back, and their size.

The new files are put in place, then the marker that says which partitions count, then the old files are removed. Where
the partitions change, what reads by the marker (copydesk itself, `copydesk.open`, `copydesk sql`) sees the old or the
new tables; all other readers should wait. Interrupted, it leaves the old files or is completed by the next writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from copydesk.warehouse import layout, parquet, partition
from copydesk.warehouse.commit import marker, seal
from copydesk.warehouse.filling import Filling
from copydesk.warehouse.layout import Partitions
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.recovery import numbered, staged
from copydesk.warehouse.store import Store, in_words

COMPACTION = "compaction"


class Compacted(NamedTuple):
    """Numbers of files with such partitions, before and after."""

    before: int
    after: int


def compact(store: Store, wanted: Partitions, progress: Callable[[int, int], None] | None = None) -> Compacted:
    """Give a warehouse the `wanted` partitions, under the lock; nothing is written if it has them.

    Partitions whose files are far larger than wanted, or more than twice as many as needed, are written again even if
    the partitions are those. `progress` gets the partitions done and their total. Raises `WarehouseError`, for damaged
    files too.
    """
    with in_words("change the partitions of the warehouse"):
        work = _Compaction(store, wanted)
        before = sum(map(len, work.sizes.values()))
        parts = work.sources()
        for done, (part, numbers) in enumerate(sorted(parts.items()), 1):
            work.write(part, numbers)
            if progress:
                progress(done, len(parts))
        removed = [store.partitions.file(table, number) for table, number in sorted(work.read)]
        if removed:
            work.commit(removed)
        return Compacted(before, before - len(removed) + len(work.files) - bool(removed))


class _Compaction:
    """The files of a change of the partitions on their way to staging."""

    def __init__(self, store: Store, wanted: Partitions) -> None:
        self.store, self.old, self.new = store, store.partitions, wanted
        self.run_id = numbered(store, COMPACTION)
        self.staging = layout.staging(store.lease.number if store.lease else 0, self.run_id)
        self.files: dict[str, parquet.Sealed] = {}
        self.read: set[tuple[str, int]] = set()  # the old files: table and number
        #: Bytes of the old files by number, for each table.
        self.sizes = {
            table: {
                number: size
                for name, size in store.sizes(table).items()
                if (number := self.old.number_of(table, name)) is not None
            }
            for table in layout.BY_MONTH
        }

    def sources(self) -> dict[int, list[int]]:
        """The numbers of the old files whose rows go to each new partition, in order, of those that change. A file
        without rows goes to that of its first day.
        """
        numbers = sorted({number for sizes in self.sizes.values() for number in sizes})
        found: dict[int, list[int]] = {}
        for number in numbers:
            days = {int(layout.partition_of(number))}
            if self.old.by == "month" != self.new.by:
                tables = [table for table in self.sizes if number in self.sizes[table]]
                parts = (part for table in tables for part in self._read(table, number, ["article_id"]))
                days = {int(day) for part in parts for day in part.days} or days
            for part in {self.new.of(day) for day in days}:
                found.setdefault(part, []).append(number)
        if self.old == self.new:
            found = {part: own for part, own in found.items() if self._unfit(own)}
        self.read = {
            (table, number)
            for table, sizes in self.sizes.items()
            for number in {number for own in found.values() for number in own} & sizes.keys()
        }
        return found

    def _unfit(self, numbers: Sequence[int]) -> bool:
        """Whether the files of a partition are too large, or too many."""
        sizes, most = [self._size(number) for number in numbers], self.new.file_bytes
        return max(sizes) > 2 * most or len(sizes) > 2 * max(1, -(-sum(sizes) // most))

    def _size(self, number: int) -> int:
        return max(self.sizes[table].get(number, 0) for table in ("articles", "edits"))

    def write(self, part: int, numbers: Sequence[int]) -> None:
        """The files of a new partition: the rows of the old files in order. What belongs to an article is in the file
        of the same number.
        """
        files: dict[int, _Files] = {}
        articles = self._articles(part, [number for number in numbers if number in self.sizes["articles"]], files)
        found = {part: set(numbers)}  # what belongs to no article goes to the first file
        for number, pieces in groupby(articles, lambda piece: piece[0]):
            self._write("articles", number, _noted(pieces, found.setdefault(number, set())))
        for table in ("edits", "duplicates"):
            for number, some in found.items():
                own = [source for source in sorted(some) if source in self.sizes[table]]
                if own:
                    self._write(table, number, self._beside(table, part, number, own, files))

    def _articles(self, part: int, numbers: Sequence[int], files: dict[int, _Files]) -> Iterator[tuple[int, int, Any]]:
        """The rows of articles with the number of their new file, and that of their old one; notes in `files` where
        they go.
        """
        filling = Filling((), self.new.file_bytes)
        if not numbers:
            return
        yield part, numbers[0], self.new.schema("articles").empty_table()
        for source in numbers:
            with self.store.source(self.old.file("articles", source)) as file:
                average = self._size(source) // max(1, pq.read_metadata(file).num_rows)
            for rows in self._rows("articles", part, source):
                own = filling.files(np.full(len(rows), part), np.full(len(rows), average))
                files.setdefault(source, _Files([], [])).add(rows["article_id"], own)
                edges = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), len(own)]
                for start, stop in pairwise(edges):
                    if stop > start:
                        yield int(own[start]), source, rows.slice(start, stop - start)

    def _beside(
        self, table: str, part: int, number: int, sources: Sequence[int], files: Mapping[int, _Files]
    ) -> Iterator[pa.Table]:
        for source in sources:
            for rows in self._rows(table, part, source):
                to = files[source].of(rows["article_id"], part) if source in files else np.full(len(rows), part)
                yield rows.filter(pa.array(to == number))

    def _rows(self, table: str, part: int, number: int) -> Iterator[pa.Table]:
        """The rows of an old file that go to a new partition."""
        schema = self.new.schema(table)
        for old in self._read(table, number, None):
            dated = old.rows
            if "published_date" not in dated.schema.names:
                dated = dated.append_column("published_date", old.dates)
            yield dated.filter(pa.array(self.new.of_days(old.days) == part)).select(schema.names).cast(schema)

    def _write(self, table: str, number: int, rows: Iterator[pa.Table]) -> None:
        name = self.new.file(table, number)
        self.files[name] = parquet.write(self._path(name), self.new.schema(table), rows)

    def commit(self, replaced: Sequence[str]) -> None:
        """Put the new files in place of those that are `replaced`: those with a new name first, so that a row is seen
        twice rather than not at all.
        """
        path = self._path(layout.MARKER)
        path.write_bytes(marker(self.new))
        self.files[layout.MARKER] = parquet.seal(path)
        self.store.stage([self._path(name) for name in self.files])
        files = {name: self.files[name] for name in sorted(self.files, key=lambda name: (name in replaced, name))}
        removed = [name for name in replaced if name not in files]
        seal(self.store, self.staging, self.run_id, {"partitions": self.new.by, "removed": removed}, files)
        self.store.partitions = self.new

    def _read(self, table: str, number: int, columns: list[str] | None) -> Iterator[_Part]:
        schema = self.old.schema(table)
        if columns is not None and "published_date" in schema.names:
            columns = [*columns, "published_date"]
        for group in partition.read(self.store, self.old.file(table, number), schema, columns):
            dates = dates_of(group, number)
            days = pc.fill_null(dates.cast(pa.int32()), layout.UNDATED)
            yield _Part(group, dates, np.asarray(days))

    def _path(self, name: str) -> Path:
        path = self.store.workspace / Path(staged(self.staging, name)).relative_to(layout.STAGING)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _noted(pieces: Iterable[tuple[int, int, pa.Table]], sources: set[int]) -> Iterator[pa.Table]:
    """The rows of pieces, with the old files that they come from noted in `sources`."""
    for _, source, rows in pieces:
        sources.add(source)
        yield rows


class _Files(NamedTuple):
    """The new files of the articles of an old one: `ids` are chunks of ids, `numbers` those of their files."""

    ids: list[pa.ChunkedArray]
    numbers: list[Any]

    def add(self, ids: pa.ChunkedArray, numbers: Any) -> None:
        self.ids.append(ids)
        self.numbers.append(numbers)

    def of(self, ids: pa.ChunkedArray, otherwise: int) -> Any:
        """The files of some articles, int64[n]."""
        at = pc.index_in(ids, pa.chunked_array([chunk for some in self.ids for chunk in some.chunks]).combine_chunks())
        numbers = np.append(np.concatenate(self.numbers), otherwise)
        return numbers[pc.fill_null(at, len(numbers) - 1).to_numpy()]


class _Part(NamedTuple):
    """Rows of an old file with their dates, also as int32[rows]."""

    rows: pa.Table
    dates: pa.ChunkedArray
    days: Any
