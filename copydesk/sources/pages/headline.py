"""The headline of a page: the heading that readers see, confirmed by what the page says of itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from copydesk.sources.pages import linked
from copydesk.sources.pages.blocks import Block
from copydesk.sources.pages.meta import Meta
from copydesk.text.structure.names import plain
from copydesk.text.structure.sentences import tokens

_LONGEST = 300
# The first page of a site, perhaps in a language.
_HOME = re.compile(r"(?:https?:)?(?://[^/?#]+)?/?(?:[a-z]{2}/?|index\.\w+)?$", re.IGNORECASE)
#: A heading shares this much of its words with one of the page's titles, or is as long as a headline.
_ALIKE = 0.4
_WORDS = 4


def likeness(meta: Meta) -> Callable[[str], float]:
    """How much a heading is like the page's titles, from 0 to 1."""
    titles = _titles(meta)
    return lambda heading: _likeness(heading, titles)


class Heading(NamedTuple):
    """The headline, and the index of the block that shows it; -1 if none does."""

    text: str
    block: int


def find_headline(meta: Meta, blocks: Sequence[Block]) -> Heading | None:
    """The `<h1>` that is most like the page's titles; without one another heading with their words; else a title."""
    shown = [Heading(block.text, i) for i, block in enumerate(blocks) if block.heading is not None]
    sites = {plain(one.text) for one in shown if _names_site(one, blocks, meta)}
    titles = [title for title in _titles(meta, sites) if title]
    shown = [
        one for one in _joined(shown, blocks, titles) if len(one.text) <= _LONGEST and plain(one.text) not in sites
    ]
    ranked = sorted(shown, key=lambda one: (-_likeness(one.text, titles), blocks[one.block].beside, one.block))
    if ranked and (_likeness(ranked[0].text, titles) >= _ALIKE or not titles):
        return ranked[0]
    other = [Heading(block.text, i) for i, block in enumerate(blocks) if _is_heading(block)]
    other = [one for one in other if _likeness(one.text, titles) >= 0.8 and not meta.is_site(one.text)]
    if other:
        return max(other, key=lambda one: (_likeness(one.text, titles), -one.block))
    long = [one for one in ranked if len(one.text.split()) >= _WORDS and not blocks[one.block].beside]
    if len(long) == 1:
        return long[0]
    if titles:
        return Heading(titles[0], _place(titles, blocks))
    return None


def _names_site(one: Heading, blocks: Sequence[Block], meta: Meta) -> bool:
    """Whether a heading is the name of the site, by its words, or as the link to its first page."""
    if meta.is_site(one.text):
        return True
    heading = blocks[one.block].heading
    if heading is None or not blocks[one.block].linked:
        return False
    links = heading.xpath("ancestor-or-self::a/@href | .//a/@href")
    return bool(links) and all(_HOME.match(str(link)) for link in links)


def _place(titles: Sequence[str], blocks: Sequence[Block]) -> int:
    """The block that shows a title that is in no heading; -1 without one."""
    likely = [(i, block) for i, block in enumerate(blocks) if len(block.text) <= _LONGEST and not block.beside]
    found = max(((_likeness(block.text, titles), -i) for i, block in likely), default=(0.0, 0))
    return -found[1] if found[0] >= 0.8 else -1


def _titles(meta: Meta, sites: Collection[str] = ()) -> list[str]:
    """The page's titles without the name of the site: the form for sharing, the linked data, the window's title."""
    stated = (meta.first("og:title"), linked.text(meta.story, "headline"), meta.first("twitter:title"), meta.title)
    return list(dict.fromkeys(meta.without_site(title, sites) for title in stated if title))


def _joined(shown: Sequence[Heading], blocks: Sequence[Block], titles: Sequence[str]) -> list[Heading]:
    """The parts of a heading, one a line, as one heading, unless a part alone is more like the title."""
    made: list[Heading] = []
    for one in shown:
        last = made[-1] if made else None
        if last and blocks[last.block].heading is blocks[one.block].heading:
            whole = Heading(f"{last.text} {one.text}", last.block)
            made[-1] = max(whole, last, one, key=lambda form: _likeness(form.text, titles))
        else:
            made.append(one)
    return made


def _is_heading(block: Block) -> bool:
    return block.tag in ("h2", "h3", "h4", "header") or "title" in block.marks or "headline" in block.marks


def _likeness(text: str, titles: Sequence[str]) -> float:
    """How much of the words of a heading and of a title are the same, for the title most like it."""
    mine = Counter(tokens(text))
    return max((_dice(mine, Counter(tokens(title))) for title in titles), default=0.0)


def _dice(mine: Counter[str], theirs: Counter[str]) -> float:
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else 0.0
