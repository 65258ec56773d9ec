"""Why a document stayed behind, worded for a reader: what decided it first, and nothing said twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from copydesk.data.rules import explain
from copydesk.records import CRITICAL, INFO

#: The suite under which a run lists what its steps noted; its rules are worded as faults and not as demands.
STEPS = "steps"

#: Where suites judge: the rules of these stages say what should be, those of the others what is wrong.
_JUDGING = {"validate", "gate"}

Row = Mapping[str, Any]


class Reason(NamedTuple):
    """`words` say what is wrong, or what was demanded and not met (`unmet`); `found` is "" where it was said before."""

    severity: str
    unmet: bool
    words: str
    found: str


def demands(checks: Iterable[Row]) -> dict[str, str]:
    """What each rule of the suites demands, in the words of its suite, which may be a user's own."""
    words: dict[str, str] = {}
    for check in checks:
        if check["suite"] != STEPS and check["description"]:
            words.setdefault(check["rule"], check["description"])
    return words


def is_demand(reason: Row) -> bool:
    """Whether the rule of a reason says what should be."""
    return reason["stage"] in _JUDGING


def meaning(reason: Row, demanded: Mapping[str, str]) -> str:
    """The sentence for the rule of a reason."""
    words = demanded.get(reason["rule"]) if is_demand(reason) else None
    return words or explain(reason["rule"])


def decisive(reasons: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The reasons that held a document back, and the others, infos last; without a critical one they all count."""
    reasons = list(reasons)
    critical = [reason for reason in reasons if reason["severity"] == CRITICAL] or reasons
    others = [reason for reason in reasons if reason not in critical]
    return critical, sorted(others, key=lambda reason: reason["severity"] == INFO)


def worded(reasons: Iterable[Row], demanded: Mapping[str, str]) -> tuple[list[Reason], list[Reason]]:
    """The decisive reasons of one document and the others, each observation with the first that made it."""
    said: set[str] = set()

    def word(reason: Row) -> Reason:
        words = meaning(reason, demanded)
        # What is wrong with a whole table repeats the demand behind what was observed.
        found = reason["observed"].removesuffix(f"; {words}")
        fresh = "" if found in said else found
        said.add(found)
        return Reason(reason["severity"], is_demand(reason), words, fresh)

    first, others = decisive(reasons)
    return [word(reason) for reason in first], [word(reason) for reason in others]
