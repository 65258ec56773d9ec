"""Bytes to text: byte order marks, then encodings that look like UTF-8, then UTF-8, then detection.

ISO-2022 and UTF-16/32 without a mark are tried before UTF-8, because they are valid UTF-8 too (escape sequences and NUL
bytes are ASCII). UTF-8 with pieces in other encodings is decoded piece by piece. All else goes to detection. A cut-off
character at either end becomes U+FFFD. Encodings have Python's names (`cp1252`, `utf-8`, `euc_kr`).
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import chardet

from copydesk.text.encodings.charsets import (
    C1,
    DETECT_BYTES,
    MAINFRAME,
    Legacy,
    Text,
    declared,
    detect,
    fitting,
    is_wide,
    plausible,
    strict,
    superset,
    until_cut,
)
from copydesk.text.encodings.mixed import Piece, chance, pieces, units
from copydesk.text.lazy import later


class Decoded(NamedTuple):
    """`encoding` is a Python codec, or several joined by `+` if the file has pieces in different encodings."""

    text: str
    encoding: str


class Undecodable(ValueError):
    """No encoding fits the bytes. The message says what they look like."""


# The little-endian mark of UTF-32 starts with that of UTF-16, so it is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def decode(content: bytes, charset: str | None = None) -> Decoded:
    """Decode the bytes of one document.

    `charset` is the declared encoding; it is evidence, but can be overruled. A byte order mark is not part of the text.
    Raises `Undecodable` for bytes that are not text in any encoding (images, archives, noise).
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            found = until_cut(content[len(mark) :], encoding)
            if found is not None and (encoding != "utf-16-le" or plausible(found[0])):
                return Decoded(found[0] + "\ufffd" * (found[1] > 0), encoding)
    if decoded := _iso_2022(content):
        return decoded
    if b"\x00" in content:
        return _with_nuls(content)
    text = strict(content, "utf-8") or _cesu8(content)
    if text is not None:
        return Decoded(text, "utf-8")
    return _almost_utf8(content) or _declared(content, charset) or _detected(content)


# --- ISO 2022 --------------------------------------------------------------------------------------------------------

_ESCAPE = re.compile(rb"\x1b(?:\$[@AB)(]|\([BJI])")
_TO_ASCII = re.compile(rb"\x1b\([BJ]")
_CUT_ESCAPE = re.compile(rb"\x1b[$(]?\Z")
_SHIFTED = re.compile(rb"\x0e(?:[\x21-\x7e]{2}|[ \n])+\x0f")
_JAPANESE = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext")
_KOREAN = b"\x1b$)C"


def _iso_2022(content: bytes) -> Decoded | None:
    """Seven-bit Japanese and Korean, also if the start is cut before or inside an escape sequence."""
    if b"~{" in content and b"~}" in content and (text := _hz(content)):
        return Decoded(text, "hz")
    if b"\x1b" not in content and b"\x0e" not in content:
        return None
    if not _ESCAPE.search(content):
        return _headless_korean(content)
    whole = _CUT_ESCAPE.sub(b"", content)
    for encoding in ("iso2022_kr",) if _KOREAN in content else _JAPANESE:
        for start, lost in _starts(whole):
            found = until_cut(start, encoding)
            if found is not None and (start is whole or _east_asian(found[0])):
                return Decoded("\ufffd" * lost + found[0] + "\ufffd" * (found[1] > 0), encoding)
    return None


_HZ = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])+)~\}")


def _hz(content: bytes) -> str | None:
    """Seven-bit Chinese (RFC 1843), if most of the text between its marks is Chinese."""
    pieces = _HZ.findall(content)
    text = strict(content, "hz") if pieces and content.isascii() else None
    chinese = sum("\u4e00" <= char <= "\u9fff" for char in text or "")
    return text if 3 * chinese > sum(map(len, pieces)) else None


