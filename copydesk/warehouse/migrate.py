"""Brings a warehouse of an older format to the present one: every file that lacks a column is written again, in one
commit.

Format 2 adds columns to `articles`, `edits` and `runs`, format 3 `syndicated_from` to `articles` and `versions`. In
format 4 a partition may have several files, which older versions would not read; none has to be written again. What
an older row does not say stays null, or is the date of the run that wrote the row. Which articles are copies is not
told here: the next commit that compares finds that nothing was compared yet, and compares everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from copydesk.records import Article
from copydesk.text.site import site_of
from copydesk.text.structure.names import canonical_agency
from copydesk.warehouse import layout, parquet, partition
from copydesk.warehouse.commit import marker, seal
from copydesk.warehouse.recovery import numbered, staged
from copydesk.warehouse.rows import articles_table, edits_table
from copydesk.warehouse.schemas import ARTICLES, EDITS, FORMAT, RUNS, UNWRITTEN, VERSIONS
from copydesk.warehouse.store import Store, WarehouseError, in_words

MIGRATION = "migration"
#: The first format in which articles are compared with each other.
COMPARED = 3
#: The columns that format 1 does not have.
_NEW = frozenset("published_precision modified_at first_seen_at last_changed_at version site syndicated_from".split())
_OLD_ARTICLES = [name for name in ARTICLES.names if name not in _NEW]


def migrate(store: Store, written_by: int, progress: Callable[[int, int], None] | None = None) -> int:
    """Write the files of a warehouse of format `written_by` that lack a column again, under the lock; returns their
    number.

    Interrupted, it leaves the old files or is completed by the next writer. `progress` gets the days done and their
    total. Raises `WarehouseError`, for damaged files too.
    """
    with in_words("migrate the warehouse"):
        work = _Migration(store)
        names = store.names("articles")
        for done, name in enumerate(names if written_by < COMPARED else (), 1):
            day = store.partitions.number_of("articles", name)
            if day is None:
                raise WarehouseError(f"{name} is not a partition of a table; run `copydesk check` first")
            if written_by < 2:
                work.day(day)
            else:
                work.again(name, store.partitions.schema("articles"))
            if progress:
                progress(done, len(names))
        # Readers that take the columns from the first file would miss those of later runs.
        for name in store.names("runs" if written_by < 2 else "versions") if written_by < COMPARED else ():
            work.again(name, RUNS if written_by < 2 else VERSIONS)
        work.commit()
        return len(work.files)


class _Migration:
    """The files of a migration on their way to staging."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run_id = numbered(store, MIGRATION)
        self.staging = layout.staging(store.lease.number if store.lease else 0, self.run_id)
        self.times = dict(_times(store))
        self.files: dict[str, parquet.Sealed] = {}
        content = marker(store.partitions)
        path = self.path(layout.MARKER)
        path.write_bytes(content)
        self.files[layout.MARKER] = parquet.seal(path)

    def again(self, name: str, schema: pa.Schema) -> None:
        """A file with its rows as they are; a column that it lacks is null."""
        self.files[name] = parquet.write(self.path(name), schema, partition.read(self.store, name, schema))

    def day(self, day: int) -> None:
        """The articles and edits of one day."""
        name, beside = layout.file("articles", day), layout.file("edits", day)
        edits = partition.of_articles(self.store, beside)
        located: list[pa.Table] = []

        def articles() -> Iterator[pa.Table]:
            for group in partition.read(self.store, name, ARTICLES, _OLD_ARTICLES):
                rows = [self._article(row) for row in group.to_pylist()]
                own = [edit for row in rows for edit in edits.get(row.article_id, ())]
                located.append(edits_table(own, rows))
                yield articles_table(rows).select(ARTICLES.names)

        self.files[name] = parquet.write(self.path(name), ARTICLES, articles())
        if self.store.size(beside) is not None:
            self.files[beside] = parquet.write(self.path(beside), EDITS, located)

    def _article(self, row: dict[str, Any]) -> Article:
        written = self.times.get(row["run_id"], UNWRITTEN)
        known = {**row, "byline": tuple(row["byline"]), "first_seen_at": written, "last_changed_at": written}
        known |= {"site": site_of(row["uri"]) or None, "published_precision": _precision(row["published_at"])}
        if row["agency"] is not None:
            known["agency"] = canonical_agency(row["agency"])
        return Article(**known)

    def commit(self) -> None:
        self.store.stage([self.path(name) for name in self.files])
        seal(self.store, self.staging, self.run_id, {"to": FORMAT}, self.files)

    def path(self, name: str) -> Path:
        """Where a file of the warehouse is staged."""
        path = self.store.workspace / Path(staged(self.staging, name)).relative_to(layout.STAGING)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _times(store: Store) -> Iterator[tuple[str, datetime]]:
    """The beginning of the day of each run."""
    for name in store.names("runs"):
        day = layout.day(layout.number_of("runs", name) or 0)
        if day is not None:
            for group in partition.read(store, name, RUNS, ["run_id"]):
                for run_id in group["run_id"].to_pylist():
                    yield run_id, datetime.combine(day, time(), UTC)


def _precision(moment: datetime | None) -> str | None:
    """How exact a time is, as far as it shows: midnight may be a day alone."""
    if moment is None or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return None
    return "second" if moment.second else "minute"
