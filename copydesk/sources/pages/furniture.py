"""Parts of a page that are not of its article, by their markup: taken out before the main text is looked for.

The names of classes were counted on real pages: those below stood around lines that were no part of the article, and
never, or nearly so, around lines that were.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk.sources.pages.blocks import squeezed

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Without text, or with none for readers. JSON-LD stays: trafilatura rescues the text of short pages from it.
_NO_TEXT = ("script", "style", "svg", "template", "iframe", "object", "select", "button", "dialog")
#: Parts that are seldom of the article, unless they hold most of it, as the form around a page of ASP.NET does.
_PARTS = frozenset("nav aside footer form noscript figcaption".split())
#: Parts that are known by their names only: never words within a paragraph.
_NAMED = frozenset("div section ul ol dl details header fieldset table figure".split())
_WORDS = (
    r"comments?|disqus|related|newsletters?|biography|bio|promos?|promotion|sign-?up"
    r"|recommend(?:ed|ations?)?|popular|most-?read|most-?viewed|trending|read-?more|more-?from|more-?on|read-?next"
    r"|up-?next|recirc(?:ulation)?|outbrain|taboola|share|sharing|social|donat(?:e|ion)|contributors?"
    r"|about-?(?:the-?)?authors?|author-?(?:box|bio|info|card|description|details|profile)|copyright|cookies?|consent"
    r"|advert(?:isement)?s?|sponsored|breadcrumbs?|modal|pop-?up|cta|tags?|tag-?list|topics?"
)
_MARK = re.compile(rf"(?<![a-z])(?:{_WORDS})(?![a-z])")
# Names such as `relatedItems` are taken apart.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: A part with more than this share of the text of the article is not taken out.
_LARGEST = 0.3
#: Nor are parts that together hold more than this share.
_MOST_TAKEN = 0.4
_PROSE = 80


def take_out(tree: HtmlElement, story: HtmlElement) -> None:
    """Remove from `tree` what is no part of the article; `story` is the element with its main text."""
    for element in [*tree.iter(*_NO_TEXT)]:
        if element.getparent() is not None and not _is_linked_data(element):
            element.drop_tree()
    length = _prose(story) or 1
    parts = _parts(tree, story, length)
    inside = [part for part in parts if story in part.iterancestors()]
    # Names that stand around much of the article are those of its layout.
    if sum(map(_prose, inside)) > _MOST_TAKEN * length:
        parts = [part for part in parts if part not in inside or part.tag in _PARTS]
    for part in parts:
        part.drop_tree()
    _take_out_articles(tree, story, length)


def _parts(tree: HtmlElement, story: HtmlElement, length: int) -> list[HtmlElement]:
    """The parts that may go, none within another; `length` is that of the prose of the article."""
    above = {story, *story.iterancestors()}
    from lxml import etree

    found: list[HtmlElement] = []
    walk = etree.iterwalk(tree, events=("start",))
    for _, element in walk:
        if element in above or not _is_marked(element):
            continue
        if next(element.iter("h1"), None) is None and _prose(element) <= _LARGEST * length:
            found.append(element)
            walk.skip_subtree()
    return found


def _is_linked_data(element: HtmlElement) -> bool:
    return element.tag == "script" and "ld+json" in (element.get("type") or "")


def _is_marked(element: HtmlElement) -> bool:
    if element.tag in _PARTS:
        return True
    if element.tag not in _NAMED:
        return False
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return len(names) > 1 and _MARK.search(_CAMEL.sub("-", names).lower()) is not None


def _prose(element: HtmlElement) -> int:
    """The length of the longer texts in an element."""
    texts = element.text_content().split("\n") if next(element.iter("p"), None) is None else None
    if texts is None:
        texts = [paragraph.text_content() for paragraph in element.iter("p")]
    return sum(len(text) for text in map(squeezed, texts) if len(text) >= _PROSE)


def _take_out_articles(tree: HtmlElement, story: HtmlElement, length: int) -> None:
    """Remove the articles that follow the one with the headline, each under a heading of its own."""
    if story.tag != "article" or length < 6 * _PROSE or next(story.iter("h1"), None) is None:
        return
    for other in [*tree.iter("article")]:
        inside = other is story or story in other.iterancestors() or other in story.iterancestors()
        if not inside and next(other.iter("h1", "h2", "h3"), None) is not None and other.getparent() is not None:
            other.drop_tree()
