"""English words whose ligature (ff, fi, fl, ffi, ffl) was lost or torn off, as in text taken from a PDF.

A font has a ligature at a place of its own. Programs that do not know it leave a control character (`veri\\x00cation`),
spaces around it (`veri fi cation`) or nothing (`vercation`). A word is put together again if `ligatures.txt` has it;
what left no trace, only in a document with several such words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from copydesk.data import lists
from copydesk.edits import Span

RULE = "lost-ligature"
_LIGATURE = re.compile("ff[il]?|f[il]")
_ALL = ("fi", "fl", "ff", "ffi", "ffl", "ft", "tt", "ti")
#: So many words of a document, of so many kinds, prove that its ligatures were lost; below the second number they are
#: not even likely. Whole words with a ligature may be at most this share of them.
_PROVEN, _LIKELY, _WHOLE = 3, 2, 0.34


class _Words(NamedTuple):
    """The words with a ligature, with their rank by frequency, and by what is left without it (`forms`) the most
    frequent word that is proof.
    """

    whole: dict[str, int]
    lost: dict[str, str]
    forms: frozenset[str]


@cache
def _words() -> _Words:
    whole: dict[str, int] = {}
    lost: dict[str, str] = {}
    for line in lists.lines("ligatures.txt"):
        word, _, no_proof = line.partition(" ")
        whole.setdefault(word, len(whole))
        if not no_proof:
            lost.setdefault(_LIGATURE.sub("", word), word)
            lost.setdefault(_LIGATURE.sub("", word, count=1), word)
            if "ffi" in word or "ffl" in word:  # a font without these writes f and fi
                lost.setdefault(re.sub("ff[il]", "f", word), word)
    return _Words(whole, lost, frozenset(lost))


# --- a control character in its place ---------------------------------------------------------------------------------

_CONTROLLED = re.compile("(?<![A-Za-z])[A-Za-z]*(?:[\x00-\x08\x0b\x0c\x0e-\x1f][A-Za-z]*){1,3}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def controlled(text: str) -> Iterator[Span]:
    """Control characters that stand for a ligature, each the same one throughout the text where it can be."""
    found = [match for match in _CONTROLLED.finditer(text) if len(match[0]) > 2]
    votes: dict[str, Counter[str]] = {}
    for match in found:
        chars = _CONTROL.findall(match[0])
        if len(set(chars)) == 1:
            for ligature in _ALL:
                if match[0].replace(chars[0], ligature).lower() in _words().whole:
                    votes.setdefault(chars[0], Counter())[ligature] += 1
    for match in found:
        for control in _CONTROL.finditer(match[0]):
            start = match.start() + control.start()
            if control[0] not in votes:
                continue
            ranked = [ligature for ligature, _ in votes[control[0]].most_common()]
            words = (match[0].replace(control[0], ligature).lower() for ligature in ranked)
            fits = [ligature for ligature, word in zip(ranked, words, strict=True) if word in _words().whole]
            # A word that is not in the list: the ligature of the others, if they are all the same.
            after = fits[0] if fits else ranked[0] if len(ranked) == 1 else "\ufffd"
            yield Span(start, start + 1, after, RULE)


# --- spaces around it -------------------------------------------------------------------------------------------------

_TORN = re.compile(
    r"(?<![\w'-])(?P<left>(?:[A-Za-z]+ )?)(?P<ligature>ff[il]?|f[il]|\ufb00|\ufb01|\ufb02|\ufb03|\ufb04)"
    r"(?P<right>(?: [a-z]+)?)(?![\w'-])"
)
#: What a text with such words has. It begins with a letter, for which a text is searched faster than for a space.
TORN = re.compile("f(?<= f)[fil][il]? ")
#: `wi fi`, `sci fi`, `hi fi`.
_NO_LEFT = frozenset(("wi", "sci", "hi", "lo"))
#: Words that stand before others more often than they begin one.
_OWN_WORDS = frozenset("a an and as at by for he in is no of on or so the to we with".split())


def _likeliest(words: list[str], left: str) -> int | None:
    """The index of the first of `words` that there is; after a frequent word, of the most frequent one."""
    ranked = [(_words().whole[word.lower()], i) for i, word in enumerate(words) if word.lower() in _words().whole]
    if not ranked:
        return None
    return min(ranked)[1] if left.lower() in _OWN_WORDS else ranked[0][1]


_HALF_TORN = re.compile("(?<![\\w'-])(?:[A-Za-z]+ )?[A-Za-z]*[\ufb00-\ufb04][a-z]*(?: [a-z]+)?(?![\\w'-])")


def torn(text: str) -> Iterator[Span]:
    """Words with spaces beside their ligature: `veri fi cation`, `o ffi ce`, `\ufb01 rst`."""
    here = 0
    for match in _TORN.finditer(text):
        left, ligature, right = match["left"].rstrip(), _plain(match["ligature"]), match["right"].strip()
        if left.lower() in _NO_LEFT:
            continue
        pieces = ((left, right), (left, ""), ("", right))
        words = [f"{before}{ligature}{behind}" if before or behind else "" for before, behind in pieces]
        joined = _likeliest(words, left)
        if joined is None:
            continue
        before, behind = pieces[joined]
        start = match.start("ligature") - (len(before) + 1 if before else 0)
        end = match.end("ligature") + (len(behind) + 1 if behind else 0)
        if start >= here:
            here = end
            yield Span(start, end, f"{before}{ligature}{behind}", RULE)


def half_torn(text: str) -> Iterator[Span]:
    """Words with a space on one side of a ligature that is one character: `veri\ufb01 cation`."""
    here = 0
    for match in _HALF_TORN.finditer(text):
        original = match[0].split(" ")
        ranges = [(i, j) for i, j in ((0, 3), (0, 2), (1, 3)) if j <= len(original)]
        ranges = [(i, j) for i, j in ranges if _is_torn(original[i:j])]
        joined = _likeliest([_plain("".join(original[i:j])) for i, j in ranges], original[0])
        if joined is None:
            continue
        first, last = ranges[joined]
        start = match.start() + sum(len(piece) + 1 for piece in original[:first])
        if start >= here:
            here = start + len(" ".join(original[first:last]))
            yield Span(start, here, _plain("".join(original[first:last])), RULE)


def _is_torn(pieces: list[str]) -> bool:
    """Whether a ligature adjoins a space between `pieces`, none of which is a word by itself."""
    adjoins = any(a[-1:] in _PLAIN_CHARS or b[:1] in _PLAIN_CHARS for a, b in pairwise(pieces))
    return adjoins and not any(_plain(piece).lower() in _words().whole for piece in pieces)


_PLAIN_CHARS = frozenset("\ufb00\ufb01\ufb02\ufb03\ufb04")
_PLAIN = str.maketrans({"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"})


def _plain(text: str) -> str:
    return text.translate(_PLAIN)


# --- without a trace --------------------------------------------------------------------------------------------------

#: English has `fi` once in 250 characters; a text that lost its ligatures has hardly any.
_INTACT = 1 / 1000
_ENGLISH = frozenset(("the", "of", "and"))
_WORD = re.compile(r"(?<![\w'’&@#./-])[A-Za-z]{3,}(?![\w&@/]|\.\w|-\w)")


def lost(text: str) -> tuple[list[Span], bool]:
    """The words that lost their ligature, and whether it is certain; it is not if whole words with one stand beside
    them.
    """
    if text.count("fi") > _INTACT * len(text) + 2 or not all(map(text.__contains__, _ENGLISH)):
        return [], False
    known = _words()
    words = text.split()
    if len(known.forms.intersection(words)) < _LIKELY or not _ENGLISH.issubset(words):
        return [], False
    spans = []
    whole = 0
    kinds = set()
    for match in _WORD.finditer(text):
        word = match[0]
        small = word.lower()
        if small in known.whole:
            whole += 1
        elif (word.islower() or word.istitle()) and (meant := known.lost.get(small)):
            kinds.add(small)
            spans.append(Span(match.start(), match.end(), meant.title() if word.istitle() else meant, RULE))
    if len(kinds) < _LIKELY:
        return [], False
    return spans, len(kinds) >= _PROVEN and whole <= _WHOLE * len(spans)
