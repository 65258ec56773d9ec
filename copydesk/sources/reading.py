"""Reads all documents of a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import unquote

from copydesk.config import SourcesConfig
from copydesk.records import Arrival, Document
from copydesk.sources.listing import Entry, SourceError, entries
from copydesk.sources.readers import READERS
from copydesk.sources.records import Record, unread
from copydesk.sources.streams import COMPRESSIONS

#: Names of files that are left out, for each reason.
_NAMES = 3


class LeftOut(Counter[str]):
    """How many files were not read, by reason; `names` gives the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, list[str]] = {}

    def add(self, reason: str, uri: str) -> None:
        self[reason] += 1
        if self[reason] <= _NAMES:
            self.names.setdefault(reason, []).append(uri)


def read(source: str, config: SourcesConfig, skipped: LeftOut | None = None) -> Iterator[Document]:
    """Every document of `source`, as `arrivals` describes."""
    return (arrival.document() for arrival in arrivals(source, config, skipped))


def arrivals(source: str, config: SourcesConfig, skipped: LeftOut | None = None) -> Iterator[Arrival]:
    """What `source` delivers: a path, or a URL that fsspec knows (`s3://bucket/prefix`, `memory://`, ...).

    Folders are read to their depths, in the order of their names, leaving out what begins with `.` or `_`, files of
    other kinds, warehouses, and links to folders that are read anyway: `skipped` counts them by reason, and names
    some. Uris are relative to `source` (a single file is its name). Those of records that name no address end in `#`
    and their id or number. Raises `SourceError` at once where `source` does not exist, cannot be reached, or is a file
    of unknown kind.
    """
    is_file, found = entries(source)
    if is_file:
        found = [*found]
        if _kind(found[0].uri)[0] not in READERS:
            kinds = f"{', '.join(READERS)}, each also .gz or .zst"
            raise SourceError(f"{source}: no reader for this kind of file; there are {kinds}")
    return _arrivals(found, config, skipped if skipped is not None else LeftOut())


def _arrivals(found: Iterable[Entry], config: SourcesConfig, skipped: LeftOut) -> Iterator[Arrival]:
    for entry in found:
        extension, compression = _kind(entry.uri)
        if entry.left_out is not None:
            skipped.add(entry.left_out, entry.uri)
        elif entry.fault is not None:
            yield unread(entry.uri, "unreadable", entry.fault)
        elif extension in READERS:
            found_in = READERS[extension](entry, compression, config)
            day = path_date(entry.uri)
            yield from (_dated(arrival, day) for arrival in found_in) if day else found_in
        else:
            kind = ascii(extension)[1:-1] or "without an extension"
            skipped.add(f"of a kind that is not read, {kind}", entry.uri)


def _dated(arrival: Arrival, day: str) -> Arrival:
    if isinstance(arrival, Record):
        arrival.path_date = day
        return arrival
    return replace(arrival.document(), path_date=day)


_DATED = re.compile(
    r"(?:^|/)(?:\w*_)?(?:date|day|dt|ds)=(\d{4})-?(\d\d)-?(\d\d)(?:/|$)"
    r"|(?:^|/)y(?:ear)?=(\d{4})/m(?:onth)?=(\d\d?)/d(?:ay)?=(\d\d?)(?:/|$)",
    re.IGNORECASE,
)


def path_date(uri: str) -> str | None:
    """The date in a Hive path, `date=2024-05-01/` or `year=2024/month=05/day=01/`, as ISO 8601."""
    found = _DATED.search(unquote(uri))
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups() if part)).isoformat()
    except ValueError:
        return None


def _kind(uri: str) -> tuple[str, str | None]:
    """The extension of a file, in lower case, and the codec it is compressed with: `a.JSONL.gz` → `.jsonl`, gzip."""
    name = uri.rsplit("/", 1)[-1].lower()
    stem, dot, last = name.rpartition(".")
    compression = COMPRESSIONS.get(f".{last}") if dot else None
    if compression:
        stem, dot, last = stem.rpartition(".")
    return (f".{last}" if stem and dot else ""), compression
