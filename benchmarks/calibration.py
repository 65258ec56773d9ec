"""The calibration workload of `speed.py`: fixed work of the kinds that cleaning consists of.

Standard library and numpy only, so that releases of text libraries do not change it. Any change here invalidates all
pins of `speed.json`: pin again.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

import numpy as np

_SENTENCES = (
    "The council of the harbour town decided on Tuesday to keep its last ferry running through the winter months.",
    "“We slept in shifts on the school floor,” said Zoë, who had filled 4,000 sandbags over the weekend.",
    "Rain is forecast again for the coming days, though in smaller amounts; the county &amp; the state agree.",
    "Паром отходит завтра утром, сообщили в мэрии; работы продлятся до весны.",
    "By Jane Doe, 21 May 2019 | Source: Coast Courier",
)
_TEXT = "\n\n".join(f"{number}. {_SENTENCES[number % 5]}" for number in range(60))
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_DATE = re.compile(r"\b(?:([0-3]?\d) (?:jan|feb|mar|apr|may|jun)[a-z]* (\d{4})|(\d{4})-(\d\d)-(\d\d))\b", re.IGNORECASE)
_LABEL = re.compile(r"^\s*(?:by|source|via|published|updated)\b[:\s]", re.IGNORECASE | re.MULTILINE)
_TABLE = {ord("“"): '"', ord("”"): '"', ord("’"): "'"}


class _Span(NamedTuple):
    start: int
    end: int
    text: str


def of_text(times: int = 24) -> int:
    """Work on strings: searches, replacements, small values, dictionaries. About 0.05 CPU seconds."""
    total = 0
    for number in range(times):
        text = html.unescape(_TEXT).translate(_TABLE) + str(number)
        text = unicodedata.normalize("NFC", text)
        spans = [_Span(*match.span(), match[0].casefold()) for match in _WORD.finditer(text)]
        counts = Counter(span.text for span in spans)
        kept = [span for span in spans if counts[span.text] < 20 and span.text.isalpha()]
        for line in text.split("\n\n"):
            words = line.split()
            total += sum(word[:1].isupper() for word in words) + len(" ".join(reversed(words)).strip(" .,;"))
            total += bool(_LABEL.search(line)) + bool(_DATE.search(line))
        parts, here = [], 0
        for span in kept:
            parts += (text[here : span.start], span.text)
            here = span.end
        total += len("".join(parts)) + len(json.dumps([span._asdict() for span in kept[:50]]))
        total += len(sorted(counts, key=lambda word: (-counts[word], word)))
    return total


_CHANCE = np.random.default_rng(0)
_WEIGHTS = _CHANCE.standard_normal((384, 384), dtype=np.float32)
_ROWS = _CHANCE.standard_normal((256, 384), dtype=np.float32)
_MARKS = np.sort(_CHANCE.integers(0, 2**63, 400_000, dtype=np.uint64))
_ASKED = _CHANCE.integers(0, 2**63, 20_000, dtype=np.uint64)


def of_numbers(times: int = 2) -> float:
    """Work on strings and on arrays, half and half: products of matrices, look-ups in sorted tables."""
    total = float(of_text(times * 8))
    for _ in range(times):
        rows = _ROWS
        for _ in range(3):
            rows = np.tanh(rows @ _WEIGHTS * np.float32(0.05))
        total += float(rows.sum()) + float(np.searchsorted(_MARKS, _ASKED).sum() % 1000)
    return total
