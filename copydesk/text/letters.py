"""A character model: the cost of a text in bits, in each language that it may be written in.

Inside words, the cost of a letter depends on the letter before it (bigrams of each language, folded to lower case; for
their origin see `training/letters.py`). Other characters cost by their kind and the kind before: a box drawing or a
control character is expensive anywhere, a full stop is not. Only differences matter: of two decodings of the same
bytes, the cheaper one is likelier.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.data.lists import arrays

Codes = NDArray[np.uint32]
Bits = NDArray[np.float32]

_BASIC_PLANE = np.arange(0x10000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")

#: Kinds of characters. Letters come first; `LOWER` also holds letters of scripts without case.
KINDS = (
    "lower", "upper", "mark", "digit", "space", "plain", "typographic", "unusual", "symbol", "drawing", "control",
    "replaced",
)  # fmt: skip
LOWER, UPPER, MARK, DIGIT, SPACE, PLAIN, TYPOGRAPHIC, UNUSUAL, SYMBOL, DRAWING, CONTROL, REPLACED = range(len(KINDS))

# The minimum cost of a character of each kind, and the extra cost after a letter. Set by hand.
_ALONE = np.array([0, 0, 5, 4, 2.5, 5, 7, 9, 11, 15, 17, 13], np.float32)
_BEHIND_LETTER = np.array([0, 0, 0, 5, 0, 0, 0, 5, 5, 3, 2, 2], np.float32)
#: Cost of a sign after an unusual one.
_SIGN_BEHIND_SIGN = 3.0
#: Cost of a repeated character that is not a letter: rows of dots and lines.
_AGAIN = 2.0
#: Cost of a letter after a symbol, a drawing or a control character.
_LETTER_BEHIND = np.array([0, 0, 0, 5, 0, 1, 1, 5, 8, 8, 8, 3], np.float32)
#: Cost of case: a capital at the start of a word, among capitals, among small letters; a small letter after two
#: capitals.
_CAPITAL_FIRST, _CAPITAL_AGAIN, _CAPITAL_INSIDE, _SMALL_INSIDE = 3.0, 1.0, 9.0, 7.0
#: Cost of a letter that the language does not use: of its script, and of another.
_FOREIGN, _FOREIGN_SCRIPT = 12.0, 15.0
_FOREIGN_SCRIPT_TENTHS = round(10 * _FOREIGN_SCRIPT)
#: Extra cost of a pair of letters that was never counted.
_UNSEEN = 6.0

_TYPOGRAPHIC = "‘’“”–—…«»„‚‹›•·\u00a0\u202f、。，！？：；（）「」『』《》【】・ー،؛؟।¿¡"
_UNUSUAL = "§°€£©®™º²³½ª×±¼¾¢¥µ†‡‰№\xad\ufeff"


def kind(char: str) -> int:
    """The index of a character's kind in `KINDS`."""
    return _of_basic_plane()[ord(char)] if char < "\U00010000" else _of_category(unicodedata.category(char))


def _of_category(category: str) -> int:
    if category[0] == "L":
        return UPPER if category in ("Lu", "Lt") else LOWER
    return DIGIT if category == "Nd" else {"M": MARK, "C": CONTROL}.get(category[0], SYMBOL)


@cache
def _of_basic_plane() -> bytes:
    """The kind of each code point of the basic plane."""
    found = {category: _of_category(category) for category in set(map(unicodedata.category, _BASIC_PLANE))}
    table = np.array([found[category] for category in map(unicodedata.category, _BASIC_PLANE)], np.uint8)
    for number, characters in (
        (SYMBOL, map(chr, range(0x300, 0x370))),  # combining accents; composed text has none
        (MARK, map(chr, range(0x200B, 0x2010))),
        (PLAIN, filter(lambda char: table[ord(char)] == SYMBOL, map(chr, range(0x20, 0x7F)))),
        (DRAWING, filter(lambda char: table[ord(char)] == SYMBOL, map(chr, range(0x2500, 0x2600)))),
        (SPACE, " \n\t\r"),
        (REPLACED, "\ufffd"),
        (UNUSUAL, _UNUSUAL),
        (TYPOGRAPHIC, _TYPOGRAPHIC),
    ):
        table[list(map(ord, characters))] = number
    return table.tobytes()


class _Unicode(NamedTuple):
    """Kind, lower case and script number of each code point of the basic plane."""

    kind: NDArray[np.uint8]
    lower: NDArray[np.intp]
    script: NDArray[np.uint8]


