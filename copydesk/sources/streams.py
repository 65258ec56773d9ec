"""A file as pieces of bytes and as lines: decompressed on the way, never more than a limit in memory."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import IO

import pyarrow as pa

from copydesk.config import SourcesConfig
from copydesk.sources.listing import Entry

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

_PIECE = 1 << 18
_EXPANSION_FLOOR = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF_16 = {"utf-16-le": re.compile(rb"(?:[^\0]\0){2}"), "utf-16-be": re.compile(rb"(?:\0[^\0]){2}")}


class Stopped(Exception):
    """Reading ended before the file did.

    `rule` and `words` are for the problem, `content` is what had come since the last whole document.
    """

    def __init__(self, rule: str, words: str, content: bytes = b"") -> None:
        super().__init__(words)
        self.rule, self.words, self.content = rule, words, content


def reason(error: Exception) -> str:
    """An exception in words for a person."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class Room:
    """How much a file may unpack to: `max_expansion` times its `size` in bytes, and a mebibyte in any case."""

    def __init__(self, size: int, max_expansion: int) -> None:
        self.size, self.limit, self.taken = size, max(_EXPANSION_FLOOR, size * max_expansion), 0

    def take(self, size: int) -> None:
        """Count bytes that were unpacked. Raises `Stopped` where there are too many."""
        self.taken += size
        self.refuse(self.taken)

    def refuse(self, size: int) -> None:
        """Raises `Stopped` where so many bytes are too many; counts nothing."""
        if size > self.limit:
            raise Stopped(
                "decompression-bomb",
                f"{self.size:,} bytes expand to more than {self.limit:,}; raise sources.max_expansion if that is right",
            )


def pieces(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[bytes]:
    """The bytes of a file, decompressed. Raises `Stopped` and nothing else."""
    try:
        with entry.open() as file:
            if compression:
                yield from _expanded(file, compression, config.max_expansion)
            else:
                while piece := file.read(_PIECE):
                    yield piece
    except Stopped:
        raise
    except Exception as error:  # object stores raise exceptions of their own
        raise Stopped("unreadable", f"cannot be read: {reason(error)}") from error


def _expanded(file: IO[bytes], compression: str, max_expansion: int) -> Iterator[bytes]:
    """A gzip or zstd file decompressed, all its members or frames. Raises `Stopped`.

    A failing read loses what it had decompressed already, so the piece that failed is read again byte by byte:
    everything before the break comes out.
    """
    size = file.seek(0, os.SEEK_END)
    room = Room(size, max_expansion)
    try:
        for piece in _decompressed(file, compression, 0, _PIECE):
            room.take(len(piece))
            yield piece
        if size:
            return
        raise Stopped("broken-compression", f"empty, which no {compression} file is")
    except OSError as error:
        if error.errno is not None:  # the file system's, not the codec's
            raise
        broken = error
    last = bytearray()
    with suppress(OSError):
        for byte in islice(_decompressed(file, compression, room.taken, 1), _PIECE):
            last += byte
    yield bytes(last)
    raise Stopped("broken-compression", f"broken {compression} after {room.taken + len(last):,} bytes: {broken}")


def _decompressed(file: IO[bytes], compression: str, skip: int, step: int) -> Iterator[bytes]:
    file.seek(0)
    with pa.PythonFile(_KeptOpen(file), "r") as raw, pa.CompressedInputStream(raw, compression) as stream:
        while skip > 0:
            skip -= len(stream.read(min(skip, _PIECE)))
        while piece := stream.read(step):
            yield piece


class _KeptOpen:
    """A file for Arrow, which would close it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        self.closed = False

    def close(self) -> None:
        self.closed = True


def whole(pieces: Iterable[bytes], limit: int) -> bytes:
    """All the bytes of one document. Raises `Stopped`, also where there are more than `limit`."""
    content = bytearray()
    try:
        for piece in pieces:
            content += piece
            if len(content) > limit:
                raise Stopped("too-large", f"larger than sources.max_document_bytes, {limit:,}")
    except Stopped as stop:
        stop.content = bytes(content[:limit])
        raise
    return bytes(content)


def head(entry: Entry, compression: str | None, config: SourcesConfig) -> bytes:
    """What can be had of a file's bytes, at most `config.max_document_bytes`."""
    try:
        return whole(pieces(entry, compression, config), config.max_document_bytes)
    except Stopped as stop:
        return stop.content


def dropped(rest: bytes) -> bytes:
    return b""


def lines(
    pieces: Iterable[bytes], limit: int, instead: Callable[[bytes], bytes] = dropped
) -> Iterator[tuple[bytes, int]]:
    """Each line without its `\\n`, and its size in bytes.

    Of a line longer than `limit`, what lies beyond goes as it comes, each piece replaced by `instead(piece)`, which
    must be short. Raises `Stopped`, with the line that was begun.
    """
    begun: list[bytes] = []
    size = 0

    def add(part: bytes) -> None:
        nonlocal size
        room = max(limit - size, 0)
        begun.append(part if len(part) <= room else part[:room] + instead(part[room:]))
        size += len(part)

    try:
        for piece in pieces:
            first, *rest = piece.split(b"\n")
            add(first)
            for part in rest:
                yield b"".join(begun), size
                begun, size = [], 0
                add(part)
    except Stopped as stop:
        stop.content = b"".join(begun)
        raise
    if begun and size:
        yield b"".join(begun), size


def as_utf8(pieces: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """The encoding of a file of lines, and the file in UTF-8 without its byte order mark.

    The encoding is `utf-8`, whether the bytes keep to it or not, unless they begin like UTF-16 or UTF-32. Surrogates
    out of order stay in the file as `surrogatepass` writes them.
    """
    rest = iter(pieces)
    start = next(rest, b"")
    encoding = next((name for name, pattern in _UTF_16.items() if pattern.match(start)), "utf-8")
    mark, encoding = next((pair for pair in _MARKS if start.startswith(pair[0])), (b"", encoding))
    start = start[len(mark) :]
    stream = chain([start], rest)
    return encoding, stream if encoding == "utf-8" else _recoded(stream, encoding)


def _recoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Stopped("undecodable", f"begins like {encoding} but goes on otherwise: {error.reason}") from error
