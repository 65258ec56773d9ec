"""Documents that are taken up again: reprocessed, replayed, released, and a release that is taken back."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights import night, source_text, story, table, tree

from copydesk.cli import main
from copydesk.records import Document
from copydesk.warehouse.rows import as_given, document_of

SECOND = date(2024, 5, 4)
SHORT = "Ferry sails\n\nMay 2, 2024\n\nIt sailed.\n"


def cli(root: Path, *words: object, code: int = 0, lists: Path | None = None) -> Any:
    environment = {"COPYDESK_RULES__OFF": "share-line", "COPYDESK_RUN__WORKERS": "1"} if lists else {}
    done = CliRunner().invoke(
        main, [*map(str, words), "--warehouse", str(root), "--json"], env=environment, catch_exceptions=False
    )
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sound articles, a page, a record, and a text of repeated notices that the suites reject."""
    root = tmp_path_factory.mktemp("stored")
    raw = root / "raw"
    raw.mkdir()
    for number in range(3):
        (raw / f"{number}.txt").write_text(story(number) + "\n\nShare this article\n")
    (raw / "r.jsonl").write_text(
        json.dumps({"url": "https://ferry.example/8", "title": "Ferry sails again", "body": story(8), "x": "é"})
    )
    (raw / "lost.txt").write_text(story(5).replace("the ", "th\ufffd "))
    (raw / "empty.txt").write_text("May 2, 2024\n")
    night(raw, root / "w")
    return root


@pytest.fixture
def root(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "all")
    return tmp_path / "all" / "w"


def everything(root: Path) -> dict[str, str]:
    """Where each document is; it is in one place."""
    places: dict[str, str] = {}
    for name in ("articles", "quarantine"):
        rows = table(root, name)
        for uri in rows["uri"] if len(rows) else ():
            assert uri not in places
            places[uri] = name
    return places


START = {"0.txt": "articles", "1.txt": "articles", "2.txt": "articles", "https://ferry.example/8": "articles",
         "lost.txt": "quarantine", "empty.txt": "quarantine"}  # fmt: skip


# --- raw --------------------------------------------------------------------------------------------------------------


def test_raw_documents_are_kept_and_expire(root: Path) -> None:
    kept = table(root, "raw").set_index("uri")
    assert set(kept.index) == set(START)
    assert kept.loc["0.txt", "content"] == (root.parent / "raw" / "0.txt").read_bytes()
    assert kept.loc["https://ferry.example/8", "text_key"] == "body"
    (root.parent / "raw" / "9.txt").write_text(story(9))
    night(root.parent / "raw", root, date(2024, 6, 4), warehouse={"keep_raw_days": 30})
    assert table(root, "raw")["uri"].tolist() == ["9.txt"]
    (root.parent / "raw" / "10.txt").write_text(story(10))
    night(root.parent / "raw", root, date(2024, 6, 5), warehouse={"keep_raw_days": 0})
    assert len(table(root, "raw")) == 0 and cli(root, "check")["sound"]


def test_a_decision_of_today_ends_the_time_of_no_old_document(root: Path) -> None:
    """Days are counted from the newest night, and the nights of a warehouse may be long ago."""
    kept = set(table(root, "raw")["uri"])
    cli(root, "edits", "protect", "Ferrry", "--who", "Ada")
    cli(root, "quarantine", "drop", "empty.txt", "--who", "Ada")
    assert set(table(root, "raw")["uri"]) == kept


def test_the_front_page_is_that_of_the_last_night(root: Path) -> None:
    """A release is a run of one document; what the night brought stays in sight."""
    cli(root, "quarantine", "release", "lost.txt", "--who", "Ada")
    page = (root / "_reports" / "index.html").read_text("utf-8")
    runs = table(root, "runs")["run_id"].tolist()
    assert len(runs) == 2
    assert f"Latest · {runs[0][:10]}" in page
    assert all(f"{run}.html" in page for run in runs)


