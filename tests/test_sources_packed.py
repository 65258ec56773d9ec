"""Compressed sources: whole, cut off, damaged, and bombs."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from pathlib import Path

import pytest
from source_files import (
    PACK,
    STORY,
    documents,
    one,
    rules,
    written,
    zstd,
    zstd_with_checksum,
)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_members_and_frames_are_joined(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    suffix = ".gz" if pack is gzip.compress else ".zst"
    path = written(tmp_path / f"a.txt{suffix}", pack(b"one ") + pack(b"") + pack(b"two"))
    assert one(path).content == b"one two"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("rows", [1, 40, 20_000])
def test_every_record_before_a_break_comes_out_and_one_problem_for_the_rest(
    tmp_path: Path, suffix: str, rows: int
) -> None:
    lines = [json.dumps({"text": f"story {n} {os.urandom(20).hex()}"}).encode() for n in range(rows)]
    packed = PACK[suffix](b"\n".join(lines))
    for cut in (len(packed) - 1, len(packed) // 2, 0):
        *good, bad = documents(written(tmp_path / f"a.jsonl{suffix}", packed[:cut]))
        assert set(rules(good)) <= {None}
        assert [d.content for d in good] == lines[: len(good)]
        assert bad.problem is not None and bad.problem.rule == "broken-compression"
        if len(good) < rows:
            assert lines[len(good)].startswith(bad.content) or bad.content == packed[:cut]
        if cut == len(packed) - 1:
            lost = sum(map(len, lines[len(good) :]))
            assert lost < 2**17 if suffix == ".zst" else len(good) >= rows - 1  # zstd is cut block by block
    if suffix == ".gz":  # zstd has checksums only where its writer put them
        damaged = bytearray(packed)
        damaged[len(packed) // 2] ^= 255
        assert "broken-compression" in rules(documents(written(tmp_path / "b.jsonl.gz", bytes(damaged))))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_is_not_compressed_at_all(tmp_path: Path, suffix: str) -> None:
    for kind in ("txt", "html", "jsonl", "csv", "parquet"):
        found = one(written(tmp_path / f"a.{kind}{suffix}", STORY))
        assert rules([found]) == ["broken-compression"]
        assert found.content == STORY.encode()


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("size", [500, 3_000_000])
def test_a_wrong_checksum_costs_no_byte(tmp_path: Path, suffix: str, size: int) -> None:
    content = random.Random(3).randbytes(size // 2).hex().encode()
    packed = bytearray(gzip.compress(content) if suffix == ".gz" else zstd_with_checksum(content))
    packed[-6 if suffix == ".gz" else -1] ^= 255
    found = one(written(tmp_path / f"a.txt{suffix}", bytes(packed)))
    assert rules([found]) == ["broken-compression"]
    assert found.content == content


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "parquet", "html"])
def test_a_bomb_is_stopped_in_time(tmp_path: Path, suffix: str, kind: str) -> None:
    path = written(tmp_path / f"a.{kind}{suffix}", PACK[suffix](b"text\n" + b" " * 60_000_000))
    started = time.process_time()
    found = documents(path)[-1]
    assert rules([found]) == ["decompression-bomb"]
    assert len(found.content) <= max(2**20, 200 * path.stat().st_size)
    assert found.problem and "sources.max_expansion" in found.problem.observed
    assert time.process_time() - started < 5
    assert rules(documents(path, max_expansion=10**6))[-1] != "decompression-bomb"


def test_a_small_file_may_grow_to_a_mebibyte(tmp_path: Path) -> None:
    assert one(written(tmp_path / "a.txt.gz", gzip.compress(b"a" * 2**20))).problem is None
