"""Confidence is measured by reading: edits are drawn, verdicts are kept without text, numbers go into `rules.toml`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import copydesk
from benchmarks import confidence
from benchmarks.confidence import Change, Count, changes, count, draw, estimate, measured, read_sheet, sheet
from copydesk.data.rules import NEVER, UNMEASURED, rules
from copydesk.warehouse.rows import articles_table, edits_table

TEXTS = {
    "one": "Harbour  closes\n\nThe “old” harbour  closed on Monday.\n\nShare this article",
    "two": "Bridge opens\n\nIt’s open,  she said.\n\nShare this article",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read")
    cleaned = [copydesk.clean(text, uri) for uri, text in TEXTS.items()]
    articles = articles_table([one.article for one in cleaned if one.article])
    edits = edits_table([edit for one in cleaned for edit in one.edits])
    for name, table in (("articles", articles), ("edits", edits)):
        place = folder / name / "published_date=2026-11-28"
        place.mkdir(parents=True)
        pq.write_table(table.drop_columns(set(table.column_names) & {"published_date"}), place / f"{name}.parquet")
    return folder


def test_a_change_is_shown_as_the_text_stood_before_it(warehouse: Path) -> None:
    found = {(change.rule, change.before, change.after, change.right[:8]) for change in changes(warehouse)}
    assert {
        ("space", "  ", " ", "closes\n\n"),
        ("quote", "“", '"', 'old" har'),
        ("quote", "’", "'", "s open, "),
    } <= found
    assert {change.before for change in changes(warehouse) if change.rule == "share-line"} == {"\n\nShare this article"}


def test_a_warehouse_without_articles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no articles here"):
        list(changes(tmp_path))


def test_drawing_is_seeded_spreads_over_articles_and_leaves_out_what_is_known() -> None:
    found = [Change("quote", article, "", "“", '"', f"{n}") for article in "abc" for n in range(9)]
    drawn = draw(found, set(), 6, seed=1)
    assert drawn == draw(reversed(found), set(), 6, seed=1) != draw(found, set(), 6, seed=2)
    assert sorted(change.article_id for change in drawn) == ["a", "a", "b", "b", "c", "c"]
    rest = draw(found, {change.key for change in drawn}, 99, seed=1)
    assert {*drawn, *rest} == set(found) and not {*drawn} & {*rest}


def test_verdicts_come_back_from_the_sheet_and_hold_no_text(tmp_path: Path) -> None:
    drawn = [Change("quote", "a", "he said ", "“", '"', "yes"), Change("space", "b", "x", "  ", " ", "y")]
    rows = [json.loads(line) for line in sheet(drawn).splitlines()]
    rows[0]["verdict"], rows[1]["verdict"] = "right", "wrong"
    verdicts = read_sheet("\n".join(json.dumps(row) for row in rows))
    file = tmp_path / "verdicts.tsv"
    confidence.write_verdicts(file, verdicts)
    assert confidence.read_verdicts(file) == verdicts == {drawn[0].key: "right", drawn[1].key: "wrong"}
    assert "said" not in file.read_text("utf-8")
    assert read_sheet(sheet(drawn)) == {}
    with pytest.raises(ValueError, match="line 2: the verdict is 'rihgt'"):
        read_sheet(
            "\n".join(json.dumps({**row, "verdict": word}) for row, word in zip(rows, ("", "rihgt"), strict=True))
        )


def test_only_edits_that_are_still_made_count() -> None:
    keys = [("quote", "a", str(n)) for n in range(5)]
    verdicts = dict(zip(keys, ("right", "right", "wrong", "wrong", "right"), strict=True))
    assert count(verdicts, set(keys[:3])) == {"quote": Count(2, 3)}


def test_the_estimate_is_a_half_before_anything_was_read() -> None:
    assert estimate(0, 0) == UNMEASURED
    assert estimate(60, 60) == pytest.approx(61 / 62)


def test_numbers_are_written_beside_what_they_were_measured_on() -> None:
    text = (confidence.RULES).read_text("utf-8")
    told = tomllib.loads(measured(text, {"quote": Count(8, 8), "typo-letter": Count(3, 4)}, "a test, 2026-12"))
    was = tomllib.loads(text)
    assert told["quote"] == {**was["quote"], "confidence": 0.9, "measured": "right 8 of 8, a test, 2026-12"}
    assert told["typo-letter"]["measured"].endswith("; right 3 of 4, a test, 2026-12")
    assert "confidence" not in told["typo-letter"]
    assert {name: row for name, row in told.items() if name not in ("quote", "typo-letter")} == {
        name: row for name, row in was.items() if name not in ("quote", "typo-letter")
    }
    again = measured(measured(text, {"typo-letter": Count(3, 4)}, "x"), {"typo-letter": Count(5, 6)}, "y")
    assert tomllib.loads(again)["typo-letter"]["measured"].count("right") == 1


def test_what_rules_toml_says_is_what_was_read() -> None:
    """Each number follows from the verdicts; they all were on edits that were made when the numbers were written."""
    kept = confidence.read_verdicts(confidence.VERDICTS)
    counts = count(kept, set(kept))
    for rule in rules().values():
        if rule.measured == NEVER:
            assert rule.confidence == UNMEASURED and rule.name not in counts
        elif rule.measured and "right " in rule.measured:
            right, read = map(int, rule.measured.split("right ")[1].split(",")[0].split(" of "))
            assert read <= counts[rule.name].read
            assert rule.confidence is None or rule.confidence == round(estimate(right, read), 3)
