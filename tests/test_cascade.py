"""The last stages for real-word errors: when the judge is asked, what its answers depend on, and what modes do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import copydesk
from copydesk import languages
from copydesk.config import Config, TyposConfig
from copydesk.languages import LanguageError, session
from copydesk.languages.session import unfolded
from copydesk.text.typos import cascade
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.cascade import divided, verdicts
from copydesk.text.typos.correct import findings, judged
from copydesk.text.typos.encoder import Encoder
from copydesk.text.typos.features import ENCODER
from copydesk.text.typos.model import Model
from copydesk.text.typos.scorers import LinearScorer

FULL, FAST = languages.model("en"), languages.model("en", judge=False)
WRONG = "He walked away form the house and went to the station to wait for his brother."
RIGHT = "The council of the town decided on Tuesday to keep its last ferry running through the winter months."
TEXTS = [
    WRONG,
    RIGHT,
    "The trail was lead by a man who new it all to well, and the jury was their to hear it.",
    "They met then U.S. President Bush. It was form 9 to 5 p.m. in the park, and the peace of paper was lost.",
    f"{RIGHT} {WRONG}",
]


def encoder_of(model: Model) -> Encoder:
    assert model.encoder is not None
    return model.encoder


def counted(model: Model) -> tuple[Model, list[int]]:
    """`model`, and a list that grows with each time that its judge is fetched."""
    fetched: list[int] = []

    def judge() -> Encoder:
        fetched.append(1)
        assert FULL.judge is not None
        return FULL.judge()

    return replace(model, judge=judge), fetched


def test_the_judge_is_fetched_where_the_encoder_doubts_and_only_there() -> None:
    model, fetched = counted(FULL)
    findings([RIGHT], model)
    assert not fetched
    found = findings([WRONG], model)[0]
    assert fetched == [1]
    assert [finding.after for finding in found] == ["from"]


def test_models_that_were_unloaded_are_loaded_again_and_say_the_same() -> None:
    before = findings([WRONG], FULL)
    session.unload()
    assert FULL.encoder is not None and FULL.judge is not None
    assert FULL.encoder.run.session is None and FULL.judge().run.session is None
    assert findings([WRONG], FULL) == before != [[]]


def large_odds(texts: list[str]) -> dict[tuple[str, int, int], float]:
    """What the judge says of every candidate that it is asked about, by text, place and candidate."""
    FULL.forget()
    batch = Batch(texts, FULL.token_types)
    found, features = judged(batch, FULL)
    if not len(found):
        return {}
    odds = verdicts(batch, FULL, found, features).odds.tolist()
    where = zip(found.place.tolist(), found.meant.tolist(), odds, strict=True)
    return {(texts[batch.text[p]], int(batch.start[p]), meant): one for p, meant, one in where if np.isfinite(one)}


def test_an_answer_of_the_judge_does_not_depend_on_the_batch() -> None:
    alone = {key: one for text in TEXTS for key, one in large_odds([text]).items()}
    assert len(alone) > 5
    assert large_odds(TEXTS) == alone
    assert large_odds([*reversed(TEXTS), WRONG, RIGHT]) == alone


def test_windows_that_are_given_together_get_the_states_that_each_gets_alone() -> None:
    assert FULL.encoder and FULL.judge
    ids, at = np.arange(100, 145).reshape(3, 15), np.array([3, 7, 11])
    for run in (FULL.encoder.run, FULL.judge().run):
        assert (run(ids, at) == [run(ids[i : i + 1], at[i : i + 1])[0] for i in range(3)]).all()


def test_the_encoder_alone_is_not_asked_where_nothing_that_it_says_makes_a_finding() -> None:
    text = " ".join(TEXTS)
    batch = Batch([text], FAST.token_types)
    found, _ = judged(batch, FAST)
    for least in (0.2, 0.5, 0.9):
        hopeless = cascade.hopeless(batch, FAST, found, least)
        best = cascade.with_encoder(batch, found, FAST.sets, np.full(len(found), 99, np.float32))
        chance = FAST.probability("encoder", best)
        assert (chance[hopeless] < least).all()
        assert set(found.place[chance >= least].tolist()) <= set(found.place[~hopeless].tolist())
    assert hopeless.any() and not hopeless.all()
    assert not cascade.hopeless(batch, FULL, found, 0.9).any()
    falling = cast(LinearScorer, FAST.scorers["encoder"])._replace(weights=-np.ones(len(ENCODER), np.float32))
    assert not cascade.hopeless(batch, replace(FAST, scorers={**FAST.scorers, "encoder": falling}), found, 0.9).any()


@pytest.mark.parametrize("least", [0.3, 0.5, 0.85])
def test_what_is_found_does_not_depend_on_what_the_encoder_is_not_asked(
    least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAST.forget()
    fewer = findings(TEXTS, FAST, least=least)
    asked = len(encoder_of(FAST).known)
    monkeypatch.setattr(cascade, "hopeless", lambda batch, model, found, least: np.zeros(len(found), bool))
    assert findings(TEXTS, FAST, least=least) == fewer
    assert asked < len(encoder_of(FAST).known) or least < 0.85


def test_a_window_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    FULL.forget()
    first = findings(TEXTS, FULL)
    assert encoder_of(FULL).known
    assert FULL.encoder
    monkeypatch.setattr(FULL.encoder.run, "session", None)  # which would be loaded again to read a window
    assert findings([*TEXTS, "Rain came in the night."], FULL)[:-1] == first
    assert FULL.encoder.run.session is None


def test_which_places_are_judged_does_not_depend_on_the_batch() -> None:
    """A threshold decides, and no rank among the places of a batch."""
    together = findings(TEXTS, FULL)
    FULL.forget()
    assert [findings([text], FULL)[0] for text in TEXTS] == together
    FULL.forget()
    assert findings([*TEXTS, *[WRONG] * 20], FULL)[: len(TEXTS)] == together


def test_modes() -> None:
    assert FAST.judge is None
    confidence = {}
    for mode in ("full", "fast", "off"):
        config = Config.model_validate({"typos": {"mode": mode, "suggest_from": 0.05}})
        edits = copydesk.clean(f"Ferry stays\n\n{' '.join(TEXTS)}", uri="a", config=config).edits
        confidence[mode] = {edit.after: edit.confidence for edit in edits if edit.step == "typos"}
    assert confidence["full"]["from"] > 0.9
    assert confidence["fast"]["from"] > 0.9
    assert confidence["full"] != confidence["fast"]
    assert confidence["off"] == {}


def test_both_modes_know_the_same_language() -> None:
    assert FAST.lexicon is FULL.lexicon
    assert FAST.ngrams is FULL.ngrams
    assert FAST.encoder is FULL.encoder


@pytest.mark.parametrize(("switch", "mode"), [(True, "full"), (False, "off")])
def test_the_switch_of_older_files_is_understood(switch: bool, mode: str) -> None:
    assert TyposConfig.model_validate({"enabled": switch}).mode == mode


def test_of_candidates_near_each_other_none_is_certain() -> None:
    odds = np.array([6.0, 6.0, 9.0, 2.0, 5.0], np.float32)
    wrong = np.array([0.2, 0.9, 0.8, 0.1, 0.7], np.float32)
    found = divided(wrong, odds, np.array([0, 0, 1, 1, 2]))
    assert found.tolist() == pytest.approx([0.45, 0.45, 0.799, 0.001, 0.7], abs=0.001)
    assert divided(wrong[:0], odds[:0], np.zeros(0, np.int64)).tolist() == []


class Sure:
    """A judge that is sure of as many candidates of each place as it is told, all alike."""

    def __init__(self, many: int) -> None:
        self.many = many

    def odds(self, batch: Batch, places: Any, stands: Any, meant: Any) -> Any:
        rank = np.arange(len(places)) - np.searchsorted(places, places)
        return np.where(rank < self.many, 12, -8).astype(np.float32)


@pytest.mark.parametrize("many", [1, 2])
def test_an_error_with_two_remedies_is_not_applied(many: int) -> None:
    """Encoder and n-grams see no difference between the candidates, and the judge between as many as `many`."""
    model = replace(FULL, judge=lambda: cast(Encoder, Sure(many)))
    batch = Batch([WRONG], model.token_types)
    found, features = judged(batch, model)
    form = found.place == int(np.flatnonzero(batch.start == WRONG.index("form"))[0])
    found, features = found.kept(form), features[form]
    features[:] = features[np.argmax(ENCODER.column(features, "encoder_odds"))]
    chance = verdicts(batch, model, found, features).chance
    assert (chance.max() >= TyposConfig().apply_words_from) == (many == 1)
    assert (chance > 0.3).sum() == many


# --- files ------------------------------------------------------------------------------------------------------------


def test_weights_of_four_bits_come_back(tmp_path: Path) -> None:
    packed = np.array([[0x0F, 0x80], [0x3C, 0xFF]], np.uint8)  # two inputs in a byte, the first one low
    ratio = np.array([[[2.0, 10.0]], [[1.0, 0.5]]], np.float16)  # a factor for each block of two inputs
    np.savez(tmp_path / "some.npz", **{"w.four": packed, "w.ratio": ratio, "v": packed})
    # 15 0, 12 3 and 0 8, 15 15, less 8, by the factor, and no further than seven bits go
    expected = [[14, -64], [-16, 0], [4, 4], [-5, 4]]
    found = [(name, weight.tolist()) for name, weight in unfolded(tmp_path / "some.npz")]
    assert found == [("w", expected), ("v", packed.tolist())]


@pytest.fixture
def own_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the files of English, which is used in their place and may be broken."""
    shutil.copytree(languages.HERE / "en", tmp_path / "en")
    with monkeypatch.context() as patched:
        patched.setattr(languages, "HERE", tmp_path)
        languages._model.cache_clear()
        yield tmp_path / "en"
    languages._model.cache_clear()


