"""In a worker of the cluster: each batch is cleaned by a process of its own, one for each thread of the worker.

Dask runs tasks in threads, where time limits do not hold, and a pattern that runs for minutes would keep the worker
from answering its scheduler. Nannies start workers as daemons, which may not have children by `multiprocessing`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

from copydesk.run.cluster.parcels import (
    CleanerDied,
    ClusterError,
    different,
    digest,
    unpacked,
    versions,
    write,
)

CLEANED = b"+"


def clean(run: str, wanted: Mapping[str, str], files: bytes, call: bytes) -> bytes:
    """Clean a batch of a run in a process of this worker; returns the packed batch.

    `wanted` are the versions that the worker has to have, `files` the packed files of the user, `call` the packed
    arguments of `clean_batch`. Raises what cleaning raises, `ClusterError` if versions differ, `CleanerDied` if the
    process dies.
    """
    from distributed import get_worker

    worker = get_worker()
    if wrong := different(wanted, versions()):
        raise ClusterError(f"the worker at {worker.address} has {wrong}; install the same versions there as in the run")
    with _cleaners.one(run, str(_unpacked_in(Path(worker.local_directory), files))) as cleaner:
        answer = cleaner.ask(call)
    if answer[:1] != CLEANED:
        raise unpacked(answer[1:])
    return answer[1:]


def stop(run: str) -> None:
    """End the processes that clean batches of a run, and start none for it again."""
    _cleaners.stop(run)


_unpacking = threading.Lock()


def _unpacked_in(home: Path, files: bytes) -> Path:
    """The folder of the user's files, below that of the worker; written once."""
    folder = home / f"copydesk-{digest(files)[:16]}"
    with _unpacking:
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            write(unpacked(files), part)
            part.rename(folder)
    return folder


class Cleaner:
    """A process that cleans batches with the files of one folder. It ends with this one, or if it has none for long."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # this Python, with a folder of its own
                [sys.executable, "-m", "copydesk.run.cluster.cleaner", str(theirs.fileno()), folder],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, call: bytes) -> bytes:
        """The answer to a call. Raises `CleanerDied`."""
        try:
            self._connection.send_bytes(call)
            return self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            self.end()
            code = self._process.returncode
            raise CleanerDied(f"the process that cleaned a batch ended with code {code}") from error

    def kill(self) -> None:
        """End the process; who waits for its answer is told."""
        self._process.kill()

    def end(self) -> None:
        """End the process and release what it held."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


class _Cleaners:
    """The processes of this worker: those that wait for a batch, and by run those that clean one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Cleaner] = []
        self._busy: dict[Cleaner, str] = {}
        self._stopped: set[str] = set()

    @contextmanager
    def one(self, run: str, folder: str) -> Iterator[Cleaner]:
        """A process for one batch of a run. Those that wait with the files of another run make room."""
        cleaner = self._take(run, folder)
        try:
            yield cleaner
        finally:
            with self._lock:
                self._busy.pop(cleaner, None)
                if cleaner.alive:
                    self._waiting.append(cleaner)

    def _take(self, run: str, folder: str) -> Cleaner:
        with self._lock:
            if run in self._stopped:
                raise ClusterError("the run was stopped")
            others = [cleaner for cleaner in self._waiting if cleaner.folder != folder or not cleaner.alive]
            ours = [cleaner for cleaner in self._waiting if cleaner not in others]
            cleaner = ours.pop() if ours else Cleaner(folder)
            self._waiting, self._busy[cleaner] = ours, run
        for other in others:
            other.end()
        return cleaner

    def stop(self, run: str) -> None:
        with self._lock:
            self._stopped.add(run)
            for cleaner, busy_with in self._busy.items():
                if busy_with == run:
                    cleaner.kill()


_cleaners = _Cleaners()
