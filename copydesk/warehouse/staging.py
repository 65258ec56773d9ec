"""The staging area: collects the rows of a run batch by batch, invisible to readers."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.clusters import USUAL, Settings
from copydesk.records import CRITICAL, INFO, WARNING, Document, Problem
from copydesk.warehouse import layout
from copydesk.warehouse.commit import Commit, Plan, publish
from copydesk.warehouse.copies import Compared, Delta, compare, forgotten
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.filling import Filling, estimated
from copydesk.warehouse.history import History
from copydesk.warehouse.published import replaced_by
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.schemas import QUARANTINE, RAW, UNWRITTEN, VERSIONS
from copydesk.warehouse.signs import Signs
from copydesk.warehouse.signs import signs as signs_of
from copydesk.warehouse.spill import Documents, Spill, Stream
from copydesk.warehouse.store import Store, in_words

_SEVERITIES = (CRITICAL, WARNING, INFO)
#: What identifies a document, with its content.
_CONTENT = ("article_id", "content_sha256")


class PartitionCount(NamedTuple):
    """Counts of new documents of a date (None: undated): all, quarantined, and published with a warning."""

    published_date: date | None
    documents: int
    quarantined: int
    warned: int


class Staging:
    """The new rows of a run. A context manager: rows that are not committed are discarded at its end."""

    def __init__(self, store: Store, history: History) -> None:
        self._store, self._history = store, history
        self._counts: dict[str, Counter[int]] = {"published": Counter(), "quarantined": Counter(), "warned": Counter()}
        self._held: dict[int, list[Problem]] = {}
        self._replaced: list[tuple[int, int]] = []  # row of the history → day of its new version
        self._superseded: set[int] = set()  # rows of the quarantine
        # Rows of the history, of the documents in `_beside`: they are to be quarantined and are published. Of several
        # with one uri another one was chosen, and only if that is published do they leave.
        self._rows_beside = np.empty(0, np.int64)
        self._gained: dict[int, set[int]] = {}  # day → the files that its new rows go to
        self._digest = 0
        self._has_versions = self._has_kept = False
        self._copies: Compared | None = None
        with in_words("prepare the staging area"):
            self._folder = store.workspace / "spill"
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            self._filling = Filling.of_articles(store)
            self._articles = Spill(self._folder / "articles", store.partitions.schema("articles"))
            self._edits = Spill(self._folder / "edits", store.partitions.schema("edits"))
            self._signs = Signs(self._folder / "signs")
            self._quarantine = Stream(self._folder / "quarantine.arrow", QUARANTINE)
            self._beside = Stream(self._folder / "beside.arrow", QUARANTINE)
            self._raw = Stream(self._folder / "raw.arrow", QUARANTINE)
            self._versions = Stream(self._folder / "versions.arrow", VERSIONS)
            self._kept = Stream(self._folder / "kept.arrow", RAW)
            self._waiting = Documents(self._folder / "waiting.arrow")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Only the spilled rows: the files of a failed commit are left to `recover`, which knows whether it was
        # complete. Nothing needs them any more, so errors here must not hide the original one. On a full disk a file
        # cannot even be closed; it must be deleted anyway.
        for part in self._parts():
            with suppress(OSError, pa.ArrowException):
                part.close()
        with suppress(OSError):
            shutil.rmtree(self._folder)
        self._store.leave()

    def add(
        self,
        articles: pa.Table,
        edits: pa.Table,
        quarantine: pa.Table,
        raw: pa.Table,
        replaced: pa.Table | None = None,
        kept: pa.Table | None = None,
        signs: pa.Table | None = None,
    ) -> None:
        """Add a batch of processed documents.

        `articles` has the schema `ARTICLES` and the column `published_date`; `edits` (schema `EDITS`) are joined to
        them by `article_id`, and those of other articles are ignored. `quarantine` are the quarantined documents, `raw`
        those of `articles`, row by row, both with the schema `QUARANTINE`: if the gate holds back a partition, its
        documents are quarantined with their content. `replaced` are the present rows of those articles that are
        published already (`copydesk.warehouse.published`), which are kept as versions; `kept` are documents to keep,
        with the schema `RAW`; `signs` are those of `articles`, by default made here, and not needed where `compare` is
        called without settings. `run_id` and `pipeline_version` are filled in by `commit`.
        """
        ids = articles["article_id"]
        if raw["article_id"] != ids:
            raise ValueError("raw must have the documents of articles, in the same order")
        days = _days(articles["published_date"])
        self._note(articles, days, self._counts["published"])
        self._note(quarantine, _days(quarantine["published_date"]), self._counts["quarantined"])
        rows = self._history.published.find_all(*(quarantine[name].to_pylist() for name in _CONTENT))
        beside, quarantine = quarantine.filter(rows >= 0), quarantine.filter(rows < 0)
        self._rows_beside = np.concatenate([self._rows_beside, rows[rows >= 0]])
        self._counts["warned"].update(days[pc.equal(articles["validation"], "warn").to_numpy()].tolist())
        files = self._files(articles, days)
        place = pc.index_in(edits["article_id"], pa.chunked_array(ids).combine_chunks())
        edits, of_edits = edits.filter(place.is_valid()), place.drop_null().to_numpy()
        with in_words("write to the staging area"):
            self._articles.add_dated(self._continued(articles), days, files)
            self._edits.add_dated(edits, days[of_edits], files[of_edits])
            given = signs_of(articles) if signs is None else signs
            self._signs.add(given, files[: len(given)])  # none where articles are not compared
            self._quarantine.add(quarantine.cast(QUARANTINE))
            self._beside.add(beside.cast(QUARANTINE))
            self._raw.add(raw.select(QUARANTINE.names).cast(QUARANTINE))
            if kept is not None and len(kept):
                self._kept.add(kept.cast(RAW))
                self._has_kept = True
            if replaced is not None and len(replaced):
                self._versions.add(replaced)
                self._has_versions = True

    def _files(self, articles: pa.Table, days: Any) -> Any:
        """The files that new rows go to, int64[rows], and note which rows they replace. An article stays in its file
        unless it leaves the partition.
        """
        known, own = self._history.published, self._store.partitions.of_days(days)
        stay: dict[int, int] = {}
        for row, (key, day) in enumerate(zip(articles["article_id"].to_pylist(), days.tolist(), strict=True)):
            for old in known.rows(bytes.fromhex(key)):
                self._replaced.append((old, day))
                if layout.partition_of(int(known.files[old])) == own[row]:
                    stay[row] = int(known.files[old])
        files = self._filling.files(own, estimated(articles), stay)
        for day, number in zip(days.tolist(), files.tolist(), strict=True):
            self._gained.setdefault(day, set()).add(number)
        return files

    def _continued(self, articles: pa.Table) -> pa.Table:
        """`articles` with the first time and the version number of those that were published before."""
        known = self._history.published
        times, versions = articles["first_seen_at"].to_pylist(), [1] * len(articles)
        for row, key in enumerate(articles["article_id"].to_pylist()):
            if key in self._history.left:
                times[row], last = self._history.left[key]
                versions[row] = last + 1
            for old in known.rows(bytes.fromhex(key)):
                times[row] = UNWRITTEN + timedelta(microseconds=int(known.first_seen[old]))
                versions[row] = int(known.versions[old]) + 1
        for name, values in (("first_seen_at", times), ("version", versions)):
            index = articles.schema.get_field_index(name)
            field = articles.schema.field(index)
            articles = articles.set_column(index, field, pa.array(values, field.type))
        return articles

    def scratch(self, name: str) -> Path:
        """The path of a file that is removed with the staging area."""
        return self._folder / name

    def wait(self, documents: Sequence[Document]) -> None:
        """Store raw documents, to be processed after all others."""
        if documents:
            with in_words("write to the staging area"):
                self._waiting.add(documents)

    def waiting(self) -> Iterator[Document]:
        """The waiting documents, in order; no more can be added."""
        with in_words("read from the staging area"):
            self._waiting.close()
            yield from self._waiting.read()

    def _note(self, documents: pa.Table, days: Any, counter: Counter[int]) -> None:
        counter.update(days.tolist())
        for key, content in zip(
            documents["article_id"].to_pylist(), documents["content_sha256"].to_pylist(), strict=True
        ):
            pair = bytes.fromhex(key) + bytes.fromhex(content)
            self._digest += int.from_bytes(hashlib.sha256(pair).digest(), "big")
            self._superseded.update(self._history.quarantined.rows(pair[:16]))

    @property
    def published(self) -> int:
        """Number of documents to publish; changes with `hold`."""
        return sum(count for day, count in self._counts["published"].items() if day not in self._held)

    @property
    def quarantined(self) -> int:
        """Number of documents to quarantine; changes with `hold`."""
        own = sum(self._counts["quarantined"].values()) - self.still_published
        return own + sum(self._counts["published"][day] for day in self._held)

    @property
    def still_published(self) -> int:
        """Number of documents that stay published, since the other one with their uri is not; changes with `hold`."""
        return int((~self._leave()).sum())

    @property
    def replaced(self) -> int:
        """Number of articles that replace an earlier version; changes with `hold`."""
        return sum(day not in self._held for _, day in self._replaced)

    def partition_counts(self) -> list[PartitionCount]:
        """The new documents of each date, in order, undated first; not changed by `hold`."""
        published, quarantined, warned = self._counts.values()
        return [
            PartitionCount(layout.day(day), published[day] + quarantined[day], quarantined[day], warned[day])
            for day in sorted(published.keys() | quarantined.keys())
        ]

    def compare(self, settings: Settings | None) -> Compared:
        """Find out which articles are copies once the run is committed; after the last `add` and `hold`.

        `settings` is None for a warehouse that is not to know. Raises `WarehouseError`.
        """
        with in_words("compare the articles"):
            self._signs.close()
            if settings is None:
                self._copies = forgotten(self._store)
            else:
                new = self._store, self._history.published, self._leaving(), self._signs
                self._copies = compare(Delta(*new, frozenset(self._held)), settings)
        return self._copies

    @property
    def copies(self) -> Compared:
        """What `compare` found; it compares with the usual settings if that was not called."""
        return self.compare(USUAL) if self._copies is None else self._copies

    def partitions_written(self) -> int:
        """Number of partitions with changed articles: with new ones, or fewer ones; changes with `hold`."""
        return len({layout.partition_of(number) for number in self._changed()})

    def hold(self, published_date: date | None, problem: Problem) -> None:
        """Quarantine the new documents of this date, with this reason added to their own."""
        self._held.setdefault(layout.number(published_date), []).append(problem)

    def digest(self) -> str:
        """SHA-256 of the ids and contents of the processed documents, 64 hex digits; independent of their order."""
        return hashlib.sha256((self._digest % 2**256).to_bytes(32, "big")).hexdigest()

    def run_id(self, run_date: date) -> str:
        """`2019-05-21-8d4f0c1a2b3e`: date and digest; numbered if the same input was committed before."""
        name = f"{run_date.isoformat()}-{self.digest()[:12]}"
        with in_words("read the commit records"):
            taken = set(self._store.names(layout.COMMITS))
        names = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in names if f"{layout.COMMITS}/{name}.json" not in taken)

    def commit(
        self,
        run_id: str,
        run_date: date,
        run_row: Mapping[str, Any],
        validations: Sequence[Mapping[str, Any]] = (),
        reports: Mapping[str, bytes] | None = None,
        at: datetime | None = None,
        keep: Keep = FOREVER,
        decisions: Sequence[Decision] = (),
        sites: Sequence[Mapping[str, Any]] = (),
    ) -> Commit:
        """Publish everything at once; see `copydesk.warehouse.commit`.

        `run_row` is a row of `RUNS`; `run_id`, `published`, `replaced`, `quarantined`, `partitions_written` and
        `partitions_held` are filled in. `validations` are rows of `VALIDATIONS`, whose `run_id` is filled in. `reports`
        are files, by their path below `_reports/`. `at` is the time that the rows state, by default the beginning of
        `run_date`; `keep` says how long versions and raw documents stay; `decisions` are numbered ones to
        write; `sites` are rows of `SITES`, whose `run_id` is filled in. Raises `WarehouseError`; `recover` then
        completes or discards it.
        """
        row = {
            "kind": "night",
            **run_row,
            "run_id": run_id,
            "published": self.published,
            "quarantined": self.quarantined,
            "replaced": self.replaced,
            "partitions_written": self.partitions_written(),
            "partitions_held": len(self._held),
        }
        at, leaving = at or datetime.combine(run_date, time(), UTC), self._leaving()
        plan = Plan(
            run_id=run_id,
            run_date=run_date,
            at=at,
            stamp={name: row[name] for name in ("run_id", "pipeline_version")},
            days=self._changed(),
            articles=self._articles,
            edits=self._edits,
            leaving=leaving,
            released=self._released(),
            quarantine=self._held_back if self.quarantined else None,
            versions=(lambda: self._replaced_rows(leaving, run_id, at)) if self._has_versions and leaving else None,
            raw=self._kept.tables if self._has_kept else None,
            decisions=[{**decision._asdict(), "decided_at": at, "run_id": run_id} for decision in decisions],
            run_row=row,
            sites=[{**site, "run_id": run_id} for site in sites],
            validations=[{**validation, "run_id": run_id} for validation in validations],
            reports=dict(reports or {}),
            keep=keep,
            copies=self.copies,
            held=frozenset(self._held),
            small=self._history.small,
        )
        with in_words(f"publish run {run_id}"):
            self._close()
            return publish(self._store, plan)

    def _leave(self) -> Any:
        """Which of the documents in `_beside` leave, bool[n]."""
        return np.isin(self._rows_beside, [row for row, day in self._replaced if day not in self._held])

    def _parts(self) -> tuple[Spill | Signs | Stream | Documents, ...]:
        streams = (self._quarantine, self._beside, self._raw, self._versions, self._kept)
        return (self._articles, self._edits, self._signs, *streams, self._waiting)

    def _close(self) -> None:
        for part in self._parts():
            part.close()

    def _changed(self) -> set[int]:
        return self._gaining() | self._leaving().keys()

    def _gaining(self) -> set[int]:
        return set().union(*(files for day, files in self._gained.items() if day not in self._held))

    def _leaving(self) -> dict[int, list[str]]:
        """The ids of articles to remove from each file, since a new row replaces them there or in another one."""
        rows = np.array(sorted(row for row, day in self._replaced if day not in self._held), np.int64)
        files = self._history.published.files[rows]
        return {int(file): self._history.published.article_ids(rows[files == file]) for file in np.unique(files)}

    def _replaced_rows(self, leaving: Mapping[int, list[str]], run_id: str, at: datetime) -> Iterator[pa.Table]:
        """The rows that are replaced, without those whose new version the gate holds back."""
        ids = pa.array([key for keys in leaving.values() for key in keys], pa.string())
        for table in self._versions.tables():
            yield replaced_by(table.filter(pc.is_in(table["article_id"], ids)), run_id, at)

    def _released(self) -> dict[int, list[str]]:
        """The rows of the quarantine that newer content replaces, by their file."""
        quarantined = self._history.quarantined
        rows = np.array(sorted(row for row in self._superseded if not quarantined.seen[row]), np.int64)
        files = quarantined.files[rows]
        return {
            int(file): [
                a + b for a, b in zip(quarantined.article_ids(part), quarantined.content_sha256(part), strict=True)
            ]
            for file in np.unique(files)
            for part in [rows[files == file]]
        }

    def gated(self) -> Iterator[pa.Table]:
        """The documents of partitions held back by the gate, as rows of the quarantine; after the last `add`."""
        self._raw.close()
        for table in self._raw.tables() if self._held else ():
            days = _days(table["published_date"])
            held = table.filter(pa.array(np.isin(days, list(self._held))))
            reasons = [
                sorted(
                    own + [problem._asdict() for problem in self._held[day]],
                    key=lambda r: _SEVERITIES.index(r["severity"]),
                )
                for own, day in zip(held["reasons"].to_pylist(), _days(held["published_date"]).tolist(), strict=True)
            ]
            index = QUARANTINE.get_field_index("reasons")
            yield held.set_column(index, QUARANTINE.field(index), pa.array(reasons, QUARANTINE.field(index).type))

    def _held_back(self) -> Iterator[pa.Table]:
        """The new rows of the quarantine: failed documents, then those of partitions held back by the gate."""
        yield from self._quarantine.tables()
        leave, first = self._leave(), 0
        for table in self._beside.tables():
            yield table.filter(leave[first : first + len(table)])
            first += len(table)
        yield from self.gated()


def _days(column: pa.ChunkedArray) -> Any:
    """Dates as int32[rows]."""
    return pc.fill_null(column.cast(pa.int32()), layout.UNDATED).to_numpy()
