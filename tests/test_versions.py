"""What is published never gets worse: new versions are compared with it, and what was replaced is kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import nights
import pandas as pd
import pytest
from click.testing import CliRunner
from nights import STORY, night, story, table, tree
from test_commit_crash import Killed, attempts

from copydesk.checks import metrics
from copydesk.cli import main
from copydesk.records import Article
from copydesk.warehouse import Warehouse
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.retention import Keep
from copydesk.warehouse.rows import articles_table
from copydesk.warehouse.versions import restore

SECOND, THIRD = date(2024, 5, 4), date(2024, 5, 5)


def cli(root: Path, *words: object) -> Any:
    done = CliRunner().invoke(main, [*map(str, words), "--warehouse", str(root), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def published(root: Path) -> pd.DataFrame:
    return table(root, "articles").set_index("uri").sort_index()


def reasons(root: Path) -> dict[str, list[str]]:
    rows = table(root, "quarantine")
    return {row["uri"]: [reason["rule"] for reason in row["reasons"]] for row in rows.to_dict("records")}


def sound(root: Path) -> bool:
    return bool(cli(root, "check")["sound"])


# --- the guard --------------------------------------------------------------------------------------------------------

BYLINE = "By Helen Carter\n\n"


def with_author(number: int = 0) -> str:
    return story(number).replace(STORY[:20], f"{BYLINE}{STORY[:20]}")


#: What a worse version looks like, and the rule that says so.
WORSE = {
    "lost-date": story().replace("May 2, 2024\n\n", ""),
    "lost-words": f"Bridge 0 closes after lorry strikes a pillar\n\nMay 2, 2024\n\n{STORY[:80]}\n",
    "lost-authors": story(),
    "gained-lost-characters": with_author().replace("harbour master", "harbour m\ufffdster"),
}


@pytest.mark.parametrize("rule", WORSE)
def test_a_worse_version_stays_out_and_says_both_sides(tmp_path: Path, rule: str) -> None:
    raw, root = write(tmp_path / "raw", {"a.txt": with_author()}), tmp_path / "w"
    night(raw, root)
    before = published(root)
    assert before.loc["a.txt", "byline"].tolist() == ["Helen Carter"]
    write(raw, {"a.txt": WORSE[rule]})
    outcome = night(raw, root, SECOND)
    pd.testing.assert_frame_equal(published(root), before)
    held = reasons(root)["a.txt"]
    assert held[0] == "worse-than-published" and rule in held
    observed = table(root, "quarantine").iloc[0]["reasons"][0]["observed"]
    assert observed.startswith("published: 65 words, 2024-05-02, 'Bridge 0 closes")
    assert "this version:" in observed
    failed = table(root, "validations").query("suite == 'versions' and not success")["rule"].tolist()
    assert rule in failed
    assert outcome.row is not None and (outcome.row["published"], outcome.row["quarantined"]) == (0, 1)
    assert night(raw, root, THIRD).row is None, "the same version again is known"


def test_the_metrics_of_a_new_version() -> None:
    """What the steps repair never gets here; what they leave is counted on both sides."""
    old = Article("a", "a", "", "A headline", "ten words are here to be counted on both sides", word_count=12)
    damaged = {"headline": "", "body": "Ã¼ber <b>bold</b> \ufffd", "word_count": 3, "language": "und"}
    new = [old, replace(old, **damaged, byline=("X",)), replace(old, word_count=0)]
    before = articles_table([replace(old, language="en"), replace(old, language="en"), replace(old, word_count=0)])
    found = metrics.versions(before, articles_table(new), metrics.articles(articles_table(new), SECOND)).to_pydict()
    assert found["word_share"] == [1, 0.25, None]
    assert found["language_lost"] == [True, True, False]
    assert found["headline_lost"] == [False, True, False] and found["date_lost"] == found["authors_lost"] == [False] * 3
    assert (found["replacements_gained"], found["mojibake_gained"]) == ([0, 1, 0], [0, 1, 0])
    assert found["markup_gained"][1] > 0


def test_bad_nights_publish_nothing_that_was_better_before(tmp_path: Path) -> None:
    """60 good articles come again with lost characters, and then as teasers without a date."""
    raw, root = write(tmp_path / "raw", {f"{n}.txt": story(n) for n in range(60)}), tmp_path / "w"
    night(raw, root)
    before = published(root)
    write(raw, {f"{n}.txt": story(n).replace("e", "\ufffd") for n in range(60)})
    night(raw, root, SECOND)
    pd.testing.assert_frame_equal(published(root), before)
    assert {tuple(sorted({"characters-lost", "gained-lost-characters"} & set(r))) for r in reasons(root).values()} == {
        ("characters-lost", "gained-lost-characters")
    }
    write(raw, {f"{n}.txt": f"Bridge {n} closes after lorry strikes a pillar\n\n{STORY[:80]}\n" for n in range(60)})
    night(raw, root, THIRD)
    pd.testing.assert_frame_equal(published(root), before)
    assert len(reasons(root)) == 60 and not table(root, "versions").size
    assert sound(root)


def test_a_correction_by_the_source_passes(tmp_path: Path) -> None:
    raw, root = write(tmp_path / "raw", {"a.txt": with_author()}), tmp_path / "w"
    night(raw, root)
    write(raw, {"a.txt": with_author().replace("on Monday", "on Tuesday").replace("Nobody was", "Two people were")})
    outcome = night(raw, root, SECOND)
    assert outcome.row is not None and outcome.row["replaced"] == 1
    assert "on Tuesday" in published(root).loc["a.txt", "body"]


def test_a_first_version_with_too_many_lost_characters_is_quarantined(tmp_path: Path) -> None:
    few, many = story(1).replace("Monday", "M\ufffdnday"), story(2).replace("the ", "th\ufffd ")
    raw, root = write(tmp_path / "raw", {"few.txt": few, "many.txt": many}), tmp_path / "w"
    night(raw, root)
    assert published(root).index.tolist() == ["few.txt"]
    assert "characters-lost" in reasons(root)["many.txt"]


def test_the_limits_are_those_of_the_suite(tmp_path: Path) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(Path(__file__).parents[1] / "expectations", suites)
    suite = json.loads((suites / "versions.json").read_text())
    for expectation in suite["expectations"]:
        if expectation["meta"]["rule"] in ("lost-date", "lost-authors"):
            expectation["severity"] = "warning"
    (suites / "versions.json").write_text(json.dumps(suite))
    raw, root = write(tmp_path / "raw", {"a.txt": with_author()}), tmp_path / "w"
    night(raw, root, expectations=str(suites))
    write(raw, {"a.txt": WORSE["lost-date"]})
    night(raw, root, SECOND, expectations=str(suites))
    row = published(root).loc["a.txt"]
    assert pd.isna(row["published_date"]) and row["validation"] == "warn"
    (suites / "versions.json").unlink()  # a folder of an older version has no such suite
    write(raw, {"a.txt": f"{story()[:90]}\n"})
    night(raw, root, THIRD, expectations=str(suites))
    assert "lost-words" in reasons(root)["a.txt"]


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A warehouse with three versions of a.txt, whose sources lie beside it."""
    raw, root = write(tmp_path / "raw", {"a.txt": story(1), "b.txt": story(2)}), tmp_path / "w"
    night(raw, root)
    for day, words in ((SECOND, "two"), (THIRD, "three")):
        write(raw, {"a.txt": story(1, day=f"May {day.day}, 2024").replace("21 years", f"{words} years")})
        night(raw, root, day)
    return root


