"""The lexicon is a text with a table beside it, and answers as a dictionary of its lines would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.text.typos.lexicon import ORDINARY, PROPER, RARE, Lexicon, Word

KINDS = {"w": ORDINARY, "n": PROPER, "nw": ORDINARY | PROPER, "r": RARE}
_words = st.text(st.sampled_from("abcé'ł🙂"), min_size=1, max_size=4)
_entries = st.dictionaries(_words, st.tuples(st.integers(0, 99), st.sampled_from(sorted(KINDS))), max_size=40)
Entries = dict[str, tuple[int, str]]


def made(entries: Entries) -> Lexicon:
    return Lexicon("".join(f"{word}\t{zipf}\t{kinds}\n" for word, (zipf, kinds) in entries.items()))


def plain(entries: Entries) -> dict[str, Word]:
    return {word: Word(zipf / 10, KINDS[kinds]) for word, (zipf, kinds) in entries.items()}


@given(_entries, st.lists(_words | st.text(max_size=3)))
def test_answers_as_a_dictionary_does(entries: Entries, asked: list[str]) -> None:
    lexicon, expected = made(entries), plain(entries)
    assert list(lexicon.items()) == list(expected.items()) and len(lexicon) == len(expected)
    for word in [*entries, *asked]:
        assert lexicon.get(word) == expected.get(word) and (word in lexicon) == (word in expected)
        assert lexicon.zipf(word) == (expected[word].zipf if word in expected else 0)


def test_words_are_found_where_all_begin_in_one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"word{number}" for number in range(50)]
    monkeypatch.setitem(Lexicon.__init__.__globals__, "hash", lambda word: -1)
    lexicon = Lexicon("".join(f"{word}\t{number}\tw\n" for number, word in enumerate(words)))
    assert [lexicon.zipf(word) for word in words] == [number / 10 for number in range(50)]
    assert "word50" not in lexicon


@given(_entries, _entries)
def test_words_of_another_one_stand_as_they_do_there(entries: Entries, others: Entries) -> None:
    assert dict(made(entries).replaced(made(others)).items()) == plain(entries) | plain(others)
    assert dict(made(entries).without(others).items()) == {w: e for w, e in plain(entries).items() if w not in others}


@given(_entries, st.integers(0, 99), st.sampled_from([ORDINARY, PROPER | RARE, ORDINARY | PROPER | RARE]))
def test_words_of_a_kind_that_are_frequent_enough(entries: Entries, least: int, kinds: int) -> None:
    expected = [w for w, entry in plain(entries).items() if entry.zipf >= least / 10 and entry.kind & kinds]
    assert made(entries).words(least / 10, kinds) == expected


def test_the_last_line_may_lack_its_end_and_there_may_be_none() -> None:
    assert list(Lexicon("a\t10\tw\nb\t9\tn")) == ["a", "b"]
    assert not len(Lexicon()) and "a" not in Lexicon()


@pytest.mark.parametrize(
    "text", ["word", "a\t10\n", "a\t\tw\n", "a\t100\tw\n", "a\tx\tw\n", "a\t1\tz\n", "a\t1\t\n", "a\t1\tw\tw\nb\t1\n"]
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a line of the lexicon has"):
        Lexicon(text)