OPTIONAL = st.none() | st.text(max_size=5)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(st.binary(max_size=20), OPTIONAL, OPTIONAL, OPTIONAL, st.sampled_from(["text", "html", "record"]))
def test_a_kept_document_is_the_document(
    content: bytes, text: str | None, title: str | None, charset: str | None, kind: str
) -> None:
    authors = (title,) if title else ()
    document = Document("a", content, kind, text, "utf-8" if text else None, charset, title, authors=authors)
    assert document_of({"uri": "a", "content": content, **as_given(document)}) == document
    record = json.dumps({"n": 1, "body": text}).encode()
    document = Document("a", record, "record", text, "utf-8", title=title)
    assert document_of({"uri": "a", "content": record, **as_given(document)}) == document


# --- reprocess --------------------------------------------------------------------------------------------------------


def test_reprocessing_with_the_same_code_changes_nothing(root: Path) -> None:
    before = tree(root)
    found = cli(root, "run", "--reprocess")
    assert found["sentence"] == "4 published articles processed again: 0 were changed."
    assert (found["run"], found["changes"]) == (None, [])
    assert tree(root) == before


def test_what_reprocessing_changes_is_shown_and_then_done(root: Path) -> None:
    before = tree(root)
    chosen = ("run", "--reprocess", "--uri", "0.txt", "--uri", "1.txt")
    shown = cli(root, *chosen, "--dry-run", lists=root)
    assert shown["sentence"] == "2 published articles processed again: 2 would be changed."
    assert {(one["uri"], "body" in one["columns"]) for one in shown["changes"]} == {("0.txt", True), ("1.txt", True)}
    assert tree(root) == before
    done = cli(root, *chosen, "--date", "2024-05-04", lists=root)
    assert (done["run"]["kind"], done["run"]["published"], done["run"]["replaced"]) == ("reprocess", 2, 2)
    articles = table(root, "articles").set_index("uri")
    assert "Share this article" in articles.loc["0.txt", "body"] and articles.loc["0.txt", "version"] == 2
    assert "Share this article" not in articles.loc["2.txt", "body"]
    assert source_text(root, "0.txt") == (root.parent / "raw" / "0.txt").read_text()
    assert everything(root) == START and cli(root, "check")["sound"]
    assert cli(root, "run", "--reprocess", "--rule", "share-line", "--dry-run")["sentence"].startswith("1 published")
    assert night(root.parent / "raw", root, SECOND).row is None


def test_what_would_get_worse_stays_as_it_is(root: Path, tmp_path: Path) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(Path(__file__).parents[1] / "expectations", suites)
    suite = json.loads((suites / "articles.json").read_text())
    suite["expectations"][1]["kwargs"]["min_value"] = 10_000
    (suites / "articles.json").write_text(json.dumps(suite))
    before = tree(root)
    done = CliRunner().invoke(
        main, ["run", "--reprocess", "--warehouse", str(root)], env={"COPYDESK_EXPECTATIONS": str(suites)}
    )
    assert "0 were changed; 4 would not pass now and stay as they are." in done.output
    assert tree(root) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "give a SOURCE, or --reprocess"),
        (["run", "x", "--reprocess"], "--reprocess takes published articles instead of a SOURCE"),
        (["run", "x", "--dry-run"], "they need --reprocess"),
        (["quarantine", "release", "0.txt"], "'0.txt' is not in the quarantine"),
        (["quarantine", "release", "--undo", "0.txt"], "'0.txt' was not released"),
        (["quarantine", "release", "empty.txt"], "only a document with a text can be released"),
    ],
)
def test_mistakes_are_explained(root: Path, words: list[str], said: str) -> None:
    before = tree(root)
    done = CliRunner().invoke(main, [*words, "--warehouse", str(root)])
    assert done.exit_code == 2 and said in done.output
    assert everything(root) == START and tree(root) == before


# --- replay and release -----------------------------------------------------------------------------------------------


