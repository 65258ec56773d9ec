"""The lock of a warehouse: a second run waits, and then stops with a message that names the first.

In a local folder it is a lock of the operating system (`flock`), which ends with the process. On an object store it is
an object that is written only if it has not changed since it was read (S3 and compatible stores check that atomically;
with other fsspec drivers two runs that start at the same instant may both get the lock). The holder renews it every
`BEAT` seconds. A lock with a last renewal more than `STALE` seconds away by the store's clock, in the past or the
future, is treated as left by a dead run, and so is, at once, that of a process of this machine that has ended. The
clocks of machines that share a warehouse may differ by at most `STALE - BEAT`.

A run that is suspended for longer loses its lock without noticing. So the lock has a number that increases each time it
is taken: a run stages its files under its number, checks its lock again before and after it writes its intent, and
after a later holder has recovered the warehouse, no commit of an earlier holder is completed (`Lease` in `store.py`).
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
from pathlib import Path
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
    """Hold the lock of the warehouse. Raises `WarehouseBusy` if it is not free within `wait_seconds`."""
    with _local(store, wait_seconds) if store.local else _remote(store, wait_seconds):
        try:
            yield
        finally:
            store.lease = None


class _Flock:
    """The lease of a local folder, held by the operating system."""

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
        with suppress(OSError):  # the folder may be gone; the lock is released anyway
            os.unlink(store.path(HOLDER))
        lock.release()


class _Object:
    """The lease of an object store: the lock object as last written by this process."""

    def __init__(self, store: Store, left: dict[str, Any]) -> None:
        self.number, self.mended = _count(left, "number") + 1, _count(left, "mended")
        self._store, self._tag, self._lost = store, "", False
        self._who = {**_who(_now()), "token": uuid.uuid4().hex}
        self._guard = threading.Lock()

    def take(self, tag: str | None) -> bool:
        """Take the lock if its state is still that of `tag`; returns whether it succeeded."""
        return self._write(tag)

    def renew(self) -> bool:
        """Renew the lock; returns whether this process still holds it."""
        with self._guard:
            if not self._lost and not self._write(self._tag):
                content, tag = self._store.tagged(
                    HOLDER
                )  # a successful write with a lost response also changes the tag
                ours = _owner(content).get("token") == self._who["token"]
                self._lost = not (ours and self._write(tag))
            return not self._lost

    def confirm(self) -> None:
        if not self.renew():
            raise WarehouseBusy(
                f"this run was suspended for more than {STALE:.0f} s, and another one has taken over {self._store.url};"
                " run it again: published articles stay, and nothing is published twice"
            )

    def settle(self) -> None:
        self.mended = self.number
        self.confirm()

    def release(self) -> None:
        """Release the lock but keep its number, so that the next holder gets the next number."""
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
    """Take the lock if it is free or left by a dead run; else None."""
    content, tag = store.tagged(HOLDER)
    owner = _owner(content)
    if "token" in owner and _age(store, owner) < STALE and not _has_ended(owner.get("process")):
        return None
    lease = _Object(store, owner)
    return lease if lease.take(tag) else None


def _age(store: Store, owner: dict[str, Any]) -> float:
    """Seconds between now and the last write of the lock, by the store's clock, in the past or the future."""
    try:
        written = store.fs.modified(store.path(HOLDER)).timestamp()
    except FileNotFoundError:
        return 0.0  # just released; the next attempt will see that
    except NotImplementedError:
        written = float(owner.get("renewed", 0))
    return float(abs(time.time() - written))


def _renew(lease: _Object, done: threading.Event) -> None:
    while not done.wait(BEAT):
        # A network error may be gone at the next beat; the run itself notices a permanent one.
        with suppress(Exception):
            if not lease.renew():
                return


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _who(since: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "process": _process(os.getpid())}


def _process(pid: int) -> list[str] | None:
    """What names a running process: start of the machine, PID namespace, number, start of the process.

    None if it does not run, or where the system does not say. Containers with the same host name have different
    namespaces.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        state, *rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        if state not in "ZX":
            return [boot, os.readlink("/proc/self/ns/pid"), str(pid), rest[18]]
    return None


def _has_ended(process: Any) -> bool:
    """Whether a process that `_process` named was one of this machine, and runs no more."""
    here = _process(os.getpid())
    if not isinstance(process, list) or len(process) != 4 or here is None or process[:2] != here[:2]:
        return False
    try:
        os.kill(int(process[2]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it runs, as another user, whose processes this one may not see
    except (OSError, ValueError):
        return False
    return _process(int(process[2])) != process


def _owner(content: bytes | None) -> dict[str, Any]:
    try:
        return parsed(content)
    except ValueError:  # just being written, in a local folder
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
