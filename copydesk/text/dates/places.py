"""Where `patterns.DATE` matches: only where a date may begin is it tried, since each place takes a third of a
microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from copydesk.text.dates import patterns


def search(plain: str, at: int) -> re.Match[str] | None:
    """The first match of `patterns.DATE` in a folded text from `at` on."""
    return next(matches(plain, at, patterns.ANY_YEAR.finditer(plain, at)), None)


def matches(plain: str, at: int, years: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    """The matches of `patterns.DATE` from `at` on, where `years`, matches of `patterns.ANY_YEAR`, stand."""
    for year in years:
        for place in _places(plain, at, year):
            if match := patterns.DATE.match(plain, place):
                yield match
                at = match.end()
                break
        else:
            at = max(at, year.end())


def _places(plain: str, at: int, year: re.Match[str]) -> list[int]:
    """Where a date of this year may begin: at a number, at a month before one, or at an era before the sign for a year.

    None begins before `at`.
    """
    at = max(at, year.start() - patterns.LONGEST)
    places = {*range(max(at, year.start() - patterns.LONGEST_ERA), year.start())} if len(year[0]) == 1 else set()
    for number in patterns.NUMBER.finditer(plain, at, year.end()):
        start = number.start()
        first = max(at, start - patterns.LONGEST_MONTH)
        if plain[first:start].rstrip(patterns.BEFORE_NUMBER)[-2:].lstrip() in patterns.MONTH_ENDS:
            places.update(month.start() for month in patterns.MONTH_BEGINS.finditer(plain, first, number.end()))
        places.add(start)
        at = number.end()
    return sorted(places)
