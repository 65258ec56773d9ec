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
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from copydesk.config import DatesConfig
from copydesk.data import lists
from copydesk.text.dates import calendars
from copydesk.text.fold import any_of, fold


class FoundDate(NamedTuple):
    """A date in a text: its day, its moment in UTC, its span (`start` to `end`), and how it was read.

    `label` is `published`, `updated` or empty; `open_order` says that day and month are ambiguous; `uncertain` that the
    day may be off by one, since it is given in the Islamic calendar only.
    """

    day: date
    moment: datetime
    start: int
    end: int
    label: str = ""
    open_order: bool = False
    uncertain: bool = False


class _Day(NamedTuple):
    """A parsed day, its calendar, and the alternative day if the order is ambiguous."""

    day: date
    calendar: str = "gregorian"
    other: date | None = None


_MONTH = {key: {fold(name): number for name, number in lists.months(key).items()} for key in lists.MONTHS}
_MONTHS = any_of(name for months in _MONTH.values() for name in months)
_WEEKDAY: dict[str, set[int]] = {}
for _name, _weekday in lists.weekdays():
    _WEEKDAY.setdefault(fold(_name), set()).add(_weekday)
_WEEKDAYS = any_of(name for name in _WEEKDAY if len(name) > 1)
#: Short names are also words of other languages (di, la, per): they need a punctuation mark, and prove nothing.
_LONG_WEEKDAYS = any_of(name for name in _WEEKDAY if len(name) > (3 if name[0] < "\u3041" else 1))
_WEEKDAY_SIGNS = any_of(name for name in _WEEKDAY if len(name) == 1)  # 日 is a weekday in brackets only
_PROVING_WEEKDAYS = {name: days for name, days in _WEEKDAY.items() if len(name) > 2 or not name.isascii()}
_ERAS = {fold(era): before for era, before in lists.eras().items()}
_SHARED = lists.shared()
_ZONES = {fold(name): minutes for name, minutes in _SHARED["zones"].items()}
_ZONES_NAMED = {fold(name): place for name, place in _SHARED["zones_named"].items()}
_NUMERALS = {sign: value for value, signs in enumerate(("〇零○", *"一二三四五六七八九十")) for sign in signs}
_A_DIGIT = re.compile(r"\d|\ban?\b|\b(?:un|une|una|uma|eine[rmn]?|one)\b", re.IGNORECASE)
_TWO_DIGITS = re.compile(r"\d{2}|年")
#: Every date has one of these: a year of four digits, or the sign for a year.
_YEAR = re.compile(r"\d{4}|年")


def _words(key: str) -> str:
    return any_of(lists.words(key))


