"""The report as a folder of pages: what each says, and how a browser takes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, axe, in_every, opening_costs, visit
from reports import HOSTILE, batch, broken_night, held, run_row

from copydesk.report import Around, Summary, index, night_of, page, report_data
from copydesk.report.pages import shared, site

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


def pages_of(data: dict[str, Any], warehouse: str = "/data/warehouse") -> dict[str, str]:
    """Every page of the site of one run."""
    around = Around([night_of(data)], None, warehouse)
    found = {**dict(site(data, around)), **dict(shared(data, around))}
    return {**found, "index.html": index([night_of(data)], data)}


def kinds(pages: dict[str, str]) -> dict[str, str]:
    """One page of each kind."""
    found: dict[str, str] = {}
    for name, html in pages.items():
        kind = re.sub(r"\d{4}-[^/.]+", "run", re.sub(r"/[0-9a-f]{32}", "/document", name))
        kind = re.sub(r"^(sites|rules)/.*", r"\1", kind)
        found.setdefault(kind, html)
    return found


_AXE_SCRIPT = """
for (const part of document.querySelectorAll("details")) part.open = true;
axe.run(document, {resultTypes: ["violations"]}).then((found) => tell(found.violations.map(
  (one) => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200), one.nodes[0].failureSummary.slice(0, 300)])));
"""


@needs_chromium
@pytest.mark.skipif(axe() is None, reason="no axe-core here")
@pytest.mark.parametrize(("scheme", "width"), [(1, 1280), (0, 390)], ids=["light", "dark on a phone"])
def test_axe_finds_nothing(tmp_path: Path, scheme: int, width: int) -> None:
    pages = kinds(pages_of(broken_night()))
    grey = '<p style="color: #888; background: #777">Words that are hard to see.</p>'
    pages["faulty"] = page(broken_night()).replace("<main", f"{grey}<main", 1)
    script = f"{axe()}\n{_AXE_SCRIPT}"
    found = in_every(pages, tmp_path, script, width, f"blink-settings=preferredColorScheme={scheme}")
    assert "color-contrast" in [one[0] for one in found.pop("faulty")]
    assert {name: told for name, told in found.items() if told} == {}


def hostile_night(documents: int) -> dict[str, Any]:
    """A night with so many hostile documents in the quarantine, and hostile rows wherever rows are shown."""
    summary = Summary()
    summary.add(*batch(range(200), hostile=True))
    summary.add_quarantined(held(n, HOSTILE[n % len(HOSTILE)]) for n in range(documents))
    one = report_data(run_row(), summary)["edits"]["least_certain"][0]
    names = [{**one, "sequence": n} for n in range(500)]
    row = run_row(documents=documents + 100, unchanged=0, quarantined=documents)
    return report_data(row, summary, more={**broken_night(hostile=True), "names_changed": names})


_LOAD_SCRIPT = """
addEventListener("load", () => setTimeout(() => tell([document.title, document.querySelectorAll("script").length,
  performance.getEntriesByType("resource").length, document.documentElement.scrollWidth]), 0));
"""


@needs_chromium
def test_ten_thousand_hostile_rows_open_at_once_and_do_nothing(tmp_path: Path) -> None:
    pages = kinds(pages_of(hostile_night(10_000)))
    assert pages["run/quarantine.html"].count("<li") == 10_000
    for width in (1280, 390):
        for name, told in in_every(pages, tmp_path, _LOAD_SCRIPT, width).items():
            title, scripts, requests, across = told
            assert (scripts, requests) == (2, 0) and "copydesk" in title and "owned" not in title, (name, told)
            assert across <= width, name
    empty = opening_costs("<!doctype html><body></body>", tmp_path)
    for name in ("run.html", "run/quarantine.html", "run/edits.html"):
        assert opening_costs(pages[name], tmp_path) - empty < 2, name


@needs_chromium
def test_the_browser_has_nothing_to_say(tmp_path: Path) -> None:
    """Opened from the disk with their policy: no error, no request, the script runs, and finds what it is asked for."""
    for number, (name, html) in enumerate(kinds(pages_of(hostile_night(60))).items()):
        place = tmp_path / f"{number}.html"
        place.write_text(html, "utf-8")
        seen = visit(place, tmp_path / "profile")
        assert seen.console == [], name
        assert "<title>owned" not in seen.dom
        if name == "run/quarantine.html":
            assert seen.dom.count('<label class="find">') == 1


@needs_chromium
def test_a_link_opens_the_list_at_what_it_names(tmp_path: Path) -> None:
    data = hostile_night(60)
    script = (
        "setTimeout(() => tell([...document.querySelectorAll('.part > li')].filter((row) => !row.hidden).length), 300);"
    )
    html = dict(site(data))["2031-05-09-4f1c2a/quarantine.html"]
    asked = html.replace("<script>", "<script>location.hash = 'find=undecodable';</script><script>", 1)
    found = in_every({"asked": asked, "whole": html}, tmp_path, script, 800)
    assert found == {"asked": 30, "whole": 60}
