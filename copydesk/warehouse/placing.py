"""Puts the edits of a partition beside their articles.

Rows without edits have no list. An article with one row and one list beside it is left as it is, whatever its faults:
a backup alone can mend them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import Edit
from copydesk.warehouse import fitting


class _List(NamedTuple):
    """One list of edits of an article: its file, and its rows there."""

    number: int
    rows: list[int]
    edits: list[Edit]


class Files(Mapping[int, pa.Table]):
    """The rows of files by number, read each time they are asked for: a partition need not fit in memory."""

    def __init__(self, numbers: Iterable[int], read: Callable[[int], pa.Table]) -> None:
        self._numbers, self._read = sorted(numbers), read

    def __getitem__(self, number: int) -> pa.Table:
        return self._read(number)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def placed(articles: Files, edits: Files, doubled: Collection[str]) -> Iterator[tuple[int, pa.Table, pa.Table, int]]:
    """The files of edits that change: the number of each, the edits that belong to it, those of it that belong to none,
    and how many come from other files.

    `articles` are the rows of a partition, with the columns `fitting.COLUMNS`, one for each article; `edits` are those
    of the same files, but for files that cannot be read; `doubled` are articles that had more rows.
    """
    unclear = pa.array(sorted(_unclear(articles, edits) | set(doubled)), pa.string())
    lists = _lists(edits, unclear)
    stay: dict[int, set[int]] = {number: set() for number in edits}
    moved: dict[int, dict[int, list[int]]] = {}  # file → the file that has its edits → their rows
    gone: dict[int, set[int]] = {number: set() for number in edits}
    for number, row in _rows(articles, unclear):
        all_of_it = lists.get(row["article_id"], [])
        own = _fitting(row, number, all_of_it)
        if number not in stay:  # the right edits may be in the file that cannot be read
            for one in all_of_it:
                stay[one.number].update(one.rows)
        elif own and own.number == number:
            stay[number].update(own.rows)
        elif own:
            moved.setdefault(number, {}).setdefault(own.number, []).extend(own.rows)
            gone[own.number].update(own.rows)
    for number in edits:
        of_file = {row for some in lists.values() for one in some if one.number == number for row in one.rows}
        taken = of_file - stay[number] - gone[number]
        if taken or gone[number] or number in moved:
            table, more = edits[number], _taken(edits, moved.get(number, {}))
            left = _without(table, taken | gone[number])
            removed = table.take(pa.array(sorted(taken), pa.int64()))
            yield number, pa.concat_tables([left, *more]), removed, sum(map(len, more))


def _taken(edits: Files, rows: Mapping[int, Sequence[int]]) -> list[pa.Table]:
    return [edits[number].take(pa.array(rows[number], pa.int64())) for number in sorted(rows)]


def _unclear(articles: Files, edits: Files) -> set[str]:
    """Articles with edits in another file than theirs, or with more than one list."""
    found: set[str] = set()
    for number, table in edits.items():
        ids = table["article_id"]
        away = pc.invert(pc.is_in(ids, articles[number]["article_id"].combine_chunks()))
        found.update(ids.filter(away).to_pylist())
        counted = pc.value_counts(ids.filter(pc.equal(table["sequence"], 0)))
        found.update(counted.field("values").filter(pc.greater(counted.field("counts"), 1)).to_pylist())
    return found


def _lists(edits: Files, unclear: pa.Array) -> dict[str, list[_List]]:
    found: dict[str, list[_List]] = {}
    for number, table in edits.items():
        rows: dict[str, list[tuple[int, Edit]]] = {}
        places = pc.indices_nonzero(pc.is_in(table["article_id"], unclear))
        for place, row in zip(places.to_pylist(), table.take(places).to_pylist(), strict=True):
            rows.setdefault(row["article_id"], []).append((place, Edit.from_row(row)))
        for key, pairs in rows.items():
            at = iter([place for place, _ in pairs])
            for some in fitting.lists([edit for _, edit in pairs]):
                found.setdefault(key, []).append(_List(number, [next(at) for _ in some], some))
    return found


def _rows(articles: Files, unclear: pa.Array) -> Iterable[tuple[int, dict[str, Any]]]:
    for number, table in articles.items():
        for row in table.filter(pc.is_in(table["article_id"], unclear)).to_pylist():
            yield number, row


def _fitting(row: Mapping[str, Any], number: int, lists: Iterable[_List]) -> _List | None:
    """The list of an article: one that fits, rather beside it and rather a later one; else the last one beside it."""
    order = sorted(lists, key=lambda one: (one.number == number, one.rows), reverse=True)
    fits = (one for one in order if not list(fitting.faults(row, one.edits)))
    nothing_fits = any(True for _ in fitting.faults(row, []))
    return next(fits, order[0] if order and nothing_fits else None)


def _without(table: pa.Table, rows: Collection[int]) -> pa.Table:
    return table.filter(pa.array([row not in rows for row in range(len(table))], pa.bool_())) if rows else table
