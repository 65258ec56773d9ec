"""What scanners and hands make of a word: the shapes they mistake, and letters left out, added, swapped or moved."""

from __future__ import annotations

from collections.abc import Iterator

from copydesk.text.typos.grammar import Grammar


class Variants:
    """Strings that a word may have become, or may have been, in a language's letters and shapes."""

    #: Readings of the signs in a word, at most.
    MOST = 8

    def __init__(self, grammar: Grammar) -> None:
        self._alphabet = grammar.alphabet
        self._signs = grammar.signs
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        for old, new in grammar.shapes:
            self._by_first.setdefault(old[0], []).append((old, new))

    def edits(self, word: str) -> set[str]:
        """All strings at one letter more, fewer, other or swapped with its neighbour."""
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        made = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        for letter in self._alphabet:
            made |= {a + letter + b for a, b in cuts} | {a + letter + b[1:] for a, b in cuts if b}
        return made - {word}

    def shapes(self, word: str) -> dict[str, int]:
        """All strings in which one shape stands for one that looks alike, each with the first place that differs."""
        found: dict[str, int] = {}
        for at, letter in enumerate(word):
            for old, new in self._by_first.get(letter, ()):
                if word.startswith(old, at):
                    found.setdefault(word[:at] + new + word[at + len(old) :], at)
        return found

    def without_signs(self, word: str) -> Iterator[str]:
        """`word` with letters for the signs that a scanner read for them; itself where it has none. At most `MOST`."""
        found = [""]
        for letter in word:
            found = [start + other for start in found for other in self._signs.get(letter, letter)][: self.MOST]
        yield from found


def moves(word: str) -> set[str]:
    """All strings in which one letter stands in another place."""
    rest = [(word[:i] + word[i + 1 :], word[i]) for i in range(len(word))]
    return {left[:j] + letter + left[j:] for left, letter in rest for j in range(len(left) + 1)} - {word}
