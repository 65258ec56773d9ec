"""The job of a run and its outcome."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from copydesk.config import Config, user_lists


@dataclass(frozen=True, slots=True)
class Job:
    """The job of a run: read `sources`, publish to `warehouse`, as the run of `day`.

    `day` is the date that the run is for, not the date on which it runs. `at` is the time that its rows state, by
    default the beginning of that day: a run that is repeated states the same time. `again` also processes
    quarantined documents that have not changed.
    """

    sources: tuple[str, ...]
    warehouse: str
    day: date
    config: Config = field(default_factory=Config)
    again: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run. `row` is its row of the table `runs`, None if there was nothing to do; `report` is the
    address of its page, `tables` that of the warehouse, `report_data` the data of the page
    (`copydesk.report.report_data`).
    """

    sentence: str
    row: dict[str, Any] | None = None
    report: str | None = None
    tables: str | None = None
    report_data: dict[str, Any] | None = None

    @property
    def held(self) -> bool:
        """Whether the quality gate held back a partition, or nothing could be published."""
        return self.row is not None and self.row["verdict"] != "published"


def fingerprint(config: Config) -> str:
    """SHA-256 of the settings that affect the articles, 64 hex digits; paths and performance settings are left out.

    It covers the contents of the user's lists.
    """
    settings = config.model_dump_json(exclude={"warehouse": True, "run": True, "expectations": True, "lists": True})
    lists = user_lists.digest(config.lists.folder) if config.lists.folder is not None else ""
    return hashlib.sha256(f"{settings}{lists}".encode()).hexdigest()
