"""A figure of several runs: its median, its spread, the aim, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

BUSY = "machine busy"
HEAD = ("what", "figure", "spread", "aim", "")


class Aim(NamedTuple):
    """A bound: the figure is to be at least, or at most, so much."""

    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


class Figure(NamedTuple):
    """What was measured, the values of the runs in `unit`, and the aim, where there is one.

    `busy`: other programs ran as well, so the figure says nothing about the aim.
    """

    what: str
    unit: str
    values: Sequence[float]
    aim: Aim | None = None
    busy: bool = False

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        if self.busy:
            return BUSY
        return "met" if self.aim.met(self.median) else "NOT MET"

    def cells(self) -> tuple[str, ...]:
        """The figure in the order of `HEAD`."""
        aim = f"{self.aim} {self.unit}" if self.aim else ""
        spread = f"{rounded(min(self.values))} – {rounded(max(self.values))}" if len(self.values) > 1 else ""
        return self.what, f"{rounded(self.median)} {self.unit}", spread, aim, self.verdict

    def as_json(self) -> dict[str, Any]:
        """The figure with all its values."""
        made = {"what": self.what, "unit": self.unit, "median": self.median, "values": list(self.values)}
        if self.aim:
            made |= {"aim": self.aim._asdict()} | ({"busy": True} if self.busy else {"met": self.aim.met(self.median)})
        return made

    @staticmethod
    def of_json(made: Mapping[str, Any]) -> Figure:
        """The figure that `as_json` wrote."""
        aim = Aim(**made["aim"]) if "aim" in made else None
        return Figure(made["what"], made["unit"], made["values"], aim, made.get("busy", False))


def rounded(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


WIDTHS = (64, 12, 16, 10, 0)


def line(cells: Iterable[str]) -> str:
    """A line of the table."""
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def markdown(figures: Iterable[Figure]) -> str:
    """The figures as a table for a README."""
    rows = [HEAD, ("---",) * len(HEAD), *(figure.cells() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
