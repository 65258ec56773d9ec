"""Takes the release of documents back: they leave the articles for the quarantine; what they replaced comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from copydesk.records import Problem, article_id
from copydesk.reviewed import Choices
from copydesk.run.batch import WITHDRAWN
from copydesk.warehouse import Warehouse, WarehouseError, decisions
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import RELEASE, WITHDRAW, Decision
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.rows import document_of, quarantine_row, quarantine_table
from copydesk.warehouse.versions import put_back, versions


def withdraw(warehouse: Warehouse, uris: Sequence[str], decision: Decision, at: datetime, keep: Keep = FOREVER) -> None:
    """Put released documents back into the quarantine, under the lock.

    The version that was published before is published again; of a document that had none nothing is. Raises
    `WarehouseError` for a document that is not published by a release, or whose raw content is no longer kept.
    """
    before = decisions.read(warehouse.store)
    known, gone = decisions.released(before), decisions.withdrawn(before)
    choices = Choices.of(decisions.choices(before))
    reasons = {(one.uri, one.content_sha256): one.reasons for one in before if one.action == RELEASE}
    rows = {row["uri"]: row for row in warehouse.published(warehouse.history(), map(article_id, uris)).to_pylist()}
    raw = {row["uri"]: row for row in warehouse.raw({(r["article_id"], r["content_sha256"]) for r in rows.values()})}
    made = []
    with Change(warehouse.store, at, keep) as change:
        for uri in dict.fromkeys(uris):
            row = rows.get(uri)
            if row is None or (uri, row["content_sha256"]) not in known:
                raise WarehouseError(f"{uri!r} was not released; `copydesk why URI` says where it is")
            if uri not in raw:
                raise WarehouseError(
                    f"the raw content of {uri!r} is no longer kept, so it cannot go back to the quarantine"
                )
            held = _held(raw[uri], row, reasons[uri, row["content_sha256"]] or ())
            earlier = [
                one
                for one in versions(warehouse, uri)[:-1]
                if one["content_sha256"] != row["content_sha256"] and (uri, one["content_sha256"]) not in gone
            ]
            if earlier:
                put_back(change, earlier[-1], row, choices, at)
                change.hold(held)
            else:
                change.withdraw(row, held)
            made.append(decision._replace(action=WITHDRAW, uri=uri, content_sha256=row["content_sha256"]))
        change.commit(made)


def _held(raw: dict[str, object], row: dict[str, object], reasons: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The row of the quarantine, with the reasons for which the document was there before its release."""
    problems = [WITHDRAWN, *(Problem(**reason) for reason in reasons if reason["rule"] != WITHDRAWN.rule)]
    text = "\n\n".join(str(row[name]) for name in ("headline", "body") if row[name])
    version = str(row["pipeline_version"])
    held = quarantine_row(document_of(raw), problems, text, str(row["encoding"]), row["published_date"], version)
    return quarantine_table([held])
