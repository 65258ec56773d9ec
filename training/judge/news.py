"""Published news for the judge: which articles are trained on, which are kept apart, and sentences that are in neither.

A hash of its set and number says what an article is for: `HELD` of 100 are kept apart to measure on, `FIT` to fit the
decision, and the others are trained on. A sentence that also stands in another part, or in a set that is measured on,
is never trained on. Nobody's text goes into the package: weights only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from training.english import GRAMMAR, tokens

#: English sets of published news. Wikinews is not among them: the decision is fitted on it.
SETS = (
    "ag_news_test", "bbc_news", "deception_celebrity_legit", "fa_kes_syria", "fakenews_vs_satire",
    "fakenewscorpus_sample", "fakenewsnet_old", "fnc1_bodies", "horne2017", "reuters21578_sgm",
)  # fmt: skip
HELD, FIT = 20, 20
MEASURED = ("clean.dev", "realword.dev", "nonword.dev")

PLAIN = str.maketrans("‘’‚‛“”„‟\u00a0", "''''\"\"\"\" ")
_ENTITY = re.compile(r"&(?:amp|quot|apos|lt|gt|nbsp|#\d+);|\bquot;|#\d+;")

_END = re.compile(r"[.!?]+[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")
_LAST = re.compile(r"([A-Za-z.]+)\.$")
_ABBREVIATIONS = frozenset(word.lower() for word in GRAMMAR.abbreviations)


class Story(NamedTuple):
    """`name` is set and number; `part` is "held", "fit" or "train"."""

    name: str
    part: str
    text: str


def part(name: str) -> str:
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4, key=b"judge").digest(), "big") % 100
    return "held" if number < HELD else "fit" if number < HELD + FIT else "train"


def stories(articles: Path) -> Iterator[Story]:
    """All articles of `SETS`, with straight quotes."""
    for name in SETS:
        with gzip.open(articles / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["lang"] == "en":
                    key = f"{name}/{row['id']}"
                    yield Story(key, part(key), row["raw_text"].translate(PLAIN))


def normal(sentence: str) -> str:
    """Letters and digits only, in lower case: the form in which sentences are the same."""
    return "".join(token.lower() for token in tokens(sentence) if token[0].isalnum())


def digest(sentence: str) -> int:
    return int.from_bytes(hashlib.blake2b(normal(sentence).encode(), digest_size=8).digest(), "big")


def measured(spelling: Path) -> set[int]:
    """Digests of the sentences that are measured on, as they stand and as they are meant."""
    found = set()
    for name in MEASURED:
        for line in (spelling / f"{name}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            found |= {digest(row["src"]), digest(row["gold"])}
    return found


def is_broken(sentence: str) -> bool:
    """Whether pieces of entities stand in it."""
    return _ENTITY.search(sentence) is not None


class Span(NamedTuple):
    start: int
    end: int


def spans(text: str) -> Iterator[Span]:
    """The sentences of a text: paragraphs, cut at ends that are no dots of abbreviations."""
    for paragraph in re.finditer(r"[^\n]+", text):
        start, line = paragraph.start(), paragraph.group()
        for end in _END.finditer(line):
            if not abbreviated(line[: end.start() + 1]):
                yield Span(start, paragraph.start() + end.end())
                start = paragraph.start() + end.end()
        yield Span(start, paragraph.end())


def abbreviated(text: str) -> bool:
    """Whether a text ends with an abbreviation's dot."""
    last = _LAST.search(text[-12:])
    if last is None:
        return False
    word = last.group(1)
    return word.lower() in _ABBREVIATIONS or len(word) == 1 or "." in word
