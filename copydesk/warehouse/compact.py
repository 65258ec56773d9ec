"""Changes the partitions of articles, edits and duplicates from days to months, or back, in one commit.

The new files are put in place, then the marker that says which partitions count, then the old files are removed. What
reads by the marker (copydesk itself, `copydesk.open`, `copydesk sql`) sees the old or the new tables; other readers
should wait. Interrupted, it leaves the old partitions or is completed by the next writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.warehouse import layout, parquet, partition
from copydesk.warehouse.commit import marker, seal
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

    `progress` gets the files done and their total. Raises `WarehouseError`, for damaged files too.
    """
    with in_words("change the partitions of the warehouse"):
        names = {
            table: [name for name in store.names(table) if store.partitions.number_of(table, name) is not None]
            for table in layout.BY_MONTH
        }
        before = sum(map(len, names.values()))
        if store.partitions == wanted:
            return Compacted(before, before)
        work = _Compaction(store, wanted)
        sources = {table: work.sources(table, names[table]) for table in names}
        after = sum(map(len, sources.values()))
        for table, parts in sources.items():
            for part, from_names in sorted(parts.items()):
                work.write(table, part, from_names)
                if progress:
                    progress(len(work.files), after)
        work.commit([name for table in names for name in names[table]])
        return Compacted(before, after)


class _Compaction:
    """The files of a change of the partitions on their way to staging."""

    def __init__(self, store: Store, wanted: Partitions) -> None:
        self.store, self.old, self.new = store, store.partitions, wanted
        self.run_id = numbered(store, COMPACTION)
        self.staging = layout.staging(store.lease.number if store.lease else 0, self.run_id)
        self.files: dict[str, parquet.Sealed] = {}

    def sources(self, table: str, names: Sequence[str]) -> dict[int, list[str]]:
        """The old files whose rows go to each new partition. A file without rows goes to that of its first day."""
        found: dict[int, list[str]] = {}
        for name in names:
            own = self.old.number_of(table, name) or 0
            days = {own}
            if self.old.by == "month":
                dates = (day for part in self._read(table, name, ["article_id"]) for day in part.days)
                days = {int(day) for day in dates} or days
            for part in sorted({self.new.of(day) for day in days}):
                found.setdefault(part, []).append(name)
        return found

    def write(self, table: str, part: int, names: Sequence[str]) -> None:
        """The file of a new partition: the rows of the old files in order."""
        schema, name = self.new.schema(table), self.new.file(table, part)

        def rows() -> Iterator[pa.Table]:
            for source in names:
                for old in self._read(table, source, None):
                    own = pa.array(self.new.of_days(old.days) == part)
                    dated = old.rows
                    if "published_date" not in dated.schema.names:
                        dated = dated.append_column("published_date", old.dates)
                    yield dated.filter(own).select(schema.names).cast(schema)

        self.files[name] = parquet.write(self._path(name), schema, rows())

    def commit(self, removed: Sequence[str]) -> None:
        """Put the new files in place of those that are `removed`."""
        path = self._path(layout.MARKER)
        path.write_bytes(marker(self.new))
        self.files[layout.MARKER] = parquet.seal(path)
        self.store.stage([self._path(name) for name in self.files])
        seal(self.store, self.staging, self.run_id, {"partitions": self.new.by, "removed": list(removed)}, self.files)
        self.store.partitions = self.new

    def _read(self, table: str, name: str, columns: list[str] | None) -> Iterator[_Part]:
        schema = self.old.schema(table)
        if columns is not None and "published_date" in schema.names:
            columns = [*columns, "published_date"]
        own = self.old.number_of(table, name) or 0
        for group in partition.read(self.store, name, schema, columns):
            dates = dates_of(group, own)
            days = pc.fill_null(dates.cast(pa.int32()), layout.UNDATED)
            yield _Part(group, dates, np.asarray(days))

    def _path(self, name: str) -> Path:
        path = self.store.workspace / Path(staged(self.staging, name)).relative_to(layout.STAGING)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class _Part(NamedTuple):
    """Rows of an old file with their dates, also as int32[rows]."""

    rows: pa.Table
    dates: pa.ChunkedArray
    days: Any
