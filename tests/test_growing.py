"""Partitions of several files: which file rows go to, who reads them, and what is written again."""

from __future__ import annotations

import errno
import json
import random
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from test_commit_crash import attempts
from test_partitions import files, found, sound
from warehouse_runs import RUN_DATE, document, first_night, run, second_night, tree

import copydesk
from copydesk.cli import main
from copydesk.config import Config
from copydesk.edits import Edit
from copydesk.run.nightly import Job
from copydesk.run.nightly import run as whole_run
from copydesk.warehouse import Warehouse, WarehouseError, layout
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.filling import LARGE, Filling, cut
from copydesk.warehouse.layout import DAILY, MONTHLY, Partitions
from copydesk.warehouse.published import article_of
from copydesk.warehouse.quarantined import documents, drop
from copydesk.warehouse.retention import Keep
from copydesk.warehouse.versions import restore

#: Two or three rows of these tests.
SMALL = 300
UNDATED = f"published_date={layout.HIVE_NULL}"


def night(number: int, *texts: str, day: str = "") -> list[Any]:
    return [document(f"{number}/{n}", day, text) for n, text in enumerate(texts)]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("grown") / "warehouse"
    run(root, first_night(), file_bytes=SMALL)
    run(root, second_night(), RUN_DATE + timedelta(days=1), file_bytes=SMALL)
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in one file for each partition."""
    root = tmp_path_factory.mktemp("whole") / "warehouse"
    run(root, first_night())
    run(root, second_night(), RUN_DATE + timedelta(days=1))
    return root


# --- the numbers and paths of files


@given(
    day=st.one_of(st.just(layout.UNDATED), st.integers(-719162, 2932896)),
    part=st.integers(0, 10**6 - 1),
    by=st.sampled_from([DAILY, MONTHLY]),
    table=st.sampled_from(sorted(layout.KEYS)),
)
def test_a_file_has_one_number_and_one_path(day: int, part: int, by: Partitions, table: str) -> None:
    first = by.of(day) if by.has_months(table) else day
    number = first + part * layout.PART
    assert (layout.partition_of(number), layout.part_of(number)) == (first, part)
    assert layout.partition_of(np.array([number]))[0] == first
    assert layout.day(number) == layout.day(first)
    path = by.file(table, number)
    assert by.number_of(table, path) == (None if part and table not in layout.GROWING else number)


@pytest.mark.parametrize(
    "name", ["articles-0", "articles-01", "articles-", "articles--1", "articles-1000000", "edits-1"]
)
def test_other_names_are_no_files_of_the_table(name: str) -> None:
    assert not layout.is_table(f"articles/published_date=2024-05-01/{name}.parquet")
    assert layout.is_table("articles/published_date=2024-05-01/articles-1.parquet")


# --- which file rows go to


@given(
    sizes=st.lists(st.integers(1, 50), max_size=40),
    cut=st.integers(0, 40),
    there=st.lists(st.integers(0, 60), max_size=4),
)
def test_files_are_filled_one_after_the_other_however_the_rows_come(
    sizes: list[int], cut: int, there: list[int]
) -> None:
    listed = [(7 + part * layout.PART, size) for part, size in enumerate(there)]

    def chosen(*parts: list[int]) -> list[int]:
        filling = Filling(listed, 50)
        rows = [filling.files(np.full(len(some), 7), np.array(some, np.int64)).tolist() for some in parts]
        return [layout.part_of(number) for some in rows for number in some]

    given_at_once = chosen(sizes)
    assert given_at_once == chosen(sizes[:cut], sizes[cut:])
    full = dict(enumerate(there))
    last = max(len(there) - 1, 0)
    for part, size in zip(given_at_once, sizes, strict=True):
        assert part == (last + 1 if full.get(last, 0) >= 50 else last)
        full[part] = full.get(part, 0) + size
        last = part


def test_new_rows_go_to_the_last_file_and_others_stay_as_they_are(tmp_path: Path) -> None:
    run(tmp_path, night(1, "good", "good too"), file_bytes=SMALL)
    before = tree(tmp_path)
    run(tmp_path, night(2, "gold", "gold, too"), RUN_DATE + timedelta(days=1), file_bytes=SMALL)
    without_rows = "articles/published_date=2024-05-06/articles.parquet"
    first, second = (f"articles/{UNDATED}/{name}.parquet" for name in ("articles", "articles-1"))
    assert files(tmp_path) == [without_rows, second, first]
    after = tree(tmp_path)
    kept = [name for name in before if name.startswith(("articles/", "edits/")) and before[name] == after[name]]
    assert first in kept and f"edits/{UNDATED}/edits.parquet" in kept
    assert sound(tmp_path)


def test_a_large_night_fills_several_files(tmp_path: Path, grown: Path, whole: Path) -> None:
    assert len(files(grown)) > len(files(whole)) + 5
    for table in ("articles", "edits", "quarantine", "versions", "duplicates"):
        assert found(grown, table) == found(whole, table), table
    assert len(files(grown, "quarantine")) > len(files(whole, "quarantine"))
    assert sound(grown)
    for path in files(grown):  # the edits of an article are beside it
        ids = set(pq.read_table(grown / path, columns=["article_id"])["article_id"].to_pylist())
        beside = grown / path.replace("articles", "edits")
        if beside.exists():
            assert set(pq.read_table(beside, columns=["article_id"])["article_id"].to_pylist()) <= ids
    run(tmp_path / "w", first_night(), file_bytes=SMALL, size=3)  # whatever the batches
    run(tmp_path / "w", second_night(), RUN_DATE + timedelta(days=1), file_bytes=SMALL, size=40)
    assert tree(tmp_path / "w") == tree(grown)


def test_the_same_input_again_writes_nothing(tmp_path: Path, grown: Path) -> None:
    shutil.copytree(grown, tmp_path / "w")
    assert run(tmp_path / "w", second_night(), RUN_DATE + timedelta(days=2), file_bytes=SMALL) is None
    assert tree(tmp_path / "w") == tree(grown)


def test_a_changed_article_stays_in_its_file(tmp_path: Path) -> None:
    run(tmp_path, night(1, *(f"good {n}" for n in range(8))), file_bytes=SMALL)
    here = {path: pq.read_table(tmp_path / path, columns=["uri"])["uri"].to_pylist() for path in files(tmp_path)}
    assert len(here) > 2
    before = tree(tmp_path)
    changed = document("1/1", "", "good and better " * 50)
    written = run(tmp_path, [changed], RUN_DATE + timedelta(days=1), file_bytes=SMALL)
    after = tree(tmp_path)
    assert written is not None and written.partitions_written == 1
    assert [name for name in files(tmp_path) if after[name] != before[name]] == [f"articles/{UNDATED}/articles.parquet"]
    for path, uris in here.items():
        assert sorted(pq.read_table(tmp_path / path, columns=["uri"])["uri"].to_pylist()) == sorted(uris)


def test_an_article_that_changes_its_date_goes_to_the_last_file_there(tmp_path: Path) -> None:
    run(tmp_path, night(1, *(f"good {n}" for n in range(6)), day="2024-05-01"), file_bytes=SMALL)
    run(tmp_path, [document("x", "2024-05-02", "good")], file_bytes=SMALL)
    run(tmp_path, [document("x", "2024-05-01", "good too")], file_bytes=10**6)
    last = [path for path in files(tmp_path) if "2024-05-01" in path][-2]
    assert last.endswith("articles-1.parquet")
    assert pq.read_table(tmp_path / last, columns=["uri"])["uri"].to_pylist()[-1] == "x"
    assert Counter(row["uri"] for row in found(tmp_path))["x"] == 1
    assert sound(tmp_path)


def test_a_day_that_is_held_back_leaves_no_file(tmp_path: Path) -> None:
    run(
        tmp_path,
        night(1, *(f"good {n}" for n in range(6)), day="2024-05-01"),
        hold=[date(2024, 5, 1)],
        file_bytes=SMALL,
    )
    assert all("2024-05-01" not in name for name in files(tmp_path))
    assert len(found(tmp_path, "quarantine")) == 6
    assert sound(tmp_path)


def test_months_grow_as_well(tmp_path: Path, whole: Path) -> None:
    run(tmp_path, first_night(), by="month", file_bytes=SMALL)
    run(tmp_path, second_night(), RUN_DATE + timedelta(days=1), file_bytes=SMALL)
    assert "articles/published_month=2024-05-01/articles-2.parquet" in files(tmp_path)
    assert found(tmp_path) == found(whole)
    assert sound(tmp_path)


# --- readers and commands


def test_every_reader_sees_all_files(grown: Path, whole: Path) -> None:
    wanted = sorted(row["article_id"] for row in found(whole))
    assert sorted(copydesk.open(grown).sql("SELECT article_id FROM articles")["article_id"].to_pylist()) == wanted
    pandas = pytest.importorskip("pandas")
    assert sorted(pandas.read_parquet(grown / "articles")["article_id"]) == wanted
    polars = pytest.importorskip("polars")
    scanned = polars.scan_parquet(grown / "articles", hive_partitioning=True).select("article_id").collect()
    assert sorted(scanned["article_id"].to_list()) == wanted
    duckdb = pytest.importorskip("duckdb")
    rows = duckdb.sql(f"SELECT article_id FROM read_parquet('{grown}/articles/*/*.parquet', hive_partitioning = true)")
    assert sorted(key for (key,) in rows.fetchall()) == wanted


def test_commands_find_an_article_in_any_file(tmp_path: Path, grown: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    path = next(path for path in files(root) if path.endswith("-1.parquet"))
    uri = pq.read_table(root / path)["uri"][0].as_py()
    assert copydesk.open(root).edits_of(uri).count() == 2
    shown = CliRunner().invoke(main, ["why", uri, "--warehouse", str(root), "--json"], catch_exceptions=False)
    assert shown.exit_code == 0 and uri in shown.stdout
    warehouse = Warehouse.open(str(root))
    with warehouse.writing(), Change(warehouse.store, warehouse_time()) as change:
        (row,) = warehouse.published(warehouse.history(), [layout_id(root, uri)]).to_pylist()
        article, edits = article_of(row)
        changed = [Edit.from_row({"article_id": article.article_id, **row["edits"][0], "status": "rejected"}), edits[1]]
        change.replace([article], changed)
        change.commit([Decision("reject", "me", uri=uri)])
    assert [row["status"] for row in found(root, "edits")].count("rejected") == 1
    assert len(found(root)) == len(found(grown))


def test_what_is_dropped_and_restored_is_found_in_any_file(tmp_path: Path, grown: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    warehouse = Warehouse.open(str(root), partitions=Partitions("day", SMALL))
    held = [row["uri"] for row in documents(warehouse.store)]
    with warehouse.writing():
        dropped = drop(warehouse.store, held, Decision("drop", "me"), warehouse_time())
        assert sorted(row["uri"] for row in dropped) == sorted(held)
    assert found(root, "quarantine") == []
    with warehouse.writing(), Change(warehouse.store, warehouse_time()) as change:
        published = warehouse.published(warehouse.history(), [row["article_id"] for row in found(root)])
        change.keep(published)
        (row,) = (row for row in published.to_pylist() if row["uri"] == "a/1")
        article, edits = article_of(row)
        change.replace([replace(article, body="good or worse", version=3)], edits)
        change.commit([Decision("accept", "me", uri="a/1")])
    assert len(files(root, "versions")) > 3
    with warehouse.writing():
        restore(warehouse, "a/1", 2, Decision("restore", "me"), warehouse_time())
    assert [row["body"] for row in found(root) if row["uri"] == "a/1"] == ["good and better"]
    assert sound(root)


def test_old_files_are_emptied_one_and_all(tmp_path: Path) -> None:
    nights = (night(1, *(f"good {n}" for n in range(6))), night(1, *(f"better {n}" for n in range(6))))
    for number, documents_of_night in enumerate(nights):
        run(tmp_path, documents_of_night, RUN_DATE + timedelta(days=number), file_bytes=SMALL)
    assert len(files(tmp_path, "versions")) == 0  # `run` of these tests keeps none
    warehouse = Warehouse.open(str(tmp_path), partitions=Partitions("day", SMALL))
    for number in range(2):
        with warehouse.writing(), Change(warehouse.store, warehouse_time(number * 40), Keep(versions=30)) as change:
            rows = warehouse.published(warehouse.history(), [row["article_id"] for row in found(tmp_path)])
            change.keep(rows)
            change.commit([Decision("accept", "me", uri=f"{number}")])
        if not number:
            assert len(files(tmp_path, "versions")) > 1
    run(tmp_path, night(3, "good"), RUN_DATE + timedelta(days=60), file_bytes=SMALL)
    assert sound(tmp_path)


def test_a_damaged_file_of_several_is_repaired(tmp_path: Path, grown: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    path = next(path for path in files(root) if path.endswith("-1.parquet"))
    lost = set(pq.read_table(root / path)["uri"].to_pylist())
    (root / path).write_bytes(b"damaged")
    warehouse = Warehouse.open(str(root))
    with warehouse.writing():
        audit = warehouse.audit()
        assert [(one.kind, one.path) for one in audit.findings if one.kind == "damaged"] == [("damaged", path)]
        warehouse.repair(audit)
    assert sound(root)
    assert {row["uri"] for row in found(root)} == {row["uri"] for row in found(grown)} - lost


def test_a_file_of_a_later_part_that_is_missing_is_found(tmp_path: Path, grown: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    path = next(path for path in files(root) if path.endswith("-1.parquet"))
    (root / path).unlink()
    assert ("missing", path) in [(one.kind, one.path) for one in Warehouse.open(str(root)).audit().findings]


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.parametrize("kind", ["killed", "disk full"])
def test_a_night_that_begins_new_files_fails_at_every_step(tmp_path: Path, kind: str) -> None:
    error = OSError(errno.ENOSPC, "No space left on device") if kind == "disk full" else None
    start = tmp_path / "start"
    run(start, night(1, "good", "bad", "good too"), file_bytes=SMALL)

    def second(root: Path) -> Any:
        return run(root, [*night(1, "better", "good"), *night(2, "good", "good", "good")], file_bytes=SMALL)

    shutil.copytree(start, tmp_path / "done")
    second(tmp_path / "done")
    wanted = tree(tmp_path / "done")
    assert any("articles-1.parquet" in name for name in wanted)
    for root, _ in attempts(tmp_path, start, error, second, step=3):
        second(root)
        assert tree(root) == wanted


def test_growing_on_s3(bucket: str, whole: Path) -> None:
    run(bucket, first_night(), file_bytes=SMALL)
    run(bucket, second_night(), RUN_DATE + timedelta(days=1), file_bytes=SMALL)
    assert any(name.endswith("articles-1.parquet") for name in Warehouse.open(bucket).store.names("articles"))
    assert found(bucket) == found(whole)
    assert sound(bucket)
    warehouse = Warehouse.open(bucket)
    with warehouse.writing():
        warehouse.compact(DAILY)
    assert found(bucket) == found(whole)
    assert sound(bucket)


# --- compact


def compacted(root: Path, wanted: Partitions) -> tuple[int, int]:
    warehouse = Warehouse.open(str(root))
    with warehouse.writing():
        return warehouse.compact(wanted)


def test_compacting_joins_small_files_and_cuts_large_ones(tmp_path: Path, grown: Path, whole: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    before, after = compacted(root, DAILY)
    assert before > after
    assert max(layout.part_of(DAILY.number_of("articles", path)) for path in files(root)) <= 1  # two need not be one
    for table in ("articles", "edits", "duplicates"):
        assert found(root, table) == found(whole, table)
    assert sound(root)
    held = tree(root)
    assert compacted(root, DAILY) == (after, after)
    assert run(root, second_night()) is None
    assert tree(root) == held
    shutil.copytree(whole, tmp_path / "cut")
    most = max((whole / path).stat().st_size for path in files(whole)) // 3
    compacted(tmp_path / "cut", Partitions("day", most))
    assert len(files(tmp_path / "cut")) > len(files(whole))
    assert found(tmp_path / "cut") == found(whole)
    assert sound(tmp_path / "cut")


def of_every_kind(count: int) -> list[Any]:
    """Texts without a date that compress well, hardly, and one that is larger than a file."""
    draw = random.Random(0)

    def words(number: int) -> str:
        return " ".join(f"{draw.getrandbits(40):x}" for _ in range(number))

    texts = [f"good {'same again ' * 300 if n % 2 else words(200)}" for n in range(count)]
    texts.insert(count // 2, f"good {words(30_000)}")
    return night(1, *texts, *(f"good {words(200)}" for _ in range(count // 4)))


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
def test_compacting_once_is_enough(tmp_path: Path) -> None:
    run(tmp_path, of_every_kind(80), file_bytes=100, size=200)
    before = [row["uri"] for row in found(tmp_path)]
    for most in (100_000, 30_000, 1_024, 60_000, 10**6, 100_000):
        wanted = Partitions("day", most)
        _, after = compacted(tmp_path, wanted)
        held = tree(tmp_path)
        assert compacted(tmp_path, wanted) == (after, after)
        assert tree(tmp_path) == held
        sizes = {path: (tmp_path / path).stat().st_size for path in files(tmp_path) if UNDATED in path}
        large = [path for path, size in sizes.items() if size > LARGE * most]
        assert all(pq.read_metadata(tmp_path / path).num_rows == 1 for path in large)
        if most > 20_000:  # smaller ones are a row and a footer
            ordered = [sizes[path] for path in sorted(sizes, key=lambda path: DAILY.number_of("articles", path) or 0)]
            assert all(one + other >= most for one, other in pairwise(ordered[:-1]))
    assert [row["uri"] for row in found(tmp_path)] == before
    assert sound(tmp_path)


def test_a_file_of_one_huge_article_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, night(1, "good " * 3, "good " + random.Random(0).randbytes(20_000).hex()))
    most = Partitions("day", 5_000)
    before, after = compacted(tmp_path, most)
    assert after == before + 2  # articles and edits
    held = tree(tmp_path)
    assert compacted(tmp_path, most) == (after, after)
    assert tree(tmp_path) == held


@given(
    weights=st.lists(st.floats(0, 300), max_size=60),
    base=st.floats(0, 120),
)
def test_a_partition_is_cut_where_files_are_full(weights: list[float], base: float) -> None:
    own = cut(np.array(weights), base, 100).tolist()
    assert own == sorted(own) and set(own) == set(range(len(set(own))))
    filled = [base + sum(w for w, one in zip(weights, own, strict=True) if one == n) for n in range(len(set(own)))]
    assert all(size <= LARGE * 100 + 1e-6 or own.count(n) == 1 for n, size in enumerate(filled))
    for n in range(len(filled) - 1):
        assert filled[n] >= 100 or filled[n] + weights[own.index(n + 1)] > LARGE * 100


def test_compacting_to_months_and_back_keeps_what_belongs_together(tmp_path: Path, grown: Path, whole: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(grown, root)
    for wanted in (Partitions("month", 20_000), Partitions("day", 20_000), MONTHLY, DAILY):
        compacted(root, wanted)
        for table in ("articles", "edits", "duplicates"):
            assert found(root, table) == found(whole, table)
        assert sound(root)


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.parametrize("kind", ["killed", "disk full"])
def test_joining_files_fails_at_every_step(tmp_path: Path, kind: str) -> None:
    error = OSError(errno.ENOSPC, "No space left on device") if kind == "disk full" else None
    start = tmp_path / "start"
    run(start, night(1, *(f"good {n}" for n in range(9))), file_bytes=SMALL)
    shutil.copytree(start, tmp_path / "done")
    compacted(tmp_path / "done", DAILY)
    wanted = tree(tmp_path / "done")
    for root, _ in attempts(tmp_path, start, error, lambda root: compacted(root, DAILY), step=2, least=20):
        assert {row["uri"] for row in found(root)} == {row["uri"] for row in found(start)}  # twice rather than not
        compacted(root, DAILY)
        assert tree(root) == wanted


def test_the_setting_counts_in_a_whole_night(tmp_path: Path) -> None:
    source = tmp_path / "raw.jsonl"
    text = "The harbour of Latakia reopened on Monday after a storm, and ships came in again. " * 5
    lines = [json.dumps({"id": str(n), "text": f"Headline {n}\n\n{text}"}) + "\n" for n in range(6)]
    config = Config.model_validate({"typos": {"mode": "off"}})
    small = config.warehouse.model_copy(update={"file_bytes": 500})  # smaller than a setting may be
    config = config.model_copy(update={"warehouse": small})
    for night in (1, 2):
        source.write_text("".join(lines[: 3 * night]))
        whole_run(Job((str(source),), str(tmp_path / "warehouse"), date(2024, 5, 5 + night), config))
    undated = [path for path in files(tmp_path / "warehouse") if UNDATED in path]
    assert len(undated) == 4 and len(files(tmp_path / "warehouse", "raw")) == 4
    assert len(found(tmp_path / "warehouse")) == 6
    assert sound(tmp_path / "warehouse")
    told = json.loads(
        CliRunner().invoke(main, ["compact", "--warehouse", str(tmp_path / "warehouse"), "--json"]).stdout
    )
    assert told["files_before"] > told["files_after"]


# --- older versions


def test_a_warehouse_of_format_3_is_migrated_by_its_marker_alone(tmp_path: Path, whole: Path) -> None:
    for by in ("day", "month"):
        root = tmp_path / by
        run(root, first_night(), by=by)
        marker = json.loads((root / layout.MARKER).read_text())
        (root / layout.MARKER).write_text(json.dumps({**marker, "format": 3}))
        with pytest.raises(WarehouseError, match="run: copydesk migrate"):
            Warehouse.open(str(root))
        before = tree(root)
        done = CliRunner().invoke(main, ["migrate", "--warehouse", str(root), "--json"], catch_exceptions=False)
        assert json.loads(done.stdout) == {"from": 3, "to": 4, "files": 1}
        after = tree(root)
        assert {name for name in after if after[name] != before.get(name)} == {
            layout.MARKER,
            "_commits/migration-000001.json",
        }
        assert json.loads((root / layout.MARKER).read_text()) == marker
        assert sound(root)


def layout_id(root: Path, uri: str) -> str:
    return next(row["article_id"] for row in found(root) if row["uri"] == uri)


def warehouse_time(days: int = 0) -> Any:
    return datetime(2024, 5, 8, tzinfo=UTC) + timedelta(days=days)
