"""What README.md shows is what happens: its commands run, its output is real. See `test_docs.py` for docs/."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^<!-- (source|output): (.+?) -->\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Started by tests of their own, or by whoever runs this one.
ELSEWHERE = ("make", "copydesk serve")


def copydesk(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command, comments=True)
    assert words[0] == "copydesk"
    return subprocess.run(
        [sys.executable, "-m", "copydesk.cli", *words[1:]], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder as README imagines it: articles/, and what its first command makes of them."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples" / "raw", folder / "articles")
    shutil.copy(ROOT / "examples" / "raw" / "09-mojibake.txt", folder / "articles" / "one.txt")
    done = copydesk("copydesk run articles/ --warehouse warehouse/", folder)
    assert done.returncode == 0, done.stderr
    return folder


def commands() -> list[str]:
    blocks = [block for language, block in FENCE.findall(README) if language == "sh"]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith(ELSEWHERE)]


def test_readme_shows_commands() -> None:
    assert len(commands()) >= 3
    assert all(line.startswith("copydesk ") for line in commands())


@pytest.mark.parametrize("command", commands())
def test_commands_run(command: str, folder: Path) -> None:
    done = copydesk(command, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(("kind", "subject", "shown"), SHOWN.findall(README), ids=lambda value: value[:40])
def test_what_is_shown_is_real(kind: str, subject: str, shown: str) -> None:
    if kind == "source":
        assert shown.strip() == (ROOT / subject).read_text("utf-8").strip()
        return
    done = copydesk(subject, ROOT)
    real = [line.rstrip() for line in done.stdout.strip().splitlines()]
    expected = shown.strip().splitlines()
    assert real[: len(expected)] == expected


def test_python_blocks_run(folder: Path) -> None:
    blocks = [block for language, block in FENCE.findall(README) if language == "python"]
    assert blocks
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        assert done.stdout.strip(), block


def test_readme_is_a_front_door() -> None:
    """What is longer belongs into docs/."""
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    assert len(prose.split()) <= 700
