"""Western European text that was read as Greek or Cyrillic: `opιra` is `opéra`, `dйputй` is `député`.

Only the accented letters change, so that words hold letters of two scripts. Letters that look like Latin ones are left
to `copydesk.text.homoglyphs`: at least one must look like none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from copydesk.edits import Span
from copydesk.text import letters
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.screen import GREEK_CYRILLIC, LATIN

RULE = "mojibake-legacy"
_READ_AS = ("cp1253", "cp1251", "iso8859-7", "koi8-r")
_MEANT = ("cp1252", "cp1254", "cp1250")
_OTHER = re.compile("[\u0370-\u052f]")
_ADJOIN = re.compile("[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
_LETTER, _WORD = re.compile(r"[^\W\d_]"), re.compile(r"[^\W\d_]+")
_LOOK_LATIN = frozenset("аеорсухіјѕоοАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
#: The fewest words that prove a misreading, and the least gain in bits for each of them.
_PROVEN, _EACH = 2, 6.0
#: Two letters are a sign of science: `iθ`, `Δt`.
_SHORTEST = 3
#: Words of one letter.
_ALONE = frozenset("àáéèíóòúyÀÁÉÈÍÓÒÚ")


@cache
def _table(read_as: str, meant: str) -> dict[int, str]:
    """The accented Latin letter that each letter beyond ASCII was."""
    table = {}
    for byte in range(0x80, 0x100):
        seen, after = (bytes([byte]).decode(codec, "replace") for codec in (read_as, meant))
        if seen.isalpha() and after.isalpha() and after > "\x7f" and letters.is_of_script(after, "en"):
            table[ord(seen)] = after
    return table


def find(seen: Seen) -> list[Span]:
    """The repairs of a text: each word of two scripts, and letters alone; empty for correct text."""
    if not (seen.screen.has_pair(LATIN, GREEK_CYRILLIC) or seen.screen.has_pair(GREEK_CYRILLIC, LATIN)):
        return []
    mixed = [word for word in _of_two_scripts(seen.text) if len(word) >= _SHORTEST and _is_latin(word)]
    if len({*mixed}) < _PROVEN:
        return []
    words = [match for match in _WORD.finditer(seen.text) if _OTHER.search(match[0])]
    if 2 * len(mixed) < len([word for word in words if len(word[0]) > 1]):
        return []
    before = " ".join(mixed)
    if all(char in _LOOK_LATIN for char in _OTHER.findall(before)):
        return []
    best: tuple[float, dict[int, str]] | None = None
    least = letters.cost(before) - _EACH * len(mixed)
    for read_as in _READ_AS:
        for meant in _MEANT:
            table = _table(read_as, meant)
            after = before.translate(table)
            if not _OTHER.search(after) and (bits := letters.cost(after)) < least:
                best, least = (bits, table), bits
    if best is None:
        return []
    done = [match for match in words if _ADJOIN.search(match[0]) or match[0].translate(best[1]) in _ALONE]
    pairs = [(match, match[0].translate(best[1])) for match in done]
    return [Span(m.start(), m.end(), after, RULE) for m, after in pairs if not _OTHER.search(after)]


def _of_two_scripts(text: str) -> Iterator[str]:
    """The words with a Latin letter beside one of another script."""
    here = 0
    for place in _ADJOIN.finditer(text):
        start = place.start()
        if start < here:
            continue
        while start > here and _LETTER.match(text, start - 1):
            start -= 1
        word = _WORD.match(text, start)
        here = word.end() if word else place.end()
        if word and here > place.start() + 1:
            yield word[0]


def _is_latin(word: str) -> bool:
    return 2 * len(_OTHER.findall(word)) <= len(word)
