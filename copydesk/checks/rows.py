"""Row verdicts, column by column: what Great Expectations says of each row, without asking it.

It takes some 10 ms for each expectation of each batch, whatever the number of rows, and hashes every frame.
`outcome_of` answers for the types of expectations and columns that suites of rows are made of, and leaves the others to
Great Expectations. `tests/test_rows.py` holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.checks.suites import Rule

#: Up to here every whole number is a floating-point number, too.
_EXACT = 2**53
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Outcome(NamedTuple):
    """What became of an expectation: the numbers of the failing rows in ascending order, and of rows without a value.

    An expectation about the table as a whole is not `of_rows`, and lists none. `error` says why it could not be
    evaluated.
    """

    success: bool
    of_rows: bool = True
    rows: tuple[int, ...] = ()
    missing: int = 0
    error: str | None = None


def outcome_of(rule: Rule, table: pa.Table) -> Outcome | None:
    """The outcome of `rule` on `table`; None if Great Expectations has to be asked."""
    kind, kwargs = rule.expectation, rule.kwargs
    if kind == "expect_table_row_count_to_be_between":
        return Outcome(not _outside(np.array([len(table)]), kwargs)[0], False)
    if kind == "expect_table_row_count_to_equal":
        return Outcome(len(table) == kwargs["value"], False)
    if len(rule.columns) != 1:
        return None
    column = table[rule.columns[0]]
    if pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type):
        return None
    missing = _mask(pc.is_null(column, nan_is_null=pa.types.is_floating(column.type)))
    if kind == "expect_column_values_to_not_be_null":
        return _failing(missing, 0)
    if kind == "expect_column_values_to_be_null":
        return _failing(~missing, 0)
    failing = _values(kind, kwargs, column, missing)
    return None if failing is None else _failing(failing & ~missing, int(missing.sum()))


def _failing(mask: Mask, missing: int) -> Outcome:
    rows = np.flatnonzero(mask)
    return Outcome(not len(rows), True, tuple(rows.tolist()), missing)


def _mask(array: pa.ChunkedArray) -> Mask:
    return np.asarray(array.to_numpy(), bool)


def _values(kind: str, kwargs: Mapping[str, Any], column: pa.ChunkedArray, missing: Mask) -> Mask | None:
    """Which values fail, whatever it says of missing ones; None if this is for Great Expectations."""
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if kind == "expect_column_values_to_be_between":
        numbers = _numbers(column, missing)
        return None if numbers is None else _outside(numbers, kwargs)
    if kind in ("expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"):
        inside = _inside(column, kwargs["value_set"], text, missing)
        return inside if inside is None or "not" in kind else ~inside
    if text and kind == "expect_column_value_lengths_to_be_between":
        return _outside(_lengths(column), kwargs)
    if text and kind == "expect_column_value_lengths_to_equal":
        return np.asarray(_lengths(column) != kwargs["value"])
    return None


def _numbers(column: pa.ChunkedArray, missing: Mask) -> np.ndarray[Any, Any] | None:
    """A column of numbers as pandas has it, with floating-point numbers where values are missing; None for others."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    if missing.any():
        return np.asarray(pc.fill_null(pc.cast(column, pa.float64(), safe=False), 0.0).to_numpy())
    return np.asarray(column.to_numpy())


def _lengths(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    return np.asarray(pc.fill_null(pc.utf8_length(column), 0).to_numpy())


def _outside(values: np.ndarray[Any, Any], kwargs: Mapping[str, Any]) -> Mask:
    """Which values are beyond the limits. Great Expectations takes every limit for a floating-point number."""
    failing = np.zeros(len(values), bool)
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None:
        failing |= values <= float(low) if kwargs.get("strict_min") else values < float(low)
    if high is not None:
        failing |= values >= float(high) if kwargs.get("strict_max") else values > float(high)
    return failing


def _inside(column: pa.ChunkedArray, allowed: list[Any], text: bool, missing: Mask) -> Mask | None:
    """Which values are among `allowed`; None where the types differ, which pandas compares in its own way."""
    if text and all(isinstance(value, str) for value in allowed):
        return _mask(pc.is_in(column, pa.array(allowed, column.type)))
    if pa.types.is_boolean(column.type) and all(isinstance(value, bool) for value in allowed):
        return _mask(pc.is_in(column, pa.array(allowed, pa.bool_())))
    if pa.types.is_integer(column.type) and all(type(value) is int and abs(value) <= _EXACT for value in allowed):
        numbers = _numbers(column, missing)
        return None if numbers is None else np.isin(numbers, allowed)
    return None
