"""Dates of many languages and calendars, and what settles the order of day and month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

import copydesk
from copydesk.config import Config, DatesConfig
from copydesk.text import dates
from copydesk.text.dates import calendars

CONFIG = Config().dates
DAY = date(2019, 5, 21)

#: One day, a Tuesday, on each line as one language or calendar writes it.
WRITTEN = """
May 21st, 2019 | 21 May 2019 | the 21st of May, 2019 | Tuesday, May 21, 2019 | Original Research21 May 2019
21. Mai 2019 | Dienstag, den 21. Mai 2019 | 21.05.2019-15:49
21 de mayo de 2019 | martes 21 de mayo del 2019 | 21 may 2019
21 de maio de 2019 | terça-feira, 21 de maio de 2019
21 mai 2019 | mardi 21 mai 2019
21 maggio 2019 | martedì 21 maggio 2019
21 maja 2019 r. | wtorek, 21 maja 2019
21 Mayıs 2019 | 21 MAYIS 2019 SALI | 21 mayis 2019
21 мая 2019 г. | 21 МАЯ 2019 ГОДА | вторник, 21 мая 2019
21 травня 2019 року | вівторок, 21 травня 2019 р.
21 май 2019 г. | вторник, 21 май 2019
21 مايو 2019 | 21 أيار 2019 | 21 ماي 2019 | ٢١ مايو ٢٠١٩ | ٢١/٥/٢٠١٩ | 21 أيار / مايو 2019
الثلاثاء، 21 أيار (مايو) 2019م
۲۱ مه ۲۰۱۹ | ۲۱ می ۲۰۱۹ میلادی
21ی ئایاری 2019 | ٢١ی ئایاری ساڵی ٢٠١٩ | سێشەممە، 21ی مایسی 2019
21'ê Gulanê 2019 | 21ê Gulana 2019an | 21 Gulan 2019
21 مئی 2019ء | منگل 21 مئی 2019
2019年5月21日 | 二〇一九年五月二十一日 | 2019年5月21日 星期二 | 民國108年5月21日
2019年5月21日(火) | 令和元年5月21日 | 平成31年5月21日
16 رمضان 1440 هـ | 16/09/1440 هـ | 16 رمضان 1440 | 16 رمضان المبارک 1440ھ | 16 Ramazan 1440
۳۱ اردیبهشت ۱۳۹۸ | ۱۳۹۸/۰۲/۳۱ | 1398/2/31 | سه‌شنبه ۳۱ اردیبهشت ۱۳۹۸ | 31 Ordibehesht 1398 | 31 ثور 1398 | 31 غویی 1398
31ی گوڵانی 2719 | 31ی گوڵانی 1398
2019. május 21. | 2019 m. gegužės 21 d. | 2019. gada 21. maijā | 21. května 2019 | 21. svibnja 2019.
21 Μαΐου 2019 | 21 พฤษภาคม 2562 | 21 tháng 5 năm 2019 | 2019년 5월 21일 | 21 মে 2019 | २१ मई २०१९
"""


@pytest.mark.parametrize("written", [one.strip() for line in WRITTEN.strip().split("\n") for one in line.split("|")])
def test_one_day_in_many_languages(written: str) -> None:
    found = dates.find_date(written, CONFIG)
    assert found is not None
    assert (found.day, found.open_order) == (DAY, False)


@pytest.mark.parametrize(
    "written",
    [
        "الثلاثاء 16 رمضان 1440 هـ الموافق 21 مايو 2019 م",
        "21 مايو 2019م الموافق 17 رمضان 1440هـ",
        "16 رمضان 1440هـ - 21 مايو 2019م",
        "۳۱ اردیبهشت ۱۳۹۸ - ۲۱ مه ۲۰۱۹",
        "سه‌شنبه ۳۱ اردیبهشت ۱۳۹۸ برابر با ۱۶ رمضان ۱۴۴۰ و".removesuffix(" و"),
    ],
)
def test_one_day_in_two_calendars(written: str) -> None:
    """The whole line is one date, and the Gregorian or Persian calendar removes the doubt of the Islamic one."""
    found = dates.whole_line(written, CONFIG)
    assert found is not None
    assert (found.day, found.start, found.uncertain) == (DAY, 0, False)
    assert found.end >= len(written) - 1


def test_calendars_that_disagree_are_two_dates() -> None:
    found = dates.whole_line("16 رمضان 1440 هـ - 21 أغسطس 2019", CONFIG)
    assert found is not None
    assert (found.day, found.uncertain) == (date(2019, 8, 21), False)


def test_an_islamic_date_alone_is_marked() -> None:
    text = (
        "افتتاح الجسر القديم بعد ترميمه\n\n16 رمضان 1440 هـ\n\nافتتحت البلدة جسرها القديم بعد عامين من أعمال الترميم."
    )
    cleaned = copydesk.clean(text.encode(), uri="bridge")
    assert cleaned.article is not None
    assert cleaned.article.published_date == DAY
    assert [problem.rule for problem in cleaned.problems] == ["date-hijri-alone"]


@pytest.mark.parametrize(
    "written",
    [
        "2 hours ago", "hier à 14h40", "قبل ساعتين", "vor 3 Stunden", "3 часа назад", "dün 21:05", "۲ ساعت پیش",
        "昨天 10:30", "21 May", "15 february 15:00", "May 2019", "31 February 2019", "1440 صفر",
        "14. - 20. Januar 2022", "3 صفر 2019",
    ],
)  # fmt: skip
def test_what_has_no_day_stays_without(written: str) -> None:
    assert dates.whole_line(written, CONFIG) is None
    assert dates.parse_date(written, CONFIG) is None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("21 mai 2019 à 14h40", (14, 40)),
        ("21 мая 2019 г. в 13:34", (13, 34)),
        ("21 травня 2019, о 13:34", (13, 34)),
        ("الثلاثاء، 21 مايو 2019 09:22 مساءً", (21, 22)),
        ("21 مايو 2019 - الساعة 09:22 صباحا", (9, 22)),
        ("۳۱ اردیبهشت ۱۳۹۸ ساعت ۱۲:۳۰", (12, 30)),
        ("2019年5月21日 10時05分", (10, 5)),
        ("2019年05月21日10:05", (10, 5)),
        ("2019年5月21日(火)午後3時5分", (15, 5)),
        ("2019年5月21日 星期二 10:05", (10, 5)),
        ("21/MAI/19 10:05", (10, 5)),
        ("21. 5. 2019 10:05", (10, 5)),
        ("Ter, 21 de Mai de 2019 10:05", (10, 5)),
        ("2019.05.21. 오후 3:05", (15, 5)),
        ("21.05.2019 в 13:05 МСК", (10, 5)),
        ("2019年5月21日下午3:05", (15, 5)),
        ("2019年5月21日 午後3時05分", (15, 5)),
        ("21.05.2019 um 22:56 Uhr", (22, 56)),
        ("21 maja 2019, godz. 8:05", (8, 5)),
        ("21 Mayıs 2019 Saat: 08:05", (8, 5)),
        ("21 Μαΐου 2019 9:02 μμ", (21, 2)),
    ],
)
def test_times(written: str, moment: tuple[int, int]) -> None:
    found = dates.whole_line(written, CONFIG)
    assert found is not None
    assert found.moment == datetime(2019, 5, 21, *moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Wednesday 03/04/2019", date(2019, 4, 3)),
        ("Monday, 03/04/2019", date(2019, 3, 4)),
        ("03/04/2019 (mercredi)", date(2019, 4, 3)),
        ("الأربعاء 03/04/2019", date(2019, 4, 3)),
        ("3/4/2019 12:15 PM ET", date(2019, 3, 4)),
        ("3/4/2019 - Mon", date(2019, 3, 4)),
    ],
)
def test_the_order_is_proven_beside_the_date(written: str, day: date) -> None:
    for config in (CONFIG, DatesConfig(numeric_order="month-first"), DatesConfig(numeric_order="skip")):
        found = dates.find_date(written, config)
        assert found is not None
        assert (found.day, found.open_order) == (day, False)


@pytest.mark.parametrize(
    ("text", "uri", "order"),
    [
        ("03/04/2019 … 13/04/2019", "", "day-first"),
        ("03/04/2019 … 04/13/2019", "", "month-first"),
        ("13/04/2019 … 04/13/2019", "", None),
        ("03/04/2019 … LONDON, April 3, 2019", "", "day-first"),
        ("03/04/2019 … on 4 March 2019", "", "month-first"),
        ("03/04/2019 … 4 March 2019 … 3 April 2019", "", None),
        ("03/04/2019 … 2019-04-03", "", "day-first"),
        ("03/04/2019 … Monday", "", None),
        ("Monday, 03/04/2019", "", "month-first"),
        ("03/04/2019", "https://news.example/2019/04/03/bridge", "day-first"),
        ("03/04/2019", "https://news.example/20190305/bridge", "month-first"),
        ("03/04/2019", "https://news.example/2019/04/bridge", None),
        ("03/03/2019", "https://news.example/2019/03/03/bridge", None),
        ("no date", "https://news.example/2019/03/03/bridge", None),
    ],
)
def test_the_order_that_a_document_proves(text: str, uri: str, order: str | None) -> None:
    assert dates.proven_order(text, uri) == order


def test_the_address_settles_the_order_of_an_article() -> None:
    text = "Harbour Town Keeps Its Last Ferry\n\n03/04/2019\n\nThe harbour town voted to keep its last ferry running."
    article: Any = copydesk.clean(text.encode(), uri="https://news.example/2019/03/04/ferry").article
    assert article.published_date == date(2019, 3, 4)


@pytest.mark.parametrize(
    ("hijri", "day"),
    [
        ((1432, 9, 1), date(2011, 8, 1)),
        ((1440, 9, 1), date(2019, 5, 6)),
        ((1441, 1, 1), date(2019, 8, 31)),
        ((1445, 9, 1), date(2024, 3, 11)),
    ],
)
def test_the_islamic_calendar(hijri: tuple[int, int, int], day: date) -> None:
    """First days of months as Umm al-Qura announced them."""
    assert calendars.from_hijri(*hijri) == day


@pytest.mark.parametrize(
    ("jalali", "day"),
    [
        ((1357, 11, 22), date(1979, 2, 11)),
        ((1398, 1, 1), date(2019, 3, 21)),
        ((1399, 12, 30), date(2021, 3, 20)),
        ((1403, 12, 30), date(2025, 3, 20)),
    ],
)
def test_the_persian_calendar(jalali: tuple[int, int, int], day: date) -> None:
    assert calendars.from_jalali(*jalali) == day
    with pytest.raises(ValueError, match="no such day"):
        calendars.from_jalali(1398, 12, 30)


@pytest.mark.parametrize(
    "line",
    [
        "2 hours ago", "Updated an hour ago", "hace 2 horas", "Atualizado há 2 horas", "il y a 3 jours",
        "vor einer Stunde", "2 ore fa", "2 saat önce", "dün 21:05", "3 часа назад", "2 години тому", "преди 2 часа",
        "2 godziny temu", "Вчера, 21:05", "قبل ساعتين", "منذ 3 ساعات", "۲ ساعت پیش", "2 گھنٹے پہلے", "پێش 2 کاتژمێر",
        "berî 2 saetan", "昨天 10:30", "2小时前", "3時間前",
    ],
)  # fmt: skip
def test_a_line_that_says_how_long_ago_names_no_day(line: str) -> None:
    """It is taken out and noted; the clock of the machine plays no part."""
    assert dates.is_relative(line)
    story = "The harbour town voted to keep its last ferry running through the winter.\n\nIt had been much too empty."
    cleaned = copydesk.clean(f"Harbour Town Keeps Its Last Ferry\n\n{line}\n\n{story}".encode(), uri="ferry")
    assert cleaned.article is not None
    assert (cleaned.article.published_date, cleaned.article.body) == (None, story)
    assert [(problem.rule, problem.observed) for problem in cleaned.problems] == [("relative-date", line)]


@pytest.mark.parametrize(
    "line", ["Years ago", "Yesterday", "قبل سنوات", "Vor Jahren", "Two years ago the town", "10:30"]
)
def test_what_only_begins_like_a_time_that_is_past(line: str) -> None:
    assert not dates.is_relative(line)
