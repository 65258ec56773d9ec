"""What differs from a site's usual night is found on the first night, and steady nights are left alone."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import steady
from click.testing import CliRunner, Result
from nights import night, story, table
from steady import BREAKS, FIRST, Between, Kind, row, rules, whole

from copydesk.checks.expectations import Checks
from copydesk.cli import main
from copydesk.run.job import Outcome
from copydesk.sites.compare import Compared, compare
from copydesk.sites.findings import command, finding
from copydesk.sites.judge import SitesJudged, fails, judge
from copydesk.sites.past import Night, Past, joined
from copydesk.sites.tally import WHOLE
from copydesk.warehouse.decisions import ACKNOWLEDGE, Decision

ROOT = Path(__file__).parents[1]


def counted(judged: SitesJudged) -> list[tuple[str | None, str]]:
    return [(one.site, one.rule) for one in judged.findings if one.counts]


# --- simulated: the rows of the table, without articles


def test_steady_nights_are_left_alone() -> None:
    """60 nights of 8 sites, 12 times: with weekdays, holidays and growth, at most one finding about a site a week."""
    seeds = 12
    found: Counter[tuple[str | None, str]] = Counter()
    for seed in range(seeds):
        for _, judged in steady.nights(60, seed):
            found.update(counted(judged))
    of_sites = sum(number for (site, _), number in found.items() if site is not WHOLE)
    assert of_sites / seeds / (60 / 7) <= 0.25, found  # measured: 0.02
    of_whole = {rule for site, rule in found if site is WHOLE}
    assert of_whole == {"site-few-documents"}, "holidays are a finding about the run as a whole"


@pytest.mark.parametrize("count", [8, 12, 23, 36])
@pytest.mark.parametrize("seed", range(4))
def test_each_break_is_found_on_the_first_night(count: int, seed: int) -> None:
    *_, (_, judged) = steady.nights(count, seed, BREAKS, holidays=False)
    assert {site for site, _ in counted(judged)} == set(BREAKS)
    assert judged.severity == "warning"
    assert [entry["site"] for entry in judged.entries[:6]] == [WHOLE, *_by_weight(judged)]


def _by_weight(judged: SitesJudged) -> list[str | None]:
    weights: dict[str | None, float] = {}
    for one in judged.findings:
        if one.counts:
            weights[one.site] = max(weights.get(one.site, 0.0), one.weight)
    return sorted(weights, key=lambda site: -weights[site])


def test_nothing_is_said_before_there_are_seven_nights() -> None:
    *_, (_, judged) = steady.nights(7, 0, BREAKS)
    assert judged.findings == []
    assert {entry["status"] for entry in judged.entries} == {"too-few-nights"}


def test_the_suite_judges_like_the_simulation() -> None:
    scores = [
        {"site": name, "silence": 4.0 * number, "undated": 5.0, "volume": -3.5} for number, name in enumerate("ab")
    ]
    checks = Checks()
    real, plain = checks.sites(scores), Between().sites(scores)
    assert {k: sorted(p.rule for p in v) for k, v in real.problems.items()} == {
        k: sorted(p.rule for p in v) for k, v in plain.problems.items()
    }
    assert real.problems.keys() == {"a", "b"}
    assert not fails(rules()[1], None)


class World:
    """Nights of made-up rows, one after the other."""

    def __init__(self, kinds: dict[str, Kind], seed: int = 1) -> None:
        self.kinds, self.past, self.day = kinds, [], FIRST
        self.chance = steady.np.random.default_rng(seed)
        self.acknowledged: dict[tuple[str | None, str | None], Decision] = {}
        self.nights: list[Night] = []

    def rows(self, **documents: float) -> dict[str, dict[str, Any]]:
        made = {}
        for name, kind in self.kinds.items():
            mean = documents.get(name, kind.documents * (kind.weekend if self.day.weekday() >= 5 else 1))
            made[name] = row(name, kind, mean, self.chance)
        return made

    def night(self, rows: dict[str, dict[str, Any]] | None = None, **documents: float) -> SitesJudged:
        made = rows or self.rows(**documents)
        tonight: dict[str | None, dict[str, Any]] = {WHOLE: whole(made)}
        tonight |= {name: one for name, one in made.items() if one["arrivals"]}
        open_ones = {key: made for key, made in self.acknowledged.items() if made.until and made.until >= self.day}
        judged = judge(tonight, Past(self.nights, {}), self.day, open_ones, rules(), Between)  # type: ignore[arg-type]
        self.nights = [*self.nights, Night(self.day, {one["site"]: one for one in judged.rows})][-60:]
        self.day += timedelta(days=1)
        return judged

    def steady(self, count: int) -> None:
        for _ in range(count):
            self.night()


def statuses(judged: SitesJudged) -> dict[str | None, str]:
    return {entry["site"]: entry["status"] for entry in judged.entries}


TWO = {"a": Kind(20, 1.0), "b": Kind(30, 1.0)}


def test_a_finding_has_a_beginning_and_stays_until_the_site_is_back() -> None:
    world = World(TWO)
    world.steady(10)
    since = world.day
    for nights in range(1, 21):
        judged = world.night(a=0)
        (found,) = [one for one in judged.findings if one.site == "a"]
        assert (found.rule, found.since) == ("site-silent", since), nights
        assert statuses(judged)["a"] == "silent"
        assert found.sentence.startswith("No articles on 11 January (usually ") == (nights == 1)
    assert found.sentence.startswith("No articles since 11 January (the last came on 10 January, usually ")
    assert counted(world.night()) == []


def test_a_site_without_dates_stays_a_finding_however_long_it_lasts() -> None:
    world = World(TWO)
    world.steady(8)
    since = world.day
    for _ in range(30):
        rows = world.rows()
        rows["b"]["undated"] = rows["b"]["measured"]
        judged = world.night(rows)
        assert counted(judged) == [("b", "site-undated")]
        assert judged.findings[0].since == since
    assert counted(world.night()) == []


def test_an_acknowledged_finding_does_not_count_and_becomes_usual() -> None:
    world = World(TWO)
    world.steady(28)

    def undated() -> SitesJudged:
        rows = world.rows()
        rows["b"]["undated"] = rows["b"]["measured"]
        return world.night(rows)

    assert counted(undated()) == [("b", "site-undated")]
    until = world.day + timedelta(days=19)
    world.acknowledged["b", None] = Decision(ACKNOWLEDGE, "Ada", "known", site="b", until=until)
    judged = undated()
    assert counted(judged) == []
    assert judged.severity is None
    assert [one.acknowledged and one.acknowledged.who for one in judged.findings] == ["Ada"]
    assert [row["findings"] for row in judged.rows if row["site"] == "b"] == [
        [{"rule": "site-undated", "since": world.day - timedelta(days=2), "acknowledged": True}]
    ]
    for _ in range(19):
        undated()
    assert world.day > until
    assert counted(undated()) == [], "twenty acknowledged nights of twenty-eight are usual"


def test_an_acknowledgement_of_one_rule_leaves_the_others() -> None:
    world = World(TWO)
    world.steady(10)
    world.acknowledged["b", "site-undated"] = Decision(ACKNOWLEDGE, "Ada", rule="site-undated", until=date(2025, 1, 1))
    rows = world.rows()
    rows["b"] |= {"undated": rows["b"]["measured"], "lost": rows["b"]["measured"]}
    assert counted(world.night(rows)) == [("b", "site-lost-characters")]


def test_new_and_retired_sites_are_said_once() -> None:
    world = World(TWO)
    world.steady(10)
    world.kinds = {**TWO, "c": Kind(25, 1.0)}
    assert statuses(world.night())["c"] == "new"
    assert statuses(world.night())["c"] == "too-few-nights"
    world.steady(10)
    world.kinds = TWO
    seen = [statuses(world.night()).get("c") for _ in range(32)]
    assert seen == ["silent"] * 27 + ["retired"] + [None] * 4


def test_a_weekly_site_is_expected_on_its_day_only() -> None:
    world = World(TWO)
    world.kinds = {**TWO, "w": Kind(12, 1.0)}
    for _ in range(35):
        judged = world.night(**({} if world.day.weekday() == 0 else {"w": 0}))
        assert counted(judged) == []
    assert world.day.weekday() == 0
    assert counted(world.night(w=0)) == [("w", "site-silent")]


def test_a_site_that_comes_when_it_likes_is_not_missed_at_once() -> None:
    world = World(TWO)
    world.kinds = {**TWO, "i": Kind(6, 1.0)}
    for number in range(40):
        judged = world.night(**({} if number % 3 == 0 or number % 7 == 0 else {"i": 0}))
        assert counted(judged) == []
    gone = [bool(counted(world.night(i=0))) for _ in range(24)]
    assert not any(gone[:4])
    assert any(gone)


def test_small_changes_of_a_flat_series_are_none() -> None:
    world = World({})
    flat = {**row("f", Kind(20, 1.0), 20, world.chance), "arrivals": 20, "new": 20, "measured": 20, "published": 20}
    flat |= {"quarantined": 0, "undated": 0, "lost": 0, "mojibake": 0, "median_words": 300}
    for _ in range(20):
        world.night({"f": dict(flat)})
    for change in ({"new": 17, "arrivals": 17}, {"undated": 2}, {"lost": 1}, {"median_words": 260}, {"mojibake": 2}):
        assert counted(world.night({"f": {**flat, **change}})) == [], change


def test_everything_silent_is_one_finding() -> None:
    world = World({name: Kind(20, 1.0) for name in "abcdef"})
    world.steady(12)
    judged = world.night(**dict.fromkeys("abcdef", 0))
    assert counted(judged) == [(WHOLE, "site-silent")]
    assert statuses(judged)["a"] == "usual"


def test_two_runs_of_one_date_are_one_night() -> None:
    world = World(TWO)
    world.steady(10)
    rows = world.rows()
    first = {WHOLE: whole({"a": rows["a"]}), "a": rows["a"]}
    second = {WHOLE: whole({"b": rows["b"]}), "b": rows["b"]}
    judged = judge(second, Past(world.nights, first), world.day, {}, rules(), Between)  # type: ignore[arg-type]
    assert counted(judged) == []
    both = joined(rows["a"], rows["a"])
    assert both["new"] == 2 * rows["a"]["new"]
    assert both["median_words"] == rows["a"]["median_words"]
    own = {one["site"]: one["new"] for one in judged.rows}
    assert own == {WHOLE: rows["b"]["new"], "a": 0, "b": rows["b"]["new"]}, "a run writes its own counts"


def test_a_limit_of_ones_own_is_told_with_the_words_of_the_suite() -> None:
    """A fixed limit, on a column that is not compared with earlier nights."""
    world = World(TWO)
    world.steady(7)
    kwargs = {"column": "undated_share", "max_value": 0.5}
    own = rules()[1]._replace(
        rule="dated", kwargs=kwargs, columns=("undated_share",), severity="critical",
        failure=("{value:.0%} have no date (limit {max_value:.0%})", ""),
    )  # fmt: skip
    row = {**world.rows()["a"], "measured": 10, "undated": 9}
    compared = compare({WHOLE: whole({"a": row}), "a": row}, Past(world.nights, {}), world.day, {})
    found = finding(own, compared["a"], world.day)
    assert (found.sentence, found.observed, found.high) == ("90% have no date (limit 50%)", 0.9, 0.5)
    assert found.counts


def test_a_hostile_name_is_in_no_command() -> None:
    assert command(finding(rules()[1], compared_as("news.example; rm -r x"), FIRST)).startswith("copydesk sites 'news")
    assert command(finding(rules()[1], compared_as("news\u202e.example"), FIRST)) == ""
    assert command(finding(rules()[1], compared_as("n" * 500), FIRST)) == ""


def compared_as(name: str) -> Compared:
    return Compared(name, row(name, Kind(0), 0, steady.np.random.default_rng(0)), [], silent=[FIRST], expected=[9.0])


# --- whole runs


def eight_nights() -> Any:
    spec = importlib.util.spec_from_file_location("eight_nights", ROOT / "examples" / "eight_nights.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["eight_nights"] = module
    spec.loader.exec_module(module)
    return module


def test_the_example_explains_itself_and_writes_nothing_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["eight_nights.py", "--help"])
    with pytest.raises(SystemExit):
        eight_nights().main()
    assert "FOLDER" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


FAST = {"typos": {"mode": "off"}}


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[date, Path]]]:
    """A warehouse after seven steady nights, and the files of all nine."""
    folder = tmp_path_factory.mktemp("nights")
    written: list[tuple[date, Path]] = eight_nights().write(folder / "raw", 0.7)
    for day, path in written[:7]:
        outcome = night(path, folder / "w", day, **FAST)
        assert outcome.severity is None, outcome.sites
    return folder / "w", written


BROKEN = {
    "harbour-post.example": {"site-silent"},
    "valley-news.example": {"site-undated"},
    "coast-courier.example": {"site-lost-characters"},
    "inland-times.example": {"site-short-articles"},
    "market-daily.example": {"site-repeated-texts", "site-boilerplate-share", "site-short-articles"},
}


@pytest.fixture(scope="module")
def eighth(seven: tuple[Path, list[tuple[date, Path]]]) -> Outcome:
    warehouse, written = seven
    day, path = written[7]
    return night(path, warehouse, day, **FAST)


def copydesk(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_the_eighth_night_names_the_five_broken_sites(eighth: Outcome, seven: Any) -> None:
    assert eighth.report_data is not None
    sites = eighth.report_data["sites"]
    assert sites[0]["site"] is None
    assert sites[0]["counts"] == {"sites": 8, "differs": 4, "silent": 1, "usual": 3}
    rules_of = {e["site"]: {f["rule"] for f in e["findings"] if f["severity"] != "info"} for e in sites[1:6]}
    assert rules_of.keys() == BROKEN.keys()
    for site, expected in BROKEN.items():
        assert expected <= rules_of[site]
    weights = [entry["weight"] for entry in sites[1:]]
    assert weights == sorted(weights, reverse=True)
    assert weights[5:] == [0, 0, 0]
    verdict = eighth.report_data["verdict"]
    assert verdict["sites"] == "5 of 8 sites differ from their usual night."
    assert verdict["status"] == "look"
    assert all(len(entry["history"]) == 8 for entry in sites)
    assert (eighth.held, eighth.severity) == (False, "warning")
    failed = table(seven[0], "validations").query("suite == 'sites' and not success")
    assert set().union(*BROKEN.values()) <= set(failed["rule"])


def test_the_table_counts_every_document(eighth: Outcome, seven: Any) -> None:
    rows, runs = table(seven[0], "sites"), table(seven[0], "runs")
    for name in ("published", "quarantined", "bytes_read"):
        of_sites = rows[rows["site"].notna()].groupby("run_id")[name].sum()
        assert of_sites.to_dict() == runs.set_index("run_id")[name].to_dict(), name
        assert of_sites.to_dict() == rows[rows["site"].isna()].set_index("run_id")[name].to_dict(), name
    arrived = rows[rows["site"].isna()].set_index("run_id")["arrivals"]
    assert arrived.to_dict() == runs.set_index("run_id")["documents"].to_dict()
    last = rows[rows["run_date"] == rows["run_date"].max()].set_index("site")
    assert last.loc["valley-news.example", "undated"] == last.loc["valley-news.example", "measured"]
    assert last.loc["harbour-post.example", "arrivals"] == 0


def test_acknowledging_one_site_leaves_the_others_and_its_return_closes_them(
    eighth: Outcome, seven: Any, tmp_path: Path
) -> None:
    warehouse, written = str(seven[0]), seven[1]
    shown = copydesk("sites", "--warehouse", warehouse)
    assert shown.stdout.startswith("2024-05-08: 5 of 8 sites differ from their usual night.\n"), shown.output
    order = [line.split()[0] for line in shown.stdout.splitlines() if "▁" in line or "█" in line]
    assert set(order[1:6]) == BROKEN.keys()
    one = copydesk("sites", "harbour-post.example", "--warehouse", warehouse)
    assert "No articles on 8 May (usually " in one.stdout
    assert " came of  usual  last nights" in shown.stdout and "since 2024-" not in shown.stdout
    assert "copydesk sites acknowledge harbour-post.example --until 2024-05-22 --warehouse " in one.stdout
    assert "2024-05-01" in one.stdout

    wrong = copydesk("sites", "acknowledge", "harbor-post.example", "--until", "2024-05-22", "--warehouse", warehouse)
    assert (wrong.exit_code, "did you mean 'harbour-post.example'?" in wrong.output) == (2, True)
    far = copydesk("sites", "acknowledge", "nosuch.example", "--until", "2024-05-22", "--warehouse", warehouse)
    assert (far.exit_code, "'nosuch.example'; `copydesk sites` lists them" in far.output) == (2, True)
    words = [
        "acknowledge",
        "harbour-post.example",
        "--until",
        "2024-05-22",
        "--because",
        "being rebuilt",
        "--who",
        "Ada",
    ]
    assert copydesk("sites", *words, "--warehouse", warehouse).exit_code == 0
    (decision,) = table(seven[0], "decisions").to_dict("records")
    assert (decision["action"], decision["site"], decision["why"]) == ("acknowledge", words[1], "being rebuilt")
    assert str(decision["until"]) == "2024-05-22"
    told = json.loads(copydesk("sites", "--json", "--warehouse", warehouse).stdout)
    found = {entry["site"]: entry for entry in told["sites"]}
    assert found["harbour-post.example"]["status"] == "acknowledged"
    shown = copydesk("sites", "harbour-post.example", "--warehouse", warehouse)
    assert shown.stdout.startswith("harbour-post.example: acknowledged ")
    assert " – acknowledged until 2024-05-22 by Ada: being rebuilt" in shown.stdout
    assert "acknowledge it" not in shown.stdout
    assert found["harbour-post.example"]["findings"][0]["acknowledged"]["who"] == "Ada"
    assert told["sites"][0]["counts"]["differs"] == 4
    assert copydesk("check", "--warehouse", warehouse).exit_code == 0

    day, path = written[8]
    words = ["run", str(path), "--date", day.isoformat(), "--warehouse", warehouse, "--fail-on", "warning"]
    (tmp_path / "copydesk.toml").write_text('[typos]\nmode = "off"\n', "utf-8")
    back = copydesk(*words, "--workers", "1", "--config", str(tmp_path / "copydesk.toml"))
    assert back.exit_code == 0, back.output
    assert "usual night" not in back.stdout
    rows = table(seven[0], "sites")
    last = rows[rows["run_date"] == rows["run_date"].max()]
    assert [found for row in last["findings"] for found in row] == []


@pytest.mark.parametrize(("fail_on", "code"), [("warning", 1), ("critical", 0), ("never", 0)])
def test_an_empty_night_is_noticed_without_being_written(
    seven: Any, eighth: Outcome, tmp_path: Path, fail_on: str, code: int
) -> None:
    (tmp_path / "empty").mkdir()
    warehouse = tmp_path / "w"
    shutil.copytree(seven[0], warehouse)
    day, path = seven[1][8]
    night(path, warehouse, day, **FAST)
    before = len(table(warehouse, "runs"))
    words = [
        "run",
        str(tmp_path / "empty"),
        "--date",
        "2024-05-29",
        "--warehouse",
        str(warehouse),
        "--fail-on",
        fail_on,
    ]
    done = copydesk(*words)
    assert done.exit_code == code, done.output
    assert "the sources hold no documents.\nNo articles on 29 May (usually " in done.stdout
    assert len(table(warehouse, "runs")) == before


@pytest.mark.parametrize(("fail_on", "code"), [("warning", 1), ("critical", 0), ("never", 0)])
def test_empty_sources_are_a_warning_on_the_first_night_too(tmp_path: Path, fail_on: str, code: int) -> None:
    (tmp_path / "empty").mkdir()
    words = ["run", str(tmp_path / "empty"), "--warehouse", str(tmp_path / "w"), "--fail-on", fail_on]
    done = copydesk(*words)
    assert (done.exit_code, done.stdout) == (code, "Nothing to do: the sources hold no documents.\n")
    assert json.loads(copydesk(*words, "--json").stdout)["severity"] == "warning"


def test_known_documents_are_no_warning(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(story(1), "utf-8")
    night(tmp_path / "raw", tmp_path / "w", **FAST)
    assert night(tmp_path / "raw", tmp_path / "w", **FAST).severity is None


def test_the_sites_of_the_first_nights_are_not_said_to_be_as_usual(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / "raw" / "news.example").mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / "news.example" / f"{number}.txt").write_text(story(number), "utf-8")
        night(tmp_path / "raw", tmp_path / "w", date(2024, 5, 1 + number), **FAST)
    said = copydesk("sites", "--warehouse", str(tmp_path / "w")).stdout
    expected = "2024-05-02: No site was compared: that takes 7 earlier nights, and no site has more than 1.\n"
    assert said.startswith(expected), said


def test_documents_that_the_gate_holds_back_are_quarantined_at_their_site(tmp_path: Path) -> None:
    def record(site: str, number: int, text: str) -> str:
        return json.dumps({"url": f"https://{site}/{number}", "date": "2024-05-02", "text": text})

    lines = [record("a.example", number, story(number)) for number in range(3)]
    lines += [record("b.example", number, "404 Not Found") for number in range(2)]
    lines += [record("b.example", 7, story(7)), record("b.example", 7, story(8))]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    outcome = night(
        tmp_path / "a.jsonl", tmp_path / "w", gate={"max_quarantined_share": 0.3, "min_documents": 1}, **FAST
    )
    assert outcome.held
    rows = table(tmp_path / "w", "sites").set_index("site")
    a, b = rows.loc["a.example"], rows.loc["b.example"]
    assert (a["arrivals"], a["published"], a["quarantined"], a["measured"]) == (3, 0, 3, 3)
    assert [dict(one) for one in a["reasons"]] == [{"rule": "held-back", "documents": 3}]
    assert (b["arrivals"], b["new"], b["published"], b["quarantined"]) == (4, 4, 0, 4)
    assert {one["rule"] for one in b["reasons"]} >= {"duplicate-uri", "held-back"}
    assert sum(one["documents"] for one in b["reasons"]) == 4


def test_changed_and_known_documents_are_told_apart(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "raw" / "news.example").mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / "news.example" / f"{number}.txt").write_text(story(number), "utf-8")
    night(tmp_path / "raw", tmp_path / "w", date(2024, 5, 1), **FAST)
    (tmp_path / "raw" / "news.example" / "0.txt").write_text(story(0) + "\nThe bridge is open again.\n", "utf-8")
    (tmp_path / "raw" / "news.example" / "9.txt").write_text(story(9), "utf-8")
    night(tmp_path / "raw", tmp_path / "w", date(2024, 5, 2), **FAST)
    rows = table(tmp_path / "w", "sites")
    row = rows[(rows["site"] == "news.example") & (rows["run_date"].astype(str) == "2024-05-02")].iloc[0]
    assert [row[name] for name in ("arrivals", "unchanged", "new", "changed", "published")] == [5, 3, 1, 1, 2]


def test_a_night_of_a_thousand_sites_that_never_come_again_leaves_nothing_to_carry() -> None:
    world = World(TWO)
    world.steady(8)
    rows = world.rows()
    rows |= {f"{number}.example": row(f"{number}.example", Kind(1), 1, world.chance) for number in range(1000)}
    judged = world.night(rows)
    assert len(judged.entries) == 101
    assert len(json.dumps(judged.entries)) < 400_000
    assert len(world.night().rows) == 3
