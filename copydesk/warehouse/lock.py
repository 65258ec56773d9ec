"""One run at a time: a second one waits, and then stops with a message that names the first.

In a folder the lock is the operating system's (`flock`): it ends with the process, however that dies. An object store
has nothing of the kind. There the lock is an object, created only where none exists (S3 and stores like it decide that
in one step; through other fsspec drivers two runs that start in the same instant may both get in). Its holder renews it
every `BEAT` seconds, and one that was not renewed for `STALE` seconds counts as left behind by a dead run. The clocks
of the machines that share such a warehouse may differ by minutes, not by more than `STALE - BEAT`.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock, Timeout

from copydesk.warehouse.store import Store, WarehouseError, in_words

LOCK = "_lock"
HOLDER = "_lock.json"
BEAT = 30.0
STALE = 600.0
PAUSE = 1.0


class WarehouseBusy(WarehouseError):
    """Another run holds the lock."""


@contextmanager
def locked(store: Store, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of the warehouse. Raises `WarehouseBusy` when it is not free within `wait_seconds`."""
    with _local(store, wait_seconds) if store.local else _remote(store, wait_seconds):
        yield


@contextmanager
def _local(store: Store, wait_seconds: float) -> Iterator[None]:
    with in_words("lock the warehouse"):
        os.makedirs(store.root, exist_ok=True)
        lock = FileLock(store.path(LOCK))
        try:
            lock.acquire(timeout=max(0, wait_seconds), poll_interval=0.05)
        except Timeout:
            raise _busy(store) from None
    try:
        with in_words("lock the warehouse"), open(store.path(HOLDER), "wb") as file:
            file.write(_holder("", _now()))
        yield
    finally:
        with suppress(OSError):  # the folder may be gone; the lock is released all the same
            os.unlink(store.path(HOLDER))
        lock.release()


@contextmanager
def _remote(store: Store, wait_seconds: float) -> Iterator[None]:
    token, since = uuid.uuid4().hex, _now()
    deadline = time.monotonic() + wait_seconds
    with in_words("lock the warehouse"):
        while not _claim(store, token, since):
            if time.monotonic() >= deadline:
                raise _busy(store)
            time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))
    done = threading.Event()
    beat = threading.Thread(target=_renew, args=(store, token, since, done), name="warehouse-lock", daemon=True)
    beat.start()

    def confirm() -> None:
        if _owner(store).get("token") != token:
            raise WarehouseBusy(
                f"this run stood still for more than {STALE:.0f} s, and another one has taken over {store.url};"
                " nothing was published, run it again"
            )

    store.confirm = confirm  # type: ignore[method-assign]  # asked once more just before anything is published
    try:
        yield
    finally:
        del store.confirm  # back to the method of the class
        done.set()
        beat.join()
        with in_words("release the lock of the warehouse"):
            if _owner(store).get("token") == token:
                store.fs.rm_file(store.path(HOLDER))


def _claim(store: Store, token: str, since: str) -> bool:
    """Create the lock object; where a dead run left one, remove that first."""
    owner = _owner(store)
    if owner:
        if time.time() - float(owner.get("renewed", 0)) < STALE:
            return False
        with suppress(FileNotFoundError):
            store.fs.rm_file(store.path(HOLDER))
    try:
        store.fs.pipe_file(store.path(HOLDER), _holder(token, since), mode="create")
    except OSError:
        if _owner(store):
            return False  # somebody was quicker
        raise
    return _owner(store).get("token") == token


def _renew(store: Store, token: str, since: str, done: threading.Event) -> None:
    while not done.wait(BEAT):
        # A network that fails once may work at the next beat; the run itself will notice one that stays away.
        with suppress(Exception):
            if _owner(store).get("token") != token:
                return
            store.fs.pipe_file(store.path(HOLDER), _holder(token, since))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _holder(token: str, since: str) -> bytes:
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "token": token, "renewed": time.time()}
    return json.dumps(who).encode()


def _owner(store: Store) -> dict[str, Any]:
    try:
        owner = json.loads(store.read(HOLDER) or b"{}")
    except ValueError:  # being written at this moment, in a folder
        owner = {}
    return owner if isinstance(owner, dict) else {}


def _busy(store: Store) -> WarehouseBusy:
    owner = _owner(store)
    who = "{pid} on {host}, since {since}".format_map(owner) if {"pid", "host", "since"} <= owner.keys() else "unknown"
    return WarehouseBusy(
        f"another run is writing to the warehouse {store.url} (process {who}); try again when it is done"
    )