def _starts(content: bytes) -> list[tuple[bytes, bool]]:
    """The byte strings to try, and whether a character is lost. If the first escape sequence ends Japanese, the start
    is missing: a sequence that starts Japanese is added, in place of the rest of the cut one or of half a character.
    """
    first = _ESCAPE.search(content)
    if first is None or not _TO_ASCII.match(content, first.start()) or not first.start():
        return [(content, False)]
    head = content[: first.start()]
    leads = [(len(rest), False) for rest in (b"$B", b"$@", b"B", b"@") if head.startswith(rest)] + [
        (0, False),
        (1, True),
    ]
    fits = [(skip, lost) for skip, lost in leads if not (first.start() - skip) % 2 and _two_byte(head[skip:])]
    return [(b"\x1b$B" + content[skip:], lost) for skip, lost in fits] + [(content, False)]


def _two_byte(head: bytes) -> bool:
    """Whether the bytes may be characters of JIS X 0208, mostly kana, marks or common kanji."""
    return bool(head) and all(0x21 <= byte <= 0x7E for byte in head) and max(head[::2]) <= 0x74


def _east_asian(text: str) -> bool:
    return any("\u3000" <= char <= "\u9fff" for char in text)


def _headless_korean(content: bytes) -> Decoded | None:
    if not _SHIFTED.search(content):
        return None
    text = strict(_KOREAN + content, "iso2022_kr")
    hangul = sum("\uac00" <= char <= "\ud7a3" for char in text or "")
    return Decoded(text, "iso2022_kr") if text is not None and hangul > len(text) / 10 else None


# --- UTF-16 and UTF-32 -----------------------------------------------------------------------------------------------


def _with_nuls(content: bytes) -> Decoded:
    """UTF-16 or UTF-32 without a mark, or UTF-8 with stray NULs; raises `Undecodable` otherwise."""
    encoding = _wide_encoding(content[:DETECT_BYTES])
    if encoding:
        width = 4 if "32" in encoding else 2
        text = strict(content[: len(content) - len(content) % width], encoding)
        if text is not None and "\x00" not in text and plausible(text):
            return Decoded(text, encoding)
    text = strict(content, "utf-8")
    if text is not None and len(_CONTROLS.findall(text)) <= max(6, len(text) / 20) < len(text):
        return Decoded(text, "utf-8")
    raise Undecodable(f"{content.count(0):,} NUL bytes in {len(content):,}, not UTF-16 or UTF-32{_looks_like(content)}")


_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


#: Chinese in UTF-16 has bytes of all values.
_PRINTABLE, _MOSTLY_ASCII = re.compile(rb"[ -~\n\r\t]"), 0.85


def _wide_encoding(sample: bytes) -> str | None:
    """The encoding, from the positions of the NUL bytes of ASCII characters; from chardet if there are few."""
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
    if len(_PRINTABLE.findall(sample)) > _MOSTLY_ASCII * len(sample):
        return None
    found = chardet.detect(sample)["encoding"]
    name = codecs.lookup(found).name if found else ""
    return name if name in _WIDE else None


# --- UTF-8 with surrogates -------------------------------------------------------------------------------------------

_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def _cesu8(content: bytes) -> str | None:
    """CESU-8 (Unicode Technical Report 26), in which an emoji is a pair of surrogates; half of one becomes U+FFFD."""
    if not _SURROGATE.search(content):
        return None
    try:
        text = content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# --- UTF-8, cut or mixed ---------------------------------------------------------------------------------------------

