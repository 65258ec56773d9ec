"""What the README of the warehouse promises to pandas, Polars, DuckDB and pyarrow, also while a run commits."""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from click.testing import CliRunner
from warehouse_runs import document, first_night, needs_installed, run, second_night, tree

from copydesk.cli import main
from copydesk.warehouse import Warehouse, WarehouseBusy, layout, schemas

README = Path(__file__).parents[1] / "warehouse" / "README.md"
BY_DATE = ds.partitioning(pa.schema([("published_date", pa.date32())]), flavor="hive")


def with_pandas(root: str) -> list[tuple[str, str, Any]]:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(f"{root}/articles", partitioning=BY_DATE)
    days = frame["published_date"].astype(object).where(frame["published_date"].notna(), None)
    return list(zip(frame["uri"], frame["body"], days, strict=True))


def with_pyarrow(root: str) -> list[tuple[str, str, Any]]:
    table = ds.dataset(f"{root}/articles", partitioning="hive").to_table(["uri", "body", "published_date"])
    return [tuple(row.values()) for row in table.to_pylist()]


def with_duckdb(root: str) -> list[tuple[str, str, Any]]:
    duckdb = pytest.importorskip("duckdb")
    query = (
        f"SELECT uri, body, published_date FROM read_parquet('{root}/articles/*/*.parquet', hive_partitioning = true)"
    )
    with duckdb.connect() as connection:
        return list(connection.execute(query).fetchall())


def with_polars(root: str) -> list[tuple[str, str, Any]]:
    polars = pytest.importorskip("polars")
    frame = polars.scan_parquet(f"{root}/articles", hive_partitioning=True).select("uri", "body", "published_date")
    return list(frame.collect().iter_rows())


def with_polars_through_pyarrow(root: str) -> list[tuple[str, str, Any]]:
    polars = pytest.importorskip("polars")
    frame = polars.scan_pyarrow_dataset(ds.dataset(f"{root}/articles", partitioning=BY_DATE))
    return list(frame.select("uri", "body", "published_date").collect().iter_rows())


READERS = [with_pandas, with_pyarrow, with_duckdb, with_polars, with_polars_through_pyarrow]
Reader = Callable[[str], list[tuple[str, str, Any]]]


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("warehouse")
    (root / "README.md").write_text("for people")
    run(root, first_night())
    run(root, second_night())
    return root


@pytest.mark.parametrize("read", READERS)
def test_plain_reading_works(two_nights: Path, read: Reader) -> None:
    found = {uri: (body, None if day is None else str(day)) for uri, body, day in read(str(two_nights))}
    assert len(found) == 42
    assert found["a/0"] == ("good 0", "2024-05-01")
    assert found["a/3"] == ("good 3", None)
    assert found["a/4"] == ("good 4", "0001-01-01")
    assert found["a/5"] == ("good 5", "2024-05-09")
    assert found["a/1"] == ("good and better", "2024-05-02")


def test_the_largest_date_is_read_too(tmp_path: Path) -> None:
    run(tmp_path, [document("end", "9999-12-31"), document("start", "0001-01-01")])
    for read in READERS:
        assert {uri: str(day) for uri, _, day in read(str(tmp_path))} == {"end": "9999-12-31", "start": "0001-01-01"}


def test_plain_pandas_gives_dates(two_nights: Path) -> None:
    """No argument beside the folder: what a reader types first has to work, the undated included."""
    pandas = pytest.importorskip("pandas")
    articles = pandas.read_parquet(two_nights / "articles").set_index("uri")
    assert articles.loc["a/5", "published_date"] == date(2024, 5, 9)
    assert articles.loc["a/4", "published_date"] == date(1, 1, 1)
    assert articles["published_date"].isna().sum() == 6
    for table in ("edits", "quarantine", "runs", "validations"):
        if (two_nights / table).exists():
            assert len(pandas.read_parquet(two_nights / table)) > 0
    one_day = pandas.read_parquet(two_nights / "articles", filters=[("published_date", "==", "2024-05-09")])
    assert set(one_day["published_date"]) == {date(2024, 5, 9)}
    assert len(pandas.read_parquet(two_nights / "articles", columns=["uri", "body"])) == 42


