"""The tables for analysts: `copydesk.open` reads what is asked for, `copydesk sql` reads and does nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner, Result
from warehouse_runs import document, first_night, run, second_night, tree

import copydesk
from copydesk.cli import main
from copydesk.tables import Tables, UnknownColumn
from copydesk.tables.sql import SqlError
from copydesk.warehouse import WarehouseError, layout

ESCAPE = "\x1b[31mred\u202e"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tables") / "warehouse"
    run(root, first_night())
    run(root, second_night())
    run(root, [document("hostile", "2024-05-01", f"{ESCAPE}\nsecond line")])
    return root


@pytest.fixture
def warehouse(root: Path) -> Tables:
    return copydesk.open(root)


# --- frames


def test_every_table_is_there_with_its_types(warehouse: Tables) -> None:
    for name, key in layout.KEYS.items():
        table = getattr(warehouse, name)
        assert table.to_arrow().schema == table.schema
        assert table.schema.field(key).type == pa.date32()
        assert table.columns == [*layout.SCHEMAS[name].names, key]
        assert all(field.metadata[b"description"] for field in table.schema)
    assert list(warehouse) == list(layout.KEYS)
    assert set(layout.KEYS) <= set(dir(warehouse))
    assert warehouse.articles.count() == 43
    assert "articles" in repr(warehouse) and "uri" in repr(warehouse.articles)


def test_a_table_that_nothing_was_written_to_has_no_rows(warehouse: Tables) -> None:
    assert warehouse.decisions.count() == 0
    assert list(warehouse.decisions.to_pandas().columns) == warehouse.decisions.columns
    assert warehouse.decisions.to_polars().collect().shape == (0, len(warehouse.decisions.columns))


def test_rows_are_chosen_by_date_and_condition(warehouse: Tables) -> None:
    articles = warehouse.articles.select("uri", "published_date")
    assert articles.on("2024-05-09").to_arrow().num_rows == 5
    assert articles.on(None).to_arrow()["published_date"].null_count == articles.on(None).count() == 6
    days = set(articles.between("2024-05-01", date(2024, 5, 3)).to_arrow()["published_date"].to_pylist())
    assert days == {date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3)}
    assert articles.between(last="2024-05-01").count() + articles.between("2024-05-02").count() + 6 == articles.count()
    one = articles.on("2024-05-09").where(pc.field("uri") == "a/5")
    assert one.to_arrow().to_pylist() == [{"uri": "a/5", "published_date": date(2024, 5, 9)}]
    assert [batch.num_rows for batch in one.to_batches() if batch.num_rows] == [1]


def test_other_dates_are_not_read(tmp_path: Path) -> None:
    run(tmp_path, [document("a", "2024-05-01"), document("b", "2024-05-02"), document("c", "")])
    for table in ("articles", "edits"):
        (tmp_path / layout.file(table, layout.number(date(2024, 5, 2)))).write_bytes(b"no Parquet")
    warehouse = copydesk.open(tmp_path)
    assert warehouse.articles.on("2024-05-01").count() == 1
    assert warehouse.articles.between("2024-05-03").count() == 0
    assert warehouse.articles.on(None).to_pandas()["uri"].tolist() == ["c"]
    polars = pytest.importorskip("polars")
    early = warehouse.articles.to_polars().filter(polars.col("published_date") < date(2024, 5, 2))
    assert early.select("uri").collect()["uri"].to_list() == ["a"]
    assert warehouse.sql("SELECT uri FROM articles WHERE published_date < '2024-05-02'").to_pylist() == [{"uri": "a"}]
    with pytest.raises(WarehouseError, match="could not read the table articles"):
        warehouse.articles.to_arrow()
    with pytest.raises((WarehouseError, SqlError)):
        warehouse.sql("SELECT sum(length(body)) FROM articles")


def test_frames_have_types(warehouse: Tables) -> None:
    frame = warehouse.articles.to_pandas()
    assert frame["published_date"].isna().sum() == 6
    assert frame["view_count"].dtype == "Int64"
    assert frame["published_date"].dropna().iloc[0] == date(1, 1, 1)
    lazy = warehouse.articles.select("uri", "published_date").on("2024-05-09").to_polars()
    assert type(lazy).__name__ == "LazyFrame"
    assert lazy.collect().shape == (5, 2)


def test_an_article_and_its_edits(warehouse: Tables) -> None:
    for uri, day in (("a/5", date(2024, 5, 9)), ("a/3", None)):
        article = warehouse.article(uri).to_arrow().to_pylist()
        edits = warehouse.edits_of(uri).to_arrow().to_pylist()
        assert [row["uri"] for row in article] == [uri]
        assert [(row["sequence"], row["published_date"]) for row in edits] == [(0, day), (1, day)]
        assert {row["article_id"] for row in edits} == {article[0]["article_id"]}
    assert warehouse.edits_of("nowhere").count() == warehouse.article("nowhere").count() == 0


def test_mistakes_are_answered_with_what_there_is(warehouse: Tables, tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="no table 'articels'; there are: articles, edits, "):
        _ = warehouse.articels
    with pytest.raises(KeyError, match="no table 'articels'"):
        warehouse["articels"]
    with pytest.raises(UnknownColumn, match="articles has no column 'headlin'; it has: article_id, uri"):
        warehouse.articles.select("headlin")
    with pytest.raises(WarehouseError, match="there is no warehouse at"):
        copydesk.open(tmp_path / "nothing")
    with pytest.raises(ValueError, match="May"):
        warehouse.articles.on("2024-May-01")


def test_a_warehouse_on_s3_reads_alike(bucket: str, root: Path) -> None:
    run(bucket, first_night())
    run(bucket, second_night())
    there, here = copydesk.open(bucket), copydesk.open(root)
    assert there.articles.on("2024-05-09").to_arrow().equals(here.articles.on("2024-05-09").to_arrow())
    query = "SELECT count(*) AS n, count(edits.published_date) AS dated FROM articles JOIN edits USING (article_id)"
    assert there.sql(query).to_pylist() == [{"n": 84, "dated": 72}]


# --- SQL


def test_sql_reads_the_tables(warehouse: Tables) -> None:
    found = warehouse.sql("SELECT published_date AS day, count(*) AS n FROM articles GROUP BY day ORDER BY day")
    assert found.to_pylist()[-1] == {"day": None, "n": 6}
    assert found.schema.field("day").type == pa.date32()
    at = warehouse.sql("SELECT first_seen_at FROM articles LIMIT 1")["first_seen_at"][0].as_py()
    assert at.isoformat() == "2024-05-06T00:00:00+00:00"
    assert {row["name"] for row in warehouse.sql("SHOW TABLES").to_pylist()} == set(layout.KEYS)
    assert warehouse.sql("EXPLAIN SELECT 1").num_rows == 1
    assert warehouse.sql("SELECT unnest(reasons).rule AS rule FROM quarantine").to_pylist()[0] == {"rule": "bad-text"}


@pytest.mark.parametrize(
    "query",
    [
        "COPY articles TO 'stolen.csv'",
        "EXPLAIN ANALYZE COPY articles TO 'stolen.csv'",
        "-- why\nEXPLAIN (ANALYZE) COPY articles TO 'stolen.csv'",
        "CREATE TABLE copied AS FROM articles",
        "DELETE FROM articles",
        "INSERT INTO runs SELECT * FROM runs",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('secret.txt')",
        "SELECT * FROM read_text('secret.txt')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM 'secret.txt'",
        "SELECT * FROM read_parquet('https://example.invalid/a.parquet')",
        "SELECT * FROM read_parquet('s3://bucket/a.parquet')",
        "SELECT getenv('HOME')",
        "SELECT * FROM variable",
        "",
    ],
)
def test_a_query_reads_the_tables_and_nothing_else(
    warehouse: Tables, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text("a,b\n1,2\n")
    variable = pa.table({"a": [1]})
    with pytest.raises(SqlError) as caught:
        warehouse.sql(query)
    assert "example.invalid" not in str(caught.value) or "disabled" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]
    assert len(variable) == 1


def test_large_sorts_leave_nothing_behind(
    warehouse: Tables, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(root)
    big = "SELECT count(*) AS n FROM (SELECT a.body FROM articles a, articles b, articles c ORDER BY hash(a.body))"
    assert warehouse.sql(big).to_pylist() == [{"n": 43**3}]
    assert list(tmp_path.iterdir()) == []
    assert tree(root) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(a.range + b.range) FROM range(1000000) a, range(100000000) b",
        "FROM range(10000000000000) WHERE range < 0",
    ],
)
def test_ctrl_c_ends_a_query_that_runs_too_long(warehouse: Tables, query: str) -> None:
    began = time.monotonic()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
    try:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            warehouse.sql(query)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 60, "each takes hours"


# --- the command


def sql(root: Path, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["sql", "--warehouse", str(root), *arguments], input=given)


def test_rows_as_csv_and_json(root: Path) -> None:
    query = (
        "SELECT uri, published_date, byline, sum(word_count) OVER () AS words, validation = 'pass' AS passed,"
        " view_count FROM articles WHERE uri IN ('a/3', 'a/5') ORDER BY uri"
    )
    found: list[dict[str, Any]] = json.loads(sql(root, query, "--json").stdout)
    assert found == json.loads(sql(root, query, "--format", "json").stdout)
    assert found[1] == {
        "uri": "a/5",
        "published_date": "2024-05-09",
        "byline": ["A. Writer"],
        "words": 0,
        "passed": True,
        "view_count": None,
    }
    rows = list(csv.reader(io.StringIO(sql(root, query, "--format", "csv").stdout)))
    assert rows[0] == list(found[0])
    assert rows[1] == ["a/3", "", '["A. Writer"]', "0", "true", ""]
    assert json.loads(sql(root, "SELECT uri FROM articles WHERE false", "--json").stdout) == []
    twice = json.loads(sql(root, "SELECT 1 AS a, 2 AS a, 'nan'::DOUBLE AS b, 'a\\xFF'::BLOB AS c", "--json").stdout)
    assert twice == [{"a": 1, "a_2": 2, "b": None, "c": "a\\xff"}]


def test_rows_as_a_table(root: Path) -> None:
    found = sql(root, "SELECT uri, length(body) AS length, body, dateline FROM articles WHERE uri = 'hostile'").stdout
    head, rule, row = found.splitlines()
    assert head.split() == ["uri", "length", "body", "dateline"]
    assert set(rule) == {"-", " "}
    assert "\x1b" not in found and "\u202e" not in found
    assert "⟨ESC⟩[31mred⟨RLO⟩ second line" in row
    assert row.endswith("null")
    assert row[head.index("length") :].startswith("    21  "), "numbers are flush right"
    many = sql(root, "SELECT a.uri FROM articles a, articles b")
    assert len(many.stdout.splitlines()) == 202
    assert "first 200 rows" in many.stderr


def test_without_a_query_the_views_are_listed(root: Path) -> None:
    text = sql(root).stdout
    assert [line for line in text.splitlines() if line[:1] != " "] == list(layout.KEYS)
    assert "published_date" in text and "DATE" in text and "The headline; empty if there is none" in text
    listed = json.loads(sql(root, "--json").stdout)
    assert {"table": "articles", "column": "byline", "type": "VARCHAR[]"}.items() <= next(
        row for row in listed if row["column"] == "byline"
    ).items()
    assert len(listed) == sum(len(schema) + 1 for schema in layout.SCHEMAS.values())


def test_a_query_from_standard_input(root: Path) -> None:
    assert sql(root, "-", "--format", "csv", given="SELECT count(*) AS n\nFROM articles").stdout == "n\n43\n"


def test_errors_say_what_there_is(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for query, said in (
        ("SELECT 1 FROM articels", "There are: articles, edits, "),
        ("SELECT headlin FROM articles", "articles has: article_id, uri, "),
        ("SELEC 1", "^"),
        ("SELECT uri::INT FROM articles", "a/"),
        ("DROP TABLE articles", "write a SELECT"),
        ("SELECT article_id FROM articles, edits", "articles.article_id"),
    ):
        found = sql(root, query)
        assert found.exit_code == 2, query
        assert said in found.stderr
        assert found.stderr.startswith("copydesk: ")
        assert "Traceback" not in found.output
    assert "no warehouse at" in sql(tmp_path / "none", "SELECT 1").stderr
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'copydesk[sql]'" in sql(root, "SELECT 1").stderr


def test_a_reader_that_stops_early_is_no_error(root: Path) -> None:
    query = "SELECT a.body, b.body FROM articles a, articles b, articles c"
    command = [sys.executable, "-m", "copydesk.cli", "sql", query, "--format", "csv", "--warehouse", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"body,body\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141  # as of `cat`, so that nobody takes a part for the whole
