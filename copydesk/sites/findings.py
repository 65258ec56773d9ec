"""What differs from a site's usual night, in words: each finding with its beginning, its numbers and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from copydesk.checks.suites import Rule, failure_of
from copydesk.records import CRITICAL, INFO, WARNING
from copydesk.report.escape import visible
from copydesk.report.sites import day_in_words
from copydesk.sites.bands import OF_WEEKDAY, Band
from copydesk.sites.compare import Compared
from copydesk.sites.measures import MEASURES, SILENCE, VOLUME, documents, usual_language
from copydesk.sites.tally import WHOLE
from copydesk.warehouse.decisions import Decision

#: The language of a site that has no usual one.
_NO_LANGUAGE = "und"

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


#: The part of an article that counts as damaged if it is too short, or has too many typos.
PARTLY_DAMAGED = 0.75
#: Characters of a name in a command.
LONGEST_NAME = 300


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
    low, high = limits(rule)
    if measure == SILENCE:
        low, high = None, None
    elif band is not None:
        low, high = (None if limit is None else max(0.0, band.at(limit)) for limit in (low, high))
    value = one.metrics().get(measure)
    observed = band.observed if band else value if isinstance(value, int | float) else None
    words = Words(rule, one, day, low, high)
    return Finding(
        one.site,
        rule.rule,
        measure,
        rule.severity,
        _since(rule, one, day),
        words.sentence(measure, band, value),
        observed,
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
        return float(PARTLY_DAMAGED * one.row["measured"])
    whole: int = documents(one.row) if measure == "quarantined" else one.row["measured"]
    return (band.observed - band.usual) * whole


class Words(NamedTuple):
    """What the sentence of a finding is made of."""

    rule: Rule
    one: Compared
    day: date
    low: float | None
    high: float | None

    def sentence(self, measure: str, band: Band | None, value: Any) -> str:
        """The finding in one sentence with its numbers; a column that has no band has a `value`."""
        if measure == SILENCE and self.one.silent:
            return self._silence()
        if measure == VOLUME and band is not None:
            return self._volume(band)
        if measure not in MEASURES or band is None:
            return failure_of(self.rule, value)[0].replace("{count}", "1")
        row = self.one.row
        whole = documents(row) if measure == "quarantined" else row["measured"]
        told = MEASURES[measure].words.format(
            observed=band.observed,
            usual=band.usual,
            part=round(band.observed * whole),
            whole=whole,
            limit=self._limit(MEASURES[measure].shown),
            reason=_reason(row) if measure == "quarantined" else "",
            language=usual_language([earlier for _, earlier in self.one.rows]) or _NO_LANGUAGE,
        )
        return told.replace("%", " %")

    def _silence(self) -> str:
        came = [when for when, row in self.one.rows if documents(row)]
        last = f"the last came on {day_in_words(came[-1], self.day)}, " if came and len(self.one.silent) > 1 else ""
        arrived = self.one.row["arrivals"]
        new = "new " if arrived else ""
        known = f"; {arrived:,} came that are known" if arrived else ""
        expected = zip(self.one.expected, self.one.silent, strict=False)
        usual, when = max(expected, key=lambda pair: pair[0], default=(0.0, self.day))
        began = f"{'since' if self.one.silent[1:] else 'on'} {day_in_words(self.one.silent[0], self.day)}"
        return f"No {new}articles {began} ({last}usually {usual:,.0f} {self._night(when)}{known})"

    def _limit(self, shown: str) -> str:
        """The limit that was passed."""
        if self.high is not None:
            return f", at most {shown.format(min(1.0, self.high) if '%' in shown else self.high)}"
        return "" if self.low is None else f", at least {shown.format(self.low)}"

    def _night(self, day: date) -> str:
        """The nights that one is compared with."""
        own = sum(when.weekday() == day.weekday() for when, _ in self.one.rows)
        return f"on a {day:%A}" if own >= OF_WEEKDAY else "a night"

    def _volume(self, band: Band) -> str:
        low, of = self.one.low_sites
        together = self.one.site is WHOLE and band.observed < band.usual and low > 1
        sites = f"; {low} of {of} sites are low" if together else ""
        count = f"{band.observed:,.0f} new article{'s' * (band.observed != 1)}"
        return f"{count} (usually {band.usual:,.0f} {self._night(self.day)}{self._limit('{:,.0f}')}{sites})"


def _reason(row: Mapping[str, Any]) -> str:
    first = row["reasons"][0] if row["reasons"] else None
    return f", {first['documents']:,} of them for {first['rule']}" if first and first["rule"] else ""


def command(finding: Finding) -> str:
    """The command that shows more; empty for a name that cannot be pasted."""
    if finding.site is WHOLE:
        return "copydesk sites"
    if not _can_be_pasted(finding.site):
        return ""
    name = shlex.quote(finding.site)
    return f"copydesk quarantine list --site {name}" if finding.measure == "quarantined" else f"copydesk sites {name}"


def _can_be_pasted(name: str) -> bool:
    """Whether a name on a terminal is the same name when it is pasted. A site is named by its source."""
    return len(name) <= LONGEST_NAME and bool(name) and visible(name, every=True) == name


def acknowledge(finding: Finding, until: date) -> str:
    """The command that acknowledges a finding; empty for a name that cannot be pasted."""
    if finding.site is not WHOLE and not _can_be_pasted(finding.site):
        return ""
    name = "" if finding.site is WHOLE else f" {shlex.quote(finding.site)}"
    return f"copydesk sites acknowledge{name} --until {until.isoformat()}"


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings by the number of documents concerned; critical ones first, and information last."""
    order = {CRITICAL: 0, WARNING: 1, INFO: 2}
    return sorted(findings, key=lambda f: (f.acknowledged is not None, order[f.severity], -f.weight, f.rule))
