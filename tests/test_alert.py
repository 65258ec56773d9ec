"""The message of a scheduled night: when there is one, what it says, and that what fails to be sent stops nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nights import NIGHT, STORY, config, night, story

from copydesk.config import AlertsConfig
from copydesk.run.job import Job, Outcome
from copydesk.run.reports import command
from copydesk.schedule import alert, notify
from copydesk.schedule.alert import Alert
from copydesk.sources import SourceError
from copydesk.warehouse import WarehouseError

HOOK = "https://hooks.example/services/secret"
LINK = "http://127.0.0.1:4201/page.html"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(story(number))
    return folder


def message(raw: Path, tables: Path, sites: Any = None, **sections: Any) -> Alert | None:
    """The message of a night."""
    outcome = night(raw, tables, **sections)
    if sites is not None:
        outcome = replace(outcome, sites=sites)
    return alert.of_outcome(Job((str(raw),), str(tables), NIGHT, config(**sections)), outcome, LINK)


def test_a_good_night_sends_nothing(raw: Path, tmp_path: Path) -> None:
    (raw / "bare.txt").write_text("Bridge opens again after repairs\n\nMay 2, 2024\n")  # quarantined, as every night
    assert message(raw, tmp_path / "tables") is None
    assert message(raw, tmp_path / "tables") is None  # nothing new


def test_a_night_that_is_held_back_says_what_why_and_the_command(raw: Path, tmp_path: Path) -> None:
    (raw / "bare.txt").write_text("Bridge opens again after repairs\n\nMay 2, 2024\n")
    tables = tmp_path / "my tables"
    found = message(raw, tables, gate={"min_documents": 1, "max_quarantined_share": 0.1})
    assert found is not None
    assert found.subject.startswith(f"copydesk {NIGHT}: Held back: 1 partition (2024-05-02): ")
    assert found.subject.endswith(" more)")
    lines = found.body.splitlines()
    assert lines[0].startswith("Held back: 1 partition (2024-05-02) was not published")
    assert f"   copydesk quarantine list --since {NIGHT} --warehouse '{tables}'" in lines
    assert any(line.startswith("   copydesk quarantine list --rule ") for line in lines)
    assert lines[-1] == f"Report: {LINK}"
    assert sum(line[:3] in ("1. ", "2. ", "3. ", "4. ") for line in lines) <= alert.STATED
    for text in (*STORY.split(". "), "Bridge opens"):
        assert text not in found.body, "text of an article"


def test_sources_without_documents_are_told(tmp_path: Path) -> None:
    empty = tmp_path / "raw"
    empty.mkdir()
    found = message(empty, tmp_path / "tables")
    assert found is not None
    assert found.subject == f"copydesk {NIGHT}: The sources hold no documents"
    assert f"copydesk run {empty} --date {NIGHT}" in found.body


def finding(sentence: str, severity: str, command: str = "copydesk sites", weight: float = 0) -> dict[str, Any]:
    return {"sentence": sentence, "severity": severity, "command": command, "weight": weight, "acknowledged": None}


def test_sites_are_told_worst_first_and_three_at_most(raw: Path, tmp_path: Path) -> None:
    sites: list[dict[str, Any]] = [
        {"site": "a.example", "findings": [finding("seen for the first time", "info")]},
        {
            "site": "b.example",
            "findings": [finding("83 % undated (usually 2 %)", "warning", "copydesk sites b", 9)],
        },
        {"site": "c.example", "findings": [finding("no articles\x1b[31m since\n3 May", "critical", "")]},
        {"site": "d\u202e.example", "findings": [finding("x" * 1000, "warning"), finding("one more", "warning")]},
        {"site": "e.example", "findings": [finding("no articles", "critical") | {"acknowledged": {"who": "Edith"}}]},
        {"site": None, "findings": []},
    ]
    found = message(raw, tmp_path / "tables", sites)
    assert found is not None
    assert found.subject == f"copydesk {NIGHT}: c.example: no articles [31m since 3 May (and 3 more)"
    lines = found.body.splitlines()
    assert lines[2:5] == [
        "1. c.example: no articles [31m since 3 May",
        "2. b.example: 83 % undated (usually 2 %)",
        f"   copydesk sites b --warehouse {tmp_path / 'tables'}",
    ]
    assert len(lines[5]) <= alert.LONGEST + 3
    assert "\u202e" not in found.body
    assert "1 more is in the report." in lines
    assert message(raw, tmp_path / "tables2", [sites[0], *sites[-2:]]) is None


def test_sites_that_did_not_come_are_told_on_a_night_without_documents() -> None:
    silent = {"site": "c.example", "findings": [finding("no articles since 3 May", "critical")]}
    outcome = Outcome("Nothing to do: 3 documents read, none new or changed.", sites=[silent])
    found = alert.of_outcome(Job(("raw",), "tables", NIGHT), outcome)
    assert found is not None
    assert found.subject == f"copydesk {NIGHT}: c.example: no articles since 3 May"
    assert "Report:" not in found.body


def test_a_run_that_failed_is_told_without_what_foreign_errors_quote() -> None:
    told = ["raw"], "tables", "2024-05-03", "Failed"
    known = alert.of_failure(*told, WarehouseError("the disk is full"))
    assert known.subject == "copydesk 2024-05-03: The run ended as Failed: the disk is full"
    assert "   copydesk run raw --date 2024-05-03 --warehouse tables" in known.body.splitlines()
    foreign = alert.of_failure(*told, ValueError("cannot parse 'The minister said …'"))
    assert "minister" not in foreign.subject + foreign.body
    assert "ended as Failed: ValueError" in foreign.subject
    died = alert.of_failure(*told[:3], "Crashed", None)
    assert "ended as Crashed: its process died" in died.subject


def test_a_password_in_the_address_of_a_source_is_not_told() -> None:
    source = "https://desk:hidden@wire.example/raw.jsonl"
    found = alert.of_failure([source], "W", NIGHT.isoformat(), "Failed", SourceError(f"{source}: cannot be reached"))
    again = command(Job((source,), "W", NIGHT), "W")
    for text in (found.subject, found.body, again):
        assert "hidden" not in text and "desk:…@wire.example/raw.jsonl" in text


def test_missing_nights_are_one_message() -> None:
    nights = [f"2024-05-0{day}" for day in range(1, 6)]
    found = alert.of_overdue(["raw"], "tables", ["nightly-2024-05-06"], ["2024-05-07"], nights)
    assert found.subject == "copydesk: Died with its process: 1 run (nightly-2024-05-06) (and 2 more)"
    assert "2. Missed and skipped: 5 nights (2024-05-01, 2024-05-02, 2024-05-03 and 2 more)." in found.body
    assert "   copydesk run raw --date 2024-05-05 --warehouse tables" in found.body
    assert "3. Missed and run now: 1 night (2024-05-07)." in found.body


@pytest.mark.parametrize(
    ("report", "address"),
    [
        ("/data/w/_reports/2024-05-03-1.html", "https://reports.example/news/2024-05-03-1.html"),
        ("s3://w/_reports/nights/1.html", "https://reports.example/news/nights/1.html"),
        (None, None),
    ],
)
def test_a_report_has_an_address_where_it_is_published(report: str | None, address: str | None) -> None:
    assert alert.link(report, "https://reports.example/news/") == address
    assert alert.link(report, None) is None


def test_what_cannot_be_sent_is_said_and_no_address_with_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[str] = []

    class Broken:
        def notify(self, body: str, subject: str) -> None:
            tries.append(subject)
            raise OSError(f"no route to {HOOK}")

    monkeypatch.setattr(notify, "PAUSE", 0)
    monkeypatch.setattr(notify, "_webhook", lambda _: Broken())
    settings = config(alerts={"webhook": HOOK}).alerts
    with caplog.at_level(logging.INFO, "copydesk"):
        notify.send(Alert("Held back", "…"), settings)
    assert tries == ["Held back"] * notify.ATTEMPTS
    assert "the alert was not sent to alerts.webhook: OSError; it says: Held back" in caplog.text
    assert "secret" not in caplog.text

    notify.send(Alert("Held back", "…"), AlertsConfig())
    notify.send(None, settings)
    assert len(tries) == notify.ATTEMPTS


def test_an_address_is_nowhere_to_be_read() -> None:
    settings = config(alerts={"webhook": HOOK})
    assert "secret" not in f"{settings!r} {settings.model_dump_json()} {settings.model_dump()}"


def test_an_outcome_without_a_report_needs_nobody() -> None:
    assert alert.of_outcome(Job(("raw",), "tables", NIGHT), Outcome("Nothing to do.")) is None
