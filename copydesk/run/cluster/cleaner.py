"""The process that cleans the batches of a worker, one after another: `python -m copydesk.run.cluster.cleaner`.

It imports little before its word lists are installed.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from copydesk.own_process import leave_pandas_out, settle
from copydesk.run.child import use_lists
from copydesk.run.cluster.parcels import LISTS, packed, unpacked, with_user_files
from copydesk.run.cluster.worker import CLEANED

#: Seconds without a batch after which the process ends, and with it the memory of its models.
IDLE_SECONDS = 300.0
FAILED = b"-"


def main(handle: str, folder: str) -> None:
    """Answer the calls that come on a connection, until it closes or none comes for long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal of a worker is for the worker
    connection = Connection(int(handle))
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, calls), daemon=True).start()
    lists = Path(folder, LISTS)
    use_lists(str(lists) if lists.is_dir() else None)
    settle()
    leave_pandas_out()
    while True:
        try:
            call = calls.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        connection.send_bytes(_answer(call, Path(folder)))


def _receive(connection: Connection, calls: queue.SimpleQueue[bytes]) -> None:
    """Queue what comes. When the worker is gone nobody waits for an answer, so this process ends at once."""
    while True:
        try:
            calls.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


def _answer(call: bytes, folder: Path) -> bytes:
    from copydesk.run.batch import clean_batch

    documents, config, *more = unpacked(call)
    try:
        return CLEANED + packed(clean_batch(documents, with_user_files(config, folder), *more))
    except Exception as error:  # noqa: BLE001  # the run raises it
        return FAILED + packed(_sent(error))


def _sent(error: Exception) -> Any:
    """`error`, or what can be sent of it."""
    try:
        unpacked(packed(error))
    except Exception:  # noqa: BLE001  # whatever an exception holds
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
