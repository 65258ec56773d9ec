"""The tables of the warehouse: schemas with a description of every column in its metadata.

`warehouse/README.md` is the contract for readers; `tests/test_readers.py` compares it with the schemas.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from copydesk.duplicates.shingles import BITS

#: The version of the layout. A warehouse with a higher one was written by a newer copydesk and is refused.
FORMAT = 4
#: The file with this version, at the root of every warehouse.
MARKER = "_warehouse.json"
#: The time in a row that no run has written yet.
UNWRITTEN = datetime(1970, 1, 1, tzinfo=UTC)


def _table(key: str, columns: list[pa.Field]) -> pa.Schema:
    """The schema of a table partitioned by the date `key`, which is in the folder's name and not in the file.

    The metadata tells pandas that the partition is a date. By default pandas makes a category of its text, and fails
    if an article has no date ("Cannot yet unify dictionaries with nulls"). It also tells pandas that whole numbers
    stay whole where some are missing.
    """
    known = [_for_pandas(key, "date", "date32[day][pyarrow]")]
    known += [_for_pandas(f.name, "int64", "Int64") for f in columns if f.nullable and f.type == pa.int64()]
    pandas = {"index_columns": [], "columns": known}  # every file has it twice, so nothing that no reader asks for
    return pa.schema(columns, {"pandas": json.dumps(pandas, separators=(",", ":"))})


#: The partition column of articles and edits in a warehouse that is partitioned by month: the first day of the month.
MONTH = "published_month"


def monthly(schema: pa.Schema) -> pa.Schema:
    """The schema of a table by day for a warehouse by month: `published_date` is a column of the file."""
    by_month = _table(MONTH, [*schema, _field("published_date", pa.date32(), "The day of published_at", True)])
    pandas = json.loads(by_month.metadata[b"pandas"])
    pandas["columns"].append(_for_pandas("published_date", "date", "date32[day][pyarrow]"))
    return by_month.with_metadata({"pandas": json.dumps(pandas)})


def _for_pandas(name: str, kind: str, made_as: str) -> dict[str, Any]:
    return {"name": name, "pandas_type": kind, "numpy_type": made_as}


def _field(name: str, kind: pa.DataType, description: str, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable, {"description": description})


def _list_of(*fields: pa.Field) -> pa.DataType:
    return pa.list_(pa.field("item", pa.struct(fields), False))


_REASON = pa.struct(
    [
        _field("stage", pa.string(), "read, decode, clean, validate, gate or decide"),
        _field("rule", pa.string(), "Name of the rule"),
        _field("column", pa.string(), "The column concerned", True),
        _field("severity", pa.string(), "critical, warning or info"),
        _field("observed", pa.string(), "The finding, in words"),
    ],
)

ARTICLES = _table(
    "published_date",
    [
        _field("article_id", pa.string(), "32 hex digits, BLAKE2b-128 of uri; does not change with the content"),
        _field("uri", pa.string(), "Address or path of the raw document"),
        _field("content_sha256", pa.string(), "SHA-256 of the raw bytes, 64 hex digits"),
        _field("headline", pa.string(), "The headline; empty if there is none"),
        _field("body", pa.string(), "Paragraphs separated by one empty line"),
        _field(
            "published_at", pa.timestamp("us", "UTC"), "Time of publication; midnight if only the day is known", True
        ),
        _field("published_precision", pa.string(), "How exact published_at is: day, minute or second", True),
        _field("modified_at", pa.timestamp("us", "UTC"), "Time of the last update, as the source says", True),
        _field("first_seen_at", pa.timestamp("us", "UTC"), "Time of the run that first published this uri"),
        _field("last_changed_at", pa.timestamp("us", "UTC"), "Time of the run that last changed this row"),
        _field("version", pa.int32(), "Number of the version of this uri, from 1"),
        _field("site", pa.string(), "The host of the address, or the folder it came in", True),
        _field("date_text", pa.string(), "The date as written in the document", True),
        _field("dateline", pa.string(), "Place in the dateline: BEIRUT, Lebanon", True),
        _field("agency", pa.string(), "News agency by its usual name: ARK News, Reuters", True),
        _field(
            "byline", pa.list_(pa.field("item", pa.string(), False)), "Names of the authors; empty if there are none"
        ),
        _field("attribution", pa.string(), "Source named after Source: or Via:", True),
        _field("view_count", pa.int64(), "Number of views shown on the page", True),
        _field("language", pa.string(), "ISO 639-1 code; und if unknown"),
        _field("encoding", pa.string(), "Encoding of the raw bytes"),
        _field("word_count", pa.int32(), "Words in headline and body"),
        _field("edit_count", pa.int32(), "Number of applied edits"),
        _field("suggestion_count", pa.int32(), "Number of suggested edits"),
        _field("duplicate_of", pa.string(), "article_id of the canonical article of the cluster", True),
        _field(
            "cluster_id", pa.string(), "Cluster of copies: the article_id of its canonical article; its own if alone"
        ),
        _field("syndicated_from", pa.string(), "Agency that the article was taken over from: AP, Reuters", True),
        _field("validation", pa.string(), "pass, or warn if an expectation of severity warning failed"),
        _field("run_id", pa.string(), "The run that wrote this row"),
        _field("pipeline_version", pa.string(), "Version of copydesk that wrote this row"),
    ],
)

EDITS = _table(
    "published_date",
    [
        # Each of thousands of small files stores these descriptions, so they are short.
        _field("article_id", pa.string(), "The article"),
        _field("sequence", pa.int32(), "Order, from 0"),
        _field("step", pa.string(), "Pipeline step"),
        _field("field", pa.string(), "text or title"),
        _field("start", pa.int32(), "Start offset"),
        _field("end", pa.int32(), "End, exclusive"),
        _field("before", pa.string(), "Text before"),
        _field("after", pa.string(), "Text after"),
        _field("rule", pa.string(), "Name of the rule"),
        _field("confidence", pa.float32(), "Probability"),
        _field("status", pa.string(), "applied, suggested, rejected"),
        _field("positions", pa.list_(pa.field("item", pa.int32(), False)), "All starts", True),
        _field("proposed", pa.string(), "Status before", True),
        _field("body_start", pa.int32(), "Start in the body", True),
        _field("context", pa.string(), "Text around it", True),
    ],
)

_VERSION_EDIT = pa.struct([field for field in EDITS if field.name != "article_id"])

DUPLICATES = _table(
    "published_date",
    [
        _field("article_id", pa.string(), "The copy"),
        _field("other_id", pa.string(), "The article that it is a copy of, earlier in its cluster"),
        _field("kind", pa.string(), "exact, near, headline, update or excerpt"),
        _field("similarity", pa.float32(), "Jaccard similarity of the 5-word shingles of the bodies, 0 to 1"),
    ],
)

#: The private table of keys; its rows are sorted by key. See `copydesk.warehouse.levels`.
SIGNATURES = pa.schema(
    [
        _field("key", pa.uint32(), "Hash; its kind is in the last two bits: body, exact, headline, cluster"),
        _field("article", pa.uint64(), "The first 16 hex digits of the article_id"),
        _field("digest", pa.uint32(), "Hash of the published text"),
        _field("gone", pa.bool_(), "The article no longer has the key"),
    ]
)

#: The private table of bitmaps, the same way.
OUTLINES = pa.schema(
    [
        _field("key", pa.uint32(), "The first 8 hex digits of the article_id"),
        _field("article", pa.uint64(), "The first 16"),
        _field("digest", pa.uint32(), "Hash of the two columns behind"),
        _field("gone", pa.bool_(), "The article no longer has this bitmap"),
        _field("different", pa.int32(), "Different 5-word shingles of the body"),
        _field("bitmap", pa.binary(BITS // 8), "A bit for the last digits of each shingle"),
    ]
)

#: The private cache of what small files hold, a row for each. See `copydesk.warehouse.index`.
KNOWN = pa.schema(
    [
        _field("table", pa.string(), "The table that the file is of"),
        _field("digest", pa.string(), "SHA-256 of the file, 64 hex digits"),
        _field("ids", pa.binary(), "Of each of its rows: article_id, as two uint64"),
        _field("contents", pa.binary(), "content_sha256, as four uint64"),
        _field("first_seen", pa.binary(), "first_seen_at, as an int64: microseconds since 1970"),
        _field("versions", pa.binary(), "version, as an int32"),
        _field("rules", pa.string(), "The rules by which each was quarantined, as JSON; empty for articles"),
    ]
)

VERSIONS = _table(
    "replaced_date",
    [
        *ARTICLES,
        _field("published_date", pa.date32(), "The partition in which it was published", True),
        _field("edits", pa.list_(pa.field("item", _VERSION_EDIT, False)), "Its edits, in order"),
        _field("replaced_at", pa.timestamp("us", "UTC"), "Time of the run or command that replaced it"),
        _field("replaced_by", pa.string(), "The run or command that replaced it"),
    ],
)

DECISIONS = _table(
    "decided_date",
    [
        _field("number", pa.int32(), "Order of the decisions, from 1; of several on one thing the last one counts"),
        _field("decided_at", pa.timestamp("us", "UTC"), "When it was decided"),
        _field("who", pa.string(), "Who decided"),
        _field("why", pa.string(), "The reason given", True),
        _field(
            "action",
            pa.string(),
            "accept, reject, revert, check, protect, unprotect, restore, release, withdraw, drop or acknowledge",
        ),
        _field("uri", pa.string(), "The document it is about; null for a site or all documents", True),
        _field("site", pa.string(), "The site it is about; null for all sites", True),
        _field("rule", pa.string(), "The rule of the edits it is about; null for all rules", True),
        _field("before", pa.string(), "Text before the edits it is about, or the protected word", True),
        _field("after", pa.string(), "Text after the edits it is about", True),
        _field("verdict", pa.string(), "Of a check: right or wrong", True),
        _field("version", pa.int32(), "The restored version", True),
        _field("content_sha256", pa.string(), "The content that is released, or that is not to come back", True),
        _field(
            "reasons",
            pa.list_(pa.field("item", _REASON, False)),
            "Of a release: why the document was quarantined, as in quarantine",
            True,
        ),
        _field("until", pa.date32(), "The last day of an acknowledgement", True),
        _field("run_id", pa.string(), "The commit that wrote this row"),
    ],
)

QUARANTINE = _table(
    "run_date",
    [
        _field("article_id", pa.string(), "32 hex digits, BLAKE2b-128 of uri"),
        _field("uri", pa.string(), "Address or path of the raw document"),
        _field("content_sha256", pa.string(), "SHA-256 of the raw bytes, 64 hex digits"),
        _field("content", pa.binary(), "The raw bytes"),
        _field("media_type", pa.string(), "text, html or record"),
        _field("text", pa.string(), "The decoded text; null if decoding failed", True),
        _field("title", pa.string(), "The title given by the source", True),
        _field("date", pa.string(), "The date given by the source", True),
        _field("encoding", pa.string(), "Encoding of the raw bytes", True),
        _field("published_date", pa.date32(), "The partition it would have been published in", True),
        _field("reasons", pa.list_(pa.field("item", _REASON, False)), "All problems, most severe first"),
        _field("run_id", pa.string(), "The run that quarantined it"),
        _field("pipeline_version", pa.string(), "Version of copydesk that quarantined it"),
    ],
)

RAW = _table(
    "run_date",
    [
        _field("article_id", pa.string(), "32 hex digits, BLAKE2b-128 of uri"),
        _field("uri", pa.string(), "Address or path of the raw document"),
        _field("content_sha256", pa.string(), "SHA-256 of the raw bytes, 64 hex digits"),
        _field("content", pa.binary(), "The raw bytes"),
        _field("given", pa.string(), "What the source said beside the content, as JSON: media_type, title, date"),
        _field("text_key", pa.string(), "The key of content, a JSON object, whose value is the text", True),
    ],
)

RUNS = _table(
    "run_date",
    [
        _field("run_id", pa.string(), "Date of the run and a digest of its input"),
        _field("kind", pa.string(), "night, reprocess, replay or release; null in rows of format 1", True),
        _field("documents", pa.int64(), "Documents read from the sources"),
        _field("unchanged", pa.int64(), "Documents known from earlier runs, not processed again"),
        _field("published", pa.int64(), "Documents published as articles"),
        _field("replaced", pa.int64(), "Published documents that replaced an earlier version (same uri)"),
        _field("quarantined", pa.int64(), "Documents quarantined"),
        _field("warned", pa.int64(), "Published documents with validation = warn"),
        _field("edits_applied", pa.int64(), "Changes applied; each place of an edit counts"),
        _field("edits_suggested", pa.int64(), "Changes suggested"),
        _field("bytes_read", pa.int64(), "Raw bytes of the processed documents"),
        _field("partitions_written", pa.int32(), "Partitions of articles written"),
        _field("partitions_held", pa.int32(), "Partitions held back by the quality gate"),
        _field(
            "verdict",
            pa.string(),
            "published; held if the gate held back a partition; nothing if no document could be published",
        ),
        _field("pipeline_version", pa.string(), "Version of copydesk"),
        _field("config_sha256", pa.string(), "SHA-256 of the configuration"),
    ],
)

SITES = _table(
    "run_date",
    [
        _field("run_id", pa.string(), "The run"),
        _field("site", pa.string(), "The site, empty without one; null in the row of the run as a whole", True),
        _field("arrivals", pa.int64(), "Documents that came"),
        _field("unchanged", pa.int64(), "Of these, known ones, not processed again"),
        _field("new", pa.int64(), "Processed documents that are not published in an earlier version"),
        _field("changed", pa.int64(), "Processed documents that are published in an earlier version"),
        _field("published", pa.int64(), "Documents published as articles"),
        _field("quarantined", pa.int64(), "Documents quarantined"),
        _field(
            "reasons",
            _list_of(
                _field("rule", pa.string(), "The first critical reason; held-back if the gate held the date"),
                _field("documents", pa.int64(), "Documents"),
            ),
            "Quarantined documents by rule",
        ),
        _field("measured", pa.int64(), "Documents with an article, published or not; the columns below are of these"),
        _field("undated", pa.int64(), "Articles without a date"),
        _field("lost", pa.int64(), "Articles with lost characters (U+FFFD)"),
        _field("lost_characters", pa.int64(), "Lost characters"),
        _field("mojibake", pa.int64(), "Articles with mojibake that was not repaired"),
        _field("repaired", pa.int64(), "Articles with mojibake that was repaired"),
        _field("repeated", pa.int64(), "Articles with the same body as an earlier one of the site in this run"),
        _field("boilerplate", pa.float64(), "Mean share of boilerplate in the body, 0 to 1", True),
        _field("words", pa.int64(), "Words"),
        _field("median_words", pa.int64(), "Median words of an article", True),
        _field("typos", pa.int64(), "Corrected typos"),
        _field("language", pa.string(), "The most frequent language", True),
        _field(
            "languages",
            _list_of(
                _field("language", pa.string(), "ISO 639-1 code; und if unknown"),
                _field("articles", pa.int64(), "Articles"),
            ),
            "Articles by language",
        ),
        _field("bytes_read", pa.int64(), "Raw bytes of the processed documents"),
        _field(
            "findings",
            _list_of(
                _field("rule", pa.string(), "Name of the rule"),
                _field("since", pa.date32(), "The first night with it"),
                _field("acknowledged", pa.bool_(), "Whether a person had acknowledged it"),
            ),
            "What differs from the site's usual night",
        ),
    ],
)

VALIDATIONS = _table(
    "run_date",
    [
        _field("run_id", pa.string(), "The run"),
        _field("suite", pa.string(), "Name of the suite: articles, versions, edits, partitions, run, sites or steps"),
        _field("expectation", pa.string(), "Type of the expectation"),
        _field("rule", pa.string(), "Name of the rule, as in the reasons of the quarantine"),
        _field("column", pa.string(), "The column concerned", True),
        _field("severity", pa.string(), "critical, warning or info"),
        _field("success", pa.bool_(), "Whether it passed"),
        _field("element_count", pa.int64(), "Rows checked"),
        _field("unexpected_count", pa.int64(), "Rows that failed"),
        _field("description", pa.string(), "Description of the expectation"),
    ],
)
