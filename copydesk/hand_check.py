"""The week's hand check: which edits a person reads, and what their verdicts say about each rule.

Edits are ranked by a digest of the week and of what they change, so a sample is random, the same for a whole week, and
the same whether it is drawn at once or night by night.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from math import sqrt
from typing import Any, NamedTuple

RIGHT, WRONG = "right", "wrong"
#: Edits of each rule that are drawn for one week.
PER_RULE = 3
#: The 97.5th percentile of the normal distribution: intervals cover 95 %.
_Z = 1.959964


class Change(NamedTuple):
    """What a verdict is about: a change wherever an article has it."""

    article_id: str
    rule: str
    before: str
    after: str


def week_of(day: date) -> str:
    """The ISO week of a day: `2026-W48`."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def rank(week: str, change: Change) -> bytes:
    """The place of a change in the order of a week; the first ones of each rule are its sample."""
    said = "\0".join((week, *change)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=8).digest()


def wilson(right: int, checked: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `right` of `checked` were observed (Wilson 1927)."""
    if not checked:
        return 0.0, 1.0
    share, square = right / checked, _Z * _Z / checked
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * sqrt(share * (1 - share) / checked + square / (4 * checked))
    return max(0.0, middle - half), min(1.0, middle + half)


class Verdict(NamedTuple):
    """What a person said about an edit of `rule` in `week`: `right` or `wrong`."""

    week: str
    rule: str
    verdict: str


def precision(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """How many edits of each rule were checked and right, with the 95 % interval of the share, and by week.

    Each is `{rule, checked, right, low, high, weeks: [{week, checked, right}]}`, sorted by rule, the weeks in order.
    """
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for one in verdicts:
        counts[one.rule][one.week, one.verdict] += 1
    found = []
    for rule in sorted(counts):
        own = counts[rule]
        weeks: list[dict[str, Any]] = [
            {"week": week, "checked": own[week, RIGHT] + own[week, WRONG], "right": own[week, RIGHT]}
            for week in sorted({week for week, _ in own})
        ]
        checked, right = (sum(week[name] for week in weeks) for name in ("checked", "right"))
        low, high = wilson(right, checked)
        limits = {"low": round(low, 4), "high": round(high, 4)}
        found.append({"rule": rule, "checked": checked, "right": right, **limits, "weeks": weeks})
    return found
