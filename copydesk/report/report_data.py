"""The data of a report as one JSON-able value: the content of its JSON file and of its page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from copydesk.data.rules import explain
from copydesk.records import storable
from copydesk.report.counts import TopCounts
from copydesk.report.findings import findings, remarks
from copydesk.report.held import Held
from copydesk.report.more import edit, in_one_shape
from copydesk.report.reasons import faults, meaning
from copydesk.report.summary import Summary
from copydesk.report.verdict import verdict
from copydesk.warehouse.schemas import RUNS, VALIDATIONS

#: Incremented when a key changes its meaning or is removed. `copydesk.report.upgrade` opens the older ones.
SCHEMA_VERSION = 2


#: Maximum values of a column, failing rows of a check, and nights.
VALUES, FAILING_ROWS, NIGHTS = 40, 3, 30

_SEVERITIES = {"critical": 0, "warning": 1, "info": 2}
_RUN_DATE_RE = re.compile(r"\d{4}-\d{2}-\d{2}")

ReportData = dict[str, Any]


class Partition(NamedTuple):
    """A partition of the run: its date (None if unknown), its rows, whether the gate held it back, and why."""

    published_date: date | None
    rows: int
    held: bool = False
    reason: str = ""


def report_data(
    run: Mapping[str, Any],
    summary: Summary,
    validations: Iterable[Mapping[str, Any]] = (),
    partitions: Iterable[Partition] = (),
    recent: Sequence[Mapping[str, Any]] = (),
    more: Mapping[str, Any] | None = None,
) -> ReportData:
    """The content of the report, in a fixed order; it depends on the arguments only.

    `run` is its row of `RUNS`. `validations` are rows of `VALIDATIONS`, with optional failing rows under `examples`
    (mappings, such as `uri` and `observed`; three are kept). `recent` are rows of `RUNS` of earlier runs, oldest first.
    `more` is described in `copydesk.report.more`; its `repeated` counts what came more than once in this delivery.
    """
    others = in_one_shape(more or {})
    row = {name: run[name] for name in RUNS.names}
    checks = _expectations(validations)
    known = faults(checks)
    dates = [_partition(partition) for partition in sorted(partitions, key=lambda p: p.published_date or date.max)]
    funnel = _funnel(row, summary, (more or {}).get("repeated", 0))
    found, noted = findings(checks, summary.held, funnel["processed"]), remarks(checks, summary.held)
    data = {
        "schema_version": SCHEMA_VERSION,
        "date": date_of(row["run_id"]),
        "verdict": {},
        "run": row,
        "sites": others["sites"],
        "findings": found,
        "remarks": noted,
        "funnel": funnel,
        "expectations": checks,
        "quarantine": _quarantine(summary.held, known),
        "names_changed": others["names_changed"],
        "names_left_out": others["names_left_out"],
        "edits": _edits(row, summary),
        "checked": others["checked"],
        "clusters": others["clusters"],
        "partitions": dates,
        "counts": {name: _values(counts, name) for name, counts in summary.columns.items()},
        "trend": _trend(row, recent),
        "made": None,
    }
    return {**data, "verdict": verdict(data)}


def with_making(data: ReportData, making: Mapping[str, Any]) -> ReportData:
    """`data` with what differs from run to run over the same documents: `timings` ([{stage, seconds, cpu_seconds}]),
    the `command` that repeats the run, `versions` and `settings` (other than the defaults), by name.
    """
    return {**data, "made": dict(making)}


def as_bytes(data: ReportData) -> bytes:
    """`data` as the content of its file, a line for each part."""
    parts = (
        f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False, allow_nan=False)}" for name, part in data.items()
    )
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _quarantine(held: Held, known: Mapping[str, str]) -> dict[str, Any]:
    decisive = held.decisive.top()
    rank = {reason["rule"]: place for place, reason in reversed(list(enumerate(decisive)))}
    entries = sorted(held.entries, key=lambda entry: rank.get(entry["rule"], len(rank)))
    return {
        "documents": held.documents,
        "reasons": [{**reason, "meaning": meaning(reason, known)} for reason in held.reasons.top(VALUES)],
        "decisive": [{**reason, "meaning": meaning(reason, known)} for reason in decisive[:VALUES]],
        "media_types": _values(held.media_types, "media_type"),
        "entries": [*entries, *held.gated_entries],
        "listed": sorted(held.listed, key=lambda line: rank.get(line["rule"], len(rank))),
    }


def date_of(run_id: str) -> str | None:
    """The date that a run id begins with, None if there is none."""
    match = _RUN_DATE_RE.match(run_id)
    return match.group() if match else None


def _funnel(run: Mapping[str, Any], summary: Summary, repeated: int) -> dict[str, int]:
    """The documents by outcome; `repeated` is the part of `unchanged` that this delivery itself repeats, and
    `unaccounted` is 0 unless copydesk has a bug.
    """
    processed = run["documents"] - run["unchanged"]
    held = min(summary.held.gated, run["quarantined"])
    return {
        "documents": run["documents"],
        "unchanged": run["unchanged"],
        "repeated": min(repeated, run["unchanged"]),
        "processed": processed,
        "quarantined": run["quarantined"] - held,
        "held": held,
        "published": run["published"],
        "warned": run["warned"],
        "passed": run["published"] - run["warned"],
        "unaccounted": processed - run["quarantined"] - run["published"],
    }


def _expectations(validations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The checks, failed ones first, by severity and then by the number of failures."""
    checks = []
    for validation in validations:
        check = {name: validation[name] for name in VALIDATIONS.names if name != "run_id"}
        check["failure"] = list(validation.get("failure") or ())
        examples = list(validation.get("examples") or ())[:FAILING_ROWS]
        check["examples"] = [{key: _text(value) for key, value in example.items()} for example in examples]
        checks.append(check)
    return sorted(
        checks,
        key=lambda c: (c["success"], _SEVERITIES[c["severity"]], -c["unexpected_count"], c["suite"], c["rule"]),
    )


