"""Detection of legacy encodings with chardet, also for text that starts inside a character.

chardet reads two-byte characters from the first byte: text that starts in the middle of one is shifted, and looks like
another encoding or none. Here such bytes are read from both possible positions.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import chardet

from copydesk.text.encodings.single_byte import best_reading
from copydesk.text.letters import cost

DETECT_BYTES = 200_000

# Encodings that stand for a superset in practice (WHATWG Encoding Standard, "Names and labels").
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
# The Windows encoding for each ISO 8859 encoding; they differ mainly in 0x80 to 0x9F, control characters in ISO 8859.
_TWINS = {
    "iso8859-2": "cp1250",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-13": "cp1257",
}
C1 = re.compile("[\x80-\x9f]")
# Python codecs that are not evidence when declared: escapes, host names, and Unicode encodings, which are detected by
# other means. Python does not treat `hex`, `zlib` and the like as text encodings.
_NO_CHARSETS = frozenset(
    "idna mbcs oem punycode raw-unicode-escape undefined unicode-escape utf-7 utf-8 utf-8-sig utf-16 utf-16-be "
    "utf-16-le utf-32 utf-32-be utf-32-le".split()
)

# Rare in text, frequent in bytes decoded with a wrong multi-byte or single-byte encoding.
_IMPLAUSIBLE = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ue000-\uf8ff\ufffe\uffff]")

#: Encodings of two-byte characters, by chardet's name, with rare variants to try if decoding fails.
_WIDE_CHARACTERS = {
    "gb18030": "gb18030",
    "big5hkscs": "big5",
    "cp932": "cp932",
    "euc_jis_2004": "euc_jp",
    "cp949": "cp949",
    "johab": "johab",
}
_KIN = {
    "big5hkscs": ("big5", "cp950", "big5hkscs"),
    "euc_jis_2004": ("euc_jp", "euc_jis_2004"),
    "shift_jis_2004": ("cp932", "shift_jis_2004"),
}
# In chardet's models of Chinese, Japanese and Korean, single-byte text scores up to 0.09 (measured on news in 30
# encodings), and real text with three such characters in a row mostly above 0.2.
_LEAST_CONFIDENCE = 0.12
# Without halfwidth katakana: much single-byte text consists of them when read as Shift-JIS.
_IN_A_ROW, _NOT_ASCII = re.compile("[^\x00-\x7f\uff61-\uff9f]{2,}"), re.compile("[^\x00-\x7f]")
#: Bytes by which it is decided whether a text starts inside a character, and the languages for that.
_FIRST_BYTES, _WIDE_LANGUAGES = 60, ("zh", "ja", "ko")
#: Extra cost of a halfwidth letter at the start, in bits.
_HALFWIDTH = 8.0
_KANA = re.compile("[\u3041-\u30fe]")


class Legacy(NamedTuple):
    """The encoding, and the number of bytes at the start that belong to a cut-off character."""

    encoding: str
    skip: int = 0


class Text(NamedTuple):
    text: str
    encoding: str


def plausible(text: str) -> bool:
    return len(_IMPLAUSIBLE.findall(text[:DETECT_BYTES])) <= len(text[:DETECT_BYTES]) / 200


def strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def until_cut(content: bytes, encoding: str) -> tuple[str, int] | None:
    """The text, and the number of bytes of an incomplete last character; None if the bytes are not in `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(content)
    except UnicodeDecodeError:
        return None
    pending = decoder.getstate()[0]
    return text, len(pending) if isinstance(pending, bytes) else 0


def fitting(content: bytes, encoding: str, skip: int = 0) -> Text | None:
    """The text in `encoding`, in its superset, or in its Windows variant if control characters prove that one.

    A cut-off character at either end becomes U+FFFD.
    """
    name = codecs.lookup(encoding).name
    for candidate in dict.fromkeys((_SUPERSETS.get(name, name), *_KIN.get(name, ()), name)):
        found = until_cut(content[skip:], candidate)
        if found is None or not plausible(found[0]):
            continue
        text, pending = found
        twin = _TWINS.get(candidate) if C1.search(text) else None
        if twin and (twin_text := strict(content, twin)) is not None:
            return Text(twin_text, twin)
        return Text("\ufffd" * (skip > 0) + text + "\ufffd" * (pending > 0), candidate)
    return None


def declared(charset: str | None) -> str | None:
    """The codec of a declared charset; None if it is unknown or not evidence."""
    try:
        name = codecs.lookup((charset or "").strip().strip("\"'")).name
        b" ".decode(name)  # excludes `hex` and the like
    except (LookupError, ValueError):
        return None
    return None if name.replace("_", "-") in _NO_CHARSETS else name


def superset(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return _SUPERSETS.get(name, name)


def is_wide(encoding: str) -> bool:
    """Whether `encoding` has two-byte characters."""
    name = superset(encoding)
    return name in _WIDE_CHARACTERS or name in _WIDE_CHARACTERS.values() or name in _KIN


def wide_characters(sample: bytes) -> Legacy | None:
    """The encoding of Chinese, Japanese or Korean text that starts inside a character, or is short among ASCII."""
    best, most = None, _LEAST_CONFIDENCE
    for skip in (0, 1) if sample[:1] >= b"\x80" else (0,):
        ranked: dict[int, dict[str, float]] = {}
        for encoding in _WIDE_CHARACTERS.values():
            found = until_cut(sample[skip:], encoding)
            if found is None or not _runs_of_characters(found[0]):
                continue
            text, pending = found
            if pending not in ranked:
                ranked[pending] = _confidences(sample[skip : len(sample) - pending])
            confidence = ranked[pending].get(encoding, 0.0)
            if encoding in ("euc_jp", "cp932") and len(_KANA.findall(text)) > 0.2 * len(_NOT_ASCII.findall(text)):
                confidence = max(confidence, 0.5)  # chardet recognizes Japanese by kanji; simple text may have none
            if confidence > most:
                best, most = encoding, confidence
    return Legacy(best, _first_character(sample, best)) if best else None


def _first_character(sample: bytes, encoding: str) -> int:
    """The offset of the first complete character: 0, or 1 if the cost is lower."""
    if sample[:1] < b"\x80":
        return 0
    least, best = float("inf"), 0
    for skip in (0, 1):
        found = until_cut(sample[skip : skip + _FIRST_BYTES], encoding)
        if found is not None:
            bits = cost("\ufffd" * skip + found[0], _WIDE_LANGUAGES)
            # The second byte of a Shift-JIS character is often a halfwidth letter.
            bits += _HALFWIDTH * ("\uff61" <= found[0][:1] <= "\uff9f")
            if bits < least:
                least, best = bits, skip
    return best


def _runs_of_characters(text: str) -> bool:
    """Whether the non-ASCII characters form runs: an accented letter and its neighbour can look like one character."""
    runs = sum(map(len, _IN_A_ROW.findall(text)))
    return runs >= 3 and 2 * runs >= len(_NOT_ASCII.findall(text)) and not _IMPLAUSIBLE.search(text)


def _confidences(sample: bytes) -> dict[str, float]:
    found = chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=_WIDE_CHARACTERS, no_match_encoding="gb18030"
    )
    names = ((codecs.lookup(guess["encoding"]).name, guess["confidence"]) for guess in found if guess["encoding"])
    return {_WIDE_CHARACTERS.get(name, name): confidence for name, confidence in names}


# Excluded: mainframe encodings and one of ASCII bytes, which news does not use and shifted Chinese looks like; and
# UTF-8, which has been ruled out before.
_NEVER = ("cp1026", "cp1140", "cp273", "cp424", "cp500", "cp875", "cp1006", "utf-7", "utf-8", "utf-8-sig")
_RANKED = 6


def detect(content: bytes, declared: str | None = None) -> Legacy | None:
    """The legacy encoding of `content`, which is not in a Unicode encoding; None if it is not text.

    `declared` is a single-byte codec that is used unless another one has a clearly lower cost.
    """
    sample = content[:DETECT_BYTES]
    ranked = _ranked(sample)
    if not ranked and plausible(sample.decode("latin-1")):
        ranked = _ranked(b" " + sample[1:])  # `BM` starts a picture, and Turkish news of the United Nations
    if not ranked:
        return None
    if declared:
        ranked.insert(0, (declared, None))
    first = ranked[0][0]
    if is_wide(first) and fitting(sample, first):
        return Legacy(first, _first_character(sample, first))
    wide = wide_characters(sample)
    if wide or is_wide(first):
        return wide or Legacy(first)
    valid = [name for name in _WIDE_CHARACTERS.values() if (text := until_cut(sample, name)) and plausible(text[0])]
    best = best_reading(sample, [guess for guess in ranked if not is_wide(guess[0])][:_RANKED], valid) or _mainframe(
        sample
    )
    return Legacy(best) if best else None


def _ranked(sample: bytes) -> list[tuple[str, str | None]]:
    """The codecs that chardet names, likeliest first, each with its language; none for what it takes for no text."""
    found = chardet.detect_all(sample, ignore_threshold=True, exclude_encodings=_NEVER)
    return [(codecs.lookup(guess["encoding"]).name, guess["language"]) for guess in found if guess["encoding"]]


#: Encodings of mainframes (EBCDIC): a byte that is a space there is `@` in ASCII.
MAINFRAME = ("cp037", "cp500", "cp273", "cp1026", "cp875")
_MAINFRAME_SAMPLE, _MAINFRAME_READABLE = 1000, 5.8


def _mainframe(sample: bytes) -> str | None:
    """The EBCDIC encoding in which `sample` reads best, if it reads as text."""
    texts = {name: sample[:_MAINFRAME_SAMPLE].decode(name, "replace").replace("\x85", "\n") for name in MAINFRAME}
    costs = {name: cost(text) for name, text in texts.items() if plausible(text)}
    best = min(costs, key=lambda name: costs[name], default=None)
    return best if best and costs[best] <= _MAINFRAME_READABLE * len(texts[best]) else None
