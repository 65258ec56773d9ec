"""Compares new versions of published articles with the published ones: a worse one does not replace a better one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pyarrow as pa

from copydesk.checks import metrics
from copydesk.checks.expectations import Checks, Verdict
from copydesk.records import CRITICAL, Problem
from copydesk.run.batch import Batch
from copydesk.warehouse import Warehouse
from copydesk.warehouse.history import History

WORSE = "worse-than-published"
#: Characters of a headline that are quoted.
_QUOTED = 60


class Compared(NamedTuple):
    """The verdict of the suite `versions`, the problems of new versions by row of the batch, and the published rows of
    the same articles (schema `VERSIONS`)."""

    verdict: Verdict[int]
    problems: dict[int, list[Problem]]
    published: pa.Table


class Guard:
    """Compares the articles of batches with those that `history` says are published."""

    def __init__(self, warehouse: Warehouse, history: History, checks: Callable[[], Checks]) -> None:
        self._warehouse, self._history, self._checks = warehouse, history, checks

    def compare(self, batch: Batch) -> Compared:
        """Judge those articles of a batch that are published already. Raises `WarehouseError`."""
        ids = batch.articles["article_id"].to_pylist()
        published = self._warehouse.published(self._history, ids)
        if not len(published):
            return Compared(Verdict([]), {}, published)
        rows = {key: row for row, key in enumerate(ids)}
        at = [rows[key] for key in published["article_id"].to_pylist()]
        articles, judged = (table.take(pa.array(at, pa.int64())) for table in (batch.articles, batch.metrics))
        verdict = self._checks().judge("versions", metrics.versions(published, articles, judged), at)
        problems = {row: list(found) for row, found in verdict.problems.items()}
        for number, row in enumerate(at):
            found = [problem for problem in problems.get(row, ()) if problem.severity == CRITICAL]
            if found:
                old, new = (table.slice(number, 1).to_pylist()[0] for table in (published, articles))
                words = f"published: {_in_words(old)}; this version: {_in_words(new)}"
                problems[row].insert(0, Problem("validate", WORSE, None, CRITICAL, words))
        return Compared(verdict, problems, published)


def _in_words(row: dict[str, Any]) -> str:
    """One side of the comparison."""
    date = row["published_date"].isoformat() if row["published_date"] else "no date"
    authors = ", ".join(row["byline"][:3]) or "no authors"
    headline = repr(row["headline"][:_QUOTED]) if row["headline"] else "no headline"
    return f"{row['word_count']:,} words, {date}, {headline}, {authors}, language {row['language']}"
