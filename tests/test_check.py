"""`copydesk check`: a sound warehouse is called sound, each kind of damage is found, and what can be mended is."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from warehouse_runs import document, first_night, run, second_night, tree

from copydesk.cli import main
from copydesk.warehouse import Warehouse, WarehouseError, commit, parquet, schemas
from copydesk.warehouse.store import Store

HERE = Path(__file__).parent
DAY = "published_date=2024-05-02"
ARTICLES, EDITS = f"articles/{DAY}/articles.parquet", f"edits/{DAY}/edits.parquet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A warehouse after two nights, with reports."""
    run(tmp_path / "w", first_night())
    run(tmp_path / "w", second_night())
    return tmp_path / "w"


def check(root: object, *flags: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, ["check", "--warehouse", str(root), "--json", *flags], catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


def kinds(found: dict[str, Any]) -> set[str]:
    return {finding["kind"] for finding in found["findings"]}


def table(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


def rewrite(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """The file with other rows, as somebody might write it who knows nothing of copydesk."""
    old = table(path)
    pq.write_table(pa.Table.from_pylist(change(old.to_pylist()), old.schema), path)


def published(root: Path) -> dict[str, tuple[str, str]]:
    rows = [(path.parent.name, row) for path in root.glob("articles/*/*.parquet") for row in table(path).to_pylist()]
    found = {row["uri"]: (day, row["body"]) for day, row in rows}
    assert len(found) == len(rows)
    return found


def test_a_sound_warehouse_is_called_sound_and_left_alone(root: Path) -> None:
    before = tree(root)
    code, found = check(root)
    assert (code, found["sound"], found["findings"], found["repaired"]) == (0, True, [], [])
    assert (found["articles"], found["edits"], found["quarantined"]) == (42, 84, 4)
    assert found["files"] == len(list(root.glob("[a-z]*/*/*.parquet")))
    assert check(root, "--repair")[1] == found
    assert tree(root) == before


def test_words_for_people(root: Path) -> None:
    done = CliRunner().invoke(main, ["check", "--warehouse", str(root)])
    assert done.exit_code == 0 and done.stdout.startswith("Sound: ")
    (root / ARTICLES).write_bytes(b"PAR1")
    done = CliRunner().invoke(main, ["check", "--warehouse", str(root)])
    assert done.exit_code == 1 and ARTICLES in done.stdout and "--repair" in done.stdout


def test_nothing_to_check_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", "--warehouse", str(tmp_path / "none")])
    assert done.exit_code == 2 and "no warehouse at" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("left", [["_lock", "_staging/"], ["README.md"]])
def test_a_folder_to_which_nothing_was_published_is_no_warehouse(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    done = CliRunner().invoke(main, ["check", "--warehouse", str(tmp_path)])
    assert done.exit_code == 2 and "no warehouse at" in done.stderr


def test_a_warehouse_that_may_not_be_written_can_be_checked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    assert check(root)[0] == 0


def without_edit_counts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "edit_count": 7} for row in rows]


def other_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "body": "?" + row["body"]} for row in rows]


def other_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rows[0], "uri": "another"}, *rows[1:]]


def from_one(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "sequence": row["sequence"] + 1} for row in rows]


def remove_record(root: Path) -> None:
    min(root.glob("_commits/*.json")).unlink()


def damage_record(root: Path) -> None:
    min(root.glob("_commits/*.json")).write_text('{"format": 1}')


