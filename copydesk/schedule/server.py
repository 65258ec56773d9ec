"""The Prefect server of `copydesk serve`: the configured one, or one that is started here and ends with this process.

A schedule needs a permanent server: the temporary one that Prefect starts for a single flow silently ignores schedules.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from copydesk.config.load import ConfigError
from copydesk.schedule import keeper

HOST = "127.0.0.1"
#: The port of a server that is started here: that of Prefect itself, so that its commands find the server, too.
PORT = 4200

#: Environment variables set before Prefect is imported, unless the user has set them.
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

#: For a server that is started here. The pages of its UI ask the address that they came from: by default they ask port
#: 4200 of this machine, which is another one for a browser behind a tunnel. Two names, since Prefect reads either.
SERVER_ENVIRONMENT = {
    "PREFECT_UI_API_URL": "/api",
    "PREFECT_SERVER_UI_API_URL": "/api",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "31",  # nights that the UI shows ahead
}
DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
#: The drivers that Prefect needs to be named in the URL of a database.
DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}

#: Seconds for a server to answer (it needs 20 on a cold disk), and to stop.
START_SECONDS, STOP_SECONDS = 180, 15
#: Seconds that a port may be taken by the server of a `serve` that was killed: until its keeper has ended it.
PORT_SECONDS = keeper.STOP_SECONDS + 5.0

_ERROR_RE = re.compile(r"[\w.]*(?:Error|Exception)\b.*")


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
def running(port: int | None = None, database: str | None = None) -> Iterator[Server]:
    """The configured server, or one started for this context, which ends at the latest with this process.

    `port` is that of a server that is started, 0 for any free one; `database` the URL of its database. Raises
    `ConfigError` if the port is taken, if the URL is none, and if no server answers.
    """
    from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

    configured = get_current_settings().api.url
    if configured and (port is not None or database is not None):
        raise ConfigError(
            f"--port and --database are for a server that is started here, and PREFECT_API_URL names another:"
            f" {configured}. Leave out the options, or unset the variable"
        )
    if configured:
        wait_until_healthy(configured)
        yield Server(configured)
        return
    url_of_database = None if database is None else database_url(database)
    port = free_port(PORT if port is None else port)
    url = f"http://{HOST}:{port}/api"
    log = get_current_settings().home / "copydesk-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    child = _start(port, log, {DATABASE: url_of_database} if url_of_database else {})
    try:
        with temporary_settings({PREFECT_API_URL: url}):
            try:
                wait_until_healthy(url, child)
            except ConfigError as error:
                raise ConfigError(f"{error}; see its log {log}{_last_error(log)}") from None
            yield Server(url, child, log)
    finally:
        _stop(child)


def _start(port: int, log: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    start = ["-m", "prefect", "--no-prompt", "server", "start", "--host", HOST, "--port", str(port)]
    keep = [sys.executable, "-m", "copydesk.schedule.keeper"]
    # A new session: Ctrl-C in the terminal reaches only this process, so that runs can still report their end.
    # S603: the command holds no user input.
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603
            [*keep, sys.executable, *start],
            stdin=subprocess.PIPE,  # never written to: that it closes tells the keeper that nobody needs the server
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**SERVER_ENVIRONMENT, **os.environ, **settings},
        )


def database_url(url: str) -> str:
    """The URL of a database with the driver that Prefect needs. Raises `ConfigError`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in DRIVERS:
        raise ConfigError(
            "--database is not the URL of a PostgreSQL or SQLite database, such as postgresql://user@host/prefect"
        )
    return f"{DRIVERS[scheme]}://{rest}"


def free_port(number: int) -> int:
    """`number`, or any free port for 0. Raises `ConfigError` if it cannot be had."""
    deadline = time.monotonic() + PORT_SECONDS
    said = False
    while True:
        try:
            with socket.socket() as probe:
                # As the server does it: a connection that ended a moment ago does not keep the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, number))
                return int(probe.getsockname()[1])
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ConfigError(f"--port {number} cannot be used: {error.strerror}; give another") from error
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"port {number} is taken by another program; give another with --port, or, if that is a Prefect"
                    f" server, set PREFECT_API_URL=http://{HOST}:{number}/api to use it"
                ) from error
        if not said:
            click.echo(f"copydesk: port {number} is taken; waiting up to {PORT_SECONDS:.0f} seconds for it", err=True)
            said = True
        time.sleep(0.5)


def wait_until_healthy(url: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Return as soon as the server of the current settings answers. Raises `ConfigError` if it does not in time."""
    from prefect.client.orchestration import get_client

    deadline = time.monotonic() + START_SECONDS
    with get_client(sync_client=True) as client:
        while (fault := client.api_healthcheck()) is not None:
            if child is not None and child.poll() is not None:
                raise ConfigError(f"the Prefect server ended with code {child.returncode} before it answered")
            if time.monotonic() > deadline:
                raise ConfigError(f"no Prefect server answers at {url}: {fault}")
            time.sleep(0.5)


def answers() -> bool:
    """Whether the server of the current settings answers."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.api_healthcheck() is None


def gone(server: Server) -> str:
    """What to say of a server that ended, and what to do."""
    code = server.process.returncode if server.process else None
    return (
        f"the Prefect server at {server.url} ended with code {code}, and nothing is scheduled without it;"
        f" see its log {server.log}. Start `copydesk serve` again: nights that were missed are treated as"
        " [schedule] missed says"
    )


def _last_error(log: Path) -> str:
    found = [line for line in log.read_text("utf-8", "replace").splitlines() if _ERROR_RE.match(line)]
    return f": {found[-1][:300]}" if found else ""


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # the keeper leads a group, with the server in it
        child.wait()
    if child.stdin:
        child.stdin.close()
