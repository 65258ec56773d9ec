"""The nightly run: its stages, in their order, for whoever runs them.

`run` calls the stages plainly; the Prefect flow runs the same ones as tasks. Memory stays flat: documents come in
batches, go through all of cleaning and validation, and are staged on disk until the run knows that it may publish.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from copydesk import __version__, sources
from copydesk.checks import metrics
from copydesk.checks.expectations import Checks, Result, Verdict, merge, read_suites
from copydesk.config import Config
from copydesk.data.rules import explain
from copydesk.records import CRITICAL, WARNING, Problem
from copydesk.report.pages import INDEX, write_site
from copydesk.report.report_data import Facts, Partition, facts
from copydesk.report.summary import Digest
from copydesk.run.batch import Batch
from copydesk.run.workers import cleaned, windows
from copydesk.sites.evidence import Sites
from copydesk.warehouse import Staging, Warehouse
from copydesk.warehouse.schemas import by_severity, quarantine_table

log = logging.getLogger(__name__)

#: Nights that the volume is compared with, and that the report shows.
RECENT_NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do: read `sources`, publish to `warehouse`, as the run of `day`.

    `day` is the date that the run is for, not the time at which it happens to run. `again` takes up documents that are
    held back although they did not change.
    """

    sources: tuple[str, ...]
    warehouse: str
    day: date
    config: Config = field(default_factory=Config)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `row` is its row of the table `runs`, None where there was nothing to do."""

    sentence: str
    row: dict[str, Any] | None = None
    report: str | None = None
    tables: str | None = None
    facts: Facts | None = None

    @property
    def held(self) -> bool:
        """Whether the quality gate held a partition back, or every document of the run."""
        return self.row is not None and self.row["verdict"] != "published"


class Stage(NamedTuple):
    """One stage of the run. `retries` is how often it may be tried again after a fault of disk or network."""

    name: str
    work: Callable[[Night], None]
    retries: int


class Night:
    """A run in progress: what its stages share. A context manager, which gives the warehouse back when it ends."""

    def __init__(self, job: Job, progress: Callable[[int, int], None] | None = None) -> None:
        """`progress` is told, batch by batch, how many documents came in and how many bytes they had."""
        self.job = job
        self.progress = progress or (lambda documents, size: None)
        self.skipped: Counter[str] = Counter()
        self.outcome: Outcome | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def stages(self) -> Iterator[Stage]:
        """The stages in their order; no further ones once the outcome is known."""
        for stage in STAGES:
            if self.outcome is not None:
                return
            yield stage

    @property
    def _suites(self) -> Path | None:
        folder = self.job.config.expectations
        return Path(folder) if folder else None

    @cached_property
    def checks(self) -> Checks:
        """The suites, ready to judge; made when there is something to judge, since it takes seconds."""
        return Checks(self._suites)

    # --- prepare

    def prepare(self) -> None:
        """Read the suites, open the warehouse, take its lock, mend what an interrupted run left."""
        job = self.job
        self._open.close()
        read_suites(self._suites)
        self.warehouse = Warehouse.open(job.warehouse)
        self._open.enter_context(self.warehouse.lock(job.config.warehouse.lock_wait_seconds))
        for mended in self.warehouse.recover():
            log.info("%s", mended)
        self.warehouse = Warehouse.open(job.warehouse)

    # --- collect

    def collect(self) -> None:
        """Read, clean, validate and stage every document that is new or changed."""
        job = self.job
        self.history = self.warehouse.history()
        self.staging: Staging = self._open.enter_context(self.warehouse.stage(self.history))
        self.digest = Digest()
        self.verdicts: list[Verdict[Any]] = []
        self.examples: dict[str, list[dict[str, str]]] = {}
        self.totals: Counter[tuple[str, date | None]] = Counter()
        self.held: dict[date | None, str] = {}  # days that the gate holds back, and why
        self.noted: Counter[tuple[str, str | None, str]] = Counter()
        self.whole: list[Problem] = []  # what is critically wrong with a table as a whole
        self.bytes_read = 0
        self.skipped.clear()
        arrived = (d for source in job.sources for d in sources.read(source, job.config.sources, self.skipped))
        fresh = self.history.select(arrived, retry_held=job.again)
        for first in fresh:  # once, if anything is new: only then what is known of sites is worth reading
            sites = Sites.read(self.warehouse, job.config.sites)
            batches = cleaned(chain([first], fresh), job.config, job.day, sites, self.staging)
            for window in windows(self._told(batches)):
                self._take(window)
        for extension, count in sorted(self.skipped.items()):
            log.warning("left out %d file(s) of a kind that is not read: %s", count, extension or "no extension")
        if not self.staging.published + self.staging.quarantined:
            self.outcome = Outcome(_nothing_to_do(self.history.delivered))

    def _told(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.progress(batch.documents, batch.size)
            yield batch

    def _take(self, batch: Batch) -> None:
        """Validate a batch, sort it into what may be published and what is held back, and stage both."""
        ids = batch.articles["article_id"].to_pylist()
        articles: Verdict[Any] = self.checks.judge("articles", batch.figures, range(len(ids))) if ids else Verdict([])
        edits: Verdict[Any] = self.checks.edits(batch.edits, ids) if len(batch.edits) else Verdict([])
        self.verdicts = [Verdict(merge([*self.verdicts, articles, edits]))]
        self.whole += [p for p in (*articles.whole, *edits.whole) if p.severity == CRITICAL]
        problems = {row: list(found) for row, found in batch.problems.items()}
        self.noted.update((p.rule, p.column, p.severity) for found in problems.values() for p in found)
        for row, found in articles.problems.items():
            problems.setdefault(row, []).extend(found)
        if edits.problems:
            for row, key in enumerate(ids):
                problems.setdefault(row, []).extend(edits.problems.get(key, ()))
        self._note_examples(batch, problems)
        bad = {row for row, found in problems.items() if any(p.severity == CRITICAL for p in found)}
        warned = [
            "warn" if any(p.severity == WARNING for p in problems.get(row, ())) else "pass" for row in range(len(ids))
        ]
        index = batch.articles.schema.get_field_index("validation")
        table = batch.articles.set_column(index, batch.articles.schema.field(index), pa.array(warned, pa.string()))
        good = pa.array([row not in bad for row in range(len(ids))], pa.bool_())
        published = table.filter(good)
        published_edits = batch.edits.filter(
            pc.is_in(batch.edits["article_id"], published["article_id"].combine_chunks())
        )
        raw = _with_reasons(batch.raw, problems)
        held = batch.held + [
            {**row, "text": text}
            for row, text in zip(raw.filter(pc.invert(good)).to_pylist(), self._bad_texts(table, bad), strict=True)
        ]
        self.digest.add(published, published_edits)
        self.digest.add_held(held)
        self.staging.add(published, published_edits, quarantine_table(held), raw.filter(good))
        self._count(published, published_edits, batch)

    def _bad_texts(self, articles: pa.Table, bad: Iterable[int]) -> list[str]:
        """What is left of documents that failed, for whoever looks at the quarantine."""
        return [f"{articles['headline'][row]}\n\n{articles['body'][row]}".strip() for row in sorted(bad)]

    def _note_examples(self, batch: Batch, problems: dict[int, list[Problem]]) -> None:
        for row, found in problems.items():
            for problem in found:
                examples = self.examples.setdefault(problem.rule, [])
                if len(examples) < 3:
                    examples.append({"uri": batch.articles["uri"][row].as_py(), "observed": problem.observed})

    def _count(self, published: pa.Table, edits: pa.Table, batch: Batch) -> None:
        """Add a batch to the totals of each day: a day that the gate holds back does not count."""
        self.bytes_read += batch.size
        rows = {
            "warned": pc.equal(published["validation"], "warn"),
            "unknown_language": pc.equal(published["language"], "und"),
        }
        days = published["published_date"]
        for name, wanted in rows.items():
            self._tally(name, days.filter(wanted))
        places = pc.fill_null(pc.list_value_length(edits["positions"]), 1)
        owner = pc.index_in(edits["article_id"], published["article_id"].combine_chunks())
        table = pa.table({"day": days.take(owner), "status": edits["status"], "places": places})
        for group in table.group_by(["day", "status"], use_threads=False).aggregate([("places", "sum")]).to_pylist():
            self.totals[group["status"], group["day"]] += group["places_sum"]

    def _tally(self, name: str, days: pa.ChunkedArray) -> None:
        for group in days.value_counts().to_pylist():
            self.totals[name, group["values"]] += group["counts"]

    def _total(self, name: str) -> int:
        return sum(count for (what, day), count in self.totals.items() if what == name and day not in self.held)

    # --- gate

    def gate(self) -> None:
        """Judge each partition and the run as a whole; hold back what fails critically."""
        limits = self.job.config.gate
        counts = self.staging.partition_counts()
        rows = [
            {
                "published_date": c.published_date and c.published_date.isoformat(),
                "documents": c.documents,
                "quarantined": c.quarantined,
                "quarantined_share": c.quarantined / c.documents if c.documents >= limits.min_documents else None,
                "max_quarantined_share": limits.max_quarantined_share,
            }
            for c in counts
        ]
        partitions = self.checks.partitions(rows)
        recent = self.warehouse.runs(RECENT_NIGHTS)
        processed = [row["documents"] - row["unchanged"] for row in recent]
        run = self.checks.run(
            {
                **self._figures(),
                "unknown_language": self._total("unknown_language"),
                "undated": sum(c.documents - c.quarantined for c in counts if c.published_date is None),
                "volume_ratio": metrics.volume_ratio(self.staging.published + self.staging.quarantined, processed),
                "min_documents": limits.min_documents,
            }
        )
        self.verdicts += [partitions, run]
        for count in counts:
            key = count.published_date.isoformat() if count.published_date else None
            found = [p for p in partitions.problems.get(key, ()) if p.severity == CRITICAL]
            found += self.whole + [p for p in (*partitions.whole, *run.whole) if p.severity == CRITICAL]
            for problem in found:
                self.staging.hold(count.published_date, problem._replace(stage="gate"))
                self.held[count.published_date] = problem.observed
        self.recent = recent

    def _noted(self) -> list[Result]:
        """What the steps noted about documents, beside what the suites found: a result for each rule."""
        read = self.staging.published + self.staging.quarantined
        return [
            Result("steps", "step", rule, column, severity, False, read, count, explain(rule))
            for (rule, column, severity), count in sorted(self.noted.items(), key=str)
        ]

    def _figures(self) -> dict[str, int]:
        return {
            "documents": self.history.delivered,
            "unchanged": self.history.unchanged,
            "published": self.staging.published,
            "quarantined": self.staging.quarantined,
            "warned": self._total("warned"),
        }

    # --- publish

    def publish(self) -> None:
        """Write partitions, quarantine, run, validations and the report site, all at once for readers."""
        run_id = self.staging.run_id(self.job.day)
        row = {
            **self._figures(),
            "run_id": run_id,
            "replaced": self.staging.replaced,
            "edits_applied": self._total("applied"),
            "edits_suggested": self._total("suggested"),
            "bytes_read": self.bytes_read,
            "partitions_written": self.staging.partitions_written(),
            "partitions_held": len(self.held),
            "verdict": "held" if self.held else "published" if self.staging.published else "nothing",
            "pipeline_version": __version__,
            "config_sha256": fingerprint(self.job.config),
        }
        for table in self.staging.gated():
            self.digest.add_held(table.to_pylist())
        validations = [result._asdict() for result in (*merge(self.verdicts), *self._noted())]
        story = facts(
            row,
            self.digest,
            [{**v, "examples": self.examples.get(v["rule"], ())} for v in validations],
            [
                Partition(day, c.documents - c.quarantined, day in self.held, self.held.get(day, ""))
                for c in self.staging.partition_counts()
                for day in [c.published_date]
                if c.documents > c.quarantined or day in self.held
            ],
            self.recent,
        )
        site = write_site({**_earlier_reports(self.warehouse, self.recent), run_id: story})
        ours = {name: content for name, content in site.items() if name == INDEX or name.startswith(run_id)}
        commit = self.staging.commit(run_id, self.job.day, row, validations, ours)
        log.info("committed %s: %d file(s)", run_id, len(commit.files))
        where = self.warehouse.report_url(f"{run_id}.html")
        self.outcome = Outcome(story["verdict"]["sentence"], row, where, self.warehouse.store.root, story)


STAGES = (
    Stage("prepare", Night.prepare, 1),
    Stage("collect", Night.collect, 2),
    Stage("gate", Night.gate, 0),
    Stage("publish", Night.publish, 0),
)


def run(job: Job, progress: Callable[[int, int], None] | None = None) -> Outcome:
    """Do one run, here and now. Raises `SourceError`, `SuiteError`, `WarehouseError`, and discards what it staged."""
    with Night(job, progress) as night:
        for stage in night.stages():
            log.info("%s", stage.name)
            stage.work(night)
        assert night.outcome is not None
        return night.outcome


def rewrite_reports(warehouse: Warehouse, lock_wait_seconds: float = 0) -> str | None:
    """Lay out all reports of a warehouse again from their facts; the address of the front page, None without a run."""
    reports = _earlier_reports(warehouse, warehouse.runs(10_000))
    if not reports:
        return None
    with warehouse.lock(lock_wait_seconds):
        for name, content in write_site(reports).items():
            warehouse.write_report(name, content)
    return warehouse.report_url(INDEX)


def fingerprint(config: Config) -> str:
    """SHA-256 of the settings that decide what is written, 64 hex digits; where and how fast it runs is left out."""
    settings = config.model_dump_json(exclude={"warehouse": True, "run": True, "expectations": True})
    return hashlib.sha256(settings.encode()).hexdigest()


def _earlier_reports(warehouse: Warehouse, runs: Iterable[dict[str, Any]]) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    for row in runs:
        content = warehouse.read_report(f"{row['run_id']}.json")
        if content is not None:
            found[row["run_id"]] = json.loads(content)
    return found


def _nothing_to_do(documents: int) -> str:
    if not documents:
        return "Nothing to do: the sources hold no documents."
    return f"Nothing to do: {documents:,} document{'s' * (documents > 1)} came in, all known and unchanged."


def _with_reasons(raw: pa.Table, problems: dict[int, list[Problem]]) -> pa.Table:
    """`raw` with all that is known against each document, the most severe first."""
    index = raw.schema.get_field_index("reasons")
    reasons = [[p._asdict() for p in by_severity(problems.get(row, ()))] for row in range(len(raw))]
    return raw.set_column(index, raw.schema.field(index), pa.array(reasons, raw.schema.field(index).type))
