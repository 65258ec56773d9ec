"""The nightly schedule of `copydesk serve`.

A schedule needs a permanent Prefect server: the temporary one that Prefect starts for a single flow silently ignores
schedules. So `serve` uses the configured server, or starts one (SQLite below `PREFECT_HOME`, bound to the loopback
address) and stops it at the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import click

from copydesk.config import Config
from copydesk.config.load import FILE, ConfigError
from copydesk.data.bundled import bundled

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.runner import Runner

FLOW, DEPLOYMENT = "copydesk", "nightly"

#: Environment variables set before Prefect is imported, unless the user has set them.
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

#: For a server that is started here. That many nights are scheduled ahead, so that they are made up for after an outage
#: of server and schedule; with Prefect's default of 3 later ones would be lost.
SERVER_ENVIRONMENT = {"PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "31"}

#: Seconds for a server to answer (it needs 20 on a cold disk), and to stop.
START_SECONDS, STOP_SECONDS = 180, 15


def serve(
    sources: Sequence[str], settings: Config, cron: str, timezone: str = "UTC", config_path: str | None = None
) -> None:
    """Run the nightly flow at the times of `cron` in `timezone`, until SIGTERM or Ctrl-C.

    Each run reads the configuration again from `config_path` and the environment; sources and warehouse are those given
    here. Raises `ConfigError` for an invalid schedule, and for a server that does not answer.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _ask_for_a_home()
    schedule = _schedule(cron, timezone)
    for source in sources:
        if "://" not in source and not Path(source).exists():
            raise ConfigError(f"SOURCE {source!r} does not exist; create the folder first, or correct the path")
    parameters = {
        "sources": [_anywhere(source) for source in sources],
        "warehouse": _anywhere(settings.warehouse.path),
        "config": _anywhere(config_path or FILE) if config_path or Path(FILE).exists() else None,
        "timezone": timezone,
    }
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server is stopped in every case
    try:
        with _server() as server:
            _run(schedule, parameters, server)
    except KeyboardInterrupt:
        click.echo("copydesk: stopped", err=True)
    finally:
        signal.signal(signal.SIGTERM, previous)


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


@dataclass(frozen=True, slots=True)
class Server:
    """The server to use: the URL of its API and, where it was started here, its process and its log."""

    url: str
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    @property
    def is_gone(self) -> bool:
        return self.process is not None and self.process.poll() is not None


@contextmanager
def _server() -> Iterator[Server]:
    """The configured server, or one started for this context, which ends at the latest with this process."""
    from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

    configured = get_current_settings().api.url
    if configured:
        _wait_until_healthy(configured)
        yield Server(configured)
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = get_current_settings().home / "copydesk-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    start = ["-m", "prefect", "--no-prompt", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    keep = [sys.executable, "-m", "copydesk.run.keeper"]
    # A new session: Ctrl-C in the terminal reaches only this process, so that runs can still report their end.
    # S603: the command holds no user input.
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603
            [*keep, sys.executable, *start],
            stdin=subprocess.PIPE,  # never written to: that it closes tells the keeper that nobody needs the server
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**SERVER_ENVIRONMENT, **os.environ},
        )
    try:
        with temporary_settings({PREFECT_API_URL: url}):
            try:
                _wait_until_healthy(url, child)
            except ConfigError as error:
                raise ConfigError(f"{error}; see its log {log}") from None
            yield Server(url, child, log)
    finally:
        _stop(child)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, child: subprocess.Popen[bytes] | None = None) -> None:
    from prefect.client.orchestration import get_client

    deadline = time.monotonic() + START_SECONDS
    with get_client(sync_client=True) as client:
        while (fault := client.api_healthcheck()) is not None:
            if child is not None and child.poll() is not None:
                raise ConfigError(f"the Prefect server ended with code {child.returncode} before it answered")
            if time.monotonic() > deadline:
                raise ConfigError(f"no Prefect server answers at {url}: {fault}")
            time.sleep(0.5)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # the keeper leads a group, with the server in it
        child.wait()
    if child.stdin:
        child.stdin.close()


