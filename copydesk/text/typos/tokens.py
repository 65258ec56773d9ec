"""Text as tokens, and the form under which a token is counted: what lexicon, n-grams and encoder have in common."""

from __future__ import annotations

import re

# Everything is in some token, so that lengths add up to offsets. A possessive 's is a token of its own: "Assad" in
# "Assad's" is the name that it is elsewhere. Numbers come first, so that a word may hold digits ("rebe1", "1990s").
_TOKEN = re.compile(
    r"\d+(?:[.,:]\d+)*(?![^\W_])|[^\W_]+(?:['’](?![sS](?![^\W_]))[^\W\d_]+)*|['’][sS](?![^\W_])|\s+|[^\w\s]|_"
)

#: What stands in n-grams for a word that is not in the vocabulary, for one that begins with a capital, for a number
#: and whatever begins with a digit, and for the edge of a paragraph.
UNKNOWN, NAME, NUMBER, EDGE = "<unk>", "<Unk>", "<0>", "<p>"
SPECIAL = (UNKNOWN, NAME, NUMBER, EDGE)


def tokens(text: str) -> list[str]:
    """The tokens of `text`: words, numbers, signs and white space. Together they are the text, to the character."""
    return _TOKEN.findall(text)


def key(token: str) -> str:
    """The form under which a token is counted: lower case, straight apostrophe; "" for blanks within a line."""
    first = token[0]
    if first.isdigit():
        return NUMBER
    if first.isspace():
        return EDGE if "\n" in token else ""
    return token.lower().replace("’", "'")
