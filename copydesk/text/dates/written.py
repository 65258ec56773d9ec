"""Parses the dates that documents write.

The day is the written day, in its own time zone. The moment is in UTC: a written zone is used, a time without a zone is
in the configured one, and a day without a time, or with an ambiguous zone (IST, CST), becomes midnight UTC of that day.
A numeric date is day-first unless something proves otherwise: a number over 12, a weekday or an American zone next to
it, or the rest of the document. A leading number of four digits is the year.

Dates of the Islamic and the Persian calendar are converted to the Gregorian one; if both are written, the Gregorian
date is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from copydesk.config import DatesConfig
from copydesk.text.dates import patterns
from copydesk.text.dates.days import Day, day_of, made
from copydesk.text.dates.places import matches, search
from copydesk.text.fold import fold

_UNSET = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Several rules ask for the date of a line, and pages of a day write the same dates: so many are remembered of lines of
#: at most so many characters, in 2 MB.
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 2048, 160


class FoundDate(NamedTuple):
    """A date in a text: its day, its moment in UTC, its span (`start` to `end`), and how it was read.

    `label` is `published`, `updated` or empty; `open_order` says that day and month are ambiguous; `uncertain` that the
    day may be off by one, since it is given in the Islamic calendar only; `contradicted` that the weekday beside it is
    that of another day. `precision` is `day`, `minute` or `second`.
    """

    day: date
    moment: datetime
    start: int
    end: int
    label: str = ""
    open_order: bool = False
    uncertain: bool = False
    contradicted: bool = False
    precision: str = "day"


def proven_order(text: str, uri: str = "") -> str | None:
    """`day-first` or `month-first` if all evidence in the document agrees; else None.

    The evidence is numeric dates with a number over 12; else the weekday next to a numeric date, and the same day in
    words or with the year first, elsewhere in the text or (a day earlier or later) in its address.
    """
    plain = fold(text)
    years = list(patterns.ANY_YEAR.finditer(plain))
    ends = [(year.start(), year.end()) for year in years]
    orders = {
        "day-first" if int(a) > 12 else "month-first"
        for start, end in ends
        for a, _, b in patterns.PROOF.findall(plain, max(0, start - 6), end + 1)
        if (int(a) > 12) != (int(b) > 12) and min(int(a), int(b)) >= 1 and max(int(a), int(b)) <= 31
    }
    if not orders and any(patterns.NUMERIC.search(plain, max(0, start - 9), end) for start, end in ends):
        orders = set(_orders_by_meaning(plain, years, uri))
    return orders.pop() if len(orders) == 1 else None


def _orders_by_meaning(plain: str, years: Iterable[re.Match[str]], uri: str) -> Iterator[str]:
    """The order of each ambiguous numeric date, by its weekday or by the same day in another form."""
    written: set[date] = set()
    numeric: list[tuple[date, date]] = []
    for match in matches(plain, 0, years):
        read = day_of(match, None)
        if read and read.other:
            numeric.append((read.day, read.other))
            weekday = patterns.WEEKDAY_BEFORE.search(plain, max(0, match.start() - 24), match.start())
            days = _weekdays(weekday or patterns.WEEKDAY_AFTER.match(plain, match.end()))
            if (read.day.weekday() in days) != (read.other.weekday() in days):
                yield "day-first" if read.day.weekday() in days else "month-first"
        elif read and read.calendar == "gregorian":
            written.add(read.day)
    for part in patterns.URI_DAY.finditer(uri) if numeric else ():
        if there := made(int(part[1]), int(part[3]), int(part[4])):
            written |= {there.day + timedelta(days=off) for off in (-1, 0, 1)}
    for day_first, month_first in numeric:
        if (day_first in written) != (month_first in written):
            yield "day-first" if day_first in written else "month-first"


def find_date(text: str, config: DatesConfig, order: str | None = None, at: int = 0) -> FoundDate | None:
    """The first valid date in `text` from `at` on, with its weekday, time and zone; None without one."""
    return _find(fold(text), config, order, at) if could_hold_date(text, at) else None


def _find(plain: str, config: DatesConfig, order: str | None = None, at: int = 0) -> FoundDate | None:
    if not could_hold_date(plain, at):
        return None
    if len(plain) > _LONGEST_REMEMBERED:
        return _find_new(plain, config, order, at)
    return _remembered(plain, config, order, at)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered(plain: str, config: DatesConfig, order: str | None, at: int) -> FoundDate | None:
    return _find_new(plain, config, order, at)


def _find_new(plain: str, config: DatesConfig, order: str | None, at: int) -> FoundDate | None:
    here = at
    for _ in range(4):  # what looks like a date may be invalid
        match = search(plain, here)
        if match is None:
            return None
        read = day_of(match, order)
        if read and not patterns.RANGE.search(plain, max(0, match.start() - 8), match.start()):
            break
        here = match.start() + 1
    else:
        return None
    start, end = match.span()
    read, end = _with_other_calendar(read, plain, end)
    clock = patterns.WHOLE_CLOCK.match(match["clock1"]) if match["clock1"] else None
    weekdays: set[int] = set()
    for _ in range(2):  # weekday and time occur in either order
        if weekday := patterns.WEEKDAY_BEFORE.search(plain, max(at, start - 24), start):
            start, weekdays = weekday.start(), _weekdays(weekday)
        if clock is None and (clock := patterns.BEFORE.search(plain, max(at, start - 32), start)):
            if clock["minute"] is None and clock["half"] is None:
                clock = None
            else:
                start = clock.start()
    if clock is None:
        if weekday := patterns.WEEKDAY_AFTER.match(plain, end):
            end, weekdays = weekday.end(), weekdays or _weekdays(weekday)
        clock = patterns.AFTER.match(plain, end)
        if clock and ((clock["minute"] is None and not (clock["half"] or clock["early"])) or not _is_time(clock)):
            clock = None
        if clock:
            end = clock.end()
    elif not _is_time(clock):
        clock = None
    settled = _settled(read, weekdays, clock, config)
    if settled is None:
        return None
    day, is_open = settled
    head = plain[:start]
    if patterns.EVENT.search(head):
        return None  # the date of an event in the article
    moment, precision = _moment(day, clock, config)
    if day == _UNSET or moment == _EPOCH:
        return None  # how a page or a table writes that no date is known
    label = "updated" if patterns.UPDATED.search(head) else "published" if patterns.PUBLISHED.search(head) else ""
    contradicted = read.calendar == "gregorian" and bool(weekdays) and day.weekday() not in weekdays
    return FoundDate(day, moment, start, end, label, is_open, read.calendar == "hijri", contradicted, precision)


def _with_other_calendar(read: Day, plain: str, end: int) -> tuple[Day, int]:
    """`read`, or the same day in the Gregorian calendar if it follows, and the end of the date."""
    for _ in range(2):
        between = patterns.SAME_DAY.match(plain, end)
        match = patterns.DATE.match(plain, between.end()) if between else None
        other = match and day_of(match, None)
        if not match or not other or other.calendar == read.calendar or other.other:
            break
        if abs((other.day - read.day).days) > (2 if "hijri" in (read.calendar, other.calendar) else 0):
            break
        read = min(read, other, key=lambda found: ("gregorian", "solar", "hijri").index(found.calendar))
        end = match.end()
    return read, end


def _settled(
    read: Day, weekdays: set[int], clock: re.Match[str] | None, config: DatesConfig
) -> tuple[date, bool] | None:
    """The day, and whether its order is ambiguous; None if it is and the configuration skips such dates."""
    if read.other is None:
        return read.day, False
    fits = [day for day in (read.day, read.other) if day.weekday() in weekdays]
    if len(fits) == 1:
        return fits[0], False
    if clock and clock["zone"] in patterns.SHARED["zones_month_first"]:
        return read.other, False
    if config.numeric_order == "skip":
        return None
    return read.other if config.numeric_order == "month-first" else read.day, True


def _weekdays(match: re.Match[str] | None) -> set[int]:
    if match is None:
        return set()
    name = match.groupdict().get("sign") or match["name"].lstrip(" ,|(-")
    return patterns.PROVING_WEEKDAYS.get(re.sub(r"\s+", " ", name), set())


def whole_line(line: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date of a line of only labels, dates and separators. Published takes precedence over updated."""
    if len(line) > 160 or not patterns.TWO_DIGITS.search(line):
        return None
    plain = fold(line)
    if "'" not in plain and not patterns.TWO_NUMBERS.search(plain):
        return None
    return None if is_life(line) else _whole(plain, config, order)


