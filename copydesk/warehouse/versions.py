"""The versions of an article: those that were replaced, and the published one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.records import article_id
from copydesk.reviewed import Choices, review
from copydesk.warehouse import partition
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import RESTORE, Decision, choices, read
from copydesk.warehouse.published import article_of
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.schemas import VERSIONS
from copydesk.warehouse.store import WarehouseError, in_words
from copydesk.warehouse.warehouse import Warehouse


def versions(warehouse: Warehouse, uri: str) -> list[dict[str, Any]]:
    """The rows of `VERSIONS` of one document, oldest first; the published one is last, with `replaced_by` empty.

    Raises `WarehouseError` if nothing was ever published of it.
    """
    key = article_id(uri)
    with in_words("read the table versions"):
        rows = [row for table in _replaced(warehouse, key) for row in table.to_pylist()]
    rows.sort(key=lambda row: row["version"])
    rows += warehouse.published(warehouse.history(), [key]).to_pylist()
    if not rows:
        raise WarehouseError(f"no version of {uri!r} was ever published here; uris are those of the table articles")
    return rows


def _replaced(warehouse: Warehouse, key: str) -> Iterator[pa.Table]:
    for name in warehouse.store.names("versions"):
        found = False
        for group in partition.read(warehouse.store, name, VERSIONS, ["article_id"]):
            found = found or pc.any(pc.equal(group["article_id"], key)).as_py()
        for group in partition.read(warehouse.store, name, VERSIONS) if found else ():
            yield group.filter(pc.equal(group["article_id"], key))


def restore(
    warehouse: Warehouse, uri: str, number: int, decision: Decision, at: datetime, keep: Keep = FOREVER
) -> dict[str, Any]:
    """Publish version `number` of a document again, under the lock; returns its row as it was.

    The version that is published now is kept, and its content is not published again when it comes back; `decision`
    says who decided and why. Raises `WarehouseError` if there is no such version, or if it is the published one.
    """
    rows = versions(warehouse, uri)
    *others, present = rows
    if present["replaced_by"]:
        raise WarehouseError(f"{uri!r} is not published; nothing can take its place")
    if present["version"] == number:
        raise WarehouseError(f"version {number} of {uri!r} is the published one")
    wanted = next((row for row in others if row["version"] == number), None)
    if wanted is None:
        there = ", ".join(str(row["version"]) for row in others) or "none was replaced"
        raise WarehouseError(f"{uri!r} has no version {number}; versions that can be restored: {there}")
    made = Choices.of(choices(read(warehouse.store)))
    if _alike(wanted, present, made):
        raise WarehouseError(f"version {number} of {uri!r} is what is published, as version {present['version']}")
    content = present["content_sha256"] if present["content_sha256"] != wanted["content_sha256"] else None
    with Change(warehouse.store, at, keep) as change:
        put_back(change, wanted, present, made, at)
        change.commit([decision._replace(action=RESTORE, uri=uri, version=number, content_sha256=content)])
    return wanted


def _alike(wanted: Mapping[str, Any], present: Mapping[str, Any], made: Choices) -> bool:
    """Whether restoring a version would publish what is published."""
    rows = [review(*article_of(row), made) for row in (wanted, present)]
    said = [(one.content_sha256, one.headline, one.body, one.published_date, edits) for one, edits, _ in rows]
    return said[0] == said[1]


def put_back(
    change: Change, wanted: Mapping[str, Any], present: Mapping[str, Any], made: Choices, at: datetime
) -> None:
    """Let a kept version take the place of the published one, as the next version and with its edits as people decided.

    Both are rows of `VERSIONS`; the published one is kept.
    """
    article, edits = article_of(wanted)
    article, edits, _ = review(article, edits, made)
    article = replace(
        article, version=present["version"] + 1, first_seen_at=present["first_seen_at"], last_changed_at=at
    )
    change.replace([article], edits)
    change.keep(pa.Table.from_pylist([present], VERSIONS))
