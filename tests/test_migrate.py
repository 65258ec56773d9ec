"""Warehouses of other versions: an older one is migrated by one command, and a newer one is refused."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import nights
import pyarrow as pa
import pytest
from click.testing import CliRunner
from test_check import HERE, check, table
from test_commit_crash import Killed, attempts
from warehouse_runs import tree

from copydesk.cli import main
from copydesk.located import locate
from copydesk.warehouse import Warehouse, WarehouseError, layout, partition, schemas


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """What the last version with format 1 published of five of the sample articles."""
    shutil.copytree(HERE / "fixtures" / "warehouse-format-1", tmp_path / "old")
    return tmp_path / "old"


def test_a_warehouse_of_the_last_version_is_migrated_extended_and_checked(old: Path, tmp_path: Path) -> None:
    before = {row["uri"]: row for path in old.glob("articles/*/*.parquet") for row in table(path).to_pylist()}
    assert len(before) == 4
    for again in (False, True):
        done = CliRunner().invoke(main, ["migrate", "--warehouse", str(old), "--json"])
        written = json.loads(done.stdout)
        assert (done.exit_code, written["to"], written["files"]) == (0, schemas.FORMAT, 0 if again else 8)
    assert check(old)[1]["sound"]
    raw = HERE.parent / "examples" / "raw"
    sources = tmp_path / "raw"
    sources.mkdir()
    for uri in [*before, "24-empty.txt", "02-headline-upper-case.txt"]:
        shutil.copy(raw / uri, sources / uri)
    outcome = nights.night(sources, old)
    assert outcome.row is not None
    assert (outcome.row["published"], outcome.row["unchanged"], outcome.row["replaced"]) == (1, 5, 0)
    after = {row["uri"]: row for path in old.glob("articles/*/*.parquet") for row in table(path).to_pylist()}
    assert {uri: {name: after[uri][name] for name in row} for uri, row in before.items()} == before
    assert check(old)[1]["findings"] == []


def test_what_a_migration_adds_is_what_a_run_would_have_written(old: Path, tmp_path: Path) -> None:
    """Apart from what old rows do not say: whether midnight is a time, and when a document was seen first."""
    assert CliRunner().invoke(main, ["migrate", "--warehouse", str(old)]).exit_code == 0
    uris = {row["uri"] for path in old.glob("articles/*/*.parquet") for row in table(path).to_pylist()}
    raw = tmp_path / "raw"
    raw.mkdir()
    for uri in uris:
        shutil.copy(HERE.parent / "examples" / "raw" / uri, raw / uri)
    nights.night(raw, tmp_path / "new", date(2026, 11, 28))
    wanted = ["uri", "site", "agency", "first_seen_at", "version", "published_precision"]
    tables = [
        pa.concat_tables(table(path).select(wanted) for path in sorted(root.glob("articles/*/*.parquet")))
        for root in (old, tmp_path / "new")
    ]
    migrated, made = (sorted(map(str, found.to_pylist())) for found in tables)
    assert [row.replace("'day'", "None") for row in made] == migrated
    assert len(made) > 3


def test_readers_find_the_columns_of_later_runs_in_migrated_ones(old: Path) -> None:
    assert CliRunner().invoke(main, ["migrate", "--warehouse", str(old)]).exit_code == 0
    for path in old.glob("runs/*/*.parquet"):
        assert "kind" in table(path).schema.names


def test_a_migration_says_where_each_edit_stands(old: Path) -> None:
    """The edits themselves are those that the old version made."""
    assert CliRunner().invoke(main, ["migrate", "--warehouse", str(old)]).exit_code == 0
    placed = 0
    for path in old.glob("articles/*/*.parquet"):
        edits = partition.of_articles(Warehouse.open(str(old)).store, f"edits/{path.parent.name}/edits.parquet")
        rows = table(old / "edits" / path.parent.name / "edits.parquet").to_pylist()
        for row in table(path).to_pylist():
            own = edits.get(row["article_id"], [])
            places = locate(row["headline"], row["body"], own)
            found = [one["body_start"] for one in rows if one["article_id"] == row["article_id"]]
            assert found == [place.body_start for place in places]
            placed += sum(start is not None for start in found)
    assert placed > 10


def test_a_warehouse_of_format_2_keeps_its_rows_and_learns_which_are_copies(tmp_path: Path) -> None:
    """What the last version with format 2 published in two nights: a copy, and an article that was replaced."""
    root = tmp_path / "old"
    shutil.copytree(HERE / "fixtures" / "warehouse-format-2", root)
    tables = [*root.glob("articles/*/*.parquet"), *root.glob("versions/*/*.parquet")]
    before = {path: table(path).to_pylist() for path in tables}
    done = CliRunner().invoke(main, ["migrate", "--warehouse", str(root), "--json"], catch_exceptions=False)
    written = json.loads(done.stdout)
    assert (done.exit_code, written["from"], written["to"], written["files"]) == (0, 2, schemas.FORMAT, 3)
    for path, rows in before.items():
        for old, new in zip(rows, table(path).to_pylist(), strict=True):
            assert new.pop("syndicated_from") is None
            assert {name for name in old if old[name] != new[name]} <= {"cluster_id", "duplicate_of"}
    rows = {row["uri"]: row for path in root.glob("articles/*/*.parquet") for row in table(path).to_pylist()}
    assert rows["01-copy.txt"]["duplicate_of"] == rows["01-headline-twice.txt"]["article_id"]
    assert sum(row["duplicate_of"] is not None for row in rows.values()) == 1
    assert check(root)[1]["findings"] == []
    shown = CliRunner().invoke(main, ["clusters", "show", "01-copy.txt", "--warehouse", str(root)])
    assert shown.stdout.splitlines()[0].startswith("canonical") and "2 articles" in shown.stdout


@pytest.mark.parametrize("command", [["run", "SOURCE"], ["report"], ["check"], ["check", "--repair"], ["learn"]])
def test_an_older_warehouse_is_refused_with_the_command_that_migrates_it(
    old: Path, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "a.txt").write_text("text")
    before = tree(old)
    words = [str(tmp_path / "a.txt") if word == "SOURCE" else word for word in command]
    done = CliRunner().invoke(main, [*words, "--warehouse", str(old)])
    assert done.exit_code == 2 and f"copydesk migrate --warehouse {old}" in done.stderr
    assert tree(old) == before


def test_a_migration_that_is_killed_leaves_the_old_warehouse_or_is_completed(old: Path, tmp_path: Path) -> None:
    def migrated(root: Path) -> None:
        warehouse = Warehouse.open(str(root), older=True)
        with warehouse.writing():
            warehouse.migrate()

    shutil.copytree(old, tmp_path / "whole")
    migrated(tmp_path / "whole")
    wanted = tree(tmp_path / "whole")
    (tmp_path / "attempts").mkdir()
    failures = 0
    for root, failure in attempts(tmp_path / "attempts", old, None, migrated, step=5, least=10):
        assert isinstance(failure, Killed)
        migrated(root)
        assert tree(root) == wanted
        failures += 1
    assert failures > 3


@pytest.mark.parametrize("command", [["run", "SOURCE"], ["report"], ["check"], ["check", "--repair"], ["learn"]])
def test_a_newer_warehouse_is_refused_with_a_sentence(old: Path, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.txt").write_text("text")
    (old / layout.MARKER).write_text(json.dumps({"format": schemas.FORMAT + 1}))
    before = tree(old)
    words = [str(tmp_path / "a.txt") if word == "SOURCE" else word for word in command]
    done = CliRunner().invoke(main, [*words, "--warehouse", str(old)])
    assert done.exit_code == 2 and "newer copydesk" in done.stderr
    assert tree(old) == before


def test_one_that_became_newer_while_waiting_for_the_lock_is_refused(old: Path) -> None:
    warehouse = Warehouse.open(str(old), older=True)
    (old / layout.MARKER).write_text(json.dumps({"format": schemas.FORMAT + 1}))
    with pytest.raises(WarehouseError, match="newer"), warehouse.writing():
        pass
