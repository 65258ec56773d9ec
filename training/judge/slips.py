"""Which word is written for which: errors as people and scanners make them, each word as an error about as often as it
stands there by right.

A slip that makes a rare word of a frequent one happens far more often, among errors drawn evenly, than the rare word is
meant ("time" → "tome"): a judge that learns from such errors takes every rare word for one. So an error is drawn by the
kind of slip and by how frequent the wrong word is, and a word is made an error a few times as often as it is meant.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from training.encoder import Sets

#: Errors of a word for each time that it is meant, about, in each of the three draws that an error may take.
RATIO = 2.0
#: How much likelier a slip is than a letter replaced by any other.
SOUND, SHAPE, MOVE, SWAP, DOUBLE, FEWER, MORE, KEYS, OTHER = 3.0, 1.5, 1.5, 3.0, 3.0, 2.0, 1.2, 1.2, 0.6
#: The same for pairs that people are known to confuse.
KNOWN = 4.0
#: Wrong words are drawn by this power of their frequency.
POWER = 0.25

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_KEYS = {frozenset(pair) for row in _ROWS for pair in pairwise(row)}
_KEYS |= {frozenset(pair) for two in pairwise(_ROWS) for pair in zip(*two, strict=False)}


def letters(written: str, meant: str) -> float:
    """How likely a slip of one letter is."""
    if len(written) == len(meant):
        differ = [i for i, (a, b) in enumerate(zip(written, meant, strict=True)) if a != b]
        if len(differ) == 2 and written[differ[0]] == meant[differ[1]]:
            return SWAP
        if len(differ) == 1 and frozenset((written[differ[0]], meant[differ[0]])) in _KEYS:
            return KEYS
        return OTHER
    long, short = sorted((written, meant), key=len, reverse=True)
    at = next((i for i, (a, b) in enumerate(zip(long, short, strict=False)) if a != b), len(short))
    if at and long[at] == long[at - 1]:
        return DOUBLE
    return FEWER if len(written) < len(meant) else MORE


def known(spelling: Path) -> set[tuple[str, str]]:
    """Pairs (written, meant) of words that people confuse: LanguageTool's sets, and lists of misspellings."""
    found: set[tuple[str, str]] = set()
    for file in sorted((spelling / "lt").glob("confusion_sets*.txt")):
        for line in file.read_text("utf-8", "replace").splitlines():
            parts = [re.sub(r"\|.*", "", p).strip() for p in re.split(r"\s*(;|->)\s*", line.split("#")[0])]
            if len(parts) >= 3:
                found.add((parts[0], parts[2]))
                if parts[1] == ";":
                    found.add((parts[2], parts[0]))
    for file in sorted((spelling / "misspell").glob("*.dat")):
        meant = ""
        for line in file.read_text("utf-8", "replace").splitlines():
            if line.startswith("$"):
                meant = line[1:].lower()
            elif meant and line:
                found.add((line.split()[0].lower(), meant))
    return found


class Slips:
    """`draw(word)` is a word that may be written for `word` (numbers of words with a set), or -1."""

    def __init__(
        self, sets: Sets, kinds: dict[str, dict[str, str]], pairs: set[tuple[str, str]], counts: Counter[str]
    ) -> None:
        """`kinds` are the confusion sets with the slips that lead to them; `counts` how often each word is meant in the
        text that is trained on.
        """
        self.sets = sets
        total = max(1, sum(counts.values()))
        often = np.array([counts[word] for word in sets.words], float)
        share = ((often + 1) / total * 1e6) ** POWER
        self.weights = np.zeros(len(sets.near))
        for i, meant in enumerate(sets.words):
            for j in range(sets.first[i], sets.first[i + 1]):
                written = sets.words[sets.near[j]]
                kind = kinds[meant][written]
                ways = [letters(written, meant)] if "edit" in kind else []
                ways += [SHAPE] * ("shape" in kind) + [MOVE] * ("move" in kind) + [SOUND] * ("sound" in kind)
                self.weights[j] = max([*ways, KNOWN * ((written, meant) in pairs)]) * share[sets.near[j]]
        self.likely: list[Any] = []
        drawn = np.zeros(len(sets.words))
        for i in range(len(sets.words)):
            part = self.weights[sets.first[i] : sets.first[i + 1]]
            part /= part.sum()
            self.likely.append(np.cumsum(part))
            np.add.at(drawn, sets.near[sets.first[i] : sets.first[i + 1]], often[i] * part)
        # Errors are made at about one place in `EVERY`.
        self.accept = np.minimum(1.0, RATIO * EVERY * (often + 2) / np.maximum(drawn, 1e-9))

    def draw(self, word: int, rng: random.Random) -> int:
        for _ in range(3):
            at = int(np.searchsorted(self.likely[word], rng.random()))
            other = int(self.sets.near[self.sets.first[word] + min(at, len(self.likely[word]) - 1)])
            if rng.random() < self.accept[other]:
                return other
        return -1


#: Words with a set for each error that is made.
EVERY = 12.0
