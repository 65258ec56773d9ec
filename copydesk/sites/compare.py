"""Compares a night of every site, and the run as a whole, with their earlier nights: the scores that the suite judges.

Nights on which a measure was a finding do not count for it, unless a person had acknowledged the finding. If most sites
are low together, as on a holiday, that is a matter of the run as a whole, and each site is compared with the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from copydesk.sites import bands
from copydesk.sites.bands import FEWEST, NIGHTS, Band, Volume
from copydesk.sites.measures import MEASURES, SILENCE, VOLUME, documents
from copydesk.sites.past import Past, empty
from copydesk.sites.tally import WHOLE

Row = Mapping[str, Any]

#: Sites are low together if so many are compared and this share of them is below this share of their usual volume.
TOGETHER, TOGETHER_SHARE, LOW = 4, 0.7, 0.75
#: Documents that a site usually has to count for that.
COUNTING = 3
#: The lowest share of the usual volume that all sites are taken to have together.
LEAST_TOGETHER = 0.05
#: Nights that a site is carried on with without documents, for each night but one on which it had some.
CARRIED = 4


@dataclass(slots=True)
class Compared:
    """A site, or the run as a whole, on one night, and what it was before.

    `rows` are its earlier nights, oldest first; `bands` are by column of the suite, and `scores` what the suite judges.
    `silent` are the nights in a row without documents, this one included, and `expected` their usual volumes; nights on
    which all sites were low count 0. `together` is the share of their usual volume
    that all sites have, 1 on a usual night.
    """

    site: str | None
    row: Row
    rows: list[tuple[date, Row]]
    bands: dict[str, Band] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    silent: list[date] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    together: float = 1.0
    low_sites: tuple[int, int] = (0, 0)

    @property
    def is_new(self) -> bool:
        """Whether it never came before."""
        return not any(documents(row) for _, row in self.rows)

    def metrics(self) -> dict[str, Any]:
        """The row that the suite judges (`copydesk.checks.metrics.sites`)."""
        whole = {"quarantined": documents(self.row), "undated": self.row["measured"], "lost": self.row["measured"]}
        shares = {f"{name}_share": self.row[name] / of if of else None for name, of in whole.items()}
        counts = {"site": self.site, "documents": documents(self.row), "median_words": self.row["median_words"]}
        return {**counts, **shares, **self.scores}


def compare(
    tonight: Mapping[str | None, Row], past: Past, day: date, columns: Mapping[str, Sequence[str]]
) -> dict[str | None, Compared]:
    """Compare the rows of a night, by site, with earlier ones. `columns` are those of each rule of the suite."""
    known = past.nights[-1].rows if past.nights else {}
    names = {WHOLE, *tonight, *(name for name in known if name not in tonight and _is_carried(name, past))}
    found = {}
    for name in sorted(names, key=lambda name: name or ""):
        rows = [(night.day, night.rows[name]) for night in past.nights if name in night.rows]
        found[name] = Compared(name, tonight.get(name) or empty(name), rows)
    whole = found[WHOLE]
    odd = {when for when, row in whole.rows if _was_found(row, VOLUME, columns) or _was_found(row, SILENCE, columns)}
    for one in found.values():
        _compare_volume(one, day, odd, columns)
    share, low = _together(found)
    for one in found.values():
        if share < 1 and one.site is not WHOLE:
            one.together = share
            _compare_volume(one, day, odd, columns)
        one.low_sites = low
        for column, measure in MEASURES.items():
            counted = [row for _, row in one.rows if not _was_found(row, column, columns)]
            band = measure.band(one.row, counted) if len(one.rows) >= FEWEST else None
            if band is not None:
                one.bands[column], one.scores[column] = band, band.score
    return found


def _is_carried(name: str | None, past: Past) -> bool:
    """Whether a site that has not come is still expected, or was until last night."""
    rows = [night.rows[name] for night in past.nights if name in night.rows]
    came = [number for number, row in enumerate(rows) if documents(row)]
    silent = len(rows) - 1 - came[-1] if came else len(rows)
    return silent < min(NIGHTS, CARRIED * (len(came) - 1))


def _was_found(row: Row, column: str, columns: Mapping[str, Sequence[str]]) -> bool:
    """Whether a measure was a finding on a night, and nobody had acknowledged it."""
    return bool(row["findings"]) and any(
        column in columns.get(finding["rule"], ()) and not finding["acknowledged"] for finding in row["findings"]
    )


def _compare_volume(one: Compared, day: date, odd: set[date], columns: Mapping[str, Sequence[str]]) -> None:
    """The volume of a night, and how improbable its silence is."""
    began = len(one.rows)
    while began and not documents(one.rows[began - 1][1]):
        began -= 1
    is_silent = not documents(one.row)
    one.silent = [when for when, _ in one.rows[began:]] + [day] if is_silent else []
    before = one.rows[:began] if is_silent else one.rows
    counted = [
        Volume(when, documents(row))
        for when, row in before
        if when not in odd and not _was_found(row, VOLUME, columns) and not _was_found(row, SILENCE, columns)
    ][-NIGHTS:]
    if len(counted) < FEWEST:
        return
    band = bands.volume(documents(one.row), counted, day)
    if one.together < 1 and band.score < 0:
        band = min(band, bands.volume(documents(one.row), counted, day, one.together), key=lambda b: max(0, -b.score))
    one.bands[VOLUME] = band
    one.expected = [0.0 if when in odd else _expected(counted, when) for when in one.silent]
    if is_silent:
        one.expected[-1] *= one.together
    if len(one.silent) < NIGHTS:  # then it is retired
        one.scores[SILENCE] = bands.silence(one.expected, counted, one.silent) if is_silent else 0.0
    # Silence has a rule of its own; a finding is one thing.
    one.scores[VOLUME] = 0.0 if is_silent else band.score


def _expected(past: Sequence[Volume], day: date) -> float:
    """The usual volume on a day: the lower one, while its weekday has not been seen often enough."""
    own = [night.documents for night in past if night.day.weekday() == day.weekday()]
    overall = median(night.documents for night in past)
    if len(own) >= bands.OF_WEEKDAY:
        return float(median(own))
    return float(min(overall, median(own))) if own else float(min(overall, *(night.documents for night in past)))


def _together(found: Mapping[str | None, Compared]) -> tuple[float, tuple[int, int]]:
    """The share of their usual volume that the sites have, 1 unless most are low; and how many are, of how many."""
    shares = []
    for one in found.values():
        band = one.bands.get(VOLUME)
        if one.site is not WHOLE and band is not None and band.usual >= COUNTING:
            shares.append(band.observed / band.usual)
    low = sum(share < LOW for share in shares)
    if len(shares) < TOGETHER or low < TOGETHER_SHARE * len(shares):
        return 1.0, (low, len(shares))
    return max(LEAST_TOGETHER, min(1.0, median(shares))), (low, len(shares))
