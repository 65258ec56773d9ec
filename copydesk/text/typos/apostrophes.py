"""Apostrophes that are missing: "dont", "its a", "womens rights", "didn t".

Each is a line of the language's `apostrophes.toml`: what is written, what is meant, and beside which words that holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import ABBREVIATED, LOWER, TITLE, Batch


class Lost(NamedTuple):
    """What is meant where `apostrophes.toml` has a word. It holds before one of `before` (before any word if that is
    empty), and not behind one of `unless`, nor before one of `not_before`, nor if the word after the next is one of
    `beyond`.
    """

    meant: str
    before: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()


class Apostrophes(NamedTuple):
    """`words` by what is written, in lower case; `apart` are words that end with `end`, a letter that an apostrophe
    sets apart, where a blank stands for it ("didn t")."""

    words: Mapping[str, Lost]
    apart: frozenset[str]
    end: str

    @classmethod
    def parse(cls, tables: Mapping[str, Any]) -> Apostrophes:
        """From the tables of `apostrophes.toml`. Raises KeyError or TypeError where they are not as they have to be."""
        words = {
            written: Lost(line["meant"], *(frozenset(line.get(key, "").split()) for key in Lost._fields[1:]))
            for written, line in tables["words"].items()
        }
        return cls(words, frozenset(tables["apart"]["words"].split()), tables["apart"]["end"])

    @classmethod
    def none(cls) -> Apostrophes:
        return cls({}, frozenset(), "")

    def find(self, batch: Batch, fixed: NDArray[np.bool_]) -> Iterator[tuple[int, int, str]]:
        """(first token, last token, what is meant) of each, but where a token is `fixed` or tied to what is beside it.

        A word with a capital counts at the beginning of a sentence only, and before a word in small letters: elsewhere
        it is a name.
        """
        types = batch.token_types
        known = {
            n: word for word in self.words for form in (word, word.capitalize()) if (n := types.get(form)) is not None
        }
        for place in self._places(batch, fixed, list(known)):
            lost = self.words[known[int(batch.types[place])]]
            left, right = self._beside(batch, place, -1), self._beside(batch, place, 1)
            if right.startswith(("'", "’")):  # "childrens'": an apostrophe is there, in the wrong place
                continue
            if lost.beyond and self._beside(batch, place, 2) in lost.beyond:  # its a cappella choir
                continue
            if (not lost.before or right in lost.before) and left not in lost.unless and right not in lost.not_before:
                yield place, place, _cased(lost.meant, batch.token(place))
        end = types.get(self.end)
        for place in self._places(batch, fixed, [] if end is None else [end]):
            if place and not batch.glued[place] and not fixed[place - 1]:
                one = batch.token(place - 1)
                if one.lower() in self.apart and not batch.flags[place - 1] & ABBREVIATED:
                    yield place - 1, place, f"{one}'{self.end}"

    def _places(self, batch: Batch, fixed: NDArray[np.bool_], numbers: list[int]) -> list[int]:
        wanted = np.zeros(len(batch.token_types.tokens), bool)
        wanted[numbers] = True
        places = np.flatnonzero(wanted[batch.types] & ~fixed)
        title = (batch.flags[places] & TITLE) > 0
        sentence = batch.begins_sentence(places) & ((batch.flags_beside(places, 1) & LOWER) > 0)
        places = places[~title | sentence]
        found: list[int] = places[batch.free(places)].tolist()
        return found

    def _beside(self, batch: Batch, place: int, offset: int) -> str:
        at = place + offset
        return batch.token(at).lower() if 0 <= at < len(batch) else ""


def _cased(meant: str, token: str) -> str:
    return meant[:1].upper() + meant[1:] if token[:1].isupper() else meant
