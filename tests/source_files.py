"""Files to read, and how tests read them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.config import SourcesConfig
from copydesk.records import Document
from copydesk.sources import read

CONFIG = SourcesConfig()
UNREAD = "of a kind that is not read, "
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1"
STORY = "The bridge over the river was closed on Monday.\n\nIt will open again in spring."


def documents(source: Path | str, **limits: Any) -> list[Document]:
    return list(read(str(source), SourcesConfig(**limits)))


def one(source: Path | str, **limits: Any) -> Document:
    (document,) = documents(source, **limits)
    return document


def rules(found: list[Document]) -> list[str | None]:
    return [document.problem and document.problem.rule for document in found]


def written(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def zstd_with_checksum(content: bytes) -> bytes:
    """A frame of raw blocks (RFC 8878), with the checksum that Arrow's writer leaves out."""
    blocks = [content[at : at + 100_000] for at in range(0, len(content), 100_000)]
    frame = bytearray(b"\x28\xb5\x2f\xfd\x04\x38")  # a checksum, and a window of 128 KiB
    for number, block in enumerate(blocks, start=1):
        frame += (len(block) << 3 | (number == len(blocks))).to_bytes(3, "little") + block
    return bytes(frame) + b"\0\0\0\0"


def json_lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstd, ".GZ": gzip.compress}


def parquet(columns: dict[str, pa.Array], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue().to_pybytes()
