"""The decisions of rules about a page, and the state after each decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from copydesk.records import Problem
from copydesk.text.lazy import lazily
from copydesk.text.site import Recurring, Site, site_of
from copydesk.text.structure.columns import Column
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.datelines import Dateline
from copydesk.text.structure.lines import Line
from copydesk.text.structure.names import plain


class _Page(NamedTuple):
    text: str
    lines: Sequence[Line]
    title: Line | None
    date: str | None
    site: Site
    reader: DateReader
    uri: str
    authors: tuple[str, ...] = ()
    path_date: str | None = None
    modified: str | None = None


class Page(_Page):
    """The lines of a text with its metadata: the title, date and authors given by the source, the address, the site
    evidence."""

    @lazily
    def host(self) -> frozenset[str]:
        """The names of the site in the address, normalized by `plain`."""
        host = site_of(self.uri.partition("#")[0])  # the name of a file of records is not a site
        labels = host.split(".")
        names = {"".join(labels), *labels[: max(1, len(labels) - 1)]}
        return frozenset(plain(name) for name in names if len(name) > 2)

    def has_host(self, name: str) -> bool:
        """Whether `name` is in the address: The Guardian may be theguardian or guardian there."""
        key = plain(name)
        return key in self.host or (name[:4].lower() == "the " and f"the{key}" in self.host)


class Mark(StrEnum):
    """Decisions that remove nothing."""

    #: The line is a form of the headline.
    HEADLINE = "headline"
    #: The line is the form of the headline that the page shows above the article.
    SHOWN = "shown"
    #: The line is kept, and fills a column.
    TELLS = "tells"
    #: The line is kept, despite earlier decisions.
    STAYS = "stays"
    #: The line is the first of the body.
    BODY = "body"
    #: The line is the first after a deck.
    STORY = "story"
    #: `value` is the article's headline.
    CHOSEN = "chosen"
    #: `value` is the article's date.
    PUBLISHED = "published"
    #: Nothing tells day and month of the date apart.
    ORDER_OPEN = "order-open"


Value = Column | Dateline | ReadDate | Recurring | Problem | str | None


class Decision(NamedTuple):
    """A decision by `rule`, a row of `data/rules` or a `Mark`, about a line: to remove it, or to replace a part of it,
    `cut` (start and end in the text), by `after`.

    `value` is the information from it: the value of a column, a problem, how often the line recurs across the site.
    """

    rule: str
    line: int
    value: Value = None
    cut: tuple[int, int] | None = None
    after: str = ""

    @property
    def confidence(self) -> float | None:
        """The confidence of this decision if it has its own, else None for that of the rule."""
        return self.value.confidence if isinstance(self.value, Recurring) else None


class Columns(NamedTuple):
    """The known values of the article's columns."""

    dateline: str | None = None
    agency: str | None = None
    byline: tuple[str, ...] = ()
    attribution: str | None = None
    view_count: int | None = None
    dates: tuple[ReadDate, ...] = ()

    def have_room(self, column: Column, line: str) -> bool:
        """Whether the value of a line has a free column; if not, the line belongs to the article."""
        if column.source and self.attribution:
            return False
        if not column.counter:
            return True
        # A bare number may be a year or a page number, unless it is where counters usually are.
        views, bare = column.counter
        doubtful = bare and (views < 10 or (len(line) == 4 and 1900 <= views <= 2100))
        return self.view_count is None and (not doubtful or bool(self.attribution))

    def with_column(self, column: Column) -> Columns:
        names, agency = column.byline or ((), None)
        return Columns(
            self.dateline or column.place,
            self.agency or agency,
            self.byline or names,
            self.attribution or column.source,
            column.counter.views if column.counter else self.view_count,
            (*self.dates, *filter(None, (column.date, column.updated))),
        )

    def with_dateline(self, found: Dateline) -> Columns:
        """Values before the first sentence take precedence over those from lines above."""
        return self._replace(
            dateline=self.dateline or found.place,
            agency=found.agency or self.agency,
            byline=tuple(dict.fromkeys((*self.byline, *found.byline))),
            dates=self.dates or ((found.date,) if found.date else ()),
        )


