"""The nightly run: its stages, in order.

    prepare → Prepared    collect → Collected    gate → Judged    compare → Judged
    publish → Published    report → Outcome

Each stage returns the value that the next one takes. `run` calls them directly; the Prefect flow runs them as tasks.
Memory stays flat: documents are cleaned and validated in batches, and staged on disk until the gate has judged the run.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple, Self

from copydesk.checks.expectations import Checks, read_suites
from copydesk.own_process import leave_pandas_out
from copydesk.records import WARNING
from copydesk.run.collect import Collected, collect
from copydesk.run.copies import settings_of
from copydesk.run.gate import RECENT_NIGHTS, Judged, judge, judge_sites
from copydesk.run.job import NIGHT, REPROCESS, Job, Outcome, Stored
from copydesk.run.publish import publish
from copydesk.run.reports import complete_reports, write_report
from copydesk.sites import past
from copydesk.sources import pages
from copydesk.warehouse import Warehouse
from copydesk.warehouse.layout import Partitions
from copydesk.warehouse.quarantined import documents as quarantined

log = logging.getLogger(__name__)


class Stage(NamedTuple):
    """One stage of the run: `work` makes its value from that of the stage before. `retries` is the maximum number of
    retries after a disk or network error."""

    name: str
    work: Callable[[Night, Any], Any]
    retries: int


def _clocks() -> tuple[float, float]:
    """Seconds of the clock, and of the CPU by this process and its finished children."""
    times = os.times()
    return time.perf_counter(), times.user + times.system + times.children_user + times.children_system


class Timing(NamedTuple):
    """The time that a stage took, with its retries."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def after(self, began: tuple[float, float]) -> Timing:
        """This time, and that since the clocks showed `began`."""
        now = _clocks()
        return Timing(self.seconds + now[0] - began[0], self.cpu_seconds + now[1] - began[1])


class Night:
    """A run in progress: the job, the open resources, and the value of the last stage.

    A context manager that releases the warehouse at the end.
    """

    def __init__(self, job: Job, progress: Callable[[int, int], None] | None = None) -> None:
        """`progress` is called for each batch with its number of documents and bytes."""
        self.job = job
        self.progress = progress or (lambda documents, size: None)
        self.value: Any = None
        self.timings: dict[str, Timing] = {}
        self.open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.close()

    def stages(self) -> Iterator[Stage]:
        """The stages in order, up to the one that returns the outcome."""
        for stage in STAGES:
            if not isinstance(self.value, Outcome):
                yield stage

    def advance(self, stage: Stage) -> None:
        """Run one stage. If it raises, the value of the stage before is kept, so that it can be retried."""
        log.info("%s", stage.name)
        began = _clocks()
        try:
            self.value = stage.work(self, self.value)
        finally:
            self.timings[stage.name] = self.timings.get(stage.name, Timing()).after(began)

    @property
    def outcome(self) -> Outcome:
        """The outcome of the run, after its last stage."""
        assert isinstance(self.value, Outcome)
        return self.value

    @cached_property
    def checks(self) -> Checks:
        """The suites, loaded on first use, since that takes seconds."""
        return Checks(self.job.suites)


@dataclass(frozen=True, slots=True)
class Published:
    """A run that has been committed, whose report is to be written."""

    warehouse: Warehouse
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Prepared:
    """A consistent warehouse, locked for this run."""

    warehouse: Warehouse


def _prepare(night: Night, _before: None) -> Prepared:
    """Read the suites, open the warehouse, acquire its lock, recover from an interrupted run."""
    config = night.job.config
    night.open.close()
    if config.run.address is not None and "engine" not in config.run.model_fields_set:
        log.warning('run.address names a Dask cluster, but articles are cleaned on this machine; set run.engine ='
                    ' "dask", or "processes" if that is meant')  # fmt: skip
    read_suites(night.job.suites)
    by = config.warehouse.partitions
    warehouse = Warehouse.open(night.job.warehouse, partitions=Partitions(by, config.warehouse.file_bytes))
    for mended in night.open.enter_context(warehouse.writing(config.warehouse.lock_wait_seconds)):
        log.info("%s", mended)
    has = warehouse.store.partitions.by
    if has != by and "partitions" in config.warehouse.model_fields_set:
        log.warning('the warehouse has a file for each %s, but warehouse.partitions is "%s"; set [warehouse] partitions'
                    ' = "%s" to keep it so, or run `copydesk compact` to change it', has, by, has)  # fmt: skip
    complete_reports(warehouse)
    return Prepared(warehouse)


