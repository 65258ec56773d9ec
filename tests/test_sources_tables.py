"""Sources of CSV and Parquet: rows, types, limits, damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from source_files import (
    JPEG,
    PACK,
    STORY,
    documents,
    one,
    parquet,
    rules,
    written,
)

from copydesk.deadline import limit
from copydesk.sources import streams

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


def test_a_parquet_footer_that_lies_about_the_length_of_a_list(tmp_path: Path) -> None:
    """Found by fuzzing: 2**42 booleans, which take no byte that is read, in a footer of some ten bytes."""
    footer = b"\x19\xf1" + b"\x80" * 6 + b"\x01\x00"  # field 1, a list of booleans, its length as a varint, stop
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with limit(10):
        document = one(written(tmp_path / "a.parquet", content))
    assert document.problem is not None
    assert document.problem.rule == "broken-parquet"
    assert document.content == content
