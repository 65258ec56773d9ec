"""Files of a partition that somebody copied, swapped or removed: `copydesk check --repair` brings edits home."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from test_check import check, kinds, rewrite
from test_growing import SMALL, UNDATED
from test_partitions import found, sound
from warehouse_runs import RUN_DATE, first_night, run, second_night

NEXT = RUN_DATE + timedelta(days=1)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("grown") / "w"
    run(root, first_night(), file_bytes=SMALL)
    run(root, second_night(), NEXT, file_bytes=SMALL)
    return root


@pytest.fixture
def root(tmp_path: Path, start: Path) -> Path:
    shutil.copytree(start, tmp_path / "w")
    return tmp_path / "w"


def file(root: Path, table: str, part: int = 0) -> Path:
    return root / table / UNDATED / f"{table}{f'-{part}' * bool(part)}.parquet"


def ids(path: Path | Iterable[Path]) -> set[str]:
    paths = [path] if isinstance(path, Path) else path
    return {key for each in paths for key in pq.ParquetFile(each).read(["article_id"])["article_id"].to_pylist()}


def once(root: Path) -> bool:
    """Whether every edit is there once."""
    counts = Counter((row["article_id"], row["sequence"]) for row in found(root, "edits"))
    return set(counts.values()) == {1}


def copied(root: Path) -> None:
    shutil.copy(file(root, "articles", 1), file(root, "articles", 10))
    shutil.copy(file(root, "articles", 1), file(root, "articles", 9))


def copied_with_edits(root: Path) -> None:
    copied(root)
    shutil.copy(file(root, "edits", 1), file(root, "edits", 10))


def swapped(root: Path) -> None:
    first, second = file(root, "articles"), file(root, "articles", 1)
    first.rename(root / "aside")
    second.rename(first)
    (root / "aside").rename(second)


def edits_copied(root: Path) -> None:
    shutil.copy(file(root, "edits", 1), file(root, "edits", 7))


def edits_renamed(root: Path) -> None:
    file(root, "edits", 1).rename(file(root, "edits", 7))


@pytest.mark.parametrize("harm", [copied, copied_with_edits, swapped, edits_copied, edits_renamed])
def test_no_article_loses_its_edits(root: Path, start: Path, harm: Callable[[Path], None]) -> None:
    harm(root)
    assert check(root)[0] == 1
    code, mended = check(root, "--repair")
    assert (code, mended["findings"]) == (0, []), mended
    for table in ("articles", "edits"):
        assert found(root, table) == found(start, table)
    assert any("beside their articles" in told for told in mended["repaired"]) is (harm in (swapped, edits_renamed))
    removed = set(root.glob("_damaged/repair-*~*"))
    assert bool(removed) is (harm not in (swapped, edits_renamed))
    assert not removed or ids(removed) <= ids(file(start, "articles", 1))
    assert sound(root)


def test_edits_that_fit_go_before_those_that_are_beside(root: Path, start: Path) -> None:
    """Of an article with two lists of edits, the one that rebuilds its source."""
    wrong = [
        {**row, "before": "?", "after": "elsewhere"} for row in pq.ParquetFile(file(root, "edits")).read().to_pylist()
    ]
    shutil.copy(file(root, "edits"), file(root, "edits", 7))
    rewrite(file(root, "edits"), lambda _: wrong)
    assert kinds(check(root)[1]) >= {"irreversible", "orphans"}
    assert check(root, "--repair")[0] == 0
    assert found(root, "edits") == found(start, "edits")


def test_edits_stay_where_they_are_if_those_beside_cannot_be_read(root: Path) -> None:
    swapped(root)
    file(root, "edits", 1).write_bytes(b"PAR1")
    held = ids(file(root, "edits"))
    check(root, "--repair")
    assert ids(file(root, "edits")) == held
    assert file(root, "edits", 1).read_bytes() == b"PAR1"


@pytest.mark.parametrize("table", ["articles", "edits"])
@pytest.mark.parametrize("part", [0, 1])
def test_a_missing_file_is_written_without_rows(root: Path, start: Path, table: str, part: int) -> None:
    file(root, table, part).unlink()
    code, mended = check(root, "--repair")
    assert any("which was missing" in sentence for sentence in mended["repaired"])
    assert kinds(mended) == ({"counts"} if table == "edits" else set())
    assert ids(file(root, table, part)) == set()
    if table == "articles":
        assert code == 0 and ids(root.glob("_damaged/*")) == ids(file(start, "articles", part))
        run(root, second_night(), NEXT + timedelta(days=1), file_bytes=SMALL)
        assert {row["uri"] for row in found(root)} == {row["uri"] for row in found(start)}
        assert sound(root) and once(root)


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("most", [SMALL, 10**8])
def test_edits_of_a_missing_file_go_when_its_articles_are_elsewhere(
    root: Path, start: Path, part: int, most: int
) -> None:
    file(root, "articles", part).unlink()
    run(root, second_night(), NEXT + timedelta(days=1), file_bytes=most)
    assert not once(root)
    assert kinds(check(root)[1]) & {"orphans", "edits-twice"}
    code, mended = check(root, "--repair")
    assert (code, mended["findings"]) == (0, [])
    assert once(root) and {row["uri"] for row in found(root)} == {row["uri"] for row in found(start)}
    assert len(found(root, "edits")) == len(found(start, "edits"))


def test_edits_twice_beside_an_article_are_found_and_mended(tmp_path: Path) -> None:
    root = tmp_path / "w"
    run(root, first_night())
    wanted: list[Any] = found(root, "edits")
    file(root, "articles").unlink()
    run(root, first_night(), NEXT)
    assert not once(root)
    assert "edits-twice" in kinds(check(root)[1])
    assert check(root, "--repair")[0] == 0
    assert [(row["article_id"], row["sequence"]) for row in found(root, "edits")] == [
        (row["article_id"], row["sequence"]) for row in wanted
    ]
