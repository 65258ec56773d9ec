"""A run that dies or fails at any moment: readers see old or new files, and the next run ends where it would have."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import warehouse_runs
from warehouse_runs import document, run, tree

from copydesk.warehouse import Warehouse, WarehouseError, commit, lock, parquet, spill, store

OLD = [document("stays", "2024-01-01"), document("moves", "2024-01-02"), document("waits", "", "bad")]
NEW = [
    OLD[0],
    document("moves", "2024-01-01", "again"),
    document("waits", "2024-01-03", "good"),
    document("fails", "", "bad"),
]

#: Everything that a run does to the disk, by the name under which the warehouse calls it.
EFFECTS: list[tuple[Any, str]] = [
    (os, "replace"),
    (os, "fsync"),
    (shutil, "rmtree"),
    (Path, "mkdir"),
    (Path, "write_bytes"),
    (parquet, "write"),
    (parquet, "seal"),
    (spill.Stream, "add"),
    (spill.Stream, "close"),
]


class Killed(BaseException):
    """The process is gone; nothing that it would have tidied up is tidied up."""


class Fault:
    """Counts the effects and lets number `at` fail: with `error`, or by death, after which all fail."""

    def __init__(
        self, patch: pytest.MonkeyPatch, at: int | None, error: OSError | None, also: Sequence[tuple[Any, str]] = ()
    ) -> None:
        self.count, self.at, self.error, self.dead = 0, at, error, False
        for owner, name in [*EFFECTS, *also]:
            patch.setattr(owner, name, self._wrap(getattr(owner, name)))

    def _wrap(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.dead or self.count == self.at:
                if self.error:
                    raise self.error
                self.dead = True
                raise Killed
            return effect(*args, **kwargs)

        return faulty


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killing a process loses nothing that a file system has taken; only a power cut would."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    """A warehouse after the first night, its files, and its files after an undisturbed second one."""
    root = tmp_path_factory.mktemp("nights")
    run(root / "old", OLD)
    shutil.copytree(root / "old", root / "new")
    run(root / "new", NEW)
    return root / "old", tree(root / "old"), tree(root / "new")


def attempts(
    tmp_path: Path,
    start: Path | None,
    error: OSError | None,
    work: Callable[[Path], Any],
    step: int = 1,
    least: int = 30,
    also: Sequence[tuple[Any, str]] = (),
) -> Iterator[tuple[Path, BaseException]]:
    """`work` on a copy of `start`, failing at its first effect, `step` effects later, and so on until it gets through.

    It is known to have at least `least` effects; `also` are effects beside `EFFECTS`. A failure that leaves the disk as
    an earlier one did, and says the same, is left out: what comes after it knows nothing but the disk.
    """
    seen = set()
    for at in range(1, 1000, step):
        root = tmp_path / str(at)
        if start:
            shutil.copytree(start, root)
        failure: BaseException | None = None
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(patch, at, error, also)
            try:
                work(root)
            except (Killed, WarehouseError) as caught:
                failure = caught
        if fault.count < at:
            assert at > least, "the run should have had many effects to fail at"
            return
        if failure and (left := (str(failure).replace(str(root), ""), on_disk(root))) not in seen:
            seen.add(left)
            yield root, failure
        shutil.rmtree(root, ignore_errors=True)
    raise AssertionError("the run never got through")


def on_disk(root: Path) -> frozenset[tuple[str, str]]:
    """The folders below `root`, and its files with their digests, but for the lock."""
    folders = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir())
    return frozenset([*tree(root).items(), *((folder, "") for folder in folders)])


def visible(root: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree(root).items() if not name.startswith("_")}


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.parametrize("kind", ["killed", "disk full"])
def test_failing_at_every_step(tmp_path: Path, nights: tuple[Path, dict[str, str], dict[str, str]], kind: str) -> None:
    start, old, new = nights
    error = OSError(errno.ENOSPC, "No space left on device") if kind == "disk full" else None
    outcomes = set()
    for root, failure in attempts(tmp_path, start, error, lambda root: run(root, NEW)):
        if error:
            assert isinstance(failure, WarehouseError)
            assert "No space left on device" in str(failure)
        seen = visible(root)
        assert all(digest in (old.get(name), new.get(name)) for name, digest in seen.items())
        assert all(name in seen for name in old if not name.startswith("_"))
        outcomes.add("old" if seen.items() <= old.items() else "new" if seen.items() >= new.items() else "between")
        run(root, NEW)
        assert tree(root) == new
    assert {"old", "between"} <= outcomes


def test_recovery_may_be_killed_too(tmp_path: Path, nights: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    start, _, new = nights
    shutil.copytree(start, tmp_path / "root")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(commit, "complete", _die)
        run(tmp_path / "root", NEW)
    for at in range(1, 100):
        shutil.copytree(tmp_path / "root", tmp_path / str(at))
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(patch, at, None)
            with suppress(Killed):
                Warehouse.open(str(tmp_path / str(at))).recover()
        done = Warehouse.open(str(tmp_path / str(at))).recover()
        assert tree(tmp_path / str(at)) == new
        assert not (tmp_path / str(at) / "_staging").exists()
        if fault.count < at:
            assert done == []
            return
    raise AssertionError("recovery never got through")


def _die(*_: Any) -> None:
    raise Killed


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="asks Linux which file a handle stands for")
def test_nothing_is_put_in_place_before_all_of_it_is_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[tuple[str, str]] = []
    replace = os.replace

    def note_sync(handle: int) -> None:
        story.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))

    def note_replace(source: Any, target: Any) -> None:
        story.append(("replace", str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    done = run(tmp_path, OLD)
    assert done is not None
    names = [f"{tmp_path}/{name}" for name in done.files]
    intent = story.index(("replace", f"{tmp_path}/_staging/{done.run_id}/intent.json"))
    record = story.index(("replace", f"{tmp_path}/_commits/{done.run_id}.json"))
    for name in names:
        staged = f"{tmp_path}/_staging/{done.run_id}/{Path(name).relative_to(tmp_path).as_posix().replace('/', '~')}"
        assert story.index(("sync", staged)) < intent < story.index(("replace", name)) < record
        place = story.index(("replace", name))
        assert place < place + story[place:].index(("sync", str(Path(name).parent))) < record
    assert ("sync", f"{tmp_path}/_commits") in story[record:]


def test_recovery_says_what_it_did(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(commit, "complete", _die)
        run(tmp_path, OLD)
    warehouse = Warehouse.open(str(tmp_path))
    (sentence,) = warehouse.recover()
    assert sentence.startswith("Completed the interrupted commit of run 2024-05-06-")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store.LocalStore, "stage", _die)
        run(tmp_path, NEW)
    (sentence,) = warehouse.recover()
    assert sentence.startswith("Discarded the unfinished work")
    assert warehouse.recover() == []


def intent(run_id: object = "some-run", path: object = "articles/published_date=2024-01-01/articles.parquet") -> bytes:
    file = {"path": path, "bytes": 1, "sha256": "0" * 64}
    return json.dumps({"format": 1, "run_id": run_id, "files": [file]}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "damaged"),
        (b"[" * 10**5, "damaged"),
        (b'{"format": 99}', "newer copydesk"),
        (b'{"format": 1, "files": []}', "run_id"),
        (b'{"format": 1, "run_id": "some-run"}', "files"),
        (b'{"format": 1, "run_id": "some-run", "files": [7]}', "damaged"),
        (intent("../../outside"), "run_id"),
        (intent("another-run"), "another-run"),
        (intent(path="../outside"), "is not a file of a warehouse"),
        (intent(path="articles/../../outside/articles.parquet"), "is not a file of a warehouse"),
        (intent(path="_reports/../../outside"), "is not a file of a warehouse"),
        (intent(path="/etc/passwd"), "is not a file of a warehouse"),
        (intent(path=None), "is not a file of a warehouse"),
        (intent(), "is missing from _staging"),
    ],
)
def test_an_intent_that_cannot_be_read_is_left_alone(tmp_path: Path, content: bytes, words: str) -> None:
    intent = tmp_path / "_staging" / "some-run" / "intent.json"
    intent.parent.mkdir(parents=True)
    intent.write_bytes(content)
    with pytest.raises(WarehouseError, match=words):
        Warehouse.open(str(tmp_path)).recover()
    assert intent.exists()


def test_a_staged_file_that_is_lost_is_named(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(commit, "complete", _die)
        run(tmp_path, OLD)
    (lost,) = tmp_path.glob("_staging/*/runs~*")
    lost.unlink()
    with pytest.raises(WarehouseError, match=r"runs/run_date=2024-05-06/runs\.parquet is missing"):
        Warehouse.open(str(tmp_path)).recover()
    assert visible(tmp_path) == {}


def test_a_report_written_again_in_between_stops_nothing(tmp_path: Path) -> None:
    """The pages are presentation: killed before the record, reports then rewritten, and the commit is completed."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        place = store.LocalStore.place
        patch.setattr(store.LocalStore, "place", lambda self, moves: _die() if len(moves) == 1 else place(self, moves))
        run(tmp_path, OLD)
    for page in tmp_path.glob("_reports/*/*"):
        page.write_bytes(b"<p>Another page")
    assert run(tmp_path, OLD) is None
    assert len(list(tmp_path.glob("_commits/*.json"))) == 1


