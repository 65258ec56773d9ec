"""A Prefect runner from its start to its end: told to stop, without its server, or after an outage of its server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from copydesk.config.load import ConfigError
from copydesk.schedule.server import STOP_SECONDS, Server, answers, gone

if TYPE_CHECKING:
    from prefect.runner import Runner

STOPPED, LOST = "stopped", "lost"

#: Seconds between two looks for nights that were missed, and for a server that does not answer.
LOOK_SECONDS, OUTAGE_SECONDS = 60.0, 20.0


async def until_stopped(runner: Runner, server: Server, settle: Callable[[], None], rests: Callable[[], bool]) -> str:
    """Serve until SIGTERM or Ctrl-C (`STOPPED`), or until the server has not answered for a while (`LOST`).

    `settle` is called every minute; `rests` says whether no run is in progress. The run in progress ends before this
    returns: the runner's own handler does not await its `stop`, and a cancelled runner kills the process of the run at
    once, which then cannot report its state. Raises `ConfigError` as soon as a server that was started here is gone:
    the runner would retry for minutes before it fails.
    """
    serving, told = asyncio.ensure_future(runner.start()), asyncio.Event()
    await asyncio.sleep(0)  # the runner first installs its own handler
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    ends = [asyncio.ensure_future(end) for end in (told.wait(), _until_gone(server), _until_back(server, rests))]
    look = asyncio.ensure_future(_look(settle))
    await asyncio.wait([serving, *ends], return_when=asyncio.FIRST_COMPLETED)
    for task in (*ends, look):
        task.cancel()
    if server.is_gone:
        serving.cancel()
        await asyncio.wait([serving], timeout=STOP_SECONDS)
        raise ConfigError(gone(server))
    await _stop(runner, serving)
    return STOPPED if told.is_set() else LOST


async def _stop(runner: Runner, serving: asyncio.Future[None]) -> None:
    try:
        if runner.started:
            await runner.astop()
        elif not serving.done():
            serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
    except Exception:
        # A runner fails at its end, too, if it could not reach the server for a minute; other failures are not its.
        if not runner.stopping and await asyncio.to_thread(answers):
            raise


async def _until_gone(server: Server) -> None:
    while not server.is_gone:  # noqa: ASYNC110  # a thread that waits for the process would hold up the end of this one
        await asyncio.sleep(1)


async def _until_back(server: Server, rests: Callable[[], bool]) -> None:
    """Return when a server that was away answers again and no run is in progress.

    After an outage a runner starts runs, but it no longer hears that one is to be cancelled, so that it is replaced.
    """
    misses = 0
    while misses < 2:
        await asyncio.sleep(OUTAGE_SECONDS)
        here = server.process is not None  # then `_until_gone` notices
        misses = 0 if here or await asyncio.to_thread(answers) else misses + 1
    click.echo(f"copydesk: the Prefect server at {server.url} does not answer; waiting for it", err=True)
    while True:
        await asyncio.sleep(OUTAGE_SECONDS)
        with suppress(Exception):  # it may be away again
            if await asyncio.to_thread(answers) and await asyncio.to_thread(rests):
                return


async def _look(settle: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with suppress(Exception):  # the server may be away
            await asyncio.to_thread(settle)
