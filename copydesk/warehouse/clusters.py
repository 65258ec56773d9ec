"""The clusters of a warehouse, as its tables say: which articles are copies of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.records import article_id
from copydesk.warehouse import partition
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.schemas import ARTICLES, DUPLICATES
from copydesk.warehouse.store import Store, WarehouseError, in_words

_COLUMNS = (
    *("article_id", "uri", "site", "headline", "published_at", "word_count"),
    *("cluster_id", "duplicate_of", "syndicated_from"),
)
_BRIEF = ("article_id", "cluster_id", "duplicate_of", "site", "syndicated_from")

Row = dict[str, Any]


def of_article(store: Store, uri: str) -> list[Row]:
    """The articles of the cluster of a document, the canonical one first and then by date; one if there are no copies.

    Each has some columns of `articles`, `published_date`, and `kind`, `similarity` and `other_id` of its pair, None for
    the canonical one. Raises `WarehouseError` if the document is not published.
    """
    key = article_id(uri)
    with in_words("read the table articles"):
        brief = list(_columns(store, _BRIEF))
        cluster = next((row["cluster_id"] for row in _rows(brief, "article_id", key)), None)
        if cluster is None:
            raise WarehouseError(f"{uri!r} is not published; `copydesk why URI` says where it is")
        return members(store, {cluster})[cluster]


def largest(store: Store, limit: int, agency: str | None = None) -> tuple[list[tuple[str, int]], int]:
    """The canonical article and the size of the largest clusters, and how many clusters there are. With `agency` only
    those with an article that was taken over from it. Raises `WarehouseError`.
    """
    with in_words("read the table articles"):
        tables = [pa.schema([ARTICLES.field(name) for name in _BRIEF]).empty_table()]
        tables += [table for _, table in _columns(store, _BRIEF)]
        table = pa.concat_tables(tables)
    counts = table["cluster_id"].value_counts()
    sizes = dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
    chosen = set(sizes)
    if agency is not None:
        chosen &= set(table.filter(pc.equal(table["syndicated_from"], agency))["cluster_id"].to_pylist())
    several = sorted(((key, sizes[key]) for key in chosen if sizes[key] > 1), key=lambda one: (-one[1], one[0]))
    return several[:limit], len(several)


def members(store: Store, clusters: set[str]) -> dict[str, list[Row]]:
    """The articles of some clusters, each as `of_article` gives them. Raises `WarehouseError`."""
    wanted = pa.array(sorted(clusters), pa.string())
    found: dict[str, list[Row]] = {key: [] for key in sorted(clusters)}
    with in_words("read the tables articles and duplicates"):
        for day, brief in _columns(store, ("cluster_id",)):
            if pc.any(pc.is_in(brief["cluster_id"], wanted)).as_py():
                pairs, name = _pairs(store, day), store.partitions.file("articles", day)
                columns = [*_COLUMNS, *["published_date"] * store.partitions.has_months("articles")]
                for group in partition.read(store, name, store.partitions.schema("articles"), columns):
                    group = group.select(_COLUMNS).append_column("published_date", dates_of(group, day))
                    for row in group.filter(pc.is_in(group["cluster_id"], wanted)).to_pylist():
                        pair = pairs.get(row["article_id"], dict.fromkeys(("other_id", "kind", "similarity")))
                        found[row["cluster_id"]].append({**row, **pair})
    for rows in found.values():
        rows.sort(key=lambda row: (row["duplicate_of"] is not None, str(row["published_date"]), row["uri"]))
    return found


def _pairs(store: Store, day: int) -> dict[str, Row]:
    """The pair of each copy of one day, by its id; of several the most similar."""
    name = store.partitions.file("duplicates", day)
    groups = partition.read(store, name, DUPLICATES) if store.size(name) is not None else ()
    rows = [row for group in groups for row in group.to_pylist()]
    rows.sort(key=lambda row: row["similarity"])
    return {row.pop("article_id"): row for row in rows}


def _columns(store: Store, columns: tuple[str, ...]) -> Iterator[tuple[int, pa.Table]]:
    for name in store.names("articles"):
        day = store.partitions.number_of("articles", name)
        if day is not None:
            for group in partition.read(store, name, ARTICLES, list(columns)):
                yield day, group


def _rows(tables: list[tuple[int, pa.Table]], column: str, value: str) -> Iterator[Row]:
    for _, table in tables:
        yield from table.filter(pc.equal(table[column], value)).to_pylist()
