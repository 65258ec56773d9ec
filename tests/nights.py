"""Whole runs for tests: do one, read what it left with plain pandas, and hold it to what every run promises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from copydesk.config import Config
from copydesk.edits import Edit, rebuild
from copydesk.run.job import Job, Outcome
from copydesk.run.nightly import run

NIGHT = date(2024, 5, 3)
STORY = (
    "The bridge over the river was closed on Monday after a lorry had struck one of its pillars.\n\n"
    "Nobody was hurt, said the harbour master, who expects the ferries to sail again on Sunday.\n\n"
    "Engineers will look at the damage during the week, and the town will pay for the repair."
)


def story(number: int = 0, day: str = "May 2, 2024") -> str:
    """A sound article, one of as many as there are numbers."""
    headline = f"Bridge {number} closes after lorry strikes a pillar"
    return f"{headline}\n\n{day}\n\n{STORY}\n\nIt was built {number + 20} years ago.\n"


def config(**sections: dict[str, Any]) -> Config:
    """The configuration with `section={key: value}` changed; one process unless said otherwise."""
    return Config.model_validate({**sections, "run": {"workers": 1, **sections.get("run", {})}})


def night(
    sources: Path | str | Iterable[Path | str],
    warehouse: Path,
    /,
    day: date = NIGHT,
    again: bool = False,
    **sections: Any,
) -> Outcome:
    """One run."""
    several = (sources,) if isinstance(sources, Path | str) else sources
    return run(Job(tuple(map(str, several)), str(warehouse), day, config(**sections), again))


def table(warehouse: Path, name: str) -> pd.DataFrame:
    """All rows of a table, empty where there is none yet. Dates are named: pandas stumbles over the undated ones."""
    if not any((warehouse / name).rglob("*.parquet")):
        return pd.DataFrame()
    return pd.read_parquet(warehouse / name)


def tree(warehouse: Path) -> dict[str, str]:
    """Every file with its digest, but for the lock and the reports, which say how long a run took and where."""
    return {name: digest for name, digest in files(warehouse).items() if not name.startswith("_reports")}


def files(warehouse: Path) -> dict[str, str]:
    """Every file with its digest, but for the lock."""
    found = (path for path in sorted(warehouse.rglob("*")) if path.is_file() and not path.name.startswith("_lock"))
    return {str(path.relative_to(warehouse)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def edits_of(edits: pd.DataFrame, article_id: str) -> list[Edit]:
    """An article's edits as they stand in Parquet, in their order."""
    if edits.empty:
        return []
    rows = edits[edits["article_id"] == article_id].sort_values("sequence")
    found = []
    for row in rows[list(Edit._fields)].to_dict("records"):
        row["positions"] = None if row["positions"] is None else tuple(int(place) for place in row["positions"])
        found.append(Edit(**row))
    return found


def source_text(warehouse: Path, uri: str) -> str:
    """The decoded text of the document at `uri`, from what Parquet holds of it."""
    articles = table(warehouse, "articles")
    article = articles[articles["uri"] == uri].iloc[0]
    return rebuild(article["headline"], article["body"], edits_of(table(warehouse, "edits"), article["article_id"]))


class Left(NamedTuple):
    """What a run left in the warehouse. `reasons` has by uri the names of the rules that each document failed."""

    outcome: Outcome
    articles: pd.DataFrame
    quarantine: pd.DataFrame
    reasons: dict[str, list[str]]


def settled(
    sources: Path | str | Iterable[Path | str],
    warehouse: Path,
    /,
    day: date = NIGHT,
    again: bool = False,
    **sections: Any,
) -> Left:
    """Run, into an empty warehouse, and check what holds for every run.

    Each document came out exactly once, the tables agree with the counts, nothing half-written is there, and the same
    run once more writes nothing.
    """
    sources = (sources,) if isinstance(sources, Path | str) else tuple(sources)
    outcome = night(sources, warehouse, day, again, **sections)
    articles, edits, held = (table(warehouse, name) for name in ("articles", "edits", "quarantine"))
    if outcome.row is not None:
        row = outcome.row
        assert row["documents"] == row["published"] + row["quarantined"] + row["unchanged"]
        assert (len(articles), len(held)) == (row["published"], row["quarantined"])
    if len(articles):
        assert articles["article_id"].is_unique
        assert set(edits.get("article_id", ())) <= set(articles["article_id"])
    leavings = [name for name in tree(warehouse) if name.startswith("_staging") or name.endswith((".part", ".tmp"))]
    assert leavings == []
    before = files(warehouse)
    assert night(sources, warehouse, day, **sections).row is None
    assert files(warehouse) == before
    reasons = {row["uri"]: [reason["rule"] for reason in row["reasons"]] for row in held.to_dict("records")}
    return Left(outcome, articles, held, reasons)
