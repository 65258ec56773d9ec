"""The third stage of a run, the quality gate: judges each partition and the run, and holds back critical failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from copydesk.checks import metrics
from copydesk.checks.expectations import Checks, Result, merge, read_suites
from copydesk.config import Config
from copydesk.records import CRITICAL, INFO, WARNING
from copydesk.run.collect import Collected
from copydesk.run.job import NIGHT, suites
from copydesk.sites import past
from copydesk.sites.judge import SitesJudged
from copydesk.sites.judge import judge as judge_each
from copydesk.warehouse import PartitionCount, decisions

#: Earlier nights that the volume is compared with, and that the report shows.
RECENT_NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Judged:
    """The collected documents and the verdict of the gate: `held` maps the days that are held back to the reason.
    `recent` are the rows of `runs` that the run was compared with, oldest first; `sites` are the sites, judged."""

    collected: Collected
    results: list[Result]
    held: dict[date | None, str]
    recent: list[dict[str, Any]]
    sites: SitesJudged = field(default_factory=SitesJudged)

    @property
    def severity(self) -> str | None:
        """The severity of the worst finding about a partition, the run or a site: `critical`, `warning` or None."""
        found = {r.severity for r in self.results if r.suite in ("partitions", "run") and not r.success}
        found.add(self.sites.severity or INFO)
        if self.held or CRITICAL in found:
            return CRITICAL
        return WARNING if WARNING in found else None


def counts(collected: Collected, held: dict[date | None, str]) -> dict[str, int]:
    """The documents of a run by outcome, under the column names of the table `runs`."""
    return {
        "documents": collected.history.delivered,
        "unchanged": collected.history.unchanged + collected.staging.still_published,
        "published": collected.staging.published,
        "quarantined": collected.staging.quarantined,
        "warned": collected.totals.total("warned", held),
    }


def judge(
    collected: Collected,
    config: Config,
    recent: list[dict[str, Any]],
    checks: Callable[[], Checks],
    day: date | None = None,
) -> Judged:
    """Judge what was collected, and hold back failed partitions in the staging. `recent` are rows of `runs`.

    `day` is the date of a night, None for other runs. Only a night is judged as a whole: what people take up again is
    few and chosen, and its shares say nothing.
    """
    staging = collected.staging
    recent = [row for row in recent if row["kind"] in (None, NIGHT)]
    if day is None:
        return Judged(collected, collected.results, {}, recent)
    before = past.read(collected.warehouse, day, collected.tally.rows())
    partitions = staging.partition_counts()
    of_partitions = checks().partitions([_partition_row(count, collected, config) for count in partitions])
    processed = [row["documents"] - row["unchanged"] for row in recent]
    of_run = checks().run(
        {
            **counts(collected, {}),
            "unknown_language": collected.totals.total("unknown_language"),
            "undated": sum(c.documents - c.quarantined for c in partitions if c.published_date is None),
            "always_undated": sum(collected.undated[site, True] for site in past.without_dates(before.nights)),
            "volume_ratio": metrics.volume_ratio(staging.published + staging.quarantined, processed),
            "min_documents": config.gate.min_documents,
        }
    )
    whole = [*collected.whole, *(p for p in (*of_partitions.whole, *of_run.whole) if p.severity == CRITICAL)]
    held: dict[date | None, str] = {}
    for count in partitions:
        key = count.published_date.isoformat() if count.published_date else None
        own = [p for p in of_partitions.problems.get(key, ()) if p.severity == CRITICAL]
        for problem in (*own, *whole):
            staging.hold(count.published_date, problem._replace(stage="gate"))
            held[count.published_date] = problem.observed
    sites = judge_sites(collected, config, day, checks, before, held)
    results = [*checks().counted(collected.results), *merge([of_partitions, of_run]), *sites.results]
    return Judged(collected, results, held, recent, sites)


def judge_sites(
    collected: Collected,
    config: Config,
    day: date,
    checks: Callable[[], Checks],
    before: past.Past | None = None,
    held: Iterable[date | None] = (),
) -> SitesJudged:
    """Compare each site, and the run as a whole, with its earlier nights. Nothing is held back for it.

    `before` are these nights, if they have been read; `held` are the days that the gate holds back. Raises
    `WarehouseError`.
    """
    warehouse = collected.warehouse
    rules = read_suites(suites(config))["sites"]
    made = decisions.acknowledged(decisions.read(warehouse.store), day)
    rows = collected.tally.rows(held)
    return judge_each(rows, before or past.read(warehouse, day, rows), day, made, rules, checks)


def _partition_row(count: PartitionCount, collected: Collected, config: Config) -> dict[str, Any]:
    least = config.gate.min_documents
    share = count.quarantined / count.documents if count.documents >= least else None
    if count.published_date is None:
        share = undated_share(collected.undated, least)
    return {
        "published_date": count.published_date and count.published_date.isoformat(),
        "documents": count.documents,
        "quarantined": count.quarantined,
        "quarantined_share": share,
        "max_quarantined_share": config.gate.max_quarantined_share,
    }


def undated_share(undated: Mapping[tuple[str, bool], int], least: int) -> float | None:
    """The share of documents without a date that failed, of the site with the largest; None where no site has enough.

    What cannot be read has no date, so junk of every kind is here, and would hold back the good of all sites. So sites
    are judged by themselves, those with fewer than `least` documents together, and only those that have good ones.
    """
    groups: Counter[tuple[str, bool]] = Counter()
    for site in {site for site, fit in undated if fit}:
        good, bad = undated[site, True], undated.get((site, False), 0)
        group = site if good + bad >= least else ""
        groups[group, True] += good
        groups[group, False] += bad
    shares = [
        groups[group, False] / (groups[group, False] + good)
        for (group, fit), good in groups.items()
        if fit and groups[group, False] + good >= least
    ]
    return max(shares, default=None)
