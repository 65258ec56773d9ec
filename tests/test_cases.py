"""The cases as data: `cases/*.jsonl`, and the golden rows of `examples/raw`."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

import copydesk
from copydesk.edits import published_text, rebuild
from copydesk.records import CRITICAL
from copydesk.text.encodings import decode
from copydesk.text.language import language

HERE = Path(__file__).parent
RAW = HERE.parent / "examples" / "raw"


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / path).read_text(encoding="utf-8").splitlines() if line]


def plain(value: Any) -> Any:
    """A field's value as JSON writes it."""
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, str | int) else value.isoformat()


def cases(path: str) -> list[Any]:
    return [pytest.param(row, id=row["name"]) for row in rows(path)]


@pytest.mark.parametrize("case", cases("cases/structure.jsonl") + cases("cases/languages.jsonl"))
def test_structure(case: dict[str, Any]) -> None:
    cleaned = copydesk.clean(case["text"].encode(), uri=case["name"])
    article = cleaned.article
    assert article is not None
    assert {name: plain(getattr(article, name)) for name in case["expect"]} == case["expect"]
    assert rebuild(article.headline, article.body, cleaned.edits) == cleaned.source_text
    held_back = {problem.rule for problem in cleaned.problems if problem.severity == CRITICAL}
    noted = {problem.rule for problem in cleaned.problems}
    assert held_back <= set(case.get("problems", ())) <= noted


@pytest.mark.parametrize("case", cases("cases/repair.jsonl"))
def test_repair(case: dict[str, Any]) -> None:
    article = copydesk.clean(case["text"].encode(), uri=case["name"]).article
    assert article is not None
    assert published_text(article.headline, article.body) == case["expect"]


@pytest.mark.parametrize("case", cases("cases/language.jsonl"))
def test_language(case: dict[str, Any]) -> None:
    assert language(case["text"]) == case["expect"]
    # No language is made of another's letters when it is seen through a narrower window.
    assert language(case["text"][:100]) in (case["expect"], "und")


@pytest.mark.parametrize("case", cases("cases/decode.jsonl"))
def test_decode(case: dict[str, Any]) -> None:
    """`parts` are texts, each with the codec that writes it; `cut` is how many bytes are lost at the start and the end.

    A character of which bytes are lost is expected to be U+FFFD, unless `expect` says otherwise.
    """
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


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["uri"]) for row in rows("golden/examples.jsonl") if row["uri"].endswith(".txt")],
)
def test_golden_example(row: dict[str, Any]) -> None:
    article = copydesk.clean((RAW / row["uri"]).read_bytes(), uri=row["uri"]).article
    expected = {"encoding": "utf-8"} | row
    got = {name: plain(getattr(article, name)) for name in expected}
    got["encoding"], expected["encoding"] = (codecs.lookup(x["encoding"]).name for x in (got, expected))
    assert got == expected
