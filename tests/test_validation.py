"""The column `validation` says at once what a decision about edits makes of an article, as a later run would."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import cli
from nights import night, story, table

MOJIBAKE = "The caf\u00c3\u00a9 by the bridge, the caf\u00c3\u00a9 of the mayor, was closed, too. "


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(story(1) + "\n" + MOJIBAKE * 3, encoding="utf-8")
    (tmp_path / "raw" / "late.txt").write_text(story(2, "Monday, May 2, 2024") + "\n" + MOJIBAKE * 3, encoding="utf-8")
    night(tmp_path / "raw", tmp_path / "w")
    return tmp_path / "w"


def validation(root: Path) -> dict[str, str]:
    return dict(table(root, "articles").set_index("uri")["validation"])


def test_what_a_decision_breaks_is_a_warning_at_once(root: Path) -> None:
    assert validation(root) == {"a.txt": "pass", "late.txt": "warn"}  # its date is not of that weekday
    assert cli("edits", "reject", "late.txt", "--rule", "mojibake", "--warehouse", root).exit_code == 0
    assert validation(root) == {"a.txt": "pass", "late.txt": "warn"}
    assert cli("edits", "reject", "--rule", "mojibake", "--warehouse", root).exit_code == 0
    assert validation(root) == {"a.txt": "warn", "late.txt": "warn"}
    assert cli("check", "--warehouse", root).exit_code == 0
    assert "0 would be changed" in cli("run", "--reprocess", "--dry-run", "--warehouse", root).stdout


def test_that_nothing_is_warned_of_any_more_is_found_by_the_next_run(root: Path) -> None:
    for action in ("reject", "revert"):
        assert cli("edits", action, "--rule", "mojibake", "--warehouse", root).exit_code == 0
    assert cli("run", "--reprocess", "--warehouse", root).exit_code == 0
    assert validation(root) == {"a.txt": "pass", "late.txt": "warn"}
