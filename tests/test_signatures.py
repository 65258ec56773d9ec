"""The signatures: keys and bitmaps in levels, by which copies are found without reading the articles."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from templates import row
from test_copies import NIGHT, Row, expected, found, held, publish, withdraw
from test_duplicates import random_articles
from warehouse_runs import tree

from copydesk.duplicates import candidates
from copydesk.duplicates.articles import outlines
from copydesk.duplicates.clusters import USUAL, Settings
from copydesk.warehouse import Warehouse, layout, parquet
from copydesk.warehouse.levels import BITMAPS, KEYS, RATIO, Levels, RowChange, Rows
from copydesk.warehouse.members import Published
from copydesk.warehouse.signatures import rows_of_outlines, state


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-50]), lambda path: path.write_bytes(b"")],
)
def test_without_its_keys_the_next_run_and_a_comparison_by_hand_compare_everything(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    rows = random_articles(random.Random(3), 30)
    publish(tmp_path, rows[:20])
    damage(tmp_path / layout.signatures(0))
    publish(tmp_path, rows[20:], NIGHT + timedelta(days=1))
    assert found(tmp_path) == expected(rows, USUAL)
    wanted = tree(tmp_path)[layout.signatures(0)]
    damage(tmp_path / layout.signatures(0))
    warehouse = Warehouse.open(str(tmp_path))
    with warehouse.writing(5):
        warehouse.compare_all(USUAL, datetime(2024, 6, 2, tzinfo=UTC))
    assert tree(tmp_path)[layout.signatures(0)] == wanted
    assert warehouse.audit().findings == []


def test_rows_are_found_in_all_levels_and_stay_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KEYS._replace(first=64)
    monkeypatch.setattr(parquet, "_KEYS_ROWS", 50)
    warehouse = Warehouse.open(str(tmp_path))
    chance = random.Random(1)
    (tmp_path / layout.SIGNATURES).mkdir()
    alive: set[tuple[int, int, int]] = set()
    depths: set[int] = set()
    for _ in range(60):
        new = {(chance.randrange(90), chance.randrange(400), 7) for _ in range(30)} - alive
        gone = set(chance.sample(sorted(alive), min(len(alive), chance.randrange(20))))
        parts = [
            Rows.made(*zip(*sorted(some), strict=True), flag) for some, flag in ((new, False), (gone, True)) if some
        ]
        files = Levels(warehouse.store, kind).changed(RowChange.of(Rows.joined(parts)))
        for number, level in enumerate(files.values()):
            parquet.write(tmp_path / str(number), level.schema, level.tables())
        for number, name in enumerate(files):
            (tmp_path / str(number)).rename(tmp_path / name)
        alive = (alive | new) - gone
        wanted = sorted({chance.randrange(90) for _ in range(12)})
        got = Levels(warehouse.store, kind).find(np.array(wanted, np.uint32))
        rows = list(zip(*(column.tolist() for column in got[:3]), strict=True))
        assert rows == sorted(key for key in alive if key[0] in wanted)
        depths |= {level for level in range(layout.LEVELS) if (tmp_path / layout.signatures(level)).exists()}
    assert len(depths) > 2
    for level in depths:
        column = pq.read_table(tmp_path / layout.signatures(level))["key"].to_numpy().astype(np.int64)
        assert (np.diff(column) >= 0).all()


@pytest.mark.parametrize("keep_gone", [True, False])
def test_rows_are_settled_whatever_they_have_in_common(keep_gone: bool) -> None:
    made = np.random.default_rng(3)
    size = 4_000  # articles that differ in their second half only are alike in the number that is sorted
    articles = made.integers(0, 3, size, np.uint64) << np.uint64(32) | made.integers(0, 4, size, np.uint64)
    rows = Rows(made.integers(0, 9, size), articles, made.integers(0, 3, size), made.random(size) < 0.5)
    rows = Rows.made(*rows[:3])._replace(gone=rows.gone)
    net: dict[tuple[int, ...], int] = {}
    for key, article, digest, gone in zip(*(column.tolist() for column in rows[:4]), strict=True):
        net[key, article, digest] = net.get((key, article, digest), 0) + (-1 if gone else 1)
    wanted = [(*row, count < 0) for row, count in sorted(net.items()) if count and (keep_gone or count > 0)]
    settled = rows.settled(keep_gone)
    assert list(zip(*(column.tolist() for column in settled[:4]), strict=True)) == wanted
    again = Rows.merged([settled, rows.take(slice(0, 0))], keep_gone=False)
    assert [row for row in wanted if not row[3]] == list(zip(*(c.tolist() for c in again[:4]), strict=True))


def test_keys_are_compared_in_parts_where_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_articles(random.Random(5), 40)
    nights = rows[:25], [*rows[25:], *rows[3:9]]
    for root, most in ((tmp_path / "whole", 2**20), (tmp_path / "parts", 50)):
        for name in ("_KEYS_AT_ONCE", "_PAIRS_AT_ONCE", "_BITMAPS_AT_ONCE"):
            monkeypatch.setattr(candidates, name, most)
        for number, some in enumerate(nights):
            publish(root, some, NIGHT + timedelta(days=number), Settings(sharing=3))
    assert tree(tmp_path / "parts") == tree(tmp_path / "whole")


def test_the_levels_hold_eight_times_as_many_rows_as_the_one_before() -> None:
    assert KEYS.first * RATIO ** (layout.LEVELS - 1) > 18 * 10**9
    assert BITMAPS.first * RATIO ** (layout.LEVELS - 1) > 10**9


# --- bitmaps


@pytest.fixture
def bodies_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many published bodies were read to tell strangers, at each time."""
    counts: list[int] = []
    columns = Published.columns

    def counted(self: Published, articles: Any, names: Sequence[str]) -> Iterator[tuple[Any, pa.Table]]:
        for some, table in columns(self, articles, names):
            if names == ["body"]:
                counts.append(len(some))
            yield some, table

    monkeypatch.setattr(Published, "columns", counted)
    return counts