def test_history_lists_every_version_with_its_edits(three: Path) -> None:
    rows = cli(three, "history", "a.txt")
    assert [(row["version"], row["published_date"]) for row in rows] == [
        (1, "2024-05-02"),
        (2, "2024-05-04"),
        (3, "2024-05-05"),
    ]
    assert [bool(row["replaced_by"]) for row in rows] == [True, True, False]
    assert all(row["edits"] for row in rows)
    words = CliRunner().invoke(main, ["history", "a.txt", "--warehouse", str(three)]).stdout
    assert words.count("replaced 2024-05-0") == 2 and "published\n" in words
    kept = table(three, "versions")
    for row in kept.to_dict("records"):
        edits = [nights.Edit.from_row({"article_id": row["article_id"], **edit}) for edit in row["edits"]]
        source = story(1, f"May {2 * row['version']}, 2024")
        source = source.replace("21 years", "two years") if row["version"] == 2 else source
        assert nights.rebuild(row["headline"], row["body"], edits) == source


def test_a_restored_version_stays_although_the_source_sends_the_other_one(three: Path) -> None:
    raw = three.parent / "raw"
    first = cli(three, "history", "a.txt")[0]
    cli(three, "restore", "a.txt", 1, "--because", "better", "--who", "Ada")
    row = published(three).loc["a.txt"]
    assert (row["version"], row["body"], str(row["published_date"])) == (4, first["body"], "2024-05-02")
    assert sound(three)
    assert night(raw, three, date(2024, 5, 6)).row is None, "the content that was set aside does not come back"
    decision = table(three, "decisions").iloc[0]
    assert decision[["action", "who", "why", "version"]].tolist() == ["restore", "Ada", "better", 1]
    write(raw, {"a.txt": story(1, day="May 7, 2024").replace("21 years", "seven years")})
    night(raw, three, date(2024, 5, 7))
    assert published(three).loc["a.txt", "version"] == 5, "other content does come"
    cli(three, "restore", "a.txt", 3)
    assert "three years" in published(three).loc["a.txt", "body"]
    assert [row["version"] for row in cli(three, "history", "a.txt")] == [1, 2, 3, 4, 5, 6]
    assert sound(three)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["restore", "a.txt", "9"], "has no version 9; versions that can be restored: 1, 2"),
        (["restore", "a.txt", "3"], "is the published one"),
        (["restore", "nowhere.txt", "1"], "no version of 'nowhere.txt' was ever published"),
        (["history", "nowhere.txt"], "no version of 'nowhere.txt' was ever published"),
        (["restore", "b.txt", "2"], "none was replaced"),
    ],
)
def test_mistakes_are_explained_and_change_nothing(three: Path, words: list[str], said: str) -> None:
    before = tree(three)
    done = CliRunner().invoke(main, [*words, "--warehouse", str(three)])
    assert done.exit_code == 2 and said in done.stderr
    assert tree(three) == before


