"""Typos: what is corrected, what never is, and what holds of every correction."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nights import STORY, night, table

import copydesk
from benchmarks import damaged, typos
from benchmarks.correctors import ours
from copydesk import languages
from copydesk.cli import main
from copydesk.config import Config, TyposConfig
from copydesk.edits import APPLIED, SUGGESTED, undo_all
from copydesk.languages import LanguageError
from copydesk.languages.evidence import evidence
from copydesk.languages.learn import learn
from copydesk.languages.protected import ProtectedError, read
from copydesk.text.typos import batch as batch_module
from copydesk.text.typos import correct, guard, ngrams
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.correct import Finding, findings, judged
from copydesk.text.typos.features import ENCODER
from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.state import estimated
from copydesk.text.typos.step import DIGITS, LONGEST, look, settle
from copydesk.warehouse import Warehouse

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "cases" / "typos.jsonl").read_text("utf-8").splitlines()]
SETTINGS = TyposConfig()
MODEL = languages.model("en")


def corrected(text: str, **settings: Any) -> str:
    """`text` as an unattended run would leave it."""
    config = TyposConfig(**settings)
    return settle(text, look([text], MODEL, config, [()])[0], config)[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_edits_of_a_case_undo_it(case: dict[str, str]) -> None:
    found = look([case["text"]], MODEL, SETTINGS, [()])[0]
    new, edits = settle(case["text"], found, SETTINGS)
    assert undo_all(new, edits) == case["text"]
    for edit in edits:
        assert edit.step == "typos"
        assert SETTINGS.suggest_from <= edit.confidence < 1
        real = edit.rule == "typo-real-word"
        assert (edit.status == APPLIED) == (
            edit.confidence >= (SETTINGS.apply_words_from if real else SETTINGS.apply_from)
        )


def test_figures_do_not_fall() -> None:
    """Accuracy on sentences of the project's own; floors are only ever raised."""
    floors = json.loads((HERE / "floors.json").read_text("utf-8"))["typos"]
    sets = typos.sentences(HERE.parent / "benchmarks" / "typos")
    applied = typos.measure(ours(MODEL, SETTINGS.apply_from, SETTINGS.apply_words_from), sets)
    both = typos.measure(ours(MODEL, SETTINGS.suggest_from), sets)
    assert applied["clean"]["made"] <= floors["clean_changes"]
    assert applied["nonword"]["recall"] >= floors["nonword_recall"]
    assert applied["nonword"]["precision"] >= floors["nonword_precision"]
    assert applied["realword"]["recall"] >= floors["realword_applied_recall"]
    assert applied["realword"]["precision"] >= floors["realword_precision"]
    assert both["realword"]["recall"] >= floors["realword_suggested_recall"]


def test_damaged_text_does_not_fall() -> None:
    """Precision and recall of what is applied, on lines of the project's own; floors are only ever raised."""
    floors = json.loads((HERE / "floors.json").read_text("utf-8"))["damaged"]
    applied = ours(MODEL, SETTINGS.apply_from, SETTINGS.apply_words_from)
    for name, rows in damaged.run(HERE.parent / "benchmarks" / "typos", {"applied": applied}).items():
        precision, recall = floors[name]
        assert rows["applied"].score.precision >= precision, name
        assert rows["applied"].score.recall >= recall, name


@pytest.mark.parametrize(
    "text",
    [
        "She ar the seat of a bishop, Kallimos was burned twice.",
        "The app runs on iPhone, and SoundBox sends it to @maryread or #blackfriday.",
        "var shareLinkTop = twitterVia; hideEmail(isChannel);",
        "The cul de sac behind the church is closed.",
        "Osman Kassanoglu and Mirela Dvorashka met in Arvelo.",
    ],
)
def test_blanks_that_are_right_stay(text: str) -> None:
    certain = [f for f in findings([text], MODEL)[0] if f.confidence >= SETTINGS.apply_from]
    assert not [f for f in certain if f.rule in ("typo-merged", "typo-split", "typo-spaces")]


