"""Many documents at once, as a table or a stream of record batches, for the pipelines of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa

from copydesk.config import Config, given
from copydesk.pipeline import clean_documents
from copydesk.records import Cleaned, Document, storable
from copydesk.sources.fields import names_text
from copydesk.sources.records import Place, arrival, canonical, distinct, no_text_column
from copydesk.sources.rows import records
from copydesk.warehouse.rows import articles_table, edits_table
from copydesk.warehouse.schemas import ARTICLES, EDITS, QUARANTINE

#: Rows that are cleaned together.
ROWS = 500
#: Columns that only a warehouse can fill.
_OF_WAREHOUSE = frozenset(
    "first_seen_at last_changed_at version duplicate_of cluster_id syndicated_from validation run_id".split()
)
#: Columns that a document without an article has, too.
_ALWAYS = ("article_id", "uri", "content_sha256")
_EDIT = pa.struct([field for field in EDITS if field.name != "article_id"])

_OWN = [field for field in ARTICLES if field.name not in _OF_WAREHOUSE]
#: The columns of cleaned documents: those of the table `articles` that need no warehouse, `published_date`, the edits
#: and the problems of each. Without an article only `article_id`, `uri`, `content_sha256` and `problems` are there.
CLEANED = pa.schema(
    [
        *(field.with_nullable(field.name not in _ALWAYS) for field in _OWN),
        pa.field("published_date", pa.date32()),
        pa.field("edits", pa.list_(pa.field("item", _EDIT, False))),
        pa.field("problems", pa.list_(pa.field("item", QUARANTINE.field("reasons").type.value_type, False)), False),
    ]
)

Frame = TypeVar("Frame")


def clean_table(table: Frame, config: Config | None = None, name: str = "table") -> Frame:
    """Clean the documents of a table, one in each row.

    Args:
        table: A pyarrow table or record batch, a pandas frame, or a Polars frame. Its columns are found by name as in
            the files of a source: the text in `text`, `raw_text`, `content` or `body`, the address in `url` or `uri`,
            the title in `title` or `headline`, and so on; `sources.fields` of the configuration names others.
        config: Settings, `copydesk.Config.model_validate({"typos": {"mode": "off"}})`; None means the defaults.
        name: Stands in the `uri` of rows that name no address: `table#17`, `table#id=ab12`.

    Returns the columns of `copydesk.CLEANED`, one row for each of `table`, in the same order and as the same kind of
    frame; a pandas frame keeps its index. A row gives the same whatever else is in the table. Articles are not
    compared with others, nor judged by the suites: that is done by a run.

    Raises ValueError if no column holds the text or a column of pandas has values of several kinds, TypeError for other
    kinds of tables, and what `copydesk.clean` raises.
    """
    done = pa.Table.from_batches(clean_batches(_as_arrow(table).to_batches(), config, name), CLEANED)
    return cast(Frame, _like(table, done))


def _like(table: Any, done: pa.Table) -> Any:
    """`done` as the kind of frame that `table` is."""
    if isinstance(table, pa.Table | pa.RecordBatch):
        return done
    if type(table).__module__.startswith("polars"):
        import polars

        return polars.from_arrow(done)
    frame = done.to_pandas()
    frame.index = table.index
    return frame


def clean_batches(
    batches: Iterable[pa.RecordBatch], config: Config | None = None, name: str = "table"
) -> Iterator[pa.RecordBatch]:
    """`clean_table` for a stream of record batches, as Spark's `mapInArrow` gives them; memory stays flat.

    Yields record batches with the columns of `copydesk.CLEANED`. Rows without an address are counted through all
    batches of the stream. Raises what `clean_table` raises, `TypeError` also for what is no record batch.
    """
    config = given(config)
    number = 0
    for batch in batches:
        if not isinstance(batch, pa.RecordBatch):
            raise TypeError(
                f"record batches are needed, not {_kind(batch)}; give a table to copydesk.clean_table, or its batches"
                " (table.to_batches())"
            )
        names = distinct(batch.schema.names)
        if not names_text(names, config.sources.fields):
            problem = no_text_column(name, names, b"").problem
            assert problem is not None
            raise ValueError(problem.observed)
        for start in range(0, batch.num_rows, ROWS):
            documents = []
            for record in records(batch.slice(start, ROWS), names):
                number += 1
                documents.append(
                    arrival(record, Place(name, number), canonical(record), "utf-8", config.sources).document()
                )
            yield _as_batch(clean_documents(documents, config), documents)


def _as_arrow(table: Any) -> pa.Table:
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if isinstance(table, pa.Table):
        return table
    if type(table).__module__.startswith("pandas") and hasattr(table, "columns"):
        return _of_pandas(table)
    if type(table).__module__.startswith("polars") and hasattr(table, "to_arrow") and hasattr(table, "columns"):
        return table.to_arrow()
    hint = "; collect() a lazy frame first" if hasattr(table, "collect") else ""
    hint = '; give series.to_frame("text")' if hasattr(table, "to_frame") else hint
    raise TypeError(f"a pyarrow, pandas or Polars table is needed, not {_kind(table)}{hint}")


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"


def _of_pandas(frame: Any) -> pa.Table:
    try:
        return _converted(frame)
    except UnicodeEncodeError:  # a lone surrogate, as half of an emoji
        return _converted(frame.map(_storable).rename(columns=_storable))


def _converted(frame: Any) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as error:
        for at, column in enumerate(frame.columns):
            try:
                pa.array(frame.iloc[:, at], from_pandas=True)
            except pa.ArrowException:
                kinds = sorted({type(value).__name__ for value in frame.iloc[:, at].dropna()})
                raise ValueError(
                    f"the column {column!r} holds values that Arrow has no common type for ({', '.join(kinds)}); make"
                    f" it text, frame[{column!r}] = frame[{column!r}].astype('string'), or leave it out"
                ) from error
        raise


def _storable(value: Any) -> Any:
    """`value` with the texts that it holds, at any depth, as Arrow can hold them."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set) or (isinstance(value, np.ndarray) and value.ndim):
        return [*map(_storable, value)]
    return value


def _as_batch(cleaned: Sequence[Cleaned], given: Sequence[Document]) -> pa.RecordBatch:
    """Cleaned documents with the columns of `CLEANED`."""
    articles = [one.article for one in cleaned if one.article is not None]
    rows = iter(range(len(articles)))
    places = pa.array([None if one.article is None else next(rows) for one in cleaned], pa.int64())
    table = articles_table(articles).take(places)
    columns = {field.name: table[field.name].combine_chunks() for field in (*_OWN, CLEANED.field("published_date"))}
    for column in _ALWAYS:
        columns[column] = pa.array([getattr(document, column) for document in given], pa.string())
    edits = edits_table([edit for one in cleaned if one.article for edit in one.edits], articles)
    counts = [len(one.edits) if one.article else 0 for one in cleaned]
    missing = pa.array([one.article is None for one in cleaned], pa.bool_())
    columns["edits"] = _lists(edits.select([field.name for field in _EDIT]).to_struct_array(), counts, missing)
    problems = pa.array([problem._asdict() for one in cleaned for problem in one.problems], _type_of("problems"))
    columns["problems"] = _lists(problems, [len(one.problems) for one in cleaned])
    return pa.record_batch([columns[field.name].cast(field.type) for field in CLEANED], schema=CLEANED)


def _type_of(column: str) -> pa.DataType:
    return CLEANED.field(column).type.value_type


def _lists(values: Any, counts: Sequence[int], missing: pa.Array | None = None) -> pa.ListArray:
    """`values` as lists of these lengths; null where they are `missing`."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    offsets = pa.array([0, *accumulate(counts)], pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=missing)