def test_plain_reading_works_where_no_article_has_a_date(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    run(tmp_path, [document("a", ""), document("b", "")])
    for table in ("articles", "edits"):
        frame = pandas.read_parquet(tmp_path / table)
        assert len(frame) > 0
        assert frame["published_date"].isna().all()
    for read in READERS:
        assert {(uri, day) for uri, _, day in read(str(tmp_path))} == {("a", None), ("b", None)}


@pytest.mark.parametrize("read", READERS)
def test_readers_during_commits_see_old_or_new(tmp_path: Path, read: Reader) -> None:
    """Every version of a partition has one text in all its rows; a mixture, a gap or an error would show.

    DuckDB and Polars' own reader look at a file more than once in a query, and raise an error when it was replaced in
    between; the README says so. They may read again, but what they then give must be right.
    """
    may_fail = read in (with_duckdb, with_polars)
    days = ["2024-01-01", "2024-01-02", "2024-01-03", ""]

    def version(text: str) -> Iterator[Any]:
        return (document(f"{day}/{n}", day, text) for day in days for n in range(5))

    run(tmp_path, version("v0"))
    done = threading.Event()
    failures: list[Any] = []
    reads = 0

    def look() -> None:
        nonlocal reads
        while not done.is_set():
            try:
                rows = read(str(tmp_path))
            except BaseException as error:  # noqa: BLE001  # a panic in Polars is no Exception
                if not may_fail:
                    failures.append(error)
                continue
            reads += 1
            for day in {row[2] for row in rows}:
                texts = [text for _, text, other in rows if other == day]
                if len(texts) != 5 or len(set(texts)) != 1:
                    failures.append((day, texts))
            if len(rows) != 20:
                failures.append(len(rows))

    reader = threading.Thread(target=look)
    reader.start()
    end = time.monotonic() + 1.5
    number = 0
    while reader.is_alive() and (time.monotonic() < end or reads < 3 or number < 3):
        number += 1
        run(tmp_path, version(f"v{number}"))
        if failures:
            break
    done.set()
    reader.join()
    assert failures == []
    assert number > 2


# --- the README ------------------------------------------------------------------------------------------------------


def test_the_readme_describes_every_column() -> None:
    text = README.read_text()
    for name in layout.KEYS:
        schema: pa.Schema = getattr(schemas, name.upper())
        part = text.split(f"### `{name}`", 1)[1].split("###", 1)[0]
        described = re.findall(r"^\| `(\w+)` \| `?([^`|]+)`? \| (.+?) \|$", part, re.MULTILINE)
        wanted = [(f.name, kind(f), f.metadata[b"description"].decode()) for f in schema]
        assert described == [(layout.KEYS[name], "date", described[0][2]), *wanted], f"table {name}"


def kind(field: pa.Field) -> str:
    """The type of a column as the README writes it."""
    names = {"list<item: string not null>": "list<string>", "list<item: int32 not null>": "list<int32>"}
    name = "list<struct>" if "<item: struct<" in str(field.type) else names.get(str(field.type), str(field.type))
    return f"{name}, null" if field.nullable else name


EXAMPLES = re.findall(r"^```(python|sh)\n(.+?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a warehouse, as the examples expect it."""
    folder = tmp_path_factory.mktemp("readme")
    run(folder / "warehouse", first_night())
    return folder


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_readme_run(
    number: int, beside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    language, example = EXAMPLES[number]
    needs_installed(example)
    monkeypatch.chdir(beside)
    if language == "sh":
        for line in example.splitlines():
            done = CliRunner().invoke(main, shlex.split(line)[1:])
            assert (done.exit_code, done.stderr) == (0, ""), done.output
            assert done.stdout
        return
    exec(compile(example, f"{README}, example {number}", "exec"), {})
    assert capfd.readouterr().out.strip()


def test_the_readme_has_an_example_for_each_reader() -> None:
    whole = "".join(example for _, example in EXAMPLES)
    for reader in ("copydesk sql", "copydesk.open", "duckdb", "pandas", "polars", "pyarrow", "pyspark"):
        assert reader in whole, reader
    assert len(EXAMPLES) >= 8


# --- S3 --------------------------------------------------------------------------------------------------------------


def test_a_warehouse_on_s3_holds_the_same_bytes(tmp_path: Path, bucket: str) -> None:
    for root in (tmp_path / "local", bucket):
        run(root, first_night())
        run(root, second_night())
        assert run(root, second_night()) is None
    store = Warehouse.open(bucket).store
    store.fs.get(store.root, str(tmp_path / "copy"), recursive=True)
    assert tree(tmp_path / "copy") == tree(tmp_path / "local")
    assert Warehouse.open(bucket).runs(1)[0]["run_date"] == date(2024, 5, 6)


def test_the_lock_on_s3_lets_one_in(bucket: str) -> None:
    second = Warehouse.open(bucket).lock(0)
    with Warehouse.open(bucket).lock(0), pytest.raises(WarehouseBusy, match="since 20"):
        second.__enter__()
    with Warehouse.open(bucket).lock(0):
        pass


def test_readers_of_s3_see_old_or_new(bucket: str) -> None:
    """Reader loops during runs: a file that is replaced while it is read may raise, but never give wrong rows."""
    store = Warehouse.open(bucket).store
    days = ["2024-01-01", "2024-01-02", ""]

    def version(text: str) -> list[Any]:
        return [document(f"{day}/{n}", day, text) for day in days for n in range(4)]

    run(bucket, version("v0"))
    done = threading.Event()
    wrong: list[Any] = []
    reads = 0

    def look() -> None:
        nonlocal reads
        while not done.is_set():
            store.fs.invalidate_cache()
            try:
                table = ds.dataset(f"{store.root}/articles", filesystem=store.fs, partitioning="hive").to_table()
                rows = table.select(["published_date", "body"]).to_pylist()
            except (OSError, pa.ArrowException):
                continue
            reads += 1
            texts = {(row["published_date"], row["body"]) for row in rows}
            if len(rows) != 12 or len(texts) != 3:
                wrong.append(texts)

    reader = threading.Thread(target=look)
    reader.start()
    number = 0
    while not wrong and (number < 4 or reads < 4) and number < 40:
        number += 1
        run(bucket, version(f"v{number}"))
    done.set()
    reader.join()
    assert wrong == []
    assert reads >= 4
