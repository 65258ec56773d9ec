"""What is known of earlier nights: documents are looked up by the handful, and small files are remembered by digest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import night, story
from warehouse_runs import RUN_DATE, document, first_night, run, second_night, tree

from copydesk.records import Document
from copydesk.sources.records import Record
from copydesk.warehouse import History, Warehouse, history, index, layout, partition
from copydesk.warehouse.known import Known

NEXT = RUN_DATE + timedelta(days=1)


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("known") / "warehouse"
    run(root, first_night())
    run(root, second_night(), NEXT)
    return root


# --- choosing documents


def one_by_one(past: History, documents: list[Document], retry: bool) -> Iterator[Document]:
    """What `History.select` promises, for one document after the other."""
    first: dict[bytes, bytes] = {}
    aside: set[tuple[bytes, bytes]] = set()
    past.published.seen[:] = past.quarantined.seen[:] = False
    for each in documents:
        key, content = bytes.fromhex(each.article_id), bytes.fromhex(each.content_sha256)
        if (key, content) in past._refused:
            known, duplicate = True, False
        elif key in first:
            known = first[key] == content or (key, content) in aside
            known = known or (not retry and past.quarantined.see(key, content, others=True))
            duplicate = True
        else:
            known = past.published.see(key, content, others=False)
            duplicate = not known and any(past.published.seen[row] for row in past.published.rows(key))
            known = known or (not retry and past.quarantined.see(key, content, duplicate))
            known = known or (key, content) in aside
        if not known and duplicate:
            aside.add((key, content))
            yield replace(each, problem=history._duplicate(each))
        elif not known:
            first[key] = content
            yield each


def known(rows: list[tuple[Document, int]], cured: list[bool] | None = None, second: list[bool] | None = None) -> Known:
    """Documents as one table of several files."""
    part = index.Part.joined(
        [
            index.Part(
                index.digests(pa.chunked_array([[each.article_id]]), 2),
                index.digests(pa.chunked_array([[each.content_sha256]]), 4),
                np.array([n], np.int64),
                np.array([1], np.int32),
            )
            for n, (each, _) in enumerate(rows)
        ]
    )
    marks = [np.array(some or [False] * len(rows), bool) for some in (cured, second)]
    files = np.array([number for _, number in rows], np.int64)
    return Known(part.ids, part.contents, files, *marks, part.first_seen, part.versions)


few = st.builds(lambda uri, text: document(uri, "", text), st.sampled_from("abcd"), st.sampled_from(["x", "y", "z"]))


@given(
    published=st.lists(few, max_size=4, unique_by=lambda each: each.uri),
    held=st.lists(
        st.tuples(few, st.booleans(), st.booleans()), max_size=5, unique_by=lambda one: (one[0].uri, one[0].content)
    ),
    refused=st.lists(few, max_size=1),
    delivered=st.lists(few, max_size=12),
    retry=st.booleans(),
    handful=st.integers(1, 5),
)
@settings(max_examples=200, deadline=None)
def test_documents_are_chosen_as_one_by_one(
    published: list[Document], held: list[tuple[Document, bool, bool]], refused: list[Document],
    delivered: list[Document], retry: bool, handful: int,
) -> None:  # fmt: skip
    def past() -> History:
        keys = [(bytes.fromhex(each.article_id), bytes.fromhex(each.content_sha256)) for each in refused]
        cured, second = [one for _, one, _ in held], [one for _, _, one in held]
        return History(
            known([(each, 0) for each in published]),
            known([(each, n) for n, (each, _, _) in enumerate(held)], cured, second),
            keys,
        )

    wanted, made = past(), past()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "HANDFUL", handful)
        chosen = list(made.select(delivered, retry))
    assert chosen == list(one_by_one(wanted, delivered, retry))
    assert made.published.seen.tolist() == wanted.published.seen.tolist()
    assert made.quarantined.seen.tolist() == wanted.quarantined.seen.tolist()
    assert (made.delivered, made.unchanged) == (len(delivered), len(delivered) - len(chosen))


def test_no_document_is_made_of_a_record_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, made = tmp_path / "news.jsonl", []
    build = Record.document

    def counted(record: Record) -> Document:
        made.append(record.uri)
        return build(record)

    monkeypatch.setattr(Record, "document", counted)
    records = [{"url": f"https://a.example/{n}", "text": story(n), "date": "2024-05-02"} for n in range(4)]
    source.write_text("".join(f"{json.dumps(one)}\n" for one in records[:3]))
    night(source, tmp_path / "warehouse")
    assert len(made) == 3
    source.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    assert night(source, tmp_path / "warehouse").row["unchanged"] == 3
    assert made[3:] == ["https://a.example/3"]


def test_ids_that_begin_alike_are_told_apart() -> None:
    ids = np.array([[5, 2], [5, 1], [4, 9], [5, 1]], np.uint64)
    contents = np.arange(16, dtype=np.uint64).reshape(4, 4)
    zeros = np.zeros(4, np.int64)
    table = Known(ids, contents, np.arange(4), zeros.astype(bool), zeros.astype(bool), zeros, zeros)
    assert table.files.tolist() == [2, 1, 3, 0]
    key, content = table.article_ids([2])[0], table.content_sha256([2])[0]
    missing = f"{5:016x}{3:016x}"
    assert table.find_all([key, key, missing], [content, "0" * 64, content]).tolist() == [2, -1, -1]
    assert table.rows(bytes.fromhex(key)) == [1, 2]


@given(rows=st.lists(st.binary(min_size=32, max_size=32), max_size=6), cut=st.integers(0, 6))
def test_digests_are_read_from_any_column(rows: list[bytes], cut: int) -> None:
    texts = [row.hex() for row in rows]
    wanted = np.array([np.frombuffer(row, ">u8") for row in rows], np.uint64).reshape(-1, 4)
    column = pa.chunked_array([texts[:cut], texts[cut:]], pa.string())
    assert (index.digests(column, 4) == wanted).all()
    sliced = pa.chunked_array([pa.array(["", *texts, "x"], pa.string()).slice(1, len(texts))])
    assert (index.digests(sliced, 4) == wanted).all()


@pytest.mark.parametrize("texts", [["0" * 63], ["g" * 64], [None], ["0" * 64, "0" * 32], ["é" * 32]])
def test_what_is_no_digest_is_refused(texts: list[str | None]) -> None:
    with pytest.raises(ValueError, match=r"digest|digit|hex"):
        index.digests(pa.chunked_array([texts], pa.string()), 4)


# --- the cache


def rows_of(past: History) -> dict[str, list[Any]]:
    """All that a history knows."""
    return {
        f"{name}.{field}": getattr(table, field).tolist()
        for name, table in (("published", past.published), ("quarantined", past.quarantined))
        for field in ("ids", "contents", "files", "cured", "second", "first_seen", "versions")
    }


def loaded(root: Path | str, cured: tuple[str, ...] = ("bad-text",)) -> dict[str, list[Any]]:
    return rows_of(Warehouse.open(str(root)).history(cured))


def without_cache(root: Path, cured: tuple[str, ...] = ("bad-text",)) -> dict[str, list[Any]]:
    kept = root.parent / "kept.parquet"
    shutil.move(root / layout.KNOWN, kept)
    try:
        return loaded(root, cured)
    finally:
        shutil.move(kept, root / layout.KNOWN)


def test_files_that_are_remembered_are_not_opened(two_nights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = without_cache(two_nights)
    opened: list[str] = []
    read = partition.read

    def noting(store: Any, name: str, *rest: Any) -> Any:
        opened.append(name)
        return read(store, name, *rest)

    monkeypatch.setattr(partition, "read", noting)
    assert loaded(two_nights) == wanted
    assert any(wanted["quarantined.cured"])
    assert loaded(two_nights, ()) == {**wanted, "quarantined.cured": [False] * len(wanted["quarantined.cured"])}
    assert not [name for name in opened if name.startswith(("articles/", "quarantine/"))]
    monkeypatch.setattr(index, "SMALL", 0)  # large files are read as ever
    assert loaded(two_nights) == wanted


def test_a_commit_leaves_the_cache_that_reading_everything_would_give(two_nights: Path, tmp_path: Path) -> None:
    shutil.copytree(two_nights, tmp_path / "w")
    (tmp_path / "w" / layout.KNOWN).unlink()
    past = Warehouse.open(str(tmp_path / "w")).history()
    parts = {(name.partition("/")[0], digest): part for name, (digest, part) in past.small.items()}
    found = pq.read_table(two_nights / layout.KNOWN)
    assert list(zip(found["table"].to_pylist(), found["digest"].to_pylist(), strict=True)) == sorted(parts)
    assert index.table(parts).equals(found)


def first_copied(root: Path) -> None:
    """The rows of a date as another one's: nobody should do that, and `copydesk check` says so."""
    one, other, *_ = sorted((root / "articles").rglob("*.parquet"))
    shutil.copy(one, other)


