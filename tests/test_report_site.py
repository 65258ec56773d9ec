"""The report as a folder of pages: what each says, and how a browser takes them."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, axe, in_every, opening_costs, visit
from nights import night, story
from reports import HOSTILE, Tags, batch, broken_night, held, run_row, validation

from copydesk.report.names import site_page
from copydesk.report.nights import Around, night_of
from copydesk.report.pages import index, page, shared, site, write_site
from copydesk.report.report_data import as_bytes, report_data
from copydesk.report.summary import Summary
from copydesk.report.upgrade import read_data
from copydesk.run.job import Job, Stored
from copydesk.run.nightly import STAGES
from copydesk.run.reports import command, rewrite_reports
from copydesk.warehouse import Warehouse, WarehouseError

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


def test_a_site_that_differs_has_one_command_that_acknowledges_it() -> None:
    data = broken_night()
    (harbour,) = [entry for entry in data["sites"] if entry["site"] == "harbour.example"]
    harbour["findings"] *= 2
    words = "copydesk sites acknowledge harbour.example --until 2031-05-22 --warehouse W"
    own = dict(shared(data, Around(warehouse="W")))[site_page("harbour.example")]
    for html in (page(data, Around(warehouse="W")), own):
        assert html.count(words) == 1
    made = {"until": "2031-05-20", "who": "Ada", "why": "being rebuilt"}
    harbour |= {"status": "acknowledged", "findings": [harbour["findings"][0] | {"acknowledged": made}]}
    html = page(data, Around(warehouse="W"))
    assert words not in html and "Look at the scraper of harbour.example" not in html
    assert "1 site acknowledged" in html
    assert "acknowledged by Ada until 2031-05-20: being rebuilt" in re.sub("<[^>]+>", "", html)


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


# ---- what the pages say ----


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", Tags(html).text)


def test_what_broke_stands_first_worst_first() -> None:
    html = page(broken_night())
    text = text_of(html)
    assert "5 of 8 sites differ from their usual night." in text
    order = [text.index(f"{name}.example", text.index("worst first")) for name in ("coast", "harbour", "field", "hill")]
    assert order == sorted(order)
    assert (
        text.index("83% of the articles") < text.index("80 articles have lost") < text.index("17 articles have no body")
    )
    assert '<section class="verdict look"' in html
    assert "3 sites as usual" in text and "3 exact" in text
    usual = broken_night()["sites"][1:2]
    calm = report_data(run_row(quarantined=0, documents=148), Summary(), [], more={"sites": usual})
    assert calm["verdict"]["sites"] == "All sites are as usual."


def test_nothing_is_told_twice() -> None:
    """A warning about a document that is quarantined anyway, and a rule that the steps and a suite both have."""
    summary = Summary()
    summary.add_quarantined([held(0, "text ")])  # no-date is a warning beside what decides
    checks = [
        validation("no-date", "warning", 1, "An article has a date.", failure=["no date", "{count} have no date"]),
        validation("cut-off", "warning", 9, "The text is whole.", failure=["cut", "{count} texts are cut off"]),
        validation("cut-off", "warning", 8, "The text is cut off.", suite="steps"),
    ]
    found = report_data(run_row(quarantined=1), summary, checks)["findings"]
    assert [(f["rule"], f["sentence"], f["documents"]) for f in found] == [
        ("cut-off", "9 texts are cut off", 9),
        ("empty-body", "Empty body", 1),
    ]


def test_duplicates_of_a_first_night_are_no_earlier_documents() -> None:
    row = run_row(documents=115, unchanged=3)
    text = text_of(page(report_data(row, Summary(), more={"repeated": 3})))
    assert "Exact duplicates in this delivery 3" in text and "known from earlier runs" not in text
    text = text_of(page(report_data(row, Summary(), more={"repeated": 1})))
    assert "Exact duplicates in this delivery 1" in text and "Unchanged known from earlier runs 2" in text


def test_nights_are_linked() -> None:
    nights = [{**broken_night(), "date": f"2031-05-0{n}", "run": run_row(run_id=f"2031-05-0{n}-aa")} for n in (6, 7, 8)]
    files = write_site({night["run"]["run_id"]: night for night in nights}, "/data/warehouse")
    middle = files["2031-05-07-aa.html"].decode()
    assert 'rel="prev" href="2031-05-06-aa.html"' in middle and 'rel="next" href="2031-05-08-aa.html"' in middle
    assert 'rel="prev"' not in files["2031-05-06-aa.html"].decode()
    assert "1 run" not in text_of(files["index.html"].decode())


def test_each_edit_has_an_address_and_its_command() -> None:
    data = broken_night()
    html = pages_of(data)["2031-05-08-e1f2/edits.html"]
    entry = data["edits"]["least_certain"][0]
    assert html.count(f'<li id="edit-{entry["article_id"]}-{entry["sequence"]}">') == 1
    assert f"copydesk edits reject {entry['uri']} {entry['sequence']} --warehouse /data/warehouse" in html
    checked = data["checked"]["sample"][0]
    assert f"copydesk edits check {checked['uri']} {checked['sequence']} --right --warehouse /data/warehouse" in html


def test_a_long_quarantine_says_what_it_leaves_out() -> None:
    data = hostile_night(10_050)
    pages = dict(site(data))
    html = pages["2031-05-09-4f1c2a/quarantine.html"]
    assert html.count("<li") == 10_000 and "50 documents left out of this page" in text_of(html)
    assert len(pages) - 3 == len(data["quarantine"]["entries"]) == 300


def test_rare_reasons_have_pages_beside_a_flood() -> None:
    summary = Summary()
    for n in range(800):
        summary.add_quarantined([held(2 * n + 1)])
    summary.add_quarantined([held(0, "text ")])
    rules = [entry["rule"] for entry in report_data(run_row(), summary)["quarantine"]["entries"]]
    assert (rules.count("undecodable"), rules.count("empty-body")) == (300, 1)


@pytest.mark.parametrize("version", [2, 1])
def test_data_of_every_version_opens(version: int) -> None:
    old = (Path(__file__).parent / "fixtures" / "report-v1.json").read_bytes()
    content = old if version == 1 else as_bytes(broken_night())
    data = read_data(content)
    for name, html in pages_of(data).items():
        assert "</html>" in html, name
    if version == 1:
        assert "Published 12 articles" in page(data) and "Empty body" in page(data)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"schema_version": 3}', "a newer copydesk wrote"),
        (b'{"schema_version": 1}', "KeyError"),
        (b"[]", "no report data"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_data_that_cannot_be_opened_is_told_plainly(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_data(content)


# ---- the run and its report ----


def test_the_report_says_what_the_run_was(tmp_path: Path) -> None:
    raw = tmp_path / "raw's"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), "utf-8")
    outcome = night(raw, tmp_path / "w", typos={"suggest_from": 0.7})
    made = json.loads(next((tmp_path / "w" / "_reports").glob("2024-*.json")).read_text("utf-8"))["made"]
    assert [timing["stage"] for timing in made["timings"]] == [stage.name for stage in STAGES[:-1]]
    words = shlex.split(made["command"])
    asked = ["copydesk", "run", str(raw), "--date", "2024-05-03", "--warehouse", str(tmp_path / "w"), "--workers", "1"]
    assert words == asked
    assert made["settings"] == {"typos.suggest_from": "0.7"}
    assert outcome.report and made["command"] in unescape(Path(outcome.report).read_text("utf-8"))


def test_a_run_that_died_before_its_report_gets_it_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    raw, house = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), "utf-8")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Warehouse, "write_report", die)
        night(raw, house)
    assert not list(house.glob("_reports/*.html")) and len(list(house.glob("_reports/*.json"))) == 1
    assert night(raw, house).row is None
    assert len(list(house.glob("_reports/*.html"))) == 2
    (raw / "b.txt").write_text(story(2), "utf-8")
    second = night(raw, house, date(2024, 5, 4))
    first = next(house.glob("_reports/2024-05-03*.html"))
    assert second.report and f'rel="next" href="{Path(second.report).name}"' in first.read_text("utf-8")


@pytest.mark.parametrize("missing", ["counts", "quarantine"])
def test_a_report_whose_data_is_damaged_keeps_no_night_from_running(tmp_path: Path, missing: str) -> None:
    raw, house = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), "utf-8")
    night(raw, house)
    (stored,) = house.glob("_reports/2024-*.json")
    data = json.loads(stored.read_bytes())
    stored.write_text(json.dumps({name: value for name, value in data.items() if name != missing}), "utf-8")
    stored.with_suffix(".html").unlink()  # so that the next run writes it again
    (raw / "b.txt").write_text(story(2), "utf-8")
    second = night(raw, house, date(2024, 5, 4))
    assert second.report and Path(second.report).name in (house / "_reports" / "index.html").read_text("utf-8")
    assert rewrite_reports(Warehouse.open(str(house))) and not stored.with_suffix(".html").exists()


def test_a_full_disk_costs_the_report_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise WarehouseError("No space left on device")

    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.txt").write_text(story(1), "utf-8")
    monkeypatch.setattr(Warehouse, "write_report", full)
    outcome = night(raw, tmp_path / "w")
    assert outcome.row is not None and outcome.row["published"] == 1


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (Stored("reprocess", ("a b",), "s.example", "quote", date(2031, 5, 1)),
         "copydesk run --reprocess --uri 'a b' --site s.example --rule quote --since 2031-05-01 --warehouse W"),
        (Stored("replay", rule="no-body"), "copydesk replay --rule no-body --warehouse W"),
        (Stored("release", ("a",)), "copydesk quarantine release a --warehouse W"),
    ],
)  # fmt: skip
def test_the_command_of_a_run_over_stored_documents(stored: Stored, words: str) -> None:
    assert command(Job((), "W", date(2031, 5, 2), stored=stored), "W") == words
