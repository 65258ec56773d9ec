"""Data Docs: complete without a network, with the results of the tables, and a project for Great Expectations."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from click.testing import CliRunner
from nights import NIGHT, night, story, table

from copydesk.checks import metrics
from copydesk.checks.data_docs import build
from copydesk.checks.expectations import Result, read_suites
from copydesk.checks.record import Record, as_json, read, record
from copydesk.checks.suites import EXPECTATIONS
from copydesk.cli import main
from copydesk.data.bundled import bundled

STATIC = Path(__file__).parent.parent / "copydesk" / "checks" / "data_docs" / "static"
SUITES = {path.stem for path in bundled("expectations").glob("*.json")}
RESULTS = len(SUITES - {"versions", "sites"})  # these compare with nights before, and there was none
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of which a date was held back: half of its articles have no body, and the address of one is hostile."""
    folder = tmp_path_factory.mktemp("night")
    lines = [{"uri": f"a/{number}", "text": story(number)} for number in range(6)]
    lines += [{"uri": f"{HOSTILE}/{number}", "text": "Bridge closes\n\nMay 2, 2024\n"} for number in range(6)]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    suites = folder / "suites"
    shutil.copytree(bundled("expectations"), suites)
    text = (suites / "articles.json").read_text("utf-8")
    (suites / "articles.json").write_text(text.replace("An article has a body.", "Worth $5 & <u>more</u>."), "utf-8")
    settings = {"gate": {"min_documents": 2, "max_quarantined_share": 0.4}, "typos": {"mode": "off"}}
    outcome = night(folder / "in.jsonl", folder / "w", expectations=str(suites), **settings)
    assert outcome.row is not None and outcome.row["partitions_held"] == 1
    return folder / "w"


@pytest.fixture(scope="module")
def docs(warehouse: Path) -> Path:
    done = CliRunner().invoke(main, ["report", "--data-docs", "--warehouse", str(warehouse)])
    assert done.exit_code == 0, done.output
    assert Path(done.stdout.strip()) == warehouse / "_reports" / "data-docs" / "index.html"
    return warehouse / "_reports" / "data-docs"


@pytest.fixture(scope="module")
def context(docs: Path) -> Any:
    import great_expectations as gx

    return gx.get_context(mode="file", project_root_dir=docs)


def results(context: Any) -> dict[str, Any]:
    store = context.validation_results_store
    found = [store.get(key) for key in store.list_keys()]
    return {result.suite_name: result for result in found}


# --- the project


def test_a_plain_context_finds_what_it_knows(context: Any) -> None:
    assert {suite.name for suite in context.suites.all()} == SUITES
    assert {definition.name for definition in context.validation_definitions.all()} == SUITES
    assert {checkpoint.name for checkpoint in context.checkpoints.all()} == SUITES
    assert set(results(context)) == SUITES - {"versions", "sites"}
    articles = context.suites.get("articles")
    written = json.loads((bundled("expectations") / "articles.json").read_text("utf-8"))["expectations"]
    kept = [(expectation.meta["rule"], expectation.severity.value) for expectation in articles.expectations]
    assert kept == [(expectation["meta"]["rule"], expectation["severity"]) for expectation in written]


def test_the_results_are_those_of_the_tables_and_of_the_gate(context: Any, warehouse: Path) -> None:
    validations = table(warehouse, "validations").query("suite != 'steps'")
    outcomes = [(name, outcome) for name, result in results(context).items() for outcome in result.results]
    told = {(name, outcome.expectation_config.meta["rule"]): outcome for name, outcome in outcomes}
    assert set(told) == set(zip(validations["suite"], validations["rule"], strict=True))
    for row in validations.itertuples():
        outcome = told[row.suite, row.rule]
        result, severity = outcome.result, outcome.expectation_config.severity
        assert (outcome.success, getattr(severity, "value", severity)) == (row.success, row.severity), row.rule
        if "observed_value" in result:
            assert result["observed_value"] == row.element_count
        else:
            assert (result["element_count"], result["unexpected_count"]) == (row.element_count, row.unexpected_count)
    assert str(results(context)["partitions"].get_max_severity_failure().value) == "critical"
    assert table(warehouse, "runs")["verdict"].to_list() == ["held"]
    for result in results(context).values():
        assert result.success == all(outcome.success for outcome in result.results)
        assert result.statistics["unsuccessful_expectations"] == sum(not outcome.success for outcome in result.results)


def test_failing_rows_are_named(context: Any) -> None:
    (outcome,) = [r for r in results(context)["articles"].results if r.expectation_config.meta["rule"] == "no-body"]
    assert outcome.result["partial_unexpected_list"] == [0] * 6
    assert outcome.result["unexpected_index_list"][0] == {"row": f"{HOSTILE}/0", "body_length": 0}


