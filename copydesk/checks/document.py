"""What the suites find in one document, for `copydesk show`: as a run does, without Great Expectations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from copydesk.checks.expectations import Checks
from copydesk.own_process import leave_pandas_out
from copydesk.records import CRITICAL, Cleaned, Problem
from copydesk.warehouse.rows import articles_table, edits_table


def problems_of(cleaned: Cleaned, folder: Path | None, day: date) -> list[Problem]:
    """The problems that the suites of articles and edits in `folder` find in a document; `day` is the date of the run.

    They judge only what the steps found fit to publish. Expectations about a table as a whole, such as the number of
    its rows, say nothing of one document and are left out. Raises `SuiteError`.
    """
    article = cleaned.article
    if article is None or any(problem.severity == CRITICAL for problem in cleaned.problems):
        return []
    leave_pandas_out()
    checks = Checks(folder, at_once=False)
    reversible = pa.array([cleaned.reversible], pa.bool_())
    of_article = checks.articles(articles_table([article]).append_column("rebuilds", reversible), day)
    found = [*of_article.problems.get(0, []), *of_article.whole]
    if cleaned.edits:
        of_edits = checks.edits(edits_table(cleaned.edits, [article]), [article.article_id])
        found += [*of_edits.problems.get(article.article_id, []), *of_edits.whole]
    return [problem for problem in found if problem.column is not None]
