"""Reading sources: which files, whole files, anything at all, object stores; nothing is lost and nothing raises."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import (
    CONFIG,
    JPEG,
    PACK,
    STORY,
    UNREAD,
    documents,
    json_lines,
    one,
    parquet,
    rules,
    written,
)

from copydesk.records import Document, article_id
from copydesk.sources import LeftOut, SourceError, listing, read, streams

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
    assert document.uri == "caf%E9.txt" and document.article_id == article_id("caf%E9.txt")


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


def test_s3_with_an_endpoint_from_the_environment(bucket: str) -> None:
    store, news = pytest.importorskip("s3fs").S3FileSystem(), bucket.removesuffix("/warehouse")
    store.pipe_file(f"{news}/raw/a.jsonl", json_lines({"text": "one"}, {"text": "two", "uri": "u:2"}))
    store.pipe_file(f"{news}/raw/b/c.txt.gz", gzip.compress(STORY.encode()))
    store.pipe_file(f"{news}/raw/d.parquet", parquet({"text": pa.array(["three"])}))
    found = documents(f"{news}/raw")
    assert [d.uri for d in found] == ["a.jsonl#1", "u:2", "b/c.txt.gz", "d.parquet#1"]
    assert [d.text for d in found] == ["one", "two", None, "three"] and found[2].content == STORY.encode()
    assert one(f"{news}/raw/b/c.txt.gz").uri == "c.txt.gz"
    assert len(documents(news)) == 4
    stream = read(f"{news}/raw/", CONFIG)
    store.rm(f"{news}/raw/b/c.txt.gz")
    assert rules(list(stream)) == [None, None, "unreadable", None]
    for nowhere in (f"{news}/nothing", "s3://no-such-bucket/raw"):
        with pytest.raises(SourceError, match="check the name"):
            read(nowhere, CONFIG)
