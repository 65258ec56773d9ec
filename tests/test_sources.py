"""Reading sources: every file kind, every kind of damage; nothing is lost and nothing raises."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk.config import FieldsConfig, SourcesConfig
from copydesk.deadline import limit
from copydesk.records import Document
from copydesk.sources import LeftOut, SourceError, listing, read, streams

CONFIG = SourcesConfig()
UNREAD = "of a kind that is not read, "
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1"
STORY = "The bridge over the river was closed on Monday.\n\nIt will open again in spring."


def documents(source: Path | str, **limits: Any) -> list[Document]:
    return list(read(str(source), SourcesConfig(**limits)))


def one(source: Path | str, **limits: Any) -> Document:
    (document,) = documents(source, **limits)
    return document


def rules(found: list[Document]) -> list[str | None]:
    return [document.problem and document.problem.rule for document in found]


def written(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def zstd_with_checksum(content: bytes) -> bytes:
    """A frame of raw blocks (RFC 8878), with the checksum that Arrow's writer leaves out."""
    blocks = [content[at : at + 100_000] for at in range(0, len(content), 100_000)]
    frame = bytearray(b"\x28\xb5\x2f\xfd\x04\x38")  # a checksum, and a window of 128 KiB
    for number, block in enumerate(blocks, start=1):
        frame += (len(block) << 3 | (number == len(blocks))).to_bytes(3, "little") + block
    return bytes(frame) + b"\0\0\0\0"


def json_lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstd, ".GZ": gzip.compress}


# --- which files, in which order ---------------------------------------------------------------------------------


def test_a_folder_is_read_to_its_depths_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/deep/er/x.txt", "a.txt", "Z.TXT", ".hidden/x.txt", "_logs/x.txt", "a/.x.txt"):
        written(tmp_path / name, name)
    assert [d.uri for d in documents(tmp_path)] == ["Z.TXT", "a/deep/er/x.txt", "a/z.txt", "a.txt", "b.txt"]
    assert [d.content.decode() for d in documents(tmp_path)] == [d.uri for d in documents(tmp_path)]


def test_files_of_other_kinds_are_counted_in_a_folder_and_refused_when_named(tmp_path: Path) -> None:
    for name in ("a.txt", "b.pdf", "c.PDF.gz", "README", "archive.gz"):
        written(tmp_path / name, "x")
    skipped = LeftOut()
    assert [d.uri for d in read(str(tmp_path), CONFIG, skipped)] == ["a.txt"]
    assert skipped == {UNREAD + ".pdf": 2, UNREAD + "without an extension": 2}
    assert all(len(names) == 2 for names in skipped.names.values())
    with pytest.raises(SourceError, match=r"b\.pdf: no reader .* \.txt, .*\.parquet, each also \.gz or \.zst"):
        read(str(tmp_path / "b.pdf"), CONFIG)


@pytest.mark.parametrize(
    "source", ["nowhere", "nowhere/x.txt", "memory://nowhere", "foo://bar", "a\0b", "ftp://127.0.0.1:1/x"]
)
def test_a_source_that_is_not_there_is_an_error_at_once(source: str) -> None:
    with pytest.raises(SourceError, match=r"check|write a path"):
        read(source, CONFIG)


def test_every_name_is_a_document_or_left_out_by_a_reason(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for name in ("a.txt", "_b.txt", ".c.txt", "_d/e.txt", "f.pdf", "g.\x1b[31mred\n"):
        written(root / name, "x")
    written(outside / "h.txt", "x")
    written(root / "published" / "_warehouse.json", "{}")
    (root / "up").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "out again").symlink_to(outside)
    (root / "circle").symlink_to(root / "circle")
    (root / "gone").symlink_to(root / "nothing")
    skipped = LeftOut()
    found = {d.uri: d.problem and d.problem.rule for d in read(str(root), CONFIG, skipped)}
    assert found == {"a.txt": None, "out/h.txt": None, "circle": "unreadable"}
    assert skipped == {
        listing.HIDDEN: 3, listing.LINKED: 2, listing.WAREHOUSE: 1, UNREAD + ".pdf": 1,
        UNREAD + "without an extension": 1, UNREAD + r".\x1b[31mred\n": 1,
    }  # fmt: skip


def test_what_lies_below_a_folder_that_cannot_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shut/a.txt", "shut/b/c.txt", "shut/d.pdf", "open.txt"):
        written(tmp_path / name, "x")
    look = os.stat

    def guarded(path: str, **rest: Any) -> os.stat_result:  # names in the folder may be listed, and none be reached
        if isinstance(path, str) and "shut/" in path:
            raise PermissionError(13, "Permission denied")
        return look(path, **rest)

    monkeypatch.setattr(os, "stat", guarded)
    found = {d.uri: d.problem and d.problem.rule for d in documents(tmp_path)}
    assert found == {"open.txt": None} | dict.fromkeys(("shut/a.txt", "shut/b", "shut/d.pdf"), "unreadable")


