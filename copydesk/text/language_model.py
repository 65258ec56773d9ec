"""The model of py3langid (langid.py, Lui and Baldwin, 2012) with its automaton run on all bytes of a text at once.

Its own loop looks one byte up after the other in tables too large for the cache. The probabilities are the same.
`training/language_model.py` writes the model as `copydesk/data/language_model.npz`: py3langid takes a second to unpack
its own file.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.data import lists

#: The languages among which the model chooses: those of news sites in the Latin and Cyrillic scripts.
LANGUAGES = (
    "af az be bg bs ca cs cy da de en es et eu fi fr ga gl hr ht hu id is it kk ku ky lb lt lv mk mn ms mt nl no pl pt"
    " ro ru sk sl sq sr sv sw tl tr uk uz vi"
).split()


def rank(text: str, most: int = len(LANGUAGES)) -> list[tuple[str, float]]:
    """The `most` probable languages with their probabilities, the most probable first."""
    model = _model()
    content = unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass")
    scores = model.scores(content)
    scores *= 1.0 / math.sqrt(len(content) or 1)  # so that probabilities mean the same for texts of all lengths
    np.exp(scores - scores.max(), out=scores)
    scores /= scores.sum()
    for first, second in model.aliases:
        scores[first] += scores[second]
        scores[second] = 0.0
    found: dict[str, float] = {}
    for place in np.argsort(-scores, kind="stable")[: most + len(model.aliases)].tolist():
        found.setdefault(model.languages[place], float(scores[place]))
    return list(found.items())[:most]


class _Model(NamedTuple):
    """A state is a number of its own for each of the bytes that lead to it, behind that before the first byte, 0: those
    of a column of `next_state` begin with its `base`. So two bytes hold a state, and bytes that all rows treat alike
    have one `column`. `row` (its place in `next_state`) and `feature` are by state: the n-gram of bytes that it
    completes, or a negative number. `weights` are by feature and language; a language of two scripts stands in two
    columns, which `aliases` lists.
    """

    column: bytes
    base: NDArray[np.uint32]
    next_state: NDArray[np.uint16]
    row: NDArray[np.intp]
    feature: NDArray[np.intp]
    weights: NDArray[np.float16]
    prior: NDArray[np.float32]
    languages: list[str]
    aliases: list[tuple[int, int]]

    def scores(self, content: bytes) -> NDArray[np.float32]:
        """The naive Bayes score of each column."""
        visits = Counter(self.features(content).tolist())
        if not visits:
            return np.zeros(len(self.languages), np.float32)
        which, times = np.fromiter(visits, np.intp, len(visits)), np.fromiter(visits.values(), np.float32, len(visits))
        weights = self.weights.take(which, axis=0).astype(np.float32)
        return np.asarray(np.log1p(times) @ weights + self.prior, np.float32)

    def features(self, content: bytes) -> NDArray[np.intp]:
        """The features of a text, in the order of their ends."""
        letters = np.frombuffer(content.translate(self.column), np.uint8)
        base = self.base.take(letters)
        states = np.zeros(len(letters) + 1, np.uint32)  # before the first byte, and behind each
        while True:
            found = base + self.next_state.take(self.row.take(states[:-1]) + letters)
            # States that follow one from the other all the way are those of a run from the start. A state depends on as
            # many bytes as the longest n-gram has, so that this takes as many steps.
            if found.tobytes() == states[1:].tobytes():
                features = self.feature.take(found)
                return features[features >= 0]
            states[1:] = found


@cache
def _model() -> _Model:
    found = lists.arrays("language_model.npz")
    rows, width, languages = len(found["others"]), len(found["first"]), list(map(str, found["languages"]))
    next_state = np.tile(found["first"], rows)
    places = np.repeat(np.arange(0, rows * width, width, dtype=np.int32), found["others"]) + found["place"]
    next_state[places] = np.cumsum(found["step"], dtype=np.uint16)
    return _Model(
        found["column"].tobytes(),
        np.cumsum(np.r_[1, found["states"][:-1]], dtype=np.uint32),
        next_state,
        found["row"].astype(np.intp) * width,
        found["feature"].astype(np.intp),
        np.ascontiguousarray(found["weights"]),  # stored by columns, of which rows are taken by copying all
        found["prior"],
        languages,
        [(languages.index(code), i) for i, code in enumerate(languages) if languages.index(code) < i],
    )
