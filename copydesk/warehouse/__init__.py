"""The warehouse: Hive-partitioned Parquet that can be read at any time and written by one run at a time.

`Warehouse` is the entry point. Writers call `writing()`, which takes the lock and recovers from interrupted runs; a run
then uses `history()` to find new documents, fills a `Staging` batch by batch, and commits it. `warehouse/README.md` is
the contract for readers of the tables.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copydesk.warehouse.audit import Audit, Finding
    from copydesk.warehouse.commit import Commit
    from copydesk.warehouse.history import History
    from copydesk.warehouse.lock import WarehouseBusy
    from copydesk.warehouse.staging import PartitionCount, Staging
    from copydesk.warehouse.store import WarehouseError
    from copydesk.warehouse.warehouse import Excerpt, Warehouse
else:
    # `copydesk.warehouse.schemas` is read by what writes no warehouse: the others are imported when they are asked for.
    _HOMES = {
        "Audit": "audit",
        "Commit": "commit",
        "Excerpt": "warehouse",
        "Finding": "audit",
        "History": "history",
        "PartitionCount": "staging",
        "Staging": "staging",
        "Warehouse": "warehouse",
        "WarehouseBusy": "lock",
        "WarehouseError": "store",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value


__all__ = [
    "Audit",
    "Commit",
    "Excerpt",
    "Finding",
    "History",
    "PartitionCount",
    "Staging",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseError",
]