def _whole(line: str, config: DatesConfig, order: str | None) -> FoundDate | None:
    full, grown = _written_out(line)
    if grown:
        dated = _whole(full, config, order)
        back = (
            {at: at - sum(by for where, by in grown if where <= at) for at in (dated.start, dated.end)} if dated else {}
        )
        return dated and dated._replace(start=back[dated.start], end=back[dated.end])
    if not could_hold_date(line):
        return None
    found: list[FoundDate] = []
    here = 0
    while here < len(line):
        separator = patterns.SEPARATOR.match(line, here)
        if separator and separator.end() == len(line):
            break
        date_here = _find(line, config, order, here)
        if date_here is None:
            return None
        before = line[here : date_here.start]
        label = patterns.UPDATED.search(before) or patterns.PUBLISHED.search(before)
        rest = before[: label.start()] if label else before
        if patterns.SEPARATOR.sub("", rest):
            if found or not (words := patterns.LIKE_A_LABEL.match(before)):
                return None
            date_here = date_here._replace(label="updated" if words["updated"] else "published")
        found.append(date_here)
        here = date_here.end
        if line[here : here + 1] in ".)":
            here += 1
    return min(found, key=lambda f: (f.label == "updated", f.uncertain, f.start)) if found else None


def _written_out(line: str) -> tuple[str, list[tuple[int, int]]]:
    """A line with `21/05/19`, `2-Jun-04`, `6 Feb 26`, `May 21 '19`, `20190521` written out, and the places and sizes of
    insertions.

    Two-digit years from 70 on are in the last century. Unchanged if any of three numbers could be the year; with
    dashes, the first one could.
    """
    parts: list[str] = []
    grown: list[tuple[int, int]] = []
    here = length = 0
    for short in patterns.SHORT.finditer(line):
        if short["first"] and not _year_is_last(int(short["first"]), int(short["second"]), short):
            continue
        if compact := short["compact"]:
            start, new = short.start(), f"{compact[:4]}-{compact[4:6]}-{compact[6:]}"
        else:
            year = short["year"] or short["behind"] or short["late"] or short["apostrophe"]
            start = short.start("mark") if short["mark"] else short.end() - 2
            new = f"{'19' if year >= '70' else '20'}{year}"
        parts += (line[here:start], new)
        length += start - here + len(new)
        here = short.end()
        grown.append((length, len(new) - (short.end() - start)))
    return "".join([*parts, line[here:]]), grown


