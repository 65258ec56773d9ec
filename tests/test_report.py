"""The report of a run: what it counts, what it shows, and that nothing in an article can break out of its page."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reports import Tags, held, hostile_data, run_row, validation

from copydesk.records import Document, Problem
from copydesk.report.html import decide
from copydesk.report.names import document_pages
from copydesk.report.nights import night_of
from copydesk.report.pages import index, page, shared, write_site
from copydesk.report.pages import site as site_pages
from copydesk.report.report_data import SCHEMA_VERSION, Partition, report_data
from copydesk.report.summary import Summary
from copydesk.warehouse.rows import quarantine_row

# ---- data ----


def test_facts_are_json_and_have_a_fixed_order() -> None:
    found = hostile_data()
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert text == json.dumps(hostile_data(), allow_nan=False)
    assert list(found)[:3] == ["schema_version", "date", "verdict"] and found["schema_version"] == SCHEMA_VERSION


def test_the_funnel_adds_up() -> None:
    funnel = hostile_data()["funnel"]
    assert funnel["documents"] == sum(funnel[k] for k in ("unchanged", "quarantined", "held", "published"))
    assert funnel["published"] == funnel["passed"] + funnel["warned"]
    assert funnel["unaccounted"] == 0


@pytest.mark.parametrize(
    ("changes", "held_dates", "failing", "status", "says"),
    [
        ({"quarantined": 0, "documents": 148}, [], 0, "good", "Published 100 articles in 9 partitions."),
        ({}, [], 0, "look", "Published 100 articles in 9 partitions; 12 documents were quarantined."),
        ({"quarantined": 1, "documents": 149}, [], 2, "look", "1 document was quarantined"),
        ({"verdict": "held"}, [4], 0, "held", "1 partition (2031-05-04) was not published; 100 articles of"),
        ({"verdict": "held", "published": 0}, [], 1, "held", "The whole run was not published."),
        ({"documents": 161}, [], 0, "faulty", "1 document cannot be accounted for"),
        (
            {"documents": 48, "published": 0, "quarantined": 0},
            [],
            0,
            "nothing",
            "48 documents read, none new or changed",
        ),
        (
            {"documents": 0, "unchanged": 0, "published": 0, "quarantined": 0},
            [],
            0,
            "nothing",
            "No documents: the sources are empty",
        ),
        (
            {"documents": 52, "published": 0, "quarantined": 4, "partitions_written": 0},
            [],
            0,
            "look",
            "Published nothing; 4 documents were quarantined.",
        ),
        ({"replaced": 2}, [], 0, "look", "in 9 partitions, 2 of them replacing an earlier version; 12 documents"),
        ({"replaced": 100}, [], 0, "look", "all of them replacing an earlier version; 12"),
        (
            {"documents": 49, "published": 1, "quarantined": 0, "partitions_written": 1, "replaced": 1},
            [],
            0,
            "good",
            "Published 1 article in 1 partition, replacing an earlier version.",
        ),
    ],
)
def test_verdicts(changes: dict[str, Any], held_dates: list[int], failing: int, status: str, says: str) -> None:
    partitions = [Partition(date(2031, 5, day), 0, True, "too many failed") for day in held_dates]
    checks = [validation("r", "warning", failing, "A rule")]
    verdict = report_data(run_row(**changes), Summary(), checks, partitions)["verdict"]
    assert verdict["status"] == status and says in verdict["sentence"] and verdict["todo"].endswith(".")


def test_one_article_of_other_dates_was_published() -> None:
    partitions = [Partition(date(2031, 5, 1), 0, True, "too many failed")]
    found = report_data(
        run_row(verdict="held", published=1), Summary(), [validation("r", "warning", 0, "A")], partitions
    )
    assert found["verdict"]["sentence"].endswith("; 1 article of other dates was published.")


def test_the_verdict_counts_the_findings_of_the_badge() -> None:
    summary = Summary()
    summary.add_quarantined([held(1)])
    checks = [validation("b", "warning", 2, "A ship floats.")]
    found = report_data(run_row(quarantined=1, documents=149), summary, checks)
    assert len(found["findings"]) == 2
    assert found["verdict"]["todo"].startswith("To review: 2 findings; the quarantine")


def test_one_count_of_what_needs_a_look() -> None:
    checks = [
        validation("a", "critical", 1, "A sky is above."),
        validation("b", "warning", 2, "A ship floats."),
        validation("c", "info", 3, "A bell rings."),
        validation("d", "warning", 0, "A door opens."),
    ]
    found = report_data(run_row(quarantined=0, documents=148), Summary(), checks)
    assert found["verdict"]["todo"] == "To review: 2 findings."
    html = page(found)
    assert '<a href="#findings">Findings <b>2</b></a>' in html
    assert html.index("A ship floats") < html.index("remark for information") < html.index("A bell rings")
    assert html.count('<article class="check') == 2
    calm = report_data(run_row(quarantined=0, documents=148), Summary(), checks[2:])
    assert calm["verdict"]["todo"] == "Nothing to do; 1 remark for information."
    assert "No warnings and no critical problems." in page(calm) and "checks passed." not in page(calm)


def test_what_steps_noted_is_no_unmet_demand() -> None:
    words = "The date of the source cannot be parsed."
    noted = validation("date-unreadable", "warning", 2, words, suite="steps", expectation="step", element_count=50)
    text = _text(page(report_data(run_row(), Summary(), [noted])))
    assert f"warning {words.rstrip('.')} 2 documents, 4.0 % of 50 documents · date-unreadable" in text
    assert "Failed:" not in text


def test_a_run_without_checks_is_not_called_sound() -> None:
    verdict = report_data(run_row(quarantined=0, documents=148), Summary())["verdict"]
    assert verdict["status"] == "look"
    assert verdict["todo"].startswith("No check was run")


def test_failed_checks_come_first_by_severity() -> None:
    checks = [
        validation("a", "info", 9, "A"),
        validation("b", "critical", 0, "B"),
        validation("c", "warning", 2, "C"),
        validation("d", "warning", 7, "D"),
        validation("e", "critical", 1, "E", examples=[{"uri": n} for n in range(9)]),
    ]
    found = report_data(run_row(), Summary(), checks)["expectations"]
    assert [check["rule"] for check in found] == ["e", "d", "c", "a", "b"]
    assert found[0]["examples"] == [{"uri": "0"}, {"uri": "1"}, {"uri": "2"}]


def test_the_trend_ends_with_this_run() -> None:
    recent = [run_row(run_id=f"2031-03-{n:02}-x") for n in range(1, 32)] + [run_row()]
    trend = report_data(run_row(), Summary(), recent=recent)["trend"]
    assert len(trend) == 30 and trend[-1]["run_id"] == run_row()["run_id"] and trend[-2]["date"] == "2031-03-31"


# ---- page ----


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", Tags(html).text)


def test_the_reasons_of_the_quarantine_are_worded_as_faults() -> None:
    summary = Summary()
    problems = [
        Problem("validate", "no-body", "body_length", "critical", "characters in the body: 0"),
        Problem("validate", "body-very-short", "body_length", "warning", "characters in the body: 0"),
        Problem("validate", "own-rule", "language", "info", "language: und"),
    ]
    summary.add_quarantined([quarantine_row(Document("empty.txt", b""), problems, "", "utf-8")])
    broken = Problem("read", "broken-json", None, "critical", "not JSON: it ends early")
    summary.add_quarantined([quarantine_row(Document("wire.jsonl#3", b'{"id'), [broken])])
    gate = Problem("gate", "share", None, "critical", "Sixty of a hundred were quarantined")
    summary.add_quarantined([quarantine_row(Document("good.txt", b"A text."), [gate], None, "utf-8")])
    checks = [
        validation("own-rule", "info", 1, "We print in the languages of the valley."),
        validation("share", "critical", 1, "At most half goes to the quarantine.", suite="run")
        | {"failure": ["Sixty of a hundred were quarantined"] * 2},
        validation("broken-json", "warning", 1, "A suite may use any name.", suite="run"),
    ]
    found = report_data(run_row(quarantined=3), summary, checks)
    meanings = {reason["rule"]: reason["meaning"] for reason in found["quarantine"]["reasons"]}
    assert meanings["own-rule"] == "Failed: We print in the languages of the valley."
    assert meanings["broken-json"] == "The line is not a JSON object."

    html = page(found)
    before, _ = html[html.index('<section id="findings"') :].split("</section>", 1)
    assert "The article has no body" in before and "The line is not a JSON object" in before
    assert "The body has fewer than 50" not in before, "told of a document that is quarantined anyway"
    pages = dict(site_pages(found))
    texts = {entry["uri"]: _text(pages[name]) for entry, name in zip(found["quarantine"]["entries"],
        document_pages(run_row()["run_id"], found["quarantine"]["entries"]).values(), strict=True)}  # fmt: skip
    assert "critical The article has no body. characters in the body: 0" in texts["empty.txt"]
    assert texts["empty.txt"].count("characters in the body: 0") == 1
    assert "info Failed: We print in the languages of the valley. language: und" in texts["empty.txt"]
    assert "critical The line is not a JSON object. not JSON: it ends early" in texts["wire.jsonl#3"]
    assert "critical Sixty of a hundred were quarantined." in texts["good.txt"]
    assert texts["good.txt"].count("Sixty of a hundred") == 1 and "A text." in texts["good.txt"]


def test_a_page_of_facts_from_before_is_still_laid_out() -> None:
    """Reports are laid out again from data that an earlier copydesk wrote, whose run had no count of replacements."""
    found = hostile_data()
    found["run"].pop("replaced", None)
    assert page(found) == page(hostile_data())


def test_nothing_published_is_not_stamped_published() -> None:
    found = report_data(run_row(documents=52, published=0, quarantined=4), Summary(), [validation("a", "info", 0, "A")])
    assert '<span class="stamp">Nothing published</span>' in page(found)
    assert "nothing published" in index([night_of(found)], found)


def test_nothing_hostile_gets_through() -> None:
    text = ""
    found = hostile_data()
    for name, html in (*site_pages(found), *shared(found), ("index.html", index([night_of(found)], found))):
        tags = Tags(html)
        text += tags.text
        names = [tag for tag, _ in tags.tags]
        assert names.count("script") == names.count("style") == 1, name  # its own
        assert not {"img", "base", "iframe", "object", "embed", "link", "form", "video", "use"} & set(names)
        assert not any(name.startswith("on") or name == "src" for _, attributes in tags.tags for name in attributes)
        assert all(
            not re.match(r"\s*(\w+:|//)", attributes["href"] or "") for tag, attributes in tags.tags if tag == "a"
        )
        assert not set(html) & {"\x1b", "\x07", "\u202e", "\u202c", "\x9d"}
        assert "url(" not in html and "@import" not in html
    assert "⟨RLO⟩" in text and "⟨ESC⟩" in text and "{{ 7 * 7 }}" in text


def test_the_policy_allows_the_style_and_the_one_script() -> None:
    html = page(hostile_data())
    [policy] = [a["content"] for tag, a in Tags(html).tags if a.get("http-equiv")]
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def test_the_page_is_accessible() -> None:
    for html in (page(hostile_data()), index([night_of(hostile_data())], hostile_data())):
        tags = Tags(html).tags
        names = [tag for tag, _ in tags]
        assert names.count("main") == names.count("h1") == 1 and {"header", "footer"} <= set(names)
        assert all("scope" in attributes for tag, attributes in tags if tag == "th")
        ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        anchors = {(a["href"] or "")[1:] for tag, a in tags if tag == "a" and (a["href"] or "").startswith("#")}
        referred = {a["aria-labelledby"] for _, a in tags if "aria-labelledby" in a}
        assert anchors | referred <= set(ids)
        assert all("aria-label" in attributes for tag, attributes in tags if tag == "svg")


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_aa() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, in the light and in the dark."""
    blocks = page(hostile_data()).split("box-sizing")[0].split("@media (prefers-color-scheme: dark)")
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks)
    for colours in (light, dark):
        on_paper = [
            (name, ground)
            for name in ("ink", "quiet", "accent", "good", "bad", "warn")
            for ground in ("paper", "sheet")
        ]
        for text, ground in [*on_paper, ("ins-ink", "ins"), ("del-ink", "del")]:
            a, b = sorted((_luminance(colours[text]), _luminance(colours[ground])))
            assert (b + 0.05) / (a + 0.05) >= 4.5, (text, ground)


