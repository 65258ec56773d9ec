"""What each rule means, in words. The sentences are data: `copydesk/data/rules.json`, rule → sentence."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources


@cache
def sentences() -> dict[str, str]:
    """Every explained rule and its sentence; empty where the data file is missing."""
    try:
        text = resources.files("copydesk").joinpath("data/rules.json").read_text("utf-8")
    except FileNotFoundError:
        return {}
    return dict(json.loads(text))


def explain(rule: str) -> str:
    """The sentence for `rule`, or for the family it belongs to (`date.iso` → `date`), or the rule's name as words."""
    known = sentences()
    family = rule
    while family:
        if family in known:
            return known[family]
        family = family[: max(family.rfind(separator) for separator in ".:/")] if re.search("[.:/]", family) else ""
    words = re.sub(r"[\W_]+", " ", rule).strip()
    return words[:1].upper() + words[1:] if words else "No rule named"


_CONFIDENCE = {
    "site-name": 0.97,
}


def confidence(rule: str) -> float:
    """The probability that an edit of `rule` is right."""
    return _CONFIDENCE.get(rule, 0.97)
