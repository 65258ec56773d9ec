"""Text that is written as it is on purpose: what stands before (sic), single words in quotation marks, dialect, older
English, verse, code, lists of words, and sentences that speak of spelling.

Asked only of the few places at which something was found, so it may take its time with the paragraph around each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import Batch
from copydesk.text.typos.grammar import Intended

#: Words in quotation marks that are no quoted sentence, at most, and words before (sic).
QUOTED, BEFORE_SIC = 3, 3
#: Lines of verse, at least, and the characters of one, at most.
VERSE_LINES, VERSE_LENGTH = 3, 60
#: Single words in a row with commas between, at least; words of a line that is an entry of a list, at most.
LISTED, ENTRY = 6, 2
#: Characters of a paragraph that is looked at; more of it is cut, so that no text takes long.
LONGEST = 4000
#: Signs of code in a line, at least, and their share of it.
CODE_SIGNS, CODE_SHARE = 3, 0.06

_QUOTES = re.compile("\"([^\"\\n]{1,400})\"|“([^“”\\n]{1,400})”|(?<!\\w)['‘]([^'‘’\\n]{1,400})['’](?!\\w)")
_CODE = re.compile(r"[{}();=<>\\|$\[\]_#]")
_ONE = r"[^\W\d_]{1,30}"
_LISTED = re.compile(rf"(?:{_ONE}[,;]\s+){{{LISTED - 2},}}{_ONE}(?:[,;]?\s+\w{{1,4}})?\s+{_ONE}")
# Lines of a song or poem in a row: "one line / the next", "one line/The next".
_BARS = re.compile(r" / |[^\W\d_]/(?=[A-Z])")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_FILE = re.compile(r"[\w-]+\.[a-z]\w*")
# What every such list, and every such name, has in it: a search for that begins at its rare first sign.
_PARTS = (
    (re.compile(rf"(?:[,;]\s+{_ONE}){{{LISTED - 3}}}[,;]\s"), _LISTED),
    (re.compile(r"\.[a-z]"), _FILE),
)
_NEVER = re.compile("(?!)")
_WORD = re.compile(r"[’'‘]?[^\W\d_]+(?:['’][^\W\d_]+)*")


def on_purpose(batch: Batch, texts: Sequence[str], words: Intended, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `places`, tokens of `batch` of `texts`, stand as they were meant to stand."""
    found = np.zeros(len(places), bool)
    for i, place in enumerate(places.tolist()):
        text = texts[batch.text[place]]
        start, end = int(batch.start[place]), int(batch.end[place])
        first, last = max(0, start - LONGEST), min(len(text), end + LONGEST)
        blank = text.rfind("\n\n", max(0, first - 1), start)
        first = first if blank < 0 else blank + 2
        blank = text.find("\n\n", end, last + 2)
        last = last if blank < 0 else blank
        spans = _spans(text[first:last], words, last - first == len(text))
        found[i] = any(a < end - first and start - first < b for a, b in spans)
    return found


@lru_cache(maxsize=1024)
def _spans(paragraph: str, words: Intended, whole: bool) -> tuple[tuple[int, int], ...]:
    """Stretches (start, end) of a paragraph that are meant as they stand. `whole`: its text has no other."""
    every = (0, len(paragraph))
    if _is_verse(paragraph) or (not whole and _is_entry(paragraph)):
        return (every,)
    said = _words(paragraph)
    spans, older = _said(paragraph, words) if said & (words.sic | words.spelling | words.older) else ([], 0)
    if older > 1:
        return (every,)
    may_be_clipped = any(ending + mark in paragraph for ending in words.clipped for mark in "'’")
    clipped = _clipped(words.clipped) if may_be_clipped else _NEVER
    spans += [word.span() for word in clipped.finditer(paragraph)]
    for quote in _QUOTES.finditer(paragraph):
        few = len(quote[0].split()) <= QUOTED
        if few or _words(quote[0]) & words.dialect or clipped.search(quote[0]) or _BARS.search(quote[0]):
            spans.append(quote.span())
    if len(_CODE.findall(paragraph)) >= CODE_SIGNS:
        spans += [line.span() for line in re.finditer(r"[^\n]+", paragraph) if _is_code(line[0])]
    patterns = [pattern for part, pattern in _PARTS if part.search(paragraph)]
    spans += [match.span() for pattern in patterns for match in pattern.finditer(paragraph)]
    return tuple(spans)


def _said(paragraph: str, words: Intended) -> tuple[list[tuple[int, int]], int]:
    """Sentences that speak of spelling or are in older language, what stands before (sic), and how many older words
    there are: no more than one of each in a sentence.
    """
    spans, older = [], 0
    for sentence in _SENTENCE.finditer(paragraph):
        said = _words(sentence[0])
        older += len(said & words.older)
        if said & (words.spelling | words.older):
            spans.append(sentence.span())
        if said & words.sic:
            spans += _before_sic(paragraph, sentence.span(), words.sic)
    return spans, older


def _words(text: str) -> set[str]:
    """The words of a text in lower case, with straight apostrophes; those that begin with one also without it."""
    words = set(" ".join(_WORD.findall(text)).lower().replace("’", "'").replace("‘", "'").split(" "))
    return words | {word.lstrip("'") for word in words if word[:1] == "'"}


@lru_cache(maxsize=8)
def _clipped(endings: frozenset[str]) -> re.Pattern[str]:
    """Words with one of `endings` and an apostrophe for what is not spoken: "gettin'"."""
    return re.compile(rf"[^\W\d_]{{2,20}}(?:{'|'.join(sorted(endings)) or '(?!)'})['’](?!\w)")


def _before_sic(paragraph: str, sentence: tuple[int, int], sic: frozenset[str]) -> list[tuple[int, int]]:
    """The few words before each (sic) or [sic]."""
    start, end = sentence
    marks = re.compile(rf"[(\[]\s*(?:{'|'.join(map(re.escape, sorted(sic)))})\b", re.IGNORECASE)
    spans = []
    for mark in marks.finditer(paragraph, start, end):
        before = [word.start() for word in re.finditer(r"\S+", paragraph[: mark.start()])]
        if before:
            spans.append((before[-min(BEFORE_SIC, len(before))], mark.start()))
    return spans


def _is_verse(paragraph: str) -> bool:
    """Short lines of which most end without the end of a sentence."""
    lines = paragraph.split("\n")
    if len(lines) < VERSE_LINES or any(len(line) > VERSE_LENGTH for line in lines):
        return False
    return 2 * sum(not line.rstrip().endswith((".", "!", "?")) for line in lines) > len(lines)


def _is_entry(paragraph: str) -> bool:
    """A line of one or two words that ends no sentence: an entry of a list, a label."""
    return len(paragraph.split()) <= ENTRY and not paragraph.rstrip().endswith((".", "!", "?"))


def _is_code(line: str) -> bool:
    signs = len(_CODE.findall(line))
    return signs >= CODE_SIGNS and signs >= CODE_SHARE * len(line) and not line.rstrip().endswith(".")
