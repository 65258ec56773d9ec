"""`benchmarks/ledgers.py`: two warehouses that are alike, and two that differ in every way that it names."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from nights import STORY, night, story

from benchmarks.ledgers import Ledger, compare, main, read, report

TEXTS = {
    "curly.txt": "The ferry’s last day\n\nMay 2, 2024\n\n" + STORY.replace("Nobody", "“Nobody” said it; “nobody”"),
    "plain.txt": story(1),
    "order.txt": "The bridge over the river\n\n03/04/2019\n\n" + STORY,
    "empty.txt": "",
}


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name: two runs with the defaults, one that keeps quotes and reads dates the other way, one without a file."""
    folder = tmp_path_factory.mktemp("ledgers")
    sources = folder / "in"
    sources.mkdir()
    for name, text in TEXTS.items():
        (sources / name).write_text(text, encoding="utf-8")
    off: dict[str, Any] = {"typos": {"mode": "off"}}
    runs: dict[str, dict[str, Any]] = {
        "before": off,
        "again": off,
        "other": off | {"text": {"quotes": "keep"}, "dates": {"numeric_order": "month-first"}},
    }
    for name, settings in runs.items():
        night(sources, folder / name, **settings)
    (sources / "plain.txt").unlink()
    (sources / "empty.txt").write_text(story(2), encoding="utf-8")
    night(sources, folder / "fewer", **off)
    return {path.name: path for path in folder.iterdir()}


def test_two_runs_of_one_version_are_alike(
    warehouses: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(warehouses["before"]), str(warehouses["again"]), "--json", str(tmp_path / "found.json")]) == 0
    assert capsys.readouterr().out == "4 documents, alike\n"
    assert json.loads((tmp_path / "found.json").read_text("utf-8")) == {
        "documents": 4, "alike": True, "counts": {}, "examples": {},
    }  # fmt: skip


def test_another_setting_is_seen_and_named(warehouses: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(warehouses["before"]), str(warehouses["other"])]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("4 documents, NOT ALIKE\n")
    assert "curly.txt" in printed and "order.txt" in printed and "plain.txt" not in printed
    found = compare(read(warehouses["before"]), read(warehouses["other"]))
    assert not found.alike
    assert set(found.counts) == {
        "column headline", "column body", "column edit_count", "column published_at", "column published_date",
        "edit quote gone",
    }  # fmt: skip
    assert found.examples["column published_date"][0][0] == "order.txt"
    assert [str(value) for value in found.examples["column published_date"][0][1:]] == ["2019-04-03", "2019-03-04"]


def test_documents_that_came_or_went_are_told_from_those_held_back(warehouses: dict[str, Path]) -> None:
    there, back = read(warehouses["before"]), read(warehouses["fewer"])
    assert compare(there, back).counts == Counter({"only before": 1, "quarantined, then published": 1})
    assert compare(back, there).counts == Counter({"only after": 1, "published, then quarantined": 1})


def test_confidence_is_told_apart() -> None:
    edit = ("repair", "text", 0, 1, None, "a", "b", "entity", "applied")
    other = ("repair", "text", 2, 3, None, "a", "b", "tag", "applied")

    def ledger(edits: list[tuple[Any, ...]], confidences: list[float | None], held: tuple[str, ...] = ()) -> Ledger:
        return Ledger({"a": {"headline": "h"}}, {"a": edits}, {"a": confidences}, {"b": held} if held else {})

    surer = compare(ledger([edit], [0.9]), ledger([edit], [0.95]))
    assert (surer.alike, surer.counts) == (True, Counter({"confidence entity": 1}))
    assert "1  confidence entity" in "\n".join(report(surer))
    turned = compare(ledger([edit, other], [1, 1]), ledger([other, edit], [1, 1]))
    assert (turned.alike, turned.counts) == (False, Counter({"order of edits": 1}))
    new = compare(ledger([edit], [1]), ledger([edit, other], [1, 1]))
    assert (new.alike, new.counts) == (False, Counter({"edit tag new": 1}))
    held = compare(ledger([edit], [1], ("no-body",)), ledger([edit], [1], ("no-headline",)))
    assert (held.alike, held.counts) == (False, Counter({"reasons of the quarantine": 1}))


def test_a_folder_without_articles_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), str(tmp_path)])
    assert ended.value.code == 2
    assert "no articles here" in capsys.readouterr().err
