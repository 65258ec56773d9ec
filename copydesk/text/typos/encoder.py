"""The encoder at work: sentences with a place in doubt are cut into word pieces, encoded in batches, and each word that
is possible there gets a score."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import BREAK, Batch

#: (ids (n, length) int64) → hidden states (n, length, width) float32
Run = Callable[[NDArray[np.int64]], NDArray[np.float32]]
#: Tokens looked at on either side of a place, at most, and pieces of a sentence.
REACH, LONGEST = 14, 80
#: Pieces encoded at a time: memory, and the cache of a core, are small.
BATCH = 512


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


class Encoder(NamedTuple):
    """`vectors` (words with a set, width) int8 with a factor `scale` for each row, `bias` and `stay` for each word."""

    run: Run
    pieces: Pieces
    vectors: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    stay: NDArray[np.float32]

    def states(self, batch: Batch, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The hidden state at each of `places` (different, ascending): (len(places), width)."""
        rows: list[list[int]] = []
        where = np.zeros((len(places), 2), np.int64)
        done: tuple[int, int] = (-1, -1)
        index: dict[int, int] = {}
        for i, place in enumerate(places.tolist()):
            if not done[0] <= place < done[1] or place not in index:
                first, last = _sentence(batch, place)
                ids, index = self._pieces(batch, first, last)
                rows.append(ids)
                done = (first, last)
            where[i] = len(rows) - 1, index[place]
        return self._encode(rows, where)

    def _pieces(self, batch: Batch, first: int, last: int) -> tuple[list[int], dict[int, int]]:
        """The pieces of the tokens `first` to `last`, and at which piece each token begins."""
        ids, index = [Pieces.START], {}
        tokens = batch.token_types.tokens
        for at, number in zip(range(first, last), batch.types[first:last].tolist(), strict=True):
            token = tokens[number]
            if token.isspace():
                continue
            cut = self.pieces(token)
            if len(ids) + len(cut) >= LONGEST:
                break
            index[at] = len(ids)
            ids += cut
        return [*ids, Pieces.END], index

    def _encode(self, rows: list[list[int]], where: NDArray[np.int64]) -> NDArray[np.float32]:
        lengths = np.array([len(row) for row in rows])
        order = np.argsort(lengths, kind="stable")
        width = self.vectors.shape[1]
        states = np.zeros((len(where), width), np.float32)
        by_row = np.argsort(where[:, 0], kind="stable")
        firsts = np.searchsorted(where[by_row, 0], np.arange(len(rows) + 1))
        at = 0
        while at < len(order):
            size = at
            while size < len(order) and (size + 1 - at) * lengths[order[size]] <= BATCH:
                size += 1
            chosen = order[at : max(size, at + 1)]
            ids = np.zeros((len(chosen), int(lengths[chosen].max())), np.int64)
            for k, row in enumerate(chosen.tolist()):
                ids[k, : lengths[row]] = rows[row]
            hidden = self.run(ids)
            for k, row in enumerate(chosen.tolist()):
                mine = by_row[firsts[row] : firsts[row + 1]]
                states[mine] = hidden[k, where[mine, 1]]
            at += len(chosen)
        return states

    def scores(self, states: NDArray[np.float32], words: NDArray[np.int32]) -> NDArray[np.float32]:
        """How well each of `words` fits the state beside it, as log-odds up to a constant of the place."""
        vectors = self.vectors[words].astype(np.float32) * self.scale[words, None]
        scores: NDArray[np.float32] = np.einsum("nw,nw->n", states, vectors) + self.bias[words]
        return scores


def _sentence(batch: Batch, place: int) -> tuple[int, int]:
    """The tokens (first, last + 1) of the sentence around a place, cut `REACH` tokens from it."""
    flags = batch.flags
    before = batch.ends[max(0, place - REACH) : place]
    ends = np.flatnonzero(before)
    first = place - len(before) + (int(ends[-1]) + 1 if len(ends) else 0)
    after = batch.ends[place + 1 : place + 1 + REACH]
    stops = np.flatnonzero(after)
    last = place + 1 + (int(stops[0]) + 1 if len(stops) else len(after))
    # Not every dot that ends no sentence is an abbreviation's: a short piece takes the next one along.
    if len(stops) > 1 and last - place < 6 and not flags[place + 1 + int(stops[0])] & BREAK:
        last = place + 1 + int(stops[1]) + 1
    if len(ends) > 1 and place - first < 6 and not flags[first - 1] & BREAK:
        first = place - len(before) + int(ends[-2]) + 1
    return first, last
