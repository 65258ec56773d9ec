"""The entry point to a warehouse."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.clusters import USUAL, Settings
from copydesk.edits import APPLIED
from copydesk.warehouse import layout, partition, signatures
from copydesk.warehouse.audit import Audit, audit
from copydesk.warehouse.change import Change
from copydesk.warehouse.commit import marker
from copydesk.warehouse.compact import Compacted, compact
from copydesk.warehouse.copies import Compared
from copydesk.warehouse.history import History
from copydesk.warehouse.index import READERS
from copydesk.warehouse.layout import DAILY, Partitions
from copydesk.warehouse.lock import WarehouseBusy, locked
from copydesk.warehouse.migrate import migrate
from copydesk.warehouse.partition import Unreadable
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.published import rows as published_rows
from copydesk.warehouse.recovery import recover, report_path
from copydesk.warehouse.repair import repair
from copydesk.warehouse.schemas import ARTICLES, EDITS, FORMAT, MONTH, RAW, RUNS, VALIDATIONS, VERSIONS
from copydesk.warehouse.staging import Staging
from copydesk.warehouse.store import Store, WarehouseError, in_words, parsed

log = logging.getLogger(__name__)

#: Maximum days that `newest` reads.
DAYS = 400

_OWN = {*layout.KEYS, "README.md"}
_SCHEMAS = {"articles": ARTICLES, "edits": EDITS}


class Excerpt(NamedTuple):
    """What is read of published articles: some `columns`, and of the edits those of `rules` that were applied.

    The edits of a partition are read if `needs_edits` says so of its articles, and are none otherwise.
    """

    columns: list[str]
    rules: Sequence[str]
    needs_edits: Callable[[pa.Table], bool]


class Warehouse:
    """The tables at one URL. Opening it writes nothing."""

    def __init__(self, store: Store, older: bool = False, partitions: Partitions = DAILY) -> None:
        self.store, self._older, self._wanted = store, older, partitions

    @staticmethod
    def open(url: str, older: bool = False, partitions: Partitions = DAILY) -> Warehouse:
        """The warehouse in a folder or at an object-store URL; the first commit creates it if it does not exist.

        `partitions` are those of a new warehouse; one that exists says which it has, in `store.partitions`. Raises
        `WarehouseError` if a newer copydesk wrote it, or, unless `older` ones are accepted to be migrated, an older
        one; and for a folder with other files.
        """
        warehouse = Warehouse(Store.open(url), older, partitions)
        warehouse._look()
        return warehouse

    def _look(self) -> None:
        """Raise `WarehouseError` unless this version can use the warehouse."""
        url, self.format, self.store.partitions = self.url, FORMAT, self._wanted
        with in_words(f"open the warehouse {url}"):
            content = self.store.read(layout.MARKER)
            top = self.store.top() if content is None else []
        if content is None:
            foreign = [name for name in top if name not in _OWN and name[:1] not in ("_", ".")]
            if foreign:
                raise WarehouseError(
                    f"{url} is not a warehouse: it holds {foreign[0]!r} but no {layout.MARKER};"
                    " give the folder of a warehouse, or an empty one to begin a new warehouse"
                )
            self._ask_for_marker(top)
            return
        try:
            written_by = parsed(content)["format"]
            if not isinstance(written_by, int) or isinstance(written_by, bool):
                raise ValueError("no number")
            if written_by <= FORMAT:  # a newer one may mean something else
                self.store.partitions = layout.stated(content, self._wanted.file_bytes)
        except (ValueError, KeyError) as error:
            raise WarehouseError(f"{layout.MARKER} in {url} is damaged; restore it from a backup") from error
        if written_by > FORMAT:
            raise WarehouseError(
                f"the warehouse {url} was written by a newer copydesk (format {written_by}, this one knows {FORMAT});"
                " update copydesk"
            )
        self.format = written_by
        if written_by < FORMAT and not self._older:
            raise WarehouseError(
                f"the warehouse {url} was written by an older copydesk (format {written_by}, this one writes {FORMAT});"
                f" back it up and run: copydesk migrate --warehouse {url}"
            )

    def _ask_for_marker(self, top: Collection[str]) -> None:
        """Raise `WarehouseError` if there are partitions, or records of runs: the marker was there before them."""
        with in_words(f"open the warehouse {self.url}"):
            files = [name for table in layout.KEYS if table in top for name in self.store.names(table)]
            if not any(map(layout.is_table, files)) and not self.store.names(layout.COMMITS):
                return
            staged = self.store.names(layout.STAGING)
        if any(name.endswith(f"/{layout.MARKER}") for name in staged):  # by a first commit, which is to be completed
            return
        months = any(name.startswith(f"articles/{MONTH}=") for name in files)
        written = marker(Partitions("month" if months else "day")).decode()
        raise WarehouseError(
            f"{layout.MARKER} is missing in {self.url}; restore it from a backup. This copydesk writes there: {written}"
        )

    def exists(self) -> bool:
        """Whether the warehouse exists: a run that published nothing leaves its lock, one that was killed its files."""
        with in_words(f"open the warehouse {self.url}"):
            there = {layout.MARKER, layout.COMMITS, *layout.KEYS} & set(self.store.top())
            return bool(there or self.store.names(layout.STAGING))

    @property
    def url(self) -> str:
        return self.store.url

    def lock(self, wait_seconds: float = 0) -> AbstractContextManager[None]:
        """Lock the warehouse for one run. Raises `WarehouseBusy` if another run holds it for `wait_seconds`."""
        return locked(self.store, wait_seconds)

    def recover(self) -> list[str]:
        """Complete or discard interrupted commits, under the lock; returns what was done, in sentences."""
        done = recover(self.store)
        self._look()  # the commit may have created the warehouse or changed its partitions, by a newer copydesk too
        return done

    @contextmanager
    def writing(self, wait_seconds: float = 0) -> Iterator[list[str]]:
        """The lock, after recovery from interrupted runs; every writer must start with it.

        Yields what was recovered, in sentences. Raises `WarehouseBusy` as `lock` does, and `WarehouseError`.
        """
        with self.lock(wait_seconds):
            yield self.recover()

    @contextmanager
    def reading(self, wait_seconds: float = 0) -> Iterator[list[str]]:
        """The lock, for a consistent read of the whole warehouse; without it if the warehouse is read-only."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lock(wait_seconds))
            except WarehouseBusy:
                raise
            except WarehouseError as error:
                log.info("read without the lock: %s", error)
            yield []

    def audit(self, progress: Callable[[int, int], None] | None = None) -> Audit:
        """Check every file and row without changes; use the lock, since a running commit would give findings."""
        return audit(self.store, progress)

    def repair(self, found: Audit) -> list[str]:
        """Repair the findings of an audit, under the lock and after `recover`; returns what was done, in sentences."""
        known = signatures.state(self.store)
        done = repair(self.store, found)
        if self.store.size(layout.SIGNATURES_STATE) is not None and signatures.state(self.store) is None:
            numbers = (layout.number_of("runs", name) for name in self.store.names("runs"))
            day = layout.day(max((number for number in numbers if number is not None), default=0))
            self.compare_all(known.settings if known else USUAL, datetime.combine(day or date.min, time(), UTC))
            done.append("Compared all articles for copies again.")
        return done

    def migrate(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Bring a warehouse of an older format to the present one, under the lock; returns the number of files."""
        return migrate(self.store, self.format, progress) if self.format < FORMAT else 0

    def compare_all(self, settings: Settings, at: datetime) -> Compared:
        """Compare all articles with each other and write which are copies, under the lock. Raises `WarehouseError`.

        Runs compare what they add; this is for a warehouse whose articles were not compared yet.
        """
        with Change(self.store, at) as change:
            return change.compare_all(settings)

    def compact(self, wanted: Partitions, progress: Callable[[int, int], None] | None = None) -> Compacted:
        """Give articles, edits and duplicates the `wanted` partitions, under the lock."""
        return compact(self.store, wanted, progress)

    def history(self, cured: Collection[str] = ()) -> History:
        """The known documents; those quarantined by one of the rules `cured` count as new."""
        return History.load(self.store, cured)

    def stage(self, history: History | None = None) -> Staging:
        """A staging area for the rows of a run, under the lock; `history` is the one that selected its documents."""
        return Staging(self.store, self.history() if history is None else history)

    def runs(self, limit: int = 30) -> list[dict[str, Any]]:
        """The most recent rows of the table `runs` with their `run_date`, oldest first, at most `limit`."""
        rows: list[dict[str, Any]] = []
        with in_words("read the table runs"):
            names = self.store.names("runs")
        for name in reversed(names):
            number = layout.number_of("runs", name)
            if number is not None and len(rows) < limit:
                try:
                    found = [row for table in partition.read(self.store, name, RUNS) for row in table.to_pylist()]
                except Unreadable as error:  # these nights are missing from the trend, but the run goes on
                    log.warning("%s", error)
                    continue
                rows += [{**row, "run_date": layout.day(number)} for row in reversed(found)]
        return rows[:limit][::-1]

    def validations(self, run_id: str, day: date) -> list[dict[str, Any]]:
        """The rows of the table `validations` of a run of `day`."""
        name = layout.file("validations", layout.number(day))
        with in_words(f"read {name}"):
            found = [row for table in partition.read(self.store, name, VALIDATIONS) for row in table.to_pylist()]
        return [row for row in found if row["run_id"] == run_id]

    def rows(self, table: str, columns: list[str]) -> Iterator[pa.Table]:
        """The published rows of `articles` or `edits`, by partition, some thousands at a time."""
        with in_words(f"read the table {table}"):
            for name in sorted(self.store.names(table)):
                yield from partition.read(self.store, name, _SCHEMAS[table], columns)

    def newest(
        self, dated: bool, excerpt: Excerpt, most_rows: int, most_bytes: int
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """An `excerpt` of the published articles, newest days first, or of those without a date, and of their edits.

        For each partition: a table of articles, and one with `article_id`, `rule`, `before`. At most `most_rows`
        articles of at most `DAYS` days, until the columns have `most_bytes`.
        """
        with in_words("read what is published"):
            partitions = self.store.partitions
            numbers = (partitions.number_of("articles", name) for name in self.store.names("articles"))
            wanted = [n for n in numbers if n is not None and (layout.partition_of(n) == layout.UNDATED) != dated]
            days = sorted(wanted, key=lambda n: (layout.partition_of(n), n), reverse=True)[:DAYS]
            together = 1
            with ThreadPoolExecutor(self.store.readers) as pool:
                while days and most_rows > 0 and most_bytes > 0:
                    limits = (excerpt, most_rows, most_bytes)
                    parts = list(pool.map(lambda day, few=limits: self._of_day(day, *few), days[:together]))
                    for articles, edits in parts:
                        articles = articles.slice(0, max(most_rows, 0))
                        if len(articles) and most_bytes > 0:
                            most_rows, most_bytes = most_rows - len(articles), most_bytes - articles.nbytes
                            yield articles, edits
                    days = days[together:]
                    largest = max(articles.nbytes for articles, _ in parts)
                    together = max(1, min(self.store.readers, most_bytes // max(largest, 1)))

    def _of_day(self, day: int, excerpt: Excerpt, most_rows: int, most_bytes: int) -> tuple[pa.Table, pa.Table]:
        name, columns = self.store.partitions.file("articles", day), excerpt.columns
        groups = [pa.schema([ARTICLES.field(column) for column in columns]).empty_table()]
        for group in partition.read(self.store, name, ARTICLES, columns):
            groups.append(group)
            if sum(map(len, groups)) >= most_rows or sum(group.nbytes for group in groups) >= most_bytes:
                break
        articles = pa.concat_tables(groups)
        made = [pa.schema([EDITS.field(name) for name in ("article_id", "rule", "before")]).empty_table()]
        name = self.store.partitions.file("edits", day)
        if excerpt.needs_edits(articles) and self.store.size(name) is not None:
            for group in partition.read(self.store, name, EDITS, ["article_id", "rule", "status", "before"]):
                wanted = pc.and_(pc.is_in(group["rule"], pa.array(excerpt.rules)), pc.equal(group["status"], APPLIED))
                made.append(group.filter(wanted).drop_columns(["status"]))
        return articles, pa.concat_tables(made)

    def edits_by_day(self, columns: list[str] | None) -> Iterator[tuple[int, pa.Table]]:
        """The edits of each partition, all columns or some. Raises `WarehouseError`."""
        partitions = self.store.partitions
        with in_words("read the table edits"), ThreadPoolExecutor(READERS) as pool:
            names = [n for n in self.store.names("edits") if partitions.number_of("edits", n) is not None]
            for first in range(0, len(names), READERS):
                some = names[first : first + READERS]
                tables = pool.map(lambda name: self._whole(name, EDITS, columns), some)
                for name, table in zip(some, tables, strict=True):
                    number = partitions.number_of("edits", name)
                    if number is not None and len(table):
                        yield number, table

    def columns_of_day(self, day: int, columns: list[str]) -> pa.Table:
        """Some columns of the articles of one partition, with their `published_date`. Raises `WarehouseError`."""
        partitions, dated = self.store.partitions, [*columns]
        if partitions.has_months("articles"):
            dated.append("published_date")
        with in_words("read the table articles"):
            table = self._whole(partitions.file("articles", day), partitions.schema("articles"), dated)
        return table.select(columns).append_column("published_date", dates_of(table, day))

    def _whole(self, name: str, schema: pa.Schema, columns: list[str] | None) -> pa.Table:
        wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
        return pa.concat_tables([wanted.empty_table(), *partition.read(self.store, name, schema, columns)])

    def raw(self, wanted: Collection[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """The kept rows of `RAW` with these ids and contents, each once, newest first. Raises `WarehouseError`."""
        missing = set(wanted)
        with in_words("read the table raw"):
            for name in sorted(self.store.names("raw"), reverse=True) if missing else ():
                keys = ["article_id", "content_sha256"]
                groups = zip(
                    partition.read(self.store, name, RAW, keys), partition.read(self.store, name, RAW), strict=True
                )
                for brief, group in groups:
                    pairs = [tuple(row.values()) for row in brief.to_pylist()]
                    rows = [number for number, pair in enumerate(pairs) if pair in missing]
                    for number in rows:
                        if pairs[number] in missing:
                            missing.discard(pairs[number])
                            yield group.slice(number, 1).to_pylist()[0]

    def published(self, history: History, ids: Iterable[str]) -> pa.Table:
        """Those articles of `ids` that are published, with their edits, as a table with the schema `VERSIONS`."""
        days: dict[int, list[str]] = {}
        for key in ids:
            for row in history.published.rows(bytes.fromhex(key))[:1]:
                days.setdefault(int(history.published.files[row]), []).append(key)
        return pa.concat_tables([VERSIONS.empty_table(), *published_rows(self.store, days)])

    def write_report(self, name: str, content: bytes) -> str:
        """Write a file below `_reports/` again, under the lock; returns its address."""
        with in_words(f"write the report {name}"):
            self.store.write(report_path(name), content)
            return self.report_url(name)

    def write_reports(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Make `files`, by their path below it, the content of `folder` below `_reports/`, under the lock.

        Files that were there before go last, so that no page leads to a file that is missing.
        """
        wanted = {report_path(f"{folder}/{name}"): content for name, content in files.items()}
        with in_words(f"write the folder {folder} of the report"):
            for name, content in wanted.items():
                self.store.write(name, content)
            self.store.remove([name for name in self.store.names(report_path(folder)) if name not in wanted])

    def report_url(self, name: str) -> str:
        """The address of a file below `_reports/`."""
        return self.store.address(report_path(name))

    def read_report(self, name: str) -> bytes | None:
        """The content of a file below `_reports/`, None if it does not exist."""
        with in_words(f"read the report {name}"):
            return self.store.read(report_path(name))
