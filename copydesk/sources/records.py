"""Turns a JSON object or table row into a document: finds the fields for text, uri, title and date."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from copydesk.records import CRITICAL, Document, Problem, storable
from copydesk.sources.streams import Stopped, kept, recoded

#: The first of these names with a value is used, ignoring case.
TEXT = ("text", "raw_text", "content", "body")
URI = ("uri", "url", "id")
TITLE = ("title", "headline")
DATE = ("date", "published", "published_at", "publishedat", "pubdate", "date_published", "datepublished")

_KINDS = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since 1970 have 9 or 10 digits in the years 1973 to 2286; each three further digits mean a finer unit.
_UNITS = ((1e8, 1e10, 1), (1e11, 1e13, 1_000), (1e14, 1e16, 1_000_000), (1e17, 1e19, 1_000_000_000))


def unread(uri: str, rule: str, words: str, content: bytes = b"", media_type: str = "text") -> Document:
    """The document for input that could not be read."""
    return Document(uri, content, media_type, problem=Problem("read", rule, None, CRITICAL, words))


def rest(uri: str, stop: Stopped, limit: int, encoding: str = "utf-8") -> Document:
    """The document for the unreadable rest of a file of records, from the record named by `uri` on.

    Its content is the part of the raw bytes that is kept; `encoding` is that of the file.
    """
    content = recoded(stop.begun, "utf-8", encoding) + stop.content
    words = f"the rest of the file could not be read: {stop.words}"
    return unread(uri, stop.rule, words, content[: kept(limit)], "record")


def canonical(record: dict[str, Any]) -> bytes:
    """A row as the same bytes whatever the order of its columns: JSON with sorted keys, in UTF-8."""
    return storable(json.dumps(record, sort_keys=True, ensure_ascii=False, default=str)).encode()


def distinct(names: Iterable[str]) -> list[str]:
    """The names of columns, with repeated names numbered by position: `text`, `text (column 3)`."""
    found: dict[str, None] = {}
    for number, name in enumerate(names, start=1):
        while name in found:
            name = f"{name} (column {number})"
        found[name] = None
    return list(found)


def names_text(names: Iterable[str]) -> bool:
    """Whether one of the columns holds the text."""
    return any(_folded(name) in TEXT for name in names)


def no_text_column(uri: str, names: Iterable[str], content: bytes) -> Document:
    """The document for a table without a text column."""
    words = f"no column is named {', '.join(TEXT)}; the columns are: {_listed(names)}"
    return unread(uri, "no-text-column", words, content, "record")


def document(record: dict[str, Any], place: str, content: bytes, encoding: str, limit: int) -> Document:
    """`record` as a document, at `place` unless it names a uri of its own.

    `content` is the record's raw bytes. A record with more than `limit` bytes, or without a string in the first of the
    fields `TEXT` that it has, becomes a document with a problem. Raises nothing.
    """
    fields = {_folded(name): value for name, value in reversed(record.items())}  # of equal names, the first is used
    uri = next(filter(None, map(_identifier, _values(fields, URI))), place)
    if len(content) > limit:
        words = f"{len(content):,} bytes are more than sources.max_document_bytes, {limit:,}"
        return unread(uri, "too-large", words, content[: kept(limit)], "record")
    text, title = (next(_values(fields, names), None) for names in (TEXT, TITLE))
    problem = None
    if not isinstance(text, str):
        found = f"the text is {_KINDS.get(type(text), 'no string')}" if names_text(fields) else "there is no text"
        problem = Problem("read", "no-text", "text", CRITICAL, f"{found}; the fields are: {_listed(fields)}")
    return Document(
        uri,
        content,
        "record",
        storable(text) if isinstance(text, str) else None,
        encoding,
        title=storable(title) if title and isinstance(title, str) else None,
        date=next(filter(None, map(_date, _values(fields, DATE))), None),
        problem=problem,
    )


def _folded(name: str) -> str:
    return name.strip().lower()


def _listed(names: Iterable[str]) -> str:
    return storable(", ".join(names)[:1000]) or "none"


def _values(fields: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Any]:
    """The values under these names, in order, without nulls."""
    return (fields[name] for name in names if fields.get(name) is not None)


def _number(value: Any) -> int | float | None:
    """A finite number; None for booleans, NaN, infinities and other types."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _identifier(value: Any) -> str | None:
    if (number := _number(value)) is not None:
        return str(number)
    return storable(value) if value and isinstance(value, str) else None


def _date(value: Any) -> str | None:
    """A date as text: strings unchanged, numbers as ISO 8601 if they count days or time, else as digits."""
    if isinstance(value, str):
        return storable(value) or None
    if isinstance(value, datetime | date):
        return value.isoformat()
    number = _number(value)
    if number is None:
        return None
    if 1900_00_00 < number < 2101_00_00 and number == int(number):
        try:
            return date.fromisoformat(str(int(number))).isoformat()
        except ValueError:
            return str(number)
    for least, beyond, unit in _UNITS:
        if least <= number < beyond:
            return (_EPOCH + timedelta(seconds=number / unit)).isoformat()
    return str(number)
