"""The verdict on a run: its status, one sentence on the outcome, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from copydesk.report.findings import WHOLE, judged_sites, run_entry, site_findings, sites_sentence
from copydesk.report.sites import counting

Row = Mapping[str, Any]

#: The statuses, worst first, with the word for each.
STATUSES = {
    "held": "held back",
    "faulty": "fault",
    "look": "to review",
    "nothing": "nothing new",
    "good": "as usual",
}


def verdict(data: Row) -> dict[str, str]:
    """The verdict on a run, from its report data: `status` (one of `STATUSES`), one `sentence` on the outcome, `sites`
    (one on the sites, or ""), and what to do (`todo`).
    """
    run, funnel, findings, sites = data["run"], data["funnel"], data["findings"], data["sites"]
    differ, whole = site_findings(sites), run_entry(sites)
    unusual = bool(differ) or (whole is not None and bool(counting(whole)))
    if run["verdict"] == "held":
        status, sentence, todo = "held", _held(run, data["partitions"]), _HELD
    elif funnel["unaccounted"]:
        missing = number(abs(funnel["unaccounted"]), "document")
        status, sentence = "faulty", f"Published, but {missing} cannot be accounted for."
        todo = "This is a bug in copydesk: please report it, and attach this page."
    elif not funnel["processed"] and not unusual:
        status, sentence, todo = "nothing", *_nothing(run)
    elif not data["expectations"]:
        status, sentence, todo = "look", _published(run, funnel), _UNCHECKED
    else:
        # Once its usual nights are known, a site's usual share of bad documents is no reason to look every morning.
        known = bool(judged_sites(sites))
        others = [finding for finding in findings if not known or finding["suite"] in WHOLE]
        status = "look" if unusual or others or (funnel["quarantined"] and not known) else "good"
        sentence = _published(run, funnel)
        todo = _todo(status, differ, data)
    return {"status": status, "sentence": sentence, "sites": sites_sentence(sites), "todo": todo}


_HELD = "Readers still see the last good version. Fix the source or the suite, and run again: the findings say why."
_UNCHECKED = "No check was run: see whether the suites are in place."


def _held(run: Row, partitions: Sequence[Row]) -> str:
    names = [p["date"] or "no date" for p in partitions if p["held"]]
    what = f"{number(len(names), 'partition')} ({_some(names)})" if names else "The whole run"
    verb = "were" if len(names) > 1 else "was"
    were = "was" if run["published"] == 1 else "were"
    rest = f"; {number(run['published'], 'article')} of other dates {were} published" if run["published"] else ""
    return f"Held back: {what} {verb} not published{rest}."


def _nothing(run: Row) -> tuple[str, str]:
    if not run["documents"]:
        return "No documents: the sources are empty.", "If documents were expected, check the sources."
    return f"Nothing to publish: {number(run['documents'], 'document')} read, none new or changed.", "Nothing to do."


def _published(run: Row, funnel: Mapping[str, int]) -> str:
    published, quarantined, written = run["published"], funnel["quarantined"], run["partitions_written"]
    what = f"{number(published, 'article')} in {number(written, 'partition')}" if published else "nothing"
    aside = ""
    if quarantined:
        aside = f"; {number(quarantined, 'document')} {'was' if quarantined == 1 else 'were'} quarantined"
    return f"Published {what}{_replaced(run)}{aside}."


def _todo(status: str, differ: Sequence[Row], data: Row) -> str:
    parts = [number(len(differ), "site")] if differ else []
    parts += [number(len(data["findings"]), "finding")] if data["findings"] else []
    parts += ["the quarantine, with the reason for each document"] if data["funnel"]["quarantined"] else []
    if status == "look":
        return f"To review: {'; '.join(parts)}." if parts else "To review: the run as a whole is unusual."
    if parts:
        return f"Nothing needs to be done today. For later: {'; '.join(parts)}."
    if data["remarks"]:
        return f"Nothing to do; {number(len(data['remarks']), 'remark')} for information."
    return "All checks passed; nothing to do."


def _replaced(run: Row) -> str:
    """How many of the published articles replace an earlier version; older runs did not count them."""
    replaced = run.get("replaced") or 0
    if not replaced:
        return ""
    if run["published"] == 1:
        return ", replacing an earlier version"
    return f", {'all' if replaced == run['published'] else f'{replaced:,}'} of them replacing an earlier version"


def number(count: int, noun: str) -> str:
    """`1 article`, `1,200 articles`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _some(names: list[str], limit: int = 3) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")