def test_a_path_too_long_for_the_system_is_told(tmp_path: Path) -> None:
    written(tmp_path / "a.txt", "x")
    here = os.open(tmp_path, os.O_RDONLY)
    try:  # step by step, since no path leads there
        for _ in range(20):
            os.mkdir("d" * 240, dir_fd=here)
            here, above = os.open("d" * 240, os.O_RDONLY, dir_fd=here), here
            os.close(above)
        os.close(os.open("deep.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)
    good, deep = documents(tmp_path)
    assert (good.uri, good.problem) == ("a.txt", None)
    assert rules([deep]) == ["unreadable"]
    assert "too long" in str(deep.problem)


def test_a_missing_backend_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    with pytest.raises(SourceError, match=r"pip install 'copydesk\[s3\]'"):
        read("s3://bucket/raw", CONFIG)


def test_an_unreadable_root_is_an_error_and_an_unreadable_folder_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "shut/a.txt", "a")
    written(tmp_path / "open.txt", "b")
    listdir = os.listdir

    def guarded(path: str) -> list[str]:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", guarded)
    opened, shut = documents(tmp_path)
    assert (opened.uri, opened.problem) == ("open.txt", None)
    assert shut.uri == "shut/" and shut.problem is not None and shut.problem.severity == "critical"
    assert "Permission denied" in shut.problem.observed
    with pytest.raises(SourceError, match="Permission denied"):
        read(str(tmp_path / "shut"), CONFIG)


def test_links_to_folders_end_and_nothing_comes_twice(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    written(outside / "far.txt", "far")
    (outside / "again").symlink_to(outside)
    root = tmp_path / "root"
    written(root / "near.txt", "near")
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "there").symlink_to(outside)
    (root / "there too").symlink_to(outside)
    (root / "self.txt").symlink_to(root / "self.txt")
    (root / "gone.txt").symlink_to(root / "nothing")
    found = {d.uri: d.problem and d.problem.rule for d in documents(root)}
    assert found == {"near.txt": None, "there/far.txt": None, "self.txt": "unreadable", "gone.txt": "unreadable"}


def test_a_file_that_vanishes_or_may_not_be_read_or_is_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "b.jsonl", "c.csv", "d.parquet", "e.html", "f.txt.gz", "g.txt"):
        written(tmp_path / name, "x")
    os.mkfifo(tmp_path / "h.txt")
    stream = read(str(tmp_path), CONFIG)
    next(stream)
    for name in ("b.jsonl", "c.csv", "d.parquet", "e.html", "f.txt.gz"):
        (tmp_path / name).unlink()
    opener = os.open

    def guarded(path: str, *rest: int) -> int:
        if str(path).endswith("g.txt"):
            raise PermissionError(13, "Permission denied")
        return opener(path, *rest)

    monkeypatch.setattr(os, "open", guarded)
    found = list(stream)
    assert [d.uri for d in found] == ["b.jsonl", "c.csv", "d.parquet", "e.html", "f.txt.gz", "g.txt", "h.txt"]
    assert set(rules(found)) == {"unreadable"}
    assert [d.problem and d.problem.observed.rpartition(": ")[2] for d in found[-2:]] == [
        "Permission denied",
        "not a regular file",
    ]


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
    with open(path, "wb") as file:
        file.write(b"x")
    document = one(tmp_path)
    assert os.fsencode(document.uri) == b"caf\xe9.txt" and len(document.article_id) == 32


@pytest.mark.parametrize("name", ["new\nline.txt", "quo'te\".txt", "..txt.txt", "a" * 250 + ".txt"])
def test_odd_names_stay_as_they_are(tmp_path: Path, name: str) -> None:
    written(tmp_path / "d" / name, "x")
    assert [d.uri for d in documents(tmp_path)] == ([] if name.startswith(".") else [f"d/{name}"])


