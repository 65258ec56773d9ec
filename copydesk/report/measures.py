"""The measures of a site as the report plots them, night by night."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from copydesk.report.plot import HEIGHT, WIDTH, Bar, bars

Night = Mapping[str, Any]


class Measure(NamedTuple):
    """A measure: its title, its value in a night (None if unknown), and whether the value is a share."""

    title: str
    of: Callable[[Night], float | None]
    is_share: bool = False


class Spark(NamedTuple):
    """A measure over the nights, oldest first: the values, the bars, and the usual band as (top, height)."""

    title: str
    values: list[float | None]
    bars: list[Bar]
    band: tuple[float, float] | None
    is_share: bool

    @property
    def words(self) -> str:
        """The values, for those who hear the page."""
        return ", ".join(self.shown(place) for place in range(len(self.values)))

    def shown(self, place: int) -> str:
        """The value of a night in words."""
        return "none" if self.values[place] is None else shown(self.values[place], self.is_share)


def spark(history: Sequence[Night], measure: str, low: Any = None, high: Any = None, usual: Any = None) -> Spark:
    """A measure over `history`, oldest first, with the band from `low` to `high`, each of which may be None."""
    known = _measure(measure)
    values = [known.of(night) for night in history]
    top = max((value for value in (*values, _number(high), _number(usual)) if value is not None), default=0) or 1
    band = None
    if (low is not None or high is not None) and known.title:
        upper = HEIGHT * min(top if high is None else high, top) / top
        lower = HEIGHT * max(low or 0, 0) / top
        band = (round(HEIGHT - upper, 2), round(max(upper - lower, 1.5), 2))
    return Spark(known.title, values, bars(values, WIDTH, HEIGHT, 12, top), band, known.is_share)


def plotted(history: Sequence[Night]) -> list[Spark]:
    """The measures of a site that are not the same, 0 or unknown in all nights."""
    found = [spark(history, name) for name in _MEASURES if name != "silence"]
    return [one for one in found if any(one.values)]


def shown(value: Any, is_share: bool = False) -> str:
    """A value: a share in percent, a count with separators, other numbers in three digits."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if is_share:
        percent = 100 * value
        return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"


def _measure(name: str) -> Measure:
    if name in _MEASURES:
        return _MEASURES[name]
    base, share = name.removesuffix("_share"), name.endswith("_share")
    if share and base in _MEASURES and _MEASURES[base].is_share:
        return _MEASURES[base]
    return Measure(name.replace("_", " "), lambda night: _number(night.get(name)), share)


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if known else None


def _new(night: Night) -> float | None:
    """New and changed documents."""
    new = _number(night.get("new"))
    return _number(night.get("arrivals")) if new is None else new + (_number(night.get("changed")) or 0)


def _articles(night: Night) -> float | None:
    """The articles that the counts of a night are of."""
    measured = _number(night.get("measured"))
    return _new(night) if measured is None else measured


def _share(name: str, of: Callable[[Night], float | None] = _articles) -> Callable[[Night], float | None]:
    def value(night: Night) -> float | None:
        part, whole = _number(night.get(name)), of(night)
        return None if part is None or not whole else min(part / whole, 1.0)

    return value


def _typos(night: Night) -> float | None:
    typos, words = _number(night.get("typos")), _number(night.get("words"))
    return None if typos is None or not words else 1000 * typos / words


#: By the names that findings use.
_MEASURES = {
    "volume": Measure("new articles", _new),
    "silence": Measure("new articles", _new),
    "undated": Measure("without a date", _share("undated"), True),
    "quarantined": Measure("quarantined", _share("quarantined", _new), True),
    "lost": Measure("with lost characters", _share("lost"), True),
    "mojibake": Measure("with mojibake", _share("mojibake"), True),
    "repaired": Measure("repaired mojibake", _share("repaired"), True),
    "repeated": Measure("repeating another article", _share("repeated"), True),
    "boilerplate": Measure("boilerplate in the text", lambda night: _number(night.get("boilerplate")), True),
    "words": Measure("words of the median article", lambda night: _number(night.get("median_words"))),
    "typos": Measure("corrected typos in 1,000 words", _typos),
}
