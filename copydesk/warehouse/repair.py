"""Repairs the unambiguous findings of an audit, under the lock and after `recover`.

Unreadable files are moved to `_damaged/`, with the edits of their articles, and replaced by files without rows: the
next run over the same sources publishes these documents again. Of an article with several rows, the newest row is kept
with its edits; of several rows of one run, the one in the partition of its date. Changes are committed like a run, so
an interrupted repair is completed or discarded by the next writer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.warehouse import layout, parquet, partition
from copydesk.warehouse.audit import SCHEMAS, Audit
from copydesk.warehouse.commit import seal
from copydesk.warehouse.recovery import numbered, staged
from copydesk.warehouse.schemas import ARTICLES, QUARANTINE
from copydesk.warehouse.signatures import UNKNOWN
from copydesk.warehouse.store import Store, in_words

DAMAGED = "_damaged"
REPAIR = "repair"


def repair(store: Store, found: Audit) -> list[str]:
    """Repair the repairable findings of an audit made under this lock; returns what was done, in sentences."""
    with in_words("repair the warehouse"):
        work = _Rewrite(store, found)
        apart = [finding.path for finding in found.findings if finding.kind in ("stray", "report")]
        broken = _unusable(store, found)
        for path in (*broken, *apart):
            store.write(f"{DAMAGED}/{path.replace('/', '~')}", store.read(path) or b"")
        for path in broken:
            work.empty(path)
        for day in sorted(_days(store, found, "articles", ("twice",)) | _days(store, found, "edits", ("orphans",))):
            if store.partitions.file("articles", day) not in broken:
                work.articles(day)
        for day in sorted(_days(store, found, "quarantine", ("held", "held-twice"))):
            work.quarantine(day)
        if work.files or any(finding.kind in ("signatures", "copies") for finding in found.findings):
            work.forget()
        work.commit()
        for path in apart:
            store.fs.rm_file(store.path(path))
        return [f"Moved {path} to {DAMAGED}/." for path in (*broken, *apart)] + work.done


def _unusable(store: Store, found: Audit) -> list[str]:
    """Unreadable files, and the edits of articles in unreadable files."""
    paths = {finding.path for finding in found.findings if finding.kind == "damaged" and finding.repairable}
    days = [store.partitions.number_of("articles", path) for path in paths]
    beside = {store.partitions.file("edits", day) for day in days if day is not None}
    return sorted(paths | {path for path in beside if store.size(path) is not None})


def _days(store: Store, found: Audit, table: str, kinds: Collection[str]) -> set[int]:
    days = {store.partitions.number_of(table, finding.path) for finding in found.findings if finding.kind in kinds}
    return {day for day in days if day is not None}


class _Rewrite:
    """The files of a repair on their way to staging."""

    def __init__(self, store: Store, found: Audit) -> None:
        self.store, self.found = store, found
        self.run_id = numbered(store, REPAIR)
        self.staging = layout.staging(store.lease.number if store.lease else 0, self.run_id)
        self.articles_of, self.edits_of = store.partitions.schema("articles"), store.partitions.schema("edits")
        self.ages = {record.run_id: record.number for record in found.records}
        self.files: dict[str, parquet.Sealed] = {}
        self.done: list[str] = []
        self._best = self._newest()

    def articles(self, day: int) -> None:
        """The partition of one day, with one row for each article, and with the edits of that row."""
        name, beside = self.store.partitions.file("articles", day), self.store.partitions.file("edits", day)
        rows = self._read(name, self.articles_of)
        ids = rows["article_id"].to_pylist()
        keep = [self._best.get(key, (name, row)) == (name, row) for row, key in enumerate(ids)]
        if not all(keep):
            self._write(name, self.articles_of, rows.filter(pa.array(keep)))
            self.done.append(f"Removed {len(keep) - sum(keep)} duplicate rows of articles from {name}.")
        if self.store.size(beside) is not None:
            edits = self._read(beside, self.edits_of)
            kept = _of_rows(edits, rows, keep)
            if not all(kept):
                self._write(beside, self.edits_of, edits.filter(pa.array(kept)))
                self.done.append(f"Removed {len(kept) - sum(kept)} edits without an article from {beside}.")

    def quarantine(self, day: int) -> None:
        """The quarantine of one day, without duplicates and without published content."""
        name = layout.file("quarantine", day)
        rows = self._read(name, QUARANTINE)
        keys = pc.binary_join_element_wise(rows["article_id"], rows["content_sha256"], "").to_pylist()
        keep = [key not in self._published and self._last[key] == (name, row) for row, key in enumerate(keys)]
        if not all(keep):
            self._write(name, QUARANTINE, rows.filter(pa.array(keep)))
            self.done.append(
                f"Removed {len(keep) - sum(keep)} rows from {name} that are published, or quarantined twice."
            )

    def empty(self, name: str) -> None:
        """Replace a damaged file by one without rows: files are never deleted."""
        schema = self.store.partitions.schema(name.partition("/")[0])
        self._write(name, schema, schema.empty_table())

    def forget(self) -> None:
        """Say that the articles have to be compared again."""
        path = self._path(layout.SIGNATURES_STATE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(UNKNOWN.content())
        self.files[layout.SIGNATURES_STATE] = parquet.seal(path)

    def commit(self) -> None:
        """Commit the rewritten files, if any."""
        if self.files:
            self.store.stage([self._path(name) for name in self.files])
            seal(self.store, self.staging, self.run_id, {}, self.files)

    def _newest(self) -> dict[str, tuple[str, int]]:
        """The place of the row to keep, for each article with more than one row."""
        best: dict[str, tuple[tuple[int, bool, str, int], tuple[str, int]]] = {}
        for name in self._names("articles") if self.found.doubled else ():
            day = self.store.partitions.number_of("articles", name)
            rows = self._read(name, ARTICLES, ["article_id", "run_id", "published_at"])
            for row, (key, run_id, when) in enumerate(
                zip(*(rows[c].to_pylist() for c in rows.schema.names), strict=True)
            ):
                if key in self.found.doubled:
                    own = self.store.partitions.of(layout.number(when and when.date())) == layout.partition_of(day or 0)
                    rank = (self.ages.get(run_id, 0), own, name, row)
                    best[key] = max(best.get(key, (rank, (name, row))), (rank, (name, row)))
        return {key: where for key, (_, where) in best.items()}

    @cached_property
    def _published(self) -> set[str]:
        return {key for _, pair in self._pairs("articles") for key in pair}

    @cached_property
    def _last(self) -> dict[str, tuple[str, int]]:
        """The place of each content in the quarantine, the last one of several."""
        held = [(path, row, key) for path, pair in self._pairs("quarantine") for row, key in enumerate(pair)]
        return {key: (path, row) for path, row, key in sorted(held)}

    def _pairs(self, table: str) -> Iterable[tuple[str, list[str]]]:
        for name in self._names(table):
            rows = self._read(name, SCHEMAS[table], ["article_id", "content_sha256"])
            yield name, pc.binary_join_element_wise(rows["article_id"], rows["content_sha256"], "").to_pylist()

    def _names(self, table: str) -> list[str]:
        broken = {finding.path for finding in self.found.findings if finding.kind in ("damaged", "stray")}
        return [name for name in self.store.names(table) if self.store.partitions.is_table(name) and name not in broken]

    def _read(self, name: str, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
        wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
        groups = list(partition.read(self.store, name, schema, columns))
        return pa.concat_tables(groups).combine_chunks() if groups else wanted.empty_table()

    def _write(self, name: str, schema: pa.Schema, rows: pa.Table) -> None:
        self._path(name).parent.mkdir(parents=True, exist_ok=True)
        self.files[name] = parquet.write(self._path(name), schema, [rows])

    def _path(self, name: str) -> Path:
        return self.store.workspace / Path(staged(self.staging, name)).relative_to(layout.STAGING)


def _of_rows(edits: pa.Table, rows: pa.Table, keep: list[bool]) -> list[bool]:
    """Which edits belong to a row of `rows` that is kept.

    If an article is in one file twice, its edits are too, one list after the other; each list starts with the sequence
    0, and rows without edits have no list.
    """
    lists: dict[str, list[bool]] = {}
    counts = np.add(rows["edit_count"].to_numpy(), rows["suggestion_count"].to_numpy())
    for key, count, kept in zip(rows["article_id"].to_pylist(), counts.tolist(), keep, strict=True):
        lists.setdefault(key, [])
        if count:
            lists[key].append(kept)
    at: dict[str, int] = {}
    result = []
    for key, sequence in zip(edits["article_id"].to_pylist(), edits["sequence"].to_pylist(), strict=True):
        at[key] = at.get(key, -1) + (sequence == 0)
        of_rows = lists.get(key, [])
        result.append(at[key] < len(of_rows) and (at[key] < 0 or of_rows[at[key]]) and bool(of_rows))
    return result