# --- whole files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"  \n", JPEG, b"a\0b", STORY.encode(), b"x" * 700_000])
@pytest.mark.parametrize("suffix", PACK)
def test_a_text_file_is_its_bytes(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = written(tmp_path / f"a.TxT{suffix}", PACK[suffix](content))
    assert one(path) == Document(path.name, content)


@pytest.mark.parametrize("suffix", PACK)
def test_a_file_beyond_the_limit_is_kept_whole_as_far_as_files_are_kept(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / f"a.txt{suffix}", PACK[suffix](os.urandom(5000)))
    exact, beyond = one(path, max_document_bytes=5000), one(path, max_document_bytes=4999)
    assert exact.problem is None and rules([beyond]) == ["too-large"] and beyond.content == exact.content
    monkeypatch.setattr(streams, "KEPT", 0)
    assert one(path, max_document_bytes=4999).content == exact.content[:4999]


def test_a_page_carries_its_declared_charset(tmp_path: Path) -> None:
    content = b"<html><head><meta charset=windows-1251></head><body><p>\xcf\xf0\xe8</p></body></html>"
    for name in ("a.html", "b.HTM", "c.html.gz"):
        document = one(written(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content))
        assert (document.media_type, document.charset, document.text) == ("html", "windows-1251", None)
        assert document.content == content


# --- compression -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_members_and_frames_are_joined(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    suffix = ".gz" if pack is gzip.compress else ".zst"
    path = written(tmp_path / f"a.txt{suffix}", pack(b"one ") + pack(b"") + pack(b"two"))
    assert one(path).content == b"one two"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("rows", [1, 40, 20_000])
def test_every_record_before_a_break_comes_out_and_one_problem_for_the_rest(
    tmp_path: Path, suffix: str, rows: int
) -> None:
    lines = [json.dumps({"text": f"story {n} {os.urandom(20).hex()}"}).encode() for n in range(rows)]
    packed = PACK[suffix](b"\n".join(lines))
    for cut in (len(packed) - 1, len(packed) // 2, 0):
        *good, bad = documents(written(tmp_path / f"a.jsonl{suffix}", packed[:cut]))
        assert set(rules(good)) <= {None}
        assert [d.content for d in good] == lines[: len(good)]
        assert bad.problem is not None and bad.problem.rule == "broken-compression"
        if len(good) < rows:
            assert lines[len(good)].startswith(bad.content) or bad.content == packed[:cut]
        if cut == len(packed) - 1:
            lost = sum(map(len, lines[len(good) :]))
            assert lost < 2**17 if suffix == ".zst" else len(good) >= rows - 1  # zstd is cut block by block
    if suffix == ".gz":  # zstd has checksums only where its writer put them
        damaged = bytearray(packed)
        damaged[len(packed) // 2] ^= 255
        assert "broken-compression" in rules(documents(written(tmp_path / "b.jsonl.gz", bytes(damaged))))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_is_not_compressed_at_all(tmp_path: Path, suffix: str) -> None:
    for kind in ("txt", "html", "jsonl", "csv", "parquet"):
        found = one(written(tmp_path / f"a.{kind}{suffix}", STORY))
        assert rules([found]) == ["broken-compression"]
        assert found.content == STORY.encode()


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("size", [500, 3_000_000])
def test_a_wrong_checksum_costs_no_byte(tmp_path: Path, suffix: str, size: int) -> None:
    content = random.Random(3).randbytes(size // 2).hex().encode()
    packed = bytearray(gzip.compress(content) if suffix == ".gz" else zstd_with_checksum(content))
    packed[-6 if suffix == ".gz" else -1] ^= 255
    found = one(written(tmp_path / f"a.txt{suffix}", bytes(packed)))
    assert rules([found]) == ["broken-compression"]
    assert found.content == content


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "parquet", "html"])
def test_a_bomb_is_stopped_in_time(tmp_path: Path, suffix: str, kind: str) -> None:
    path = written(tmp_path / f"a.{kind}{suffix}", PACK[suffix](b"text\n" + b" " * 60_000_000))
    started = time.perf_counter()
    found = documents(path)[-1]
    assert rules([found]) == ["decompression-bomb"]
    assert len(found.content) <= max(2**20, 200 * path.stat().st_size)
    assert found.problem and "sources.max_expansion" in found.problem.observed
    assert time.perf_counter() - started < 5
    assert rules(documents(path, max_expansion=10**6))[-1] != "decompression-bomb"


def test_a_small_file_may_grow_to_a_mebibyte(tmp_path: Path) -> None:
    assert one(written(tmp_path / "a.txt.gz", gzip.compress(b"a" * 2**20))).problem is None


# --- fields of records -------------------------------------------------------------------------------------------


def test_a_map_names_the_fields_of_a_record(tmp_path: Path) -> None:
    record = {
        "Story": "one", "text": "no", "head": "H", "meta": {"when": "2019-05-21"}, "changed": "2019-05-22",
        "who": ["A B"],
        "tongue": "en-GB", "address": "https://a.example.com/1", "x": 1, "y": None, "z": "",
    }  # fmt: skip
    fields = FieldsConfig(
        text="story", title=["nothing", "head"], date="meta.when", modified="changed", authors="who", language="tongue",
        url="address",
    )  # fmt: skip
    (found,) = documents(written(tmp_path / "a.jsonl", json_lines(record)), fields=fields)
    assert (found.uri, found.text, found.title) == ("https://a.example.com/1", "one", "H")
    assert (found.date, found.modified, found.authors, found.language) == ("2019-05-21", "2019-05-22", ("A B",), "en")
    assert found.unread_fields == ("x",)


def test_a_mapped_column_makes_a_table_one_of_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "number;story\n1;The ferry, it said, is back.\n")
    assert rules(documents(path)) == ["no-text-column"]
    (found,) = documents(path, fields=FieldsConfig(text=("story",)))
    assert (found.text, found.unread_fields) == ("The ferry, it said, is back.", ("number",))


@pytest.mark.parametrize(
    ("record", "expect"),
    [
        ({"publish_date": "2019-05-21"}, {"date": "2019-05-21"}),
        ({"datePublished": "2019-05-21", "dateModified": "2019-05-22"}, {"modified": "2019-05-22"}),
        ({"published": {"$date": "2019-05-21T07:30:00Z"}}, {"date": "2019-05-21T07:30:00Z"}),
        ({"date": {"$date": {"$numberLong": "1558424400000"}}}, {"date": "1558424400000"}),
        ({"title": {"rendered": "Ferry"}, "content": {"rendered": "<p>o</p>"}}, {"title": "Ferry", "text": "<p>o</p>"}),
        ({"content": ["one", "two"]}, {"text": "one\n\ntwo"}),
        ({"text": "nan", "body": "one"}, {"text": "one"}),
        ({"title": "nan", "date": "NaT", "author": "None"}, {"title": None, "date": None, "authors": ()}),
        ({"author": "By Jane Roe and John Doe"}, {"authors": ("Jane Roe", "John Doe")}),
        ({"authors": "Jane Roe; John Doe"}, {"authors": ("Jane Roe", "John Doe")}),
        ({"authors": "['Jane Roe', 'John Doe']"}, {"authors": ("Jane Roe", "John Doe")}),
        ({"author": [{"@type": "Person", "name": "Jane Roe"}]}, {"authors": ("Jane Roe",)}),
        ({"byline": "Roe, Jane"}, {"authors": ("Roe, Jane",)}),
        ({"authors": ["Jane Roe", "View All Posts", "Senior Columnist"]}, {"authors": ("Jane Roe",)}),
        ({"authors": "Jane Roe, Because Without Ships, There Is No Harbour."}, {"authors": ("Jane Roe",)}),
        ({"authors": "['Because Without Ships', 'There Is No Free Harbour.']"}, {"authors": ()}),
        ({"lang": "en-US"}, {"language": "en"}),
        ({"_id": {"$oid": "5f0c"}}, {"uri": "a.jsonl#id=5f0c"}),
        ({"id": 3, "url": "https://a.example.com/3"}, {"uri": "https://a.example.com/3", "address": None}),
        ({"uri": "row-3", "url": "https://a.example.com/3"}, {"uri": "row-3", "address": "https://a.example.com/3"}),
    ],
)  # fmt: skip
def test_common_names_and_values_of_fields(tmp_path: Path, record: dict[str, Any], expect: dict[str, Any]) -> None:
    record = {"text": "one", **record} if not record.keys() & {"content"} else record
    (found,) = documents(written(tmp_path / "a.jsonl", json_lines(record)))
    assert {name: getattr(found, name) for name in expect} == expect
    assert found.unread_fields == ()


def test_an_id_is_one_of_its_file_only(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        written(tmp_path / "d" / name, json_lines({"id": 1, "text": name}, {"text": "first"}, {"id": "x", "text": "x"}))
    uris = [d.uri for d in documents(tmp_path / "d")]
    assert uris == ["a.jsonl#id=1", "a.jsonl#2", "a.jsonl#id=x", "b.jsonl#id=1", "b.jsonl#2", "b.jsonl#id=x"]


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("date=2024-05-01/a.jsonl", "2024-05-01"),
        ("site=a/published_date=2024-05-01/a.txt", "2024-05-01"),
        ("year=2024/month=5/day=1/a.txt", "2024-05-01"),
        ("dt=20240501/a.jsonl", "2024-05-01"),
        ("date=2024-02-30/a.jsonl", None),
        ("update=2024-05-01/a.jsonl", None),
        ("2024-05-01/a.jsonl", None),
    ],
)
def test_the_date_of_a_hive_path(tmp_path: Path, path: str, day: str | None) -> None:
    written(tmp_path / "d" / path, json_lines({"text": "one"}))
    assert [d.path_date for d in documents(tmp_path / "d")] == [day]


