"""The audit of a warehouse: every file is checked against its commit record, and every row against the guarantees.

- A file has the bytes, the SHA-256 and the rows of the newest record that lists it; a table has no other files.
- Undone in reverse order, the edits of an article fit its text, and their number is that in the article's row.
- An article is in one file, with its edits beside it, once; no content is both published and quarantined.
- An article is a copy of one that is published.
- Every run has a record and a row in `runs`.

Reports can be written again; it is only checked that they can be read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from copydesk.edits import Edit
from copydesk.records import article_id
from copydesk.warehouse import fitting, layout, partition, schemas
from copydesk.warehouse.doubles import Keys
from copydesk.warehouse.index import digests
from copydesk.warehouse.recovery import Listed, Record, read_record
from copydesk.warehouse.store import Store, WarehouseError, in_words, parsed

SCHEMAS = layout.SCHEMAS
#: Maximum findings of one kind in one file that are listed one by one.
LISTED = 10

_PIECE = 2**20


class Finding(NamedTuple):
    """A problem with `path`; `repairable` says whether `repair` can fix it."""

    kind: str
    path: str
    what: str
    repairable: bool = False


@dataclass
class Audit:
    """The counts of what was checked, and the findings. `doubled` are ids of articles with more than one row."""

    files: int = 0
    articles: int = 0
    edits: int = 0
    quarantined: int = 0
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    doubled: set[str] = field(default_factory=set)
    _canonical: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, list[tuple[str, Any, Any]]] = field(default_factory=lambda: {"articles": [], "quarantine": []})

    def sentence(self) -> str:
        """The result in one sentence."""
        looked = (
            f"{self.files:,} files, {self.articles:,} articles, {self.edits:,} edits, {self.quarantined:,} quarantined"
        )
        if not self.findings:
            return f"Sound: {looked}."
        mended = sum(finding.repairable for finding in self.findings)
        hint = f"; {mended:,} can be repaired with --repair" if mended else ""
        return f"{len(self.findings):,} finding{'s' * (len(self.findings) > 1)} in {looked}{hint}."

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON-able value: `sound`, the counts, and `findings`."""
        counts = {name: getattr(self, name) for name in ("files", "articles", "edits", "quarantined")}
        return {"sound": not self.findings, **counts, "findings": [finding._asdict() for finding in self.findings]}

    def note(self, kind: str, path: str, what: str, repairable: bool = False) -> None:
        self.findings.append(Finding(kind, path, what, repairable))


