"""Bad input, end to end: what arrives is published or quarantined, whole and once; readers see only whole files."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import cli
from nights import NIGHT, STORY, Left, config, night, settled, source_text, story, table, tree

from copydesk.run.nightly import Job, run
from copydesk.sources import SourceError
from copydesk.warehouse import Staging, WarehouseError
from copydesk.warehouse import store as store_module
from copydesk.warehouse.schemas import FORMAT

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304") + bytes(range(256)) * 8


def sound_article(folder: Path) -> Path:
    folder.mkdir()
    (folder / "sound.txt").write_text(story(), encoding="utf-8")
    return folder


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A source folder with one sound article beside whatever a test adds."""
    return sound_article(tmp_path / "raw")


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


def content(held: pd.DataFrame, uri: str) -> bytes:
    """The bytes that the quarantine keeps of a document."""
    (found,) = held[held["uri"] == uri]["content"]
    return bytes(found)


# --- documents that are no article -----------------------------------------------------------------------------------

HOPELESS = {
    "empty file": (b"", "no-body"),
    "only white space": (b" \n\t\n\r\n \xc2\xa0 \n", "no-body"),
    "only invisible characters": ("\ufeff\u200b\u200b\u2060\n".encode(), "no-body"),
    "only a headline": (b"Harbour closes after crane falls across both quays\n", "no-body"),
    "a picture": (JPEG, "undecodable"),
    "only NUL bytes": (b"\0" * 300, "undecodable"),
}


