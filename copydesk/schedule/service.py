"""The nightly schedule of `copydesk serve`: a deployment of the flow on a Prefect server, and a runner for it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import click

from copydesk.config import Config
from copydesk.config.load import FILE, PREFIX, ConfigError
from copydesk.data.bundled import bundled
from copydesk.run.child import SERVED_BY
from copydesk.schedule import notify
from copydesk.schedule.alert import of_overdue
from copydesk.schedule.overdue import Deployment, Overdue, close_dead_runs, settle, unfinished_runs
from copydesk.schedule.reports import reports_at
from copydesk.schedule.runner import LOST, OUTAGE_SECONDS, until_stopped
from copydesk.schedule.server import ENVIRONMENT, PORT, Server, answers, gone, running

if TYPE_CHECKING:
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.runner import Runner

FLOW, DEPLOYMENT = "copydesk", "nightly"

#: The variable of the setting by which runs know where their reports are.
REPORTS_URL = f"{PREFIX}SCHEDULE__REPORTS_URL"


@dataclass(frozen=True, slots=True)
class Service:
    """What `serve` is asked for. `port` and `database` are those of a server that is started; None means the default.

    `cron` and `timezone` are the schedule; `config_path` is the file that each run reads again.
    """

    sources: tuple[str, ...]
    settings: Config
    cron: str
    timezone: str = "UTC"
    config_path: str | None = None
    port: int | None = None
    database: str | None = None


def serve(service: Service) -> None:
    """Run the nightly flow at the times of the schedule, until SIGTERM or Ctrl-C.

    Each run reads the configuration again from the file and the environment; sources and warehouse are those given
    here. Raises `ConfigError` for an invalid schedule, for a port that is taken, and for a server that does not answer.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _ask_for_a_home()
    schedule = _schedule(service.cron, service.timezone)
    for source in service.sources:
        if "://" not in source and not Path(source).exists():
            raise ConfigError(f"SOURCE {source!r} does not exist; create the folder first, or correct the path")
    warehouse = _anywhere(service.settings.warehouse.path)
    parameters = {
        "sources": [_anywhere(source) for source in service.sources],
        "warehouse": warehouse,
        "config": _anywhere(service.config_path or FILE) if service.config_path or Path(FILE).exists() else None,
        "timezone": service.timezone,
    }
    previous = _stop_on_sigterm()
    try:
        with running(service.port, service.database) as server, _reports(service, warehouse) as reports:
            Nights(schedule, parameters, service.settings, server).serve(reports)
    except KeyboardInterrupt:
        click.echo("copydesk: stopped", err=True)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _stop_on_sigterm() -> Any:
    return signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server is stopped in every case


def _ask_for_a_home() -> None:
    """Raises `ConfigError` where Prefect could not keep its settings; it writes them as soon as it is imported."""
    try:
        home = Path(os.environ.get("PREFECT_HOME") or Path("~/.prefect").expanduser())
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f"Prefect keeps its settings and its database in a folder of this user, and cannot write there ({error});"
            " set PREFECT_HOME to one that it can, such as /var/lib/copydesk"
        ) from error


def _schedule(cron: str, timezone: str) -> CronSchedule:
    """The schedule; errors in it are reported before a server is started."""
    if timezone not in available_timezones():
        raise ConfigError(f"--timezone {timezone!r} is not an IANA time zone such as UTC or Europe/Istanbul")
    from prefect.client.schemas.schedules import CronSchedule

    try:
        return CronSchedule(cron=cron, timezone=timezone)
    except ValueError:
        raise ConfigError(
            f"--cron {cron!r} is not a schedule; write minute, hour, day, month and weekday,"
            ' such as "0 2 * * *" for 02:00 each day'
        ) from None


def _anywhere(place: str) -> str:
    """A URL, or the absolute path."""
    return place if "://" in place and not os.path.exists(place) else os.path.abspath(place)


@contextmanager
def _reports(service: Service, warehouse: str) -> Iterator[str]:
    """The address of the reports, told to the runs: the configured one, or one of this process."""
    configured = service.settings.schedule.reports_url
    if configured:
        yield configured
        return
    port = PORT if service.port is None else service.port
    with reports_at(port + 1 if port else 0, warehouse) as address:
        os.environ[REPORTS_URL] = address
        try:
            yield address
        finally:
            del os.environ[REPORTS_URL]


