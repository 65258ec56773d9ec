"""The suites in `expectations/*.json`, read and checked before anything runs.

Great Expectations drops expectations of unknown type, treats a missing severity as critical, and notices limits that no
value can meet only when it judges. Here all of these are errors that name the file, the position and what is allowed.
Great Expectations takes half a second to import, so this module checks as much as it can with `EXPECTATIONS` instead.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from copydesk.checks.metrics import COLUMNS
from copydesk.records import CRITICAL, INFO, WARNING

SEVERITIES = (CRITICAL, WARNING, INFO)
_KEYS = ("type", "kwargs", "severity", "meta")
_COLUMN_KEYS = ("column", "column_A", "column_B", "column_list")


class Kind(NamedTuple):
    """The type of an argument: in words, as a test, and whether the argument is optional."""

    words: str
    holds: Callable[[Any], bool]
    optional: bool = False


#: No column holds a whole number of more than 64 bits, and nothing that judges one takes it.
_BEYOND = 2**63


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _BEYOND if isinstance(value, int) else isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_pattern(value: Any) -> bool:
    try:
        return _is_text(value) and re.compile(value) is not None
    except re.error:
        return False


def _list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(holds, value))


def _is_pair(value: Any) -> bool:
    return _list_of(_is_scalar)(value) and len(value) == 2


def _word(*words: str) -> Kind:
    return Kind(f"one of {', '.join(words)}", lambda value: _is_text(value) and value in words, True)


_COLUMN = Kind("the name of a column", _is_text)
# A date as a limit suits no column: published_date is a string, and Great Expectations compares only equal types.
_LIMIT = Kind("a number (for dates, limit the columns days_old or published_year)", _is_number, True)
_COUNT = Kind("a whole number from 0", _is_count)
_FLAG = Kind("true or false", lambda value: isinstance(value, bool), True)
_PATTERN = Kind("a regular expression", _is_pattern)
_PATTERNS = Kind("a list of regular expressions, one at least", _list_of(_is_pattern))
_VALUES = Kind("a list of texts, numbers, true and false, one at least", _list_of(_is_scalar))

_BETWEEN = {"min_value": _LIMIT, "max_value": _LIMIT, "strict_min": _FLAG, "strict_max": _FLAG}
_COUNTED = _BETWEEN | dict.fromkeys(("min_value", "max_value"), _COUNT._replace(optional=True))
_OF_COLUMN = {"column": _COLUMN}
_OF_PAIR = {
    "column_A": _COLUMN,
    "column_B": _COLUMN,
    "ignore_row_if": _word("both_values_are_missing", "either_value_is_missing", "neither"),
}
_OF_COLUMNS = {
    "column_list": Kind("a list of names of columns, one at least", _list_of(_is_text)),
    "ignore_row_if": _word("all_values_are_missing", "any_value_is_missing", "never"),
}

#: The expectations that judge each row alone, and those about the number of rows, with their arguments. Expectations
#: about a whole column (mean, uniqueness, order) are left out: they name no row to hold back.
EXPECTATIONS: dict[str, dict[str, Kind]] = {
    "expect_column_values_to_be_between": _OF_COLUMN | _BETWEEN,
    "expect_column_values_to_be_in_set": _OF_COLUMN | {"value_set": _VALUES},
    "expect_column_values_to_not_be_in_set": _OF_COLUMN | {"value_set": _VALUES},
    "expect_column_values_to_be_null": _OF_COLUMN,
    "expect_column_values_to_not_be_null": _OF_COLUMN,
    "expect_column_value_lengths_to_be_between": _OF_COLUMN | _COUNTED,
    "expect_column_value_lengths_to_equal": _OF_COLUMN | {"value": _COUNT},
    "expect_column_values_to_match_regex": _OF_COLUMN | {"regex": _PATTERN},
    "expect_column_values_to_not_match_regex": _OF_COLUMN | {"regex": _PATTERN},
    "expect_column_values_to_match_regex_list": _OF_COLUMN | {"regex_list": _PATTERNS, "match_on": _word("any", "all")},
    "expect_column_values_to_not_match_regex_list": _OF_COLUMN | {"regex_list": _PATTERNS},
    "expect_column_pair_values_a_to_be_greater_than_b": _OF_PAIR | {"or_equal": _FLAG},
    "expect_column_pair_values_to_be_equal": _OF_PAIR,
    "expect_column_pair_values_to_be_in_set": _OF_PAIR
    | {"value_pairs_set": Kind("a list of pairs of values, one at least", _list_of(_is_pair))},
    "expect_multicolumn_sum_to_equal": _OF_COLUMNS | {"sum_total": _LIMIT._replace(words="a number", optional=False)},
    "expect_multicolumn_values_to_be_equal": _OF_COLUMNS,
    "expect_select_column_values_to_be_unique_within_record": _OF_COLUMNS,
    "expect_table_row_count_to_be_between": _COUNTED,
    "expect_table_row_count_to_equal": {"value": _COUNT},
}
# Above the highest similarity of another expectation's name to one of these (0.91): only misspellings are suggested.
_SLIP = 0.93
_LINE = 400


class SuiteError(ValueError):
    """A suite cannot be used. The message names the file, the position of the expectation and what is allowed."""


class Rule(NamedTuple):
    """One expectation of a suite: its type and arguments, severity, and position in its file.

    `columns` are the columns it judges; empty if it is about the table as a whole. `failure` is the message for one row
    and for many rows, with `{count}` and `{value}` still to be filled in.
    """

    suite: str
    rule: str
    expectation: str
    kwargs: dict[str, Any]
    columns: tuple[str, ...]
    severity: str
    description: str
    where: str
    failure: tuple[str, str] = ("The row fails", "{count} rows fail")

    @property
    def column(self) -> str | None:
        """The columns as one string, for the tables and the report."""
        return ", ".join(self.columns) or None


def _columns(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    named = [kwargs[key] for key in _COLUMN_KEYS if key in kwargs]
    return tuple(str(name) for value in named for name in (value if isinstance(value, list) else [value]))


def wrong(where: str, problem: str, value: str = "", allowed: Collection[str] = (), similar: float = 0.6) -> NoReturn:
    """Raise `SuiteError` with the allowed value closest to `value` (at least `similar`, 0 to 1), or with all."""
    close = difflib.get_close_matches(value, allowed, 1, similar)
    # A list of the names of expectations is too long for one line.
    listed = "\n  ".join(["", *allowed]) if len(", ".join(allowed)) > _LINE else f" {', '.join(allowed)}"
    hint = f"; did you mean {close[0]!r}?" if close else f"; allowed are{listed}" if allowed else ""
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
    except (ValueError, RecursionError) as error:
        wrong(str(path), f"is not JSON ({error})")
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list):
        wrong(str(path), 'must be an object with a list named "expectations"')
    if not suite["expectations"]:
        wrong(str(path), "has no expectation, so it would let everything pass; keep one at least")
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
    if kind not in EXPECTATIONS:
        problem = f"{kind!r} is not an expectation that judges each row alone"
        wrong(where, problem, kind, EXPECTATIONS, _SLIP)
    if severity not in SEVERITIES:
        problem = f"severity is {json.dumps(severity)}" if "severity" in entry else "severity is missing"
        wrong(where, problem, str(severity), SEVERITIES)
    texts = [meta.get(key) if isinstance(meta, dict) else None for key in ("rule", "description")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        wrong(where, 'lacks "meta" with "rule" (a short name) and "description" (a sentence)')
    if "mostly" in kwargs:
        wrong(where, 'has "mostly", but each row is judged alone; limits for shares belong in run.json')
    _check_kwargs(kwargs, EXPECTATIONS[kind], where)
    columns = _columns(kwargs)
    for column in columns:
        if column not in COLUMNS[suite]:
            wrong(where, f"unknown column {column!r}", column, tuple(COLUMNS[suite]))
    rule, description = texts
    given = meta.get("failure") if isinstance(meta, dict) else None
    failure = _failure(given, kwargs, where) if given is not None else _plain_failure(str(description))
    return Rule(suite, str(rule), kind, kwargs, columns, str(severity), str(description), where, failure)


def _plain_failure(description: str) -> tuple[str, str]:
    """The failure message of an expectation that has only a description."""
    escaped = description.replace("{", "{{").replace("}", "}}").rstrip(".")
    return f"Failed: {escaped}", f"{{count}} rows fail: {escaped}"


def _failure(given: Any, kwargs: Mapping[str, Any], where: str) -> tuple[str, str]:
    """The failure messages of `meta.failure` for one row and for many, with the limits of `kwargs` filled in."""
    texts = [given, given] if isinstance(given, str) else given
    if not (isinstance(texts, list) and len(texts) == 2 and all(isinstance(text, str) and text for text in texts)):
        wrong(where, '"failure" must be a sentence, or two: for one row, and for many with {count}')
    known = {**kwargs, "count": 2, "value": 0.5}
    for text in texts:
        try:
            text.format(**known)
        except (KeyError, IndexError):
            wrong(where, f"failure {text!r} uses an unknown name", allowed=["count", "value", *kwargs])
        except (ValueError, TypeError, AttributeError) as error:
            wrong(where, f"failure {text!r} cannot be filled in: {error}")
    return texts[0], texts[1]


def failure_of(rule: Rule, value: Any) -> tuple[str, str]:
    """The failure messages of `rule` for one row and for many; `{count}` is filled in once all batches are counted.

    `value` is that of the first failing row.
    """
    one, many = (text.format(**{**rule.kwargs, "count": "{count}", "value": _Value(value)}) for text in rule.failure)
    return one, many


class _Value:
    """A value that accepts any format specification and ignores one that does not suit it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, spec: str) -> str:
        try:
            return format(self.value, spec)
        except (ValueError, TypeError):
            return str(self.value)


def _check_kwargs(kwargs: Mapping[str, Any], kinds: Mapping[str, Kind], where: str) -> None:
    """Raise `SuiteError` if Great Expectations would refuse `kwargs`, or if no value can meet them."""
    for key, value in kwargs.items():
        if key not in kinds:
            wrong(where, f"unknown argument {key!r} in kwargs", key, kinds)
        if not kinds[key].holds(value):
            wrong(where, f"{key} is {json.dumps(value, ensure_ascii=False)}; allowed is {kinds[key].words}")
    for key, kind in kinds.items():
        if key not in kwargs and not kind.optional:
            wrong(where, f"kwargs lacks {key!r}, {kind.words}")
    if "min_value" not in kinds:
        return
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        wrong(where, 'kwargs needs "min_value", "max_value" or both')
    if low is not None and high is not None:
        if low > high:
            wrong(where, f"min_value {low} is greater than max_value {high}, so no value can pass")
        if low == high and (kwargs.get("strict_min") or kwargs.get("strict_max")):
            wrong(where, f"min_value and max_value are {low} and one of them is strict, so no value can pass")
