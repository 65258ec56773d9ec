"""Processes that end with the one that started them: workers, which also load the user's word lists, and served runs.

This module imports little: a process reads its word lists when it imports the modules that compile patterns from them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import resource_tracker

from copydesk.own_process import leave_pandas_out, settle

#: The process of `copydesk serve`, told to the runs that it starts.
SERVED_BY = "COPYDESK_SERVED_BY"
#: Seconds in which a run whose `serve` is gone may release what it holds.
END_SECONDS = 10


class WorkerDied(RuntimeError):
    """The operating system killed a worker process. The message says what to do."""


def begin(lists: str | None) -> None:
    """Prepare a new process to clean documents with the lists of the folder `lists`, and to end with its parent.

    Ctrl-C is for all processes of a terminal; this one ends without a word, since its parent has one.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    use_lists(lists)
    settle()
    leave_pandas_out()
    _end_with_parent()


@contextmanager
def starting() -> Iterator[None]:
    """Around the start of processes that `begin`: until then, Ctrl-C waits in them."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def start_tracker() -> None:
    """Start the process that removes the locks of a run that is killed, without the warning that it does so."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker")))
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def use_lists(lists: str | None) -> None:
    """Use the lists of the folder `lists` in this process, which has not cleaned anything yet.

    Each worker imports the script that started the run again (`multiprocessing`, method spawn). If that reads the
    shipped lists, the modules of copydesk are unloaded; nothing has used them yet.
    """
    if not import_module("copydesk.config.user_lists").could_install(lists):
        for name in [name for name in sys.modules if name.partition(".")[0] == "copydesk"]:
            del sys.modules[name]
        import_module("copydesk.config.user_lists").install(lists)


def _end_with_parent() -> None:
    """End when the run is killed; the pool itself would wait for work forever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def end_with_serve() -> None:
    """End this run as soon as the `copydesk serve` that started it is gone; without one, do nothing.

    The next one takes the run for dead, and its night may begin again.
    """
    served_by = os.environ.get(SERVED_BY)

    def watch() -> None:
        while str(os.getppid()) == served_by:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os._exit(1)

    if served_by is not None:
        threading.Thread(target=watch, name="serve-watch", daemon=True).start()
