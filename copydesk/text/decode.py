"""Bytes to text: byte order marks, then what only looks like UTF-8, then UTF-8, then detection.

ISO-2022 and UTF-16/32 without a mark come before UTF-8, because they are valid UTF-8 as well (escape sequences and NUL
bytes are ASCII). What is left goes to chardet. Encodings are named as Python names them (`cp1252`, `utf-8`, `euc_kr`).
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import chardet


class Decoded(NamedTuple):
    """`encoding` is a Python codec, or two joined by `+` where pieces of one file are in another encoding."""

    text: str
    encoding: str


class Undecodable(ValueError):
    """No encoding fits the bytes. The message says what they look like instead."""


# UTF-32's little-endian mark begins with UTF-16's, so it is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_ISO_2022 = re.compile(rb"\x1b(?:\$[@AB)(]|\([BJI])")
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_DETECT_BYTES = 200_000

# Names under which files carry a superset's characters (WHATWG Encoding Standard, "Names and labels").
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
# The Windows encodings beside ISO 8859: near twins, told apart by the row 0x80 to 0x9F, which ISO leaves to controls.
_TWINS = {
    "iso8859-2": "cp1250",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-13": "cp1257",
}
_C1 = re.compile("[\x80-\x9f]")

# Text has almost none of these; bytes decoded with a wrong wide or single-byte encoding have many.
_IMPLAUSIBLE = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ue000-\uf8ff\ufffe\uffff]")
_HIGH = re.compile(rb"[\x80-\xff]")
#: cp1252 letters and the punctuation of its 0x80 row that Western text uses.
_WESTERN = re.compile(rb"[\x82-\x8c\x8e\x91-\x9c\x9e-\xa0\xa3\xa7\xa9\xab\xae\xb0\xb7\xbb\xbf-\xd6\xd8-\xf6\xf8-\xff]")


def decode(content: bytes, charset: str | None = None) -> Decoded:
    """Decode the bytes of one document.

    `charset` is what the document declares; it is evidence, not an order. A byte order mark is no part of the text.
    Raises `Undecodable` for bytes that are no text in any encoding (images, archives, noise).
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = _strict(content[len(mark) :], encoding)
            if text is not None and (encoding != "utf-16-le" or _plausible(text)):
                return Decoded(text, encoding)
    if b"\x1b" in content and _ISO_2022.search(content):
        for encoding in ("iso2022_kr",) if b"\x1b$)C" in content else ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext"):
            text = _strict(content, encoding)
            if text is not None:
                return Decoded(text, encoding)
    if b"\x00" in content:
        return _with_nuls(content)
    text = _strict(content, "utf-8")
    if text is not None:
        return Decoded(text, "utf-8")
    return _almost_utf8(content) or _declared(content, charset) or _detected(content)


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _plausible(text: str) -> bool:
    return len(_IMPLAUSIBLE.findall(text[:_DETECT_BYTES])) <= len(text[:_DETECT_BYTES]) / 200


def _with_nuls(content: bytes) -> Decoded:
    """UTF-16 or UTF-32 without a mark, UTF-8 with stray NULs, or no text at all."""
    encoding = _wide_encoding(content[:_DETECT_BYTES])
    if encoding:
        width = 4 if "32" in encoding else 2
        text = _strict(content[: len(content) - len(content) % width], encoding)
        if text is not None and "\x00" not in text and _plausible(text):
            return Decoded(text, encoding)
    text = _strict(content, "utf-8")
    if (
        text is not None
        and text.count("\x00") <= max(3, len(text) / 20) < len(text)
        and _plausible(text.replace("\x00", ""))
    ):
        return Decoded(text, "utf-8")
    raise Undecodable(f"{content.count(0):,} NUL bytes in {len(content):,}, no UTF-16 or UTF-32{_looks_like(content)}")


