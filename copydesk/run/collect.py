"""The second stage of a run: read, clean, validate and stage every document that is new or changed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk import sources
from copydesk.checks.expectations import Checks, Result, Verdict, merge
from copydesk.records import CRITICAL, WARNING, Problem
from copydesk.report.summary import Summary
from copydesk.run.batch import Batch
from copydesk.run.job import Job
from copydesk.run.workers import cleaned, joined
from copydesk.sites.evidence import Sites
from copydesk.text.site import site_of
from copydesk.warehouse import Staging, Warehouse
from copydesk.warehouse.history import History
from copydesk.warehouse.schemas import by_severity, quarantine_table

log = logging.getLogger(__name__)

#: Examples of each rule that the report shows.
EXAMPLES = 3


@dataclass(slots=True)
class Totals:
    """Counts by name and day, so that a day which the gate holds back can be left out."""

    counts: Counter[tuple[str, date | None]] = field(default_factory=Counter)

    def add_rows(self, name: str, days: pa.ChunkedArray) -> None:
        """Count one for each of `days`."""
        for group in days.value_counts().to_pylist():
            self.counts[name, group["values"]] += group["counts"]

    def add_edits(self, articles: pa.Table, edits: pa.Table) -> None:
        """Count the places of edits, by their status and the day of their article."""
        places = pc.fill_null(pc.list_value_length(edits["positions"]), 1)
        owner = pc.index_in(edits["article_id"], articles["article_id"].combine_chunks())
        table = pa.table({"day": articles["published_date"].take(owner), "status": edits["status"], "places": places})
        for group in table.group_by(["day", "status"], use_threads=False).aggregate([("places", "sum")]).to_pylist():
            self.counts[group["status"], group["day"]] += group["places_sum"]

    def total(self, name: str, without: Iterable[date | None] = ()) -> int:
        """How often `name` was counted on days that are none of `without`."""
        left_out = set(without)
        return sum(count for (what, day), count in self.counts.items() if what == name and day not in left_out)


@dataclass(frozen=True, slots=True)
class Collected:
    """What came in and is staged, and what was seen on the way.

    `results` are those of the suites of articles and edits over all batches, `noted` counts what the steps noted by
    rule, column and severity, `whole` is what is critically wrong with a table as a whole. `left_out` counts files that
    are not read, by reason, and `undated` the documents without a date, by site: those that are fit, and the others.
    """

    warehouse: Warehouse
    staging: Staging
    history: History
    summary: Summary
    totals: Totals
    results: list[Result]
    noted: Counter[tuple[str, str | None, str]]
    examples: dict[str, list[dict[str, str]]]
    whole: list[Problem]
    bytes_read: int
    left_out: Counter[str]
    undated: Counter[tuple[str, bool]]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was new or changed."""
        return not self.staging.published + self.staging.quarantined


def collect(
    job: Job, warehouse: Warehouse, staging: Staging, history: History, checks: Callable[[], Checks],
    progress: Callable[[int, int], None],
) -> Collected:  # fmt: skip
    """Take in all documents of a job. `checks` gives the suites when there is something to judge."""
    left_out: Counter[str] = Counter()
    intake = _Intake(staging, checks)
    arrived = (d for source in job.sources for d in sources.read(source, job.config.sources, left_out))
    fresh = history.select(arrived, retry_held=job.again)
    for first in fresh:  # once, if anything is new: only then what is known of sites is worth reading
        sites = Sites.read(warehouse, job.config.sites)
        batches = cleaned(chain([first], fresh), job.config, job.day, sites, staging)
        for batch in joined(_told(batches, progress)):
            intake.take(batch)
    for reason, count in sorted(left_out.items()):
        log.warning("left out %d × %s", count, reason)
    return Collected(
        warehouse, staging, history, intake.summary, intake.totals, intake.results, intake.noted, intake.examples,
        intake.whole, intake.bytes_read, left_out, intake.undated,
    )  # fmt: skip


def _told(batches: Iterable[Batch], progress: Callable[[int, int], None]) -> Iterator[Batch]:
    for batch in batches:
        progress(batch.documents, batch.size)
        yield batch


