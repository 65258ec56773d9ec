"""The values passed between the stages: raw documents, articles, problems and the result of cleaning."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from copydesk.edits import Edit

CRITICAL = "critical"
WARNING = "warning"
INFO = "info"

#: How Python writes a byte of a file's name that is no UTF-8.
_BYTE = re.compile("[\udc80-\udcff]")


class Problem(NamedTuple):
    """Something wrong with one document.

    `stage` is the stage that found it (`read`, `decode`, `clean`, `validate`, `gate`), `rule` its short name, `column`
    the column concerned or None, `severity` one of `critical`, `warning`, `info`, `observed` the finding in words.
    """

    stage: str
    rule: str
    column: str | None
    severity: str
    observed: str


class Arrival(Protocol):
    """What a source delivers: a document, or what one is made of where it is not known yet. Most of what a night
    brings is known.
    """

    @property
    def uri(self) -> str: ...
    @property
    def address(self) -> str | None: ...
    @property
    def content(self) -> bytes: ...
    @property
    def content_sha256(self) -> str: ...
    def document(self) -> Document: ...


@dataclass(frozen=True, slots=True)
class Document:
    """One raw document as a source delivered it.

    `content` is its bytes, unchanged: a whole file (decompressed), or one line or row of a file of records. `text` is
    None until the bytes are decoded; sources of records (JSON Lines, CSV, Parquet) set it together with `encoding`.
    `media_type` is `text`, `html` or `record`. `charset` is the encoding that the document or its transport declares.
    `title`, `date`, `modified` (when it was changed, as written) and `authors` are the source's metadata; `address` is
    where it was published, if that is not its uri. `language` is a code that the source gives, `path_date` the date in
    the path of its file, and `unread_fields` names the fields of its record that nothing is made of. `text_key` is the
    only key of a JSON object, its `content`, whose value is `text`, if the reader knows that. A document that could not
    be read has a `problem` and the bytes that were read.
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
    modified: str | None = None
    authors: tuple[str, ...] = ()
    address: str | None = None
    language: str | None = None
    path_date: str | None = None
    unread_fields: tuple[str, ...] = ()
    text_key: str | None = None
    _sha256: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.uri.isascii():
            object.__setattr__(self, "uri", named(self.uri))

    def document(self) -> Document:
        """Itself, as an `Arrival`."""
        return self

    @property
    def article_id(self) -> str:
        return article_id(self.uri)

    @property
    def content_sha256(self) -> str:
        if self._sha256 is None:  # every stage asks, also in another process
            object.__setattr__(self, "_sha256", hashlib.sha256(self.content).hexdigest())
        assert self._sha256 is not None
        return self._sha256


def article_id(uri: str) -> str:
    """The id of the document at `uri`: 32 hex digits, BLAKE2b-128 of its UTF-8 bytes."""
    return hashlib.blake2b(named(uri).encode(), digest_size=16).hexdigest()


def named(uri: str) -> str:
    """`uri` as UTF-8 can encode it: bytes of a file's name that are no UTF-8 become `%E9`, as in an address."""
    if uri.isascii():
        return uri
    return storable(_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", uri))


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
    published_precision: str | None = None
    modified_at: datetime | None = None
    first_seen_at: datetime | None = None
    last_changed_at: datetime | None = None
    version: int = 1
    site: str | None = None
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
    syndicated_from: str | None = None
    validation: str = "pass"
    run_id: str = ""
    pipeline_version: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The result of cleaning one document: its article (None if it could not be read), all edits, all problems.

    `source_text` is the decoded text and `source_title` the given title; undoing the edits rebuilds both. `reversible`
    is false if it does not: a bug in copydesk, and the article is not published. `waits` marks an open question (the
    order of a numeric date, likely mojibake) that other documents of the site may answer.
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
    """`text` with lone surrogates replaced by U+FFFD, so that UTF-8 can encode it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