def test_a_page_of_an_empty_run() -> None:
    row = run_row(documents=0, unchanged=0, published=0, quarantined=0, warned=0, edits_applied=0, edits_suggested=0)
    text = Tags(page(report_data(row, Summary()))).text
    for sentence in ("No documents: ", "No check was run", "No partitions", "No changes."):
        assert sentence in text


def test_the_page_says_what_it_knows() -> None:
    text = re.sub(r"\s+", " ", Tags(page(hostile_data("held"))).text)
    for words in (
        "Held back: 1 partition (2031-05-04) was not published",
        "An article has a body",
        "13 articles, 13 % of 100 articles",
        "8 checks passed",
        "more than half of the documents failed",
        "− Quarantined critical problems 10",
        "no date",
        "confidence 62 %",
        "2031-04-11",
    ):
        assert words in text, words


def test_the_site() -> None:
    first, second = hostile_data(), hostile_data("held")
    second["run"]["run_id"], second["date"] = "2031-05-10-aa", "2031-05-10"
    files = write_site({"2031-05-09-4f1c2a": first, "2031-05-10-aa": second})
    assert {name for name in files if "/" not in name} == {
        *("2031-05-09-4f1c2a.html", "2031-05-09-4f1c2a.json", "2031-05-10-aa.html", "2031-05-10-aa.json"),
        "index.html",
    }
    for name, content in files.items():
        if name.endswith(".html"):
            folder = name.rpartition("/")[0]
            for tag, attributes in Tags(content.decode()).tags:
                href = (attributes.get("href") or "").partition("#")[0]
                assert tag != "a" or not href or posixpath.normpath(posixpath.join(folder, href)) in files, (name, href)
    assert json.loads(files["2031-05-10-aa.json"]) == second
    rows = re.findall(r'<th scope="row"><a href="([^"]+)">', files["index.html"].decode())
    assert rows == ["2031-05-10-aa.html", "2031-05-09-4f1c2a.html"]
    assert all(link in files for link in rows)
    assert "No runs yet" in index([])
    with pytest.raises(ValueError, match="cannot name a file"):
        write_site({"../x": first})


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _dom(path: Path, profile: Path) -> str:
    """The page as a browser without a network sees it, once its scripts, if any, have run."""
    flags = [
        *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
        *(
            "disable-component-update",
            "disable-sync",
            "host-resolver-rules=MAP * ~NOTFOUND",
            "virtual-time-budget=3000",
        ),
        *(f"user-data-dir={profile}", "dump-dom"),
    ]
    command = [str(CHROMIUM), *(f"--{flag}" for flag in flags), path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_in_a_browser(tmp_path: Path) -> None:
    """Frames of 390 and 360 px show the page; the surrounding page measures them and looks for what ran in them."""
    found = hostile_data("held")
    pages = {"run": page(found), "index": index([night_of(found)], found)}
    frames = "".join(
        f'<iframe name="{name}-{width}" style="width:{width}px;height:800px;border:0" srcdoc="{escaped}"></iframe>'
        for name, html in pages.items()
        for width in (390, 360)
        for escaped in [html.replace("&", "&amp;").replace('"', "&quot;")]
    )
    measure = """<script>addEventListener("load", () => {
      const planted = "script:not(body > script:last-child), img";
      const told = [...document.querySelectorAll("iframe")].map((frame) => {
        const seen = frame.contentDocument;
        for (const d of seen.querySelectorAll("details")) d.open = true;
        return [frame.name, seen.documentElement.scrollWidth, seen.title, seen.querySelectorAll(planted).length,
                getComputedStyle(seen.body).maxWidth];
      });
      document.body.innerHTML = "<pre id=told>" + btoa(unescape(encodeURIComponent(JSON.stringify(told)))) + "</pre>";
    });</script>"""
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(f'<!doctype html><meta charset="utf-8"><title>outside</title><body>{frames}{measure}', "utf-8")
    dom = _dom(wrapper, tmp_path / "profile")
    match = re.search(r'<pre id="told">([^<]+)</pre>', dom)
    assert match, dom[:500]
    told = json.loads(base64.b64decode(match.group(1)))
    assert [name for name, *_ in told] == ["run-390", "run-360", "index-390", "index-360"]
    for name, width, title, planted, style in told:
        assert width <= int(name[-3:]), name
        assert "owned" not in title and "copydesk" in title and planted == 0
        assert style != "none"  # the policy lets the style in


@pytest.mark.parametrize(
    ("uri", "status", "command"),
    [
        ("a/b.txt", "applied", "copydesk edits reject a/b.txt 3"),
        ("a/b.txt", "suggested", "copydesk edits accept a/b.txt 3"),
        ("a b'$(reboot)", "applied", "copydesk edits reject 'a b'\"'\"'$(reboot)' 3"),
        ("a\u202eb", "applied", ""),
        ("a\nb", "applied", ""),
        ("a" * 300, "applied", ""),
    ],
)
def test_the_command_that_decides_about_an_edit_can_be_pasted(uri: str, status: str, command: str) -> None:
    assert decide({"uri": uri, "status": status, "sequence": 3}) == command