def _year_is_last(first: int, second: int, short: re.Match[str]) -> bool:
    """Whether the last of three numbers of two digits is the year, and none of the others can be it."""
    year = int(short["year"])
    if short["sep"] != "-":
        return max(first, second, year) > 12
    day_first, month_first = first <= 31 and second <= 12, first <= 12 and second <= 31
    return day_first != month_first and not (second <= 12 and year <= 31)


def split_label(text: str) -> tuple[str, str]:
    """`text`, which precedes a date, without the label at its end; and `published`, `updated` or nothing."""
    plain = fold(text)
    for label, pattern in (("updated", patterns.UPDATED), ("published", patterns.PUBLISHED)):
        if found := pattern.search(plain):
            return text[: found.start()], label
    if words := patterns.LIKE_A_LABEL.match(plain):
        return "", "updated" if words["updated"] else "published"
    return text, ""


def is_relative(line: str) -> bool:
    """Whether a line is only a relative date: `2 hours ago`, `Atualizado há 2 horas`, `dün 21:05`."""
    if len(line) > 60 or not line or (line.count(" ") > 2 and not patterns.A_DIGIT.search(line)):
        return False
    match = patterns.RELATIVE.match(fold(line))
    if not match or match["clock"]:
        return match is not None
    whole = (match["before"] or "", match["after"] or "")
    return whole in (patterns.SPANS if match["span"] else patterns.MOMENTS)


