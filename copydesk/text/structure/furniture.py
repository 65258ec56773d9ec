"""Page furniture, lines that are not part of an article: share buttons, newsletters, notices, links, picture credits.

The patterns are in `data/furniture.toml` and match whole lines: a line that continues after the words of a button is a
sentence and is kept.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from copydesk.data.lists import lines, table
from copydesk.text.lazy import later
from copydesk.text.structure.pictures import LONGEST_CREDIT, is_caption, is_credit, is_marked
from copydesk.text.structure.sentences import speaks
from copydesk.text.structure.wording import AROUND, LONGEST, words

#: Maximum characters of a line that is known word for word.
_LONGEST_WORDS = 90

_DATA = table("furniture.toml")
_QUOTES = "\"'“”‘«"


class Heading(StrEnum):
    """The kind of a heading: of a list of links, `Most Popular`, `More from Levant Post`, or of labels, `Tags:`."""

    LINKS = "links"
    LABELS = "labels"


class Furniture(NamedTuple):
    """The kind of a furniture line, and whether it is furniture anywhere or only next to other furniture."""

    rule: str
    anywhere: bool


class _Pattern(NamedTuple):
    rule: str
    anywhere: bool
    sentence: bool
    expression: re.Pattern[str]


_LINES = {
    words(line): Furniture(rule, place == "anywhere")
    for place in ("edges", "anywhere")
    for rule, lines in _DATA[place].items()
    for line in lines
}
_BY_FIRST: dict[str, list[_Pattern]] = {}
_BY_LAST: dict[str, list[_Pattern]] = {}
for _row in _DATA["pattern"]:
    _pattern = _Pattern(
        _row["rule"], not _row.get("edges", False), _row.get("sentence", True), later(_row["match"], re.IGNORECASE)
    )
    for _word in _row.get("first", ()):
        _BY_FIRST.setdefault(_word.replace("’", "'"), []).append(_pattern)
    for _word in _row.get("last", ()):
        _BY_LAST.setdefault(_word, []).append(_pattern)
_STARTS = {line.split(" ")[0] for line in _LINES if line}
_LASTS = tuple(_BY_LAST)
_HEADS = {words(head) for head in _DATA["lists"]["heads"]}
_LABELS = {words(label) for label in _DATA["lists"]["labels"]}
_OPENING = tuple(f"{words(opening)} " for opening in _DATA["lists"]["opening"])
_HEADING_STARTS = {said.split(" ")[0] for said in (*_HEADS, *_OPENING, *_LABELS)}
_LONGEST_HEADING, _LONGEST_LABEL = 60, 40
_ALL_STARTS = _STARTS | _BY_FIRST.keys() | _HEADING_STARTS
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d|©")
_LAST_WORD = re.compile(r"(\w+)\W*$")
_ENTRY = re.compile(r"\d{1,3}[.)] (?=[A-Z])")


def _start(line: str) -> str:
    """The first word of a line as in `words`; empty if it does not start with a word."""
    first = _FIRST_WORD.search(line, 0, 40)
    if first is None:
        return ""
    word = first[0]
    return "0" if word.isdigit() else word.casefold().replace("’", "'")


def find_furniture(line: str) -> Furniture | None:
    """The furniture that a line is; None if it may belong to the article."""
    return classify(line, is_marked(line))[0]


def classify(line: str, marked: bool) -> tuple[Furniture | None, Heading | None]:
    """The furniture that a line is, and the kind of heading; None if it may belong to the article.

    `marked` says whether it may be a picture credit, or end in one.
    """
    if len(line) > LONGEST or not (start := _start(line)):
        return None, None
    # Most lines do not begin or end as furniture, headings and credits do.
    starts = _ALL_STARTS if len(line) <= LONGEST_CREDIT else _BY_FIRST
    if not (marked or start in starts or line[-10:].rstrip(AROUND).casefold().endswith(_LASTS)):
        return None, None
    return _furniture(line, start, marked), _heading(line, start)


def _furniture(line: str, start: str, marked: bool) -> Furniture | None:
    if start in _STARTS and len(line) <= _LONGEST_WORDS and (known := _LINES.get(words(line))):
        # Inside a line of text these words are part of a sentence.
        # In quotes they are speech; behind a number and a full stop they head a part of the story.
        spoken = (
            line[0] in _QUOTES
            or line[-1] == "?"
            or _ENTRY.match(line)
            or (not known.anywhere and (line[-1] == "." or "=" in line))
        )
        return None if spoken else known
    if marked and (is_credit(line) or is_caption(line)):
        return Furniture("photo-credit", True)
    tried = _BY_FIRST.get(start, [])
    if line[-10:].rstrip(AROUND).casefold().endswith(_LASTS) and (last := _LAST_WORD.search(line, len(line) - 20)):
        tried = [*tried, *_BY_LAST.get(last[1].casefold(), ())]
    bare = line.strip(AROUND) if tried else ""
    for pattern in tried:
        if (pattern.sentence or line[-1] not in ".…") and pattern.expression.fullmatch(bare):
            return None if speaks(line) else Furniture(pattern.rule, pattern.anywhere)
    return None


_NOTICE = later("|".join(f"(?:{line})" for line in lines("notices.txt")), re.IGNORECASE)
_LONGEST_NOTICE = 800


def is_notice(paragraph: str) -> bool:
    """Whether a paragraph is a notice in place of an article: to accept cookies, to subscribe.

    An article may contain such a sentence; a text of nothing else is not an article.
    """
    return len(paragraph) <= _LONGEST_NOTICE and _NOTICE.match(paragraph.lstrip(AROUND)) is not None


# --- lists of links --------------------------------------------------------------------------------------------------


def _heading(line: str, start: str) -> Heading | None:
    if len(line) > _LONGEST_HEADING or start not in _HEADING_STARTS or line[0] in _QUOTES:
        return None
    said = words(line)
    if line[-1] not in ".?,;" and (said in _HEADS or (said.startswith(_OPENING) and len(said.split()) <= 8)):
        return Heading.LINKS
    return Heading.LABELS if said in _LABELS and len(line) <= _LONGEST_LABEL else None
