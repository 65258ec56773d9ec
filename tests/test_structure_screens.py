"""What structure asks of every line is asked cheaply first: these answers are those of the patterns themselves."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.config import DatesConfig
from copydesk.data import lists
from copydesk.text import dates
from copydesk.text.dates import patterns, places, written
from copydesk.text.fold import fold
from copydesk.text.structure import (
    columns,
    credit_lines,
    date_lines,
    datelines,
    headline,
    lines,
    names,
    pictures,
    sentences,
    signoffs,
)
from copydesk.text.structure.date_reader import DateReader

MONTHS = sorted(name for months in patterns.MONTH.values() for name in months)
PIECES = (
    *(
        "May 21, 2019",
        "21 May 2019",
        "2019-05-21",
        "21.5.2019",
        "2019年5月21日",
        "令和元年5月1日",
        "tháng 5",
        "1440",
        "may",
    ),
    *(
        "  ",
        "\t",
        "\n",
        ".",
        ",",
        "/",
        "-",
        "_",
        "|",
        "xxx",
        "2019",
        "21",
        "1",
        "Monday",
        "10:30",
        "2112:30",
        "de",
        "(",
        "ſ",
    ),
)
DATED = st.lists(st.sampled_from((*PIECES, *PIECES, *MONTHS)) | st.sampled_from(" 1"), max_size=9).map("".join)


@given(DATED)
def test_dates_are_found_where_the_pattern_finds_them(text: str) -> None:
    plain = fold(text)
    found = [places.search(plain, at) for at in range(0, len(plain) + 1, 3)]
    expected = [patterns.DATE.search(plain, at) for at in range(0, len(plain) + 1, 3)]
    assert [one and one.span() for one in found] == [one and one.span() for one in expected]
    years = patterns.ANY_YEAR.finditer(plain)
    assert [one.span() for one in places.matches(plain, 0, years)] == [
        one.span() for one in patterns.DATE.finditer(plain)
    ]
    if any(expected):
        assert written.could_hold_date(plain) and written.could_hold_date(text)


@given(DATED | st.sampled_from(("'19", "21/05/19", "2-Jun-04", "20190521")).map("May {}".format))
def test_lines_with_a_date_hold_two_numbers(line: str) -> None:
    whole = written._whole(fold(line), DatesConfig(), None)
    assert written.whole_line(line, DatesConfig()) == (None if written.is_life(line) else whole)


@given(st.text("ab –—:(-_/.电 \n", max_size=12), st.integers(0, 12))
def test_the_marks_of_datelines_are_told_by_one_character(text: str, end: int) -> None:
    expected = re.compile(r"[—–―:(/]|--|\s[-_]|-\s").search(text, 0, end)
    found = datelines._MARK.search(text, 0, end)
    assert (found and text[: found.start()].rstrip()) == (expected and text[: expected.start()].rstrip())
    others = re.compile(r"[—–―:(（۔/\[【«“ـ]|\s-|-\s|\.-|\w\.\s|[电電讯訊]").search(text, 0, end)
    assert (datelines._MARK_OF_OTHERS.search(text, 0, end) is None) == (others is None)


def test_no_date_is_longer_than_two_numbers_may_be_apart() -> None:
    parser = re._parser  # type: ignore[attr-defined]
    assert parser.parse(patterns.DATE.pattern, re.VERBOSE).getwidth()[1] <= patterns.LONGEST
    assert date(2019, 5, 21) == written.find_date(f"May 21,{' ' * 2}2019", DatesConfig()).day  # type: ignore[union-attr]


VERBS = lists.words("speech_verbs")
SAID = st.lists(st.sampled_from((*VERBS, *map(str.upper, VERBS))) | st.text(' "“«.,aſıİKᲀв', max_size=3), max_size=5)


@given(SAID.map("".join))
def test_speech_is_told_in_any_case(text: str) -> None:
    assert sentences.speaks(text) == (sentences._SPEECH.search(text) is not None)


@given(st.text("ab'’ßŉ\u0307\u0345İı_. ", max_size=200))
def test_the_first_tokens_are_those_of_the_whole(text: str) -> None:
    assert sentences.first_tokens(text) == sentences.tokens(text)[:8]
    assert sentences.initial(text) == "".join(sentences.tokens(text))[:1]


@given(st.text("abÀß1'’`_-. \n\x1c", max_size=40))
def test_tokens_are_the_words_without_apostrophes(text: str) -> None:
    words = sentences.WORD.findall(text.casefold())
    assert sentences.tokens(text) == tuple(sentences._APOSTROPHES.sub("", word) for word in words)


LABELS = [word for key in ("byline", "byline_labels", "source", "views") for word in lists.words(key)]
AGENCIES = [*lists.lines("agencies.txt")]
LINES = st.lists(
    st.sampled_from((*LABELS, *map(str.upper, LABELS), "via", "The ", *AGENCIES))
    | st.sampled_from(
        (" ", ": ", "：", " - ", "(", ")", "Jane Doe", "Reuters", "AP", "_", "1", "ı", "ſ", "é", ".", "x")
    ),
    max_size=6,
).map("".join)


@given(LINES)
def test_lines_that_begin_with_no_label_are_no_credits(line: str) -> None:
    if not credit_lines.may_be_labelled(line):
        assert credit_lines.find_source(line) is None
        assert credit_lines.find_byline(line) is None
    assert names.is_agency_line(line) == (names.plain(line) in names._ENGLISH_AGENCIES)
    if not columns._NUMBER.search(line):
        reader = DateReader(line, DatesConfig())
        assert reader.whole_line(line) is None
        assert columns._beside_date(line, reader) is None
        assert credit_lines.find_counter(line) is None


@given(st.text("a.…[] \n", max_size=12), st.text("a |»:-", max_size=12))
def test_headlines_without_marks_are_neither_cut_off_nor_have_sites(cut: str, site: str) -> None:
    for text in (cut, site):
        assert (headline._cut(text) is None) == (headline._CUT.search(text) is None)
        found = [match.span() for match in headline._separators(text)]
        assert found == [match.span() for match in headline._SEPARATOR.finditer(text)]


ENDINGS = (
    *(
        "The post Harbour opens appeared first on Levant Post.",
        " (Reporting by Jane Roe; Editing by John Doe)",
        "… Read more »",
    ),
    *(f"{first}Harbour{said} Levant Post" for first, said in signoffs._FOOTERS),
    *("Our Standards: The Thomson Reuters Trust Principles.", "The ferry left at noon.", "x" * 120, " "),
)


@given(st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=3).map("".join))
def test_lines_that_cannot_sign_off_have_no_footer(line: str) -> None:
    if not signoffs._may_sign_off(line):
        assert signoffs._footer(line[-600:]) is None
        assert "ing by " not in line[-600:]
        assert signoffs._more(line) is None


CREDITS = (
    "Jane Doe/Getty Images",
    "(AP Photo/Jane Doe)",
    " | AP Photo",
    " Photo",
    "The ferry left.",
    "Photo: Jane Doe",
    "©",
    " by ",
    '"',
    ")",
    " ",
)


@given(st.lists(st.sampled_from((*CREDITS, "x" * 60, "One. Two men stand. ")), min_size=1, max_size=6).map("".join))
def test_credits_have_a_mark(line: str) -> None:
    if pictures.credit_behind(line):
        assert pictures.has_mark(line[-130:]) and len(line) <= 4 * pictures.LONGEST
    if not ("|" in line or " Photo" in line):
        assert not pictures._CAPTION_BEFORE.match(line) and not pictures._PHOTO_BEFORE.match(line)


BEHIND = ("…", "...", " [+12 chars]", "[…]", " (AFP)", " /БТА/", "）", " Source: Post", "：", ".", "。", '"', "\n")


@given(st.lists(st.sampled_from((*BEHIND, "The ferry left", "x" * 40)), max_size=5).map("".join))
def test_what_stands_behind_a_sentence_has_its_marks(line: str) -> None:
    near, far = max(0, len(line) - 40), max(0, len(line) - 90)
    assert (sentences.cut_off(line) is None) == (sentences._CUT_OFF.search(line, near) is None)
    if not credit_lines._may_name_source(line):
        assert credit_lines._SOURCE_BEHIND.search(line, far) is None
    if not credit_lines._may_name_agency(line):
        assert credit_lines._AGENCY_BEHIND.search(line, near) is None


DAYS = (
    "Published: 21 May 2019",
    "Updated May 22, 2019",
    "2019-05-23 10:30",
    "1.5.2019",
    "Updated:",
    "|",
    " - ",
    " ",
    "x",
)


@given(st.lists(st.sampled_from(DAYS), max_size=5).map("".join))
def test_a_date_of_an_update_is_one_besides_the_other(line: str) -> None:
    reader = DateReader(line, DatesConfig())
    if published := reader.whole_line(line):
        updates = [date for date in date_lines._dates(line, reader)[0] if date.found.label == "updated"]
        latest = max((date.found.moment for date in updates), default=published.found.moment)
        found = date_lines.updated_on(line, published, reader)
        assert (found.found.moment if found else published.found.moment) == latest


@pytest.mark.parametrize("text", ["", "a", "a\n", "a\n\n", "a\n\nb", "ab", "a\nb"])
def test_a_headline_is_set_off_by_an_empty_line_or_the_end(text: str) -> None:
    from copydesk.text.structure.layout import _is_break

    assert (text.startswith("a") and _is_break(text, 1)) == f"{text}\n\n".startswith("a\n\n")


def test_nothing_is_read_where_nothing_stands() -> None:
    assert lines.read_lines("", DateReader("", DatesConfig())) == []
    assert dates.could_hold_date("in 2019 and more") is False


PLACES = (
    "BEIRUT",
    "Beirut",
    "Lebanon",
    "St. Louis",
    "al-Bab",
    "Rio de Janeiro",
    "NEW YORK/PARIS",
    "Ky.",
    "said",
    "the",
)
OPENINGS = st.lists(
    st.sampled_from(
        (*PLACES, " ", " ", ", ", " (AP) ", " - ", " — ", ": ", "/", " SANA ", "-", "3", "March 3", "mars 3rd", "3 mai")
    )
    | st.sampled_from(sorted(names.MONTHS_WRITTEN)),
    max_size=8,
).map("".join)


@given(OPENINGS)
def test_datelines_have_no_small_words_before_their_mark(story: str) -> None:
    mark = datelines._MARK.search(story, 0, 140)
    if mark is not None and not datelines._may_be_place(story[: mark.start()]):
        assert not any(form.pattern.match(story) for form in datelines._WRITTEN)
    if not ("(" in story or "/" in story):
        assert not any(form.pattern.match(story) for form in datelines._WRITTEN if form.brackets)
