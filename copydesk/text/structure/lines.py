"""The lines of a page, each with all that can be said of it alone. What it is on its page, the rules decide."""

from __future__ import annotations

import re
from typing import NamedTuple

from copydesk.text.lazy import lazily
from copydesk.text.structure import sentences
from copydesk.text.structure.columns import Column, find_column
from copydesk.text.structure.date_reader import DateReader
from copydesk.text.structure.furniture import Furniture, Heading, classify
from copydesk.text.structure.pictures import is_marked

#: Shorter lines that end a sentence may be teasers; from twice as many characters on they are prose.
TEASER = 60
_LONGEST_LABEL = 40

_HOME = r"(?:home(?:page)?|you are here|startseite|inicio|accueil|ana ?sayfa|главная|начало|الرئيسية)"
_STEP = r"[\w&'’ .,-]{2,30}?"
_PATH = re.compile(
    rf"{_HOME}\s*:?\s*(?:[»›>→]\s*(?:{_STEP}\s*[»›>→]\s*){{0,5}}|[/|]\s*(?:{_STEP}\s*[/|]\s*){{1,5}})", re.IGNORECASE
)
_STEPS = re.compile(r"[^»›>→]{2,40}[»›>→](?!>)\s*[^»›>→]{2,40}[»›>→]")
_ADDRESS = re.compile(r"https?://\S+$")


class _Line(NamedTuple):
    number: int
    text: str
    start: int
    begins: int
    mark: str
    furniture: Furniture | None
    heading: Heading | None
    marked: bool
    reader: DateReader


class Line(_Line):
    """A line of a page, which is a paragraph of its text, and what is true of it wherever it stands.

    Its `text` begins at `start` in the text of the page; its paragraph begins at `begins`, where something was cut off
    in front of it. `mark` is the last mark of its sentence; it is `marked` if it may be a picture credit, or end in
    one. What few rules ask of few lines, and takes time to find out, is found out when it is first asked for.
    """

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @lazily
    def tokens(self) -> tuple[str, ...]:
        return sentences.tokens(self.text)

    @lazily
    def first_tokens(self) -> tuple[str, ...]:
        """The first eight of its tokens, which tell most lines apart."""
        return sentences.first_tokens(self.text) if len(self.text) > 2 * TEASER else self.tokens[: sentences.FIRST]

    @lazily
    def initial(self) -> str:
        """The first character of its first token."""
        return sentences.initial(self.text)

    # --- what it holds

    @lazily
    def above(self) -> Column | None:
        """The column that it holds where it stands above a story; None where it belongs to the story."""
        return find_column(self.text, self.reader, top=True)

    @lazily
    def below(self) -> Column | None:
        """The column that it holds where it stands below a story."""
        return find_column(self.text, self.reader, top=False)

    # --- how it ends

    @property
    def ends_sentence(self) -> bool:
        return self.mark in sentences.ENDS

    @property
    def states(self) -> bool:
        """Whether it ends as sentences of a story do, which leave the exclamation mark to slogans."""
        return self.mark in sentences.STATES

    @property
    def is_punctuated(self) -> bool:
        """Whether it ends in a mark that headlines do without."""
        return self.mark in sentences.PUNCTUATION

    @property
    def is_prose(self) -> bool:
        return len(self.text) >= 2 * TEASER and self.ends_sentence

    # --- what it can be on a page

    @lazily
    def is_path(self) -> bool:
        """Whether it is the path to a page, with or without the headline at its end: `Levant Post > News > Harbour`."""
        line = self.text
        if len(line) > 250:
            return False
        return _STEPS.match(line) is not None or (len(line) <= 120 and _PATH.match(line) is not None)

    @property
    def is_only_path(self) -> bool:
        """Whether it is the path to a page without the headline: steps of a few words, the first the site's front."""
        line = self.text
        if len(line) > 120 or not (found := _PATH.match(line)):
            return False
        return len(line[found.end() :].split()) <= 3 and line[-1] not in sentences.MARKS

    @property
    def is_address(self) -> bool:
        return _ADDRESS.match(self.text) is not None

    @property
    def is_certain(self) -> bool:
        """Whether it is a label that can be no line of a story: furniture, a path, an address."""
        return self.furniture is not None or self.is_path or self.is_address

    @property
    def is_label(self) -> bool:
        """Whether it is a few words that name something: a section, a button, a place in the page's path."""
        line = self.text
        if self.is_certain:
            return True
        most = 4 if line[0].isupper() else 3 if line[0].islower() else 0
        return len(line) <= _LONGEST_LABEL and len(line.split()) <= most and line[-1] not in sentences.MARKS

    @property
    def is_name(self) -> bool:
        """Whether a label is written as a name, as sections are: `Energy & Environment`, but not `We sang all day`."""
        return not any(word[0].islower() and len(word) > 3 for word in self.text.split())

    @property
    def is_no_story(self) -> bool:
        """Whether it is no paragraph of a story."""
        return self.above is not None or self.furniture is not None or self.is_only_path

    @property
    def is_lone_headline(self) -> bool:
        """Whether it is a headline where a document is this line alone: it is short, and no sentence."""
        line = self.text
        if not sentences.has_letters(line) or line[-1] in "\"'”’)":
            return False
        return len(line) <= 120 and len(line.split()) <= 18 and line[-1] not in sentences.ENDS

    def without(self, length: int) -> Line:
        """The line behind its first `length` characters."""
        return read_line(self.number, self.text[length:], self.start + length, self.reader, self.begins)

    def moved(self, number: int) -> Line:
        return self._replace(number=number)


def path_before(line: str) -> int:
    """How much of a line is the path to the page, `Home » News » `; 0 where it holds none, or nothing else."""
    found = _PATH.match(line)
    return found.end() if found and found.end() < len(line) else 0


def read_line(number: int, text: str, start: int, reader: DateReader, begins: int | None = None) -> Line:
    marked = is_marked(text)
    furniture, heading = classify(text, marked)
    begins = start if begins is None else begins
    return Line(number, text, start, begins, sentences.last_mark(text), furniture, heading, marked, reader)


def read_lines(text: str, reader: DateReader) -> list[Line]:
    """The lines of a text that has one empty line between its paragraphs; where there are more, no line is empty."""
    found: list[Line] = []
    start = 0
    for piece in text.split("\n\n"):
        if piece.strip():
            found.append(read_line(len(found), piece, start, reader))
        start += len(piece) + 2
    return found
