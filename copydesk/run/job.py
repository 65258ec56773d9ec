"""What a run is to do, and what it came to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from copydesk.config import Config, user_lists


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do: read `sources`, publish to `warehouse`, as the run of `day`.

    `day` is the date that the run is for, not the time at which it happens to run. `again` takes up documents that are
    in the quarantine although they did not change.
    """

    sources: tuple[str, ...]
    warehouse: str
    day: date
    config: Config = field(default_factory=Config)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `row` is its row of the table `runs`, None where there was nothing to do; `report` is where
    its page is, `tables` where the warehouse is, `report_data` what the page shows (`copydesk.report.report_data`).
    """

    sentence: str
    row: dict[str, Any] | None = None
    report: str | None = None
    tables: str | None = None
    report_data: dict[str, Any] | None = None

    @property
    def held(self) -> bool:
        """Whether the quality gate held a partition back, or every document of the run."""
        return self.row is not None and self.row["verdict"] != "published"


def fingerprint(config: Config) -> str:
    """SHA-256 of the settings that decide what is written, 64 hex digits; where and how fast it runs is left out.

    Of the user's lists it covers what they say.
    """
    settings = config.model_dump_json(exclude={"warehouse": True, "run": True, "expectations": True, "lists": True})
    lists = user_lists.digest(config.lists.folder) if config.lists.folder is not None else ""
    return hashlib.sha256(f"{settings}{lists}".encode()).hexdigest()