def audit(store: Store, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Check the whole warehouse without changing it. `progress` is called with the files done and their total.

    Raises `WarehouseError` for disk and network errors; problems of a file are findings.
    """
    found = Audit()
    with in_words("read the list of files"):
        names = {table: store.names(table) for table in layout.KEYS}
        found.records = _records(store, found)
        _look_at_reports(store, found)
        if leavings := store.names(layout.STAGING):
            found.note("interrupted", layout.STAGING, f"{len(leavings)} files of an interrupted run", True)
    expected = newest(found.records)
    _look_at_signatures(
        store, {path: expected.pop(path) for path in list(expected) if layout.is_signature(path)}, found
    )
    expected.pop(layout.KNOWN, None)  # a cache, which proves itself where it is used
    there = {name for table in names.values() for name in table}
    for path in sorted(expected.keys() - there - {layout.MARKER}):
        replaced = path.partition("/")[0] in layout.BY_MONTH
        words = "is missing, although a commit wrote it; restore it from a backup"
        otherwise = ", else --repair writes one without rows" if replaced else ""
        found.note("missing", path, f"{words}{otherwise}", replaced)
    total = len(there)
    for table in layout.KEYS:
        for name in names[table]:
            found.files += 1
            _look_at_file(store, name, table, expected.get(name), found)
            if progress:
                progress(found.files, total)
    _look_for_lost(store, names, found)
    _look_for_doubles(found)
    _look_at_runs(store, names["runs"], found)
    found.findings.sort(key=lambda finding: (finding.kind, finding.path))
    return found


def _look_at_signatures(store: Store, expected: Mapping[str, list[Listed]], found: Audit) -> None:
    for path, listed in sorted(expected.items()):
        there = _measure(store, path) if store.size(path) is not None else None
        if there not in [(file.size, file.sha256) for file in listed]:
            words = "is missing or damaged; a repair compares all articles for copies again"
            found.note("signatures", path, words, True)


def newest(records: Iterable[Record]) -> dict[str, list[Listed]]:
    """The entry of each path in the newest record that lists it. Old records have no number; any of them may count."""
    found: dict[str, tuple[int, list[Listed]]] = {}
    for record in sorted(records, key=lambda record: record.number):
        for file in record.files:
            number, listed = found.get(file.path, (0, []))
            found[file.path] = (record.number, [*listed, file] if record.number == number else [file])
        for path in record.removed:
            found.pop(path, None)
    return {path: listed for path, (_, listed) in found.items() if not path.startswith(f"{layout.REPORTS}/")}


def _records(store: Store, found: Audit) -> list[Record]:
    records = []
    for name in store.names(layout.COMMITS):
        try:
            record = read_record(store.read(name), name)
            if name != f"{layout.COMMITS}/{record.run_id}.json":
                raise ValueError(f"it names run {record.run_id}")
            records.append(record)
        except ValueError as error:
            found.note("record", name, f"is damaged ({error}); the files of its run cannot be compared")
    return records


def _look_at_reports(store: Store, found: Audit) -> None:
    for name in store.names(layout.REPORTS):
        if name.endswith(".json"):
            try:
                parsed(store.read(name))
            except ValueError as error:
                found.note("report", name, f"is damaged ({error}); its run is missing from the front page", True)


def _look_at_file(store: Store, name: str, table: str, expected: list[Listed] | None, found: Audit) -> None:
    if not store.partitions.is_table(name):
        found.note("stray", name, "is not a partition of a table, but readers may read it", True)
        return
    size, sha256 = _measure(store, name)
    listed = next((file for file in expected or () if (file.size, file.sha256) == (size, sha256)), None)
    try:
        rows = _look_at_rows(store, name, table, found)
    except partition.Unreadable as error:
        found.note("damaged", name, str(error), table != "edits")
        return
    if expected is None:
        found.note("unknown", name, "no commit wrote it")
    elif listed is None:
        found.note("changed", name, "differs from what its commit wrote; restore it from a backup")
    elif listed.rows not in (None, rows):
        found.note("rows", name, f"has {rows} rows, but its commit wrote {listed.rows}")


def _measure(store: Store, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with in_words(f"read {name}"), store.source(name) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _look_at_rows(store: Store, name: str, table: str, found: Audit) -> int:
    """Check the rows of a file; returns their number."""
    if table == "articles":
        return _look_at_articles(store, name, found)
    rows = 0
    for group in partition.read(store, name, SCHEMAS[table]):
        rows += len(group)
        if table == "quarantine":
            found.quarantined += len(group)
            found._keys[table].append((name, *_keys(name, group)))
    if table == "edits":
        found.edits += rows
    return rows


def _keys(name: str, group: pa.Table) -> tuple[Any, Any]:
    try:
        return digests(group["article_id"], 2), digests(group["content_sha256"], 4)
    except ValueError as error:
        raise partition.Unreadable(f"{name} holds an article_id or content_sha256 that is not a digest") from error


def _look_at_articles(store: Store, name: str, found: Audit) -> int:
    day = store.partitions.number_of("articles", name) or 0
    own = layout.partition_of(day)
    beside = store.partitions.file("edits", day)
    try:
        edits = partition.of_articles(store, beside)
    except partition.Unreadable:
        edits = None  # it is a separate finding
    seen: Counter[str] = Counter()
    columns = [*fitting.COLUMNS, "content_sha256", "duplicate_of"]
    columns += ["published_date"] if store.partitions.has_months("articles") else []
    faults: list[tuple[str, str]] = []
    rows = 0
    for group in partition.read(store, name, store.partitions.schema("articles"), columns):
        found._keys["articles"].append((name, *_keys(name, group)))
        rows += len(group)
        found._canonical |= dict.fromkeys(group["duplicate_of"].drop_null().to_pylist(), name)
        for row in group.to_pylist():
            seen[row["article_id"]] += 1
            if article_id(row["uri"]) != row["article_id"]:
                faults.append(("id", f"{row['uri'][:200]!r} has an article_id that does not match its uri"))
            if "published_date" in row and store.partitions.of(layout.number(row["published_date"])) != own:
                faults.append(
                    ("date", f"{row['uri'][:200]!r} has the date {row['published_date']}, of another partition")
                )
            if edits is not None and seen[row["article_id"]] == 1:
                faults += fitting.least(row, edits.get(row["article_id"], []))
    found.articles += rows
    _list(found, name, faults)
    _look_at_places(found, name, beside, edits or {}, seen)
    return rows


def _look_at_places(
    found: Audit, name: str, beside: str, edits: Mapping[str, list[Edit]], rows: Mapping[str, int]
) -> None:
    """Edits have to be beside their article, once for each of its rows."""
    if orphans := sum(len(made) for key, made in edits.items() if key not in rows):
        found.note("orphans", beside, f"{orphans} edits of articles that are not in {name}", True)
    if twice := sum(len(fitting.lists(made)) > rows[key] for key, made in edits.items() if key in rows):
        found.note("edits-twice", beside, f"{twice} articles have their edits more than once", True)


def _look_for_lost(store: Store, names: Mapping[str, list[str]], found: Audit) -> None:
    """Edits without a file of articles beside them."""
    for beside in names["edits"]:
        number = store.partitions.number_of("edits", beside)
        if number is not None and (name := store.partitions.file("articles", number)) not in names["articles"]:
            with suppress(partition.Unreadable):  # a separate finding
                _look_at_places(found, name, beside, partition.of_articles(store, beside), {})


def _list(found: Audit, path: str, faults: Iterable[tuple[str, str]], repairable: bool = False) -> None:
    """The first problems of each kind one by one, and the number of the others."""
    kinds: dict[str, list[str]] = {}
    for kind, what in faults:
        kinds.setdefault(kind, []).append(what)
    for kind, all_of_it in kinds.items():
        for what in all_of_it[:LISTED]:
            found.note(kind, path, what, repairable)
        if len(all_of_it) > LISTED:
            found.note(kind, path, f"{len(all_of_it) - LISTED} more of this kind", repairable)


def _look_for_doubles(found: Audit) -> None:
    """Articles with more than one row, and content that is published and quarantined, or quarantined twice."""
    published, quarantined = (Keys(found._keys[table]) for table in ("articles", "quarantine"))
    for path, ids in published.twice(2).items():
        found.doubled.update(ids)
        _list(found, path, [("twice", f"article {key} has more than one row") for key in ids], True)
    for path, keys in quarantined.twice(6).items():
        _list(found, path, [("held-twice", f"article {key[:32]} is quarantined twice") for key in keys], True)
    lost = any(one.kind in ("missing", "damaged") and one.path.startswith("articles/") for one in found.findings)
    missing = found._canonical.keys() - published.all(2) if found._canonical and not lost else set()
    if missing:
        for path in sorted({found._canonical[key] for key in missing}):
            found.note("copies", path, "holds copies of articles that are not published", True)
    both = published.all(6) & quarantined.all(6)
    for path, keys in quarantined.where(both, 6).items():
        _list(found, path, [("held", f"article {key[:32]} is published and quarantined") for key in keys], True)


def _look_at_runs(store: Store, names: list[str], found: Audit) -> None:
    listed: Counter[str] = Counter()
    for name in names:
        try:
            for group in partition.read(store, name, schemas.RUNS, ["run_id"]):
                listed.update(group["run_id"].to_pylist())
        except WarehouseError:
            return  # a separate finding; without it the runs cannot be compared
    recorded = {record.run_id for record in found.records if record.is_run}
    for run_id in sorted(recorded ^ listed.keys() | {run_id for run_id, count in listed.items() if count > 1}):
        rows, records = listed[run_id], int(run_id in recorded)
        found.note("runs", f"{layout.COMMITS}/{run_id}.json", f"{records} records of the run, and {rows} rows in runs")
