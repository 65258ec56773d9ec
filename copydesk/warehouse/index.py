"""What the small files of articles and of the quarantine hold, by the digest of their bytes: a cache in one file.

Opening a Parquet file takes ten times as long as hashing a small one. So the ids and digests of the documents in small
files stand in the private file `_known.parquet` as well, under the table and the SHA-256 of the file that they were
read from (a file may lie in the place of one of another table). A file that was changed, restored or copied in any way
has another digest and is read itself, so the cache cannot be stale; what it lacks, or all of it if it is damaged, is
read from the tables. Commits that change a table write it as one of their files.
"""

from __future__ import annotations

import hashlib
import json
from binascii import unhexlify
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.warehouse import layout, partition
from copydesk.warehouse.schemas import ARTICLES, KNOWN, QUARANTINE
from copydesk.warehouse.store import Store, WarehouseError, in_words

#: Files read in parallel on an object store, which is mostly waiting; and in a folder, where each takes memory instead.
READERS = 8
READERS_HERE = 2
#: Larger files are read themselves: the time goes by their rows then.
SMALL = 2**18
TABLES = {
    "articles": (ARTICLES, ["article_id", "content_sha256", "first_seen_at", "version"]),
    "quarantine": (QUARANTINE, ["article_id", "content_sha256", "reasons"]),
}


@dataclass(frozen=True, slots=True)
class Part:
    """The documents of a file, row by row.

    `ids` uint64[n, 2], `contents` (SHA-256) uint64[n, 4], `first_seen` int64[n] (microseconds since 1970),
    `versions` int32[n]. The last two are those of articles, 0 in the quarantine. `rules` are the rules by which they
    were quarantined, none for articles.
    """

    ids: Any
    contents: Any
    first_seen: Any
    versions: Any
    rules: tuple[frozenset[str], ...] = ()

    @staticmethod
    def of(rows: pa.Table) -> Part:
        """The documents of rows of articles or of the quarantine. Raises ValueError for an id that is no digest."""
        first_seen, versions = (
            rows[name].cast(pa.int64()).to_numpy() if name in rows.schema.names else np.zeros(len(rows), np.int64)
            for name in ("first_seen_at", "version")
        )
        rules: tuple[frozenset[str], ...] = ()
        if "reasons" in rows.schema.names:
            rules = tuple(frozenset(reason["rule"] for reason in row) for row in rows["reasons"].to_pylist())
        ids, contents = digests(rows["article_id"], 2), digests(rows["content_sha256"], 4)
        return Part(ids, contents, first_seen, versions.astype(np.int32), rules)

    @staticmethod
    def joined(parts: Sequence[Part]) -> Part:
        """The documents of several, one after the other."""
        return Part(
            np.concatenate([np.empty((0, 2), np.uint64), *(part.ids for part in parts)]),
            np.concatenate([np.empty((0, 4), np.uint64), *(part.contents for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.first_seen for part in parts)]),
            np.concatenate([np.empty(0, np.int32), *(part.versions for part in parts)]),
            tuple(rules for part in parts for rules in part.rules),
        )

    def __len__(self) -> int:
        return len(self.ids)


#: The documents of files by their table and the SHA-256 of the file; and small files by their path, with that digest.
Parts = Mapping[tuple[str, str], Part]
Small = Mapping[str, tuple[str, Part]]


def read(store: Store, table: str, remembered: Parts) -> tuple[dict[int, Part], Small]:
    """The documents of every file of a table, by its number; and the small files. Raises `WarehouseError`."""
    with in_words(f"list the table {table}"):
        sizes = store.sizes(table)
    names = {name: number for name in sizes if (number := store.partitions.number_of(table, name)) is not None}
    with ThreadPoolExecutor(READERS_HERE if store.local else READERS) as pool:
        found = list(pool.map(lambda name: _of_file(store, table, name, sizes[name] <= SMALL, remembered), names))
    small = {name: (digest, part) for name, (digest, part) in zip(names, found, strict=True) if digest is not None}
    return dict(zip(names.values(), (part for _, part in found), strict=True)), small


