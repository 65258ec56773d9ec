"""The nightly run as a Prefect flow: the stages of `copydesk.run.nightly`, in their order, as tasks.

Prefect adds a schedule, retries after disk and network errors, a run name with the date, and artifacts with the counts.
The tasks are coarse, since each costs Prefect 0.05 to 0.3 s. They share data through the `Night` that they close over,
so that nothing large is hashed, cached or sent to the server.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from prefect import State, Task, flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import exponential_backoff

from copydesk.config import Config
from copydesk.config.load import file_of, load
from copydesk.run.child import end_with_serve
from copydesk.run.job import Job, Outcome
from copydesk.run.nightly import Night, Stage
from copydesk.schedule import alert, notify
from copydesk.warehouse.schemas import RUNS

log = logging.getLogger("copydesk.flow")

#: Seconds before a stage is retried, doubled with each retry.
STAGE_DELAY = 15
#: Seconds before the whole night is retried.
NIGHT_DELAY = 60


def _day(date: datetime.date | None, timezone: str) -> datetime.date:
    """The date that the run is for: `date`, else that of the scheduled start, even if the run starts late."""
    return date or flow_run.scheduled_start_time.astimezone(ZoneInfo(timezone)).date()


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"nightly-{_day(parameters.get('date'), parameters.get('timezone', 'UTC'))}"


@flow(
    name="copydesk",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[notify.run_failed],
    on_crashed=[notify.run_failed],
)
def nightly(
    sources: list[str],
    warehouse: str | None = None,
    date: datetime.date | None = None,
    config: str | None = None,
    timezone: str = "UTC",
) -> State[Any]:
    """Read `sources` and publish the documents that are new or changed.

    Args:
        sources: Files, folders or object-store URLs.
        warehouse: Folder or URL of the tables; None means that of the configuration.
        date: The date of the run; None means the date of the scheduled start in `timezone`.
        config: Path of a copydesk.toml; None means that of the working folder.
        timezone: The IANA zone of the schedule.

    Ends as `Completed` with the verdict as its message, or as `Held`, which counts as failed, if the quality gate held
    back a partition or the run. The report is written in both cases.
    """
    end_with_serve()
    settings = load(config, {"warehouse.path": warehouse})
    with _log_in_the_run(), _cluster_of_the_flow(settings):
        at = None if date else flow_run.scheduled_start_time
        job = Job(
            tuple(sources), settings.warehouse.path, _day(date, timezone), settings, at=at, config_file=file_of(config)
        )
        outcome = one_night(job)
        link = alert.link(outcome.report, settings.schedule.reports_url)
        _show(outcome, link)
        notify.send(alert.of_outcome(job, outcome, link), settings.alerts)
    if outcome.held:
        return Failed(name="Held", message=outcome.sentence)
    return Completed(message=outcome.sentence)


# The night is retried as a task, not as a flow: Prefect would also retry a flow that ends as `Held`, find nothing new
# the second time, and report success.
@task(name="night", retries=1, retry_delay_seconds=NIGHT_DELAY, cache_policy=NO_CACHE, persist_result=False)
def one_night(job: Job) -> Outcome:
    """One attempt at the whole night; it first recovers from a failed attempt before it."""
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


def _cluster_of_the_flow(settings: Config) -> AbstractContextManager[object]:
    """The cluster of the flow's `DaskTaskRunner`, which its client starts, for a run without the address of one.

    Batches go to it without Prefect: as tasks of the flow each would cost 0.05 to 0.3 s, and all workers would have to
    reach Prefect's server.
    """
    if settings.run.engine == "dask" and settings.run.address is None:
        from prefect_dask.task_runners import DaskTaskRunner  # of an extra, which other flows do without

        context = FlowRunContext.get()
        if context is not None and isinstance(context.task_runner, DaskTaskRunner):
            client: AbstractContextManager[object] = context.task_runner.client.as_current()
            return client
    return nullcontext()


@contextmanager
def _log_in_the_run() -> Iterator[None]:
    """Send copydesk's log to the log of the run, without the setting PREFECT_LOGGING_EXTRA_LOGGERS."""
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


def _show(outcome: Outcome, link: str | None) -> None:
    """Create artifacts with the verdict and the counts of the run. They hold numbers and dates, no article text."""
    data, row, report = outcome.report_data, outcome.row, outcome.report
    if data is None or row is None or report is None:
        create_markdown_artifact(
            f"**{outcome.sentence}**", key="copydesk-night", description="The outcome of the night"
        )
        return
    steps = "\n".join(f"| {name} | {count:,} |" for name, count in data["funnel"].items())
    where = f"[The report]({link}) is at `{report}`." if link else f"The report is at `{report}`."
    create_markdown_artifact(
        f"**{outcome.sentence}** {data['verdict']['todo']}\n\n| documents | |\n|---|--:|\n{steps}\n\n{where}",
        key="copydesk-night",
        description="The outcome of the night",
    )
    create_table_artifact(
        [
            {"column": column.name, "value": row[column.name], "meaning": column.metadata[b"description"].decode()}
            for column in RUNS
        ],
        key="copydesk-figures",
        description="The row of the table runs",
    )
