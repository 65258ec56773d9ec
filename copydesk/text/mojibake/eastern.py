"""UTF-8 that was read in an encoding of two-byte characters: `it鈥檚` is GBK, `it窶冱` Shift-JIS, `浣犲ソ` was Chinese.

A character of UTF-8 has two or three bytes, so that it swallows a letter behind it or loses its last byte. Chinese or
Japanese that is valid UTF-8 by chance is short, and does not stand inside Latin words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from copydesk.edits import Span
from copydesk.text import letters
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.screen import CHARACTERS, WIDE

RULE = "mojibake"
_CODECS = ("gb18030", "cp932", "big5", "cp949")
_WIDE = re.compile(CHARACTERS[WIDE])
_RUN = re.compile("[^\x00-\x7f]+")
_LATIN = re.compile("[A-Za-z]")
#: What may be meant inside Latin text: accented letters, quotation marks, dashes, signs.
_MEANT = re.compile("[\xa0-\xff\u2010-\u2122A-Za-z]+")
#: Runs are read by two common encodings: in the others, kana and Hangul are such letters by chance.
_COMMON = ("gb18030", "cp932")
# A quotation mark or dash whose last byte is lost, with what programs put in its place.
_LOST = re.compile("(?:\u9225|\u7a76)[?\ufffd]{1,2}")
_TAIL = re.compile("\ufffd[?]{1,2}")
#: In a line of wide characters: the most that may be lost, and the fewest characters that are meant.
_UNREAD, _FEWEST = 0.12, 6


def find(seen: Seen) -> list[Span]:
    """The repairs of a text, which do not overlap; empty for correct text."""
    if not seen.screen.has(WIDE):
        return []
    spans: list[Span] = []
    start = 0
    for line in seen.text.split("\n"):
        wide = len(_WIDE.findall(line))
        if wide:
            latin = len(_LATIN.findall(line)) > 3 * wide
            spans += (span._replace(start=start + span.start, end=start + span.end) for span in _line(line, latin))
        start += len(line) + 1
    return spans


def _line(line: str, latin: bool) -> Iterator[Span]:
    if not latin:
        meant = next((found for codec in _CODECS if (found := _whole(line, codec))), None)
        if meant:
            yield Span(0, len(line), meant, RULE)
        return
    spans: list[Span] = []
    for match in _RUN.finditer(line):
        meant = _within_latin(line, match)
        if meant:
            spans.append(Span(match.start(), match.end(), meant, RULE))
    if not spans:
        return
    yield from spans
    taken = {span.start for span in spans}
    opened = sum(span.after.count("“") - span.after.count("”") for span in spans) > 0
    for match in _LOST.finditer(line):
        if match.start() not in taken:
            alone = line[match.start() - 1 : match.start()] == " "
            yield Span(match.start(), match.end(), "—" if alone else "”" if opened else "\ufffd", RULE)


def _within_latin(line: str, match: re.Match[str]) -> str | None:
    """What a run of wide characters inside Latin text was; None if it stands for itself."""
    start, end = match.span()
    glued = line[start - 1 : start].isascii() and (line[start - 1 : start].isalpha() or line[end : end + 1].isalpha())
    for codec in _COMMON:
        try:
            meant = match[0].encode(codec).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        letter = meant[0].isalpha()
        if meant != match[0] and _MEANT.fullmatch(meant) and (glued or not letter) and letters.is_usual(meant):
            return meant
    return None


def _whole(line: str, codec: str) -> str | None:
    """What a line of wide characters was, if nearly all of it was read in `codec`."""
    try:
        content = line.replace("\ufffd", "?").encode(codec)
    except UnicodeEncodeError:
        return None
    meant = _TAIL.sub("\ufffd", content.decode("utf-8", "replace"))
    beyond = "".join(_RUN.findall(meant))
    sound = beyond.replace("\ufffd", "")
    if len(sound) < _FEWEST or len(beyond) - len(sound) > _UNREAD * len(beyond):
        return None
    return meant if sum(map(letters.is_usual, sound)) >= 0.95 * len(sound) else None
