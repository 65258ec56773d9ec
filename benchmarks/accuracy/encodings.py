"""Encodings: bytes to text, compared with chardet, and with charset-normalizer if installed.

A file counts as right if its text is exact, up to line ends and a byte order mark. If a label names a narrower encoding
than that of its file (`iso8859-1` for cp1252, WHATWG Encoding Standard, "Names and labels"), the text in either is
right. News is clean text of `material.clean_documents`, stored in the encodings used for its language; only pieces with
non-ASCII characters count.
"""

from __future__ import annotations

import codecs
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import chardet

from copydesk.text.encodings import Undecodable, decode

from .material import C1, TWINS, Row, clean_documents, files, progress, sampled

STEP = "decode"
#: Encodings of news by language; every language also comes in UTF-8.
ENCODINGS = {
    "en": "cp1252 mac_roman utf-16", "es": "cp1252 iso8859-1", "fr": "cp1252 iso8859-1", "de": "cp1252 iso8859-1",
    "it": "cp1252", "pt": "cp1252", "tr": "cp1254 iso8859-9", "ar": "cp1256 iso8859-6", "fa": "cp1256",
    "ur": "utf-16", "bg": "cp1251", "ru": "cp1251 koi8-r cp866 iso8859-5", "uk": "cp1251", "el": "cp1253 iso8859-7",
    "he": "cp1255", "pl": "cp1250 iso8859-2", "cs": "cp1250 iso8859-2", "hu": "cp1250 iso8859-2", "zh": "gb18030 big5",
    "ja": "shift_jis euc_jp iso2022_jp", "ko": "euc_kr", "th": "tis-620",
}  # fmt: skip
#: Two encodings in one file, and the language of its text.
MIXED = (
    ("utf-8", "cp1252", "es"), ("utf-8", "cp1252", "en"), ("utf-8", "cp1251", "bg"), ("utf-8", "cp1251", "ru"),
    ("cp1251", "koi8-r", "ru"), ("utf-8", "cp1254", "tr"), ("utf-8", "cp1256", "ar"), ("utf-8", "gb18030", "zh"),
    ("utf-8", "shift_jis", "ja"), ("utf-8", "euc_kr", "ko"), ("utf-8", "cp1253", "el"),
)  # fmt: skip
SUPERSETS = {
    "iso8859-1": ("cp1252",), "ascii": ("cp1252", "utf-8"), "gb2312": ("gb18030", "gbk"), "euc_kr": ("cp949",),
    "shift_jis": ("cp932",), "tis-620": ("cp874",), "iso8859-9": ("cp1254",), "iso8859-8": ("cp1255",),
    "big5": ("big5hkscs", "cp950"), "utf-8": ("utf-8-sig",), "euc_jp": ("euc_jis_2004",),
}  # fmt: skip


class Sample(NamedTuple):
    """Bytes, what they may be decoded to, and where they come from."""

    content: bytes
    texts: frozenset[str]
    encoding: str
    source: str


def _copydesk(content: bytes) -> str:
    try:
        return decode(content).text
    except Undecodable:
        return ""


def _chardet(content: bytes) -> str:
    encoding = chardet.detect(content)["encoding"]
    try:
        return content.decode(encoding or "utf-8", "replace")
    except LookupError:
        return ""


def tools(peers: bool = True) -> dict[str, Callable[[bytes], str]]:
    """What is compared: copydesk, chardet alone, and charset-normalizer where it is there."""
    if not peers:
        return {"copydesk": _copydesk}
    found = {"copydesk": _copydesk, "chardet": _chardet}
    try:
        import charset_normalizer
    except ImportError:
        return found
    return found | {"charset-normalizer": lambda content: str(charset_normalizer.from_bytes(content).best() or "")}


def fold(text: str) -> str:
    """`text` without its byte order mark, lines ended by a newline, and what is left of a cut character taken off."""
    return re.sub(r"\r\n?|\x85", "\n", text).strip("\ufeff\ufffd\x00")