def _run(schedule: CronSchedule, parameters: dict[str, Any], server: Server) -> None:
    from prefect.client.orchestration import get_client
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import load_flow_from_entrypoint
    from prefect.logging.handlers import APILogHandler
    from prefect.runner import Runner
    from prefect.schedules import Schedule

    entrypoint = f"{bundled('flows').resolve() / 'nightly.py'}:nightly"
    with get_client(sync_client=True) as client:
        for name in _close_dead_runs(client):
            click.echo(f"copydesk: {name} was running when its process died, and is marked as crashed", err=True)
    deployment = RunnerDeployment.from_flow(
        load_flow_from_entrypoint(entrypoint),
        DEPLOYMENT,
        schedule=Schedule(cron=schedule.cron, timezone=schedule.timezone),
        parameters=parameters,
    )
    # By absolute path: `from_flow` would note a path relative to a working folder, which may differ next time.
    # (`from_entrypoint` would store the working folder, and copy all of it into the next one.)
    deployment.entrypoint = entrypoint
    # Nights missed while `serve` was not running are made up for at the next start, each with its own date.
    runner = Runner(name=DEPLOYMENT, limit=1, pause_on_shutdown=False)
    runner.add_deployment(deployment)
    click.echo(
        f"copydesk: every night at {schedule.cron!r} ({schedule.timezone}), to {parameters['warehouse']};"
        f" see {server.url.removesuffix('/api')} (Ctrl-C stops)",
        err=True,
    )
    asyncio.run(_until_stopped(runner, server))
    APILogHandler().flush()  # while the server is still running


async def _until_stopped(runner: Runner, server: Server) -> None:
    """Serve until SIGTERM or Ctrl-C, then end the run in progress before this process ends.

    The runner's own handler does not await its `stop`, and a cancelled runner kills the process of the run at once,
    which then cannot report its state. Raises `ConfigError` as soon as the server is gone: the runner would retry for
    minutes before it fails.
    """
    serving, told = asyncio.ensure_future(runner.start()), asyncio.Event()
    await asyncio.sleep(0)  # the runner first installs its own handler
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    stopping, dying = asyncio.ensure_future(told.wait()), asyncio.ensure_future(_until_gone(server))
    await asyncio.wait([serving, stopping, dying], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    dying.cancel()
    if server.is_gone:
        serving.cancel()
        await asyncio.wait([serving], timeout=STOP_SECONDS)
        raise ConfigError(_gone(server))
    if runner.started:
        await runner.astop()
    elif not serving.done():
        serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def _until_gone(server: Server) -> None:
    while not server.is_gone:  # noqa: ASYNC110  # a thread that waits for the process would hold up the end of this one
        await asyncio.sleep(1)


def _gone(server: Server) -> str:
    code = server.process.returncode if server.process else None
    return (
        f"the Prefect server at {server.url} ended with code {code}, and nothing is scheduled without it;"
        f" see its log {server.log}. Start `copydesk serve` again: nights that were missed are made up for"
    )


def _close_dead_runs(client: SyncPrefectClient) -> list[str]:
    """Mark runs of killed processes as crashed; returns their names.

    Prefect leaves the run of a killed process in state running forever. Only this process serves the deployment, and it
    has not started yet, so any run in that state is dead.
    """
    from prefect import State
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Crashed

    unfinished = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    runs = client.read_flow_runs(
        flow_filter=filters.FlowFilter(name=filters.FlowFilterName(any_=[FLOW])),
        deployment_filter=filters.DeploymentFilter(name=filters.DeploymentFilterName(any_=[DEPLOYMENT])),
        flow_run_filter=filters.FlowRunFilter(
            state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=unfinished))
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=100,  # a server with FastAPI 0.151 or later refuses the client's default, None
    )
    dead: State[None] = Crashed(
        message="The process of this run was killed. Readers see no partial result; the next run continues its work."
    )
    for run in runs:
        client.set_flow_run_state(run.id, dead, force=True)
    return [run.name for run in runs]
