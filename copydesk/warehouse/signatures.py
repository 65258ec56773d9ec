"""The signatures of articles, `_signatures/`: what copies are found by, and what that was made of.

They are two tables in levels (`copydesk.warehouse.levels`): which articles have a key, and the bitmap of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.candidates import KEY_VALUES, ranges
from copydesk.duplicates.clusters import Settings
from copydesk.duplicates.compare import Settings as Limits
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.shingles import Outlines
from copydesk.warehouse import layout
from copydesk.warehouse.levels import BITMAPS, KEYS, Kind, RowChange, Rows, rows_of
from copydesk.warehouse.members import references
from copydesk.warehouse.partition import Unreadable
from copydesk.warehouse.store import Store, parsed

#: Version of the keys; another one makes the next run compare everything again.
SKETCH = 2


class State(NamedTuple):
    """What the tables were made of: the number of articles, and the settings of their clusters; and their levels.

    Without levels of `outlines`, as older versions of this library leave it, that table counts as empty.
    """

    articles: int | None
    settings: Settings
    levels: Sequence[int] = ()
    outlines: Sequence[int] = ()

    def content(self) -> bytes:
        """The file that says so."""
        limits, sharing = self.settings
        values = {"articles": self.articles, "sketch": SKETCH, **limits._asdict(), "sharing": sharing}
        values |= {"levels": list(self.levels), "outlines": list(self.outlines)}
        return json.dumps(values, indent=1).encode()


#: The state of tables that no longer fit the articles.
UNKNOWN = State(None, Settings())


def state(store: Store) -> State | None:
    """The state of the tables; None without one, or if this version makes other keys."""
    try:
        found = parsed(store.read(layout.SIGNATURES_STATE))
        if found["sketch"] != SKETCH or not isinstance(found["articles"], int):
            return None
        limits = Limits(float(found["similarity"]), float(found["contained"]))
        levels = ([int(one) for one in found.get(name, ())] for name in ("levels", "outlines"))
        return State(found["articles"], Settings(limits, int(found["sharing"])), *levels)
    except (ValueError, KeyError, TypeError):
        return None


def is_there(store: Store, known: State) -> bool:
    """Whether the files of all levels are there, each whole as far as its end tells. Raises OSError and
    `WarehouseError`.
    """
    names = set(store.names(layout.SIGNATURES))
    for kind, levels in ((KEYS, known.levels), (BITMAPS, known.outlines)):
        for level in levels:
            if kind.file(level) not in names:
                return False
            try:
                rows_of(store, kind, level)
            except Unreadable:
                return False
    return True


def key_rows(some: Entries, low: int = 0, high: int = KEY_VALUES) -> Rows:
    """The rows of the keys of articles, from `low` up to `high`, excluded."""
    at = np.flatnonzero((some.keys >= low) & (some.keys < high))
    owners = some.owners(at)
    return Rows.made(some.keys[at], references(some.ids)[owners], some.digests[owners])


def bitmap_rows(some: Entries, low: int = 0, high: int = KEY_VALUES) -> Rows:
    """The rows of the bitmaps of articles, with keys from `low` up to `high`, excluded."""
    articles = references(some.ids)
    keys = articles >> np.uint64(32)
    at = np.flatnonzero((keys >= low) & (keys < high))
    return rows_of_outlines(articles[at], some.outlines.take(at))


def rows_of_outlines(articles: Any, some: Outlines) -> Rows:
    """The same for articles, uint64[n], and their outlines."""
    rows = Rows.made(articles >> np.uint64(32), articles, some.digests)
    return rows._replace(different=some.different, bitmaps=some.bitmaps)


def change_of(kind: Kind, few: Rows, many: int, between: Callable[[int, int], Rows]) -> RowChange:
    """The change that `few` rows make, and `many` others, of which those in a range are made when they are needed."""
    if len(ranges(many, kind.at_once)) == 1:
        return RowChange.of(Rows.joined([few, between(0, KEY_VALUES)]))

    def both(low: int, high: int) -> Rows:
        some = few.take((few.keys >= low) & (few.keys < high))
        return Rows.joined([some, between(low, high)]).settled(keep_gone=True)

    return RowChange(len(few.keys) + many, both)
