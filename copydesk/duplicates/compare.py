"""Whether one article is a copy of another, by their texts: the kind of copy and the similarity, or neither.

Two articles of one template share most of their words, and differ in the facts: the town, the teams, the figures.
Copies share the facts, and differ in words: a cut, a correction, another first line. So texts that are alike are no
copies if each has facts of its own in place of those of the other.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.shingles import MARKS
from copydesk.duplicates.sketch import OPENING

EXACT, NEAR, HEADLINE, UPDATE, EXCERPT = KINDS = ("exact", "near", "headline", "update", "excerpt")

#: Least shingles of a text that is compared by its shingles.
LEAST_SHINGLES = 8
#: Of the words of the longer text, the most that an excerpt has.
_EXCERPT = 0.5
#: Words of a text that is a teaser, whoever wrote it.
_TEASER_WORDS = 100
#: Facts that each text has alone, from which on they may be of one template: their number, and their share of all.
_OWN_FACTS = 2
_OWN_SHARE = 0.33
_OWN_FIGURES = 0.6
_LEAST_FIGURES = 4
_OWN_WORDS = 0.3
#: Words of a text in which one fact of its own is enough.
_SHORT_WORDS = 40

_TOKEN = re.compile(rf"[^\W_]+(?:[{''.join(sorted(MARKS))}]+[^\W_]*)*(?:[.,:][0-9]+)*")
_SENTENCE = re.compile(r"[.!?:\"'“”‘’(\[\n\-–—]\s*$")
#: What an agency or a paper writes before a story that it sends again.
_AGAIN = re.compile(
    r"\b(?:UPDATE[DS]?\s*\d*\b|CORRECT(?:ED|ION|S)\b|REFILE|WRAPUP\s*\d+|RECASTS)|\((?:Updates|Adds|Corrects|Recasts)\b"
    r"|^(?:Update[sd]?|Corrected|Correction)\s*\d*\s*[:\-–—]"
)


class Settings(NamedTuple):
    """From which Jaccard similarity of their shingles two texts are copies, and from which share of the shorter text's
    shingles it is an excerpt of the other.
    """

    similarity: float = 0.5
    contained: float = 0.8


USUAL = Settings()


class Text:
    """An article as it is compared. `shingles` are those of its body, in order; `spaced` and `headline` its words."""

    def __init__(
        self,
        row: dict[str, Any],
        spaced: bytes,
        headline: bytes,
        told: bool,
        shingles: Any,
    ) -> None:
        """`row` has the columns `headline`, `body`, `published_at`, `published_date`, `modified_at` and `site`."""
        self.row, self.spaced, self.headline, self.told = row, spaced, headline, told
        self.shingles = shingles

    @property
    def site(self) -> str | None:
        found: str | None = self.row["site"]
        return found

    @property
    def day(self) -> date | None:
        found: date | None = self.row["published_date"]
        return found

    @cached_property
    def set(self) -> Any:
        """The shingles, each once, sorted."""
        return np.unique(self.shingles)

    @cached_property
    def words(self) -> frozenset[bytes]:
        return frozenset(self.spaced.split())

    @cached_property
    def count(self) -> int:
        """The number of words."""
        return len(self.spaced.split())

    @cached_property
    def facts(self) -> Facts:
        return Facts.of(self.row["body"])

    @property
    def is_again(self) -> bool:
        """Whether it says that it is a new version of a story."""
        return bool(_AGAIN.search(self.row["headline"]) or _AGAIN.search(self.row["body"][:300]))


class Facts(NamedTuple):
    """What is told and not how: names and figures; where a script has no capitals, all words of some letters."""

    names: frozenset[str]
    capitals: frozenset[str]
    figures: frozenset[str]
    all: frozenset[str]
    cased: bool

    @staticmethod
    def of(body: str) -> Facts:
        """The facts of a body. A word with a capital at the beginning of a sentence is no name."""
        names, first, figures, every = set(), set(), set(), set()
        capitals = letters = 0
        for found in _TOKEN.finditer(body):
            word = found.group()
            every.add(word.casefold())
            if word[0].isdigit():
                figures.add(word)
                continue
            letters += 1
            if word[0].isupper():
                capitals += 1
                first.add(word.casefold())
                start = found.start()
                if len(word) > 1 and start and not _SENTENCE.search(body, max(0, start - 3), start):
                    names.add(word.casefold())
        found_in = (frozenset(names), frozenset(first), frozenset(figures), frozenset(every))
        return Facts(*found_in, capitals * 50 > letters)


class Found(NamedTuple):
    """That one article is a copy of another."""

    kind: str
    similarity: float


def judge(first: Text, second: Text, settings: Settings = USUAL) -> Found | None:
    """What `second` is of `first`, which precedes it in its cluster; None if it is no copy."""
    if not (first.told and second.told) and first.headline != second.headline:
        return None
    a, b = first.set, second.set
    if min(len(a), len(b)) < LEAST_SHINGLES:
        return None
    common = len(np.intersect1d(a, b, assume_unique=True))
    similarity = common / (len(a) + len(b) - common)
    contained = common / min(len(a), len(b))
    if similarity < settings.similarity and not (contained >= settings.contained and _is_opening(first, second)):
        return None
    if similarity < 1 and _is_template(first, second):
        return None
    return Found(_kind(first, second, similarity, contained, settings), similarity)


def same_headline(first: Text, second: Text) -> Found | None:
    """What articles with the same headline on the same day on the same site are of each other, whatever they say."""
    if (first.headline, first.day, first.site) != (second.headline, second.day, second.site):
        return None
    a, b = first.set, second.set
    common = len(np.intersect1d(a, b, assume_unique=True))
    return Found(HEADLINE, common / max(len(a) + len(b) - common, 1))


def _is_opening(first: Text, second: Text) -> bool:
    """Whether the longer of two texts begins with what the shorter one has."""
    shorter, longer = sorted((first, second), key=lambda text: len(text.set))
    head = longer.shingles[: 2 * len(shorter.shingles) + OPENING]
    return bool(np.isin(shorter.set, head).mean() >= 0.5)


def _kind(first: Text, second: Text, similarity: float, contained: float, settings: Settings) -> str:
    if first.spaced.split() == second.spaced.split():
        return EXACT
    shorter, longer = sorted((first, second), key=lambda text: text.count)
    same = first.site is not None and first.site == second.site
    if second.is_again and not first.is_again:
        return UPDATE
    later = same and _is_later(first, second)
    is_part = similarity < settings.similarity or (
        contained >= settings.contained and shorter.count <= longer.count * _EXCERPT
    )
    if is_part and not (later and shorter is first and shorter.count > _TEASER_WORDS):
        return EXCERPT
    return UPDATE if later else NEAR


def _is_later(first: Text, second: Text) -> bool:
    """Whether the second text is of a later time, as the documents say."""
    early, late = _time(first), _time(second)
    return early is not None and late is not None and early < late


def _time(text: Text) -> datetime | None:
    """When an article was last changed, as it says."""
    found: datetime | None = text.row["modified_at"] or text.row["published_at"]
    return found


def _is_template(first: Text, second: Text) -> bool:
    """Whether both texts have facts of their own in place of those of the other."""
    a, b = first.facts, second.facts
    cased = a.cased and b.cased
    if min(first.count, second.count) < _SHORT_WORDS:  # one word may be all that differs: Aries, Taurus
        mine, others = (one.capitals | one.figures if cased else one.all for one in (a, b))
        if _own(mine, others, b.all, a.all) >= (1 if cased else _OWN_FACTS):
            return True
    if _own(a.figures, b.figures, b.figures, a.figures) >= max(
        _LEAST_FIGURES, _OWN_FIGURES * min(len(a.figures), len(b.figures))
    ):
        return True
    kinds: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
        (a.names, b.names),
        (a.names | a.figures, b.names | b.figures),
    )
    share = _OWN_SHARE
    if not cased:
        kinds, share = ((a.all, b.all),), _OWN_WORDS
    return any(
        _own(mine, others, b.all, a.all) >= max(_OWN_FACTS, share * min(len(mine), len(others)))
        for mine, others in kinds
    )


def _own(a: frozenset[str], b: frozenset[str], all_b: frozenset[str], all_a: frozenset[str]) -> int:
    """How many of each set are not in the other text, the fewer of both."""
    return min(len(a - all_b), len(b - all_a))
