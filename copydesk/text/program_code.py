"""Texts that show code: escapes in them are what the text is about."""

from __future__ import annotations

import re

_CODE = re.compile(
    # Statements on a line of their own.
    r"^[ \t]*(?:import \w[\w.]*(?: as \w+)?;?|from [\w.]+ import \w.*|def \w+\(.*|#include[ \t]*[<\"].*"
    r"|(?:const|let|var) \w+ = .*|for \w+ in .*:|>>> .*)$"
    # A call with a string: prose has a space before a bracket.
    r"|\w\([rbuf]{0,2}(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}')[,)]"
    # Classes of regular expressions.
    r"|\\[dwsDWS](?:[+*?{]|(?=[ ,)]))"
    r"|\b(?:regular expressions?|newline|backslash(?:es)?|escape (?:character|sequence|code)s?)\b",
    re.MULTILINE,
)


def shows_code(text: str) -> bool:
    r"""Whether a text shows code to its readers, and is not itself written with `\n` for its line ends."""
    return _CODE.search(text) is not None and text.count("\\n") <= text.count("\n") + 2
