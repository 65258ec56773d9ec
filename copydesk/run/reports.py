"""The last stage of a run: writes the pages of its report.

The data of the report is committed with the tables. Its pages are written afterwards, since they hold what differs from
run to run over the same documents: timings, versions, the address of the warehouse. A run that dies before they are
written has committed all the same, and the next one writes them.
"""

from __future__ import annotations

import logging
import os
import platform
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import metadata
from typing import Any, TypeVar

from copydesk import __version__
from copydesk.report import names, pages
from copydesk.report.nights import ON_INDEX, Around, Night, night_of, night_of_row
from copydesk.report.report_data import NIGHTS, ReportData, as_bytes, with_making
from copydesk.report.upgrade import read_data
from copydesk.run.job import NIGHT, RELEASE, REPROCESS, Job, of_articles, without_passwords
from copydesk.warehouse import Warehouse, WarehouseError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: All runs, for `copydesk report`.
_ALL = 10_000
#: What has a say in how articles come out.
_PACKAGES = ("chardet", "ftfy", "great_expectations", "numpy", "onnxruntime", "pyarrow")


def write_report(job: Job, warehouse: Warehouse, data: ReportData, timings: Sequence[Mapping[str, Any]]) -> ReportData:
    """Write the pages of a run that has been committed, the page of the night before, which leads to it, and the front
    page. Returns the data with the timings. What goes wrong is logged: the run is published.
    """
    data = with_making(data, _making(job, warehouse, timings))
    run_id = data["run"]["run_id"]
    try:
        warehouse.write_report(names.data_file(run_id), as_bytes(data))
        rows = warehouse.runs(ON_INDEX)
        _write(warehouse, rows, [run_id], [row["run_id"] for row in rows[-2:-1]])
    except (WarehouseError, OSError, ValueError) as error:
        log.warning("the report of %s is not complete: %s; write it with: copydesk report", run_id, error)
    return data


def complete_reports(warehouse: Warehouse) -> None:
    """Write the pages of the newest run if it died before it could."""
    rows = warehouse.runs(1)
    if not rows or warehouse.read_report(names.run_page(rows[-1]["run_id"])) is not None:
        return
    if warehouse.read_report(names.data_file(rows[-1]["run_id"])) is not None:
        _write(warehouse, warehouse.runs(ON_INDEX), [rows[-1]["run_id"]])


def rewrite_reports(warehouse: Warehouse, lock_wait_seconds: float = 0) -> str | None:
    """Write the pages of all runs again from their data; returns the front page's address, None without runs."""
    if not warehouse.exists():
        return None
    with warehouse.writing(lock_wait_seconds):
        rows = warehouse.runs(_ALL)
        if rows:
            _write(warehouse, rows, [row["run_id"] for row in rows])
    return warehouse.report_url(names.INDEX) if rows else None


def _write(
    warehouse: Warehouse, rows: Sequence[Mapping[str, Any]], run_ids: Collection[str], linked: Collection[str] = ()
) -> None:
    """Write the pages of runs, those that they share and the front page; of the `linked` runs, only the page that leads
    to the next one.

    `rows` are those of the table `runs`, oldest first, with the runs before. One report is in memory at a time, of the
    others only some numbers.
    """
    newest = len(rows) - 1
    nights: list[Night] = []
    for place, row in enumerate(rows):
        recent = place > newest - NIGHTS or row["run_id"] in run_ids
        data = _data(warehouse, row["run_id"]) if recent else None
        nights.append(night_of(data) if data else night_of_row(row, has_page=not recent))
    done: set[str] = set()
    address = address_of(warehouse)
    for place in range(newest, -1, -1):
        run_id = rows[place]["run_id"]
        if run_id not in (*run_ids, *linked) or not (data := _data(warehouse, run_id)):
            continue
        before = nights[max(0, place + 1 - NIGHTS) : place + 1]
        following = next((night for night in nights[place + 1 :] if night.has_page), None)
        around = Around(before, following, address)
        found = _pages(data, around, done) if run_id in run_ids else _linked(data, around)
        done |= {name for name, _ in found}
        for name, html in found:
            warehouse.write_report(name, html.encode())
    latest = _data(warehouse, newest_night(rows)["run_id"])
    html = _made(lambda: pages.index(nights, latest), latest) or pages.index(nights)
    warehouse.write_report(names.INDEX, html.encode())


def newest_night(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last night among the rows of the table `runs`, oldest first: a release is no night, unless there is none."""
    return next((row for row in reversed(rows) if (row["kind"] or NIGHT) == NIGHT), rows[-1])


def _pages(data: ReportData, around: Around, done: set[str]) -> list[tuple[str, str]]:
    """The pages of a run, and those that runs share but those already `done`; none if that fails."""
    return _made(lambda: [*pages.site(data, around), *pages.shared(data, around, done)], data) or []


def _linked(data: ReportData, around: Around) -> list[tuple[str, str]]:
    """The one page of a run that names the run after it; none if that fails."""
    return _made(lambda: [(names.run_page(data["run"]["run_id"]), pages.page(data, around))], data) or []


def _made(make: Callable[[], T], data: ReportData | None) -> T | None:
    """What `make` makes of the data of a report; None if it fails, which must not keep the next night from running."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  # damaged data, or a mistake in a page, may raise anything
        name = names.data_file(data["run"]["run_id"]) if data else names.INDEX
        log.warning("the report %s is left out: a page fails with %s: %s", name, type(error).__name__, error)
        return None


def _data(warehouse: Warehouse, run_id: str) -> ReportData | None:
    """The data of a run's report, None if it is missing or damaged."""
    content = warehouse.read_report(names.data_file(run_id))
    if content is None:
        return None
    try:
        data = read_data(content)
        night_of(data)
    except ValueError as error:
        log.warning("the report %s is left out: %s", names.data_file(run_id), error)
        return None
    return data


def address_of(warehouse: Warehouse) -> str:
    """The address of a warehouse, as a command names it from any folder."""
    address = warehouse.store.address()
    return address if "://" in address else os.path.abspath(address)


def _making(job: Job, warehouse: Warehouse, timings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    versions = {"copydesk": __version__, "Python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in _PACKAGES}
    return {
        "command": command(job, address_of(warehouse)),
        "timings": [dict(timing) for timing in timings],
        "versions": versions,
        "settings": of_articles(job.config),
    }


def command(job: Job, warehouse: str) -> str:
    """The command that does this job again."""
    words = ["copydesk"]
    if job.kind == NIGHT:
        words += ["run", *map(_source, job.sources), "--date", job.day.isoformat(), *(["--again"] if job.again else [])]
    elif job.stored is not None:
        chosen = job.stored
        words += {REPROCESS: ["run", "--reprocess"], RELEASE: ["quarantine", "release"]}.get(job.kind, [job.kind])
        uris = [word for uri in chosen.uris for word in ("--uri", uri)] if job.kind == REPROCESS else list(chosen.uris)
        words += uris
        for option, value in (("--site", chosen.site), ("--rule", chosen.rule), ("--since", chosen.since)):
            words += [option, str(value)] if value else []
    words += ["--warehouse", warehouse]
    if job.config_file is not None:
        words += ["--config", job.config_file]
    if words[1] == "run":
        for name in sorted(job.config.run.model_fields_set & {"workers", "engine", "address"}):
            words += [f"--{name}", without_passwords(str(getattr(job.config.run, name)))]
    return shlex.join(words)


def _source(source: str) -> str:
    return without_passwords(source) if "://" in source else os.path.abspath(source)
