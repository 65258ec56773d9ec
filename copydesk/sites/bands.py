"""Bands: what a measure of a site usually is, and by how many spreads a night differs from it.

The centre is the median of earlier nights, so that a few odd ones do not move it. The spread is what chance makes of so
few documents (Poisson with extra variance for counts, binomial for shares), times how much more than that the earlier
nights differ among themselves (the median absolute deviation of their residuals, or their 90th percentile if that is
larger, both scaled to a standard deviation); and at least a floor, below which a change interests nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import copysign, exp, log, log10, sqrt
from statistics import median
from typing import NamedTuple

#: Earlier nights that a night is compared with at most, and without which nothing is judged; and how many of them must
#: have documents for what is measured on documents.
NIGHTS, FEWEST, FEWEST_WITH = 28, 7, 5
#: Nights of one weekday from which on they are the only ones that count for the volume of that weekday.
OF_WEEKDAY = 3
#: Standard deviation of a steady site's volume beside chance, as a share of it.
VOLUME_NOISE = 0.1
#: Maximum variance of a volume, in relation to a steady one, that makes its silence likelier.
SILENCE_NOISE = 3.0
#: Floor of the spread of a share; of a median length, as a logarithm; of a rate per 1,000 words.
SHARE_FLOOR, LENGTH_FLOOR, RATE_FLOOR = 0.03, 0.12, 0.5
#: Standard deviation of the median length of one article, as a logarithm.
LENGTH_NOISE = 0.75
#: Variance of a rate in relation to a Poisson process: typos come in groups.
RATE_NOISE = 2.0

_MAD, _Q90 = 1.4826, 1 / 1.645


class Band(NamedTuple):
    """A measure of one night and what is usual. A change within `slack` is none; `is_log` compares logarithms."""

    observed: float
    usual: float
    spread: float
    slack: float = 0.0
    is_log: bool = False

    @property
    def score(self) -> float:
        """The distance from the usual, in spreads."""
        change = log(self.observed / self.usual) if self.is_log else self.observed - self.usual
        return copysign(max(0.0, abs(change) - self.slack), change) / self.spread

    def at(self, score: float) -> float:
        """The value with this score."""
        change = score * self.spread + copysign(self.slack, score)
        return self.usual * exp(change) if self.is_log else self.usual + change


class Volume(NamedTuple):
    """The number of documents of an earlier night."""

    day: date
    documents: float


def volume(observed: float, past: Sequence[Volume], day: date, together: float = 1.0) -> Band:
    """The band of the number of documents on `day`, for at least one night in `past`.

    It is compared with its own weekday if there are `OF_WEEKDAY` of them; before, with all nights or its own weekday,
    whichever is closer. `together` is the share of the usual volume that the other sites have on this day.
    """
    centres = _centres(past)
    own = [night.documents for night in past if night.day.weekday() == day.weekday()]
    overall = _median([night.documents for night in past])
    if len(own) >= OF_WEEKDAY:
        candidates, behind = [centres[day.weekday()]], len(own)
    else:
        known = own or [min(past, key=lambda night: abs(night.documents - observed)).documents]
        candidates, behind = [overall, _median(known)], len(past)
    spread = _dispersion(past, centres) * sqrt(1 + 1.57 / behind)
    bands = [
        Band(observed, centre * together, max(1.0, spread * _deviation(centre * together))) for centre in candidates
    ]
    return min(bands, key=lambda band: abs(band.score))


def _centres(past: Sequence[Volume]) -> dict[int, float]:
    """The usual volume by weekday."""
    overall = _median([night.documents for night in past])
    found = {}
    for weekday in range(7):
        own = [night.documents for night in past if night.day.weekday() == weekday]
        found[weekday] = _median(own) if len(own) >= OF_WEEKDAY else overall
    return found


def _deviation(mean: float) -> float:
    """The standard deviation of a steady volume."""
    return sqrt(mean + (VOLUME_NOISE * mean) ** 2)


def _dispersion(past: Sequence[Volume], centres: dict[int, float]) -> float:
    """The standard deviation of a site's volume in relation to a steady one."""
    residuals = [
        (night.documents - centre) / max(1.0, _deviation(centre))
        for night in past
        for centre in [centres[night.day.weekday()]]
    ]
    return max(1.0, 1.2 * _spread(residuals, 0.0))  # the centres follow the nights that they are taken from


