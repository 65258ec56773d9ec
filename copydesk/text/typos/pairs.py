"""Evidence for single pairs of words, as data: contexts in which only one of the two can stand.

Each line of a language's `pairs.tsv` says: what is written, what is meant, the word before (or nothing), the word after
(or nothing), whether a form of "be" before it excuses what is written, and what was measured on open text: how often
the meant word stands in that context, and how often the written one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import Batch

#: Words before a participle among which one of the grammar's `passive` excuses it.
_REACH = 4
_BEFORE, _AFTER = 0, 1


class Pairs(NamedTuple):
    """Lines of evidence as arrays, ordered by `key`: what is written, the side, and the word there, in one number.

    `meant` are numbers of words with a set, `active` says that no passive word may stand before, `precision` how
    often the line is right where both words are equally often meant. `passive` marks those words in the vocabulary.
    """

    key: NDArray[np.int64]
    meant: NDArray[np.int32]
    active: NDArray[np.bool_]
    precision: NDArray[np.float32]
    passive: NDArray[np.bool_]

    @classmethod
    def parse(
        cls, lines: Iterable[str], numbers: Mapping[str, int], vocabulary: Mapping[str, int], passive: Iterable[str]
    ) -> Pairs:
        """From lines of seven fields with tabs between; `#` begins a comment. `passive` are words that excuse."""
        rows = []
        for line in lines:
            if line.strip() and not line.startswith("#"):
                written, meant, before, after, active, meant_seen, written_seen = line.rstrip("\n").split("\t")
                side, word = (_BEFORE, before) if before else (_AFTER, after)
                precision = (int(meant_seen) + 0.5) / (int(meant_seen) + int(written_seen) + 1)
                code = _key(numbers[written], side, vocabulary[word], len(vocabulary))
                rows.append((code, numbers[meant], active == "active", precision))
        rows.sort()
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        marked = np.zeros(len(vocabulary), bool)
        marked[[vocabulary[word] for word in passive if word in vocabulary]] = True
        return cls(
            np.array(columns[0], np.int64), np.array(columns[1], np.int32), np.array(columns[2], bool),
            np.array(columns[3], np.float32), marked,
        )  # fmt: skip

    def speak(self, batch: Batch, places: NDArray[np.int64]) -> dict[tuple[int, int], float]:
        """What lines say at `places`: (place, number of the word meant) → precision."""
        found: dict[tuple[int, int], float] = {}
        stands = batch.sets[places].astype(np.int64)
        for side, offset in ((_BEFORE, -1), (_AFTER, 1)):
            some = places[_has_line(self.key // len(self.passive), 2 * stands + side)]
            beside = batch.beside(some, offset).astype(np.int64)
            codes = _key(batch.sets[some].astype(np.int64), side, beside, len(self.passive))
            first, last = (np.searchsorted(self.key, codes, at) for at in ("left", "right"))
            for i in np.flatnonzero(last > first).tolist():
                place = int(some[i])
                for line in range(int(first[i]), int(last[i])):
                    if not self.active[line] or not self._may_be_passive(batch, place):
                        pair = (place, int(self.meant[line]))
                        found[pair] = max(found.get(pair, 0.0), float(self.precision[line]))
        return found

    def _may_be_passive(self, batch: Batch, place: int) -> bool:
        return bool(self.passive[batch.ids[place + 3 - min(_REACH, place + 3) : place + 3]].any())


def _has_line(sides: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `asked`, words and sides in one number, have a line at all: few words have."""
    has = np.zeros(max(sides.max(initial=0), asked.max(initial=0)) + 1, bool)
    has[sides] = True
    found: NDArray[np.bool_] = has[asked]
    return found


def _key(stands: Any, side: int, word: Any, vocabulary: int) -> Any:
    return (stands * 2 + side) * vocabulary + word