def test_versions_are_kept_as_long_as_the_configuration_says(three: Path) -> None:
    raw, short = three.parent / "raw", {"keep_versions_days": 1}
    write(raw, {"b.txt": story(2).replace("22 years", "six years")})
    night(raw, three, date(2024, 5, 6), warehouse=short)
    assert table(three, "versions")[["uri", "version"]].values.tolist() == [["a.txt", 2], ["b.txt", 1]]
    write(raw, {"c.txt": story(3)})
    night(raw, three, date(2024, 5, 20), warehouse=short)
    assert len(table(three, "versions")) == 0
    record = json.loads(max(three.glob("_commits/2024-05-20*.json")).read_text())
    write(raw, {"d.txt": story(4)})
    night(raw, three, date(2024, 5, 21), warehouse=short)
    later = json.loads(max(three.glob("_commits/2024-05-21*.json")).read_text())
    emptied = [[f["path"] for f in one["files"] if f["path"].startswith("versions/")] for one in (record, later)]
    assert (len(emptied[0]), emptied[1]) == (2, []), "each file is emptied once"
    assert sound(three)


def test_a_held_back_day_replaces_nothing(tmp_path: Path) -> None:
    raw, root = write(tmp_path / "raw", {"a.txt": story(1)}), tmp_path / "w"
    night(raw, root)
    write(raw, {"a.txt": story(1).replace("21 years", "two years"), "bad.txt": "May 2, 2024\n"})
    night(raw, root, SECOND, gate={"min_documents": 1, "max_quarantined_share": 0})
    assert not table(root, "versions").size and published(root).loc["a.txt", "version"] == 1
    assert sound(root)


def test_a_restore_that_is_killed_is_undone_or_completed(three: Path, tmp_path: Path) -> None:
    at = datetime(2024, 5, 9, tzinfo=UTC)

    def restored(root: Path) -> None:
        warehouse = Warehouse.open(str(root))
        with warehouse.writing():
            if warehouse.store.size("_commits/decision-000001.json") is None:
                restore(warehouse, "a.txt", 1, Decision("", "Ada"), at, Keep(versions=2))

    shutil.copytree(three, tmp_path / "whole")
    restored(tmp_path / "whole")
    wanted = tree(tmp_path / "whole")
    (tmp_path / "attempts").mkdir()
    failures = 0
    for root, failure in attempts(tmp_path / "attempts", three, None, restored, step=6, least=12):
        assert isinstance(failure, Killed)
        restored(root)
        assert tree(root) == wanted
        failures += 1
    assert failures > 3
