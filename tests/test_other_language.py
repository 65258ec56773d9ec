"""Typos in another language: data alone, and no module of the engine is touched."""

from __future__ import annotations

import pytest

from copydesk import languages
from copydesk.config import TyposConfig
from copydesk.text.typos.model import Model
from copydesk.text.typos.step import look, settle
from tests import toy_language


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    shelf = tmp_path_factory.mktemp("languages")
    toy_language.write(shelf)
    assert languages.available(shelf) == [toy_language.CODE]
    return languages.model(toy_language.CODE, shelf=shelf)


TOY_CASES = {
    "a shape of its own": ("балака варит ве гарде ла тищура.", "балака варит ве гарде ла тишура."),
    "two letters for one": ("рпорен варит ве гарде ла тишура.", "морен варит ве гарде ла тишура."),
    "a letter of its alphabet": ("балака варит ве гарде ла полта.", "балака варит ве гарде ла полата."),
    "a sign of its own": ("6алака варит ве гарде ла морен.", "Балака варит ве гарде ла морен."),
    "a letter of old print": ("вѣнтал варит ве гарде ла морен.", "вентал варит ве гарде ла морен."),
    "a word run together": ("балака варит вегарде ла морен.", "балака варит ве гарде ла морен."),
    "a word split": ("балака варит ве гарде ла ти шура.", "балака варит ве гарде ла тишура."),
    "a word divided": ("балака варит ве гарде ла ти- шура.", "балака варит ве гарде ла тишура."),
    "a word twice": ("балака варит ве ве гарде ла морен.", "балака варит ве гарде ла морен."),
    "a word before a clitic": ("балака варит ве гарде ла тищура'то.", "балака варит ве гарде ла тишура'то."),
    "a word that is a word": ("рена поварит ве лиске.", "рема поварит ве лиске."),
}
TOY_RIGHT = (
    "балака варит ве гарде ла тишура.",
    "балака'то варит ве гарде ла морен'то.",
    "рена светит ве лиске.",
    "ла ла балака варит.",
    "перебалака варит ве гарде ла морен.",
    "балака варит ве гарде лаполата.",
    "балакаморен варит ве гарде.",
    "The army helcl thc bridge, and he walked away form the the house.",
)


@pytest.mark.parametrize(("text", "expect"), TOY_CASES.values(), ids=TOY_CASES)
def test_typos_of_another_language(toy: Model, text: str, expect: str) -> None:
    config = TyposConfig(apply_words_from=0.85)
    assert settle(text, look([text], toy, config, [()])[0], config)[0] == expect


@pytest.mark.parametrize("text", TOY_RIGHT)
def test_what_is_right_in_another_language_stays(toy: Model, text: str) -> None:
    assert look([text], toy, TyposConfig(), [()]) == [[]]


def test_another_language_knows_its_articles(toy: Model) -> None:
    assert toy.reads("балака варит ве гарде ла тишура")
    assert not toy.reads("the army held the bridge for days")
    assert not languages.model("en").reads("балака варит ве гарде ла тишура")
