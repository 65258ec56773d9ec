"""The command line: every option explained, exit codes 0, 1 and 2, errors that say what to do, JSON that parses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from commands import cli
from nights import story, table

from copydesk import __version__
from copydesk.cli import main

ROOT = Path(__file__).parent.parent
RAW = ROOT / "examples" / "raw"
SHOWN = sorted(path for path in RAW.iterdir() if path.is_file())
UNREADABLE = {"24-empty.txt", "25-picture.txt"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of its own: the project's copydesk.toml is not read, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "story.txt").write_text(story(), encoding="utf-8")
    return folder


# --- help -----


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_explains_every_option_and_argument(name: str) -> None:
    command = main.commands[name]
    text = cli(name, "--help").stdout
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(option in text for option in parameter.opts), parameter.name
            assert parameter.help, f"{parameter.name} says nothing of itself"
        else:
            assert str(parameter.metavar) in text
    assert command.help
    assert name == "report" or f"copydesk {name}" in text, "no example"


def test_help_of_the_whole_names_each_command_and_the_exit_codes() -> None:
    text = cli("-h").stdout
    assert all(name in text for name in ("run", "show", "report", "serve"))
    assert "Exit code: 0 published" in text and "copydesk.toml" in text
    assert __version__ in cli("--version").stdout


# --- run -----


def test_run_publishes_says_so_and_says_where(raw: Path, tmp_path: Path) -> None:
    result = cli("run", raw, "--warehouse", tmp_path / "w", "--date", "2024-05-03")
    assert result.exit_code == 0
    assert "Published 1 article" in result.stdout
    report = next(line.split()[1] for line in result.stdout.splitlines() if line.startswith("  report"))
    assert Path(report).is_file()
    assert "1 document," in result.stderr
    again = cli("run", raw, "--warehouse", tmp_path / "w")
    assert (again.exit_code, again.stdout.count("\n")) == (0, 1)
    assert again.stdout.startswith("Nothing to do")


def test_run_prints_json_and_nothing_else_on_standard_output(raw: Path, tmp_path: Path) -> None:
    result = cli("run", raw, "--warehouse", tmp_path / "w", "--json", "--verbose", "--date", "2024-05-03")
    told = json.loads(result.stdout)
    assert told["run"]["published"] == 1 and told["run"]["run_id"].startswith("2024-05-03-")
    assert Path(told["report"]).is_file()
    nothing = json.loads(cli("run", raw, "--warehouse", tmp_path / "w", "--json").stdout)
    assert nothing["run"] is None and nothing["report"] is None


def test_run_that_publishes_nothing_exits_1(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    result = cli("run", tmp_path / "empty.txt", "--warehouse", tmp_path / "w")
    assert result.exit_code == 1
    assert "report" in result.stdout


def test_run_uses_the_working_folder_s_settings_and_the_warehouse_s_default_name(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "copydesk.toml").write_text('[text]\nquotes = "curly"\n', encoding="utf-8")
    (raw / "quote.txt").write_text(story(1) + '\n"Yes," said the mayor of the town.\n', encoding="utf-8")
    assert cli("run", "raw").exit_code == 0
    assert list((tmp_path / "warehouse" / "articles").rglob("*.parquet"))
    told = json.loads(cli("show", raw / "quote.txt", "--json").stdout)
    assert "“Yes,”" in told["article"]["body"]


ERRORS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "no source": (["run"], ("SOURCE",)),
    "source that is not there": (["run", "nowhere"], ("nowhere", "check the path")),
    "kind that is not read": (["run", "raw/picture.png"], ("picture.png", ".jsonl")),
    "date that is none": (["run", "raw", "--date", "21.5.2019"], ("21.5.2019", "YYYY-MM-DD")),
    "settings that are not there": (["run", "raw", "--config", "missing.toml"], ("missing.toml",)),
    "setting that is none": (["run", "raw", "--config", "wrong.toml"], ("text.quote", "did you mean text.quotes")),
    "value out of range": (["run", "raw", "--workers", "-3"], ("run.workers", "-3")),
    "option that is none": (["run", "raw", "--dates", "x"], ("--date",)),
    "command that is none": (["publish"], ("publish",)),
    "suites that are not there": (["run", "raw", "--config", "suites.toml"], ("articles.json",)),
    "show of nothing": (["show", "nowhere.txt"], ("nowhere.txt", "check the path")),
    "document behind the last": (["show", "raw/story.txt", "--number", "2"], ("fewer than 2",)),
    "report of no run": (["report", "--warehouse", "none"], ("copydesk run",)),
    "warehouse of unknown kind": (["run", "raw", "--warehouse", "nosuch://x"], ("nosuch",)),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_error_says_what_is_wrong_and_what_to_do(raw: Path, tmp_path: Path, kind: str) -> None:
    (raw / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "wrong.toml").write_text('[text]\nquote = "curly"\n', encoding="utf-8")
    (tmp_path / "suites.toml").write_text('expectations = "nowhere"\n', encoding="utf-8")
    arguments, words = ERRORS[kind]
    result = cli(*arguments)
    assert result.exit_code == 2, result.output
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.output and result.stdout == ""
    assert not (tmp_path / "warehouse" / "articles").exists()


def test_wrong_environment_variable_is_named(raw: Path) -> None:
    result = cli("run", raw, COPYDESK_TEXT__QUOTES="round")
    assert result.exit_code == 2
    assert "text.quotes" in result.stderr and "straight" in result.stderr


# --- show, report -----


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_show_lays_out_each_example(path: Path) -> None:
    bad = path.name in UNREADABLE
    pages = cli("show", path)
    assert pages.exit_code == 0, pages.output
    assert ("would quarantine" in pages.stdout) == (path.name in ("24-empty.txt", "25-picture.txt"))
    told = json.loads(cli("show", path, "--json").stdout)
    assert set(told) == {"uri", "article", "edits", "problems", "quarantine"}
    assert path.name in told["uri"] or path.name.split(".")[-1] != "txt"
    if not bad:
        assert told["article"]["headline"] and told["article"]["body"]
        assert " ".join(told["article"]["headline"].split()[:2]) in pages.stdout
        assert all(edit["meaning"] for edit in told["edits"])


def test_a_number_of_23_digits_is_no_record() -> None:
    result = cli("show", SHOWN[0], "--number", "1" * 23)
    assert result.exit_code == 2 and "--number" in result.stderr


@pytest.mark.parametrize("command", [["show", "EXAMPLE"], ["learn"]])
def test_a_misspelt_warehouse_is_told(tmp_path: Path, command: list[str]) -> None:
    where = tmp_path / "wharehouse"
    arguments = [str(SHOWN[0]) if part == "EXAMPLE" else part for part in command]
    result = cli(*arguments, "--warehouse", where)
    assert result.exit_code == 2 and f"there is no warehouse at {where}" in result.stderr
    assert not where.exists()


def test_show_refuses_a_folder() -> None:
    result = cli("show", RAW)
    assert result.exit_code == 2 and "folder" in result.stderr


def test_show_chooses_a_record_and_shows_the_whole_text() -> None:
    first: dict[str, Any] = json.loads(cli("show", RAW / "19-wire.jsonl", "--json").stdout)
    second: dict[str, Any] = json.loads(cli("show", RAW / "19-wire.jsonl", "--number", 2, "--json").stdout)
    assert first["uri"] != second["uri"]
    short, full = cli("show", RAW / "01-headline-twice.txt"), cli("show", RAW / "01-headline-twice.txt", "--full")
    assert len(full.stdout) > len(short.stdout)
    broken = cli("show", RAW / "19-wire.jsonl", "--number", 3)
    assert broken.exit_code == 0 and "broken-json" in broken.stdout and "quarantine" in broken.stdout


LOST = "Ferry Votes\n\n21 May 2019\n\n" + "The w\ufffdrd\ufffd of the \ufffd\ufffd\ufffd. " * 20


def test_show_judges_as_a_run_does(tmp_path: Path) -> None:
    """What the suites find is shown, and a document with a critical problem is one that a run quarantines for it."""
    folder, warehouse = tmp_path / "raw", tmp_path / "w"
    shutil.copytree(RAW, folder, ignore=lambda _, names: [name for name in names if not name.endswith(".txt")])
    (folder / "lost.txt").write_text(LOST, encoding="utf-8")
    (folder / "markup.txt").write_text(f"{story()}\n\n<div class='x'>a</div> <p>b</p>\n", encoding="utf-8")
    cli("run", folder, "--warehouse", warehouse)
    held = {row.uri: list(row.reasons) for row in table(warehouse, "quarantine").itertuples()}
    published = dict(table(warehouse, "articles")[["uri", "validation"]].values.tolist())
    assert len(published) > 20 and "lost.txt" in held
    for path in folder.iterdir():
        told = json.loads(cli("show", path, "--json").stdout)
        severities = {problem["severity"] for problem in told["problems"]}
        assert (told["quarantine"] is not None) == ("critical" in severities) == (path.name in held), path.name
        if path.name in held:
            assert told["problems"] == held[path.name]
        else:
            assert published[path.name] == ("warn" if "warning" in severities else "pass"), path.name
    shown = cli("show", folder / "lost.txt").stdout
    assert "characters-lost" in shown and "A run would quarantine this document: Too many characters" in shown


def test_show_asks_the_suites_in_use(tmp_path: Path) -> None:
    """Also those expectations that only Great Expectations judges, in a process of its own."""
    shutil.copytree(ROOT / "expectations", tmp_path / "own")
    suite = json.loads((tmp_path / "own" / "articles.json").read_text("utf-8"))
    meta = {"rule": "no-english", "description": "No article is in English."}
    kwargs = {"column": "language", "regex": "^en$"}
    one = {"type": "expect_column_values_to_not_match_regex", "kwargs": kwargs, "severity": "critical", "meta": meta}
    suite["expectations"].append(one)
    (tmp_path / "own" / "articles.json").write_text(json.dumps(suite), encoding="utf-8")
    (tmp_path / "copydesk.toml").write_text('expectations = "own"\n', encoding="utf-8")
    (tmp_path / "story.txt").write_text(story(), encoding="utf-8")
    command = [sys.executable, "-m", "copydesk.cli", "show", "story.txt", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [(p["rule"], p["severity"]) for p in told["problems"]] == [("no-english", "critical")]
    assert told["quarantine"] == "No english"
    (tmp_path / "own" / "articles.json").write_text("{", encoding="utf-8")
    broken = cli("show", "story.txt")
    assert broken.exit_code == 2 and "articles.json: is not JSON" in broken.stderr


def test_report_is_written_again(raw: Path, tmp_path: Path) -> None:
    cli("run", raw, "--warehouse", tmp_path / "w", "--date", "2024-05-03")
    index = tmp_path / "w" / "_reports" / "index.html"
    whole = index.read_bytes()
    index.write_bytes(b"")
    result = cli("report", "--warehouse", tmp_path / "w")
    assert result.exit_code == 0 and result.stdout.strip() == str(index)
    assert index.read_bytes() == whole


def test_show_takes_a_uri(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Ferry Stays\n\nThe town voted on 03/04/2019 to keep its ferry.", "utf-8")
    shown = cli("show", file, "--json", "--uri", "harbour.example/2019/a.txt")
    assert json.loads(shown.output)["article"]["uri"] == "harbour.example/2019/a.txt"
