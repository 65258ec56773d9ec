"""The paragraphs of the article of a page, by trafilatura, checked against the blocks of the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from copydesk.sources.pages import linked
from copydesk.sources.pages.blocks import Block, squeezed
from copydesk.sources.pages.meta import Meta

if TYPE_CHECKING:
    from configparser import ConfigParser

    from lxml.html import HtmlElement

# A table with a heading of the page, or with several paragraphs in a cell, is a layout table, as are those inside it.
_LAYOUT_TABLES = ".//table[not(ancestor::table)][.//h1 or .//td[count(p) > 1 or count(br) > 2 or count(div) > 1]]"
_TABLE_TAGS = ("table", "tbody", "thead", "tfoot", "tr", "td", "th")
# Shorter blocks are usually labels and buttons.
_PARAGRAPH = 40
_PARAGRAPHS, _HEADINGS = frozenset({"p", "div"}), frozenset({"h2", "h3", "h4", "h5", "h6"})
#: A story in the linked data is used as a check if it has this many characters; below this F1 another is told.
_LEAST_STATED, _SAME_STORY = 600, 0.5
_WORD = re.compile(r"\w+")


def plain_layout(tree: HtmlElement) -> None:
    """Turn the layout tables of a page into plain blocks."""
    for table in tree.xpath(_LAYOUT_TABLES):
        for element in table.iter(*_TABLE_TAGS):
            element.tag = "div"


def main_text(tree: HtmlElement, blocks: Sequence[Block], meta: Meta) -> list[str]:
    """The paragraphs of the article, by its markup; by its linked data where that tells another story."""
    lines = _without_links(_from_markup(tree, blocks), blocks)
    stated = linked.body(meta.story)
    if len(stated) < _LEAST_STATED or _alike("\n".join(lines), stated) >= _SAME_STORY:
        return lines
    told = [block.text for block in blocks if _is_told(block.text, stated)]
    if _alike("\n".join(told), stated) >= _SAME_STORY:
        return told
    return lines or list(filter(None, map(squeezed, stated.split("\n"))))


def _from_markup(tree: HtmlElement, blocks: Sequence[Block]) -> list[str]:
    """The paragraphs that trafilatura finds.

    trafilatura returns a short article as one paragraph. Then it is called again without its minimum length; if that
    loses text too, the blocks of the article are used.
    """
    lines = _extracted(tree)
    texts = [block.text for block in blocks]
    fused = _fused(lines, texts)
    if fused or len(lines) == 1:
        story = [block.text for block in blocks if block.in_story and not block.linked]
        several = sum(len(block) >= _PARAGRAPH for block in story) > 1
        size = sum(map(len, story))
        if fused or (several and len(lines[0]) < size / 2):
            lines = _extracted(tree, least=1)
            if _fused(lines, texts) or sum(map(len, lines)) < 0.7 * size:
                lines = story
    return lines


def _without_links(lines: list[str], blocks: Sequence[Block]) -> list[str]:
    """`lines` without paragraphs that are a link to another article, and without headings below the last paragraph."""
    links, headings = set(), set()
    for block in blocks:
        if block.tag in _HEADINGS:
            headings.add(block.text)
        elif block.linked and block.tag in _PARAGRAPHS and len(block.text.split()) > 3:
            links.add(block.text)
    kept = [line for line in lines if line not in links]
    while len(kept) > 1 and kept[-1] in headings:
        kept.pop()
    return kept


def _alike(text: str, other: str) -> float:
    """The share of words that two texts have in common, as F1."""
    mine, theirs = (Counter(_WORD.findall(each.casefold())) for each in (text, other))
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else 0.0


def _is_told(line: str, story: str) -> bool:
    return len(line) >= _PARAGRAPH and line in story


def _extracted(tree: HtmlElement, least: int | None = None) -> list[str]:
    """The lines of the text found by trafilatura. `least` is its minimum length in characters."""
    import trafilatura

    found = trafilatura.bare_extraction(tree, include_comments=False, deduplicate=False, config=_settings(least))
    return list(filter(None, map(str.strip, (getattr(found, "text", None) or "").split("\n"))))


@cache
def _settings(least: int | None) -> ConfigParser:
    from trafilatura.settings import use_config

    config = use_config()
    if least is not None:
        config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(least))
    return config


def _fused(lines: list[str], blocks: list[str]) -> bool:
    """Whether a line spans two blocks of the page. Checks 20 lines."""
    known = set(blocks)
    unknown = [*islice((line for line in lines if line not in known), 20)]
    if not unknown:
        return False
    # Joined with a space, or without if both are long: a short block may be the start of a word by chance.
    heads = tuple(block if len(block) >= _PARAGRAPH else f"{block} " for block in blocks)
    tails = tuple(block if len(block) >= _PARAGRAPH else f" {block}" for block in blocks)
    return any(line.startswith(heads) and line.endswith(tails) for line in unknown)
