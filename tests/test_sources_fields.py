"""The fields of records: which name is what, and what they may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from source_files import (
    documents,
    json_lines,
    rules,
    written,
)

from copydesk.config import FieldsConfig


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
