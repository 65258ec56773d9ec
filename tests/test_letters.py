"""What texts cost in bits: right readings are cheaper than wrong ones, and the language is the one that was written."""

from __future__ import annotations

import pytest

from copydesk.text import letters

SENTENCES = {
    "en": "The harbour town voted by a wide margin to keep its last ferry",
    "de": "Die Stadt am Hafen will ihre letzte Fähre über den Winter behalten",
    "tr": "İstanbul'da yaşayanlar son vapurun kışın da çalışmasını istiyor",
    "ru": "Жители портового города решили сохранить последний паром на зиму",
    "el": "Οι κάτοικοι του λιμανιού αποφάσισαν να κρατήσουν το τελευταίο πλοίο",
    "he": "תושבי עיר הנמל החליטו לשמור על המעבורת האחרונה בחורף",
    "ckb": "دانیشتوانی شارەکە بڕیاریاندا دوایین کەشتی بۆ زستان بهێڵنەوە",
    "zh": "港口城市的居民决定在冬天保留最后一艘渡轮",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_cheapest_in_its_own_language(language: str) -> None:
    assert letters.Reading(SENTENCES[language]).best()[0] == language


@pytest.mark.parametrize("language", [code for code in SENTENCES if code not in ("en", "zh")])
@pytest.mark.parametrize("wrong", ["latin-1", "cp437", "koi8-r"])
def test_mojibake_costs_more_than_what_was_written(language: str, wrong: str) -> None:
    text = SENTENCES[language]
    assert letters.cost(text.encode("utf-8").decode(wrong)) > letters.cost(text) + 10


def test_any_text_has_a_cost() -> None:
    for text in ("", " ", "1234", "\ud800", "\U0001f600", "\x00\x85", "ⴰⵣⵓⵍ"):
        assert letters.cost(text) >= 0