# --- JSON ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
@pytest.mark.parametrize(
    "content",
    [
        '[{"text": "a, [b] {c} \\" d"}, {"text": "e", "x": [{"y": 1}, []]}]',
        '{"text": "a, [b] {c} \\" d"}\n{"text": "e", "x": [{"y": 1}, []]}\n',
        '{"status": "ok", "totalResults": 2, "articles": [{"text": "a, [b] {c} \\" d"}, {"text": "e"}], "next": null}',
        ' \n[\n {"text": "a, [b] {c} \\" d"}\n ,\n {"text": "e"}\n]\n',
        '{"page": 1, "items": [{"text": "a, [b] {c} \\" d"}], "next": 2}\n{"page": 2, "items": [{"text": "e"}]}\n',
    ],
)
def test_json_arrays_objects_and_lines(
    tmp_path: Path, content: str, size: int, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_PIECE", size)
    path = written(tmp_path / f"a.json{suffix}", PACK[suffix](content.encode()))
    assert [(d.uri, d.text) for d in documents(path)] == [(f"{path.name}#1", 'a, [b] {c} " d'), (f"{path.name}#2", "e")]


@pytest.mark.parametrize(
    ("content", "expect"),
    [
        ('{"text": "a", "tags": ["b"], "x": {}}', [None]),
        ("[]", []),
        ("", []),
        ('[{"text": "a"}, {"text": "b"', [None, "broken-json"]),
        ('[{"text": "a"}, oops, {"text": "b"}]', [None, "broken-json", None]),
        ('["a", {"text": "b"}]', ["broken-json", None]),
        ("no json", ["broken-json"]),
        ('{"a": "' + "x" * 5000 + '"}', ["no-text"]),
        ('{"id": 5, "items": ["b", "c"], "text": "a"}', [None]),
        ('{"title": "T", "data": [{"tag": "b"}], "text": "a"}', ["no-text", None]),
        ('{"text": "a", "news": [{"title": "b"}]}', [None]),
        ('{"page": 1, "items": [{"text": "a"}], "next": "x', [None]),
    ],
)
def test_json_that_is_one_record_or_broken(tmp_path: Path, content: str, expect: list[str | None]) -> None:
    assert rules(documents(written(tmp_path / "a.json", content))) == expect


def test_a_record_in_a_wrapper_keeps_what_stands_around_a_list(tmp_path: Path) -> None:
    content = '{"title": "T", "data": [{"tag": "b"}], "text": "a", "date": "2019-05-21"}'
    found = documents(written(tmp_path / "a.json", content))[-1]
    assert (found.title, found.text, found.date) == ("T", "a", "2019-05-21")


def test_authors_in_lists_without_end(tmp_path: Path) -> None:
    content = '{"text": "a", "authors": [["Jane Roe"], ' + "[" * 600 + '"b"' + "]" * 600 + "]}"
    assert documents(written(tmp_path / "a.json", content))[0].authors == ("Jane Roe",)


def test_a_json_record_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEPT", 0)
    content = '[{"text": "a"}, {"text": "' + "x" * 5000 + '"}, {"text": "b"}]'
    found = documents(written(tmp_path / "a.json", content), max_document_bytes=1000)
    assert rules(found) == [None, "too-large", None] and len(found[1].content) <= 1000


# --- JSON Lines --------------------------------------------------------------------------------------------------


def test_a_record_names_its_fields_in_several_ways(tmp_path: Path) -> None:
    records = [
        {"text": "one", "body": "no", "uri": "u:1", "url": "u:2", "title": "T", "date": "2019-05-21"},
        {"BODY": "two", "Content": "two!", "ID": 17, "Headline": "H", "Published": "May 21"},
        {"raw_text": "three", "url": "", "title": None, "published_at": 1558396800},
        {"content": "four", "id": True, "title": ["x"], "pubdate": 20190521},
        {"text": "five", "uri": None, "date": 1558396800123.0},
        {"text": "", "charset": "cp1251", "date": float("nan")},
    ]
    found = documents(written(tmp_path / "d/a.jsonl", json_lines(*records)).parent)
    assert [(d.uri, d.text, d.title, d.date) for d in found] == [
        ("u:1", "one", "T", "2019-05-21"),
        ("a.jsonl#id=17", "two!", "H", "May 21"),
        ("a.jsonl#3", "three", None, "2019-05-21T00:00:00+00:00"),
        ("a.jsonl#4", "four", "x", "2019-05-21"),
        ("a.jsonl#5", "five", None, "2019-05-21T00:00:00.123000+00:00"),
        ("a.jsonl#6", "", None, None),
    ]
    assert {(d.media_type, d.encoding, d.charset) for d in found} == {("record", "utf-8", None)}
    assert [d.content for d in found] == [json.dumps(record).encode() for record in records]


@pytest.mark.parametrize("suffix", PACK)
def test_broken_lines_cost_themselves_and_empty_ones_nothing(tmp_path: Path, suffix: str) -> None:
    content = (
        b'{"text": "a"}\r\n\n{"text": "b"\n  \n[1]\n"x"\nnull\n{"text": null}\n{"x": 1}\n{"text": 5}\n{"text": "z"}'
    )
    found = documents(written(tmp_path / f"a.ndjson{suffix}", PACK[suffix](content)))
    broken, no_text = "broken-json", "no-text"
    assert rules(found) == [None, broken, broken, broken, broken, no_text, no_text, no_text, None]
    assert [d.uri.partition("#")[2] for d in found] == ["1", "3", "5", "6", "7", "8", "9", "10", "11"]
    assert [d.content for d in found] == [line for line in content.replace(b"\r", b"").split(b"\n") if line.strip()]


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b"9" * 5000, b'{"a":' * 5000, b"\0\0\0\0\0", b'{"text": "\0"}', b"\xff\xd8\xff\xe0\0\0"]
)
def test_hostile_lines_do_not_stop_the_next(tmp_path: Path, line: bytes) -> None:
    bad, good = documents(written(tmp_path / "a.jsonl", line + b'\n{"text": "good"}\n'))
    assert bad.problem is not None and bad.problem.rule in ("broken-json", "undecodable")
    assert bad.content == line and good.text == "good"


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_a_line_beyond_the_limit_is_cut_and_the_rest_goes_on(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "KEPT", 0)
    content = b'{"text": "a"}\n{"text": "' + b"x" * size + b'"}\n{"text": "b"}\n'
    found = documents(written(tmp_path / "a.jsonl", content), max_document_bytes=1000)
    assert rules(found) == [None, "too-large", None]
    assert found[1].content == content[14:1014] and found[2].uri == "a.jsonl#3"
    assert found[1].problem and f"{size + 12:,} bytes" in found[1].problem.observed


