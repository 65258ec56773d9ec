"""Apostrophes and accents of English that became `?` or U+FFFD: `doesn?t`, `it\ufffds`, `caf?`.

Between letters a question mark is none, and before these endings it can only have been an apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from copydesk.data import lists
from copydesk.edits import Span

RULE = "lost-mark"
_LOST = "[?\ufffd]"
#: What a text with such a place has.
_SIGN = re.compile(r"\?[strvldmSTRVL]")
# They begin with the mark, for which a text is searched many times faster than for what may stand before it.
_APOSTROPHE = re.compile(
    rf"{_LOST}(?:(?<=[A-Za-z]{_LOST})(?=(?:s|re|ve|ll|d|m|S|RE|VE|LL)\b(?![=&/(]))"
    rf"|(?<=[nN]{_LOST})(?=[tT]\b(?![=&/(])))"
)
_MARK = re.compile(_LOST)
_ADDRESS = re.compile(r"://|www\.|[/&=]")


def find(text: str) -> Iterator[Span]:
    if "\ufffd" not in text and not ("?" in text and _SIGN.search(text)):
        return
    words = list(_borrowed_words(text))
    inside = {at for match in words for at in range(*match.span())}  # `na?ve` is no contraction
    marks = [
        match for match in _APOSTROPHE.finditer(text) if match.start() not in inside and not _is_address(text, match)
    ]
    yield from (Span(match.start(), match.end(), "’", RULE) for match in marks)
    for match in words:
        # A question mark at the end of a word is one, unless others of the text are none.
        if marks or not match[0].endswith("?"):
            yield Span(match.start(), match.end(), _meant(match[0]), RULE)


def _is_address(text: str, match: re.Match[str]) -> bool:
    start = max(text.rfind(" ", 0, match.start()), text.rfind("\n", 0, match.start())) + 1
    return _ADDRESS.search(text, max(start, match.start() - 200), match.start()) is not None


@cache
def _words() -> dict[str, str]:
    """Words by their form with `?` for each accented letter."""
    return {"".join(char if char.isascii() else "?" for char in word): word for word in lists.lines("borrowed.txt")}


@cache
def _borrowed() -> re.Pattern[str]:
    forms = sorted(_words(), key=len, reverse=True)
    return re.compile(rf"(?<![\w?\ufffd])(?i:{'|'.join(form.replace('?', _LOST) for form in forms)})(?![\w?\ufffd])")


def _borrowed_words(text: str) -> Iterator[re.Match[str]]:
    """The words of `_borrowed`, which is tried only where one with a mark can begin."""
    longest = max(map(len, _words()))
    here = 0
    for mark in _MARK.finditer(text):
        at = mark.start()
        if at < here:
            continue
        match = _borrowed().search(text, max(here, at - longest), at + longest + 1)
        here = at + 1
        if match and match.start() <= at:
            here = match.end()
            yield match


def _meant(seen: str) -> str:
    form = seen.replace("\ufffd", "?")
    word = _words().get(form) or _words().get(form.lower()) or _words().get(form.capitalize()) or form
    return word[:1].upper() + word[1:] if form[:1].isupper() else word
