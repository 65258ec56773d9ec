"""Word-level scores of corrections: recall, precision and changes of correct words.

A correction is right if its tokens equal the correct tokens. Tokens are separated by spaces. If several tokens in a row
differ and both sides have the same number, each token is a separate edit.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

Edit = tuple[int, int, tuple[str, ...]]


class Score(NamedTuple):
    """`right` of `made` edits agree with the `wanted` ones; `harm` of them change tokens that were right."""

    right: int
    made: int
    wanted: int
    harm: int

    @property
    def precision(self) -> float:
        return self.right / self.made if self.made else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def edits(before: str, after: str) -> set[Edit]:
    """The word-level edits that lead from one text to another: (first token, last token + 1, tokens instead)."""
    if before == after:
        return set()
    a, b = before.split(), after.split()
    found: set[Edit] = set()
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "replace" and j - i == m - k:
            found |= {(i + n, i + n + 1, (b[k + n],)) for n in range(j - i)}
        elif kind != "equal":
            found.add((i, j, tuple(b[k:m])))
    return found


def score(triples: Iterable[tuple[str, str, str]]) -> Score:
    """Over (text with errors, text meant, text corrected)."""
    right = made = wanted = harm = 0
    for source, gold, output in triples:
        asked, done = edits(source, gold), edits(source, output)
        touched = {i for start, end, _ in asked for i in range(start, max(end, start + 1))}
        right += len(asked & done)
        made += len(done)
        wanted += len(asked)
        harm += sum(not touched & set(range(start, max(end, start + 1))) for start, end, _ in done)
    return Score(right, made, wanted, harm)
