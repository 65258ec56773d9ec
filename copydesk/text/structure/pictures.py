"""Pictures: their credits, and the captions that end in one."""

from __future__ import annotations

import re

from copydesk.data.lists import table
from copydesk.text.fold import any_as_written
from copydesk.text.structure.wording import AROUND, LONGEST, words

_PHOTOS = table("furniture.toml")["photos"]
_AGENCIES = frozenset(words(name) for name in _PHOTOS["agencies"])
_WIRES = frozenset(words(name) for name in _PHOTOS["wires"])
#: Maximum characters of a credit, and of what a line with one at its end is searched in.
LONGEST_CREDIT, _TAIL = 120, 130
# `Photo: Jane Doe`, but `Photo by Jane Doe` without a colon.
_LABELLED = re.compile(
    rf"(?:(?:{any_as_written(_PHOTOS['labels'])})\s*[:|]\s*|(?:{any_as_written(_PHOTOS['by'])})\s*:?\s+)(?:©\s*)?",
    re.IGNORECASE,
)
_MARK = re.compile(any_as_written(_PHOTOS["marks"]))
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
_SENTENCES = re.compile(r"[a-z0-9)\"'”’]{2}[.!?][\"'”’)]* +(?=[A-Z\"“])")


def has_mark(text: str) -> bool:
    """Whether a text has one of the words and signs of which every credit has one."""
    return _MARK.search(text.lower()) is not None


def is_credit(text: str) -> bool:
    """Whether a text is a picture credit: `Jane Doe/Getty Images`, `REUTERS/Jane Doe`, `Photo by Jane Doe`."""
    if len(text) > LONGEST_CREDIT or not has_mark(text):
        return False
    bare = text.strip(AROUND)
    label = _LABELLED.match(bare)
    parts = [part for part in _PARTS.split(bare[label.end() :] if label else bare) if part]
    if not parts or not all(map(_is_name, parts)):
        return False
    said = [words(part) for part in parts]
    if label or any(part in _AGENCIES for part in said):
        return True
    # `Jane Doe, Reuters` may be the author, and `AP/AFP` the sources of the article.
    people = [part for part, name in zip(parts, said, strict=True) if name not in _WIRES]
    return "/" in bare and 0 < len(people) < len(parts) and all(" " in part and part[0].isupper() for part in people)


def _is_name(part: str) -> bool:
    """Whether the words may be a name: few, and at least three in four capitalized, or one that is known."""
    if len(part) <= 60 and _NAME.fullmatch(part):
        found = part.split()
        small = sum(1 for word in found if word[:1].islower() and len(word) > 3 and "." not in word)
        if small <= len(found) // 4:
            return True
    said = words(part)
    return said in _AGENCIES or said in _WIRES


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


def is_marked(line: str) -> bool:
    """Whether a line may be a picture credit, or end in one: most lines have no mark of one, or not at their end."""
    return (len(line) <= LONGEST_CREDIT or may_end_in_credit(line)) and has_mark(line[-_TAIL:])


def may_end_in_credit(line: str) -> bool:
    """Whether a line ends as credits do: the end of a sentence is not a credit, unless a label precedes it."""
    if line[-1] not in '.!?"' or line[-2:-1] in ")]":
        return True
    tail = line[-_TAIL:]
    return ": " in tail or " by " in tail


def _credit_behind(line: str) -> int | None:
    """Where the credit begins that a line ends in."""
    tail = line[-_TAIL:]
    if not may_end_in_credit(line) or not has_mark(tail):
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


_PHOTOGRAPHER = r"(?:/[A-Z][\w.'’-]+ [A-Z][\w.'’-]+)?\s+"
# `Getty Images` without a bar may be the subject of the headline.
_PHOTO_BEFORE = re.compile(rf"(?:AP|AFP|EPA|Reuters) Photo{_PHOTOGRAPHER}(?=[A-Z\"'“‘])(?!(?:Editor|Director|Chief)\b)")
_CREDIT_BEFORE = re.compile(
    r"(?:[A-Z][\w.'’-]+ [A-Z][\w.'’-]+/)?"
    r"(?:AP Photo|AP Images|AP|Getty Images|Getty|AFP|Reuters|EPA|POLITICO)(?: Photo)?"
    rf"{_PHOTOGRAPHER}(?=[A-Z\d\"'“‘])"
)
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
