"""The unpacked size of a Parquet row group, from the headers of its pages.

The sizes in the footer may be wrong. A reader allocates the sizes in the page headers, so these are checked before a
page is unpacked. Headers are Thrift in the compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), their fields those of
`PageHeader` and `FileMetaData` in https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import pyarrow as pa

_LENGTH = struct.Struct("<I")
_SIZE, _PACKED_SIZE, _DATA_PAGE, _DICTIONARY, _DATA_PAGE_2 = 2, 3, 5, 7, 8
_NUM_VALUES, _ENCODING, _ENCODING_2 = 1, 2, 4
#: The encoding in which values share prefixes with the one before: a page of a megabyte can expand to a terabyte.
_DELTA_BYTE_ARRAY = 7
#: Bytes of a value that is not a string.
_VALUE_BYTES = 8
_TRUE, _FALSE, _BYTE, _I16, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = (*range(1, 5), *range(6, 13))
_DEEPEST = 12
#: Field numbers of the footer, its row groups, their columns and column metadata, and the schema.
_SCHEMA, _ROW_GROUPS, _COLUMNS, _NUM_ROWS, _META_DATA = 2, 4, 1, 3, 3
_TYPE, _CODEC, _VALUES, _PACKED, _DATA_AT, _DICTIONARY_AT = 1, 4, 5, 7, 9, 11
_REPETITION, _CHILDREN, _IS_REPEATED, _BYTE_ARRAY = 3, 5, 2, 6
_CODECS = ("", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw")
#: Each byte of a footer takes up to a hundred bytes in memory; a thousand row groups of twenty columns have 2 MB.
_LARGEST_FOOTER = 8 << 20
_READ = 1 << 12


class Unpacked(NamedTuple):
    """The unpacked sizes in bytes of a row group with `rows` rows.

    `pages` is the size of all pages, `largest` that of the largest, `at_once` the sum of the largest page of each
    column, `longest` the sum of the longest value of each column that stores repeated values once, and `lists` an upper
    bound for all list columns, since the size of a single row is not known.
    """

    rows: int
    pages: int = 0
    largest: int = 0
    at_once: int = 0
    longest: int = 0
    lists: int = 0


class Chunk(NamedTuple):
    """A column of a row group: the place of its pages, and the metadata of its values."""

    start: int
    end: int
    values: int
    codec: str
    is_text: bool
    repeated: bool


class Group(NamedTuple):
    rows: int
    chunks: tuple[Chunk, ...]


class _Page(NamedTuple):
    at: int
    packed: int
    size: int
    values: int
    encoding: int | None
    is_dictionary: bool


def footer(file: IO[bytes]) -> list[Group]:
    """The row groups in the footer of a file.

    pyarrow's column chunk metadata is not used: certain invalid footers end the process there with an uncaught C++
    exception. Raises `ValueError` without a valid footer, and `OSError`.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < 8 or length > min(size - 8, _LARGEST_FOOTER):
        raise ValueError(f"a footer of {length:,} bytes; footers are read up to {_LARGEST_FOOTER:,}")
    fields = _Cursor(file, size - 8 - length).struct()
    repeated = _repeated(_structs(fields.get(_SCHEMA)))
    return [_group(group, repeated) for group in _structs(fields.get(_ROW_GROUPS))]


