"""The week's hand check of a warehouse: its sample, and what was checked before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.hand_check import PER_RULE, Change, Verdict, precision, week_of
from copydesk.records import article_id
from copydesk.report.entries import of_article
from copydesk.report.picked import Picked, draw
from copydesk.warehouse import Warehouse, decisions
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.published import article_of, rows


@dataclass(frozen=True)
class Sample:
    """The edits to check in `week`, as entries of the report, whole and with their `published_date`; `checked` others
    were drawn and have been checked this week.
    """

    week: str
    entries: Sequence[dict[str, Any]] = field(default=())
    checked: int = 0


def sample(
    warehouse: Warehouse,
    today: date,
    per_rule: int = PER_RULE,
    site: str | None = None,
    rule: str | None = None,
    since: date | None = None,
) -> Sample:
    """Draw `per_rule` applied edits of each rule (or one) for the week of `today`, of articles of one site, or of those
    that changed since a date. What was checked in earlier weeks is not drawn. Raises `WarehouseError`.
    """
    week = week_of(today)
    made = decisions.checks(decisions.read(warehouse.store))
    known = set(_changes(one for one in made if _week(one) != week))
    best: dict[str, dict[bytes, tuple[int, str, int]]] = {}
    for day, edits in warehouse.edits_by_day([*Change._fields, "sequence", "status"]):
        if rule is not None:
            edits = edits.filter(pc.equal(edits["rule"], rule))
        if site is not None or since is not None:
            edits = edits.filter(pc.is_in(edits["article_id"], _articles(warehouse, day, site, since)))
        for name, own in draw(edits, week, known, per_rule).items():
            keys = {
                key: (day, edits["article_id"][row].as_py(), edits["sequence"][row].as_py()) for key, row in own.items()
            }
            both = best.get(name, {}) | keys
            best[name] = {key: both[key] for key in sorted(both)[:per_rule]}
    wanted = [place for name in sorted(best) for _, place in sorted(best[name].items())]
    found = _entries(warehouse, wanted)
    done = set(_changes(one for one in made if _week(one) == week))
    entries = [found[place] for place in wanted if place in found]
    rest = tuple(entry for change, entry in entries if change not in done)
    return Sample(week, rest, len(entries) - len(rest))


def _articles(warehouse: Warehouse, day: int, site: str | None, since: date | None) -> pa.Array:
    columns = warehouse.columns_of_day(day, ["article_id", "site", "last_changed_at"]).to_pylist()
    return pa.array(
        [
            row["article_id"]
            for row in columns
            if (site is None or row["site"] == site) and (since is None or row["last_changed_at"].date() >= since)
        ],
        pa.string(),
    )


def _entries(
    warehouse: Warehouse, wanted: Iterable[tuple[int, str, int]]
) -> dict[tuple[int, str, int], tuple[Change, dict[str, Any]]]:
    """The edits in these places (day, article, sequence), as changes and as entries."""
    days: dict[int, dict[str, set[int]]] = {}
    for day, key, sequence in wanted:
        days.setdefault(day, {}).setdefault(key, set()).add(sequence)
    found = {}
    for day, own in days.items():
        for table in rows(warehouse.store, {day: list(own)}):
            for row in table.to_pylist():
                key = row["article_id"]
                for edit, entry in of_article(row, article_of(row)[1], own[key]):
                    change = Change(key, edit.rule, edit.before, edit.after)
                    more = {"uri": row["uri"], "before": edit.before, "after": edit.after}
                    more |= {"published_date": row["published_date"]}
                    found[day, key, edit.sequence] = change, {**entry, **more}
    return found


def measured(made: Iterable[Decision]) -> list[dict[str, Any]]:
    """The precision of each rule by the checks among decisions (`copydesk.hand_check.precision`)."""
    return precision(Verdict(_week(one), one.rule or "", one.verdict or "") for one in decisions.checks(made))


def picked(made: Iterable[Decision], day: date) -> Picked:
    """What collects the edits that a run of `day` gives to a person; those that were checked are left out."""
    return Picked(week_of(day), set(_changes(decisions.checks(made))))


def _changes(checks: Iterable[Decision]) -> Iterable[Change]:
    for one in checks:
        yield Change(article_id(one.uri or ""), one.rule or "", one.before or "", one.after or "")


def _week(check: Decision) -> str:
    assert check.decided_at is not None
    return week_of(check.decided_at.date())
