"""What rules decide of a page, and what is known of it after each decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from copydesk.records import Problem
from copydesk.text.site import Recurring, Site, site_of
from copydesk.text.structure.columns import Column
from copydesk.text.structure.date_reader import DateReader, ReadDate
from copydesk.text.structure.datelines import Dateline
from copydesk.text.structure.lines import Line
from copydesk.text.structure.names import plain


@dataclass(frozen=True, eq=False)
class Page:
    """A text in lines, and what stood beside it: its title, its date as the source gave it, its address, what its site
    proves."""

    text: str
    lines: Sequence[Line]
    title: Line | None
    date: str | None
    site: Site
    reader: DateReader
    uri: str

    @cached_property
    def host(self) -> frozenset[str]:
        """Names of the site, as the address gives them and `plain` writes them."""
        host = site_of(self.uri.partition("#")[0])  # the name of a file of records names no site
        labels = host.split(".")
        names = {"".join(labels), *labels[: max(1, len(labels) - 1)]}
        return frozenset(plain(name) for name in names if len(name) > 2)

    def has_host(self, name: str) -> bool:
        """Whether the address names `name`: The Guardian may be theguardian or guardian there."""
        key = plain(name)
        return key in self.host or (name[:4].lower() == "the " and f"the{key}" in self.host)


class Mark(StrEnum):
    """Decisions that take nothing out."""

    #: The line is the headline, in one of its forms.
    HEADLINE = "headline"
    #: So it is, and the page shows this form above its story.
    SHOWN = "shown"
    #: The line stays, whatever was decided before.
    STAYS = "stays"
    #: The body begins with the line.
    BODY = "body"
    #: A deck stands above it: the story begins with the line.
    STORY = "story"
    #: The article's headline, as `value` says it.
    CHOSEN = "chosen"
    #: The article's date.
    PUBLISHED = "published"


Value = Column | Dateline | ReadDate | Recurring | Problem | str | None


class Decision(NamedTuple):
    """What `rule`, a row of `data/rules` or a `Mark`, decides of a line: that it goes, or of it what stands from where
    to where in the text, `cut`, which gives way to `after`.

    `value` is what is learned from it: what fills a column, a problem, how often the line recurs across the site.
    """

    rule: str
    line: int
    value: Value = None
    cut: tuple[int, int] | None = None
    after: str = ""

    @property
    def confidence(self) -> float | None:
        """That of this decision, where it has its own; None where it is the rule's."""
        return self.value.confidence if isinstance(self.value, Recurring) else None


class Columns(NamedTuple):
    """What fills the article's columns, as far as it is known."""

    dateline: str | None = None
    agency: str | None = None
    byline: tuple[str, ...] = ()
    attribution: str | None = None
    view_count: int | None = None
    dates: tuple[ReadDate, ...] = ()

    def have_room(self, column: Column, line: str) -> bool:
        """Whether what a line holds has a column to go to; where it has none, the line belongs to the story."""
        if column.source and self.attribution:
            return False
        if not column.counter:
            return True
        # A bare number may be a year or the number of a page, unless it stands where counters stand.
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
            (*self.dates, column.date) if column.date else self.dates,
        )

    def with_dateline(self, found: Dateline) -> Columns:
        """What stands in front of the story is nearer to it than what stands above."""
        return self._replace(
            dateline=self.dateline or found.place,
            agency=found.agency or self.agency,
            byline=tuple(dict.fromkeys((*self.byline, *found.byline))),
            dates=self.dates or ((found.date,) if found.date else ()),
        )


class Known(NamedTuple):
    """What is known of a page. Rules read it, and `fold` alone makes the next.

    `gone` has the decision by which a line goes, by its number; `cuts` those about parts of lines. `headlines` are the
    lines that are the headline in one form or another, `shown` the one that the page shows above its story.
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
    problems: tuple[Problem, ...] = ()

    def stays(self, number: int) -> bool:
        return number not in self.gone

    def is_open(self, number: int) -> bool:
        """Whether nothing was decided of a line: it does not go, and is no headline."""
        return number not in self.gone and number not in self.headlines

    def first_headline(self, page: Page) -> Line | None:
        """The headline that others are compared with."""
        return page.title or (page.lines[self.headlines[0]] if self.headlines else None)

    def is_site(self, page: Page, name: str) -> bool:
        """Whether `name` is the site's by its address, or by the article's own credits."""
        key = plain(name)
        if page.has_host(name):
            return True
        return any(len(own) > 2 and plain(own) == key for own in (self.columns.agency, self.columns.attribution) if own)


def with_decision(columns: Columns, decision: Decision) -> Columns:
    """The columns, filled from what was decided of a line."""
    if isinstance(decision.value, Column):
        return columns.with_column(decision.value)
    return columns.with_dateline(decision.value) if isinstance(decision.value, Dateline) else columns


#: A rule reads a page, and what is known of it, and decides.
Rule = Callable[[Page, Known], Sequence[Decision]]
#: A rule about one line.
LineRule = Callable[[Page, Known, Line], Sequence[Decision]]


def first_of(rules: Sequence[LineRule], page: Page, known: Known, line: Line) -> Sequence[Decision]:
    """What the first of `rules` that knows the line decides of it; empty where none does."""
    for rule in rules:
        if decided := rule(page, known, line):
            return decided
    return ()


def fold(known: Known, decisions: Sequence[Decision], off: Collection[str] = ()) -> Known:
    """What is known after `decisions`, of which the later prevail.

    By rules that are `off` nothing goes; what fills a column is read all the same.
    """
    if not decisions:
        return known
    columns, gone, cuts, headlines = known.columns, dict(known.gone), known.cuts, known.headlines
    settled: dict[str, Any] = {}
    for decision in decisions:
        rule, line, value, cut, _ = decision
        columns = with_decision(columns, decision)
        if isinstance(rule, Mark):
            if rule in (Mark.HEADLINE, Mark.SHOWN):
                headlines = (*headlines, line)
            elif rule == Mark.STAYS:
                gone.pop(line, None)
            settled |= _settled(decision)
        elif isinstance(value, Problem):
            settled["problems"] = (*settled.get("problems", known.problems), value)
        elif rule in off:
            continue
        elif cut is None:
            gone[line] = decision
        else:
            cuts = (*cuts, decision)
    return known._replace(columns=columns, gone=gone, cuts=cuts, headlines=headlines, **settled)


def _settled(decision: Decision) -> dict[str, Any]:
    """What a mark settles once and for all."""
    match decision.rule:
        case Mark.SHOWN | Mark.BODY | Mark.STORY:
            return {str(decision.rule): decision.line}
        case Mark.CHOSEN | Mark.PUBLISHED:
            return {str(decision.rule): decision.value}
    return {}
