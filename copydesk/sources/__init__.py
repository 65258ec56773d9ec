"""Sources of raw documents: a file, a folder or an object store, read as a stream of `Document`s.

Unreadable input becomes a document too, with a `problem` and the bytes that were read, so that nothing is lost: a
broken line affects that line, a broken file the rest of that file. Only a missing source is an error.

    reading   all documents of a source
    listing   the files of a source, and how each is opened
    streams   a file as chunks of bytes or as lines, decompressed, within limits
    fields    which fields of a record hold what
    records   one JSON object or table row as a document
    readers   the formats: text, HTML, JSON, JSON Lines, CSV, Parquet
    pages     the main text of a web page
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copydesk.sources.listing import SourceError
    from copydesk.sources.reading import LeftOut, arrivals, read

__all__ = ["LeftOut", "SourceError", "arrivals", "read"]


def __getattr__(name: str) -> Any:
    # The readers import Arrow and fsspec, which is slow; `copydesk.sources.pages` does not need them.
    if name in __all__:
        from copydesk.sources import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
