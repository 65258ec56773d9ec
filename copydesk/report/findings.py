"""What a person should look at, as sentences: the findings of a run, by weight, and its sites.

The weight of a finding is the number of its documents times a factor of its severity, so that 80 damaged articles come
before 4 empty ones. Nothing is said twice: a quarantined document counts under the reason that decided, and no more
under the warnings that it also got.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from copydesk.data.rules import explain
from copydesk.records import CRITICAL, INFO, WARNING
from copydesk.report.held import GATE, Held
from copydesk.report.reasons import JUDGING, STEPS, failed
from copydesk.report.sites import counting, sentence

#: Weight of one document.
WEIGHTS = {CRITICAL: 10, WARNING: 3, INFO: 1}
#: Suites that judge the run or its partitions, not documents.
WHOLE = frozenset({"run", "partitions"})
#: The suite whose findings are told with their sites.
SITES = "sites"
#: The status of a site that someone should look at.
DIFFERING = ("silent", "differs")

_NOUNS = {"edits": "edit", "versions": "new version"}

Row = Mapping[str, Any]


def findings(checks: Sequence[Row], held: Held, documents: int) -> list[dict[str, Any]]:
    """The findings of a run of `documents` processed documents, heaviest first; infos are none.

    Each has `severity`, `sentence`, `extent` (how many of how many, "" for the run as a whole), `rule`, `column`,
    `suite`, `documents`, `weight`, `examples`, `command` (without the warehouse, "" for none) and `quarantined`.
    """
    by_rule = {check["rule"]: check for check in checks}
    found = [
        _quarantined(reason, by_rule.get(reason["rule"]) if reason["stage"] in JUDGING else None)
        for reason in held.decisive.top()
        if reason["stage"] != GATE
    ]
    told = {finding["rule"] for finding in found}
    found += [
        _of_check(check, documents)
        for check in published(checks, held)
        if not check["success"] and check["severity"] != INFO and check["rule"] not in told
    ]
    return sorted(found, key=lambda f: (-f["weight"], f["severity"] != CRITICAL, f["suite"], f["rule"]))


def remarks(checks: Sequence[Row], held: Held) -> list[dict[str, Any]]:
    """The failed checks for information only, in the words of findings, most documents first."""
    found = [
        _of_check(check, 0) for check in published(checks, held) if not check["success"] and check["severity"] == INFO
    ]
    return sorted(found, key=lambda f: (-f["documents"], f["rule"]))


def published(checks: Iterable[Row], held: Held) -> list[Row]:
    """`checks` without what is told elsewhere: the counts leave out quarantined documents, and a rule of the steps that
    a suite also has counts once.
    """
    checks = list(checks)
    in_suites = {check["rule"] for check in checks if check["suite"] != STEPS and not check["success"]}
    aside = {(r["rule"], r["severity"]): 0 for r in held.reasons.top()}
    for reason in held.reasons.top():
        aside[reason["rule"], reason["severity"]] += reason["documents"]
    kept: list[Row] = []
    for check in checks:
        if check["success"] or check["suite"] in WHOLE or check["severity"] == CRITICAL or not check["element_count"]:
            kept.append(check)
        elif check["suite"] != STEPS or check["rule"] not in in_suites:
            count = check["unexpected_count"] - aside.get((check["rule"], check["severity"]), 0)
            if count > 0 and check["suite"] != SITES:
                kept.append({**check, "unexpected_count": count})
    return kept


def site_findings(sites: Sequence[Row] | None) -> list[Row]:
    """The entries of sites that differ from their usual night, heaviest first; the run as a whole is none of them."""
    return sorted((s for s in sites or () if s["site"] is not None and s["status"] in DIFFERING), key=_by_weight)


def judged_sites(sites: Sequence[Row] | None) -> list[Row]:
    """The entries of sites that were compared with their usual night."""
    return [s for s in sites or () if s["site"] is not None and s["status"] in ("usual", "acknowledged", *DIFFERING)]


def run_entry(sites: Sequence[Row] | None) -> Row | None:
    """The entry of the run as a whole."""
    return next((s for s in sites or () if s["site"] is None), None)


def sites_sentence(sites: Sequence[Row] | None) -> str:
    """`5 of 8 sites differ from their usual night.`; "" where no site has been judged."""
    if not sites or not judged_sites(sites):
        return sentence(sites or [])
    return sentence(sites) or "All sites are as usual."


def _by_weight(site: Row) -> tuple[float, str]:
    weight = max((WEIGHTS.get(f["severity"], 3) for f in counting(site)), default=1)
    return -weight * (site.get("weight") or _documents(site)), str(site["site"])


def _documents(site: Row) -> float:
    """The documents of a site that a finding concerns: those of the night, or of a usual one where fewer came."""
    counts = sorted(night.get("arrivals") or 0 for night in site["history"])
    tonight = (site["history"][-1].get("arrivals") or 0) if site["history"] else 0
    return max(tonight, counts[len(counts) // 2] if counts else 0, 1)


def _quarantined(reason: Row, check: Row | None) -> dict[str, Any]:
    rule, count = reason["rule"], reason["documents"]
    if check is not None and check["suite"] != STEPS:
        words = failed({**check, "unexpected_count": count})
    else:
        words = explain(rule)
    said = count > 1 and words.startswith(f"{count:,} ")
    return {
        "severity": CRITICAL,
        "sentence": words.rstrip("."),
        "extent": "quarantined" if said else f"{_number(count, 'document')} quarantined",
        "rule": rule,
        "column": check and check["column"],
        "suite": check["suite"] if check else STEPS,
        "documents": count,
        "weight": count * WEIGHTS[CRITICAL],
        "examples": list(check["examples"]) if check else [],
        "command": f"copydesk quarantine list --rule {shlex.quote(rule)}" if rule else "",
        "quarantined": True,
    }


def _of_check(check: Row, documents: int) -> dict[str, Any]:
    whole = check["suite"] in WHOLE or not check["element_count"]
    concerned = documents if whole else check["unexpected_count"]
    return {
        "severity": check["severity"],
        "sentence": failed(check).rstrip("."),
        "extent": _extent(check),
        "rule": check["rule"],
        "column": check["column"],
        "suite": check["suite"],
        "documents": concerned,
        "weight": concerned * WEIGHTS[check["severity"]],
        "examples": list(check["examples"]),
        "command": "",
        "quarantined": False,
    }


def _extent(check: Row) -> str:
    """How many of how many; "" for the run as a whole, whose sentence has its numbers."""
    count, total = check["unexpected_count"], check["element_count"]
    if check["column"] == "files":
        return _number(count, "file")
    if check["suite"] == "partitions" and total:
        return f"{count:,} of {_number(total, 'partition')}"
    if check["suite"] == "run" or not total:
        return ""
    noun = "document" if check["suite"] == STEPS else _NOUNS.get(check["suite"], "article")
    of = f"{share(count, total)} of {_number(total, noun)}"
    return of if failed(check).startswith(f"{count:,} ") else f"{_number(count, noun)}, {of}"


def share(part: float, whole: float) -> str:
    """A share in percent; only exact values are shown as 0 % or 100 %."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if 0 < percent < 10 or 99 < percent < 100 else f"{percent:.0f} %"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
