"""Lines that fill a column: a date, a source, a counter, authors, an agency."""

from __future__ import annotations

import re
from typing import NamedTuple

from copydesk.text import dates
from copydesk.text.structure import credit_lines
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.names import is_agency_line, is_place

#: Maximum characters of such a line.
LONGEST = 160


class Column(NamedTuple):
    """The values of a line that fills columns, and the rule that recognizes it."""

    rule: str
    date: ReadDate | None = None
    source: str | None = None
    counter: credit_lines.Counter | None = None
    byline: credit_lines.Byline | None = None
    place: str | None = None


def find_column(line: str, reader: DateReader, top: bool) -> Column | None:
    """The column that a line fills, above the article (`top`) or below it; None if the line belongs to the article."""
    if len(line) > LONGEST:
        return None
    if (top or not line.isdigit()) and (date := reader.whole_line(line)):
        return Column("date-line", date=date)
    if top and dates.is_relative(line):
        return Column("relative-date")
    if top and (mixed := _beside_date(line, reader)):
        return mixed
    if source := credit_lines.find_source(line):
        return Column("source-line", source=source)
    counter = credit_lines.find_counter(line)
    if counter and not (top and counter.bare):
        return Column("view-counter", counter=counter)
    if byline := credit_lines.find_byline(line):
        return Column("byline", byline=byline)
    if top and is_agency_line(line):
        return Column("agency-line", byline=credit_lines.Byline((), line))
    return None


_BEFORE_DATE = re.compile(r"\s*[:,|·•–—-]*\s*$")
_APART = re.compile(r"[|·•,–—/]|\s-\s")


def _beside_date(line: str, reader: DateReader) -> Column | None:
    """The text before or after a date: `By Jane Doe | May 21, 2019`, `Jane Doe - May 21, 2019`,
    `Reuters, 21 May 2019`, `2019-05-21 13:34 来源：新华社`, `Paris, le 21 mai 2019`.
    """
    date = reader.find(line)
    if not date:
        return None
    start, end = date.found.start, date.found.end
    head = _BEFORE_DATE.sub("", dates.without_label(line[:start])).strip()
    tail = line[end:].strip(" |·•,–—-")
    if bool(head) == bool(tail):
        return None
    who = head or tail
    apart = _APART.search(line[len(head) : start] if head else line[end : line.rindex(tail)])
    if line[:start].rstrip().endswith(":"):
        apart = None  # `Time: 13 April 2016` has no name
    if source := credit_lines.find_source(who):
        return Column("source-line", date=date, source=source)
    if head and apart and is_place(head):
        return Column("date-line", date=date, place=head)
    byline = credit_lines.find_byline(who)
    if apart and not byline:
        byline = credit_lines.find_byline(who, labelled=False)
    elif byline and not byline.names and not apart:
        byline = None
    return Column("byline", date=date, byline=byline) if byline else None