_D, _Y = r"\d{1,2}", r"\d{4}"
_HAN = f"[{''.join(_NUMERALS)}]"
_NO_LETTER = r"(?![^\W\d_])"
_JOIN = rf"(?:(?:{_words('date_joins')}){_NO_LETTER}\s{{0,2}})?"
_NTH = rf"(?:\s?(?:{_words('day_endings')}){_NO_LETTER}\.?|{_words('day_endings')}|\.)?"
_BY = rf"(?:\s{{0,2}}(?:[,./|_-]\s{{0,2}})?{_JOIN})"  # between day, month and year; may be nothing
_WORD = r"[^\W\d_]{2,14}"
_MONTH_END = rf"\.?(?:\s?[/(]\s?{_WORD}(?:\s{_WORD})?\)?)?"  # Levantine and Western: نيسان/أبريل
_YEAR_END = (
    rf"(?:\s?(?:(?P<hijri>{_words('hijri_words')})|(?P<solar>{_words('solar_words')})|{_words('year_words')})"
    rf"{_NO_LETTER}\.?)?"
)
# Only two forms list the names of months; elsewhere any word matches, and `_day` checks whether it is a month.
_DATE = re.compile(
    rf"""(?<![\d./-])(?<!\b\w)(?<!\b\w\w)(?:
      (?P<month1>{_MONTHS})\.?[,\s/|_-]\s{{0,2}}(?P<day1>{_D})(?:{_NTH})(?:\s?[,|]\s{{0,2}}|\s-\s|\s{{1,3}}|[-/_]){_JOIN}
      (?:(?P<clock1>\d\d:\d\d(?::\d\d)?(?:\s{{1,3}}(?:[a-z]{{2,5}}|[+-]\d{{4}}))?)\s{{1,3}})?(?P<year1>{_Y})
    | (?P<day2>{_D})\s?(?:{_NTH}){_BY}(?P<month2>{_MONTHS}){_MONTH_END}{_BY}(?P<year2>{_Y})
    | (?P<year3>{_Y})\s?(?P<sep3>[-/.])\s?(?P<month3>{_D})\s?(?P=sep3)\s?(?P<day3>{_D})
    | (?:(?P<year4>{_Y}|{_HAN}{{4}})|(?P<era4>{any_of(_ERAS)})\s?(?P<nth4>元|\d{{1,3}}|{_HAN}{{1,4}}))\s?[年년]\s?
      (?P<month4>{_D}|{_HAN}{{1,2}})\s?[月월]\s?(?P<day4>{_D}|{_HAN}{{1,3}})(?:\s?[日号號일])?
    | (?P<first>{_D})\s?(?P<sep5>(?<!\s)-|[/.])\s?(?P<second>{_D})\s?(?P=sep5)(?:(?<=-)|\s?)(?P<year5>{_Y})
    | (?P<year6>{_Y})(?:[\s,./_-]|\s?(?:{_words("year_words")}){_NO_LETTER}\.?){{1,4}}
      (?:(?P<month6>{_WORD})\.?[\s_-]{{1,3}}(?P<day6>{_D})(?:{_NTH})|(?P<day7>{_D})(?:{_NTH})\s{{1,3}}(?P<month7>{_WORD}))
    )(?:(?<=[日号號일])|(?!\d(?!\d?\.?\s?{_WORD})|[-/.]\d(?!\d?:\d))){_YEAR_END}""",
    re.VERBOSE,
)
_ZONE = any_of([*_ZONES, *_ZONES_NAMED, *_SHARED["zones_ambiguous"]])
_PM = {fold(word) for word in lists.words("pm")}
_HALF = any_of([*lists.words("am"), *lists.words("pm")])
_CLOCK = rf"""(?:(?P<early>{_HALF})\s?(?=\d))?
    (?P<hour>[01]?\d|2[0-4])(?:\s?[:.h時时點点시]\s?(?P<minute>[0-5]\d|\d(?=[分분]))[分분]?(?:[:.]?(?P<second>[0-6]\d)(?:秒|[.,]\d{{1,9}})?)?)?
    \s*(?P<half>[ap]\.?\s?m\b\.?|(?:{_HALF})(?![^\W\d_]))?
    \s*(?:/\s*)?(?:\(?(?P<zone>(?:(?:utc|gmt)\s*)?[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?(?!\d)|(?:{_ZONE}){_NO_LETTER})\)?)?"""
_AFTER = re.compile(
    rf"(?:t|\s*(?:[,.|/·•–—-]\s*)?(?:(?:{_words('clock_words')})[\s:]{{0,2}})?)(?<!\d){_CLOCK}"
    rf"(?:\s?(?:{_words('hour_words')}|hrs?|hours))?(?![\w:])",
    re.VERBOSE,
)
_WHOLE_CLOCK = re.compile(rf"{_CLOCK}$", re.VERBOSE)
_BEFORE = re.compile(rf"{_CLOCK}\s*[,|·•–—-]?\s*(?:on\s+)?$", re.VERBOSE)
_WEEKDAY_BEFORE = re.compile(rf"(?<!\w)(?P<name>{_WEEKDAYS})\.?\s*(?:[,|/]|-\s)?\s*(?:(?:{_words('date_joins')})\s+)?$")
_WEEKDAY_AFTER = re.compile(
    rf"\s*(?P<name>(?:[,|(]|-\s)\s*(?:{_WEEKDAYS})|{_LONG_WEEKDAYS})(?!\w)\.?\)?|\s?\((?P<sign>{_WEEKDAY_SIGNS})\)"
)
#: Between the same day in two calendars.
_SAME_DAY = re.compile(rf"\s*(?:[-–—/|,(]\s*)*(?:(?:{_words('same_day')})\s*)?(?:(?:{_WEEKDAYS})\s*,?\s*)?")
_EVENT = re.compile(rf"(?<!\w)(?:{_words('events')})\s*:\s*$")
_UPDATED = re.compile(rf"(?<!\w)(?:{_words('updated')})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$")
_PUBLISHED = re.compile(rf"(?<!\w)(?:{_words('published')})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$")
# A few words about publishing directly before a date: `Post date:`, `Published in World on`. With `by` and a name it is
# a byline, not a label.
_LIKE_A_LABEL = re.compile(
    r"(?!.*\b(?:by|por|par|von|di|door)\s+(?!admin|staff|edit|redac|redak))(?=.{0,30}?\b(?:publish|publication|post|web|article|pub|story|dated?\b|online|entered"
    r"|upload|submit|creat|releas|issued|filed|(?P<updated>updat|edit|modif|revis)))[^\W\d]+(?:[\s:.-]+[^\W\d]+){0,5}[\s:.-]*$"
)
# The days of an event: 14. - 20. Januar 2022.
_RANGE = re.compile(r"(?<![\d:.])\d{1,2}\.?\s?[-–—]\s?$")
_SEPARATOR = re.compile(r"[\s|·•,;/()\[\]–—-]*")
_SPAN = rf"(?:\d{{1,2}}|an?|one|un|una|une|uma|eine[rmn]?)\s?(?:{_words('time_units')})\.?"


