"""One run at a time: a second one waits, and then stops with a message that names the first.

In a folder the lock is the operating system's (`flock`): it ends with the process, however that dies. An object store
has nothing of the kind. There the lock is an object, written only where it is still what was read (S3 and stores like
it decide that in one step; through other fsspec drivers two runs that start in the same instant may both get in). Its
holder renews it every `BEAT` seconds. One whose last renewal is more than `STALE` seconds away by the store's clock, in
the past or in the future, counts as left behind by a dead run. The clocks of the machines that share such a warehouse
may differ by minutes, not by more than `STALE - BEAT`.

A run that is suspended for longer than that loses its lock without knowing. So the lock is numbered: each taking adds
one, a run stages its files under its number, it proves its lock again before and after it writes its intent, and once
a later holder has recovered the warehouse, nobody completes what an earlier one began (`Lease` in `store.py`).
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

from copydesk.warehouse.store import Store, WarehouseError, in_words, parsed

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
        try:
            yield
        finally:
            store.lease = None


class _Flock:
    """The lease of a folder: the operating system keeps it."""

    number = mended = 0

    def confirm(self) -> None:
        pass

    def settle(self) -> None:
        pass


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
            file.write(json.dumps(_who(_now())).encode())
        store.lease = _Flock()
        yield
    finally:
        with suppress(OSError):  # the folder may be gone; the lock is released all the same
            os.unlink(store.path(HOLDER))
        lock.release()


class _Object:
    """The lease of an object store: the lock object, as this process wrote it last."""

    def __init__(self, store: Store, left: dict[str, Any]) -> None:
        self.number, self.mended = _count(left, "number") + 1, _count(left, "mended")
        self._store, self._tag, self._lost = store, "", False
        self._who = {**_who(_now()), "token": uuid.uuid4().hex}
        self._guard = threading.Lock()

    def take(self, tag: str | None) -> bool:
        """Take the lock in the state that `tag` stands for; whether nobody was quicker."""
        return self._write(tag)

    def renew(self) -> bool:
        """Write the lock once more; whether it still is this one's."""
        with self._guard:
            if not self._lost and not self._write(self._tag):
                content, tag = self._store.tagged(HOLDER)  # a write whose answer was lost leaves another tag of ours
                ours = _owner(content).get("token") == self._who["token"]
                self._lost = not (ours and self._write(tag))
            return not self._lost

    def confirm(self) -> None:
        if not self.renew():
            raise WarehouseBusy(
                f"this run stood still for more than {STALE:.0f} s, and another one has taken over {self._store.url};"
                " run it again: what is published stays, and nothing comes twice"
            )

    def settle(self) -> None:
        self.mended = self.number
        self.confirm()

    def release(self) -> None:
        """Leave the lock free, with its number: a lock that is taken next time has the next one."""
        with self._guard:
            if not self._lost:
                self._store.swap(HOLDER, json.dumps({"number": self.number, "mended": self.mended}).encode(), self._tag)

    def _write(self, tag: str | None) -> bool:
        state = {**self._who, "number": self.number, "mended": self.mended, "renewed": time.time()}
        written = self._store.swap(HOLDER, json.dumps(state).encode(), tag)
        self._tag = written or self._tag
        return written is not None


@contextmanager
def _remote(store: Store, wait_seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + wait_seconds
    with in_words("lock the warehouse"):
        while (lease := _claim(store)) is None:
            if time.monotonic() >= deadline:
                raise _busy(store)
            time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))
    done = threading.Event()
    beat = threading.Thread(target=_renew, args=(lease, done), name="warehouse-lock", daemon=True)
    beat.start()
    store.lease = lease
    try:
        yield
    finally:
        done.set()
        beat.join()
        with in_words("release the lock of the warehouse"):
            lease.release()


def _claim(store: Store) -> _Object | None:
    """Take the lock where it is free or left behind by a dead run; None where it is neither."""
    content, tag = store.tagged(HOLDER)
    owner = _owner(content)
    if "token" in owner and _age(store, owner) < STALE:
        return None
    lease = _Object(store, owner)
    return lease if lease.take(tag) else None


def _age(store: Store, owner: dict[str, Any]) -> float:
    """Seconds since the lock was written, by the store's clock; how far off it is where that lies in the future."""
    try:
        written = store.fs.modified(store.path(HOLDER)).timestamp()
    except FileNotFoundError:
        return 0.0  # released in this moment; the next look will find that
    except NotImplementedError:
        written = float(owner.get("renewed", 0))
    return float(abs(time.time() - written))


def _renew(lease: _Object, done: threading.Event) -> None:
    while not done.wait(BEAT):
        # A network that fails once may work at the next beat; the run itself will notice one that stays away.
        with suppress(Exception):
            if not lease.renew():
                return


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _who(since: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _owner(content: bytes | None) -> dict[str, Any]:
    try:
        return parsed(content)
    except ValueError:  # being written at this moment, in a folder
        return {}


def _count(owner: dict[str, Any], name: str) -> int:
    value = owner.get(name, 0)
    return value if isinstance(value, int) and value > 0 else 0


def _busy(store: Store) -> WarehouseBusy:
    owner = _owner(store.read(HOLDER))
    who = "{pid} on {host}, since {since}".format_map(owner) if {"pid", "host", "since"} <= owner.keys() else "unknown"
    return WarehouseBusy(
        f"another run is writing to the warehouse {store.url} (process {who}); try again when it is done"
    )
