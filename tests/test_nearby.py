"""Words a few letters away: the index against a plain computation, and what the finder makes of it."""

from __future__ import annotations

import random

import pytest

from copydesk import languages
from copydesk.text.typos.errors import ErrorType
from copydesk.text.typos.nearby import LONGEST, NearbyWords

ALPHABET = "abcd"
FINDER = languages.model("en").finder


def _distance(a: str, b: str) -> int:
    """Damerau's distance, each pair of neighbours swapped at most once, by the table in every textbook."""
    table = [[i + j if not i or not j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_index_finds_what_a_plain_computation_finds(most: int) -> None:
    rng = random.Random(most)
    strings = ["".join(rng.choices(ALPHABET, k=rng.randrange(1, 9))) for _ in range(400)]
    words, asked = sorted(set(strings[:200])), strings[200:]
    near = NearbyWords(words, ALPHABET)(asked, most)
    found = {(s, w): d for s, w, d in zip(*(column.tolist() for column in near), strict=True)}
    assert found == {
        (s, w): _distance(string, word)
        for s, string in enumerate(asked)
        for w, word in enumerate(words)
        if _distance(string, word) <= most
    }


def test_strings_that_cannot_be_looked_up_have_nothing_near() -> None:
    near = NearbyWords(["abcd", "a" * (LONGEST + 1), "caféd"], ALPHABET)
    assert near(["", "b" * (LONGEST + 5)]).word.tolist() == []
    assert near([]).word.tolist() == []
    assert near(["a" * LONGEST, "éabcd"]).word.tolist() == [0]  # a strange letter is a letter too many


@pytest.mark.parametrize(
    ("token", "meant"),
    [
        ("acommodtion", "accommodation"),
        ("goverrnmnet", "government"),
        ("aod", "and"),
        ("th6e", "the"),
        ("sixte3n", "sixteen"),
    ],
)
def test_damaged_text_has_wider_candidates(token: str, meant: str) -> None:
    words = [candidate.word.lower() for candidate in FINDER.wide([token])[token]]
    assert meant in words


def test_other_text_has_two_letters_only_in_long_words_of_the_same_letters() -> None:
    tokens = ["dissapearance", "downloaders", "recapturedby", "polooning", "Dissapearance", "pleeease"]
    found = FINDER.narrow(tokens)
    assert [c.word for c in found["dissapearance"]] == ["disappearance"]
    assert found["dissapearance"][0].error == ErrorType.TWO_LETTERS
    assert not found["pleeease"], "drawn out on purpose"
    assert not any(found[token] for token in ("downloaders", "recapturedby", "polooning", "Dissapearance"))
    assert FINDER.narrow(["thc"]) == FINDER.close(["thc"])


def test_candidates_do_not_depend_on_what_is_asked_together() -> None:
    tokens = ["acommodtion", "aod", "th6e", "goverrnmnet"]
    alone = {token: languages.load(languages.HERE / "en").finder.wide([token])[token] for token in tokens[:2]}
    together = FINDER.wide(tokens)
    assert all(together[token] == some for token, some in alone.items())
