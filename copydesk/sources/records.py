"""Turns a JSON object or table row into a document: finds the fields for text, uri, title and date."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from copydesk.config import SourcesConfig
from copydesk.records import CRITICAL, Document, Problem, storable
from copydesk.sources.fields import (
    COMMON,
    Fields,
    authors_of,
    date_of,
    identifier,
    language_of,
    names_text,
    string_of,
)
from copydesk.sources.streams import Stopped, kept, recoded

_KINDS = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}


_Made = TypeVar("_Made")


class Place(NamedTuple):
    """Where a record stands: its file, and its number there, counting from 1."""

    file: str
    number: int

    @property
    def uri(self) -> str:
        return f"{self.file}#{self.number}"


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


def no_text_column(uri: str, names: Iterable[str], content: bytes) -> Document:
    """The document for a table without a text column."""
    words = (
        f"no column is named {', '.join(COMMON['text'])}; the columns are: {_listed(names)}."
        " sources.fields.text names the one that holds the text"
    )
    return unread(uri, "no-text-column", words, content, "record")


def document(
    record: dict[str, Any], place: Place, content: bytes, encoding: str, config: SourcesConfig, as_is: bool = False
) -> Document:
    """`record` as a document. Its uri is the address that it names, else its id within its file, else its place.

    `content` is the record's raw bytes; `as_is` says that `json.loads` makes the record of them. A record with more
    than `sources.max_document_bytes`, or without a string in the first of its fields for the text, becomes a document
    with a problem. Raises nothing.
    """
    fields = Fields(record, config.fields)
    uri, address = _uri(fields, place)
    limit = config.max_document_bytes
    if len(content) > limit:
        words = f"{len(content):,} bytes are more than sources.max_document_bytes, {limit:,}"
        return unread(uri, "too-large", words, content[: kept(limit)], "record")
    text = fields.text()
    problem = key = None
    if not isinstance(text, str):
        known = names_text(record, config.fields)
        found = f"the text is {_KINDS.get(type(text), 'no string')}" if known else "there is no text"
        problem = Problem("read", "no-text", "text", CRITICAL, f"{found}; the fields are: {_listed(record)}")
    else:
        if not as_is or b"\\u" in content:  # only an escape is a surrogate in what was valid UTF-8
            text = storable(text)
        keys = [name for name, value in record.items() if value == text] if as_is else ()
        key = keys[0] if len(keys) == 1 else None
    return Document(
        uri,
        content,
        "record",
        text if isinstance(text, str) else None,
        encoding,
        title=string_of(next(iter(fields.values("title")), None)),
        date=_first(date_of, fields.values("date")),
        problem=problem,
        modified=_first(date_of, fields.values("modified")),
        authors=_first(authors_of, fields.values("authors")) or (),
        address=address,
        language=_first(language_of, fields.values("language")),
        unread_fields=fields.unread(),
        text_key=key,
    )


def _uri(fields: Fields, place: Place) -> tuple[str, str | None]:
    """The uri of a record, and its address if that is another."""
    named = [uri for value in fields.values("url") if (uri := identifier(value))]
    address = next((uri for uri in named if "://" in uri), None)
    if named:
        return named[0], address if address != named[0] else None
    key = _first(identifier, fields.values("id"))
    if key is None:
        return place.uri, None
    return key if "://" in key else f"{place.file}#id={key}", None


def _first(made: Callable[[Any], _Made], values: Iterable[Any]) -> _Made | None:
    """What is made of the first value that says anything."""
    for value in values:
        if found := made(value):
            return found
    return None


def _listed(names: Iterable[str]) -> str:
    return storable(", ".join(names)[:1000]) or "none"