def taken_away(root: Path) -> None:
    sorted((root / "articles").rglob("*.parquet"))[1].unlink()


def of_the_day_before(root: Path) -> None:
    """A file as a backup has it, with the time of the present one."""
    run(root.parent / "backup", first_night())
    path = next(iter((root / "articles").glob("*2024-05-02*/articles.parquet")))
    stat = path.stat()
    shutil.copy(root.parent / "backup" / path.relative_to(root), path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def another_row(root: Path) -> None:
    """The same size and the same time, and another content."""
    path = next(iter((root / "articles").glob("*2024-05-02*/articles.parquet")))
    content, stat = path.read_bytes(), path.stat()
    digest = pq.read_table(path)["content_sha256"][0].as_py().encode()
    assert digest in content
    path.write_bytes(content.replace(digest, digest[::-1]))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("change", [first_copied, taken_away, of_the_day_before])
def test_what_others_do_to_the_tables_counts(two_nights: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    root = tmp_path / "w"
    shutil.copytree(two_nights, root)
    before = loaded(root)
    change(root)
    assert loaded(root) == without_cache(root)
    assert loaded(root) != before


def test_a_file_of_one_table_in_the_place_of_another_is_not_mixed_up(two_nights: Path, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(two_nights, root)
    (held, *_), (path, *_) = sorted(root.glob("quarantine/*/*")), sorted(root.glob("articles/*2024-05-02*/*"))
    shutil.copy(held, path)
    with pytest.raises(partition.Unreadable, match="2024-05-02"):
        loaded(root)


def test_a_file_of_the_same_size_and_time_is_read_itself(two_nights: Path, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(two_nights, root)
    another_row(root)
    with pytest.raises(partition.Unreadable, match="2024-05-02"):  # its page has another checksum
        loaded(root)


def damaged_caches(root: Path) -> Iterator[bytes]:
    good = (root / layout.KNOWN).read_bytes()
    yield from (b"", b"PAR1 no more", good[:-20], good[: len(good) // 2] + b"\0" * 40 + good[len(good) // 2 + 40 :])
    other = root.parent / "other.parquet"
    rows = pq.read_table(root / layout.KNOWN)
    for wrong in (
        rows.drop_columns(["ids"]),
        rows.set_column(2, "ids", pa.array([b"x"] * len(rows))),
        rows.set_column(6, "rules", pa.array(["[1]"] * len(rows))),
        rows.set_column(6, "rules", pa.array(["["] * len(rows))),
        rows.set_column(4, "first_seen", pa.array([b""] * len(rows))),
    ):
        pq.write_table(wrong, other)
        yield other.read_bytes()


def test_a_damaged_cache_is_made_again(two_nights: Path, tmp_path: Path) -> None:
    wanted = loaded(two_nights)
    third = [*second_night(), document("c", "2024-05-02", "good")]
    shutil.copytree(two_nights, tmp_path / "done")
    run(tmp_path / "done", third, NEXT + timedelta(days=1))
    for n, content in enumerate(damaged_caches(tmp_path / "done")):
        root = tmp_path / str(n)
        shutil.copytree(two_nights, root)
        (root / layout.KNOWN).write_bytes(content)
        assert loaded(root) == wanted
        assert Warehouse.open(str(root)).audit().findings == []
        run(root, third, NEXT + timedelta(days=1))
        assert tree(root) == tree(tmp_path / "done")


def test_the_cache_on_s3(bucket: str, two_nights: Path) -> None:
    run(bucket, first_night())
    run(bucket, second_night(), NEXT)
    store = Warehouse.open(bucket).store
    assert store.read(layout.KNOWN) == (two_nights / layout.KNOWN).read_bytes()
    assert loaded(bucket) == loaded(two_nights)


def test_a_date_without_rows_and_a_table_without_files(tmp_path: Path) -> None:
    assert loaded(tmp_path / "none")["published.ids"] == []
    run(tmp_path / "w", [document("a", "2024-05-01")])
    run(tmp_path / "w", [document("a", "2024-05-02")], NEXT)
    past = Warehouse.open(str(tmp_path / "w")).history()
    assert [layout.day(number) for number in past.published.files.tolist()] == [date(2024, 5, 2)]
    assert len(past.small) == 2
