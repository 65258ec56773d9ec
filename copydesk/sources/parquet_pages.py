"""How large a row group of Parquet is once it is unpacked, by the headers of its pages.

The footer of a file says it too, and nothing holds it to that. A reader allocates what the header of a page says, so
what stands there is asked before any page is unpacked. Headers are Thrift in the compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), their fields those of
`PageHeader` in https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_LENGTH = struct.Struct("<I")
_SIZE, _PACKED_SIZE, _DATA_PAGE, _DICTIONARY, _DATA_PAGE_2 = 2, 3, 5, 7, 8
_NUM_VALUES, _ENCODING, _ENCODING_2 = 1, 2, 4
#: Each value shares the beginning of the one before: a page of a megabyte can stand for a terabyte.
_DELTA_BYTE_ARRAY = 7
#: What a value takes that is no string.
_VALUE_BYTES = 8
_TRUE, _FALSE, _BYTE, _I16, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = (*range(1, 5), *range(6, 13))
_DEEPEST = 8
_READ = 1 << 12


class Unpacked(NamedTuple):
    """How many bytes a row group of so many `rows` has, unpacked.

    `pages` are those of all pages, `largest` of the largest, `at_once` of the largest of each column, `longest` of the
    longest value of each column whose pages hold a value once for many rows, and `lists` of all columns of lists, at
    most: how much of them is in one row is not said.
    """

    rows: int
    pages: int = 0
    largest: int = 0
    at_once: int = 0
    longest: int = 0
    lists: int = 0


class _Page(NamedTuple):
    at: int
    packed: int
    size: int
    values: int
    encoding: int | None
    is_dictionary: bool


def unpacked(file: IO[bytes], metadata: pq.FileMetaData, number: int, largest: int) -> Unpacked:
    """What row group `number` comes to. No page of more than `largest` bytes is unpacked for that.

    Raises `ValueError` where its pages are none, and `OSError`.
    """
    group = metadata.row_group(number)
    total = Unpacked(group.num_rows)
    for index in range(group.num_columns):
        chunk = group.column(index)
        pages = at_once = values = longest = 0
        for page in _pages(file, chunk):
            pages += page.size
            at_once = max(at_once, page.size)
            values += page.values
            if page.encoding == _DELTA_BYTE_ARRAY:
                longest = max(longest, page.size)
            elif page.is_dictionary and chunk.physical_type == "BYTE_ARRAY" and page.size <= largest:
                longest = max(longest, _longest(file, page, chunk.compression))
        repeated = metadata.schema.column(index).max_repetition_level > 0
        total = Unpacked(
            total.rows,
            total.pages + pages,
            max(total.largest, at_once),
            total.at_once + at_once,
            total.longest + longest,
            total.lists + repeated * values * max(longest, _VALUE_BYTES),
        )
    return total


def _pages(file: IO[bytes], chunk: Any) -> Iterator[_Page]:
    """The pages of a column chunk until all its values have been seen, which is as far as Arrow reads."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    cursor = _Cursor(file, start)
    seen = 0
    while cursor.at < end and seen < chunk.num_values:
        header = cursor.struct()
        size, packed = header.get(_SIZE), header.get(_PACKED_SIZE)
        if not isinstance(size, int) or not isinstance(packed, int) or size < 0 or packed < 0:
            raise ValueError("a page without a size")
        first, second = header.get(_DATA_PAGE), header.get(_DATA_PAGE_2)
        values, encoding = 0, None
        if isinstance(first, dict):
            values, encoding = _count(first), first.get(_ENCODING)
        elif isinstance(second, dict):
            values, encoding = _count(second), second.get(_ENCODING_2)
        yield _Page(cursor.at, packed, size, values, encoding, _DICTIONARY in header)
        cursor.at += packed
        seen += values


def _longest(file: IO[bytes], page: _Page, compression: str) -> int:
    """The length of the longest string in a dictionary, which has each behind its length; else that of the page."""
    file.seek(page.at)
    content = file.read(page.packed)
    try:
        if compression != "UNCOMPRESSED":
            content = pa.decompress(content, page.size, codec=compression.lower()).to_pybytes()
    except (pa.ArrowException, OSError, ValueError):
        return page.size
    at = longest = 0
    while at + 4 <= len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        longest = max(longest, length)
        at += 4 + length
    return min(longest, page.size)


def _count(header: dict[int, Any]) -> int:
    count = header.get(_NUM_VALUES)
    if not isinstance(count, int) or count < 0:
        raise ValueError("a page without a number of values")
    return count


class _Cursor:
    """Thrift from a place in a file on. Numbers and structs are read, all else is passed over."""

    def __init__(self, file: IO[bytes], at: int) -> None:
        self.at = at
        self._file = file
        self._start, self._buffer = at, b""

    def struct(self, deep: int = 0) -> dict[int, Any]:
        """The fields of a struct by their numbers. Raises `ValueError` where there is none."""
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
            self.at += 1
        elif kind == _DOUBLE:
            self.at += 8
        elif kind == _BINARY:
            length = self._varint()  # first: it moves the place itself
            self.at += length
        elif kind in (_LIST, _SET):
            head = self._byte()
            for _ in range(head >> 4 if head >> 4 < 15 else self._varint()):
                self._value(head & 15, deep + 1)
        elif kind == _MAP:
            if size := self._varint():
                kinds = self._byte()
                for _ in range(size):
                    self._value(kinds >> 4, deep + 1)
                    self._value(kinds & 15, deep + 1)
        else:
            raise ValueError("no page header")
        return None

    def _byte(self) -> int:
        offset = self.at - self._start
        if not 0 <= offset < len(self._buffer):
            self._file.seek(self.at)
            self._start, self._buffer, offset = self.at, self._file.read(_READ), 0
            if not self._buffer:
                raise ValueError("a page header behind the end of the file")
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
