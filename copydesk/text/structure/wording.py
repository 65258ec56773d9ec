"""The words by which a line of a page is compared with those that are known."""

from __future__ import annotations

import re

#: Maximum characters of a line that may be furniture.
LONGEST = 420
#: What may stand around the words of such a line.
AROUND = " \t|•·*-–—>»«<›‹→►▼▶←↑↓:.…!,;/_[](){}#+=~✕×✓⭐"
_WORD = re.compile(r"[^\W\d_]+(?:['’´][^\W\d_]+)*|\d+(?:[.,]\d+)*[kKmM]?(?!\w)|\d+")


def words(line: str) -> str:
    """A line normalized for comparison: lower case, words separated by one space, every number as 0."""
    return " ".join(["0" if word[0].isdigit() else word for word in _WORD.findall(line.casefold().replace("’", "'"))])
