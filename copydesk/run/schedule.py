"""The nightly schedule: what `copydesk serve` does.

A schedule needs a Prefect server that runs all the time; the temporary one that Prefect starts for a single flow never
fires it, and says nothing. So `serve` uses the server that is configured, or starts one of its own (SQLite below
`PREFECT_HOME`, on this machine's own address only) and stops it at the end.
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

#: Set before Prefect is imported, where the person has not decided otherwise.
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

#: Of a server that is started here. As many nights are laid in ahead, so that they are made up for after an outage of
#: server and schedule; Prefect's own 3 would leave out the others.
SERVER_ENVIRONMENT = {"PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "31"}

#: Seconds that a server may take to answer (one on a cold disk needs 20), and to stop.
START_SECONDS, STOP_SECONDS = 180, 15


def serve(
    sources: Sequence[str], settings: Config, cron: str, timezone: str = "UTC", config_path: str | None = None
) -> None:
    """Run the nightly flow at the times of `cron` in `timezone`, until SIGTERM or Ctrl-C.

    Each run reads the configuration anew from `config_path` and the environment; sources and warehouse are those given
    here. Raises `ConfigError` for a schedule that cannot be, and for a server that does not answer.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _ask_for_a_home()
    schedule = _schedule(cron, timezone)
    for source in sources:
        if "://" not in source and not Path(source).exists():
            raise ConfigError(f"SOURCE {source!r} does not exist; make the folder first, or mend the path")
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
    """The schedule; a fault in it is told before any server is started."""
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
    """A path or URL that means the same from any working folder."""
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
    """The server that is configured, or one that lives as long as this context, and no longer than this process."""
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
    # A session of its own: Ctrl-C in the terminal reaches this process first, and the runs can still say that they end.
    # S603: the command is this function's own.
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
                raise ConfigError(f"{error}; what it said stands in {log}") from None
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
            click.echo(f"copydesk: {name} had died with the process that ran it, and is marked as crashed", err=True)
    deployment = RunnerDeployment.from_flow(
        load_flow_from_entrypoint(entrypoint),
        DEPLOYMENT,
        schedule=Schedule(cron=schedule.cron, timezone=schedule.timezone),
        parameters=parameters,
    )
    # By its whole path: what `from_flow` finds is relative to a working folder that may be another one next time.
    # (`from_entrypoint` would note the working folder for good, and copy it whole into the next one.)
    deployment.entrypoint = entrypoint
    # What was not run while nobody served is made up for at the next start, each night under its own date.
    runner = Runner(name=DEPLOYMENT, limit=1, pause_on_shutdown=False)
    runner.add_deployment(deployment)
    click.echo(
        f"copydesk: every night at {schedule.cron!r} ({schedule.timezone}), to {parameters['warehouse']};"
        f" see {server.url.removesuffix('/api')} (Ctrl-C stops)",
        err=True,
    )
    asyncio.run(_until_stopped(runner, server))
    APILogHandler().flush()  # while there is still a server to send to


async def _until_stopped(runner: Runner, server: Server) -> None:
    """Serve until SIGTERM or Ctrl-C, and then end the run in progress before this process ends.

    The runner's own handler forgets to await its `stop`, and a runner that is cancelled kills the process of the run at
    once, so that nobody learns what became of it. Raises `ConfigError` as soon as the server is gone: the runner would
    ask it for minutes, and then fail in one way or another.
    """
    serving, told = asyncio.ensure_future(runner.start()), asyncio.Event()
    await asyncio.sleep(0)  # the first step of the runner is to install that handler
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
        f" what it said stands in {server.log}. Start `copydesk serve` again: nights that were missed are made up for"
    )


def _close_dead_runs(client: SyncPrefectClient) -> list[str]:
    """Mark runs as crashed that seem to run while nobody serves them; their names.

    Prefect leaves the run of a killed process as running for ever. One process serves the deployment, and that is this
    one, which has not begun: what runs now is dead.
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
        limit=100,  # the client's default, none, is refused by a server with FastAPI 0.151 and later
    )
    dead: State[None] = Crashed(
        message="The process of this run was killed. Nothing half-done is visible; the next run takes up its work."
    )
    for run in runs:
        client.set_flow_run_state(run.id, dead, force=True)
    return [run.name for run in runs]
