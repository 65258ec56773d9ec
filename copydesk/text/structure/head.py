"""Rules for what stands above a story on its page: its title, the menu below that, the headline, credits, a deck."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from copydesk.text import dates
from copydesk.text.structure import headline
from copydesk.text.structure.decisions import (
    Columns,
    Decision,
    Known,
    LineRule,
    Mark,
    Page,
    first_of,
    fold,
    with_decision,
)
from copydesk.text.structure.entries import begins_entry, names_work
from copydesk.text.structure.lines import Line

#: A headline stands among so many of the first lines of a page.
HEAD = 60
#: So many lines behind a headline are looked at for its story, and so many of the story's.
BEHIND, STORY_LINES = 14, 10
#: Of lines that are no sentence, menus run into one line among them, longer ones are a story's.
LONGEST_MENU = 220
#: So many labels in a row are the menu of a page.
_MENU = 4
#: More sentences than a notice about cookies has are a story.
_MOST_SENTENCES = 4
LONGEST_DECK = 300

#: What sets the name of a site off; a colon sets off who speaks as well.
_BAR = re.compile(r"\s[|»·•–—-]+\s|\s?[|»]")


# --- a page that begins with its title, or whose title is known -------------------------------------------------------


class _Menu(NamedTuple):
    """What stands between a page's title and a line below: sections, buttons, credits and dates, but no prose."""

    lines: tuple[int, ...]
    #: How many are labels and no columns, and whether one of the lines can be nothing else.
    labels: int = 0
    certain: bool = False
    #: Whether one ends a sentence, above any menu; how many could be anything, but prose.
    told: bool = False
    others: int = 0
    #: How many are sentences of a story.
    sentences: int = 0

    @property
    def is_full(self) -> bool:
        return self.labels >= _MENU

    def with_line(self, line: Line) -> _Menu | None:
        """None where the line is prose."""
        lines = (*self.lines, line.number)
        column = line.above is not None
        if column or line.is_label:
            sure = column or line.is_certain
            told = self.told or (not sure and not self.is_full and line.ends_sentence)
            labels = self.labels + (not column and not line.is_address)
            return _Menu(lines, labels, self.certain or sure, told, self.others, self.sentences)
        if len(line.text) > LONGEST_MENU or line.is_prose:
            return None
        told = self.told or (not self.is_full and line.ends_sentence)
        sentences = self.sentences + (line.states and len(line.tokens) > 4)
        if sentences > _MOST_SENTENCES:
            return None
        return self._replace(lines=lines, told=told, others=self.others + 1, sentences=sentences)


def _titled(page: Page) -> tuple[Line, _Menu, Sequence[Line]] | None:
    """The title of a page, the furniture above it, and the lines below; None where there is none to look for."""
    top = page.lines[:HEAD]
    start = 0
    if page.title is None:
        start = next((line.number for line in top if not line.furniture), len(top))
    if start >= len(top):
        return None
    title = page.title or top[start]
    if len(title.text) > headline.MAX_CHARACTERS or len(title.first_tokens) < 3:
        return None
    return title, _Menu(tuple(range(start))), top if page.title else top[start + 1 :]


def title_comes_back(page: Page, known: Known) -> Sequence[Decision]:
    """The headline of a page is its title once more, below the menu.

    Where anything but a menu stands between, there is no such headline.
    """
    if not (found := _titled(page)):
        return ()
    title, menu, below = found
    above = len(menu.lines)
    forms = [] if page.title else [title.number]
    head: tuple[list[int], _Menu] | None = None
    for line in below:
        form = None if line.is_path else headline.likeness(line, title)
        if form is None:
            following = menu.with_line(line)
            if following is None:
                break
            menu = following
            continue
        if len(menu.lines) > above and not _is_headline_below(page, title, menu, line, form, below):
            break
        forms.append(line.number)
        # Above the headline of a page stands no story: its title names the site, or a menu says what it is.
        if not menu.others or menu.is_full or form == "headline-with-site":
            head = [*forms], menu
    if head is None:
        return ()
    forms, menu = head
    shown = page.title is None and menu.labels > 0
    marks = [Decision(Mark.SHOWN if shown and form == forms[-1] else Mark.HEADLINE, form) for form in forms]
    return [*marks, *_menu_goes(page, known.columns, menu)]


def _is_headline_below(page: Page, title: Line, menu: _Menu, line: Line, form: str, below: Sequence[Line]) -> bool:
    """Whether a line that says the title again below other lines is the headline, and no line of a story or a song."""
    full = menu.is_full and not menu.told
    if form == "headline-with-site":
        full = full or any(_BAR.search(said.text) for said in (title, line))
    if not full:
        section = line.tokens == title.tokens and all(page.lines[i].is_name for i in menu.lines)
        if menu.told or not (menu.certain or section) or not headline.is_repeat(line, title):
            return False
    return not headline.is_refrain(title, below)  # lines of a song are as short as the labels of a page


def title_in_other_words(page: Page, known: Known) -> Sequence[Decision]:
    """The headline of a page says in other words what its title says, which is written for search engines."""
    if known.headlines or page.title is not None or not (found := _titled(page)):
        return ()
    title, menu, below = found
    for line in below:
        if not line.is_path and headline.likeness(line, title):
            return ()
        following = menu.with_line(line)
        if following is None:
            return ()
        if following.others:
            if not _says_the_same(page, title, menu, line):
                return ()
            again = (Decision("headline-near", title.number), Decision(Mark.SHOWN, line.number))
            return [*again, *_menu_goes(page, known.columns, menu)]
        menu = following
    return ()


