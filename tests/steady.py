"""Simulated nights of sites as rows of the table `sites`: weekdays, holidays, growth, chance; and five breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from copydesk.checks.expectations import Verdict, read_suites
from copydesk.checks.suites import Rule
from copydesk.records import Problem
from copydesk.sites.judge import SitesJudged, fails, judge
from copydesk.sites.past import Night, Past, empty
from copydesk.sites.tally import WHOLE

FIRST = date(2024, 1, 1)
#: Nights on which every site sends little: two single holidays and a row of three.
HOLIDAYS = {
    FIRST + timedelta(days=day): share for day, share in {17: 0.35, 33: 0.2, 45: 0.4, 46: 0.3, 47: 0.45}.items()
}


class Kind(NamedTuple):
    """A site: documents on a night, share of them at the weekend, growth per night, variance in relation to chance;
    and of its articles: words, undated share, quarantined share, typos in 1,000 words."""

    documents: float
    weekend: float = 0.5
    growth: float = 0.0
    noise: float = 1.0
    words: float = 320
    undated: float = 0.02
    quarantined: float = 0.01
    typos: float = 0.8


SITES: dict[str, Kind] = {
    "anchor.example": Kind(60, 0.4, 0.004),
    "beacon.example": Kind(30, 0.6, undated=0.83),
    "canal.example": Kind(25, 0.15),
    "dyke.example": Kind(40, 1.0, 0.012, 2.0),
    "estuary.example": Kind(12, 0.5, words=90),
    "ferry.example": Kind(18, 0.7, -0.004, quarantined=0.08),
    "gull.example": Kind(120, 0.5, 0.006, 1.5, undated=0.3),
    "harbour.example": Kind(9, 0.0, typos=3.0),
}


def row(site: str | None, kind: Kind, mean: float, chance: np.random.Generator) -> dict[str, Any]:
    """A night of one site."""
    spread = mean * (kind.noise - 1 + 0.01 * mean)
    lam = chance.gamma(mean * mean / spread, spread / mean) if spread > 0 else mean
    new = int(chance.poisson(lam)) if mean else 0
    quarantined = int(chance.binomial(new, kind.quarantined))
    lengths = np.exp(chance.normal(np.log(kind.words), 0.6, new)).astype(int)
    words = int(lengths.sum())
    other = int(chance.binomial(new, 0.01))
    found = {
        "arrivals": new, "new": new, "published": new - quarantined, "quarantined": quarantined, "measured": new,
        "undated": int(chance.binomial(new, kind.undated)), "lost": int(chance.binomial(new, 0.005)),
        "mojibake": int(chance.binomial(new, 0.003)), "repaired": int(chance.binomial(new, 0.02)),
        "repeated": int(chance.binomial(new, 0.01)), "boilerplate": float(chance.beta(1, 60)) if new else None,
        "words": words, "median_words": int(np.median(lengths)) if new else None,
        "typos": int(chance.poisson(words * kind.typos / 1000)), "language": "en" if new else None,
        "languages": [{"language": name, "articles": n} for name, n in (("en", new - other), ("de", other)) if n],
    }  # fmt: skip
    return {**empty(site), **found}


def whole(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The row of the run as a whole."""
    total = dict(empty(WHOLE))
    for name, value in total.items():
        if isinstance(value, int):
            total[name] = sum(row[name] for row in rows.values())
    total["languages"] = [
        {"language": name, "articles": n}
        for name in ("en", "de")
        if (n := sum(one["articles"] for row in rows.values() for one in row["languages"] if one["language"] == name))
    ]
    came = [row for row in rows.values() if row["measured"]]
    if came:
        total["boilerplate"] = sum(row["boilerplate"] * row["measured"] for row in came) / total["measured"]
        total["median_words"] = int(np.median([row["median_words"] for row in came]))
    return total


@cache
def rules() -> Sequence[Rule]:
    return read_suites()["sites"]


class Between:
    """Judges as Great Expectations does, which a test holds it to, without its quarter of a second."""

    def sites(self, rows: Sequence[Mapping[str, Any]]) -> Verdict[str | None]:
        verdict: Verdict[str | None] = Verdict([])
        for one in rows:
            for rule in rules():
                if rule.columns and fails(rule, one.get(rule.columns[0])):
                    problem = Problem("validate", rule.rule, rule.column, rule.severity, "")
                    verdict.problems.setdefault(one["site"], []).append(problem)
        return verdict


Change = Callable[[dict[str, Any]], dict[str, Any]]


def silent(row: dict[str, Any]) -> dict[str, Any]:
    return dict(empty(row["site"]))


def undated(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "undated": row["measured"]}


def destroyed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "lost": row["measured"] - row["measured"] // 10, "lost_characters": 40 * row["measured"]}


def teasers(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "median_words": 34, "words": 34 * row["measured"]}


def walled(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "repeated": max(0, row["measured"] - 1), "median_words": 60, "boilerplate": 0.7}


BREAKS: dict[str, Change] = {
    "anchor.example": silent,
    "gull.example": undated,
    "dyke.example": destroyed,
    "canal.example": teasers,
    "ferry.example": walled,
}


def nights(
    count: int, seed: int, broken: Mapping[str, Change] | None = None, first: date = FIRST, holidays: bool = True
) -> Iterator[tuple[date, SitesJudged]]:
    """`count` nights, each judged by the ones before; on the last one the sites of `broken` are changed."""
    chance = np.random.default_rng(seed)
    past: list[Night] = []
    for number in range(count):
        day = first + timedelta(days=number)
        share = HOLIDAYS.get(day, 1.0) if holidays else 1.0
        rows = {}
        for name, kind in SITES.items():
            rhythm = kind.weekend if day.weekday() >= 5 else 1.0
            rows[name] = row(name, kind, kind.documents * rhythm * share * (1 + kind.growth) ** number, chance)
            if broken and name in broken and number == count - 1:
                rows[name] = broken[name](rows[name])
        # A site that sends nothing has no row; the run knows of it from the nights before.
        tonight: dict[str | None, dict[str, Any]] = {WHOLE: whole(rows)}
        tonight |= {name: one for name, one in rows.items() if one["arrivals"]}
        judged = judge(tonight, Past(past, {}), day, {}, rules(), Between)  # type: ignore[arg-type]
        past = [*past, Night(day, {one["site"]: one for one in judged.rows})][-60:]
        yield day, judged