def strangers(first: int, stop: int) -> list[Row]:
    """Articles that have some sentences in common, and no more."""
    shared = [f"the council of the town met on day {n} and spoke about the road to the north of it" for n in range(6)]
    found = []
    for number in range(first, stop):
        chance = random.Random(number)
        own = [" ".join(f"{chance.choice('abcdefgh')}{chance.randrange(900)}" for _ in range(14)) for _ in range(9)]
        body = ". ".join([*own, *chance.sample(shared, 4)])
        found.append(row(f"s{number}", f"Story {number} of a small town", body, date(2024, 5, 1 + number % 9)))
    return found


def old(root: Path) -> None:
    """Make a warehouse one of a version that knew no bitmaps."""
    for path in root.glob("_signatures/outlines-*"):
        path.unlink()
    forget_bitmaps(root)


def forget_bitmaps(root: Path) -> None:
    """Write the state as such a version does."""
    path = root / layout.SIGNATURES_STATE
    values = json.loads(path.read_text())
    del values["outlines"]
    path.write_text(json.dumps(values))


def test_strangers_are_told_apart_without_their_bodies(tmp_path: Path, bodies_read: list[int]) -> None:
    publish(tmp_path, strangers(0, 40))
    publish(tmp_path, strangers(40, 60), NIGHT + timedelta(days=1))
    assert bodies_read == []
    assert found(tmp_path) == expected(strangers(0, 60), USUAL)
    rows = held(tmp_path, BITMAPS)
    assert len(rows.keys) == 60
    by_article = {int(one["article_id"][:16], 16): one["body"] for one in strangers(0, 60)}
    wanted = outlines([by_article[article] for article in rows.articles.tolist()])
    assert np.array_equal(rows.bitmaps, wanted.bitmaps)
    assert np.array_equal(rows.different, wanted.different)


def test_a_warehouse_without_bitmaps_gets_them_as_they_are_needed(tmp_path: Path, bodies_read: list[int]) -> None:
    publish(tmp_path, strangers(0, 40))
    old(tmp_path)
    publish(tmp_path, strangers(40, 60), NIGHT + timedelta(days=1))
    assert sum(bodies_read) > 20
    learned = held(tmp_path, BITMAPS)
    assert len(learned.keys) == 20 + sum(bodies_read)
    bodies_read.clear()
    publish(tmp_path, strangers(60, 80), NIGHT + timedelta(days=2))
    assert sum(bodies_read) <= 60 - len(learned.keys)
    assert found(tmp_path) == expected(strangers(0, 80), USUAL)


