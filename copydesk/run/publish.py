"""The stage of a run that commits its tables and the data of its report, atomically for readers."""

from __future__ import annotations

import logging
from typing import Any

from copydesk import __version__
from copydesk.checks import record
from copydesk.checks.expectations import Result, read_suites
from copydesk.config import Config
from copydesk.data.rules import explain
from copydesk.report.names import data_file, run_page
from copydesk.report.report_data import Partition, as_bytes, report_data
from copydesk.run import copies
from copydesk.run.gate import Judged, counts
from copydesk.run.job import Job, Outcome, fingerprint
from copydesk.warehouse.retention import Keep

log = logging.getLogger(__name__)


def publish(judged: Judged, job: Job) -> Outcome:
    """Write articles, edits, quarantine, run, validations and the data of the report. Raises `WarehouseError`."""
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
        _more(judged),
    )
    kept = record.record(run_id, job.time, read_suites(job.suites), judged.results)
    reports = {data_file(run_id): as_bytes(data), record_name(run_id): record.as_json(kept)}
    commit = staging.commit(
        run_id, job.day, row, validations, reports, job.at, keep(job.config), judged.collected.decisions,
        judged.sites.rows,
    )  # fmt: skip
    log.info("committed %s: %d file(s)", run_id, len(commit.files))
    where = warehouse.report_url(run_page(run_id))
    return Outcome(
        data["verdict"]["sentence"], row, where, warehouse.store.address(), data, judged.collected.changes,
        judged.sites.entries, judged.severity,
    )  # fmt: skip


def _more(judged: Judged) -> dict[str, Any]:
    """What the report has beside the tables of the run (`copydesk.report.more`)."""
    picked, copied = judged.collected.picked, judged.collected.staging.copies
    return {
        "sites": judged.sites.entries or None,
        "names_changed": picked.names_changed,
        "names_left_out": picked.names_left_out,
        "checked": {"sample": picked.sample, "precision": judged.collected.precision},
        "clusters": copies.report(copied) if copied.fresh.any() else None,
        "repeated": judged.collected.history.repeated,
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
