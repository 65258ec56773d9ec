"""Legacy encodings that were misread as Western European: `Ïðèâåò` is cp1251, `Ýstanbul` is cp1254.

Nothing in such text is malformed: any byte is some character in cp1252. What tells is that no language puts so many
accents and signs side by side. Every encoding that the bytes can be in is tried, and the one is taken in which they
read best, if it is far ahead of all others and of the text as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from copydesk.text import letters
from copydesk.text.mojibake.misreadings import Misreading, misreading

#: Encodings tried, by what is in them: scripts of their own, and Latin letters of which only some differ from cp1252's.
FOREIGN = (
    "cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac_cyrillic", "cp1253", "iso8859-7", "cp1255", "cp1256",
    "iso8859-6", "cp874", "gb18030", "big5", "cp932", "euc_jp", "cp949",
)  # fmt: skip
LATIN = ("cp1250", "iso8859-2", "cp1254", "cp1257")
#: Bits against encodings that hardly anyone wrote.
_RARE = {"mac_cyrillic": 15, "iso8859-5": 6, "koi8-u": 2, "iso8859-7": 2, "iso8859-6": 6, "cp1257": 6}
#: Characters of a text that are tried.
SAMPLE = 400
#: Bits for each character outside ASCII by which the best reading must be ahead of the text as it stands, and the least
#: for all together; then bits for each character, and for each that differs, by which it must be ahead of other
#: readings.
_AHEAD, _LEAST = 2.0, 40.0
_AHEAD_OF_OTHERS, _AHEAD_WHERE_THEY_DIFFER = 0.25, 2.5
#: Among Latin letters only few differ, and they carry all of the evidence.
_LATIN_AHEAD, _LATIN_LEAST = 4.0, 60.0

#: What reads well costs no more bits than this for each byte or so that it takes.
_READABLE = 6.5
_SIGNS = "\xa1-\xac\xae-\xff€ƒ†‡ˆ‰ŠŒŽ˜™šœžŸ\x80-\x9f"
#: Four accents or signs in succession, as no language has them.
_MANY = re.compile(f"[{_SIGNS}]{{4}}")
_TWO = re.compile(f"[{_SIGNS}]{{2}}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_OTHER_LETTER = re.compile(f"[^\\W\\d_{_SIGNS}]")
_SOME = re.compile(f"[{_SIGNS}\xa0‚„…‹‘’“”•–—›]")
#: Signs and letters of Iceland within or in front of words: Turkish, Polish and their neighbours.
_AMONG_LETTERS = re.compile("[ðþýÐÞÝ]|[A-Za-z][¡-¿æêœ][a-z]")
_WORD = re.compile(r"\S+")


class Legacy(NamedTuple):
    """The encoding that a text is in, and by how many bits that reads better."""

    encoding: str
    gain: float


class Line(NamedTuple):
    """A line that was misread: where it stands and what it was."""

    start: int
    end: int
    after: str


def find(text: str) -> tuple[Legacy, list[Line]] | None:
    """The legacy encoding that `text`, or some of its lines, was in before it was read as cp1252, and those lines.

    None for sound text.
    """
    if text.isascii():
        return None
    if _MANY.search(text):
        foreign = "\n".join(line for _, line in _lines(text) if is_foreign(line))
        if _is_text(foreign) and (found := _best(foreign, FOREIGN, _AHEAD, _LEAST)):
            # What is proven holds for short lines too: a date, a name.
            lines = [(start, line) for start, line in _lines(text) if _TWO.search(line) and _has_signs(line)]
            return found, list(_decoded(lines, found.encoding))
    if _AMONG_LETTERS.search(text) and (found := _best(text, LATIN, _LATIN_AHEAD, _LATIN_LEAST)):
        return found, list(_decoded(list(_lines(text)), found.encoding))
    return None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def is_foreign(line: str) -> bool:
    """Whether accents and signs make up half of a line and more, many of them side by side."""
    return bool(_MANY.search(line)) and _has_signs(line)


def _has_signs(line: str) -> bool:
    return len(_SOME.findall(line)) >= len(_OTHER_LETTER.findall(line))


def _is_text(text: str) -> bool:
    """Whether accents and signs are so many, and so many different ones, that they can be words: no list of letters."""
    signs = _SOME.findall(text)
    return len(signs) >= 12 and len(set(signs)) >= 8 and (len(signs) >= 30 or len(_MANY.findall(text)) >= 3)


def _reads(read: str) -> bool:
    """Whether most of a reading is letters: vowel points by themselves are no Hebrew, private characters no Chinese."""
    kinds = [letters.kind(char) for char in read if not char.isspace()]
    return sum(kind <= letters.UPPER for kind in kinds) >= 0.6 * len(kinds) and not _PRIVATE.search(read)


def _best(text: str, encodings: tuple[str, ...], ahead: float, least: float) -> Legacy | None:
    western = misreading("western")
    sample = _sample(text)
    signs = len(_SOME.findall(sample))
    costs: dict[str, float] = {}
    readings: dict[str, str] = {}
    for encoding in encodings:
        read = decode(sample, encoding, western)
        if read is not None and read != sample and _reads(read):
            readings[encoding] = read
            costs[encoding] = letters.cost(read) + _RARE.get(encoding, 0)
    if not costs:
        return None
    best = min(costs, key=lambda encoding: costs[encoding])
    gain = letters.cost(sample) - costs[best]
    if encodings is LATIN:  # only what changes is evidence
        signs = sum(a != b for a, b in zip(sample, readings[best], strict=True))
    if gain < max(least, ahead * signs):
        return None
    if costs[best] > _READABLE * sum(2 if char > "\u2e80" else 1 for char in readings[best]):
        return None
    for encoding, cost in costs.items():
        if readings[encoding] != readings[best] and cost - costs[best] < _margin(readings[best], readings[encoding]):
            return None
    return Legacy(best, gain)


def _margin(one: str, other: str) -> float:
    """By how many bits a reading must be ahead of another: by less where they differ in few characters only."""
    if len(one) != len(other):
        return _AHEAD_OF_OTHERS * len(one)
    differ = sum(a != b for a, b in zip(one, other, strict=True))
    return min(_AHEAD_OF_OTHERS * len(one), _AHEAD_WHERE_THEY_DIFFER * differ)


def _sample(text: str) -> str:
    """Words with signs, as many as a sample holds, from the start."""
    if len(text) <= SAMPLE:
        return text
    cut = text.rfind(" ", 0, SAMPLE)
    return text[: cut if cut > SAMPLE / 2 else SAMPLE]


#: Characters that cannot be read in an encoding may be one in so many.
_BROKEN = 50


def decode(text: str, encoding: str, western: Misreading) -> str | None:
    """`text` as it reads in `encoding`; None where it cannot be that. What is in no Western encoding stays."""
    parts: list[str] = []
    broken = text.count("\ufffd")
    for piece in re.split("([^\x00-\xff" + _WESTERN + "]+)", text):
        try:
            content = western.to_bytes(piece)
        except UnicodeEncodeError:
            parts.append(piece)
            continue
        read = content.decode(encoding, "replace")
        broken += read.count("\ufffd")
        parts.append(read)
    if broken * _BROKEN > len(text):
        return None
    return "".join(parts)


_WESTERN = re.escape("".join(char for char in misreading("western").chars if char > "\xff"))


def _decoded(lines: list[tuple[int, str]], encoding: str) -> Iterator[Line]:
    western = misreading("western")
    for start, line in lines:
        read = decode(line, encoding, western)
        if read is not None and read != line:
            yield Line(start, start + len(line), read)
