"""What a model that reads sentences is shown of a text: the sentence around a place, cut into word pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from copydesk.text.typos.batch import BREAK, Batch

#: The pieces of a window, and which of them is the place.
Window = tuple[tuple[int, ...], int]
#: Tokens looked at on either side of a place, at most, and pieces of a sentence.
REACH, LONGEST = 14, 80
#: Tokens on one side of a place that are too few to be the rest of a sentence.
SHORT = 6


class Pieces:
    """Word pieces: the longest known beginning of a word, then the longest known `##` continuation, and so on."""

    PAD, UNKNOWN, START, END, MASK = range(5)
    MOST = 8

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.ids = {name: i for i, name in enumerate(self.names)}
        self.known: dict[str, list[int]] = {}

    def __call__(self, word: str) -> list[int]:
        found = self.known.get(word)
        if found is None:
            if len(self.known) > 300_000:
                self.known.clear()
            found = self.known[word] = self._cut(plain(word))
        return found

    def _cut(self, word: str) -> list[int]:
        cut: list[int] = []
        at = 0
        while at < len(word) and len(cut) < self.MOST:
            mark = "##" if at else ""
            for end in range(len(word), at, -1):
                piece = self.ids.get(mark + word[at:end])
                if piece is not None:
                    cut.append(piece)
                    at = end
                    break
            else:
                return [self.UNKNOWN]
        return cut or [self.UNKNOWN]


def plain(word: str) -> str:
    """Lower case without accents, as the pieces are written."""
    if word.isascii():
        return word.lower()
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))


def cut(batch: Batch, pieces: Pieces, place: int) -> Window:
    """The pieces of the sentence around a place, and which of them is the first one of the place."""
    first, last = sentence(batch, place)
    tokens = batch.token_types.tokens
    words = [tokens[number] for number in batch.types[first:last].tolist()]
    parts = [[] if word.isspace() else pieces(word) for word in words]
    own, rest = parts[place - first], parts[place - first + 1 :]
    before = [piece for part in parts[: place - first] for piece in part]
    # What is too long loses its beginning, and its end; never the place.
    ids = [Pieces.START, *before[max(0, len(before) + len(own) + 2 - LONGEST) :], *own]
    index = len(ids) - len(own)
    for more in rest:
        if len(ids) + len(more) >= LONGEST:
            break
        ids += more
    return (*ids, Pieces.END), index


def sentence(batch: Batch, place: int) -> tuple[int, int]:
    """The tokens (first, last + 1) of the sentence around a place, cut `REACH` tokens from it."""
    flags = batch.flags
    before = batch.ends[max(0, place - REACH) : place]
    ends = np.flatnonzero(before).tolist()
    first = place - len(before) + (ends[-1] + 1 if ends else 0)
    after = batch.ends[place + 1 : place + 1 + REACH]
    stops = np.flatnonzero(after).tolist()
    if len(after) < REACH:  # the last text of a batch ends as the others do
        stops.append(len(after))
    last = place + 1 + (stops[0] + 1 if stops else len(after))
    # Not every dot that ends no sentence is an abbreviation's: a short piece takes the next one along.
    if len(stops) > 1 and last - place < SHORT and not flags[place + 1 + stops[0]] & BREAK:
        last = place + 1 + stops[1] + 1
    if len(ends) > 1 and place - first < SHORT and not flags[first - 1] & BREAK:
        first = place - len(before) + ends[-2] + 1
    return first, min(last, len(flags))
