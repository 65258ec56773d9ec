"""Judges the sites of a night: rows for the table `sites`, the results of the suite, and their part of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from copydesk.checks.expectations import Checks, Result
from copydesk.checks.suites import Rule
from copydesk.records import CRITICAL, INFO
from copydesk.sites.bands import FEWEST, NIGHTS
from copydesk.sites.compare import Compared, compare
from copydesk.sites.findings import Finding, acknowledge, command, finding, limits, worst_first
from copydesk.sites.measures import SILENCE, VOLUME, documents
from copydesk.sites.past import Past, Row, empty, joined
from copydesk.sites.tally import WHOLE
from copydesk.warehouse.decisions import Decision

#: Sites in the report: those with findings first, then the largest.
LISTED = 100
#: Days that the command for an acknowledgement suggests.
ACKNOWLEDGED_DAYS = 14
#: Nights with documents from which on it is said that a site is retired.
TOLD_RETIRED = 7
#: Columns of `sites` that the report shows of each night.
_SHOWN = (
    *("arrivals", "new", "changed", "published", "quarantined", "measured", "undated", "lost", "mojibake", "repaired"),
    *("repeated", "boilerplate", "words", "median_words", "typos"),
)

Acknowledged = Mapping[tuple[str | None, str | None], Decision]


@dataclass(frozen=True)
class SitesJudged:
    """The sites of a night. `rows` are those of the table `sites`, `results` those of the suite. `entries` are the part
    of the report (`copydesk.report.report_data`)."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def examples(self) -> dict[str, list[dict[str, str]]]:
        """The findings of each rule, as the report shows failing rows."""
        found: dict[str, list[dict[str, str]]] = {}
        for one in self.findings:
            if one.acknowledged is None:
                name = "all sites" if one.site is WHOLE else one.site or "documents without a site"
                found.setdefault(one.rule, []).append({"uri": name, "observed": one.sentence})
        return found

    @property
    def severity(self) -> str | None:
        """The severity of the worst finding that nobody acknowledged, `critical` or `warning`; None without one."""
        severities = {one.severity for one in self.findings if one.counts}
        return CRITICAL if CRITICAL in severities else min(severities, default=None)


def judge(
    tonight: Mapping[str | None, dict[str, Any]],
    past: Past,
    day: date,
    acknowledged: Acknowledged,
    rules: Sequence[Rule],
    checks: Callable[[], Checks],
) -> SitesJudged:
    """Judge the rows of a night, by site, by the suite's `rules`. `checks` loads the suites if anything is compared."""
    columns = {rule.rule: rule.columns for rule in rules}
    whole_day: dict[str | None, Row] = {
        name: joined(past.today[name], row) if name in past.today else row for name, row in tonight.items()
    }
    whole_day |= {name: row for name, row in past.today.items() if name not in whole_day}
    compared = compare(whole_day, past, day, columns)
    _explain_whole(compared, rules)
    known: list[Finding] = []
    for one in compared.values():
        known += _masked(one, rules, day, acknowledged)
    results: list[Result] = []
    found: list[Finding] = []
    if any(one.scores for one in compared.values()):
        verdict = checks().sites([one.metrics() for one in compared.values()])
        results = verdict.results
        by_rule = {rule.rule: rule for rule in rules}
        for name, problems in verdict.problems.items():
            found += [finding(by_rule[problem.rule], compared[name], day) for problem in problems]
    found = worst_first([*found, *known])
    rows = [_row(one, tonight, found) for one in compared.values()]
    return SitesJudged(rows, results, found, entries(compared, found, past, day))


def fails(rule: Rule, score: float | None) -> bool:
    """Whether a score is beyond the limits of a rule."""
    low, high = limits(rule)
    return score is not None and ((low is not None and score < low) or (high is not None and score > high))


def _masked(one: Compared, rules: Sequence[Rule], day: date, acknowledged: Acknowledged) -> list[Finding]:
    """The findings of a site that a person has acknowledged; their scores are taken out, so that the suite passes."""
    found = []
    for rule in rules:
        made = acknowledged.get((one.site, rule.rule)) or acknowledged.get((one.site, None))
        score = one.scores.get(rule.columns[0]) if len(rule.columns) == 1 else None
        if made is not None and fails(rule, score):
            found.append(finding(rule, one, day, made))
    for known in found:
        one.scores.pop(known.measure, None)
    return found


