"""Mojibake of every known kind is repaired, what is only likely is suggested, and sound text stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clocks import time_grows
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.config import Config
from copydesk.edits import APPLIED, SUGGESTED, undo_all
from copydesk.pipeline import clean_alone
from copydesk.records import Document
from copydesk.text import mojibake
from copydesk.text.mojibake import by_line, eastern, legacy, mixed_words, utf8
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.mojibake.misreadings import NAMES, misreading
from copydesk.text.repair import repair

SENTENCES = {
    "en": "The town’s ferry — “we love it” — stays; the café in Málaga doesn’t, said François.",
    "de": "Die Stadt will ihre Fähre über den Winter behalten – „natürlich“, sagt Bürgermeister Müßig.",
    "fr": "L’église a été rénovée à l’été, où l’on a découvert des pièces très anciennes.",
    "pl": "Mieszkańcy miasta zdecydowali się zachować ostatni prom na zimę, choć władze były przeciwne.",
    "cs": "Obyvatelé přístavu se rozhodli zachovat poslední přívoz, přestože úřady byly proti.",
    "tr": "İstanbul’da yaşayanlar son vapurun kışın da çalışmasını istiyor; belediye kararı doğru buldu.",
    "ru": "Жители портового города решили сохранить последний паром на зиму, хотя власти были против.",
    "uk": "Мешканці міста вирішили зберегти останній пором на зиму, хоча їхня влада була проти.",
    "el": "Οι κάτοικοι του λιμανιού αποφάσισαν να κρατήσουν το τελευταίο πλοίο τον χειμώνα.",
    "ar": "قرر سكان مدينة الميناء الاحتفاظ بالعبارة الأخيرة في فصل الشتاء رغم معارضة السلطات.",
    "fa": "ساکنان شهر بندری تصمیم گرفتند آخرین کشتی را در زمستان نگه دارند.",
    "he": "תושבי עיר הנמל החליטו לשמור על המעבורת האחרונה בחורף למרות התנגדות הרשויות.",
    "zh": "港口城市的居民决定在冬天保留最后一艘渡轮，市政府对此表示欢迎。",
    "ja": "港町の住民は冬の間も最後のフェリーを残すことを決めた。市長は歓迎した。",
}


#: Encodings that text is misread in often enough for it to happen twice.
OFTEN = ("cp1254", "cp1250", "iso8859-2", "cp1251", "mac_roman", "cp437", "cp850", "koi8-r", "cp866")


def read_as(text: str, encoding: str) -> str:
    """UTF-8 misread; bytes that are undefined stand as control characters."""
    chars = misreading("western" if encoding == "cp1252" else encoding).chars
    return "".join(chars[byte] for byte in text.encode("utf-8"))


def repaired(text: str) -> str:
    new, edits = mojibake.mend(text, "repair")
    assert undo_all(new, edits) == text
    return new


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("encoding", [name for name in NAMES if name != "western"])
def test_utf8_misread_once_and_twice(language: str, encoding: str) -> None:
    if (language, encoding) == ("he", "mac_cyrillic"):
        pytest.skip("every letter is a low quotation mark and a capital: „Ш")
    text = SENTENCES[language]
    once = read_as(text, encoding)
    assert repaired(once) == text
    if encoding in OFTEN:
        assert repaired(read_as(once, encoding)) == text


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251", "mac_roman", "cp437", "koi8-r", "cp866"])
def test_one_broken_paragraph_among_good_ones(language: str, encoding: str) -> None:
    text = SENTENCES[language]
    chars = misreading("western" if encoding in ("cp1252", "latin-1") else encoding).chars
    broken = "".join(chars[byte] for byte in text.encode("utf-8"))
    assert repaired(f"{text}\n\n{broken}\n\n{text}") == f"{text}\n\n{text}\n\n{text}"


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("uk", "cp1251"), ("el", "cp1253"), ("tr", "cp1254"),
        ("he", "cp1255"), ("ar", "cp1256"), ("fa", "cp1256"), ("zh", "gb18030"), ("ja", "shift_jis"), ("ja", "euc_jp"),
    ],
)  # fmt: skip
def test_legacy_bytes_read_as_cp1252(language: str, encoding: str) -> None:
    text = " ".join([SENTENCES[language]] * 3).replace("ی", "ي" if encoding == "cp1256" else "ی")
    chars = misreading("western").chars
    assert repaired("".join(chars[byte] for byte in text.encode(encoding))) == text


@pytest.mark.parametrize("language", SENTENCES)
def test_sound_text_stays(language: str) -> None:
    text = SENTENCES[language]
    assert mojibake.mend(text, "repair") == (text, [])
    assert mojibake.mend(text, "repair", known=NAMES) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "NÃO É VERDADE, DIZ SÃO PAULO",
        "√π and ∆° are signs",
        "├── maps\n│   ├── 1901.txt\n│   └── 1902.txt",
        "Η ¨ανατροφή¨ δυστυχώς από τους προπονητές",
        "СССР», США» и ООН… — всё это",
        "L’été, l’église, d’État",
        "NICIODATĂ™ is a brand",
        "Þetta er íslenska og það er ekki tyrkneska, heldur það sem við tölum",
        "iPhone® and Twitter™ cost 10€ per m²",
        "мечтАЛ и отВерх (camel case of a CMS)",
    ],
)
def test_what_only_looks_broken_stays(text: str) -> None:
    assert [edit for edit in mojibake.mend(text, "repair")[1] if edit.status == APPLIED] == []


def test_a_lost_byte_that_leaves_one_character_is_found_and_others_are_marked() -> None:
    text = "И вот: " + SENTENCES["ru"]
    broken = text.encode("utf-8").decode("cp1251", "replace")
    assert "\ufffd" in broken
    assert repaired(broken) == text
    dropped = repaired(text.encode("utf-8").decode("cp1252", "ignore"))
    assert all(b in (a, "\ufffd") for a, b in zip(text, dropped, strict=True))
    assert sum(b == "\ufffd" for b in dropped) < len(text) / 10


def test_no_break_spaces_that_became_spaces() -> None:
    text = SENTENCES["ru"].replace("Жители", "Роман, житель")
    assert repaired(read_as(text, "cp1252").replace("\xa0", " ")) == text


def test_doubt_is_a_suggestion_until_others_prove_it() -> None:
    text = "The width is given in metres ┬▒ for each of the beams."
    new, edits = mojibake.mend(text, "repair")
    assert new == text
    assert [(edit.status, edit.after) for edit in edits] == [(SUGGESTED, "±")]
    new, edits = mojibake.mend(text, "repair", known=("cp866",))
    assert (new, [edit.status for edit in edits]) == (text.replace("┬▒", "±"), [APPLIED])


def test_misreadings_are_named() -> None:
    assert mojibake.misreadings(SENTENCES["ru"]) == ()
    assert mojibake.misreadings(read_as(SENTENCES["ru"], "koi8-r")) == ("koi8-r",)
    assert mojibake.misreadings(read_as(read_as(SENTENCES["ru"], "cp437"), "cp1252")) == ("cp437", "western")


@pytest.mark.no_cover  # time is measured
@pytest.mark.parametrize(
    "unit", ["Ã", "Ã©", "Ã©\n", "é Ã© ", "Ñ ", "Ñ\ufffd", "├⌐", "Ïðèâåò ", "‚È‚ñ", "СР» ", "Ã\x83"]
)
def test_hostile_text_is_linear(unit: str) -> None:
    repair(unit * 1000)  # loads what is loaded when it is first needed
    time_grows(lambda size: repair((unit * (size // len(unit) + 1))[:size]), 50_000, 200_000, most=5, floor=0.5)


def test_the_body_proves_what_a_title_was() -> None:
    document = Document(
        "a.txt", b"", text=f"{read_as(SENTENCES['ru'], 'cp866')}\n\n{read_as(SENTENCES['uk'], 'cp866')}",
        title="Width ┬▒ of the beams in the old harbour",
    )  # fmt: skip
    cleaned = clean_alone([document], Config())[0]
    assert cleaned.article is not None
    assert cleaned.article.headline == "Width ± of the beams in the old harbour"
    alone = clean_alone([replace(document, text=SENTENCES["ru"])], Config())[0]
    assert alone.article is not None
    assert alone.article.headline == document.title


@pytest.mark.parametrize(
    "text",
    [
        "Les voyelles accentuées sont àâéèêëîïôùûü.",
        "ÁÐÉÍÓÚÝÞÆÖ",
        "ÁÁÁÁ ÉÉÉ ÍÍÍ, GOOOL! ÃÃÃÃÃ",
        "√2 and √π are irrational. The number √π comes before √π and after √π.",
        "Γ½ is odd, and Øl is beer",
        "Группа «РЁВ» выступила в Москве.",
        "La lettre Â se prononce",
        "A letra Ã se escreve",
        "Ø±0,5 mm, 2.1 Å±0.1, NESTLÉ²",
        "Â©© 2019",
    ],
)
def test_letters_and_signs_that_are_meant_stay(text: str) -> None:
    assert repair(text)[0] == text


def test_short_lines_follow_what_long_ones_prove() -> None:
    text = f"14 мая 2018\n\n{SENTENCES['ru']}\n\nFoto: Иванов"
    chars = misreading("western").chars
    assert repaired("".join(chars[byte] for byte in text.encode("cp1251"))) == text


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="‘’“”–—…\xa0 .,e't-1\n", max_size=60))
def test_signs_of_good_typesetting_alone_are_never_misread(text: str) -> None:
    """Such texts are passed over; the finders would find nothing in them."""
    misread = utf8.find(Seen(text), NAMES)
    assert misread is None or not misread.repairs
    assert legacy.find(Seen(text)) is None
    assert not list(by_line.find(Seen(text)))
    assert not [*eastern.find(Seen(text)), *mixed_words.find(Seen(text))]
    assert mojibake.mend(text, "repair") == (text, [])
