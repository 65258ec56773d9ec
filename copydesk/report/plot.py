"""The geometry of the small plots, drawn as SVG by the templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Bar(NamedTuple):
    """A bar in units of the plot: left edge, top edge, width, height."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float], width: float, height: float, slots: int = 0) -> list[Bar]:
    """One bar for each value, the last at the right edge; a value above 0 is at least one unit high."""
    slots = max(slots, len(values))
    if not slots:
        return []
    step, top = width / slots, max(values, default=0) or 1
    gap = min(2.0, step * 0.2)
    plotted = []
    for index, value in enumerate(values, slots - len(values)):
        tall = max(height * value / top, 1.0) if value > 0 else 0.0
        plotted.append(
            Bar(round(index * step + gap / 2, 2), round(height - tall, 2), round(step - gap, 2), round(tall, 2))
        )
    return plotted


class Series(NamedTuple):
    """A metric over the recent runs."""

    title: str
    values: list[float]
    unit: str = ""


def trend_series(trend: Sequence[dict[str, Any]]) -> list[Series]:
    """The three metrics in the plots: articles published, share quarantined, edits per article."""

    def share(part: float, whole: float, factor: float = 100) -> float:
        return round(factor * part / whole, 1) if whole else 0.0

    return [
        Series("Articles published", [run["published"] for run in trend]),
        Series(
            "Quarantined",
            [share(run["quarantined"], run["documents"] - run["unchanged"]) for run in trend],
            " %",
        ),
        Series("Edits per article", [share(run["edits_applied"], run["published"], 1) for run in trend]),
    ]
