"""Writes Parquet files with bytes that depend on the rows only: not on a clock, a path or batch sizes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from copydesk.warehouse.schemas import EDITS, SIGNATURES

#: Maximum rows and bytes of text of a row group.
GROUP_ROWS = 16_384
GROUP_BYTES = 32 * 2**20

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


#: Edits are in thousands of small files, in which dictionary pages and statistics take more space than they save, and
#: better compression takes no time.
_SMALL: dict[str, Any] = {
    "use_dictionary": False,
    "write_statistics": False,
    "compression_level": 15,
    "column_encoding": dict.fromkeys(
        ("sequence", "start", "end", "body_start", "positions.list.element"), "DELTA_BINARY_PACKED"
    ),
}


#: Sorted keys and numbers that look random: the former are told by their differences, the latter cannot be compressed.
_KEYS: dict[str, Any] = {
    "use_dictionary": ["gone"],
    "write_statistics": ["key"],
    "column_encoding": {"key": "DELTA_BINARY_PACKED"},
}
_KEYS_ROWS = 2**17


def _usual(columns: list[str]) -> dict[str, Any]:
    return {
        "use_dictionary": [name for name in columns if name in _FEW_VALUES],
        "write_statistics": [name for name in columns if name not in _TEXTS],
        "compression_level": 3,
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
    is_keys = schema is SIGNATURES
    flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
    with (
        pa.OSFile(str(path), "wb") as file,
        pq.ParquetWriter(
            file,
            schema,
            compression={"article": "none", "digest": "none", "key": "none", "gone": "zstd"} if is_keys else "zstd",
            write_page_checksum=True,
            **(_SMALL if schema is EDITS else _KEYS if is_keys else _usual(flat)),
        ) as writer,
    ):
        rows = 0
        for group in _row_groups(tables, _KEYS_ROWS if is_keys else GROUP_ROWS):
            writer.write_table(group, row_group_size=group.num_rows)
            rows += group.num_rows
    return seal(path, rows)


def _row_groups(tables: Iterable[pa.Table], most: int) -> Iterator[pa.Table]:
    pending: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        ends = _running_bytes(table)
        start = 0
        while start < table.num_rows:
            before = int(ends[start - 1]) if start else 0
            fits = int(np.searchsorted(ends[start:], GROUP_BYTES - size + before)) + 1
            stop = min(start + fits, start + most - rows, table.num_rows)
            pending.append(table.slice(start, stop - start))
            rows, size = rows + stop - start, size + int(ends[stop - 1]) - before
            if rows >= most or size >= GROUP_BYTES:
                yield _joined(pending)
                pending, rows, size = [], 0, 0
            start = stop
    if pending:
        yield _joined(pending)


def _joined(tables: list[pa.Table]) -> pa.Table:
    """One chunk for each column, because the writer starts a new page at each chunk."""
    return pa.concat_tables(tables).combine_chunks()


def _running_bytes(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The cumulative bytes of text, including each row."""
    total = np.zeros(table.num_rows, np.int64)
    for name in _HEAVY:
        if name in table.schema.names:
            lengths = pc.fill_null(pc.binary_length(table[name]), 0)
            total += lengths.to_numpy()
    return total.cumsum()
