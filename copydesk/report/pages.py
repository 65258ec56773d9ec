"""The report as a folder of HTML pages that need no network and no server.

`site` gives the pages of one run: the run itself, its quarantine, its edits, and one for each quarantined document that
is shown. `shared` gives the pages that are of no single run: one for each site and each rule, as of the run. `index` is
the front page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from copydesk.report import names
from copydesk.report.findings import judged_sites, run_entry, site_findings
from copydesk.report.html import render
from copydesk.report.nights import ON_INDEX, Around, Night, Rule, night_of
from copydesk.report.plot import trend_series
from copydesk.report.reasons import faults
from copydesk.report.report_data import NIGHTS, ReportData, as_bytes

#: Name of the front page of the report site.
INDEX = names.INDEX
#: Sites that have a page: those that differ come first.
SITE_PAGES = 300
#: Edits in full on the page of the run, of each kind; the page of the edits has all that the report keeps.
NAMES, UNCERTAIN = 300, 6

#: What the page of the run says about the edits that it shows.
_INTROS = {
    "names": "Every edit of this run that changed a name.",
    "uncertain": "The applied edits with the lowest confidence.",
    "suggested": "Not applied, because of low confidence: the text is unchanged. Most likely first.",
    "check": "A random sample of each rule: would a human editor have made this edit? The verdicts measure the rules.",
}

_ALONE = Around()
_NOT_MADE: Mapping[str, Any] = {"command": "", "timings": [], "versions": {}, "settings": {}}


def page(data: ReportData, around: Around = _ALONE) -> str:
    """The page of one run."""
    return render("run.html.j2", **_context(data, around), series=trend_series(data["trend"]))


def site(data: ReportData, around: Around = _ALONE) -> Iterator[tuple[str, str]]:
    """The pages of one run, as (name, HTML)."""
    run_id = names.checked(data["run"]["run_id"])
    yield names.run_page(run_id), page(data, around)
    context = _context(data, around, root="../")
    yield names.quarantine_page(run_id), render("quarantine.html.j2", **context)
    yield names.edits_page(run_id), render("edits.html.j2", **context)
    entries = {names.document_key(entry): entry for entry in reversed(data["quarantine"]["entries"])}
    for key, name in context["documents"].items():
        yield name, render("document.html.j2", **context, document=entries[key])


def shared(data: ReportData, around: Around = _ALONE, done: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """The pages of the sites and rules of one run, as (name, HTML), without those whose names are `done`."""
    done = set(done)
    context = _context(data, around, root="../")
    for entry in context["linked_sites"].values():
        if (name := names.site_page(entry["site"])) not in done:
            yield name, render("site.html.j2", **context, site=entry, **_of_site(data, entry["site"]))
    for rule in _rules(data):
        if (name := names.rule_page(rule)) not in done:
            yield name, render("rule.html.j2", **context, rule=rule, **_of_rule(data, rule, around.nights))


def index(nights: Sequence[Night], latest: ReportData | None = None) -> str:
    """The front page: one row for each of the newest runs, `nights` being all of them, oldest first. `latest` is the
    data of the newest night; runs that are no nights, such as releases, are in the list and not in the plot.
    """
    recent = list(nights)[-ON_INDEX:]
    trend = [
        {**night.counts, "date": night.date, "run_id": night.run_id, "verdict": night.status}
        for night in recent
        if night.kind == "night"
    ]
    context = _context(latest, Around(recent)) if latest else {}
    rules = sorted(_rules(latest)) if latest else []
    return render(
        "index.html.j2", **context, nights=recent[::-1], left_out=len(nights) - len(recent), rules=rules,
        latest=latest, trend=trend[-NIGHTS:], series=trend_series(trend[-NIGHTS:]),
    )  # fmt: skip


def write_site(reports: Mapping[str, ReportData], warehouse: str = "") -> dict[str, bytes]:
    """The files of the whole site for some runs, oldest first, name → bytes.

    Raises `ValueError` for a run id that is not a safe file name.
    """
    files: dict[str, bytes] = {}
    nights = [night_of(data) for data in reports.values()]
    for place, (run_id, data) in enumerate(reports.items()):
        following = nights[place + 1] if place + 1 < len(nights) else None
        around = Around(nights[: place + 1][-NIGHTS:], following, warehouse)
        files[names.data_file(names.checked(run_id))] = as_bytes(data)
        files |= {name: html.encode() for name, html in (*site(data, around), *shared(data, around))}
    files[INDEX] = index(nights, list(reports.values())[-1] if reports else None).encode()
    return files


def _context(data: ReportData, around: Around, root: str = "") -> dict[str, Any]:
    """What every template is given. `root` leads from the page to the root of the site."""
    sites = data["sites"] or []
    differing = site_findings(sites)
    others = [s for s in sites if s["site"] is not None and s not in differing]
    return {
        "data": data,
        "run": data["run"],
        "made": data["made"] or _NOT_MADE,
        "around": around,
        "warehouse": around.warehouse,
        "root": root,
        "known": faults(data["expectations"]),
        "differing": differing,
        "other_sites": sorted(others, key=lambda s: (s["status"] == "usual", s["site"])),
        "judged": judged_sites(sites),
        "whole": run_entry(sites),
        "linked_sites": {s["site"]: s for s in [*differing, *others][:SITE_PAGES]},
        "documents": names.document_pages(data["run"]["run_id"], data["quarantine"]["entries"]),
        "groups": _groups(data),
        "INTROS": _INTROS,
        "NAMES": NAMES,
        "UNCERTAIN": UNCERTAIN,
    }


def _groups(data: ReportData) -> list[dict[str, Any]]:
    """The edits that a report shows, by what they are shown for. Changed names and the hand check are complete; the
    others are left out where they have been shown before. `anchor` marks the first entry of an edit.
    """
    edits = data["edits"]
    by_rule = [entry for group in edits["examples"] for entry in group["examples"]]
    shown: set[tuple[str, int]] = set()
    groups = []
    for name, title, entries, complete in (
        ("names", "Names changed", data["names_changed"] or [], True),
        ("uncertain", "Least certain", edits["least_certain"], False),
        ("suggested", "Suggested", edits["suggestions"], False),
        ("check", "This week's hand check", (data["checked"] or {}).get("sample") or [], True),
        ("examples", "Examples of each rule", by_rule, False),
    ):
        fresh = []
        for entry in entries:
            key = (entry["article_id"], entry["sequence"])
            if complete or key not in shown:
                fresh.append({**entry, "anchor": key not in shown})
            shown.add(key)
        if fresh:
            groups.append({"id": name, "title": title, "entries": fresh})
    return groups


def _rules(data: ReportData) -> dict[str, None]:
    """The rules of a run that have a page, in order."""
    rules = [rule["rule"] for rule in data["edits"]["rules"]]
    rules += [finding["rule"] for finding in (*data["findings"], *data["remarks"])]
    rules += [reason["rule"] for reason in data["quarantine"]["reasons"]]
    return dict.fromkeys(rule for rule in rules if rule)


def _of_site(data: ReportData, name: str) -> dict[str, Any]:
    held = [line for line in data["quarantine"]["listed"] if line["site"] == name]
    return {"held": held[:200], "held_documents": len(held)}


def _of_rule(data: ReportData, rule: str, nights: Sequence[Night]) -> dict[str, Any]:
    """What the page of a rule shows: its edits, findings and quarantined documents in this run, and its nights."""
    edits = data["edits"]
    examples = [entry for group in edits["examples"] if group["rule"] == rule for entry in group["examples"]]
    precision = [row for row in (data["checked"] or {}).get("precision") or [] if row["rule"] == rule]
    found = [(night, night.rules.get(rule, Rule())) for night in nights]
    return {
        "of_edits": [row for row in edits["rules"] if row["rule"] == rule],
        "frequent": [pair for pair in edits["pairs"] if pair["rule"] == rule],
        "examples": examples,
        "found": [f for f in (*data["findings"], *data["remarks"]) if f["rule"] == rule],
        "check": next((c for c in data["expectations"] if c["rule"] == rule), None),
        "held": [line for line in data["quarantine"]["listed"] if line["rule"] == rule][:200],
        "held_documents": sum(r["documents"] for r in data["quarantine"]["decisive"] if r["rule"] == rule),
        "precision": precision[0] if precision else None,
        "nights": found,
    }
