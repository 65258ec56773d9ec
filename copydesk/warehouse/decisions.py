"""What people decided: the rows of the table `decisions`, in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from copydesk.reviewed import ACCEPT, REJECT, REVERT, Choice
from copydesk.warehouse import partition
from copydesk.warehouse.schemas import DECISIONS
from copydesk.warehouse.store import Store, in_words

PROTECT, UNPROTECT = "protect", "unprotect"
CHECK = "check"
RESTORE, RELEASE, WITHDRAW, DROP = "restore", "release", "withdraw", "drop"
ACKNOWLEDGE = "acknowledge"


class Decision(NamedTuple):
    """One decision. `number` is its place in the order of all; None in the columns that do not concern it."""

    action: str
    who: str
    why: str | None = None
    uri: str | None = None
    site: str | None = None
    rule: str | None = None
    before: str | None = None
    after: str | None = None
    verdict: str | None = None
    version: int | None = None
    content_sha256: str | None = None
    reasons: Sequence[Mapping[str, Any]] | None = None
    decided_at: datetime | None = None
    number: int = 0
    until: date | None = None


def read(store: Store) -> list[Decision]:
    """All decisions, in the order in which they were made. Raises `WarehouseError`."""
    with in_words("read the table decisions"):
        rows = [
            row
            for name in store.names("decisions")
            for table in partition.read(store, name, DECISIONS)
            for row in table.to_pylist()
        ]
    made = [Decision(**{name: row[name] for name in Decision._fields}) for row in rows]
    return sorted(made, key=lambda decision: decision.number)


def choices(decisions: Iterable[Decision]) -> Iterator[Choice]:
    """The decisions about edits. A word that is no longer protected is as if it never had been."""
    decisions = list(decisions)
    protected = {(_word(one), one.site): one for one in decisions if one.action in (PROTECT, UNPROTECT)}
    for one in decisions:
        if one.action in (ACCEPT, REJECT, REVERT):
            yield Choice(one.action, one.number, one.uri, one.site, one.rule, one.before, one.after)
        elif one.action == PROTECT and protected[_word(one), one.site] is one:
            yield Choice(REJECT, one.number, site=one.site, word=_word(one))


def protected(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that protect a word, by word and site."""
    last = {(_word(one), one.site or ""): one for one in decisions if one.action in (PROTECT, UNPROTECT)}
    return [one for _, one in sorted(last.items()) if one.action == PROTECT]


def where_protected(decisions: Iterable[Decision], word: str) -> list[str | None]:
    """The sites on which a word is protected; None among them means on all sites."""
    return [one.site for one in protected(decisions) if _word(one) == word.casefold()]


def checks(decisions: Iterable[Decision]) -> list[Decision]:
    """The last check of each change, in the order in which they were made."""
    last = {(one.uri, one.rule, one.before, one.after): one for one in decisions if one.action == CHECK}
    return sorted(last.values(), key=lambda one: one.number)


def _word(decision: Decision) -> str:
    return (decision.before or "").casefold()


def refused(decisions: Iterable[Decision]) -> Iterator[tuple[str, str]]:
    """The documents that are not to come back, each as its uri and content: dropped, or replaced by a restored version.

    Of several decisions on one content the last one counts.
    """
    yield from _contents(decisions, (RESTORE, DROP))


def released(decisions: Iterable[Decision]) -> frozenset[tuple[str, str]]:
    """The documents that are published whatever the checks say, each as its uri and content."""
    return frozenset(_contents(decisions, (RELEASE,)))


def withdrawn(decisions: Iterable[Decision]) -> frozenset[tuple[str, str]]:
    """The documents whose release was taken back, each as its uri and content: no run publishes them."""
    return frozenset(_contents(decisions, (WITHDRAW,)))


def acknowledged(decisions: Iterable[Decision], day: date) -> dict[tuple[str | None, str | None], Decision]:
    """The acknowledgements of findings that hold on `day`, by site (None: the run as a whole) and rule (None: all)."""
    last = {(one.site, one.rule): one for one in decisions if one.action == ACKNOWLEDGE}
    return {key: one for key, one in last.items() if one.until is not None and one.until >= day}


def _contents(decisions: Iterable[Decision], actions: Collection[str]) -> Iterator[tuple[str, str]]:
    last = {(one.uri, one.content_sha256): one for one in decisions if one.uri and one.content_sha256}
    for (uri, content), decision in last.items():
        if decision.action in actions and uri is not None and content is not None:
            yield uri, content
