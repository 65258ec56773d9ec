"""Reads CSV row by row, with any encoding and separator, within limits for rows and fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from copydesk.config import FieldsConfig, SourcesConfig
from copydesk.records import Arrival
from copydesk.sources.fields import names_text
from copydesk.sources.listing import Entry
from copydesk.sources.records import Place, arrival, canonical, distinct, no_text_column, rest, unread
from copydesk.sources.streams import Stopped, as_utf8, head, kept, lines, pieces, recoded
from copydesk.text.encodings import Decoded, Undecodable, decode

_SEPARATORS = ",\t;|"
#: The first line of a file that names its separator, for spreadsheets.
STATED = re.compile(rb"\s*sep=([,\t;|])\r?\n", re.IGNORECASE)
_BARE_RETURN = re.compile(rb"(?<=\r)(?!\n)")

# csv's own limit stops inside a row. Rows are limited before they reach csv, so it is not needed.
csv.field_size_limit(2**31 - 1)


def read_csv(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """One document for each row after the header; `content` is the row as JSON with sorted keys, in UTF-8."""
    limit = config.max_document_bytes
    number = 0
    rows: _Rows | None = None
    try:
        rows = _Rows(pieces(entry, compression, config), kept(limit), config.fields)
        header = next(rows, [])
        if not names_text(header, config.fields):
            yield no_text_column(entry.uri, header, head(entry, compression, config))
            return
        names = distinct(header)
        for number, row in enumerate(rows, start=1):
            yield _arrival(names, row, rows, Place(entry.uri, number), config)
    except Stopped as stop:
        stop.begun = bytes(rows.begun if rows else b"") + stop.begun
        yield rest(f"{entry.uri}#{number + 1}" if number else entry.uri, stop, limit, rows.file if rows else "utf-8")


def separator(header: str, is_header: Callable[[list[str]], bool]) -> str:
    """The separator of a table with this first line: with it, the names of its columns are those of a header."""
    header = header.replace('"', "")
    return next((mark for mark in _SEPARATORS if is_header(header.split(mark))), ",")


def _arrival(names: list[str], row: list[str], rows: _Rows, place: Place, config: SourcesConfig) -> Arrival:
    raw = recoded(bytes(rows.begun).rstrip(b"\r\n"), "utf-8", rows.file)
    if rows.size > config.max_document_bytes:
        words = f"a row of {rows.size:,} bytes; sources.max_document_bytes is {config.max_document_bytes:,}"
        return unread(place.uri, "too-large", words, raw, "record")
    if rows.broken:
        return unread(place.uri, "broken-csv", f"not a row of a table: {rows.broken}", raw, "record")
    longest = max(map(len, row))
    if longest > config.csv_field_bytes:
        words = f"a field of {longest:,} characters; sources.csv_field_bytes is {config.csv_field_bytes:,}"
        return unread(place.uri, "too-large", words, raw, "record")
    if rows.undecodable:
        return unread(place.uri, "undecodable", rows.undecodable, raw, "record")
    if len(row) < len(names) or any(row[len(names) :]):
        # A separator or a quotation mark within the text that is not escaped: published, the text would be cut.
        words = f"not a row of this table: {len(row)} fields instead of {len(names)}"
        return unread(place.uri, "broken-csv", words, raw, "record")
    record = dict(zip(names, row, strict=False))
    return arrival(record, place, canonical(record), rows.encoding, config)


class _Rows:
    """The rows of a CSV file that are not empty, and of the latest one its raw lines, size, encoding and errors.

    Quotation marks must be balanced: with a missing one, a lenient reader would silently join rows. Raises `Stopped`;
    `begun` then holds the lines of the incomplete row. `file` is the encoding from which the file was converted to
    UTF-8.
    """

    def __init__(self, pieces: Iterable[bytes], limit: int, fields: FieldsConfig) -> None:
        self.begun = bytearray()
        self.size = 0
        self.encoding = "utf-8"
        self.broken = ""
        self.undecodable = ""
        self._limit = limit
        self._charset, stream = as_utf8(pieces)
        self._recoded = self._charset != "utf-8"
        self.file = self._charset
        start = next(stream, b"")
        if not self._recoded:
            self._charset = _charset(start)
        stated = STATED.match(start)
        start = start[stated.end() :] if stated else start
        header = re.split("[\r\n]", start.decode("utf-8", "replace").lstrip(), maxsplit=1)[0]
        found = separator(header, lambda names: names_text(names, fields))
        self._separator = stated[1].decode() if stated else found
        self._lines = lines(chain([start], stream), limit, self._beyond)
        self._rows = csv.reader(self._feed(), delimiter=self._separator, strict=True)

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> list[str]:
        row: list[str] = []
        self.broken = ""
        while not row and not self.broken:
            self.begun, self.size = bytearray(), 0
            self.encoding, self.undecodable = self._charset, ""
            try:
                row = next(self._rows)
            except csv.Error as error:
                self.broken = str(error)
        return row

    def _feed(self) -> Iterator[str]:
        """The lines for csv's reader, which takes another one while a quotation mark is open."""
        for line, size in self._lines:
            self.size += size + 1
            # csv treats a carriage return as the end of a row, but only at the end of its input.
            for part in _BARE_RETURN.split(line + b"\n") if b"\r" in line else (line + b"\n",):
                room = max(self._limit - len(self.begun), 0)
                kept = part if len(part) <= room + 1 else part[:room] + self._beyond(part[room:]) + b"\n"
                if room or len(kept) > 1:  # another line of a quoted field that is already too long changes nothing
                    self.begun += kept
                    yield self._text(kept)

    def _text(self, line: bytes) -> str:
        if self._recoded:
            return line.decode("utf-8", "surrogatepass")
        if self.size > self._limit:  # only the structure of the line is left
            return line.decode("utf-8", "replace")
        try:
            return line.decode(self._charset)
        except UnicodeDecodeError:
            pass
        try:
            text, self.encoding = _narrow(line)
        except Undecodable as error:
            self.undecodable = str(error)
            text = line.decode("utf-8", "replace")
        return text

    def _beyond(self, cut_off: bytes) -> bytes:
        """A short replacement for bytes beyond the limit; their quotation marks decide whether the row continues.

        A quotation mark next to a separator closes a quoted field, or opens one.
        """
        return f'{self._separator}"'.encode() if cut_off.count(b'"') % 2 else b""


def _charset(start: bytes) -> str:
    """The encoding of a file that begins with `start`, from its complete lines; single lines may still differ."""
    try:
        encoding = _narrow(start[: start.rfind(b"\n") + 1] or start).encoding
    except Undecodable:
        return "utf-8"
    return "utf-8" if "+" in encoding else encoding


def _narrow(content: bytes) -> Decoded:
    """`content` decoded; not as UTF-16 or UTF-32, which are detected at the start of the file."""
    decoded = decode(content)
    if decoded.encoding.startswith(("utf-16", "utf-32")):
        raise Undecodable(f"looks like {decoded.encoding} within a file that is not")
    return decoded
