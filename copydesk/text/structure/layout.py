"""Structure: from a normalized text to headline, body, and the columns that stood on lines around them.

The lines of a text are read once, then rules go down the page and decide what each is; what belongs to a column is
taken out of the text as an edit. What cannot be told stays in the body, and its column stays empty.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from copydesk import edits
from copydesk.config import DatesConfig
from copydesk.edits import TITLE, Edit, Span
from copydesk.records import Problem
from copydesk.text.site import NO_SITE, Site
from copydesk.text.structure import body, head, headline, opening, settle, signoffs, tail
from copydesk.text.structure.columns import Column
from copydesk.text.structure.date_reader import DateReader
from copydesk.text.structure.decisions import Decision, Known, Page, Rule, fold
from copydesk.text.structure.lines import Line, path_before, read_line, read_lines
from copydesk.text.structure.names import canonical_agency
from copydesk.text.structure.pictures import credit_before

STEP = "structure"

#: The way of a page from top to bottom: each rule sees what those before it decided.
RULES: tuple[Rule, ...] = (
    # above the story
    head.title_comes_back,
    head.title_in_other_words,
    head.above_story,
    head.below_deck,
    # within and below it
    body.recurring,
    body.furniture,
    body.credits_behind,
    body.links_within,
    body.links_below,
    body.lone_caption,
    signoffs.paragraphs_twice,
    signoffs.at_the_end,
    tail.below_story,
    tail.source_behind,
    tail.cut_off,
    body.headlines_within,
    # in front of its first sentence
    opening.lone_dateline,
    opening.date_in_front,
    opening.headline_in_front,
    opening.date_behind_headline,
    opening.dateline,
    opening.date_beside,
    # of all that was found
    settle.publication_date,
    settle.best_headline,
    settle.no_story,
)


class Given(NamedTuple):
    """What stood beside the text: its title, date and authors as the source gave them, where it came from, and what the
    other documents of its site prove."""

    title: str | None = None
    date: str | None = None
    uri: str = ""
    site: Site = NO_SITE
    authors: tuple[str, ...] = ()
    #: The date in the path of its file, which counts where nothing else tells the date.
    path_date: str | None = None
    modified: str | None = None


class Layout(NamedTuple):
    """What the structure step found. `headline` and `body` are parts of the new text, in this order.

    `date_order_open` says that nothing told day and month of the date apart, which other documents of the site may.
    """

    headline: str = ""
    body: str = ""
    published_at: datetime | None = None
    published_date: date | None = None
    published_precision: str | None = None
    date_text: str | None = None
    modified_at: datetime | None = None
    dateline: str | None = None
    agency: str | None = None
    byline: tuple[str, ...] = ()
    attribution: str | None = None
    view_count: int | None = None
    problems: tuple[Problem, ...] = ()
    date_order_open: bool = False


def structure(text: str, given: Given, config: DatesConfig, off: Collection[str] = ()) -> tuple[Layout, list[Edit]]:
    """Find the structure of a text in paragraphs with one empty line between.

    `given.title` is repaired and normalized already. Returns the layout and the edits that lead from `text` to
    `copydesk.edits.published_text(layout.headline, layout.body)`, and from the title to the headline. Edits of the
    rules that are `off` are not made: the text stays, and columns are read all the same.
    """
    return structure_all([(text, given)], config, off)[0]


def structure_all(
    texts: Sequence[tuple[str, Given]], config: DatesConfig, off: Collection[str] = ()
) -> list[tuple[Layout, list[Edit]]]:
    """The same for many texts, each rule for all of them, which keeps its code in the processor's caches."""
    read = [_read(text, given, config) for text, given in texts]
    pages = [page for page, _ in read]
    known = [fold(Known(), first, off) for _, first in read]
    for rule in RULES:
        made = [rule(page, state) for page, state in zip(pages, known, strict=True)]
        known = [fold(state, new, off) if new else state for state, new in zip(known, made, strict=True)]
    return [_laid_out(page, state, off) for page, state in zip(pages, known, strict=True)]


# --- lines ------------------------------------------------------------------------------------------------------------


def _read(text: str, given: Given, config: DatesConfig) -> tuple[Page, Sequence[Decision]]:
    """The page of a text, and what was decided of its first line before there were lines."""
    reader = DateReader(text, config, given.site.numeric_order, given.uri)
    title = read_line(-1, given.title, 0, reader) if given.title else None
    lines = read_lines(text, reader)
    decided: list[Decision] = []
    if lines:
        first, decided = _first_lines(lines[0], reader, is_titled=title is not None)
        behind = lines[1:] if len(first) == 1 else (line.moved(line.number + 1) for line in lines[1:])
        lines = [*first, *behind]
    source = (given.date, given.site, reader, given.uri, given.authors, given.path_date, given.modified)
    return Page(text, tuple(lines), title, *source), decided


