"""The lexicon: which words there are, how frequent they are, and whether they are names."""

from __future__ import annotations

from typing import NamedTuple

# What a word is, as bits. A rare one is in no word list, and yet is written here and there.
ORDINARY, PROPER, RARE = 1, 2, 4
_LETTERS = {"w": ORDINARY, "n": PROPER, "r": RARE}
#: From this Zipf frequency on, what no list has is known all the same: slang, brands, words of other languages.
KNOWN_RARE = 3.6
#: From this one on it is known as a name: scanned books have left their errors among the rarest ("Tlie").
RARE_NAME = 2.5


class Word(NamedTuple):
    """`zipf` is the logarithm of the occurrences in a billion words, to the base 10; `kind` the bits of what it is."""

    zipf: float
    kind: int


class Lexicon(dict[str, Word]):
    """Words by their form in lower case, with straight apostrophes."""

    @classmethod
    def parse(cls, text: str) -> Lexicon:
        """From lines of word, Zipf frequency times ten and kinds (`w`, `n`, `r`), with tabs between them.

        Raises ValueError or KeyError for other text.
        """
        made = {
            (str(z), k): Word(z / 10, sum(_LETTERS[x] for x in k)) for z in range(100) for k in ("w", "n", "nw", "r")
        }
        # In columns: there are hundreds of thousands of lines, and every start of a process waits for them.
        cells = text.removesuffix("\n").replace("\n", "\t").split("\t") if text else []
        kinds = map(made.__getitem__, zip(cells[1::3], cells[2::3], strict=True))
        return cls(zip(cells[::3], kinds, strict=True))

    def knows(self, token: str) -> bool:
        """Whether a token, as it is written, is a word or a name. A name in lower case is none ("thc" for "the")."""
        word = self.get(token.lower().replace("’", "'"))
        if word is None:
            return False
        if word.kind & ORDINARY:
            return True
        if token.islower():
            return word.zipf >= KNOWN_RARE and word.kind & PROPER == 0
        return word.kind & PROPER > 0 or word.zipf >= RARE_NAME

    def zipf(self, word: str) -> float:
        """The Zipf frequency of a form in lower case; 0 for what is not there."""
        found = self.get(word)
        return found.zipf if found else 0.0
