"""Documents in tables: `clean_table` gives what a run gives, in every engine and in batches of any size."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import copydesk
from copydesk.config import Config
from copydesk.run import nightly
from copydesk.run.job import Job

ROOT = Path(__file__).parent.parent
TEXTS = [
    "Caf\u00c3\u00a9 Reopens\n\nMay 21 2019\n\nThe caf\u00c3\u00a9 by the harbour is open again, the mayor said.",
    "Rain in the Valley\n\nRain in the Valley\n\nBEIRUT (Reuters) - The rain fell for ofthe most part at night.",
    None,
    "x",
    "Ferry Stays\n\nBy Ada Finch\n\n“The ferry stays,” said the council, which met in the town hall on Tuesday.",
]
TABLE = pa.table({"url": [f"https://post.example/{n}" for n in range(len(TEXTS))], "text": TEXTS})


@pytest.fixture(scope="module")
def cleaned() -> pa.Table:
    return copydesk.clean_table(TABLE)


def test_one_row_for_each_in_the_same_order(cleaned: pa.Table) -> None:
    assert cleaned.schema == copydesk.CLEANED
    assert cleaned["uri"].to_pylist() == TABLE["url"].to_pylist()
    assert cleaned["headline"].to_pylist() == ["Café Reopens", "Rain in the Valley", None, "", "Ferry Stays"]
    assert cleaned["published_date"][0].as_py() == date(2019, 5, 21)
    assert cleaned["byline"][4].as_py() == ["Ada Finch"]


def test_a_row_without_an_article_says_why(cleaned: pa.Table) -> None:
    row = cleaned.slice(2, 1).to_pylist()[0]
    assert [problem["rule"] for problem in row["problems"]] == ["no-text"]
    assert row["content_sha256"]
    assert {name for name, value in row.items() if value is not None} == {
        *("article_id", "uri", "content_sha256", "problems")
    }


def test_a_run_gives_the_same(cleaned: pa.Table, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "table.parquet")
    config = Config.model_validate({"run": {"workers": 1}})
    nightly.run(Job((str(tmp_path / "table.parquet"),), str(tmp_path / "warehouse"), date(2024, 5, 3), config))
    warehouse = copydesk.open(tmp_path / "warehouse")
    mine = {row["uri"]: row for row in cleaned.to_pylist()}
    published = warehouse.articles.to_arrow().to_pylist()
    assert len(published) == 3
    for row in published:
        own = mine[row["uri"]]
        shared = [name for name in row if name in own]
        assert len(shared) > 15
        assert {name: row[name] for name in shared} == {name: own[name] for name in shared}
        edits = warehouse.edits_of(row["uri"]).to_arrow().sort_by("sequence").to_pylist()
        assert [{name: edit[name] for name in own["edits"][0]} for edit in edits] == own["edits"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_batches_of_any_size_give_the_same(cleaned: pa.Table, size: int) -> None:
    batches = copydesk.clean_batches(TABLE.to_batches(max_chunksize=size))
    assert pa.Table.from_batches(list(batches)).equals(cleaned)


def test_frames_come_back_as_their_kind(cleaned: pa.Table) -> None:
    frame = TABLE.to_pandas()
    frame.index = pd.Index([5, 6, 7, 8, 9])
    made = copydesk.clean_table(frame)
    assert list(made.index) == [5, 6, 7, 8, 9]
    assert made["headline"].dropna().tolist() == cleaned["headline"].drop_null().to_pylist()
    polars = copydesk.clean_table(pl.from_arrow(TABLE))
    assert isinstance(polars, pl.DataFrame)
    assert polars["body"].to_list() == cleaned["body"].to_pylist()


def test_an_empty_table_has_the_columns() -> None:
    assert copydesk.clean_table(TABLE.slice(0, 0)).equals(copydesk.CLEANED.empty_table())


def test_rows_without_an_address_are_counted() -> None:
    table = pa.table({"text": ["Rain in the valley", "Snow on the hills"], "id": [None, "ab"]})
    assert copydesk.clean_table(table, name="news")["uri"].to_pylist() == ["news#1", "news#id=ab"]


def test_what_cannot_be_cleaned_is_said() -> None:
    with pytest.raises(ValueError, match=r"no column is named text, .*; the columns are: words\. sources\.fields"):
        copydesk.clean_table(pa.table({"words": ["Rain in the valley"]}))
    with pytest.raises(TypeError, match=r"a pyarrow, pandas or Polars table is needed, not builtins\.list"):
        copydesk.clean_table([{"text": "Rain in the valley"}])
    with pytest.raises(TypeError, match=r"collect\(\) a lazy frame first"):
        copydesk.clean_table(pl.LazyFrame({"text": ["Rain in the valley"]}))
    needed: Any
    for needed, kind in ((TABLE, "ChunkedArray"), (TABLE.to_batches()[0], "Array"), (TABLE.to_pandas(), "str")):
        with pytest.raises(TypeError, match=rf"record batches are needed, not .*{kind}; give a table to .*clean_table"):
            list(copydesk.clean_batches(needed))


@pytest.mark.parametrize("content", [None, 7, bytearray(b"Rain"), Path("a.txt")])
def test_content_or_a_uri_of_other_types_is_refused_with_what_is_needed(content: Any) -> None:
    with pytest.raises(TypeError, match=f"content is bytes or str, not {type(content).__name__}"):
        copydesk.clean(content, uri="x")
    with pytest.raises(TypeError, match="uri is a str, the address or path of the document, not"):
        copydesk.clean("Rain in the valley", uri=content)


@pytest.mark.parametrize("texts", [["Rain in the valley", 7, None], [7, "Rain in the valley", None]])
def test_a_column_of_several_kinds_is_named_with_what_helps(texts: list[Any]) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "text": texts})
    with pytest.raises(ValueError, match=r"the column 'text' holds .* \(int, str\); .*\.astype\('string'\)"):
        copydesk.clean_table(frame)
    frame["text"] = frame["text"].astype("string")
    assert len(copydesk.clean_table(frame)) == 3


def test_settings_that_are_no_config_are_refused_with_what_to_pass() -> None:
    settings: Any = {"typos": {"mode": "off"}}
    said = r"not dict; pass copydesk\.Config\.model_validate\(\{\.\.\.\}\)"
    with pytest.raises(TypeError, match=said):
        copydesk.clean_table(TABLE, settings)
    with pytest.raises(TypeError, match=said):
        copydesk.clean("Rain in the valley", "a.txt", settings)
    with pytest.raises(TypeError, match=r"not str; pass copydesk\.Config\(\)"):
        list(copydesk.clean_batches(TABLE.to_batches(), "copydesk.toml"))  # type: ignore[arg-type]


# --- engines, where they are installed -------------------------------------------------------------------------------


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import engines

    yield engines
    sys.modules.pop("engines")


def test_with_dask(cleaned: pa.Table, engines: Any) -> None:
    dd = pytest.importorskip("dask.dataframe")
    done = engines.with_dask(dd.from_pandas(TABLE.to_pandas(), npartitions=2)).compute(scheduler="synchronous")
    assert done["headline"].dropna().tolist() == cleaned["headline"].drop_null().to_pylist()
    assert done["uri"].tolist() == cleaned["uri"].to_pylist()


def test_with_spark(cleaned: pa.Table, engines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    sql = pytest.importorskip("pyspark.sql")
    try:
        spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    except Exception as error:  # noqa: BLE001 - without a JVM
        pytest.skip(str(error))
    try:
        done = engines.with_spark(spark.createDataFrame(TABLE.to_pylist())).orderBy("uri").toArrow()
    finally:
        spark.stop()
    assert done["body"].to_pylist() == cleaned["body"].to_pylist()
    assert [len(edits or ()) for edits in done["edits"].to_pylist()] == [
        len(edits or ()) for edits in cleaned["edits"].to_pylist()
    ]


def test_with_datatrove(cleaned: pa.Table, engines: Any) -> None:
    data = pytest.importorskip("datatrove.data")
    documents = [data.Document(text=text or "", id=str(n)) for n, text in enumerate(TEXTS)]
    done = list(engines.datatrove_step(rows=2).run(documents))
    assert [one.metadata["headline"] for one in done] == ["Café Reopens", "Rain in the Valley", "Ferry Stays"]
    assert done[0].text == f"Café Reopens\n\n{cleaned['body'][0]}"