#: The first code point of each known script; blocks between them belong to the one before.
_SCRIPTS = (0, 0x370, 0x400, 0x530, 0x590, 0x600, 0x700, 0x900, 0x980, 0xE00, 0xE80, 0x10A0, 0x1100, 0x1200,
            0x1E00, 0x1F00, 0x2000, 0x3040, 0x3100, 0xAC00, 0xD800, 0xFB00, 0xFB1D, 0xFB50, 0xFE00)  # fmt: skip
_SAME_SCRIPT = {0x1E00: 0, 0xFB00: 0, 0x1F00: 0x370, 0xFB1D: 0x590, 0xFB50: 0x600, 0x1100: 0xAC00}


@cache
def _unicode() -> _Unicode:
    # Only İ gets longer in lower case, and then its first letter counts.
    lowered = _BASIC_PLANE.replace("İ", "i").lower().encode("utf-32-le", "surrogatepass")
    lower = np.frombuffer(lowered, np.uint32).astype(np.intp)
    numbers = [_SCRIPTS.index(_SAME_SCRIPT.get(start, start)) for start in _SCRIPTS]
    script = np.array(numbers, np.uint8)[np.searchsorted(_SCRIPTS, np.arange(0x10000), side="right") - 1]
    return _Unicode(np.frombuffer(_of_basic_plane(), np.uint8), lower, script)


class _Language(NamedTuple):
    """`letters` in order, their cost at the start of a word (`first`) and after another (`pairs`; `first` alone where
    pairs were not counted); one further index stands for non-letters. `place` maps each code point to its index, up to
    the first one behind the letters, which stands for all others (`take` with the mode `clip`).
    """

    letters: Codes
    place: NDArray[np.uint16]
    first: Bits
    pairs: Bits
    script: int


def _places(letters: Codes) -> NDArray[np.uint16]:
    place = np.full(int(letters.max(initial=0)) + 2, len(letters), np.uint16)
    place[letters] = np.arange(len(letters))
    return place


#: Chinese, Japanese and Korean, whose pairs are not counted.
_ALONE_ONLY = frozenset({"zh", "ja", "ko"})


class _Counted(NamedTuple):
    """`letters` of a language in order, their cost at the start of a word (`first`) and after another (`pairs`, where
    they are counted), in tenths of a bit; 255 stands for a pair that was never seen.
    """

    letters: Codes
    first: NDArray[np.uint8]
    pairs: NDArray[np.uint8] | None


@cache
def _counted() -> dict[str, _Counted]:
    found = arrays("letters.npz")
    languages: dict[str, _Counted] = {}
    letter = pair = 0
    for code, size in zip(found["languages"].tolist(), found["sizes"].tolist(), strict=True):
        own, pairs = slice(letter, letter + size), None
        if code not in _ALONE_ONLY:
            pairs = found["pairs"][pair : pair + size * size].reshape(size, size)
            pair += size * size
        languages[code] = _Counted(found["letters"][own], found["first"][own], pairs)
        letter += size
    return languages


