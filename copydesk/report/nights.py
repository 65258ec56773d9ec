"""What the pages of other nights need of a run: a few numbers of each, so that a year of them fits in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from copydesk.report.report_data import ReportData, date_of

#: Runs on the front page.
ON_INDEX = 90

_COUNTS = ("documents", "unchanged", "published", "quarantined", "warned", "edits_applied")


class Rule(NamedTuple):
    """A rule in one night: the places that it changed, and the documents that it found something in."""

    places: int = 0
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Night:
    """A run in brief. `status` is one of `copydesk.report.verdict.STATUSES`, "" where only its row is known; `counts`
    has some columns of its row, `sites` the status of each site. `has_page` is false for a report that is damaged.
    """

    run_id: str
    date: str | None
    kind: str
    status: str
    sentence: str
    counts: Mapping[str, int]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)
    has_page: bool = True

    @property
    def name(self) -> str:
        """The date, or the run id of a run without one."""
        return self.date or self.run_id


def night_of(data: ReportData) -> Night:
    """The run of `data` in brief. Raises ValueError if values are missing or of the wrong kind."""
    try:
        run, verdict = data["run"], data["verdict"]
        counts = {name: run[name] for name in _COUNTS}
        if not all(isinstance(count, int) for count in counts.values()):
            raise TypeError("a count is no number")
        sentence = " ".join(part for part in (verdict["sentence"], verdict["sites"]) if part)
        return Night(
            str(run["run_id"]), data["date"], str(run.get("kind") or "night"), str(verdict["status"]), sentence,
            counts, _rules(data), {s["site"]: s["status"] for s in data["sites"] or () if s["site"] is not None},
        )  # fmt: skip
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}"[:200]) from error


def night_of_row(row: Mapping[str, Any], has_page: bool = True) -> Night:
    """The run of a row of `RUNS`, whose report data is not read."""
    run_id, held = row["run_id"], row["verdict"] == "held"
    counts = {name: row[name] or 0 for name in _COUNTS}
    return Night(run_id, date_of(run_id), row["kind"] or "night", "held" * held, "", counts, has_page=has_page)


def _rules(data: ReportData) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for rule in data["edits"]["rules"]:
        if rule["status"] == "applied":
            known = found.get(rule["rule"], Rule())
            found[rule["rule"]] = known._replace(places=known.places + rule["places"])
    for finding in (*data["findings"], *data["remarks"]):
        known = found.get(finding["rule"], Rule())
        found[finding["rule"]] = known._replace(documents=finding["documents"])
    return found


class Around(NamedTuple):
    """Where a report stands: the runs up to this one, oldest first, the next one, and the address of the warehouse, ""
    where it is not known.
    """

    nights: Sequence[Night] = ()
    next: Night | None = None
    warehouse: str = ""

    @property
    def previous(self) -> Night | None:
        """The run before this one that has a page."""
        return next((night for night in reversed(self.nights[:-1]) if night.has_page), None)
