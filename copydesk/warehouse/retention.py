"""How long replaced versions and raw documents are kept, and the partitions whose time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from copydesk.warehouse import layout, parquet, schemas
from copydesk.warehouse.store import Store


class Keep(NamedTuple):
    """Days that the rows of each table are kept; None means for ever."""

    versions: int | None = None
    raw: int | None = None


FOREVER = Keep()


def expired(store: Store, keep: Keep, today: date, scratch: Path) -> Iterator[str]:
    """The files whose rows are older than `keep` allows, other than those that are empty by now.

    Files are never deleted, so they stay as files without rows, which all have one size.
    """
    for table, days in keep._asdict().items():
        names = store.names(table) if days is not None else []
        schema = getattr(schemas, table.upper())
        for name in names:
            number = layout.number_of(table, name)
            if number is not None and layout.number(today) - number > days:
                empty = parquet.write(scratch / f"empty-{table}", schema, [])
                if store.size(name) != empty.size:
                    yield name
