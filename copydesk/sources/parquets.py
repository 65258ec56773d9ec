"""Parquet: record batch by record batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.config import SourcesConfig
from copydesk.records import Document
from copydesk.sources.listing import Entry
from copydesk.sources.records import canonical, document, names_text, no_text_column, rest
from copydesk.sources.streams import Stopped, head, pieces, reason
from copydesk.text.encodings import Undecodable, decode

_BATCH_BYTES = 1 << 22
_BATCH_ROWS = 1024


def read_parquet(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Document]:
    """One document for each row; `content` is the row as JSON with sorted keys, in UTF-8."""
    limit = config.max_document_bytes
    number = 0
    try:
        with _seekable(entry, compression, config) as file:
            table = pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False, page_checksum_verification=True)
            names = table.schema_arrow.names
            if not names_text(names):
                yield no_text_column(entry.uri, names, head(entry, compression, config))
                return
            for batch in table.iter_batches(_batch_rows(table.metadata)):
                for row in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    record = dict(zip(names, row, strict=True))
                    yield document(record, f"{entry.uri}#{number}", canonical(record), "utf-8", limit)
    except Exception as error:  # noqa: BLE001 - Arrow raises many kinds for a corrupt file, object stores their own
        rule = "unreadable" if getattr(error, "errno", None) else "broken-parquet"
        stop = error if isinstance(error, Stopped) else Stopped(rule, reason(error))
        stop.content = stop.content or head(entry, compression, config)
        yield rest(f"{entry.uri}#{number + 1}" if number else entry.uri, stop, limit)


@contextmanager
def _seekable(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[IO[bytes]]:
    """The file, for random access: one that is compressed as a whole goes to a temporary file first."""
    if compression is None:
        with entry.open() as file:
            yield file
    else:
        with tempfile.TemporaryFile() as copy:
            for piece in pieces(entry, compression, config):
                copy.write(piece)
            copy.seek(0)
            yield copy


def _batch_rows(metadata: pq.FileMetaData) -> int:
    """How many rows make a batch of some megabytes, which keeps memory flat whatever the size of row groups."""
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    rows: int = max(1, min(_BATCH_ROWS, _BATCH_BYTES * metadata.num_rows // max(size, 1)))
    return rows


def _values(column: pa.Array) -> list[Any]:
    """Python values; days and times as ISO 8601 (in UTC where they have a zone), bytes as text where they are text."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        return [value and value.replace(" ", "T") for value in column.cast(pa.string()).to_pylist()]
    if pa.types.is_date(kind):
        column = column.cast(pa.string())
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:  # Parquet does not check its strings
        values = column.cast(pa.large_binary()).to_pylist()
    return [_decoded(value) if isinstance(value, bytes) else value for value in values]


def _decoded(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        pass
    try:
        return decode(value).text
    except Undecodable:
        return value
