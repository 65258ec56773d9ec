"""Texts that show code: escapes in them are what the text is about."""

from __future__ import annotations

import re

# Statements on a line of their own.
_STATEMENT = re.compile(
    r"^[ \t]*(?:import \w[\w.]*(?: as \w+)?;?|from [\w.]+ import \w.*|def \w+\(.*|#include[ \t]*[<\"].*"
    r"|(?:const|let|var) \w+ = .*|for \w+ in .*:|>>> .*)$",
    re.MULTILINE,
)
# A call with a string: prose has a space before a bracket.
_CALL = re.compile(r"\((?<=\w\()[rbuf]{0,2}(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}')[,)]")
# Classes of regular expressions.
_CLASS = re.compile(r"\\[dwsDWS](?:[+*?{]|(?=[ ,)]))")
_SPOKEN_OF = re.compile(
    r"\b(?:regular expressions?|newline|backslash(?:es)?|escape (?:character|sequence|code)s?)\b",
)
#: What a text with one of these words has.
_SPOKEN = ("regular expression", "newline", "backslash", "escape ")


def shows_code(text: str) -> bool:
    r"""Whether a text shows code to its readers, and is not itself written with `\n` for its line ends."""
    if text.count("\\n") > text.count("\n") + 2:
        return False
    return (
        _STATEMENT.search(text) is not None
        or _CLASS.search(text) is not None
        or _CALL.search(text) is not None
        or (any(words in text for words in _SPOKEN) and _SPOKEN_OF.search(text) is not None)
    )
