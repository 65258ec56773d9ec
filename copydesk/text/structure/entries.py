"""The dates of the entries of a timeline, a diary, a live blog: none of them says when the page was published."""

from __future__ import annotations

from itertools import islice

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
