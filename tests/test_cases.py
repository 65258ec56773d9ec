"""The cases as data, each run by the step that it is about, and the golden rows of `examples/raw`.

`cases/README.md` says what a case of each step looks like. A case in `cases/known_failures` fails today; the build
fails when it begins to pass.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import copydesk
from copydesk import languages
from copydesk.config import Config, DatesConfig, TyposConfig
from copydesk.edits import TEXT, Edit, published_text, rebuild, undo_all
from copydesk.records import CRITICAL
from copydesk.text import dates
from copydesk.text.encodings import decode
from copydesk.text.language import language
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair
from copydesk.text.structure import Given, Layout, structure
from copydesk.text.typos.step import look, settle

HERE = Path(__file__).parent
CASES = HERE / "cases"
RAW = HERE.parent / "examples" / "raw"
STEPS = ("decode", "repair", "normalize", "dates", "structure", "language", "typos", "whole")
CONFIG = Config()
#: What is asked of typos stands among the cases of `typos`.
WITHOUT_TYPOS = Config(typos=TyposConfig(mode="off"))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def plain(value: Any) -> Any:
    """A field's value as JSON writes it."""
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, str | int) else value.isoformat()


def files(step: str) -> list[Path]:
    """`repair.jsonl`, and where a step has many cases `structure-languages.jsonl` beside `structure.jsonl`."""
    return sorted(path for path in CASES.glob("*.jsonl") if path.stem.partition("-")[0] == step)


def known_failures(step: str) -> list[dict[str, Any]]:
    path = CASES / "known_failures" / f"{step}.jsonl"
    return rows(path) if path.exists() else []


def cases(step: str, failing: bool = True) -> pytest.MarkDecorator:
    """Run a test on every case of `step`; one that is known to fail must fail, and by what it finds, not by a crash."""
    sound = [pytest.param(row, id=row["name"]) for path in files(step) for row in rows(path)]
    broken = [
        pytest.param(
            row,
            id=f"known failure: {row['name']}",
            marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=row["why"]) if failing else (),
        )
        for row in known_failures(step)
    ]
    return pytest.mark.parametrize("case", sound + broken)


# --- one test for each step -------------------------------------------------------------------------------------------


@cases("decode")
def test_decode(case: dict[str, Any]) -> None:
    first, last = case.get("cut", (0, 0))
    content = b"".join(text.encode(codec) for text, codec in case["parts"])
    whole = "".join(text for text, _ in case["parts"])
    if first:
        whole = "\ufffd" + whole[1:]
    if last:
        whole = whole[:-1] + "\ufffd" * (not whole[-1].isascii())
    found = decode(content[first : len(content) - last])
    assert found.text == case.get("expect", whole)
    assert found.encoding == case.get("encoding", found.encoding)


def repaired(case: dict[str, Any]) -> tuple[str, list[Edit]]:
    return repair(case["text"], misreadings=case.get("proven", ()))


@cases("repair")
def test_repair(case: dict[str, Any]) -> None:
    assert repaired(case)[0] == case["expect"]


def normalized(case: dict[str, Any]) -> tuple[str, list[Edit]]:
    return normalize(case["text"], case.get("quotes", CONFIG.text.quotes))


@cases("normalize")
def test_normalize(case: dict[str, Any]) -> None:
    assert normalized(case)[0] == case["expect"]


READ = {"anywhere": dates.find_date, "line": dates.whole_line, "field": dates.parse_date}


@cases("dates")
def test_dates(case: dict[str, Any]) -> None:
    config = DatesConfig(numeric_order=case["numeric_order"]) if "numeric_order" in case else CONFIG.dates
    found = READ[case.get("as", "anywhere")](case["text"], config)
    if case["expect"] is None:
        assert found is None
    else:
        assert found is not None
        assert {name: plain(getattr(found, name)) for name in case["expect"]} == case["expect"]


def structured(case: dict[str, Any]) -> tuple[Layout, list[Edit]]:
    return structure(case["text"], Given(case.get("title"), case.get("date"), case["name"]), CONFIG.dates)


@cases("structure")
def test_structure(case: dict[str, Any]) -> None:
    layout, _ = structured(case)
    assert {name: plain(getattr(layout, name)) for name in case["expect"]} == case["expect"]
    held_back = {problem.rule for problem in layout.problems if problem.severity == CRITICAL}
    noted = {problem.rule for problem in layout.problems}
    assert held_back <= set(case.get("problems", ())) <= noted