def could_hold_date(text: str, at: int = 0) -> bool:
    """Whether a text holds from `at` on what every date has: a year of four digits or the sign for one, and a day.

    The patterns of dates are long, and most texts with a year, `in 2019`, have no second number beside it.
    """
    return patterns.YEAR.search(text, at) is not None and patterns.TWO_NUMBERS.search(text, at) is not None


def is_life(line: str) -> bool:
    """Whether a line ends in the days of a life that goes on: `(August 30, 1972 - )`."""
    return patterns.LIFE.search(line) is not None


def is_label(line: str) -> bool:
    """Whether a line is only the label of a date: `Published:`, `Date`."""
    if len(line) > 40:
        return False
    plain = fold(line)
    return any(
        match and not match.start() for match in (patterns.PUBLISHED.search(plain), patterns.UPDATED.search(plain))
    )


def parse_date(value: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date in a date field: any written form, `20190521`, or seconds since 1970; None for a placeholder."""
    value = value.strip()
    if is_placeholder(value):
        return None
    if match := patterns.COMPACT.match(value):
        year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        precision = "second" if match[6] else "minute" if match[4] else "day"
        return FoundDate(moment.date(), moment, 0, len(value), "published", precision=precision)
    if patterns.EPOCH.match(value):
        moment = _EPOCH + timedelta(seconds=int(value[:10]))
        return FoundDate(moment.date(), moment, 0, len(value), "published", precision="second")
    if len(value) > 200:
        return None
    return find_date(value, config, order) or whole_line(value, config, order)


def is_placeholder(value: str) -> bool:
    """Whether a date field holds what programs write where no date is known: `1970-01-01`, `0001-01-01T00:00:00Z`."""
    return patterns.PLACEHOLDER.match(fold(value.strip())) is not None


def _is_time(clock: re.Match[str]) -> bool:
    return not ((clock["half"] or clock["early"]) and int(clock["hour"]) > 12 and clock["minute"] is None)


def _moment(day: date, clock: re.Match[str] | None, config: DatesConfig) -> tuple[datetime, str]:
    """The moment in UTC, and its precision; midnight if only the day is known."""
    midnight = datetime.combine(day, time(), UTC), "day"
    if clock is None:
        return midnight
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), min(int(clock["second"] or 0), 59)
    half = clock["half"] or clock["early"] or ""
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half.startswith("p") or half in patterns.PM)
    zone = re.sub(r"\s+", " ", clock["zone"] or "")
    if zone in patterns.SHARED["zones_ambiguous"]:
        return midnight
    try:
        local = datetime.combine(day, time(), _zone(zone, config))
        moment = (local + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(UTC)
        return moment, "second" if clock["second"] else "minute"
    except OverflowError:  # overflow on the first or last day of the calendar
        return midnight


def _zone(name: str, config: DatesConfig) -> timezone | ZoneInfo:
    if not name:
        return ZoneInfo(config.timezone)
    if name in patterns.ZONES_NAMED:
        return ZoneInfo(patterns.ZONES_NAMED[name])
    if name in patterns.ZONES:
        return timezone(timedelta(minutes=patterns.ZONES[name]))
    sign, digits = re.sub(r"^(?:utc|gmt)\s*", "", name).replace(":", "")[0], re.sub(r"\D", "", name)
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