def test_surrogates_from_escapes_are_joined_or_replaced(tmp_path: Path) -> None:
    line = rb'{"text": "\ud83d\ude00 \ud83d", "title": "\udc00", "uri": "u\ud800"}'
    document = one(written(tmp_path / "a.jsonl", line))
    assert (document.text, document.title, document.uri) == ("\U0001f600 \ufffd", "\ufffd", "u\ufffd")
    assert document.content == line


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_marks_and_wide_encodings(tmp_path: Path, codec: str, kind: str) -> None:
    rows = [{"uri": f"u{n}", "text": f"Şehir \u0a0a\u0d0a {n} \U0001f600"} for n in range(9000)]
    if kind == "csv":
        lines = ["uri,text", *(f"{row['uri']},{row['text']}" for row in rows)]
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    found = documents(written(tmp_path / f"a.{kind}", "\n".join(lines).encode(codec)))
    assert [(d.uri, d.text) for d in found] == [(row["uri"], row["text"]) for row in rows]
    encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec)
    assert {d.encoding for d in found} == {encoding}
    if kind == "jsonl":
        assert found[5].content == lines[5].encode(encoding)


def test_a_wide_file_that_breaks_off(tmp_path: Path) -> None:
    content = '{"text": "a"}\n{"text": "b"}'.encode("utf-16") + b"x"
    good, bad = documents(written(tmp_path / "a.jsonl", content))
    assert good.text == "a" and rules([bad]) == ["undecodable"] and bad.uri == "a.jsonl#2"


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize(
    ("codec", "broken"), [("utf-16-le", b"x"), ("utf-16-be", b"x"), ("utf-32-le", b"\xff\xff\xff\xff and the rest")]
)
def test_what_cannot_be_read_of_a_wide_file_is_kept_as_it_came(
    tmp_path: Path, codec: str, broken: bytes, kind: str
) -> None:
    read, begun = {
        "jsonl": ('{"text": "one"}\n', '{"text": "café '),
        "csv": ("text\none\n", '"café\n'),
    }[kind]
    content = "\ufeff".encode(codec) + (read + begun).encode(codec) + broken
    good, bad = documents(written(tmp_path / f"a.{kind}", content))
    assert good.text == "one" and rules([bad]) == ["undecodable"]
    assert bad.content == begun.encode(codec) + broken