def silence(expected: Sequence[float], past: Sequence[Volume], days: Sequence[date]) -> float:
    """How improbable it is that a site sends nothing on all of `days`, as a power of ten: 3 is one in a thousand.

    `expected` are its usual volumes on these days. Where it has sent nothing before, it has a rhythm of its own.
    """
    variance = min(SILENCE_NOISE, _dispersion(past, _centres(past)) ** 2)
    total = 0.0
    for mean, day in zip(expected, days, strict=True):
        own = [night.documents for night in past if night.day.weekday() == day.weekday()]
        own = own if len(own) >= OF_WEEKDAY else [night.documents for night in past]
        without = sum(documents == 0 for documents in own)
        rhythm = log10((without + 0.5) / (len(own) + 1)) if without else -99.0
        total -= max(rhythm, _log10_none(mean, variance))
    return total


def _log10_none(mean: float, variance: float) -> float:
    """The probability of no documents in a negative binomial distribution, as a power of ten; `variance` is in relation
    to that of a steady site."""
    if mean <= 0:
        return 0.0
    beyond = variance * _deviation(mean) ** 2 - mean
    size = mean * mean / beyond
    return size * log10(size / (size + mean))


def share(part: float, whole: float, past: Sequence[tuple[float, float]], floor: float = SHARE_FLOOR) -> Band:
    """The band of the share part / whole; `past` are those of earlier nights. A single article is no change."""
    shares = [one / of for one, of in past]
    usual = _median(shares)
    ordered = sorted(past, key=lambda night: night[0] / night[1])[: max(1, len(past) * 9 // 10)]
    pooled = (sum(one for one, _ in ordered) + 0.5) / (sum(of for _, of in ordered) + 1)
    likely = min(max(usual, pooled), 1 - 0.5 / whole)
    chance = sqrt(likely * (1 - likely))
    beside = max(1.0, _spread([(one / of - usual) * sqrt(of) / chance for one, of in past], 0.0))
    spread = max(floor, beside * chance / sqrt(whole)) * sqrt(1 + 1.57 / len(past))
    return Band(part / whole, usual, spread, 1 / whole)


def length(median_words: float, articles: int, past: Sequence[tuple[float, int]]) -> Band:
    """The band of the median number of words of an article, compared as logarithms; `past` are this median and the
    number of articles of earlier nights."""
    usual = max(1.0, _median([words for words, _ in past]))
    residuals = [log(max(1.0, words) / usual) * sqrt(of) / LENGTH_NOISE for words, of in past]
    spread = max(LENGTH_FLOOR, max(1.0, _spread(residuals, 0.0)) * LENGTH_NOISE / sqrt(articles))
    return Band(max(1.0, median_words), usual, spread * sqrt(1 + 1.57 / len(past)), 0.0, True)


def rate(count: float, words: float, past: Sequence[tuple[float, float]]) -> Band:
    """The band of a count for each 1,000 words; `past` are count and words of earlier nights."""
    rates = [1000 * one / of for one, of in past]
    usual = _median(rates)
    pooled = 1000 * (sum(one for one, _ in past) + 0.5) / (sum(of for _, of in past) + 1)
    chance = sqrt(RATE_NOISE * max(usual, pooled) * 1000)
    beside = max(1.0, _spread([(1000 * one / of - usual) * sqrt(of) / chance for one, of in past], 0.0))
    spread = max(RATE_FLOOR, beside * chance / sqrt(words)) * sqrt(1 + 1.57 / len(past))
    return Band(1000 * count / words, usual, spread, 1000 / words)


def _spread(values: Sequence[float], centre: float) -> float:
    """The distances of `values` from `centre`, as a standard deviation."""
    distances = sorted(abs(value - centre) for value in values)
    place = 0.9 * (len(distances) - 1)
    below = int(place)
    above = distances[min(below + 1, len(distances) - 1)]
    upper = distances[below] + (place - below) * (above - distances[below])
    return max(_MAD * median(distances), _Q90 * upper)


def _median(values: Sequence[float]) -> float:
    return float(median(values))
