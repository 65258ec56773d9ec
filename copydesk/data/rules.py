"""The meaning, severity and confidence of each rule: `copydesk/data/rules.toml`, one table for each rule."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

#: `measured` of a rule without verdicts, and its confidence: Laplace's estimate from zero observations.
NEVER, UNMEASURED = "never measured", 0.5


class UnknownRule(LookupError):
    """There is no such rule, or it lacks the requested value. The message suggests a rule with a similar name."""


class Rule(NamedTuple):
    """A rule: its name and its `sentence` for the report.

    `severity` is that of the problem that the rule names, None if it names none. `confidence` is the probability that
    an edit of the rule is right, None if it makes no edits or if each edit has its own. `measured` is the evidence for
    the confidence, None for a rule that makes no edits.
    """

    name: str
    sentence: str
    severity: str | None = None
    confidence: float | None = None
    measured: str | None = None


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by name, in the order of the file."""
    tables = tomllib.loads(resources.files("copydesk").joinpath("data/rules.toml").read_text("utf-8"))
    return MappingProxyType({name: Rule(name, **table) for name, table in tables.items()})


def explain(rule: str) -> str:
    """The sentence of `rule`, else of its family (`date.iso` → `date`), else the rule's name as words."""
    known = find(rule)
    if known:
        return known.sentence
    words = re.sub(r"[\W_]+", " ", rule).strip()
    return words[:1].upper() + words[1:] if words else "No rule named"


@cache
def confidence(rule: str) -> float:
    """The probability that an edit of `rule` is right, from the rule or its family.

    Raises `UnknownRule` if the rule is unknown, makes no edits, or if each of its edits has its own confidence.
    """
    known = _known(rule)
    if known.confidence is None:
        why = known.measured or "it makes no edits"
        raise UnknownRule(f"the rule {rule} has no confidence in copydesk/data/rules.toml: {why}")
    return known.confidence


@cache
def severity(rule: str) -> str:
    """The severity of the problem that `rule` names, from the rule or its family: `critical`, `warning` or `info`.

    Raises `UnknownRule` if the rule is unknown or names no problem.
    """
    known = _known(rule)
    if known.severity is None:
        raise UnknownRule(f"the rule {rule} has no severity in copydesk/data/rules.toml: it names no problem")
    return known.severity


def find(rule: str) -> Rule | None:
    """The rule of this name, else its nearest known family, else None."""
    return next((found for name in _families(rule) if (found := rules().get(name))), None)


def similar(rule: str) -> str:
    """`; did you mean date-line?` if the name of a rule is similar to `rule`, else an empty string."""
    close = difflib.get_close_matches(rule, rules(), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _known(rule: str) -> Rule:
    known = find(rule)
    if known is None:
        raise UnknownRule(f"{rule!r} is not a rule of copydesk/data/rules.toml{similar(rule)}")
    return known


def _families(rule: str) -> Iterator[str]:
    while rule:
        yield rule
        rule = rule[: max(rule.rfind(separator) for separator in ".:/")] if re.search("[.:/]", rule) else ""
