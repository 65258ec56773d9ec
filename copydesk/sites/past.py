"""The earlier nights of the sites, from the table `sites`. Several runs for one date are one night."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.sites.bands import FEWEST, NIGHTS
from copydesk.sites.tally import WHOLE
from copydesk.warehouse import Warehouse, layout, partition
from copydesk.warehouse.partition import Unreadable
from copydesk.warehouse.schemas import SITES
from copydesk.warehouse.store import in_words

log = logging.getLogger(__name__)

#: Nights that are read. A site that sends nothing for `NIGHTS` of them still has as many before.
READ = 2 * NIGHTS + 4

Row = Mapping[str, Any]

_SUMMED = [field.name for field in SITES if str(field.type) == "int64" and field.name != "median_words"]


class Night(NamedTuple):
    """The rows of one date, by site; None is the run as a whole."""

    day: date
    rows: Mapping[str | None, Row]


class Past(NamedTuple):
    """The nights before a date, oldest first, and what earlier runs for this date counted."""

    nights: list[Night]
    today: Mapping[str | None, Row]


def read(warehouse: Warehouse, day: date, sites: Iterable[str | None] = ()) -> Past:
    """The nights up to `day`: of the run as a whole, of `sites`, and of the sites of the last night before.

    A file that cannot be read is left out. Raises `WarehouseError`.
    """
    names = {WHOLE, *sites}
    with in_words("read the table sites"):
        numbers = (layout.number_of("sites", name) for name in warehouse.store.names("sites"))
        wanted = sorted(n for n in numbers if n is not None and n <= layout.number(day))[-READ - 1 :]
    nights: list[Night] = []
    for number in reversed(wanted):
        is_last = not any(night.day < day for night in nights)
        try:
            tables = list(partition.read(warehouse.store, layout.file("sites", number), SITES))
        except Unreadable as error:  # this night is missing from the comparison, but the run goes on
            log.warning("%s", error)
            continue
        if is_last:
            names |= {name for table in tables for name in table["site"].to_pylist()}
        chosen = pa.array(names, pa.string())
        rows = [row for table in tables for row in table.filter(pc.is_in(table["site"], chosen)).to_pylist()]
        when = layout.day(number)
        if when is not None and rows:
            nights.append(Night(when, by_site(rows)))
    nights.reverse()
    if nights and nights[-1].day == day:
        return Past(nights[:-1], nights[-1].rows)
    return Past(nights, {})


def by_site(rows: Sequence[Row]) -> dict[str | None, Row]:
    """The rows of one date by site, those of several runs joined."""
    found: dict[str | None, Row] = {}
    for row in rows:
        known = found.get(row["site"])
        found[row["site"]] = row if known is None else joined(known, row)
    return found


def without_dates(nights: Iterable[Night]) -> set[str]:
    """The sites that had articles on enough of these nights to be compared, and never one with a date."""
    rows = [
        (name, row) for night in nights for name, row in night.rows.items() if name is not WHOLE and row["measured"]
    ]
    came = Counter(name for name, _ in rows)
    dated = {name for name, row in rows if row["undated"] < row["measured"]}
    return {name for name, nights in came.items() if nights >= FEWEST and name not in dated}


def joined(first: Row, second: Row) -> dict[str, Any]:
    """Two rows of one site and date as one. The median length is that of both, weighted."""
    row = {**second, **{name: first[name] + second[name] for name in _SUMMED}}
    for name in ("boilerplate", "median_words"):
        known = [(one[name], one["measured"]) for one in (first, second) if one[name] is not None]
        row[name] = sum(value * of for value, of in known) / sum(of for _, of in known) if known else None
    if row["median_words"] is not None:
        row["median_words"] = round(row["median_words"])
    for name, key, value in (("languages", "language", "articles"), ("reasons", "rule", "documents")):
        counts: Counter[str] = Counter()
        for one in (*first[name], *second[name]):
            counts[one[key]] += one[value]
        row[name] = [{key: of, value: count} for of, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    row["findings"] = second["findings"] or first["findings"]
    row["language"] = row["languages"][0]["language"] if row["languages"] else None
    return row


def empty(site: str | None) -> dict[str, Any]:
    """The row of a site of which nothing came."""
    row: dict[str, Any] = dict.fromkeys(SITES.names, 0)
    row |= {"run_id": "", "site": site, "boilerplate": None, "median_words": None, "language": None}
    return row | {name: [] for name in ("reasons", "languages", "findings")}
