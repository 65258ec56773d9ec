"""The tables of the warehouse: their schemas, with a description in the metadata of every column, and rows as Arrow.

`warehouse/README.md` is the contract for readers; `tests/test_readers.py` holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from copydesk.edits import Edit
from copydesk.records import CRITICAL, INFO, WARNING, Article, Document, Problem, storable

#: The number of the layout. A warehouse with a higher one was written by a newer copydesk and is left alone.
FORMAT = 1
#: The file that holds this number, at the root of every warehouse.
MARKER = "_warehouse.json"


def _table(key: str, fields: list[pa.Field]) -> pa.Schema:
    """The schema of a table partitioned by the date `key`, which stands in the folder's name and not in the file.

    The metadata tells pandas that the partition is a date. Left to itself it makes a category of its text, and fails
    where an article has no date ("Cannot yet unify dictionaries with nulls").
    """
    column = {
        "name": key,
        "field_name": key,
        "pandas_type": "date",
        "numpy_type": "date32[day][pyarrow]",
        "metadata": None,
    }
    pandas = {"index_columns": [], "column_indexes": [], "columns": [column], "pandas_version": "2.2"}
    return pa.schema(fields, {"pandas": json.dumps(pandas)})


_SEVERITIES = (CRITICAL, WARNING, INFO)


def _field(name: str, kind: pa.DataType, description: str, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable, {"description": description})


_REASON = pa.struct(
    [
        _field("stage", pa.string(), "read, decode, clean, validate or gate"),
        _field("rule", pa.string(), "Short name of what failed"),
        _field("column", pa.string(), "The column concerned", True),
        _field("severity", pa.string(), "critical, warning or info"),
        _field("observed", pa.string(), "What was found, in words"),
    ],
)

ARTICLES = _table(
    "published_date",
    [
        _field("article_id", pa.string(), "32 hex digits, BLAKE2b-128 of uri; stays when the content changes"),
        _field("uri", pa.string(), "Where the raw document came from"),
        _field("content_sha256", pa.string(), "SHA-256 of the raw bytes, 64 hex digits"),
        _field("headline", pa.string(), "The headline, once; empty where the document has none"),
        _field("body", pa.string(), "Paragraphs separated by one empty line"),
        _field(
            "published_at", pa.timestamp("us", "UTC"), "Time of publication; midnight where only a day is known", True
        ),
        _field("date_text", pa.string(), "The date as the document writes it", True),
        _field("dateline", pa.string(), "Place that the report was filed from: BEIRUT, Lebanon", True),
        _field("agency", pa.string(), "Agency named at the start: ARK News, Reuters", True),
        _field(
            "byline", pa.list_(pa.field("item", pa.string(), False)), "Names of the authors; empty where none is given"
        ),
        _field("attribution", pa.string(), "What follows Source: or Via:", True),
        _field("view_count", pa.int64(), "The trailing counter of views", True),
        _field("language", pa.string(), "ISO 639-1 code, und when unknown"),
        _field("encoding", pa.string(), "What the bytes were decoded with"),
        _field("word_count", pa.int32(), "Words in headline and body"),
        _field("edit_count", pa.int32(), "Rows with status applied in the table edits"),
        _field("suggestion_count", pa.int32(), "Rows with status suggested in the table edits"),
        _field("duplicate_of", pa.string(), "article_id of the canonical article of the cluster", True),
        _field("cluster_id", pa.string(), "Cluster of near-duplicates; the article's own id while it stands alone"),
        _field("validation", pa.string(), "pass, or warn where an expectation of severity warning failed"),
        _field("run_id", pa.string(), "The run that wrote this row"),
        _field("pipeline_version", pa.string(), "The copydesk that wrote this row"),
    ],
)

EDITS = _table(
    "published_date",
    [
        # Every one of thousands of small files carries these sentences, so they are short.
        _field("article_id", pa.string(), "Article"),
        _field("sequence", pa.int32(), "Order, from 0"),
        _field("step", pa.string(), "Step"),
        _field("field", pa.string(), "text or title"),
        _field("start", pa.int32(), "First code point before it"),
        _field("end", pa.int32(), "Behind the last"),
        _field("before", pa.string(), "Stood there"),
        _field("after", pa.string(), "Stands there, or might"),
        _field("rule", pa.string(), "Why"),
        _field("confidence", pa.float32(), "Probability that it is right; see Confidence"),
        _field("status", pa.string(), "applied, suggested or rejected"),
        _field("positions", pa.list_(pa.field("item", pa.int32(), False)), "All starts, if several", True),
    ],
)

QUARANTINE = _table(
    "run_date",
    [
        _field("article_id", pa.string(), "32 hex digits, BLAKE2b-128 of uri"),
        _field("uri", pa.string(), "Where the raw document came from"),
        _field("content_sha256", pa.string(), "SHA-256 of the raw bytes, 64 hex digits"),
        _field("content", pa.binary(), "The raw bytes, whole"),
        _field("media_type", pa.string(), "text, html or record"),
        _field("text", pa.string(), "The decoded text, where decoding worked", True),
        _field("title", pa.string(), "The title given beside the text", True),
        _field("date", pa.string(), "The date given beside the text", True),
        _field("encoding", pa.string(), "What the bytes were decoded with", True),
        _field("published_date", pa.date32(), "The date it would have been published under", True),
        _field("reasons", pa.list_(pa.field("item", _REASON, False)), "Everything that was wrong, most severe first"),
        _field("run_id", pa.string(), "The run that held it back"),
        _field("pipeline_version", pa.string(), "The copydesk that held it back"),
    ],
)

RUNS = _table(
    "run_date",
    [
        _field("run_id", pa.string(), "Date of the run and a digest of what it worked on"),
        _field("documents", pa.int64(), "Documents that the sources delivered"),
        _field("unchanged", pa.int64(), "Documents known from earlier runs, not processed again"),
        _field("published", pa.int64(), "Documents that became articles"),
        _field("replaced", pa.int64(), "Published documents that replaced an earlier version (same uri)"),
        _field("quarantined", pa.int64(), "Documents held back"),
        _field("warned", pa.int64(), "Published documents with validation = warn"),
        _field("edits_applied", pa.int64(), "Changes made; alike changes that share a row count each"),
        _field("edits_suggested", pa.int64(), "Changes suggested"),
        _field("bytes_read", pa.int64(), "Raw bytes of the documents processed"),
        _field("partitions_written", pa.int32(), "Dates whose articles changed"),
        _field("partitions_held", pa.int32(), "Dates that the gate held back"),
        _field(
            "verdict",
            pa.string(),
            "published; held where the gate held a partition back; nothing where no document was fit to publish",
        ),
        _field("pipeline_version", pa.string(), "The copydesk that ran"),
        _field("config_sha256", pa.string(), "Digest of the configuration"),
    ],
)

VALIDATIONS = _table(
    "run_date",
    [
        _field("run_id", pa.string(), "The run"),
        _field("suite", pa.string(), "The file in expectations/ without .json"),
        _field("expectation", pa.string(), "Type of the expectation"),
        _field("rule", pa.string(), "Its short name, as in the reasons of the quarantine"),
        _field("column", pa.string(), "The column concerned", True),
        _field("severity", pa.string(), "critical, warning or info"),
        _field("success", pa.bool_(), "Whether it held"),
        _field("element_count", pa.int64(), "Rows looked at"),
        _field("unexpected_count", pa.int64(), "Rows that failed"),
        _field("description", pa.string(), "What it demands, in words"),
    ],
)


def _rows(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as mappings; `Table.from_pylist` with a schema would do, but is several times slower."""
    rows = list(rows)
    return pa.table([pa.array([row[f.name] for row in rows], f.type) for f in schema], schema=schema)


def articles_table(articles: Iterable[Article]) -> pa.Table:
    """Articles as Arrow with the schema `ARTICLES` and, behind it, `published_date` for choosing the partition."""
    articles = [a if a.uri.isascii() else replace(a, uri=storable(a.uri)) for a in articles]  # names of files are bytes
    schema = ARTICLES.append(pa.field("published_date", pa.date32()))
    return pa.table([pa.array([getattr(a, f.name) for a in articles], f.type) for f in schema], schema=schema)


def edits_table(edits: Iterable[Edit]) -> pa.Table:
    """Edits as Arrow with the schema `EDITS`."""
    columns = list(zip(*edits, strict=True)) or [()] * len(EDITS)
    return pa.table([pa.array(column, f.type) for column, f in zip(columns, EDITS, strict=True)], schema=EDITS)


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
        "uri": storable(document.uri),
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


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """Problems with the most severe first."""
    return sorted(problems, key=lambda problem: _SEVERITIES.index(problem.severity))


def quarantine_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of `quarantine_row` as Arrow with the schema `QUARANTINE`."""
    return _rows(QUARANTINE, rows)