def _first_lines(first: Line, reader: DateReader, is_titled: bool) -> tuple[list[Line], list[Decision]]:
    """The lines of the first paragraph, without what stands in front of the headline: the path to the page, a caption,
    the date. The story may stand behind the headline.
    """
    rule, split, value = "", None, None
    if not first.is_only_path and (length := path_before(first.text)):
        first, rule = first.without(length), "page-head"
    if length := credit_before(first.text[:400]):
        first, rule = first.without(length), "photo-credit"
    dated = None if is_titled else opening.date_prefix(first.text, reader, opening.HEADLINE_START)
    if dated and (split := headline.before_story(first.text[dated[0] :])):
        first, rule, value = first.without(dated[0]), "date-prefix", Column("date-prefix", dated[1])
    made = [Decision(rule, 0, value, (first.begins, first.start))] if rule else []
    beside: Column | None = None
    if split is None and not is_titled and (between := opening.date_between(first.text, reader)):
        split, beside = between[:2], between.column
    if split is None:
        return [first], made
    ends, begins = first.start + split[0], first.start + split[1]
    story = read_line(1, first.text[split[1] :], begins, reader)
    made.append(Decision("headline-line", 0, beside, (ends, begins), "\n\n"))
    return [read_line(0, first.text[: split[0]], first.start, reader, first.begins), story], made


# --- edits ------------------------------------------------------------------------------------------------------------


def _laid_out(page: Page, known: Known, off: Collection[str]) -> tuple[Layout, list[Edit]]:
    text, made = edits.replace(page.text, [*_removals(page, known), *_cuts(page, known)], STEP, off=off)
    columns, published = known.columns, known.published
    if page.title is not None and page.title.text != known.chosen:
        span = Span(0, len(page.title.text), known.chosen, "headline-variant")
        made += edits.replace(page.title.text, [span], STEP, TITLE, off)[1]
    # Where a rule is off, another form of the headline may stand above the story, or none.
    forms = (known.chosen, *(page.lines[number].text for number in known.headlines))
    chosen = next((form for form in forms if text.startswith(form) and _is_break(text, len(form))), "")
    layout = Layout(
        headline=chosen,
        body=text[len(chosen) + 2 * text.startswith("\n\n", len(chosen)) :] if chosen else text,
        published_at=published.found.moment if published else None,
        published_date=published.found.day if published else None,
        published_precision=published.found.precision if published else None,
        modified_at=settle.modification(page, known),
        date_text=published.written if published else None,
        dateline=columns.dateline,
        agency=canonical_agency(columns.agency) if columns.agency else None,
        byline=page.authors or columns.byline,
        attribution=columns.attribution,
        view_count=columns.view_count,
        problems=known.problems,
        date_order_open=known.date_order_open,
    )
    return layout, made


def _is_break(text: str, at: int) -> bool:
    """Whether what stands behind a headline sets it off: an empty line, or the end of the text."""
    return "\n\n".startswith(text[at : at + 2])


def _removals(page: Page, known: Known) -> Iterator[Span]:
    """Whole paragraphs with the empty line behind them; where the text ends, with the one before."""
    lines = page.lines
    if not known.gone:
        return
    last_kept = next((line.number for line in reversed(lines) if known.stays(line.number)), -1)
    for number, decision in known.gone.items():
        if number < last_kept:
            start, end = lines[number].begins, lines[number + 1].begins
        else:
            start, end = (lines[number - 1].end if number else 0), lines[number].end
        yield Span(start, end, "", decision.rule, decision.confidence)


def _has_story(page: Page, known: Known) -> bool:
    """Whether the first line stays, and another one below it."""
    return known.stays(0) and any(known.stays(line.number) for line in page.lines[1:])


def _cuts(page: Page, known: Known) -> list[Span]:
    """The changes within the lines that stay; of two that overlap the first."""
    found: list[Span] = []
    cuts = (decision for decision in known.cuts if decision.rule != "headline-line" or _has_story(page, known))
    for span in sorted(Span(*cut.cut, cut.after, cut.rule, cut.confidence) for cut in cuts if cut.cut):
        index = bisect_right(page.lines, span.start, key=lambda line: line.begins) - 1
        goes = span.start < span.end <= page.lines[index].end and not known.stays(index)
        if not goes and (not found or found[-1].end <= span.start):
            found.append(span)
    return found
