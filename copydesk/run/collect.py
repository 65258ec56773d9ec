"""The second stage of a run: read, clean, validate and stage every document that is new or changed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from copydesk import sources
from copydesk.checks.expectations import Checks, Result, Verdict, merge
from copydesk.records import CRITICAL, INFO, Document, Problem, article_id, storable
from copydesk.report.picked import Picked
from copydesk.report.summary import Summary
from copydesk.reviewed import Choices
from copydesk.run import stored
from copydesk.run.batch import Batch
from copydesk.run.guard import Compared, Guard
from copydesk.run.hand_check import measured, picked
from copydesk.run.job import NIGHT, RELEASE, REPROCESS, Job
from copydesk.run.second_pass import with_lines_of_tonight
from copydesk.run.workers import batched, cleaned, cleaned_again, cleaner, joined
from copydesk.sites.evidence import Sites
from copydesk.sites.tally import Tally, Told, site_of_row
from copydesk.text.site import site_of
from copydesk.warehouse import Staging, Warehouse, decisions
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.history import History
from copydesk.warehouse.rows import by_severity, documents_table, quarantine_table
from copydesk.warehouse.schemas import RAW

log = logging.getLogger(__name__)

#: Examples of each rule in the report.
EXAMPLES = 3
#: Articles that are listed when published ones are processed again.
CHANGES = 1_000
#: What differs between two runs that make the same of a document.
_OF_THE_RUN = frozenset(
    "run_id pipeline_version first_seen_at last_changed_at version cluster_id duplicate_of syndicated_from".split()
)


@dataclass(slots=True)
class Totals:
    """Counts by name and day, so that days that the gate holds back can be excluded."""

    counts: Counter[tuple[str, date | None]] = field(default_factory=Counter)

    def add_rows(self, name: str, days: pa.ChunkedArray) -> None:
        """Add one for each of `days`."""
        for group in days.value_counts().to_pylist():
            self.counts[name, group["values"]] += group["counts"]

    def add_edits(self, articles: pa.Table, edits: pa.Table) -> None:
        """Count the places of edits by status and day of the article."""
        places = pc.fill_null(pc.list_value_length(edits["positions"]), 1)
        owner = pc.index_in(edits["article_id"], articles["article_id"].combine_chunks())
        table = pa.table({"day": articles["published_date"].take(owner), "status": edits["status"], "places": places})
        for group in table.group_by(["day", "status"], use_threads=False).aggregate([("places", "sum")]).to_pylist():
            self.counts[group["status"], group["day"]] += group["places_sum"]

    def total(self, name: str, without: Iterable[date | None] = ()) -> int:
        """The count of `name`, without the days in `without`."""
        left_out = set(without)
        return sum(count for (what, day), count in self.counts.items() if what == name and day not in left_out)


@dataclass(frozen=True, slots=True)
class Collected:
    """The staged documents of a run, and what was found in them.

    `results` are the results of the suites of articles and edits over all batches; `noted` counts the problems found by
    the steps, by rule, column and severity; `whole` lists critical problems of a table as a whole. `left_out` counts
    files that are not read, by reason, and `undated` the documents without a date, by site: those that are fit to
    publish, and the others; `tally` counts everything by site. Where published articles were processed again, `changes`
    are the first that differ, `worse` is the number of those that would not be published now and stay as they are.
    `decisions` are to be written. `picked` are the edits that a person reads, and `precision` is what was read before
    (`copydesk.hand_check.precision`).
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
    changes: list[Changed]
    worse: int
    decisions: list[Decision]
    picked: Picked
    precision: list[dict[str, Any]]
    tally: Tally

    @property
    def is_empty(self) -> bool:
        """Whether no document was new or changed."""
        return not self.staging.published + self.staging.quarantined