def test_lines_in_other_encodings_are_decoded_one_by_one(tmp_path: Path) -> None:
    western = {"text": "The café’s owner said “no” to the naïve plan, and the mayor agreed with him."}
    lines = [json.dumps(western, ensure_ascii=False).encode(codec) for codec in ("utf-8", "cp1252", "utf-8")]
    found = documents(written(tmp_path / "a.jsonl", b"\n".join(lines)))
    assert [d.text for d in found] == [western["text"]] * 3
    assert [d.encoding for d in found] == ["utf-8", "cp1252", "utf-8"]
    assert [d.content for d in found] == lines


# --- CSV ---------------------------------------------------------------------------------------------------------


def table(rows: list[list[str]], **style: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, **style).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().encode()


ROWS = [["id", "Title", "Text"], ["7", 'A "quoted" headline', STORY], ["", "", 'Second, "with" \r\n lines\r\rmore']]


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_rows_with_any_separator(tmp_path: Path, suffix: str, separator: str) -> None:
    path = written(tmp_path / f"a.csv{suffix}", PACK[suffix](b"\n" + table(ROWS, delimiter=separator)))
    first, second = documents(path)
    assert (first.uri, first.title, first.text, first.problem) == (f"{path.name}#id=7", ROWS[1][1], STORY, None)
    assert (second.uri, second.title, second.text) == (f"{path.name}#2", None, ROWS[2][2])
    assert json.loads(first.content) == dict(zip(ROWS[0], ROWS[1], strict=True))
    assert list(json.loads(first.content)) == sorted(ROWS[0])


def test_short_and_long_rows_are_held_back_whole(tmp_path: Path) -> None:
    rows = "id,text,text\n1\n2,b,c,d\n\n3,e\n4,The mayor, who opened the quay, left.,x\n5,f,g,\n"
    found = documents(written(tmp_path / "a.csv", rows))
    assert rules(found) == ["broken-csv"] * 4 + [None]
    assert [d.content for d in found[:2]] == [b"1", b"2,b,c,d"]  # the row as it came
    assert found[1].problem and "4 fields instead of 3" in found[1].problem.observed
    assert (found[4].uri, found[4].text) == ("a.csv#id=5", "f")  # nothing stands behind the last comma
    assert json.loads(found[4].content) == {"id": "5", "text": "f", "text (column 3)": "g"}


@pytest.mark.parametrize("content", ["", "\n\n", "a,b\n1,2\n", "no header here"])
def test_a_table_without_text_is_one_document(tmp_path: Path, content: str) -> None:
    document = one(written(tmp_path / "d/a.csv", content).parent)
    assert document.uri == "a.csv" and document.content == content.encode()
    assert document.problem is not None and document.problem.rule == "no-text-column"
    assert ("a, b" in document.problem.observed) == content.startswith("a,b")


