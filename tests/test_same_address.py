"""Several documents with one uri in a delivery, of which one is published already."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nights import NIGHT, night, story, table, tree

from copydesk.warehouse import Warehouse

URL = "https://a.example/1"
GOOD, OTHER, BAD = story(1), story(2), "Too short."


def deliver(root: Path, number: int, *texts: str) -> dict[str, Any]:
    source = root / "news.jsonl"
    records = [{"url": URL, "text": text} for text in texts]
    source.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
    row = night(source, root / "w", NIGHT + timedelta(days=number), typos={"mode": "off"}).row
    return row or {}


def state(root: Path) -> tuple[list[str], list[str]]:
    """The published headlines, and the rules by which documents are in the quarantine. The warehouse is sound."""
    assert Warehouse.open(str(root / "w")).audit().findings == []
    quarantine = table(root / "w", "quarantine")
    rules = sorted(rows[0]["rule"] for rows in quarantine["reasons"]) if len(quarantine) else []
    return list(table(root / "w", "articles")["headline"]), rules


def test_what_is_published_stays_if_the_first_one_is_not_fit(tmp_path: Path) -> None:
    deliver(tmp_path, 0, GOOD)
    (headline,), _ = state(tmp_path)
    row = deliver(tmp_path, 1, BAD, GOOD)
    assert (row["documents"], row["unchanged"], row["published"], row["quarantined"]) == (2, 1, 0, 1)
    assert state(tmp_path) == ([headline], ["worse-than-published"])
    before = tree(tmp_path / "w")
    assert not deliver(tmp_path, 2, BAD, GOOD)
    assert tree(tmp_path / "w") == before


def test_what_is_published_leaves_if_the_first_one_takes_its_place(tmp_path: Path) -> None:
    deliver(tmp_path, 0, GOOD)
    row = deliver(tmp_path, 1, OTHER, GOOD)
    assert (row["documents"], row["unchanged"], row["published"], row["quarantined"]) == (2, 0, 1, 1)
    assert state(tmp_path) == ([OTHER.partition("\n")[0]], ["duplicate-uri"])
    before = tree(tmp_path / "w")
    assert not deliver(tmp_path, 2, OTHER, GOOD)
    assert tree(tmp_path / "w") == before


@pytest.mark.parametrize("order", [(BAD, GOOD), (GOOD, BAD)])
def test_a_document_that_comes_alone_between_others_leaves_a_sound_warehouse(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    for number, texts in enumerate((order, (GOOD,), order, (BAD,), order, (GOOD,), order)):
        deliver(tmp_path, number, *texts)
        headlines, _ = state(tmp_path)
        assert len(headlines) <= 1
    assert headlines == [GOOD.partition("\n")[0]]
