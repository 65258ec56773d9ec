"""The command that the report prints does the run again, with its settings."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from commands import cli
from nights import story


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(story(1), encoding="utf-8")
    (tmp_path / "raw" / "lost.txt").write_text(story(2).replace("the ", "th\ufffd "), encoding="utf-8")
    (tmp_path / "my.toml").write_text('[typos]\nmode = "off"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command_of(folder: Path, *words: str) -> str:
    """The command in the report of what these words do."""
    done = cli(*words, "--warehouse", folder / "w", "--json")
    assert done.exit_code == 0, done.output
    newest = max((folder / "w" / "_reports").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    data: dict[str, Any] = json.loads(newest.read_text("utf-8"))
    return str(data["made"]["command"])


def test_the_command_names_the_settings_and_the_workers(folder: Path) -> None:
    said = command_of(folder, "run", "raw", "--config", "my.toml", "--workers", "1", "--date", "2024-05-03")
    end = f"--date 2024-05-03 --warehouse {folder}/w --config {folder}/my.toml --workers 1"
    assert said == f"copydesk run {folder}/raw {end}"
    assert cli(*shlex.split(said)[1:]).exit_code == 0
    released = command_of(folder, "quarantine", "release", "lost.txt", "--config", "my.toml")
    assert released == f"copydesk quarantine release lost.txt --warehouse {folder}/w --config {folder}/my.toml"


def test_the_settings_of_the_working_folder_are_named_too(folder: Path) -> None:
    (folder / "my.toml").rename(folder / "copydesk.toml")
    said = command_of(folder, "run", "raw", "--date", "2024-05-03")
    assert said.endswith(f"--warehouse {folder}/w --config {folder}/copydesk.toml")
