"""Months instead of days: readers see the same rows, runs and commands keep their promises, `compact` may be killed."""

from __future__ import annotations

import errno
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from test_commit_crash import attempts
from warehouse_runs import document, first_night, run, second_night, tree

import copydesk
from copydesk.cli import main
from copydesk.config import Config
from copydesk.edits import Edit
from copydesk.run.nightly import Job
from copydesk.run.nightly import run as whole_run
from copydesk.warehouse import Warehouse, layout
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.layout import DAILY, MONTHLY, Partitions
from copydesk.warehouse.published import article_of

FEW = [document("a", "2024-05-01"), document("b", "2024-05-02"), document("c", "2024-06-01"), document("d")]
MAY = "articles/published_month=2024-05-01/articles.parquet"


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("daily") / "warehouse"
    run(root, first_night())
    run(root, second_night())
    return root


@pytest.fixture(scope="module")
def monthly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("monthly") / "warehouse"
    run(root, first_night(), by="month")
    run(root, second_night())  # the warehouse says which partitions it has
    return root


def compact(root: Path | str, wanted: Partitions) -> Any:
    warehouse = Warehouse.open(str(root))
    with warehouse.writing():
        return warehouse.compact(wanted)


def found(root: Path | str, table: str = "articles") -> list[dict[str, Any]]:
    """All rows, as `copydesk.open` gives them, in an order that does not depend on files."""
    rows = copydesk.open(root)[table].to_arrow().to_pylist()
    return sorted(rows, key=lambda row: (row["article_id"], row.get("sequence", 0)))


def sound(root: Path | str) -> bool:
    return Warehouse.open(str(root)).audit().findings == []


def files(root: Path, table: str = "articles") -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in (root / table).rglob("*.parquet"))


def count(root: Path) -> int:
    """The number of files of the tables that can have months."""
    return sum(len(files(root, table)) for table in layout.BY_MONTH)


def with_rows(root: Path) -> dict[str, str]:
    """SHA-256 of the files of the tables that have rows."""
    return {
        name: digest
        for name, digest in tree(root).items()
        if name.endswith(".parquet") and pq.read_metadata(root / name).num_rows
    }


# --- runs


def test_a_month_is_one_file(monthly: Path, daily: Path) -> None:
    months = [f"articles/published_month={day}/articles.parquet" for day in ("0001-01-01", "2024-05-01", "9999-12-01")]
    assert files(monthly) == [*months, f"articles/published_month={layout.HIVE_NULL}/articles.parquet"]
    assert [name.replace("articles", "edits") for name in files(monthly)] == files(monthly, "edits")
    assert len(files(daily)) > len(files(monthly))
    assert json.loads((monthly / "_warehouse.json").read_text())["partitions"] == "month"
    assert "partitions" not in json.loads((daily / "_warehouse.json").read_text())


def test_both_hold_the_same_rows(monthly: Path, daily: Path) -> None:
    for table in ("articles", "edits", "quarantine"):
        assert found(monthly, table) == found(daily, table)
    assert len(found(monthly)) == 42
    assert sound(monthly)
    assert copydesk.open(monthly).articles.schema == copydesk.open(daily).articles.schema
    assert copydesk.open(monthly).articles.on("2024-05-09").count() == 5
    assert copydesk.open(monthly).articles.on(None).count() == copydesk.open(daily).articles.on(None).count()


def test_the_same_input_twice_writes_nothing(monthly: Path) -> None:
    before = tree(monthly)
    assert run(monthly, second_night()) is None
    assert run(monthly, second_night(), by="day") is None
    assert tree(monthly) == before


def test_the_bytes_do_not_depend_on_batches(tmp_path: Path, monthly: Path) -> None:
    run(tmp_path, first_night(), by="month", size=1000)
    run(tmp_path, second_night(), size=3)
    assert tree(tmp_path) == tree(monthly)


def test_a_held_date_leaves_the_rest_of_its_month(tmp_path: Path) -> None:
    documents = [document("a", "2024-05-01"), document("b", "2024-05-02"), document("c", "2024-05-31"), document("d")]
    run(tmp_path, documents, hold=[date(2024, 5, 2), None], by="month")
    assert {row["uri"] for row in found(tmp_path)} == {"a", "c"}
    assert {row["uri"] for row in found(tmp_path, "quarantine")} == {"b", "d"}
    assert len(found(tmp_path, "edits")) == 4
    assert sound(tmp_path)


def test_an_article_that_changes_its_date_has_one_row(tmp_path: Path) -> None:
    run(tmp_path, [document("a", "2024-05-01"), document("b", "2024-05-01")], by="month")
    for day in ("2024-05-20", "2024-06-01", "", "2024-06-02"):
        run(tmp_path, [document("a", day)])
        rows = {row["uri"]: row["published_date"] for row in found(tmp_path)}
        assert rows == {"a": date.fromisoformat(day) if day else None, "b": date(2024, 5, 1)}
        assert sound(tmp_path)


