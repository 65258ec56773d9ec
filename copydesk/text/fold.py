"""Text without the differences in which spellings of one word differ, and patterns of many words that stay fast.

A folded text is as long as the text: what is found in one stands at the same place in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from copydesk.data import lists

_LETTERS = {
    "ı": "i", "ς": "σ", "ё": "е",
    # One letter of the Arabic script with its hamzas, and as Arabic, Persian, Urdu and Kurdish keyboards write it.
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ێ": "ي", "ے": "ي", "ک": "ك", "ڪ": "ك", "ة": "ه",
    "ہ": "ه", "ە": "ه", "ھ": "ه", "ۀ": "ه", "ۆ": "و", "ڕ": "ر", "ڵ": "ل",
}  # fmt: skip
_MARKS = dict(zip("،؛٫：／．，、－＝’‘ʼ`′＇（）［］", ",;.:/.,,-=''''''()[]", strict=True))
_SPACES = dict.fromkeys("\xa0\u1680\u2002\u2003\u2007\u2009\u200b\u200c\u200d\u200e\u200f\u202f\u3000\ufeff", " ")


def _bases() -> dict[str, str]:
    """Lower-case Latin and Greek letters with accents, and the letter below: é is e."""
    letters = (
        chr(code) for start, end in ((0xDF, 0x24F), (0x370, 0x3FF), (0x1E00, 0x1FFF)) for code in range(start, end)
    )
    return {letter: base for letter in letters if (base := unicodedata.normalize("NFD", letter)[0]) != letter}


_DIGITS = {digit: str(value) for digits in lists.shared()["digits"] for value, digit in enumerate(digits)}
_FOLD = {**_bases(), **_LETTERS, **_MARKS, **_SPACES, **_DIGITS}
_FOLDED = re.compile(f"[{re.escape(''.join(_FOLD))}]")  # most letters stay: faster than str.translate


def fold(text: str) -> str:
    """`text` in lower case, without accents, with digits 0 to 9 and plain spaces. As many characters as before."""
    if text.isascii():
        return text.lower()
    small = text.replace("İ", "i").lower()  # İ alone grows when it is made small
    return _FOLDED.sub(lambda match: _FOLD[match[0]], small)


def any_as_written(words: Iterable[str]) -> str:
    """A pattern for the longest of a few `words`, letter for letter, to be matched against text as it is."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def any_of(words: Iterable[str]) -> str:
    """A pattern for the longest of `words`, to be matched against folded text.

    Words are joined letter by letter, as in a dictionary: the time to tell that none begins here does not grow with
    their number.
    """
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for letter in fold(word):
            node = node.setdefault(letter, {})
        node[""] = {}
    return _pattern(trie) if trie else r"(?!)"


def _pattern(node: dict[str, Any]) -> str:
    branches = [
        (r"\s{1,3}" if letter == " " else re.escape(letter)) + _pattern(rest)
        for letter, rest in sorted(node.items())
        if letter
    ]
    if not branches:
        return ""
    whole = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    return f"(?:{whole})?" if "" in node else whole
