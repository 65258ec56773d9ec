"""The last stage of a run: commits tables and report, atomically for readers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from copydesk import __version__
from copydesk.checks import record
from copydesk.checks.expectations import Result, read_suites
from copydesk.config import Config
from copydesk.data.rules import explain
from copydesk.report.pages import INDEX, index, read_data, write_site
from copydesk.report.report_data import Partition, ReportData, entry_of, report_data
from copydesk.run import copies
from copydesk.run.gate import Judged, counts
from copydesk.run.job import Job, Outcome, fingerprint
from copydesk.warehouse import Warehouse
from copydesk.warehouse.retention import Keep

log = logging.getLogger(__name__)

#: Recent runs with reports that are rendered again.
_ALL_RUNS = 10_000


def publish(judged: Judged, job: Job) -> Outcome:
    """Write articles, edits, quarantine, run, validations and the report site. Raises `WarehouseError`."""
    warehouse, staging = judged.collected.warehouse, judged.collected.staging
    summary = judged.collected.summary
    run_id = staging.run_id(job.day)
    row = _row(judged, job, run_id)
    for table in staging.gated():
        summary.add_quarantined(table.to_pylist())
    validations = [result._asdict() for result in (*judged.results, *_noted(judged))]
    examples = {**judged.collected.examples, **judged.sites.examples}
    data = report_data(
        row,
        summary,
        [{**validation, "examples": examples.get(validation["rule"], ())} for validation in validations],
        _partitions(judged),
        judged.recent,
        judged.sites.entries,
    )
    data |= _for_a_person(judged)
    if staging.copies.fresh:
        data["clusters"] = copies.report(staging.copies)
    front = index([*_earlier_reports(warehouse, judged.recent).values(), data])
    kept = record.record(run_id, job.time, read_suites(job.suites), judged.results)
    site = {**write_site({run_id: data}), INDEX: front.encode(), record_name(run_id): record.as_json(kept)}
    commit = staging.commit(
        run_id, job.day, row, validations, site, job.at, keep(job.config), judged.collected.decisions, judged.sites.rows
    )
    log.info("committed %s: %d file(s)", run_id, len(commit.files))
    where = warehouse.report_url(f"{run_id}.html")
    return Outcome(
        data["verdict"]["sentence"], row, where, warehouse.store.address(), data, judged.collected.changes,
        judged.sites.entries, judged.severity,
    )  # fmt: skip


def _for_a_person(judged: Judged) -> dict[str, Any]:
    """The keys of the report data for the week's hand check, and for changed names."""
    picked = judged.collected.picked
    lists = {"sample": picked.sample, "names_changed": picked.names_changed}
    shown = {name: [entry_of(entry) for entry in entries] for name, entries in lists.items()}
    return {
        "checked": {"sample": shown["sample"], "precision": judged.collected.precision},
        "names_changed": shown["names_changed"],
        "names_left_out": picked.names_left_out,
    }


def record_name(run_id: str) -> str:
    """The file below `_reports/` with the expectations of a run and their results (`copydesk.checks.record`)."""
    return f"expectations/{run_id}.json"


def keep(config: Config) -> Keep:
    """How long the rows of each table are kept."""
    return Keep(versions=config.warehouse.keep_versions_days, raw=config.warehouse.keep_raw_days)


def _row(judged: Judged, job: Job, run_id: str) -> dict[str, Any]:
    """The row of the table `runs`."""
    staging, totals, held = judged.collected.staging, judged.collected.totals, judged.held
    return {
        **counts(judged.collected, held),
        "run_id": run_id,
        "kind": job.kind,
        "replaced": staging.replaced,
        "edits_applied": totals.total("applied", held),
        "edits_suggested": totals.total("suggested", held),
        "bytes_read": judged.collected.bytes_read,
        "partitions_written": staging.partitions_written(),
        "partitions_held": len(held),
        "verdict": "held" if held else "published" if staging.published else "nothing",
        "pipeline_version": __version__,
        "config_sha256": fingerprint(job.config),
    }


def _noted(judged: Judged) -> list[Result]:
    """The problems found by the steps, as one result for each rule, in addition to those of the suites."""
    collected = judged.collected
    read = collected.staging.published + collected.staging.quarantined
    return [
        Result("steps", "step", rule, column, severity, False, read, count, explain(rule))
        for (rule, column, severity), count in sorted(collected.noted.items(), key=str)
    ]


def _partitions(judged: Judged) -> list[Partition]:
    return [
        Partition(day, count.documents - count.quarantined, day in judged.held, judged.held.get(day, ""))
        for count in judged.collected.staging.partition_counts()
        for day in [count.published_date]
        if count.documents > count.quarantined or day in judged.held
    ]


def rewrite_reports(warehouse: Warehouse, lock_wait_seconds: float = 0) -> str | None:
    """Render all reports of a warehouse again from their data; returns the front page's address, None without runs."""
    if not warehouse.exists():
        return None
    with warehouse.writing(lock_wait_seconds):
        reports = _earlier_reports(warehouse, warehouse.runs(_ALL_RUNS))
        for name, content in write_site(reports).items() if reports else ():
            warehouse.write_report(name, content)
    return warehouse.report_url(INDEX) if reports else None


def _earlier_reports(warehouse: Warehouse, runs: Iterable[dict[str, Any]]) -> dict[str, ReportData]:
    """The data of `runs` by run id. Reports that cannot be read are left out of the front page."""
    found: dict[str, ReportData] = {}
    for row in runs:
        name = f"{row['run_id']}.json"
        content = warehouse.read_report(name)
        if content is not None:
            try:
                found[row["run_id"]] = read_data(content)
            except ValueError as error:
                log.warning("the report %s is left out: %s", name, error)
    return found
