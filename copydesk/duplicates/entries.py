"""Articles as clusters are made of them: one by one, and many as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.shingles import BITS, Outlines


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as clusters are made of it.

    `content`, `title` and `keys` are those of its sketch; `rank` is its place in the order of `clusters`. `bitmap` and
    `different` are those of its shingles (`shingles.Outlines`). `agency` is the one that it names as its source
    (`wires.mark`), `publisher` the one that publishes at its site.
    """

    article_id: str
    content: int
    title: int
    keys: Any
    rank: tuple[int, int, str]
    bitmap: Any
    different: int
    agency: str | None = None
    publisher: str | None = None


class Entries(NamedTuple):
    """Many articles as arrays, in about 400 bytes each: the fields of `Entry`.

    `ids` bytes[n, 32], `contents` and `titles` uint64[n], `days` and `lengths` int64[n], the first two of `rank`;
    `bitmaps` uint64[n, BITS / 64], `different` int32[n]; `keys` uint32[m], those of article `n` end at `ends[n]`,
    int64[n]; `agencies` and `publishers` int16[n], places in `names`, -1 for none.
    """

    ids: Any
    contents: Any
    titles: Any
    days: Any
    lengths: Any
    bitmaps: Any
    different: Any
    keys: Any
    ends: Any
    agencies: Any
    publishers: Any
    names: tuple[str, ...] = ()

    @staticmethod
    def of(entries: Sequence[Entry]) -> Entries:
        codes: dict[str | None, int] = {None: -1}
        for entry in entries:
            for name in (entry.agency, entry.publisher):
                codes.setdefault(name, len(codes) - 1)
        counts = np.array([len(entry.keys) for entry in entries], np.int64)
        return Entries(
            np.array([entry.article_id for entry in entries], "S32"),
            np.array([entry.content for entry in entries], np.uint64),
            np.array([entry.title for entry in entries], np.uint64),
            np.array([entry.rank[0] for entry in entries], np.int64),
            np.array([entry.rank[1] for entry in entries], np.int64),
            np.array([entry.bitmap for entry in entries], np.uint64).reshape(-1, BITS // 64),
            np.array([entry.different for entry in entries], np.int32),
            np.concatenate([np.empty(0, np.uint32), *(entry.keys for entry in entries)]),
            np.cumsum(counts),
            np.array([codes[entry.agency] for entry in entries], np.int16),
            np.array([codes[entry.publisher] for entry in entries], np.int16),
            tuple(name for name in codes if name is not None),
        )

    @staticmethod
    def joined(parts: Iterable[Entries], articles: int, keys: int) -> Entries:
        """Those of all parts, one after the other: the numbers of all articles and keys are known before."""
        columns: list[Any] = [np.empty(keys if n == _KEYS else articles, kind) for n, kind in enumerate(_KINDS)]
        whole = Entries._make([*columns, ()])
        names: dict[str, int] = {}
        at = key = 0
        for part in parts:
            own = slice(at, at + len(part.ids))
            for index in range(_KEYS):
                columns[index][own] = part[index]
            whole.keys[key : key + len(part.keys)] = part.keys
            whole.ends[own] = part.ends + key
            codes = np.array([*(names.setdefault(name, len(names)) for name in part.names), -1], np.int16)
            whole.agencies[own], whole.publishers[own] = codes[part.agencies], codes[part.publishers]
            at, key = own.stop, key + len(part.keys)
        return whole._replace(names=tuple(names))

    def take(self, articles: Any) -> Entries:
        """Those of some articles, which are in order."""
        counts = np.diff(self.ends, prepend=0)
        chosen = np.zeros(len(counts), bool)
        chosen[articles] = True
        columns = [self[index][articles] for index in range(_KEYS)]
        keys = self.keys[np.repeat(chosen, counts)]
        ends = np.cumsum(counts[articles])
        return Entries._make([*columns, keys, ends, self.agencies[articles], self.publishers[articles], self.names])

    @property
    def digests(self) -> Any:
        """The contents as they are counted and kept: their first halves, uint32[n]."""
        return (self.contents >> np.uint64(32)).astype(np.uint32)

    @property
    def outlines(self) -> Outlines:
        return Outlines(self.bitmaps, self.different)

    def owners(self, keys: Any) -> Any:
        """The articles of some keys, which are given by their places in `keys`."""
        return np.searchsorted(self.ends, keys, "right")

    def name(self, code: int) -> str | None:
        return None if code < 0 else self.names[code]


#: The types of the columns of `Entries`, and which of them are the keys.
_BITMAP = np.dtype((np.uint64, BITS // 64))
_KINDS = (
    *("S32", np.uint64, np.uint64, np.int64, np.int64, _BITMAP, np.int32),
    *(np.uint32, np.int64, np.int16, np.int16),
)
_KEYS = 7
