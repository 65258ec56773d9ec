"""The words and regular expressions of written dates, made of the lists of all languages."""

from __future__ import annotations

import re

from copydesk.data import lists
from copydesk.text.fold import any_of, fold
from copydesk.text.lazy import later

MONTH = {key: {fold(name): number for name, number in lists.months(key).items()} for key in lists.MONTHS}
_MONTHS = any_of(name for months in MONTH.values() for name in months)
_WEEKDAY: dict[str, set[int]] = {}
for _name, _weekday in lists.weekdays():
    _WEEKDAY.setdefault(fold(_name), set()).add(_weekday)
_WEEKDAYS = any_of(name for name in _WEEKDAY if len(name) > 1)
#: Short names are also words of other languages (di, la, per): they need a punctuation mark, and prove nothing.
_LONG_WEEKDAYS = any_of(name for name in _WEEKDAY if len(name) > (3 if name[0] < "\u3041" else 1))
_WEEKDAY_SIGNS = any_of(name for name in _WEEKDAY if len(name) == 1)  # 日 is a weekday in brackets only
PROVING_WEEKDAYS = {name: days for name, days in _WEEKDAY.items() if len(name) > 2 or not name.isascii()}
ERAS = {fold(era): before for era, before in lists.eras().items()}
SHARED = lists.shared()
ZONES = {fold(name): minutes for name, minutes in SHARED["zones"].items()}
ZONES_NAMED = {fold(name): place for name, place in SHARED["zones_named"].items()}
NUMERALS = {sign: value for value, signs in enumerate(("〇零○", *"一二三四五六七八九十")) for sign in signs}
A_DIGIT = re.compile(r"\d|\ban?\b|\b(?:un|une|una|uma|eine[rmn]?|one)\b", re.IGNORECASE)
# A pattern that begins with one character class is twice as fast as an alternation.
TWO_DIGITS = re.compile(r"[\d年](?:(?<=年)|\d)")
#: Every date has one of these: a year of four digits, or the sign for a year.
YEAR = re.compile(r"[\d年](?:(?<=年)|\d{3})")
#: The same for the years of all calendars that `DATE` knows.
ANY_YEAR = re.compile(r"[\d年년](?:(?<=[年년])|\d{3})")
#: The longest text that `DATE` matches has fewer characters.
LONGEST = 140
#: What else every date has: a day and a year, which are two numbers or, without a space, one of five digits and more.
TWO_NUMBERS = re.compile(rf"[\d年년](?:(?<=[年년])|\d{{4}}|\D{{1,{LONGEST}}}\d)")


def _words(key: str) -> str:
    return any_of(lists.words(key))


