"""The documents of the warehouse that a run takes up again, with their content as it came."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
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


#: Rows of the quarantine by the id and the content of the document.
Held = Mapping[tuple[str, str], Mapping[str, Any]]


def held(warehouse: Warehouse, wanted: Stored) -> Held:
    """The chosen documents of the quarantine. Raises `WarehouseError` if one of `wanted.uris` is not there."""
    if wanted.kind == REPROCESS:
        return {}
    some = quarantined(warehouse.store, set(wanted.uris) or None, wanted.since, whole=bool(wanted.uris))
    newest = {row["article_id"]: row for row in some if _fits(row, wanted)}
    there(wanted.uris, list(newest.values()))
    return {(key, row["content_sha256"]): row for key, row in newest.items()}


def documents(warehouse: Warehouse, history: History, wanted: Stored, held: Held) -> Iterator[Document]:
    """The chosen documents; those of the quarantine are `held`. Those whose content is no longer kept are counted in
    the log and left out.
    """
    keys = set(_published(warehouse, history, wanted)) if wanted.kind == REPROCESS else set(held)
    history.leave(() if wanted.kind == REPROCESS else keys)
    missing = set(keys)
    for row in warehouse.raw(keys):
        missing.discard((row["article_id"], row["content_sha256"]))
        yield document_of(row)
    for key in sorted(missing):
        own = held.get(key, {})
        if own.get("content") is not None and own["media_type"] != "record":  # the row of the quarantine says enough
            missing.discard(key)
            yield Document(uri=own["uri"], content=own["content"], media_type=own["media_type"])
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