#: What is done to the warehouse, what is found, and whether a backup alone can mend it.
DAMAGE: dict[str, tuple[Callable[[Path], Any], set[str]]] = {
    "other bytes": (lambda root: rewrite(root / ARTICLES, lambda rows: rows), {"changed"}),
    "another order of rows": (lambda root: rewrite(root / ARTICLES, lambda rows: rows[::-1]), {"changed"}),
    "another text": (lambda root: rewrite(root / ARTICLES, other_text), {"changed", "irreversible"}),
    "another count": (lambda root: rewrite(root / ARTICLES, without_edit_counts), {"changed", "counts"}),
    "another id": (lambda root: rewrite(root / ARTICLES, other_id), {"changed", "id"}),
    "edits are gone": (lambda root: rewrite(root / EDITS, lambda rows: rows[2:]), {"changed", "counts"}),
    "edits start at one": (lambda root: rewrite(root / EDITS, from_one), {"changed", "sequence"}),
    "edits cannot be read": (lambda root: (root / EDITS).write_bytes(b"PAR1"), {"damaged"}),
    "a record is gone": (remove_record, {"runs", "unknown"}),
    "a record is damaged": (damage_record, {"record", "runs", "unknown"}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_a_backup_alone_can_mend_is_found_and_left(root: Path, damage: str) -> None:
    do, expected = DAMAGE[damage]
    do(root)
    before = tree(root)
    code, found = check(root)
    assert (code, kinds(found)) == (1, expected)
    assert not any(finding["repairable"] for finding in found["findings"])
    code, again = check(root, "--repair")
    assert (code, again["findings"], again["repaired"]) == (1, found["findings"], [])
    assert tree(root) == before


def twice_everywhere(root: Path) -> None:
    for path in [*root.glob("articles/*/*.parquet"), *root.glob("edits/*/*.parquet")]:
        if len(table(path)):
            rewrite(path, lambda rows: rows + rows)


def twice_elsewhere(root: Path) -> None:
    other = "published_date=2024-05-03"
    for name in ("articles", "edits"):
        more = table(root / name / DAY / f"{name}.parquet").to_pylist()
        rewrite(root / name / other / f"{name}.parquet", lambda rows, more=more: rows + more)


def stray(root: Path) -> None:
    shutil.copy(root / ARTICLES, root / "articles" / DAY / "part-0.parquet")


def held_twice(root: Path) -> None:
    (path,) = root.glob("quarantine/*/*.parquet")
    rewrite(path, lambda rows: rows + rows[:1])


def held_and_published(root: Path) -> None:
    (path,) = root.glob("quarantine/*/*.parquet")
    row = table(root / ARTICLES).to_pylist()[0]
    key = {name: row[name] for name in ("article_id", "uri", "content_sha256")}
    rewrite(path, lambda rows: [*rows, {**rows[0], **key}])


def orphans(root: Path) -> None:
    rewrite(root / EDITS, lambda rows: [*rows, {**rows[0], "article_id": "0" * 32}])


def damaged_report(root: Path) -> None:
    (root / "_reports" / "2024-05-06.json").write_text("{")


def copy_of_nothing(root: Path) -> None:
    rewrite(root / ARTICLES, lambda rows: [{**rows[0], "duplicate_of": "0" * 32}, *rows[1:]])


MENDED: dict[str, tuple[Callable[[Path], Any], set[str], bool]] = {
    "every article twice": (twice_everywhere, {"changed", "twice"}, True),
    "articles under two dates": (twice_elsewhere, {"changed", "twice"}, True),
    "a file that no run wrote": (stray, {"stray"}, True),
    "held twice": (held_twice, {"changed", "held-twice"}, True),
    "held and published": (held_and_published, {"changed", "held"}, True),
    "edits without an article": (orphans, {"changed", "orphans"}, True),
    "the keys of copies are gone": (lambda root: (root / "_signatures" / "0.parquet").unlink(), {"signatures"}, True),
    "the keys of copies are damaged": (
        lambda root: (root / "_signatures" / "0.parquet").write_bytes(b"PAR1"),
        {"signatures"},
        True,
    ),
    "a copy of what is not published": (copy_of_nothing, {"changed", "copies"}, True),
    "a damaged report": (damaged_report, {"report"}, True),
    "a damaged file": (lambda root: (root / ARTICLES).write_bytes(b"PAR1"), {"damaged", "orphans"}, False),
    "a file is gone": (lambda root: (root / ARTICLES).unlink(), {"missing", "orphans"}, False),
    "a foreign file": (lambda root: pq.write_table(pa.table({"x": [1]}), root / ARTICLES), {"damaged"}, False),
}


@pytest.mark.parametrize("damage", MENDED)
def test_what_has_one_right_answer_is_mended(root: Path, damage: str) -> None:
    """After the repair the warehouse is sound, and the next run publishes again what had to be moved away."""
    before = published(root)
    do, expected, whole = MENDED[damage]
    do(root)
    code, found = check(root)
    assert code == 1 and kinds(found) <= expected and kinds(found) >= expected - {"orphans"}
    code, mended = check(root, "--repair")
    assert (code, mended["findings"]) == (0, []), mended
    assert mended["repaired"]
    assert (published(root) == before) is whole
    if not whole or "stray" in kinds(found):
        assert list(root.glob("_damaged/*~*.parquet"))
    done = run(root, second_night())
    assert (done is None) is whole
    assert {uri: row for uri, row in published(root).items() if uri != "a/2"} == {
        uri: row for uri, row in before.items() if uri != "a/2"  # whose newest version is held back
    }  # fmt: skip
    assert check(root)[0] == 0


@pytest.mark.parametrize("do", [Path.unlink, lambda path: path.write_bytes(b"PAR1")], ids=["missing", "damaged"])
def test_a_repair_says_that_articles_are_gone(root: Path, do: Callable[[Path], Any]) -> None:
    do(root / ARTICLES)
    _, mended = check(root, "--repair")
    (said,) = (sentence for sentence in mended["repaired"] if ARTICLES in sentence and "gone" in sentence)
    assert said.endswith("its articles are gone until the next run over their sources.")


@pytest.mark.parametrize(("table", "repairable"), [("articles", True), ("quarantine", False)])
def test_a_missing_file_is_to_be_restored_or_replaced(root: Path, table: str, repairable: bool) -> None:
    next(root.glob(f"{table}/*/*.parquet")).unlink()
    (missing,) = (finding for finding in check(root)[1]["findings"] if finding["kind"] == "missing")
    assert missing["repairable"] is repairable
    assert missing["what"].endswith("else --repair writes one without rows") is repairable
    assert "restore it from a backup" in missing["what"]


def test_a_repair_says_that_edits_are_gone(root: Path) -> None:
    (root / EDITS).unlink()
    code, mended = check(root, "--repair")
    assert (code, kinds(mended)) == (1, {"counts"})
    assert any("its edits are gone until their articles are published again" in one for one in mended["repaired"])


def test_an_interrupted_run_is_found_and_completed(root: Path) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(commit, "complete", die)
        run(root, [document("new", "2024-05-02")])
    assert kinds(check(root)[1]) == {"interrupted"}
    code, mended = check(root, "--repair")
    assert code == 0 and mended["repaired"][0].startswith("Completed the interrupted commit")
    assert "new" in published(root)


def test_of_two_rows_the_newer_stays(root: Path) -> None:
    old = next(row for row in table(root / ARTICLES).to_pylist() if row["uri"] == "a/1")
    first = min(row["run_id"] for path in root.glob("runs/*/*") for row in table(path).to_pylist())
    run(root, [document("a/1", "2024-05-03", "newest")])
    rewrite(root / ARTICLES, lambda rows: [*rows, {**old, "run_id": first}])
    assert check(root, "--repair")[0] == 0
    assert published(root)["a/1"] == ("published_date=2024-05-03", "newest")


def test_an_object_store_is_checked_and_repaired_too(root: Path, tmp_path: Path) -> None:
    url = f"memory://{tmp_path.name}"
    twice_everywhere(root)
    Store.open(url).fs.put(f"{root}/", f"/{tmp_path.name}/", recursive=True)
    assert check(url)[0] == 1
    assert check(url, "--repair")[0] == 0
    assert check(url)[1]["articles"] == 42


def test_a_repair_that_is_killed_is_completed_by_the_next_run(root: Path) -> None:
    class Killed(BaseException):
        pass

    before = published(root)
    twice_everywhere(root)
    for moment in ("stage", "place"):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            patch.setattr(f"copydesk.warehouse.store.LocalStore.{moment}", lambda *_: (_ for _ in ()).throw(Killed()))
            CliRunner().invoke(main, ["check", "--warehouse", str(root), "--repair"], catch_exceptions=False)
    assert run(root, second_night()) is None
    assert published(root) == before
    assert check(root)[0] == 0


def test_many_findings_of_a_kind_are_counted(root: Path) -> None:
    rewrite(root / ARTICLES, without_edit_counts)
    run(root, [document(f"many/{n}", "2024-05-02", f"good {n}") for n in range(30)])
    rewrite(root / ARTICLES, without_edit_counts)
    found = check(root)[1]["findings"]
    assert sum(finding["kind"] == "counts" for finding in found) == 11
    assert any("more of this kind" in finding["what"] for finding in found)


def _damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes with some flipped, cut off, added or zeroed."""
    damaged, place = bytearray(content), chance.randrange(len(content) + 1)
    match chance.choice(["flip", "cut", "add", "zero"]):
        case "flip":
            for _ in range(chance.choice([1, 3, 20]) if content else 0):
                damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        case "cut":
            del damaged[place:]
        case "add":
            damaged[place:place] = chance.randbytes(40)
        case "zero":
            damaged[place : place + 64] = bytes(len(damaged[place : place + 64]))
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_ends_in_sentences_and_what_is_repairable_is_repaired(root: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    for path in chance.sample(files, chance.choice([1, 2, 5])):
        path.write_bytes(_damaged(path.read_bytes(), chance))
    for _ in range(2):
        with suppress(WarehouseError):
            run(root, [document("a/3", "", "newer"), document("new", "2024-05-02"), *second_night()])
        with suppress(WarehouseError):
            warehouse = Warehouse.open(str(root))
            with warehouse.writing():
                warehouse.repair(warehouse.audit())
                assert [finding for finding in warehouse.audit().findings if finding.repairable] == []


def test_a_finished_file_counts_its_rows(tmp_path: Path) -> None:
    sealed = parquet.write(tmp_path / "a", schemas.RUNS, [schemas.RUNS.empty_table()])
    assert sealed.rows == 0 and parquet.seal(tmp_path / "a").rows is None
