"""The column `validation` of articles that a decision changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from copydesk.checks.expectations import Checks
from copydesk.records import INFO, Article
from copydesk.warehouse.rows import articles_table


def judged(articles: Sequence[Article], checks: Checks, day: date) -> list[Article]:
    """The articles after a decision, with `warn` where the suite of articles warns of them now.

    A warning that there was stays: it may be about what no row says, as a date that cannot be read.
    """
    problems = checks.articles(articles_table(articles), day).problems
    warned = {row for row, some in problems.items() if any(problem.severity != INFO for problem in some)}
    return [replace(one, validation="warn") if row in warned else one for row, one in enumerate(articles)]
