"""What the large judge is trained on and shown: windows, sentences of news, and errors made in them."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from copydesk import languages
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.windows import LONGEST, REACH, Pieces, cut, sentence
from training.judge import decide, news, slips


def read(text: str) -> Batch:
    return Batch([text], languages.model("en").token_types)


def place(batch: Batch, word: str) -> int:
    return next(i for i in range(len(batch)) if batch.token(i) == word)


def shown(text: str, word: str) -> str:
    """The window around the first place of a word, as text."""
    batch = read(text)
    first, last = sentence(batch, place(batch, word))
    return " ".join(batch.token(i) for i in range(first, last))


@pytest.mark.parametrize(
    ("text", "word", "ends"),
    [
        ("The exchanges that Blair had with then U.S. President Bush were read out.", "with", "read out ."),
        ("It was said that Gen. Smith and his men were there.", "said", "were there ."),
        ("They met in the city on Sept. 11 and talked about the war.", "met", "the war ."),
        ("We have moved to the U.S. They stay behind for now.", "moved", "U . S ."),
        ("She was there for an hour or so at 5 p.m. The rest of them went home.", "hour", "p . m ."),
        ("He had been here before the war. Nobody knew what he had done.", "been", "the war ."),
    ],
)
def test_a_window_ends_at_the_end_of_its_sentence(text: str, word: str, ends: str) -> None:
    assert shown(text, word).endswith(ends)


def test_a_window_ends_at_a_paragraph_and_reaches_no_further_than_it_may() -> None:
    assert "second" not in shown("A first line without a dot\nand a second one", "line")
    batch = read(" ".join(["word"] * 60))
    assert sentence(batch, 30) == (30 - REACH, 31 + REACH)


def test_pieces_of_a_window_point_to_the_place_that_is_judged() -> None:
    batch = read("He came form the city")
    pieces = Pieces(["<pad>", "[UNK]", "<s>", "</s>", "<mask>", "he", "came", "form", "the", "ci", "##ty"])
    ids, at = cut(batch, pieces, place(batch, "form"))
    assert [pieces.names[i] for i in ids] == ["<s>", "he", "came", "form", "the", "ci", "##ty", "</s>"]
    assert pieces.names[ids[at]] == "form"


def test_far_pieces_are_cut_from_a_long_window_and_the_place_stays() -> None:
    batch = read(" ".join(["aaaaaa"] * 200 + ["form"] + ["aaaaaa"] * 20))
    pieces = Pieces(["<pad>", "[UNK]", "<s>", "</s>", "<mask>", "a", "##a", "form"])
    ids, at = cut(batch, pieces, place(batch, "form"))
    assert len(ids) == LONGEST
    assert pieces.names[ids[at]] == "form"


def test_sentences_of_news_are_not_cut_at_abbreviations() -> None:
    text = "Mr. Hall met Gen. Lee in the U.S. Senate. It was late.\nA new line"
    assert [text[a:b].strip() for a, b in news.spans(text)] == [
        "Mr. Hall met Gen. Lee in the U.S. Senate.", "It was late.", "A new line",
    ]  # fmt: skip


def test_a_fifth_of_the_articles_is_kept_to_measure_on_and_a_fifth_to_fit_on() -> None:
    parts = Counter(news.part(f"bbc_news/{i}") for i in range(5000))
    assert 900 < parts["held"] < 1100
    assert 900 < parts["fit"] < 1100
    # For ever: a judge that was trained must not be measured on what it has seen.
    assert [news.part(f"bbc_news/{i}") for i in (0, 6, 12)] == ["train", "held", "fit"]


def test_the_same_sentence_has_one_digest_however_it_is_set() -> None:
    assert news.digest("He  said: “No.”") == news.digest('he said "no"')
    assert news.digest("He said no") != news.digest("He said so")


def test_kinds_of_slip_are_told_apart() -> None:
    assert slips.letters("form", "from") == slips.SWAP
    assert slips.letters("lose", "loose") == slips.DOUBLE
    assert slips.letters("though", "through") == slips.FEWER
    assert slips.letters("hat", "hot") == slips.OTHER
    assert slips.letters("our", "out") == slips.KEYS


def test_a_rare_word_is_made_an_error_a_few_times_as_often_as_it_is_meant() -> None:
    words = ["come", "time", "tome"]
    near = {"come": ["tome"], "time": ["tome"], "tome": ["come", "time"]}
    sets = SimpleNamespace(
        words=words,
        ids={w: i for i, w in enumerate(words)},
        near=np.array([words.index(o) for w in words for o in near[w]]),
        first=np.cumsum([0, *(len(near[w]) for w in words)]),
    )
    kinds = {w: dict.fromkeys(near[w], "edit") for w in words}
    counts = Counter({"time": 9000, "come": 3000, "tome": 10})
    made = slips.Slips(sets, kinds, set(), counts)  # type: ignore[arg-type]
    rng = random.Random(1)
    drawn = Counter(
        made.draw(sets.ids[w], rng) for w, n in counts.items() for _ in range(round(n / slips.EVERY))
    )  # fmt: skip
    # 1,000 errors were asked for, each up to three times; the draw is by chance.
    assert 0 < drawn[sets.ids["tome"]] <= 1.4 * 3 * slips.RATIO * (counts["tome"] + 2)
    assert drawn[sets.ids["time"]] + drawn[sets.ids["come"]] <= counts["tome"]
    assert drawn[-1] > 800


def test_a_decision_is_drawn_to_what_was_known_before_the_less_it_is_told() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 2))
    y = rng.random(4000) < 1 / (1 + np.exp(-(2 * x[:, 0] - 3)))
    known = np.array([1.0, 1.0])
    much, few = decide.fit(x, y, known)[0], decide.fit(x[:60], y[:60], known)[0]
    assert much == pytest.approx([2, 0], abs=0.25)
    assert np.abs(few - known).sum() < np.abs(much - known).sum() / 2


def test_errors_found_are_counted_before_so_many_false_changes() -> None:
    odds = np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    assert decide.told(odds, np.array([True, False, True, True, False])).split()[:3] == ["1", "3", "3"]
