"""The commit: all files of a run are complete and on disk before the first one replaces a file that readers see.

1. All files are written under `_staging/<run_id>/` and fsynced (or uploaded whole). On an object store the number of
   the lock precedes the run id.
2. The intent, `intent.json` next to them, is written the same way. It lists every file, with bytes and SHA-256. From
   now on the run is committed: the remaining steps can be done by anyone from the intent, and repeated.
3. The files are put in place, one atomic replace each: quarantine, articles and edits, runs, sites, validations,
   reports.
4. The intent is put in place as `_commits/<run_id>.json`, the commit record, and staging is cleaned up.

A run that dies before 2 leaves only staged files to discard; one that dies later is completed by `recover`. Files are
replaced and never deleted, so that a reader that has listed them can open them: a partition without articles left keeps
a file without rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.warehouse import index, layout, parquet, partition, schemas
from copydesk.warehouse.copies import NOTHING, Compared, placed
from copydesk.warehouse.filling import Filling
from copydesk.warehouse.index import Part, Small
from copydesk.warehouse.recovery import INTENT, complete, read_record, report_path, staged
from copydesk.warehouse.retention import FOREVER, Keep, expired
from copydesk.warehouse.schemas import (
    DECISIONS,
    FORMAT,
    KNOWN,
    QUARANTINE,
    RAW,
    RUNS,
    SITES,
    UNWRITTEN,
    VALIDATIONS,
    VERSIONS,
)
from copydesk.warehouse.spill import Rows, Spill, let_through
from copydesk.warehouse.store import Store

#: Files written in parallel. Compression and fsync release the GIL, so two small files take little longer than one.
WRITERS = 2


@dataclass(frozen=True, slots=True)
class Commit:
    """The result of a commit: the run id, and for each file its path below the root, bytes and SHA-256."""

    run_id: str
    published: int
    quarantined: int
    partitions_written: int
    files: Mapping[str, parquet.Sealed]


@dataclass(frozen=True)
class Plan:
    """The content of a commit, of a run or of a person's decisions, which have no `run_row`.

    `at` is the time that its rows state, and `stamp` are columns that its new rows have in common. `versions` gives the
    rows that are replaced, `decisions` are rows of that table.

    `days` are the files of articles and edits to write, with the new rows of `articles` and `edits`, apart from
    those of the days `held`; `leaving` are the ids of the old rows to remove, by file. `quarantine` gives the new
    rows of the quarantine; `released` are the old ones to remove, by file, each as its article_id and content_sha256
    joined. `copies` says which articles are copies then: rows that stay change their place in a cluster, and nothing
    else. `small` are the small files that are there, for the cache of what they hold; None leaves the cache as it is.
    """

    run_id: str
    run_date: date
    at: datetime
    stamp: Mapping[str, str]
    days: set[int]
    articles: Spill
    edits: Spill
    leaving: Mapping[int, list[str]]
    released: Mapping[int, list[str]]
    quarantine: Callable[[], Iterator[pa.Table]] | None = None
    versions: Callable[[], Iterator[pa.Table]] | None = None
    raw: Callable[[], Iterator[pa.Table]] | None = None
    decisions: Sequence[Mapping[str, Any]] = ()
    run_row: Mapping[str, Any] | None = None
    sites: Sequence[Mapping[str, Any]] = ()
    validations: Sequence[Mapping[str, Any]] = ()
    reports: Mapping[str, bytes] = field(default_factory=dict)
    keep: Keep = FOREVER
    copies: Compared = NOTHING
    held: frozenset[int] = frozenset()
    small: Small | None = None


def publish(store: Store, plan: Plan) -> Commit:
    """Carry out `plan`. Raises OSError and similar errors; until the intent is written, the tables are unchanged."""
    store.confirm()
    work = _Work(store, plan)
    work.prepare()
    files = {name: work.files[name] for name in sorted(work.files, key=_order(plan, store.partitions))}
    row = plan.run_row or {}
    counts = {name: value for name, value in row.items() if isinstance(value, int)}
    seal(store, work.staging, plan.run_id, {"run_date": plan.run_date.isoformat(), "counts": counts}, files)
    published, quarantined, written = (row.get(name, 0) for name in ("published", "quarantined", "partitions_written"))
    return Commit(plan.run_id, published, quarantined, written, files)


def seal(
    store: Store, staging: str, run_id: str, about: Mapping[str, Any], files: Mapping[str, parquet.Sealed]
) -> None:
    """Steps 2 to 4 for staged files, in the order of `files`; `about` is the other content of the record.

    The lock is checked right before and right after the intent is written: a run may be suspended in between.
    """
    record = {
        "format": FORMAT,
        "run_id": run_id,
        "number": len(store.names(layout.COMMITS)) + 1,
        **about,
        "files": [{"path": name, **sealed.listed()} for name, sealed in files.items()],
    }
    content = json.dumps(record, indent=1).encode()
    store.confirm()
    store.write(f"{staging}/{INTENT}", content)
    store.confirm()
    try:
        complete(store, staging, read_record(content, INTENT))
    except Exception:
        store.confirm()  # if another run has taken over and cleaned up, this is the error to report
        raise
    store.sweep(store.names(staging))


def marker(partitions: layout.Partitions = layout.DAILY) -> bytes:
    """The content of the file that names the format, and the partitions if they are not days."""
    by = {} if partitions == layout.DAILY else {"partitions": partitions.by}
    return json.dumps({"format": FORMAT} | by).encode()


def _order(plan: Plan, partitions: layout.Partitions) -> Callable[[str], tuple[int, bool, str]]:
    """Partitions that only lose rows come last, so that a moved article is seen twice rather than not at all."""
    tables = [
        *(layout.MARKER, layout.KNOWN, layout.SIGNATURES, "decisions", "versions", "raw", "quarantine", "duplicates"),
        *("articles", "edits", "runs", "sites", "validations", layout.REPORTS),
    ]
    ranks = {"edits": tables.index("articles")}

    def key(name: str) -> tuple[int, bool, str]:
        table = name.partition("/")[0]
        losing = table in ("articles", "edits") and partitions.number_of(table, name) in plan.leaving
        return (ranks.get(table, tables.index(table)), losing, name)

    return key


class _Work:
    """The files of one commit on their way to staging."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store, self.plan = store, plan
        self.staging = layout.staging(store.lease.number if store.lease else 0, plan.run_id)
        self.folder = store.workspace / Path(self.staging).relative_to(layout.STAGING)
        self.files: dict[str, parquet.Sealed] = {}
        self.parts: dict[tuple[str, str], Part] = {}
        self.sizes = {table: store.sizes(table) for table in sorted(layout.GROWING)}
        self.existing = {name for sizes in self.sizes.values() for name in sizes}

    def prepare(self) -> None:
        """Write every file of the plan to staging."""
        plan = self.plan
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.store.read(layout.MARKER) is None:
            self._bytes(layout.MARKER, marker(self.store.partitions))
        for name in expired(self.store, plan.keep, plan.run_date, bool(plan.sites), self.folder):
            self._parquet(name, getattr(schemas, name.partition("/")[0].upper()), [])
        if plan.decisions:
            self._append("decisions", DECISIONS, plan.decisions)
        if plan.versions:
            self._grow("versions", VERSIONS, plan.versions())
        self._grow(
            "quarantine", QUARANTINE, map(self._stamped, plan.quarantine() if plan.quarantine else ()), plan.released
        )
        of = self.store.partitions.schema
        with ThreadPoolExecutor(1) as beside:  # large files, whose compression releases the GIL
            raw = beside.submit(self._grow, "raw", RAW, plan.raw()) if plan.raw else None
            self._partitions("articles", of("articles"), plan.articles, plan.days | plan.copies.places.days)
            self._partitions("edits", of("edits"), plan.edits, plan.days)
            self._copies()
            if raw is not None:
                raw.result()
        if plan.run_row:
            self._append("runs", RUNS, [plan.run_row])
        if plan.sites:
            self._append("sites", SITES, plan.sites)
        if plan.validations:
            self._append("validations", VALIDATIONS, plan.validations)
        for name, content in plan.reports.items():
            self._bytes(report_path(name), content)
        self._known()
        self.store.stage([self._path(name) for name in self.files])

    def _known(self) -> None:
        """The cache of what small files hold: of those that stay, and of those that are written now."""
        if self.plan.small is not None:
            stay = {
                (name.partition("/")[0], digest): part
                for name, (digest, part) in self.plan.small.items()
                if name not in self.files
            }
            self._parquet(layout.KNOWN, KNOWN, [index.table(stay | self.parts)])

    def _copies(self) -> None:
        """The pairs of copies, and the signatures by which they are found."""
        copies, partitions = self.plan.copies, self.store.partitions
        for day, table in copies.duplicates.items():
            self._parquet(partitions.file("duplicates", day), partitions.schema("duplicates"), [table])
        if copies.state is not None:  # a table that is not there is an error for some readers
            self._if_undated_only("duplicates", partitions.schema("duplicates"))
        for name, level in copies.signatures.items():
            self._parquet(name, level.schema, level.tables())
        if copies.state is not None:
            self._bytes(layout.SIGNATURES_STATE, copies.state)

    def _partitions(self, table: str, schema: pa.Schema, spill: Spill, changed: Collection[int]) -> None:
        """The changed partitions of one table: those with new rows, then those whose rows leave or change place."""
        left, partitions = set(changed), self.store.partitions
        places = self.plan.copies.places if table == "articles" else NOTHING.places

        def finish(new: pa.Table, days: Sequence[int]) -> pa.Table:
            if partitions.has_months(table):
                new = let_through(new, self.plan.held)
            return placed(self._stamped(new), places.of(days))

        def assemble(rows: Rows) -> None:
            self._partition(table, schema, rows.day, rows.tables, self.plan.leaving.get(rows.day, []))

        with ThreadPoolExecutor(WRITERS) as pool:
            for handful in spill.partitions(left, finish):
                left -= {rows.day for rows in handful}
                list(pool.map(assemble, handful))
            losing = sorted(day for day in left if partitions.file(table, day) in self.existing)
            list(pool.map(assemble, [Rows(day, iter(())) for day in losing]))
        self._if_undated_only(table, schema)

    def _if_undated_only(self, table: str, schema: pa.Schema) -> None:
        """A date without rows: pyarrow cannot infer the type of a partition column without values."""
        numbers = (self.store.partitions.number_of(table, name) for name in self.existing | self.files.keys())
        days = {layout.partition_of(number) for number in numbers if number is not None}
        if days <= {layout.UNDATED} and (days or table == "duplicates"):
            self._partition(table, schema, layout.number(self.plan.run_date), iter(()), [])

    def _grow(
        self,
        table: str,
        schema: pa.Schema,
        new: Iterable[pa.Table],
        leaving: Mapping[int, list[str]] = MappingProxyType({}),
    ) -> None:
        """The partition of the run's date with rows appended, and files from which rows leave."""
        left, filling = dict(leaving), Filling.of(self.store, {table: self.sizes[table]})
        for number, tables in filling.split(layout.number(self.plan.run_date), new):
            self._partition(table, schema, number, tables, left.pop(number, []))
        for number in sorted(left):
            self._partition(table, schema, number, iter(()), left[number])

    def _partition(self, table: str, schema: pa.Schema, day: int, new: Iterator[pa.Table], leaving: list[str]) -> None:
        """The new content of a file: the remaining rows in order, followed by the new ones in order."""
        name = self.store.partitions.file(table, day)

        def rows() -> Iterator[pa.Table]:
            if name in self.existing:
                places = self.plan.copies.places.of([day]) if table == "articles" else None

                def stay(old: pa.Table) -> pa.Table:
                    return placed(_without(old, leaving, schema), places)

                # A loop would keep each table while the next one is read.
                yield from map(stay, partition.read(self.store, name, schema))
            yield from new

        parts: list[Part] = []
        self._parquet(name, schema, index.noted(rows(), parts) if table in index.TABLES else rows())
        if parts and self.files[name].size <= index.SMALL:
            self.parts[table, self.files[name].sha256] = Part.joined(parts)

    def _stamped(self, table: pa.Table) -> pa.Table:
        """New rows with the run that wrote them."""
        for column in self.plan.stamp.keys() & set(table.schema.names):
            index = table.schema.get_field_index(column)
            value = pa.repeat(pa.scalar(self.plan.stamp[column], pa.string()), table.num_rows)
            table = table.set_column(index, table.schema.field(index), value)
        return _at(table, self.plan.at) if "last_changed_at" in table.schema.names else table

    def _append(self, table: str, schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> None:
        """The one file of the run's date with rows appended."""
        new = pa.Table.from_pylist([{field: row[field] for field in schema.names} for row in rows], schema)
        name = layout.file(table, layout.number(self.plan.run_date))
        old = partition.read(self.store, name, schema) if self.store.size(name) is not None else iter(())
        self._parquet(name, schema, chain(old, [new]))

    def _parquet(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        self.files[name] = parquet.write(self._path(name), schema, tables)

    def _bytes(self, name: str, content: bytes) -> None:
        path = self._path(name)
        path.write_bytes(content)
        self.files[name] = parquet.seal(path)

    def _path(self, name: str) -> Path:
        return self.folder / Path(staged(self.staging, name)).name


def _at(table: pa.Table, at: datetime) -> pa.Table:
    """Rows of articles that were changed at a time, and first seen then unless they say otherwise."""
    index = table.schema.get_field_index("last_changed_at")
    field = table.schema.field(index)
    now = pa.scalar(at, field.type)
    table = table.set_column(index, field, pa.repeat(now, table.num_rows))
    index = table.schema.get_field_index("first_seen_at")
    seen = table["first_seen_at"]
    first = pc.if_else(pc.equal(seen, pa.scalar(UNWRITTEN, field.type)), now, seen)
    return table.set_column(index, table.schema.field(index), first)


def _without(table: pa.Table, leaving: list[str], schema: pa.Schema) -> pa.Table:
    """`table` without the rows whose key is in `leaving`; the quarantine's key joins id and content."""
    if leaving:
        key = table["article_id"]
        if schema is QUARANTINE:
            key = pc.binary_join_element_wise(key, table["content_sha256"], "")
        table = table.filter(pc.invert(pc.is_in(key, pa.array(leaving, pa.string()))))
    return table
