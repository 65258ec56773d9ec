"""Text as tokens, and the form under which a token is counted: what lexicon, n-grams and encoder have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What stands in n-grams for a word that is not in the vocabulary, for one that begins with a capital, for a number
#: and whatever begins with a digit, and for the edge of a paragraph.
UNKNOWN, NAME, NUMBER, EDGE = "<unk>", "<Unk>", "<0>", "<p>"
SPECIAL = (UNKNOWN, NAME, NUMBER, EDGE)

_APOSTROPHES = "'’"


class Tokenizer:
    """Cuts texts of a language into words, numbers, signs and white space.

    `clitics` are endings that are a token of their own behind an apostrophe: "Assad" in "Assad's" is the name that it
    is elsewhere.
    """

    def __init__(self, clitics: Iterable[str] = ()) -> None:
        # Everything is in some token, so that lengths add up to offsets. Numbers come first, so that a word may hold
        # digits ("rebe1", "1990s").
        word, behind = r"[^\W_]+", r"[^\W\d_]+"
        # Letter by letter: (?i) would take "ſ" for an s.
        endings = "|".join("".join(f"[{c.lower()}{c.upper()}]" for c in clitic) for clitic in clitics)
        clitic = rf"(?:{endings})(?![^\W_])"
        apart = rf"|[{_APOSTROPHES}]{clitic}" if endings else ""
        unless = rf"(?!{clitic})" if endings else ""
        number = r"\d+(?:[.,:]\d+)*(?![^\W_])"
        token = rf"{number}|{word}(?:[{_APOSTROPHES}]{unless}{behind})*{apart}|[^\w\s]|_"
        self._token = re.compile(rf"{token}|\s+")
        # Plain words with a blank behind them, which are two tokens in three, are tried first.
        self._with_blank = re.compile(rf"[A-Za-z]++ (?=\S)|(?:{token})(?: (?!\s))?|\s+")

    def __call__(self, text: str) -> list[str]:
        """The tokens of `text`. Together they are the text, to the character."""
        return self._token.findall(text)

    def with_blanks(self, text: str) -> list[str]:
        """The tokens of `text`, each with the blank behind it where that is one and no more; other white space is a
        token. Together they are the text.
        """
        return self._with_blank.findall(text)


def key(token: str) -> str:
    """The form under which a token is counted: lower case, straight apostrophe; "" for blanks within a line."""
    first = token[0]
    if first.isdigit():
        return NUMBER
    if first.isspace():
        return EDGE if "\n" in token else ""
    return token.lower().replace("’", "'")
