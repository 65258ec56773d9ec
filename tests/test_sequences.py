"""Any sequence of nights and decisions: every article stays reversible, every document is in one place, and what is
published depends on the sources and the decisions, not on the way there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights import night, story, table, tree

from copydesk.checks.expectations import Verdict
from copydesk.cli import main
from copydesk.records import CRITICAL, Problem
from copydesk.run import nightly
from copydesk.warehouse import Warehouse

START = datetime(2024, 5, 4, 12, tzinfo=UTC)
MODULES = ("edits", "hand_check", "nightly", "quarantine", "versions")


class QuickChecks:
    """Two checks of the suites without Great Expectations, which takes most of the time of a small run."""

    def __init__(self, folder: Path | None = None) -> None:
        pass

    def judge(self, name: str, metrics: pa.Table, keys: Sequence[Any]) -> Verdict[Any]:
        verdict: Verdict[Any] = Verdict([])
        for key, row in zip(keys, metrics.to_pylist(), strict=True):
            if name == "articles" and (not row["body_length"] or row["replacement_share"] > 0.01):
                verdict.problems[key] = [Problem("validate", "characters-lost", "body", CRITICAL, "lost or empty")]
            if name == "versions" and (row["word_share"] or 1) < 0.5:
                verdict.problems[key] = [Problem("validate", "words-lost", "body", CRITICAL, "shorter")]
        return verdict

    def edits(self, table: pa.Table, ids: Any) -> Verdict[str]:
        return Verdict([])

    def partitions(self, rows: Any) -> Verdict[Any]:
        return Verdict([])

    run = partitions

    def counted(self, results: Sequence[Any]) -> list[Any]:
        return list(results)


def text(number: int, version: int) -> str:
    typo = "“The goverment will pay”, said Adress. Its" if number != 1 else "It’s as it was: the goverment. Its"
    return story(number).replace("Nobody", f"{typo} {version} days. Nobody") + "\n\nShare this article\n"


def write(raw: Path, versions: Sequence[int]) -> None:
    """The sources: three articles in one of two versions, one with lost characters, one without a text."""
    for number, version in enumerate(versions):
        site = raw / ("quay.example" if number else "port.example")
        site.mkdir(parents=True, exist_ok=True)
        (site / f"{number}.txt").write_text(text(number, version))
    (raw / "lost.txt").write_text(story(5).replace("the ", "th\ufffd "))
    (raw / "empty.txt").write_text("May 2, 2024\n")


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nightly, "Checks", QuickChecks)
        patch.setenv("COPYDESK_RUN__WORKERS", "1")
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sequences")
    write(root / "raw", (0, 0, 0))
    night(root / "raw", root / "w")
    return root


URIS = ["port.example/0.txt", "quay.example/1.txt", "quay.example/2.txt"]
ALL = {*URIS, "lost.txt", "empty.txt"}
ABOUT = st.sampled_from(
    [["--rule", "share-line"], ["--before", "goverment"], ["--rule", "typo-letter", "--site", "quay.example"]]
    + [[URIS[0], "--rule", rule] for rule in ("quote", "share-line", "typo-letter")]
)
ACTIONS = st.one_of(
    st.tuples(st.just("night"), st.tuples(*[st.integers(0, 1)] * 3)),
    st.builds(lambda verb, about: ["edits", verb, *about], st.sampled_from(["accept", "reject", "revert"]), ABOUT),
    st.sampled_from(
        [
            *(["edits", verb, "goverment", *where] for verb in ("protect", "unprotect")
              for where in ([], ["--site", "quay.example"])),
            ["quarantine", "release", "lost.txt"],
            ["quarantine", "release", "--undo", "lost.txt"],
            ["quarantine", "drop", "empty.txt"],
            ["restore", URIS[1], "1"],
            ["run", "--reprocess"],
            ["run", "--reprocess", "--site", "quay.example"],
            ["replay"],
        ]
    ),
)  # fmt: skip


class Desk:
    """A warehouse, its sources, and its clock."""

    def __init__(self, root: Path) -> None:
        self.raw, self.root, self.at = root / "raw", root / "w", START

    def do(self, words: Sequence[Any]) -> None:
        """One action; a command that is refused changes nothing."""
        self.at += timedelta(hours=7)
        if words[0] == "night":
            write(self.raw, words[1])
            night(self.raw, self.root, self.at.date())
            return
        before = tree(self.root)
        with pytest.MonkeyPatch.context() as patch:
            for module in MODULES:
                patch.setattr(import_module(f"copydesk.cli.{module}"), "now", lambda: self.at)
            done = CliRunner().invoke(main, [*words, "--warehouse", str(self.root)], catch_exceptions=False)
        assert done.exit_code in (0, 1, 2), done.output
        if done.exit_code == 2:
            assert tree(self.root) == before, done.output

    def is_sound(self) -> None:
        found = Warehouse.open(str(self.root)).audit()
        assert found.findings == [], found.findings

    def published(self) -> dict[str, Any]:
        """What is published of each document, with its edits; "held" for those in quarantine."""
        edits: dict[str, list[Any]] = {}
        made = table(self.root, "edits")
        for row in made.sort_values("sequence").to_dict("records") if len(made) else ():
            told = [row[name] for name in ("rule", "start", "before", "after", "status", "proposed", "body_start")]
            edits.setdefault(row["article_id"], []).append(str(told))
        found: dict[str, Any] = {}
        articles = table(self.root, "articles")
        for row in articles.to_dict("records") if len(articles) else ():
            assert row["uri"] not in found
            found[row["uri"]] = (row["headline"], row["body"], row["validation"], edits.get(row["article_id"]))
        for uri in table(self.root, "quarantine").get("uri", ()):
            assert uri not in found
            found[uri] = "held"
        return found


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(ACTIONS, min_size=4, max_size=9))
def test_what_is_published_depends_on_sources_and_decisions(
    first: Path, tmp_path_factory: pytest.TempPathFactory, actions: list[Any]
) -> None:
    home = tmp_path_factory.mktemp("any")
    shutil.copytree(first, home, dirs_exist_ok=True)
    desk = Desk(home)
    for action in actions:
        desk.do(action)
        desk.is_sound()
        assert set(desk.published()) | {"empty.txt"} == ALL, action
    desk.do(["run", "--reprocess"])
    desk.is_sound()

    fresh = Desk(home)
    fresh.root = home / "fresh"
    fresh.root.mkdir()
    shutil.copy(desk.root / "_warehouse.json", fresh.root)
    if (desk.root / "decisions").exists():
        shutil.copytree(desk.root / "decisions", fresh.root / "decisions")
    night(fresh.raw, fresh.root, date(2024, 5, 5))
    restored = {URIS[1]} if ["restore", URIS[1], "1"] in actions else set()
    there, here = desk.published(), fresh.published()
    assert {uri: there[uri] for uri in there.keys() - restored} == {uri: here[uri] for uri in here.keys() - restored}
    assert json.loads((desk.root / "_warehouse.json").read_bytes())["format"]
