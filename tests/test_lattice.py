"""Blanks in runs of letters: the cheapest ways of many runs at once, against all ways of each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk import languages
from copydesk.text.typos import lattice
from copydesk.text.typos.lattice import CAPITAL_WITHIN, Channel, Pairs, Question, Run, Weights, Word, Words, cheapest
from copydesk.text.typos.spelt import Spelt

SPELLING = languages.model("en").spelling
TABLE = SPELLING.costs()
WORDS = [Word(3.5, 11, 1.0), Word(5.0, 12, 1.0), Word(8.0, 2, 0.5), Word(6.25, 14, 1.0)]
UNKNOWN = (Word(4.0, 1, 1.0), Word(4.5, 2, 1.0))


def _pairs(pairs: Pairs) -> lattice.Floats:
    return pairs.cost / (1 + (pairs.before * 7 + pairs.after * 3) % 5) + pairs.share


def _spelt(runs: Sequence[str]) -> Spelt:
    return Spelt.of(runs, SPELLING, TABLE)


def _words() -> Words:
    cost, number, share = np.array(WORDS).T
    return Words(cost, number.astype(np.int64), share)


WEIGHTS = Weights(_words, _pairs, lambda number: 2.0 + number % 3, _spelt, UNKNOWN)


def _cost(question: Question, way: Sequence[int]) -> float:
    """What a way costs with the best of the words that its stretches may be."""
    run, channel, *places = question
    states = {run.left: 0.0}
    for start, end in pairwise([0, *way, len(run.letters)]):
        here = [number for a, b, number in zip(*places, strict=True) if (a, b) == (start, end)]
        words = [WORDS[number] if number >= 0 else WORDS[-1 - number].slipped(channel.slip) for number in here]
        letters = run.letters[start:end]
        cost = channel.torn * sum(start < blank < end for blank in run.blanks)
        cost += CAPITAL_WITHIN * sum(a.islower() and b.isupper() for a, b in pairwise(letters))
        if not words:
            words = [UNKNOWN[letters[0].isupper()]]
            cost += channel.unknown + (lattice._JOINED_UNKNOWN if cost else 0)
            cost += float(_spelt([letters]).cost(np.array([0]), np.array([len(letters)]))[0])
        cost += 0 if end in run.blanks or end == len(run.letters) else channel.lost
        following: dict[int, float] = {}
        for word in words:
            to = min(so_far + _pair(before, word) for before, so_far in states.items()) + cost
            following[word.id] = min(to, following.get(word.id, to))
        states = following
    right = Word(WEIGHTS.cost(run.right), run.right, 1.0)
    return min(so_far + _pair(before, right) for before, so_far in states.items())


def _pair(before: int, word: Word) -> float:
    return word.cost / (1 + (before * 7 + word.id * 3) % 5) + word.share


def _ways(size: int) -> Iterator[tuple[int, ...]]:
    for blanks in range(size):
        yield from combinations(range(1, size), blanks)


@st.composite
def _questions(draw: st.DrawFn) -> Question:
    letters = draw(st.text(st.sampled_from("abTé'"), min_size=1, max_size=6))
    size = len(letters)
    blanks = draw(st.frozensets(st.integers(1, size - 1))) if size > 1 else frozenset[int]()
    span = st.tuples(st.integers(0, size - 1), st.integers(1, size), st.integers(-len(WORDS), len(WORDS) - 1))
    places = sorted({(start, end, number) for start, end, number in draw(st.lists(span, max_size=9)) if start < end})
    start, end, word = ([place[column] for place in places] for column in range(3))
    channel = Channel(draw(st.sampled_from([0.0, 7.0])), draw(st.sampled_from([0.0, 1.5, 9.0])), -0.5, 2.0)
    return Question(Run(letters, blanks, draw(st.sampled_from([1, 11])), 12), channel, start, end, word)


@settings(deadline=None, max_examples=40)
@given(st.lists(_questions(), min_size=1, max_size=3))
def test_no_way_is_cheaper(questions: list[Question]) -> None:
    for question, way in zip(questions, cheapest(questions, WEIGHTS), strict=True):
        assert way == sorted(set(way))
        best = min(_cost(question, other) for other in _ways(len(question.run.letters)))
        assert _cost(question, way) == pytest.approx(best)


@settings(deadline=None, max_examples=40)
@given(st.lists(_questions(), min_size=1, max_size=6), st.sampled_from([1, 5, 50]))
def test_ways_do_not_depend_on_what_is_asked_together(questions: list[Question], together: int) -> None:
    ways = cheapest(questions, WEIGHTS)
    assert ways == [cheapest([question], WEIGHTS)[0] for question in questions]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice, "_TOGETHER", together)
        assert cheapest(questions, WEIGHTS) == ways


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(st.sampled_from("abcxyzé1T"), min_size=1, max_size=9), min_size=1, max_size=4))
def test_letters_cost_what_those_of_words_cost(runs: list[str]) -> None:
    """A word costs the surprise of each of its letters, and of its end, behind the three before it."""
    spelt, first = _spelt(runs), 0
    for run in runs:
        codes = SPELLING.numbers(run.lower()).tolist()
        for start in range(len(run)):
            for end in range(start + 1, len(run) + 1):
                letters = [0, 0, 0, *codes[start:end], 0]
                cost = sum(float(TABLE[tuple(letters[at : at + 4])]) for at in range(len(letters) - 3))
                found = spelt.cost(np.array([first + start]), np.array([first + end]))
                assert found[0] == pytest.approx(cost, abs=1e-4)
        first += len(run) + 1


def test_a_letter_that_is_two_in_lower_case_counts_once() -> None:
    assert _spelt(["aİb"]).cost(np.array([0]), np.array([3])).shape == (1,)
    assert len(_spelt(["İİ", "ab"]).inner) == 6


def test_what_is_known_of_words_grows_with_them() -> None:
    segmenter = languages.model("en").segmenter
    for text in ("theharbourwasclosed", "ofthetown", "theharbourwasclosed"):
        segmenter.segment([Run(text, frozenset(), 0, 0)], [Channel(3.0, 5.0, 0.0, 9.0)])
        fields = segmenter._fields()
        assert fields.cost.tolist() == [word.cost for word in segmenter._words]
        assert fields.id.tolist() == [word.id for word in segmenter._words]
        assert fields.share.tolist() == [word.share for word in segmenter._words]
    assert segmenter._fields() is fields
