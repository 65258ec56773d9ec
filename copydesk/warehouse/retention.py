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


def expired(store: Store, keep: Keep, today: date, is_night: bool, scratch: Path) -> Iterator[str]:
    """The files whose rows are older than `keep` allows, other than those that are empty by now.

    Days are counted back from the newest night, which is `today` if this commit `is_night`: a decision about articles
    of long ago ends nothing. Files are never deleted, so they stay as files without rows, which all have one size.
    """
    newest = layout.number(today)
    if not is_night:
        nights = [number for table in ("sites", "runs") if (number := _newest(store, table)) is not None]
        newest = min([newest, *nights[:1]])
    for table, days in keep._asdict().items():
        names = store.names(table) if days is not None else []
        schema = getattr(schemas, table.upper())
        for name in names:
            number = layout.number_of(table, name)
            if number is not None and newest - layout.partition_of(number) > days:
                empty = parquet.write(scratch / f"empty-{table}", schema, [])
                if store.size(name) != empty.size:
                    yield name


def _newest(store: Store, table: str) -> int | None:
    """The newest day of a table. Only nights write `sites`, which older warehouses do not have."""
    numbers = (layout.number_of(table, name) for name in store.names(table))
    return max((number for number in numbers if number is not None), default=None)