def test_a_checkpoint_runs_and_says_the_same(context: Any, docs: Path) -> None:
    """On the metrics of the same partitions: the one that was held fails, with the same counts."""
    row = {"published_date": "2024-05-02", "documents": 12, "quarantined": 6, "quarantined_share": 0.5}
    frame = metrics.partitions([row | {"max_quarantined_share": 0.4}]).to_pandas()
    outcome = context.checkpoints.get("partitions").run(batch_parameters={"dataframe": frame})
    (fresh,) = outcome.run_results.values()
    kept = results(context)["partitions"]
    assert not outcome.success and not kept.success
    for one, other in zip(fresh.results, kept.results, strict=True):
        assert one.success == other.success
        assert one.result["unexpected_count"] == other.result["unexpected_count"]
    (key,) = outcome.run_results
    (docs / "gx" / "uncommitted" / "validations" / Path(*key.to_tuple())).with_suffix(".json").unlink()


# --- the pages


class Page(HTMLParser):
    """What a page loads, where it leads, its anchors and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.loads += [given[name] for name in ("src", "poster", "data", "srcset") if name in given]
        if "href" in given:
            (self.links if tag == "a" else self.loads).append(given["href"])
        self.links += [given["data-href"]] if "data-href" in given else []
        self.anchors |= {given[name] for name in ("id", "name") if name in given}

    def handle_data(self, data: str) -> None:
        self.text += data if self.tags[-1:] != ["script"] else ""

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def pages(folder: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def dead(path: Path, page: Page) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in page.links:
        if link == "javascript:void(0)":  # the pages of a table
            continue
        parts = urlsplit(link)
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        good = not parts.scheme and not parts.netloc and target.is_file()
        if good and parts.fragment and parts.fragment not in Page(target.read_text("utf-8")).anchors | page.anchors:
            good = False
        found += [] if good else [link]
    return found


def test_every_page_loads_files_beside_it_alone(docs: Path) -> None:
    found = pages(docs)
    assert len(found) == 1 + len(SUITES) + RESULTS  # the front page, suites, results
    for path, page in found.items():
        assert len(page.loads) > 10
        for load in page.loads:
            assert not urlsplit(load).scheme and (path.parent / load).is_file(), (path, load)
    for style in (docs / "static").glob("*.css"):
        for url in re.findall(r"url\(\s*[\"']?([^\"')]+)", style.read_text("utf-8")):
            assert url.startswith("data:"), (style, url)
    assert "vegaEmbed" not in "".join(path.read_text("utf-8") for path in found)


def test_nothing_hostile_gets_through_and_sentences_are_readable(docs: Path) -> None:
    for path, page in pages(docs).items():
        assert page.tags.count("img") == 1 and "u" not in page.tags, path  # the logo
        assert not re.search(r"expect_\w+", page.text), path
    (articles,) = (docs / "validations" / "articles").rglob("*.html")
    text = Page(articles.read_text("utf-8")).words
    assert "values must be greater than or equal to 1. " in text
    assert "no-body critical Worth $5 & <u>more</u>." in text
    assert f"Failing rows: {HOSTILE}/0 (0); {HOSTILE}/1 (0); {HOSTILE}/2 (0); 3 more" in text
    assert "6 unexpected values found. 50% of 12 total rows." in text


DRIVER = """<!doctype html><meta charset="utf-8"><title>driver</title><body><script>
const pages = %s, told = [];
async function look(page) {
  const frame = document.createElement("iframe");
  frame.style = "width:" + page[1] + "px;height:800px";
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = page[0];
  document.body.append(frame);
  await loaded;
  await new Promise((done) => setTimeout(done, 400));
  const seen = frame.contentDocument, view = frame.contentWindow;
  const icons = [...seen.querySelectorAll("i[class*=fa-]")].filter((i) => i.closest(".show, main > *") || true);
  const shown = icons.filter((i) => {
    const style = view.getComputedStyle(i);
    return (style.maskImage || style.webkitMaskImage || "").startsWith("url") && parseFloat(style.fontSize) > 0;
  });
  told.push({
    page: page[0], title: seen.title, rows: seen.querySelectorAll("tr.clickable-row").length,
    visible: [...seen.querySelectorAll("tr.clickable-row")].filter((row) => row.offsetHeight > 10).length,
    icons: icons.length, shown: shown.length, jquery: typeof view.$, width: seen.documentElement.scrollWidth,
    font: view.getComputedStyle(seen.body).fontFamily, html: seen.documentElement.outerHTML,
  });
  frame.remove();
}
(async () => {
  for (const page of pages) await look(page);
  document.body.innerHTML = "<pre id=told></pre>";
  document.getElementById("told").textContent = encodeURIComponent(JSON.stringify(told));
})();
</script>"""


def browse(addresses: list[tuple[str, int]], scratch: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """What a browser without a network makes of pages at a width in px, and the errors in its log."""
    driver = scratch / "driver.html"
    driver.write_text(DRIVER % json.dumps(addresses), "utf-8")
    flags = ["headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync"]
    flags += ["disable-component-update", "host-resolver-rules=MAP * ~NOTFOUND", "allow-file-access-from-files"]
    flags += ["virtual-time-budget=60000", "enable-logging=stderr", f"user-data-dir={scratch / 'profile'}", "dump-dom"]
    command = [str(CHROMIUM), *(f"--{flag}" for flag in flags), driver.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = re.search(r'<pre id="told">([^<]+)</pre>', done.stdout)
    assert told, done.stdout[:500] + done.stderr[-500:]
    errors = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unquote(html.unescape(told[1]))), errors


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_in_a_browser_without_a_network(docs: Path, tmp_path: Path) -> None:
    paths = sorted(pages(docs))
    told, errors = browse([(path.as_uri(), 1280) for path in paths], tmp_path)
    assert errors == []
    assert [one["page"] for one in told] == [path.as_uri() for path in paths]
    for path, one in zip(paths, told, strict=True):
        page = Page(one["html"])
        assert dead(path, page) == [], path
        assert one["jquery"] == "function" and "owned" not in one["title"]
        assert one["icons"] == one["shown"], path
        assert one["width"] <= 1280, path
        if path.parts[-6:-5] == ("validations",) or "validations" in path.parts:
            assert one["shown"] > 1
    (front,) = [one for path, one in zip(paths, told, strict=True) if path == docs / "index.html"]
    # Results are shown, suites are under the other tab.
    assert front["rows"] == RESULTS + len(SUITES) and front["visible"] == RESULTS
    assert front["shown"] >= RESULTS + 1  # the status of each result, and the button that clears the search
    targets = {urlsplit(link).path for link in Page(front["html"]).links} - {""}
    assert targets >= {path.relative_to(docs).as_posix() for path in paths}


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_page_that_loads_from_elsewhere_would_be_noticed(docs: Path, tmp_path: Path) -> None:
    shutil.copytree(docs, tmp_path / "copy", ignore=shutil.ignore_patterns("gx"))
    page = tmp_path / "copy" / "index.html"
    text = page.read_text("utf-8").replace("static/bootstrap-table.js", "https://unpkg.com/bootstrap-table.js")
    page.write_text(text.replace("static/icons.css", "static/missing.css"), "utf-8")
    (one,), errors = browse([(page.as_uri(), 1280)], tmp_path)
    assert sum("unpkg.com" in error for error in errors) >= 1 and one["rows"] == 0
    assert one["shown"] < one["icons"] or one["icons"] == 0


def test_what_was_taken_from_others_is_as_recorded() -> None:
    known = json.loads((STATIC / "versions.json").read_text("utf-8"))
    files = {path.name for path in STATIC.iterdir()} - {"versions.json", "LICENSES.txt", "pages.css"}
    assert set(known) == files
    for name, origin in known.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == origin["sha256"], name
    told = (STATIC / "LICENSES.txt").read_text("utf-8")
    assert all(f"{origin['package']} {origin['version']}" in told for origin in known.values())


# --- any suite

#: Arguments for every type of expectation that a suite may have.
ARGUMENTS: dict[str, Any] = {
    "column": "language", "column_A": "body_length", "column_B": "word_count", "column_list": ["start", "end"],
    "min_value": 1, "max_value": 9, "value_set": ["en"], "value": 3, "regex": "^a", "regex_list": ["^a", "b$"],
    "value_pairs_set": [[1, 2]], "sum_total": 7,
}  # fmt: skip


def test_every_type_of_expectation_has_a_readable_sentence(tmp_path: Path) -> None:
    suite, found = [], []
    for kind, arguments in EXPECTATIONS.items():
        kwargs = {name: ARGUMENTS[name] for name in arguments if name in ARGUMENTS}
        meta = {"rule": kind.replace("_", "-"), "description": "Said in words."}
        suite.append({"type": kind, "kwargs": kwargs, "severity": "info", "meta": meta})
        counts = {"element_count": 9, "missing_count": 1, "unexpected_count": 2, "failing": [["a", None], ["b", "x"]]}
        found.append({"rule": meta["rule"], "success": False, "severity": "info", "error": "", **counts})
    found[0] |= {"error": "no such <column>", "unexpected_count": 0, "failing": []}
    build(Record("r", datetime(2024, 5, 3, tzinfo=UTC), {"sites": suite}, {"sites": found}), tmp_path / "docs")
    told = pages(tmp_path / "docs")
    assert len(told) == 3
    for path, page in told.items():
        said = re.sub(r"expect_\w+ raised an exception:\s?no such <column>", "", page.words)
        assert "expect_" not in said and "$" not in said.replace("$(", "").replace("b$", ""), path
    for kind in EXPECTATIONS:
        assert sum(kind.replace("_", "-") in page.text for page in told.values()) == 2, kind


def test_an_expectation_without_a_sentence_shows_its_description(tmp_path: Path) -> None:
    from great_expectations.expectations.expectation import ColumnMapExpectation

    class ExpectColumnValuesToRhyme(ColumnMapExpectation):  # registers itself
        map_metric = "column_values.rhyme"

    meta = {"rule": "rhyme", "description": "Every line of <i>verse</i> rhymes for $rhyme."}
    suite = [{"type": "expect_column_values_to_rhyme", "kwargs": {"column": "line"}, "severity": "info", "meta": meta}]
    counts = {"element_count": 9, "missing_count": 0, "unexpected_count": 0, "failing": [], "error": ""}
    found = [{"rule": "rhyme", "success": True, "severity": "info", **counts}]
    build(Record("r", datetime(2024, 5, 3, tzinfo=UTC), {"verses": suite}, {"verses": found}), tmp_path / "docs")
    for path, page in pages(tmp_path / "docs").items():
        if path.name != "index.html":
            assert page.text.count(meta["description"]) == 1, path
            assert "i" not in page.tags or "expectations" not in path.parts


# --- records and the command


def test_a_record_is_read_as_it_was_written() -> None:
    rules = read_suites()
    bad = Result(
        "run", "t", "one-run", None, "critical", False, 1, 1, "d", failing=(("a\ud800", float("nan")), ("b", [1]))
    )
    kept = record("r", datetime(2024, 5, 3, tzinfo=UTC), rules, [bad, bad._replace(suite="steps")])
    back = read(as_json(kept))
    assert back == kept and set(back.suites) == set(rules) and set(back.results) == {"run"}
    assert back.results["run"][0]["failing"][1] == ["b", [1]]
    for damaged in (b"[]", b"{", b'{"schema_version": 9}', b'{"schema_version": 1}'):
        with pytest.raises(ValueError, match=r".+"):
            read(damaged)


def test_a_run_from_before_there_were_records(
    warehouse: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The counts come from the table, the limits from the suites of today."""
    old = tmp_path / "w"
    shutil.copytree(warehouse, old, ignore=shutil.ignore_patterns("_reports"))
    done = CliRunner().invoke(main, ["report", "--data-docs", "--warehouse", str(old), "--out", str(tmp_path / "docs")])
    assert done.exit_code == 0 and "kept no record" in caplog.text
    (page,) = (tmp_path / "docs" / "validations" / "articles").rglob("*.html")
    assert "6 unexpected values found. 50% of 12 total rows." in Page(page.read_text("utf-8")).words