def collect(
    job: Job, warehouse: Warehouse, staging: Staging, history: History, checks: Callable[[], Checks],
    progress: Callable[[int, int], None],
) -> Collected:  # fmt: skip
    """Read, clean, validate and stage all documents of a job. `checks` loads the suites on first use."""
    left_out, tally = sources.LeftOut(), Tally()
    made = decisions.read(warehouse.store)
    choices = replace(
        Choices.of(decisions.choices(made)), released=decisions.released(made), withdrawn=decisions.withdrawn(made)
    )
    held = stored.held(warehouse, job.stored) if job.stored else {}
    if job.stored:
        fresh = history.take(stored.documents(warehouse, history, job.stored, held, job.config.sources))
    else:
        arrived = (d for source in job.sources for d in sources.arrivals(source, job.config.sources, left_out))
        fresh = history.select(tally.arriving(arrived), retry_quarantined=job.again)
    if job.kind == RELEASE:
        chosen = list(fresh)
        fresh = iter(chosen)
        pairs = frozenset((document.uri, document.content_sha256) for document in chosen)
        choices = replace(choices, released=choices.released | pairs, withdrawn=choices.withdrawn - pairs)
    of_interest = picked(made, job.day)
    intake = _Intake(
        job, staging, history, checks, Guard(warehouse, history, checks), choices, of_interest, held, tally
    )
    fresh = intake.noting_unread(fresh)
    for first in batched(fresh, job.config):  # runs at most once: evidence is read only if there is a new document
        more = list(islice(fresh, 1))
        names = None if more else {site_of(document.uri) for document in first}
        sites = Sites.read(warehouse, job.config.sites, names)
        batches = _cleaned(job, chain(first, more, fresh), sites, staging, choices, progress)
        with closing(batches):  # ends what workers still do if this process is interrupted
            for batch in joined(batches):  # the last ones when all that cleans has ended, and its memory is free
                intake.take(batch)
    for reason, count in sorted(left_out.items()):
        log.warning("skipped %d × %s", count, reason)
    intake.note_left_out(left_out)
    return Collected(
        warehouse, staging, history, intake.summary, intake.totals, intake.results, intake.noted, intake.examples,
        intake.whole, intake.bytes_read, left_out, intake.undated, intake.changes, intake.worse,
        _releases(job, made, intake.published, held) if job.kind == RELEASE else [], of_interest, measured(made), tally,
    )  # fmt: skip


def _releases(
    job: Job, made: Sequence[Decision], published: Iterable[tuple[str, str]], held: stored.Held
) -> list[Decision]:
    """The decisions of a release, about those documents that are published by it."""
    assert job.stored is not None
    decided = job.stored.decision
    assert decided is not None
    last = max((decision.number for decision in made), default=0)
    return [
        decided._replace(
            action=RELEASE,
            uri=uri,
            content_sha256=content,
            number=number,
            reasons=held[article_id(uri), content]["reasons"],
        )
        for number, (uri, content) in enumerate(published, last + 1)
    ]


def _cleaned(
    job: Job, documents: Iterator[Document], sites: Sites, staging: Staging, choices: Choices,
    progress: Callable[[int, int], None],
) -> Generator[Batch]:  # fmt: skip
    """The documents, cleaned, in batches."""
    with (
        cleaner(job.config) as clean,
        closing(cleaned(documents, clean, job.config, job.day, sites, staging, choices)) as first_pass,
    ):
        batches = _with_progress(first_pass, progress)
        # Published articles are evidence before they are processed again; few documents of a replay prove a line.
        if not (job.config.sites.boilerplate and job.kind == NIGHT):
            yield from batches
            return
        again = partial(cleaned_again, clean=clean, config=job.config, day=job.day, sites=sites, choices=choices)
        batches = with_lines_of_tonight(batches, sites, again, staging.scratch("batches"))
    yield from batches


def _with_progress(batches: Iterable[Batch], progress: Callable[[int, int], None]) -> Iterator[Batch]:
    for batch in batches:
        progress(batch.documents, batch.size)
        yield batch


class Changed(NamedTuple):
    """A published article that today's code makes differently: its uri, and the columns that differ."""

    uri: str
    columns: list[str]


