"""What typos are never looked for in, and how strange a string is spelt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk import languages
from copydesk.text.typos import guard, intended
from copydesk.text.typos.apostrophes import Apostrophes
from copydesk.text.typos.batch import BREAK, FOREIGN, KNOWN, LOWER, OPEN, STOP, WORD, Batch
from copydesk.text.typos.correct import findings
from copydesk.text.typos.intended import LONGEST, on_purpose
from copydesk.text.typos.spelling import Spelling

MODEL = languages.model("en")


def _marked(text: str) -> list[str]:
    """The words of a text that stand as they are on purpose."""
    batch = Batch([text], MODEL.token_types)
    places = np.flatnonzero([token.isalpha() for token in map(batch.token, range(len(batch)))])
    marked = on_purpose(batch, [text], MODEL.grammar.intended, places)
    return [batch.token(int(place)) for place in places[marked]]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("It was a very good vot (sic), he said.", "very good vot"),
        ("It was a very good vote [ sic ] he said.", "very good vote"),
        ("He called it “a big win” twice.", "a big win"),
        ('He called it "a very big win" twice.', ""),
        ("It is the dogs' home and the cats' home.", ""),
        ('She said "we ain\'t going home today" and left.', "we going home today"),
        ("They were dancin' all night.", "dancin"),
        ("He sings.\n\n'Tis a day of joy. The rest is plain.", "Tis a day of joy"),
        ('"Hold me / love me" is the chorus.', "Hold me love me"),
        ("Read setup.py before the end.The rest waits.", "setup py"),
        ("One.\n\nRed, green, blue, pink, grey and black.", "Red green blue pink grey and black"),
        ("One.\n\nRed, green, blue, and then the house was sold.", ""),
        ("One.\n\nSports news\n\nTwo.", "Sports news"),
        ("Sports news", ""),
    ],
)
def test_text_that_is_written_so_on_purpose(text: str, marked: str) -> None:
    assert _marked(text) == marked.split()


@given(st.text(st.sampled_from("ab,; .x-é"), max_size=60))
def test_a_paragraph_without_the_part_has_not_the_whole(text: str) -> None:
    for part, pattern in intended._PARTS:
        assert part.search(text) or not pattern.search(text)


@given(st.lists(st.sampled_from("sic thou 'Tis spelt a “b c” . ! ? ‘em ’tis".split()), max_size=20))
def test_the_words_of_a_paragraph_are_those_of_its_sentences(words: list[str]) -> None:
    text = " ".join(words)
    sentences = [intended._words(sentence[0]) for sentence in intended._SENTENCE.finditer(text)]
    assert intended._words(text) - {""} == set().union(*sentences) - {""}


@pytest.mark.parametrize("unit", ['"a ', "a, ", "(sic) ", "x.y ", "a\n", "{(;", "'tis ", "“ ", "in' "])
def test_hostile_paragraphs_take_linear_time(unit: str) -> None:
    text = unit * 40_000
    batch = Batch([text], MODEL.token_types)
    places = np.array([len(batch) // 2], np.int64)
    on_purpose(batch, [text], MODEL.grammar.intended, places)  # looks at no more than 2 * LONGEST characters
    assert len(text) > 2 * LONGEST


def test_a_paragraph_with_more_words_of_another_grammar_is_foreign() -> None:
    text = "He came home.\n\nDas ist nicht, was Australien und Indien brauchen.\n\nHe left again with the others."
    batch = Batch([text], MODEL.token_types)
    places = np.array([p for p in range(len(batch)) if batch.token(p) in {"home", "Australien", "again"}])
    assert guard.foreign(batch, MODEL.foreign, MODEL.grammar.function_words, places).tolist() == [False, True, False]


def test_a_word_behind_an_initial_or_a_title_is_a_name() -> None:
    text = "J.F. Bere and Mr Kope saw Dr. Hause. The Hause was tall. Mr goes."
    batch = Batch([text], MODEL.token_types)
    places = np.array([p for p in range(len(batch)) if batch.token(p) in {"Bere", "Kope", "Hause", "goes"}])
    assert guard.names(batch, places).tolist() == [True, True, True, False, False]


def test_guards_hold_for_real_words_too() -> None:
    plain = "The two men will stand trail for murder in the capital next month."
    assert [f.after for f in findings([plain], MODEL)[0]] == ["trial"]
    for text in (
        plain.replace("trail", "trail (sic)"),
        plain.replace("for murder", "for murder, as it was spelt in the note,"),
        f"As he wrote:\n\n{plain.replace('month.', 'month, as thou hast said.')}",
    ):
        assert not findings([text], MODEL)[0], text


def test_strange_spelling_is_more_surprising() -> None:
    words = "kassan government regimc interesdt thhe"
    kassan, government, regimc, interesdt, thhe = MODEL.spelling.strangeness(words.split())
    assert max(government, regimc) < 12 < interesdt
    assert kassan < 12 < thhe
    assert MODEL.spelling.strangeness([]).shape == (0,)


def test_strangeness_does_not_depend_on_what_is_asked_together() -> None:
    words = ["a", "thhe", "séb", "government", "x9", ""]
    together = MODEL.spelling.strangeness(words)
    assert together.tolist() == [MODEL.spelling.strangeness([word])[0] for word in words]


def test_a_table_of_another_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="another alphabet"):
        Spelling(MODEL.spelling.surprise, "abc")


def test_two_candidates_near_each_other_share_what_they_are_believed() -> None:
    found = findings(["An additional evalution was needed before anything could be built there."], MODEL)[0]
    assert all(finding.confidence < 0.85 for finding in found)


def test_no_apostrophes_without_a_list() -> None:
    batch = Batch(["They dont know."], MODEL.token_types)
    assert not list(Apostrophes.none().find(batch, np.zeros(len(batch), bool)))


@given(st.text(st.sampled_from("ab9 .,;&#x@/\\`_<>-\ncomquthplgX"), max_size=60))
def test_a_screened_text_is_searched_as_any_other(text: str) -> None:
    spans = [
        match.span() for sign, pattern in guard._THINGS.items() if sign in text for match in pattern.finditer(text)
    ]
    spans += [match.span() for pattern in (guard._ENTITY_PIECE, guard._DOMAIN) for match in pattern.finditer(text)]
    assert sorted(guard.things(text)) == sorted(spans)


def _window(batch: Batch, place: int) -> bool:
    """Whether the words around a place are foreign, one at a time: as `guard.foreign` has it for whole batches."""
    strange = guard.among(batch, MODEL.foreign)
    around = []
    for steps in (range(place - 1, place - 1 - guard.REACH, -1), range(place + 1, place + 1 + guard.REACH)):
        for at in steps:
            if not 0 <= at < len(batch) or batch.flags[at] & (BREAK | STOP | OPEN):
                break
            around.append(at)
    odd = [
        at for at in around if strange[at] or batch.flags[at] & FOREIGN or batch.flags[at] & (LOWER | KNOWN) == LOWER
    ]
    words = [at for at in around if batch.flags[at] & WORD]
    beside = any(strange[at] for at in (place - 1, place + 1) if 0 <= at < len(batch))
    of_others = len(words) >= 2 and any(strange[at] for at in around) and 2 * len(odd) >= len(words)
    return beside or of_others or (len(words) >= 3 and 3 * len(odd) >= 2 * len(words))


@given(
    st.lists(st.sampled_from(["das", "ist", "the", "house", "xqzw", "über", "Москва", ".", ",", "“", "5"]), max_size=20)
)
def test_passages_are_found_in_a_batch_as_one_by_one(words: list[str]) -> None:
    batch = Batch(["He left.", " ".join(words), "das ist"], MODEL.token_types)
    places = np.arange(len(batch))
    own = MODEL.grammar.function_words
    in_line = guard._in_foreign_paragraph(batch, MODEL.foreign, own, places)
    found = guard.foreign(batch, MODEL.foreign, own, places)
    assert found.tolist() == (in_line | [_window(batch, place) for place in places]).tolist()


def test_a_word_in_capitals_counts_twice_for_itself_in_small_letters() -> None:
    batch = Batch(["Thc THC thc thc", "THC thc"], MODEL.token_types)
    at = {token: [p for p in range(len(batch)) if batch.token(p) == token] for token in ("thc", "THC")}
    places = np.array([*at["thc"], *at["THC"]])
    assert guard.repeated(batch, places).tolist() == [4, 4, 3, 1, 1]
    ignored = np.zeros(len(batch), bool)
    ignored[at["THC"][0]] = True
    assert guard.repeated(batch, places[:3], ignored).tolist() == [2, 2, 3]
