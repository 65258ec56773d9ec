"""The warehouse: Hive-partitioned Parquet that readers may open at any time, and that one run at a time replaces.

`Warehouse` is the way in. Whoever writes begins with `writing()`, which takes the lock and recovers; a run then asks
its `history()` what is new, fills a `Staging` batch by batch and commits that. `warehouse/README.md` is the contract
for those who read the tables.
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
