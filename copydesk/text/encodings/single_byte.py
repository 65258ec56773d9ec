"""Detection of single-byte encodings: of chardet's candidates, the decoding with the lowest cost in bits.

Any bytes are valid in almost any of these encodings, so only the decoded text can decide. Letters cost what they cost
in the languages of the encoding (`copydesk.text.letters`), signs by their context: an opening quotation mark is
unlikely after a letter, a degree sign before a digit. Each encoding has a prior, in a table here: news in Mac OS Roman
is rarer than in cp1252, so its text must cost less.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.encodings.vietnamese import CODECS
from copydesk.text.letters import DIGIT, MARK, SPACE, TYPOGRAPHIC, UNUSUAL, UPPER, Reading, kinds

# The non-ASCII bytes, with this many bytes of context, up to this many in total.
_AROUND, _MOST = 12, 300
# Bytes in which letters are counted, and the number of languages chosen by that.
_SAMPLE, _LANGUAGES = 4000, 3

_LATIN = "\x80-\u024f\u1e00-\u1eff"
_CENTRAL, _TURKISH, _BALTIC = "pl cs sk hu ro sl hr bs sq", "tr az kmr", "lt lv et"
_CYRILLIC, _CENTRAL_ASIAN, _GREEK, _HEBREW = "ru uk bg be mk sr mn", "kk", "el", "he"
_ARABIC = "ar fa ur ckb"


Flags = NDArray[np.bool_]


class _Encoding(NamedTuple):
    """Its prior in bits, its languages (empty: those suggested by the ASCII letters), and its non-ASCII letters."""

    price: float
    languages: tuple[str, ...] = ()
    letters: str = _LATIN


def _table() -> dict[str, _Encoding]:
    prices = {
        "": "cp1252 0, iso8859-1 0, iso8859-15 3, mac-roman 4, cp850 5, cp437 5.5, cp858 6, hp-roman8 12, mac-iceland"
        " 10, cp860 12, cp861 12, cp863 12, cp865 10, iso8859-10 12",
        _CENTRAL: "cp1250 1, iso8859-2 1.5, cp852 8, mac-latin2 10, iso8859-16 10",
        _TURKISH: "cp1254 1, iso8859-9 1.5, mac-turkish 10, cp857 10",
        _BALTIC: "cp1257 2, iso8859-4 12, cp775 10",
        f"{_BALTIC} pl": "iso8859-13 4",
        "mt eo tr": "iso8859-3 12",
        "vi": ", ".join(f"{name} 6" for name in ("cp1258", *CODECS)),
        "cy ga": "iso8859-14 12",
        _CYRILLIC: "cp1251 0, koi8-r 2, koi8-u 3, iso8859-5 4, cp866 4, mac-cyrillic 4, cp855 8, cp1125 8",
        _CENTRAL_ASIAN: "ptcp154 6, kz1048 6, koi8-t 25",
        _GREEK: "cp1253 0, iso8859-7 1, cp737 8, mac-greek 8, cp869 10",
        _HEBREW: "cp1255 0, iso8859-8 1, cp862 8, cp856 10",
        _ARABIC: "cp1256 0, iso8859-6 1, cp720 8, cp864 12",
        "th": "cp874 0, tis-620 0",
    }
    letters = {
        _CYRILLIC: "\u0400-\u052f",
        _CENTRAL_ASIAN: "\u0400-\u052f",
        _GREEK: "\u0370-\u03ff",
        _HEBREW: "\u0590-\u05ff",
        _ARABIC: "\u0600-\u06ff",
        "th": "\u0e00-\u0e7f",
    }
    found: dict[str, _Encoding] = {}
    for spoken, named in prices.items():
        for entry in named.split(", "):
            name, price = entry.split()
            found[name] = _Encoding(float(price), tuple(spoken.split()), letters.get(spoken, _LATIN))
    return found


_ENCODINGS = _table()
#: Always candidates, whatever chardet says.
_USUAL = ("cp1252", "mac-roman", "cp850", "cp437", "cp1251", "koi8-r", "cp866")
#: Encodings with combining accents.
_COMBINING = frozenset(("cp1258",))
#: Bits for each character from which on the candidates may all be wrong: news costs 3 to 5. Then all encodings are
#: tried, also in languages that the ASCII letters do not suggest.
_DEAR, _OFTEN_MISSED = 4.6, ("vi",)
#: Bits for each character above which bytes are no text: of 719 files and 400 pieces of news the dearest costs 7.3,
#: noise and text in an unknown encoding 8 to 12. Short text may cost so much more, by the price of its encoding.
_DEAREST, _FIXED = 7.7, 60.0
#: Cost of a candidate that is not ranked first.
_NOT_FIRST = 4.0
#: Cost of Chinese, Japanese and Korean encodings.
_WIDE_PRICE = 8.0
#: Cost in bits of an encoding for other languages than those of the text, or for a script of which it has no letter.
_OTHER_LANGUAGE, _OWN_LANGUAGE, _OTHER_SCRIPT = 5.0, -1.5, 40.0
#: Cost of a second script besides Latin; of letters of two scripts side by side; of an isolated letter of the second
#: script, or an isolated non-ASCII capital.
_SECOND_SCRIPT, _MIXED_WORD, _LONE_LETTER = 16.0, 10.0, 4.0
#: Cost of accented letters that languages of the Latin script borrow in names, and of letters that they do not.
_BORROWED, _NEVER_BORROWED = 10.0, 17.0
_COMMON = "àâäáãåæçèéêëìíîïñòóôöõøùúûüßšžœ"
_SOFT_HYPHEN, _APOSTROPHE, _ACCENT, _BROKEN_OFF = -15.0, -3.0, -8.0, 4.0
#: Cost of a sign inside a word, an opening mark after a letter, a closing one before it; of a currency sign before a
#: digit; of a degree sign without a digit before it.
_INSIDE, _MISPLACED, _CURRENCY, _DEGREE = 8.0, 6.0, -5.0, 6.0
_WITHIN_WORDS = "’‘·-–—\xad\u200c\u200d\xa0\u202f"
_OPENING, _CLOSING = "‘«‹¿¡„‚", "”»›…"


class _Signs(NamedTuple):
    """By code point of the basic plane."""

    never_inside: Flags
    opening: Flags
    closing: Flags
    currency: Flags
    low: Flags
    dash: Flags
    common: Flags


@cache
def _signs() -> _Signs:
    def among(chars: str) -> Flags:
        found = np.zeros(0x10000, bool)
        found[[ord(char) for char in chars]] = True
        return found

    typographic = np.isin(kinds(), (TYPOGRAPHIC, UNUSUAL))
    ascii_letters = "".join(map(chr, range(128)))
    return _Signs(
        typographic & ~among(_WITHIN_WORDS),
        among(_OPENING),
        among(_CLOSING),
        among("£€¥"),
        among("‚"),
        among("–—"),
        among(_COMMON + ascii_letters),
    )


def best_reading(sample: bytes, ranked: list[tuple[str, str | None]], wide: Iterable[str] = ()) -> str | None:
    """The Python codec in which `sample` has the lowest cost; None if no language explains it in any.

    `ranked` are single-byte codecs to try, each with the language that suggested it (ISO 639-1); common ones are always
    tried. `wide` are codecs of two-byte characters in which `sample` is valid.
    """
    near = _beyond_ascii(sample)
    suggested = [language for _, language in ranked]
    if ranked and ranked[0][0] in _ENCODINGS:
        suggested += _ENCODINGS[ranked[0][0]].languages
    latin = _latin_languages(near, sample[:_SAMPLE], suggested)
    first = ranked[0][0] if ranked else None
    of_languages = (name for name, one in _ENCODINGS.items() if not set(one.languages).isdisjoint(latin))
    likely = dict.fromkeys((*(name for name, _ in ranked), *_USUAL, *of_languages))
    least, best = _cheapest(near, likely, latin, first)
    if least > _DEAR * len(near):
        rare = [name for name in _ENCODINGS if name not in likely]
        least, best = min((least, best), _cheapest(near, rare, (*latin, *_OFTEN_MISSED), first))
    for name in wide:
        (bits,), _ = _bits([near.decode(name, "replace")], latin)
        if bits + _WIDE_PRICE < least:
            least, best = bits + _WIDE_PRICE, name
    return best if least <= _DEAREST * len(near) + _FIXED else None


def _cheapest(near: bytes, names: Iterable[str], latin: tuple[str, ...], first: str | None) -> tuple[float, str]:
    """The cost and the name of the best of `names`; `first` is what chardet ranks first."""
    texts: dict[str, list[str]] = {}
    composed: dict[str, list[str]] = {}
    for name in names:
        text = near.decode(name, "replace")
        if len(text) != len(near) or text.count("\ufffd") > 0.02 * len(near):
            continue
        if name in _COMBINING:
            composed[unicodedata.normalize("NFC", text)] = [name]
        else:
            texts.setdefault(text, []).append(name)
    prices: list[tuple[float, int, str]] = []
    for some in (texts, *({text: named} for text, named in composed.items())):  # of one length each
        for (text, named), bits, spoken in zip(some.items(), *_bits(list(some), latin), strict=True):
            late = _NOT_FIRST if first is not None and first not in named else 0.0
            prices += [(bits + _price(name, text, spoken) + late, rank, name) for rank, name in enumerate(named)]
    if not prices:
        return float("inf"), "cp1252"
    least, _, best = min(prices)
    return least, best


def _price(name: str, text: str, spoken: set[str]) -> float:
    encoding = _ENCODINGS.get(name, _Encoding(12.0))
    price = encoding.price
    if encoding.letters != _LATIN and not re.search(f"[{encoding.letters}]", text):
        price += _OTHER_SCRIPT
    if encoding.languages:
        price += _OTHER_LANGUAGE if spoken.isdisjoint(encoding.languages) else _OWN_LANGUAGE
    return price


def _beyond_ascii(sample: bytes) -> bytes:
    """The non-ASCII bytes with context: the first occurrence of each value, then further ones."""
    values = np.frombuffer(sample, np.uint8)
    high = np.flatnonzero(values >= 0x80)
    order = np.argsort(values[high], kind="stable")
    _, firsts, counts = np.unique(values[high][order], return_index=True, return_counts=True)
    occurrence = np.empty(len(high), np.int64)
    occurrence[order] = np.arange(len(high)) - np.repeat(firsts, counts)
    by_occurrence = high[np.argsort(occurrence, kind="stable")]
    taken = _MOST // (2 * _AROUND)
    while True:
        near = _around(by_occurrence[:taken], len(values))
        if len(near) >= _MOST or taken >= len(high):
            break
        taken *= 2
    gaps = np.flatnonzero(np.diff(near) > 1) + 1
    return b"\n".join(values[piece].tobytes() for piece in np.split(near, gaps))


def _around(places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """These places and their neighbours, in order."""
    edges = np.zeros(size + 1, np.int32)
    np.add.at(edges, np.maximum(places - _AROUND, 0), 1)
    np.add.at(edges, np.minimum(places + _AROUND + 1, size), -1)
    return np.flatnonzero(np.cumsum(edges[:-1]) > 0)


@cache
def _of_script(letter: str) -> tuple[str, ...]:
    """The languages written in the script of `letter`."""
    return Reading(letter).likely()


@cache
def _latin_script() -> int:
    return int(Reading("a").script[0])


@cache
def _latin_letters() -> NDArray[np.float32]:
    """The cost of the letters a to z in each language of the Latin script, in the order of `_of_script`."""
    reading = Reading(" a b c d e f g h i j k l m n o p q r s t u v w x y z")
    return np.array([reading.bits(code)[1::2] for code in _of_script("a")], np.float32)


def _latin_languages(near: bytes, sample: bytes, suggested: list[str | None]) -> tuple[str, ...]:
    """The languages suggested by chardet, and by the frequencies of ASCII letters near other bytes and overall."""
    latin = _of_script("a")
    spoken: list[str | None] = []
    for text in (near, sample):
        counts = np.bincount(np.frombuffer(text.lower(), np.uint8), minlength=128)[ord("a") : ord("z") + 1]
        cheapest = np.argsort(_latin_letters() @ counts.astype(np.float32))
        spoken += [latin[place] for place in cheapest[:_LANGUAGES]]
    return tuple(code for code in dict.fromkeys(spoken + suggested) if code in latin)


def _bits(texts: list[str], latin: tuple[str, ...]) -> tuple[list[float], list[set[str]]]:
    """The cost of each text, with each script in its cheapest language, and these languages.

    The texts have equal length and are evaluated as one.
    """
    joined = "".join(f"{text}\n" for text in texts)
    reading, signs = Reading(joined), _signs()
    codes = np.minimum(np.frombuffer(joined.encode("utf-32-le"), np.uint32), 0xFFFF)
    letter, script = reading.letter, reading.script
    after_letter, before_letter = _before(letter), _after(letter)
    other_script = np.append(False, script[1:] != script[:-1])
    mark, digit, capital = (reading.kind == kind for kind in (MARK, DIGIT, UPPER))
    latin_script = _latin_script()

    cost = reading.base.copy()
    for bits, where in (
        (_INSIDE, signs.never_inside[codes] & after_letter & before_letter),
        (_MISPLACED, signs.opening[codes] & after_letter),
        (_MISPLACED, signs.closing[codes] & before_letter),
        (_CURRENCY, signs.currency[codes] & _after(digit)),
        (-_CURRENCY, (signs.currency | signs.low)[codes] & before_letter),
        (_DEGREE, (codes == ord("°")) & (after_letter | _after(digit))),
        (_APOSTROPHE, (codes == ord("’")) & after_letter & before_letter),
        (_BROKEN_OFF, signs.dash[codes] & after_letter & _after(reading.kind == SPACE)),
        (_ACCENT, (codes == ord("´")) & (after_letter | before_letter)),
        (_SOFT_HYPHEN, (codes == 0xAD) & after_letter & before_letter),
        (_MIXED_WORD, letter & after_letter & other_script),
        (_MIXED_WORD, mark & (~(after_letter | _before(mark)) | other_script)),
        (_LONE_LETTER, letter & (codes > 0x7F) & (capital | (script != latin_script)) & ~after_letter & ~before_letter),
    ):
        cost[where] += bits
    totals = cost.reshape(len(texts), -1).sum(1)
    spoken: list[set[str]] = [set() for _ in texts]
    for number in np.unique(script[letter]):
        mine = letter & (script == number)
        is_latin = number == latin_script
        codes_of = latin if is_latin else _of_script(chr(int(codes[mine][0])))
        dearest = np.where(signs.common[codes], _BORROWED, _NEVER_BORROWED) if is_latin else _NEVER_BORROWED
        by_language = [np.where(mine, _NEVER_BORROWED, 0).reshape(len(texts), -1).sum(1)]
        for code in codes_of:
            bits_of = np.minimum(reading.bits(code) - reading.base, dearest)
            by_language.append(np.where(mine, bits_of, 0).reshape(len(texts), -1).sum(1))
        best = np.argmin(by_language, axis=0)
        present = mine.reshape(len(texts), -1).any(1)
        totals += np.min(by_language, axis=0) + (0 if is_latin else _SECOND_SCRIPT * present)
        for row in np.flatnonzero(present & (best > 0)):
            spoken[row].add(codes_of[best[row] - 1])
    return totals.tolist(), spoken


def _before(values: Flags) -> Flags:
    """The flags shifted to the next character; False for the first."""
    moved = np.zeros_like(values)
    moved[1:] = values[:-1]
    return moved


def _after(values: Flags) -> Flags:
    moved = np.zeros_like(values)
    moved[:-1] = values[1:]
    return moved
