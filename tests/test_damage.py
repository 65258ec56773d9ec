"""Damaged files of a warehouse: each costs that one thing, or stops the run with a sentence, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nights
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from copydesk import cli
from copydesk.run.reports import rewrite_reports
from copydesk.warehouse import Warehouse, WarehouseBusy, WarehouseError, store

ROOT = Path(__file__).parent.parent


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A source with two documents."""
    (tmp_path / "raw").mkdir()
    for number in range(2):
        (tmp_path / "raw" / f"{number}.txt").write_text(nights.story(number), encoding="utf-8")
    return tmp_path / "raw"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and the warehouse that one night made of it."""
    root = tmp_path_factory.mktemp("first")
    (root / "raw").mkdir()
    for number in range(2):
        (root / "raw" / f"{number}.txt").write_text(nights.story(number), encoding="utf-8")
    (root / "raw" / "empty.txt").write_bytes(b"")
    nights.night(root / "raw", root / "w")
    return root


def more(raw: Path, number: int = 7) -> Path:
    """One more document."""
    (raw / f"{number}.txt").write_text(nights.story(number), encoding="utf-8")
    return raw


def _facts(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        data = json.loads(content)
        change(data)
        return json.dumps(data).encode()

    return changed


REPORTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "no object": lambda content: b"[1]",
    "deep": lambda content: b"[" * 10**5,
    "no text": lambda content: b"\xff\xfe\x00",
    "a long number": lambda content: b'{"schema_version": ' + b"1" * 5000 + b"}",
    "another version": _facts(lambda data: data.update(schema_version=99)),
    "nothing in it": lambda content: b'{"schema_version": 1}',
    "a key is missing": _facts(lambda data: data.pop("verdict")),
    "a value of another kind": _facts(lambda data: data.update(run=[1], trend=None)),
}


@pytest.mark.parametrize("kind", REPORTS)
def test_a_damaged_report_costs_its_line_on_the_front_page(first: Path, tmp_path: Path, kind: str) -> None:
    shutil.copytree(first, tmp_path / "copy")
    raw, house = tmp_path / "copy" / "raw", tmp_path / "copy" / "w"
    (path,) = house.glob("_reports/*.json")
    path.write_bytes(REPORTS[kind](path.read_bytes()))
    damaged = path.read_bytes()
    second = nights.night(more(raw), house).row
    assert second is not None and second["published"] == 1
    assert path.read_bytes() == damaged
    front = (house / "_reports" / "index.html").read_text()
    assert f"{second['run_id']}.html" in front and f"{path.stem}.html" not in front
    assert rewrite_reports(Warehouse.open(str(house))) is not None


def test_reports_written_after_a_kill_stop_no_later_run(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`copydesk report` completes what was begun before it writes, so its front page has the new run."""
    house = tmp_path / "w"
    nights.night(raw, house)
    place = store.LocalStore.place

    def die(self: store.LocalStore, moves: list[tuple[str, str]]) -> None:
        if len(moves) == 1:
            raise Killed
        place(self, moves)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store.LocalStore, "place", die)
        nights.night(more(raw), house)
    done = CliRunner().invoke(cli.main, ["report", "--warehouse", str(house)])
    assert done.exit_code == 0, done.output
    assert len(set(re.findall(r'<a href="[\d-]+-[0-9a-f]+\.html"', Path(done.stdout.strip()).read_text()))) == 2
    assert nights.night(raw, house).row is None
    assert nights.night(more(raw, 8), house).row is not None


def test_reports_wait_for_the_run_that_is_writing(raw: Path, tmp_path: Path) -> None:
    house = Warehouse.open(str(tmp_path / "w"))
    nights.night(raw, tmp_path / "w")
    before = nights.tree(tmp_path / "w")
    with house.lock(), pytest.raises(WarehouseBusy):
        rewrite_reports(Warehouse.open(house.url))
    assert nights.tree(tmp_path / "w") == before


def test_asking_for_the_reports_of_nothing_makes_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["report", "--warehouse", str(tmp_path / "none")])
    assert done.exit_code == 2 and not (tmp_path / "none").exists()


