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
from copydesk.warehouse.filling import LARGE, Division, Shape, estimated
from copydesk.warehouse.layout import Partitions
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.recovery import numbered, staged
from copydesk.warehouse.store import Store, in_words

COMPACTION = "compaction"
#: How often the files of a partition are written at most until their sizes fit: once, or twice where many small files
#: are joined; more often where rows of very different sizes follow each other.
TRIES = 8


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
        """Whether the files of a partition are too large, or too many. A file of one row cannot be cut."""
        sizes = [self._size(number) for number in numbers]
        return self._too_many(sizes) or any(
            size > 2 * self.new.file_bytes and self._rows_of(number) > 1
            for number, size in zip(numbers, sizes, strict=True)
        )

    def _too_many(self, sizes: Sequence[int]) -> bool:
        return len(sizes) > 2 * max(1, -(-sum(sizes) // self.new.file_bytes))

    def _size(self, number: int) -> int:
        return max(self.sizes[table].get(number, 0) for table in ("articles", "edits"))

    def _rows_of(self, number: int) -> int:
        """The articles of an old file."""
        if number not in self.sizes["articles"]:
            return 0
        name = self.old.file("articles", number)
        with partition.errors_named(name), self.store.source(name) as file:
            return int(pq.read_metadata(file).num_rows)

    def write(self, part: int, numbers: Sequence[int]) -> None:
        """The files of a new partition: the rows of the old files in order.

        How large a file gets is known when it is written, so the rows are divided anew until the files fit.
        """
        division = self._division(part, [number for number in numbers if number in self.sizes["articles"]])
        for left in reversed(range(TRIES)):
            to = division.files(self.new.file_bytes)
            names = self._files(part, numbers, part + to * layout.PART)
            rows = np.bincount(to, minlength=1).tolist()
            shapes = [self._shape(part + n * layout.PART) for n in range(len(rows))]
            if not left or self._fits([shape.size for shape in shapes], rows):
                return
            division = division.learned(to, shapes)
            for name in names:
                del self.files[name]
                self._path(name).unlink()

    def _fits(self, sizes: Sequence[int], rows: Sequence[int]) -> bool:
        """Whether files are neither too large nor could be joined; the last one may be of any size."""
        most = self.new.file_bytes
        large = any(size > LARGE * most and count > 1 for size, count in zip(sizes, rows, strict=True))
        return not (large or self._too_many(sizes) or any(sum(pair) < most for pair in pairwise(sizes[:-1])))

    def _division(self, part: int, numbers: Sequence[int]) -> Division:
        """The articles of a new partition, weighed by their text and by the bytes of the files that they are in."""
        weights, bases = [np.empty(0)], []
        for number in numbers:
            table = max(("articles", "edits"), key=lambda table: self.sizes[table].get(number, 0))
            name = self.old.file(table, number)
            with partition.errors_named(name), self.store.source(name) as file:
                shape = Shape.of(self.sizes[table][number], pq.read_metadata(file))
            read = [(estimated(old.rows), old.days) for old in self._read("articles", number, ["article_id", "body"])]
            whole = sum(int(own.sum()) for own, _ in read)
            weights += [own[self.new.of_days(days) == part] * shape.data / whole for own, days in read]
            bases.append(shape.base)
        return Division(np.concatenate(weights), float(np.median(bases)) if bases else 0.0)

    def _shape(self, number: int) -> Shape:
        """That of the larger one of the new files of articles and edits."""
        names = [name for table in ("articles", "edits") if (name := self.new.file(table, number)) in self.files]
        if not names:
            return Shape(0, 0)
        name = max(names, key=lambda name: self.files[name].size)
        return Shape.of(self.files[name].size, pq.read_metadata(self._path(name)))

    def _files(self, part: int, numbers: Sequence[int], own: Any) -> list[str]:
        """Write the files of a new partition; `own` are the numbers of those of its articles. What belongs to an
        article is in the file of the same number. Returns the names.
        """
        files: dict[int, _Files] = {}
        sources = [number for number in numbers if number in self.sizes["articles"]]
        found = {part: set(numbers)}  # what belongs to no article goes to the first file
        names = []
        for number, pieces in groupby(self._articles(part, sources, own, files), lambda piece: piece[0]):
            names.append(self._write("articles", number, _noted(pieces, found.setdefault(number, set()))))
        for table in ("edits", "duplicates"):
            for number, some in found.items():
                read = [source for source in sorted(some) if source in self.sizes[table]]
                if read:
                    names.append(self._write(table, number, self._beside(table, part, number, read, files)))
        return names

    def _articles(
        self, part: int, numbers: Sequence[int], own: Any, files: dict[int, _Files]
    ) -> Iterator[tuple[int, int, Any]]:
        """The rows of articles with the number of their new file, and that of their old one; notes in `files` where
        they go.
        """
        if not numbers:
            return
        yield part, numbers[0], self.new.schema("articles").empty_table()
        done = 0
        for source in numbers:
            for rows in self._rows("articles", part, source):
                to = own[done : done + len(rows)]
                done += len(rows)
                files.setdefault(source, _Files([], [])).add(rows["article_id"], to)
                edges = [0, *(np.flatnonzero(np.diff(to)) + 1).tolist(), len(to)]
                for start, stop in pairwise(edges):
                    if stop > start:
                        yield int(to[start]), source, rows.slice(start, stop - start)

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

    def _write(self, table: str, number: int, rows: Iterator[pa.Table]) -> str:
        name = self.new.file(table, number)
        self.files[name] = parquet.write(self._path(name), self.new.schema(table), rows)
        return name

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
