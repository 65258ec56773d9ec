"""The suites of a run and their results as JSON, kept with the report: what Data Docs are built from.

The table `validations` has the counts; the limits that applied, and the first failing rows, are only here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any, NamedTuple

from copydesk.checks.expectations import Result
from copydesk.checks.suites import Rule
from copydesk.records import storable

VERSION = 1
_LONGEST = 300


class Record(NamedTuple):
    """A run: its suites by name, and for each suite that judged something the result of each of its rules.

    An expectation holds `type`, `kwargs`, `severity` and `meta` (`rule`, `description`). A result holds `rule`,
    `success`, `severity`, `element_count`, `missing_count`, `unexpected_count`, `error`, and `failing`, the name and
    the value of the first failing rows.
    """

    run_id: str
    run_time: datetime
    suites: dict[str, list[dict[str, Any]]]
    results: dict[str, list[dict[str, Any]]]


def record(run_id: str, at: datetime, rules: Mapping[str, Sequence[Rule]], results: Iterable[Result]) -> Record:
    """The record of the run `run_id`, whose suites are `rules`; results of other suites are left out."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        if result.suite in rules:
            kept.setdefault(result.suite, []).append(_result(result))
    return Record(run_id, at, {name: [_expectation(rule) for rule in rules[name]] for name in rules}, kept)


def from_validations(
    run_id: str, at: datetime, rules: Mapping[str, Sequence[Rule]], rows: Iterable[Mapping[str, Any]]
) -> tuple[Record, int]:
    """The record of a run that kept none: from its rows of the table `validations`, and the suites of today.

    Also returns the number of rows whose expectation today's suites do not have any more; those are left out.
    """
    today = {(rule.suite, rule.rule, rule.expectation, rule.column) for name in rules for rule in rules[name]}
    kept, lost = [], 0
    for row in rows:
        if (row["suite"], row["rule"], row["expectation"], row["column"]) in today:
            kept.append(Result(**{name: row[name] for name in Result._fields if name in row}))
        else:
            lost += row["suite"] in rules
    return record(run_id, at, rules, kept), lost


def as_json(kept: Record) -> bytes:
    """A record as the content of a file."""
    content = {"schema_version": VERSION, **kept._asdict(), "run_time": kept.run_time.isoformat()}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def read(content: bytes) -> Record:
    """The record in a file. Raises ValueError if it is damaged, or was written by a newer copydesk."""
    found = json.loads(content)
    if not isinstance(found, dict) or found.get("schema_version") != VERSION:
        raise ValueError("it was not written by this version of copydesk")
    try:
        return Record(
            found["run_id"], datetime.fromisoformat(found["run_time"]), dict(found["suites"]), dict(found["results"])
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is damaged ({error!r})") from error


def _expectation(rule: Rule) -> dict[str, Any]:
    meta = {"rule": rule.rule, "description": rule.description}
    return {"type": rule.expectation, "kwargs": rule.kwargs, "severity": rule.severity, "meta": meta}


def _result(result: Result) -> dict[str, Any]:
    names = ("rule", "success", "severity", "element_count", "missing_count", "unexpected_count", "error")
    failing = [[_plain(name), _plain(value)] for name, value in result.failing]
    return {name: getattr(result, name) for name in names} | {"failing": failing}


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return storable(str(value))[:_LONGEST]
