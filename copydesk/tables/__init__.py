"""The tables of a warehouse as frames, for analysts: `copydesk.open("warehouse/").articles.to_pandas()`.

Nothing is read until a frame is asked for, and only the columns and dates that are. Reading needs no lock; see
`warehouse/README.md` for what readers may rely on while a run commits.
"""

from __future__ import annotations

import os

from copydesk.tables.table import Table, UnknownColumn
from copydesk.tables.tables import Tables
from copydesk.warehouse import Warehouse, WarehouseError

__all__ = ["Table", "Tables", "UnknownColumn", "open"]


def open(warehouse: str | os.PathLike[str] = "warehouse") -> Tables:  # noqa: A001  # it is called copydesk.open
    """The tables of the warehouse in a folder or at an object-store URL. No table is read yet.

    Raises `WarehouseError` if there is no warehouse, or if another version of copydesk has to read it.
    """
    url = os.fspath(warehouse)
    found = Warehouse.open(url)
    if not found.exists():
        raise WarehouseError(f"there is no warehouse at {url}; `copydesk run` makes one")
    return Tables(found.store)
