"""Repairs the unambiguous findings of an audit, under the lock and after `recover`.

Unreadable files are moved to `_damaged/`, with the edits of their articles, and replaced by files without rows, as are
files that are missing: the next run over the same sources publishes these documents again. Of an article with several
rows, the newest row is kept; of several rows of one run, the one in the partition of its date, then the one with its
edits beside it, then the one in the first file. Edits go beside their article from any file of the partition. All rows
that are removed are in `_damaged/`. Changes are committed like a run, so an interrupted repair is completed or
discarded by the next writer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.warehouse import fitting, layout, parquet, partition
from copydesk.warehouse.audit import SCHEMAS, Audit
from copydesk.warehouse.commit import seal
from copydesk.warehouse.placing import Files, placed
from copydesk.warehouse.recovery import numbered, staged
from copydesk.warehouse.schemas import ARTICLES, EDITS, QUARANTINE
from copydesk.warehouse.signatures import UNKNOWN
from copydesk.warehouse.store import Store, in_words

DAMAGED = "_damaged"
REPAIR = "repair"

#: What is gone with a file of a table, and until when.
_GONE = {
    "articles": "; its articles are gone until the next run over their sources",
    "edits": "; its edits are gone until their articles are published again (`copydesk run --reprocess`), and with them"
    " the way back to the source texts",
}


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
        for path in (one.path for one in found.findings if one.kind == "missing" and one.repairable):
            work.empty(path)
            work.done.append(f"Wrote a file without rows in the place of {path}, which was missing{_gone(path)}.")
        days = _days(store, found, "articles", ("twice", "missing"))
        days |= _days(store, found, "edits", ("orphans", "edits-twice", "missing"))
        for one in sorted({int(layout.partition_of(day)) for day in days}):
            work.partition(one, broken)
        for day in sorted(_days(store, found, "quarantine", ("held", "held-twice"))):
            work.quarantine(day)
        if work.files or any(finding.kind in ("signatures", "copies") for finding in found.findings):
            work.forget()
        work.commit()
        for path in apart:
            store.fs.rm_file(store.path(path))
        moved = [f"Moved {path} to {DAMAGED}/{_gone(path)}." for path in broken]
        return moved + [f"Moved {path} to {DAMAGED}/." for path in apart] + work.done


def _gone(path: str) -> str:
    """What readers no longer find once a file is replaced by one without rows; copies are compared again."""
    return _GONE.get(path.partition("/")[0], "")


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

    def partition(self, one: int, broken: Collection[str]) -> None:
        """The files of a partition, with one row for each article, and with the edits of that row beside it.

        `broken` are files that are replaced.
        """
        named = self.store.partitions
        numbers = {
            number
            for table in ("articles", "edits")
            for name in self._names(table)
            if (number := named.number_of(table, name)) is not None and layout.partition_of(number) == one
        }
        numbers = {number for number in numbers if named.file("articles", number) not in broken}
        for number in sorted(numbers):
            self._once(number)
        beside = {number: named.file("edits", number) for number in numbers}
        there = self._names("edits")
        open_to_us = {number for number, name in beside.items() if name in there or self.store.size(name) is None}
        edits = Files(open_to_us, lambda number: self._edits(beside[number]))
        for number, stay, taken, moved in placed(Files(numbers, self._rows), edits, self.found.doubled):
            self._write(beside[number], self.edits_of, stay)
            self._damaged(beside[number], self.edits_of, taken, "edits without an article")
            if moved:
                self.done.append(f"Moved {moved} edits to {beside[number]}, beside their articles.")
            self._confirm(number)

    def _kept(self, name: str) -> pa.Array:
        """Which rows of a file of articles stay."""
        ids = self._read(name, self.articles_of, ["article_id"])["article_id"].to_pylist()
        return pa.array([self._best.get(key, (name, row)) == (name, row) for row, key in enumerate(ids)], pa.bool_())

    def _once(self, number: int) -> None:
        """Remove the rows of a file of articles that do not stay."""
        name = self.store.partitions.file("articles", number)
        if self.store.size(name) is not None and pc.any(taken := pc.invert(self._kept(name))).as_py():
            rows = self._read(name, self.articles_of)
            self._write(name, self.articles_of, rows.filter(pc.invert(taken)))
            self._damaged(name, self.articles_of, rows.filter(taken), "duplicate rows of articles")

    def _confirm(self, number: int) -> None:
        """Record a file of articles that was changed, by its present rows, as their edits are beside them again."""
        name = self.store.partitions.file("articles", number)
        if name not in self.files and any((one.kind, one.path) == ("changed", name) for one in self.found.findings):
            self._write(name, self.articles_of, self._read(name, self.articles_of))

    def _rows(self, number: int) -> pa.Table:
        """The rows of articles that stay in a file, with the columns `fitting.COLUMNS`."""
        name = self.store.partitions.file("articles", number)
        if self.store.size(name) is None:
            return self.articles_of.empty_table().select(fitting.COLUMNS)
        return self._read(name, self.articles_of, [*fitting.COLUMNS]).filter(self._kept(name))

    def _edits(self, name: str) -> pa.Table:
        return self.edits_of.empty_table() if self.store.size(name) is None else self._read(name, self.edits_of)

    def _damaged(self, name: str, schema: pa.Schema, rows: pa.Table, what: str) -> None:
        """Keep rows that are removed from the file `name`."""
        if len(rows):
            path, aside = self.store.workspace / "removed.parquet", f"{self.run_id}~{name.replace('/', '~')}"
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet.write(path, schema, [rows])
            self.store.write(f"{DAMAGED}/{aside}", path.read_bytes())
            path.unlink()
            self.done.append(f"Removed {len(rows)} {what} from {name}; they are in {DAMAGED}/{aside}.")

    def quarantine(self, day: int) -> None:
        """The quarantine of one day, without duplicates and without published content."""
        name = layout.file("quarantine", day)
        rows = self._read(name, QUARANTINE)
        keys = pc.binary_join_element_wise(rows["article_id"], rows["content_sha256"], "").to_pylist()
        keep = [key not in self._published and self._last[key] == (name, row) for row, key in enumerate(keys)]
        if not all(keep):
            mask = pa.array(keep)
            self._write(name, QUARANTINE, rows.filter(mask))
            self._damaged(
                name, QUARANTINE, rows.filter(pc.invert(mask)), "rows that are published, or quarantined twice,"
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
        best: dict[str, tuple[tuple[int, bool, bool, int, int], tuple[str, int]]] = {}
        columns = ["article_id", "run_id", "published_at", "edit_count", "suggestion_count"]
        for name in self._names("articles") if self.found.doubled else ():
            day = self.store.partitions.number_of("articles", name) or 0
            rows, edits = self._read(name, ARTICLES, columns), self._counts(self.store.partitions.file("edits", day))
            for row, (key, run_id, when, *counts) in enumerate(
                zip(*(rows[c].to_pylist() for c in columns), strict=True)
            ):
                if key in self.found.doubled:
                    own = self.store.partitions.of(layout.number(when and when.date())) == layout.partition_of(day)
                    part, has = int(layout.part_of(day)), edits[key] >= sum(counts)
                    rank = (self.ages.get(run_id, 0), own, has, -part, row)
                    best[key] = max(best.get(key, (rank, (name, row))), (rank, (name, row)))
        return {key: where for key, (_, where) in best.items()}

    def _counts(self, name: str) -> Counter[str]:
        """The number of edits in a file of the articles with more than one row."""
        if name not in self._names("edits"):
            return Counter()
        keys = self._read(name, EDITS, ["article_id"])["article_id"].to_pylist()
        return Counter(key for key in keys if key in self.found.doubled)

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
