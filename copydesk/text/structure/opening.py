"""Rules for what stands in front of a story's first sentence: a date, the headline once more, a dateline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from copydesk.text import dates
from copydesk.text.structure import credit_lines, headline
from copydesk.text.structure.columns import LONGEST as LONGEST_LINE
from copydesk.text.structure.columns import Column
from copydesk.text.structure.date_lines import read_date_line
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.datelines import LONGEST, Dateline, find_dateline
from copydesk.text.structure.decisions import Decision, Known, Mark, Page
from copydesk.text.structure.entries import begins_entry
from copydesk.text.structure.head import LONGEST_DECK
from copydesk.text.structure.names import is_known_agency, is_place
from copydesk.text.structure.sentences import QUESTIONS

_STORY_START = re.compile(r"[\"'“(]?[A-ZÀ-ÞİŞĞ\u0400-\u042f\u0600-\u06ff\u3041-\u30ff\u4e00-\u9fff]")
HEADLINE_START = re.compile(r"[\"'“(]?[A-ZÀ-ÞİŞĞ\d]")
# Without a mark behind it, a date that goes on like this begins a sentence: `21 мая 2019 года Совет решил`.
_IN_A_SENTENCE = re.compile(r"\d\s?[^\W\d_]+\.?$(?<!:\d\d\s[ap]m)", re.IGNORECASE)
_UNCASED = re.compile(r"[\"'“(]?[\u0600-\u06ff]")
#: A time may stand there without marks, 102138; a page without spaces joins date and story: `May 21, 2019The ferry`.
_AFTER_DATE = re.compile(r"(?:\s[0-2]\d[0-5]\d[0-5]\d(?!\d))?\s*[.:|–—-]?\s+|(?<=\d{4})(?=[A-ZÀ-Þ][a-zß-ÿ]{2})")
#: A Chinese dateline ends in its reporter: （记者 李明）.
_BRACKETS = re.compile(r"[(（][^()（）]{2,30}[)）]")


class _Story(NamedTuple):
    """The beginning of a story: its first line, and the text from `start` on, without what goes at its end."""

    line: int
    start: int
    text: str


def _opening(page: Page, known: Known) -> _Story | None:
    """Where the story begins, behind the prefixes that are known; None where it has no first line."""
    number = known.story or known.body
    if number >= len(page.lines) or not known.stays(number) or not known.stays(known.body):
        return None
    line = page.lines[number]
    if not known.cuts:
        return _Story(number, line.start, line.text)
    start, end = line.start, line.end
    for cut in sorted(decision.cut for decision in known.cuts if decision.cut and decision.cut[0] >= line.start):
        if cut[0] > start:
            end = min(end, cut[0])
            break
        start = cut[1]
    text = page.text[start:end]
    return _Story(number, start, text.rstrip() if end < line.end else text)


def lone_dateline(page: Page, known: Known) -> Sequence[Decision]:
    """The first line is nothing but a dateline, `DENVER, March 2 -`."""
    here = page.lines[known.body : known.body + 2]
    if len(here) < 2 or len(here[0].text) > LONGEST or not here[0].text.endswith(("-", "—", "–")):
        return ()
    line = here[0].text
    found = _dateline(page, known, f"{line} {here[1].text[:100]}")
    if found is None or found.end != len(line) + 1:
        return ()
    return (Decision(_rule(known, found), known.body, found),)


def date_in_front(page: Page, known: Known) -> Sequence[Decision]:
    """A date in front of the story, on its line, with or without a label."""
    story = _opening(page, known)
    found = date_prefix(story.text, page.reader, _STORY_START) if story and not known.columns.dates else None
    if story and found is None and not known.columns.dates and (first := known.first_headline(page)):
        found = date_prefix(story.text, page.reader, HEADLINE_START)  # 18 November 2016 6 killed in the north
        if found and not headline.leading_headline(story.text[found[0] :], first):
            found = None
    if story is None or found is None:
        return ()
    length, date = found
    return (Decision("date-prefix", story.line, Column("date-prefix", date), (story.start, story.start + length)),)


def headline_in_front(page: Page, known: Known) -> Sequence[Decision]:
    """The headline once more, in front of the story, on its line."""
    first = known.first_headline(page)
    story = _opening(page, known) if first else None
    if first is None or story is None:
        return ()
    length = headline.leading_headline(story.text, first)
    if not length and story.text.startswith(first.text) and len(first.tokens) >= 4:
        length = _before_date(page, story.text, len(first.text))
    return (Decision("headline-prefix", story.line, cut=(story.start, story.start + length)),) if length else ()


def _before_date(page: Page, text: str, end: int) -> int:
    """Where a date in front of the story begins that stands right behind a headline ending at `end`; else 0."""
    rest = text[end:].lstrip()
    prefix = date_prefix(rest, page.reader, HEADLINE_START)
    return len(text) - len(rest) if prefix and page.reader.find(rest[: prefix[0]]) else 0


def date_behind_headline(page: Page, known: Known) -> Sequence[Decision]:
    """A date in front of the story, behind the headline on its line."""
    return date_in_front(page, known) if known.cuts and known.cuts[-1].rule == "headline-prefix" else ()


def dateline(page: Page, known: Known) -> Sequence[Decision]:
    """A dateline or an agency in front of the first sentence."""
    story = _opening(page, known)
    found = _dateline(page, known, story.text) if story else None
    if found is None and known.story is not None:  # what looks like a deck is the first paragraph
        story = _opening(page, known._replace(story=None))
        found = _dateline(page, known, story.text) if story else None
        if found and not (found.agency or found.date or (found.place and is_place(found.place))):
            return ()
    if story is None or found is None:
        return ()
    return (Decision(_rule(known, found), story.line, found, (story.start, story.start + found.end)),)


def date_beside(page: Page, known: Known) -> Sequence[Decision]:
    """The date of a line right below the headline or its deck that holds a date and what is not known."""
    if known.columns.dates or known.first_headline(page) is None:
        return ()
    for line in page.lines[known.body : known.body + 2]:
        if not known.is_open(line.number) or line.number + 1 == len(page.lines):
            continue
        if (line.number > known.body and "@" in line.text) or begins_entry(page, line):
            return ()  # the date of a post that is quoted, or of an entry
        if len(line.text) <= LONGEST_LINE and (read := read_date_line(line.text, page.reader)):
            return (Decision(Mark.TELLS, line.number, Column("date-line", read.date)),)
        if len(line.text) > LONGEST_DECK:
            break
    return ()


def date_prefix(story: str, reader: DateReader, start: re.Pattern[str]) -> tuple[int, ReadDate] | None:
    """The length of a date in front of what `start` matches, and the date; None where the text begins otherwise."""
    date = reader.find(story[:100])
    if not date:
        return None
    found = date.found
    label = story[: found.start].strip()
    if label and not (len(label) < 30 and dates.is_label(label)):
        return None
    between = _AFTER_DATE.match(story, found.end)
    if not between or not start.match(story, between.end()):
        return None
    begins_sentence = _IN_A_SENTENCE.search(date.written) or _UNCASED.match(story, between.end())
    if not between[0].strip() and len(label) < 5 and (label or begins_sentence):  # on, le, от; but: Published
        return None
    return between.end(), date


class Between(NamedTuple):
    """Where a headline ends, and where the story begins, with the date and perhaps an agency between them."""

    ends: int
    begins: int
    column: Column


def date_between(line: str, reader: DateReader) -> Between | None:
    """A date between the headline and the story on one line, beside an agency or where the headline has capitals:
    `Ferry sinks in the harbour AFP Thursday 14 Jul 2016 At least …`, `… 8 November 2016 SANA Members of …`.
    """
    date = reader.find(line[:_LONGEST_HEAD])
    if date is None or date.found.start < _SHORTEST_HEAD or not line[date.found.start - 1].isspace():
        return None
    said, rest = line[: date.found.start].rstrip(), line[date.found.end :]
    gap = _AFTER_DATE.match(rest)
    if gap is None or not HEADLINE_START.match(rest, gap.end()) or _IN_SENTENCE_BEFORE.search(said):
        return None
    words, begins = said.split(" "), date.found.end + gap.end()
    for count in (1, 2, 3):
        if is_known_agency(name := " ".join(words[-count:])) and len(words) - count >= 4:
            byline = credit_lines.Byline((), name)
            return Between(len(" ".join(words[:-count])), begins, Column("date-prefix", date, byline=byline))
    if len(words) < 4:
        return None
    behind = _AGENCY.match(line, begins)
    if behind and is_known_agency(behind["name"]):
        byline = credit_lines.Byline((), behind["name"])
        return Between(len(said), behind.end(), Column("date-prefix", date, byline=byline))
    if len(date.written.split()) > 3 and headline.has_capitals(said, line[begins:]):
        return Between(len(said), begins, Column("date-prefix", date))
    return None


#: Characters of a headline that a date stands behind.
_SHORTEST_HEAD, _LONGEST_HEAD = 20, 200
_IN_SENTENCE_BEFORE = re.compile(
    r"[.!?:]\s|[,:;(]$|\b(?:on|of|from|since|until|in|to|and|the|by|dated)$", re.IGNORECASE
)
_AGENCY = re.compile(r"(?P<name>[A-Z]{2,5})\s+(?=[A-Z\d\"'“])")


def _rule(known: Known, found: Dateline) -> str:
    return "dateline" if known.columns.dateline or found.place else "agency-prefix"


def _dateline(page: Page, known: Known, story: str) -> Dateline | None:
    """The dateline in front of a story, with the reporter and the date that it names."""
    found = find_dateline(story, partial(known.is_site, page))
    if not found or found.end >= len(story):
        return None
    if found.place is None and story[: found.end].rstrip().endswith(":") and story[-1] in QUESTIONS:
        return None  # an interview
    if found.place is None and (place := find_dateline(story[found.end :])) and not place.agency:
        found = found._replace(place=place.place, end=found.end + place.end)
    named = _BRACKETS.search(story, 0, found.end)
    byline = credit_lines.find_byline(named[0]) if named else None
    date = None if known.columns.dates else page.reader.find(story[: found.end])
    return found._replace(byline=byline.names if byline else (), date=date)