def _wide_encoding(sample: bytes) -> str | None:
    """Where the NUL bytes of ASCII characters stand tells width and order; for text with few, chardet decides."""
    quarter = max(len(sample) // 4, 1)
    nuls = [sample[offset::4].count(0) / quarter for offset in range(4)]
    if nuls[1] > 0.9 and nuls[2] > 0.9 and nuls[3] > 0.9:
        return "utf-32-le"
    if nuls[0] > 0.9 and nuls[1] > 0.9 and nuls[2] > 0.9:
        return "utf-32-be"
    even, odd = (nuls[0] + nuls[2]) / 2, (nuls[1] + nuls[3]) / 2
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    if even > 0.3 and odd < 0.05:
        return "utf-16-be"
    found = chardet.detect(sample)["encoding"]
    name = codecs.lookup(found).name if found else ""
    return name if name in _WIDE else None


def _foreign_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    piece = error.object[error.start : error.end]
    # The last character of a file that was cut off is lost, not in another encoding.
    cut = error.end == len(error.object) and error.reason == "unexpected end of data"
    return ("\ufffd" if cut else piece.decode("cp1252", "replace")), error.end


codecs.register_error("copydesk-foreign-as-cp1252", _foreign_as_cp1252)


def _almost_utf8(content: bytes) -> Decoded | None:
    """UTF-8 that was cut in the middle of a character, or into which pieces of cp1252 were pasted."""
    skipped = 0
    # Continuation bytes of a character whose start is gone.
    while skipped < min(3, len(content)) and 0x80 <= content[skipped] < 0xC0:
        skipped += 1
    text = content[skipped:].decode("utf-8", "replace")
    bad = text.count("\ufffd") + (skipped > 0)
    good = len(text) - len(_ascii_only(text)) - text.count("\ufffd")
    if good < 20 * bad and not (bad == 1 and good >= 2 and (skipped or text.endswith("\ufffd"))):
        return None
    text = content[skipped:].decode("utf-8", "copydesk-foreign-as-cp1252")
    lost = "\ufffd" if skipped else ""
    mixed = bad > (skipped > 0) + text.endswith("\ufffd")
    return Decoded(lost + text, "utf-8+cp1252" if mixed else "utf-8")


def _ascii_only(text: str) -> bytes:
    return text.encode("ascii", "ignore")


def _declared(content: bytes, charset: str | None) -> Decoded | None:
    """The declared charset, where it fits: multi-byte encodings prove themselves, others need chardet's consent."""
    if not charset:
        return None
    try:
        name = codecs.lookup(charset.strip().strip("\"'")).name
    except (LookupError, ValueError, TypeError):
        return None
    if name in _WIDE:
        return None
    decoded = _fitting(content, name)
    if decoded is None or _C1.search(decoded.text):
        return None
    if len(decoded.text) == len(content):  # a single-byte encoding decodes anything: ask for a second opinion
        found = chardet.detect(content[:_DETECT_BYTES])
        if found["encoding"] and found["confidence"] > 0.8 and _fitting(content, found["encoding"]) != decoded:
            return None
    return decoded


def _fitting(content: bytes, encoding: str) -> Decoded | None:
    """The text in `encoding`, in its superset, or in its Windows twin where controls prove that one."""
    name = codecs.lookup(encoding).name
    for candidate in dict.fromkeys((_SUPERSETS.get(name, name), name)):
        text = _strict(content, candidate)
        if text is not None and _plausible(text):
            twin = _TWINS.get(candidate) if _C1.search(text) else None
            if twin and (twin_text := _strict(content, twin)) is not None:
                return Decoded(twin_text, twin)
            return Decoded(text, candidate)
    return None


def _detected(content: bytes) -> Decoded:
    sample = content[:_DETECT_BYTES]
    found = chardet.detect(sample)
    if found["encoding"] is None:
        raise Undecodable(f"no encoding fits{_looks_like(content)}")
    high = _HIGH.findall(sample)
    if len(high) * 20 < len(sample) and found["confidence"] < 0.3 and all(_WESTERN.match(byte) for byte in high):
        # A few quotation marks and accents in ASCII text are too little for statistics; the commonest encoding it is.
        return Decoded(content.decode("cp1252", "replace"), "cp1252")
    decoded = _fitting(content, found["encoding"])
    if decoded is not None:
        return decoded
    name = codecs.lookup(found["encoding"]).name
    name = _SUPERSETS.get(name, name)
    text = content.decode(name, "replace")
    if _plausible(text) and text.count("\ufffd") <= len(text) / 100:
        return Decoded(text, name)
    decoded = _fitting(content, "cp1252")
    if decoded is not None:
        return decoded
    raise Undecodable(f"no encoding fits{_looks_like(content)}")


def _looks_like(content: bytes) -> str:
    kind = chardet.detect(content[:4096])["mime_type"]
    return f"; the bytes look like {kind}" if kind and not kind.startswith("text/") else ""
