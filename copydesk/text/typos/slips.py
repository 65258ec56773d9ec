"""What scanners and hands make of a word: the shapes they mistake, and letters left out, added, swapped or moved."""

from __future__ import annotations

from collections.abc import Iterator

LETTERS = "abcdefghijklmnopqrstuvwxyz"

# Shapes that a scanner takes for each other, in lower case.
_ALIKE = """rn m|cl d|li h|vv w|ri n|nn m|in m|ni m|tl d|ii n|ii u|rt n|lc k|ck d|fl f|fi f|e c|l i|l t|i t|i j|u n|u v
v y|a o|e o|c o|a e|s a|f t|f s|h b|r n|h n|b h|g q|g y|d c|d o|k h|m w|z s|ll u|ti n|lt k|al d|ol d|iii m
tii th|tli th|lh th|cb ch|bt ht"""
SHAPES = tuple(
    (x, y) for a, b in (pair.split() for pair in _ALIKE.replace("\n", "|").split("|")) for x, y in ((a, b), (b, a))
)
# Signs that a scanner reads for letters, with what they may have been.
SIGNS = {"0": "o", "1": "li", "5": "s", "8": "b", "ſ": "sf"}

_BY_FIRST: dict[str, list[tuple[str, str]]] = {}
for _old, _new in SHAPES:
    _BY_FIRST.setdefault(_old[0], []).append((_old, _new))


def edits(word: str) -> set[str]:
    """All strings at one letter more, fewer, other or swapped with its neighbour."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    made = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    for letter in LETTERS:
        made |= {a + letter + b for a, b in cuts} | {a + letter + b[1:] for a, b in cuts if b}
    return made - {word}


def shapes(word: str) -> set[str]:
    """All strings in which one shape stands for one that looks alike."""
    return {
        word[:at] + new + word[at + len(old) :]
        for at, letter in enumerate(word)
        for old, new in _BY_FIRST.get(letter, ())
        if word.startswith(old, at)
    } - {word}


def moves(word: str) -> set[str]:
    """All strings in which one letter stands in another place."""
    rest = [(word[:i] + word[i + 1 :], word[i]) for i in range(len(word))]
    return {left[:j] + letter + left[j:] for left, letter in rest for j in range(len(left) + 1)} - {word}


def without_signs(word: str) -> Iterator[str]:
    """`word` with letters for the signs that a scanner read for them; itself where it has none. At most eight."""
    found = [""]
    for letter in word:
        found = [start + other for start in found for other in SIGNS.get(letter, letter)][:8]
    yield from found
