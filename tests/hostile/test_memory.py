"""Bombs: small files that stand for much more than memory holds. Each is read in a process of its own, and measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from hostile.corpus import parquet

#: Peak memory over what the interpreter and Arrow take, in MB. Most of it is what one document may have.
MOST = 200
MEASURE = """
import sys
from pathlib import Path
from copydesk.config import SourcesConfig
from copydesk.sources.reading import read
# Of this program alone: what getrusage gives begins with the memory of the process that started it.
status = lambda: Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
peak = lambda: int(status()) // 1024
before, size, rules = peak(), 0, set()
for document in read(sys.argv[1], SourcesConfig()):
    size += len(document.content)
    rules.add(document.problem.rule if document.problem else "read")
print(peak() - before, size // 2**20, *sorted(rules))
"""


def one_text() -> bytes:
    return parquet({"text": pa.array(["x" * 150_000_000])}, compression="zstd", use_dictionary=False)


def one_text_for_all_rows() -> bytes:
    text = pa.array(["The bridge over the river was closed. " * 40_000])
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), text)
    return parquet({"text": texts}, compression="zstd", dictionary_pagesize_limit=1 << 28)


def one_text_in_all_lists() -> bytes:
    tag = pa.array(["tag " * 300_000])
    tags = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), tag)
    lists = pa.ListArray.from_arrays(pa.array([0, 100_000], pa.int32()), tags)
    columns = {"text": pa.array(["short"]), "tags": lists}
    return parquet(columns, compression="zstd", dictionary_pagesize_limit=1 << 28)


def texts_that_share_their_beginning() -> bytes:
    encoding = {"text": "DELTA_BYTE_ARRAY"}
    texts = pa.array(["y" * 1_400_000] * 100)
    return parquet({"text": texts}, compression="zstd", use_dictionary=False, column_encoding=encoding)


def numbers_without_end() -> bytes:
    lists = pa.ListArray.from_arrays(pa.array([0, 10_000_000], pa.int32()), pa.nulls(10_000_000, pa.int64()))
    return parquet({"text": pa.array(["short"]), "n": lists}, compression="zstd")


def many_values() -> bytes:
    return b'{"text": "short", "a": [' + b"[]," * 5_000_000 + b"[]]}"


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "one-text.parquet": (one_text, "too-large"),
    "dictionary.parquet": (one_text_for_all_rows, "decompression-bomb"),
    "dictionary-in-lists.parquet": (one_text_in_all_lists, "decompression-bomb"),
    "shared-beginnings.parquet": (texts_that_share_their_beginning, "decompression-bomb"),
    "numbers.parquet": (numbers_without_end, "decompression-bomb"),
    "values.jsonl": (many_values, "too-large"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    make, rule = BOMBS[name]
    (tmp_path / name).write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / name], capture_output=True, text=True, check=True, timeout=120
    )
    peak, size, *rules = done.stdout.split()
    assert rule in rules, done.stdout
    assert int(peak) < MOST, done.stdout
    assert int(size) <= 200 * (tmp_path / name).stat().st_size // 2**20 + 64
