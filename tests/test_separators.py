"""CSV as spreadsheets write it: other separators, and a first line that names them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from commands import cli
from nights import night, story

from copydesk.config import Config
from copydesk.sources import read

ROWS = [["title", "text"], ["One", "A first text; with a mark, and one more."], ["Two", "A second\ttext | too."]]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", ["", "sep={}\r\n", "SEP={}\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_source(tmp_path: Path, mark: str, start: str, encoding: str) -> None:
    made = io.StringIO()
    csv.writer(made, delimiter=mark).writerows(ROWS)
    path = tmp_path / "a.csv"
    path.write_bytes((start.format(mark) + made.getvalue()).encode(encoding))
    found = list(read(str(path), Config().sources))
    assert [[one.title, one.text] for one in found] == ROWS[1:]
    assert [one.uri for one in found] == ["a.csv#1", "a.csv#2"]


@pytest.mark.parametrize(("mark", "quoting"), [(";", csv.QUOTE_MINIMAL), ("\t", csv.QUOTE_ALL)])
def test_decisions(tmp_path: Path, mark: str, quoting: int) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(story(1) + "\n\nShare this article\n", encoding="utf-8")
    night(tmp_path / "raw", tmp_path / "w")
    path = tmp_path / "edits.csv"
    assert cli("edits", "export", path, "--status", "applied", "--warehouse", tmp_path / "w").exit_code == 0
    header, *rows = csv.reader(path.read_text("utf-8-sig").splitlines(keepends=True))
    rows[0][header.index("decision")] = "reject"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=mark, quoting=quoting).writerows([header, *rows])
    done = cli("edits", "import", path, "--warehouse", tmp_path / "w")
    assert (done.exit_code, done.stderr) == (0, "")
    shown = cli("edits", "list", "--status", "rejected", "--warehouse", tmp_path / "w")
    assert "a.txt" in shown.stdout