def readings(content: bytes, encoding: str, errors: str = "strict") -> frozenset[str]:
    """The texts that are right for `content`, whose label says `encoding`. Empty where none decodes."""
    found = set()
    names = [encoding, *SUPERSETS.get(encoding, ())]
    for name in names:
        try:
            text = content.decode(name, errors)
        except (UnicodeDecodeError, LookupError):  # Python knows no EUC-TW
            continue
        if name in TWINS and C1.search(text):
            names.append(TWINS[name])
        found.add(fold(text))
    return frozenset(found)


def _encoded(text: str, encoding: str) -> bytes | None:
    content = text.encode(encoding, "ignore")
    return content if len(content.decode(encoding)) >= 0.99 * len(text) else None


def news(data: Path, size: int, count: int, cut: bool = False) -> Iterator[Sample]:
    """The first `size` bytes of clean documents in each encoding of their language.

    A piece ends with a whole character, or, with `cut`, within one; half of those in UTF-8 then begin within one, too.
    """
    for language, documents in clean_documents(data).items():
        for encoding in ("utf-8", *ENCODINGS.get(language, "").split()):
            for document in sampled(documents, count, f"{language}{encoding}{size}"):
                whole = _encoded(document.text, encoding)
                if whole is None:
                    continue
                piece = _piece(whole, encoding, size, cut, document.text)
                if piece is None:
                    continue
                texts = readings(piece, encoding, "ignore")
                if texts and not next(iter(texts)).isascii():
                    yield Sample(piece, texts, encoding, f"{document.source} ({language})")


def _piece(whole: bytes, encoding: str, size: int, cut: bool, seed: str) -> bytes | None:
    """About the first `size` bytes of `whole`; None where it is too short, or where there is no character to cut."""
    piece = whole[:size]
    if len(piece) < size / 2:
        return None
    if encoding.startswith("iso2022"):  # each line ends in ASCII, so that lines can be taken apart
        return None if cut else _lines(whole[: 4 * size].split(b"\n"), size)
    if not cut:
        return piece[: len(piece) - _held_back(piece, encoding)]
    ends = range(len(piece), max(len(piece) - 200, 1), -1)
    end = next((end for end in ends if _held_back(piece[:end], encoding)), None)
    if end is None:
        return None
    start = 0
    if encoding == "utf-8" and random.Random(seed).random() < 0.5:
        after_mark = 3
        start = next((at for at in range(after_mark, min(200, end)) if 0x80 <= piece[at] < 0xC0), 0)
    return piece[start:end]


def _held_back(content: bytes, encoding: str) -> int:
    """How many bytes at the end of `content` begin a character that does not end there."""
    decoder = codecs.getincrementaldecoder(encoding)("ignore")
    decoder.decode(content)
    return len(decoder.getstate()[0])


def _lines(lines: list[bytes], size: int) -> bytes:
    """The first lines, as many as come near to `size` bytes; at least one."""
    kept = lines[:1]
    for line in lines[1:]:
        if sum(map(len, kept)) + len(line) > 2 * size:
            break
        kept.append(line)
    return b"\n".join(kept)


def whole_files(data: Path) -> Iterator[Sample]:
    """The files of known encoding, as they are."""
    for row, content in files(data):
        texts = readings(content, row["true_encoding"]) or readings(content, row["true_encoding"], "replace")
        yield Sample(content, texts, row["true_encoding"], f"{row['file']} [{row['origin']}]")


