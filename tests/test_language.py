"""Languages are identified together as they are alone, and the model gives the answers of py3langid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from copydesk.text import language, language_model

SENTENCES = [
    "La alcaldesa dijo el lunes que el puente viejo seguirá cerrado hasta la primavera.",
    "Belediye pazartesi günü eski köprünün ilkbahara kadar kapalı kalacağını açıkladı.",
    "Кметът каза в понеделник, че старият мост ще остане затворен до пролетта.",
    "Gradonačelnica je u ponedeljak rekla da će stari most ostati zatvoren do proleća.",
    "Градоначелница је у понедељак рекла да ће стари мост остати затворен до пролећа.",
    "", "a", "12 34", "\n\n", "É", "e\u0301", "GEMEINDERAT BESCHLIESST BRÜCKE", "🙂", "\ud800", "漢字",
]  # fmt: skip


@given(st.lists(st.sampled_from(SENTENCES) | st.text(max_size=40)))
@settings(deadline=None)
def test_texts_are_identified_together_as_they_are_alone(texts: list[str]) -> None:
    assert language.languages_of(texts) == [language.language(text) for text in texts]


@pytest.fixture(scope="module")
def theirs() -> LanguageIdentifier:
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(language_model.LANGUAGES)
    return model


def test_the_file_holds_the_model_of_py3langid(theirs: LanguageIdentifier) -> None:
    ours = language_model._model()
    column = np.frombuffer(ours.column, np.uint8)
    width = column.max() + 1
    # Each of our states, and the one of theirs.
    alike = np.unique(
        np.stack([(ours.base + ours.next_state.reshape(-1, width))[:, column].ravel(), np.asarray(theirs.tk_nextmove)]),
        axis=1,
    )
    assert np.array_equal(alike[0], np.arange(1, len(ours.row))), "each is one of theirs, whatever leads to it"
    states = np.r_[0, alike[1]]
    assert np.array_equal(ours.row // width, np.asarray(theirs.tk_row)[states])
    assert np.array_equal(ours.feature, np.asarray(theirs.tk_output)[states])
    assert ours.languages == theirs.nb_classes
    assert np.array_equal(ours.weights, theirs.nb_ptc) and np.array_equal(ours.prior, theirs.nb_pc)
    assert ours.weights.flags.c_contiguous, "numpy takes rows of another layout by copying the whole table"


@pytest.mark.parametrize("text", SENTENCES)
def test_ranks_as_py3langid_does(text: str, theirs: LanguageIdentifier) -> None:
    assert language_model.rank(text) == theirs.rank(text)


@given(st.lists(st.sampled_from(" ".join(SENTENCES).split()) | st.text(max_size=8), max_size=40).map(" ".join))
@settings(deadline=None, max_examples=200)
def test_ranks_any_text_as_py3langid_does(theirs: LanguageIdentifier, text: str) -> None:
    ours, expected = language_model.rank(text), theirs.rank(text)
    assert [code for code, _ in ours] == [code for code, _ in expected]
    assert [p for _, p in ours] == pytest.approx([p for _, p in expected], rel=1e-5, abs=1e-9)


def test_the_most_probable_ones_come_first() -> None:
    assert language_model.rank(SENTENCES[0], 3) == language_model.rank(SENTENCES[0])[:3]
