"""Page furniture, lines that are not part of an article: share buttons, newsletters, notices, links, picture credits.

The patterns are in `data/furniture.toml` and match whole lines: a line that continues after the words of a button is a
sentence and is kept.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from copydesk.data.lists import lines, table
from copydesk.text.fold import any_as_written
from copydesk.text.lazy import later
from copydesk.text.structure.sentences import speaks

#: Maximum characters of a furniture line.
LONGEST = 420
_LONGEST_WORDS = 90

_DATA = table("furniture.toml")
_WORD = re.compile(r"[^\W\d_]+(?:['’´][^\W\d_]+)*|\d+(?:[.,]\d+)*[kKmM]?(?!\w)|\d+")
_AROUND = " \t|•·*-–—>»«<›‹→►▼▶←↑↓:.…!,;/_[](){}#+=~✕×✓⭐"
_QUOTES = "\"'“”‘«"


class Heading(StrEnum):
    """The kind of a heading: of a list of links, `Most Popular`, `More from Levant Post`, or of labels, `Tags:`."""

    LINKS = "links"
    LABELS = "labels"


class Furniture(NamedTuple):
    """The kind of a furniture line, and whether it is furniture anywhere or only next to other furniture."""

    rule: str
    anywhere: bool


def words(line: str) -> str:
    """A line normalized for comparison: lower case, words separated by one space, every number as 0."""
    return " ".join("0" if word[0].isdigit() else word for word in _WORD.findall(line.casefold().replace("’", "'")))


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
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d|©")
_LAST_WORD = re.compile(r"(\w+)\W*$")


def signs() -> tuple[frozenset[str], tuple[str, ...]]:
    """What a line has that may be furniture other than a caption: one of the first as its first word, or one of the
    second as its last, both without regard to case. Apostrophes of words are `'`, numbers `0`.
    """
    return frozenset(_STARTS) | _BY_FIRST.keys(), _LASTS


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
    return classify(line)[0]


def classify(line: str) -> tuple[Furniture | None, Heading | None]:
    """The furniture that a line is, and the kind of heading; None if it may belong to the article."""
    if len(line) > LONGEST or not (start := _start(line)) or not _may_be_any(line, start):
        return None, None
    return _furniture(line, start), _heading(line, start)


def _may_be_any(line: str, start: str) -> bool:
    """Whether a line begins or ends as furniture, headings and credits do; most lines do not."""
    is_long = len(line) > _LONGEST_CREDIT
    if start in (_BY_FIRST if is_long else _ALL_STARTS):
        return True
    if may_end_in_credit(line) and _has_mark(line[-130:]) if is_long else _has_mark(line):
        return True
    end = line[-10:].casefold()
    for last in _LASTS:  # noqa: SIM110 - for every line of every text
        if last in end:
            return True
    return False


def _furniture(line: str, start: str) -> Furniture | None:
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
    if (len(line) > _LONGEST_CREDIT or _has_mark(line)) and (is_credit(line) or is_caption(line)):
        return Furniture("photo-credit", True)
    tried = _BY_FIRST.get(start, [])
    if line[-10:].rstrip(_AROUND).casefold().endswith(_LASTS) and (last := _LAST_WORD.search(line, len(line) - 20)):
        tried = [*tried, *_BY_LAST.get(last[1].casefold(), ())]
    if not tried or speaks(line):
        return None
    bare = line.strip(_AROUND)
    for pattern in tried:
        if (pattern.sentence or line[-1] not in ".…") and pattern.expression.fullmatch(bare):
            return Furniture(pattern.rule, pattern.anywhere)
    return None


_NOTICE = re.compile("|".join(f"(?:{line})" for line in lines("notices.txt")), re.IGNORECASE)
_LONGEST_NOTICE = 800


def is_notice(paragraph: str) -> bool:
    """Whether a paragraph is a notice in place of an article: to accept cookies, to subscribe.

    An article may contain such a sentence; a text of nothing else is not an article.
    """
    return len(paragraph) <= _LONGEST_NOTICE and _NOTICE.match(paragraph.lstrip(_AROUND)) is not None


# --- lists of links --------------------------------------------------------------------------------------------------

_HEADS = {words(head) for head in _DATA["lists"]["heads"]}
_LABELS = {words(label) for label in _DATA["lists"]["labels"]}
_OPENING = tuple(f"{words(opening)} " for opening in _DATA["lists"]["opening"])
_HEADING_STARTS = {said.split(" ")[0] for said in (*_HEADS, *_OPENING, *_LABELS)}
_LONGEST_HEADING, _LONGEST_LABEL = 60, 40
_ALL_STARTS = _STARTS | _BY_FIRST.keys() | _HEADING_STARTS


def _heading(line: str, start: str) -> Heading | None:
    if len(line) > _LONGEST_HEADING or start not in _HEADING_STARTS or line[0] in _QUOTES:
        return None
    said = words(line)
    if line[-1] not in ".?,;" and (said in _HEADS or (said.startswith(_OPENING) and len(said.split()) <= 8)):
        return Heading.LINKS
    return Heading.LABELS if said in _LABELS and len(line) <= _LONGEST_LABEL else None


# --- pictures --------------------------------------------------------------------------------------------------------

_PHOTOS = _DATA["photos"]
_AGENCIES = frozenset(words(name) for name in _PHOTOS["agencies"])
_WIRES = frozenset(words(name) for name in _PHOTOS["wires"])


# `Photo: Jane Doe`, but `Photo by Jane Doe` without a colon.
_LABELLED = re.compile(
    rf"(?:(?:{any_as_written(_PHOTOS['labels'])})\s*[:|]\s*|(?:{any_as_written(_PHOTOS['by'])})\s*:?\s+)(?:©\s*)?",
    re.IGNORECASE,
)
_LONGEST_CREDIT = 120
_MARKS = tuple(_PHOTOS["marks"])
_MARK = re.compile(any_as_written(_MARKS))
_PARTS = re.compile(r"\s*[/|;,]\s*|\s+(?:via|for|by|with)\s+|©\s*")
_NAME = re.compile(r"[\w.'’&@()+-]+(?: [\w.'’&@()+-]+){0,5}")
# A caption may end in its credit: "(Photo by Jane Doe/Getty Images)", "Photograph: Jane Doe", "Jane Doe / AP".
_BRACKETED = re.compile(r"[(\[]([^()\[\]]{3,110})[)\]]\.?$")
_TRAILING = re.compile(
    r"(?<=[.!?\"'”’)\s])(?:Photograph|Photo|Photos|Picture|Image|Images|Credit|Foto|Bild)(?::| by) ?([^.!?:]{2,80})\.?$"
)
_BARRED = re.compile(r"\s\|\s(?=\S)(?!.*\s\|\s)")
_SLASHED = re.compile(
    r"(?<=[.!?…]) ((?:[A-Z][\w.'’-]+ ){1,3}?[A-Z][\w.'’-]+(?: ?/ ?[A-Z][\w.'’ -]{1,30}){1,3})(?: hide caption)?$"
)


def _has_mark(text: str) -> bool:
    return _MARK.search(text.lower()) is not None


def is_credit(text: str) -> bool:
    """Whether a text is a picture credit: `Jane Doe/Getty Images`, `REUTERS/Jane Doe`, `Photo by Jane Doe`."""
    if len(text) > _LONGEST_CREDIT or not _has_mark(text):
        return False
    bare = text.strip(_AROUND)
    label = _LABELLED.match(bare)
    parts = [part for part in _PARTS.split(bare[label.end() :] if label else bare) if part]
    said = [words(part) for part in parts]
    if not parts or not all(map(_is_name, parts, said)):
        return False
    if label or any(part in _AGENCIES for part in said):
        return True
    # `Jane Doe, Reuters` may be the author, and `AP/AFP` the sources of the article.
    people = [part for part, name in zip(parts, said, strict=True) if name not in _WIRES]
    return "/" in bare and 0 < len(people) < len(parts) and all(" " in part and part[0].isupper() for part in people)


def _is_name(part: str, said: str) -> bool:
    """Whether the words may be a name: few, and at least three in four capitalized; `said` are its `words`."""
    if said in _AGENCIES or said in _WIRES:
        return True
    if len(part) > 60 or not _NAME.fullmatch(part):
        return False
    found = part.split()
    small = sum(1 for word in found if word[:1].islower() and len(word) > 3 and "." not in word)
    return small <= len(found) // 4


def is_caption(line: str) -> bool:
    """Whether a line is a picture caption: one or two sentences that end in a credit."""
    if len(line) > LONGEST:
        return False
    start = _credit_behind(line)
    if start is None:
        return False
    before, credit = line[:start], line[start:]
    # More than two sentences, or long ones, may be part of the article, with the credit appended.
    if len(_SENTENCES.findall(before)) > 1 and len(before) > 200 and "AP Photo" not in credit:
        return False
    return not _tells_story(before)


def credit_behind(line: str) -> int:
    """Where a picture credit begins behind a paragraph of the story; 0 where the line has none, or is a caption."""
    start = _credit_behind(line)
    if not start or len(line) > 4 * LONGEST or (len(line) <= LONGEST and is_caption(line)):
        return 0
    return start if _SENTENCES.search(line[:start]) else 0


def may_end_in_credit(line: str) -> bool:
    """Whether a line ends as credits do: the end of a sentence is not a credit, unless a label precedes it."""
    if line[-1] not in '.!?"' or line[-2:-1] in ")]":
        return True
    tail = line[-130:]
    return ": " in tail or " by " in tail


def _credit_behind(line: str) -> int | None:
    """Where the credit begins that a line ends in."""
    tail = line[-130:]
    if not may_end_in_credit(line) or not _has_mark(tail):
        return None
    bracketed = _BRACKETED.search(tail)
    found = bracketed or _TRAILING.search(tail) or _SLASHED.search(tail)
    if found:
        credit = found[1] if found.re is not _TRAILING else found[0]
        start = len(line) - len(tail) + found.start()
    elif bar := _BARRED.search(tail):
        credit = tail[bar.end() :]
        start = len(line) - len(tail) + bar.start()
        if words(credit) in _WIRES:
            return None  # the title of a page: Harbour votes | Reuters
    else:
        return None
    return start if is_credit(credit) else None


# What captions say and stories do not: a day, who stands where, what the picture is.
_CAPTION_CUE = re.compile(
    r"\d|\b(?:left|right|center|centre)\b(?=[,;)]|$)|\b(?:from|at|top|far|second) (?:left|right)\b|\b(?:background|seen"
    r"|pictured|poses?|file|photos?|photograph\w*|picture|image|screengrab|screenshot|illustration|rendering|bild|foto)\b",
    re.IGNORECASE,
)


def _tells_story(before: str) -> bool:
    """Whether two sentences or more in front of a credit are a paragraph of the story, and not what a picture shows."""
    if len(before) <= 120 or not _SENTENCES.search(before):
        return False
    return _CAPTION_CUE.search(before) is None


_SENTENCES = re.compile(r"[a-z0-9)\"'”’]{2}[.!?][\"'”’)]* +(?=[A-Z\"“])")


_CAPTION_BEFORE = re.compile(r"[^|]{15,300}\s\|\s")


def credit_before(line: str) -> int:
    """The offset of the headline on a line that starts with a caption and its credit; else 0.

    `The ferry in the harbour. | AP Photo Town Votes to Keep Its Ferry`, `AP Photo Town Votes to Keep Its Ferry`.
    """
    if "|" not in line and " Photo" not in line:
        return 0
    caption = _CAPTION_BEFORE.match(line)
    start = caption.end() if caption else 0
    found = (_CREDIT_BEFORE if caption else _PHOTO_BEFORE).match(line, start)
    return found.end() if found else 0


_PHOTOGRAPHER = r"(?:/[A-Z][\w.'’-]+ [A-Z][\w.'’-]+)?\s+"
# `Getty Images` without a bar may be the subject of the headline.
_PHOTO_BEFORE = re.compile(rf"(?:AP|AFP|EPA|Reuters) Photo{_PHOTOGRAPHER}(?=[A-Z\"'“‘])(?!(?:Editor|Director|Chief)\b)")
_CREDIT_BEFORE = re.compile(
    r"(?:[A-Z][\w.'’-]+ [A-Z][\w.'’-]+/)?"
    r"(?:AP Photo|AP Images|AP|Getty Images|Getty|AFP|Reuters|EPA|POLITICO)(?: Photo)?"
    rf"{_PHOTOGRAPHER}(?=[A-Z\d\"'“‘])"
)
