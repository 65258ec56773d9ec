"""Rules for lines inside and below the article that are not part of it: site boilerplate, furniture, links to other
articles, repeated headlines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from copydesk.text.structure import credit_lines, headline
from copydesk.text.structure.decisions import Decision, Known, Mark, Page, with_decision
from copydesk.text.structure.furniture import Furniture, Heading
from copydesk.text.structure.head import BEHIND, LONGEST_MENU, column_below
from copydesk.text.structure.lines import TEASER, Line
from copydesk.text.structure.pictures import credit_behind, is_credit
from copydesk.text.structure.sentences import QUESTIONS, speaks

#: Minimum characters of a paragraph that belongs to the article if it ends a sentence.
_PARAGRAPH = 80
#: Maximum characters of a teaser.
_LONGEST_TEASER = 160
#: Minimum characters of prose above the links below an article; with fewer, the links would be most of the text.
_LEAST_STORY = 300
#: Rules of lines that are usually below the article.
_BUTTONS = frozenset({"share-line", "comments-line", "subscribe-line", "notice-line"})


def recurring(page: Page, known: Known) -> Sequence[Decision]:
    """Site boilerplate: all such lines below the article, and short ones between two paragraphs.

    The first line of the body is kept. Lines that may fill a column are left to the rules below the article.
    """
    times = page.site.boilerplate
    if not times:
        return ()
    lines = page.lines[known.body :]
    below = list(takewhile(lambda line: line.below is not None or line.text in times, reversed(lines[1:])))
    story = lines[: len(lines) - len(below)]
    between = [
        line
        for before, line, behind in zip(story, story[1:], story[2:], strict=False)
        if line.text in times and times[line.text].between and _is_paragraph(before) and _is_paragraph(behind)
    ]
    found = [*(line for line in below if line.below is None), *between]
    return [Decision("site-boilerplate", line.number, times[line.text]) for line in found]


def _is_paragraph(line: Line) -> bool:
    return len(line.text) >= _PARAGRAPH and line.states


# --- furniture and links ----------------------------------------------------------------------------------------------


def furniture(page: Page, known: Known) -> Sequence[Decision]:
    """Buttons, newsletters, notices, picture credits.

    Lines that may also be part of an article (`Share`, `Facebook`) count only next to certain furniture; after a line
    that ends in a colon they are items of a list.
    """
    made: list[Decision] = []
    for run, listed in _runs(page, known):
        beside = not listed and any(piece.anywhere for _, piece in run)
        made += [Decision(piece.rule, line.number) for line, piece in run if beside or piece.anywhere]
    return made


def _runs(page: Page, known: Known) -> Iterator[tuple[list[tuple[Line, Furniture]], bool]]:
    """Runs of furniture lines, and whether the line above ends in a colon."""
    run: list[tuple[Line, Furniture]] = []
    listed = False
    for line in page.lines[known.body :]:
        if not known.is_open(line.number):
            continue
        if line.furniture:
            run.append((line, line.furniture))
            continue
        if run:
            yield run, listed
            run = []
        listed = line.text.endswith(":")
    if run:
        yield run, listed


def credits_behind(page: Page, known: Known) -> Sequence[Decision]:
    """Picture credits behind a paragraph of the story, on its line."""
    return [
        Decision("photo-credit", line.number, cut=(line.start + start, line.end))
        for line in page.lines[known.body :]
        if line.marked
        and known.is_open(line.number)
        and (at := credit_behind(line.text))
        and (start := len(line.text[:at].rstrip()))
    ]


def links_within(page: Page, known: Known) -> Sequence[Decision]:
    """A heading such as `Related` with one headline under it, between two paragraphs of the article."""
    made: list[Decision] = []
    lines = page.lines[known.body + 1 :]
    for heading, link, behind in zip(lines, lines[1:], lines[2:], strict=False):
        if heading.heading != Heading.LINKS or not (known.stays(heading.number) and known.stays(link.number)):
            continue
        is_link = 5 <= len(link.text.split()) <= 25 and not link.ends_sentence and link.text[0] not in "\"'“‘"
        if is_link and behind.is_prose:
            made += [Decision("related-line", line.number) for line in (heading, link)]
    return made


def links_below(page: Page, known: Known) -> Sequence[Decision]:
    """All lines below the article: lists of links, labels, buttons. A source among them is kept."""
    first = _begin_of_links(page.lines[known.body :])
    if first is None:
        return ()
    above = page.lines[known.body : first]
    if sum(len(line.text) for line in above if known.stays(line.number) and line.is_prose) < _LEAST_STORY:
        return ()
    made: list[Decision] = []
    columns = known.columns
    for line in page.lines[first:]:
        if known.stays(line.number):
            source = column_below(columns, line) if credit_lines.find_source(line.text) else None
            made.append(source or Decision("related-block", line.number))
            columns = with_decision(columns, made[-1])
    return made


def _begin_of_links(lines: Sequence[Line]) -> int | None:
    """The first line below the article, with no prose after it; None if there is none.

    It is a heading of links such as `Most Popular`, a heading of labels such as `Tags:`, or the first of at least two
    buttons. Each headline may be followed by a teaser of one sentence; two sentences in a row are prose.
    """
    first = None
    teasers = buttons = authors = 0
    sentence_behind = False
    short = True  # whether all lines up to the next heading are labels of a few words
    for line, above in zip(lines[:0:-1], lines[-2::-1], strict=True):
        piece = line.furniture
        is_button = piece is not None and piece.anywhere and piece.rule in _BUTTONS
        buttons += is_button
        is_heading = line.heading == Heading.LINKS or (line.heading == Heading.LABELS and short)
        if is_heading or is_button:
            if line is not lines[-1] and (teasers == 0 or teasers >= 3) and (is_heading or buttons >= 2):
                first = line.number
            sentence_behind, short = False, True
        elif piece is None:
            if authors < 2 and _tells_of_author(above.text, line.text):
                authors += 1
                continue
            # Headlines may be questions; other lines that end a sentence are teasers or part of the article.
            is_sentence = len(line.text) >= TEASER and line.text[-1] not in QUESTIONS and line.ends_sentence
            if len(line.text) > (_LONGEST_TEASER if is_sentence else LONGEST_MENU):
                break
            if is_sentence and (sentence_behind or speaks(line.text)):
                break
            teasers += is_sentence
            sentence_behind = is_sentence
            short = short and len(line.text.split()) <= 5
    return first


_WRITES = re.compile(
    r"\b(?:writer|editor|reporter|journalist|correspondent|columnist|contributor|producer|freelance|covers|writes)\b"
)


def _tells_of_author(name: str, line: str) -> bool:
    """Whether a line describes the author named alone above it: `Jane Doe is a reporter at …`."""
    return (
        line.startswith(name.split(maxsplit=1)[0])
        and credit_lines.is_name(name)
        and _WRITES.search(line, 0, 200) is not None
    )


def lone_caption(page: Page, known: Known) -> Sequence[Decision]:
    """Keep a caption if it is the whole text."""
    body = page.lines[known.body :]
    if any(known.is_open(line.number) for line in body):
        return ()
    gone = (line for line in body if not known.stays(line.number))
    captions = (line for line in gone if known.gone[line.number].rule == "photo-credit" and not is_credit(line.text))
    return [Decision(Mark.STAYS, line.number) for line in captions][:1]


# --- repeated headlines -----------------------------------------------------------------------------------------------

#: Forms of a repeated headline near the top; further down it must be repeated word for word.
_NEAR_TOP = frozenset({"headline-repeat", "headline-variant", "headline-with-site"})


def headlines_within(page: Page, known: Known) -> Sequence[Decision]:
    """Repeated headlines between the paragraphs of the article."""
    if (first := known.first_headline(page)) is None:
        return ()
    near, least, most = known.body + BEHIND, len(first.text) / 3, 2 * len(first.text)
    likely = (line for line in page.lines[known.body + 1 :] if least < len(line.text) < most)
    found = [line for line in likely if known.is_open(line.number) and says_headline(first, line, line.number < near)]
    if found and headline.is_refrain(first, page.lines[known.body :]):
        return ()
    return [Decision(Mark.HEADLINE, line.number) for line in found]


def says_headline(first: Line, line: Line, near_top: bool = False) -> bool:
    """Whether a line repeats the headline `first`, or a part of it."""
    if not len(first.text) / 3 < len(line.text) < 2 * len(first.text):
        return False
    again = headline.likeness(line, first) in _NEAR_TOP if near_top else headline.says_the_same(line, first)
    return again and len(line.first_tokens) >= 4 and headline.is_repeat(line, first)
