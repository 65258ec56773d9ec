"""What holds for any input: nothing raises, edits lead back, cleaning settles, decoding undoes encoding."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from clocks import time_grows
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import copydesk
from copydesk.config import Config, TextConfig, TyposConfig
from copydesk.edits import APPLIED, TEXT, TITLE, apply, published_text
from copydesk.ledger import rebuilds
from copydesk.records import CRITICAL, Cleaned
from copydesk.text.encodings import Undecodable, decode

# Chance looks for new faults on developers' machines; CI tries the same examples each time, so that its answer is one.
SETTINGS = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)

#: What breaks cleaners: pieces of damage, of markup, of lines around a story, joined at random.
MOJIBAKE = ["Ã©", "â€™", "â€œ", "Â\xa0", "ï»¿", "ΓÇÖ", "\x93", "\x85"]
ENTITIES = ["&amp;", "&amp;amp;", "&#39;", "&#x0;", "&#xD800;", "&nbsp;", "&", " #39;s", " quot;"]
MARKUP = ["<b>", "</p>", "<!--", "-->", "<script>", "</script>"]
CUTS = ["[+12 chars]", " AP Photo/Jane Doe"]
SPACES = ["\r\n", "\n", "\n\n", "\n\n\n", " ", "  ", "\t", "\xa0", "\v"]
INVISIBLE = ["\u200b", "\ufeff", "\xad", "\u200d", "\u200c", "\u202e", "\x00", "\x1b[31m"]
QUOTES = ["“", "”", "‘", "’", '"', "'"]
DATES = ["May 21, 2019", "21/05/2019", "1/1/0001", "December 31, 9999", "12:30", "24:59", "UTC+14"]
LINES = ["By Jane Doe", "Source: AP", "1,204 views", "459", "BEIRUT (Reuters) - ", "ARK News: ", "Published: "]
HEADLINES = ["Harbour closes", "Harbour closes…", "Harbour closes | Site", "Harbour Closes"]
STORY = ["The bridge was closed on Monday.", "It will open again.", "word"]
SCRIPTS = ["عربي", "日本語", "İ", "ı", "ß", "ǅ", "e\u0301", "\U0001f600"]
PIECES = st.sampled_from(
    [*MOJIBAKE, *ENTITIES, *MARKUP, *SPACES, *INVISIBLE, *QUOTES, *DATES, *LINES, *CUTS, *HEADLINES, *STORY, *SCRIPTS]
)
MESSY = st.lists(PIECES, max_size=40).map("".join)
TEXTS = st.one_of(st.text(max_size=400), MESSY, st.text("aA1 .,\n\r\t'\"“”’&;#<>/()|-:Ãâ€\u200b\xa0", max_size=200))


def check(cleaned: Cleaned) -> None:
    """Edits are valid one by one, and lead from the source to the row and back."""
    article = cleaned.article
    if article is None:
        assert any(problem.severity == CRITICAL for problem in cleaned.problems)
        return
    assert rebuilds(cleaned)
    assert all(problem.rule != "irreversible" for problem in cleaned.problems)
    texts = {TEXT: cleaned.source_text, TITLE: cleaned.source_title or ""}
    for number, edit in enumerate(cleaned.edits):
        text = texts[edit.field]
        assert (edit.sequence, edit.article_id) == (number, article.article_id)
        assert edit.end - edit.start == len(edit.before)
        assert edit.before != edit.after and 0 <= edit.confidence <= 1
        assert edit.places[0] == edit.start and list(edit.places) == sorted(set(edit.places))
        assert all(text[place : place + len(edit.before)] == edit.before for place in edit.places)
        if edit.status == APPLIED:
            texts[edit.field] = apply(text, edit)
    assert texts[TEXT] == published_text(article.headline, article.body)
    assert article.edit_count == sum(edit.status == APPLIED for edit in cleaned.edits)


@SETTINGS
@given(TEXTS, st.sampled_from(["straight", "curly", "keep"]))
@example("", "straight")
@example("\r", "curly")
@example("31 December 9999 12:00\n\nThe bridge was closed on Monday.", "keep")
def test_any_text_is_cleaned_and_given_back(text: str, quotes: str) -> None:
    config = Config(text=TextConfig.model_validate({"quotes": quotes}))
    check(copydesk.clean(text, uri="any", config=config))


@SETTINGS
@given(TEXTS, st.one_of(st.none(), TEXTS), st.one_of(st.none(), st.text(max_size=30), PIECES))
@example("Harbour closes", " \u200b", None)
@example("Harbour closes\n\n[+12 chars]", "Harbour closes", None)
@example("[+12 chars]", "Harbour closes", None)
def test_any_title_and_date_beside_the_text(text: str, title: str | None, day: str | None) -> None:
    check(copydesk.clean(text, uri="any", title=title, date=day))


@SETTINGS
@given(
    st.one_of(st.binary(max_size=300), TEXTS.map(lambda t: t.encode("utf-8", "surrogatepass"))), st.text(max_size=12)
)
def test_any_bytes_are_cleaned_or_refused(content: bytes, charset: str) -> None:
    check(copydesk.clean(content, uri="any", charset=charset))
    check(copydesk.clean(content, uri="any"))


@SETTINGS
@given(TEXTS)
@example("\\/")  # suggested each time
@example("¬ß\u2000")
@example("\xadâ€™")
@example("0&nbsp;0<p>BY AA\u0590\r0000\u202a")
def test_cleaning_what_was_cleaned_repairs_nothing_more(text: str) -> None:
    """Mojibake aside: ftfy weighs a line as a whole, and it reads otherwise when odd spaces are gone."""
    article = copydesk.clean(text, uri="any").article
    assert article is not None
    again = copydesk.clean(published_text(article.headline, article.body), uri="any")
    made = [edit for edit in again.edits if edit.status == APPLIED]
    rules = {edit.rule for edit in made if edit.step in ("repair", "normalize")}
    assert not rules or "mojibake" in rules


# --- encodings -------------------------------------------------------------------------------------------------------

ENGLISH = "The café on the quay — “closed since Monday” — will open again, the mayor's office said. It costs £3. "
RUSSIAN = "Мост через реку закрыли в понедельник, после того как грузовик задел опору. Никто не пострадал, сказал мэр. "
ARABIC = "أغلق الجسر فوق النهر يوم الاثنين بعد أن صدمت شاحنة أحد أعمدته، وقال رئيس البلدية إن أحدا لم يصب بأذى. "
GREEK = (
    "Η γέφυρα έκλεισε τη Δευτέρα, αφού ένα φορτηγό χτύπησε τον πυλώνα της. Κανείς δεν τραυματίστηκε, είπε ο δήμαρχος. "
)
JAPANESE = "月曜日、トラックが橋脚に衝突したため、川に架かる橋が閉鎖された。けが人はいなかったと市長は述べた。"
CHINESE = "星期一，一辆卡车撞上桥墩后，河上的大桥被关闭。市长说没有人受伤，渡轮将于星期日恢复航行。"
KOREAN = "월요일 트럭이 교각을 들이받은 뒤 강을 가로지르는 다리가 폐쇄되었다. 다친 사람은 없다고 시장이 말했다. "
POLISH = "Most nad rzeką zamknięto w poniedziałek, gdy ciężarówka uderzyła w filar. Burmistrz powiedział – „to cud”. "
TURKISH = (
    "Köprü, bir kamyonun ayağına çarpması üzerine pazartesi günü kapatıldı. Başkan, kimsenin yaralanmadığını söyledi. "
)
HEBREW = "הגשר מעל הנהר נסגר ביום שני אחרי שמשאית פגעה באחד העמודים. איש לא נפגע, אמר ראש העיר. "

ENCODED = [
    *(
        (ENGLISH, e)
        for e in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp1252")
    ),
    *((RUSSIAN, e) for e in ("utf-8", "utf-16-le", "utf-16", "cp1251", "koi8-r", "iso8859-5")),
    *((ARABIC, e) for e in ("utf-8", "utf-16-be", "cp1256", "iso8859-6")),
    *((GREEK, e) for e in ("cp1253", "utf-16")),
    *((JAPANESE, e) for e in ("utf-8", "shift_jis", "euc_jp", "iso2022_jp", "utf-16")),
    *((CHINESE, e) for e in ("utf-8", "gb18030", "gbk", "utf-16-le")),
    *((KOREAN, e) for e in ("euc_kr", "iso2022_kr", "utf-16-be")),
    *((POLISH, e) for e in ("cp1250", "utf-8")),
    *((TURKISH, e) for e in ("cp1254", "utf-8")),
    *((HEBREW, e) for e in ("cp1255",)),
]


@pytest.mark.parametrize(("text", "encoding"), ENCODED, ids=[f"{t[:6]}-{e}" for t, e in ENCODED])
@settings(max_examples=5, deadline=None)
@given(times=st.integers(2, 8))
def test_decoding_undoes_encoding(text: str, encoding: str, times: int) -> None:
    given_text = "\n\n".join([text] * times)
    assert decode(given_text.encode(encoding)).text == given_text


@SETTINGS
@given(st.text(max_size=300).filter(lambda t: "\x00" not in t and "\x1b" not in t and not t.startswith("\ufeff")))
def test_valid_utf8_is_taken_for_what_it_is(text: str) -> None:
    try:
        found = decode(text.encode())
    except Undecodable:
        pytest.fail("valid UTF-8 was refused")
    assert (found.text, found.encoding) == (text, "utf-8")


# --- hostile text takes linear time ----------------------------------------------------------------------------------

REPEATED = [
    *(
        "(",
        ")",
        "[",
        "0",
        "9,",
        "\n",
        "\r\n",
        " \n",
        "x\n",
        "A\n\n",
        "A.\n",
        "\t",
        "- ",
        "--",
        "—",
        "a-",
        "a b ",
        "A B ",
        "A",
    ),
    *("&", "&amp;", "&#", "&#1;", "#39;", "<", "<a ", "<p ", "</", "<!--", "<script>", "http://a "),
    *(
        '"',
        "'",
        "“",
        "’",
        "…",
        "…\n\n",
        "\xa0",
        "\u200b",
        "\u0301",
        "e\u0301",
        "\x1b[",
        "İ",
        "ﷺ",
        "\U0001f468\u200d",
        "あ",
    ),
    *("Ã", "\x93", "â€", "â€ ", "Â "),
    *("By A ", "By A\n\n", "1/1/2019 ", "1/1/2019\n\n", "May ", "May 21 2019 ", "24:59 "),
    *("Source: ", "via A ", "A: ", "A - ", "A | ", "A, ", "459\n\n"),
]
HOSTILE: dict[str, str | Callable[[int], str]] = {
    **{f"{piece!r} again and again": piece for piece in REPEATED},
    "spaces before every line end": lambda size: (" " * 500 + "x") * (size // 501),
    "one paragraph of spaces": lambda size: "a" + " " * size + "b",
    "entities never closed": lambda size: "&" + "a" * size,
    "a tag never closed": lambda size: "<a href=" + "x" * size,
    "a headline in every line": lambda size: "Harbour closes after crane falls\n\n" * (size // 34),
    "a comment in a comment": lambda size: "<!--" * (size // 8) + "-->" * (size // 8),
    "wrapped lines": lambda size: "the harbour was closed after the crane had fallen over it and the\n" * (size // 66),
    "mixed quotes": lambda size: "“a” \"b\" ‘c’ 'd' " * (size // 16),
}
#: Typos have tests of their own (`tests/hostile`).
SMALL, LARGE, WITHOUT_TYPOS = 75_000, 300_000, Config(typos=TyposConfig(mode="off"))


def made_of(kind: str, size: int) -> str:
    made = HOSTILE[kind]
    return made(size) if callable(made) else made * (size // len(made) + 1)


@pytest.mark.no_cover  # tracing each line takes as long as the work, and time is what is measured
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_takes_linear_time(kind: str) -> None:
    def clean(size: int) -> None:
        text = made_of(kind, size)
        copydesk.clean(text, "hostile", WITHOUT_TYPOS, title=text[:2000])

    # Four times the text may take ten times as long; sixteen would be quadratic.
    time_grows(clean, SMALL, LARGE, most=10, floor=0.6, limit=6)
