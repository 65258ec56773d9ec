"""Nights that did not run, and runs that ended with their process: found on the Prefect server, and put in order.

Prefect leaves the run of a killed process in state running for ever, and starts every run that is late, however many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from copydesk.config import ScheduleConfig

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.schedules import CronSchedule

#: A run that is later than this was missed; one that is less late has to wait for a run before it, or for a restart.
GRACE = timedelta(minutes=10)
#: How far back nights are looked for that the server did not schedule, because it was gone, too.
_BACK = timedelta(days=60)
#: The tag of a run that makes up for a missed night. If it dies, it is not made up for again.
MADE_UP = "made-up"
#: Rows that are read at once; the server gives no more.
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment that `copydesk serve` serves. `parameters` are those of its runs."""

    id: UUID
    schedule: CronSchedule
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overdue:
    """What was found and done: names of `dead` runs, and the scheduled starts that are `made_up` for and `skipped`."""

    dead: tuple[str, ...] = ()
    made_up: tuple[datetime, ...] = ()
    skipped: tuple[datetime, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.dead or self.made_up or self.skipped)


def unfinished_runs(client: SyncPrefectClient, flow: str, deployment: str) -> list[FlowRun]:
    """The runs of a deployment that are in progress, or look like it, oldest first."""
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    unfinished = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    found = client.read_flow_runs(
        flow_filter=filters.FlowFilter(name=filters.FlowFilterName(any_=[flow])),
        deployment_filter=filters.DeploymentFilter(name=filters.DeploymentFilterName(any_=[deployment])),
        flow_run_filter=filters.FlowRunFilter(
            state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=unfinished))
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=_PAGE,  # a server with FastAPI 0.151 or later refuses the client's default, None
    )
    return list(found)


def close_dead_runs(client: SyncPrefectClient, flow: str, deployment: str) -> list[FlowRun]:
    """Mark the unfinished runs of a deployment that nobody serves as crashed; returns them, oldest first."""
    from prefect import State
    from prefect.states import Crashed

    runs = unfinished_runs(client, flow, deployment)
    dead: State[None] = Crashed(
        message="The process of this run was killed. Readers see no partial result; the next run continues its work."
    )
    for run in runs:
        client.set_flow_run_state(run.id, dead, force=True)
    return runs


def settle(
    client: SyncPrefectClient,
    deployment: Deployment,
    config: ScheduleConfig,
    now: datetime,
    dead: Sequence[FlowRun] = (),
) -> Overdue:
    """Make up for the missed nights of a deployment, or skip them, as `[schedule]` says.

    Missed are runs that are late by more than `GRACE`, times of the schedule since the last known run that the server
    never saw, and the nights of `dead` runs. Each night that is made up for keeps its scheduled start, and with it its
    date. A skipped one ends as `Skipped`, a cancelled state, or has no run.
    """
    due = _due(client, deployment, now)
    late = {_start(run): run for run in due if _is_waiting(run) and _start(run) <= now - GRACE}
    missed = set(late) | {_start(run) for run in dead if MADE_UP not in run.tags}
    if due:
        missed |= set(_times(deployment.schedule, max(map(_start, due)), now - GRACE))
    catch_up = config.missed == "catch-up"
    kept = sorted(missed)[-config.missed_limit :] if catch_up else []
    made_up = [start for start in kept if start not in late or MADE_UP not in late[start].tags]
    for start in made_up:
        _make_up(client, deployment, start, late.get(start))
    skipped = sorted(missed - set(kept))
    for start in skipped:
        if start in late:
            _skip(client, late[start], config)
    return Overdue(tuple(run.name for run in dead), tuple(made_up), tuple(skipped))


def _due(client: SyncPrefectClient, deployment: Deployment, now: datetime) -> list[FlowRun]:
    """The runs of the deployment whose time has come, newest first."""
    from prefect.client.schemas import filters
    from prefect.client.schemas.sorting import FlowRunSort

    return list(
        client.read_flow_runs(
            deployment_filter=filters.DeploymentFilter(id=filters.DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=filters.FlowRunFilter(
                expected_start_time=filters.FlowRunFilterExpectedStartTime(before_=now)
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=_PAGE,
        )
    )


def _is_waiting(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_scheduled() and not run.run_count


def _start(run: FlowRun) -> datetime:
    assert run.expected_start_time is not None
    return _plain(run.expected_start_time)


def _plain(moment: datetime) -> datetime:
    """The same in UTC, as a `datetime`: that of pendulum, which Prefect gives, loses such a time zone in sums."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def _times(schedule: CronSchedule, after: datetime, until: datetime) -> list[datetime]:
    """The times of the schedule after `after`, up to `until`, in UTC."""
    start = max(after, until - _BACK) + timedelta(seconds=1)
    if start > until:
        return []
    # Only the server's twin of the class knows its times; its import takes a second.
    from prefect.server.schemas.schedules import CronSchedule as ServerSchedule

    twin = ServerSchedule(cron=schedule.cron, timezone=schedule.timezone)
    times: list[datetime] = []
    while found := asyncio.run(twin.get_dates(start=start, end=until)):  # at most 1,000 at once
        times += map(_plain, found)
        start = times[-1] + timedelta(seconds=1)
    return times


def _make_up(client: SyncPrefectClient, deployment: Deployment, start: datetime, late: FlowRun | None) -> None:
    from prefect.states import Scheduled

    if late is not None:  # it knows the sources and the warehouse of the day on which it was scheduled
        client.update_flow_run(late.id, parameters=deployment.parameters, tags=[*late.tags, MADE_UP])
        return
    client.create_flow_run_from_deployment(
        deployment.id,
        state=Scheduled(scheduled_time=start),
        tags=[MADE_UP],
        idempotency_key=f"{MADE_UP} {deployment.id} {start.isoformat()}",
    )


def _skip(client: SyncPrefectClient, run: FlowRun, config: ScheduleConfig) -> None:
    from prefect import State
    from prefect.states import Cancelled

    why = f"[schedule] missed = {config.missed!r}"
    if config.missed == "catch-up":
        why += f", missed_limit = {config.missed_limit}"
    skipped: State[None] = Cancelled(name="Skipped", message=f"This night was missed, and is skipped: {why}.")
    client.set_flow_run_state(run.id, skipped, force=True)