def noted(tables: Iterable[pa.Table], parts: list[Part]) -> Iterator[pa.Table]:
    """Rows of a file that is written, with their documents noted in `parts`."""
    for rows in tables:
        parts.append(Part.of(rows))
        yield rows
        del rows  # before the next ones are read


def _of_file(store: Store, table: str, name: str, is_small: bool, remembered: Parts) -> tuple[str | None, Part]:
    digest, content = None, None
    if is_small:
        with in_words(f"read {name}"):
            content = store.read(name)
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            if (table, digest) in remembered:
                return digest, remembered[table, digest]
    schema, columns = TABLES[table]
    try:
        return digest, Part.joined([*map(Part.of, partition.read(store, name, schema, columns, content))])
    except ValueError as error:
        raise WarehouseError(
            f"{name} holds an article_id or content_sha256 that is not a digest; restore it from a backup, or let"
            " `copydesk check --repair` move it away and run again"
        ) from error


# --- the file


def remembered(store: Store) -> Parts:
    """What the cache holds; nothing if it is missing or damaged. Raises `WarehouseError` for errors of the disk."""
    with in_words(f"read {layout.KNOWN}"):
        if store.size(layout.KNOWN) is None:
            return {}
    try:
        rows = pa.concat_tables([KNOWN.empty_table(), *partition.read(store, layout.KNOWN, KNOWN)])
        return dict(map(_part, rows.to_pylist()))
    except (partition.Unreadable, ValueError, TypeError):
        return {}


def _part(row: Mapping[str, Any]) -> tuple[tuple[str, str], Part]:
    ids = np.frombuffer(row["ids"], "<u8").reshape(-1, 2)
    contents = np.frombuffer(row["contents"], "<u8").reshape(-1, 4)
    first_seen, versions = np.frombuffer(row["first_seen"], "<i8"), np.frombuffer(row["versions"], "<i4")
    rules = tuple(frozenset(some) for some in json.loads(row["rules"]))
    if {len(contents), len(first_seen), len(versions)} != {len(ids)} or len(rules) not in (0, len(ids)):
        raise ValueError("columns of different lengths")
    return (row["table"], row["digest"]), Part(ids, contents, first_seen, versions, rules)


def table(parts: Parts) -> pa.Table:
    """The rows of the cache, with the schema `KNOWN`."""
    rows = []
    for (name, digest), part in sorted(parts.items(), key=lambda item: item[0]):
        blobs = {column: getattr(part, column).astype(kind).tobytes() for column, kind in _KINDS.items()}
        rules = json.dumps([sorted(some) for some in part.rules])
        rows.append({"table": name, "digest": digest, **blobs, "rules": rules})
    return pa.Table.from_pylist(rows, KNOWN)


_KINDS = {"ids": "<u8", "contents": "<u8", "first_seen": "<i8", "versions": "<i4"}


# --- digests


def digests(column: pa.ChunkedArray, words: int) -> Any:
    """Hexadecimal digests of `words` times 8 bytes as uint64[n, words]. Raises ValueError for anything else."""
    if column.null_count or not pc.all(pc.equal(pc.binary_length(column), 16 * words), min_count=0).as_py():
        raise ValueError("a digest of another length")
    return digests_of(b"".join(map(_characters, column.chunks)), words)


def _characters(chunk: pa.Array) -> memoryview:
    """The bytes of all strings, one after the other."""
    if not len(chunk):
        return memoryview(b"")
    edges = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    return memoryview(chunk.buffers()[2])[edges[0] : edges[-1]]


def digests_of(joined: str | bytes, words: int) -> Any:
    """The same of digests written one after the other."""
    return np.frombuffer(unhexlify(joined), ">u8").astype(np.uint64).reshape(-1, words)
