"""Parquet: record batch by record batch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow.parquet as pq

from copydesk.config import SourcesConfig
from copydesk.records import Arrival
from copydesk.sources.fields import names_text
from copydesk.sources.listing import Entry
from copydesk.sources.parquet_pages import Unpacked, footer, unpacked
from copydesk.sources.records import Place, arrival, canonical, distinct, no_text_column, rest
from copydesk.sources.rows import records
from copydesk.sources.streams import Room, Stopped, head, pieces, reason

_BATCH_BYTES = 1 << 22
_BATCH_ROWS = 1024
#: Pages have a megabyte by the usual settings, or a value that is larger.
_LARGEST_PAGE, _PAGES_AT_ONCE = 1 << 26, 4


def read_parquet(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[Arrival]:
    """One document for each row; `content` is the row as JSON with sorted keys, in UTF-8.

    `sources.max_expansion` also limits Parquet: before a row group is unpacked, by its page headers, and row by row,
    since a file may store a large text once and use it in every row.
    """
    limit = config.max_document_bytes
    number = 0
    try:
        with _seekable(entry, compression, config) as (file, size):
            groups = footer(file)
            file.seek(0)
            table = pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False, page_checksum_verification=True)
            names = distinct(table.schema_arrow.names)
            if not names_text(names, config.fields):
                yield no_text_column(entry.uri, names, head(entry, compression, config))
                return
            room = Room(size, config.max_expansion)
            for index, group in enumerate(groups):
                found = unpacked(file, group, _LARGEST_PAGE)
                _refuse(found, room, limit)
                for batch in table.iter_batches(_batch_rows(found), [index]):
                    for record in records(batch, names):
                        content = canonical(record)
                        room.take(len(content))
                        number += 1
                        yield arrival(record, Place(entry.uri, number), content, "utf-8", config)
    except Exception as error:  # noqa: BLE001 - Arrow raises many kinds for a corrupt file, object stores their own
        rule = "unreadable" if getattr(error, "errno", None) else "broken-parquet"
        stop = error if isinstance(error, Stopped) else Stopped(rule, reason(error))
        stop.content = stop.content or head(entry, compression, config)
        yield rest(f"{entry.uri}#{number + 1}" if number else entry.uri, stop, limit)


@contextmanager
def _seekable(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[tuple[IO[bytes], int]]:
    """The file, for random access, and its size as it came: one that is compressed goes to a temporary file first."""
    with entry.open() as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if compression is None:
            yield file, size
            return
    with tempfile.TemporaryFile() as copy:
        for piece in pieces(entry, compression, config):
            copy.write(piece)
        copy.seek(0)
        yield copy, size


def _refuse(group: Unpacked, room: Room, limit: int) -> None:
    """Raises `Stopped` where a row group takes more memory than it may, before it takes any."""
    most = max(_LARGEST_PAGE, 2 * limit)
    if group.largest > most or group.at_once > _PAGES_AT_ONCE * most:
        raise Stopped("too-large", f"pages of {group.at_once:,} bytes; pages are read up to {most:,}")
    room.refuse(max(group.pages, group.lists))


def _batch_rows(group: Unpacked) -> int:
    """The number of rows in a batch of some megabytes, for texts of any size and repetition."""
    by_pages = _BATCH_BYTES * group.rows // max(group.pages, 1)
    by_value = _BATCH_BYTES // max(group.longest, 1)
    return max(1, min(_BATCH_ROWS, by_pages, by_value))
