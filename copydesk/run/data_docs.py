"""Data Docs of a run, written to the warehouse or to a local folder."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from copydesk.checks import data_docs, record
from copydesk.checks.expectations import read_suites
from copydesk.config import Config
from copydesk.run.job import suites
from copydesk.run.publish import record_name
from copydesk.run.reports import newest_night
from copydesk.warehouse import Warehouse, WarehouseError

log = logging.getLogger(__name__)

#: The folder below `_reports/`.
FOLDER = "data-docs"
FRONT = "index.html"
_RUNS = 10_000


def write_data_docs(
    warehouse: Warehouse, config: Config, run_id: str | None = None, out: Path | None = None
) -> str | None:
    """Write the Data Docs of the run `run_id`, by default the last night; returns their address, None without runs.

    They go to `out`, which must be missing or empty, or hold Data Docs, which are replaced; without `out` to the
    reports in the warehouse. Raises `WarehouseError` for an unknown run and for a folder of other things.
    """
    runs = warehouse.runs(_RUNS) if warehouse.exists() else []
    if not runs:
        return None
    row = newest_night(runs) if run_id is None else next((row for row in runs if row["run_id"] == run_id), None)
    if row is None:
        raise WarehouseError(f"there is no run {run_id!r}; the last one is {runs[-1]['run_id']!r}")
    kept = _record(warehouse, config, row)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDER
        data_docs.build(kept, folder)
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"), key=lambda path: path.name == FRONT)
            if path.is_file()
        }
    if out is not None:
        return _write_to(out, files)
    with warehouse.writing(config.warehouse.lock_wait_seconds):
        warehouse.write_reports(FOLDER, files)
    return warehouse.report_url(f"{FOLDER}/{FRONT}")


def _record(warehouse: Warehouse, config: Config, row: Mapping[str, Any]) -> record.Record:
    """What the run kept, or what can be said of a run from before there were records."""
    run_id = row["run_id"]
    content = warehouse.read_report(record_name(run_id))
    if content is not None:
        try:
            return record.read(content)
        except ValueError as error:
            log.warning("the record of run %s cannot be used: %s", run_id, error)
    rules = read_suites(suites(config))
    at = datetime.combine(row["run_date"], time(), UTC)
    kept, lost = record.from_validations(run_id, at, rules, warehouse.validations(run_id, row["run_date"]))
    log.warning(
        "run %s kept no record: the limits shown are those of today's suites%s",
        run_id,
        f", and {lost} results of expectations that they do not have are left out" if lost else "",
    )
    return kept


def _write_to(out: Path, files: dict[str, bytes]) -> str:
    """Make `files` the content of the folder `out`."""
    old = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    if old and not (out / "gx" / "great_expectations.yml").exists():
        raise WarehouseError(f"{out} holds other files; name an empty folder, or one of Data Docs")
    try:
        for name, content in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
        for path in old:
            if path.relative_to(out).as_posix() not in files:
                path.unlink()
    except OSError as error:
        raise WarehouseError(f"cannot write the Data Docs to {out}: {error}") from error
    return str(out.resolve() / FRONT)