_D, _Y = r"\d{1,2}", r"\d{4}"
_HAN = f"[{''.join(NUMERALS)}]"
_NO_LETTER = r"(?![^\W\d_])"
_JOIN = rf"(?:(?:{_words('date_joins')}){_NO_LETTER}\s{{0,2}})?"
_NTH = rf"(?:\s?(?:{_words('day_endings')}){_NO_LETTER}\.?|{_words('day_endings')}|\.)?"
_BY = rf"(?:\s{{0,2}}(?:[,./|_-]\s{{0,2}})?{_JOIN})"  # between day, month and year; may be nothing
_WORD = r"[^\W\d_]{2,14}"
#: The weekday between day and year: `May 21, Tuesday, 2019`, `Dec 21 (Thu) 2023`.
_NAMED = rf"(?:\s?[,(]\s?(?:{_WEEKDAYS})(?!\w)\.?\)?|\s(?:{_LONG_WEEKDAYS})(?!\w))?"
_MONTH_END = rf"\.?(?:\s?[/(]\s?{_WORD}(?:\s{_WORD})?\)?)?"  # Levantine and Western: نيسان/أبريل
_YEAR_END = (
    rf"(?:\s?(?:(?P<hijri>{_words('hijri_words')})|(?P<solar>{_words('solar_words')})|{_words('year_words')})"
    rf"{_NO_LETTER}\.?)?"
)
_NAMED_FIRST = rf"(?:(?:{_LONG_WEEKDAYS})\.?,?\s{{1,2}})?"  # between day and month: 31 Donnerstag Okt 2019
# Only two forms list the names of months; elsewhere any word matches, and `_day` checks whether it is a month.
DATE = later(
    rf"""(?:(?<![\d./-])|(?<=[^\W\d_]/)(?=[^\W\d]))(?<!\b\w)(?<!\b\w\w)(?:
      (?P<month1>{_MONTHS})\.?[,\s/|_-]\s{{0,2}}(?P<day1>{_D})(?:{_NTH}){_NAMED}
      (?:\s?[,|]\s{{0,2}}|\s-\s|\s{{1,3}}|[-/_]|(?<=\d\d)(?=(?:19|20)\d\d(?!\d))){_JOIN}
      (?:(?P<clock1>\d\d:\d\d(?::\d\d)?(?:\s{{1,3}}(?:[a-z]{{2,5}}|[+-]\d{{4}}))?)\s{{1,3}})?(?P<year1>{_Y})
    | (?P<day2>{_D})\s?(?:{_NTH}){_BY}{_NAMED_FIRST}(?P<month2>{_MONTHS}){_MONTH_END}{_BY}(?P<year2>{_Y})
    | (?P<year3>{_Y})\s?(?P<sep3>[-/.])\s?(?P<month3>{_D})\s?(?P=sep3)\s?(?P<day3>{_D})
    | (?:(?P<year4>{_Y}|{_HAN}{{4}}|1\d\d(?=年))|(?P<era4>{any_of(ERAS)})\s?(?P<nth4>元|\d{{1,3}}|{_HAN}{{1,4}}))
      \s?[年년]\s?(?P<month4>{_D}|{_HAN}{{1,2}})\s?[月월]\s?(?P<day4>{_D}|{_HAN}{{1,3}})(?:\s?[日号號일])?
    | (?P<first>{_D})\s?(?P<sep5>(?<!\s)-|[/.])\s?(?P<second>{_D})\s?(?P=sep5)(?:(?<=-)|\s?)
      (?P<year5>{_Y})(?!:\d\d(?![\d:]))
    | (?P<year6>{_Y})(?:[\s,./_-]|\s?(?:{_words("year_words")}){_NO_LETTER}\.?){{1,4}}
      (?:(?P<month6>{_WORD})\.?[\s_-]{{1,3}}(?P<day6>{_D})(?:{_NTH})|(?P<day7>{_D})(?:{_NTH})\s{{1,3}}(?P<month7>{_WORD}))
    )(?:(?<=[日号號일])|(?!\d(?!\d?(?:\.?\s?{_WORD}|:\d\d))|[-/.]\d(?!\d?:\d))){_YEAR_END}""",
    re.VERBOSE,
)
#: Every date of three numbers with the year last has this.
NUMERIC = re.compile(r"\d\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{4}")
NUMBER = re.compile(r"\d+")
#: A year with a sign and no number of four digits begins with an era or Chinese numerals: characters before the sign.
LONGEST_ERA = 6 + max(map(len, ERAS))
_MONTH_NAMES = [name for months in MONTH.values() for name in months]
#: A date that begins with a month has a number behind it, or in it, `tháng 5`: the most characters before that number,
#: what may stand between, and how names of months end there.
LONGEST_MONTH = 4 + max(len(name) + 2 * name.count(" ") for name in _MONTH_NAMES)
BEFORE_NUMBER = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + ".,/|_-"
MONTH_BEGINS = later(rf"(?=(?:{_MONTHS}))")
MONTH_ENDS = frozenset(NUMBER.split(name)[0].rstrip(BEFORE_NUMBER)[-2:].lstrip() for name in _MONTH_NAMES)
_ZONE = any_of([*ZONES, *ZONES_NAMED, *SHARED["zones_ambiguous"]])
PM = {fold(word) for word in lists.words("pm")}
_HALF = any_of([*lists.words("am"), *lists.words("pm")])
_CLOCK = rf"""(?:(?P<early>{_HALF})\s?(?=\d))?
    (?P<hour>[01]?\d|2[0-4])(?:(?:\s?[:.h時时點点시]\s?|(?<=\sat\s\d\d)(?=\d\d(?!\d)))(?P<minute>[0-5]\d|\d(?=[分분]))[分분]?(?:[:.]?(?P<second>[0-6]\d)(?:秒|[.,]\d{{1,9}})?)?)?
    \s*(?P<half>[ap]\.?\s?m\b\.?|(?:{_HALF})(?![^\W\d_]))?
    \s*(?:/\s*)?(?:\(?(?P<zone>(?:(?:utc|gmt)\s*)?[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?(?!\d)|(?:{_ZONE}){_NO_LETTER})\)?)?"""
