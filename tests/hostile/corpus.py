"""Hostile inputs by kind, made by code, each with what becomes of it in a night.

A kind is a folder of the source. What becomes of a document is `PUBLISHED`, or the rule under which it stands in the
quarantine. Names of files are those of the source, so the uri of a document is `kind/name`, and `kind/name#3` for a
record that names none itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from nights import STORY, story

PUBLISHED = "published"


class Kind(NamedTuple):
    """`files` by name, and `fates` by uri below the folder: all of them, and none beside."""

    files: dict[str, bytes]
    fates: dict[str, str]


def lines(*records: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in records)


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"text": STORY, "title": f"Bridge {number} closes after lorry strikes a pillar", **fields}


def raw(number: int, key: str, value: str) -> bytes:
    """A record with a value as it stands there, whether Python could write it or not."""
    return json.dumps(record(number))[:-1].encode() + f', "{key}": {value}}}'.encode()


def numbered(name: str, count: int, fate: str = PUBLISHED) -> dict[str, str]:
    return {f"{name}#{number}": fate for number in range(1, count + 1)}


def parquet(columns: dict[str, pa.Array] | pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), sink, **options)
    content: bytes = sink.getvalue().to_pybytes()
    return content


# --- values -----------------------------------------------------------------------------------------------------------

#: JSON values that are no date, or none that Python has.
NO_DATES = (
    *("1" + "0" * 400, "-1" + "0" * 400, "1" + "0" * 5000, "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1e308"),
    *("0", "-1", "99999999999999999999", "20240230", "20249999", "1.5", "253402300800", "9999999999999"),
    *("true", "null", "[]", "{}", "[[1]]", '""', '"0000-00-00"', '"99999-01-01"', '"-0001-01-01"', '"2024-13-45"'),
    *('"2024-05-02T25:61:61"', '"\\ud800"', '"\\u0000"'),
)
#: Times far away, in zones that are none; some are days all the same, which is not what is asked here.
FAR_TIMES = tuple(
    f'"{day}T{clock}{zone}"'
    for day in ("0001-01-01", "9999-12-31", "2024-05-02")
    for clock in ("00:00:00", "23:59:60", "24:00:00")
    for zone in ("", "Z", "+14:00", "-12:00", "+99:99", "-24:00", "+2400", " Mars/Phobos")
)
#: What an id may not be: each of these records is called by its place.
NO_IDS = ("NaN", "Infinity", "-Infinity", "1e400", "true", "false", "null", '""', "[]", "{}")


def values() -> dict[str, Kind]:
    dates = [raw(n, "date", value) for n, value in enumerate(NO_DATES)]
    times = [raw(n, "date", value) for n, value in enumerate(FAR_TIMES)]
    ids = [raw(n, "id", value) for n, value in enumerate(NO_IDS)]
    named = [
        b'{"uri": null, "url": "a-url", ' + lines(record(1))[1:],
        b'{"uri": "", "url": null, "id": 77, ' + lines(record(2))[1:],
        raw(3, "id", "1" + "0" * 400),
        b'{"text": null, "body": ' + json.dumps(STORY).encode() + b', "title": "Bridge 4 closes after lorry strikes"}',
    ]
    return {
        "numbers-for-dates": Kind({"a.jsonl": lines(*dates)}, numbered("a.jsonl", len(dates))),
        "far-times": Kind({"a.jsonl": lines(*times)}, numbered("a.jsonl", len(times))),
        "ids-that-are-none": Kind({"a.jsonl": lines(*ids)}, numbered("a.jsonl", len(ids))),
        "nulls-beside-values": Kind(
            {"a.jsonl": lines(*named)},
            {
                "/a-url": PUBLISHED,
                "a.jsonl#id=77": PUBLISHED,
                f"a.jsonl#id=1{'0' * 400}": PUBLISHED,
                "a.jsonl#4": PUBLISHED,
            },
        ),
        "titles-that-are-none": Kind(
            {"a.jsonl": lines(*(raw(n, "title", v) for n, v in enumerate(("1e400", "[]", '"\\ud800"', '"\\u0000"'))))},
            numbered("a.jsonl", 4),
        ),
    }


def json_shapes() -> dict[str, Kind]:
    deep = [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"text": ' + b"[" * 990 + b"]" * 990 + b"}",
    ]
    odd = [
        b"\x00",
        b'"\\u',
        b"nul",
        b"1" * 5000,
        b"{]}",
        b'{"text": "a" "b"}',
        b"-",
        b"\xed\xa0\x80",
        b"\xff\xfe\xfd",
        b"[]" * 3,
    ]
    few = b'{"text": "x", "a": [' + b"[]," * 700_000 + b"[]]}"
    return {
        "deep-json": Kind(
            {"a.jsonl": lines(*deep, record(5))},
            {"a.jsonl#1": "broken-json", "a.jsonl#2": "broken-json", "a.jsonl#3": "broken-json", "a.jsonl#5": PUBLISHED}
            | {"a.jsonl#4": "broken-json"},
        ),
        "no-json": Kind({"a.jsonl": lines(*odd)}, numbered("a.jsonl", len(odd), "broken-json")),
        "a-million-values": Kind(
            {"a.jsonl": lines(few, record(2))}, {"a.jsonl#1": "too-large", "a.jsonl#2": PUBLISHED}
        ),
    }


# --- encodings --------------------------------------------------------------------------------------------------------

NO_CHARSETS = (
    *"hex rot13 zlib bz2 base64 uu quopri undefined idna punycode unicode_escape raw_unicode_escape".split(),
    *"utf-16 utf-16-le utf-32 utf-7 mbcs x-user-defined none .. encodings".split(),
    "a" * 100,
)


def page(charset: str, number: int) -> bytes:
    head = f'<html><head><meta charset="{charset}"><title>Café {number} closes after lorry strikes</title></head>'
    body = "".join(f"<p>{part} “It’s over”, said José Müller of the café.</p>" for part in STORY.split("\n\n"))
    return f"{head}<body><h1>Café {number} closes after lorry strikes</h1>{body}</body></html>".encode("cp1252")


def charsets() -> dict[str, Kind]:
    files = {f"{number}.html": page(charset, number) for number, charset in enumerate(NO_CHARSETS)}
    return {"codecs-for-charsets": Kind(files, dict.fromkeys(files, PUBLISHED))}


# --- tables -----------------------------------------------------------------------------------------------------------


def tables() -> dict[str, Kind]:
    texts = pa.array([story(1), story(2)])
    far: dict[str, pa.Array] = {
        "seconds": pa.array([2**53, None], pa.timestamp("s")),
        "micros": pa.array([-(2**62), 0], pa.timestamp("us", "UTC")),
        "zone": pa.array([0, 2**60], pa.timestamp("ms", "Mars/Phobos")),
        "days": pa.array([2**30, -(2**30)], pa.date32()),
        "duration": pa.array([2**62, -(2**62)], pa.duration("s")),
        "clock": pa.array([2**50, 1], pa.time64("us")),
        "listed": pa.array([[2**53], None], pa.list_(pa.timestamp("s"))),
        "within": pa.array([{"at": [2**53]}, None], pa.struct([("at", pa.list_(pa.timestamp("s")))])),
        "mapped": pa.array([[("k", 2**53)], []], pa.map_(pa.string(), pa.timestamp("s"))),
    }
    twice = pa.Table.from_arrays(
        [texts, pa.array(["second", None]), pa.array(["first", "b"]), pa.array(["x", "y"])],
        ["text", "text", "id", "id"],
    )
    bad = pa.array([b"caf\xe9 \xff", b"ok"], pa.binary())
    no_utf8 = pa.Array.from_buffers(pa.string(), 2, bad.buffers())
    ids = pa.table({"text": texts, "id": pa.array([Decimal(7), Decimal("8.50")], pa.decimal128(20, 2))})
    nans = pa.table({"text": texts, "id": pa.array([float("nan")] * 2), "date": pa.array([float("inf"), float("nan")])})
    return {
        "times-of-no-calendar": Kind(
            {f"{name}.parquet": parquet({"text": texts, name: column, "date": column}) for name, column in far.items()},
            {f"{name}.parquet#{n}": PUBLISHED for name in far for n in (1, 2)},
        ),
        "columns-of-one-name": Kind(
            {"a.parquet": parquet(twice), "b.csv": b"text,text,id\n" + b'"' + story(3).encode() + b'",second,c\n'},
            {"a.parquet#id=first": PUBLISHED, "a.parquet#id=b": PUBLISHED, "b.csv#id=c": PUBLISHED},
        ),
        "numbers-for-ids": Kind(
            {"decimals.parquet": parquet(ids), "nans.parquet": parquet(nans)},
            {
                "decimals.parquet#id=7": PUBLISHED,
                "decimals.parquet#id=8.5": PUBLISHED,
                "nans.parquet#1": PUBLISHED,
                "nans.parquet#2": PUBLISHED,
            },
        ),
        "footer-that-ends-the-process": Kind(
            {"a.parquet": parquet({"text": texts}).replace(b"\x25\x02\x18\x04text", b"\x25\x00\x18\x04text")},
            {"a.parquet": "broken-parquet"},  # the column is said to have no nulls, and a histogram of them
        ),
        "strings-of-no-encoding": Kind(
            {"a.parquet": parquet({"text": texts, "deep": pa.StructArray.from_arrays([no_utf8], ["a"])})},
            numbered("a.parquet", 2),
        ),
    }


# --- all --------------------------------------------------------------------------------------------------------------

MAKERS: tuple[Callable[[], dict[str, Kind]], ...] = (values, json_shapes, charsets, tables)


def kinds() -> dict[str, Kind]:
    return {name: kind for maker in MAKERS for name, kind in maker().items()}


def fates(name: str, kind: Kind) -> dict[str, str]:
    """What becomes of each document, by its uri: one that begins with `/` is the record's own."""
    return {uri[1:] if uri.startswith("/") else f"{name}/{uri}": fate for uri, fate in kind.fates.items()}
