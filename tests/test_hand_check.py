"""The week's hand check: what is drawn, what a verdict records, and what it says about a rule."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from nights import night, story, table

import copydesk
from benchmarks import confidence
from copydesk.cli import main
from copydesk.edits import Edit
from copydesk.hand_check import Change, Verdict, precision, rank, week_of, wilson
from copydesk.records import Article
from copydesk.report import picked
from copydesk.report.picked import Picked
from copydesk.warehouse.rows import articles_table, edits_table


def text(number: int) -> str:
    return story(number).replace("Nobody", "Austarlia’s goverment will pay. Nobody") + "\n\nShare this article\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checked")
    for number in range(6):
        folder = root / "raw" / ("quay.example" if number % 2 else "port.example")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(text(number))
    night(root / "raw", root / "w")
    return root


@pytest.fixture
def root(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "all")
    return tmp_path / "all" / "w"


def say(root: Path, *words: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [*map(str, words), "--warehouse", str(root)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def cli(root: Path, *words: object) -> Any:
    return json.loads(say(root, *words, "--json"))


def in_week(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    for module in ("hand_check", "edits"):
        monkeypatch.setattr(import_module(f"copydesk.cli.{module}"), "now", lambda: at)


# --- in itself --------------------------------------------------------------------------------------------------------


def test_an_interval_is_that_of_wilson() -> None:
    assert [round(limit, 4) for limit in wilson(9, 10)] == [0.5958, 0.9821]
    assert wilson(0, 0) == (0, 1)
    assert wilson(60, 60)[1] == 1 and 0.93 < wilson(60, 60)[0] < 0.95


def test_precision_is_counted_by_rule_and_week() -> None:
    said = [("2026-W02", "quote", "right"), ("2026-W01", "quote", "wrong"), ("2026-W02", "quote", "right")]
    (found,) = precision(Verdict(*one) for one in said)
    assert (found["rule"], found["checked"], found["right"]) == ("quote", 3, 2)
    assert found["low"] < 2 / 3 < found["high"]
    assert found["weeks"] == [
        {"week": "2026-W01", "checked": 1, "right": 0},
        {"week": "2026-W02", "checked": 2, "right": 2},
    ]


def test_a_week_has_its_own_order() -> None:
    assert week_of(date(2027, 1, 1)) == "2026-W53"
    changes = [Change("a", "quote", "x", str(number)) for number in range(20)]
    orders = [sorted(changes, key=lambda one: rank(week, one)) for week in ("2026-W01", "2026-W02", "2026-W01")]
    assert orders[0] == orders[2] != orders[1]


def tables(numbers: range) -> tuple[pa.Table, pa.Table]:
    cleaned = [copydesk.clean(text(number), f"{number}.txt") for number in numbers]
    articles: list[Article] = [one.article for one in cleaned if one.article]
    edits: list[Edit] = [edit for one in cleaned for edit in one.edits]
    return articles_table(articles), edits_table(edits, articles)


def test_what_is_drawn_night_by_night_is_what_is_drawn_at_once() -> None:
    whole, parts = Picked("2026-W48"), Picked("2026-W48")
    whole.add(*tables(range(7)))
    for part in (range(3, 7), range(3)):
        parts.add(*tables(part))
    assert whole.sample == parts.sample
    assert {entry["rule"] for entry in whole.sample} >= {"share-line", "quote", "typo-letter"}
    assert max(sum(entry["rule"] == one["rule"] for entry in whole.sample) for one in whole.sample) == 3
    other = Picked("2026-W49")
    other.add(*tables(range(7)))
    assert other.sample != whole.sample
    known = {Change(*values) for values in (("x", "y", "", ""),)}
    one = whole.sample[0]
    known.add(Change(one["article_id"], one["rule"], one["before"], one["after"]))
    rest = Picked("2026-W48", known)
    rest.add(*tables(range(7)))
    assert one not in rest.sample


def test_every_changed_name_is_shown_and_what_is_too_much_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picked, "NAMES", 5)
    found = Picked("2026-W48")
    for part in (range(3), range(3, 8)):
        found.add(*tables(part))
    assert [entry["after"] for entry in found.names_changed] == ["Australia"] * 5
    assert found.names_left_out == 3


def test_a_name_begins_with_a_capital_letter() -> None:
    changes = [("kiIled", "killed"), ("austraIia", "Australia"), ("Austraiia", "Australia"), ("in Austraiia", "x")]
    rows = [{"step": "typos", "status": "applied", "before": before, "after": after} for before, after in changes]
    assert picked._names(pa.Table.from_pylist(rows)) == [1, 2, 3]


# --- in a warehouse ---------------------------------------------------------------------------------------------------


def test_a_week_is_drawn_checked_and_measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_week(monkeypatch, date(2026, 11, 25))
    drawn = cli(root, "edits", "sample", "--per-rule", "2")
    assert (drawn["week"], drawn["checked"]) == ("2026-W48", 0)
    assert drawn == cli(root, "edits", "sample", "--per-rule", "2")
    typos = [entry for entry in drawn["edits"] if entry["rule"] == "typo-letter"]
    assert len(typos) == 2
    words = say(root, "edits", "sample", "--rule", "typo-letter", "--per-rule", "2")
    for entry in typos:
        assert f"[-{entry['before']}-]{{+{entry['after']}+}}" in words
        assert f"copydesk edits check {entry['uri']} {entry['sequence']} --warehouse {root} --right" in words
    before = table(root, "articles")
    said = say(root, "edits", "check", typos[0]["uri"], typos[0]["sequence"], "--wrong", "--because", "a name")
    assert "1 edit recorded as wrong." in said
    assert f"copydesk edits reject {typos[0]['uri']} {typos[0]['sequence']} --warehouse {root}" in said
    say(root, "edits", "check", typos[1]["uri"], typos[1]["sequence"], "--right")
    assert table(root, "articles").equals(before)
    again = cli(root, "edits", "sample", "--rule", "typo-letter", "--per-rule", "2")
    assert (again["edits"], again["checked"]) == ([], 2)

    in_week(monkeypatch, date(2026, 12, 2))
    later = cli(root, "edits", "sample", "--rule", "typo-letter", "--per-rule", "99")
    assert len(later["edits"]) == 12 - 2
    one = later["edits"][0]
    say(root, "edits", "check", one["uri"], one["sequence"], "--wrong")
    say(root, "edits", "check", one["uri"], one["sequence"], "--right")
    (rule,) = cli(root, "edits", "precision")["rules"]
    assert (rule["rule"], rule["checked"], rule["right"]) == ("typo-letter", 3, 2)
    assert [week["week"] for week in rule["weeks"]] == ["2026-W48", "2026-W49"]
    assert "typo-letter              right 2 of 3: 0.667  (0.208 to 0.939)" in say(root, "edits", "precision")
    assert cli(root, "check")["sound"]


def test_a_sample_can_be_of_a_site_or_of_a_date(root: Path) -> None:
    found = cli(root, "edits", "sample", "--site", "quay.example", "--per-rule", "9")["edits"]
    assert {entry["uri"].split("/")[0] for entry in found} == {"quay.example"}
    assert cli(root, "edits", "sample", "--since", "2024-05-04")["edits"] == []
    assert "No edit was checked yet" in say(root, "edits", "precision")
    assert "give --right or --wrong" in say(root, "edits", "check", "port.example/0.txt", "1", code=2)


def test_a_sample_is_checked_in_a_spreadsheet(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "check.csv"
    assert "6 edits to check" in say(root, "edits", "sample", "--rule", "share-line", "--per-rule", 9, "--csv", path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, verdict in zip(rows, ("right", "wrong", "right", "", "", ""), strict=True):
        row["decision"] = verdict
    say(root, "edits", "check", rows[1]["uri"], rows[1]["sequence"], "--right", "--who", "Bob")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.DictWriter(file, rows[0].keys())
        sheet.writeheader()
        sheet.writerows(rows)
    said = say(root, "edits", "import", path, "--who", "Ada", code=1)
    assert "Bob decided 'right' since the file was written" in said
    made = table(root, "decisions").sort_values("number")
    assert (
        made[["action", "verdict", "who"]].values.tolist()
        == [["check", "right", "Bob"]] + [["check", "right", "Ada"]] * 2
    )


def test_the_report_of_a_night_has_a_sample_its_names_and_the_precision(root: Path) -> None:
    entry = cli(root, "edits", "sample", "--rule", "share-line")["edits"][0]
    say(root, "edits", "check", entry["uri"], entry["sequence"], "--right")
    raw = root.parent / "raw" / "port.example"
    (raw / "9.txt").write_text(text(9))
    data = night(root.parent / "raw", root, date(2024, 5, 4)).report_data
    assert data is not None
    assert {one["uri"] for one in data["checked"]["sample"]} == {"port.example/9.txt"}
    assert {"rule", "context", "meaning", "confidence"} <= data["checked"]["sample"][0].keys()
    assert [(one["rule"], one["right"]) for one in data["checked"]["precision"]] == [("share-line", 1)]
    assert [one["after"] for one in data["names_changed"]] == ["Australia"]
    assert data["names_left_out"] == 0


def test_verdicts_are_taken_over_into_those_of_the_rules(root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no edit was checked here"):
        confidence.checked(root)
    entries = cli(root, "edits", "sample", "--rule", "quote")["edits"]
    for entry, verdict in zip(entries, ("--right", "--wrong", "--right"), strict=True):
        say(root, "edits", "check", entry["uri"], entry["sequence"], verdict)
    found = confidence.checked(root)
    assert sorted(found.values()) == ["right", "right", "wrong"]
    made = {change.key for change in confidence.changes(root)}
    assert confidence.count(found, made) == {"quote": confidence.Count(2, 3)}
    say(root, "edits", "reject", "--rule", "quote")
    assert confidence.checked(root) == {}, "an edit that was taken back is none of those that are made"