AFTER = later(
    rf"(?:t|\s*(?:[,.|/·•–—-]\s*)?(?:(?:{_words('clock_words')})[\s:]{{0,2}})?)(?:(?<!\d)|(?=\d?\d:\d\d)){_CLOCK}"
    rf"(?:\s?(?:{_words('hour_words')}|hrs?|hours))?(?![\w:])",
    re.VERBOSE,
)
WHOLE_CLOCK = later(rf"{_CLOCK}$", re.VERBOSE)
BEFORE = later(rf"{_CLOCK}\s*[,|·•–—-]?\s*(?:on\s+)?$", re.VERBOSE)
WEEKDAY_BEFORE = later(rf"(?<!\w)(?P<name>{_WEEKDAYS})\.?\s*(?:[,|/]|-\s)?\s*(?:(?:{_words('date_joins')})\s+)?$")
WEEKDAY_AFTER = later(
    rf"\s*(?P<name>(?:[,|(]|-\s)\s*(?:{_WEEKDAYS})|{_LONG_WEEKDAYS})(?!\w)\.?\)?|\s?\((?P<sign>{_WEEKDAY_SIGNS})\)"
)
#: Between the same day in two calendars.
SAME_DAY = later(rf"\s*(?:[-–—/|,(]\s*)*(?:(?:{_words('same_day')})\s*)?(?:(?:{_WEEKDAYS})\s*,?\s*)?")
EVENT = later(rf"(?<!\w)(?:{_words('events')})\s*:\s*$")
UPDATED = later(rf"(?<!\w)(?:{_words('updated')})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$")
PUBLISHED = later(rf"(?<!\w)(?:{_words('published')})(?:\s+(?:on|at))?\s*[:\-–|]?\s*$")
# A few words about publishing directly before a date: `Post date:`, `Published in World on`. With `by` and a name it is
# a byline, not a label.
LIKE_A_LABEL = later(
    r"(?!.*\b(?:was|is|were|are|will|been)\b)(?!.*\b(?:by|por|par|von|di|door)\s+(?!admin|staff|edit|redac|redak))(?=.{0,30}?\b(?:publish|publication|post|web|article|pub|story|dated?\b|online|entered"
    r"|upload|submit|creat|releas|issued|filed|(?P<updated>updat|edit|modif|revis)))[^\W\d]+(?:[\s:.-]+[^\W\d]+){0,5}[\s:.-]*$"
)
# The days of an event: 14. - 20. Januar 2022.
RANGE = re.compile(r"(?<![\d:.])\d{1,2}\.?\s?[-–—]\s?$")
#: The days of a life, which may go on: `(August 30, 1972 - )`.
LIFE = re.compile(r"\d{4}\s?[-–—]\s?\)\s*$")
SEPARATOR = re.compile(r"[\s|·•,;/()\[\]–—-]*")
_SPAN = rf"(?:\d{{1,2}}|an?|one|un|una|une|uma|eine[rmn]?)\s?(?:{_words('time_units')})\.?"


def _ago(spans: bool) -> set[tuple[str, str]]:
    """The texts before and after a past time span, or without `spans` the whole phrase: ("just now", "")."""
    forms = (fold(form).partition("{}") for form in lists.words("ago") if ("{}" in form) == spans)
    return {(before.strip(), after.strip()) for before, _, after in forms}


SPANS, MOMENTS = _ago(spans=True), _ago(spans=False)
_AGO = SPANS | MOMENTS
RELATIVE = later(
    rf"(?:(?:{_words('published')}|{_words('updated')}){_NO_LETTER}\s*[:\-–|]?\s*)?[(\[]?"
    rf"(?:(?P<before>{any_of(before for before, _ in _AGO)})?\s?(?P<span>{_SPAN}(?:,?\s{_SPAN})?)?"
    rf"\s?(?P<after>{any_of(after for _, after in _AGO if after)})?"
    rf"|(?:{_words('past_days')})\s*[,|•·–-]?\s*(?:(?:{_words('clock_words')})[\s:]\s*)?\d{{1,2}}(?P<clock>[:.h]\d\d)"
    rf"(?:\s?(?:{_words('hour_words')}|[ap]m))?)[)\]]?\s*[|•·.]?\s*$"
)
SHORT = later(
    r"(?=[\d'])(?:(?<![\d./-])(?P<first>\d{1,2})\s?(?P<sep>[./-])\s?(?P<second>\d{1,2})\s?(?P=sep)\s?(?P<year>\d{2})(?!\d|[./:-]\d)"
    rf"|(?<![\w./-])\d{{1,2}}(?:[-/]|\.?\s)(?:{_MONTHS})(?:[-/](?P<behind>\d{{2}})|\.?\s(?P<late>\d{{2}}))(?![\w:./-])"
    r"|(?P<mark>')(?P<apostrophe>\d{2})(?!\w)"
    r"|(?<![\w./-])(?P<compact>(?:19|20)\d\d[01]\d[0-3]\d)(?![\w./:-]))"
)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?$")
#: The first or last day that a program knows, which stands where it knows no date.
PLACEHOLDER = re.compile(
    r"(?:(?:0000-00-00|0001-01-01|1900-01-01|9999-12-31)(?:[t ]\d\d:\d\d.*)?"
    r"|1970-01-01.*|1969-12-31[t ]\d\d:\d\d.*|(?:thu\w*, )?0?1 jan\w* 1970\b.*|0*1[/.]0*1[/.](?:1970|1900|0001)\b.*|0)$"
)
EPOCH = re.compile(r"1\d{9}(?:\d{3})?$")
PROOF = re.compile(r"(\d(?<![\d./-]\d)\d?)([./-])(\d{1,2})\2\d{4}(?!\d)")
URI_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_-]?)([01]\d)\2([0-3]\d)(?!\d)")