class _Intake:
    """Validates batches, separates the documents to publish from those to quarantine, and stages both."""

    def __init__(
        self, job: Job, staging: Staging, history: History, checks: Callable[[], Checks], guard: Guard,
        choices: Choices, of_interest: Picked, held: stored.Held, tally: Tally,
    ) -> None:  # fmt: skip
        self._job, self._staging, self._history, self._checks, self._guard = job, staging, history, checks, guard
        self._released, self._tally = choices.released, tally
        self._picked = of_interest
        self._held = held
        self.changes: list[Changed] = []
        self.worse = 0
        self.published: list[tuple[str, str]] = []
        self.summary = Summary()
        self.totals = Totals()
        self.results: list[Result] = []
        self.noted: Counter[tuple[str, str | None, str]] = Counter()
        self.examples: dict[str, list[dict[str, str]]] = {}
        self.whole: list[Problem] = []
        self.undated: Counter[tuple[str, bool]] = Counter()
        self.bytes_read = 0

    def note_left_out(self, left_out: sources.LeftOut) -> None:
        """Note how many files were not read, with the names of some and the reasons."""
        if left_out:
            self.noted["files-left-out", "files", INFO] = left_out.total()
            named = [f"{', '.join(names)} ({reason})" for reason, names in sorted(left_out.names.items())]
            first = min(names[0] for names in left_out.names.values())
            self._keep_example("files-left-out", storable(first), storable("; ".join(named)[:300]))

    def noting_unread(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents; the fields of their records that nothing is made of are noted, each once."""
        known: dict[str, None] = {}
        first = ""
        for document in documents:
            if document.unread_fields:
                self.noted["fields-unread", None, INFO] += 1
                known.update(dict.fromkeys(document.unread_fields))
                first = first or document.uri
            yield document
        if known:
            words = f"{storable(', '.join(known)[:240])}; name those of use in [sources.fields]"
            self._keep_example("fields-unread", first, words)

    def take(self, batch: Batch) -> None:
        self.bytes_read += batch.size
        compared = self._guard.compare(batch)
        problems = self._problems(batch, compared)
        bad = {row for row, found in problems.items() if any(p.severity == CRITICAL for p in found)}
        bad -= self._released_rows(batch)
        checked = _with_validation(batch.articles, problems)
        left_alone = self._left_alone(batch, checked, compared.published, bad)
        good = pa.array([row not in bad | left_alone for row in range(len(checked))], pa.bool_())
        failing = pa.array([row in bad - left_alone for row in range(len(checked))], pa.bool_())
        articles = checked.filter(good)
        edits = batch.edits.filter(pc.is_in(batch.edits["article_id"], articles["article_id"].combine_chunks()))
        raw = _with_reasons(batch.raw, problems)
        texts = _texts(batch.articles.filter(failing))
        failed = [{**row, **text} for row, text in zip(raw.filter(failing).to_pylist(), texts, strict=True)]
        quarantined = self._to_quarantine(failed, batch.quarantined)
        published = compared.published
        replaced = published.filter(pc.is_in(published["article_id"], articles["article_id"].combine_chunks()))
        if self._job.kind == RELEASE:
            self.published += zip(articles["uri"].to_pylist(), articles["content_sha256"].to_pylist(), strict=True)
        kept = self._kept(batch, raw)
        signs = batch.signs.filter(good) if len(batch.signs) else batch.signs
        self._staging.add(articles, edits, quarantine_table(quarantined), raw.filter(good), replaced, kept, signs)
        told = Told(good.to_pylist(), published["article_id"])
        self._tally.add(checked, batch.metrics, batch.edits, raw, told)
        self._tally.add_quarantined(quarantined, len(batch.quarantined))
        self.summary.add_quarantined(quarantined)
        self.summary.add(articles, edits)
        self._picked.add(articles, edits)
        days = articles["published_date"]
        sites = pc.fill_null(articles["site"], "")
        self.undated.update((site, True) for site in sites.filter(pc.is_null(days)).to_pylist())
        self.undated.update((site_of_row(row), False) for row in quarantined if row["published_date"] is None)
        self.totals.add_rows("warned", days.filter(pc.equal(articles["validation"], "warn")))
        self.totals.add_rows("unknown_language", days.filter(pc.equal(articles["language"], "und")))
        self.totals.add_edits(articles, edits)

    def _released_rows(self, batch: Batch) -> set[int]:
        """The rows that are published whatever the checks say; but there must be something to publish."""
        if not self._released:
            return set()
        keys = zip(*(batch.articles[name].to_pylist() for name in ("uri", "content_sha256", "body")), strict=True)
        return {row for row, (uri, content, body) in enumerate(keys) if body and (uri, content) in self._released}

    def _to_quarantine(self, failed: list[dict[str, Any]], unread: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The new rows of the quarantine. What stays there for the same reasons, or is not released, stays as it is."""
        if self._job.kind in (NIGHT, REPROCESS):
            return failed if self._job.kind == REPROCESS else unread + failed
        found = []
        for row in unread + failed:
            key = row["article_id"], row["content_sha256"]
            if self._job.kind == RELEASE or row["reasons"] == self._held[key]["reasons"]:
                self._history.stay(*key)
            else:
                found.append(row)
        return found

    def _left_alone(self, batch: Batch, articles: pa.Table, published: pa.Table, bad: set[int]) -> set[int]:
        """The rows of published articles that stay as they are when they are processed again: those that come out the
        same, and those that would not be published now.
        """
        if self._job.kind != REPROCESS:
            return set()
        before = {row["article_id"]: row for row in published.to_pylist()}
        edits: dict[str, list[dict[str, Any]]] = {}
        for edit in batch.edits.to_pylist():
            edits.setdefault(edit.pop("article_id"), []).append(edit)
        alone = set(bad)
        self.worse += len(bad) + len(batch.quarantined)
        for row, now in enumerate(articles.to_pylist()):
            now["edits"] = edits.get(now["article_id"], [])
            old = before[now["article_id"]]
            differ = [name for name in now if name not in _OF_THE_RUN and now[name] != old[name]]
            if not differ:
                alone.add(row)
            elif row not in bad and len(self.changes) < CHANGES:
                self.changes.append(Changed(now["uri"], differ))
        self._history.unchanged += len(alone) + len(batch.quarantined)
        return alone

    def _kept(self, batch: Batch, raw: pa.Table) -> pa.Table | None:
        """The documents of a night, to be kept as they came. One that could not be read cannot be read again."""
        if self._job.kind != NIGHT or not self._job.config.warehouse.keep_raw_days:
            return None
        others = [row for row in batch.quarantined if all(reason["stage"] != "read" for reason in row["reasons"])]
        return pa.concat_tables([raw.select(RAW.names), documents_table(others).select(RAW.names)])

    def _problems(self, batch: Batch, compared: Compared) -> dict[int, list[Problem]]:
        """All problems of the articles of a batch, by row, found by the steps and by the suites."""
        ids = batch.articles["article_id"].to_pylist()
        none: Verdict[Any] = Verdict([])
        articles = self._checks().judge("articles", batch.metrics, range(len(ids))) if ids else none
        edits = self._checks().edits(batch.edits, ids) if len(batch.edits) else none
        versions = compared.verdict
        uris = batch.articles["uri"].to_pylist()
        by_id = dict(zip(ids, uris, strict=True))
        named = (v.named(uris.__getitem__) for v in (articles, versions))
        self.results = merge([Verdict(self.results), *named, edits.named(lambda key: by_id.get(key, key))])
        self.whole += [p for p in (*articles.whole, *versions.whole, *edits.whole) if p.severity == CRITICAL]
        problems = {row: list(found) for row, found in batch.problems.items()}
        self.noted.update((p.rule, p.column, p.severity) for found in problems.values() for p in found)
        for row, found in (*compared.problems.items(), *articles.problems.items()):
            problems.setdefault(row, []).extend(found)
        for row, key in enumerate(ids) if edits.problems else ():
            problems.setdefault(row, []).extend(edits.problems.get(key, ()))
        self._keep_examples(batch, problems)
        return problems

    def _keep_examples(self, batch: Batch, problems: dict[int, list[Problem]]) -> None:
        for row, found in problems.items():
            for problem in found:
                self._keep_example(problem.rule, batch.articles["uri"][row].as_py(), problem.observed)

    def _keep_example(self, rule: str, uri: str, observed: str) -> None:
        examples = self.examples.setdefault(rule, [])
        if len(examples) < EXAMPLES:
            examples.append({"uri": uri, "observed": observed})


def _with_validation(articles: pa.Table, problems: dict[int, list[Problem]]) -> pa.Table:
    """`articles` with `pass` or `warn` in their column `validation`. A released one has critical problems, too."""
    warned = [
        "warn" if any(p.severity != INFO for p in problems.get(row, ())) else "pass" for row in range(len(articles))
    ]
    index = articles.schema.get_field_index("validation")
    return articles.set_column(index, articles.schema.field(index), pa.array(warned, pa.string()))


def _with_reasons(raw: pa.Table, problems: dict[int, list[Problem]]) -> pa.Table:
    """`raw` with the problems of each document as `reasons`, most severe first."""
    index = raw.schema.get_field_index("reasons")
    reasons = [[p._asdict() for p in by_severity(problems.get(row, ()))] for row in range(len(raw))]
    return raw.set_column(index, raw.schema.field(index), pa.array(reasons, raw.schema.field(index).type))


def _texts(articles: pa.Table) -> list[dict[str, Any]]:
    """The cleaned `text` of documents that failed validation, for the quarantine, and whether it `has_body`."""
    pairs = zip(articles["headline"].to_pylist(), articles["body"].to_pylist(), strict=True)
    return [{"text": f"{headline}\n\n{body}".strip(), "has_body": bool(body)} for headline, body in pairs]
