"""Indicator pairs: pairs of characters that indicate a misreading, since correct text rarely has them side by side.

A text is searched once for all misreadings. Correct text has almost none of these pairs and needs no further work.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text import letters
from copydesk.text.mojibake.misreadings import NAMES, misreading
from copydesk.text.screen import Screen

#: Characters searched at a time, to bound memory.
_CHUNK = 1 << 20
#: Table drawing: characters that join a horizontal line from the right, and blocks that occur in rows.
_HORIZONTAL, _JOINS_ON, _BLOCKS = "─═", "┤┐│╗╣║╕╖╡╢╝╜╛┘", "█▄▀▌▐"
_OPENING = "„‚‹¡¿"
_ASCII_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Indicators(NamedTuple):
    """The indicator pairs of one misreading: the offsets of their first characters, in order."""

    places: list[int]

    def within(self, start: int, end: int) -> bool:
        """Whether a pair is inside a run or crosses one of its edges."""
        at = bisect_left(self.places, start - 1)
        return at < len(self.places) and self.places[at] < end

    def between(self, start: int, end: int) -> list[int]:
        """The offsets from `start` up to `end`."""
        return self.places[bisect_left(self.places, start) : bisect_left(self.places, end)]


class Seen:
    """A text as it stands between two repairs, with what several of them look at."""

    def __init__(self, text: str, screen: Screen | None = None) -> None:
        self.text = text
        self.screen = screen or Screen(text)

    @cached_property
    def indicated(self) -> dict[str, Indicators]:
        return indicators(self.text)


def indicators(text: str) -> dict[str, Indicators]:
    """The misreadings that a pair in `text` indicates, with these pairs. ASCII alone indicates none."""
    table = _table()
    places: list[NDArray[np.int64]] = []
    marks: list[NDArray[np.uint32]] = []
    for start in range(0, len(text), _CHUNK):
        piece = text[start : start + _CHUNK + 1]
        codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)
        foreign = codes > 0x7F
        pairs = np.flatnonzero(foreign[:-1] | foreign[1:])
        index = table.place.take(codes, mode="clip")
        both = index.take(pairs) * table.size + index.take(pairs + 1)
        at = np.flatnonzero(table.any.take(both))
        places.append(pairs[at] + start)
        marks.append(table.misreadings.take(both[at]))
    if not any(map(len, places)):
        return {}
    where, which = np.concatenate(places), np.concatenate(marks)
    every = int(np.bitwise_or.reduce(which))
    return {
        name: Indicators(where[which & np.uint32(1 << bit) > 0].tolist())
        for bit, name in enumerate(NAMES)
        if every & (1 << bit)
    }


class _Table(NamedTuple):
    """`place` maps a code point to the index of a relevant character, else 0. A pair of these, as `first * size +
    second`, has a set of `misreadings` in bits, which is not empty if `any`.
    """

    place: NDArray[np.int32]
    size: int
    misreadings: NDArray[np.uint32]
    any: NDArray[np.bool_]


@cache
def _table() -> _Table:
    all_of_them = [misreading(name) for name in NAMES]
    chars = "".join(sorted({c for one in all_of_them for c in one.leads | one.conts} | set(_ASCII_LETTERS)))
    place = np.zeros(0x10000, np.int32)
    place[[ord(c) for c in chars]] = np.arange(1, len(chars) + 1)
    odd = _odd(chars)
    small, capital = np.array([c.islower() for c in chars]), np.array([c.isupper() for c in chars])
    ascii_letter = np.array([c in _ASCII_LETTERS for c in chars])
    letter = np.array([letters.kind(c) <= letters.UPPER for c in chars])
    latin = letter & np.array([letters.is_of_script(c, "en") for c in chars])
    marks = np.zeros((len(chars) + 1, len(chars) + 1), np.uint32)
    for bit, one in enumerate(all_of_them):
        lead, cont = (np.array([c in some for c in chars]) for some in (one.leads, one.conts))
        indicates = odd & (lead | cont)[:, None] & cont[None, :]
        # Inside a word of Latin letters: a letter of another script, a capital.
        indicates |= ascii_letter[:, None] & (lead & letter & ~latin)[None, :]
        indicates |= (cont & letter & ~latin)[:, None] & (ascii_letter & small)[None, :]
        indicates |= (ascii_letter & small)[:, None] & (lead & latin & capital & ~ascii_letter)[None, :]
        # A quotation mark, a dash (E2 80 xx) or the euro sign (E2 82 AC).
        indicates[chars.index(one.chars[0xE2]), [chars.index(one.chars[byte]) for byte in (0x80, 0x82)]] = True
        marks[1:, 1:] |= indicates.astype(np.uint32) << np.uint32(bit)
    return _Table(place, len(marks), marks.ravel(), marks.ravel() > 0)


def _odd(chars: str) -> NDArray[np.bool_]:
    """Matrix over `chars`: whether the second character is unusual after the first."""
    kinds = np.array([letters.kind(c) for c in chars])
    letter = kinds <= letters.UPPER

    def of_kind(kind: int) -> Any:
        return kinds == kind

    def one_of(some: str) -> Any:
        return np.array([c in some for c in chars])

    def pair(first: Any, second: Any) -> Any:
        return first[:, None] & second[None, :]

    anything = np.ones(len(chars), bool)
    drawing, typographic, control = map(of_kind, (letters.DRAWING, letters.TYPOGRAPHIC, letters.CONTROL))
    # A sign such as © or ² is unusual after an accented letter, and a letter after a sign.
    ascii_char = np.array([c.isascii() for c in chars])
    odd = ~pair(ascii_char, ascii_char)
    odd &= ~pair(typographic, ~of_kind(letters.SYMBOL))
    odd &= ~pair(letter, typographic & ~one_of(_OPENING))
    odd |= pair(drawing, anything) | pair(anything, drawing)
    odd &= ~(pair(one_of(_HORIZONTAL), one_of(_JOINS_ON)) | pair(one_of(_BLOCKS), drawing))
    mark, joiner = of_kind(letters.MARK), one_of("\u200b\u200c\u200d\u200e\u200f")
    odd &= ~(pair(letter | mark, mark) | pair(mark, letter | typographic))
    odd &= ~(pair(joiner, anything) | pair(anything, joiner))
    odd |= pair(control, anything) | pair(anything, control)
    return np.where(pair(letter, letter), letters.rare_pairs(chars), odd)