def test_a_run_of_one_undated_article_can_be_read(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    run(tmp_path, [document("a")], by="month")
    assert pandas.read_parquet(tmp_path / "articles")["published_date"].isna().all()


# --- readers that know nothing of copydesk


def with_pandas(root: Path) -> list[tuple[Any, ...]]:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(root / "articles")
    assert str(frame["published_date"].dtype) == "date32[day][pyarrow]"
    days = frame["published_date"].astype(object).where(frame["published_date"].notna(), None)
    return list(zip(frame["uri"], days, strict=True))


def with_pyarrow(root: Path) -> list[tuple[Any, ...]]:
    table = ds.dataset(root / "articles", partitioning="hive").to_table(["uri", "published_date"])
    assert table.schema.field("published_date").type == pa.date32()
    return [tuple(row.values()) for row in table.to_pylist()]


def with_duckdb(root: Path) -> list[tuple[Any, ...]]:
    duckdb = pytest.importorskip("duckdb")
    query = f"SELECT uri, published_date FROM read_parquet('{root}/articles/*/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        return list(connection.execute(query).fetchall())


def with_polars(root: Path) -> list[tuple[Any, ...]]:
    polars = pytest.importorskip("polars")
    frame = polars.scan_parquet(root / "articles", hive_partitioning=True).select("uri", "published_date")
    return list(frame.collect().iter_rows())


@pytest.mark.parametrize("read", [with_pandas, with_pyarrow, with_duckdb, with_polars])
def test_plain_readers_get_dates(monthly: Path, daily: Path, read: Any) -> None:
    wanted = {row["uri"]: row["published_date"] for row in found(daily)}
    rows = dict(read(monthly))
    assert rows == wanted
    assert {type(day) for day in rows.values()} == {date, type(None)}


# --- commands


def test_decisions_and_restored_versions_find_their_partition(tmp_path: Path) -> None:
    run(tmp_path, [document("a", "2024-05-20"), document("b", "2024-05-21")], by="month")
    warehouse = Warehouse.open(str(tmp_path))
    at = datetime(2024, 5, 7, tzinfo=UTC)
    with warehouse.writing():
        row = warehouse.published(warehouse.history(), [found(tmp_path)[0]["article_id"]]).to_pylist()[0]
        assert row["published_date"] in (date(2024, 5, 20), date(2024, 5, 21))
        article, edits = article_of(row)
        with Change(warehouse.store, at) as change:
            changed = [Edit(**{**edits[0]._asdict(), "status": "rejected"}), *edits[1:]]
            change.replace([article], changed)
            change.commit([Decision("reject", "me", uri=article.uri)])
    assert len(found(tmp_path)) == 2
    assert [row["status"] for row in found(tmp_path, "edits")].count("rejected") == 1
    assert [row["published_date"] for row in found(tmp_path)].count(row["published_date"]) == 1
    days = {row["uri"]: row["published_date"] for row in found(tmp_path)}
    assert days == {"a": date(2024, 5, 20), "b": date(2024, 5, 21)}
    dated = warehouse.columns_of_day(layout.number(date(2024, 5, 3)), ["uri"]).to_pylist()
    assert {row["uri"]: row["published_date"] for row in dated} == days


def test_check_finds_and_repairs(tmp_path: Path, monthly: Path) -> None:
    root = tmp_path / "warehouse"
    shutil.copytree(monthly, root)
    (root / MAY).write_bytes(b"damaged")
    stray = root / "articles/published_date=2024-05-01/articles.parquet"
    stray.parent.mkdir()
    shutil.copy(monthly / MAY, stray)
    warehouse = Warehouse.open(str(root))
    with warehouse.writing():
        audit = warehouse.audit()
        assert {finding.kind for finding in audit.findings} >= {"damaged", "stray"}
        warehouse.repair(audit)
    assert not stray.exists()
    assert sound(root)
    run(root, second_night())
    # The newer version of a/2 is quarantined, so nothing publishes the older one again.
    assert {row["uri"] for row in found(root)} == {row["uri"] for row in found(monthly)} - {"a/2"}
    assert sound(root)


# --- compact


def test_compacting_gives_what_months_would_have_been(tmp_path: Path, daily: Path, monthly: Path) -> None:
    root = tmp_path / "warehouse"
    shutil.copytree(daily, root)
    before, after = compact(root, MONTHLY)
    assert (before, after) == (count(daily), count(monthly))
    assert files(root) == files(monthly)
    assert not list(root.glob("*/published_date=*"))
    assert found(root) == found(daily)
    assert found(root, "edits") == found(daily, "edits")
    assert sound(root)
    held = tree(root)
    assert compact(root, MONTHLY) == (after, after)
    assert run(root, second_night()) is None
    assert tree(root) == held
    compact(root, DAILY)  # files without rows are fewer then
    assert with_rows(root) == with_rows(daily)
    assert sound(root)


def test_a_run_after_compacting_ends_where_one_before_would_have(tmp_path: Path, daily: Path) -> None:
    run(tmp_path, first_night())
    compact(tmp_path, MONTHLY)
    run(tmp_path, second_night())
    assert sound(tmp_path)
    for table in ("articles", "edits", "quarantine"):
        assert found(tmp_path, table) == found(daily, table)


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.parametrize("kind", ["killed", "disk full"])
def test_compacting_fails_at_every_step(tmp_path: Path, kind: str) -> None:
    """What reads by the marker sees all rows once at any time, and repeating it ends where it would have."""
    error = OSError(errno.ENOSPC, "No space left on device") if kind == "disk full" else None
    start = tmp_path / "start"
    run(start, FEW)
    rows = found(start)
    shutil.copytree(start, tmp_path / "done")
    compact(tmp_path / "done", MONTHLY)
    wanted, states = tree(tmp_path / "done"), set()
    for root, _ in attempts(tmp_path, start, error, lambda root: compact(root, MONTHLY), also=[(Path, "unlink")]):
        assert found(root) == rows
        states.add(json.loads((root / "_warehouse.json").read_text()).get("partitions", "day"))
        compact(root, MONTHLY)
        assert tree(root) == wanted
    assert states == {"day", "month"}


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
def test_a_new_warehouse_that_dies_while_it_is_made(tmp_path: Path) -> None:
    for root, _ in attempts(tmp_path, None, None, lambda root: run(root, FEW, by="month")):
        run(root, FEW, by="month")
        assert len(files(root)) == 3
        assert len(found(root)) == len(FEW)
        assert sound(root)


def test_compacting_on_s3(bucket: str, daily: Path) -> None:
    run(bucket, first_night())
    run(bucket, second_night())
    compact(bucket, MONTHLY)
    assert found(bucket) == found(daily)
    assert sound(bucket)
    assert not [name for name in Warehouse.open(bucket).store.names("articles") if "published_date=" in name]


def test_the_command_and_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daily: Path, monthly: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(daily, tmp_path / "warehouse")
    asked = ["compact", "--partitions", "month", "--json"]
    told = json.loads(CliRunner().invoke(main, asked).stdout)
    assert told == {"from": "day", "to": "month", "files_before": count(daily), "files_after": count(monthly)}
    kept = f"Nothing to do: warehouse has {count(monthly)} files, one or more for each month and table.\n"
    assert CliRunner().invoke(main, ["compact"]).stdout == kept, "nobody asked for days"
    (tmp_path / "copydesk.toml").write_text('[warehouse]\npartitions = "day"\n')
    again = CliRunner().invoke(main, asked[:-1]).stdout
    assert 'Now set it in copydesk.toml, below [warehouse]: partitions = "month".' in again
    (tmp_path / "copydesk.toml").write_text('[warehouse]\npartitions = "month"\n')
    assert "Now set it" not in CliRunner().invoke(main, asked[:-1]).stdout
    assert f"Nothing to do: warehouse has {count(monthly)} files" in CliRunner().invoke(main, ["compact"]).stdout
    assert CliRunner().invoke(main, ["compact", "--warehouse", "none"]).exit_code == 2
    assert "Sound" in CliRunner().invoke(main, ["check"]).stdout


def test_a_whole_run_makes_months(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = tmp_path / "raw.jsonl"
    text = "The harbour of Latakia reopened on Monday after a storm, and ships came in again. " * 5
    source.write_text(
        "".join(
            json.dumps({"id": str(n), "text": f"Headline {n}\n\nMay {n + 1}, 2019\n\n{text}"}) + "\n" for n in range(3)
        )
    )
    config = Config.model_validate({"warehouse": {"partitions": "month"}, "typos": {"mode": "off"}})
    job = Job((str(source),), str(tmp_path / "warehouse"), date(2024, 5, 6), config)
    whole_run(job)
    assert files(tmp_path / "warehouse") == ["articles/published_month=2019-05-01/articles.parquet"]
    assert sound(tmp_path / "warehouse")
    whole_run(Job((str(source),), str(tmp_path / "warehouse"), date(2024, 5, 7), Config()))
    assert "copydesk compact" not in caplog.text  # a default contradicts nobody
    stated = Config.model_validate({"warehouse": {"partitions": "day"}})
    whole_run(Job((str(source),), str(tmp_path / "warehouse"), date(2024, 5, 7), stated))
    assert 'set [warehouse] partitions = "month" to keep it so, or run `copydesk compact`' in caplog.text
