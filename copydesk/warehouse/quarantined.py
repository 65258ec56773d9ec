"""The documents in the quarantine, one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from copydesk.records import article_id
from copydesk.warehouse import layout, partition
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import DROP, Decision
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.schemas import QUARANTINE
from copydesk.warehouse.store import Store, WarehouseError, in_words

_BRIEF = [name for name in QUARANTINE.names if name not in ("content", "text")]


def documents(
    store: Store, uris: Collection[str] | None = None, since: date | None = None, whole: bool = False
) -> Iterator[dict[str, Any]]:
    """Rows of the quarantine with their `run_date`, all or those of `uris`; without their content unless `whole`."""
    with in_words("read the table quarantine"):
        for name in store.names("quarantine"):
            number = layout.number_of("quarantine", name)
            day = layout.day(number) if number is not None else None
            if day is None or (since is not None and day < since):
                continue
            for group in partition.read(store, name, QUARANTINE, None if whole else _BRIEF):
                for row in group.to_pylist():
                    if uris is None or row["uri"] in uris:
                        yield {**row, "run_date": day}


def drop(
    store: Store, uris: Sequence[str], decision: Decision, at: datetime, keep: Keep = FOREVER, dry_run: bool = False
) -> list[dict[str, Any]]:
    """Remove documents from the quarantine for good, under the lock; returns their rows. With `dry_run` they stay.

    Their present content is not taken up again when it comes back. Raises `WarehouseError` for a uri that is not there.
    """
    rows = list(documents(store, set(uris)))
    there(uris, rows)
    if dry_run:
        return rows
    with Change(store, at, keep) as change:
        for row in rows:
            change.release(row["article_id"], row["content_sha256"])
        about = [(row["uri"], row["content_sha256"]) for row in rows]
        change.commit([decision._replace(action=DROP, uri=uri, content_sha256=content) for uri, content in about])
    return rows


def there(uris: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Raise `WarehouseError` unless every one of `uris` is among the rows of the quarantine."""
    known = {row["article_id"] for row in rows}
    if missing := [uri for uri in uris if article_id(uri) not in known]:
        raise WarehouseError(f"{missing[0]!r} is not in the quarantine; `copydesk quarantine list` lists what is")