def test_nuls_and_huge_fields_and_rows(tmp_path: Path) -> None:
    rows = [["id", "text"], ["1", "a\0b"], ["2", "x" * 3000], ["3", 'say "no", ' * 900 + "\n" * 900], ["4", "after"]]
    path = written(tmp_path / "a.csv", table(rows))
    found = documents(path, csv_field_bytes=2000, max_document_bytes=4000)
    assert rules(found) == [None, "too-large", "too-large", None]
    assert found[0].text == "a\0b" and found[3].text == "after"
    assert [d.problem and d.problem.observed.partition(";")[0] for d in found[1:3]] == [
        "a field of 3,000 characters",
        f"a row of {len(table(rows[3:4])):,} bytes",
    ]
    assert found[2].content == table(rows[3:4]).rstrip()
    assert documents(path)[2].text == rows[3][1]


@settings(max_examples=150, deadline=None)
@example(['"\r\0ééé;;;;;"\r\0ééé'], 2, 0)
@given(
    st.lists(st.text(st.sampled_from('ab",\n\r;é\0 '), max_size=40), min_size=1, max_size=6),
    st.integers(1, 60),
    st.integers(0, 5),
)
def test_a_row_beyond_the_limit_never_disturbs_the_others(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], limit: int, many: int
) -> None:
    rows = [["id", "text"], *([str(n), text * (1 + many)] for n, text in enumerate(texts)), ["last", "z"]]
    path = written(tmp_path_factory.mktemp("csv") / "a.csv", table(rows, quoting=csv.QUOTE_ALL))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "KEPT", 0)
        found = documents(path, max_document_bytes=limit + 30)
    assert len(found) == len(rows) - 1
    for document, row in zip(found, rows[1:], strict=True):
        assert document.text == row[1] if document.problem is None else document.problem.rule == "too-large"
    assert [d.text for d in documents(path)] == [row[1] for row in rows[1:]]


def test_a_quotation_mark_that_never_closes(tmp_path: Path) -> None:
    found = documents(written(tmp_path / "a.csv", 'id,text\n1,"a"\n2,"b\n3,"c"\n4,"d"\n5,"e\n6,f\n'))
    assert rules(found) == [None, "broken-csv", None, "broken-csv"]
    assert [d.text for d in found] == ["a", None, "d", None]
    assert [found[1].content, found[3].content] == [b'2,"b\n3,"c"', b'5,"e\n6,f']


