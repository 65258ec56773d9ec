"""What ftfy knows about mojibake and whole documents do not prove: single characters, line by line.

ftfy (Robyn Speer, 2019, doi:10.5281/zenodo.2591652) is asked about lines only that hold what it could change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

import ftfy
from ftfy.chardata import CHARMAP_ENCODINGS

from copydesk.edits import Span
from copydesk.text import letters
from copydesk.text.mojibake import legacy
from copydesk.text.mojibake.telling import told

#: Longest piece of a line that is aligned character by character; longer ones are replaced whole.
MAX_ALIGNED = 2000


def _seen_through(first: int, last: int, encodings: Iterable[str]) -> str:
    """A set of what the bytes from `first` to `last` look like in any of `encodings`."""
    seen = {char for encoding in encodings for char in bytes(range(first, last + 1)).decode(encoding)}
    return f"[{re.escape(''.join(sorted(seen)))}]"


def _utf8_pair(encodings: Iterable[str]) -> str:
    """The first two bytes of a character in UTF-8, as they look when they are read in one of `encodings`."""
    return _seen_through(0xC2, 0xF4, encodings) + _seen_through(0x80, 0xBF, encodings)


# ftfy would look at every line: only lines with such a pair, or with a first byte whose no-break space became a space,
# can be mojibake to it. One look over the document with all encodings mixed comes first, since it is the cheapest.
_LOST_BYTE = "[ÂÃÄÅÎÐÑÙØĂĹâ]\ufffd"
_LOST_NBSP = f"[ÂÃÅÎÐÙĂĹ] |{_LOST_BYTE}"
_MAYBE_MOJIBAKE = re.compile(f"{_utf8_pair(CHARMAP_ENCODINGS)}|{_LOST_NBSP}")
_MAYBE_WESTERN = re.compile(f"{_utf8_pair(['latin-1', 'sloppy-windows-1252'])}|{_LOST_BYTE}")
_MOJIBAKE_PAIR = re.compile("|".join(sorted({_utf8_pair([e]) for e in CHARMAP_ENCODINGS})) + f"|{_LOST_NBSP}")
# A closing quotation mark whose last byte, undefined in cp1252, was dropped. Read on, ftfy would make a dagger of it.
_LOST_CLOSING_QUOTE = re.compile(r"(?<=[\w.,!?…'’)])â€(?=[\s.,;:!)\]]|$)")
_ASCII_OR_NOT = re.compile("[\x00-\x7f]+|[^\x00-\x7f]+")


def find(text: str, broken: bool = False) -> Iterator[Span]:
    """The repairs that ftfy makes, as changes that do not overlap; `broken` where other mojibake was found already.

    A letter by itself is ftfy's to repair in broken texts alone: `La lettre Â se prononce` is sound.
    """
    if text.isascii():
        return
    # Without a telling pair nothing but what a Western encoding made of one letter is left to find.
    maybe_mojibake = _MAYBE_MOJIBAKE if broken or told(text) else _MAYBE_WESTERN
    here = 0
    while maybe := maybe_mojibake.search(text, here):
        start = text.rfind("\n", 0, maybe.start()) + 1
        end = text.find("\n", maybe.end())
        here = end if end >= 0 else len(text)
        line = text[start:here]
        if _MOJIBAKE_PAIR.search(line) and not (len(line) > 40 and legacy.is_foreign(line)):
            for span in _in_line(line):
                yield span._replace(start=start + span.start, end=start + span.end)


def _in_line(line: str) -> Iterator[Span]:
    lost = [Span(m.start(), m.end(), "”", "mojibake", 0.95) for m in _LOST_CLOSING_QUOTE.finditer(line)]
    for at, piece in _between(line, lost):
        fixed = ftfy.fix_encoding(piece)
        if fixed != piece:
            for start, end, after in _changes(piece, fixed):
                if not _may_stand(after, piece[end : end + 1], fixed):
                    continue
                yield Span(at + start, at + end, after, "mojibake", 0.99)
    yield from lost


def _may_stand(after: str, behind: str, line: str) -> bool:
    """Whether a repair comes to what texts hold: no letter before a digit, and none that is alone in its script."""
    if any(not letters.is_usual(char) for char in after if char != "\ufffd"):
        return False
    if len(after) == 1 and after.isalpha() and behind.isdigit():
        return False
    foreign = [char for char in after if not letters.is_of_script(char, "en")]
    return not foreign or sum(not letters.is_of_script(char, "en") for char in line) >= 3


def _between(line: str, spans: Iterable[Span]) -> Iterator[tuple[int, str]]:
    here = 0
    for span in spans:
        yield here, line[here : span.start]
        here = span.end
    yield here, line[here:]


def _changes(before: str, after: str) -> list[tuple[int, int, str]]:
    """What differs between a line and its repair: (start, end, new text), aligned on the ASCII that both share."""
    old, new = _ASCII_OR_NOT.findall(before), _ASCII_OR_NOT.findall(after)
    found: list[tuple[int, int, str]] = []
    if len(old) == len(new) and all(a == b or not (a.isascii() or b.isascii()) for a, b in zip(old, new, strict=True)):
        here = 0
        for a, b in zip(old, new, strict=True):
            if a != b:
                found.append((here, here + len(a), b))
            here += len(a)
    elif len(before) <= MAX_ALIGNED:
        blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        found = [(i, j, after[k:m]) for tag, i, j, k, m in blocks if tag != "equal"]
    # Where most of the line is new, one edit says it better than one for each word.
    if not found or (len(found) > 8 and 2 * sum(j - i for i, j, _ in found) > len(before)):
        return [(0, len(before), after)]
    return found
