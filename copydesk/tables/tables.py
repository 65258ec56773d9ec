"""All tables of a warehouse."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.records import article_id
from copydesk.tables.table import Table
from copydesk.warehouse import layout
from copydesk.warehouse.store import Store


class Tables:
    """The tables of a warehouse, each as an attribute: `articles`, `edits`, `quarantine`, `runs` and so on.

    A table that no run has written yet has no rows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Table:
        if name not in layout.KEYS:
            raise AttributeError(f"there is no table {name!r}; there are: {', '.join(self)}")
        return Table(name, self._store)

    def __getitem__(self, name: str) -> Table:
        if name not in layout.KEYS:
            raise KeyError(f"there is no table {name!r}; there are: {', '.join(self)}")
        return Table(name, self._store)

    def __iter__(self) -> Iterator[str]:
        return iter(layout.KEYS)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self})

    def __repr__(self) -> str:
        return f"<warehouse {self._store.url}: {', '.join(self)}>"

    def article(self, uri: str) -> Table:
        """The published article of a document: one row, or none."""
        return self.articles.where(pc.field("article_id") == article_id(uri))

    def edits_of(self, uri: str) -> Table:
        """The edits of an article, in order. Looks up the article's date, so that only edits of that date are read."""
        key, found = layout.KEYS["articles"], self.article(uri)
        edits = self.edits.where(pc.field("article_id") == article_id(uri))
        days = found.select(key).to_arrow()[key].to_pylist()
        return edits.on(days[0]) if days else edits

    def sql(self, query: str) -> pa.Table:
        """The result of a DuckDB query, with the tables as views (extra `copydesk[sql]`).

        The query can read the tables and nothing else. Raises `copydesk.tables.sql.SqlError`.
        """
        from copydesk.tables.sql import result

        with result(self, query) as reader:
            return reader.read_all()
