"""The signature table `_signatures/`: which articles have a key, found without reading the articles.

A row says that an article has a key (`copydesk.duplicates.sketch`), or, with `gone`, that it no longer has it. Rows are
sorted by key, in levels of which each holds at most eight times as many as the one before: a night is written to the
first level, and a full level is merged into the next one, so that a night writes little and a row is written a few
times in its life (O'Neil and others, *The log-structured merge-tree*, 1996). Row groups without a wanted key are
skipped by their statistics.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.duplicates.candidates import ranges
from copydesk.duplicates.clusters import Settings
from copydesk.duplicates.compare import Settings as Limits
from copydesk.warehouse import layout, partition
from copydesk.warehouse.schemas import SIGNATURES
from copydesk.warehouse.store import Store, parsed

#: Rows of the first level, and how many times as many each further level holds.
FIRST_ROWS = 2**17
RATIO = 8
#: Version of the keys; another one makes the next run compare everything again.
SKETCH = 2

Tables = Callable[[], Iterator[pa.Table]]


class Rows(NamedTuple):
    """Rows as arrays: `keys` uint32[n], `articles` uint64[n] (the first half of the article_id), `contents` uint32[n],
    `gone` bool[n].
    """

    keys: Any
    articles: Any
    contents: Any
    gone: Any

    @staticmethod
    def of(table: pa.Table) -> Rows:
        return Rows(*(table[name].to_numpy() for name in SIGNATURES.names))

    @staticmethod
    def made(keys: Any, articles: Any, contents: Any, gone: bool = False) -> Rows:
        """Rows that are all there, or all gone."""
        return Rows(
            np.asarray(keys, np.uint32), np.asarray(articles, np.uint64), np.asarray(contents, np.uint32),
            np.full(len(keys), gone),
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        parts = [NO_ROWS, *parts]
        return Rows(*(np.concatenate([part[index] for part in parts]) for index in range(4)))

    def take(self, chosen: Any) -> Rows:
        return Rows(*(column[chosen] for column in self))

    def between(self, low: int, high: int) -> Rows:
        """The rows with keys from `low` up to `high`, excluded; the rows are sorted."""
        start = np.searchsorted(self.keys, np.uint32(low))
        stop = np.searchsorted(self.keys, np.uint32(high - 1), "right")
        return self.take(slice(start, stop))

    def settled(self, keep_gone: bool) -> Rows:
        """In order, without the rows that are gone and those that say so; with `keep_gone` the latter stay where there
        is nothing else, since the row may be in another level.
        """
        order = np.lexsort((self.contents, self.articles, self.keys))
        rows = self.take(order)
        if not rows.gone.any():
            return rows
        changes = (np.diff(rows.keys) != 0) | (np.diff(rows.articles) != 0) | (np.diff(rows.contents) != 0)
        starts = np.flatnonzero(np.concatenate([[True], changes]))
        net = np.add.reduceat(np.where(rows.gone, -1, 1), starts)
        chosen = net != 0 if keep_gone else net > 0
        return rows.take(starts[chosen])._replace(gone=net[chosen] < 0)

    def table(self) -> pa.Table:
        return pa.table([pa.array(column) for column in self], schema=SIGNATURES)


NO_ROWS = Rows(np.empty(0, np.uint32), np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty(0, bool))


class KeyChange(NamedTuple):
    """Rows that come and go: their number, at most, and those with keys from a value up to another, excluded, settled
    with `keep_gone`.
    """

    size: int
    between: Callable[[int, int], Rows]

    @staticmethod
    def of(rows: Rows) -> KeyChange:
        rows = rows.settled(keep_gone=True)
        return KeyChange(len(rows.keys), rows.between)


class State(NamedTuple):
    """What the table was made of: the number of articles, and the settings of their clusters; and its levels."""

    articles: int | None
    settings: Settings
    levels: Sequence[int] = ()

    def content(self) -> bytes:
        """The file that says so."""
        limits, sharing = self.settings
        values = {"articles": self.articles, "sketch": SKETCH, **limits._asdict(), "sharing": sharing}
        values["levels"] = list(self.levels)
        return json.dumps(values, indent=1).encode()


#: The state of a table that no longer fits the articles.
UNKNOWN = State(None, Settings())


def state(store: Store) -> State | None:
    """The state of the table; None without one, or if this version makes other keys."""
    try:
        found = parsed(store.read(layout.SIGNATURES_STATE))
        if found["sketch"] != SKETCH or not isinstance(found["articles"], int):
            return None
        limits = Limits(float(found["similarity"]), float(found["contained"]))
        return State(found["articles"], Settings(limits, int(found["sharing"])), [int(one) for one in found["levels"]])
    except (ValueError, KeyError, TypeError):
        return None


def is_there(store: Store, known: State) -> bool:
    """Whether the files of all levels are there, each whole as far as its end tells. Raises OSError."""
    names = set(store.names(layout.SIGNATURES))
    for name in map(layout.signatures, known.levels):
        if name not in names:
            return False
        try:
            _rows_of(store, name)
        except OSError as error:
            if error.errno is not None:  # an error of the system; Arrow's errors for damage have no errno
                raise
            return False
        except pa.ArrowException:
            return False
    return True


def _rows_of(store: Store, name: str) -> int:
    with store.source(name) as source, pq.ParquetFile(source) as file:
        return int(file.metadata.num_rows)


class Signatures:
    """The signature table of a warehouse. Methods raise OSError and similar errors, and `WarehouseError`."""

    def __init__(self, store: Store, empty: bool = False) -> None:
        """With `empty` it is to be written anew."""
        self._store = store
        names = set(store.names(layout.SIGNATURES))
        self._there = [level for level in range(layout.LEVELS) if layout.signatures(level) in names]
        self._sizes = {level: 0 if empty else _rows_of(store, layout.signatures(level)) for level in self._there}

    def find(self, keys: Any) -> Rows:
        """All rows with one of `keys`, uint32[n], sorted and each once."""
        found: list[Rows] = []
        for level in self._there:
            if self._sizes[level] and len(keys):
                found += self._find(layout.signatures(level), keys)
        return Rows.joined(found).settled(keep_gone=False)

    def _find(self, name: str, keys: Any) -> Iterator[Rows]:
        with self._opened(name) as file:
            for number in range(file.num_row_groups):
                range_ = file.metadata.row_group(number).column(0).statistics
                some = keys[np.searchsorted(keys, range_.min) : np.searchsorted(keys, range_.max, "right")]
                if not len(some):
                    continue
                own = file.read_row_group(number, ["key"], use_threads=False)["key"].to_numpy()
                starts, stops = np.searchsorted(own, some), np.searchsorted(own, some, "right")
                counts = stops - starts
                if counts.any():
                    rows = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
                    rest = file.read_row_group(number, SIGNATURES.names[1:], use_threads=False)
                    yield Rows(own[rows], *(rest[column].to_numpy()[rows] for column in SIGNATURES.names[1:]))

    def changed(self, change: KeyChange) -> Mapping[str, Tables]:
        """The files to write, so that the table has this change, too."""
        files: dict[str, Tables] = {}
        size = change.size
        for level in range(layout.LEVELS):
            size += self._sizes.get(level, 0)
            if size <= FIRST_ROWS * RATIO**level or level == layout.LEVELS - 1:
                deepest = all(not self._sizes.get(below, 0) for below in range(level + 1, layout.LEVELS))
                files[layout.signatures(level)] = self._merged(level, change, size, keep_gone=not deepest)
                break
            files[layout.signatures(level)] = lambda: iter([])
        return files

    def levels(self, files: Mapping[str, Tables]) -> list[int]:
        """The levels that there are when these files are written."""
        return [n for n in range(layout.LEVELS) if n in self._there or layout.signatures(n) in files]

    def emptied(self) -> Mapping[str, Tables]:
        """The files of all levels, without rows."""
        return {layout.signatures(level): lambda: iter([]) for level in self._there}

    def _merged(self, level: int, change: KeyChange, size: int, keep_gone: bool) -> Tables:
        """This level with all above it and a change, `size` rows in all."""

        def tables() -> Iterator[pa.Table]:
            for low, high in ranges(size):
                above = [rows for upper in range(level) for rows in self._between(upper, low, high)]
                new = Rows.joined([change.between(low, high), *above]).settled(keep_gone=True)
                yield Rows.joined([*self._between(level, low, high), new]).settled(keep_gone).table()

        return tables

    def _between(self, level: int, low: int, high: int) -> Iterator[Rows]:
        """The rows of a level with keys from `low` up to `high`, excluded."""
        if not self._sizes.get(level):
            return
        name = layout.signatures(level)
        with self._opened(name) as file:
            for number in range(file.num_row_groups):
                range_ = file.metadata.row_group(number).column(0).statistics
                if range_.min < high and range_.max >= low:
                    yield Rows.of(file.read_row_group(number, use_threads=False)).between(low, high)

    @contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        with (
            partition.errors_named(name),
            self._store.source(name) as source,
            pq.ParquetFile(source, page_checksum_verification=True) as file,
        ):
            yield file
