"""Case and accent folding for matching words, and fast patterns for long word lists.

A folded text has the length of the text, so offsets are valid in both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copydesk.data import lists

_LETTERS = {
    "ı": "i", "ς": "σ", "ё": "е",
    # Variants of one Arabic letter: with hamza, and as Arabic, Persian, Urdu and Kurdish keyboards write it.
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ێ": "ي", "ے": "ي", "ک": "ك", "ڪ": "ك", "ة": "ه",
    "ہ": "ه", "ە": "ه", "ھ": "ه", "ۀ": "ه", "ۆ": "و", "ڕ": "ر", "ڵ": "ل",
}  # fmt: skip
_MARKS = dict(zip("،؛٫：／．，、－＝’‘ʼ`′＇（）［］", ",;.:/.,,-=''''''()[]", strict=True))
_SPACES = dict.fromkeys("\xa0\u1680\u2002\u2003\u2007\u2009\u200b\u200c\u200d\u200e\u200f\u202f\u3000\ufeff", " ")


def _bases() -> dict[str, str]:
    """Lower-case Latin and Greek letters with accents, mapped to the base letter: é is e."""
    letters = (
        chr(code) for start, end in ((0xDF, 0x24F), (0x370, 0x3FF), (0x1E00, 0x1FFF)) for code in range(start, end)
    )
    return {letter: base for letter in letters if (base := unicodedata.normalize("NFD", letter)[0]) != letter}


_DIGITS = {digit: str(value) for digits in lists.shared()["digits"] for value, digit in enumerate(digits)}
_FOLD = {**_bases(), **_LETTERS, **_MARKS, **_SPACES, **_DIGITS}


def _small(text: str) -> str:
    return text.replace("İ", "i").lower()  # only İ gets longer in lower case


def _folded() -> NDArray[np.uint16]:
    """What each letter of the basic plane is folded to."""
    every = np.arange(0x10000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    folded = "".join([_FOLD.get(letter, letter) for letter in _small(every)])
    return np.frombuffer(folded.encode("utf-16-le", "surrogatepass"), "<u2")


_FOLDED = _folded()


def fold(text: str) -> str:
    """`text` in lower case, without accents, with digits 0 to 9 and plain spaces; the length does not change."""
    if text.isascii():
        return text.lower()
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    folded: str = _FOLDED[codes].tobytes().decode("utf-16-le", "surrogatepass")
    if len(codes) == len(folded):
        return folded
    return "".join([_FOLD.get(letter, letter) for letter in _small(text)])  # emoji, and letters of old scripts


def any_as_written(words: Iterable[str]) -> str:
    """A pattern for the longest of a few `words`, for unfolded text."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def any_of(words: Iterable[str]) -> str:
    """A pattern for the longest of `words`, for folded text.

    The pattern is a trie, so the time to fail at a place does not grow with the number of words.
    """
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for letter in fold(word):
            node = node.setdefault(letter, {})
        node[""] = {}
    return _pattern(trie) if trie else r"(?!)"


#: How a pattern writes what is no letter.
_WRITTEN = {**{sign: re.escape(sign) for sign in map(chr, range(0x80))}, " ": r"\s{1,3}"}


def _pattern(node: dict[str, Any]) -> str:
    branches = [_WRITTEN.get(letter, letter) + _pattern(rest) for letter, rest in sorted(node.items()) if letter]
    if not branches:
        return ""
    whole = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    return f"(?:{whole})?" if "" in node else whole