def test_bitmaps_that_an_older_version_left_behind_count_no_more(tmp_path: Path, bodies_read: list[int]) -> None:
    """It changed the articles and not the bitmaps, and its state does not name them."""
    before = strangers(0, 40)
    publish(tmp_path, before)
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("_signatures/outlines-*")}
    changed = [{**one, "body": two["body"]} for one, two in zip(before[:10], strangers(100, 110), strict=True)]
    publish(tmp_path, changed, NIGHT + timedelta(days=1))
    assert bodies_read == []
    for name, content in kept.items():
        (tmp_path / "_signatures" / name).write_bytes(content)
    forget_bitmaps(tmp_path)
    copies = [
        row(f"c{n}", one["headline"], one["body"] + " and so on", date(2024, 6, 3)) for n, one in enumerate(changed)
    ]
    publish(tmp_path, copies, NIGHT + timedelta(days=2))
    assert found(tmp_path) == expected([*changed, *before[10:], *copies], USUAL)
    assert len(found(tmp_path)[1]) == 10
    known = state(Warehouse.open(str(tmp_path)).store)
    assert known is not None
    assert known.outlines


def test_a_bitmap_goes_with_its_article_and_changes_with_it(tmp_path: Path) -> None:
    rows = strangers(0, 12)
    publish(tmp_path, rows)
    other = {**rows[3], "body": rows[3]["body"] + " and it was told again by all who heard of it in the town"}
    same = {**rows[4], "body": rows[4]["body"].upper()}
    publish(tmp_path, [other, same], NIGHT + timedelta(days=1))
    withdraw(tmp_path, [rows[5]["uri"]])
    now = [other, same, *rows[:3], *rows[6:]]
    ids = np.array([int(one["article_id"][:16], 16) for one in now], np.uint64)
    wanted = rows_of_outlines(ids, outlines([one["body"] for one in now])).settled(keep_gone=True)
    assert held(tmp_path, BITMAPS).table(BITMAPS.schema).equals(wanted.table(BITMAPS.schema))


def test_bitmaps_are_found_in_all_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copydesk.warehouse.copies.BITMAPS", BITMAPS._replace(first=4, at_once=3))
    monkeypatch.setattr(parquet, "_OUTLINES_ROWS", 3)
    for night in range(12):
        publish(tmp_path, strangers(night * 3, night * 3 + 3), NIGHT + timedelta(days=night))
    assert len(held(tmp_path, BITMAPS).keys) == 36
    assert len(list(tmp_path.glob("_signatures/outlines-*"))) > 2
    assert Warehouse.open(str(tmp_path)).audit().findings == []


def test_a_lost_bitmap_file_is_found_and_made_again(tmp_path: Path) -> None:
    publish(tmp_path, strangers(0, 10))
    path = tmp_path / layout.outlines(0)
    wanted = path.read_bytes()
    path.unlink()
    warehouse = Warehouse.open(str(tmp_path))
    (finding,) = warehouse.audit().findings
    assert finding.path == layout.outlines(0)
    with warehouse.writing(5):
        assert warehouse.repair(warehouse.audit()) == ["Compared all articles for copies again."]
    assert path.read_bytes() == wanted
    assert warehouse.audit().findings == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (layout.outlines(0), layout.signatures(0)),
        (layout.outlines(0), layout.KNOWN),
        (layout.signatures(0), layout.outlines(0)),
    ],
)
def test_a_file_of_another_table_in_the_place_of_one_is_damage(tmp_path: Path, name: str, other: str) -> None:
    rows = random_articles(random.Random(3), 30)
    publish(tmp_path, rows[:20])
    (tmp_path / name).write_bytes((tmp_path / other).read_bytes())
    (finding,) = Warehouse.open(str(tmp_path)).audit().findings
    assert finding.path == name
    publish(tmp_path, rows[20:], NIGHT + timedelta(days=1))
    assert found(tmp_path) == expected(rows, USUAL)
    assert Warehouse.open(str(tmp_path)).audit().findings == []