def _ago(spans: bool) -> set[tuple[str, str]]:
    """The texts before and after a past time span, or without `spans` the whole phrase: ("just now", "")."""
    forms = (fold(form).partition("{}") for form in lists.words("ago") if ("{}" in form) == spans)
    return {(before.strip(), after.strip()) for before, _, after in forms}


_SPANS, _MOMENTS = _ago(spans=True), _ago(spans=False)
_AGO = _SPANS | _MOMENTS
_RELATIVE = re.compile(
    rf"(?:(?:{_words('published')}|{_words('updated')}){_NO_LETTER}\s*[:\-–|]?\s*)?[(\[]?"
    rf"(?:(?P<before>{any_of(before for before, _ in _AGO)})?\s?(?P<span>{_SPAN}(?:,?\s{_SPAN})?)?"
    rf"\s?(?P<after>{any_of(after for _, after in _AGO if after)})?"
    rf"|(?:{_words('past_days')})\s*[,|•·–-]?\s*(?:(?:{_words('clock_words')})[\s:]\s*)?\d{{1,2}}(?P<clock>[:.h]\d\d)"
    rf"(?:\s?(?:{_words('hour_words')}|[ap]m))?)[)\]]?\s*[|•·.]?\s*$"
)
_SHORT = re.compile(
    r"(?<![\d./-])(?P<first>\d{1,2})\s?(?P<sep>[./])\s?(?P<second>\d{1,2})\s?(?P=sep)\s?(?P<year>\d{2})(?!\d|[./:-]\d)"
    rf"|(?<![\w./-])\d{{1,2}}(?:[-/]|\.?\s)(?:{_MONTHS})(?:[-/](?P<behind>\d{{2}})|\.?\s(?P<late>[4-9]\d))(?![\w:./-])"
    r"|(?P<mark>')(?P<apostrophe>\d{2})(?!\w)"
    r"|(?<![\w./-])(?P<compact>(?:19|20)\d\d[01]\d[0-3]\d)(?![\w./:-])"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?$")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?$")
_PROOF = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2\d{4}(?!\d)")
_URI_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_-]?)([01]\d)\2([0-3]\d)(?!\d)")


def proven_order(text: str, uri: str = "") -> str | None:
    """`day-first` or `month-first` if all evidence in the document agrees; else None.

    The evidence is numeric dates with a number over 12; else the weekday next to a numeric date, and the same day in
    words or with the year first, elsewhere in the text or (a day earlier or later) in its address.
    """
    plain = fold(text)
    orders = {
        "day-first" if int(a) > 12 else "month-first"
        for a, _, b in _PROOF.findall(plain)
        if (int(a) > 12) != (int(b) > 12) and min(int(a), int(b)) >= 1 and max(int(a), int(b)) <= 31
    }
    if not orders:
        orders = set(_orders_by_meaning(plain, uri))
    return orders.pop() if len(orders) == 1 else None


