"""The message of a scheduled night that needs somebody: what is most important, what to do, where the report is.

One message a run, and none for a run that needs nobody. It holds counts, dates, and names of rules and sites, no text
of an article.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from copydesk.records import CRITICAL, INFO
from copydesk.report.reasons import STEPS, failed
from copydesk.run.job import Job, Outcome, without_passwords
from copydesk.warehouse.layout import REPORTS

#: Findings that a message states, and the longest sentence in it, in characters.
STATED, LONGEST = 3, 300

_BLANK_RE = re.compile(r"\s+")


class Finding(NamedTuple):
    """A sentence, and the command that shows more or mends it."""

    sentence: str
    command: str


class Alert(NamedTuple):
    """A message: `subject` on one line, and `body`, plain text."""

    subject: str
    body: str


def of_outcome(job: Job, outcome: Outcome, link: str | None = None) -> Alert | None:
    """The message of a run that ended; None if nobody has to act. `link` is the address of its report."""
    data = outcome.report_data
    again = _command("run", *job.sources, "--date", job.day.isoformat(), warehouse=job.warehouse)
    sites = list(_sites(outcome.sites or (data or {}).get("sites") or (), job.warehouse))
    if data is None:
        nothing = [Finding("The sources hold no documents.", again)] if outcome.empty else []
        found = [*nothing, *sites]
        return _alert(job.day, found, outcome.sentence) if found else None
    urgent = [*_unaccounted(data, again), *_held(data, job), *sites]
    if not urgent and not outcome.held:
        return None
    findings = [*urgent, *_checks(data, job, but=_rules_of_sites(data))]
    return _alert(job.day, findings, outcome.sentence, link or outcome.report)


def of_failure(sources: Sequence[str], warehouse: str, day: str, ended: str, error: BaseException | None) -> Alert:
    """The message of a run that did not end: `ended` is the name of its state, `error` what it raised.

    Errors of other packages may quote what they stumbled over, so that only their kind is said.
    """
    words = str(error) if type(error).__module__.startswith("copydesk.") else type(error).__name__
    what = "its process died" if error is None else words
    again = _command("run", *sources, "--date", day, warehouse=warehouse)
    return _alert(
        day, [Finding(f"The run ended as {ended}: {what}.", again)], "Readers see the tables as they were before it."
    )


def of_overdue(
    sources: Sequence[str], warehouse: str, dead: Sequence[str], made_up: Sequence[str], skipped: Sequence[str]
) -> Alert:
    """The message of runs and nights that were missing: names of `dead` runs, and dates of the nights that are
    `made_up` for now and of those that are `skipped`."""
    findings = []
    if dead:
        findings.append(Finding(f"Died with its process: {_count(dead, 'run')} ({_some(dead)}).", ""))
    if skipped:
        again = _command("run", *sources, "--date", skipped[-1], warehouse=warehouse)
        findings.append(Finding(f"Missed and skipped: {_count(skipped, 'night')} ({_some(skipped)}).", again))
    if made_up:
        findings.append(Finding(f"Missed and run now: {_count(made_up, 'night')} ({_some(made_up)}).", ""))
    return _alert(None, findings, "Not every night ran as scheduled; readers see the tables of the last good run.")


def link(report: str | None, base: str | None) -> str | None:
    """The address below `base` at which a browser opens a report; None without one."""
    if report is None or base is None:
        return None
    return f"{base.rstrip('/')}/{report.rpartition(f'/{REPORTS}/')[2]}"


def _alert(day: date | str | None, findings: Sequence[Finding], sentence: str, report: str | None = None) -> Alert:
    first = _plain(findings[0].sentence).rstrip(".") if findings else _plain(sentence)
    more = len(findings) - 1
    subject = f"copydesk{f' {day}' if day else ''}: {first}{f' (and {more} more)' if more > 0 else ''}"
    lines = [_plain(sentence), ""]
    for number, finding in enumerate(findings[:STATED], 1):
        lines.append(f"{number}. {_plain(finding.sentence)}")
        lines += [f"   {finding.command}"] if finding.command else []
    if len(findings) > STATED:
        lines.append(f"{len(findings) - STATED} more {'are' if len(findings) > STATED + 1 else 'is'} in the report.")
    if report:
        lines += ["", f"Report: {report}"]
    return Alert(subject, "\n".join(lines))


def _plain(text: str) -> str:
    """One line of bounded length: names of sites come from the documents."""
    text = without_passwords(text)
    line = _BLANK_RE.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _command(*words: str, warehouse: str) -> str:
    return shlex.join(["copydesk", *map(without_passwords, words), "--warehouse", warehouse])


def _count(things: Sequence[str], noun: str) -> str:
    return f"{len(things):,} {noun}{'s' if len(things) != 1 else ''}"


def _some(names: Sequence[str], limit: int = 3) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")


def _unaccounted(data: dict[str, Any], again: str) -> Iterator[Finding]:
    if data["funnel"]["unaccounted"]:
        yield Finding(data["verdict"]["sentence"], again)


def _held(data: dict[str, Any], job: Job) -> Iterator[Finding]:
    """The partitions that were held back, those with the same reason together."""
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for partition in data["partitions"]:
        if partition["held"]:
            by_reason.setdefault(partition["reason"], []).append(partition)
    show = _command("quarantine", "list", "--since", job.day.isoformat(), warehouse=job.warehouse)
    for reason, partitions in sorted(by_reason.items(), key=lambda item: -sum(p["rows"] for p in item[1])):
        names = [partition["date"] or "no date" for partition in partitions]
        yield Finding(f"Held back: {_count(names, 'partition')} ({_some(names)}): {reason}", show)


def _sites(sites: Iterable[Mapping[str, Any]], warehouse: str) -> Iterator[Finding]:
    """What differs from the usual night of a site and nobody has acknowledged, critical findings first."""
    found = [
        (site, finding)
        for site in sites
        for finding in site["findings"]
        if finding["severity"] != INFO and not finding["acknowledged"]
    ]
    for site, finding in sorted(found, key=lambda pair: (pair[1]["severity"] != CRITICAL, -pair[1]["weight"])):
        name = f"{site['site']}: " if site["site"] and site["site"] not in finding["sentence"] else ""
        command = finding["command"] and f"{finding['command']} --warehouse {shlex.quote(warehouse)}"
        yield Finding(f"{name}{finding['sentence']}", command)


def _rules_of_sites(data: dict[str, Any]) -> set[str]:
    """The rules of failed checks that say of a site what its finding says."""
    return {check["rule"] for check in data["expectations"] if check["suite"] == "sites"}


def _checks(data: dict[str, Any], job: Job, but: set[str]) -> list[Finding]:
    """Failed checks and reasons of the quarantine, those with most documents first, each rule once."""
    weights: dict[str, tuple[int, str]] = {}
    for check in data["expectations"]:
        if not check["success"] and check["severity"] != INFO and check["suite"] != STEPS and check["rule"] not in but:
            weights[check["rule"]] = (check["unexpected_count"], failed(check))
    for reason in data["quarantine"]["reasons"]:
        if reason["severity"] == CRITICAL and reason["stage"] != "gate" and reason["rule"] not in but:
            count = reason["documents"]
            words = f"{count:,} document{'s' if count != 1 else ''} quarantined: {reason['meaning']}"
            weights[reason["rule"]] = (count, words)
    since = job.day.isoformat()
    return [
        Finding(words, _command("quarantine", "list", "--rule", rule, "--since", since, warehouse=job.warehouse))
        for rule, (_, words) in sorted(weights.items(), key=lambda item: (-item[1][0], item[0]))
    ]
