"""Why a document stayed behind, worded for a reader: what decided it first, and nothing said twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from copydesk.data.rules import explain
from copydesk.records import CRITICAL, INFO

#: The suite under which a run lists what its steps noted; its descriptions say what is wrong.
STEPS = "steps"

#: Where suites judge: what a rule of these stages means stands in its suite, and of the others in `rules.toml`.
_JUDGING = {"validate", "gate"}

Row = Mapping[str, Any]


class Reason(NamedTuple):
    """`words` say what is wrong, `found` what was observed, "" where it was said before."""

    severity: str
    words: str
    found: str


def failed(check: Row) -> str:
    """What is wrong where a check failed, with the number of its failing rows."""
    count = check["unexpected_count"]
    if check["suite"] == STEPS:
        return str(check["description"] or check["rule"])
    one, many = check.get("failure") or ("", "")  # reports of earlier versions have none
    if many and count > 1:
        return str(many).replace("{count}", f"{count:,}")
    return str(one or f"Failed: {check['description'] or check['rule']}").replace("{count}", f"{count:,}")


def faults(checks: Iterable[Row]) -> dict[str, str]:
    """What is wrong with one document that a rule of the suites fails, in the words of its suite."""
    words: dict[str, str] = {}
    for check in checks:
        if check["suite"] != STEPS:
            words.setdefault(check["rule"], failed({**check, "unexpected_count": 1}).removesuffix(".") + ".")
    return words


def meaning(reason: Row, known: Mapping[str, str]) -> str:
    """The sentence for the rule of a reason; `known` are those of suites."""
    words = known.get(reason["rule"]) if reason["stage"] in _JUDGING else None
    return words or explain(reason["rule"])


def decisive(reasons: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The reasons that held a document back, and the others, infos last; without a critical one they all count."""
    reasons = list(reasons)
    critical = [reason for reason in reasons if reason["severity"] == CRITICAL] or reasons
    others = [reason for reason in reasons if reason not in critical]
    return critical, sorted(others, key=lambda reason: reason["severity"] == INFO)


def worded(reasons: Iterable[Row], known: Mapping[str, str]) -> tuple[list[Reason], list[Reason]]:
    """The decisive reasons of one document and the others, each observation with the first that made it."""
    said: set[str] = set()

    def word(reason: Row) -> Reason:
        words = meaning(reason, known)
        found = (
            "" if reason["observed"] in said or reason["observed"] == words.removesuffix(".") else reason["observed"]
        )
        said.add(reason["observed"])
        return Reason(reason["severity"], words, found)

    first, others = decisive(reasons)
    return [word(reason) for reason in first], [word(reason) for reason in others]
