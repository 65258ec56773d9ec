"""Reads a file as chunks of bytes or as lines, decompressed, with bounded memory."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import IO

from copydesk.config import SourcesConfig
from copydesk.sources.listing import Entry

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

#: Minimum bytes of an oversized document that are kept in the quarantine.
KEPT = 1 << 26
_PIECE = 1 << 18
#: Size of the chunks in which Arrow reads a compressed file.
_ARROW_PIECE = 1 << 16
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

    `rule` and `words` are those of the problem. `begun` is the decoded input since the last complete document, and
    `content` the raw bytes after it that could not be read.
    """

    def __init__(self, rule: str, words: str, content: bytes = b"") -> None:
        super().__init__(words)
        self.rule, self.words, self.content = rule, words, content
        self.begun = b""


def reason(error: Exception) -> str:
    """The message of an exception."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def kept(limit: int) -> int:
    """The number of bytes kept of a document with more than `limit` bytes."""
    return max(limit, KEPT)


class Room:
    """The limit for the unpacked size of a file: `max_expansion` times its `size` in bytes, but at least 1 MiB."""

    def __init__(self, size: int, max_expansion: int) -> None:
        self.size, self.limit, self.taken = size, max(_EXPANSION_FLOOR, size * max_expansion), 0

    def take(self, size: int) -> None:
        """Count unpacked bytes. Raises `Stopped` if there are too many."""
        self.taken += size
        self.refuse(self.taken)

    def refuse(self, size: int) -> None:
        """Raise `Stopped` if this many bytes are too many, without counting them."""
        if size > self.limit:
            raise Stopped(
                "decompression-bomb",
                f"{self.size:,} bytes expand to more than {self.limit:,}; raise sources.max_expansion if it is valid",
            )


def pieces(entry: Entry, compression: str | None, config: SourcesConfig) -> Iterator[bytes]:
    """The bytes of a file, decompressed. Raises only `Stopped`."""
    try:
        with entry.open() as file:
            if compression:
                yield from _expanded(file, compression, config.max_expansion)
            else:
                while piece := file.read(_PIECE):
                    yield piece
    except Stopped:
        raise
    except Exception as error:  # object stores raise their own exceptions
        raise Stopped("unreadable", f"cannot be read: {reason(error)}") from error


def _expanded(file: IO[bytes], compression: str, max_expansion: int) -> Iterator[bytes]:
    """A gzip or zstd file decompressed, all its members or frames. Raises `Stopped`.

    A failed read loses the data that it has already decompressed, so it is repeated byte by byte to get everything
    before the damage. If there is nothing, the raw file is kept.
    """
    size = file.seek(0, os.SEEK_END)
    room = Room(size, max_expansion)
    try:
        for piece in _decompressed(file, compression, 0, _PIECE):
            room.take(len(piece))
            yield piece
        if size:
            return
        raise Stopped("broken-compression", f"empty, so not a {compression} file")
    except OSError as error:
        if error.errno is not None:  # an error of the file system, not of the codec
            raise
        broken, careful = error, file.tell() - 2 * _ARROW_PIECE
    last = bytearray()
    with suppress(OSError):
        for byte in islice(_decompressed(file, compression, room.taken, 1, careful), _PIECE):
            last += byte
    yield bytes(last)
    done = room.taken + len(last)
    raw = b""
    if not done:
        file.seek(0)
        raw = file.read(KEPT)
    raise Stopped("broken-compression", f"broken {compression} after {done:,} bytes: {broken}", raw)


def _decompressed(
    file: IO[bytes], compression: str, skip: int, step: int, careful: int | None = None
) -> Iterator[bytes]:
    import pyarrow as pa

    file.seek(0)
    with (
        pa.PythonFile(_KeptOpen(file, careful), "r") as raw,
        pa.CompressedInputStream(raw, compression) as stream,
    ):
        while skip > 0:
            skip -= len(stream.read(min(skip, _PIECE)))
        while piece := stream.read(step):
            yield piece


class _KeptOpen:
    """A file for Arrow that Arrow does not close. From the offset `careful` on it is read byte by byte."""

    def __init__(self, file: IO[bytes], careful: int | None) -> None:
        self._file, self._careful = file, careful
        self.closed = False

    def read(self, size: int) -> bytes:
        if self._careful is not None and size > 0:
            ahead = self._careful - self._file.tell()
            size = min(size, ahead) if ahead > 0 else 1
        return self._file.read(size)

    def close(self) -> None:
        self.closed = True


def whole(pieces: Iterable[bytes], limit: int) -> bytes:
    """All bytes of a document. Raises `Stopped`, also for more than `limit` bytes, with the part to keep."""
    content = bytearray()
    most = kept(limit)
    try:
        for piece in pieces:
            content += piece
            if len(content) > most:
                words = f"larger than sources.max_document_bytes, {limit:,}; the first {most:,} bytes are kept"
                raise Stopped("too-large", words)
        if len(content) > limit:
            words = f"{len(content):,} bytes are more than sources.max_document_bytes, {limit:,}"
            raise Stopped("too-large", words)
    except Stopped as stop:
        stop.content = bytes(content[:most]) or stop.content
        raise
    return bytes(content)


def head(entry: Entry, compression: str | None, config: SourcesConfig) -> bytes:
    """The readable part of a file's bytes, to be kept."""
    try:
        return whole(pieces(entry, compression, config), kept(config.max_document_bytes))
    except Stopped as stop:
        return stop.content


def dropped(rest: bytes) -> bytes:
    return b""


def lines(
    pieces: Iterable[bytes], limit: int, instead: Callable[[bytes], bytes] = dropped
) -> Iterator[tuple[bytes, int]]:
    """Each line without its `\\n`, and its size in bytes.

    The part of a line beyond `limit` is dropped, each chunk replaced by `instead(chunk)`, which must be short. Raises
    `Stopped`, with the incomplete line as `begun`.
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
        stop.begun = b"".join(begun)
        raise
    if begun and size:
        yield b"".join(begun), size


def as_utf8(pieces: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """The encoding of a file of lines, and the file in UTF-8 without its byte order mark.

    The encoding is `utf-8`, even for invalid bytes, unless they begin like UTF-16 or UTF-32. Lone surrogates are
    encoded with `surrogatepass`.
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
    rest = iter(pieces)
    try:
        for piece in rest:
            yield decoder.decode(piece).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        good, raw = error.object[: error.start], bytearray(error.object[error.start :])
        broken = f"begins like {encoding} but is invalid: {error.reason}"
    else:
        return
    yield recoded(good, encoding, "utf-8")
    with suppress(Stopped):
        for piece in rest:
            if len(raw) > KEPT:
                break
            raw += piece
    raise Stopped("undecodable", broken, bytes(raw))


def recoded(content: bytes, read: str, written: str) -> bytes:
    """Bytes converted from the encoding `read` to the encoding `written`."""
    return content.decode(read, "surrogatepass").encode(written, "surrogatepass") if read != written else content