@cache
def _language(code: str) -> _Language:
    letters, tenths, seen = _counted()[code]
    size = len(letters)
    first = np.zeros(size + 1, np.float32)
    first[:size] = tenths / 10
    if seen is not None:
        table = np.zeros((size + 1, size + 1), np.float32)
        unseen = np.minimum(first[:size] + _UNSEEN, 20)[None, :]
        table[:size, :size] = np.where(seen == 255, unseen, np.minimum(seen / 10, unseen))
        table[size, :size] = first[:size]
    else:
        table = first[None, :]
    return _Language(letters, _places(letters), first, table, int(_unicode().script[letters[size // 2]]))


@cache
def languages() -> tuple[str, ...]:
    """The languages with letter statistics, as ISO 639 codes; Sorani is `ckb`, Kurmanji `kmr`."""
    return tuple(_counted())


@cache
def _by_script() -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for code in languages():
        script = _language(code).script
        found[script] = (*found.get(script, ()), code)
    # Japanese mixes Chinese characters with its own.
    kana, han = _unicode().script[0x3041], _unicode().script[0x4E00]
    both = tuple(dict.fromkeys(found.get(int(kana), ()) + found.get(int(han), ())))
    return {**found, int(kana): both, int(han): both}


@cache
def _bases() -> Bits:
    """The cost of a character by whether the one two places before is a capital, the kind of the one before, its own
    kind, and whether it is the one before again; flat.
    """
    capital_before, behind, kind, again = np.indices((2, len(KINDS), len(KINDS), 2))
    letter = kind <= UPPER
    other = _ALONE[kind] + np.where(behind <= UPPER, _BEHIND_LETTER[kind], np.float32(0))
    odd = (kind >= UNUSUAL) & (behind >= SYMBOL)
    other = other + np.where(odd, np.float32(_SIGN_BEHIND_SIGN), np.float32(0))
    other = np.where((again == 1) & ~letter, np.minimum(other, _AGAIN), other)
    case = np.where(
        kind == UPPER,
        np.where(behind == UPPER, _CAPITAL_AGAIN, np.where(behind == LOWER, _CAPITAL_INSIDE, _CAPITAL_FIRST)),
        np.where((behind == UPPER) & (capital_before == 1) & (kind == LOWER), _SMALL_INSIDE, 0),
    )
    return np.asarray(np.where(letter, case + _LETTER_BEHIND[behind], other), np.float32).ravel()


class Reading:
    """A text prepared for computing its cost in several languages."""

    def __init__(self, text: str) -> None:
        codes: Codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        within = np.minimum(codes, 0xFFFF).astype(np.intp)
        known = _unicode()
        self.size = len(codes)
        self._codes = codes
        self.kind = known.kind.take(within)
        self.lower = known.lower.take(within)
        self.script = known.script.take(within)
        self.letter = self.kind <= UPPER

    @cached_property
    def base(self) -> Bits:
        """The cost of each character that does not depend on the language."""
        state = self.kind.astype(np.intp) * 2
        state[1:] += self._codes[1:] == self._codes[:-1]
        behind = np.full(self.size, SPACE, np.uint8)
        behind[1:] = self.kind[:-1]
        state += behind.astype(np.intp) * (2 * len(KINDS))
        state[2:] += (self.kind[:-2] == UPPER) * (2 * len(KINDS) ** 2)
        found: Bits = _bases()[state]
        return found

    def likely(self) -> tuple[str, ...]:
        """The languages of the scripts in the text."""
        return tuple(dict.fromkeys(code for script in self._scripts() for code in _by_script()[script]))

    def _scripts(self) -> list[int]:
        counts = np.bincount(self.script[self.letter]).tolist()
        enough, known = max(1, 0.15 * sum(counts)), _by_script()
        return [number for number, count in enumerate(counts) if count >= enough and number in known]

    def legible(self) -> float:
        """The share of letters that some known language uses; 1 without letters."""
        mine = self.lower[self.letter]
        return float(_written()[mine].mean()) if len(mine) else 1.0

    def bits(self, language: str) -> Bits:
        """The cost of each character in `language`, in bits."""
        known = _language(language)
        size = len(known.letters)
        index = known.place.take(self.lower, mode="clip")
        cost = known.pairs.take(_pairs(index, size) if len(known.pairs) > 1 else index)
        strange = np.flatnonzero(self.letter & (index == size))
        if len(strange):
            cost[strange] = np.where(self.script[strange] == known.script, _FOREIGN, _FOREIGN_SCRIPT)
        cost += self.base
        return cost

    def best(self) -> tuple[str | None, Bits]:
        """The language in which the text is cheapest, and the cost of each character in it."""
        language = self.language()
        if language is None:
            return None, self.base + np.where(self.letter, np.float32(_FOREIGN_SCRIPT), np.float32(0))
        return language, self.bits(language)

    def language(self) -> str | None:
        """The language in which the text is cheapest; None if its letters are of no known script."""
        found: tuple[int, str] | None = None
        for number in self._scripts():
            table = _script(number)
            place = table.place.take(self.lower, mode="clip")
            here = np.flatnonzero(place < len(table.letters))
            size = len(table.letters)
            rows = _pairs(place, size) if len(table.pairs) > size + 1 else place
            totals = table.pairs.take(rows.take(here), axis=0).sum(axis=0, dtype=np.int64)
            totals -= _FOREIGN_SCRIPT_TENTHS * len(here)
            at = int(totals.argmin())
            one = int(totals[at]), table.languages[at]
            found = min(found, one) if found else one
        return found[1] if found else None


def _pairs(index: NDArray[np.uint16], size: int) -> NDArray[np.intp]:
    """The place of each letter and the one before it in a table of pairs; `size` is the index of what is no letter."""
    place = np.full(len(index), size * (size + 1), np.intp)
    np.multiply(index[:-1], np.intp(size + 1), out=place[1:])
    place += index
    return place


def cost(text: str, among: Iterable[str] = ()) -> float:
    """The cost of `text` in bits in its cheapest language, of all languages or of those in `among`."""
    reading = Reading(text)
    costs = [float(reading.bits(code).sum()) for code in among]
    return min(costs) if costs else float(reading.best()[1].sum())


def kinds() -> NDArray[np.uint8]:
    """The kind of each code point of the basic plane: an index into `KINDS`."""
    return _unicode().kind


#: Blocks of scripts without letter statistics: Armenian; Indic scripts; Tibetan, Burmese, Georgian; Ethiopic; Khmer.
_UNCOUNTED = ((0x530, 0x590), (0x900, 0xE00), (0xE80, 0x10FD), (0x1200, 0x1380), (0x1780, 0x1800))


@cache
def _written() -> NDArray[np.bool_]:
    """Whether a known language uses the letter, by code point of the basic plane; true for all Chinese characters, and
    for scripts without letter statistics.
    """
    found = np.zeros(0x10000, bool)
    for code in languages():
        found[_language(code).letters] = True
    found[0x3400:0xA000] = found[0xAC00:0xD7A4] = True
    for start, end in _UNCOUNTED:
        found[start:end] = True
    return found


def is_usual(char: str) -> bool:
    """Whether a character is usual in text: no control, combining accent or letter of an unknown language."""
    if len(char) > 1:
        return all(map(is_usual, char))
    of_kind = kind(char)
    if of_kind <= UPPER:
        return ord(char) > 0xFFFF or "\ufb00" <= char <= "\ufb06" or bool(_written()[int(_unicode().lower[ord(char)])])
    if of_kind == SYMBOL:
        return not ("\xa0" <= char <= "\xff" or "\u02b0" <= char <= "\u036f" or "\u2460" <= char <= "\u24ff")
    return of_kind not in (CONTROL, DRAWING)


def writes(language: str, letter: str) -> bool:
    """Whether `language` uses a letter."""
    known = _language(language)
    return bool(known.place.take(_unicode().lower[min(ord(letter), 0xFFFF)], mode="clip") < len(known.letters))


def is_of_script(char: str, language: str) -> bool:
    """Whether a letter or mark belongs to the script of `language`; true for all other characters."""
    if kind(char) > MARK or "\u200b" <= char <= "\u200f":
        return True
    script = int(_unicode().script[min(ord(char), 0xFFFF)])
    return language in _by_script().get(script, ())


@lru_cache(maxsize=1 << 16)
def pair(language: str, first: str, second: str) -> float:
    """The cost of the character `second` after `first`, in bits."""
    return float(Reading(first + second).bits(language)[1])


#: A pair of letters is rare if it costs more than this in every language of its script.
_RARE = 11.0


def rare_pairs(chars: str) -> NDArray[np.bool_]:
    """Matrix over `chars`: whether the second letter is rare after the first in every language of the script.

    Case is ignored. Pairs of Chinese, Japanese and Korean are never rare; pairs of two scripts always are.
    """
    known = _unicode()
    codes = np.minimum(np.array([ord(c) for c in chars]), 0xFFFF)
    script, lower = known.script[codes], known.lower[codes]
    rare: NDArray[np.bool_] = script[:, None] != script[None, :]
    for number in set(map(int, script)) & _by_script().keys() - _WITHOUT_PAIRS:
        table = _script(number)
        at = np.flatnonzero(script == number)
        place = table.place.take(lower[at], mode="clip")
        cheapest = np.full((len(table.letters) + 1,) * 2, np.inf, np.float32)
        for code in table.languages:
            language = _language(code)
            mine = np.searchsorted(table.letters, language.letters)
            cheapest[np.ix_(mine, mine)] = np.minimum(cheapest[np.ix_(mine, mine)], language.pairs[:-1, :-1])
        rare[np.ix_(at, at)] = cheapest[np.ix_(place, place)] > _RARE
    return rare


#: Chinese, Japanese and Korean, for which pairs were not counted.
_WITHOUT_PAIRS = frozenset(_SCRIPTS.index(start) for start in (0x3040, 0x3100, 0xAC00))


class _Script(NamedTuple):
    """The languages of a script: by pair (`_pairs`), or by letter where pairs were not counted, and by language, the
    cost of the letter in tenths of bits. Whole numbers have the same sum in any order.
    """

    letters: Codes
    place: NDArray[np.uint16]
    languages: tuple[str, ...]
    pairs: NDArray[np.int16]


@cache
def _script(number: int) -> _Script:
    codes = _by_script()[number]
    known = [_language(code) for code in codes]
    union = np.unique(np.concatenate([language.letters for language in known]))
    size = len(union)
    paired = number not in _WITHOUT_PAIRS
    pairs = np.full((size + 1 if paired else 1, size + 1, len(codes)), round(10 * _FOREIGN), np.int16)
    for number_of, language in enumerate(known):
        table = pairs[:, :, number_of]
        at = np.append(np.searchsorted(union, language.letters), size)
        if paired:
            table[:, at] = _tenths(language.pairs[-1])
            table[np.ix_(at, at)] = _tenths(language.pairs)
        else:
            table[0, at] = _tenths(language.first)
        table[:, size] = 0  # counted apart
    return _Script(union, _places(union), codes, pairs.reshape(-1, len(codes)))


def _tenths(bits: Bits) -> NDArray[np.int16]:
    return np.rint(bits * 10).astype(np.int16)