_HIGH = re.compile(rb"[\x80-\xff]")
# The rest of a character that lost its first bytes, and the start of one that lost its last bytes.
_CUT_START = re.compile(rb"\A[\x80-\xbf]{1,3}")
_CUT_END = re.compile(
    rb"(?:[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xef][\x80-\xbf]|\xf0[\x90-\xbf]{1,2}|[\xf1-\xf4][\x80-\xbf]{1,2})\Z"
)
#: cp1252 signs that may start a text, in bytes that may also be the rest of a UTF-8 character.
_FIRST_SIGNS = frozenset(b"\x85\x91\x92\x93\x95\x96\x97\xa1\xa3\xa7\xa9\xab\xb7\xbf")
#: The first bytes of characters that occur alone in ASCII text: signs, accented letters, quotation marks, dashes.
_LONE_STARTS = frozenset(b"\xc2\xc3\xe2")
#: Minimum evidence in nats (one common character), or number of non-ASCII bytes, to prove that a text with cut-off ends
#: is UTF-8.
_LEAST_CHANCE, _NEVER_BY_CHANCE = 2.0, 20


def _almost_utf8(content: bytes) -> Decoded | None:
    """UTF-8 that is cut inside a character, or has pieces in other encodings."""
    before, after = _CUT_START.match(content), _CUT_END.search(content)
    start, end = before.end() if before else 0, after.start() if after else len(content)
    if start <= end and (text := strict(content[start:end], "utf-8")) is not None:
        if _proven(content[:start], content[start:end], content[end:]):
            return Decoded("\ufffd" * (start > 0) + text + "\ufffd" * (end < len(content)), "utf-8")
        return None
    return _piece_by_piece(content)


def _proven(head: bytes, inner: bytes, tail: bytes) -> bool:
    """Whether the parts are a cut-off character, UTF-8 or ASCII, and a cut-off character, and not another encoding."""
    if not inner.isascii():
        return chance(inner) >= _LEAST_CHANCE or len(_HIGH.findall(inner)) >= _NEVER_BY_CHANCE
    if len(head) > 1 or len(tail) > 1:
        return not (len(head) == 1 and head[0] in _FIRST_SIGNS) or len(tail) > 1
    return (not head or head[0] not in _FIRST_SIGNS) and (not tail or tail[0] in _LONE_STARTS)


#: Minimum non-ASCII bytes of a piece to be detected by itself, and maximum number of such pieces.
_ENOUGH, _DETECTED_PIECES = 40, 40
#: Number of other pieces that are detected together, each with some of the ASCII text around it.
_POOLED_PIECES, _CONTEXT = 400, 12
#: How much less often single-byte text is valid UTF-8 by chance than Chinese.
_SINGLE_BYTE_SCALE = 2.5
_FOREIGN_START = re.compile(rb"([\x80-\xbf]{1,3})[\x00-\x7f]*")


def _piece_by_piece(content: bytes) -> Decoded | None:
    among = units(content)
    found = pieces(content, among, lambda: _is_wide_throughout(content)) if among else None
    if found is None:
        return None
    encodings = _encodings(content, [piece for piece in found if piece.foreign])
    if not any(encoding and is_wide(encoding.encoding) for encoding in encodings.values()):
        found = pieces(content, among, lambda: False, _SINGLE_BYTE_SCALE) or found
        encodings = _encodings(content, [piece for piece in found if piece.foreign])
    texts, names = [], ["utf-8"]
    read: dict[tuple[bytes, Legacy | None], Text] = {}
    for start, end, foreign in found:
        piece = content[start:end]
        if not foreign:
            texts.append(piece.decode("utf-8"))
            continue
        head = _FOREIGN_START.fullmatch(piece) if not start else None
        if head and _proven(head[1], b"", b""):
            texts.append("\ufffd" + piece[head.end(1) :].decode("ascii", "replace"))
        elif end == len(content) and _CUT_END.fullmatch(piece) and _proven(b"", b"", piece):
            texts.append("\ufffd")
        else:
            key = (piece, encodings.get(start))
            if key not in read:
                read[key] = _foreign_piece(*key)
            texts.append(read[key].text)
            names.append(read[key].encoding)
    return Decoded("".join(texts), "+".join(dict.fromkeys(names)))


