"""The whole night: counts that add up, edits that lead back, runs that can be repeated, killed and held."""

from __future__ import annotations

import codecs
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import cli
from nights import STORY, Left, config, edits_of, night, settled, story, table, tree

from copydesk import sources
from copydesk.config import SourcesConfig
from copydesk.edits import TITLE, rebuild, rebuild_title
from copydesk.run.in_flight import in_order
from copydesk.run.job import fingerprint
from copydesk.sources.pages import extract
from copydesk.text.encodings import decode

HERE = Path(__file__).parent
RAW = HERE.parent / "examples" / "raw"
GOLDEN = [json.loads(line) for line in (HERE / "golden" / "examples.jsonl").read_text(encoding="utf-8").splitlines()]


# --- a corpus with every kind of damage in it ----------------------------------------------------------------------


def damaged(text: str, chance: random.Random) -> str:
    """`text` with one or two of the things that happen to scraped news."""
    kinds = [
        lambda t: t.replace("'", "’").replace("The", "\u201cThe\u201d"),
        lambda t: t.replace("said", "said — “yes” —").encode().decode("cp1252", "ignore"),
        lambda t: t.replace(" and ", " &amp; ").replace("town", "<b>town</b>"),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: "\ufeff" + t.replace("ferries", "fer\u00adries").replace("harbour", "har\u200bbour"),
        lambda t: t.replace(" ", "\xa0", 5) + "\n\nSource: Coast Courier\n\n1,204 views",
        lambda t: t.replace("bridge", "bri\u0301dge").replace("\n\n", "\n \n\n\n"),
        lambda t: t.partition("\n")[0] + " - The Coast\n\n" + t,
        lambda t: t.replace(STORY[:10], "BEIRUT (Reuters) - " + STORY[:10]),
        lambda t: t + "\x85\x93Done\x94",
    ]
    for kind in chance.sample(kinds, chance.randint(1, 2)):
        text = kind(text)
    return text


def corpus(folder: Path, count: int, seed: int = 0) -> Path:
    """`count` documents in a folder: text files, and JSON Lines with and without titles; some of them hopeless."""
    chance = random.Random(seed)
    folder.mkdir()
    records = []
    for number in range(count):
        day = chance.choice(["", *(f"May {d}, 2024" for d in range(1, 4)), "2024-04-30T23:30:00+02:00"])
        text = damaged(story(number, day), chance)
        if number % 17 == 3:
            text = chance.choice(["", "   \n", "Only a headline stands here"])
        if number % 5 == 0:
            (folder / f"{number:04}.txt").write_text(text, encoding="utf-8", newline="")
        else:
            title = chance.choice(
                [None, f"Bridge {number} closes after lorry strikes a pillar | The Coast", "“Bridge”"]
            )
            records.append({"id": f"record-{number}", "text": text, "title": title})
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("corpus") / "raw", 240)


