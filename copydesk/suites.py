"""The suites in `expectations/*.json`, read and checked before anything runs.

Great Expectations drops an expectation whose type it does not know, and takes one without a severity for critical; here
both are errors that name the file, the position and what is allowed.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from copydesk.measures import COLUMNS
from copydesk.records import CRITICAL, INFO, WARNING

SEVERITIES = (CRITICAL, WARNING, INFO)
_KEYS = ("type", "kwargs", "severity", "meta")
_COLUMN_KEYS = ("column", "column_A", "column_B", "column_list")


class SuiteError(ValueError):
    """A suite cannot be used. The message names the file, the position of the expectation and what is allowed."""


class Rule(NamedTuple):
    """One expectation of a suite: what it demands, how much it matters, and where it stands in its file.

    `columns` are those that it speaks of; none where it is about the table as a whole.
    """

    suite: str
    rule: str
    expectation: str
    kwargs: dict[str, Any]
    columns: tuple[str, ...]
    severity: str
    description: str
    where: str

    @property
    def column(self) -> str | None:
        """The columns in one word, for the tables and the report."""
        return ", ".join(self.columns) or None


def _columns(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    named = [kwargs[key] for key in _COLUMN_KEYS if key in kwargs]
    return tuple(str(name) for value in named for name in (value if isinstance(value, list) else [value]))


def wrong(where: str, problem: str, value: str = "", allowed: Collection[str] = ()) -> NoReturn:
    """Raise `SuiteError`, with what is allowed, the most similar first where there is one."""
    close = difflib.get_close_matches(value, allowed, 1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; allowed are {', '.join(allowed)}" if allowed else ""
    raise SuiteError(f"{where}: {problem}{hint}")


def read_suite(folder: Path, name: str) -> list[Rule]:
    """The rules of `folder/<name>.json`. Raises `SuiteError`."""
    path = folder / f"{name}.json"
    try:
        suite = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        wrong(
            str(path),
            f"there is no such suite; a folder of expectations holds {', '.join(f'{n}.json' for n in COLUMNS)}",
        )
    except OSError as error:
        wrong(str(path), f"cannot be read ({error.strerror})")
    except ValueError as error:
        wrong(str(path), f"is not JSON ({error})")
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list):
        wrong(str(path), 'must be an object with a list named "expectations"')
    rules: dict[str, Rule] = {}
    for position, entry in enumerate(suite["expectations"], 1):
        rule = _rule(name, entry, f"{path}, expectation {position}")
        if rule.rule in rules:
            wrong(rule.where, f"the rule {rule.rule!r} is taken by {rules[rule.rule].where}")
        rules[rule.rule] = rule
    return list(rules.values())


def _rule(suite: str, entry: Any, where: str) -> Rule:
    if not isinstance(entry, dict):
        wrong(where, "must be an object", allowed=_KEYS)
    for key in entry:
        if key not in _KEYS:
            wrong(where, f"unknown key {key!r}", key, _KEYS)
    kind, kwargs, severity, meta = (entry.get(key) for key in _KEYS)
    if not isinstance(kind, str):
        wrong(where, 'lacks "type", such as "expect_column_values_to_be_between"')
    if not isinstance(kwargs, dict):
        wrong(where, 'lacks "kwargs", such as {"column": "body_length", "min_value": 1}')
    if severity not in SEVERITIES:
        wrong(where, f"severity is {severity!r}", str(severity), SEVERITIES)
    texts = [meta.get(key) if isinstance(meta, dict) else None for key in ("rule", "description")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        wrong(where, 'lacks "meta" with "rule" (a short name) and "description" (a sentence for the report)')
    if "mostly" in kwargs:
        wrong(where, 'has "mostly", but every row is judged by itself; limits to shares belong into run.json')
    columns = _columns(kwargs)
    for column in columns:
        if column not in COLUMNS[suite]:
            wrong(where, f"unknown column {column!r}", column, tuple(COLUMNS[suite]))
    rule, description = texts
    return Rule(suite, str(rule), kind, kwargs, columns, str(severity), str(description), where)