def _explain_whole(compared: Mapping[str | None, Compared], rules: Sequence[Rule]) -> None:
    """Take out the scores of the run as a whole that its sites explain: what one site does is said once."""
    whole = compared[WHOLE]
    sites = [one for one in compared.values() if one.site is not WHOLE]
    for rule in rules:
        column = rule.columns[0] if len(rule.columns) == 1 else ""
        if any(fails(rule, one.scores.get(column)) for one in sites):
            for name in (SILENCE, VOLUME) if column in (SILENCE, VOLUME) else (column,):
                whole.scores.pop(name, None)


def _row(one: Compared, tonight: Mapping[str | None, dict[str, Any]], found: Iterable[Finding]) -> dict[str, Any]:
    """The row of the table `sites`: the counts of this run, and the findings of the night."""
    own = [
        {"rule": known.rule, "since": known.since, "acknowledged": known.acknowledged is not None}
        for known in found
        if known.site == one.site
    ]
    return {**tonight.get(one.site, empty(one.site)), "findings": own}


def entries(
    compared: Mapping[str | None, Compared], found: Sequence[Finding], past: Past, day: date
) -> list[dict[str, Any]]:
    """The sites for the report, the run as a whole first, then the worst ones, then by size; at most `LISTED`."""
    by_site: dict[str | None, list[Finding]] = {}
    for known in found:
        by_site.setdefault(known.site, []).append(known)
    listed = []
    for name, one in compared.items():
        listed.append(_entry(one, by_site.get(name, []), len(past.nights), day))
    order = {"silent": 0, "differs": 0, "acknowledged": 1, "new": 1, "retired": 1, "usual": 2, "too-few-nights": 2}
    ranked = sorted(
        listed,
        key=lambda e: (e["site"] is not None, order[e["status"]], -e["weight"], -e["usual_documents"], e["site"] or ""),
    )
    counts = Counter(e["status"] for e in ranked if e["site"] is not None)
    ranked[0]["counts"] = {"sites": len(ranked) - 1, **dict(sorted(counts.items()))}
    return ranked[: LISTED + 1]


def _entry(one: Compared, found: Sequence[Finding], nights: int, day: date) -> dict[str, Any]:
    band = one.bands.get(VOLUME)
    history = [*one.rows, (day, one.row)][-NIGHTS:]
    return {
        "site": one.site,
        "status": _status(one, found, nights),
        "usual_documents": band.usual if band else documents(one.row),
        "weight": max((known.weight for known in found if known.counts), default=0.0),
        "nights": len(one.rows),
        "findings": [_told(known, day) for known in found],
        "history": [{"date": when.isoformat(), **_shown(row)} for when, row in history],
    }


def _shown(row: Row) -> dict[str, Any]:
    return {name: _rounded(row[name]) if name == "boilerplate" else row[name] for name in _SHOWN}


def _told(one: Finding, day: date) -> dict[str, Any]:
    numbers = {name: _rounded(getattr(one, name)) for name in ("observed", "usual", "low", "high", "weight")}
    made = one.acknowledged
    until = day + timedelta(days=ACKNOWLEDGED_DAYS)
    return {
        "measure": one.measure or one.rule,
        "rule": one.rule,
        "severity": one.severity,
        "since": one.since.isoformat(),
        "sentence": one.sentence,
        **numbers,
        "todo": one.todo,
        "command": command(one),
        "acknowledge": acknowledge(one, until),
        "acknowledged": made and {"until": made.until and made.until.isoformat(), "who": made.who, "why": made.why},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _status(one: Compared, found: Sequence[Finding], nights: int) -> str:
    """`silent`, `differs`, `acknowledged`, `new`, `retired`, `too-few-nights` or `usual`."""
    came = sum(documents(row) > 0 for _, row in one.rows)
    if one.site is not WHOLE and len(one.silent) >= NIGHTS and came >= TOLD_RETIRED:
        return "retired"
    counted = [known for known in found if known.counts]
    if any(known.measure == SILENCE for known in counted):
        return "silent"
    if counted:
        return "differs"
    if any(known.acknowledged is not None and known.severity != INFO for known in found):
        return "acknowledged"
    if one.site is not WHOLE and one.is_new and documents(one.row) and nights >= FEWEST:
        return "new"
    return "usual" if one.bands else "too-few-nights"