@pytest.fixture(scope="module")
def published(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Left]:
    """A warehouse with the run over `generated`, and what it left. Tests read it and change nothing."""
    warehouse = tmp_path_factory.mktemp("published") / "warehouse"
    return warehouse, settled(generated, warehouse)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the run over `examples/raw`."""
    warehouse = tmp_path_factory.mktemp("examples") / "warehouse"
    night(RAW, warehouse)
    return warehouse


# --- what every run promises ---------------------------------------------------------------------------------------


def test_counts_add_up_and_a_second_run_writes_nothing(generated: Path, published: tuple[Path, Left]) -> None:
    warehouse, left = published
    assert left.outcome.row is not None
    assert left.outcome.row["documents"] == 240
    assert left.outcome.row["quarantined"] > 5
    assert {*left.articles["uri"]}.isdisjoint(left.reasons)
    assert "Nothing to do" in night(generated, warehouse).sentence


@pytest.mark.parametrize("which", ["generated", "examples"])
def test_parquet_rebuilds_every_source(
    which: str, generated: Path, published: tuple[Path, Left], examples: Path
) -> None:
    folder, warehouse = (RAW, examples) if which == "examples" else (generated, published[0])
    articles, edits = table(warehouse, "articles"), table(warehouse, "edits")
    by_uri = {row["uri"]: row for row in articles.to_dict("records")}
    seen = 0
    for document in sources.read(str(folder), SourcesConfig()):
        if document.uri not in by_uri:
            continue
        row = by_uri[document.uri]
        made = edits_of(edits, row["article_id"])
        given = extract(document)
        text = given.text if given.text is not None else decode(document.content).text
        assert rebuild(row["headline"], row["body"], made) == text
        if given.title is not None and any(edit.field == TITLE for edit in made):
            assert rebuild_title(row["headline"], made) == given.title
        assert row["edit_count"] == sum(edit.status == "applied" for edit in made)
        assert [edit.sequence for edit in made] == list(range(len(made)))
        seen += 1
    assert seen == len(articles) > 25


def test_examples_are_those_of_the_golden_rows(examples: Path) -> None:
    assert sorted(table(examples, "articles")["headline"]) == sorted(row["headline"] for row in GOLDEN)


@pytest.mark.parametrize("golden", [pytest.param(row, id=f"{row['uri']}: {row['headline'][:20]}") for row in GOLDEN])
def test_example_comes_out_as_its_golden_row_says(golden: dict[str, Any], examples: Path) -> None:
    (row,) = [row for row in table(examples, "articles").to_dict("records") if row["headline"] == golden["headline"]]
    expected = {name: value for name, value in golden.items() if name in row and name != "uri"}  # that is the file's
    got = {name: plain(row[name]) for name in expected}
    for side in (got, expected):
        if "encoding" in side:
            side["encoding"] = codecs.lookup(side["encoding"]).name
    assert got == expected


def plain(value: Any) -> Any:
    """A value of a frame as JSON writes it."""
    if hasattr(value, "tolist") and not isinstance(value, pd.Timestamp):
        value = value.tolist()
    if isinstance(value, list | str):
        return value
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return int(value) if float(value).is_integer() else value


def test_report_tells_what_the_tables_hold(published: tuple[Path, Left]) -> None:
    warehouse, (outcome, *_) = published
    facts, row = outcome.report_data, outcome.row
    assert facts is not None and row is not None
    articles, edits, held = (table(warehouse, name) for name in ("articles", "edits", "quarantine"))
    funnel = facts["funnel"]
    assert funnel["published"] == len(articles) == row["published"]
    assert funnel["quarantined"] == len(held) == facts["quarantine"]["documents"] == row["quarantined"]
    assert funnel["warned"] == (articles["validation"] == "warn").sum() == row["warned"]
    assert funnel["unaccounted"] == 0
    places = edits["positions"].map(lambda p: 1 if p is None else len(p))
    assert row["edits_applied"] == places[edits["status"] == "applied"].sum()
    assert row["edits_suggested"] == places[edits["status"] == "suggested"].sum()
    assert row["partitions_written"] == articles["published_date"].nunique(dropna=False)
    rules = Counter(rule for reasons in held["reasons"] for rule in {r["rule"] for r in reasons})
    assert {r["rule"]: r["documents"] for r in facts["quarantine"]["reasons"]} == dict(rules)
    (runs,) = table(warehouse, "runs").to_dict("records")
    assert {name: runs[name] for name in row} == row
    dates = articles["published_date"].map(lambda d: None if pd.isna(d) else d.isoformat()).value_counts(dropna=False)
    assert {p["date"]: p["rows"] for p in facts["partitions"]} == {
        None if pd.isna(k) else k: v for k, v in dates.items()
    }
    (stored,) = (warehouse / "_reports").glob("2024-*.json")
    assert json.loads(stored.read_text(encoding="utf-8")) == json.loads(json.dumps(facts))


# --- changes -----


def test_changed_document_replaces_its_row_also_under_another_date(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), encoding="utf-8")
    (raw / "b.txt").write_text(story(2), encoding="utf-8")
    night(raw, warehouse)
    before = table(warehouse, "articles").set_index("uri")["article_id"]
    (raw / "a.txt").write_text(story(1).replace("lorry", "tram"), encoding="utf-8")
    second = night(raw, warehouse, date(2024, 5, 4))
    assert second.row is not None and (second.row["published"], second.row["unchanged"]) == (1, 1)
    (raw / "a.txt").write_text(story(1, "April 28, 2024").replace("lorry", "“tram”"), encoding="utf-8")
    night(raw, warehouse, date(2024, 5, 5))
    articles, edits = table(warehouse, "articles").set_index("uri"), table(warehouse, "edits")
    assert len(articles) == 2
    assert (articles["article_id"].sort_index() == before.sort_index()).all()
    assert "tram" in articles.loc["a.txt", "body"] and articles.loc["a.txt", "published_date"] == date(2024, 4, 28)
    edits_now = edits[edits["article_id"] == articles.loc["a.txt", "article_id"]]
    assert len(edits_now) == articles.loc["a.txt", "edit_count"]
    assert set(edits_now["published_date"]) == {date(2024, 4, 28)}


def test_document_that_is_mended_leaves_the_quarantine(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), encoding="utf-8")
    (raw / "b.txt").write_text("", encoding="utf-8")
    night(raw, warehouse)
    (raw / "b.txt").write_text(story(2), encoding="utf-8")
    night(raw, warehouse, date(2024, 5, 4))
    assert set(table(warehouse, "articles")["uri"]) == {"a.txt", "b.txt"}
    assert len(table(warehouse, "quarantine")) == 0


def test_document_that_breaks_keeps_its_last_good_version(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), encoding="utf-8")
    (raw / "b.txt").write_text(story(2), encoding="utf-8")
    night(raw, warehouse)
    (raw / "b.txt").write_bytes(b"")
    night(raw, warehouse, date(2024, 5, 4))
    assert set(table(warehouse, "articles")["uri"]) == {"a.txt", "b.txt"}
    assert list(table(warehouse, "quarantine")["uri"]) == ["b.txt"]


# --- the gate -----


def batch_of(folder: Path, good: int, bad: int) -> Path:
    """Records of 2 May: some that are sound and some that have no body."""
    folder.mkdir()
    records = [{"uri": f"good-{n}", "text": story(n), "title": None} for n in range(good)]
    records += [
        {"uri": f"bad-{n}", "text": "", "title": f"Bridge {n} closes", "date": "2024-05-02"} for n in range(bad)
    ]
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return folder


def test_partition_with_too_many_failures_is_held_until_the_limit_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, warehouse = batch_of(tmp_path / "raw", 10, 15), tmp_path / "w"
    (raw / "other.txt").write_text(story(99, "May 1, 2024"), encoding="utf-8")
    first = cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-03", "--workers", 1)
    assert first.exit_code == 1, first.stderr
    assert "2024-05-02" in first.stdout
    articles, held = table(warehouse, "articles"), table(warehouse, "quarantine")
    assert list(articles["uri"]) == ["other.txt"]
    assert len(held) == 25
    gated = [row for row in held["reasons"] if any(reason["stage"] == "gate" for reason in row)]
    assert len(gated) == 10
    (row,) = table(warehouse, "runs").to_dict("records")
    assert (row["verdict"], row["partitions_held"], row["published"], row["quarantined"]) == ("held", 1, 1, 25)

    again = cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-03", "--workers", 1)
    assert again.exit_code == 0 and "Nothing to do" in again.stdout
    monkeypatch.setenv("COPYDESK_GATE__MAX_QUARANTINED_SHARE", "0.7")
    raised = cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-03", "--again", "--workers", 1)
    assert raised.exit_code == 0, raised.stdout
    articles, held = table(warehouse, "articles"), table(warehouse, "quarantine")
    assert set(articles["uri"]) == {"other.txt", *(f"good-{n}" for n in range(10))}
    assert set(held["uri"]) == {f"bad-{n}" for n in range(15)} and len(held) == 15


def test_held_partition_keeps_its_last_good_version(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "old.txt").write_text(story(500), encoding="utf-8")
    night(raw, warehouse)
    before = {name: digest for name, digest in tree(warehouse).items() if name.startswith(("articles", "edits"))}
    batch_of(raw / "sub", 5, 20)
    outcome = night(raw, warehouse, date(2024, 5, 4))
    assert outcome.held
    assert {
        name: digest for name, digest in tree(warehouse).items() if name.startswith(("articles", "edits"))
    } == before


def test_run_of_which_nothing_can_be_published_is_held(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.txt").write_bytes(b"")
    result = cli("run", raw, "--warehouse", tmp_path / "w", "--workers", 1)
    assert result.exit_code == 1
    assert len(table(tmp_path / "w", "quarantine")) == 1
    assert cli("run", raw, "--warehouse", tmp_path / "w", "--workers", 1).exit_code == 0


def test_warnings_mark_the_row_and_hold_nothing_back(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "future.txt").write_text(story(1, "May 2, 2031"), encoding="utf-8")
    (raw / "sound.txt").write_text(story(2), encoding="utf-8")
    left = settled(raw, tmp_path / "w")
    marks = left.articles.set_index("uri")["validation"].to_dict()
    assert marks == {"future.txt": "warn", "sound.txt": "pass"}
    checks = table(tmp_path / "w", "validations").set_index("rule")
    assert not checks.loc["date-in-future", "success"] and checks.loc["date-in-future", "unexpected_count"] == 1


# --- the same bytes, however it is run -------------------------------------------------------------------------------


def test_two_workers_write_the_bytes_that_one_writes(
    generated: Path, published: tuple[Path, Left], tmp_path: Path
) -> None:
    one, two, small = published[0], tmp_path / "two", tmp_path / "small"
    night(generated, two, run={"workers": 2, "batch_documents": 60})
    night(generated, small, run={"batch_documents": 7})
    assert tree(two) == tree(one)
    assert tree(small) == tree(one)


def test_sources_given_apart_are_the_same_run(tmp_path: Path) -> None:
    raw = corpus(tmp_path / "raw", 30)
    night(raw, tmp_path / "a")
    night(raw, tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


DIE = {
    "before the commit": "from copydesk.warehouse import Staging as victim; name = 'commit'; after = 0",
    "between two files of the commit": "import os as victim; name = 'replace'; after = 6",
}
_SCRIPT = """
import os, signal, sys
from datetime import date
from copydesk.config import Config
from copydesk.run.job import Job
from copydesk.run.nightly import run
{victim}
real, calls = getattr(victim, name), 0
def die(*args, **kwargs):
    global calls
    calls += 1
    if calls > after:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(victim, name, die)
