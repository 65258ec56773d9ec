"""Words one slip away: found by their hashes as they are found by spelling every variant out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk import languages
from copydesk.text.typos import slips
from copydesk.text.typos.slips import LONGEST, Slips
from copydesk.text.typos.variants import Variants

GRAMMAR = languages.grammar(languages.HERE / "en")
VARIANTS = Variants(GRAMMAR)
LETTERS = "abcilmnrtu"
_word = st.text(st.sampled_from(LETTERS + "é'"), max_size=5)


@given(st.lists(_word, max_size=30), st.lists(_word, max_size=8))
def test_words_at_one_letter_are_those_among_all_edits(words: list[str], asked: list[str]) -> None:
    found = Slips(words).of_letters(asked, GRAMMAR.alphabet)
    assert found == [sorted(VARIANTS.edits(string) & set(words)) for string in asked]


@given(st.lists(_word, max_size=30), st.lists(_word, max_size=8))
def test_words_at_one_shape_are_those_among_all_shapes(words: list[str], asked: list[str]) -> None:
    found = Slips(words, GRAMMAR.shapes).of_shapes(asked, [0] * len(asked))
    assert found == [sorted(VARIANTS.shapes(string).keys() & set(words) - {string}) for string in asked]


@given(_word)
def test_shapes_from_a_place_on(string: str) -> None:
    everything = Slips({*VARIANTS.shapes(string), ""}, GRAMMAR.shapes)
    found = [set(words) for at in range(len(string) + 1) for words in everything.of_shapes([string], [at])]
    assert not found[-1]
    assert all(later <= earlier for earlier, later in pairwise(found))
    assert found[0] == VARIANTS.shapes(string).keys() - {string}


def test_many_strings_are_looked_up_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [a + b + c for a in LETTERS for b in LETTERS for c in LETTERS]
    index = Slips(words[::7], GRAMMAR.shapes)
    together = index.of_letters(words, LETTERS), index.of_shapes(words, [0] * len(words))
    monkeypatch.setattr(slips, "TOGETHER", 3)
    assert (index.of_letters(words, LETTERS), index.of_shapes(words, [0] * len(words))) == together
    assert sum(map(len, together[0])) > 100 < sum(map(len, together[1]))


def test_strings_that_are_too_long_are_refused() -> None:
    assert Slips(["a" * (LONGEST - 1)]).of_letters(["a" * LONGEST], "a") == [["a" * (LONGEST - 1)]]
    with pytest.raises(IndexError):
        Slips(["abc"]).of_letters(["a" * (LONGEST + 10)], "a")
