"""The geometry of the small plots, drawn as SVG by the templates.

No plotting library that is installed draws SVG without a browser or an engine of its own; a plot here is a row of bars.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: Width and height of a plot, in its own units; the page stretches it.
WIDTH, HEIGHT = 240, 54


class Bar(NamedTuple):
    """A bar in units of the plot: left edge, top edge, width, height."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float | None], width: float, height: float, slots: int = 0, top: float = 0) -> list[Bar]:
    """One bar for each value, the last at the right edge; a value above 0 is at least one unit high, None has no bar.

    `top` is the value of a bar as high as the plot, at least the largest one.
    """
    slots = max(slots, len(values))
    if not slots:
        return []
    step, top = width / slots, max(top, *(value or 0 for value in values)) or 1
    gap = min(2.0, step * 0.2)
    plotted = []
    for index, value in enumerate(values, slots - len(values)):
        tall = max(height * value / top, 1.0) if value and value > 0 else 0.0
        plotted.append(
            Bar(round(index * step + gap / 2, 2), round(height - tall, 2), round(step - gap, 2), round(tall, 2))
        )
    return plotted


def logarithmic(part: float, whole: float) -> float:
    """The length in percent of a bar for `part`, where `whole` is 100, so that 1 and 50,000 can both be seen."""
    return 100 * math.log1p(part) / math.log1p(whole) if part > 0 and whole > 0 else 0.0


class Series(NamedTuple):
    """A metric over the recent runs."""

    title: str
    values: list[float]
    unit: str = ""


def trend_series(trend: Sequence[Mapping[str, Any]]) -> list[Series]:
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
