"""The readers of the formats: each yields the documents of one file, in order, and raises nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from copydesk.config import SourcesConfig
from copydesk.records import Arrival, Document
from copydesk.sources.csvs import read_csv
from copydesk.sources.json_arrays import elements
from copydesk.sources.listing import Entry
from copydesk.sources.pages import declared_charset
from copydesk.sources.records import KINDS, Place, arrival, rest, unread
from copydesk.sources.streams import Stopped, as_utf8, kept, lines, pieces, reason, recoded, whole
from copydesk.text.encodings import Undecodable, decode

Reader = Callable[[Entry, str | None, SourcesConfig], Iterator[Arrival]]

# A value of two bytes, `[]`, takes 64 bytes in memory, so the values of a long line are counted first.
_LONG_LINE, _MOST_VALUES = 1 << 20, 1_000_000
_STRING, _NEXT_VALUE = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL), re.compile(r"[\[{,]")


def read_text(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """A file that is one document, with its bytes unchanged."""
    try:
        yield Document(entry.uri, whole(pieces(entry, compression, config), config.max_document_bytes))
    except Stopped as stop:
        yield unread(entry.uri, stop.rule, stop.words, stop.content)


def read_html(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """A page with the charset that it declares; `copydesk.sources.pages.extract` finds its text."""
    try:
        content = whole(pieces(entry, compression, config), config.max_document_bytes)
    except Stopped as stop:
        yield unread(entry.uri, stop.rule, stop.words, stop.content, "html")
    else:
        yield Document(entry.uri, content, "html", charset=declared_charset(content))


def read_json_lines(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """One document for each line that is not empty."""
    limit = config.max_document_bytes
    number, encoding = 0, "utf-8"
    try:
        encoding, stream = as_utf8(pieces(entry, compression, config))
        for number, (line, size) in enumerate(lines(stream, kept(limit)), start=1):
            if line.strip():
                yield _json_record(line.removesuffix(b"\r"), size, Place(entry.uri, number), encoding, config)
    except Stopped as stop:
        yield rest(f"{entry.uri}#{number + 1}" if number else entry.uri, stop, limit, encoding)


def read_json(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """One document for each record of a JSON array, or of JSON Lines with this ending; one for a single record."""
    limit = config.max_document_bytes
    number, encoding = 0, "utf-8"
    try:
        encoding, stream = as_utf8(pieces(entry, compression, config))
        for number, element in enumerate(elements(stream, kept(limit)), start=1):
            yield _json_record(element, len(element), Place(entry.uri, number), encoding, config)
    except Stopped as stop:
        yield rest(f"{entry.uri}#{number + 1}" if number else entry.uri, stop, limit, encoding)


def _json_record(line: bytes, size: int, place: Place, encoding: str, config: SourcesConfig) -> Arrival:
    limit = config.max_document_bytes
    if size > limit:
        words = f"a record of {size:,} bytes; sources.max_document_bytes is {limit:,}"
        return unread(place.uri, "too-large", words, recoded(line[: kept(limit)], "utf-8", encoding), "record")
    content = recoded(line, "utf-8", encoding)
    try:
        as_is = False
        if encoding == "utf-8":
            text, encoding, as_is = _decoded(line)
        else:
            text = line.decode("utf-8", "surrogatepass")
        if len(text) > _LONG_LINE and (values := _values_in(text)) > _MOST_VALUES:
            words = f"a record of {values:,} values; records are read up to {_MOST_VALUES:,}"
            return unread(place.uri, "too-large", words, content, "record")
        record, plainly = _parsed(text)
    except Undecodable as error:
        return unread(place.uri, "undecodable", str(error), content, "record")
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")  # as in "Unterminated string starting at"; its own line is not the file's
        words = f"not JSON: {what} at character {error.pos + 1} of the record"
        return unread(place.uri, "broken-json", words, content, "record")
    except (ValueError, RecursionError, MemoryError) as error:
        return unread(place.uri, "broken-json", f"not JSON: {reason(error)}", content, "record")
    if not isinstance(record, dict):
        words = f"{KINDS[type(record)]}, not a JSON object"
        return unread(place.uri, "broken-json", words, content, "record")
    return arrival(record, place, content, encoding, config, as_is and plainly)


def read_record(uri: str, content: bytes, encoding: str, config: SourcesConfig) -> Document:
    """A record from its raw bytes alone, such as those in the quarantine; its place and address are not known."""
    line = recoded(content, encoding, "utf-8") if encoding != "utf-8" else content
    return replace(_json_record(line, len(line), Place(uri, 1), encoding, config).document(), uri=uri)


def _parsed(text: str) -> tuple[Any, bool]:
    """The parsed value, and whether its numbers are numbers. Raises `ValueError`, `RecursionError`, `MemoryError`."""
    # json reads 300 MB/s, half as fast as orjson, but accepts what news APIs write, such as NaN, lone surrogates
    # and long numbers.
    try:
        return json.loads(text), True
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of more digits than Python turns into an integer: they are all that it says
        return json.loads(text, parse_int=str), False


def _values_in(text: str) -> int:
    """The approximate number of values in a JSON text."""
    return sum(len(_NEXT_VALUE.findall(part)) for part in _STRING.split(text))


def _decoded(line: bytes) -> tuple[str, str, bool]:
    """The text of a line, its encoding, and whether it is valid UTF-8."""
    try:
        return line.decode(), "utf-8", True
    except UnicodeDecodeError:
        return *decode(line), False


#: By extension, in lower case; each also compressed.
def read_parquet(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """A table, row by row. Arrow is imported when there is one."""
    from copydesk.sources import parquets

    return parquets.read_parquet(entry, compression, config)


READERS: dict[str, Reader] = {
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
