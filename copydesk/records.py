"""The values that travel through copydesk: what arrives, what leaves, and what was wrong with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from copydesk.edits import Edit

CRITICAL = "critical"
WARNING = "warning"
INFO = "info"


class Problem(NamedTuple):
    """Something wrong with one document.

    `stage` is where it was seen (`read`, `decode`, `clean`, `validate`, `gate`), `rule` its short name, `column` the
    column concerned or None, `severity` one of `critical`, `warning`, `info`, `observed` what was found, in words.
    """

    stage: str
    rule: str
    column: str | None
    severity: str
    observed: str


@dataclass(frozen=True, slots=True)
class Document:
    """One raw document as a source delivered it.

    `content` is its bytes, exactly as they arrived: a whole file (decompressed), or one line or row of a file of many.
    `text` is None while the bytes are still to be decoded; a source of records (JSON Lines, CSV, Parquet) sets it, and
    then `encoding` too. `media_type` is `text`, `html` or `record`. `charset` is what the document or its transport
    declares. `title` and `date` are what stood beside the text. A document that could not be read carries the
    `problem` and whatever bytes there were.
    """

    uri: str
    content: bytes
    media_type: str = "text"
    text: str | None = None
    encoding: str | None = None
    charset: str | None = None
    title: str | None = None
    date: str | None = None
    problem: Problem | None = None

    @property
    def article_id(self) -> str:
        return article_id(self.uri)

    @property
    def content_sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def article_id(uri: str) -> str:
    """The id of the document at `uri`: 32 hex digits, BLAKE2b-128 of its UTF-8 bytes (lone surrogates kept apart)."""
    return hashlib.blake2b(uri.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Article:
    """One row of the table `articles`; `copydesk.warehouse.schemas.ARTICLES` describes every column."""

    article_id: str
    uri: str
    content_sha256: str
    headline: str
    body: str
    published_at: datetime | None = None
    published_date: date | None = None
    date_text: str | None = None
    dateline: str | None = None
    agency: str | None = None
    byline: tuple[str, ...] = ()
    attribution: str | None = None
    view_count: int | None = None
    language: str = "und"
    encoding: str = "utf-8"
    word_count: int = 0
    edit_count: int = 0
    suggestion_count: int = 0
    duplicate_of: str | None = None
    cluster_id: str = ""
    validation: str = "pass"
    run_id: str = ""
    pipeline_version: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of one document: its article (None when it could not be read), every edit, every problem.

    `source_text` is the decoded text and `source_title` the title as given: what the edits rebuild. `reversible` says
    whether they do; where not, that is a fault of copydesk, and the article is not published. `waits` says that a
    question is left open (the order of a numeric date, likely mojibake) which other documents of its site may answer.
    """

    document: Document
    article: Article | None
    edits: tuple[Edit, ...] = ()
    problems: tuple[Problem, ...] = ()
    source_text: str = ""
    source_title: str | None = None
    reversible: bool = True
    waits: bool = False


def storable(text: str) -> str:
    """`text` as UTF-8 can hold it: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