def test_places_of_a_second_reading_are_those_of_the_text() -> None:
    text = "They wentto the ho use ofthe minlster, and askcd hlm tocome with t h e m tothe court inthe town."
    found = findings([text], MODEL)[0]
    assert len(found) > 5
    for one in found:
        stands = text[one.start : one.end]
        assert stands == stands.strip() and one.after.strip() != stands
        before, after = text[one.start - 1 : one.start], text[one.end : one.end + 1]
        assert not before.isalnum() and not after.isalnum()


def test_a_damaged_text_is_read_twice_only_if_something_was_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    reading = correct._read

    def watched(batch: Batch, texts: list[str], *more: Any) -> Any:
        read.append(texts)
        return reading(batch, texts, *more)

    monkeypatch.setattr(correct, "_read", watched)
    mended = "They wentto the ho use ofthe minlster, and askcd hlm tocome."
    strange = "The vurkul and the mazzik of the tolmir met the drovak in a hagrit."
    assert estimated(Batch([mended, strange], MODEL.token_types), 2).damaged.all()
    findings([mended, strange], MODEL)
    assert [len(texts) for texts in read] == [2, 1]
    assert read[1][0].startswith("They went to the house")


#: Texts in which many words are in doubt: every other place of some of them.
_DOUBTFUL_TEXTS = [
    *(case["text"] for case in CASES),
    STORY,
    'He said that it was "unprecedented and based on pretty specious regal grounds."',
    "They went form the town to the see, and the trail was lead by then Gen. John Smith, who new it all to well",
    "The principle of the school was sued. It mite have bean the weather",
]


def _log_odds(texts: list[str]) -> dict[tuple[str, int, int], float]:
    """What the encoder says of every candidate in doubt, by text, place and candidate."""
    MODEL.forget()
    batch = Batch(texts, MODEL.token_types)
    found, features = judged(batch, MODEL)
    odds = ENCODER.column(features, "encoder_odds").tolist()
    where = zip(found.place.tolist(), found.meant.tolist(), odds, strict=True)
    return {(texts[batch.text[place]], int(batch.start[place]), meant): one for place, meant, one in where}


@pytest.mark.parametrize("size", [2, 7, 64])
def test_an_answer_does_not_depend_on_the_batch(size: int) -> None:
    texts = list(_DOUBTFUL_TEXTS)
    odds = {key: one for text in texts for key, one in _log_odds([text]).items()}
    MODEL.forget()
    alone = {text: findings([text], MODEL)[0] for text in texts}
    assert len(odds) > 30
    random.Random(size).shuffle(texts)
    for first in range(0, len(texts), size):
        some = texts[first : first + size]
        together = _log_odds(some)
        assert together == {key: one for key, one in odds.items() if key[0] in some}
        MODEL.forget()
        for text, found in zip(some, findings(some, MODEL), strict=True):
            assert [f[:4] for f in found] == [f[:4] for f in alone[text]]
            assert [round(f.confidence, DIGITS) for f in found] == [round(f.confidence, DIGITS) for f in alone[text]]


def test_a_sentence_that_is_too_long_for_the_encoder_keeps_its_place() -> None:
    numbers = " ".join(["98,765,432.19"] * 14)  # 14 tokens, and over a hundred pieces
    for text in (f"{numbers} he walked away form the house", f"he walked away form the {numbers}"):
        assert any(finding.after == "from" for finding in findings([text], MODEL, least=0.0)[0])


@pytest.mark.parametrize(
    ("text", "left"),
    [("I don #39;t knwo", ["don #39;t"]), ("said quot;deepest", ["quot;deepest"]), ("ham &#8217;s", ["ham &#8217;s"])],
)
def test_pieces_of_broken_entities_are_no_places(text: str, left: list[str]) -> None:
    spans = guard.things(text)
    assert all(any(text[start:end] == piece for start, end in spans) for piece in left)
    batch = Batch([text], MODEL.token_types)
    fixed = guard.untouchable(batch, [text])
    inside = {batch.token(place) for place in np.flatnonzero(fixed)}
    assert {token for piece in left for token in MODEL.token_types.tokenize(piece) if not token.isspace()} == inside