def test_a_replay_is_no_night(root: Path) -> None:
    """Bad documents do not hold back the good ones, and do not count in the trend of nights."""
    found = cli(root, "replay", "--dry-run")
    assert (
        found["sentence"]
        == "2 quarantined documents processed again: 0 would be published, 2 would stay in quarantine."
    )
    nothing = cli(root, "replay", "--rule", "nosuch")["sentence"]
    assert nothing.startswith("None of 2 quarantined documents was chosen; `copydesk quarantine list`")
    suites = root.parent / "suites"
    shutil.copytree(Path(__file__).parents[1] / "expectations", suites)
    lax = (suites / "articles.json").read_text().replace('"max_value": 0.01}', '"max_value": 0.5}')
    (suites / "articles.json").write_text(lax)
    environment = {"COPYDESK_EXPECTATIONS": str(suites), "COPYDESK_GATE__MIN_DOCUMENTS": "1"}
    environment["COPYDESK_GATE__MAX_QUARANTINED_SHARE"] = "0"
    done = CliRunner().invoke(main, ["replay", "--warehouse", str(root), "--json"], env=environment)
    row = json.loads(done.stdout)["run"]
    assert (done.exit_code, row["kind"], row["published"], row["unchanged"]) == (0, "replay", 1, 1)
    assert everything(root) == {**START, "lost.txt": "articles"} and cli(root, "check")["sound"]


def test_the_report_offers_to_release_what_can_be_released(root: Path) -> None:
    (data,) = (json.loads(path.read_text("utf-8")) for path in (root / "_reports").glob("2*.json"))
    entries = {entry["uri"]: entry for entry in data["quarantine"]["entries"]}
    assert {uri: entry["releasable"] for uri, entry in entries.items()} == {"lost.txt": True, "empty.txt": False}
    for uri, entry in entries.items():
        page = next((root / "_reports").glob(f"*/{entry['article_id']}.html")).read_text("utf-8")
        assert ("copydesk quarantine release" in page) == entry["releasable"]
        assert ("It has no text that could be published." in page) != entry["releasable"]
        assert "copydesk quarantine drop" in page
        cli(root, "quarantine", "release", uri, code=0 if entry["releasable"] else 2)


def test_a_release_and_its_undoing(root: Path) -> None:
    raw = root.parent / "raw"
    reasons = [reason["rule"] for reason in table(root, "quarantine").set_index("uri").loc["lost.txt", "reasons"]]
    cli(root, "quarantine", "release", "lost.txt", "--because", "the loss is at the source", "--who", "Ada")
    assert everything(root) == {**START, "lost.txt": "articles"}
    row = table(root, "articles").set_index("uri").loc["lost.txt"]
    assert row["validation"] == "warn" and source_text(root, "lost.txt") == (raw / "lost.txt").read_text()
    made = table(root, "decisions").iloc[0]
    assert made[["action", "who", "uri"]].tolist() == ["release", "Ada", "lost.txt"]
    assert night(raw, root, SECOND).row is None
    assert cli(root, "run", "--reprocess")["sentence"].endswith("0 were changed.")
    cli(root, "quarantine", "release", "--undo", "lost.txt")
    assert everything(root) == START and cli(root, "check")["sound"]
    held = cli(root, "why", "lost.txt")["quarantined"][0]
    assert [reason["rule"] for reason in held["reasons"]] == ["release-withdrawn", *reasons] and reasons
    before = tree(root)
    assert cli(root, "replay")["sentence"].endswith("0 were published, 2 stay in quarantine.")
    assert tree(root) == before
    assert night(raw, root, SECOND).row is None
    assert len(table(root, "versions")) == 1