def _orders_by_meaning(plain: str, uri: str) -> Iterator[str]:
    """The order of each ambiguous numeric date, by its weekday or by the same day in another form."""
    written: set[date] = set()
    numeric: list[tuple[date, date]] = []
    for match in _DATE.finditer(plain):
        read = _day(match, None)
        if read and read.other:
            numeric.append((read.day, read.other))
            weekday = _WEEKDAY_BEFORE.search(plain, max(0, match.start() - 24), match.start())
            days = _weekdays(weekday or _WEEKDAY_AFTER.match(plain, match.end()))
            if (read.day.weekday() in days) != (read.other.weekday() in days):
                yield "day-first" if read.day.weekday() in days else "month-first"
        elif read and read.calendar == "gregorian":
            written.add(read.day)
    for part in _URI_DAY.finditer(uri) if numeric else ():
        if made := _made(int(part[1]), int(part[3]), int(part[4])):
            written |= {made.day + timedelta(days=off) for off in (-1, 0, 1)}
    for day_first, month_first in numeric:
        if (day_first in written) != (month_first in written):
            yield "day-first" if day_first in written else "month-first"


def find_date(text: str, config: DatesConfig, order: str | None = None, at: int = 0) -> FoundDate | None:
    """The first valid date in `text` from `at` on, with its weekday, time and zone; None without one."""
    return _find(fold(text), config, order, at) if _YEAR.search(text, at) else None


def _find(plain: str, config: DatesConfig, order: str | None = None, at: int = 0) -> FoundDate | None:
    if not _YEAR.search(plain, at):
        return None
    here = at
    for _ in range(4):  # what looks like a date may be invalid
        match = _DATE.search(plain, here)
        if match is None:
            return None
        read = _day(match, order)
        if read and not _RANGE.search(plain, max(0, match.start() - 8), match.start()):
            break
        here = match.start() + 1
    else:
        return None
    start, end = match.span()
    read, end = _with_other_calendar(read, plain, end)
    clock = _WHOLE_CLOCK.match(match["clock1"]) if match["clock1"] else None
    weekdays: set[int] = set()
    for _ in range(2):  # weekday and time occur in either order
        if weekday := _WEEKDAY_BEFORE.search(plain, max(at, start - 24), start):
            start, weekdays = weekday.start(), _weekdays(weekday)
        if clock is None and (clock := _BEFORE.search(plain, max(at, start - 32), start)):
            if clock["minute"] is None and clock["half"] is None:
                clock = None
            else:
                start = clock.start()
    if clock is None:
        if weekday := _WEEKDAY_AFTER.match(plain, end):
            end, weekdays = weekday.end(), weekdays or _weekdays(weekday)
        clock = _AFTER.match(plain, end)
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
    if _EVENT.search(head):
        return None  # the date of an event in the article
    label = "updated" if _UPDATED.search(head) else "published" if _PUBLISHED.search(head) else ""
    return FoundDate(day, _moment(day, clock, config), start, end, label, is_open, read.calendar == "hijri")


def _with_other_calendar(read: _Day, plain: str, end: int) -> tuple[_Day, int]:
    """`read`, or the same day in the Gregorian calendar if it follows, and the end of the date."""
    for _ in range(2):
        between = _SAME_DAY.match(plain, end)
        match = _DATE.match(plain, between.end()) if between else None
        other = match and _day(match, None)
        if not match or not other or other.calendar == read.calendar or other.other:
            break
        if abs((other.day - read.day).days) > (2 if "hijri" in (read.calendar, other.calendar) else 0):
            break
        read = min(read, other, key=lambda found: ("gregorian", "solar", "hijri").index(found.calendar))
        end = match.end()
    return read, end


def _settled(
    read: _Day, weekdays: set[int], clock: re.Match[str] | None, config: DatesConfig
) -> tuple[date, bool] | None:
    """The day, and whether its order is ambiguous; None if it is and the configuration skips such dates."""
    if read.other is None:
        return read.day, False
    fits = [day for day in (read.day, read.other) if day.weekday() in weekdays]
    if len(fits) == 1:
        return fits[0], False
    if clock and clock["zone"] in _SHARED["zones_month_first"]:
        return read.other, False
    if config.numeric_order == "skip":
        return None
    return read.other if config.numeric_order == "month-first" else read.day, True


