"""Where raw documents come from: a file, a folder or an object store, read as a stream of `Document`s.

Whatever cannot be read is a document too, with a `problem` and the bytes there were, so that nothing is lost: a broken
line costs that line, a broken file the rest of that file. Only a source that is not there at all is an error.

    reading   every document of a source
    listing   which files there are, and how each is opened
    streams   a file as pieces of bytes and as lines, decompressed, within limits
    records   one JSON object or table row as a document
    readers   the formats: text, HTML, JSON Lines, CSV, Parquet
    pages     the main text of a web page
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copydesk.sources.listing import SourceError
    from copydesk.sources.reading import read

__all__ = ["SourceError", "read"]


def __getattr__(name: str) -> Any:
    # Arrow and fsspec, which the readers bring along, take a while; `copydesk.sources.pages` does without them.
    if name in __all__:
        from copydesk.sources import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
