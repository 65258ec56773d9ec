"""What a token that is no word may have been meant to be: asked once for each distinct token."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from copydesk.text.typos.lexicon import ORDINARY, PROPER, Lexicon
from copydesk.text.typos.slips import SIGNS, edits, shapes, without_signs

# Kinds of slip, in the order of how readily a scanner makes them.
SIGN, SHAPE, TWO_SHAPES, LETTER, MERGED, SPLIT, HYPHEN = range(7)
SLIPS = ("sign", "shape", "two-shapes", "letter", "merged", "split", "hyphen")
#: Words too rare to be what was meant.
LEAST_ZIPF = 2.0
LONGEST_WORD = 28
#: Two-letter words that may be part of words run together; others are letters by chance.
_SHORT = frozenset("a i am an as at be by do go he if in is it me my no of on or so to up us we".split())
_MOST = 6
#: The s of old print: no word is written with it today.
LONG_S = "ſ"
#: What makes a new word with any other, written together.
PREFIXES = frozenset(
    """over under out up on off down in back anti non pre post pro self super sub inter counter cyber mega multi hyper
    re un de dis mis co ex bio eco tele micro mini ultra extra infra intra neo pan para semi trans vice""".split()
)


class Candidate(NamedTuple):
    """`word`: what may have been meant, as it would be written; `zipf`: its frequency; `slip`: a kind of slip."""

    word: str
    zipf: float
    slip: int


class Finder:
    """Candidates for a token, once for each distinct one."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.candidates = lru_cache(maxsize=200_000)(self._candidates)

    def _candidates(self, token: str) -> tuple[Candidate, ...]:
        """What `token` may have been meant to be, the likeliest first; nothing for what had better be left alone."""
        if not 2 <= len(token) <= LONGEST_WORD or not _readable(token) or self.lacks_apostrophe(token):
            return ()
        found: dict[str, Candidate] = {}
        for slip, word in self._slips(token):
            entry = self.lexicon.get(word)
            if entry is None or word in found or len(word) < 2 or entry.zipf < LEAST_ZIPF:
                continue
            if entry.kind & ORDINARY or (entry.kind & PROPER and not token.islower()):
                found[word] = Candidate(_cased(word, token), entry.zipf, slip)
        best = sorted(found.values(), key=lambda c: -(c.zipf - 1.5 * (c.slip == LETTER) - 1.0 * (c.slip == TWO_SHAPES)))
        return tuple(best[:_MOST])

    def lacks_apostrophe(self, token: str) -> bool:
        """Whether a token may be a possessive or plural of a known word ("citys", "Syrias"): no slip of a letter."""
        stem = token[:-1].lower()
        return len(token) > 3 and token[-1] == "s" and stem in self.lexicon and self.lexicon[stem].zipf >= 3.0

    def _slips(self, token: str) -> Iterator[tuple[int, str]]:
        """Strings that may have been meant, in lower case, each with its kind of slip, the readiest first."""
        lower = token.lower()
        if LONG_S in lower and lower.replace(LONG_S, "s") in self.lexicon:
            yield SIGN, lower.replace(LONG_S, "s")
            return
        readings = list(dict.fromkeys(without_signs(lower)))
        mixed_case = token[1:] != token[1:].lower() and not token.isupper()
        if mixed_case:  # "kiIled": a capital I that was an l
            readings += [r.lower() for r in without_signs(token[:1] + token[1:].replace("I", "l"))]
        if readings != [lower]:
            yield from ((SIGN, reading) for reading in readings)
        once: set[str] = set()
        for reading in dict.fromkeys(readings):
            once |= shapes(reading)
        yield from ((SHAPE, word) for word in sorted(once))
        if len(lower) >= 5:
            twice = {word for first in once for word in shapes(first)}
            yield from ((TWO_SHAPES, word) for word in sorted(twice & self.lexicon.keys()))
        if len(lower) >= 4 and lower.isalpha():
            yield from ((LETTER, word) for word in sorted(edits(lower) & self.lexicon.keys()))

    def parts(self, token: str) -> tuple[tuple[str, str], ...]:
        """The ways in which `token` is two words run together, in lower case."""
        lower = token.lower()
        if len(lower) < 4 or not lower.isalpha():
            return ()
        ways = []
        for cut in range(1, len(lower)):
            left, right = lower[:cut], lower[cut:]
            if all(self._may_be_part(part) for part in (left, right)):
                ways.append((left, right))
        for cut in range(1, len(lower)):
            if lower[:cut] in PREFIXES and lower[cut:] in self.lexicon:
                return tuple(way for way in ways if way[0] not in PREFIXES and len(way[0]) > 1)
        return tuple(ways)

    def _may_be_part(self, part: str) -> bool:
        if len(part) <= 2:
            return part in _SHORT
        entry = self.lexicon.get(part)
        return entry is not None and bool(entry.kind & ORDINARY) and entry.zipf >= 3.0


def _readable(token: str) -> bool:
    """Whether a token may be a misread word at all: letters, with at most two digits among them that look like letters.

    "3rd", "5pm", "4s", "H1N1", "B2B" are what they are.
    """
    digits = [c for c in token if c.isdigit()]
    if not digits:
        return True
    letters = [c for c in token if c.isalpha()]
    if len(digits) > (2 if len(letters) > 5 else 1) or len(letters) < 2 or any(c not in SIGNS for c in digits):
        return False
    if token[0].isdigit():
        return token[0] in "015" and len(letters) >= 3 and token[1:].islower()
    inside = token.rstrip("0123456789")
    # What ends in a digit is a version, a title, a form: "Pen15", "A1"; only "rebe1" and the like are words.
    return any(c.islower() for c in letters) and (
        inside == token or (token[:1].islower() and len(token) - len(inside) == 1)
    )


def _cased(word: str, token: str) -> str:
    """`word` with the capitals of `token`; a capital that was read for an l or i is none."""
    if token[:1] == "I" and word[:1] == "l" and token[1:].islower():
        return word
    letters = [c for c in token if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return word.upper()
    return word[:1].upper() + word[1:] if token[:1].isupper() else word
