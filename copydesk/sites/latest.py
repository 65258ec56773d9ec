"""The sites on the last night of a warehouse, and acknowledgements of their findings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from copydesk.checks.suites import Rule
from copydesk.sites import past
from copydesk.sites.compare import compare
from copydesk.sites.findings import finding, worst_first
from copydesk.sites.judge import entries
from copydesk.sites.past import Past
from copydesk.sites.tally import WHOLE
from copydesk.warehouse import Warehouse, WarehouseError, decisions
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.retention import FOREVER, Keep

#: From how similar a name on is suggested, 0 to 1. The names of sites end alike, those of rules begin alike.
_SIMILAR = 0.8


class Latest(NamedTuple):
    """The last night: its date, and its sites as in the report (`copydesk.sites.judge.entries`)."""

    day: date
    entries: list[dict[str, Any]]


def latest(warehouse: Warehouse, rules: Sequence[Rule]) -> Latest | None:
    """The sites on the last night, None without one. The findings are those that the run wrote.

    `rules` are those of the suite `sites`. Raises `WarehouseError`.
    """
    nights = past.read(warehouse, date.max).nights
    if not nights:
        return None
    day, rows = nights[-1]
    before = Past(nights[:-1], {})
    made = decisions.acknowledged(decisions.read(warehouse.store), day)
    by_rule = {rule.rule: rule for rule in rules}
    compared = compare(rows, before, day, {rule.rule: rule.columns for rule in rules})
    found = [
        finding(by_rule[known["rule"]], one, day, made.get((name, known["rule"])) or made.get((name, None)))
        for name, one in compared.items()
        for known in one.row["findings"]
        if known["rule"] in by_rule
    ]
    return Latest(day, entries(compared, worst_first(found), before, day))


def acknowledge(
    warehouse: Warehouse, decision: Decision, rules: Sequence[Rule], at: datetime, keep: Keep = FOREVER
) -> None:
    """Write the acknowledgement of the findings of a site, or of the run as a whole, under the lock.

    Raises `WarehouseError`, also for a site that the last nights do not have, or a rule that the suite does not have.
    """
    names = {rule.rule for rule in rules}
    if decision.rule is not None and decision.rule not in names:
        allowed = f"its rules are {', '.join(sorted(names))}"
        raise WarehouseError(f"{decision.rule} is not a rule of sites.json{like(decision.rule, names, allowed)}")
    known = {name for night in past.read(warehouse, date.max).nights for name in night.rows if name is not WHOLE}
    if decision.site is not WHOLE and decision.site not in known:
        hint = like(decision.site, known, "`copydesk sites` lists them")
        raise WarehouseError(f"no recent night has a site {decision.site!r}{hint}")
    with Change(warehouse.store, at, keep) as change:
        change.commit([decision])


def like(name: str, known: Iterable[str], otherwise: str) -> str:
    """`; did you mean 'news.example'?` if a known name is similar, else `; ` and what there is `otherwise`."""
    close = difflib.get_close_matches(name, sorted(known), 1, _SIMILAR)
    return f"; did you mean {close[0]!r}?" if close else f"; {otherwise}"
