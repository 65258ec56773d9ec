"""What is fuzzed: each target takes any bytes and holds what must hold for them. Nothing here needs the fuzzer.

No input raises, the edits of a text give it back, and what is read twice is alike twice. Time is the fuzzer's to watch.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from copydesk import pipeline
from copydesk.checks.suites import SuiteError, read_suite
from copydesk.config import Config, DatesConfig
from copydesk.records import Cleaned, Document
from copydesk.sources import pages
from copydesk.sources.listing import Entry
from copydesk.sources.readers import READERS
from copydesk.text.dates import find_date, parse_date
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.site import NO_SITE
from copydesk.warehouse.rows import articles_table, edits_table, quarantine_row, quarantine_table

CONFIG = Config.model_validate({"typos": {"mode": "off"}})
CHARSETS = (
    None,
    "cp1252",
    "utf-8",
    "utf-16",
    "shift_jis",
    "gb18030",
    "hex",
    "iso-8859-8",
    "undefined",
    "utf-7",
    "cp037",
)


def decoding(data: bytes) -> None:
    """The first byte says which charset is declared."""
    charset = CHARSETS[data[0] % len(CHARSETS)] if data else None
    with suppress(Undecodable):
        decoded = decode(data[1:], charset)
        decoded.text.encode("utf-8")
        assert decoded == decode(data[1:], charset)


def text(data: bytes) -> None:
    """Repaired, normalized, structured: the whole way of a text but for its typos."""
    _cleaned(Document("https://news.example/2024/05/02/story.txt", data, text=data.decode("utf-8", "replace")))


def record(data: bytes) -> None:
    """A text with a title and a date beside it, one a line."""
    title, _, rest = data.decode("utf-8", "replace").partition("\n")
    date, _, body = rest.partition("\n")
    _cleaned(Document("feed.jsonl#1", data, "record", body, "utf-8", title=title or None, date=date or None))


def page(data: bytes) -> None:
    document = Document("a.html", data, "html", charset=pages.declared_charset(data))
    assert pages.extract(document) == pages.extract(document)
    _cleaned(document)


def dates(data: bytes) -> None:
    written = data.decode("utf-8", "replace")
    for order in (None, "day-first", "month-first"):
        for found in (find_date(written, DatesConfig(), order), parse_date(written, DatesConfig(), order)):
            assert found is None or 0 <= found.start < found.end


def json_lines(data: bytes) -> None:
    _read(data, "a.jsonl")


def csv(data: bytes) -> None:
    _read(data, "a.csv")


def parquet(data: bytes) -> None:
    _read(data, "a.parquet")


def compressed(data: bytes) -> None:
    """The first byte says how; broken as it will be, what is in it is read as lines."""
    _read(data[1:], "a.jsonl", ("gzip", "zstd")[data[0] % 2] if data else "gzip")


def suite(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(SuiteError):
        (Path(folder) / "articles.json").write_bytes(data)
        read_suite(Path(folder), "articles")


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (decoding, text, record, page, dates, json_lines, csv, parquet, compressed, suite)
}


def _cleaned(document: Document) -> None:
    cleaned = pipeline._through(
        pipeline.Draft(document, CONFIG, NO_SITE)
    )  # a fault shall be seen, and not become a problem
    assert cleaned.reversible
    _stored(cleaned)


def _stored(cleaned: Cleaned) -> None:
    """Whatever came of a document can be written."""
    if cleaned.article is not None:
        articles_table([cleaned.article])
        edits_table(cleaned.edits)
    quarantine_table([quarantine_row(cleaned.document, cleaned.problems, cleaned.source_text)])


def _read(data: bytes, name: str, compression: str | None = None) -> None:
    reader = READERS[name[name.rindex(".") :]]
    entry = Entry(name, lambda: io.BytesIO(data))
    found = [arrival.document() for arrival in reader(entry, compression, CONFIG.sources)]
    assert found == [arrival.document() for arrival in reader(entry, compression, CONFIG.sources)]
    quarantine_table([quarantine_row(document, ()) for document in found])
