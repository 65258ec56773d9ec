"""The warehouse as a run sees it: what is new, what is replaced, what is held back, who may write."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warehouse_runs import ROW, RUN_DATE, document, fill, first_night, run, second_night, tree

from copydesk.records import CRITICAL, Problem, article_id, storable
from copydesk.warehouse import Warehouse, WarehouseBusy, WarehouseError, layout, parquet, schemas, spill
from copydesk.warehouse.store import Store


def rows(root: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of partitions, with the value of the partition's folder."""
    return [
        {**row, "_partition": path.parent.name.partition("=")[2]}
        for path in sorted(root.glob(f"{table}/*/*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def articles(root: Path) -> dict[str, tuple[str, str]]:
    found = rows(root, "articles")
    assert len({row["uri"] for row in found}) == len(found)
    return {row["uri"]: (row["_partition"], row["body"]) for row in found}


def held(root: Path) -> dict[tuple[str, str], list[str]]:
    return {(row["uri"], row["text"]): [r["rule"] for r in row["reasons"]] for row in rows(root, "quarantine")}


def test_every_document_comes_out_once(tmp_path: Path) -> None:
    commit = run(tmp_path, first_night())
    assert commit is not None
    assert (commit.published, commit.quarantined, commit.partitions_written) == (36, 4, 6)
    assert len(articles(tmp_path)) == 36
    assert len(held(tmp_path)) == 4
    assert articles(tmp_path)["a/3"] == ("__HIVE_DEFAULT_PARTITION__", "good 3")
    assert articles(tmp_path)["a/4"][0] == "0001-01-01"
    assert articles(tmp_path)["a/5"][0] == "9999-12-31"


def test_edits_lie_with_their_articles(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    run(tmp_path, second_night())
    home = {article_id(uri): partition for uri, (partition, _) in articles(tmp_path).items()}
    edits = rows(tmp_path, "edits")
    assert len(edits) == 2 * len(home)
    assert all(home[edit["article_id"]] == edit["_partition"] for edit in edits)


def test_the_files_have_the_schemas_of_the_tables(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    for name in layout.KEYS:
        for path in tmp_path.glob(f"{name}/*/*.parquet"):
            found, wanted = pq.read_schema(path), getattr(schemas, name.upper())
            assert found.equals(wanted)
            assert all(
                f.metadata[b"description"] == w.metadata[b"description"] for f, w in zip(found, wanted, strict=True)
            )


def test_the_same_input_again_writes_nothing(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "_lock" not in path.name}
    assert run(tmp_path, first_night()) is None
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "_lock" not in path.name}
    after.pop(tmp_path, None), before.pop(tmp_path, None)  # the lock comes and goes in the root
    assert after == before


def test_bytes_depend_on_the_rows_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "one", first_night(), size=7)
    monkeypatch.setattr(spill, "BUCKETS", 3)
    monkeypatch.setattr(spill, "LOAD_BYTES", 1)
    run(tmp_path / "elsewhere" / "two", first_night(), size=40)
    assert tree(tmp_path / "one") == tree(tmp_path / "elsewhere" / "two")


def test_row_groups_depend_on_the_rows_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    monkeypatch.setattr(parquet, "GROUP_BYTES", 100)
    documents = [document(f"u{n}", "2024-01-01", "long " * (n % 13)) for n in range(100)]
    run(tmp_path / "one", documents, size=3)
    run(tmp_path / "two", documents, size=100)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    (path,) = (tmp_path / "one").glob("articles/*/*.parquet")
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert max(sizes) <= 10
    assert min(sizes[:-1]) < 10  # some were filled by bytes
    assert [row["uri"] for row in rows(tmp_path / "one", "articles")] == [d.uri for d in documents]


def test_one_row_group_at_a_time_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 2**20)
    schema = pa.schema([("content", pa.binary())])
    before = pa.total_allocated_bytes()
    allocated: list[int] = []

    def tables() -> Iterator[pa.Table]:
        for number in range(8):
            allocated.append(pa.total_allocated_bytes() - before)
            yield pa.table([[str(number).encode() * 2**20]], schema)

    assert parquet.write(tmp_path / "file.parquet", schema, tables()).rows == 8
    assert max(allocated) < 3 * 2**20, "what is written, and the buffers of the writer: no second group"


def test_a_changed_document_replaces_its_row_wherever_that_is(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    run(tmp_path, second_night())
    now = articles(tmp_path)
    assert now["a/1"] == ("2024-05-02", "good and better")
    assert now["a/5"] == ("2024-05-09", "good 5")
    assert not [uri for uri, (partition, _) in now.items() if partition == "9999-12-31"]
    assert (tmp_path / "articles/published_date=9999-12-31/articles.parquet").exists()  # a reader may have listed it
    order = [row["uri"] for row in rows(tmp_path, "articles") if row["_partition"] == "2024-05-02"]
    assert order == ["a/7", "a/13", "a/25", "a/31", "a/37", "a/1", "b/0", "b/1", "b/2", "b/3", "b/4"]
    assert run(tmp_path, second_night()) is None


def test_readers_keep_an_article_whose_new_version_fails(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    run(tmp_path, second_night())
    assert articles(tmp_path)["a/2"] == ("2024-05-03", "good 2")
    assert held(tmp_path)["a/2", "bad tonight"] == ["bad-text"]


def test_a_document_that_passes_at_last_leaves_the_quarantine(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    assert ("a/9", "bad 9") in held(tmp_path)
    run(tmp_path, second_night(), run_date=RUN_DATE + timedelta(1))
    assert articles(tmp_path)["a/9"] == ("__HIVE_DEFAULT_PARTITION__", "good at last")
    assert "a/9" not in {uri for uri, _ in held(tmp_path)}
    assert ("a/19", "bad 19") in held(tmp_path)


def test_newer_broken_content_takes_the_place_of_older(tmp_path: Path) -> None:
    run(tmp_path, [document("u", "", "bad one"), document("w", "", "bad")])
    run(tmp_path, [document("u", "", "bad two"), document("w", "", "bad")])
    assert list(held(tmp_path)) == [("w", "bad"), ("u", "bad two")]


def test_of_two_documents_with_one_uri_the_first_counts(tmp_path: Path) -> None:
    documents = [document("u", "", "one"), document("u", "", "two"), document("u", "", "one"), document("u", "", "two")]
    run(tmp_path, documents)
    assert articles(tmp_path) == {"u": ("__HIVE_DEFAULT_PARTITION__", "one")}
    assert held(tmp_path) == {("u", "two"): ["duplicate-uri"]}
    (row,) = rows(tmp_path, "runs")
    assert (row["documents"], row["unchanged"], row["published"], row["quarantined"]) == (4, 2, 1, 1)
    assert run(tmp_path, documents) is None
    changed = [document("u", "", "three"), document("u", "", "two")]
    run(tmp_path, changed)
    assert articles(tmp_path)["u"][1] == "three"
    assert list(held(tmp_path)) == [("u", "two")]
    assert run(tmp_path, changed) is None


def test_a_duplicate_that_comes_alone_is_taken_as_a_new_document(tmp_path: Path) -> None:
    run(tmp_path, [document("u", "", "one"), document("u", "", "two")])
    run(tmp_path, [document("u", "", "two"), document("u", "", "two")], run_date=RUN_DATE + timedelta(1))
    assert articles(tmp_path)["u"][1] == "two" and not held(tmp_path)
    assert run(tmp_path, [document("u", "", "two")]) is None


def test_a_duplicate_of_a_broken_document_stays_while_both_come(tmp_path: Path) -> None:
    """The same input writes nothing; what comes alone, or first, is published."""
    both = [document("u", "", "bad one"), document("u", "", "two")]
    run(tmp_path, both)
    assert run(tmp_path, both) is None
    assert held(tmp_path)["u", "two"] == ["duplicate-uri"]
    run(tmp_path, both[::-1])
    assert articles(tmp_path)["u"][1] == "two"
    assert run(tmp_path, both[::-1]) is None


def test_duplicates_that_swap_places_settle(tmp_path: Path) -> None:
    run(tmp_path, [document("u", "", "one")])
    swapped = [document("u", "", "two"), document("u", "", "one")]
    run(tmp_path, swapped)
    assert articles(tmp_path)["u"][1] == "two"
    assert list(held(tmp_path)) == [("u", "one")]
    assert run(tmp_path, swapped) is None


def test_a_held_partition_goes_to_the_quarantine_whole(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    before = articles(tmp_path)
    moved = [
        document("a/0", "2024-05-02", "good, moved"),
        document("c", "2024-05-02", "good"),
        document("d", "2024-06-01"),
    ]
    commit = run(tmp_path, moved, hold=[date(2024, 5, 2)])
    assert commit is not None
    assert (commit.published, commit.quarantined, commit.partitions_written) == (1, 2, 1)
    assert articles(tmp_path) == {**before, "d": ("2024-06-01", "text")}
    assert held(tmp_path)["a/0", "good, moved"] == held(tmp_path)["c", "good"] == ["share"]
    content = {row["uri"]: row["content"] for row in rows(tmp_path, "quarantine")}
    assert content["c"] == b"2024-05-02|good"
    assert rows(tmp_path, "runs")[-1]["partitions_held"] == 1
    assert run(tmp_path, moved) is None


def test_the_counts_for_the_gate(tmp_path: Path) -> None:
    with Warehouse.open(str(tmp_path)).stage() as staging:
        fill(staging, [document("a", "2024-05-01"), document("b", "2024-05-01", "bad"), document("c", "", "bad")], 2)
        assert staging.partition_counts() == [(None, 1, 1, 0), (date(2024, 5, 1), 2, 1, 0)]
        assert (staging.published, staging.quarantined, staging.partitions_written()) == (1, 2, 1)
        staging.hold(date(2024, 5, 1), Problem("gate", "share", None, CRITICAL, "too many"))
        assert (staging.published, staging.quarantined, staging.partitions_written()) == (0, 3, 0)
    assert tree(tmp_path) == {}


def test_the_digest_names_the_work_not_its_batches(tmp_path: Path) -> None:
    digests = set()
    for size in (1, 5, 40):
        with Warehouse.open(str(tmp_path)).stage() as staging:
            fill(staging, first_night(), size)
            digests.add(staging.digest())
    assert len(digests) == 1
    with Warehouse.open(str(tmp_path)).stage() as staging:
        fill(staging, first_night()[1:], 5)
        assert staging.digest() not in digests


def test_work_that_comes_back_gets_a_run_of_its_own(tmp_path: Path) -> None:
    runs = [run(tmp_path, [document("u", "", text)]) for text in ("one", "two", "one")]
    ids = [commit.run_id for commit in runs if commit]
    assert ids[2] == f"{ids[0]}-2"
    assert [row["run_id"] for row in rows(tmp_path, "runs")] == ids


def test_the_record_lists_what_was_written(tmp_path: Path) -> None:
    commit = run(tmp_path, first_night())
    assert commit is not None
    record = json.loads((tmp_path / f"_commits/{commit.run_id}.json").read_bytes())
    assert {file["path"]: file["sha256"] for file in record["files"]} == {
        name: digest for name, digest in tree(tmp_path).items() if not name.startswith("_commits/")
    }
    assert record["counts"]["published"] == 36


def test_history_says_what_is_known_and_where(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    history = Warehouse.open(str(tmp_path)).history()
    good, bad = first_night()[0], first_night()[9]
    assert history.is_known(good.article_id, good.content_sha256)
    assert history.fate_of(good.article_id, good.content_sha256) == "published"
    assert history.fate_of(bad.article_id, bad.content_sha256) == "quarantined"
    assert history.fate_of(good.article_id, bad.content_sha256) is None
    assert history.partition_of(good.article_id) == date(2024, 5, 1)
    assert history.partition_of(first_night()[3].article_id) is None
    with pytest.raises(KeyError):
        history.partition_of(bad.article_id)
    assert list(history.select(first_night())) == []
    assert (history.delivered, history.unchanged) == (40, 40)
    assert [d.uri for d in history.select(first_night(), retry_quarantined=True)] == ["a/9", "a/19", "a/29", "a/39"]


def test_what_was_held_can_be_tried_again(tmp_path: Path) -> None:
    run(tmp_path, [document("u", "2024-05-01")], hold=[date(2024, 5, 1)])
    warehouse = Warehouse.open(str(tmp_path))
    history = warehouse.history()
    with warehouse.writing(), warehouse.stage(history) as staging:
        fill(staging, history.select([document("u", "2024-05-01")], retry_quarantined=True), 5)
        staging.commit(staging.run_id(RUN_DATE), RUN_DATE, ROW)
    assert articles(tmp_path) == {"u": ("2024-05-01", "text")}
    assert held(tmp_path) == {}


def test_recent_runs(tmp_path: Path) -> None:
    for night in range(4):
        run(tmp_path, [document("u", "", str(night))], run_date=RUN_DATE + timedelta(night // 2))
    recent = Warehouse.open(str(tmp_path)).runs(3)
    assert [row["run_date"] for row in recent] == [RUN_DATE, RUN_DATE + timedelta(1), RUN_DATE + timedelta(1)]
    assert [row["run_id"] for row in recent] == [row["run_id"] for row in rows(tmp_path, "runs")[1:]]


def test_reports_are_written_and_read(tmp_path: Path) -> None:
    warehouse = Warehouse.open(str(tmp_path))
    where = warehouse.write_report("site/index.html", b"<p>")
    assert Path(where).read_bytes() == warehouse.read_report("site/index.html") == b"<p>"
    assert warehouse.read_report("none") is None
    for name in ("../escape", "/etc/passwd", "a//b", ".hidden", "a/../b"):
        with pytest.raises(ValueError, match="not a plain relative path"):
            warehouse.write_report(name, b"")


@pytest.mark.parametrize("uri", ["../../x", "a'\"b\n\x00c", "u" * 5000, "\udc80"])
def test_any_uri_will_do(tmp_path: Path, uri: str) -> None:
    if uri == "\udc80":
        uri = storable(uri)
    run(tmp_path, [document(uri)])
    assert list(articles(tmp_path)) == [uri]


# --- opening ---------------------------------------------------------------------------------------------------------


def test_opening_writes_nothing(tmp_path: Path) -> None:
    Warehouse.open(str(tmp_path / "new")).history()
    assert not (tmp_path / "new").exists()


def test_a_readme_does_no_harm_but_other_files_do(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    (tmp_path / ".gitkeep").touch()
    Warehouse.open(str(tmp_path))
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(WarehouseError, match=r"'thesis\.docx'"):
        Warehouse.open(str(tmp_path))


def test_a_newer_warehouse_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "_warehouse.json").write_text('{"format": 99}')
    with pytest.raises(WarehouseError, match=r"newer copydesk.*99"):
        Warehouse.open(str(tmp_path))


@pytest.mark.parametrize(
    "marker", ["", "{}", "[1]", '{"format": null}', '{"format": true}', '{"format": 1e999}', "[" * 10**5, "\udcff"]
)
def test_a_damaged_marker_is_named(tmp_path: Path, marker: str) -> None:
    (tmp_path / "_warehouse.json").write_text(marker, "utf-8", "surrogateescape")
    with pytest.raises(WarehouseError, match=r"_warehouse\.json .* damaged"):
        Warehouse.open(str(tmp_path))


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    (tmp_path / "articles/published_date=2024-05-01/articles.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(WarehouseError, match="published_date=2024-05-01"):
        Warehouse.open(str(tmp_path)).history()


def _other(column: str, values: list[Any]) -> Callable[[pa.Table], pa.Table]:
    """The table with other values in one column."""
    return lambda table: table.set_column(table.schema.get_field_index(column), column, [values * len(table)])


FOREIGN: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "another table": (lambda table: pa.table({"x": [1]}), "no column|unknown here"),
    "an id that is null": (_other("article_id", [None]), "null"),
    "an id that is a number": (_other("article_id", [7]), "int64"),
    "an id that is not a digest": (_other("article_id", ["not hex"]), "not a digest"),
    "a column too many": (lambda table: table.append_column("mine", [["x"] * len(table)]), "'mine'"),
    "a column too few": (lambda table: table.drop_columns(["uri"]), "'uri'"),
    "a column twice": (lambda table: table.append_column("uri", table["uri"]), "two columns"),
    "a text that is null": (_other("uri", [None]), "null"),
}


@pytest.mark.parametrize("table", ["articles", "quarantine"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_stops_a_run_with_a_sentence(tmp_path: Path, table: str, kind: str) -> None:
    """It is named and left as it is, and so is everything that is published."""
    run(tmp_path, first_night())
    change, words = FOREIGN[kind]
    for path in tmp_path.glob(f"{table}/*/*.parquet"):
        pq.write_table(change(pq.ParquetFile(path).read()), path)
    before = tree(tmp_path)
    with pytest.raises(WarehouseError, match=rf"{table}/.*\.parquet .*({words})"):
        run(tmp_path, [*second_night(), document("a/3", "", "newer"), document("a/19", "", "bad, newer")])
    assert {name: digest for name, digest in tree(tmp_path).items() if not name.startswith("_")} == {
        name: digest for name, digest in before.items() if not name.startswith("_")
    }


def test_an_older_file_without_a_column_that_may_be_null_is_extended(tmp_path: Path) -> None:
    run(tmp_path, [document("a", "2024-05-01")])
    (path,) = tmp_path.glob("articles/*/*.parquet")
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["attribution"]), path)
    run(tmp_path, [document("b", "2024-05-01")])
    assert [row["attribution"] for row in rows(tmp_path, "articles")] == [None, None]


def test_damaged_nights_of_old_cost_their_trend_alone(tmp_path: Path) -> None:
    run(tmp_path, [document("a")], run_date=RUN_DATE)
    run(tmp_path, [document("b")], run_date=RUN_DATE + timedelta(1))
    (tmp_path / f"runs/run_date={RUN_DATE}/runs.parquet").write_bytes(b"PAR1")
    assert [row["run_date"] for row in Warehouse.open(str(tmp_path)).runs()] == [RUN_DATE + timedelta(1)]
    assert run(tmp_path, [document("c")], run_date=RUN_DATE + timedelta(2)) is not None


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_NOFILE"), reason="limits are those of POSIX")
def test_too_many_open_files_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, first_night())
    warehouse = Warehouse.open(str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    names = warehouse.store.names("articles")
    monkeypatch.setattr(warehouse.store, "names", lambda folder: names)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(WarehouseError, match="Too many open files") as caught:
            warehouse.history()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "damaged" not in str(caught.value) and "backup" not in str(caught.value)


def test_a_folder_that_cannot_be_listed_stops_the_run(tmp_path: Path) -> None:
    """Taken for empty, its articles would come a second time, and its files would be replaced."""
    run(tmp_path, first_night())
    warehouse = Warehouse.open(str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(WarehouseError, match="Too many open files"):
            warehouse.history()
        with pytest.raises(OSError, match="Too many open files"):
            warehouse.store.names("articles")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_unknown_kind_of_url_is_told(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="nowhere://"):
        Warehouse.open("nowhere://bucket/path")


# --- the lock --------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from copydesk.warehouse import Warehouse
with Warehouse.open(sys.argv[1]).lock(0):
    print("locked", flush=True)
    if sys.argv[2:] == ["fork"]:
        import os, time
        if os.fork() == 0:
            time.sleep(30)
    sys.stdin.read()
"""


def holder(root: Path, *how: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root), *how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    return process


def test_a_second_run_stops_and_names_the_first(tmp_path: Path) -> None:
    first = holder(tmp_path)
    with pytest.raises(WarehouseBusy, match=rf"process {first.pid} on .*, since 20"):
        run(tmp_path, first_night(), wait_seconds=0)
    first.communicate(b"")
    assert run(tmp_path, first_night(), wait_seconds=0) is not None


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    first = holder(tmp_path)
    timer = threading.Timer(0.5, first.communicate)
    timer.start()
    assert run(tmp_path, first_night(), wait_seconds=60) is not None
    timer.join()


@pytest.mark.parametrize("how", [(), ("fork",)])
def test_the_lock_dies_with_its_process(tmp_path: Path, how: tuple[str, ...]) -> None:
    first = holder(tmp_path, *how)
    first.kill()
    first.wait()
    assert run(tmp_path, first_night(), wait_seconds=5) is not None


# --- object stores ---------------------------------------------------------------------------------------------------


def test_an_object_store_holds_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    run(tmp_path, second_night())
    url = f"memory://{tmp_path.name}"
    run(url, first_night())
    run(url, second_night())
    assert run(url, second_night()) is None
    store = Store.open(url)
    store.fs.get(store.root, str(tmp_path / "copy"), recursive=True)
    assert tree(tmp_path / "copy") == {
        name: digest for name, digest in tree(tmp_path).items() if not name.startswith("copy")
    }


# What the lock of an object store withstands stands in test_lock.py.