FILES = {
    "articles": "articles/*/*.parquet",
    "edits": "edits/*/*.parquet",
    "quarantine": "quarantine/*/*.parquet",
    "runs": "runs/*/*.parquet",
    "validations": "validations/*/*.parquet",
    "records": "_commits/*.json",
    "report data": "_reports/*.json",
    "front page": "_reports/index.html",
    "marker": "_warehouse.json",
}
HARM: dict[str, Callable[[Path], Any]] = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "a flipped byte": lambda path: path.write_bytes(_flipped(path.read_bytes())),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def _flipped(content: bytes) -> bytes:
    middle = len(content) * 2 // 3
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("file", FILES)
def test_no_damage_ends_a_run_with_a_traceback(first: Path, tmp_path: Path, file: str, harm: str) -> None:
    """The night goes on, or stops with a sentence; what other files hold stays as it is, and `check` can look at it."""
    shutil.copytree(first, tmp_path / "copy")
    raw, house = tmp_path / "copy" / "raw", tmp_path / "copy" / "w"
    paths = list(house.glob(FILES[file]))
    assert paths
    for path in paths:
        HARM[harm](path)
    before = nights.tree(house)
    (raw / "0.txt").write_text(nights.story(99), encoding="utf-8")  # the same partitions once more
    stopped = ""
    try:
        nights.night(more(raw), house)
    except WarehouseError as error:
        stopped = str(error)
    if stopped and harm != "a folder":  # a folder is in the way only when the files are put in place
        assert {name: sha for name, sha in nights.tree(house).items() if not name.startswith("_staging")} == before
    if harm == "a flipped byte" and file in ("articles", "edits"):
        assert "damaged" in stopped  # and not written on, as if it had been so
    for path in house.glob("[a-z]*/*/*.parquet"):
        if path not in paths:
            pq.read_table(path)
    done = CliRunner().invoke(cli.main, ["check", "--warehouse", str(house)])
    assert done.exit_code in (0, 1, 2), done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_fault_of_copydesk_has_a_code_of_its_own(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Warehouse, "history", fault)
    done = CliRunner().invoke(cli.main, ["run", str(raw), "--warehouse", str(tmp_path / "w"), "--workers", "1"])
    assert done.exit_code == 3
    assert "internal error (ZeroDivisionError)" in done.stderr and "on purpose" in done.stderr
    assert not list((tmp_path / "w").glob("[a-z]*"))


@pytest.mark.parametrize(
    ("command", "stream"), [("run", "stdout"), ("run", "stderr"), ("quarantine list", "stdout"), ("sites", "stdout")]
)
def test_a_reader_that_has_seen_enough_is_no_fault(first: Path, tmp_path: Path, command: str, stream: str) -> None:
    house = tmp_path / "w" if command == "run" else first / "w"
    sources = [str(first / "raw"), "--workers", "1"] if command == "run" else []
    words = [sys.executable, "-m", "copydesk.cli", *command.split(), *sources, "--warehouse", str(house)]
    reading, writing = os.pipe()
    os.close(reading)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writing}
    done = subprocess.run(words, check=False, text=True, cwd=ROOT, **pipes)
    os.close(writing)
    assert done.returncode == 141, done
    assert "rror" not in f"{done.stdout}{done.stderr}"


def test_a_pipe_that_breaks_within_is_a_fault(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError("of a worker")

    monkeypatch.setattr(Warehouse, "history", broken)
    done = CliRunner().invoke(cli.main, ["run", str(raw), "--warehouse", str(tmp_path / "w"), "--workers", "1"])
    assert (done.exit_code, "internal error (BrokenPipeError)" in done.stderr) == (3, True)


@pytest.mark.parametrize("command", [[], ["run"]])
def test_the_help_names_the_codes(command: list[str]) -> None:
    done = CliRunner().invoke(cli.main, [*command, "--help"])
    assert re.search(r"3 an\s+internal error", done.stdout)


def test_no_memory_is_told_in_words(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Warehouse, "history", full)
    done = CliRunner().invoke(cli.main, ["run", str(raw), "--warehouse", str(tmp_path / "w"), "--workers", "1"])
    assert done.exit_code == 2 and "memory" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks the shell for a limit that Linux enforces")
@pytest.mark.parametrize("gigabytes", [0.4, 1.2, 2.4])
def test_too_little_address_space_is_told_in_words(raw: Path, tmp_path: Path, gigabytes: float) -> None:
    run = f'"{sys.executable}" -m copydesk.cli run "{raw}" --warehouse "{tmp_path / "w"}" --workers 1'
    done = subprocess.run(
        ["sh", "-c", f"ulimit -v {int(gigabytes * 2**20)}; {run}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "address space" in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "w").exists()


# --- what a killed run leaves in temporary folders -------------------------------------------------------------------

LEAVE = """
import os, sys, tempfile
from copydesk.warehouse.workspace import Workspace
tempfile.tempdir = sys.argv[1]
space = Workspace()
(space.path / "text.arrow").write_bytes(b"the text of an article")
print(space.path, flush=True)
if sys.argv[2] == "die":
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""


def test_the_folder_of_a_killed_run_goes_with_the_next_one(tmp_path: Path) -> None:
    def begin(how: str) -> tuple[subprocess.Popen[str], Path]:
        child = subprocess.Popen(
            [sys.executable, "-c", LEAVE, str(tmp_path), how],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert child.stdout is not None
        return child, Path(child.stdout.readline().strip())

    living, kept = begin("live")
    dead, left = begin("die")
    dead.communicate()
    assert left.exists()
    foreign = tmp_path / "copydesk-of-somebody"
    foreign.mkdir()
    another, own = begin("live")
    assert not left.exists()
    assert kept.exists() and own.exists() and foreign.exists()
    for child in (living, another):
        child.communicate("")


def test_a_workspace_goes_when_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    house = store.Store.open(f"memory://{tmp_path.name}")
    (house.workspace / "a").touch()
    assert house.workspace == house.workspace
    house.leave()
    assert list(tmp_path.iterdir()) == []


def test_where_things_are_on_an_object_store(bucket: str) -> None:
    """An address that can be given to a reader as it is."""
    house = Warehouse.open(bucket)
    assert house.report_url("index.html") == f"{bucket}/_reports/index.html"
    assert house.store.address() == bucket
    assert house.write_report("index.html", b"<p>") == f"{bucket}/_reports/index.html"
