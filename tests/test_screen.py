"""A rule that the screen leaves out of a text would have found nothing in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.text import repair, screen
from copydesk.text.mojibake import indicators
from copydesk.text.program_code import shows_code
from copydesk.text.screen import CHARACTERS, COMPOSING, SUSPECT, Screen

#: What rules look for, whole or nearly so, among characters of every kind.
PIECES = [
    "&amp;", "&amp;lt;", "&quot", "& #39;", "quot;", "it#39;s", "<b>", "</B>", "<BR>", "x<P>", "\\n", "\\u2019",
    "b'a\\nb'", "%E2%80%99", "%u2019", "<U+2019>", "<e2><80>", "=E2=80=99", "=\n", "+IBk-", "=3D", "doesn?t", "caf?",
    "it\ufffds", "Ã©", "â€™", "Ã ", "вЂ", "ГЁ", "Ð¿Ñ€", "ΓÇÖ", "鈥檚", "ðŸ˜", "Ýstanbul", "Ïðèâåò", "dйput", "оf",
    "Kyοto", "ي", "كپ", "ێ", "veri\x00cation", "veri fi cation", "\ufb01 rst", "veri\ufb01 cation", "the of and",
    "ofce", "rst", "nancial", "ﬁ", "ﻡ", "ךת", "x\u2011y", "𝐁𝐨𝐥𝐝", "Ⓐⓑ", "it`s", "Tom´s", "``x''", "a¬\nb", "\xad",
    "\u200b", "\u200f", "\x85", "\x92s", "e\u0301", "q\u0323\u0307", "\u1100\u1161", "\u212b", "(c)", "import os\n",
    "f('x')", "\\d+", "newline", "HTML", " ", "\n", "a", "é", "’", "“", "–", "ş", "и", "ا", "क", "漢", "한",
]  # fmt: skip
CHARS = st.one_of(st.characters(), *(st.from_regex(chars, fullmatch=True) for chars in CHARACTERS.values()))
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), CHARS), max_size=40).map("".join)


class Everything(Screen):
    """A screen that leaves no rule out."""

    #: Kinds that a rule asks for by what it means, and not only to save time.
    MEANT = screen.PERSIAN_LETTERS | screen.KURDISH_LETTERS

    def has(self, kind: int) -> bool:
        return super().has(kind) if kind & self.MEANT else True

    def has_pair(self, first: int, second: int) -> bool:
        return True

    def has_row(self, kind: int, length: int) -> bool:
        return True

    def words_with(self, kind: int) -> Iterator[tuple[int, int]]:
        yield from super().words_with(screen.NOT_ASCII | kind)


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_the_screen_changes_no_repair(text: str) -> None:
    screened = repair.repair(text)
    with pytest.MonkeyPatch.context() as patch:
        for module in (repair, screen, indicators):
            patch.setattr(module, "Screen", Everything)
        assert repair.repair(text) == screened


@settings(deadline=None)
@given(TEXTS)
def test_a_screen_tells_the_kinds_of_the_characters(text: str) -> None:
    seen = Screen(text)
    for kind, chars in CHARACTERS.items():
        found = [is_of_kind(char, chars) for char in text]
        if all(char <= "\uffff" for char in text):  # beyond, several kinds share one place
            assert seen.has(kind) is any(found)
            assert seen.has_pair(kind, SUSPECT) is any(
                first and is_of_kind(char, CHARACTERS[SUSPECT]) for first, char in zip(found, text[1:], strict=False)
            )
            assert seen.has_row(kind, 3) is any(all(found[i : i + 3]) for i in range(len(found) - 2))
        assert seen.has(kind) >= any(found)


def is_of_kind(char: str, chars: str) -> bool:
    return re.fullmatch(chars, char) is not None


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@given(TEXTS)
@settings(deadline=None, max_examples=50)
def test_a_long_text_is_looked_up_in_chunks(size: int, text: str) -> None:
    whole = Screen(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen, "_CHUNK", size)
        pieces = Screen(text)
        assert pieces.found == whole.found
        for kind in CHARACTERS:
            assert pieces.has_pair(kind, SUSPECT) == whole.has_pair(kind, SUSPECT)
            assert pieces.has_row(kind, 4) == whole.has_row(kind, 4)
        assert set(pieces.words_with(SUSPECT)) >= set(whole.words_with(SUSPECT))


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_texts_are_repaired_together_as_they_are_alone(texts: list[str]) -> None:
    together = screen.screens(texts)
    assert [one.found for one in together] == [Screen(text).found for text in texts]
    assert [[*one.words_with(SUSPECT)] for one in together] == [[*Screen(text).words_with(SUSPECT)] for text in texts]
    assert [one[:2] for one in repair.repair_all(texts)] == [repair.repair(text) for text in texts]


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_without_composing_characters_is_in_form_nfc(text: str) -> None:
    assert Screen(text).has(COMPOSING) or unicodedata.is_normalized("NFC", text)


def test_every_character_is_in_form_nfc_after_others_or_composing() -> None:
    for code in range(0x10000):
        for before in ("a", "\u0627", "\u0915", "\u1100", "\uac00", "\u304b"):
            text = before + chr(code)
            if not 0xD800 <= code < 0xE000:
                assert Screen(text).has(COMPOSING) or unicodedata.is_normalized("NFC", text), text


@pytest.mark.parametrize(
    "text", ["print('x')", 'a call f(b"x") is', "import os", "with \\d+ and", "a newline", "the regular expressions"]
)
def test_texts_that_show_code(text: str) -> None:
    assert shows_code(f"He wrote:\n{text}\nand left.")


@pytest.mark.parametrize("text", ["print ('x')", "from the town", "escape the town", "line\\nline\\nline\\nf('x')"])
def test_texts_that_show_none(text: str) -> None:
    assert not shows_code(text)