class Nights:
    """The nights of one schedule on one server."""

    def __init__(self, schedule: CronSchedule, parameters: dict[str, Any], settings: Config, server: Server) -> None:
        self.schedule = schedule
        self.parameters = parameters
        self.settings = settings
        self.server = server

    def serve(self, reports: str) -> None:
        """Serve until SIGTERM or Ctrl-C, also across an outage of a server that was not started here."""
        from prefect.logging.handlers import APILogHandler

        runner, deployment = self._register()
        self._greet(reports)
        while asyncio.run(until_stopped(runner, self.server, partial(self._settle, deployment), self._rests)) == LOST:
            _stop_on_sigterm()  # the runner and its loop have taken the handler
            runner, deployment = self._after_the_outage()
        APILogHandler().flush()  # while the server is still running

    def _register(self) -> tuple[Runner, Deployment]:
        """A runner with the deployment, after order was made of what earlier ones left."""
        from prefect.client.orchestration import get_client
        from prefect.deployments.runner import RunnerDeployment
        from prefect.flows import load_flow_from_entrypoint
        from prefect.runner import Runner
        from prefect.schedules import Schedule

        os.environ[SERVED_BY] = str(os.getpid())
        entrypoint = f"{bundled('flows').resolve() / 'nightly.py'}:nightly"
        registered = RunnerDeployment.from_flow(
            load_flow_from_entrypoint(entrypoint),
            DEPLOYMENT,
            schedule=Schedule(cron=self.schedule.cron, timezone=self.schedule.timezone),
            parameters=self.parameters,
        )
        # By absolute path: `from_flow` would note a path relative to a working folder, which may differ next time.
        # (`from_entrypoint` would store the working folder, and copy all of it into the next one.)
        registered.entrypoint = entrypoint
        runner = Runner(name=DEPLOYMENT, limit=1, pause_on_shutdown=False)
        known = runner.add_deployment(registered)
        assert isinstance(known, UUID)
        deployment = Deployment(known, self.schedule, self.parameters)
        with get_client(sync_client=True) as client:
            # Only this process serves the deployment, and has not started yet: whatever runs is dead.
            dead = close_dead_runs(client, FLOW, DEPLOYMENT)
            self._say(settle(client, deployment, self.settings.schedule, datetime.now(UTC), dead))
        return runner, deployment

    def _settle(self, deployment: Deployment) -> None:
        """Look for nights that were missed while this process or its machine slept."""
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            self._say(settle(client, deployment, self.settings.schedule, datetime.now(UTC)))

    def _rests(self) -> bool:
        """Whether no run is in progress."""
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            return not unfinished_runs(client, FLOW, DEPLOYMENT)

    def _say(self, overdue: Overdue) -> None:
        if not overdue:
            return
        zone = ZoneInfo(self.parameters["timezone"])
        made_up, skipped = (
            [start.astimezone(zone).date().isoformat() for start in starts]
            for starts in (overdue.made_up, overdue.skipped)
        )
        message = of_overdue(self.parameters["sources"], self.parameters["warehouse"], overdue.dead, made_up, skipped)
        for line in message.body.splitlines()[2:]:
            click.echo(f"copydesk: {line}", err=True)
        notify.send(message, self.settings.alerts)

    def _greet(self, reports: str) -> None:
        click.echo(
            f"copydesk: every night at {self.schedule.cron!r} ({self.schedule.timezone}),"
            f" to {self.parameters['warehouse']}; see {self.server.url.removesuffix('/api')} (Ctrl-C stops)\n"
            f"copydesk: reports at {reports}",
            err=True,
        )

    def _after_the_outage(self) -> tuple[Runner, Deployment]:
        """Wait until the server answers, however long, and register again."""
        while True:
            while not answers():
                if self.server.is_gone:
                    raise ConfigError(gone(self.server))
                time.sleep(OUTAGE_SECONDS)
            try:
                registered = self._register()
            except Exception:
                if answers():
                    raise
            else:
                click.echo("copydesk: the Prefect server answers again", err=True)
                return registered
