"""What a command is started in: standard streams that are closed or full, a folder that is gone, few open files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nights import story

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
COPYDESK = f"{sys.executable} -m copydesk.cli"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "ferry.txt").write_text(story(1), encoding="utf-8")
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = command.replace("copydesk", COPYDESK)
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_run_needs_no_streams(raw: Path, streams: str) -> None:
    assert shell(f"copydesk run raw --warehouse w --workers 2 {streams}", raw).returncode == 0
    assert shell(f"copydesk run missing {streams}", raw).returncode == 2
    done = shell("copydesk check --warehouse w --json", raw)
    assert json.loads(done.stdout)["sound"] and json.loads(done.stdout)["articles"] == 1


def test_usage_is_usage_without_standard_error(raw: Path) -> None:
    assert [shell(f"copydesk bogus {to}", raw).returncode for to in ("2>&-", "2>/dev/full")] == [2, 2]


@pytest.mark.parametrize("command", ["--version", "show raw/ferry.txt", "run raw --warehouse w", "sql --help"])
def test_full_standard_output_is_said(raw: Path, command: str) -> None:
    done = shell(f"copydesk {command} >/dev/full", raw)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "copydesk: standard output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run raw", "check", "show ferry.txt"])
def test_a_working_folder_that_is_gone_is_said(raw: Path, command: str) -> None:
    done = shell(f"mkdir gone && cd gone && rmdir ../gone && copydesk {command}", raw)
    assert done.returncode == 2
    assert done.stderr.startswith("copydesk: the working folder was removed;")


def test_too_few_files_that_may_be_open_are_said(raw: Path) -> None:
    done = shell("ulimit -n 24 && copydesk run raw --warehouse w", raw)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "copydesk: 24 files may be open at a time, and 64 are needed; raise the limit (ulimit -n)\n"
