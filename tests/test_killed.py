"""Each command that writes, killed at its effects on the disk: run again, it leaves what it leaves undisturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from nights import night, story
from test_commit_crash import Fault, Killed
from warehouse_runs import tree as whole

from copydesk.cli import main

#: Moments at which each command is killed. `make crash` sets it to 200: at all of them.
KILLS = int(os.environ.get("COPYDESK_KILLS", "3"))
AT = datetime(2024, 5, 6, 12, tzinfo=UTC)
SUITES = Path(__file__).parents[1] / "expectations"


class Command(NamedTuple):
    """A command, those before it, and its environment. `lax` are suites that let lost characters pass."""

    words: str
    before: tuple[str, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012  # of a value that nothing changes
    lax: bool = False


OFF = {"COPYDESK_RULES__OFF": "share-line"}
REJECT = "edits reject --rule share-line"
COMMANDS = {
    "reprocess": Command("run --reprocess", env=OFF),
    "replay": Command("replay", lax=True),
    "release": Command("quarantine release lost.txt"),
    "undo": Command("quarantine release --undo lost.txt", ("quarantine release lost.txt",)),
    "drop": Command("quarantine drop empty.txt lost.txt"),
    "reject": Command(REJECT),
    "accept": Command("edits accept --rule share-line", (REJECT,)),
    "revert": Command("edits revert 0.txt 2", (REJECT,)),
    "protect": Command("edits protect goverment"),
    "check": Command("edits check 0.txt 2 --wrong"),
    "compare": Command("clusters compare", env={"COPYDESK_DUPLICATES__SIMILARITY": "0.97"}),
    "restore": Command("restore 0.txt 1", ("run --reprocess --date 2024-05-05",), OFF),
}


@pytest.fixture(autouse=True)
def _at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("shared", "clusters", "edits", "hand_check", "nightly", "quarantine", "versions"):
        monkeypatch.setattr(import_module(f"copydesk.cli.{module}"), "now", lambda: AT)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setenv("COPYDESK_RUN__WORKERS", "1")
    monkeypatch.delenv("COPYDESK_KILLS", raising=False)  # which is no setting


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two articles with a typo and a share button, and two quarantined documents."""
    root = tmp_path_factory.mktemp("killed")
    (root / "raw").mkdir()
    for number in range(2):
        body = story(number).replace("Nobody", "The goverment will pay. Nobody")
        (root / "raw" / f"{number}.txt").write_text(f"{body}\n\nShare this article\n")
    (root / "raw" / "lost.txt").write_text(story(5).replace("the ", "th\ufffd "))
    (root / "raw" / "empty.txt").write_text("May 2, 2024\n")
    night(root / "raw", root / "w")
    return root / "w"


def tree(root: Path) -> dict[str, str]:
    """The files of the warehouse but for the pages of its reports, which hold timings."""
    return {name: digest for name, digest in whole(root).items() if not name.startswith("_reports/")}


def done(root: Path, words: str, env: dict[str, str]) -> Result:
    return CliRunner().invoke(main, [*words.split(), "--warehouse", str(root)], env=env)


@contextmanager
def dying(at: int | None) -> Iterator[Fault]:
    """Effect number `at` kills the command, and the last rites of its process change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        yield Fault(patch, at, None)


@pytest.mark.no_cover  # the same lines over and over, which other tests reach
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_is_run_again(first: Path, tmp_path: Path, name: str) -> None:
    command = COMMANDS[name]
    env = dict(command.env)
    if command.lax:
        shutil.copytree(SUITES, tmp_path / "suites")
        suite = tmp_path / "suites" / "articles.json"
        suite.write_text(suite.read_text().replace('"max_value": 0.01}', '"max_value": 0.5}'))
        env["COPYDESK_EXPECTATIONS"] = str(tmp_path / "suites")
    start, calm = tmp_path / "start", tmp_path / "calm"
    shutil.copytree(first, start)
    for words in command.before:
        assert done(start, words, env).exit_code == 0
    shutil.copytree(start, calm)
    with dying(None) as fault:
        result = done(calm, command.words, env)
    assert result.exit_code == 0, result.output
    wanted = tree(calm)
    assert wanted != tree(start)
    again = done(calm, command.words, env)
    assert again.exit_code in (0, 2) and tree(calm) == wanted, "a command that is repeated writes nothing"

    moments = range(1, fault.count + 1)
    chance = random.Random(f"killed {name} {KILLS}")
    for at in sorted(chance.sample(moments, min(KILLS, len(moments)))):
        root = tmp_path / str(at)
        shutil.copytree(start, root)
        for moment in (at, chance.choice(moments)):  # the command that mends it is killed as well
            with dying(moment), suppress(Killed):
                done(root, command.words, env)
            for path in root.glob("[a-z]*/*/*.parquet"):
                pq.read_table(path)
        done(root, command.words, env)
        assert tree(root) == wanted, f"{name}, killed at {at}"
        shutil.rmtree(root)
    found = CliRunner().invoke(main, ["check", "--warehouse", str(calm), "--json"])
    assert json.loads(found.stdout)["sound"]