def test_a_file_in_its_place_counts_by_its_content(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        place = store.LocalStore.place
        patch.setattr(store.LocalStore, "place", lambda self, moves: _die() if len(moves) == 1 else place(self, moves))
        run(tmp_path, OLD)
    (path,) = tmp_path.glob("runs/*/runs.parquet")
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(WarehouseError, match=r"runs\.parquet is missing"):
        Warehouse.open(str(tmp_path)).recover()


def test_a_full_disk_leaves_no_text_behind(tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    warehouse = Warehouse.open(str(tmp_path))
    with (
        pytest.MonkeyPatch.context() as patch,
        warehouse.writing(),
        pytest.raises(WarehouseError, match="No space"),
        warehouse.stage() as staging,
    ):
        staging.add(*warehouse_runs.batch(OLD))
        patch.setattr(spill.Stream, "close", full)
        staging.commit("run", warehouse_runs.RUN_DATE, warehouse_runs.ROW)
    assert not list(tmp_path.rglob("*.arrow"))


def test_an_object_store_recovers_too(tmp_path: Path) -> None:
    for name in ("calm", "killed"):
        run(f"memory://{tmp_path.name}/{name}", OLD)
    run(f"memory://{tmp_path.name}/calm", NEW)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(commit, "complete", _die)
        run(f"memory://{tmp_path.name}/killed", NEW)
    assert run(f"memory://{tmp_path.name}/killed", NEW) is None
    calm, killed = (Warehouse.open(f"memory://{tmp_path.name}/{name}").store for name in ("calm", "killed"))
    names = [name for name in calm.names("") if name != lock.HOLDER]  # which counts how often it was taken
    assert [name for name in killed.names("") if name != lock.HOLDER] == names
    assert [killed.read(name) for name in names] == [calm.read(name) for name in names]


def test_a_vanished_folder_is_told_in_words(tmp_path: Path) -> None:
    warehouse = Warehouse.open(str(tmp_path / "house"))
    with pytest.raises(WarehouseError, match="could not"), warehouse.writing(), warehouse.stage() as staging:
        staging.add(*warehouse_runs.batch(OLD))
        shutil.rmtree(tmp_path / "house")
        staging.commit("run", warehouse_runs.RUN_DATE, warehouse_runs.ROW)
    assert visible(tmp_path / "house") == {}
    assert run(tmp_path / "house", OLD) is not None


#: `make crash` sets it to 200.
KILLS = int(os.environ.get("COPYDESK_KILLS", "20"))


def _second_night(root: str, begun: Any) -> None:
    begun.send_bytes(b"begun")
    run(root, warehouse_runs.second_night(), wait_seconds=60)


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.skipif(os.name == "nt", reason="processes are forked, and killed as on POSIX")
def test_kill_minus_nine_at_any_moment(tmp_path: Path) -> None:
    """Runs, and the runs that mend them, are killed at random moments; the last ends where an undisturbed one does."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warehouse_runs"])
    chance = random.Random(f"crash {KILLS}")
    run(tmp_path / "start", warehouse_runs.first_night())
    shutil.copytree(tmp_path / "start", tmp_path / "calm")

    def begun(root: Path) -> Any:
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_second_night, args=(str(root), there))
        child.start()
        assert here.poll(60) and here.recv_bytes()
        return child

    calmly = begun(tmp_path / "calm")
    start = time.monotonic()
    calmly.join()
    lasts, calm = time.monotonic() - start, tree(tmp_path / "calm")

    def killed(root: Path) -> str:
        child = begun(root)
        child.join(chance.uniform(0, 1.1 * lasts))
        child.kill()
        child.join()
        for path in root.glob("[a-z]*/*/*.parquet"):
            pq.read_table(path)
        return "staging" if (root / "_staging").exists() else "placed" if tree(root) == calm else "nothing"

    seen = Counter[str]()
    for number in range(KILLS):
        root = tmp_path / str(number)
        shutil.copytree(tmp_path / "start", root)
        for _ in range(chance.choice([1, 1, 2, 3])):
            seen[killed(root)] += 1
        run(root, warehouse_runs.second_night(), wait_seconds=60)
        assert tree(root) == calm, f"kill {number} of the seed 'crash {KILLS}'"
        shutil.rmtree(root)
    assert seen["staging"], f"no run was killed at work: {seen}"
