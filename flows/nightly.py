"""The nightly run as a Prefect flow: the stages of `copydesk.run.nightly`, in the order that stands there, as tasks.

Prefect brings what a night needs around them: a schedule, another try when disk or network fails, a run whose name says
the date, and artifacts with its figures. The tasks are coarse, since each costs Prefect 0.05 to 0.3 s; what they share
stays in the `Night` that they close over, so that nothing large is hashed, cached or sent to the server.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import State, Task, flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import exponential_backoff

from copydesk.config.load import load
from copydesk.run.job import Job, Outcome
from copydesk.run.nightly import Night, Stage
from copydesk.warehouse.schemas import RUNS

log = logging.getLogger("copydesk.flow")

#: Seconds before a stage is tried again; they double with each try.
STAGE_DELAY = 15
#: Seconds before the whole night is tried again.
NIGHT_DELAY = 60


def _day(date: datetime.date | None, timezone: str) -> datetime.date:
    """The day that the run is for: the one given, else that of the scheduled start, however late the run comes."""
    return date or flow_run.scheduled_start_time.astimezone(ZoneInfo(timezone)).date()


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"nightly-{_day(parameters.get('date'), parameters.get('timezone', 'UTC'))}"


@flow(name="copydesk", flow_run_name=_run_name, persist_result=False)
def nightly(
    sources: list[str],
    warehouse: str | None = None,
    date: datetime.date | None = None,
    config: str | None = None,
    timezone: str = "UTC",
) -> State[Any]:
    """Read `sources` and publish what is new or changed, as one night.

    Args:
        sources: Files, folders or object-store URLs.
        warehouse: Folder or URL of the tables; the configuration says where when it is left out.
        date: The date of the run; the scheduled start, in `timezone`, when it is left out.
        config: Path of a copydesk.toml; that of the working folder when it is left out.
        timezone: The IANA zone of the schedule.

    Ends as `Completed` with the verdict as its message, or, where the quality gate held something back, as `Held`,
    which counts as failed: somebody should look. The report is there in both cases.
    """
    settings = load(config, {"warehouse.path": warehouse})
    with _log_in_the_run():
        outcome = one_night(Job(tuple(sources), settings.warehouse.path, _day(date, timezone), settings))
    _show(outcome)
    if outcome.held:
        return Failed(name="Held", message=outcome.sentence)
    return Completed(message=outcome.sentence)


# The second try of a night is a task's and not the flow's: Prefect would try again a flow that ends as `Held`, too,
# find nothing new the second time, and call the night a success.
@task(name="night", retries=1, retry_delay_seconds=NIGHT_DELAY, cache_policy=NO_CACHE, persist_result=False)
def one_night(job: Job) -> Outcome:
    """One try at the whole night; what a broken try leaves, the next one mends first."""
    with Night(job, _progress) as night:
        for stage in night.stages():
            _as_task(stage, night)()
        return night.outcome


def _as_task(stage: Stage, night: Night) -> Task[[], None]:
    def work() -> None:
        night.advance(stage)

    as_task = task(
        name=stage.name,
        retries=stage.retries,
        retry_delay_seconds=exponential_backoff(STAGE_DELAY),
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    return as_task(work)


@contextmanager
def _log_in_the_run() -> Iterator[None]:
    """What copydesk logs appears in the log of the run, without anybody having to set PREFECT_LOGGING_EXTRA_LOGGERS."""
    logger, handler = logging.getLogger("copydesk"), APILogHandler()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _progress(documents: int, size: int) -> None:
    log.info("%s documents, %s MB", f"{documents:,}", f"{size / 1e6:,.1f}")


def _show(outcome: Outcome) -> None:
    """Leave the verdict and the figures of the run as artifacts. They hold numbers and dates, no text of articles."""
    data, row, report = outcome.report_data, outcome.row, outcome.report
    if data is None or row is None or report is None:
        create_markdown_artifact(
            f"**{outcome.sentence}**", key="copydesk-night", description="What became of the night"
        )
        return
    steps = "\n".join(f"| {name} | {count:,} |" for name, count in data["funnel"].items())
    link = report if "://" in report else Path(report).absolute().as_uri()
    create_markdown_artifact(
        f"**{outcome.sentence}** {data['verdict']['todo']}\n\n"
        f"| documents | |\n|---|--:|\n{steps}\n\n"
        f"[The report]({link}) is at `{report}`.",
        key="copydesk-night",
        description="What became of the night",
    )
    create_table_artifact(
        [
            {"figure": column.name, "value": row[column.name], "meaning": column.metadata[b"description"].decode()}
            for column in RUNS
        ],
        key="copydesk-figures",
        description="The row of the table runs",
    )
