"""The documents of the warehouse that a run takes up again, with their content as it came."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from copydesk.config import SourcesConfig
from copydesk.records import Document, article_id
from copydesk.run.job import REPROCESS, Stored
from copydesk.sources.readers import read_record
from copydesk.text.site import site_of
from copydesk.warehouse import Warehouse
from copydesk.warehouse.history import History
from copydesk.warehouse.quarantined import documents as quarantined
from copydesk.warehouse.quarantined import there
from copydesk.warehouse.rows import document_of

log = logging.getLogger(__name__)


#: Rows of the quarantine by the id and the content of the document.
Held = Mapping[tuple[str, str], Mapping[str, Any]]


def held(warehouse: Warehouse, wanted: Stored) -> Held:
    """The chosen documents of the quarantine. Raises `WarehouseError` if one of `wanted.uris` is not there."""
    if wanted.kind == REPROCESS:
        return {}
    some = quarantined(warehouse.store, set(wanted.uris) or None, wanted.since)
    newest = {row["article_id"]: row for row in some if _fits(row, wanted)}
    there(wanted.uris, list(newest.values()))
    return {(key, row["content_sha256"]): row for key, row in newest.items()}


def documents(
    warehouse: Warehouse, history: History, wanted: Stored, held: Held, config: SourcesConfig
) -> Iterator[Document]:
    """The chosen documents; those of the quarantine are `held`. Where their raw document is no longer kept, the row of
    the quarantine has to do: it lacks what the source said beside the content. Others are counted in the log.
    """
    keys = set(_published(warehouse, history, wanted)) if wanted.kind == REPROCESS else set(held)
    history.leave(() if wanted.kind == REPROCESS else keys)
    missing = set(keys)
    for row in warehouse.raw(keys):
        missing.discard((row["article_id"], row["content_sha256"]))
        yield document_of(row)
    uris = {held[key]["uri"] for key in missing & held.keys()}
    for row in quarantined(warehouse.store, uris, whole=True) if uris else ():
        key = row["article_id"], row["content_sha256"]
        if key in missing and _is_whole(row):
            missing.discard(key)
            if row["media_type"] == "record":
                yield read_record(row["uri"], row["content"], row["encoding"] or "utf-8", config)
            else:
                yield Document(uri=row["uri"], content=row["content"], media_type=row["media_type"])
    unread = [held[key] for key in sorted(missing & held.keys())]
    for rows, why in ((unread, _unread(unread)), (missing - held.keys(), "no longer kept (warehouse.keep_raw_days)")):
        if rows:
            log.warning("%s left out: %s", f"{len(rows):,} document{'s' * (len(rows) != 1)}", why)


def _unread(rows: Sequence[Mapping[str, Any]]) -> str:
    """Why the quarantine does not have some documents whole."""
    told = (
        f"{row['uri']}: {reason['observed']}" for row in rows for reason in row["reasons"] if _is_of_reading(reason)
    )
    return f"not read whole from the source ({next(told, '')})"


def _is_whole(row: Mapping[str, Any]) -> bool:
    """Whether a row of the quarantine has the whole document. One that could not be read may have its beginning."""
    return not any(map(_is_of_reading, row["reasons"]))


def _is_of_reading(reason: Mapping[str, Any]) -> bool:
    return bool(reason["stage"] == "read" and reason["rule"] != "no-text")


def _fits(row: dict[str, Any], wanted: Stored) -> bool:
    if wanted.rule is not None and all(reason["rule"] != wanted.rule for reason in row["reasons"]):
        return False
    return wanted.site is None or site_of(row["uri"]) == wanted.site


def _published(warehouse: Warehouse, history: History, wanted: Stored) -> Iterator[tuple[str, str]]:
    """The id and content of each chosen article."""
    only = {article_id(uri) for uri in wanted.uris}
    with_rule = _with_rule(warehouse, wanted.rule) if wanted.rule is not None else None
    columns = ["article_id", "content_sha256", "site", "last_changed_at"]
    for day in sorted(set(history.published.files.tolist())):
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
