"""Normalizes white space, paragraphs and quotation marks to one form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Literal

from copydesk.edits import TEXT, Edit, Span, replace
from copydesk.text.hyphens import Divided
from copydesk.text.screen import CHARACTERS, CURLED, EVERY, FULL_WIDTH, ODD_SPACES, QUOTES

STEP = "normalize"

Quotes = Literal["straight", "curly", "keep"]


def normalize(
    text: str, quotes: Quotes, field: str = TEXT, off: Collection[str] = (), kinds: int = EVERY
) -> tuple[str, list[Edit]]:
    """Normalize a repaired text: one empty line between paragraphs, single spaces, and one style of quotes.

    Edits of the rules in `off` are not made. `kinds` are those of the characters of the text, if they are known.
    """
    text, spaced = replace(text, list(_spaces(text, kinds, single_line=field != TEXT)), STEP, field, off)
    text, quoted = replace(text, list(_quotes(text, kinds, quotes)), STEP, field, off)
    return text, spaced + quoted


# --- white space and paragraphs ---------------------------------------------------------------------------------------

_LINE_END = re.compile("\r\n|\r|\n")
_ODD = f"{CHARACTERS[ODD_SPACES][1:-1]}\n"
_ODD_RUN = re.compile(f"[{_ODD}][ {_ODD}]*")
#: What most texts have of these: for one character they are searched many times faster than for a class.
_EMPTY_LINES = re.compile("\n[ \n]*")
_WIDE_RUN = re.compile(f"  [ {_ODD}]*")


def _gaps(text: str, kinds: int) -> list[tuple[int, int]]:
    """The runs of white space that may need a change, in order: all but single spaces.

    Most spaces of a text are single ones, so runs are found by what single spaces are not: by an odd character, with at
    most one space before it, or by two spaces.
    """
    runs = _ODD_RUN if kinds & ODD_SPACES else _EMPTY_LINES
    odd = [match.span() for match in runs.finditer(text)]
    odd = [(start - (start > 0 and text[start - 1] == " "), end) for start, end in odd]
    if "  " not in text:
        return odd
    begins = {match.end(): match.start() for match in _WIDE_RUN.finditer(text)}
    for start, end in odd:
        begins[end] = min(start, begins.get(end, start))
    return sorted((start, end) for end, start in begins.items())


def _spaces(text: str, kinds: int, single_line: bool) -> Iterator[Span]:
    width: int | None = None
    last = len(text)
    divided = Divided(text)
    if text[:1] == " " and not text[1:2].isspace():
        yield Span(0, 1, "", "edge")
    if last > 1 and text[-1] == " " and not text[-2].isspace():
        yield Span(last - 1, last, "", "edge")
    for start, end in _gaps(text, kinds):
        piece = text[start:end]
        if piece == "\n\n" and not single_line and start > 0 and end < last and text[start - 1] != "-":
            continue
        if start == 0 or end == last:
            yield Span(start, end, "", "edge")
        elif "\n" not in piece and "\r" not in piece:
            yield Span(start, end, " ", "space")
        elif single_line:
            yield Span(start, end, " ", "line-break")
        elif text[start - 1] == "-" and (join := divided.at(start, end)):
            yield Span(start - join.cut, end, join.after, "line-wrap")
        elif _line_ends(piece) > 1:
            yield Span(start, end, "\n\n", "paragraph-break")
        else:
            width = _wrap_width(text) if width is None else width
            yield _unwrapped(text, start, end, width) if width else Span(start, end, "\n\n", "paragraph-break")


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _unwrapped(text: str, start: int, end: int, width: int) -> Span:
    """The change of a single line end in hard-wrapped text: inside a paragraph, or after its last, short line."""
    line_start = text.rfind("\n", 0, start) + 1
    indented = text[end - 1] in " \t\u3000"
    following = text[end]
    # The next word would have fitted: the line break is intended.
    word = re.match(r"\S*", text[end : end + 60])
    short = start - line_start + 1 + len(word[0] if word else "") < width - 4
    if indented or (short and not following.islower()):
        return Span(start, end, "\n\n", "paragraph-break")
    if text[start - 1] == "-" and text[start - 2 : start - 1].isalpha() and following.islower():
        return Span(start, end, "", "line-wrap")
    return Span(start, end, " ", "line-wrap")


def _wrap_width(text: str) -> int:
    """The width of hard-wrapped text, else 0: lines that continue in lower case, or uncased lines of equal length."""
    if text.count("\n") + text.count("\r") < 3:
        return 0
    begin = text[:20_000]
    lines = [line.rstrip() for line in (_LINE_END.split(begin) if "\r" in begin else begin.split("\n"))]
    pairs = [(a, b) for a, b in pairwise(lines) if a and b]
    if len(pairs) < 3:
        return 0
    lengths = sorted(len(a) for a, _ in pairs)
    width = lengths[int(len(lengths) * 0.95)]
    if not 30 <= width <= 130:
        return 0
    # Wrapping fills lines: the next word did not fit. Lines of a header or a list vary in length.
    filled = [(a, b.lstrip()) for a, b in pairs if len(a) + 1 + len(b.split(None, 1)[0]) > width - 2]
    if len(filled) < 0.5 * len(pairs) or (len(filled) < 8 and max(map(len, lines)) > 1.5 * width):
        return 0
    cased = [b[0] for _, b in filled if b[0].lower() != b[0].upper()]
    if len(cased) * 2 > len(filled):
        return width if sum(c.islower() for c in cased) > 0.4 * len(cased) else 0
    return width if sum(a[-1] not in ".!?؟۔。" for a, _ in filled) > 0.6 * len(filled) else 0


# --- quotation marks --------------------------------------------------------------------------------------------------

_CURLED = re.compile(CHARACTERS[CURLED])
_STRAIGHT = {**dict.fromkeys("‘’‚‛", "'"), **dict.fromkeys("“”„‟", '"')}
_UPRIGHT = re.compile(CHARACTERS[QUOTES])
_OPENS_AFTER = re.compile(r"[\s(\[{—–\-/\"'“‘«]")
# Chinese and Japanese use “ ” as full-width marks of their own; straight quotes are foreign there.
_FULL_WIDTH = re.compile(CHARACTERS[FULL_WIDTH])


def _quotes(text: str, kinds: int, style: Quotes) -> Iterator[Span]:
    if style == "straight" and kinds & CURLED:
        for match in _CURLED.finditer(text):
            at = match.start()
            if not (kinds & FULL_WIDTH and _FULL_WIDTH.search(text[max(at - 1, 0) : at + 2])):
                yield Span(at, at + 1, _STRAIGHT[match[0]], "quote")
    elif style == "curly" and kinds & QUOTES:
        for match in _UPRIGHT.finditer(text):
            at, mark = match.start(), match[0]
            before, behind = text[at - 1 : at], text[at + 1 : at + 2]
            if before.isdigit() and not behind.isalpha():
                continue  # feet and inches, minutes and seconds
            opens = not before or bool(_OPENS_AFTER.match(before))
            if mark == '"':
                yield Span(at, at + 1, "“" if opens else "”", "quote")
            elif opens and not behind.isdigit():
                yield Span(at, at + 1, "‘", "quote")
            else:
                yield Span(at, at + 1, "’", "quote")
