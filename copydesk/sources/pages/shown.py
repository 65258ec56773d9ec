"""The dates that readers of a page see, by their labels and how near they are to the headline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from copydesk.sources.pages.blocks import Block, Time, squeezed
from copydesk.text.structure.columns import find_column
from copydesk.text.structure.date_reader import DateReader, ReadDate

#: No page is older; a stamp of 1970 is a counter that was never set.
NO_YEAR_BEFORE = 1990
_ABOVE, _BELOW = 8, 16
_PROSE, _LONGEST = 100, 160
# Blocks of other articles, of comments, and lists of months; some are also the names of parts around a headline.
_NEVER = re.compile(
    r"comment(?!s-link)|leserbrief|related|recommend|popular|recent|latest|calendar|weather|trending|copyright",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(rf"{_NEVER.pattern}|teaser|widget|sidebar|archive|respond\b", re.IGNORECASE)
_UPDATED_MARK = re.compile(r"updated|modified|last-?mod", re.IGNORECASE)
_PUBLISHED_MARK = re.compile(r"publish|pub-?date|entry-|post-?date|date-created|posted", re.IGNORECASE)
# The line below a headline that says who wrote it and when, among other things.
_CREDITS = re.compile(
    r"meta\b|byline|date|datum|submitted|posted|publish|author|info\b|credit|time|stand\b|subline", re.IGNORECASE
)
_NOT_OURS = re.compile(r"©|\(c\)|copyright|all rights", re.IGNORECASE)
_A_DIGIT = re.compile(r"\d")
_SHORT_YEAR = re.compile(r"(?<![\d./:-])\d{1,2}([./-])\d{1,2}\1\d\d(?![\d./:-])")
# A time with more text than this around it is a date in the article's text.
_MOST_AROUND_A_TIME = 90
#: A longer text that ends as a sentence is one of the article, though its date may follow a word such as `on`.
_LONGEST_NOTE = 60


#: So many blocks farther is a date without a label, and one whose element is marked as a change: content systems mark
#: dates of publication so, too.
_BEHIND = {"published": 0, "marked as updated": 6}


class Shown(NamedTuple):
    """A date that readers see. `place`: 0 near the headline, 1 there and labelled as a change, 2 and more elsewhere;
    `distance` from the headline, in blocks, smaller for a date labelled as that of publication.
    """

    place: int
    distance: int
    read: ReadDate


class Around(NamedTuple):
    """The page around the headline: its blocks, elements with dates, and the index of the block of the headline."""

    blocks: Sequence[Block]
    times: Sequence[Time]
    headline: int
    reader: DateReader

    @property
    def head(self) -> range:
        """The blocks from a little above the headline to the first paragraphs of the story."""
        start = self.headline
        if start < 0:
            return range(0)
        end, prose = start + 1, 0
        while end < min(len(self.blocks), start + 1 + _BELOW):
            prose += len(self.blocks[end].text) >= _PROSE
            end += 1
            if prose > 2:
                break
        return range(max(0, start - _ABOVE), end)


def shown_dates(around: Around) -> list[Shown]:
    """The dates that readers see, best first."""
    head = around.head
    found = [*_timed(around, head), *_written(around, head)]
    return sorted(found, key=lambda one: one[:2])


def _placed(around: Around, head: range, block: int, read: ReadDate, label: str) -> Shown:
    is_near = block in head
    place = (0 if is_near else 2) + (label == "updated") + (not is_near and not label)
    distance = block - around.headline if block >= around.headline else 2 * (around.headline - block) + 1
    return Shown(place, distance + _BEHIND.get(label, 3), read)


def _written(around: Around, head: range) -> Iterator[Shown]:
    for i, block in enumerate(around.blocks):
        if len(block.text) > _LONGEST or not _A_DIGIT.search(block.text):
            continue
        if _is_elsewhere(block, i in head) or _NOT_OURS.search(block.text):
            continue
        read = _in_block(block, around.reader, i in head)
        if read and read.found.day.year >= NO_YEAR_BEFORE:
            yield _placed(around, head, i, read, read.found.label or _marked(block.inner))


def _in_block(block: Block, reader: DateReader, is_near: bool) -> ReadDate | None:
    """The date of a block that is a date, perhaps with a label or a name beside it."""
    text = block.text
    if read := reader.whole_line(text):
        return read
    column = find_column(text, reader, top=True)
    if column and column.date:
        return column.date
    read = reader.find(text)
    if read is None:
        short = _SHORT_YEAR.search(text) if is_near else None
        read = reader.whole_line(short[0]) if short else None
    if read is None:
        return None
    if text[-1] in ".!?…" and len(text) > _LONGEST_NOTE:
        return None
    if read.found.label:
        return read if read.found.label == "published" or is_near else None
    if not is_near or text[-1] in ".!?…":
        return None
    is_credit = _CREDITS.search(f"{block.marks} {block.inner}") is not None and block.heading is None
    most = _LONGEST if is_credit else 2 * len(read.written) + 20
    return read if len(text) <= most else None


def _is_elsewhere(block: Block, is_near: bool) -> bool:
    return block.beside or (_NEVER if is_near else _ELSEWHERE).search(block.marks) is not None


def _timed(around: Around, head: range) -> Iterator[Shown]:
    """The dates for programs of elements that readers see."""
    for one in around.times:
        block = around.blocks[min(one.block, len(around.blocks) - 1)]
        is_near = one.block in head
        if not _A_DIGIT.search(one.value) or _is_elsewhere(block, is_near) or not _stands_alone(block, one):
            continue
        if not is_near and not block.in_story:
            continue
        read = around.reader.parse(one.value)
        if read is None or read.found.day.year < NO_YEAR_BEFORE:
            continue
        seen = around.reader.whole_line(squeezed(one.element.text_content()))
        if seen and seen.found.day != read.found.day:
            read = seen  # the stamp is in another time zone, or a stamp of something else
        yield _placed(around, head, one.block, read, _label(block, one, around.reader))


def _label(block: Block, one: Time, reader: DateReader) -> str:
    marks = f"{one.element.get('class') or ''} {one.element.get('itemprop') or ''}"
    read = reader.whole_line(block.text)
    return (read.found.label if read else "") or _marked(marks)


def _marked(marks: str) -> str:
    """What the classes of an element say about its date."""
    if _PUBLISHED_MARK.search(marks):
        return "published"
    return "marked as updated" if _UPDATED_MARK.search(marks) else ""


def _stands_alone(block: Block, one: Time) -> bool:
    """Whether an element is most of its block, as in `Published <time>`, and not a date in a sentence."""
    if block.heading is not None:
        return True
    around = len(block.text) - len(squeezed(one.element.text_content()))
    return around <= _MOST_AROUND_A_TIME and not block.text.endswith((".", "!", "?"))
