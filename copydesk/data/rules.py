"""What each rule means, how serious it is and how sure: `copydesk/data/rules.toml`, one table for each rule."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

#: What `measured` says of a rule whose edits nobody has read, and its confidence: Laplace's estimate before the first.
NEVER, UNMEASURED = "never measured", 0.5


class UnknownRule(LookupError):
    """There is no such rule, or it has not what was asked for. The message names the rule that may have been meant."""


class Rule(NamedTuple):
    """A rule: its name, and its `sentence` for the reader of the report.

    `severity` is that of the problem which the rule names, None where it names none. `confidence` is the probability
    that an edit of the rule is right, None where it makes no edits or each edit has its own. `measured` says what the
    confidence was measured on, None for a rule that makes no edits.
    """

    name: str
    sentence: str
    severity: str | None = None
    confidence: float | None = None
    measured: str | None = None


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its name, in the order of the file."""
    tables = tomllib.loads(resources.files("copydesk").joinpath("data/rules.toml").read_text("utf-8"))
    return MappingProxyType({name: Rule(name, **table) for name, table in tables.items()})


def explain(rule: str) -> str:
    """The sentence for `rule`, or for the family it belongs to (`date.iso` → `date`), or the rule's name as words."""
    known = find(rule)
    if known:
        return known.sentence
    words = re.sub(r"[\W_]+", " ", rule).strip()
    return words[:1].upper() + words[1:] if words else "No rule named"


@cache
def confidence(rule: str) -> float:
    """The probability that an edit of `rule` is right, by the rule or its family.

    Raises `UnknownRule` where there is none: the rule is unknown, makes no edits, or each of its edits has its own.
    """
    known = _known(rule)
    if known.confidence is None:
        why = known.measured or "it makes no edits"
        raise UnknownRule(f"the rule {rule} has no confidence in copydesk/data/rules.toml: {why}")
    return known.confidence


@cache
def severity(rule: str) -> str:
    """How serious the problem is that `rule` names, by the rule or its family: `critical`, `warning` or `info`.

    Raises `UnknownRule` where the rule is unknown or the code notes no problem by this name.
    """
    known = _known(rule)
    if known.severity is None:
        raise UnknownRule(f"the rule {rule} has no severity in copydesk/data/rules.toml: it names no problem")
    return known.severity


def find(rule: str) -> Rule | None:
    """The rule of this name, or the nearest family that is known; None where there is neither."""
    return next((found for name in _families(rule) if (found := rules().get(name))), None)


def similar(rule: str) -> str:
    """`; did you mean date-line?` where the name of a rule is like `rule`, else nothing."""
    close = difflib.get_close_matches(rule, rules(), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _known(rule: str) -> Rule:
    known = find(rule)
    if known is None:
        raise UnknownRule(f"{rule!r} is no rule of copydesk/data/rules.toml{similar(rule)}")
    return known


def _families(rule: str) -> Iterator[str]:
    while rule:
        yield rule
        rule = rule[: max(rule.rfind(separator) for separator in ".:/")] if re.search("[.:/]", rule) else ""
