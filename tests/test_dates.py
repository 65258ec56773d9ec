"""Calendars, and what settles the order of day and month. Dates as people write them are in `cases/dates.jsonl`."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

import copydesk
from copydesk.config import Config
from copydesk.text import dates
from copydesk.text.dates import calendars
from copydesk.text.fold import fold

CONFIG = Config().dates
DAY = date(2019, 5, 21)


def test_an_islamic_date_alone_is_marked() -> None:
    text = (
        "افتتاح الجسر القديم بعد ترميمه\n\n16 رمضان 1440 هـ\n\nافتتحت البلدة جسرها القديم بعد عامين من أعمال الترميم."
    )
    cleaned = copydesk.clean(text.encode(), uri="bridge")
    assert cleaned.article is not None
    assert cleaned.article.published_date == DAY
    assert [problem.rule for problem in cleaned.problems] == ["date-hijri-alone"]


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
        ("03/04/2019 … 2019年4月3日", "", "day-first"),
        ("０３／０４／２０１９ … 2019年4月3日", "", "day-first"),
        (f"03/04/2019 {40 * 'word '}4 March 2019 {40 * 'word '}", "", "month-first"),
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


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("21 Ağustos 2019", "21 agustos 2019"),
        ("İZMİR ÉVORA ΑΘΗΝΑΣ ё", "izmir evora αθηνασ е"),
        ("٢١／٥", "21/5"),
        ("CAFÉ 😀 𐐀", "cafe 😀 𐐨"),
        ("É\ud83d\ude00", "e\ud83d\ude00"),
    ],
)
def test_a_folded_text_is_as_long_as_the_text(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert len(folded) == len(text)


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