def test_what_a_release_replaced_comes_back_with_its_undoing(root: Path) -> None:
    """A teaser is held as worse, released, taken back; the whole story is published, and the teaser no more."""
    raw = root.parent / "raw"
    whole = table(root, "articles").set_index("uri").loc["0.txt"]
    teaser = "\n\n".join(story(0).split("\n\n")[:3])[:160] + "\n"
    (raw / "0.txt").write_text(teaser)
    night(raw, root, SECOND)
    assert table(root, "articles").set_index("uri").loc["0.txt", "body"] == whole["body"]

    cli(root, "quarantine", "release", "0.txt", "--because", "it is all there is")
    released = table(root, "articles").set_index("uri").loc["0.txt"]
    assert released["body"] != whole["body"]
    assert (released["validation"], released["version"]) == ("warn", 2)

    cli(root, "quarantine", "release", "--undo", "0.txt")
    back = table(root, "articles").set_index("uri").loc["0.txt"]
    assert (back["headline"], back["body"], back["version"]) == (whole["headline"], whole["body"], 3)
    assert back["first_seen_at"] == whole["first_seen_at"]
    assert [row["version"] for row in cli(root, "history", "0.txt")] == [1, 2, 3]

    for command in (["replay"], ["run", str(raw), "--again", "--date", SECOND]):
        CliRunner().invoke(main, [*map(str, command), "--warehouse", str(root)], catch_exceptions=False)
        assert table(root, "articles").set_index("uri").loc["0.txt", "body"] == whole["body"]
    reasons = cli(root, "why", "0.txt")["quarantined"][0]["reasons"]
    assert "release-withdrawn" in [reason["rule"] for reason in reasons]
    assert cli(root, "check")["sound"]


def test_versions_go_on_counting_where_nothing_was_published_in_between(root: Path) -> None:
    raw = root.parent / "raw"
    cli(root, "quarantine", "release", "lost.txt")
    cli(root, "quarantine", "release", "--undo", "lost.txt")
    for command in (["replay"], ["run", str(raw), "--again", "--date", SECOND]):
        CliRunner().invoke(main, [*map(str, command), "--warehouse", str(root)], catch_exceptions=False)
        assert everything(root)["lost.txt"] == "quarantine"
    (raw / "lost.txt").write_text(story(5))
    night(raw, root, SECOND)
    row = table(root, "articles").set_index("uri").loc["lost.txt"]
    assert row["version"] == 2
    assert [one["version"] for one in cli(root, "history", "lost.txt")] == [1, 2]
    assert cli(root, "check")["sound"]


def test_a_replay_needs_no_raw_documents_where_the_quarantine_has_them(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Texts and records are read from their rows; what was cut off at a limit is not."""
    raw = root.parent / "raw"
    (raw / "s.jsonl").write_text(json.dumps({"id": 7, "story": story(7), "title": "Ferry sails again"}))
    (raw / "big.txt").write_text(story(6) * 400)
    (raw / "t.csv").write_text(f'text,title\n"{story(4)}",Bridge,one too many\n')
    limit = {"sources": {"max_document_bytes": 100_000}, "warehouse": {"keep_raw_days": 0}}
    night(raw, root, SECOND, **limit)
    shutil.rmtree(root / "raw")
    assert everything(root)["s.jsonl#id=7"] == "quarantine"
    environment = {"COPYDESK_SOURCES__FIELDS__TEXT": "story"}
    done = CliRunner().invoke(main, ["replay", "--warehouse", str(root), "--json"], env=environment)
    assert json.loads(done.stdout)["run"]["published"] == 1, done.output
    left = everything(root)
    assert left["s.jsonl#id=7"] == "articles"
    assert [left[uri] for uri in ("big.txt", "t.csv#1", "lost.txt")] == ["quarantine"] * 3
    with caplog.at_level(logging.WARNING):
        refused = CliRunner().invoke(main, ["quarantine", "release", "t.csv#1", "--warehouse", str(root)])
    assert "1 document left out: not read whole from the source (t.csv#1: " in caplog.text
    assert "no longer kept" not in caplog.text
    assert "0 published, 1 not; 4 documents in quarantine." in refused.output
    assert refused.exit_code == 2 and "t.csv#1: " in refused.output
