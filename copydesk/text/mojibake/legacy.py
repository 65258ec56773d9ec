"""Legacy encodings that were misread as Western European: `Ïðèâåò` is cp1251, `Ýstanbul` is cp1254.

Such text is not malformed: any byte is a character in cp1252. It is recognized because no language has so many accents
and signs in a row, or such letters in its words. The bytes are restored and detected like those of a file; the result
counts if it lowers the cost of the text (`copydesk.text.letters`) by enough bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from copydesk.text import letters
from copydesk.text.encodings.charsets import detect, superset
from copydesk.text.mojibake import misread_latin
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.mojibake.misreadings import misreading
from copydesk.text.screen import CHARACTERS, ODD, SIGNS

#: Characters of the sample that is tried.
SAMPLE = 400
#: Minimum gain in bits for each changed character, and in total; for Latin text, where few letters change and these
#: carry all the evidence, other limits.
_AHEAD, _LEAST = 2.0, 40.0
_LATIN_AHEAD, _LATIN_LEAST = 4.0, 60.0
#: Maximum cost of readable text, in bits per byte (approximately).
_READABLE = 6.5
#: If one letter in this many is a suspicious one, the text is in no Western European language.
_STRANGE = 60

_SIGNS = CHARACTERS[SIGNS][1:-1]
#: Four accents or signs in a row, which no language has.
_MANY = re.compile(f"[{_SIGNS}]{{4}}")
_TWO = re.compile(f"[{_SIGNS}]{{2}}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_OTHER_LETTER = re.compile(f"[^\\W\\d_{_SIGNS}]")
_SOME = re.compile(f"[{_SIGNS}\xa0‚„…‹‘’“”•–—›]")
#: Accented letters of Central Europe and Turkey as they look in cp1252, inside or before words.
_AMONG_LETTERS = re.compile("[ðþýÐÞÝ]|[A-Za-z][¡-¿æêœèì][a-z]")


class Redecoding(NamedTuple):
    """The original encoding of a text, and the gain in bits from decoding it again."""

    encoding: str
    gain: float


class Line(NamedTuple):
    """A misread line: its span and its correct text."""

    start: int
    end: int
    after: str


def find(seen: Seen) -> tuple[Redecoding, list[Line]] | None:
    """The legacy encoding that a text, or a part of it, was in before it was read as cp1252, and the misread lines.

    None for correct text.
    """
    text = seen.text
    if text.isascii():
        return None
    if seen.screen.has_row(SIGNS, 4):
        foreign = "\n".join(line for _, line in _lines(text) if is_foreign(line))
        if _is_text(foreign) and (found := _better(foreign, latin=False)):
            # Once proven, the encoding also applies to short lines: a date, a name.
            lines = ((start, line) for start, line in _lines(text) if _TWO.search(line) and _has_signs(line))
            return found, list(_decoded(lines, found.encoding))
    if _is_strange(seen) and (found := _better(text, latin=True)):
        return found, list(_decoded(_lines(text), found.encoding))
    if latin := misread_latin.find(text):
        return Redecoding(*latin), list(_decoded(_lines(text), latin.encoding))
    return None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def is_foreign(line: str) -> bool:
    """Whether accents and signs make up half of a line or more, many of them in a row."""
    return bool(_MANY.search(line)) and _has_signs(line)


def _has_signs(line: str) -> bool:
    return len(_SOME.findall(line)) >= len(_OTHER_LETTER.findall(line))


def _is_text(text: str) -> bool:
    """Whether there are enough accents and signs, and enough different ones, to be words and not a list of letters."""
    signs = _SOME.findall(text)
    return len(signs) >= 12 and len(set(signs)) >= 8 and (len(signs) >= 30 or len(_MANY.findall(text)) >= 3)


def _is_strange(seen: Seen) -> bool:
    """Whether there are more suspicious letters and signs than in names, quotations or French text.

    Latin text has other letters, too.
    """
    if not seen.screen.has(ODD):
        return False
    sample = _sample(seen.text)
    strange = len(_AMONG_LETTERS.findall(sample))
    return strange > 0 and 0 < len(_OTHER_LETTER.findall(sample)) <= _STRANGE * strange


def _better(text: str, latin: bool) -> Redecoding | None:
    """The detected encoding of a sample's bytes, if it lowers the cost; with `latin`, only if most letters stay."""
    sample = _sample(text)
    content = _bytes(sample)
    found = detect(content) if content is not None else None
    if content is None or found is None:
        return None
    encoding = superset(found.encoding)
    read = content[found.skip :].decode(encoding, "replace")
    if read == sample or read.count("\ufffd") * _BROKEN > len(read) or not _reads(read):
        return None
    gain = letters.cost(sample) - letters.cost(read)
    changed = sum(a != b for a, b in zip(sample, read, strict=False))
    if latin and 2 * changed > len(_OTHER_LETTER.findall(sample)):
        return None
    ahead, least = (_LATIN_AHEAD, _LATIN_LEAST) if latin else (_AHEAD, _LEAST)
    if gain < max(least, ahead * changed):
        return None
    size = sum(2 if char > "\u2e80" else 1 for char in read)
    return Redecoding(encoding, gain) if letters.cost(read) <= _READABLE * size else None


#: At most one character in this many may be undecodable.
_BROKEN = 50


def _reads(read: str) -> bool:
    """Whether most characters are letters: vowel points alone are not Hebrew, private use characters not Chinese."""
    kinds = [letters.kind(char) for char in read if not char.isspace()]
    return sum(kind <= letters.UPPER for kind in kinds) >= 0.6 * len(kinds) and not _PRIVATE.search(read)


def _sample(text: str) -> str:
    """Words from the start of a text."""
    if len(text) <= SAMPLE:
        return text
    cut = text.rfind(" ", 0, SAMPLE)
    return text[: cut if cut > SAMPLE / 2 else SAMPLE]


def _bytes(text: str) -> bytes | None:
    """The bytes that were read as `text`; None if it has characters that no Western encoding has."""
    try:
        return misreading("western").to_bytes(text)
    except UnicodeEncodeError:
        return None


_FOREIGN = re.compile("([^\x00-\xff" + re.escape("".join(c for c in misreading("western").chars if c > "\xff")) + "]+)")


def _decoded(lines: Iterator[tuple[int, str]], encoding: str) -> Iterator[Line]:
    """Lines decoded again in `encoding`; characters that no Western encoding has are kept."""
    for start, line in lines:
        pieces = [_bytes(piece) or piece for piece in _FOREIGN.split(line)]
        read = "".join(piece.decode(encoding, "replace") if isinstance(piece, bytes) else piece for piece in pieces)
        if read != line and (read.count("\ufffd") - line.count("\ufffd")) * _BROKEN <= len(line):
            yield Line(start, start + len(line), read)