@cases("structure", failing=False)
def test_the_text_of_a_structure_case_is_what_the_steps_before_leave(case: dict[str, Any]) -> None:
    """Else the case is one of `whole`: it fails for more reasons than its step."""
    text = case["text"]
    assert normalize(repair(text)[0], CONFIG.text.quotes)[0] == text, "move the case to whole.jsonl"


@cases("language")
def test_language(case: dict[str, Any]) -> None:
    assert language(case["text"]) == case["expect"]
    # No language is made of another's letters when it is seen through a narrower window.
    assert language(case["text"][:100]) in (case["expect"], "und")


@cases("typos")
def test_typos(case: dict[str, Any]) -> None:
    found = look([case["text"]], languages.model("en"), CONFIG.typos, [()])[0]
    assert settle(case["text"], found, CONFIG.typos)[0] == case["expect"]


@cases("whole")
def test_whole(case: dict[str, Any]) -> None:
    cleaned = copydesk.clean(case["text"], uri=case["name"], config=WITHOUT_TYPOS)
    article = cleaned.article
    assert article is not None
    assert {name: plain(getattr(article, name)) for name in case["expect"]} == case["expect"]
    assert rebuild(article.headline, article.body, cleaned.edits) == cleaned.source_text


# --- what holds of every case, known to fail or not -------------------------------------------------------------------


@cases("repair", failing=False)
def test_the_edits_of_a_repair_undo_it(case: dict[str, Any]) -> None:
    text, edits = repaired(case)
    assert undo_all(text, edits) == case["text"]


@cases("normalize", failing=False)
def test_the_edits_of_normalize_undo_it(case: dict[str, Any]) -> None:
    text, edits = normalized(case)
    assert undo_all(text, edits) == case["text"]


@cases("structure", failing=False)
def test_the_edits_of_structure_undo_it(case: dict[str, Any]) -> None:
    layout, edits = structured(case)
    assert undo_all(published_text(layout.headline, layout.body), edits, TEXT) == case["text"]


@cases("repair", failing=False)
def test_a_case_of_repair_goes_through_all_steps(case: dict[str, Any]) -> None:
    goes_through_all_steps(case)


@cases("normalize", failing=False)
def test_a_case_of_normalize_goes_through_all_steps(case: dict[str, Any]) -> None:
    goes_through_all_steps(case)


@cases("structure", failing=False)
def test_a_case_of_structure_goes_through_all_steps(case: dict[str, Any]) -> None:
    goes_through_all_steps(case)


def goes_through_all_steps(case: dict[str, Any]) -> None:
    """Nothing that a later step does breaks the way back to the source."""
    cleaned = copydesk.clean(case["text"].encode(), uri=case["name"], config=WITHOUT_TYPOS)
    assert cleaned.article is not None
    assert rebuild(cleaned.article.headline, cleaned.article.body, cleaned.edits) == cleaned.source_text
    assert "irreversible" not in {problem.rule for problem in cleaned.problems}


# --- the files themselves ---------------------------------------------------------------------------------------------


def test_every_file_of_cases_belongs_to_a_step() -> None:
    assert {path.stem.partition("-")[0] for path in CASES.glob("*.jsonl")} == set(STEPS)
    assert {path.stem for path in (CASES / "known_failures").glob("*.jsonl")} <= set(STEPS)
    described = (CASES / "README.md").read_text("utf-8")
    assert not [step for step in STEPS if f"| `{step}" not in described]


@pytest.mark.parametrize("step", STEPS)
def test_a_case_stands_once(step: str) -> None:
    sound = [row for path in files(step) for row in rows(path)]
    broken = known_failures(step)
    names = Counter(row["name"] for row in sound + broken)
    assert [name for name, count in names.items() if count > 1] == []
    assert not [row["name"] for row in sound if "why" in row]
    assert not [row["name"] for row in broken if not row.get("why")]


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["uri"]) for row in rows(HERE / "golden/examples.jsonl") if row["uri"].endswith(".txt")],
)
def test_golden_example(row: dict[str, Any]) -> None:
    article = copydesk.clean((RAW / row["uri"]).read_bytes(), uri=row["uri"]).article
    expected = {"encoding": "utf-8"} | row
    got = {name: plain(getattr(article, name)) for name in expected}
    got["encoding"], expected["encoding"] = (codecs.lookup(x["encoding"]).name for x in (got, expected))
    assert got == expected
