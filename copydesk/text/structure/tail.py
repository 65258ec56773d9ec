"""Rules for what stands below a story: credits, counters, sources, and the mark of a text that was cut off."""

from __future__ import annotations

from collections.abc import Sequence

from copydesk.records import INFO, Problem
from copydesk.text.structure import credit_lines, headline, sentences
from copydesk.text.structure.body import says_headline
from copydesk.text.structure.columns import Column
from copydesk.text.structure.decisions import Decision, Known, LineRule, Mark, Page, first_of, fold
from copydesk.text.structure.head import column_below, furniture_goes
from copydesk.text.structure.lines import Line

#: So many lines may stand below a story.
BOTTOM = 8


def below_story(page: Page, known: Known) -> Sequence[Decision]:
    """From the end, each line goes by the first of `BELOW` that knows it, until none does."""
    made: list[Decision] = []
    body = reversed(page.lines[known.body :])
    end = next((line.number for line in body if known.stays(line.number)), 0)
    for number in range(end, max(known.body, end - BOTTOM), -1):
        decided = first_of(BELOW, page, known, page.lines[number])
        if not decided and known.stays(number):
            break
        made += decided
        known = fold(known, decided)
    return made


def _fills_column(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    column = line.below
    if column and column.counter and column.counter.bare and page.lines[line.number - 1].mark in (":", "："):
        return ()  # the number that the line above announces
    return tuple(filter(None, (column_below(known.columns, line),)))


def _is_source(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    """A short line behind one that is only `Source:`."""
    label = page.lines[line.number - 1]
    if known.columns.attribution is not None or label.number <= known.body or len(line.text.split()) > 6:
        return ()
    if not credit_lines.is_source_label(label.text):
        return ()
    source = Column("source-line", source=line.text)
    return Decision("source-line", line.number, source), Decision("source-line", label.number)


def _is_headline(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    first = known.first_headline(page)
    if first is None or not known.stays(line.number) or not says_headline(first, line):
        return ()
    return () if headline.is_refrain(first, page.lines[known.body :]) else (Decision(Mark.HEADLINE, line.number),)


def _is_furniture(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    goes = furniture_goes(line) if known.stays(line.number) else None
    return (goes,) if goes else ()


def _is_marker(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    """A line that is nothing but the mark of a text that was cut off; credits may stand above it."""
    cut = sentences.cut_off(line.text) if known.stays(line.number) else None
    return _cut(line, cut["marker"]) if cut and cut["marker"] == line.text else ()


#: What a line below a story may be.
BELOW: tuple[LineRule, ...] = (_fills_column, _is_source, _is_headline, _is_furniture, _is_marker)


def source_behind(page: Page, known: Known) -> Sequence[Decision]:
    """A source or an agency behind the last sentence of the story, on its line."""
    last = next((line for line in reversed(page.lines[known.body :]) if known.stays(line.number)), None)
    if last is None or known.columns.attribution is not None or last.number in known.headlines:
        return ()
    if source := credit_lines.source_behind(last.text):
        value, rule, at = Column("source-line", source=source[1]), "source-line", source[0]
    elif agency := credit_lines.agency_behind(last.text):
        value = Column("agency-behind", byline=credit_lines.Byline((), agency[1]))
        rule, at = "agency-behind", agency[0]
    else:
        return ()
    return (Decision(rule, last.number, value, (last.start + at, last.end)),)


def cut_off(page: Page, known: Known) -> Sequence[Decision]:
    """Note that the story is cut off, and take out the marker that counts what is missing."""
    last = next((line for line in reversed(page.lines) if known.is_open(line.number)), None)
    if last is None or any(problem.rule == "cut-off" for problem in known.problems):
        return ()
    return _cut(last, cut["marker"]) if (cut := sentences.cut_off(last.text)) else ()


def _cut(last: Line, marker: str | None) -> Sequence[Decision]:
    """What is decided of the last line of a text that was cut off, and of the marker that it ends in."""
    problem = Decision("cut-off", last.number, Problem("clean", "cut-off", "body", INFO, last.text[-80:]))
    if not marker:
        return (problem,)
    where = None if marker == last.text else (last.end - len(marker), last.end)
    return Decision("cut-marker", last.number, cut=where), problem
