"""The nightly run: its stages, in their order, for whoever runs them.

    prepare → Prepared    collect → Collected    gate → Judged    publish → Outcome

Each stage makes a value that the next one takes. `run` calls them plainly; the Prefect flow runs the same ones as
tasks. Memory stays flat: documents come in batches, go through all of cleaning and validation, and are staged on disk
until the run knows that it may publish.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from copydesk.checks.expectations import Checks, read_suites
from copydesk.run.collect import Collected, collect
from copydesk.run.gate import RECENT_NIGHTS, Judged, judge
from copydesk.run.job import Job, Outcome
from copydesk.run.publish import publish
from copydesk.sources import pages
from copydesk.warehouse import Warehouse

log = logging.getLogger(__name__)


class Stage(NamedTuple):
    """One stage of the run: `work` makes its value from the one before. `retries` is how often it may be tried again
    after a fault of disk or network."""

    name: str
    work: Callable[[Night, Any], Any]
    retries: int


class Night:
    """A run in progress: what its stages need around them, and the value of the last one.

    A context manager, which gives the warehouse back when it ends.
    """

    def __init__(self, job: Job, progress: Callable[[int, int], None] | None = None) -> None:
        """`progress` is told, batch by batch, how many documents came in and how many bytes they had."""
        self.job = job
        self.progress = progress or (lambda documents, size: None)
        self.value: Any = None
        self.open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.close()

    def stages(self) -> Iterator[Stage]:
        """The stages in their order; no further ones once the outcome is known."""
        for stage in STAGES:
            if not isinstance(self.value, Outcome):
                yield stage

    def advance(self, stage: Stage) -> None:
        """Do one stage. Where it raises, the value of the one before stays, so that it can be tried again."""
        log.info("%s", stage.name)
        self.value = stage.work(self, self.value)

    @property
    def outcome(self) -> Outcome:
        """What the run came to, when its stages are done."""
        assert isinstance(self.value, Outcome)
        return self.value

    @property
    def suites(self) -> Path | None:
        folder = self.job.config.expectations
        return Path(folder) if folder else None

    @cached_property
    def checks(self) -> Checks:
        """The suites, ready to judge; made when there is something to judge, since it takes seconds."""
        return Checks(self.suites)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A warehouse that is locked for this run, and whole."""

    warehouse: Warehouse


def _prepare(night: Night, _before: None) -> Prepared:
    """Read the suites, open the warehouse, take its lock, mend what an interrupted run left."""
    config = night.job.config
    night.open.close()
    read_suites(night.suites)
    warehouse = Warehouse.open(night.job.warehouse)
    for mended in night.open.enter_context(warehouse.writing(config.warehouse.lock_wait_seconds)):
        log.info("%s", mended)
    return Prepared(warehouse)


def _collect(night: Night, prepared: Prepared) -> Collected | Outcome:
    warehouse = prepared.warehouse
    history = warehouse.history(pages.cured())
    with ExitStack() as opened:
        staging = opened.enter_context(warehouse.stage(history))
        collected = collect(night.job, warehouse, staging, history, lambda: night.checks, night.progress)
        if collected.is_empty:
            return Outcome(_nothing_to_do(history.delivered))
        night.open.enter_context(opened.pop_all())
    return collected


def _gate(night: Night, collected: Collected) -> Judged:
    return judge(collected, night.job.config, collected.warehouse.runs(RECENT_NIGHTS), lambda: night.checks)


def _publish(night: Night, judged: Judged) -> Outcome:
    return publish(judged, night.job)


STAGES = (
    Stage("prepare", _prepare, 1),
    Stage("collect", _collect, 2),
    Stage("gate", _gate, 0),
    Stage("publish", _publish, 0),
)


def run(job: Job, progress: Callable[[int, int], None] | None = None) -> Outcome:
    """Do one run, here and now. Raises `SourceError`, `SuiteError`, `WarehouseError`, and discards what it staged."""
    with Night(job, progress) as night:
        for stage in night.stages():
            night.advance(stage)
        return night.outcome


def _nothing_to_do(documents: int) -> str:
    if not documents:
        return "Nothing to do: the sources hold no documents."
    return f"Nothing to do: {documents:,} document{'s' * (documents > 1)} came in, all known and unchanged."