def _collect(night: Night, prepared: Prepared) -> Collected | Outcome:
    warehouse = prepared.warehouse
    history = warehouse.history(pages.cured())
    with ExitStack() as opened:
        staging = opened.enter_context(warehouse.stage(history))
        collected = collect(night.job, warehouse, staging, history, lambda: night.checks, night.progress)
        stored = night.job.stored
        if stored and (stored.dry_run or collected.is_empty):
            return Outcome(_of_stored(collected, stored), changes=collected.changes)
        if collected.is_empty:
            return _without_documents(night, collected)
        night.open.enter_context(opened.pop_all())
    return collected


def _without_documents(night: Night, collected: Collected) -> Outcome:
    """The outcome of a run to which nothing new came. Nothing is written, but sites that are expected are named.

    That the sources hold nothing at all is a warning: most likely the scraper died.
    """
    delivered = collected.history.delivered
    outcome = Outcome(_nothing_to_do(delivered), empty=not delivered, severity=None if delivered else WARNING)
    if night.job.stored or past.read(collected.warehouse, night.job.day).today:
        return outcome
    sites = judge_sites(collected, night.job.config, night.job.day, lambda: night.checks)
    return replace(outcome, sites=sites.entries, severity=sites.severity or outcome.severity)


def _gate(night: Night, collected: Collected) -> Judged:
    recent = collected.warehouse.runs(RECENT_NIGHTS)
    day = night.job.day if night.job.kind == NIGHT else None
    return judge(collected, night.job.config, recent, lambda: night.checks, day)


def _compare(night: Night, judged: Judged) -> Judged:
    """Find the copies among the articles that the gate lets pass and all that are published."""
    judged.collected.staging.compare(settings_of(night.job.config))
    return judged


def _publish(night: Night, judged: Judged) -> Published:
    return Published(judged.collected.warehouse, publish(judged, night.job))


def _report(night: Night, published: Published) -> Outcome:
    assert published.outcome.report_data is not None
    timings = [
        {"stage": name, "seconds": round(timing.seconds, 2), "cpu_seconds": round(timing.cpu_seconds, 2)}
        for name, timing in night.timings.items()
    ]
    data = write_report(night.job, published.warehouse, published.outcome.report_data, timings)
    return replace(published.outcome, report_data=data)


STAGES = (
    Stage("prepare", _prepare, 1),
    Stage("collect", _collect, 2),
    Stage("gate", _gate, 0),
    Stage("compare", _compare, 0),
    Stage("publish", _publish, 0),
    Stage("report", _report, 0),
)


def run(job: Job, progress: Callable[[int, int], None] | None = None) -> Outcome:
    """Do one run. On `SourceError`, `SuiteError` or `WarehouseError` it discards what it staged and raises."""
    leave_pandas_out()  # which the suites need when all is cleaned
    with Night(job, progress) as night:
        for stage in night.stages():
            night.advance(stage)
        return night.outcome


def _of_stored(collected: Collected, stored: Stored) -> str:
    """What a run over stored documents came to, where it writes nothing."""
    staging, total = collected.staging, collected.history.delivered
    would = "would be" if stored.dry_run else "were"
    worse = f"; {collected.worse:,} would not pass now and stay as they are" if collected.worse else ""
    if stored.kind == REPROCESS:
        articles = f"{total:,} published article{'s' * (total != 1)}"
        return f"{articles} processed again: {staging.published:,} {would} changed{worse}."
    if not total and (stored.rule is not None or stored.site is not None or stored.since is not None):
        there = sum(1 for _ in quarantined(collected.warehouse.store))
        return (
            f"None of {_documents(there, 'quarantined ')} was chosen; `copydesk quarantine list` lists their reasons."
        )
    stay = "would stay" if stored.dry_run else "stay"
    return (
        f"{_documents(total, 'quarantined ')} processed again: {staging.published:,} {would} published,"
        f" {total - staging.published:,} {stay} in quarantine."
    )


def _nothing_to_do(documents: int) -> str:
    if not documents:
        return "Nothing to do: the sources hold no documents."
    return f"Nothing to do: {_documents(documents)} read, none new or changed."


def _documents(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}document{'s' * (count != 1)}"
