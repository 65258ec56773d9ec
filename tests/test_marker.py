"""A warehouse whose `_warehouse.json` is gone: what it says decides where rows are written, and is not guessed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import pytest
from commands import cli
from warehouse_runs import first_night, run, second_night, tree

from copydesk.warehouse import Warehouse, WarehouseError, layout


@pytest.mark.parametrize("also", [None, layout.COMMITS])
@pytest.mark.parametrize("by", ["day", "month"])
def test_nothing_is_done_in_a_warehouse_without_its_marker(
    tmp_path: Path, by: Literal["day", "month"], also: str | None
) -> None:
    root = tmp_path / "w"
    run(root, first_night(), by=by)
    said = (root / layout.MARKER).read_text()
    (root / layout.MARKER).unlink()
    if also:
        shutil.rmtree(root / also)
    before = tree(root)
    done = cli("check", "--warehouse", root)
    assert done.exit_code == 2
    assert done.stderr == (
        f"copydesk: _warehouse.json is missing in {root}; restore it from a backup."
        f" This copydesk writes there: {said}\n"
    )
    with pytest.raises(WarehouseError, match=r"_warehouse\.json is missing"):
        run(root, second_night())
    assert tree(root) == before
    (root / layout.MARKER).write_text(said)
    assert cli("check", "--warehouse", root).exit_code == (1 if also else 0)


def test_a_first_commit_that_has_yet_to_place_the_marker_is_completed(tmp_path: Path) -> None:
    run(tmp_path, first_night())
    shutil.rmtree(tmp_path / layout.COMMITS)
    staged = tmp_path / layout.STAGING / "1-a" / layout.MARKER
    staged.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / layout.MARKER).rename(staged)
    assert Warehouse.open(str(tmp_path)).exists()
