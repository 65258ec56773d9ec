"""Report data of older versions, opened as today's."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from copydesk.records import CRITICAL
from copydesk.report.findings import findings, remarks
from copydesk.report.held import GATE, LISTED_URI, Held
from copydesk.report.more import in_one_shape
from copydesk.report.report_data import SCHEMA_VERSION, ReportData
from copydesk.text.site import site_of


def read_data(content: bytes) -> ReportData:
    """The report data of a run from its file, older versions as today's.

    Raises ValueError if it is damaged, or of a version that is not known here.
    """
    try:
        data = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("no report data")
    version = data.get("schema_version")
    if version == SCHEMA_VERSION:
        return data
    if version == 1:
        try:
            return _from_1(data)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}"[:200]) from error
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ValueError(f"report data of version {version}, which a newer copydesk wrote")
    raise ValueError(f"no report data of version 1 to {SCHEMA_VERSION}")


def _from_1(old: dict[str, Any]) -> ReportData:
    """Version 1 listed only the documents that it showed, and left findings to the page."""
    quarantine = old["quarantine"]
    entries = [_entry(entry) for entry in quarantine["entries"]]
    decisive = [reason for reason in quarantine["reasons"] if reason["severity"] == CRITICAL]
    held = Held()
    if quarantine["reasons"]:
        held.reasons.add(_table(quarantine["reasons"], ("stage", "rule", "severity", "documents")))
    if decisive:
        held.decisive.add(_table(decisive, ("stage", "rule", "documents")))
    checks = old["expectations"]
    return {
        **old,
        **in_one_shape(old),
        "made": None,
        "schema_version": SCHEMA_VERSION,
        "verdict": {"sites": "", **old["verdict"]},
        "funnel": {**old["funnel"], "repeated": 0},
        "findings": findings(checks, held, old["funnel"]["processed"]),
        "remarks": remarks(checks, held),
        "quarantine": {
            **quarantine,
            "entries": entries,
            "decisive": [reason for reason in decisive if reason["stage"] != GATE],
            "listed": [
                {name: entry[name] for name in ("article_id", "uri", "site", "rule", "published_date", "bytes")}
                | {"uri": entry["uri"][:LISTED_URI]}
                for entry in entries
            ],
        },
    }


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    critical = [reason for reason in entry["reasons"] if reason["severity"] == CRITICAL] or entry["reasons"]
    return {**entry, "rule": critical[0]["rule"] if critical else "", "site": site_of(entry["uri"])[:80]}


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pa.Table:
    return pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows])