def cut_files(data: Path) -> Iterator[Sample]:
    """The files of multi-byte encodings, cut within a character near their middle."""
    for row, content in files(data):
        encoding = row["true_encoding"]
        if encoding in ("utf-8", "big5", "gb2312", "euc_kr", "euc_jp", "shift_jis", "cp932", "cp949"):
            half = content[: max(len(content) // 2, 200)]
            piece = _piece(half + b"\n", encoding, len(half), cut=True, seed=row["file"])
            texts = readings(piece, encoding, "ignore") if piece else frozenset()
            if piece and texts and not next(iter(texts)).isascii():
                yield Sample(piece, texts, encoding, row["file"])


def mixed(data: Path, count: int) -> Iterator[Sample]:
    """Files of several paragraphs, of which the first half is in one encoding and the rest in another."""
    documents = clean_documents(data)
    for first, second, language in MIXED:
        for document in sampled(documents.get(language, []), 4 * count, f"{first}{second}"):
            lines = [line for line in document.text.split("\n") if len(line) >= 60 and not line.isascii()]
            half = len(lines) // 2
            if not half:
                continue
            for order in ((first, second), (second, first)):
                parts = [
                    _encoded("\n".join(part), e) for part, e in zip((lines[:half], lines[half:]), order, strict=True)
                ]
                if all(part is not None for part in parts):
                    texts = frozenset(
                        ["\n".join(p.decode(e) for p, e in zip(parts, order, strict=True) if p is not None)]
                    )
                    content = b"\n".join(part for part in parts if part is not None)
                    yield Sample(content, texts, "+".join(order), f"{document.source} ({language})")


def measure(samples: list[Sample], what: str, ways: dict[str, Callable[[bytes], str]]) -> dict[str, Any]:
    """Shares of samples decoded right by tool, by encoding too, and what copydesk got wrong."""
    right: dict[str, int] = dict.fromkeys(ways, 0)
    by_encoding: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("n", *ways), 0))
    failures = []
    for sample in progress(samples, what):
        by_encoding[sample.encoding]["n"] += 1
        for tool, run in ways.items():
            text = fold(run(sample.content))
            if text in sample.texts:
                right[tool] += 1
                by_encoding[sample.encoding][tool] += 1
            elif tool == "copydesk":
                failures.append(_failure(sample, text))
    n = max(len(samples), 1)
    shares = {tool: count / n for tool, count in right.items()}
    return {"n": len(samples), **shares, "languages": by_encoding, "failures": failures}


def _failure(sample: Sample, text: str) -> dict[str, str]:
    truth = min(sample.texts, default="")
    at = next((i for i, (a, b) in enumerate(zip(truth, text, strict=False)) if a != b), min(len(truth), len(text)))
    try:
        encoding = decode(sample.content).encoding
    except Undecodable as error:
        encoding = str(error)
    return {
        "source": sample.source, "encoding": sample.encoding, "read_as": encoding,
        "truth": truth[max(0, at - 10) : at + 30], "output": text[max(0, at - 10) : at + 30],
    }  # fmt: skip


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. `sample` is the number of documents of a language and encoding (12)."""
    each = sample or 12
    whole = list(whole_files(data))
    declarations = [one for one in whole if "udhr" in one.source]
    parts = {
        "whole files": (whole, "≥ 98.5"),
        "whole files, chardet's own": ([one for one in whole if one not in declarations], ""),
        "whole files, declarations (weaker labels)": (declarations, ""),
        "the same cut within a character": (list(cut_files(data)), "≥ 98.5"),
        "2 kB of news": (list(news(data, 2000, each)), "≥ 99.6"),
        "200 bytes of news": (list(news(data, 200, each)), "≥ 99.8"),
        "2 kB of news, cut within a character": (list(news(data, 2000, each, cut=True)), "≥ 99.6"),
        "200 bytes of news, cut within a character": (list(news(data, 200, each, cut=True)), "≥ 99.8"),
        "two encodings in one file": (list(mixed(data, each)), ""),
    }
    report, rows, ways = {}, [], tools(peers)
    for name, (samples, aim) in parts.items():
        if samples:
            report[name] = found = measure(samples, name, ways)
            others = {tool: found[tool] for tool in ways if tool != "copydesk"}
            rows.append(Row(STEP, name, "decoded exactly", found["copydesk"], found["n"], others, aim))
    return rows, {"languages": {k: v["languages"] for k, v in report.items()}, "parts": report}