def _weekdays(match: re.Match[str] | None) -> set[int]:
    if match is None:
        return set()
    name = match.groupdict().get("sign") or match["name"].lstrip(" ,|(-")
    return _PROVING_WEEKDAYS.get(re.sub(r"\s+", " ", name), set())


def whole_line(line: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date of a line of only labels, dates and separators. Published takes precedence over updated."""
    if len(line) > 160 or not _TWO_DIGITS.search(line):
        return None
    return _whole(fold(line), config, order)


def _whole(line: str, config: DatesConfig, order: str | None) -> FoundDate | None:
    full, grown = _written_out(line)
    if grown:
        dated = _whole(full, config, order)
        back = (
            {at: at - sum(by for where, by in grown if where <= at) for at in (dated.start, dated.end)} if dated else {}
        )
        return dated and dated._replace(start=back[dated.start], end=back[dated.end])
    if not _YEAR.search(line):
        return None
    found: list[FoundDate] = []
    here = 0
    while here < len(line):
        separator = _SEPARATOR.match(line, here)
        if separator and separator.end() == len(line):
            break
        date_here = _find(line, config, order, here)
        if date_here is None:
            return None
        before = line[here : date_here.start]
        label = _UPDATED.search(before) or _PUBLISHED.search(before)
        rest = before[: label.start()] if label else before
        if _SEPARATOR.sub("", rest):
            if found or not (words := _LIKE_A_LABEL.match(before)):
                return None
            date_here = date_here._replace(label="updated" if words["updated"] else "published")
        found.append(date_here)
        here = date_here.end
        if line[here : here + 1] in ".)":
            here += 1
    return min(found, key=lambda f: (f.label == "updated", f.uncertain, f.start)) if found else None


def _written_out(line: str) -> tuple[str, list[tuple[int, int]]]:
    """A line with `21/05/19`, `2-Jun-04`, `May 21 '19`, `20190521` written out, and the places and sizes of insertions.

    Two-digit years from 70 on are in the last century. Unchanged if any of three numbers could be the year.
    """
    parts: list[str] = []
    grown: list[tuple[int, int]] = []
    here = length = 0
    for short in _SHORT.finditer(line):
        if short["first"] and max(int(short["first"]), int(short["second"])) <= 12 >= int(short["year"]):
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


def without_label(text: str) -> str:
    """`text`, which precedes a date, without the label of the date at its end."""
    plain = fold(text)
    label = _UPDATED.search(plain) or _PUBLISHED.search(plain)
    return text[: label.start()] if label else text


def is_relative(line: str) -> bool:
    """Whether a line is only a relative date: `2 hours ago`, `Atualizado há 2 horas`, `dün 21:05`."""
    if len(line) > 60 or not line or (line.count(" ") > 2 and not _A_DIGIT.search(line)):
        return False
    match = _RELATIVE.match(fold(line))
    if not match or match["clock"]:
        return match is not None
    whole = (match["before"] or "", match["after"] or "")
    return whole in (_SPANS if match["span"] else _MOMENTS)


def is_label(line: str) -> bool:
    """Whether a line is only the label of a date: `Published:`, `Date`."""
    plain = fold(line)
    return len(line) <= 40 and any(
        match and not match.start() for match in (_PUBLISHED.search(plain), _UPDATED.search(plain))
    )


def parse_date(value: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date in a date field: any written form, `20190521`, or seconds since 1970."""
    value = value.strip()
    if match := _COMPACT.match(value):
        year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        return FoundDate(moment.date(), moment, 0, len(value), "published")
    if _EPOCH.match(value):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(value[:10]))
        return FoundDate(moment.date(), moment, 0, len(value), "published")
    return find_date(value, config, order) if len(value) <= 200 else None