def test_the_word_before_a_broken_entity_is_left_alone() -> None:
    assert [f.after for f in findings(["They saw the thc&#8217;s house"], MODEL)[0]] == []
    assert [f.after for f in findings(["They saw the thc house"], MODEL)[0]] == ["the"]


@pytest.mark.parametrize("unit", ["a", "#1", "&#", " #", "quot;", "a #"])
def test_hostile_entities_take_linear_time(unit: str) -> None:
    began = time.process_time()
    guard.things(unit * 100_000 + ";")
    assert time.process_time() - began < 5


def test_the_encoder_sends_no_usage_anywhere() -> None:
    code = (
        "import os, copydesk\n"
        "copydesk.clean('He walked away form the house and new it.', uri='a')\n"
        "import sys; assert 'onnxruntime' in sys.modules\n"
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_findings_do_not_overlap_and_hold_no_line_break() -> None:
    text = "Tlie gov ernment ofthe the\ncity witli\n\nthc peopl e helcl a a meeting form dawn"
    found = findings([text], MODEL, least=0.01)[0]
    assert found
    for one, other in pairwise(found):
        assert one.end <= other.start
    assert all("\n" not in text[f.start : f.end] for f in found)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "a", "(" * 5000, "Ã" * 5000, "0" * 5000, "a b " * 3000, "\u0000\ufffd\U0001f600", "ß’s ſ"]
)
def test_odd_texts_are_left_as_they_are(text: str) -> None:
    assert corrected(text) == text


