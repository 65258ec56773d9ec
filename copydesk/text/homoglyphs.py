"""Letters of one script in words of another that look like its own: Cyrillic о in Latin words and the reverse.

A letter is replaced where all other letters of its word are of one script and the word cannot be meant as it is; where
both readings are possible the repair is suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from copydesk.edits import Span

RULE = "look-alike"

_LATIN, _CYRILLIC, _GREEK = "A-Za-z\u00c0-\u024f", "\u0400-\u052f", "\u0370-\u03ff"
_ADJOIN = re.compile(f"[{_LATIN}][{_CYRILLIC}{_GREEK}]|[{_CYRILLIC}{_GREEK}][{_LATIN}]")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = tuple(re.compile(f"[{letters}]") for letters in (_LATIN, _CYRILLIC, _GREEK))
_RUNS = tuple(re.compile(f"[{letters}]+") for letters in (_LATIN, _CYRILLIC, _GREEK))
#: By script of the word (Latin, Cyrillic, Greek): the letters that stand for one of its own.
_AS_LATIN = dict(
    zip("аеорсухіјѕԁԛԝАВЕКМНОРСТУХІЈЅЁёїοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdqwABEKMHOPCTYXIJSËëïoABEZHIKMNOPTYX", strict=True)
)
_AS_CYRILLIC = dict(zip("aeopcyxijsABEKMHOPCTYXIJSËëï", "аеорсухіјѕАВЕКМНОРСТУХІЈЅЁёї", strict=True))
_AS_GREEK = dict(zip("ovupikaxóíáABEZHIKMNOPTYX", "ονυρικαχόίάΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True))
_AS = (_AS_LATIN, _AS_CYRILLIC, _AS_GREEK)
#: Letters of some Cyrillic alphabets only: a word gets them if the text has them elsewhere.
_RARE = frozenset("іїјѕІЇЈЅ")


class _Word(NamedTuple):
    """A word of two scripts, with the number of the one that it is meant in (-1 for none)."""

    start: int
    text: str
    target: int
    certain: bool


def find(text: str) -> tuple[list[Span], list[Span]]:
    """The letters of another script that a text has in its words: those that are certain, and those to suggest."""
    counts = [sum(map(len, runs.findall(text))) for runs in _RUNS]
    main = counts.index(max(counts))
    words = list(_mixed_words(text, main))
    proven = {word.target for word in words if word.certain}
    if any(word.target < 0 for word in words):
        return [], []  # a letter that looks like none is misread: so may be those that do
    certain: list[Span] = []
    likely: list[Span] = []
    for word in words:
        target = word.target
        sure = word.certain or (target == main and main in proven)
        spans = certain if sure else likely
        spans += [
            Span(word.start + at, word.start + at + 1, _AS[target][char], RULE)
            for at, char in enumerate(word.text)
            if not _SCRIPTS[target].match(char)
        ]
    return certain, likely


def _mixed_words(text: str, main: int) -> Iterator[_Word]:
    """The words of two scripts, with the script that they are meant in; -1 if they are meant in none."""
    here = 0
    for place in _ADJOIN.finditer(text):
        if place.start() < here:
            continue
        start = place.start()
        while start and text[start - 1].isalpha() and place.start() - start < 60:
            start -= 1
        match = _WORD.match(text, start)
        here = match.end() if match else place.end()
        if match and len(match[0]) < 60:
            target, certain = _meant(match[0], text, main)
            if target is not None:
                yield _Word(start, match[0], target, certain)


def _meant(word: str, text: str, main: int) -> tuple[int | None, bool]:
    """The script of a word, and whether it is certain; None for what is written so on purpose.

    A word that can be of both is of the `main` one of the text.
    """
    present = [number for number, script in enumerate(_SCRIPTS) if script.search(word)]
    if len(present) != 2:
        return None, False
    fits = []
    for target in present:
        foreign = [char for char in word if not _SCRIPTS[target].match(char)]
        after = [_AS[target].get(char) for char in foreign]
        if all(one is not None and (one not in _RARE or one in text or one.lower() in text) for one in after):
            fits.append((target, len(foreign)))
    if not fits:
        strange = sum(not _SCRIPTS[0].match(char) for char in word)
        inside = word[0].isascii() and word.islower() and 2 * strange <= len(word) and 0 in present
        return (-1 if inside else None), False
    target, foreign_letters = min(fits, key=lambda fit: (fit[0] != main, fit[1]))
    own = len(word) - foreign_letters
    if target == 0 and not re.search("[A-Za-z]", word):
        return None, False  # what is left of misread text
    if _is_abbreviation(word, target) or own < foreign_letters:
        return None, False
    return target, len(fits) == 1 and own > 1 and not _is_glued(word, target)


def _is_glued(word: str, target: int) -> bool:
    """Whether a word may be two, one of each script: two letters or more of each, and no more mixed than that."""
    parts = ["".join(run) for _, run in groupby(word, lambda char: _SCRIPTS[target].match(char) is not None)]
    return len(parts) == 2 and all(len(part) > 1 for part in parts)


def _is_abbreviation(word: str, target: int) -> bool:
    """Whether the letters of the other script are capitals in a row before small ones: an ending after `HTC`."""
    foreign = "".join(char for char in word if not _SCRIPTS[target].match(char))
    return len(foreign) > 1 and foreign.isupper() and foreign in word and not word.isupper()