#: A Latin letter, a wide character, a small letter: a misread accented letter, not Chinese, Japanese or Korean.
_INSIDE_LATIN = later("[A-Za-z][\u3400-\ud7ff][a-z]")


def _is_wide_throughout(content: bytes) -> bool:
    """Whether the whole is Chinese, Japanese or Korean in one encoding, which is often valid UTF-8 by chance."""
    found = detect(content)
    decoded = fitting(content, found.encoding, found.skip) if found and is_wide(found.encoding) else None
    return decoded is not None and len(_INSIDE_LATIN.findall(decoded.text)) < 3


def _encodings(content: bytes, foreign: list[Piece]) -> dict[int, Legacy | None]:
    """The encoding of each piece by its start: long pieces are detected alone; short ones get that of a neighbour on
    the lines before, or that of all short ones together.
    """
    known: dict[int, Legacy | None] = {}
    short: list[Piece] = []
    neighbour: tuple[int, Legacy | None] = (-1, None)
    for piece in foreign:
        raw = content[piece.start : piece.end]
        near = 0 <= piece.start - neighbour[0] <= _CONTEXT and content[neighbour[0] : piece.start].isascii()
        if len(known) < _DETECTED_PIECES and len(_HIGH.findall(raw)) >= _ENOUGH:
            known[piece.start] = detect(raw)
        elif near and neighbour[1] and fitting(raw, neighbour[1].encoding):
            known[piece.start] = Legacy(neighbour[1].encoding)
        else:
            short.append(piece)
        neighbour = (piece.end, known.get(piece.start))
    pooled = detect(b"\n".join(_in_context(content, piece) for piece in short[:_POOLED_PIECES])) if short else None
    return known | {piece.start: pooled and Legacy(pooled.encoding) for piece in short}


def _in_context(content: bytes, piece: Piece) -> bytes:
    """The piece and the ASCII text around it."""
    before, after = content[max(piece.start - _CONTEXT, 0) : piece.start], content[piece.end : piece.end + _CONTEXT]
    return _HIGH.split(before)[-1] + content[piece.start : piece.end] + _HIGH.split(after, maxsplit=1)[0]


def _foreign_piece(piece: bytes, found: Legacy | None) -> Text:
    decoded = fitting(piece, found.encoding, found.skip) if found else None
    return decoded or Text(piece.decode("cp1252", "replace"), "cp1252")


# --- legacy encodings ------------------------------------------------------------------------------------------------


def _declared(content: bytes, charset: str | None) -> Decoded | None:
    """The declared charset if it fits: multi-byte encodings prove themselves, others must have the lowest cost."""
    name = declared(charset)
    decoded = fitting(content, name) if name else None
    if name is None or decoded is None or C1.search(decoded.text):
        return None
    if len(decoded.text) == len(content):  # a single-byte encoding decodes any bytes
        found = detect(content, superset(name))
        if found is not None and fitting(content, found.encoding, found.skip) != decoded:
            return None
    return Decoded(*decoded)


def _detected(content: bytes) -> Decoded:
    found = detect(content)
    if found is None:
        raise Undecodable(f"no language explains the bytes in any encoding{_looks_like(content)}")
    decoded = fitting(content, found.encoding, found.skip)
    if decoded is not None:
        if decoded.encoding in MAINFRAME:
            decoded = decoded._replace(text=decoded.text.replace("\x85", "\n"))
        return Decoded(*decoded)
    name = superset(found.encoding)
    text = content.decode(name, "replace")
    if plausible(text) and text.count("\ufffd") <= len(text) / 100:
        return Decoded(text, name)
    decoded = fitting(content, "cp1252")
    if decoded is not None:
        return Decoded(*decoded)
    raise Undecodable(f"no encoding fits{_looks_like(content)}")


def _looks_like(content: bytes) -> str:
    kind = chardet.detect(content[:4096])["mime_type"]
    return f"; the bytes look like {kind}" if kind and not kind.startswith("text/") else ""
