"""Legacy encodings that were misread as Western European: `Ïðèâåò` is cp1251, `Ýstanbul` is cp1254.

Nothing in such text is malformed: any byte is some character in cp1252. What tells is that no language puts so many
accents and signs side by side, or such letters among its own. The bytes are put together again and given to the same
detection as those of a file; its answer counts if it makes the text read better by enough bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from copydesk.text import letters
from copydesk.text.encodings.charsets import detect, superset
from copydesk.text.mojibake.misreadings import misreading

#: Characters of a text that are tried.
SAMPLE = 400
#: Bits for each character that changes by which the text must read better, and the least for all together; of Latin
#: letters only few change, and they carry all of the evidence.
_AHEAD, _LEAST = 2.0, 40.0
_LATIN_AHEAD, _LATIN_LEAST = 4.0, 60.0
#: What reads well costs no more bits than this for each byte or so that it takes.
_READABLE = 6.5
#: One in so many letters is more than one language of Western Europe writes of those that look like another's.
_STRANGE = 60

_SIGNS = "\xa1-\xac\xae-\xff€ƒ†‡ˆ‰ŠŒŽ˜™šœžŸ\x80-\x9f"
#: Four accents or signs in succession, as no language has them.
_MANY = re.compile(f"[{_SIGNS}]{{4}}")
_TWO = re.compile(f"[{_SIGNS}]{{2}}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_OTHER_LETTER = re.compile(f"[^\\W\\d_{_SIGNS}]")
_SOME = re.compile(f"[{_SIGNS}\xa0‚„…‹‘’“”•–—›]")
#: What the accents of Central Europe and Turkey look like in cp1252, within or in front of words.
_AMONG_LETTERS = re.compile("[ðþýÐÞÝ]|[A-Za-z][¡-¿æêœèì][a-z]")


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
        if _is_text(foreign) and (found := _better(foreign, latin=False)):
            # What is proven holds for short lines too: a date, a name.
            lines = ((start, line) for start, line in _lines(text) if _TWO.search(line) and _has_signs(line))
            return found, list(_decoded(lines, found.encoding))
    if _is_strange(text) and (found := _better(text, latin=True)):
        return found, list(_decoded(_lines(text), found.encoding))
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


def _is_strange(text: str) -> bool:
    """Whether such letters and signs are more than names and quotations bring, or French circumflexes."""
    sample = _sample(text)
    return _STRANGE * len(_AMONG_LETTERS.findall(sample)) >= len(_OTHER_LETTER.findall(sample))


def _better(text: str, latin: bool) -> Legacy | None:
    """What the bytes of a sample are in, if they read better so; with `latin` only where most letters stay."""
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
    return Legacy(encoding, gain) if letters.cost(read) <= _READABLE * size else None


#: Characters that cannot be read in an encoding may be one in so many.
_BROKEN = 50


def _reads(read: str) -> bool:
    """Whether most of a reading is letters: vowel points by themselves are no Hebrew, private characters no Chinese."""
    kinds = [letters.kind(char) for char in read if not char.isspace()]
    return sum(kind <= letters.UPPER for kind in kinds) >= 0.6 * len(kinds) and not _PRIVATE.search(read)


def _sample(text: str) -> str:
    """Words from the start of a text."""
    if len(text) <= SAMPLE:
        return text
    cut = text.rfind(" ", 0, SAMPLE)
    return text[: cut if cut > SAMPLE / 2 else SAMPLE]


def _bytes(text: str) -> bytes | None:
    """The bytes that were read as `text`; None where it holds characters of no Western encoding."""
    try:
        return misreading("western").to_bytes(text)
    except UnicodeEncodeError:
        return None


_FOREIGN = re.compile("([^\x00-\xff" + re.escape("".join(c for c in misreading("western").chars if c > "\xff")) + "]+)")


def _decoded(lines: Iterator[tuple[int, str]], encoding: str) -> Iterator[Line]:
    """Lines as they read in `encoding`; characters of no Western encoding stay."""
    for start, line in lines:
        pieces = [_bytes(piece) or piece for piece in _FOREIGN.split(line)]
        read = "".join(piece.decode(encoding, "replace") if isinstance(piece, bytes) else piece for piece in pieces)
        if read != line and (read.count("\ufffd") - line.count("\ufffd")) * _BROKEN <= len(line):
            yield Line(start, start + len(line), read)