def test_a_csv_cut_off_in_compression_keeps_the_rows_before(tmp_path: Path) -> None:
    rows = [["id", "text"], *([str(n), os.urandom(40).hex() + "\nsecond line"] for n in range(300))]
    packed = gzip.compress(table(rows))
    *good, bad = documents(written(tmp_path / "a.csv.gz", packed[: len(packed) // 2]))
    assert [d.text for d in good] == [row[1] for row in rows[1 : len(good) + 1]] and len(good) > 100
    assert rules([bad]) == ["broken-compression"] and bad.content.startswith(
        f"{len(good)},".encode()[: len(bad.content)]
    )


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1252", "The café’s owner said “no” to the naïve plan, and the mayor agreed with him."),
        ("cp1251", "Мост через реку закрыли в понедельник, его откроют снова весной, сообщил мэр."),
        ("shift_jis", "月曜日に川の橋が閉鎖された。市長によると、春に再び開通する予定だという。"),
        ("iso2022_jp", "月曜日に川の橋が閉鎖された。市長によると、春に再び開通する予定だという。"),
    ],
)
def test_a_csv_in_another_encoding(tmp_path: Path, codec: str, text: str) -> None:
    rows = [["id", "text"], *([str(n), f"{text}\n{n}"] for n in range(50))]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    found = documents(written(tmp_path / "a.csv", out.getvalue().encode(codec)))
    assert [d.text for d in found] == [row[1] for row in rows[1:]]


# --- Parquet -----------------------------------------------------------------------------------------------------


def parquet(columns: dict[str, pa.Array], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("suffix", PACK)
def test_parquet_rows_and_their_types(tmp_path: Path, suffix: str) -> None:
    when = datetime(2019, 5, 21, 12, 30, tzinfo=UTC)
    columns = {
        "Text": pa.array(["one", None, "three"]).dictionary_encode(),
        "id": pa.array([1, None, 3]),
        "date": pa.array([when, when, None], pa.timestamp("ns", "Europe/Istanbul")),
        "day": pa.array([date(2019, 5, 21), None, None]),
        "extra": pa.array([[1.5], [float("nan")], None]),
    }
    path = written(tmp_path / f"a.parquet{suffix}", PACK[suffix](parquet(columns)))
    found = documents(path)
    assert [(d.uri, d.text, d.date) for d in found] == [
        (f"{path.name}#id=1", "one", "2019-05-21T12:30:00.000000000Z"),
        (f"{path.name}#2", None, "2019-05-21T12:30:00.000000000Z"),
        (f"{path.name}#id=3", "three", None),
    ]
    assert rules(found) == [None, "no-text", None]
    assert json.loads(found[0].content)["day"] == "2019-05-21"


def test_parquet_strings_may_be_bytes_or_not_utf_8(tmp_path: Path) -> None:
    text = "The café’s owner said “no” to the naïve plan, and the mayor agreed with him."
    raw = pa.array([text.encode(), text.encode("cp1252"), JPEG], pa.binary())
    for column in (raw, pa.Array.from_buffers(pa.string(), 3, raw.buffers())):
        found = documents(written(tmp_path / "a.parquet", parquet({"text": column})))
        assert [d.text for d in found] == [text, text, None]
        assert rules(found) == [None, None, "no-text"]


def test_parquet_that_is_broken_or_has_no_text(tmp_path: Path) -> None:
    chance = random.Random(7)  # the byte in the middle stands in a page, and not in a header without a checksum
    texts = pa.array([chance.randbytes(50).hex() for _ in range(30_000)])
    content = parquet({"text": texts}, row_group_size=1000, write_page_checksum=True, use_dictionary=False)
    for damaged in (content[:-100], b"", b"PAR1", b"not a table"):
        document = one(written(tmp_path / "a.parquet", damaged))
        assert (document.uri, document.content, rules([document])) == ("a.parquet", damaged, ["broken-parquet"])
    middle = bytearray(content)
    middle[len(content) // 2] ^= 255
    *good, bad = documents(written(tmp_path / "a.parquet", bytes(middle)))
    assert 10_000 < len(good) < 20_000 and [d.text for d in good] == texts.to_pylist()[: len(good)]
    assert (bad.uri, rules([bad])) == (f"a.parquet#{len(good) + 1}", ["broken-parquet"])
    assert rules([one(written(tmp_path / "a.parquet", parquet({"x": texts})))]) == ["no-text-column"]
    assert documents(written(tmp_path / "a.parquet", parquet({"text": texts[:0]}))) == []


# --- anything at all ---------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["txt", "html", "jsonl", "csv", "tsv", "parquet"]),
    st.sampled_from(sorted(PACK)),
    st.binary(max_size=300) | st.text(st.sampled_from('{"text":a,}\n\r\0é;'), max_size=80).map(str.encode),
    st.booleans(),
    st.integers(1, 200),
)
def test_whatever_the_bytes_reading_never_raises_and_never_exceeds_the_limit(
    tmp_path_factory: pytest.TempPathFactory, kind: str, suffix: str, content: bytes, packed: bool, limit: int
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{kind}{suffix}"
    written(path, PACK[suffix](content) if packed else content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "KEPT", 0)
        found = documents(path, max_document_bytes=limit)
        assert found or kind in ("jsonl", "csv", "tsv")  # which may hold no record
        assert all(len(document.content) <= limit for document in found)
        assert found == documents(path, max_document_bytes=limit)


# --- object stores -----------------------------------------------------------------------------------------------


def test_any_store_that_fsspec_knows() -> None:
    store = fsspec.filesystem("memory")
    store.store.clear()
    for name in ("b.txt", "a.txt", "a/x.txt", "_tmp/x.txt", "c.pdf"):
        store.pipe_file(f"/raw/{name}", name.encode())
    skipped = LeftOut()
    assert [d.uri for d in read("memory://raw", CONFIG, skipped)] == ["a/x.txt", "a.txt", "b.txt"]
    assert skipped[UNREAD + ".pdf"] == 1
    assert one("memory://raw/a/x.txt") == Document("x.txt", b"a/x.txt")


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    written(tmp_path / "a.txt", "x")
    assert one(f"file://{tmp_path}").uri == "a.txt"


def test_s3_with_an_endpoint_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()
        store = s3fs.S3FileSystem()
        store.mkdir("news")
        store.pipe_file("news/raw/a.jsonl", json_lines({"text": "one"}, {"text": "two", "uri": "u:2"}))
        store.pipe_file("news/raw/b/c.txt.gz", gzip.compress(STORY.encode()))
        store.pipe_file("news/raw/d.parquet", parquet({"text": pa.array(["three"])}))
        found = documents("s3://news/raw")
        assert [d.uri for d in found] == ["a.jsonl#1", "u:2", "b/c.txt.gz", "d.parquet#1"]
        assert [d.text for d in found] == ["one", "two", None, "three"] and found[2].content == STORY.encode()
        assert one("s3://news/raw/b/c.txt.gz").uri == "c.txt.gz"
        assert len(documents("s3://news")) == 4
        stream = read("s3://news/raw/", CONFIG)
        store.rm("news/raw/b/c.txt.gz")
        assert rules(list(stream)) == [None, None, "unreadable", None]
        for nowhere in ("s3://news/nothing", "s3://no-such-bucket/raw"):
            with pytest.raises(SourceError, match="check the name"):
                read(nowhere, CONFIG)
    finally:
        server.stop()
        s3fs.S3FileSystem.clear_instance_cache()


def test_a_parquet_footer_that_lies_about_the_length_of_a_list(tmp_path: Path) -> None:
    """Found by fuzzing: 2**42 booleans, which take no byte that is read, in a footer of some ten bytes."""
    footer = b"\x19\xf1" + b"\x80" * 6 + b"\x01\x00"  # field 1, a list of booleans, its length as a varint, stop
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with limit(10):
        document = one(written(tmp_path / "a.parquet", content))
    assert document.problem is not None
    assert document.problem.rule == "broken-parquet"
    assert document.content == content
