"""Rows of Arrow tables as documents: what Parquet files and the tables of other programs have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from copydesk.sources.records import distinct
from copydesk.text.encodings import Undecodable, decode


def records(batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of `batch` as dicts of Python values, with these `names` for its columns."""
    for row in zip(*map(_values, batch.columns), strict=True):
        yield dict(zip(names, row, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """Python values; days and times as ISO 8601 (in UTC if they have a zone), bytes as text if they can be decoded."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        return [value and value.replace(" ", "T") for value in column.cast(pa.string()).to_pylist()]
    if pa.types.is_date(kind):
        column = column.cast(pa.string())
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError):  # times that Python has no type for, strings in another encoding
        values = list(map(_value, column))
    return [_decoded(value) if isinstance(value, bytes) else value for value in values]


def _value(scalar: pa.Scalar) -> Any:
    """The Python value of what may hold, at any depth, something that Python has no type for: that is its number."""
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.StructScalar):
        return {name: _value(scalar[at]) for at, name in enumerate(distinct(f.name for f in scalar.type))}
    if isinstance(scalar, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
        return list(map(_value, scalar.values))
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        pass
    if isinstance(scalar, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
        return _decoded(scalar.as_buffer().to_pybytes())
    inner = scalar.value  # what stands for a time, or what a dictionary has there
    return _value(inner) if isinstance(inner, pa.Scalar) else inner


def _decoded(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        pass
    try:
        return decode(value).text
    except Undecodable:
        return value
