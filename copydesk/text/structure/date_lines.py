"""Lines above a story that hold a date and something else: its author, its section, the minutes that it takes to read.

`By Jane Doe | May 21, 2019`, `AFP / Updated: Dec 22, 2023, 19:28 IST`, `18.10.2019 - 17:08 Uhr Kommentieren`. A line
of which every part is known goes; where a part is not, the line stays, and only its date is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from copydesk.data import lists
from copydesk.text import dates
from copydesk.text.fold import any_as_written, any_of, fold
from copydesk.text.lazy import later
from copydesk.text.structure import credit_lines
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.furniture import find_furniture
from copydesk.text.structure.names import NOT_PLACES, is_agency, is_known_agency, is_place, plain
from copydesk.text.structure.pictures import is_credit
from copydesk.text.structure.sentences import speaks

#: Maximum characters and words of a line whose date is read though a part of the line is not known.
_LONGEST, _MOST_WORDS = 120, 14
_MOST_DATES = 4


def _capitalized(*keys: str) -> str:
    return any_as_written(w[:1].upper() + w[1:] for key in keys for w in lists.words(key) if len(w) > 4)


# A page without spaces between its elements: `20.26 CETLast modified on`, `13. April 2017Autor: Jane Doe`. Few lines
# have such a word at all; words alone are found twenty times faster.
_LABELLED = later(_capitalized("published", "updated", "byline_labels"))
_GLUED = later(
    r"(?:(?<=[^\W\d_A-Z])|(?<=[\d.)])|(?<=[A-Z]{3}))"
    rf"(?=(?:{_capitalized('published', 'updated')})\b|(?:{_capitalized('byline_labels')}):)"
)
_PARTS = re.compile(r"\s*(?:[|·•;/\\()\[\]（）…@]|\.\.\.|(?:(?<=\s)|^)[–—-]+(?=\s|$)|[,،、]\s|,$)\s*")
_EDGES = " \t|·•,،、;:–—-*/_~.!"
_RUBRICS = frozenset(map(plain, lists.words("rubrics"))) | NOT_PLACES
_DOMAIN = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,6}(?:/\S*)?$", re.IGNORECASE)
# The time or day of an update, without a year: `Updated 08:24 IST`, `1月14日 01時40分更新`.
_UPDATE = later(rf"(?:{any_of((*lists.words('updated'), *lists.words('published')))}|更新|수정|입력)")
_ZONES = any_of(name for key in ("zones", "zones_named", "zones_ambiguous") for name in lists.shared()[key])
_TIMES = any_of(
    (*lists.months(), *(word for key in "clock_words hour_words am pm".split() for word in lists.words(key)))
)
_TIME_WORDS = later(rf"(?>{_TIMES}|{_ZONES}|[年月日時时分秒시분월일]|\b[ap]\.?\s?m\b|[\d\s.:,/+-])++$")
_EVENTS = any_of(lists.words("events"))
_EVENT = re.compile(rf"\W*(?:{_EVENTS})\s*:")
#: The day of an event on a line with others: `Received: 3 June 2022 / Accepted: 16 December 2022 / Published: …`.
_EVENT_PART = re.compile(rf"(?:(?<=\s[/|;•·–-]\s)|^)(?:{_EVENTS})\s*:.*?(?:\s[/|;•·–-]\s|$)")


class DateLine(NamedTuple):
    """What a line with a date holds. `whole` says that every part of it is known."""

    date: ReadDate
    whole: bool
    byline: credit_lines.Byline | None = None
    source: str | None = None
    place: str | None = None


class _Part(NamedTuple):
    """A stretch of a line around its dates, and whether a mark sets it apart from them."""

    text: str
    apart: bool
    is_first: bool
    before: bool


def read_date_line(line: str, reader: DateReader) -> DateLine | None:
    """What a line with a date holds; None without one, or where it is part of a sentence or of several days."""
    if (
        not dates.could_hold_date(line)
        or dates.is_life(line)
        or not (reader.find(line) or _is_glued(line) or _begins_event(line))
    ):
        return None
    found, around = _dates(line, reader)
    date = _of_publication(found)
    if date is None:
        return None
    byline: credit_lines.Byline | None = None
    source = place = None
    unknown: list[_Part] = []
    for part in around:
        text = part.text
        if named := credit_lines.find_source(text):
            source = named
        elif is_beside(text):
            pass
        elif part.is_first and part.apart and is_place(text):
            place = text
        elif who := _who(part):
            if byline is not None and not _same(byline, who):
                unknown.append(part)
            byline = _joined(byline, who)
        elif not is_place(text):
            unknown.append(part)
    if unknown:
        return DateLine(date, False) if _may_be_read(line, found, unknown) else None
    return DateLine(date, True, byline, source, place)


def _begins_event(line: str) -> bool:
    return (":" in line or "：" in line) and _EVENT.match(fold(line)) is not None


def _is_glued(line: str) -> bool:
    return _LABELLED.search(line) is not None and _GLUED.search(line) is not None


def _dates(line: str, reader: DateReader) -> tuple[list[ReadDate], list[_Part]]:
    """The dates of a line, without those of events, and what stands around them."""
    found: list[ReadDate] = []
    around: list[_Part] = []
    line = _without_events(line)
    for piece in _GLUED.split(line) if _LABELLED.search(line) else [line]:
        here = 0
        while len(found) <= _MOST_DATES and (date := reader.find(piece[here:])):
            start, end = here + date.found.start, here + date.found.end
            before, label = dates.split_label(piece[here:start])
            around += _split(before, here > 0, True, not found)
            found.append(date._replace(found=date.found._replace(label=label or date.found.label)))
            here = end
        around += _split(piece[here:], here > 0, False, not found)
    return found, around


def updated_on(line: str, published: ReadDate, reader: DateReader) -> ReadDate | None:
    """The latest date of a line that says it is one of an update, besides the one of publication."""
    if not any(map(dates.could_hold_date, line.split(published.written, 1))):
        return None
    found = [date for date in _dates(line, reader)[0] if date.found.label == "updated"]
    latest = max(found, key=lambda date: date.found.moment, default=None)
    return None if latest is None or latest.found.moment == published.found.moment else latest


def _without_events(line: str) -> str:
    if ":" not in line and "：" not in line:
        return line
    plain = fold(line)
    if not _EVENT_PART.search(plain):
        return line
    kept, here = [], 0
    for event in _EVENT_PART.finditer(plain):
        kept.append(line[here : event.start()])
        here = event.end()
    return "".join([*kept, line[here:]])


def _split(text: str, after: bool, before: bool, is_first: bool) -> Iterator[_Part]:
    """The parts of what stands after a date, before one, or between two."""
    whole = text.strip(_EDGES)
    pieces = [text] if credit_lines.find_source(whole) or is_credit(whole) else _PARTS.split(text)
    for index, piece in enumerate(pieces):
        bare = piece.strip(_EDGES)
        if not bare:
            continue
        joined = (after and index == 0 and piece[:1] not in _EDGES[2:]) or (
            before and index == len(pieces) - 1 and piece[-1:] not in _EDGES[2:] and piece[-1:].isspace()
        )
        yield _Part(bare, not joined, is_first, before)


def _of_publication(found: Sequence[ReadDate]) -> ReadDate | None:
    """The date of publication among those of a line; None if several days might be it."""
    for label in ("published", "", "updated"):
        mine = [date for date in found if date.found.label == label]
        if len({date.found.day for date in mine}) == 1 or (mine and label):
            return mine[0]
        if mine:
            return None
    return None


def is_beside(text: str) -> bool:
    """Whether a few words beside a date tell nothing of the story: a section, a button, a counter, a time."""
    if text.isdigit() or text.startswith("@") or plain(text) in _RUBRICS or _DOMAIN.match(text):
        return True
    if dates.is_label(text) or dates.is_relative(text) or find_furniture(text) or is_credit(text):
        return True
    folded = fold(text)
    if _TIME_WORDS.match(folded):
        return True
    rest, count = _UPDATE.subn("", folded, count=1)
    if count and (not rest.strip() or _TIME_WORDS.match(rest.strip())):
        return True
    words = text.split()
    if len(words) > 1 and words[0].isdigit():
        return is_beside(" ".join(words[1:]))
    return len(words) > 1 and words[-1].isdigit() and is_beside(" ".join(words[:-1]))


def _who(part: _Part) -> credit_lines.Byline | None:
    """The authors that stand beside a date. Without a label, a mark must set them apart."""
    if (labelled := credit_lines.find_byline(part.text)) and (labelled.names or part.apart or labelled.agency):
        return labelled
    if is_known_agency(part.text) or (part.apart and is_agency(part.text)):
        return credit_lines.Byline((), part.text)
    return credit_lines.find_byline(part.text, labelled=False) if part.apart else None


def _same(one: credit_lines.Byline, other: credit_lines.Byline) -> bool:
    return not (one.names and other.names) and not (one.agency and other.agency)


def _joined(one: credit_lines.Byline | None, other: credit_lines.Byline) -> credit_lines.Byline:
    return credit_lines.Byline(one.names or other.names, one.agency or other.agency) if one else other


def _may_be_read(line: str, found: Sequence[ReadDate], unknown: Sequence[_Part]) -> bool:
    """Whether the date of a line is read although a part of the line is not known: it is short, and no sentence."""
    if len(line) > _LONGEST or speaks(line) or _begins_event(line):
        return False
    if any(not part.apart and part.before and part.text.split()[-1][0].islower() for part in unknown):
        return False  # Period ended December 31, 1986
    words = [part.text.split() for part in unknown]
    if sum(map(len, words)) > _MOST_WORDS:
        return False
    joined = [part for part in unknown if not part.apart]
    if line.rstrip()[-1:] in ".!?…。" and max(map(len, words)) > 4:
        return False
    return len(found) == 1 and (not joined or len(joined) == 1)
