"""Copies across a warehouse: night after night in any order comes to what one run over everything comes to."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from templates import row
from test_commit_crash import Killed, attempts
from test_duplicates import HEADLINE, STORY, random_articles
from warehouse_runs import ROW, tree

import copydesk
from copydesk.duplicates.articles import clusters
from copydesk.duplicates.clusters import USUAL, Settings
from copydesk.records import CRITICAL, Article, Document, Problem
from copydesk.warehouse import Warehouse, layout
from copydesk.warehouse.change import Change
from copydesk.warehouse.layout import DAILY, MONTHLY, By, Partitions
from copydesk.warehouse.levels import BITMAPS, KEYS, Kind, Levels, Rows
from copydesk.warehouse.rows import articles_table, edits_table, quarantine_row, quarantine_table
from copydesk.warehouse.signatures import state

NIGHT = date(2024, 6, 1)
Row = dict[str, Any]


def document(one: Mapping[str, Any]) -> Document:
    return Document(one["uri"], json.dumps(one, default=str, sort_keys=True).encode())


def publish(
    root: Path,
    rows: Iterable[Row],
    night: date = NIGHT,
    settings: Settings | None = USUAL,
    by: By = "day",
    times: int = 1,
) -> bool:
    """One run that publishes these rows, compared so many `times`; false if there was nothing to do."""
    warehouse = Warehouse.open(str(root), partitions=Partitions(by))
    by_uri = {one["uri"]: one for one in rows}
    with warehouse.writing(5):
        history = warehouse.history()
        chosen = list(history.select(map(document, by_uri.values())))
        if not chosen:
            return False
        articles = [article(by_uri[one.uri]) for one in chosen]
        raw = quarantine_table([quarantine_row(one, []) for one in chosen])
        with warehouse.stage(history) as staging:
            staging.add(articles_table(articles), edits_table([]), quarantine_table([]), raw)
            for _ in range(times):
                staging.compare(settings)
            staging.commit(staging.run_id(night), night, {**ROW, "documents": 0, "unchanged": 0})
    return True


def article(one: Row) -> Article:
    fields = {name: one[name] for name in Article.__dataclass_fields__ if name in one}
    return Article(**fields, content_sha256=document(one).content_sha256, cluster_id=one["article_id"])


def withdraw(root: Path, uris: Iterable[str]) -> None:
    """Take articles out of the warehouse, as taking back a release does."""
    warehouse = Warehouse.open(str(root))
    with warehouse.writing(5):
        rows = warehouse.published(warehouse.history(), [row(uri, "", "")["article_id"] for uri in uris]).to_pylist()
        with Change(warehouse.store, datetime(2024, 6, 2, tzinfo=UTC)) as change:
            for one in rows:
                change.withdraw(one, quarantine_table([]))
            change.commit([])


def found(root: Path) -> tuple[dict[str, tuple[str, str | None, str | None]], list[tuple[Any, ...]]]:
    """The places of all articles, and the rows of `duplicates`."""
    names = ["article_id", "cluster_id", "duplicate_of", "syndicated_from"]
    tables = [pq.read_table(path, partitioning=None) for path in sorted(root.glob("articles/*/*.parquet"))]
    places = {one["article_id"]: tuple(one[name] for name in names[1:]) for one in of(tables, names)}
    pairs = [pq.read_table(path, partitioning=None) for path in sorted(root.glob("duplicates/*/*.parquet"))]
    rows = of(pairs, ["article_id", "other_id", "kind", "similarity"])
    return places, sorted(tuple(one.values()) for one in rows)


def named(one: Row) -> Row:
    """What identifies an article."""
    return {name: one[name] for name in ("uri", "article_id")}


def of(tables: Sequence[pa.Table], names: list[str]) -> list[dict[str, Any]]:
    return [one for table in tables for one in table.select(names).to_pylist()]


def expected(rows: Sequence[Row], settings: Settings) -> Any:
    made = clusters(rows, settings)
    pairs = [(*pair[:3], float(np.float32(pair.similarity))) for pair in made.pairs]
    return {key: tuple(place) for key, place in made.places.items()}, sorted(pairs)


def held(root: Path, kind: Kind) -> Rows:
    """All that a table of signatures holds."""
    table = Levels(Warehouse.open(str(root)).store, kind)
    parts = [part for level in range(layout.LEVELS) for part in table._between(level, 0, 2**32)]
    return Rows.joined(parts).settled(keep_gone=True)


@pytest.mark.parametrize(("seed", "by"), [*((seed, "day") for seed in range(5)), (0, "month"), (3, "month")])
def test_any_order_of_nights_with_changes_and_removals_is_one_run_over_all(tmp_path: Path, seed: int, by: By) -> None:
    chance = random.Random(seed)
    settings = Settings(sharing=chance.choice((4, 9, 200)))
    rows = random_articles(chance, 50)
    replaced = chance.sample(range(len(rows)), 12)
    old = {number: {**random_articles(chance, 1)[0], **named(rows[number])} for number in replaced}
    extra = [{**one, **named(row(f"x{number}", "", ""))} for number, one in enumerate(random_articles(chance, 8))]
    first = [old.get(number, one) for number, one in enumerate(rows)] + extra
    chance.shuffle(first)
    size = chance.choice((5, 13))
    nights = [first[start : start + size] for start in range(0, len(first), size)]
    nights += [[rows[number] for number in replaced]]
    for number, some in enumerate(nights):
        assert publish(tmp_path / "nights", some, NIGHT + timedelta(days=number), settings, by)
    withdraw(tmp_path / "nights", [one["uri"] for one in extra])
    publish(tmp_path / "once", rows, settings=settings, by=by)
    wanted = expected(rows, settings)
    assert len(wanted[1]) > 5
    assert Warehouse.open(str(tmp_path / "nights")).audit().findings == []
    for root in (tmp_path / "once", tmp_path / "nights"):
        tables = copydesk.open(root)
        dates = {one["article_id"]: one["published_date"] for one in tables.articles.to_arrow().to_pylist()}
        pairs = tables.duplicates.to_arrow().to_pylist()
        assert all(dates[one["article_id"]] == one["published_date"] for one in pairs)
    assert found(tmp_path / "once") == wanted
    assert found(tmp_path / "nights") == wanted
    warehouse = Warehouse.open(str(tmp_path / "once"))
    with warehouse.writing(5):  # copies are found in the other partitions, too
        warehouse.compact(DAILY if by == "month" else MONTHLY)
    assert warehouse.audit().findings == []
    assert not publish(tmp_path / "once", rows, settings=settings)
    assert found(tmp_path / "once") == wanted
    for kind in (KEYS, BITMAPS):
        left, right = (held(tmp_path / name, kind).table(kind.schema) for name in ("once", "nights"))
        assert left.equals(right)
        assert len(left) >= len(rows)


@pytest.mark.parametrize("capitals", [False, True])
def test_when_the_first_of_two_equal_texts_goes_the_other_is_compared_in_its_place(
    tmp_path: Path, capitals: bool
) -> None:
    """They have the same words, but other facts: names have capitals."""
    body = (
        "the council of {} voted to keep the old market hall open for ten years after residents of {} and {} handed in"
    )
    body += " a petition that had thousands of names within a single week and mayor {} said that the building would be"
    body += " repaired before winter begins and that the money had been found"
    named = "We hear that " + body.format("Velm", "Orsk", "Tarn", "Rugo")
    bodies = [named.lower(), named] if capitals else [named, named.lower()]
    bodies += ["We hear that " + body.format("Velm", "Orsk", "Besk", "Hidu")]
    rows = [
        row(f"{number}", "The council keeps the old market hall", body, date(2024, 5, 1 + number))
        for number, body in enumerate(bodies)
    ]
    publish(tmp_path, rows)
    withdraw(tmp_path, [rows[0]["uri"]])
    assert found(tmp_path) == expected(rows[1:], USUAL)
    assert bool(found(tmp_path)[1]) != capitals


def test_rows_that_only_change_their_cluster_are_the_same_versions(tmp_path: Path) -> None:
    late, early = row("late", HEADLINE, STORY, date(2024, 5, 9)), row("early", HEADLINE, STORY, date(2024, 5, 1))
    path = tmp_path / layout.file("articles", layout.number(date(2024, 5, 9)))
    publish(tmp_path, [late])
    (before,) = pq.read_table(path, partitioning=None).to_pylist()
    publish(tmp_path, [early], NIGHT + timedelta(days=1))
    (after,) = pq.read_table(path, partitioning=None).to_pylist()
    assert {name for name in before if before[name] != after[name]} == {"cluster_id", "duplicate_of"}
    assert after["duplicate_of"] == after["cluster_id"] == early["article_id"]
    assert not list(tmp_path.glob("versions/*"))


def test_dates_without_a_change_are_not_written_again(tmp_path: Path) -> None:
    publish(tmp_path, [row("a", HEADLINE, STORY, date(2024, 5, 1)), row("b", HEADLINE, STORY, date(2024, 5, 2))])
    before = tree(tmp_path)
    publish(tmp_path, [row("c", HEADLINE, STORY, date(2024, 5, 3))], NIGHT + timedelta(days=1))
    after = tree(tmp_path)
    changed = {name for name in after if before.get(name) != after[name] and not name.startswith("_")}
    day, night = layout.number(date(2024, 5, 3)), layout.number(NIGHT + timedelta(days=1))
    assert changed == {layout.file("articles", day), layout.file("duplicates", day), layout.file("runs", night)}


def test_a_warehouse_that_did_not_compare_is_compared_whole_by_the_next_run(tmp_path: Path) -> None:
    rows = random_articles(random.Random(9), 40)
    publish(tmp_path / "a", rows[:20], settings=None)
    assert found(tmp_path / "a")[1] == []
    publish(tmp_path / "a", rows[20:30], NIGHT + timedelta(days=1))
    publish(tmp_path / "a", rows[30:35], NIGHT + timedelta(days=2), None)
    assert state(Warehouse.open(str(tmp_path / "a")).store) is None
    publish(tmp_path / "a", rows[35:], NIGHT + timedelta(days=3))
    assert found(tmp_path / "a") == expected(rows, USUAL)


def test_a_comparison_can_be_tried_again(tmp_path: Path) -> None:
    """As a run does after an error of the disk."""
    rows = random_articles(random.Random(4), 40)
    publish(tmp_path, rows[:20])
    publish(tmp_path, rows[20:], NIGHT + timedelta(days=1), times=2)
    assert found(tmp_path) == expected(rows, USUAL)


def test_other_settings_compare_everything_again(tmp_path: Path) -> None:
    rows = random_articles(random.Random(5), 40)
    publish(tmp_path, rows[:39])
    strict = Settings(USUAL.limits._replace(similarity=0.99, contained=0.99))
    publish(tmp_path, rows[39:], NIGHT + timedelta(days=1), strict)
    assert found(tmp_path) == expected(rows, strict) != expected(rows, USUAL)


@pytest.mark.parametrize("by", ["day", "month"])
def test_a_held_date_has_no_copies(tmp_path: Path, by: By) -> None:
    """Its articles are not published, so nothing may point to them."""
    publish(tmp_path, [row("a", HEADLINE, STORY, date(2024, 5, 2))], by=by)
    warehouse = Warehouse.open(str(tmp_path))
    with warehouse.writing(5):
        history = warehouse.history()
        held = row("b", HEADLINE, STORY, date(2024, 5, 1))
        (chosen,) = history.select([document(held)])
        with warehouse.stage(history) as staging:
            raw = quarantine_table([quarantine_row(chosen, [], published_date=date(2024, 5, 1))])
            staging.add(articles_table([article(held)]), edits_table([]), quarantine_table([]), raw)
            staging.hold(date(2024, 5, 1), Problem("gate", "share", None, CRITICAL, "too many failed"))
            staging.commit(staging.run_id(NIGHT), NIGHT, {**ROW, "documents": 1, "unchanged": 0})
    assert found(tmp_path) == expected([row("a", HEADLINE, STORY, date(2024, 5, 2))], USUAL)


def test_killed_at_any_point_the_next_run_gives_the_undisturbed_clusters(tmp_path: Path) -> None:
    rows = random_articles(random.Random(2), 16)
    publish(tmp_path / "old", rows[:10])
    start = tmp_path / "old"
    publish(tmp_path / "new", rows[:10])
    second = [{**rows[3], "body": rows[12]["body"]}, *rows[10:]]

    def work(root: Path) -> None:
        publish(root, second, NIGHT + timedelta(days=1))

    work(tmp_path / "new")
    wanted = tree(tmp_path / "new")
    assert found(tmp_path / "new") == expected([*rows[:3], second[0], *rows[4:]], USUAL)
    (tmp_path / "attempts").mkdir()
    failures = 0
    for root, failure in attempts(tmp_path / "attempts", start, None, work, step=7):
        assert isinstance(failure, Killed)
        work(root)
        assert tree(root) == wanted
        failures += 1
    assert failures > 5


@pytest.mark.no_cover  # time is measured
@pytest.mark.parametrize("site", ["a.example", None])
def test_thousands_of_equal_pages_cost_what_their_number_does(tmp_path: Path, site: str | None) -> None:
    """As a scraper brings them that is told to wait: one text and one headline under many addresses."""

    def pages(name: str) -> list[Row]:
        return [row(f"{name}{number}", HEADLINE, STORY, date(2024, 5, 1), site) for number in range(1500)]

    publish(tmp_path, pages("a"))
    tracemalloc.start()
    publish(tmp_path, pages("b"), NIGHT + timedelta(days=1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6  # bytes; each page with each other one would be gigabytes
    places, pairs = found(tmp_path)
    assert len({place[0] for place in places.values()}) == 1
    assert len(pairs) == len(places) - 1 == 2999
