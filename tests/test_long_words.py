"""Words of more letters than any language has take the time of other text."""

from __future__ import annotations

import pytest
from clocks import cpu_seconds

import copydesk
from copydesk.config import Config

CONFIG = Config.model_validate({"typos": {"mode": "fast"}, "run": {"document_seconds": 100}})
LETTERS = 60_000


def cleaned(body: str) -> copydesk.Cleaned:
    text = f"Bridge closes\n\nMay 2, 2024\n\nThe bridge was closed on Friday. {body} The council said so on Monday.\n"
    return copydesk.clean(text, uri="bridge.txt", config=CONFIG)


@pytest.mark.parametrize(
    "word",
    ["a" * LETTERS, "ab" * (LETTERS // 2), ("a" * 999 + " ") * (LETTERS // 1000), ("a" * 99 + " ") * (LETTERS // 100)],
    ids=["one letter", "two letters", "long words in a row", "words in a row"],
)
def test_a_long_word_takes_the_time_of_other_text(word: str) -> None:
    cleaned("")
    assert cpu_seconds(lambda: cleaned(word)) < 2
    found = cleaned(word).article
    assert found is not None and word.split(maxsplit=1)[0] in found.body


def test_words_run_together_in_a_sentence_are_still_divided() -> None:
    found = cleaned("thebridgewasclosedonfridayafteralorrystruckit.").article
    assert found is not None and "the bridge was closed" in found.body