@pytest.mark.parametrize("name", ["judge.onnx", "judge.weights.npz"])
def test_a_broken_judge_is_told_when_it_is_needed(own_language: Path, name: str) -> None:
    (own_language / name).write_bytes(b"broken")
    assert copydesk.clean(RIGHT, uri="a").article
    with pytest.raises(LanguageError, match=r"judge.onnx cannot be read.*install copydesk again"):
        copydesk.clean(WRONG, uri="a")


def test_a_decision_without_a_threshold_for_the_judge_is_refused(own_language: Path) -> None:
    arrays = dict(np.load(own_language / "decision.npz"))
    del arrays["judge.threshold"]
    np.savez(own_language / "decision.npz", **arrays)
    with pytest.raises(LanguageError, match=r"judge.threshold.*install copydesk again"):
        languages.model("en")


def test_a_decision_on_other_features_is_refused(own_language: Path) -> None:
    arrays = dict(np.load(own_language / "decision.npz"))
    arrays["judge.features"] = arrays["encoder.features"]
    np.savez(own_language / "decision.npz", **arrays)
    with pytest.raises(LanguageError, match="judge was trained with other features"):
        languages.model("en")


def test_a_temporary_folder_that_cannot_be_written_to_is_named(
    own_language: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(LanguageError, match=r"temporary file .*missing.*TMPDIR=/folder"):
        copydesk.clean(WRONG, uri="a")


def test_what_killed_processes_left_of_a_model_is_removed(tmp_path: Path) -> None:
    old, own = tmp_path / "copydesk-model-old", tmp_path / "copydesk-model-own"
    for folder in (old, own):
        folder.mkdir()
        (folder / "weights").write_bytes(b"x")
    os.utime(old, (0, 0))
    session._sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [own]
