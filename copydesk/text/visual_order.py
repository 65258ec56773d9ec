"""Hebrew and Arabic stored from left to right, as old terminals and pages did (`visual` order, RFC 1556).

The letters show it: Hebrew has forms of five letters for the end of a word, Arabic presentation forms name their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from copydesk.edits import Span

RULE = "visual-order"

_FINAL = "ךםןףץ"
_FINAL_FIRST, _FINAL_LAST = re.compile(rf"(?<!\w)[{_FINAL}][א-ת]{{2}}"), re.compile(rf"[א-ת]{{2}}[{_FINAL}](?!\w)")
_EITHER = re.compile("[א-ת\ufe80-\ufefc]")
_ARABIC_RUN = re.compile("[\ufe80-\ufefc]{3,}")
_LINE = re.compile("^.*[א-ת\ufb50-\ufdf1\ufe70-\ufefc].*$", re.MULTILINE)
# Latin words and numbers keep their order, also several in a row.
_LEFT_TO_RIGHT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .,:/%'&+_-]*[A-Za-z0-9%])?")
_MIRRORED = str.maketrans("()[]{}«»<>", ")(][}{»«><")
#: So many more words begin with a final letter than end with one.
_LEAST = 2


def lines(text: str) -> Iterator[Span]:
    """The lines of a text in visual order, each in the order of reading; none of other texts."""
    if not _EITHER.search(text) or not (_is_hebrew(text) or _is_arabic(text)):
        return
    for match in _LINE.finditer(text):
        kept = _LEFT_TO_RIGHT.sub(lambda found: found[0][::-1], match[0])
        yield Span(match.start(), match.end(), kept[::-1].translate(_MIRRORED), RULE)


def _is_hebrew(text: str) -> bool:
    first = len(_FINAL_FIRST.findall(text))
    return first >= _LEAST and first > 3 * len(_FINAL_LAST.findall(text))


def _is_arabic(text: str) -> bool:
    visual = 0
    for match in _ARABIC_RUN.finditer(text):
        first, last = (unicodedata.decomposition(char).partition(" ")[0] for char in (match[0][0], match[0][-1]))
        visual += (first == "<final>") - (last == "<final>") + (last == "<initial>") - (first == "<initial>")
    return visual >= _LEAST
