"""Every rule that the steps can name is explained in words."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from copydesk.data import rules as data
from copydesk.data.bundled import bundled
from copydesk.data.lists import table
from copydesk.data.rules import Rule, UnknownRule, confidence, rules, severity
from copydesk.text.typos.errors import ErrorType

ROOT = Path(__file__).parent.parent


def spans(path: Path) -> Iterator[str]:
    """The names of rules in calls of what makes edits, decisions and problems, read from the code."""
    where = {"Span": 3, "Problem": 1, "Decision": 0, "Column": 0, "Furniture": 0}
    where |= {"unread": 1, "_failed": 1, "Stopped": 0, "confidence": 0, "severity": 0}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in where:
            place = where[node.func.id]
            if len(node.args) > place and isinstance(node.args[place], ast.Constant):
                yield str(node.args[place].value)


@pytest.mark.parametrize("path", sorted((ROOT / "copydesk").rglob("*.py")), ids=lambda p: p.stem)
def test_every_rule_in_the_code_is_explained(path: Path) -> None:
    assert set(spans(path)) - rules().keys() == set()


def words(path: Path) -> set[str]:
    """Every string in a module or in a file of data."""
    if path.suffix == ".py":
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return set(re.findall(r"[a-z]+(?:-[a-z]+)*", path.read_text("utf-8")))


def test_every_rule_is_one_that_something_can_name() -> None:
    """In the code, in the list of furniture, in a suite, or put together as the rules of typos are."""
    named = {kind.rule for kind in ErrorType}
    for path in (ROOT / "copydesk").rglob("*.py"):
        named |= words(path)
    for path in (ROOT / "copydesk" / "data" / "furniture.toml", *bundled("expectations").glob("*.json")):
        named |= words(path)
    assert rules().keys() - named == set()


def test_what_furniture_is_called_is_a_rule_that_edits() -> None:
    furniture = table("furniture.toml")
    named = {*furniture["anywhere"], *furniture["edges"], *(row["rule"] for row in furniture["pattern"])}
    assert {name for name in named if name not in rules() or rules()[name].confidence is None} == set()


def test_rules_are_found_at_all() -> None:
    found = {rule for path in (ROOT / "copydesk" / "text").rglob("*.py") for rule in spans(path)}
    assert {"entity", "date-line", "headline-near", "paragraph-break"} <= found


@pytest.mark.parametrize("suite", ["articles", "edits", "partitions", "run"])
def test_every_expectation_is_explained(suite: str) -> None:
    expectations = json.loads((bundled("expectations") / f"{suite}.json").read_text("utf-8"))["expectations"]
    assert {e["meta"]["rule"] for e in expectations} - rules().keys() == set()


def test_rules_are_well_formed() -> None:
    for rule in rules().values():
        assert rule.severity in (None, "critical", "warning", "info"), rule.name
        assert rule.confidence is None or (0 < rule.confidence <= 1 and rule.measured), rule.name


def test_what_a_rule_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        Rule("date", "The date.", None, 0.9, "right 8 of 8, a test, 2026-11"),
        Rule("date.iso", "An ISO date.", "info"),
        Rule("typo", "A typo.", None, None, "each edit has its own"),
    ]
    monkeypatch.setattr(data, "rules", lambda: {rule.name: rule for rule in known})
    assert confidence.__wrapped__("date.numeric.day") == 0.9
    assert severity.__wrapped__("date.iso") == "info"
    with pytest.raises(UnknownRule, match=r"'dat' is not a rule of .*; did you mean date\?"):
        confidence.__wrapped__("dat")
    with pytest.raises(UnknownRule, match=r"date.iso has no confidence .*: it makes no edits"):
        confidence.__wrapped__("date.iso")
    with pytest.raises(UnknownRule, match=r"typo has no confidence .*: each edit has its own"):
        confidence.__wrapped__("typo")
    with pytest.raises(UnknownRule, match="date has no severity"):
        severity.__wrapped__("date")
