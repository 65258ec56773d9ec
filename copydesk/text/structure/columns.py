"""Lines that fill a column: a date, a source, a counter, authors, an agency."""

from __future__ import annotations

import re
from typing import NamedTuple

from copydesk.text import dates
from copydesk.text.structure import credit_lines
from copydesk.text.structure.date_lines import read_date_line, updated_on
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.names import is_agency_line

#: Maximum characters of such a line.
LONGEST = 160
#: What every date of a line of its own and every counter has.
_NUMBER = re.compile(r"[\d年]")


class Column(NamedTuple):
    """The values of a line that fills columns, and the rule that recognizes it."""

    rule: str
    date: ReadDate | None = None
    source: str | None = None
    counter: credit_lines.Counter | None = None
    byline: credit_lines.Byline | None = None
    place: str | None = None
    updated: ReadDate | None = None


def find_column(line: str, reader: DateReader, top: bool) -> Column | None:
    """The column that a line fills, above the article (`top`) or below it; None if the line belongs to the article."""
    if len(line) > LONGEST:
        return None
    has_number = _NUMBER.search(line) is not None
    if has_number and (top or not line.isdigit()) and (date := reader.whole_line(line)):
        return Column("date-line", date=date, updated=updated_on(line, date, reader))
    if top and dates.is_relative(line):
        return Column("relative-date")
    if has_number and top and (mixed := _beside_date(line, reader)):
        return mixed
    labelled = credit_lines.may_be_labelled(line)
    if labelled and (source := credit_lines.find_source(line)):
        return Column("source-line", source=source)
    counter = credit_lines.find_counter(line) if has_number else None
    if counter and not (top and counter.bare):
        return Column("view-counter", counter=counter)
    if labelled and (byline := credit_lines.find_byline(line)):
        return Column("byline", byline=byline)
    if top and is_agency_line(line):
        return Column("agency-line", byline=credit_lines.Byline((), line))
    return None


def _beside_date(line: str, reader: DateReader) -> Column | None:
    """The values of a line that holds a date and something else, where every part of it is known."""
    read = read_date_line(line, reader)
    if read is None or not read.whole:
        return None
    rule = "byline" if read.byline else "source-line" if read.source else "date-line"
    updated = updated_on(line, read.date, reader)
    return Column(rule, read.date, read.source, byline=read.byline, place=read.place, updated=updated)
