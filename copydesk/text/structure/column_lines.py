"""Lines that hold no story but a column: a date, a source, a counter, authors, an agency."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from copydesk.config import DatesConfig
from copydesk.text import dates
from copydesk.text.structure import credit_lines, datelines, lead

#: A longer line belongs to the story.
LONGEST = 160


class ColumnLine(NamedTuple):
    """A line that holds no story, and what it holds."""

    rule: str
    date: dates.FoundDate | None = None
    source: str | None = None
    counter: credit_lines.Counter | None = None
    byline: credit_lines.Byline | None = None
    place: str | None = None


_Find = Callable[[str, DatesConfig, str | None], dates.FoundDate | None]

_BEFORE_DATE = re.compile(r"\s*[:,|·•–—-]*\s*$")
_APART = re.compile(r"[|·•,–—/]|\s-\s")


class LineReader:
    """Reads the lines of one document, each once.

    Numeric dates are read as the whole document proves them, with its address `uri`, else in the order that its site
    proves, `site_order`, else as the policy says. `from_site` has the dates that were read as the site proves,
    `left_open` those that the policy `skip` left out.
    """

    def __init__(self, text: str, config: DatesConfig, site_order: str | None = None, uri: str = "") -> None:
        self._text, self._site_order, self._uri = text, site_order, uri
        self._skips_open = config.numeric_order == "skip"
        # A date has to be found before it can be said that its order is open.
        self._config = config.model_copy(update={"numeric_order": "day-first"}) if self._skips_open else config
        self.from_site: set[dates.FoundDate] = set()
        self.left_open: list[str] = []
        self._order: list[str | None] = []
        self._known: dict[tuple[str, bool], ColumnLine | None] = {}

    def read(self, line: str, top: bool) -> ColumnLine | None:
        """The column that a line holds; None where the line belongs to the story."""
        if len(line) > LONGEST:
            return None
        if (line, top) not in self._known:
            self._known[line, top] = self._read(line, top)
        return self._known[line, top]

    def holds_date(self, line: str) -> bool:
        """Whether a line is nothing but a date."""
        held = self.read(line, top=True)
        return held is not None and held.rule == "date-line"

    def _read(self, line: str, top: bool) -> ColumnLine | None:
        if (top or not line.isdigit()) and (found := self._whole_date(line)):
            return ColumnLine("date-line", date=found)
        if top and dates.is_relative(line):
            return ColumnLine("relative-date")
        if top and (mixed := self._beside_date(line)):
            return mixed
        if source := credit_lines.find_source(line):
            return ColumnLine("source-line", source=source)
        counter = credit_lines.find_counter(line)
        if counter and not (top and counter.bare):
            return ColumnLine("view-counter", counter=counter)
        if byline := credit_lines.find_byline(line):
            return ColumnLine("byline", byline=byline)
        if top and lead.plain(line) in lead.AGENCIES:
            return ColumnLine("agency-line", byline=credit_lines.Byline((), line))
        return None

    def _beside_date(self, line: str) -> ColumnLine | None:
        """What stands before or behind a date: `By Jane Doe | May 21, 2019`, `Jane Doe - May 21, 2019`,
        `Reuters, 21 May 2019`, `2019-05-21 13:34 来源：新华社`, `Paris, le 21 mai 2019`.
        """
        found = self.find_date(line)
        if not found:
            return None
        head = _BEFORE_DATE.sub("", dates.without_label(line[: found.start])).strip()
        tail = line[found.end :].strip(" |·•,–—-")
        if bool(head) == bool(tail):
            return None
        who = head or tail
        apart = _APART.search(line[len(head) : found.start] if head else line[found.end : line.rindex(tail)])
        if line[: found.start].rstrip().endswith(":"):
            apart = None  # `Time: 13 April 2016` names no one
        if source := credit_lines.find_source(who):
            return ColumnLine("source-line", date=found, source=source)
        if head and apart and datelines.is_place(head):
            return ColumnLine("date-line", date=found, place=head)
        byline = credit_lines.find_byline(who)
        if apart and not byline:
            byline = credit_lines.find_byline(who, labelled=False)
        elif byline and not byline.names and not apart:
            byline = None
        return ColumnLine("byline", date=found, byline=byline) if byline else None

    def find_date(self, text: str) -> dates.FoundDate | None:
        """The first date in `text`."""
        return self._settled(dates.find_date, text)[0]

    def parse_date(self, value: str) -> dates.FoundDate | None:
        """The date of a field that says it holds one."""
        found, is_open = self._settled(dates.parse_date, value)
        self.left_open += [value] if is_open and not found else []
        return found

    def _whole_date(self, line: str) -> dates.FoundDate | None:
        found, is_open = self._settled(dates.whole_line, line)
        self.left_open += [line] if is_open and not found else []
        return found

    def _settled(self, find: _Find, text: str) -> tuple[dates.FoundDate | None, bool]:
        """What `find` finds in `text`, and whether nothing tells day and month apart."""
        found = find(text, self._config, None)
        if not found or not found.open_order:
            return found, False
        own = self.proven_order()
        if order := own or self._site_order:
            found = find(text, self._config, order)
            if found and not own:
                self.from_site.add(found)
            return found, False
        return (None if self._skips_open else found), True

    def proven_order(self) -> str | None:
        """The order of day and month that the document itself proves."""
        if not self._order:
            self._order.append(dates.proven_order(self._text[:20_000], self._uri))
        return self._order[0]
