"""The job of a run and its outcome."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from copydesk.config import Config, user_lists
from copydesk.warehouse.decisions import Decision

NIGHT, REPROCESS, REPLAY, RELEASE = "night", "reprocess", "replay", "release"


@dataclass(frozen=True, slots=True)
class Stored:
    """Documents of the warehouse that a run takes up again: published ones (`reprocess`) or quarantined ones (`replay`,
    `release`). What is None or empty chooses all of them.

    `rule` is that of an edit, or of a reason of the quarantine; `since` the date of the run that wrote the row.
    `decision` is written for each document of a release. With `dry_run` nothing is written.
    """

    kind: str
    uris: tuple[str, ...] = ()
    site: str | None = None
    rule: str | None = None
    since: date | None = None
    decision: Decision | None = None
    dry_run: bool = False


def suites(config: Config) -> Path | None:
    """The folder of the suites, None for the shipped ones."""
    return Path(config.expectations) if config.expectations else None


@dataclass(frozen=True, slots=True)
class Job:
    """The job of a run: read `sources`, publish to `warehouse`, as the run of `day`.

    `day` is the date that the run is for, not the date on which it runs. `at` is the time that its rows state, by
    default the beginning of that day: a run that is repeated states the same time. `stored` are documents of the
    warehouse that are processed instead of `sources`. `again` also processes
    quarantined documents that have not changed. `config_file` is where `config` comes from, for the command that
    repeats the run.
    """

    sources: tuple[str, ...]
    warehouse: str
    day: date
    config: Config = field(default_factory=Config)
    again: bool = False
    at: datetime | None = None
    stored: Stored | None = None
    config_file: str | None = None

    @property
    def kind(self) -> str:
        """`night`, or what it does with stored documents."""
        return self.stored.kind if self.stored else NIGHT

    @property
    def suites(self) -> Path | None:
        """The folder of the suites, None for the shipped ones."""
        return suites(self.config)

    @property
    def time(self) -> datetime:
        """The time that the rows of the run state."""
        return self.at or datetime.combine(self.day, time(), UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run. `row` is its row of the table `runs`, None if there was nothing to do; `report` is the
    address of its page, `tables` that of the warehouse, `report_data` the data of the page
    (`copydesk.report.report_data`). `changes` are the published articles that come out differently when they are
    processed again (`copydesk.run.collect.Changed`). `sites` are the sites (`copydesk.sites.judge.entries`). `severity`
    is that of the worst finding about a partition, the run or a site: `critical`, `warning` or None. `empty` says that
    the sources hold no documents, which is a warning.
    """

    sentence: str
    row: dict[str, Any] | None = None
    report: str | None = None
    tables: str | None = None
    report_data: dict[str, Any] | None = None
    changes: Sequence[Any] = ()
    sites: Sequence[Mapping[str, Any]] = ()
    severity: str | None = None
    empty: bool = False

    @property
    def held(self) -> bool:
        """Whether the quality gate held back a partition, or nothing could be published."""
        return self.row is not None and self.row["verdict"] != "published"


#: Sections and settings that no article depends on: paths and performance.
_PASSWORD_RE = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")

_NO_ARTICLE = {"warehouse", "run", "expectations", "lists", "schedule", "alerts"}


def fingerprint(config: Config) -> str:
    """SHA-256 of the settings that affect the articles, 64 hex digits; paths and performance settings are left out.

    It covers the contents of the user's lists.
    """
    settings = config.model_dump_json(exclude=_NO_ARTICLE)
    lists = user_lists.digest(config.lists.folder) if config.lists.folder is not None else ""
    return hashlib.sha256(f"{settings}{lists}".encode()).hexdigest()


def without_passwords(text: str) -> str:
    """`text` with `…` for the passwords in its URLs: reports and messages are read by others than run nights."""
    return _PASSWORD_RE.sub(r"\1:…@", text)


def of_articles(config: Config) -> dict[str, str]:
    """The settings that affect the articles and are not the defaults, as `section.name` → value in JSON."""
    found: dict[str, str] = {}
    for section, values in config.model_dump(mode="json", exclude=_NO_ARTICLE, exclude_defaults=True).items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            found[f"{section}.{name}".rstrip(".")] = json.dumps(value, ensure_ascii=False)
    return found