def test_the_command(docs: Path, warehouse: Path, tmp_path: Path) -> None:
    """Other files are left alone, a second time replaces the first, and mistakes are said in words."""
    at = ["--warehouse", str(warehouse)]
    run_id = table(warehouse, "runs")["run_id"][0]
    out = tmp_path / "docs"
    for _ in range(2):
        done = CliRunner().invoke(main, ["report", "--data-docs", *at, "--run", run_id, "--out", str(out)])
        assert done.exit_code == 0 and Path(done.stdout.strip()) == out / "index.html", done.output
        assert len(pages(out)) == len(pages(docs))
        (out / "expectations" / "old.html").write_text("left over from a suite that is gone")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    for arguments, words in (
        (["--data-docs", *at, "--run", "nil"], f"no run 'nil'; the last one is '{run_id}'"),
        (["--data-docs", *at, "--out", str(tmp_path / "mine")], "holds other files"),
        (["--run", run_id, *at], "belong to --data-docs"),
        (["--data-docs", "--warehouse", str(tmp_path / "none")], "no run has been published"),
    ):
        done = CliRunner().invoke(main, ["report", *arguments])
        assert done.exit_code == 2 and words in done.output
    assert NIGHT.isoformat() in run_id


def test_the_warehouse_is_sound_with_data_docs(docs: Path, warehouse: Path) -> None:
    done = CliRunner().invoke(main, ["check", "--warehouse", str(warehouse)])
    assert done.exit_code == 0, done.output
    assert isinstance(pd.read_parquet(warehouse / "runs"), pd.DataFrame)