def test_very_long_texts_are_left_alone() -> None:
    text = "Tlie army helcl thc bridge. " * (LONGEST // 20)
    assert len(text) > LONGEST
    assert look([text, "Thc army left."], MODEL, SETTINGS, [(), ()])[0] == []


def test_tokens_lose_nothing() -> None:
    text = "“Assad’s” U.S.-led don't 1,000.5 v0te 5pm it's\n\n_x_ \u200b é"
    assert "".join(MODEL.token_types.tokenize(text)) == text


@given(st.text(st.sampled_from("ab9éS '’.,-_\n\t\u00a0"), max_size=40))
def test_tokens_with_their_blanks_are_the_same_tokens(text: str) -> None:
    tokenize = MODEL.token_types.tokenize
    with_blanks = tokenize.with_blanks(text)
    assert "".join(with_blanks) == text
    apart = [part for token in with_blanks for part in ([token] if token.isspace() else [token.rstrip(" "), " "])]
    assert [part for part in apart if part != " "] == [token for token in tokenize(text) if token != " "]
    for token in with_blanks:
        assert token.isspace() or token in (token.rstrip(" "), token.rstrip(" ") + " ")


def test_other_languages_are_left_alone() -> None:
    for text in (
        "El presidente dijo que el gobiemo de la república no ha firmado el acuerdo con los rebeldes del norte.",
        "Der Minister sagte, das Geld fur die Schulen werde im nachsten Jahr nicht reichen, die Stadt müsse warten.",
        "قال المتحدث باسم الحكومة إن المحادثات ستستأنف يوم الخميس في العاصمة بعد توقف دام أسبوعين",
    ):
        cleaned = copydesk.clean(f"{text}\n\n{text}", uri="a")
        assert not [edit for edit in cleaned.edits if edit.step == "typos"]


def test_a_whole_document() -> None:
    text = (
        "Truce begins at midnight\n\nMay 18, 2019\n\n"
        + STORY.replace("was closed", "was closecl")
        + " tbe end ofthe day."
    )
    cleaned = copydesk.clean(text, uri="a")
    assert cleaned.article is not None
    assert "was closed" in cleaned.article.body
    assert "the end of the day" in cleaned.article.body
    assert cleaned.article.edit_count == sum(edit.status == APPLIED for edit in cleaned.edits)
    assert not cleaned.problems


def test_a_headline_that_came_beside_the_text() -> None:
    cleaned = copydesk.clean(STORY, uri="a", title="Tlie bridge  over the river is closed")
    assert cleaned.article is not None
    assert cleaned.article.headline == "The bridge over the river is closed"
    assert not cleaned.problems
    assert {edit.field for edit in cleaned.edits if edit.step == "typos"} == {"text", "title"}


def test_it_can_be_switched_off() -> None:
    config = Config.model_validate({"typos": {"mode": "off"}})
    assert not [
        e
        for e in copydesk.clean("Tlie army helcl thc bridge for days.", uri="a", config=config).edits
        if e.step == "typos"
    ]


def test_thresholds() -> None:
    found = [Finding(0, 3, "the", "typo-shape", 0.8)]
    new, edits = settle("thc end", found, TyposConfig(apply_from=0.9, suggest_from=0.5))
    assert (new, edits[0].status) == ("thc end", SUGGESTED)
    new, edits = settle("thc end", found, TyposConfig(apply_from=0.7, suggest_from=0.5))
    assert (new, edits[0].status) == ("the end", APPLIED)
    assert settle("thc end", found, TyposConfig(apply_from=0.9, suggest_from=0.85)) == ("thc end", [])


def test_protected_words(tmp_path: Path) -> None:
    file = tmp_path / "protected.txt"
    file.write_text("helcl  # a dialect\n[example.com]\nclosecl\n", "utf-8")
    config = Config.model_validate({"typos": {"protected": str(file)}})
    text = f"The road was closecl.\n\nThe army helcl the road and thc bridge.\n\n{STORY}"
    here = copydesk.clean(text, uri="https://example.com/a", config=config).article
    there = copydesk.clean(text, uri="https://example.org/a", config=config).article
    assert here is not None
    assert there is not None
    assert "closecl" in here.headline + here.body
    assert "closecl" not in there.headline + there.body
    assert "helcl the road and the bridge" in here.body
    with pytest.raises(ProtectedError, match="cannot be read"):
        read(str(tmp_path / "nothing.txt"))


def test_evidence_is_told_in_words() -> None:
    text = "The soldiers left thc town, and he walked away form the house."
    for edit in settle(text, findings([text], MODEL)[0], SETTINGS)[1]:
        said = evidence(text, edit._replace(start=text.index(edit.before)), "en")
        assert edit.before in said
        assert said.endswith(".")


# --- the files of a language ------------------------------------------------------------------------------------------


def test_files_are_those_that_were_trained() -> None:
    folder = languages.HERE / "en"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    files = {path.name for path in folder.iterdir() if path.name not in ("manifest.json", "README.md")}
    assert files == manifest["files"].keys()
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256, name


def test_a_language_is_small() -> None:
    assert sum(path.stat().st_size for path in (languages.HERE / "en").iterdir()) <= 110_000_000


@pytest.fixture
def own_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the files of English, which is used in their place and may be broken."""
    shutil.copytree(languages.HERE / "en", tmp_path / "en")
    with monkeypatch.context() as patched:
        patched.setattr(languages, "HERE", tmp_path)
        languages._model.cache_clear()
        yield tmp_path / "en"
    languages._model.cache_clear()


def test_a_broken_file_is_told(own_language: Path) -> None:
    (own_language / "ngrams.npz").write_bytes(b"broken")
    with pytest.raises(LanguageError, match="install copydesk again"):
        languages.model("en")


def test_a_broken_encoder_stops_the_run_and_condemns_no_document(own_language: Path) -> None:
    (own_language / "encoder.onnx").write_bytes(b"broken")
    with pytest.raises(LanguageError, match="install copydesk again"):
        copydesk.clean(f"He walked away form the house.\n\n{STORY}", uri="a")


def test_every_key_of_the_grammar_is_documented() -> None:
    readme = (languages.HERE / "en" / "README.md").read_text("utf-8")
    for field in dataclasses.fields(Grammar):
        assert f"| `{field.name}` |" in readme, field.name


def test_a_wrong_grammar_is_told(own_language: Path) -> None:
    file = own_language / "grammar.toml"
    file.write_text(file.read_text("utf-8").replace("clitics =", "clitic ="), "utf-8")
    with pytest.raises(LanguageError, match="clitic, clitics"):
        languages.model("en")


def test_features_in_another_order_are_refused(own_language: Path) -> None:
    arrays = dict(np.load(own_language / "decision.npz"))
    arrays["joined.features"] = arrays["joined.features"][::-1]
    np.savez(own_language / "decision.npz", **arrays)
    with pytest.raises(LanguageError, match="joined was trained with other features"):
        languages.model("en")


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_table_of_ngrams_gives_back_what_was_counted() -> None:
    rng = np.random.default_rng(0)
    stream = rng.zipf(1.3, 40_000).astype(np.uint32) % 500
    made = ngrams.build(stream, 500, {2: 1, 3: 1, 4: 2}, ())
    pairs = [(int(a), int(b)) for a, b in pairwise(stream[:301])]
    whole = list(zip(stream.tolist(), stream.tolist()[1:], strict=False))
    right = sum(
        abs(made.counts([np.array([a], np.uint64), np.array([b], np.uint64)])[0] / whole.count((a, b)) - 1) < 0.06
        for a, b in pairs
    )
    assert right >= 0.95 * len(pairs)  # a full bucket leaves out its rarest
    assert made.counts([np.array([499], np.uint64), np.array([498], np.uint64)])[0] in (0, whole.count((499, 498)))


def test_a_batch_knows_where_its_tokens_stand() -> None:
    texts = ["Assad's men — the 1st\n\nof two.", "", "x"]
    batch = Batch(texts, MODEL.token_types)
    for place in range(len(batch)):
        token = texts[batch.text[place]][max(0, batch.start[place]) : batch.end[place]]
        assert token == batch.token(place) or batch.token(place).isspace()


def test_a_dot_behind_an_abbreviation_ends_no_sentence() -> None:
    text = "Blair met then U.S. President Bush on Sept. 9. Gen. J. Smith said no. He left."
    batch = Batch([text], MODEL.token_types)
    ends = [int(batch.start[place]) for place in np.flatnonzero(batch.ends) if batch.token(place) == "."]
    assert ends == [text.index("9.") + 1, text.index("no.") + 2, len(text) - 1]


def test_a_sentence_is_read_beyond_an_abbreviation() -> None:
    """Cut at the dot of "U.S." this is judged as "had with then U.", and is made: "had with the U.", at .99."""
    text = "The papers include details of exchanges that Mr Blair had with then U.S. President George W. Bush."
    assert all(finding.confidence < SETTINGS.suggest_from for finding in findings([text], MODEL)[0])


def test_tokens_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "MOST_TYPES", 50)
    texts = [case["text"] for case in CASES]
    before = [findings([text], MODEL)[0] for text in texts]
    monkeypatch.undo()
    assert len(MODEL.token_types.tokens) < 500
    assert [findings([text], MODEL)[0] for text in texts] == before


# --- learning ---------------------------------------------------------------------------------------------------------


def _articles(folder: Path) -> None:
    for number in range(8):
        text = (
            f"Market day {number} in the town\n\nMay {number + 1}, 2024\n\nThe zorvani sellers of Qarhabad met. {STORY}"
        )
        (folder / f"{number}.txt").write_text(text, "utf-8")


def test_learning(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "warehouse"
    raw.mkdir()
    _articles(raw)
    night(raw, warehouse, typos={"suggest_from": 0.99, "apply_from": 0.99, "apply_words_from": 0.99})
    assert len(table(warehouse, "articles")) == 8
    store = Warehouse.open(str(warehouse))
    report = learn(store, tmp_path / "learned", "en", 0.3)
    assert {"zorvani", "Qarhabad"} <= {word for word, _ in report.words}
    first = {p.name: p.read_bytes() for p in (tmp_path / "learned" / "en").iterdir()}
    learn(store, tmp_path / "again", "en", 0.3)
    assert {p.name: p.read_bytes() for p in (tmp_path / "again" / "en").iterdir()} == first
    words = ["learn", "--warehouse", str(warehouse), "--out", str(tmp_path / "cli")]
    assert CliRunner().invoke(main, words).stderr == "copydesk: 8 documents\n", "their bytes are not known"
    after = languages.model("en", str(tmp_path / "learned"))
    assert after.lexicon.knows("zorvani")
    assert not MODEL.lexicon.knows("zorvani")
    with pytest.raises(LanguageError, match="copydesk learn"):
        languages.model("en", str(tmp_path / "nothing"))
