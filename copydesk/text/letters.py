"""How well a text reads: what its characters cost, in bits, in the languages that it may be written in.

Within words a letter costs what it costs behind the letter before it (bigrams of each language, folded to lower case;
`training/letters.py` says where they come from). What is no letter costs by its kind and by the kind before it: a box
drawing or a control character is dear anywhere, a full stop is not. The differences are what counts: of two readings of
the same bytes, the cheaper one is the likelier.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.lexicon import arrays

Codes = NDArray[np.uint32]
Bits = NDArray[np.float32]

#: Kinds of characters. Letters come first; `LOWER` also holds letters of scripts without case.
KINDS = (
    "lower", "upper", "mark", "digit", "space", "plain", "typographic", "unusual", "symbol", "drawing", "control",
    "replaced",
)  # fmt: skip
LOWER, UPPER, MARK, DIGIT, SPACE, PLAIN, TYPOGRAPHIC, UNUSUAL, SYMBOL, DRAWING, CONTROL, REPLACED = range(len(KINDS))

# What a character of each kind costs at its cheapest, and how much more behind a letter. Set by hand.
_ALONE = np.array([0, 0, 5, 4, 2.5, 5, 7, 9, 11, 15, 17, 13], np.float32)
_BEHIND_LETTER = np.array([0, 0, 0, 5, 0, 0, 0, 5, 5, 3, 2, 2], np.float32)
#: The same character twice, where it is no letter: rows of dots and lines.
_AGAIN = 2.0
#: A letter behind a symbol, a drawing or a control character.
_LETTER_BEHIND = np.array([0, 0, 0, 5, 0, 1, 1, 5, 5, 5, 5, 3], np.float32)
#: Case: a capital at the start of a word, within capitals, within small letters; a small letter behind two capitals.
_CAPITAL_FIRST, _CAPITAL_AGAIN, _CAPITAL_INSIDE, _SMALL_INSIDE = 3.0, 1.0, 9.0, 7.0
#: A letter that the language does not write: of its script, and of another.
_FOREIGN, _FOREIGN_SCRIPT = 12.0, 15.0
#: A pair of letters that was never counted costs this much more than the letter itself.
_UNSEEN = 6.0

_TYPOGRAPHIC = frozenset("‘’“”–—…«»„‚‹›•·\u00a0\u202f、。，！？：；（）「」『』《》【】・ー،؛؟।¿¡")
_UNUSUAL = frozenset("§°€£©®™º²³½ª×±¼¾¢¥µ†‡‰№­\u200b\u200c\u200d\u200e\u200f\ufeff")


def _kind(char: str) -> int:
    if char in _TYPOGRAPHIC:
        return TYPOGRAPHIC
    if char in _UNUSUAL:
        return UNUSUAL
    if char == "\ufffd":
        return REPLACED
    category = unicodedata.category(char)
    if category in ("Lu", "Lt"):
        return UPPER
    if category[0] == "L":
        return LOWER
    if category[0] == "M":
        return MARK
    if category == "Nd":
        return DIGIT
    if char in " \n\t\r":
        return SPACE
    if char < "\x7f" and char >= " ":
        return PLAIN
    if category[0] == "C":
        return CONTROL
    return DRAWING if "\u2500" <= char <= "\u25ff" else SYMBOL


class _Unicode(NamedTuple):
    """By code point of the basic plane: the kind, the lower case, and the script as a small number."""

    kind: NDArray[np.uint8]
    lower: Codes
    script: NDArray[np.uint8]


#: The first code point of each script whose languages are known; blocks between them count to the one before.
_SCRIPTS = (0, 0x370, 0x400, 0x530, 0x590, 0x600, 0x700, 0x900, 0x980, 0xE00, 0xE80, 0x10A0, 0x1100, 0x1200,
            0x1E00, 0x1F00, 0x2000, 0x3040, 0x3100, 0xAC00, 0xD800, 0xFB1D, 0xFB50, 0xFE00)  # fmt: skip
_SAME_SCRIPT = {0x1E00: 0, 0x1F00: 0x370, 0xFB1D: 0x590, 0xFB50: 0x600, 0x1100: 0xAC00}


@cache
def _unicode() -> _Unicode:
    chars = [chr(code) for code in range(0x10000)]
    kind = np.array([_kind(char) for char in chars], np.uint8)
    lowered = (char.lower() for char in chars)
    lower = np.array([ord(low[0]) for low in lowered], np.uint32)
    numbers = [_SCRIPTS.index(_SAME_SCRIPT.get(start, start)) for start in _SCRIPTS]
    script = np.array(numbers, np.uint8)[np.searchsorted(_SCRIPTS, np.arange(0x10000), side="right") - 1]
    return _Unicode(kind, lower, script)


class _Language(NamedTuple):
    """`letters` in order, what each costs at the start of a word (`first`) and behind another (`pairs`); a place more
    than there are letters stands for what is none.
    """

    letters: Codes
    first: Bits
    pairs: Bits
    script: int


@cache
def _language(code: str) -> _Language:
    found = arrays("letters.npz")
    letters = found[f"{code}.letters"]
    size = len(letters)
    first = np.zeros(size + 1, np.float32)
    first[:size] = found[f"{code}.first"] / 10
    if f"{code}.pairs" in found:
        seen = found[f"{code}.pairs"]
        table = np.zeros((size + 1, size + 1), np.float32)
        unseen = np.minimum(first[:size] + _UNSEEN, 20)[None, :]
        table[:size, :size] = np.where(seen == 255, unseen, np.minimum(seen / 10, unseen))
        table[size, :size] = first[:size]
    else:
        table = np.broadcast_to(first, (size + 1, size + 1))
    return _Language(letters, first, table, int(_unicode().script[letters[size // 2]]))


@cache
def languages() -> tuple[str, ...]:
    """The languages whose letters are known, as ISO 639 codes; Sorani is `ckb`, Kurmanji `kmr`."""
    return tuple(str(code) for code in arrays("letters.npz")["languages"])


@cache
def _by_script() -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for code in languages():
        script = _language(code).script
        found[script] = (*found.get(script, ()), code)
    # Japanese writes the characters of Chinese between its own.
    kana, han = _unicode().script[0x3041], _unicode().script[0x4E00]
    both = tuple(dict.fromkeys(found.get(int(kana), ()) + found.get(int(han), ())))
    return {**found, int(kana): both, int(han): both}


class Reading:
    """A text prepared for being read in several languages."""

    def __init__(self, text: str) -> None:
        codes: Codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        within = np.minimum(codes, 0xFFFF)
        known = _unicode()
        self.size = len(codes)
        self.kind = known.kind[within]
        self.lower = known.lower[within]
        self.script = known.script[within]
        self.letter = self.kind <= UPPER
        behind = np.full(self.size, SPACE, np.uint8)
        behind[1:] = self.kind[:-1]
        before_that = np.full(self.size, SPACE, np.uint8)
        before_that[2:] = self.kind[:-2]
        other = _ALONE[self.kind] + np.where(behind <= UPPER, _BEHIND_LETTER[self.kind], np.float32(0))
        again = np.zeros(self.size, bool)
        again[1:] = codes[1:] == codes[:-1]
        other = np.where(again & ~self.letter, np.minimum(other, _AGAIN), other)
        capital = self.kind == UPPER
        case = np.where(
            capital,
            np.where(
                behind == UPPER, _CAPITAL_AGAIN, np.where(behind == LOWER, _CAPITAL_INSIDE, _CAPITAL_FIRST)
            ),
            np.where((behind == UPPER) & (before_that == UPPER) & (self.kind == LOWER), _SMALL_INSIDE, 0),
        )  # fmt: skip
        #: What does not depend on the language.
        self.base: Bits = np.where(self.letter, case + _LETTER_BEHIND[behind], other).astype(np.float32)

    def likely(self) -> tuple[str, ...]:
        """Languages written in the scripts that make up the text."""
        counts = np.bincount(self.script[self.letter], minlength=len(_SCRIPTS))
        if not counts.any():
            return ()
        enough = np.flatnonzero(counts >= max(1, 0.15 * counts.sum()))
        return tuple(dict.fromkeys(code for script in enough for code in _by_script().get(int(script), ())))

    def bits(self, language: str) -> Bits:
        """What each character costs in `language`, in bits."""
        known = _language(language)
        size = len(known.letters)
        place = np.searchsorted(known.letters, self.lower)
        place[place == size] = 0
        mine = self.letter & (known.letters[place] == self.lower)
        index = np.where(mine, place, size)
        before = np.full(self.size, size, np.int64)
        before[1:] = index[:-1]
        foreign = np.where(self.script == known.script, np.float32(_FOREIGN), np.float32(_FOREIGN_SCRIPT))
        cost = np.where(mine, known.pairs[before, index], np.where(self.letter, foreign, np.float32(0)))
        return np.asarray(self.base + cost, np.float32)

    def best(self, among: Iterable[str] | None = None) -> tuple[str | None, Bits]:
        """The language in which the text is cheapest, and what each character costs in it."""
        found: tuple[str | None, Any] = (None, None)
        least = np.inf
        for code in self.likely() if among is None else among:
            bits = self.bits(code)
            if (total := float(bits.sum())) < least:
                found, least = (code, bits), total
        if found[0] is None:
            return None, self.base + np.where(self.letter, np.float32(_FOREIGN_SCRIPT), np.float32(0))
        return found


def cost(text: str, among: Iterable[str] | None = None) -> float:
    """What `text` costs in the language that suits it best, in bits."""
    return float(Reading(text).best(among)[1].sum())


def kinds() -> NDArray[np.uint8]:
    """The kind of each code point of the basic plane: an index into `KINDS`."""
    return _unicode().kind
