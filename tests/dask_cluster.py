"""A Dask cluster for tests: a scheduler and workers as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Client

#: A text that takes longer than any limit of the tests.
ENDLESS = "x\n" * 3_000_000
ROOT = Path(__file__).parents[1]


class Cluster:
    """A scheduler and its workers, below a folder. `path` are folders that its Python looks into first."""

    def __init__(self, home: Path, *path: Path) -> None:
        self.home, self._path = home, path
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        file = home / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        wait_until(lambda: file.exists() and file.read_text().strip().endswith("}"))
        self.address = str(json.loads(file.read_text())["address"])

    def start_worker(self, name: str, *options: str) -> None:
        """Start a worker with one thread, in a folder of its own."""
        self._start("worker", self.address, "--name", name, "--nthreads", "1", "--host", "127.0.0.1",
                    "--local-directory", str(self.home / name), *options, name=name)  # fmt: skip

    def _start(self, command: str, *options: str, name: str = "") -> None:
        home = self.home / (name or command)
        home.mkdir(parents=True)
        path = os.pathsep.join(map(str, (*self._path, ROOT)))
        with (home / "log").open("wb") as log:
            self.processes[name or command] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{command}", *options, "--no-dashboard"],
                stdout=log, stderr=log, cwd=home, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip

    def wait_for_workers(self, count: int) -> None:
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def hold(self, name: str) -> None:
        """Let a worker stand still: it keeps its connections and what it has to do."""
        self.processes[name].send_signal(signal.SIGSTOP)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def is_busy(self, name: str) -> bool:
        """Whether a worker has a batch."""

        def busy(dask_scheduler: Any) -> bool:
            return any(worker.processing for worker in dask_scheduler.workers.values() if worker.name == name)

        with Client(self.address, set_as_default=False) as client:
            return bool(client.run_on_scheduler(busy))


@contextmanager
def cluster_in(home: Path, *path: Path) -> Iterator[Cluster]:
    home.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(home, *path)
    try:
        yield cluster
    finally:
        for name in reversed(cluster.processes.copy()):  # a graceful end takes seconds
            cluster.kill(name)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def cleaners(address: str, busy: bool = False) -> dict[str, list[int]]:
    """The processes that clean, by worker; those that are `busy` alone."""

    def found() -> list[int]:
        from copydesk.run.cluster.worker import _cleaners

        known = _cleaners._busy if busy else (*_cleaners._waiting, *_cleaners._busy)
        return sorted(cleaner._process.pid for cleaner in known if cleaner.alive)

    with Client(address, set_as_default=False) as client:
        return dict(client.run(found))


def when_busy(cluster: Cluster, name: str, act: Callable[[], None]) -> threading.Thread:
    """Act as soon as a worker of the cluster cleans a batch; also if it never does, so that no test waits for ever."""

    def watch() -> None:
        try:
            wait_until(lambda: cluster.is_busy(name))
        finally:
            act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread
