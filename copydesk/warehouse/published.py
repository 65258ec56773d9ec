"""Published articles with their edits, as rows of the table `versions`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import Edit
from copydesk.records import Article
from copydesk.warehouse import layout, partition
from copydesk.warehouse.index import READERS
from copydesk.warehouse.schemas import ARTICLES, EDITS, UNWRITTEN, VERSIONS
from copydesk.warehouse.store import Store, in_words

_EDIT = [name for name in EDITS.names if name != "article_id"]


def rows(store: Store, wanted: Mapping[int, Sequence[str]]) -> Iterator[pa.Table]:
    """The articles of these ids, by partition, with the schema `VERSIONS`; `replaced_at` and `replaced_by` are not set.

    Raises `WarehouseError` if a file cannot be read.
    """
    with in_words("read what is published"), ThreadPoolExecutor(READERS) as pool:
        days = sorted(wanted)
        for first in range(0, len(days), READERS):
            some = days[first : first + READERS]
            yield from pool.map(lambda day: _of_day(store, day, wanted[day]), some)


def _of_day(store: Store, day: int, ids: Sequence[str]) -> pa.Table:
    keys = pa.array(ids, pa.string())
    edits: dict[str, list[dict[str, Any]]] = {key: [] for key in ids}
    beside, schema = store.partitions.file("edits", day), store.partitions.schema("articles")
    if store.size(beside) is not None:
        for group in partition.read(store, beside, EDITS):
            for row in group.filter(pc.is_in(group["article_id"], keys)).to_pylist():
                edits[row["article_id"]].append({name: row[name] for name in _EDIT})
    tables = [VERSIONS.empty_table()]
    for group in partition.read(store, store.partitions.file("articles", day), schema):
        found = group.filter(pc.is_in(group["article_id"], keys))
        made = pa.array([edits[key] for key in found["article_id"].to_pylist()], VERSIONS.field("edits").type)
        columns = {"published_date": dates_of(found, day), "edits": made}
        columns["replaced_at"] = pa.repeat(pa.scalar(UNWRITTEN, VERSIONS.field("replaced_at").type), len(found))
        columns["replaced_by"] = pa.repeat("", len(found))
        tables.append(pa.table([columns.get(f.name, found[f.name] if f.name in ARTICLES.names else None)
                                for f in VERSIONS], schema=VERSIONS))  # fmt: skip
    return pa.concat_tables(tables)


def dates_of(rows: pa.Table, day: int) -> Any:
    """The dates of rows of articles or edits: a column of the file, or that of the partition, whose number is `day`."""
    if "published_date" in rows.schema.names:
        return rows["published_date"]
    return pa.repeat(pa.scalar(layout.day(day), pa.date32()), len(rows))


def replaced_by(table: pa.Table, run_id: str, at: datetime) -> pa.Table:
    """Rows of `VERSIONS` that a commit replaces."""
    for name, value in (("replaced_at", at), ("replaced_by", run_id)):
        index = VERSIONS.get_field_index(name)
        field = VERSIONS.field(index)
        table = table.set_column(index, field, pa.repeat(pa.scalar(value, field.type), len(table)))
    return table


def article_of(row: Mapping[str, Any]) -> tuple[Article, list[Edit]]:
    """The article and its edits in a row of `VERSIONS`."""
    names = Article.__dataclass_fields__
    article = Article(**{name: row[name] for name in names if name != "byline"}, byline=tuple(row["byline"]))
    return article, [Edit.from_row({"article_id": row["article_id"], **edit}) for edit in row["edits"]]
