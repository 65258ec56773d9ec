"""Damage of texts as scrapers deliver them, each kind with about its share of real articles."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable

Damage = Callable[[str, random.Random], str]

#: The characters of Windows-1252 where Latin-1 has controls; five have none.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _curly(text: str) -> str:
    return text.replace(' "', " “").replace('"', "”").replace("'", "’")


def _mixed_quotes(text: str, chance: random.Random) -> str:
    half = chance.randrange(len(text))
    return _curly(text[:half]) + text[half:]


def _misread(text: str, chance: random.Random) -> str:
    """UTF-8 that was read as Windows-1252; what has no character there is kept as a control, as browsers do."""
    return _curly(text).encode().decode("latin-1").translate(_WINDOWS)


def _controls(text: str, chance: random.Random) -> str:
    """Windows-1252 that was read as Latin-1: quotes become C1 controls."""
    return _curly(text).encode("cp1252", "ignore").decode("latin-1")


def _entities(text: str, chance: random.Random) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#8217;").replace(", ", ",&nbsp;", 3)


def _no_break(text: str, chance: random.Random) -> str:
    return text.replace(" ", "\xa0", chance.randint(1, 40))


def _invisible(text: str, chance: random.Random) -> str:
    """Soft hyphens and zero-width spaces within words, and a byte order mark at the beginning."""
    mark = chance.choice(("\xad", "\u200b", "\ufeff"))
    return mark + mark.join(text[place : place + 300] for place in range(0, len(text), 300))


def _lost(text: str, chance: random.Random) -> str:
    return _curly(text).replace("’", "\ufffd", 3)


def _wrapped(text: str, chance: random.Random) -> str:
    return "\n\n".join(textwrap.fill(paragraph, 72) for paragraph in text.split("\n\n"))


def _returns(text: str, chance: random.Random) -> str:
    return text.replace("\n", "\r\n")


def _typo(text: str, chance: random.Random) -> str:
    """A few words with two letters swapped or one lost."""
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(text))
        start = text.find(" ", place) + 2
        if text[start : start + 4].isalpha():
            pair = text[start : start + 2]
            text = text[:start] + (pair[::-1] if chance.random() < 0.5 else pair[0]) + text[start + 2 :]
    return text


#: Each kind of damage, and its share of the articles. One text may have several.
KINDS: tuple[tuple[Damage, float], ...] = (
    (_mixed_quotes, 0.10),
    (_no_break, 0.03),
    (_returns, 0.03),
    (_entities, 0.02),
    (_wrapped, 0.02),
    (_invisible, 0.008),
    (_controls, 0.007),
    (_misread, 0.01),
    (_lost, 0.001),
)
#: The share of the English articles with typos. Other languages have none: copydesk corrects English.
TYPOS = 0.1
#: Damage that only text in Latin letters can have: the others have no characters in that encoding.
_LATIN = frozenset({_controls})
_LATIN_LANGUAGES = frozenset("en es de fr it pt".split())


def dirtied(text: str, language: str, chance: random.Random) -> str:
    """The text with the damage that chance gives it; most have none."""
    if language == "en" and chance.random() < TYPOS:
        text = _typo(text, chance)
    for damage, share in KINDS:
        if chance.random() < share and (damage not in _LATIN or language in _LATIN_LANGUAGES):
            text = damage(text, chance)
    return text
