"""What differs from a site's usual night, in words: each finding with its beginning, its numbers and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from copydesk.checks.suites import Rule
from copydesk.records import CRITICAL, INFO, WARNING
from copydesk.sites.bands import OF_WEEKDAY, Band
from copydesk.sites.compare import Compared
from copydesk.sites.measures import MEASURES, SILENCE, VOLUME, documents, usual_language
from copydesk.sites.tally import WHOLE
from copydesk.warehouse.decisions import Decision

#: The codes of languages in words.
_NO_LANGUAGE = "the usual language"

#: What to do about volume and silence, of a site and of the run as a whole.
_TODO = {
    SILENCE: "Look whether the scraper of this site still runs and what it gets; if the site is to stay away,"
    " acknowledge it.",
    VOLUME: "Look whether the scraper still finds all articles of this site.",
}
_TODO_WHOLE = {
    SILENCE: "Look whether the scrapers ran and whether the run reads the right source.",
    VOLUME: "On a holiday this is nothing; else look whether all scrapers ran and the run reads the right source.",
}


class Finding(NamedTuple):
    """A finding of one site, or of the run as a whole. `low` and `high` are what would have been usual, None where
    there is no such limit; `weight` is the number of documents concerned. `acknowledged` is a person's decision."""

    site: str | None
    rule: str
    measure: str
    severity: str
    since: date
    sentence: str
    observed: float | None
    usual: float | None
    low: float | None
    high: float | None
    todo: str
    weight: float
    acknowledged: Decision | None = None

    @property
    def counts(self) -> bool:
        """Whether the site differs from its usual night because of it."""
        return self.severity != INFO and self.acknowledged is None


def limits(rule: Rule) -> tuple[float | None, float | None]:
    """The lowest and highest score that a rule of the suite `sites` allows."""
    return rule.kwargs.get("min_value"), rule.kwargs.get("max_value")


def finding(rule: Rule, one: Compared, day: date, acknowledged: Decision | None = None) -> Finding:
    """The finding of `rule`, which a site fails on `day`."""
    measure = rule.columns[0] if rule.columns else ""
    band = one.bands.get(VOLUME if measure == SILENCE else measure)
    low, high = (None if limit is None or band is None else band.at(limit) for limit in limits(rule))
    if measure == SILENCE:
        low, high = None, None
    elif low is not None:
        low = max(0.0, low)
    words = Words(rule, one, day, band, low, high)
    return Finding(
        one.site,
        rule.rule,
        measure,
        rule.severity,
        _since(rule, one, day),
        words.sentence(measure),
        band.observed if band else None,
        band.usual if band else None,
        low,
        high,
        _todo(rule, measure, one),
        _weight(measure, one, band),
        acknowledged,
    )


def _since(rule: Rule, one: Compared, day: date) -> date:
    """The first of the nights with this finding in a row; nights without documents do not end it."""
    if rule.columns == (SILENCE,) and one.silent:
        return one.silent[0]
    since = day
    for _, row in [*one.rows, (day, one.row)][::-1]:
        known: list[date] = [found["since"] for found in row["findings"] if found["rule"] == rule.rule]
        if known:
            return min(since, known[0])
        if documents(row) and row is not one.row:
            break
    return since


def _todo(rule: Rule, measure: str, one: Compared) -> str:
    known = _TODO_WHOLE if one.site is WHOLE else _TODO
    if measure in known:
        return known[measure]
    return MEASURES[measure].todo if measure in MEASURES else rule.description


def _weight(measure: str, one: Compared, band: Band | None) -> float:
    """The number of documents that are missing or damaged."""
    if measure == SILENCE:
        return sum(one.expected)
    if band is None:
        return float(documents(one.row))
    if measure == VOLUME:
        return abs(band.usual - band.observed)
    if measure in ("words", "typos"):
        return float(one.row["measured"])
    return (band.observed - band.usual) * (documents(one.row) if measure == "quarantined" else one.row["measured"])


class Words(NamedTuple):
    """What the sentence of a finding is made of."""

    rule: Rule
    one: Compared
    day: date
    band: Band | None
    low: float | None
    high: float | None

    def sentence(self, measure: str) -> str:
        """The finding in one sentence with its numbers."""
        if measure == SILENCE:
            return self._silence()
        if self.band is None:
            return self.rule.failure[0].format(**{**self.rule.kwargs, "count": 1, "value": ""}).strip()
        if measure == VOLUME:
            return self._volume(self.band)
        row = self.one.row
        whole = documents(row) if measure == "quarantined" else row["measured"]
        return MEASURES[measure].words.format(
            observed=self.band.observed,
            usual=self.band.usual,
            high=self.high if self.high is None or measure == "typos" else min(1.0, self.high),
            part=round(self.band.observed * whole),
            whole=whole,
            limit=_limit(self.low, self.high),
            reason=_reason(row) if measure == "quarantined" else "",
            language=usual_language([earlier for _, earlier in self.one.rows]) or _NO_LANGUAGE,
        )

    def _silence(self) -> str:
        came = [when for when, row in self.one.rows if documents(row)]
        last = f"the last came on {_date(came[-1], self.day)}, " if came and len(self.one.silent) > 1 else ""
        arrived = self.one.row["arrivals"]
        new = "new " if arrived else ""
        known = f"; {arrived:,} came that are known" if arrived else ""
        usual, when = max(zip(self.one.expected, self.one.silent, strict=True), key=lambda pair: pair[0])
        since = _date(self.one.silent[0], self.day)
        return f"No {new}articles since {since} ({last}usually {usual:,.0f} {self._night(when)}{known})"

    def _night(self, day: date) -> str:
        """The nights that one is compared with."""
        own = sum(when.weekday() == day.weekday() for when, _ in self.one.rows)
        return f"on a {day:%A}" if own >= OF_WEEKDAY else "a night"

    def _volume(self, band: Band) -> str:
        low, of = self.one.low_sites
        together = self.one.site is WHOLE and band.observed < band.usual and low > 1
        sites = f"; {low} of {of} sites are low" if together else ""
        count = f"{band.observed:,.0f} new article{'s' * (band.observed != 1)}"
        return f"{count} (usually {band.usual:,.0f} {self._night(self.day)}, {_limit(self.low, self.high)}{sites})"


def _limit(low: float | None, high: float | None) -> str:
    return f"at least {low:,.0f}" if low is not None else f"at most {high:,.0f}" if high is not None else ""


def _reason(row: Mapping[str, Any]) -> str:
    first = row["reasons"][0] if row["reasons"] else None
    return f", {first['documents']:,} of them for {first['rule']}" if first and first["rule"] else ""


def _date(when: date, day: date) -> str:
    return f"{when.day} {when:%B}" + (f" {when.year}" if when.year != day.year else "")


def command(finding: Finding) -> str:
    """The command that shows more."""
    if finding.site is WHOLE:
        return "copydesk sites"
    name = shlex.quote(finding.site)
    return f"copydesk quarantine list --site {name}" if finding.measure == "quarantined" else f"copydesk sites {name}"


def acknowledge(finding: Finding, until: date) -> str:
    """The command that acknowledges a finding."""
    name = "" if finding.site is WHOLE else f" {shlex.quote(finding.site)}"
    return f"copydesk sites acknowledge{name} --until {until.isoformat()}"


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings by the number of documents concerned; critical ones first, and information last."""
    order = {CRITICAL: 0, WARNING: 1, INFO: 2}
    return sorted(findings, key=lambda f: (f.acknowledged is not None, order[f.severity], -f.weight, f.rule))
