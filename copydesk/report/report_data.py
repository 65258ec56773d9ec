"""The data of a report as one JSON-able value: the content of its JSON file and of its page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from copydesk.data.rules import explain
from copydesk.records import storable
from copydesk.report.counts import TopCounts
from copydesk.report.reasons import faults, meaning
from copydesk.report.sites import in_verdict
from copydesk.report.summary import Summary
from copydesk.warehouse.schemas import RUNS, VALIDATIONS

#: Incremented when a key changes its meaning or is removed.
SCHEMA_VERSION = 1

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
    sites: Sequence[Mapping[str, Any]] = (),
) -> ReportData:
    """The content of the report, in a fixed order; it depends on the arguments only.

    `run` is its row of `RUNS`. `validations` are rows of `VALIDATIONS`, with optional failing rows under `examples`
    (mappings, such as `uri` and `observed`; three are kept). `recent` are rows of `RUNS` of earlier runs, oldest first.
    `sites` are those of `copydesk.sites.judge.entries`.
    """
    row = {name: run[name] for name in RUNS.names}
    checks = _expectations(validations)
    known = faults(checks)
    dates = [_partition(partition) for partition in sorted(partitions, key=lambda p: p.published_date or date.max)]
    funnel = _funnel(row, summary)
    return {
        "schema_version": SCHEMA_VERSION,
        "date": _date(row["run_id"]),
        "verdict": in_verdict(_verdict(row, funnel, checks, dates), sites),
        "run": row,
        "funnel": funnel,
        "expectations": checks,
        "quarantine": {
            "documents": summary.quarantined,
            "reasons": [{**reason, "meaning": meaning(reason, known)} for reason in summary.reasons.top(VALUES)],
            "media_types": _values(summary.media_types, "media_type"),
            "entries": [*summary.quarantined_entries, *summary.gated_entries],
        },
        "edits": _edits(row, summary),
        "partitions": dates,
        "counts": {name: _values(counts, name) for name, counts in summary.columns.items()},
        "trend": _trend(row, recent),
        "sites": list(sites),
    }


def _date(run_id: str) -> str | None:
    match = _RUN_DATE_RE.match(run_id)
    return match.group() if match else None


def _funnel(run: Mapping[str, Any], summary: Summary) -> dict[str, int]:
    """The documents by outcome; `unaccounted` is 0 unless copydesk has a bug."""
    processed = run["documents"] - run["unchanged"]
    held = min(summary.gated, run["quarantined"])
    return {
        "documents": run["documents"],
        "unchanged": run["unchanged"],
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
        {"rule": rule, "status": status, "meaning": explain(rule), "examples": [entry_of(entry) for entry in entries]}
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
        "least_certain": [entry_of(entry) for entry in summary.least_certain],
        "suggestions": [entry_of(entry) for entry in summary.suggestions],
    }


def entry_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An edit as the report has it."""
    return {**entry, "confidence": round(entry["confidence"], 4), "meaning": explain(entry["rule"])}


def _trend(run: Mapping[str, Any], recent: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    earlier = [row for row in recent if row["run_id"] != run["run_id"]]
    names = ("run_id", "verdict", "documents", "unchanged", "published", "quarantined", "warned", "edits_applied")
    return [{"date": _date(row["run_id"]), **{name: row[name] for name in names}} for row in (*earlier, run)][-NIGHTS:]


def _verdict(
    run: Mapping[str, Any], funnel: Mapping[str, int], checks: list[dict[str, Any]], partitions: list[dict[str, Any]]
) -> dict[str, str]:
    """`status` (held, faulty, nothing, look or good), one `sentence` on the outcome, and what to do next (`todo`)."""
    published, quarantined = run["published"], funnel["quarantined"]
    written = run["partitions_written"]
    failed = [check["severity"] for check in checks if not check["success"]]
    remarks = failed.count("info")
    findings = len(failed) - remarks
    if run["verdict"] == "held":
        names = [p["date"] or "no date" for p in partitions if p["held"]]
        what = f"{_number(len(names), 'partition')} ({_some(names)})" if names else "The whole run"
        verb = "were" if len(names) > 1 else "was"
        rest = f"; {_number(published, 'article')} of other dates were published" if published else ""
        return {
            "status": "held",
            "sentence": f"Held back: {what} {verb} not published{rest}.",
            "todo": "Readers still see the last good version. See the failed checks, fix the source or the suite, and "
            "run again.",
        }
    if funnel["unaccounted"]:
        return {
            "status": "faulty",
            "sentence": f"Published, but {_number(abs(funnel['unaccounted']), 'document')} cannot be accounted for.",
            "todo": "This is a bug in copydesk: please report it, and attach this page.",
        }
    if not funnel["processed"]:
        return {
            "status": "nothing",
            "sentence": f"Nothing to publish: {_number(run['documents'], 'document')} read, none new or changed."
            if run["documents"]
            else "No documents: the sources are empty.",
            "todo": "Nothing to do." if run["documents"] else "If documents were expected, check the sources.",
        }
    aside = (
        f"; {_number(quarantined, 'document')} {'was' if quarantined == 1 else 'were'} quarantined"
        if quarantined
        else ""
    )
    what = f"{_number(published, 'article')} in {_number(written, 'partition')}" if published else "nothing"
    sentence = f"Published {what}{_replaced(run)}{aside}."
    if not checks:
        return {
            "status": "look",
            "sentence": sentence,
            "todo": "No check was run: see whether the suites are in place.",
        }
    if not quarantined and not findings:
        todo = f"Nothing to do; {_number(remarks, 'remark')} for information." if remarks else ""
        return {"status": "good", "sentence": sentence, "todo": todo or "All checks passed; nothing to do."}
    parts = []
    if findings:
        parts.append(_number(findings, "finding"))
    if quarantined:
        parts.append("the quarantine, with the reasons for each document")
    return {"status": "look", "sentence": sentence, "todo": f"To review: {'; '.join(parts)}."}


def _replaced(run: Mapping[str, Any]) -> str:
    """How many of the published articles replace an earlier version; older runs did not count them."""
    replaced = run.get("replaced") or 0
    if not replaced:
        return ""
    if run["published"] == 1:
        return ", replacing an earlier version"
    return f", {'all' if replaced == run['published'] else f'{replaced:,}'} of them replacing an earlier version"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _some(names: list[str], limit: int = 3) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")
