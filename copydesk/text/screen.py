"""A look at the characters of a text that tells which rules can find nothing in it.

Each rule looks for characters of its own, and most texts have hardly any of them. Searching a text once for each rule
took most of the time of the repair step; looking up the kinds of all its characters takes as long as copying it twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, reduce
from itertools import accumulate
from operator import or_

import numpy as np
from numpy.typing import NDArray

#: Kinds of characters, each a bit. A character may be of several.
(
    NOT_ASCII, SUSPECT, ESCAPES, ENTITIES, TAGS, CONTROLS, INVISIBLE, TICKS, LOST, DIVISIONS, COMPOSING, SIGNS, LEADS,
    CONTINUATIONS, LATIN, LIGATURES, ODD, GREEK_CYRILLIC, WIDE, FORMS, VISUAL, ARABIC_YEH_KAF, PERSIAN_LETTERS,
    KURDISH_LETTERS, QUOTES, CURLED, ODD_SPACES, FULL_WIDTH,
) = (1 << bit for bit in range(28))  # fmt: skip
#: Of what is not known of a text.
EVERY = (1 << 28) - 1

_MATHS = "\U0001d400-\U0001d7ff"
#: The characters of each kind, as a class of a regular expression.
CHARACTERS = {
    NOT_ASCII: r"[^\x00-\x7f]",
    # Beyond the signs of good typesetting, no two of which are a misread character.
    SUSPECT: "[^\x00-\x7f‘’“”–—…\xa0]",
    ESCAPES: r"[\\%<=+]",
    ENTITIES: "[&;]",
    TAGS: "<",
    CONTROLS: "[\x00-\x08\x0b\x0c\x0e-\x1f]",
    INVISIBLE: (
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
    ),
    TICKS: "[`´′ʼ\uff07]",
    LOST: "[?\ufffd]",
    DIVISIONS: "¬",
    # What cp1252 makes of bytes beyond ASCII, but for spaces and the punctuation of correct text.
    SIGNS: "[\xa1-\xac\xae-\xff€ƒ†‡ˆ‰Š‹ŒŽ˜™šœžŸ\x80-\x9f]",
    # What Western encodings, and two of Central Europe, make of the first byte of a character in UTF-8.
    LEADS: "[\xc2-\xf4ĂĹ]",
    # What cp1252 makes of the others, and what stands for one that was lost.
    CONTINUATIONS: "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\ufffd]",
    LATIN: "[A-Za-z\xc0-\u024f]",
    LIGATURES: "[\ufb00-\ufb04]",
    # Letters of Icelandic, French and few others, and signs: rare in Western text, frequent where it was misread.
    ODD: "[ðþýÐÞÝ\xa1-\xbfæêœèì]",
    GREEK_CYRILLIC: "[\u0370-\u052f]",
    # Chinese, Japanese, Korean.
    WIDE: "[\u3400-\ud7a3\uff61-\uff9f]",
    # Ligatures, presentation forms, hyphens and letters of mathematics that stand for usual characters.
    FORMS: (
        "[\u1d00-\u1d22\u2010\u2011\u24b6-\u24e9\u2f00-\u2fd5\ufb00-\ufb06\ufb20-\ufb29\ufb4f\ufb50-\ufdf1\ufe70-\ufefc"
        f"\uff21-\uff5a\uff66-\uff9f{_MATHS}]"
    ),
    VISUAL: "[א-ת\ufe80-\ufefc]",
    ARABIC_YEH_KAF: "[\u064a\u0643]",
    PERSIAN_LETTERS: "[پچژگ]",
    KURDISH_LETTERS: "[ێۆڕڵ]",
    QUOTES: "['\"]",
    CURLED: "[‘’‚‛“”„‟]",
    ODD_SPACES: "[\t\r\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]",
    # Chinese characters, kana and what stands beside them.
    FULL_WIDTH: "[\u3001-\u30ff\u3400-\u9fff\uff00-\uffef]",
}

_SPACE = 1 << 31
_ASCII_WORD = re.compile(r"[^\x00-\x20]+")
#: Characters looked up at a time, to bound memory.
_CHUNK = 1 << 20
_BASIC_PLANE = 0x10000

Kinds = NDArray[np.uint32]


class Screen:
    """The kinds of the characters of a text; `found` is the union of all."""

    def __init__(self, text: str, kinds: Kinds | None = None, found: int | None = None) -> None:
        """`kinds` are those of the characters of a text of at most `_CHUNK`, and `found` their union, if known."""
        self.text = text
        self._first = _kinds(text[: _CHUNK + 1]) if kinds is None else kinds
        self.found = _union(self._chunks()) if found is None else found

    def has(self, kind: int) -> bool:
        """Whether the text has a character of one of the kinds."""
        return self.found & kind != 0

    def has_pair(self, first: int, second: int) -> bool:
        """Whether a character of the kind `second` stands behind one of the kind `first`."""
        return (
            self.has(first)
            and self.has(second)
            and any(bool((kinds[1:][np.flatnonzero(kinds[:-1] & first)] & second).any()) for kinds in self._chunks())
        )

    def has_row(self, kind: int, length: int) -> bool:
        """Whether so many characters of the kind, 2 to 64, stand side by side."""
        if not self.has(kind):
            return False
        for start in range(0, len(self.text), _CHUNK):
            kinds = _kinds(self.text[start : start + _CHUNK + 64]) if len(self.text) > _CHUNK else self._first
            places = np.flatnonzero(kinds & kind)
            if bool((places[length - 1 :] - places[: 1 - length] == length - 1).any()):
                return True
        return False

    def words_with(self, kind: int) -> Iterator[tuple[int, int]]:
        """The words, divided by ASCII spaces and control characters, that have a character of the kind."""
        if len(self.text) > _CHUNK:
            yield from (match.span() for match in _ASCII_WORD.finditer(self.text))
            return
        spaces = np.concatenate(([-1], np.flatnonzero(self._first & _SPACE), [len(self.text)]))
        behind = np.unique(np.searchsorted(spaces, np.flatnonzero(self._first & kind)))
        yield from zip((spaces[behind - 1] + 1).tolist(), spaces[behind].tolist(), strict=True)

    def _chunks(self) -> Iterator[Kinds]:
        """The kinds of all characters, by chunk; each chunk begins with the last character of the one before."""
        yield self._first
        for start in range(_CHUNK, len(self.text), _CHUNK):
            yield _kinds(self.text[start : start + _CHUNK + 1])


def screens(texts: Sequence[str]) -> list[Screen]:
    """The screen of each text. Those of many short texts are made together, in a fraction of the time."""
    ends = [*accumulate(len(text) + 1 for text in texts)]
    if not texts or ends[-1] > _CHUNK:
        return [*map(Screen, texts)]
    kinds = _kinds("\n".join([*texts, ""]))
    starts = [0, *ends[:-1]]
    found = np.bitwise_or.reduceat(kinds, starts).tolist()
    return [
        Screen(text, kinds[start : start + len(text)], union & ~_SPACE)
        for text, start, union in zip(texts, starts, found, strict=True)
    ]


def _union(chunks: Iterable[Kinds]) -> int:
    return reduce(or_, (int(np.bitwise_or.reduce(kinds)) for kinds in chunks)) & ~_SPACE


def _kinds(text: str) -> Kinds:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _table().take(codes, mode="clip")


@cache
def _table() -> Kinds:
    """The kinds of each code point of the basic plane; the last is of all kinds that characters beyond it are of."""
    table = np.zeros(_BASIC_PLANE, np.uint32)
    every = np.arange(_BASIC_PLANE, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for kind, characters in CHARACTERS.items():
        for match in re.finditer(f"{characters}+", every):
            table[match.start() : match.end()] |= kind
    table[:0x21] |= _SPACE
    table[list(_composing())] |= COMPOSING
    table[-1] |= NOT_ASCII | SUSPECT | FORMS | COMPOSING
    return table


def _composing() -> Iterator[int]:
    """The characters of which a text has one if it is not in Unicode form NFC (UAX #15): those whose `NFC_Quick_Check`
    is not `Yes`, and marks, whose order matters. Chinese characters and Hangul syllables are none of them.
    """
    first_and_second = (0x1161, 0x1176), (0x11A8, 0x11C3)  # vowels and last consonants of Hangul
    for start, end in first_and_second:
        yield from range(start, end)
    for code in (*range(0x300, 0x3400), *range(0xA000, 0xAC00), *range(0xF900, _BASIC_PLANE)):
        char = chr(code)
        decomposed = unicodedata.decomposition(char)
        if unicodedata.combining(char) or not unicodedata.is_normalized("NFC", char):
            yield code
        elif decomposed and decomposed[0] != "<":
            parts = decomposed.split()
            yield from (int(part, 16) for part in parts[1:])
