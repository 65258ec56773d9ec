"""Documents in memory: those of one table, in 79 bytes each, and those of a night, in 48."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from struct import pack, unpack
from typing import Any

import numpy as np

from copydesk.warehouse.index import Part, digests_of

#: The rule that quarantines a document whose uri another one of the run had before.
DUPLICATE_URI = "duplicate-uri"


class Known:
    """The documents of one table, sorted by id.

    Arrays: `ids` uint64[n, 2], `contents` (SHA-256) uint64[n, 4], `files` int64[n], `seen` bool[n], `cured` bool[n],
    `second` bool[n], `first_seen` int64[n] (microseconds since 1970), `versions` int32[n]. `files` is the file of the
    row; `seen` is set for documents that the present run read again, `cured` for documents that were quarantined for a
    reason that no longer exists, `second` for those that were quarantined because another one had their uri. The last
    two are those of articles, 0 in the quarantine.
    """

    def __init__(
        self, ids: Any, contents: Any, files: Any, cured: Any, second: Any, first_seen: Any, versions: Any
    ) -> None:
        order = _by_id(ids)
        self.ids, self.contents, self.files = ids[order], contents[order], files[order]
        self.cured, self.second = cured[order], second[order]
        self.first_seen, self.versions = first_seen[order], versions[order]
        self.firsts = np.ascontiguousarray(self.ids[:, 0])
        self.seen = np.zeros(len(order), bool)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, article_id: bytes) -> list[int]:
        """The rows of one document (16 bytes of id): none, one, or several in the quarantine."""
        if not len(self):
            return []
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

    def find_all(self, ids: Sequence[str], contents: Sequence[str]) -> Any:
        """The rows of these contents of these documents, int64[n], -1 for one that is not known or `cured`."""
        if not len(self):
            return np.full(len(ids), -1)
        keys, wanted = digests_of("".join(ids), 2), digests_of("".join(contents), 4)
        rows = np.minimum(self.firsts.searchsorted(keys[:, 0]), len(self) - 1)
        same = (self.ids[rows] == keys).all(1) & (self.contents[rows] == wanted).all(1)
        for at in np.flatnonzero(~same & (self.firsts[rows] == keys[:, 0])).tolist():  # other content, or a later row
            row = self.find(bytes.fromhex(ids[at]), bytes.fromhex(contents[at]))
            rows[at], same[at] = (0, False) if row is None else (row, True)
        return np.where(same & ~self.cured[rows], rows, -1)

    def see(self, article_id: bytes, content: bytes, others: bool) -> bool:
        """Whether this content is known and not `cured`; marks it as seen. A `second` document is as a new one, as long
        as no other one of its uri was seen in the present run: not here, nor elsewhere (`others`).
        """
        row = self.find(article_id, content) if len(self) else None
        if row is None or self.cured[row]:
            return False
        if self.second[row] and not others and not any(self.seen[other] for other in self.rows(article_id)):
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
        order = _by_id(ids)
        self._sorted.append((np.asfortranarray(ids[order]), contents[order]))


def _by_id(ids: Any) -> Any:
    """The order of ids, uint64[n, 2]. Their first halves are nearly always different, and are sorted at once."""
    order = np.argsort(ids[:, 0], kind="stable")
    firsts = ids[order, 0]
    return np.lexsort((ids[:, 1], ids[:, 0])) if (firsts[1:] == firsts[:-1]).any() else order


def known(files: dict[int, Part], cured: Collection[str] = ()) -> Known:
    """The documents of a table by file; those quarantined by one of the rules `cured` are `cured`.

    `files` is emptied, so that millions of documents are not in memory three times while they are sorted.
    """
    every = Part.joined([*files.values()])
    numbers = np.repeat(np.array([*files], np.int64), [len(part) for part in files.values()])
    files.clear()
    again, second = (_by_rule(every, frozenset(rules)) for rules in (cured, {DUPLICATE_URI}))
    return Known(every.ids, every.contents, numbers, again, second, every.first_seen, every.versions)


def _by_rule(part: Part, rules: frozenset[str]) -> Any:
    """Which documents were quarantined by one of `rules`, bool[n]."""
    return np.array([bool(rules & own) for own in part.rules], bool) if part.rules else np.zeros(len(part), bool)
