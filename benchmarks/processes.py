"""Processes of their own: what they print, and the CPU seconds and memory that they and their children take."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
#: One thread for each library: a core is what is compared.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
#: Python would compile all modules at each start, which pip does once.
NOT_KEPT = "PYTHONDONTWRITEBYTECODE"
#: Seconds between two looks at the memory of a process and all that it started, and how many times as long as a look
#: took they are at least: it takes the kernel some 20 ms to count the pages of large processes, which wait meanwhile.
LOOK, PAUSE = 0.25, 50


class Took(NamedTuple):
    """What a process printed, and what it took with its children: `cpu` and `seconds`; `peak` are bytes at once.

    `peak` is the sum over the processes, where a page that several share counts once (proportional set size); None
    where it was not watched, or where the system does not tell.
    """

    output: str
    cpu: float
    seconds: float
    peak: int | None = None


def python(arguments: Sequence[str], watch: bool = False, program: str = sys.executable) -> Took:
    """Run a Python program from the root of the repository. Raises `CalledProcessError` if it fails."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return run([program, *arguments], {**ONE_THREAD, "PYTHONPATH": path}, watch)


def run(command: Sequence[str], environment: Mapping[str, str], watch: bool = False) -> Took:
    """Run a command. Raises `CalledProcessError` if it fails, with its messages."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as messages:
        own = {name: value for name, value in os.environ.items() if name != NOT_KEPT} | dict(environment)
        process = subprocess.Popen(command, env=own, stdout=output, stderr=messages, cwd=ROOT)
        with watched(process.pid) if watch else nullcontext() as peaks:
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        output.seek(0)
        messages.seek(0)
        if process.returncode:
            raise Failed(process.returncode, command, output.read(), messages.read())
        return Took(
            output.read(), usage.ru_utime + usage.ru_stime, seconds, max(peaks, default=None) if peaks else None
        )


class Failed(subprocess.CalledProcessError):
    """A process ended with an error; its last lines say which."""

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *self.stderr.splitlines()[-5:]])


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """The memory of a process and its descendants, in bytes, one look after the other."""
    looks: list[int] = []
    done = threading.Event()

    def watch() -> None:
        took = 0.0
        while not done.wait(max(LOOK, PAUSE * took)):
            start = time.perf_counter()
            if size := sum(filter(None, map(proportional, tree(pid)))):
                looks.append(size)
            took = time.perf_counter() - start

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        done.set()
        thread.join()


def proportional(pid: int) -> int | None:
    """The proportional set size of a process in bytes; None if it is gone, or on a system that does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return None


def tree(pid: int) -> list[int]:
    """A process and all that descends from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The name of the program stands in brackets and may hold anything.
            parent = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
            children[int(parent)].append(int(entry.name))
    found, place = [pid], 0
    while place < len(found):
        found.extend(children[found[place]])
        place += 1
    return found


def peak() -> int:
    """The most memory that this process had, in bytes. Not `ru_maxrss`, which begins at that of its parent."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
