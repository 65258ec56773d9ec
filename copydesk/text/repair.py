"""Repairs damaged text: mojibake, entities, tags, control and invisible characters, Unicode form NFC.

The order matters: mojibake may consist of control characters and no-break spaces, so it is repaired before those; an
entity may stand for any character, so entities come before characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from copydesk.edits import TEXT, Edit, Span, replace
from copydesk.text import escapes, lookalikes, lost_marks, mojibake
from copydesk.text.entities import entities, tags
from copydesk.text.screen import (
    CHARACTERS,
    COMPOSING,
    DIVISIONS,
    ENTITIES,
    ESCAPES,
    INVISIBLE,
    LOST,
    QUOTES,
    SUSPECT,
    TAGS,
    Screen,
    screens,
)

STEP = "repair"


class Repaired(NamedTuple):
    """A repaired text, the edits that lead to it, in order, and the kinds of its characters."""

    text: str
    edits: list[Edit]
    kinds: int


def repair(
    text: str, field: str = TEXT, misreadings: Collection[str] = (), off: Collection[str] = ()
) -> tuple[str, list[Edit]]:
    """Repair a decoded text. Returns the repaired text and the edits that lead to it, in order.

    `misreadings` are those that `copydesk.text.mojibake.misreadings` proved in texts of the same origin. Edits of the
    rules in `off` are not made.
    """
    return _repaired([text], field, misreadings, off)[0][:2]


def repair_all(
    texts: Sequence[str],
    field: str = TEXT,
    off: Collection[str] = (),
    proven: Callable[[int], Collection[str]] = lambda number: (),
) -> list[Repaired]:
    """`repair` many texts. `proven`, the misreadings proven by other texts for the one of a number, is called only if
    that is ambiguous: correct Cyrillic or Arabic contains many letter pairs that could be mojibake.
    """
    done = _repaired(texts, field, (), off)
    for number, one in enumerate(done):
        if mojibake.in_doubt(one.edits) and (known := proven(number)):
            (done[number],) = _repaired([texts[number]], field, known, off)
    return done


def _repaired(texts: Sequence[str], field: str, misreadings: Collection[str], off: Collection[str]) -> list[Repaired]:
    """The kinds of the characters of all texts are looked up together, and tell which repair has work in which text;
    each then goes through all of these, which keeps its code in the processor's caches.
    """
    works = [_Work(screen, field, misreadings, off) for screen in screens(texts)]
    for kinds, mend in _REPAIRS:
        for work in works:
            if work.screen.has(kinds):
                mend(work)
    return [Repaired(work.screen.text, work.edits, work.screen.found) for work in works]


class _Work:
    """A text under repair, as the screen of what it is now, and the edits made so far."""

    def __init__(self, screen: Screen, field: str, misreadings: Collection[str], off: Collection[str]) -> None:
        self.screen = screen
        self.edits: list[Edit] = []
        self.field, self.misreadings, self.off = field, misreadings, off

    def replace(self, spans: Iterable[Span]) -> list[Edit]:
        """Make changes of the text; their edits."""
        return self.take(replace(self.screen.text, [*spans], STEP, self.field, self.off))

    def take(self, done: tuple[str, list[Edit]]) -> list[Edit]:
        """Go on with a new text and the edits that lead to it; these edits."""
        text, made = done
        self.edits += made
        if text is not self.screen.text:
            self.screen = Screen(text)
        return made


def _escapes(work: _Work) -> None:
    text = work.screen.text
    if work.screen.has(ESCAPES) or escapes.may_be_printed(text):
        work.take(escapes.mend(text, STEP, work.field, work.off))


def _mojibake(work: _Work) -> None:
    screen = work.screen
    work.take(mojibake.mend(screen.text, STEP, work.field, work.misreadings, work.off, screen))


def _entities(work: _Work) -> None:
    for _ in range(2):  # one may stand within another
        made = work.replace(entities(work.screen.text)) if work.screen.has(ENTITIES) else []
        if any(edit.after > "\x7f" for edit in made):  # `it&acirc;&euro;&trade;s`
            _mojibake(work)
        if not made:
            break


def _lookalikes(kind: lookalikes.Kind) -> Callable[[_Work], None]:
    def mend(work: _Work) -> None:
        work.take(kind.mend(work.screen, STEP, work.field, work.off))

    return mend


def _of_text(find: Callable[[str], Iterable[Span]]) -> Callable[[_Work], None]:
    def mend(work: _Work) -> None:
        work.replace(find(work.screen.text))

    return mend


# --- characters -------------------------------------------------------------------------------------------------------

# Also the controls that become letters of cp1252 later, but not the accent that \x88 becomes.
_LETTER = r"[\x83\x8a\x8c\x8e\x9a\x9c\x9e\x9f]|[^\W\d_\u02c6]"
#: Old typesetting programs write a division as the sign of negation.
_DIVISION = re.compile(rf"(?<={_LETTER})¬[ \n\r]{{0,3}}(?={_LETTER})")


def _divisions(text: str) -> Iterator[Span]:
    yield from (Span(match.start(), match.end(), "", "soft-hyphen") for match in _DIVISION.finditer(text))


_SUSPECT = re.compile(CHARACTERS[INVISIBLE])
#: The five bytes that cp1252 leaves undefined are removed.
_C1_AS_CP1252 = {chr(byte): bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)}
_TERMINAL_COLOUR = re.compile("\x1b\\[[0-9;]{0,20}[A-Za-z]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Scripts in which joiners are part of the spelling: the Arabic and Indic scripts, Mongolian.
_JOINED = re.compile("[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
# Scripts without spaces, in which a zero-width space separates words.
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff]")
_PICTURES = re.compile("[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f]")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_ENDS = frozenset("\x0b\x0c\u2028\u2029")


def _characters(text: str) -> Iterator[Span]:
    mixed = bool(_RIGHT_TO_LEFT.search(text))
    hyphens = " \xad " in text
    line_end, right_to_left = -1, False
    for match in _SUSPECT.finditer(text):
        char, (start, end) = match[0], match.span()
        if "\x80" <= char <= "\x9f":
            yield Span(start, end, _meant_by_c1(text, start), "c1-control")
        elif char == "\x1b" and (colour := _TERMINAL_COLOUR.match(text, start)):
            yield Span(start, colour.end(), "", "terminal-escape")
        elif char in _LINE_ENDS:
            within = text[end : end + 1] == " " and text[end + 1 : end + 2].islower()
            yield Span(start, end, "", "control") if within else Span(start, end, "\n", "line-end")
        elif char in _BIDI:
            # They act within their paragraph (UAX #9): a Hebrew byline elsewhere is no reason to keep them.
            if mixed and start >= line_end:
                line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
                line_end = min(
                    (at for at in (text.find("\n", start), text.find("\r", start)) if at >= 0), default=len(text)
                )
                right_to_left = _RIGHT_TO_LEFT.search(text, line_start, line_end) is not None
            if not right_to_left:
                yield Span(start, end, "", "bidi-mark")
        elif char in "\u200c\u200d":
            around = text[max(start - 1, 0) : start] + text[end : end + 1]
            if not _JOINED.search(around) and not (char == "\u200d" and _PICTURES.search(around)):
                yield Span(start, end, "", "zero-width")
        elif char == "\u200b":
            if not _UNSPACED.search(text[max(start - 1, 0) : start] + text[end : end + 1]):
                yield Span(start, end, "", "zero-width")
        elif char == "\xad":
            yield Span(start, end, _meant_by_soft_hyphen(text, start, hyphens), "soft-hyphen")
        elif char < " " or char == "\x7f":
            yield Span(start, end, "", "control")
        else:
            yield Span(start, end, "", "zero-width")


_C1 = re.compile("[\x80-\x9f]")
#: Characters before a closing mark in which its opening one is looked for.
_QUOTED = 300


def _meant_by_c1(text: str, at: int) -> str:
    """What a control character of ISO 8859 stands for.

    A bullet stands before an item; elsewhere that byte, and bytes that cp1252 does not have, were read from an encoding
    that is not known.
    """
    before, behind = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] == "\x9d" and text.rfind("“", max(0, at - _QUOTED), at) > text.rfind("”", max(0, at - _QUOTED), at):
        return "”"
    if text[at] != "\x95":
        previous = _C1.match(before)
        return "" if previous and not _C1_AS_CP1252[text[at]] else _C1_AS_CP1252[text[at]]
    if _C1.match(behind):
        return "\ufffd"
    if before.isalpha() and behind.isalpha():
        return "’" if behind in "stdmrvl" and not text[at + 2 : at + 4].isalpha() else "\ufffd"
    is_item = (before in ("", "\n") and behind != "_") or (behind in " \t\xa0" and before in " \n\r\t\xa0")
    return "•" if is_item else "\ufffd"


def _meant_by_soft_hyphen(text: str, at: int, hyphens: bool) -> str:
    """A dash between spaces, a hyphen beside a number and where the text has such dashes (`hyphens`), else nothing."""
    before, behind = text[at - 1 : at], text[at + 1 : at + 2]
    if before == " " and behind == " ":
        return "–"
    if not before.isalnum() or not behind.isalnum():
        return "-" if text[max(0, at - 2) : at] == "+/" else ""
    parties = _FIRST_PARTY.search(text, max(at - 6, 0), at + 1) and _SECOND_PARTY.match(text, at + 1)
    return "-" if hyphens or before.isdigit() or behind.isdigit() or parties else ""


#: `PAN` and `PRD` with a soft hyphen between them are two parties.
_FIRST_PARTY, _SECOND_PARTY = re.compile("(?<![A-Za-z])[A-Z]{2,4}\xad$"), re.compile("[A-Z]{2,4}(?![A-Za-z])")


def _compositions(screen: Screen) -> Iterator[Span]:
    """Words that are not in Unicode form NFC (UAX #15). ASCII spaces never compose, so words can be checked alone."""
    for start, end in screen.words_with(COMPOSING):
        word = screen.text[start:end]
        composed = unicodedata.normalize("NFC", word)
        if composed != word:
            yield Span(start, end, composed, "nfc")


def _compose(work: _Work) -> None:
    work.replace(_compositions(work.screen))


#: The repairs in order, and the kinds of characters of which a text has one if it needs them.
_REPAIRS: tuple[tuple[int, Callable[[_Work], None]], ...] = (
    (ESCAPES | QUOTES, _escapes),
    (SUSPECT, _mojibake),
    (ENTITIES, _entities),
    (TAGS, _of_text(tags)),
    *((kind.characters, _lookalikes(kind)) for kind in lookalikes.KINDS),
    (LOST, _of_text(lost_marks.find)),
    (DIVISIONS, _of_text(_divisions)),
    (INVISIBLE, _of_text(_characters)),
    (COMPOSING, _compose),
)