def _says_the_same(page: Page, title: Line, menu: _Menu, line: Line) -> bool:
    """Whether a line below a menu is the headline of the page: its words tell, or the byline or date behind it."""
    words = len(line.text.split())
    if len(line.text) > headline.MAX_CHARACTERS or not 4 <= words <= headline.MAX_WORDS:
        return False
    if line.ends_sentence and line.text[-1] not in "?!？！":
        return False
    with_site = headline.site_suffix(title.text, page.has_host) > 0
    if menu.is_full or (with_site and menu.labels):
        if any(behind.above for behind in page.lines[line.number + 1 : min(line.number + 4, HEAD)]):
            return True
    elif not menu.labels and not with_site:
        return False  # a deck shares words with the headline above it too
    mine, theirs = ({word for word in said.tokens if len(word) > 3} for said in (line, title))
    return len(mine & theirs) >= max(3, 0.5 * min(len(mine), len(theirs)))


def _menu_goes(page: Page, columns: Columns, menu: _Menu) -> Iterator[Decision]:
    for number in menu.lines:
        line = page.lines[number]
        decision = column_goes(columns, line) or furniture_goes(line) or Decision("page-head", number)
        yield decision
        columns = with_decision(columns, decision)


# --- the lines above a story, one by one ------------------------------------------------------------------------------


def above_story(page: Page, known: Known) -> Sequence[Decision]:
    """From the top, each line goes by the first of `ABOVE` that knows it; the body begins where none does."""
    made: list[Decision] = []
    for line in page.lines[:HEAD]:
        if not known.is_open(line.number):
            continue
        decided = first_of(ABOVE, page, known, line)
        if not decided:
            return [*made, Decision(Mark.BODY, line.number)]
        made += decided
        known = fold(known, decided)
    return [*made, Decision(Mark.BODY, min(len(page.lines), HEAD))]


def _is_headline(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    first = known.first_headline(page)
    is_one = headline.likeness(line, first) is not None if first else _begins_page(page, line)
    return (Decision(Mark.HEADLINE, line.number),) if is_one else ()


def _begins_page(page: Page, line: Line) -> bool:
    """Whether a line is a headline although no other says the same: by how it is written, and the story behind it."""
    if len(line.text) > headline.MAX_CHARACTERS or line.is_no_story:
        return False
    behind = page.lines[line.number + 1 : line.number + 1 + BEHIND]
    story = islice((paragraph for paragraph in behind if not paragraph.is_no_story), STORY_LINES)
    first = next(story, None)
    if first is None:
        return line.is_lone_headline  # whatever stood above it is known already
    again = headline.likeness(first, line)
    if again and again != "headline-near" and len(line.tokens) >= 2:
        return True
    return headline.looks_like_headline(line, chain((first,), story))


def _fills_column(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    return () if begins_entry(page, line) else tuple(filter(None, (column_goes(known.columns, line),)))


def _labels_date(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    return (Decision("date-line", line.number),) if labels_date(page, line) else ()


def labels_date(page: Page, line: Line) -> bool:
    """Whether a line is a label such as `Published:`, and the date stands on the line behind it."""
    if _is_last(page, line) or not dates.is_label(line.text):
        return False
    behind = page.lines[line.number + 1].above
    return behind is not None and behind.rule == "date-line"


def _recurs(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    if _is_last(page, line) or line.states or not (times := page.site.boilerplate.get(line.text)):
        return ()
    return (Decision("site-boilerplate", line.number, times),)


def _is_furniture(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    return tuple(filter(None, (furniture_goes(line),))) if not _is_last(page, line) else ()


def _is_path(page: Page, known: Known, line: Line) -> Sequence[Decision]:
    return (Decision("page-head", line.number),) if line.is_only_path and not _is_last(page, line) else ()


def _is_last(page: Page, line: Line) -> bool:
    return line.number + 1 == len(page.lines)


#: What a line above a story may be.
ABOVE: tuple[LineRule, ...] = (_is_headline, _fills_column, _labels_date, _recurs, _is_furniture, _is_path)


def below_deck(page: Page, known: Known) -> Sequence[Decision]:
    """The lines between a deck and the story; the deck, a summary of a line or two, stays in the body."""
    lines = page.lines[known.body : known.body + HEAD]
    if known.body >= HEAD or not known.first_headline(page) or not _is_deck(lines):
        return ()
    if not lines[0].ends_sentence and names_work(page, lines[1]):
        return ()
    made: list[Decision] = []
    columns = known.columns
    for line in lines[1:-1]:
        decision = column_goes(columns, line) or furniture_goes(line)
        if decision is None and not labels_date(page, line):
            return [*made, Decision(Mark.STORY, line.number)]
        made.append(decision or Decision("date-line", line.number))
        columns = with_decision(columns, made[-1])
    return made


def _is_deck(lines: Sequence[Line]) -> bool:
    """Whether the first line is a deck: right above the byline or the buttons."""
    if len(lines) < 3 or len(lines[0].text) > LONGEST_DECK:
        return False
    below, second = lines[1:3]
    if below.above is not None and below.above.rule == "byline":
        return True
    return below.furniture is not None and (below.furniture.anywhere or second.furniture is not None)


def column_goes(columns: Columns, line: Line) -> Decision | None:
    """That a line goes, for the column that it holds above a story."""
    column = line.above
    if column is None or not columns.have_room(column, line.text):
        return None
    return Decision(column.rule, line.number, column)


def column_below(columns: Columns, line: Line) -> Decision | None:
    """The same for one that it holds below a story."""
    column = line.below
    if column is None or not columns.have_room(column, line.text):
        return None
    return Decision(column.rule, line.number, column)


def furniture_goes(line: Line) -> Decision | None:
    return Decision(line.furniture.rule, line.number) if line.furniture else None
