"""Words divided at the end of a line, or of a paragraph: `govern-⏎ment`, `Anglo-⏎American`, `pre-⏎and post-war`.

Whether the hyphen belongs to the word is told by the text, which may have the word elsewhere, by the second half, which
may be an ending and no word, and by the language: a small letter behind a hyphen is a division in German and Spanish.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from copydesk.data.lists import months, weekdays
from copydesk.text.language import language

#: Longer gaps are no line end.
_LONGEST = 8
_JOINS = r"(?:and|or|to|und|oder|bis|e|y|et|ou|o|en|of)\b(?!-)"
# `pre- and post-war`: the hyphen stands for a part of a word that follows.
_OPEN_HYPHEN = re.compile(rf"{_JOINS} \w", re.IGNORECASE)
_SECOND_HALF = re.compile(rf"(?!{_JOINS})[^\W\d_]{{2,}}", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"[^\W\d_]+-$")
_WORDS = re.compile(r"[^\W\d_]{4,}")
_DAYS_AND_MONTHS = frozenset((*(name for name, _ in weekdays()), *months()))
# Before a name: a nation or a prefix. `Beirut-` is a dateline.
_BEFORE_NAME = re.compile(
    r"(?:^|[\s(\"'“‘])(?:Anglo|Franco|Sino|Russo|Indo|Euro|Afro|Greco|Turco|Austro|Italo|Judeo|Arab|Saudi|Israeli|Iraqi"
    r"|Pakistani|Kuwaiti|Qatari|Kurdish|[A-Z][a-z]+(?:ian|ean|ish|ese)|anti|pro|non|pre|post|mid|trans|pan|neo|ex|inter"
    r"|un|all|sub|then|US|UN|EU|UK|U\.S\.)-$"
)
_NAME = re.compile(
    r"(?!(?:The|An?|In|On|He|She|It|They|We|But|And|For|At|By|This|That|There|When|After|Mr|Mrs)\b)[A-Z]\w"
)
_NUMBER = re.compile(r"\d-$")
_UNIT = re.compile(r"(?:year|month|week|day|hour|minute|mile|foot|member|page|point|strong)s?\b")
#: Endings that are no word, by language; the first half has at least three letters.
_ENDINGS = {
    "en": re.compile(
        r"(?:ments?|[ts]ions?|[ts]ion(?:al|ally|ed|ing|ist)|ness|it(?:y|ies)|ings?|[ae]nc(?:e|es|y)|[ai]bl[ey]|[ai]bility"
        r"|ical(?:ly)?|ally|at(?:ed|ing|es|ion|ions|ive|ives|ory)|i[sz](?:ed|ing|es|ation)|ture[sd]?|ther|cial(?:ly)?"
        r"|tial(?:ly)?|cious|tious|ernment|dents?|erals?|ters|ly|sters)\b"
    ),
    "fr": re.compile(
        r"(?:ments?|[ts]ions?|iques?|aires?|eurs?|euses?|ités?|[ae]nces?|ismes?|istes?|aient|eront|sidente?s?|nistres?"
        r"|ventions?|gueurs?|vernement|tement|ciels?|cielles?|tives?|tifs?|toires?)\b"
    ),
    "pt": re.compile(r"(?:mentos?|ções|ção|sões|são|dades?|[ae]ncias?|ismos?|istas?|sidente|verno|mente|ndo)\b"),
}  # fmt: skip
#: Languages in which a hyphen before a small letter is a division; except after these.
_DIVIDING = frozenset("de es it nl sv da no pl cs sk hu fi tr ro".split())
_OWN_HYPHEN = re.compile(
    r"(?:^|\W)(?:nicht|anti|pro|ex|co|non|pre|post|ultra|mini|vice|e|i|[^\W\d_]*(?:isch|sch|o|ico|ero))-$",
    re.IGNORECASE,
)


class Join(NamedTuple):
    """How to close a gap behind a hyphen: how many characters before it to cut, and what to put in its place."""

    cut: int
    after: str


class Divided:
    """The divided words of a text. What the text says of its words and language is read on first use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: frozenset[str] | None = None
        self._language: str | None = None

    def at(self, start: int, end: int) -> Join | None:
        """How to close the gap from `start` to `end`; None if it divides no word."""
        text = self.text
        if text[start - 1] != "-" or end - start > _LONGEST or not 1 < start < end < len(text):
            return None
        before = text[max(0, start - 40) : start]
        if text[end].isupper():
            return Join(0, "") if _BEFORE_NAME.search(before) and _NAME.match(text, end) else None
        if _NUMBER.search(before):
            return Join(0, "") if _UNIT.match(text, end) else None
        if not text[start - 3 : start - 1].isalpha() or not text[end].islower():
            return None
        if _OPEN_HYPHEN.match(text, end):
            return Join(0, " ")
        if not _SECOND_HALF.match(text, end):
            return None
        return Join(int(self._is_division(before, end)), "")

    def _is_division(self, before: str, end: int) -> bool:
        """Whether the hyphen is none of the word's own."""
        first = _WORD_BEFORE.search(before)
        second = re.compile(r"[^\W\d_]+").match(self.text, end)
        if first is None or second is None:
            return False
        if f"{first[0][:-1]}{second[0]}".casefold() in self._words():
            return True
        if self.text[second.end() : second.end() + 1] == "-":
            return False
        spoken = self._spoken()
        if spoken in _ENDINGS:
            return len(first[0]) > 3 and _ENDINGS[spoken].match(self.text, end) is not None
        return spoken in _DIVIDING and _OWN_HYPHEN.search(before) is None

    def _words(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset((*_DAYS_AND_MONTHS, *_WORDS.findall(self.text.casefold())))
        return self._known

    def _spoken(self) -> str:
        if self._language is None:
            self._language = language(self.text)
        return self._language
