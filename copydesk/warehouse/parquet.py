"""Writes Parquet files with bytes that depend on the rows only: not on a clock, a path or batch sizes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from copydesk.warehouse.schemas import EDITS, KNOWN, OUTLINES, SIGNATURES

#: Maximum rows and bytes of text of a row group.
GROUP_ROWS = 16_384
GROUP_BYTES = 16 * 2**20
#: Bytes that are written together.
WRITE_BYTES = 2**18

#: Columns of long or free text, without statistics: these help no reader and would be half of a small file.
_TEXTS = {
    "headline",
    "body",
    "before",
    "after",
    "content",
    "text",
    "title",
    "observed",
    "description",
    "uri",
    "context",
}
_HEAVY = ("body", "before", "after", "content", "text")
#: Columns with few distinct values.
_FEW_VALUES = {
    *("dateline", "agency", "attribution", "language", "encoding", "validation", "run_id", "pipeline_version"),
    *("kind", "text_key", "given", "published_precision", "site", "version", "first_seen_at", "last_changed_at"),
    "syndicated_from",
    *(
        "step",
        "field",
        "rule",
        "status",
        "action",
        "verdict",
        "who",
        "media_type",
        "kind",
        "text_key",
        "given_encoding",
        "charset",
        "suite",
        "expectation",
        "column",
        "severity",
    ),
}


#: Statistics and dictionaries of text of edits take more space than they save. With this level, thousands of small
#: files of them stay under a quarter of the bytes of the articles.
_OF_EDITS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 9,
    "use_dictionary": False,
    "write_statistics": False,
    "column_encoding": dict.fromkeys(
        ("sequence", "start", "end", "body_start", "positions.list.element"), "DELTA_BINARY_PACKED"
    ),
}

#: Rows of a small file. A night of many dates has thousands of them: pages of a few bytes are larger when compressed or
#: with a dictionary, and each compressed column takes as long as writing it.
SMALL_ROWS = 64
_LONG_TEXTS = ("body", "content", "text")

#: Sorted keys and numbers that look random: the former are told by their differences, the latter cannot be compressed.
_KEYS: dict[str, Any] = {
    "use_dictionary": ["gone"],
    "write_statistics": ["key"],
    "column_encoding": {"key": "DELTA_BINARY_PACKED"},
    "compression": {"gone": "zstd"},
}
#: Rows of a row group of them, about a megabyte.
_KEYS_ROWS, _OUTLINES_ROWS = 2**17, 2**12


def _options(schema: pa.Schema, small: bool) -> dict[str, Any]:
    """How a file of a table is written; `small` is one of at most `SMALL_ROWS` rows."""
    if schema is SIGNATURES or schema is OUTLINES:
        return _KEYS
    if schema is KNOWN:
        return {"compression": "none", "use_dictionary": False, "write_statistics": False}
    if schema is EDITS:
        return _OF_EDITS
    texts = [name for name in _LONG_TEXTS if name in schema.names]
    flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
    return {
        "compression": dict.fromkeys(texts, "zstd") or "none" if small else "zstd",
        "compression_level": dict.fromkeys(texts, 3) or None if small else 3,
        "use_dictionary": False if small else [name for name in flat if name in _FEW_VALUES],
        "write_statistics": [name for name in flat if name not in _TEXTS],
    }


class Sealed(NamedTuple):
    """A finished file: bytes and SHA-256; the rows of a table."""

    size: int
    sha256: str
    rows: int | None = None

    def listed(self) -> dict[str, Any]:
        """The same for a commit record."""
        rows = {} if self.rows is None else {"rows": self.rows}
        return {"bytes": self.size, "sha256": self.sha256, **rows}


def seal(path: Path, rows: int | None = None) -> Sealed:
    """Measure a finished file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Sealed(file.tell(), digest, rows)


def write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> Sealed:
    """Write `tables` in order, with at most one row group in memory. A file without rows is valid."""
    most = _KEYS_ROWS if schema is SIGNATURES else _OUTLINES_ROWS if schema is OUTLINES else GROUP_ROWS
    groups = _row_groups(tables, most)
    first = next(groups, None)
    options = _options(schema, first is None or len(first) <= SMALL_ROWS)
    if first is None or (len(first) < most and int(text_bytes(first).sum()) < GROUP_BYTES):  # no other follows it
        # Most files: Arrow writes every page and every part of the footer by itself.
        sink = pa.BufferOutputStream()
        rows = _write(sink, schema, [] if first is None else [first], options)
        content = sink.getvalue()
        path.write_bytes(content)
        return Sealed(content.size, hashlib.sha256(content).hexdigest(), rows)
    waiting = [first]
    del first
    with pa.OSFile(str(path), "wb") as file, pa.BufferedOutputStream(file, WRITE_BYTES) as buffered:
        rows = _write(buffered, schema, chain(_taken(waiting), groups), options)
    return seal(path, rows)


def _taken(groups: list[pa.Table]) -> Iterator[pa.Table]:
    """The groups, of which each is forgotten when it has been written."""
    while groups:
        yield groups.pop(0)


def _write(sink: pa.NativeFile, schema: pa.Schema, groups: Iterable[pa.Table], options: dict[str, Any]) -> int:
    """Write row groups; returns the number of rows."""
    rows = 0
    with pq.ParquetWriter(sink, schema, write_page_checksum=True, **options) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=group.num_rows)
            rows += group.num_rows
            del group  # before the next one is made
    return rows


def _row_groups(tables: Iterable[pa.Table], most: int) -> Iterator[pa.Table]:
    pending: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        lengths = text_bytes(table)
        whole = int(lengths.sum())
        if rows + table.num_rows < most and size + whole < GROUP_BYTES:
            pending.append(table)
            rows, size = rows + table.num_rows, size + whole
            continue
        ends = lengths.cumsum()
        start = 0
        while start < table.num_rows:
            before = int(ends[start - 1]) if start else 0
            fits = int(np.searchsorted(ends[start:], GROUP_BYTES - size + before)) + 1
            stop = min(start + fits, start + most - rows, table.num_rows)
            pending.append(table.slice(start, stop - start))
            rows, size = rows + stop - start, size + int(ends[stop - 1]) - before
            if rows >= most or size >= GROUP_BYTES:
                pending = [_joined(pending)]
                yield pending.pop()
                rows = size = 0
            start = stop
        del table  # before the next one is read
    if rows:
        yield _joined(pending)


def _joined(tables: list[pa.Table]) -> pa.Table:
    """One chunk for each column, because the writer starts a new page at each chunk."""
    table = pa.concat_tables(tables)
    return table if all(column.num_chunks == 1 for column in table.columns) else table.combine_chunks()


def text_bytes(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The bytes of long text in each row, int64[rows]."""
    total = np.zeros(table.num_rows, np.int64)
    for name in _HEAVY:
        if name in table.schema.names:
            lengths = pc.binary_length(table[name])
            total += (pc.fill_null(lengths, 0) if lengths.null_count else lengths).to_numpy()
    return total