def _day(match: re.Match[str], order: str | None) -> _Day | None:
    """The day of a matched date; None if it does not exist."""
    part = match.groupdict()
    if part["first"]:
        return _numeric(int(part["first"]), int(part["second"]), int(part["year5"]), part, order)
    index = next(i for i in "123467" if part[f"day{i}"])
    month = re.sub(r"\s+", " ", part[f"month{index}"])
    day = _value(part[f"day{index}"])
    if part["era4"]:
        year = _ERAS[part["era4"]] + (1 if part["nth4"] == "元" else _value(part["nth4"]))
    else:
        year = _value(part[f"year{'6' if index == '7' else index}"])
    if index in "34":
        return _made(year, _value(month), day, _numeric_calendar(year, part) if index == "3" else "gregorian")
    if year in _BUDDHIST_YEARS and "\u0e00" < month[:1] < "\u0e7f":
        year -= _BUDDHIST
    for key, calendar, years, shift in _CALENDARS:
        if year in years and month in _MONTH[key]:
            return _made(year - shift, _MONTH[key][month], day, calendar)
    return None


def _numeric(first: int, second: int, year: int, part: dict[str, str], order: str | None) -> _Day | None:
    """The day of a date of three numbers, the last of which is the year."""
    calendar = _numeric_calendar(year, part)
    day_first = _made(year, second, first, calendar)
    if calendar != "gregorian":  # these calendars never write the month first
        return day_first
    month_first = _made(year, first, second)
    if day_first and month_first and first != second and order is None:
        return day_first._replace(other=month_first.day)
    return (month_first or day_first) if order == "month-first" else (day_first or month_first)


#: Offset of the years of the Buddhist era, used in Thailand, from Gregorian years.
_BUDDHIST, _BUDDHIST_YEARS = 543, range(2400, 2700)
#: The calendar by names of months and years; the Kurdish year is the Persian one plus 1321.
_CALENDARS = (
    ("months_hijri", "hijri", range(1300, 1500), 0),
    ("months_solar", "solar", range(1244, 1502), 0),
    ("months_solar", "solar", range(2600, 2800), 1321),
    ("months", "gregorian", range(1, 10_000), 0),
)


def _numeric_calendar(year: int, part: dict[str, str]) -> str:
    """The calendar of a numeric date, from a word after its year, else the one in which the year is recent."""
    if part["hijri"] and 1300 <= year < 1500:
        return "hijri"
    if part["solar"] and 1244 <= year < 1502:
        return "solar"
    return "solar" if 1350 <= year <= 1410 else "hijri" if 1411 <= year <= 1460 else "gregorian"


def _made(year: int, month: int, day: int, calendar: str = "gregorian") -> _Day | None:
    make = {"gregorian": date, "hijri": calendars.from_hijri, "solar": calendars.from_jalali}[calendar]
    try:
        return _Day(make(year, month, day), calendar)
    except (ValueError, OverflowError):
        return None


def _value(digits: str) -> int:
    """The value of digits, or of Chinese numerals: 二十一, 二〇一九."""
    if digits.isdecimal():
        return int(digits)
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        return (_NUMERALS.get(tens, 1) if tens else 1) * 10 + (_NUMERALS.get(ones, 0) if ones else 0)
    return int("".join(str(_NUMERALS[sign]) for sign in digits))


def _is_time(clock: re.Match[str]) -> bool:
    return not ((clock["half"] or clock["early"]) and int(clock["hour"]) > 12 and clock["minute"] is None)


def _moment(day: date, clock: re.Match[str] | None, config: DatesConfig) -> datetime:
    midnight = datetime.combine(day, time(), UTC)
    if clock is None:
        return midnight
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), min(int(clock["second"] or 0), 59)
    half = clock["half"] or clock["early"] or ""
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half.startswith("p") or half in _PM)
    zone = re.sub(r"\s+", " ", clock["zone"] or "")
    if zone in _SHARED["zones_ambiguous"]:
        return midnight
    try:
        local = datetime.combine(day, time(), _zone(zone, config))
        return (local + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(UTC)
    except OverflowError:  # overflow on the first or last day of the calendar
        return midnight


def _zone(name: str, config: DatesConfig) -> timezone | ZoneInfo:
    if not name:
        return ZoneInfo(config.timezone)
    if name in _ZONES_NAMED:
        return ZoneInfo(_ZONES_NAMED[name])
    if name in _ZONES:
        return timezone(timedelta(minutes=_ZONES[name]))
    sign, digits = re.sub(r"^(?:utc|gmt)\s*", "", name).replace(":", "")[0], re.sub(r"\D", "", name)
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
