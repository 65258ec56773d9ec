"""Articles, edits and documents as rows of the tables of the warehouse, and documents from their rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from copydesk.edits import APPLIED, Edit
from copydesk.located import locate
from copydesk.records import CRITICAL, INFO, WARNING, Article, Document, Problem, storable
from copydesk.warehouse.schemas import ARTICLES, EDITS, QUARANTINE, RAW, UNWRITTEN

_SEVERITIES = (CRITICAL, WARNING, INFO)
_ONLY_RAW = [RAW.field(name) for name in RAW.names if name not in QUARANTINE.names]


def _rows(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Mappings as Arrow; `Table.from_pylist` with a schema does the same, but is several times slower."""
    rows = list(rows)
    return pa.table([pa.array([row[f.name] for row in rows], f.type) for f in schema], schema=schema)


def articles_table(articles: Iterable[Article]) -> pa.Table:
    """Articles as Arrow with the schema `ARTICLES`, followed by `published_date`, which selects the partition.

    The times at which the warehouse saw them are `UNWRITTEN` until they are committed.
    """
    schema = ARTICLES.append(pa.field("published_date", pa.date32()))
    articles = list(articles)
    columns = {f.name: [getattr(a, f.name) for a in articles] for f in schema}
    for name in ("first_seen_at", "last_changed_at"):
        columns[name] = [value or UNWRITTEN for value in columns[name]]
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def edits_table(edits: Iterable[Edit], articles: Iterable[Article] = ()) -> pa.Table:
    """Edits as Arrow with the schema `EDITS`, with their places in those of `articles` that they belong to."""
    edits = list(edits)
    columns = [*(list(column) for column in zip(*edits, strict=True))] or [[] for _ in Edit._fields]
    places = _places(edits, articles)
    columns += [[body_start for body_start, _ in places], [context for _, context in places]]
    return pa.table([pa.array(column, f.type) for column, f in zip(columns, EDITS, strict=True)], schema=EDITS)


def _places(edits: Sequence[Edit], articles: Iterable[Article]) -> list[tuple[int | None, str | None]]:
    """`body_start` and `context` of each edit. The context of edits that change no words would only take space."""
    rows: dict[str, list[int]] = {}
    for row, edit in enumerate(edits):
        rows.setdefault(edit.article_id, []).append(row)
    found: list[tuple[int | None, str | None]] = [(None, None)] * len(edits)
    for article in articles:
        own = rows.get(article.article_id, [])
        places = locate(article.headline, article.body, [edits[row] for row in own])
        for row, (body_start, context) in zip(own, places, strict=True):
            found[row] = (body_start, context if _changes_words(edits[row]) else None)
    return found


def _changes_words(edit: Edit) -> bool:
    return edit.step == "typos" or edit.status != APPLIED


def quarantine_row(
    document: Document,
    problems: Iterable[Problem],
    text: str | None = None,
    encoding: str | None = None,
    published_date: Any = None,
    pipeline_version: str = "",
) -> dict[str, Any]:
    """One row of `QUARANTINE`; `run_id` is filled in when the run is committed."""
    return {
        "article_id": document.article_id,
        "uri": document.uri,
        "content_sha256": document.content_sha256,
        "content": document.content,
        "media_type": document.media_type,
        "text": None if text is None else storable(text),
        "title": None if document.title is None else storable(document.title),
        "date": None if document.date is None else storable(document.date),
        "encoding": encoding,
        "published_date": published_date,
        "reasons": [p._asdict() for p in by_severity(problems)],
        "run_id": "",
        "pipeline_version": pipeline_version,
    }


_BESIDE = ("uri", "content", "text", "text_key", "problem", "_sha256")
_GIVEN = [field.name for field in fields(Document) if field.name not in _BESIDE]


def as_given(document: Document) -> dict[str, Any]:
    """What a document needs beside its content to be read again. The text of a record is mostly one of its values."""
    given = {name: getattr(document, name) for name in _GIVEN}
    key = document.text_key
    if document.text is not None and key is None:
        try:
            record = json.loads(document.content)
            key = next((key for key, value in record.items() if value == document.text), None)
        except (ValueError, RecursionError, AttributeError):
            key = None
        if key is None:
            given["text"] = document.text
    given = {name: value for name, value in given.items() if value not in (None, ())}
    return {"given": json.dumps(given), "text_key": None if key is None else storable(key)}


def document_of(row: Mapping[str, Any]) -> Document:
    """The document of a row of `RAW`."""
    given = json.loads(row["given"])
    if row["text_key"] is not None:
        given["text"] = json.loads(row["content"])[row["text_key"]]
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Document(uri=row["uri"], content=row["content"], **given)


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """Problems with the most severe first."""
    return sorted(problems, key=lambda problem: _SEVERITIES.index(problem.severity))


def quarantine_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of `quarantine_row` as Arrow with the schema `QUARANTINE`."""
    return _rows(QUARANTINE, rows)


def documents_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of `quarantine_row` and `as_given` as Arrow, with the columns of `QUARANTINE` and those of `RAW`."""
    return _rows(pa.schema([*QUARANTINE, *_ONLY_RAW]), rows)
