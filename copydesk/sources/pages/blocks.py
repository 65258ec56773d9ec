"""The blocks of text of a page, in one walk over its tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from copydesk.sources.pages.markup import BLOCKS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Classes of WordPress that say what a post is about.
_TOPICS = re.compile(r"(?<!\S)(?:tag|category|cat|tax|post_tag)-\S+")
_BLANKS = re.compile(r"\s+")
_UNSEEN = frozenset("script style template svg".split())
_FURNITURE = frozenset("aside button form footer iframe nav noscript object script select style svg template".split())
_BESIDE = frozenset("aside nav footer".split())
_DATE_MARK = re.compile(
    r"(?:^|[\s_-])(?:date|datum|datetime|timestamp|published|pubdate|fecha)(?:$|[\s_-])", re.IGNORECASE
)
_CONTAINERS = (
    ".//article[not(ancestor::article)]",
    ".//*[self::main or @role='main'][not(ancestor::main or ancestor::*[@role='main'])]",
    ".//body",
)


class Block(NamedTuple):
    """A text between two block elements: `linked` if all of it is in links, `tag` of the element around it, `marks` the
    classes and ids of that element and of those around it, `inner` those of what is in it.

    `in_story` says that it is in the element with the main text, and in no furniture there; `beside` that it is in
    navigation, an aside or a footer; `heading` is the `<h1>` that it is of.
    """

    text: str
    linked: bool
    tag: str
    marks: str
    inner: str
    in_story: bool
    beside: bool
    heading: HtmlElement | None


class Person(NamedTuple):
    """A text in a line that is marked as the name of an author: the index of its block, and the text."""

    block: int
    name: str


class Time(NamedTuple):
    """An element with a date for programs, or marked as a date: the index of its block, that date, and the element."""

    block: int
    value: str
    element: HtmlElement


def squeezed(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def container(tree: HtmlElement, alike: Callable[[str], float] = lambda _: 1.0) -> HtmlElement:
    """The element with the main text: the `<article>` with the `<h1>`, else the longest; else main; else the body.

    Of several with an `<h1>`, the one whose heading is most `alike` the page's titles.
    """

    def rank(element: HtmlElement) -> tuple[float, int]:
        headings = islice(element.iter("h1"), 5)
        return max((alike(squeezed(h1.text_content())) for h1 in headings), default=-1.0), len(element.text_content())

    for path in _CONTAINERS:
        if found := tree.xpath(path):
            return found[0] if len(found) == 1 else max(found, key=rank)
    return tree


@dataclass(slots=True)
class _Reader:
    """The state of the walk: the open elements, and the words of the block that is being read."""

    story: HtmlElement
    blocks: list[Block] = field(default_factory=list)
    times: list[Time] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    open: list[tuple[str, str]] = field(default_factory=list)
    plain: bool = False
    links: int = 0
    in_story: int = 0
    furniture: int = 0
    beside: int = 0
    heading: HtmlElement | None = None

    def end_block(self) -> None:
        if self.words and (text := normalize("NFC", squeezed("".join(self.words)))):
            tag = self.open[-1][0] if self.open else ""
            marks = _TOPICS.sub("", " ".join(marks for _, marks in self.open[-3:] if marks))
            inner = " ".join(self.marks)
            in_story = self.in_story > 0 and not self.furniture
            here = (in_story, self.beside > 0, self.heading)
            self.blocks.append(Block(text, not self.plain, tag, marks, inner, *here))
        self.words.clear()
        self.marks.clear()
        self.plain = False

    def add(self, text: str | None) -> None:
        if text:
            self.words.append(text)
            if not self.links and not self.plain:
                self.plain = not text.isspace()


class Read(NamedTuple):
    """The blocks of a page, its elements with dates, and those with the names of authors."""

    blocks: Sequence[Block]
    times: Sequence[Time]
    people: Sequence[Person]


def read_blocks(tree: HtmlElement, story: HtmlElement) -> Read:
    """The blocks of a page, whose main text is in the element `story`."""
    from lxml import etree

    reader = _Reader(story)
    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in _UNSEEN or tag == "head":
                walk.skip_subtree()
                continue
            _start(reader, element, tag)
        else:
            if tag not in _UNSEEN and tag != "head":
                _end(reader, element, tag)
            reader.add(element.tail)
    reader.end_block()
    return Read(reader.blocks, reader.times, reader.people)


def _start(reader: _Reader, element: HtmlElement, tag: str) -> None:
    marks = f"{element.get('class') or ''} {element.get('id') or ''}".strip()
    if tag in BLOCKS:
        reader.end_block()
        reader.open.append((tag, marks if tag != "body" else ""))
        if tag == "h1":
            reader.heading = element
    elif marks:
        reader.marks.append(marks)
    if tag not in BLOCKS and _is_author(element, marks) and 0 < len(name := squeezed(element.text_content())) < 80:
        reader.people.append(Person(len(reader.blocks), name))
    if tag == "a":
        reader.links += 1
    elif tag in ("time", "abbr") and (value := element.get("datetime") or element.get("title")):
        reader.times.append(Time(len(reader.blocks), value.strip(), element))
    elif marks and tag not in BLOCKS and _DATE_MARK.search(marks):
        reader.times.append(Time(len(reader.blocks), squeezed(element.text_content())[:80], element))
    reader.in_story += element is reader.story
    if tag in _FURNITURE or tag == "header":
        reader.furniture += _is_furniture(element, reader.story)
    reader.beside += tag in _BESIDE
    reader.add(element.text)


def _end(reader: _Reader, element: HtmlElement, tag: str) -> None:
    if tag in BLOCKS:
        reader.end_block()
        reader.open.pop()
        if tag == "h1":
            reader.heading = None
    if tag == "a":
        reader.links -= 1
    if element is reader.story:
        reader.in_story -= 1
    if tag in _FURNITURE or tag == "header":
        reader.furniture -= _is_furniture(element, reader.story)
    reader.beside -= tag in _BESIDE


_AUTHOR_PLACE = re.compile(
    r"/(?:authors?|by|staff|contributors?|journalists?|reporters?|autor(?:en|es)?|auteurs?|redakteure?)(?:/|$)"
)


_AUTHOR_MARK = re.compile(r"(?<![a-z])(?:authors?|by-?line|autor(?:en)?|auteur)(?![a-z])", re.IGNORECASE)


def _is_author(element: HtmlElement, marks: str) -> bool:
    """Whether an element names an author: by its class, `rel`, microdata, or as a link to the page of one."""
    if (marks and _AUTHOR_MARK.search(marks)) or "author" in (element.get("rel") or ""):
        return True
    return bool((address := element.get("href")) and _AUTHOR_PLACE.search(address))


def _is_furniture(element: HtmlElement, story: HtmlElement) -> bool:
    if element.tag == "header":
        return element.find(".//h1") is None
    return element is not story
