"""The day of a date that `patterns.DATE` matched: in which calendar and in which order it is written.

Dates of the Islamic and the Persian calendar, of the Buddhist era and of
the Republic of China are converted to the Gregorian calendar.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from copydesk.text.dates import calendars, patterns

#: Offset of the years of the Buddhist era, used in Thailand, from Gregorian years.
_BUDDHIST, _BUDDHIST_YEARS = 543, range(2400, 2700)
#: The same of the years of the Republic of China, used in Taiwan.
_MINGUO = 1911
#: The groups of day, month and year in the forms of a date but for that of three numbers with the year last.
_PARTS = tuple((f"day{i}", f"month{i}", f"year{'6' if i == '7' else i}") for i in "123467")
_MAKE = {"gregorian": date, "hijri": calendars.from_hijri, "solar": calendars.from_jalali}
#: The calendar by names of months and years; the Kurdish year is the Persian one plus 1321.
_CALENDARS = (
    ("months_hijri", "hijri", range(1300, 1500), 0),
    ("months_solar", "solar", range(1244, 1502), 0),
    ("months_solar", "solar", range(2600, 2800), 1321),
    ("months", "gregorian", range(1, 10_000), 0),
)


class Day(NamedTuple):
    """A parsed day, its calendar, and the alternative day if the order is ambiguous."""

    day: date
    calendar: str = "gregorian"
    other: date | None = None


def day_of(match: re.Match[str], order: str | None) -> Day | None:
    """The day of a match of `patterns.DATE`; None if it does not exist.

    `order`, `day-first` or `month-first`, is that of three numbers with the year last; with None the other day is kept,
    too.
    """
    if match["first"]:
        return _numeric(int(match["first"]), int(match["second"]), int(match["year5"]), match, order)
    written, month, written_year = next(names for names in _PARTS if match[names[0]])
    month, day = " ".join(match[month].split()), _value(match[written])
    if match["era4"]:
        year = patterns.ERAS[match["era4"]] + (1 if match["nth4"] == "元" else _value(match["nth4"]))
    else:
        year = _value(match[written_year])
        if written == "day4" and year < 200:
            year += _MINGUO
    if written in ("day3", "day4"):
        calendar = _numeric_calendar(year, match) if written == "day3" else "gregorian"
        return made(year, _value(month), day, calendar)
    if year in _BUDDHIST_YEARS and "\u0e00" < month[:1] < "\u0e7f":
        year -= _BUDDHIST
    for key, calendar, years, shift in _CALENDARS:
        if year in years and month in patterns.MONTH[key]:
            return made(year - shift, patterns.MONTH[key][month], day, calendar)
    return None


def _numeric(first: int, second: int, year: int, part: re.Match[str], order: str | None) -> Day | None:
    """The day of a date of three numbers, the last of which is the year."""
    calendar = _numeric_calendar(year, part)
    day_first = made(year, second, first, calendar)
    if calendar != "gregorian":  # these calendars never write the month first
        return day_first
    month_first = made(year, first, second)
    if day_first and month_first and first != second and order is None:
        return day_first._replace(other=month_first.day)
    return (month_first or day_first) if order == "month-first" else (day_first or month_first)


def _numeric_calendar(year: int, part: re.Match[str]) -> str:
    """The calendar of a numeric date, from a word after its year, else the one in which the year is recent."""
    if part["hijri"] and 1300 <= year < 1500:
        return "hijri"
    if part["solar"] and 1244 <= year < 1502:
        return "solar"
    return "solar" if 1350 <= year <= 1410 else "hijri" if 1411 <= year <= 1460 else "gregorian"


def made(year: int, month: int, day: int, calendar: str = "gregorian") -> Day | None:
    """The day of three numbers in a calendar, `gregorian`, `hijri` or `solar`; None if it does not exist."""
    try:
        return Day(_MAKE[calendar](year, month, day), calendar)
    except (ValueError, OverflowError):
        return None


def _value(digits: str) -> int:
    """The value of digits, or of Chinese numerals: 二十一, 二〇一九."""
    if digits.isdecimal():
        return int(digits)
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        return (patterns.NUMERALS.get(tens, 1) if tens else 1) * 10 + (patterns.NUMERALS.get(ones, 0) if ones else 0)
    return int("".join(str(patterns.NUMERALS[sign]) for sign in digits))
