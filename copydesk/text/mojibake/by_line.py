"""Mojibake repaired by ftfy, line by line: single characters that no whole document proves.

ftfy (Robyn Speer, 2019, doi:10.5281/zenodo.2591652) gets only lines that it could change.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

import ftfy

from copydesk.data.rules import UNMEASURED
from copydesk.edits import Span
from copydesk.text import letters
from copydesk.text.mojibake import legacy
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.mojibake.misreadings import misreading, one_of
from copydesk.text.screen import CHARACTERS, CONTINUATIONS, LEADS, Screen

#: Maximum length of a piece that is aligned character by character; longer ones are replaced whole.
MAX_ALIGNED = 2000


# A filter, since ftfy is slow: it can change only lines with an indicator pair, or with one letter misread in a Western
# encoding, which may have lost its second byte, or a space in place of a no-break space.
# All begin with a class of leads, for which a text is searched many times faster than for alternatives.
_PAIR = f"(?<={one_of(misreading('western').leads)}){one_of(misreading('western').conts)}"
_LOST_BYTE = "(?<=[ÂÃÄÅÎÐÑÙØĂĹâ])\ufffd"
_LETTER = re.compile(f"{CHARACTERS[LEADS]}(?:{_PAIR}|{_LOST_BYTE})")
_LETTER_OR_SPACE = re.compile(f"{CHARACTERS[LEADS]}(?:{_PAIR}|{_LOST_BYTE}|(?<=[ÂÃÅÎÐÙĂĹ]) )")
# A closing quotation mark without its last byte, which cp1252 leaves undefined. ftfy would make a dagger of it.
_LOST_CLOSING_QUOTE = re.compile(r"(?<=[\w.,!?…'’)])â€(?=[\s.,;:!)\]]|$)")
# An emoji without its last byte, which cp1252 leaves undefined: of those that it can be, the one that is written.
_LOST_EMOJI = re.compile(r"ðŸ([‘˜™])(?=[\s.,;:!?)]|$)")
_EMOJI = {"‘": "👍", "˜": "😍", "™": "🙏"}
# A letter of Latin Extended-A in a word, whose second byte looks like a quotation mark: `MÄ«tava`, `Å“uvre`.
# Vietnamese has three bytes: `cá»§a`.
_WITHIN_WORD = re.compile(
    "(?:(?<=[A-Za-z])[ÃÄ]|Å)[«»–—‘’‚“”„‹›•…](?=[a-z])"
    f"|(?<=[A-Za-z])á[º»]{one_of(misreading('western').conts)}|á[º»]{one_of(misreading('western').conts)}(?=[a-z])"
)
_ASCII_OR_NOT = re.compile("[\x00-\x7f]+|[^\x00-\x7f]+")


def _looked_at() -> Iterator[str]:
    """What a lead byte of UTF-8 looks like in the encodings that ftfy knows, and control characters: it changes no text
    without.
    """
    leads = bytes(range(0xC0, 0xF8))
    for codec in "latin-1 cp1252 cp1251 cp1250 cp1253 cp1254 cp1257 iso8859-2 mac_roman cp437".split():
        yield from leads.decode(codec, "ignore")
    yield from map(chr, range(0x80, 0xA0))


_KNOWN_TO_FTFY = re.compile(one_of(set(_looked_at())))


def find(seen: Seen, broken: bool = False) -> Iterator[Span]:
    """The repairs of ftfy, as changes that do not overlap; `broken` if other mojibake was found before.

    A single letter is repaired only in broken texts: `La lettre Â se prononce` is correct.
    """
    text = seen.text
    places = sorted({place for where in seen.indicated.values() for place in where.places})
    letter = _searched(seen.screen, broken or bool(places))
    here = at = 0
    while True:
        maybe = letter.search(text, here) if letter else None
        at = bisect_left(places, here, at)
        first = min(maybe.start() if maybe else len(text), places[at] if at < len(places) else len(text))
        if first == len(text):
            return
        start = text.rfind("\n", 0, first) + 1
        end = text.find("\n", first)
        here = end if end >= 0 else len(text)
        line = text[start:here]
        if not (len(line) > 40 and legacy.is_foreign(line)):
            for span in _in_line(line):
                yield span._replace(start=start + span.start, end=start + span.end)


def _searched(screen: Screen, broken: bool) -> re.Pattern[str] | None:
    """What may be a misread letter; None if the text has no such pair."""
    if broken and screen.has(LEADS):
        return _LETTER_OR_SPACE
    return _LETTER if screen.has_pair(LEADS, CONTINUATIONS) else None


def _in_line(line: str) -> Iterator[Span]:
    lost: list[Span] = []
    if "â€" in line:
        lost += [Span(m.start(), m.end(), "”", "mojibake") for m in _LOST_CLOSING_QUOTE.finditer(line)]
    lost += [Span(m.start(), m.end(), _EMOJI[m[1]], "mojibake", UNMEASURED) for m in _LOST_EMOJI.finditer(line)]
    for match in _WITHIN_WORD.finditer(line) if any(lead in line for lead in "ÃÄÅá") else ():
        meant = misreading("western").decode(match[0])
        if meant.isalpha() and letters.is_usual(meant):
            lost.append(Span(match.start(), match.end(), meant, "mojibake"))
    lost.sort()
    for at, piece in _between(line, lost):
        fixed = ftfy.fix_encoding(piece) if _KNOWN_TO_FTFY.search(piece) else piece
        if fixed != piece:
            for start, end, after in _changes(piece, fixed):
                if not _may_stand(after, piece[end : end + 1], fixed):
                    continue
                yield Span(at + start, at + end, after, "mojibake")
    yield from lost


def _may_stand(after: str, behind: str, line: str) -> bool:
    """Whether a repair is plausible: no letter before a digit, and no letter alone in its script."""
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
    """The differences between a line and its repair: (start, end, new text), aligned on the ASCII characters."""
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
    # If most of the line changes, one edit is clearer than one for each word.
    if not found or (len(found) > 8 and 2 * sum(j - i for i, j, _ in found) > len(before)):
        return [(0, len(before), after)]
    return found