class Known(NamedTuple):
    """The state of a page. Rules read it; only `fold` makes the next one.

    `gone` maps the numbers of removed lines to their decisions; `cuts` are decisions about parts of lines. `headlines`
    are the lines that are a form of the headline, `shown` the one above the article.
    """

    columns: Columns = Columns()
    gone: Mapping[int, Decision] = MappingProxyType({})
    cuts: tuple[Decision, ...] = ()
    headlines: tuple[int, ...] = ()
    shown: int = -1
    body: int = 0
    story: int | None = None
    chosen: str = ""
    published: ReadDate | None = None
    date_order_open: bool = False
    problems: tuple[Problem, ...] = ()

    def stays(self, number: int) -> bool:
        return number not in self.gone

    def is_open(self, number: int) -> bool:
        """Whether there is no decision about a line: it is neither removed nor a headline."""
        return number not in self.gone and number not in self.headlines

    def first_headline(self, page: Page) -> Line | None:
        """The headline with which others are compared."""
        return page.title or (page.lines[self.headlines[0]] if self.headlines else None)

    def is_site(self, page: Page, name: str) -> bool:
        """Whether `name` is that of the site, by the address or the article's credits."""
        key = plain(name)
        if page.has_host(name):
            return True
        return any(len(own) > 2 and plain(own) == key for own in (self.columns.agency, self.columns.attribution) if own)


def with_decision(columns: Columns, decision: Decision) -> Columns:
    """The columns, filled from what was decided of a line."""
    if isinstance(decision.value, Column):
        return columns.with_column(decision.value)
    return columns.with_dateline(decision.value) if isinstance(decision.value, Dateline) else columns


#: A rule: from a page and its state to decisions.
Rule = Callable[[Page, Known], Sequence[Decision]]
#: A rule about one line.
LineRule = Callable[[Page, Known, Line], Sequence[Decision]]


def first_of(rules: Sequence[LineRule], page: Page, known: Known, line: Line) -> Sequence[Decision]:
    """The decisions of the first of `rules` that matches the line; empty if none does."""
    for rule in rules:
        if decided := rule(page, known, line):
            return decided
    return ()


#: Looking a member up in its class takes as long as all comparisons of it.
_HEADLINE, _SHOWN, _TELLS, _STAYS, _BODY, _STORY, _CHOSEN, _PUBLISHED, _ORDER_OPEN = Mark


def fold(known: Known, decisions: Sequence[Decision], off: Collection[str] = ()) -> Known:
    """The state after `decisions`; later ones take precedence.

    Rules in `off` remove nothing, but their values still fill columns.
    """
    if not decisions:
        return known
    columns, gone, cuts, headlines, shown, body, story, chosen, published, is_open, problems = known
    gone = dict(gone) if gone else {}
    value: Any
    for decision in decisions:
        rule, line, value, cut, _ = decision
        if value is not None:
            columns = with_decision(columns, decision)
        if not isinstance(rule, Mark):
            if isinstance(value, Problem):
                problems = (*problems, value)
            elif rule not in off:
                if cut is None:
                    gone[line] = decision
                else:
                    cuts = (*cuts, decision)
        elif rule is _HEADLINE:
            headlines = (*headlines, line)
        elif rule is _SHOWN:
            headlines, shown = (*headlines, line), line
        elif rule is _BODY:
            body = line
        elif rule is _STORY:
            story = line
        elif rule is _CHOSEN:
            chosen = value
        elif rule is _PUBLISHED:
            published = value
        elif rule is _ORDER_OPEN:
            is_open = True
        elif rule is _STAYS:
            gone.pop(line, None)
    return Known(columns, gone, cuts, headlines, shown, body, story, chosen, published, is_open, problems)