def _text(value: Any) -> str | None:
    return None if value is None else storable(str(value))[:300]


def _partition(partition: Partition) -> dict[str, Any]:
    return {
        "date": None if partition.published_date is None else partition.published_date.isoformat(),
        "rows": partition.rows,
        "held": partition.held,
        "reason": partition.reason,
    }


def _values(counts: TopCounts, name: str) -> dict[str, Any]:
    """The most frequent values of a column with their counts, and the total of the others."""
    rows = [(row[name], row["n"]) for row in counts.top()]
    return {
        "values": [{"value": value, "articles": count} for value, count in rows[:VALUES]],
        "others": max(0, len(rows) - VALUES),
        "articles_of_others": sum(count for _, count in rows[VALUES:]),
    }


def _edits(run: Mapping[str, Any], summary: Summary) -> dict[str, Any]:
    examples = [
        {"rule": rule, "status": status, "meaning": explain(rule), "examples": [edit(entry) for entry in entries]}
        for (rule, status), entries in sorted(summary.examples.items())
    ]
    return {
        "applied": run["edits_applied"],
        "suggested": run["edits_suggested"],
        "articles": summary.articles,
        "edited_articles": summary.edited_articles,
        "irreversible": summary.irreversible,
        "rules": [{**rule, "meaning": explain(rule["rule"])} for rule in summary.rules.top()],
        "pairs": [
            {
                "rule": pair[0],
                "status": pair[1],
                "before": pair[2],
                "after": pair[3],
                "places": places,
                "meaning": explain(pair[0]),
                "context": summary.pair_examples[pair]["context"] if pair in summary.pair_examples else None,
            }
            for pair, places in summary.frequent_pairs().items()
        ],
        "pairs_are_exact": summary.pairs.exact,
        "examples": examples,
        "least_certain": [edit(entry) for entry in summary.least_certain],
        "suggestions": [edit(entry) for entry in summary.suggestions],
    }


def _trend(run: Mapping[str, Any], recent: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    earlier = [row for row in recent if row["run_id"] != run["run_id"]]
    names = ("run_id", "verdict", "documents", "unchanged", "published", "quarantined", "warned", "edits_applied")
    return [{"date": date_of(row["run_id"]), **{name: row[name] for name in names}} for row in (*earlier, run)][
        -NIGHTS:
    ]