@pytest.fixture(scope="module")
def hopeless(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """One run over a document of each kind, beside a sound one."""
    folder = tmp_path_factory.mktemp("hopeless")
    raw = sound_article(folder / "raw")
    for kind, (given, _) in HOPELESS.items():
        (raw / f"{kind}.txt").write_bytes(given)
    return settled(raw, folder / "warehouse")


@pytest.mark.parametrize("kind", HOPELESS)
def test_hopeless_document_is_quarantined_whole(hopeless: Left, kind: str) -> None:
    given, rule = HOPELESS[kind]
    assert list(hopeless.articles["uri"]) == ["sound.txt"]
    assert rule in hopeless.reasons[f"{kind}.txt"]
    assert content(hopeless.quarantine, f"{kind}.txt") == given


def test_nul_bytes_in_text_are_taken_out_and_can_be_put_back(raw: Path, warehouse: Path) -> None:
    given = story(1).replace("lorry", "lor\0ry")
    (raw / "nul.txt").write_text(given, encoding="utf-8")
    left = settled(raw, warehouse)
    article = left.articles[left.articles["uri"] == "nul.txt"].iloc[0]
    assert "\0" not in article["headline"] + article["body"]
    assert source_text(warehouse, "nul.txt") == given


def test_fifty_megabytes_on_one_line(raw: Path, warehouse: Path) -> None:
    line = "The ferry sailed again on Sunday, and the harbour was full of people who had waited for it. "
    given = line * (50 * 2**20 // len(line) + 1)
    (raw / "long.txt").write_text(given, encoding="utf-8")
    left = settled(raw, warehouse)
    assert left.outcome.row is not None and left.outcome.row["published"] == 2
    assert len(left.articles.set_index("uri").loc["long.txt", "body"]) > 50 * 2**20 - 100


def test_document_over_the_limit_is_quarantined_with_the_name_of_the_setting(raw: Path, warehouse: Path) -> None:
    (raw / "large.txt").write_bytes(b"x" * 5000)
    left = settled(raw, warehouse, sources={"max_document_bytes": 4000})
    assert left.reasons["large.txt"] == ["too-large"]
    (reasons,) = left.quarantine["reasons"]
    assert "sources.max_document_bytes" in reasons[0]["observed"]


def test_lone_surrogates_are_stored_as_replacement_characters(raw: Path, warehouse: Path) -> None:
    record = json.dumps(
        {"uri": "a\ud800b", "title": "Bridge \udfff closes", "text": story(1) + "\ud83d", "date": "\udc00"}
    )
    (raw / "lines.jsonl").write_text(record + "\n" + record.replace("Engineers", "Painters") + "\n", encoding="utf-8")
    left = settled(raw, warehouse)
    assert left.outcome.row is not None and left.outcome.row["documents"] == 3
    assert "a\ufffdb" in set(left.articles["uri"])


# --- files that cannot be read ----------------------------------------------------------------------------------------


def test_broken_gzip_keeps_what_came_before_the_break(raw: Path, warehouse: Path) -> None:
    whole = gzip.compress(os.urandom(4000).hex().encode())
    (raw / "cut.txt.gz").write_bytes(whole[: len(whole) // 2])
    (raw / "no.txt.gz").write_bytes(b"this is no gzip file at all")
    left = settled(raw, warehouse)
    assert left.reasons == {"cut.txt.gz": ["broken-compression"], "no.txt.gz": ["broken-compression"]}
    assert len(content(left.quarantine, "cut.txt.gz")) > 1000


def test_decompression_bomb_stops_at_a_limit_that_is_said(raw: Path, warehouse: Path) -> None:
    (raw / "bomb.txt.gz").write_bytes(gzip.compress(b"0" * 2**27))
    left = settled(raw, warehouse)
    assert left.reasons == {"bomb.txt.gz": ["decompression-bomb"]}
    observed = left.quarantine["reasons"].iloc[0][0]["observed"]
    assert "expand to more than" in observed and "sources.max_expansion" in observed


def test_broken_line_of_json_costs_that_line(raw: Path, warehouse: Path) -> None:
    lines = [json.dumps({"text": story(number)}) for number in range(5)]
    lines[2] = lines[2][:80]
    (raw / "wire.jsonl").write_text("\n".join(lines), encoding="utf-8")
    left = settled(raw, warehouse)
    assert left.reasons == {"wire.jsonl#3": ["broken-json"]}
    assert content(left.quarantine, "wire.jsonl#3") == lines[2].encode()
    assert set(left.articles["uri"]) == {"sound.txt", *(f"wire.jsonl#{number}" for number in (1, 2, 4, 5))}


def test_csv_without_a_text_column_names_the_columns_it_has(raw: Path, warehouse: Path) -> None:
    with (raw / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["when", "who"], ["yesterday", "nobody"]])
    left = settled(raw, warehouse)
    assert left.reasons == {"table.csv": ["no-text-column"]}
    observed = left.quarantine["reasons"].iloc[0][0]["observed"]
    assert "when, who" in observed and "raw_text" in observed


def test_pages_held_back_for_want_of_the_extra_are_published_once_it_is_installed(
    raw: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "".join(f"<p>{part}</p>" for part in STORY.split("\n\n"))
    page = f"<html><head><title>Bridge closes</title></head><body><h1>Bridge closes</h1>{body}</body></html>"
    (raw / "page.html").write_text(page, encoding="utf-8")
    (raw / "bad.txt").write_bytes(JPEG)
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    assert settled(raw, warehouse).reasons == {"page.html": ["html-extra-missing"], "bad.txt": ["undecodable"]}
    monkeypatch.undo()
    again = night(raw, warehouse)
    assert again.row is not None and again.row["published"] == 1
    assert set(table(warehouse, "articles")["uri"]) == {"sound.txt", "page.html"}
    assert list(table(warehouse, "quarantine")["uri"]) == ["bad.txt"]
    assert night(raw, warehouse).row is None


def test_folder_without_read_permission_is_a_document_of_the_quarantine(
    raw: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (raw / "closed").mkdir()
    (raw / "closed" / "secret.txt").write_text(story(7), encoding="utf-8")
    (raw / "zebra.txt").write_text(story(8), encoding="utf-8")
    listdir = os.listdir

    def refuse(path: Any = ".") -> list[str]:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)  # tests may run as root, who may read everything
    left = settled(raw, warehouse)
    assert left.reasons == {"closed/": ["unreadable"]}
    assert set(left.articles["uri"]) == {"sound.txt", "zebra.txt"}
    # When the folder can be read again, what it holds is published.
    monkeypatch.undo()
    assert night(raw, warehouse).row is not None
    assert "closed/secret.txt" in set(table(warehouse, "articles")["uri"])


def test_source_that_is_closed_altogether_is_an_error(
    raw: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Any = ".") -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    result = cli("run", raw, "--warehouse", warehouse)
    assert result.exit_code == 2
    assert "permission" in result.stderr.lower() and str(raw) in result.stderr
    assert "Traceback" not in result.output


def test_file_that_vanishes_between_listing_and_reading(
    raw: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (raw / "a.txt").write_text(story(1), encoding="utf-8")
    listdir = os.listdir
    monkeypatch.setattr(
        os, "listdir", lambda path=".": [*listdir(path), "gone.txt"] if str(path) == str(raw) else listdir(path)
    )
    left = settled(raw, warehouse)
    assert left.reasons == {"gone.txt": ["unreadable"]}
    assert len(left.articles) == 2


# --- dates and uris -----

FAR_DATES = {
    "year 1": ("January 1, 0001", date(1, 1, 1)),
    "year 1, time zone east of Greenwich": ("0001-01-01 at 00:30:00+14:00", date(1, 1, 1)),
    "year 9999": ("December 31, 9999", date(9999, 12, 31)),
    "year 9999, time zone west of Greenwich": ("9999-12-31 at 23:30:00-12:00", date(9999, 12, 31)),
    "year 9999, an hour too many": ("31 December 9999 24:59", date(9999, 12, 31)),
    "day that does not exist": ("February 30, 2024", None),
    "year 0": ("0000-01-01", None),
}


@pytest.fixture(scope="module")
def far_dates(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """One run over a text and a record with each date."""
    folder = tmp_path_factory.mktemp("far")
    raw = sound_article(folder / "raw")
    records = []
    for number, (kind, (written, _)) in enumerate(FAR_DATES.items()):
        (raw / f"{kind}.txt").write_text(story(number + 1, written), encoding="utf-8")
        title = f"Bridge {number} closes after lorry strikes"
        records.append({"uri": kind, "text": STORY, "title": title, "date": written})
    (raw / "far.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return settled(raw, folder / "warehouse")


@pytest.mark.parametrize("kind", FAR_DATES)
def test_far_date_neither_breaks_the_run_nor_is_lost(far_dates: Left, kind: str) -> None:
    day = FAR_DATES[kind][1]
    days = far_dates.articles.set_index("uri")["published_date"]
    for uri in (f"{kind}.txt", kind):
        assert days[uri] == day or (day is None and pd.isna(days[uri]))


def test_two_documents_with_one_uri(raw: Path, warehouse: Path) -> None:
    rows = [{"uri": "same", "text": story(n)} for n in (1, 2, 1, 2, 3)]
    (raw / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    left = settled(raw, warehouse)
    assert left.outcome.row is not None
    assert (left.outcome.row["published"], left.outcome.row["quarantined"], left.outcome.row["unchanged"]) == (2, 2, 2)
    assert left.reasons == {"same": ["duplicate-uri"]}
    assert "Bridge 1 " in left.articles.set_index("uri").loc["same", "headline"]


def test_two_sources_with_files_of_one_name(raw: Path, warehouse: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sound.txt").write_text(story(5), encoding="utf-8")
    left = settled([raw, other], warehouse)
    assert left.reasons == {"sound.txt": ["duplicate-uri"]}
    assert content(left.quarantine, "sound.txt") == (other / "sound.txt").read_bytes()


def test_junk_of_one_feed_does_not_hold_back_the_undated_articles_of_another(raw: Path, warehouse: Path) -> None:
    (raw / "good.example").mkdir()
    for number in range(3):
        (raw / "good.example" / f"{number}.txt").write_text(story(number, day=""), encoding="utf-8")
    (raw / "junk.jsonl").write_text("{]\n" * 40, encoding="utf-8")
    left = settled(raw, warehouse)
    assert not left.outcome.held
    assert set(left.articles["uri"]) == {"sound.txt", *(f"good.example/{number}.txt" for number in range(3))}
    assert len(left.quarantine) == 40


def test_a_feed_of_which_most_failed_is_held_back_without_dates_too(raw: Path, warehouse: Path) -> None:
    lines = [json.dumps({"text": story(number, day="")}) for number in range(10)] + ["{]"] * 30
    (raw / "feed.jsonl").write_text("\n".join(lines), encoding="utf-8")
    left = settled(raw, warehouse)
    assert left.outcome.held
    assert list(left.articles["uri"]) == ["sound.txt"]


HOSTILE_URIS = {
    "leads elsewhere": "../../../../../../../../escape/published_date=2024-05-02/articles.parquet",
    "absolute": "/articles/published_date=2024-05-02/articles.parquet",
    "quotes": """'; DROP TABLE articles; -- "quoted" `ticked` $(touch x)""",
    "newlines": "first\nsecond\r\nthird\u2028fourth\x00fifth",
    "markup": "<script>alert(1)</script></script><!--]]>",
    "5,000 characters": "https://example.org/" + "a" * 5000,
    "right to left": "\u202egpj.exe \ufeff",
    "template": "{{ 7 * 7 }} {% raw %} ${7*7} %s %n",
}


@pytest.fixture(scope="module")
def hostile_uris(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Left]:
    """One run over a sound and a hopeless document at each address, and the folder that it was given."""
    folder = tmp_path_factory.mktemp("hostile")
    raw = sound_article(folder / "raw")
    rows = [
        row
        for number, uri in enumerate(HOSTILE_URIS.values(), 1)
        for row in ({"uri": uri, "text": story(number)}, {"uri": uri + "?", "text": ""})
    ]
    (raw / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder, settled(raw, folder / "warehouse")


@pytest.mark.parametrize("kind", HOSTILE_URIS)
def test_hostile_uri_is_a_value_and_nothing_else(hostile_uris: tuple[Path, Left], kind: str) -> None:
    folder, left = hostile_uris
    assert HOSTILE_URIS[kind] in set(left.articles["uri"])
    assert HOSTILE_URIS[kind] + "?" in left.reasons
    assert {path.name for path in folder.iterdir()} == {"raw", "warehouse"}
    (page,) = (folder / "warehouse" / "_reports").glob("2024-*.html")
    assert "<script>alert" not in page.read_text(encoding="utf-8")


def test_file_names_with_newlines_and_quotes(raw: Path, warehouse: Path) -> None:
    names = ["new\nline.txt", "quo'te\".txt", "<b>.txt", "ünï.txt", "sp ace.txt"]
    for number, name in enumerate(names):
        (raw / name).write_text(story(number + 1), encoding="utf-8")
    (raw / os.fsdecode(b"not-\xff-utf8.txt")).write_text(story(9), encoding="utf-8")
    left = settled(raw, warehouse)
    assert set(left.articles["uri"]) == {"sound.txt", *names, "not-%FF-utf8.txt"}
    assert cli("check", "--warehouse", warehouse).exit_code == 0
    for name in (os.fsdecode(b"not-\xff-utf8.txt"), "not-%FF-utf8.txt"):
        assert "not-%FF-utf8.txt" in cli("why", name, "--warehouse", warehouse).stdout


# --- links, and a source that is the warehouse -----------------------------------------------------------------------


def test_links_are_followed_once_and_never_in_a_circle(raw: Path, warehouse: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "linked.txt").write_text(story(1), encoding="utf-8")
    (raw / "out").symlink_to(elsewhere)
    (raw / "again").symlink_to(elsewhere)
    (raw / "self").symlink_to(raw)
    (raw / "up").symlink_to(tmp_path)
    (raw / "dangling.txt").symlink_to(tmp_path / "nowhere.txt")
    (raw / "alias.txt").symlink_to(raw / "sound.txt")
    left = settled(raw, warehouse)
    assert sorted(left.articles["uri"]) == ["again/linked.txt", "alias.txt", "sound.txt"]
    assert left.reasons == {"dangling.txt": ["unreadable"]}


@pytest.mark.parametrize("below", ["", "articles", "quarantine"])
def test_warehouse_is_refused_as_a_source(raw: Path, warehouse: Path, below: str) -> None:
    (raw / "bad.txt").write_bytes(b"")
    night(raw, warehouse)
    before = tree(warehouse)
    result = cli("run", warehouse / below, "--warehouse", warehouse, "--workers", 1)
    assert result.exit_code == 2
    assert "warehouse" in result.stderr and "Traceback" not in result.output
    assert tree(warehouse) == before


def test_warehouse_inside_the_source_is_not_read_back(raw: Path) -> None:
    warehouse = raw / "out"
    first = night(raw, warehouse)
    assert first.row is not None and first.row["documents"] == 1
    before = tree(warehouse)
    second = night(raw, warehouse)
    assert second.row is None, second.sentence
    assert tree(warehouse) == before


# --- a disk that fails, a warehouse from elsewhere -------------------------------------------------------------------


def _full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


DEV_FULL = Path("/dev/full")
FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "while batches wait": lambda patch: patch.setattr("copydesk.warehouse.Staging.scratch", lambda *_: DEV_FULL),
    "in staging": lambda patch: patch.setattr("copydesk.warehouse.spill.Stream.add", _full),
    "while partitions are written": lambda patch: patch.setattr("copydesk.warehouse.parquet._write", _full),
    "when files are synced": lambda patch: patch.setattr(store_module, "_sync", _full),
    "when the intent is written": lambda patch: patch.setattr(store_module.LocalStore, "write", _full),
    "when files are put in place": lambda patch: patch.setattr(store_module.LocalStore, "place", _full),
}


@pytest.mark.parametrize("moment", FAULTS)
def test_full_disk_is_said_and_made_good_by_the_next_run(
    raw: Path, warehouse: Path, tmp_path: Path, moment: str
) -> None:
    night(raw, warehouse)
    for number in range(1, 6):
        (raw / f"{number}.txt").write_text(story(number, f"May {number}, 2024"), encoding="utf-8")
    visible = {name: digest for name, digest in tree(warehouse).items() if not name.startswith("_")}
    with pytest.MonkeyPatch.context() as patch:
        FAULTS[moment](patch)
        result = cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-04", "--workers", 1)
    assert result.exit_code == 2
    assert "No space left" in result.stderr and "Traceback" not in result.output
    assert {name: digest for name, digest in tree(warehouse).items() if not name.startswith("_")} == visible
    result = cli("run", raw, "--warehouse", warehouse, "--date", "2024-05-04", "--workers", 1)
    assert result.exit_code == 0, result.stderr
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(raw, tmp_path / "first", ignore=shutil.ignore_patterns("?.txt"))
    night(tmp_path / "first", undisturbed)
    assert cli("run", raw, "--warehouse", undisturbed, "--date", "2024-05-04", "--workers", 1).exit_code == 0
    assert tree(warehouse) == tree(undisturbed)


def test_warehouse_that_vanishes_in_mid_run(raw: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Staging.add

    def lose(staging: Staging, *tables: pa.Table) -> None:
        add(staging, *tables)
        shutil.rmtree(warehouse)

    monkeypatch.setattr(Staging, "add", lose)
    with pytest.raises(WarehouseError, match="could not"):
        night(raw, warehouse)
    monkeypatch.undo()
    settled(raw, warehouse)


def test_source_that_vanishes_in_mid_run(raw: Path, warehouse: Path) -> None:
    (raw / "sub").mkdir()
    for number in range(4):
        (raw / "sub" / f"{number}.txt").write_text(story(number), encoding="utf-8")

    def lose(documents: int, size: int) -> None:
        shutil.rmtree(raw / "sub", ignore_errors=True)

    job = Job((str(raw),), str(warehouse), NIGHT, config(run={"batch_documents": 1}))
    outcome = run(job, progress=lose)
    assert outcome.row is not None
    assert outcome.row["documents"] == outcome.row["published"] + outcome.row["quarantined"]
    assert len(table(warehouse, "articles")) == outcome.row["published"]


def test_source_that_is_not_there(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="check the path"):
        night(tmp_path / "nothing", warehouse)
    assert tree(warehouse) == {}


def test_warehouse_of_a_newer_version_is_left_alone(raw: Path, warehouse: Path) -> None:
    night(raw, warehouse)
    (warehouse / "_warehouse.json").write_text(json.dumps({"format": FORMAT + 1}), encoding="utf-8")
    (raw / "new.txt").write_text(story(1), encoding="utf-8")
    before = tree(warehouse)
    for command in (["run", raw, "--warehouse", warehouse], ["report", "--warehouse", warehouse]):
        result = cli(*command)
        assert result.exit_code == 2
        assert "newer copydesk" in result.stderr and "update copydesk" in result.stderr
    assert tree(warehouse) == before


def test_folder_of_other_things_is_no_warehouse(raw: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letters.doc").write_bytes(b"dear")
    result = cli("run", raw, "--warehouse", home, "--workers", 1)
    assert result.exit_code == 2 and "letters.doc" in result.stderr
    assert [path.name for path in home.iterdir()] == ["letters.doc"]


def test_damaged_partition_is_named_and_not_overwritten(raw: Path, warehouse: Path) -> None:
    night(raw, warehouse)
    (damaged,) = (warehouse / "articles").rglob("*.parquet")
    damaged.write_bytes(damaged.read_bytes()[:100])
    (raw / "new.txt").write_text(story(1), encoding="utf-8")
    before = tree(warehouse)
    result = cli("run", raw, "--warehouse", warehouse, "--workers", 1)
    assert result.exit_code == 2 and damaged.name in result.stderr and "backup" in result.stderr
    assert tree(warehouse) == before


# --- plain readers -----


def test_every_file_of_a_dirty_night_reads_with_plain_pandas(raw: Path, warehouse: Path) -> None:
    (raw / "bad.txt").write_bytes(JPEG)
    night(raw, warehouse)
    for name in ("articles", "edits", "quarantine", "runs", "validations"):
        assert len(pd.read_parquet(warehouse / name)) > 0
    for path in warehouse.rglob("*.parquet"):
        assert pq.read_table(path).num_rows == len(pd.read_parquet(path))


def test_plain_pandas_reads_dated_and_undated_articles_together(raw: Path, warehouse: Path) -> None:
    (raw / "undated.txt").write_text(story(1, day=""), encoding="utf-8")
    night(raw, warehouse)
    articles = pd.read_parquet(warehouse / "articles").set_index("uri")["published_date"]
    assert pd.isna(articles["undated.txt"]) and str(articles["sound.txt"]) == "2024-05-02"
