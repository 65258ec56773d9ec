"""The warehouse: Hive-partitioned Parquet that can be read at any time and written by one run at a time.

`Warehouse` is the entry point. Writers call `writing()`, which takes the lock and recovers from interrupted runs; a run
then uses `history()` to find new documents, fills a `Staging` batch by batch, and commits it. `warehouse/README.md` is
the contract for readers of the tables.
"""

from copydesk.warehouse.audit import Audit, Finding
from copydesk.warehouse.commit import Commit
from copydesk.warehouse.history import History
from copydesk.warehouse.lock import WarehouseBusy
from copydesk.warehouse.staging import PartitionCount, Staging
from copydesk.warehouse.store import WarehouseError
from copydesk.warehouse.warehouse import Warehouse

__all__ = [
    "Audit",
    "Commit",
    "Finding",
    "History",
    "PartitionCount",
    "Staging",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseError",
]
