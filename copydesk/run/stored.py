"""The documents of the warehouse that a run takes up again, with their content as it came."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import Any

from copydesk.records import Document, article_id
from copydesk.run.job import REPROCESS, Stored
from copydesk.text.site import site_of
from copydesk.warehouse import Warehouse
from copydesk.warehouse.history import History
from copydesk.warehouse.quarantined import documents as quarantined
from copydesk.warehouse.quarantined import there
from copydesk.warehouse.schemas import document_of

log = logging.getLogger(__name__)


def documents(warehouse: Warehouse, history: History, wanted: Stored) -> Iterator[Document]:
    """The chosen documents. Those whose content is no longer kept are counted in the log and left out.

    Raises `WarehouseError` if one of `wanted.uris` is not there.
    """
    held: dict[tuple[str, str], dict[str, Any]] = {}
    if wanted.kind == REPROCESS:
        keys = set(_published(warehouse, history, wanted))
    else:
        some = quarantined(warehouse.store, set(wanted.uris) or None, wanted.since, whole=bool(wanted.uris))
        newest = {row["article_id"]: row for row in some if _fits(row, wanted)}
        there(wanted.uris, list(newest.values()))
        held = {(key, row["content_sha256"]): row for key, row in newest.items()}
        keys = set(held)
    history.leave(() if wanted.kind == REPROCESS else keys)
    missing = set(keys)
    for row in warehouse.raw(keys):
        missing.discard((row["article_id"], row["content_sha256"]))
        yield document_of(row)
    for key in sorted(missing):
        row = held.get(key, {})
        if row.get("content") is not None and row["media_type"] != "record":  # the row of the quarantine says enough
            missing.discard(key)
            yield Document(uri=row["uri"], content=row["content"], media_type=row["media_type"])
    if missing:
        log.warning("left out, as nothing is kept that could be read again: %d documents", len(missing))


def _fits(row: dict[str, Any], wanted: Stored) -> bool:
    if wanted.rule is not None and all(reason["rule"] != wanted.rule for reason in row["reasons"]):
        return False
    return wanted.site is None or site_of(row["uri"]) == wanted.site


def _published(warehouse: Warehouse, history: History, wanted: Stored) -> Iterator[tuple[str, str]]:
    """The id and content of each chosen article."""
    only = {article_id(uri) for uri in wanted.uris}
    with_rule = _with_rule(warehouse, wanted.rule) if wanted.rule is not None else None
    columns = ["article_id", "content_sha256", "site", "last_changed_at"]
    for day in sorted(set(history.published.days.tolist())):
        for row in warehouse.columns_of_day(day, columns).to_pylist():
            key = row["article_id"]
            since = wanted.since is None or row["last_changed_at"].date() >= wanted.since
            site = wanted.site is None or row["site"] == wanted.site
            if since and site and (not only or key in only) and (with_rule is None or key in with_rule):
                yield key, row["content_sha256"]


def _with_rule(warehouse: Warehouse, rule: str) -> Collection[str]:
    found: set[str] = set()
    for _, edits in warehouse.edits_by_day(["article_id", "rule"]):
        found.update(row["article_id"] for row in edits.to_pylist() if row["rule"] == rule)
    return found