def _structs(value: Any) -> list[dict[int, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("a footer that lacks a list")
    return value


def _repeated(elements: list[dict[int, Any]]) -> list[bool]:
    """Whether each column is a list or inside one. The schema is a tree, in preorder."""
    found: list[bool] = []
    above = [(_number(elements[0], _CHILDREN), False)] if elements else []
    for element in elements[1:]:
        while above and not above[-1][0]:
            above.pop()
        if not above:
            raise ValueError("a schema that is not a tree")
        left, inside = above[-1]
        above[-1] = (left - 1, inside)
        inside = inside or element.get(_REPETITION) == _IS_REPEATED
        if children := _number(element, _CHILDREN, 0):
            above.append((children, inside))
        else:
            found.append(inside)
    return found


def _group(group: dict[int, Any], repeated: list[bool]) -> Group:
    columns = _structs(group.get(_COLUMNS))
    return Group(
        _number(group, _NUM_ROWS),
        tuple(_chunk(column.get(_META_DATA), lists) for column, lists in zip(columns, repeated, strict=True)),
    )


def _chunk(column: Any, repeated: bool) -> Chunk:
    if not isinstance(column, dict):
        raise ValueError("a column without its data")
    start = _number(column, _DATA_AT)
    dictionary = _number(column, _DICTIONARY_AT, 0)
    if 0 < dictionary < start:  # as Arrow does
        start = dictionary
    codec = _number(column, _CODEC)
    return Chunk(
        start,
        start + _number(column, _PACKED),
        _number(column, _VALUES),
        _CODECS[codec] if codec < len(_CODECS) else "",
        _number(column, _TYPE) == _BYTE_ARRAY,
        repeated,
    )


def _number(fields: dict[int, Any], key: int, default: int | None = None) -> int:
    value = fields.get(key, default)
    if not isinstance(value, int) or value < 0:
        raise ValueError("a footer or a page that lacks a number")
    return value


def unpacked(file: IO[bytes], group: Group, largest: int) -> Unpacked:
    """The unpacked sizes of a row group. Unpacks no page of more than `largest` bytes.

    Raises `ValueError` for invalid pages, and `OSError`.
    """
    total = Unpacked(group.rows)
    for chunk in group.chunks:
        pages = at_once = values = longest = 0
        for page in _pages(file, chunk):
            pages += page.size
            at_once = max(at_once, page.size)
            values += page.values
            if page.encoding == _DELTA_BYTE_ARRAY:
                longest = max(longest, page.size)
            elif page.is_dictionary and chunk.is_text and page.size <= largest:
                longest = max(longest, _longest(file, page, chunk.codec))
        total = Unpacked(
            total.rows,
            total.pages + pages,
            max(total.largest, at_once),
            total.at_once + at_once,
            total.longest + longest,
            total.lists + chunk.repeated * values * max(longest, _VALUE_BYTES),
        )
    return total


def _pages(file: IO[bytes], chunk: Chunk) -> Iterator[_Page]:
    """The pages of a column chunk up to its number of values, which is as far as Arrow reads."""
    cursor = _Cursor(file, chunk.start)
    seen = 0
    while cursor.at < chunk.end and seen < chunk.values:
        header = cursor.struct()
        size, packed = _number(header, _SIZE), _number(header, _PACKED_SIZE)
        first, second = header.get(_DATA_PAGE), header.get(_DATA_PAGE_2)
        values, encoding = 0, None
        if isinstance(first, dict):
            values, encoding = _number(first, _NUM_VALUES), first.get(_ENCODING)
        elif isinstance(second, dict):
            values, encoding = _number(second, _NUM_VALUES), second.get(_ENCODING_2)
        yield _Page(cursor.at, packed, size, values, encoding, _DICTIONARY in header)
        cursor.at += packed
        seen += values


def _longest(file: IO[bytes], page: _Page, compression: str) -> int:
    """The length of the longest string in a dictionary page, where each follows its length; else that of the page."""
    file.seek(page.at)
    content = file.read(page.packed)
    try:
        if compression:
            content = pa.decompress(content, page.size, codec=compression).to_pybytes()
    except (pa.ArrowException, OSError, ValueError):
        return page.size
    at = longest = 0
    while at + 4 <= len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        longest = max(longest, length)
        at += 4 + length
    return min(longest, page.size)


class _Cursor:
    """A Thrift reader at an offset of a file. It reads numbers, structs and lists, and skips everything else.

    Lists say how many elements they have, and may lie: no value may reach beyond the file.
    """

    def __init__(self, file: IO[bytes], at: int) -> None:
        self.at = at
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._start, self._buffer = at, b""

    def struct(self, deep: int = 0) -> dict[int, Any]:
        """The fields of a struct by number. Raises `ValueError` for invalid data."""
        if deep > _DEEPEST:
            raise ValueError("a page header too deeply nested")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, deep)
        return fields

    def _value(self, kind: int, deep: int) -> Any:
        if kind == _STRUCT:
            return self.struct(deep + 1)
        if _I16 <= kind <= _I64:
            return self._integer()
        if kind in (_TRUE, _FALSE, _BYTE):
            self._skip(1)
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BINARY:
            self._skip(self._varint())
        elif kind in (_LIST, _SET):
            head = self._byte()
            return [self._value(head & 15, deep + 1) for _ in range(head >> 4 if head >> 4 < 15 else self._varint())]
        elif kind == _MAP:
            if size := self._varint():
                kinds = self._byte()
                for _ in range(size):
                    self._value(kinds >> 4, deep + 1)
                    self._value(kinds & 15, deep + 1)
        else:
            raise ValueError("no page header")
        return None

    def _skip(self, length: int) -> None:
        self.at += length
        if self.at > self._size:
            raise ValueError("a page header after the end of the file")

    def _byte(self) -> int:
        offset = self.at - self._start
        if not 0 <= offset < len(self._buffer):
            self._file.seek(self.at)
            self._start, self._buffer, offset = self.at, self._file.read(_READ), 0
            if not self._buffer:
                raise ValueError("a page header after the end of the file")
        self.at += 1
        return self._buffer[offset]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("a number in a page header that does not end")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