class _Intake:
    """Validates batches, sorts each into what may be published and what goes to the quarantine, and stages both."""

    def __init__(self, staging: Staging, checks: Callable[[], Checks]) -> None:
        self._staging, self._checks = staging, checks
        self.summary = Summary()
        self.totals = Totals()
        self.results: list[Result] = []
        self.noted: Counter[tuple[str, str | None, str]] = Counter()
        self.examples: dict[str, list[dict[str, str]]] = {}
        self.whole: list[Problem] = []
        self.undated: Counter[tuple[str, bool]] = Counter()
        self.bytes_read = 0

    def take(self, batch: Batch) -> None:
        self.bytes_read += batch.size
        problems = self._problems(batch)
        bad = {row for row, found in problems.items() if any(p.severity == CRITICAL for p in found)}
        good = pa.array([row not in bad for row in range(len(batch.articles))], pa.bool_())
        articles = _with_validation(batch.articles, problems).filter(good)
        edits = batch.edits.filter(pc.is_in(batch.edits["article_id"], articles["article_id"].combine_chunks()))
        raw = _with_reasons(batch.raw, problems)
        texts = _texts(batch.articles.filter(pc.invert(good)))
        failed = [
            {**row, "text": text} for row, text in zip(raw.filter(pc.invert(good)).to_pylist(), texts, strict=True)
        ]
        quarantined = batch.quarantined + failed
        self.summary.add(articles, edits)
        self.summary.add_quarantined(quarantined)
        self._staging.add(articles, edits, quarantine_table(quarantined), raw.filter(good))
        days = articles["published_date"]
        self.undated.update((site_of(uri), True) for uri in articles["uri"].filter(pc.is_null(days)).to_pylist())
        self.undated.update((site_of(row["uri"]), False) for row in quarantined if row["published_date"] is None)
        self.totals.add_rows("warned", days.filter(pc.equal(articles["validation"], "warn")))
        self.totals.add_rows("unknown_language", days.filter(pc.equal(articles["language"], "und")))
        self.totals.add_edits(articles, edits)

    def _problems(self, batch: Batch) -> dict[int, list[Problem]]:
        """All that is wrong with the articles of a batch, by row: what the steps noted, what the suites found."""
        ids = batch.articles["article_id"].to_pylist()
        none: Verdict[Any] = Verdict([])
        articles = self._checks().judge("articles", batch.metrics, range(len(ids))) if ids else none
        edits = self._checks().edits(batch.edits, ids) if len(batch.edits) else none
        self.results = merge([Verdict(self.results), articles, edits])
        self.whole += [p for p in (*articles.whole, *edits.whole) if p.severity == CRITICAL]
        problems = {row: list(found) for row, found in batch.problems.items()}
        self.noted.update((p.rule, p.column, p.severity) for found in problems.values() for p in found)
        for row, found in articles.problems.items():
            problems.setdefault(row, []).extend(found)
        for row, key in enumerate(ids) if edits.problems else ():
            problems.setdefault(row, []).extend(edits.problems.get(key, ()))
        self._keep_examples(batch, problems)
        return problems

    def _keep_examples(self, batch: Batch, problems: dict[int, list[Problem]]) -> None:
        for row, found in problems.items():
            for problem in found:
                examples = self.examples.setdefault(problem.rule, [])
                if len(examples) < EXAMPLES:
                    examples.append({"uri": batch.articles["uri"][row].as_py(), "observed": problem.observed})


def _with_validation(articles: pa.Table, problems: dict[int, list[Problem]]) -> pa.Table:
    """`articles` with `pass` or `warn` in their column `validation`."""
    warned = [
        "warn" if any(p.severity == WARNING for p in problems.get(row, ())) else "pass" for row in range(len(articles))
    ]
    index = articles.schema.get_field_index("validation")
    return articles.set_column(index, articles.schema.field(index), pa.array(warned, pa.string()))


def _with_reasons(raw: pa.Table, problems: dict[int, list[Problem]]) -> pa.Table:
    """`raw` with all that is known against each document, the most severe first."""
    index = raw.schema.get_field_index("reasons")
    reasons = [[p._asdict() for p in by_severity(problems.get(row, ()))] for row in range(len(raw))]
    return raw.set_column(index, raw.schema.field(index), pa.array(reasons, raw.schema.field(index).type))


def _texts(articles: pa.Table) -> list[str]:
    """What was made of documents that failed, for whoever looks at the quarantine."""
    pairs = zip(articles["headline"].to_pylist(), articles["body"].to_pylist(), strict=True)
    return [f"{headline}\n\n{body}".strip() for headline, body in pairs]
