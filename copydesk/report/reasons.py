"""The reasons why a document was quarantined, in words: decisive reasons first, without repetitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from copydesk.data.rules import explain
from copydesk.records import CRITICAL, INFO

#: The suite name of the problems found by the steps; their descriptions say what is wrong.
STEPS = "steps"

#: The stages of the suites: the meaning of their rules is in the suite, that of all other rules in `rules.toml`.
JUDGING = {"validate", "gate"}

Row = Mapping[str, Any]


class Reason(NamedTuple):
    """`words` say what is wrong, `found` what was observed, "" if an earlier reason says it."""

    severity: str
    words: str
    found: str


def failed(check: Row) -> str:
    """The message of a failed check, with the number of failing rows."""
    count = check["unexpected_count"]
    if check["suite"] == STEPS:
        return str(check["description"] or check["rule"])
    one, many = check.get("failure") or ("", "")  # reports of earlier versions have none
    if many and count > 1:
        return str(many).replace("{count}", f"{count:,}")
    return str(one or f"Failed: {check['description'] or check['rule']}").replace("{count}", f"{count:,}")


def faults(checks: Iterable[Row]) -> dict[str, str]:
    """The message of each failed rule of the suites for a single document."""
    words: dict[str, str] = {}
    for check in checks:
        if check["suite"] != STEPS:
            words.setdefault(check["rule"], failed({**check, "unexpected_count": 1}).removesuffix(".") + ".")
    return words


def meaning(reason: Row, known: Mapping[str, str]) -> str:
    """The sentence for the rule of a reason; `known` are the sentences of the suites."""
    words = known.get(reason["rule"]) if reason["stage"] in JUDGING else None
    return words or explain(reason["rule"])


def decisive(reasons: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The decisive reasons of a document (the critical ones, else all), and the others, infos last."""
    reasons = list(reasons)
    critical = [reason for reason in reasons if reason["severity"] == CRITICAL] or reasons
    others = [reason for reason in reasons if reason not in critical]
    return critical, sorted(others, key=lambda reason: reason["severity"] == INFO)


def worded(reasons: Iterable[Row], known: Mapping[str, str]) -> tuple[list[Reason], list[Reason]]:
    """The decisive reasons of one document and the others; each observation appears once."""
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
