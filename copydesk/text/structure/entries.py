"""Entries: the dates of a timeline, a diary, a live blog, which do not say when the page was published, and the authors
in a list of books, who did not write it.
"""

from __future__ import annotations

from itertools import islice, pairwise

from copydesk.text.structure.decisions import Page
from copydesk.text.structure.lines import Line

#: So many dates between paragraphs behind it show that a date is the first of a timeline or a diary.
_ENTRIES, _LONGEST_ENTRY = 2, 40


def begins_entry(page: Page, line: Line) -> bool:
    """Whether a line is the date of an entry of a timeline or a diary: so are others, each between paragraphs."""
    lines = page.lines
    if not _is_day(line) or line.number + 1 == len(lines) or not lines[line.number + 1].states:
        return False
    behind = lines[line.number + 1 :]
    days = (
        here
        for above, here, below in zip(behind, behind[1:], behind[2:], strict=False)
        if above.states and below.states and _is_day(here) and here.text != line.text
    )
    return len(list(islice(days, _ENTRIES))) == _ENTRIES


def _is_day(line: Line) -> bool:
    """Whether a line is a date without a label."""
    if len(line.text) > _LONGEST_ENTRY or not any(map(str.isdigit, line.text)):
        return False
    column = line.above
    return column is not None and column.rule == "date-line" and column.date is not None and not column.date.found.label


_LONGEST_BYLINE = 60


def names_work(page: Page, line: Line) -> bool:
    """Whether a byline below a short line is of an entry of a list of books or pictures: so is another one below."""
    below = page.lines[line.number + 1 :]
    return _is_byline(line) and any(
        not above.ends_sentence and here.text != line.text and _is_byline(here)
        for above, here in pairwise(below)
        if len(here.text) <= _LONGEST_BYLINE
    )


def _is_byline(line: Line) -> bool:
    return line.above is not None and line.above.rule == "byline" and line.above.date is None
