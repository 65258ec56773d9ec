"""Sources of JSON and JSON Lines: shapes, broken lines, limits, encodings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from source_files import (
    PACK,
    documents,
    json_lines,
    one,
    rules,
    written,
)

from copydesk.sources import streams

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


def test_a_broken_record_says_where_it_breaks_counted_in_itself(tmp_path: Path) -> None:
    found = documents(written(tmp_path / "a.jsonl", '{"text": "a"}\n{"text": oops}\n'))[1]
    assert found.uri == "a.jsonl#2"
    assert found.problem and found.problem.observed == "not JSON: Expecting value at character 10 of the record"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "oops', "Unterminated string starting at character 10 of the record"),
        ('{"text": "a\x01"}', "Invalid control character at character 12 of the record"),
    ],
)
def test_every_message_of_json_reads_well(tmp_path: Path, line: str, said: str) -> None:
    (found,) = documents(written(tmp_path / "a.jsonl", line))
    assert found.problem and found.problem.observed == f"not JSON: {said}"


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
