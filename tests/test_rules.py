"""Every rule that the steps can name is explained in words."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from copydesk.data.bundled import bundled
from copydesk.data.rules import sentences

ROOT = Path(__file__).parent.parent


def spans(path: Path) -> Iterator[str]:
    """The names of rules in calls of `Span`, `Problem`, `ColumnLine` and `Likeness`, read from the code."""
    where = {"Span": 3, "Problem": 1, "ColumnLine": 0, "Likeness": 0}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in where:
            place = where[node.func.id]
            if len(node.args) > place and isinstance(node.args[place], ast.Constant):
                yield str(node.args[place].value)


@pytest.mark.parametrize("path", sorted((ROOT / "copydesk").rglob("*.py")), ids=lambda p: p.stem)
def test_every_rule_in_the_code_is_explained(path: Path) -> None:
    assert set(spans(path)) - sentences().keys() == set()


def test_rules_are_found_at_all() -> None:
    found = {rule for path in (ROOT / "copydesk" / "text").rglob("*.py") for rule in spans(path)}
    assert {"mojibake", "date-line", "headline-cut-off", "paragraph-break"} <= found


@pytest.mark.parametrize("suite", ["articles", "edits", "partitions", "run"])
def test_every_expectation_is_explained(suite: str) -> None:
    expectations = json.loads((bundled("expectations") / f"{suite}.json").read_text("utf-8"))["expectations"]
    assert {e["meta"]["rule"] for e in expectations} - sentences().keys() == set()