run(Job((sys.argv[1],), sys.argv[2], date(2024, 5, 4), Config.model_validate({{"run": {{"workers": 1}}}})))
"""


@pytest.mark.parametrize("moment", DIE)
def test_killed_run_done_again_gives_what_an_undisturbed_one_gives(tmp_path: Path, moment: str) -> None:
    raw = corpus(tmp_path / "raw", 40)
    night(raw, tmp_path / "undisturbed")
    shutil.copytree(tmp_path / "undisturbed", tmp_path / "killed")
    (raw / "0000.txt").write_text(story(0, "April 2, 2024"), encoding="utf-8")
    (raw / "new.txt").write_text(story(1000), encoding="utf-8")
    day = date(2024, 5, 4)
    script = _SCRIPT.format(victim=DIE[moment])
    killed = subprocess.run(
        [sys.executable, "-c", script, str(raw), str(tmp_path / "killed")],
        cwd=HERE.parent,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9, killed.stderr.decode()
    for path in (tmp_path / "killed").rglob("*.parquet"):
        pd.read_parquet(path)
    night(raw, tmp_path / "killed", day)
    night(raw, tmp_path / "undisturbed", day)
    assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")


def test_fingerprint_says_what_decides_the_bytes() -> None:
    assert fingerprint(config()) == fingerprint(config(run={"workers": 5}))
    assert fingerprint(config()) != fingerprint(config(text={"quotes": "curly"}))


def test_what_of_the_source_is_not_used_is_named_once_in_the_report(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    records = [{"id": n, "text": story(n), "title": "nan", "crawler": "x", "score": n} for n in range(5)]
    (raw / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    (raw / "_draft.txt").write_text(story(9), encoding="utf-8")
    (raw / "notes.pdf").write_bytes(b"x")
    warehouse = tmp_path / "w"
    assert cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-03", "--workers", 1).exit_code == 0
    rows = {row["rule"]: row for row in table(warehouse, "validations").to_dict("records") if row["suite"] == "steps"}
    assert (rows["fields-unread"]["severity"], rows["fields-unread"]["unexpected_count"]) == ("info", 5)
    assert rows["files-left-out"]["unexpected_count"] == 2
    page = "".join(path.read_text("utf-8") for path in (warehouse / "_reports").glob("2024-05-03*.html"))
    assert "crawler, score; name those of use in [sources.fields]" in page
    assert "_draft.txt" in page and "notes.pdf" in page
    articles = table(warehouse, "articles")
    assert set(articles["uri"]) == {f"records.jsonl#id={n}" for n in range(5)}
    assert not (articles["headline"] == "nan").any()


def test_work_begins_before_its_results_are_asked_for() -> None:
    submitted: list[int] = []

    def submit(call: int) -> int:
        submitted.append(call)
        return call

    results = in_order(submit, str, range(5), lambda: 2)
    assert submitted == [0, 1]
    assert next(results) == "0"
    assert submitted == [0, 1]
    assert list(results) == ["1", "2", "3", "4"]
