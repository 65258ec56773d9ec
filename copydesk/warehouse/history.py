"""The known documents of the warehouse, published or quarantined, in about 60 bytes each.

A document is *unchanged* if its uri and content are already published or quarantined; it is not processed again. Of
several documents with one uri in a run, the first is used. A later one with the same content is unchanged; one with
other content gets the problem `duplicate-uri` and is quarantined, so it is known next time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from struct import pack, unpack
from typing import Any

import numpy as np
import pyarrow as pa

from copydesk.records import CRITICAL, Document, Problem, article_id
from copydesk.warehouse import decisions, layout, partition
from copydesk.warehouse.schemas import ARTICLES, QUARANTINE, VERSIONS
from copydesk.warehouse.store import Store, WarehouseError, in_words

#: Files read in parallel: reading two columns is mostly waiting, especially on an object store.
READERS = 8


class Known:
    """The documents of one table, sorted by id.

    Arrays: `ids` uint64[n, 2], `contents` (SHA-256) uint64[n, 4], `files` int64[n], `seen` bool[n], `cured` bool[n],
    `first_seen` int64[n] (microseconds since 1970), `versions` int32[n]. `files` is the file of the row; `seen` is
    set for documents that the present run read again, `cured` for documents that were quarantined for a reason that no
    longer exists. The last two are those of articles, 0 in the quarantine.
    """

    def __init__(self, ids: Any, contents: Any, files: Any, cured: Any, first_seen: Any, versions: Any) -> None:
        order = np.lexsort((ids[:, 1], ids[:, 0]))
        self.ids, self.contents, self.files = ids[order], contents[order], files[order]
        self.cured, self.first_seen, self.versions = cured[order], first_seen[order], versions[order]
        self.firsts = np.ascontiguousarray(self.ids[:, 0])
        self.seen = np.zeros(len(order), bool)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, article_id: bytes) -> list[int]:
        """The rows of one document (16 bytes of id): none, one, or several in the quarantine."""
        first, second = unpack(">2Q", article_id)
        row, found = int(self.firsts.searchsorted(np.uint64(first))), []
        while row < len(self.ids) and self.firsts[row] == first:
            if self.ids[row, 1] == second:
                found.append(row)
            row += 1
        return found

    def find(self, article_id: bytes, content: bytes) -> int | None:
        """The row of this content of this document (32 bytes of SHA-256)."""
        wanted = [*unpack(">4Q", content)]
        return next((row for row in self.rows(article_id) if self.contents[row].tolist() == wanted), None)

    def see(self, article_id: bytes, content: bytes) -> bool:
        """Whether this content is known and not `cured`; marks it as seen."""
        row = self.find(article_id, content) if len(self) else None
        if row is None or self.cured[row]:
            return False
        self.seen[row] = True
        return True

    def article_ids(self, rows: Any) -> list[str]:
        return [f"{first:016x}{second:016x}" for first, second in self.ids[rows].tolist()]

    def content_sha256(self, rows: Any) -> list[str]:
        return ["".join(f"{part:016x}" for part in content) for content in self.contents[rows].tolist()]


class Contents:
    """The contents of documents by their ids, in 48 bytes each.

    New ones are in a dictionary. A full one becomes a sorted array, and is merged with those that are not larger (the
    logarithmic method of Bentley and Saxe, 1980).
    """

    #: Documents of the dictionary.
    NEW = 2**17

    def __init__(self) -> None:
        self._new: dict[bytes, bytes] = {}
        self._sorted: list[tuple[Any, Any]] = []  # the largest first; ids uint64[n, 2], contents uint64[n, 4]

    def get(self, article_id: bytes) -> bytes | None:
        """The content of a document, None for one that was not added."""
        found = self._new.get(article_id)
        if found is not None or not self._sorted:
            return found
        first, second = unpack(">2Q", article_id)
        for ids, contents in self._sorted:
            firsts = ids[:, 0]
            row = int(firsts.searchsorted(np.uint64(first)))
            while row < len(ids) and firsts[row] == first:
                if ids[row, 1] == second:
                    return pack(">4Q", *contents[row].tolist())
                row += 1
        return None

    def add(self, article_id: bytes, content: bytes) -> None:
        """Add a document that was not added before: 16 bytes of id, 32 bytes of SHA-256."""
        self._new[article_id] = content
        if len(self._new) < self.NEW:
            return
        ids, contents = (
            np.frombuffer(b"".join(some), ">u8").astype(np.uint64).reshape(len(some), -1)
            for some in (self._new.keys(), self._new.values())
        )
        self._new = {}
        while self._sorted and len(self._sorted[-1][0]) <= len(ids):
            more, theirs = self._sorted.pop()
            ids, contents = np.concatenate([more, ids]), np.concatenate([theirs, contents])
        order = np.lexsort((ids[:, 1], ids[:, 0]))
        self._sorted.append((np.asfortranarray(ids[order]), contents[order]))


class History:
    """All known documents, and which of them the present run has read again.

    `delivered` and `unchanged` are the counts of the last `select`; `repeated` is the part of the unchanged ones that
    this delivery itself has more than once. `left` has the first time and the last version of
    documents that were published and are not now, by id.
    """

    def __init__(
        self,
        published: Known,
        quarantined: Known,
        refused: Iterable[tuple[bytes, bytes]] = (),
        left: Mapping[str, tuple[datetime, int]] | None = None,
    ) -> None:
        """`refused` are documents that people do not want back, each as its id and its content."""
        self.published, self.quarantined, self._refused = published, quarantined, frozenset(refused)
        self.left = left or {}
        self.delivered = self.unchanged = self.repeated = 0

    @staticmethod
    def load(store: Store, cured: Collection[str] = ()) -> History:
        """Read the ids and digests of all articles and of the quarantine. Raises `WarehouseError`.

        Documents quarantined by one of the rules `cured` are processed again.
        """
        made = decisions.read(store)
        refused = decisions.refused(made)
        keys = ((bytes.fromhex(article_id(uri)), bytes.fromhex(content)) for uri, content in refused)
        published = _known(store, "articles", ())
        gone = {article_id(uri) for uri, _ in decisions.withdrawn(made)}
        left = _left(store, {key for key in gone if not published.rows(bytes.fromhex(key))})
        return History(published, _known(store, "quarantine", cured), keys, left)

    def is_known(self, article_id: str, content_sha256: str) -> bool:
        """Whether this content of this document is published or quarantined."""
        key, content = bytes.fromhex(article_id), bytes.fromhex(content_sha256)
        return any(known.find(key, content) is not None for known in (self.published, self.quarantined))

    def fate_of(self, article_id: str, content_sha256: str) -> str | None:
        """`published` or `quarantined` for known content, None for new content."""
        key, content = bytes.fromhex(article_id), bytes.fromhex(content_sha256)
        if self.published.find(key, content) is not None:
            return "published"
        return "quarantined" if self.quarantined.find(key, content) is not None else None

    def partition_of(self, article_id: str) -> date | None:
        """The first day of the partition of a published article, None if undated. KeyError: it is not published."""
        rows = self.published.rows(bytes.fromhex(article_id))
        if not rows:
            raise KeyError(article_id)
        return layout.day(int(self.published.files[rows[0]]))

    def take(self, documents: Iterable[Document]) -> Iterator[Document]:
        """All `documents`, which are known, counted as delivered."""
        self.delivered = self.unchanged = self.repeated = 0
        self.published.seen[:] = self.quarantined.seen[:] = False
        for document in documents:
            self.delivered += 1
            yield document

    def leave(self, chosen: Iterable[tuple[str, str]]) -> None:
        """Leave the quarantine as it is but for the `chosen` documents, each as its id and its content."""
        self.quarantined.seen[:] = True
        for key, content in chosen:
            row = self.quarantined.find(bytes.fromhex(key), bytes.fromhex(content))
            if row is not None:
                self.quarantined.seen[row] = False

    def stay(self, article_id: str, content_sha256: str) -> None:
        """Leave a document in the quarantine as it is, as one that has not changed."""
        row = self.quarantined.find(bytes.fromhex(article_id), bytes.fromhex(content_sha256))
        if row is not None:
            self.quarantined.seen[row] = True
        self.unchanged += 1

    def select(self, documents: Iterable[Document], retry_quarantined: bool = False) -> Iterator[Document]:
        """The documents that are new or changed, in their order.

        A second document with the uri of an earlier one gets the problem `duplicate-uri`. `retry_quarantined` also
        returns quarantined documents, for a run with changed rules.
        """
        self.delivered = self.unchanged = self.repeated = 0
        self.published.seen[:] = self.quarantined.seen[:] = False
        first = Contents()  # of the documents processed in this run: the content that is used
        aside: set[tuple[bytes, bytes]] = set()
        for document in documents:
            self.delivered += 1
            key, content = bytes.fromhex(document.article_id), bytes.fromhex(document.content_sha256)
            if (key, content) in self._refused:
                known, duplicate = True, False
            elif (used := first.get(key)) is not None:
                repeated = used == content or (key, content) in aside
                self.repeated += repeated
                known = repeated or (not retry_quarantined and self.quarantined.see(key, content))
                duplicate = True
            else:
                known = self.published.see(key, content) or (
                    not retry_quarantined and self.quarantined.see(key, content)
                )
                known = known or (key, content) in aside
                duplicate = not known and any(self.published.seen[row] for row in self.published.rows(key))
            if known:
                self.unchanged += 1
            elif duplicate:
                aside.add((key, content))
                yield replace(document, problem=document.problem or _duplicate(document))
            else:
                first.add(key, content)
                yield document


def _duplicate(document: Document) -> Problem:
    observed = f"another document of this run has the same uri {document.uri[:200]!r} and different content"
    return Problem("read", "duplicate-uri", "uri", CRITICAL, observed)


def _known(store: Store, table: str, cured: Collection[str]) -> Known:
    with in_words(f"list the table {table}"):
        listed = store.names(table)
    names = [(name, number) for name in listed if (number := store.partitions.number_of(table, name)) is not None]
    with ThreadPoolExecutor(READERS) as pool:
        parts = list(pool.map(lambda part: _keys(store, part[0], cured), names))
    ids = np.concatenate([np.empty((0, 2), np.uint64), *(part[0] for part in parts)])
    contents = np.concatenate([np.empty((0, 4), np.uint64), *(part[1] for part in parts)])
    lengths = np.array([len(part[0]) for part in parts], np.int64)
    files = np.repeat(np.array([number for _, number in names], np.int64), lengths)
    kinds = (bool, np.int64, np.int32)
    rest = [np.concatenate([np.empty(0, kind), *(part[i] for part in parts)]) for i, kind in enumerate(kinds, 2)]
    return Known(ids, contents, files, *rest)


def _keys(store: Store, name: str, cured: Collection[str]) -> tuple[Any, Any, Any, Any, Any]:
    is_article = name.startswith("articles/")
    schema, more = (ARTICLES, ["first_seen_at", "version"]) if is_article else (QUARANTINE, ["reasons"] * bool(cured))
    columns = ["article_id", "content_sha256", *more]
    tables = list(partition.read(store, name, schema, columns))
    try:
        ids = [value for table in tables for value in table["article_id"].to_pylist()]
        contents = [value for table in tables for value in table["content_sha256"].to_pylist()]
        keys = digests(ids, 2), digests(contents, 4)
    except ValueError as error:
        raise WarehouseError(
            f"{name} holds an article_id or content_sha256 that is not a digest; restore it from a backup, or let"
            " `copydesk check --repair` move it away and run again"
        ) from error
    times, versions = (_whole_numbers(tables, column, len(ids)) for column in ("first_seen_at", "version"))
    return *keys, _cured(tables, len(ids), cured), times, versions.astype(np.int32)


def _left(store: Store, ids: Collection[str]) -> dict[str, tuple[datetime, int]]:
    """The first time and the last version of documents that only the table `versions` has."""
    found: dict[str, tuple[datetime, int]] = {}
    columns = ["article_id", "first_seen_at", "version"]
    with in_words("read the table versions"):
        for name in store.names("versions") if ids else ():
            for group in partition.read(store, name, VERSIONS, columns):
                for key, first, version in zip(*(group[column].to_pylist() for column in columns), strict=True):
                    if key in ids and version > found.get(key, (first, 0))[1]:
                        found[key] = (first, version)
    return found


def _whole_numbers(tables: list[pa.Table], column: str, rows: int) -> Any:
    """A column as int64[rows], zeros where there is no such column."""
    parts = [table[column].cast(pa.int64()).to_numpy() for table in tables if column in table.schema.names]
    return np.concatenate(parts) if parts else np.zeros(rows, np.int64)


def _cured(tables: list[pa.Table], rows: int, cured: Collection[str]) -> Any:
    if not cured:
        return np.zeros(rows, bool)
    reasons = [row for table in tables for row in table["reasons"].to_pylist()]
    return np.array([any(reason["rule"] in cured for reason in row) for row in reasons], bool)


def digests(texts: list[str], words: int) -> Any:
    """Hexadecimal digests of `words` times 8 bytes as uint64[n, words]. Raises ValueError for anything else."""
    if any(len(text) != 16 * words for text in texts):
        raise ValueError("a digest of another length")
    values = np.frombuffer(bytes.fromhex("".join(texts)), ">u8").astype(np.uint64)
    return values.reshape(-1, words)
