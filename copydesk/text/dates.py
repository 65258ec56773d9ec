"""Dates as documents write them.

The day is the day that the document writes, in its own time zone. The moment is in UTC: a zone that is written is
used, a time without a zone is read in the configured one, and a day without a time, or with a zone that could be
several (IST, CST), becomes midnight UTC of that day. A numeric date is day-first unless a number over 12, here or
elsewhere in the document, proves otherwise; the year comes first where it has four digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from copydesk import lexicon
from copydesk.config import DatesConfig


class FoundDate(NamedTuple):
    """A date in a text: its day, its moment in UTC, where it stands (`start` to `end`), and how it came to be read.

    `label` is `published`, `updated` or empty; `open_order` says that day and month could not be told apart.
    """

    day: date
    moment: datetime
    start: int
    end: int
    label: str = ""
    open_order: bool = False


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in sorted(set(names), key=lambda w: (-len(w), w)))


_MONTH = lexicon.months()
_MONTHS = _any(_MONTH)
_WEEKDAYS = _any(lexicon.words("weekdays"))
_ZONES = lexicon.shared()
_DIGITS = str.maketrans({digit: str(value) for digits in _ZONES["digits"] for value, digit in enumerate(digits)})
_TWO_DIGITS = re.compile(r"\d{2}")
_FOUR_DIGITS = re.compile(r"\d{4}")
_D, _Y = r"\d{1,2}", r"\d{4}"

_DATE = re.compile(
    rf"""(?<![\w./-])(?:
      (?P<month1>{_MONTHS})\.?[,\s/-]\s*(?P<day1>{_D})(?:st|nd|rd|th)?(?:\s*,\s*|\s+|[-/])(?P<year1>{_Y})
    | (?P<day2>{_D})(?:st|nd|rd|th|er|\.|º|ª)?(?:\s+(?:de|of|di)\s+|\s*,\s*|\s+|-|/|\.)
      (?P<month2>{_MONTHS})\.?,?(?:\s+(?:de|del|of)\s+|\s*,\s*|\s+|-|/|\.)(?P<year2>{_Y})
    | (?P<year3>{_Y})(?:(?P<sep3>[-/.])(?P<month3>{_D})(?P=sep3)(?P<day3>{_D})
                       |\s*年\s*(?P<month4>{_D})\s*月\s*(?P<day4>{_D})\s*日)
    | (?P<first>{_D})(?P<sep5>[-/.]|\.\s|\s/\s)(?P<second>{_D})(?P=sep5)(?P<year5>{_Y})
    | (?P<month7>{_MONTHS})\s+(?P<day7>{_D})\s+
      (?P<clock7>\d\d:\d\d(?::\d\d)?(?:\s+(?:[A-Z]{{2,5}}|[+-]\d{{4}}))?)\s+(?P<year7>{_Y})
    | (?P<year6>{_Y})[\s,-]+(?P<month6>{_MONTHS})\.?[\s-]+(?P<day6>{_D})
    )(?!\d|[-/.]\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_ZONE = _any([*_ZONES["zones"], *_ZONES["zones_named"], *_ZONES["zones_ambiguous"]])
_CLOCK = rf"""(?P<hour>[01]?\d|2[0-4])(?:[:.h](?P<minute>[0-5]\d)(?:[:.](?P<second>[0-6]\d)(?:[.,]\d{{1,9}})?)?)?
    \s*(?P<half>[ap]\.?\s?m\b\.?)?
    \s*(?:/\s*)?(?:\(?(?P<zone>(?:(?:utc|gmt)\s*)?[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?(?!\d)|(?:{_ZONE})(?![a-z]))\)?)?"""
_AFTER = re.compile(
    rf"(?:T|\s*[,|/·•–—-]?\s*(?:at|um|saat|à|a\s+las|alle|às|kl\.?|в|klo)?\s*)(?<!\d){_CLOCK}(?:\s*(?:uhr|hrs?|hours))?(?![\w:])",
    re.IGNORECASE | re.VERBOSE,
)
_WHOLE_CLOCK = re.compile(rf"{_CLOCK}$", re.IGNORECASE | re.VERBOSE)
_BEFORE = re.compile(rf"{_CLOCK}\s*[,|·•–—-]?\s*(?:on\s+)?$", re.IGNORECASE | re.VERBOSE)
_WEEKDAY_BEFORE = re.compile(rf"(?<!\w)(?:{_WEEKDAYS})\.?\s*[,|]?\s*(?:the\s+)?$", re.IGNORECASE)
_WEEKDAY_AFTER = re.compile(rf"\s*[,|(]?\s*(?:{_WEEKDAYS})(?!\w)\.?\)?", re.IGNORECASE)
_UPDATED = re.compile(rf"(?<!\w)(?:{_any(lexicon.words('updated'))})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$", re.IGNORECASE)
_PUBLISHED = re.compile(
    rf"(?<!\w)(?:{_any(lexicon.words('published'))})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$", re.IGNORECASE
)
# Any few words that speak of publishing, before a date and nothing else: `Post date:`, `Published in World on`. A name
# behind `by` is a byline, and no label.
_LIKE_A_LABEL = re.compile(
    r"(?!.*\bby\s+(?!admin|staff|editor))(?=.{0,30}?\b(?:publish|publication|post|web|article|pub|story|dated?\b|online|entered"
    r"|upload|submit|creat|releas|issued|filed|(?P<updated>updat|edit|modif|revis)))[^\W\d]+(?:[\s:.-]+[^\W\d]+){0,5}[\s:.-]*$",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[\s|·•,;/()\[\]–—-]*")
_SHORT = re.compile(
    r"(?<![\d./-])(?P<first>\d{1,2})(?P<sep>[./])(?P<second>\d{1,2})(?P=sep)(?P<year>\d{2})(?!\d|[./:-]\d)"
    rf"|(?<![\w-])\d{{1,2}}-(?:{_MONTHS})-(?P<behind>\d{{2}})(?![\w:-])"
    r"|(?P<mark>['’])(?P<apostrophe>\d{2})(?!\w)"
    r"|(?<![\w./-])(?P<compact>(?:19|20)\d\d[01]\d[0-3]\d)(?![\w./:-])",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?$")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?$")
_PROOF = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2\d{4}(?!\d)")


def proven_order(text: str) -> str | None:
    """`day-first` or `month-first`, where numeric dates with a number over 12 all say the same; else None."""
    orders = {
        "day-first" if int(a) > 12 else "month-first"
        for a, _, b in _PROOF.findall(text.translate(_DIGITS))
        if (int(a) > 12) != (int(b) > 12) and min(int(a), int(b)) >= 1 and max(int(a), int(b)) <= 31
    }
    return orders.pop() if len(orders) == 1 else None


def find_date(text: str, config: DatesConfig, order: str | None = None, at: int = 0) -> FoundDate | None:
    """The first date in `text` from `at` on, with its weekday, time and zone. None where there is none that exists."""
    if not _FOUR_DIGITS.search(text, at):
        return None
    plain = text if text.isascii() else text.translate(_DIGITS)
    match = _DATE.search(plain, at)
    if match is None:
        return None
    day, is_open = _day(match, config, order)
    if day is None:
        return None
    start, end = match.span()
    clock = _WHOLE_CLOCK.match(match["clock7"]) if match["clock7"] else None
    for _ in range(2):  # weekday and time stand in either order
        if weekday := _WEEKDAY_BEFORE.search(plain, max(at, start - 24), start):
            start = weekday.start()
        if clock is None and (clock := _BEFORE.search(plain, max(at, start - 32), start)):
            if clock["minute"] is None and clock["half"] is None:
                clock = None
            else:
                start = clock.start()
    if clock is None:
        if weekday := _WEEKDAY_AFTER.match(plain, end):
            end = weekday.end()
        clock = _AFTER.match(plain, end)
        if clock and ((clock["minute"] is None and clock["half"] is None) or not _is_time(clock)):
            clock = None
        if clock:
            end = clock.end()
    elif not _is_time(clock):
        clock = None
    moment = _moment(day, clock, config)
    head = plain[:start]
    label = "updated" if _UPDATED.search(head) else "published" if _PUBLISHED.search(head) else ""
    return FoundDate(day, moment, start, end, label, is_open)


def whole_line(line: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date of a line that holds nothing else: labels, dates, separators. Published wins over updated."""
    if len(line) > 160 or not _TWO_DIGITS.search(line):
        return None
    full, grown = _written_out(line)
    if grown:
        dated = whole_line(full, config, order)
        back = (
            {at: at - sum(by for where, by in grown if where <= at) for at in (dated.start, dated.end)} if dated else {}
        )
        return dated and dated._replace(start=back[dated.start], end=back[dated.end])
    if not _FOUR_DIGITS.search(line):
        return None
    found: list[FoundDate] = []
    here = 0
    while here < len(line):
        separator = _SEPARATOR.match(line, here)
        if separator and separator.end() == len(line):
            break
        date_here = find_date(line, config, order, here)
        if date_here is None:
            return None
        before = line[here : date_here.start]
        label = _UPDATED.search(before) or _PUBLISHED.search(before)
        rest = before[: label.start()] if label else before
        if _SEPARATOR.sub("", rest):
            if found or not (spoken := _LIKE_A_LABEL.match(before)):
                return None
            date_here = date_here._replace(label="updated" if spoken["updated"] else "published")
        found.append(date_here)
        here = date_here.end
        if line[here : here + 1] in ".)":
            here += 1
    return min(found, key=lambda f: (f.label == "updated", f.start)) if found else None


def _written_out(line: str) -> tuple[str, list[tuple[int, int]]]:
    """A line with `21/05/19`, `2-Jun-04`, `May 21 '19`, `20190521` written out, and by where the text grew by how much.

    A year of two digits is in the last century from 70 on. Left alone where any of three numbers could be the year.
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
            year = short["year"] or short["behind"] or short["apostrophe"]
            start = short.start("mark") if short["mark"] else short.end() - 2
            new = f"{'19' if year >= '70' else '20'}{year}"
        parts += (line[here:start], new)
        length += start - here + len(new)
        here = short.end()
        grown.append((length, len(new) - (short.end() - start)))
    return "".join([*parts, line[here:]]), grown


def is_label(line: str) -> bool:
    """Whether a line is only a label of a date: `Published:`, `Date`."""
    return len(line) <= 40 and any(
        match and not match.start() for match in (_PUBLISHED.search(line), _UPDATED.search(line))
    )


def parse_date(value: str, config: DatesConfig, order: str | None = None) -> FoundDate | None:
    """The date of a field that says it holds one: any written form, `20190521`, seconds since 1970."""
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


def _day(match: re.Match[str], config: DatesConfig, order: str | None) -> tuple[date | None, bool]:
    part = match.groupdict()
    is_open = False
    if part["first"]:
        first, second, year = int(part["first"]), int(part["second"]), int(part["year5"])
        is_open = first <= 12 and second <= 12 and first != second and order is None
        if first > 12 or second > 12:
            month_first = second > 12
        else:
            month_first = (order or config.numeric_order) == "month-first"
            if is_open and config.numeric_order == "skip":
                return None, True
        day, month = (second, first) if month_first else (first, second)
    else:
        index = next(i for i in "123467" if part[f"month{i}"])
        year = int(part["year3"] if index == "4" else part[f"year{index}"])
        month_text = part[f"month{index}"]
        month = int(month_text) if month_text.isdigit() else _month(month_text)
        day = int(part[f"day{index}"])
    try:
        return date(year, month, day), is_open
    except ValueError:
        return None, False


def _month(name: str) -> int:
    """`name` matched the pattern without regard to case, which Turkish and Greek letters make more than lower()."""
    name = re.sub(r"\s+", " ", name).lower()
    return _MONTH.get(name) or _MONTH.get(name.replace("i̇", "i")) or _MONTH.get(name.replace("i", "ı"), 0)


def _is_time(clock: re.Match[str]) -> bool:
    return not (clock["half"] and int(clock["hour"]) > 12 and clock["minute"] is None)


def _moment(day: date, clock: re.Match[str] | None, config: DatesConfig) -> datetime:
    midnight = datetime.combine(day, time(), UTC)
    if clock is None:
        return midnight
    hour, minute, second = int(clock["hour"]), int(clock["minute"] or 0), min(int(clock["second"] or 0), 59)
    half = (clock["half"] or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + 12 * half.startswith("p")
    zone = (clock["zone"] or "").lower()
    if zone in _ZONES["zones_ambiguous"]:
        return midnight
    try:
        local = datetime.combine(day, time(), _zone(zone, config))
        return (local + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return midnight


def _zone(name: str, config: DatesConfig) -> timezone | ZoneInfo:
    if not name:
        return ZoneInfo(config.timezone)
    if name in _ZONES["zones_named"]:
        return ZoneInfo(_ZONES["zones_named"][name])
    if name in _ZONES["zones"]:
        return timezone(timedelta(minutes=_ZONES["zones"][name]))
    sign, digits = re.sub(r"^(?:utc|gmt)\s*", "", name).replace(":", "")[0], re.sub(r"\D", "", name)
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
