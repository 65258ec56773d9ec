"""The lock of an object store: who gets it, and that a run which lost it, at whatever moment, does no harm."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nights
import pytest
from warehouse_runs import ROW, RUN_DATE, batch, document, first_night, run

from copydesk.run import nightly
from copydesk.warehouse import Staging, Warehouse, WarehouseBusy, layout, lock, partition, schemas
from copydesk.warehouse.store import Store


def uris(url: str) -> Counter[str]:
    """How often each document is published."""
    store = Store.open(url)
    return Counter(
        uri
        for name in store.names("articles")
        for table in partition.read(store, name, schemas.ARTICLES, ["uri"])
        for uri in table["uri"].to_pylist()
    )


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty warehouse on a store with conditional writes, and on one without."""
    return str(request.getfixturevalue("bucket")) if request.param == "s3" else f"memory://{tmp_path.name}"


def test_one_gets_in_and_the_next_one_after_it(url: str) -> None:
    second = Warehouse.open(url).lock(0)
    with Warehouse.open(url).lock(0), pytest.raises(WarehouseBusy, match=rf"process {os.getpid()} on .*, since 20"):
        second.__enter__()
    with Warehouse.open(url).lock(0):
        pass


def test_the_lock_of_a_dead_run_is_taken_over(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Warehouse.open(url).lock(0):
        monkeypatch.setattr(lock, "STALE", 0.0)
        with Warehouse.open(url).lock(0):
            pass
    assert run(url, first_night(), wait_seconds=0) is not None


def test_of_two_who_take_over_a_dead_lock_one_gets_in(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found it dead; the second must not remove the living lock of the first."""
    with Warehouse.open(url).lock(0):
        monkeypatch.setattr(lock, "STALE", 0.0)
        first, second = Warehouse.open(url), Warehouse.open(url)
        taken: list[Any] = []
        age = lock._age

        def slow(store: Store, owner: dict[str, Any]) -> float:
            if store is second.store and not taken:  # between its look and its writing, the first takes the lock
                taken.append(first.lock(0))
                taken[0].__enter__()
            return age(store, owner)

        monkeypatch.setattr(lock, "_age", slow)
        with pytest.raises(WarehouseBusy):
            second.lock(0).__enter__()
        first.store.confirm()
        taken[0].__exit__(None, None, None)


@pytest.mark.parametrize("renewed", [4e9, 1e300, "soon", None])
def test_a_lock_that_is_dated_in_the_future_is_taken_over(
    url: str, monkeypatch: pytest.MonkeyPatch, renewed: object
) -> None:
    """The store's clock counts, not what the holder wrote; after `STALE` seconds the lock is free."""
    store = Store.open(url)
    holder = {"pid": 1, "host": "elsewhere", "since": "2999-01-01", "token": "another", "renewed": renewed}
    store.write(lock.HOLDER, json.dumps(holder).encode())
    with pytest.raises(WarehouseBusy, match="2999"):
        run(url, first_night(), wait_seconds=0)
    now = time.time()
    for distance in (lock.STALE + 5, -lock.STALE - 5):
        with monkeypatch.context() as patch:
            patch.setattr(lock.time, "time", lambda d=distance: now + d)
            with Warehouse.open(url).lock(0):
                pass
        store.write(lock.HOLDER, json.dumps(holder).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 10**5, b'{"number": "x", "mended": -1}'])
def test_a_damaged_lock_is_no_lock(url: str, content: bytes) -> None:
    Store.open(url).write(lock.HOLDER, content)
    assert run(url, first_night(), wait_seconds=0) is not None


def test_a_store_that_knows_no_conditions_has_a_lock_all_the_same(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(bucket)
    put = store.fs.pipe_file

    def plain(path: str, content: bytes, mode: str = "overwrite", **conditions: str) -> Any:
        if mode == "create" or conditions:
            raise OSError(errno.ENOSYS, "NotImplemented")
        return put(path, content)

    monkeypatch.setattr(store.fs, "pipe_file", plain)
    house, second = Warehouse(store), Warehouse.open(bucket).lock(0)
    with house.lock(0):
        store.confirm()
        with pytest.raises(WarehouseBusy):
            second.__enter__()
    with house.lock(0):
        pass


def test_a_run_that_lost_its_lock_publishes_nothing(url: str) -> None:
    warehouse = Warehouse.open(url)
    with warehouse.lock(0), warehouse.stage() as staging:
        staging.add(*batch(first_night()))
        warehouse.store.write(lock.HOLDER, b'{"token": "of another", "pid": 1, "host": "h", "since": "now"}')
        with pytest.raises(WarehouseBusy, match="taken over"):
            staging.commit(staging.run_id(RUN_DATE), RUN_DATE, ROW)
    assert not warehouse.store.names("articles")


def test_nothing_is_published_without_the_lock(tmp_path: Path) -> None:
    warehouse = Warehouse.open(str(tmp_path))
    with warehouse.stage() as staging, pytest.raises(RuntimeError, match="lock"):
        staging.add(*batch(first_night()))
        staging.commit("run", RUN_DATE, ROW)
    assert not list(tmp_path.glob("[a-z]*"))


def test_a_night_that_lost_its_lock_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole run, as `copydesk run` makes it: while it stood still before the commit, another one did its work."""
    raw, url = tmp_path / "raw", f"memory://{tmp_path.name}"
    raw.mkdir()
    for number in range(3):
        (raw / f"{number}.txt").write_text(nights.story(number), encoding="utf-8")
    job = nightly.Job((str(raw),), url, nights.NIGHT, nights.config())
    commit = Staging.commit

    def stand_still(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(Staging, "commit", commit)
        with monkeypatch.context() as patch:
            patch.setattr(lock, "STALE", 0.0)
            assert nightly.run(job).row is not None
        return commit(*args, **kwargs)

    monkeypatch.setattr(Staging, "commit", stand_still)
    with pytest.raises(WarehouseBusy, match="taken over"):
        nightly.run(job)
    assert uris(url) == Counter(["0.txt", "1.txt", "2.txt"])
    assert nightly.run(job).row is None


#: Where the first run stops: owner, name, whether before or after it, and which call of it.
MOMENTS = {
    "history is read": "warehouse.History, 'load', 'after', 1",
    "the lock is proven": "store.Store, 'confirm', 'after', 2",
    "the intent is written": "store.Store, 'write', 'after', 1",
    "the lock is proven again": "store.Store, 'confirm', 'after', 3",
    "files are put in place": "store.Store, 'place', 'after', 1",
    "the record is put in place": "store.Store, 'place', 'after', 2",
}
STAND_STILL = """
import os, signal, sys
import warehouse_runs as w
from copydesk import warehouse
from copydesk.warehouse import lock, store
lock.STALE, lock.BEAT = 1.0, 0.1
owner, name, when, number = {moment}
real, calls = getattr(owner, name), 0
def stop(*args, **kwargs):
    global calls
    calls += 1
    result = real(*args, **kwargs)
    if calls == number:
        os.kill(os.getpid(), signal.SIGSTOP)
    return result
setattr(owner, name, stop)
try:
    w.run(sys.argv[1], w.first_night())
except warehouse.WarehouseBusy:
    sys.exit(9)
"""


def others() -> list[Any]:
    return [*first_night()[5:], document("new", "2024-05-01")]


@pytest.mark.skipif(not hasattr(os, "WUNTRACED"), reason="processes are suspended as on POSIX")
@pytest.mark.parametrize(("moment", "other"), list(zip(MOMENTS, [first_night, others] * 3, strict=True)))
def test_a_run_that_is_suspended_for_longer_than_its_lock_lives(
    bucket: str, monkeypatch: pytest.MonkeyPatch, moment: str, other: Callable[[], list[Any]]
) -> None:
    """Another run takes over, with the same or with other documents. Every document stands once, nothing is left."""
    child = subprocess.Popen(
        [sys.executable, "-c", STAND_STILL.format(moment=MOMENTS[moment]), bucket],
        cwd=Path(__file__).parent, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), child.communicate()
        time.sleep(2.1)  # the store's clock has whole seconds
        with monkeypatch.context() as patch:
            patch.setattr(lock, "STALE", 1.0)
            run(bucket, other(), wait_seconds=20)
        published = uris(bucket)
        os.kill(child.pid, signal.SIGCONT)
        error = child.communicate(timeout=60)[1]
        assert child.returncode == (0 if moment == "the record is put in place" else 9), error.decode()
    finally:
        child.kill()
    assert uris(bucket) == published
    run(bucket, first_night(), wait_seconds=0)
    run(bucket, other(), wait_seconds=0)
    expected = {d.uri for d in [*first_night(), *other()] if b"bad" not in d.content}
    assert uris(bucket) == Counter(expected)
    assert Store.open(bucket).names(layout.STAGING) == []


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="names processes by what /proc says of them")
def test_the_lock_of_a_killed_process_of_this_machine_is_free_at_once(bucket: str) -> None:
    script = (
        "import sys, time\nfrom copydesk.warehouse import Warehouse\n"
        "with Warehouse.open(sys.argv[1]).lock(0):\n    print('held', flush=True)\n    time.sleep(300)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, bucket], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WarehouseBusy):
            Warehouse.open(bucket).lock(0).__enter__()
        holder.kill()
    with Warehouse.open(bucket).lock(0):
        pass


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="names processes by what /proc says of them")
def test_only_a_process_of_this_machine_can_be_known_to_have_ended() -> None:
    own = lock._process(os.getpid())
    assert own is not None
    assert not lock._has_ended(own)
    ended = subprocess.Popen(["true"])
    ended.wait()
    boot, namespace, pid, start = own
    assert lock._has_ended([boot, namespace, str(ended.pid), start])
    assert lock._has_ended([boot, namespace, pid, f"{start}0"]), "another process with the same number"
    for other in (["another boot", namespace, str(ended.pid), start], [boot, "pid:[1]", str(ended.pid), start]):
        assert not lock._has_ended(other)
    for unknown in (None, 7, "7", [], [boot, namespace, "x", start]):
        assert not lock._has_ended(unknown)
