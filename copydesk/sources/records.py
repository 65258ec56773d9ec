"""Turns a JSON object or table row into a document: finds the fields for text, uri, title and date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from copydesk.config import SourcesConfig
from copydesk.records import CRITICAL, Arrival, Document, Problem, named, storable
from copydesk.sources.fields import (
    COMMON,
    Fields,
    authors_of,
    date_of,
    identifier,
    language_of,
    string_of,
)
from copydesk.sources.streams import Stopped, kept, recoded

#: Values of JSON in words, by their type.
KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


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


class Record:
    """A record that can be read. Its uri is known; its document is made when it is needed."""

    __slots__ = ("_as_is", "_encoding", "_fields", "address", "content", "path_date", "uri")

    def __init__(self, fields: Fields, place: Place, content: bytes, encoding: str, as_is: bool) -> None:
        uri, self.address = _uri(fields, place)
        self.uri, self.content = named(uri), content
        self.path_date: str | None = None
        self._fields, self._encoding, self._as_is = fields, encoding, as_is

    @property
    def content_sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def document(self) -> Document:
        """The document: one with a problem without a string in the first of its fields for the text. Raises nothing."""
        fields = self._fields
        text = fields.text()
        problem = key = None
        if not isinstance(text, str):
            found = f"the text is {KINDS.get(type(text), 'no string')}" if fields.name_text() else "there is no text"
            words = f"{found}; the fields are: {_listed(fields.record)}"
            problem = Problem("read", "no-text", "text", CRITICAL, words)
        else:
            if not self._as_is or b"\\u" in self.content:  # only an escape is a surrogate in what was valid UTF-8
                text = storable(text)
            keys = [name for name, value in fields.record.items() if value == text] if self._as_is else ()
            key = keys[0] if len(keys) == 1 else None
        return Document(
            self.uri,
            self.content,
            "record",
            text if isinstance(text, str) else None,
            self._encoding,
            title=string_of(next(iter(fields.values("title")), None)),
            date=_first(date_of, fields.values("date")),
            problem=problem,
            modified=_first(date_of, fields.values("modified")),
            authors=_first(authors_of, fields.values("authors")) or (),
            address=self.address,
            language=_first(language_of, fields.values("language")),
            path_date=self.path_date,
            unread_fields=fields.unread(),
            text_key=key,
        )


def arrival(
    record: dict[str, Any], place: Place, content: bytes, encoding: str, config: SourcesConfig, as_is: bool = False
) -> Arrival:
    """What a source delivers in `record`. Its uri is the address that it names, else its id within its file, else its
    place.

    `content` is the record's raw bytes; `as_is` says that `json.loads` makes the record of them. A record with more
    than `sources.max_document_bytes` becomes a document with a problem. Raises nothing.
    """
    found = Record(Fields(record, config.fields), place, content, encoding, as_is)
    limit = config.max_document_bytes
    if len(content) > limit:
        words = f"{len(content):,} bytes are more than sources.max_document_bytes, {limit:,}"
        return unread(found.uri, "too-large", words, content[: kept(limit)], "record")
    return found


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
