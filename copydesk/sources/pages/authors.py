"""The authors of a page: those of its linked data, else of its metadata, its markup, or its byline near the headline.

Names that are the site's or its publisher's name nobody.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from copydesk.data import lists
from copydesk.sources.pages import linked
from copydesk.sources.pages.blocks import Block, Person, squeezed
from copydesk.sources.pages.meta import Meta
from copydesk.text.fold import any_as_written, fold
from copydesk.text.lazy import later
from copydesk.text.structure.credit_lines import find_byline, is_name
from copydesk.text.structure.names import is_agency

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_META = (
    "author", "article:author", "article:author_name", "og:article:author", "dc.creator", "dcterms.creator", "byl",
    "parsely-author", "sailthru.author", "cxenseparse:author", "news_authors", "authors", "article.author",
    "dcsext.author", "shareaholic:article_author_name", "mrf:authors", "rbauthors", "citation_author", "auth",
    "vf:author", "nrbauthor", "creator", "citoid:author",
)  # fmt: skip
# Microdata.
_MARKED = ".//*[@itemprop='author' or @itemprop='creator']"
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|widget|recommend|popular|teaser|promo|footer|latest|most-", re.IGNORECASE
)
_LABELS = rf"(?:{any_as_written(lists.words('byline'))}|{any_as_written(lists.words('byline_labels'))})"
_LABEL = later(rf"{_LABELS}(?:\s*[:：/-]\s*|\s+)(?=\S)", re.IGNORECASE)
# `Autor/in: Jane Roe`, `AuthorJane Roe`.
_GLUED_LABEL = re.compile(r"(?:[Aa]utor(?:[/:*]in)?\s*:\s*|(?:Authors?|Autor|By)(?=[A-Z][a-z]))")
_BARE_LABEL = later(rf"{_LABELS}\s*[:：]?$", re.IGNORECASE)
_JOIN = later(
    rf"\s*[,،;、|•·]\s*(?:(?:{any_as_written(lists.words('name_joins'))})\s+)?"
    rf"|\s+(?:{any_as_written(lists.words('name_joins'))})\s+|\s+/\s+|\s*\n\s*",
    re.IGNORECASE,
)
# `Jane RoeTwitter`: the button behind a name, without a space.
_GLUED = re.compile(r"(?<=[^\W\d_])(?:Twitter|Facebook|LinkedIn|Instagram|Email|E-Mail|Follow|Contact|Bio|RSS|X)+$")
_ADDRESS = re.compile(
    r"https?:|www\.|\S@\S|^@|\.(?:com|org|net|html?|jpg|png)\b|^[\w-]+\.[a-z]{2,4}$|[{}<>]", re.IGNORECASE
)
# Korean, Chinese and Japanese: a reporter.
_TITLE_BEHIND = re.compile(r"\s*(?:기자|특파원|記者|记者)$")
# `12 May 2026 | By Jane Roe`, `posted on 12 May 2026 by Jane Roe`.
_SECTIONS = re.compile(r"\s*[|·•]\s*|\s[–—-]\s|(?<=[^\W\d_])\s*(?=(?:published|updated|posted)\b)", re.IGNORECASE)
_BEHIND_DATE = re.compile(r"(?<=[\w)])\s+by\s+[^\W\d_][^|·•\d]{3,60}$", re.IGNORECASE)
#: A signed story has this many paragraphs.
_LEAST_PROSE = 4
_COMMON_WORDS = frozenset(
    fold(word) for key in ("roles", "media_words", "source", "views") for word in lists.words(key)
)
_A_DIGIT = re.compile(r"\d")
_LONGEST_LINE = 160
#: A byline is among so many of the first lines of a story.
_TOP = 8
_IN_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_ROLES = frozenset(fold(word) for word in lists.words("roles"))
# Accounts that stand for nobody.
_NOBODY = frozenset(
    """from admin administrator author authors by editor editors staff user guest anonymous unknown none null undefined
    webmaster redaktion redaccion redazione redaction redacao team news newsdesk newsroom desk web online webdesk
    editorial admins root test contributor contributors default writer reporter reporters correspondent reports report
    sponsored sponsor partner partners guest company press release advertorial agencies agency""".split()
)
_LONGEST_NAME = 60
# `Roe, Jane`, `van der Berg, Jan`.
_TURNED = re.compile(r"((?:(?:van|von|de|der|den|la|du|di|da|del|ter|ten) ){0,3}[^\W\d_]+),\s*([^\W\d_]+)")
_MOST = 30
#: A byline is within this many blocks of the headline: above it, and below.
_ABOVE, _BELOW = 6, 14
_PROSE = 100
_BYLINE_MARKS = re.compile(r"by-?line|author|contributor|reporter|writer|journalist|autor|auteur|redakt", re.IGNORECASE)


class People(NamedTuple):
    """Where names may stand: the blocks, the elements marked as names of authors, the block of the headline, or -1."""

    blocks: Sequence[Block]
    marked: Sequence[Person]
    headline: int


def find_authors(tree: HtmlElement, meta: Meta, people: People) -> tuple[str, ...]:
    """The names of the authors, as the page writes them; none if nobody is named."""
    near = _near(people.blocks, people.headline)
    shown = _people(_shown(near, people, meta), meta)
    for source in (_linked(meta), _metas(meta), _marked(tree)):
        if names := _people(source, meta):
            return shown if len(shown) > len(names) and {*map(fold, names)} <= {*map(fold, shown)} else names
    return shown


# --- where names stand ------------------------------------------------------------------------------------------------


def _linked(meta: Meta) -> Iterator[str]:
    for node in (meta.story, *meta.stories, *linked.web_pages([*meta.nodes])):
        for key in ("author", "creator"):
            found = [*linked.named(node.get(key), [*meta.nodes])]
            if any(not meta.is_site(name) for name in found):
                yield from found
                return


def _metas(meta: Meta) -> Iterator[str]:
    for name in _META:
        yield from (value for value in meta.every(name) if not _ADDRESS.search(value))
    if (label := meta.first("twitter:label1")) and _BARE_LABEL.match(label):
        yield meta.first("twitter:data1")
    yield from meta.every("twitter:misc:written by")


def _marked(tree: HtmlElement) -> Iterator[str]:
    for element in tree.xpath(_MARKED)[:_MOST]:
        around = " ".join(f"{e.get('class') or ''} {e.get('id') or ''}" for e in islice(element.iterancestors(), 4))
        if _ELSEWHERE.search(around) or next(element.iterancestors("aside", "footer", "nav"), None) is not None:
            continue
        for one in element.xpath(".//*[@itemprop='name']") or [element]:
            yield squeezed(one.get("content") or one.text_content())


def _near(blocks: Sequence[Block], headline: int) -> Sequence[int]:
    """The blocks below the headline up to the story, then those above it."""
    if headline < 0:
        return ()
    below: list[int] = []
    prose = 0
    for i in range(headline + 1, min(len(blocks), headline + 1 + _BELOW)):
        prose += len(blocks[i].text) >= _PROSE and blocks[i].text[-1] in '.!?…"”»'
        if prose > 2:
            break
        below.append(i)
    found = (*below, *reversed(range(max(0, headline - _ABOVE), headline)))
    return [i for i in found if not _is_no_byline(blocks[i])]


def _is_no_byline(block: Block) -> bool:
    """Whether a block is of another article, or names who is in a picture or took it."""
    return block.beside or block.tag in ("figcaption", "figure") or _ELSEWHERE.search(block.marks) is not None


def _shown(near: Sequence[int], people: People, meta: Meta) -> Iterator[str]:
    """The names of the byline that readers see."""
    blocks = people.blocks
    for i in near:
        if names := _byline(blocks, i):
            yield from names
            return
    inside = {i for i in near if len(blocks[i].text) <= _LONGEST_LINE and blocks[i].text[-1] not in ".!?"}
    if names := [one.name for one in people.marked if one.block in inside]:
        named = [name for text in names for name in _parts(_unlabelled(text)) if is_name(name, labelled=False)]
        if any(not meta.is_site(name) for name in named):
            yield from named
            return
    for i in near:
        if _BYLINE_MARKS.search(f"{blocks[i].marks} {blocks[i].inner}"):
            found = [name for name in _parts(blocks[i].text) if is_name(name, labelled=False)]
            if found and len(" ".join(found)) >= 0.5 * len(blocks[i].text) and not all(map(meta.is_site, found)):
                yield from found
                return
    yield from _signed(people)


def _signed(people: People) -> Iterator[str]:
    """A name alone as the first paragraph of the story."""
    story = [block for block in people.blocks[people.headline + 1 :] if block.in_story and not block.linked]
    prose = [i for i, block in enumerate(story) if block.tag == "p" and len(block.text) >= _PROSE]
    if people.headline < 0 or len(prose) < _LEAST_PROSE:
        return
    first = story[prose[0] - 1] if prose[0] else None
    if first is None or first.tag != "p" or not is_name(first.text, labelled=False) or is_agency(first.text):
        return
    if not _COMMON_WORDS & {fold(word) for word in first.text.split()}:
        yield first.text


def _byline(blocks: Sequence[Block], i: int) -> Sequence[str]:
    """The names behind a label: in the block, in a part of it, or in the block behind."""
    text = blocks[i].text
    if len(text) > _LONGEST_LINE:
        return ()
    if _BARE_LABEL.match(text):
        behind = blocks[i + 1].text if i + 1 < len(blocks) else ""
        parts = _parts(behind) if len(behind) <= 2 * _LONGEST_NAME else ()
        return parts if parts and is_name(parts[0]) else ()
    for part in (text, *(_SECTIONS.split(text) if _A_DIGIT.search(text) else ())):
        if (byline := find_byline(part.strip())) and byline.names:
            return byline.names
    if (behind_date := _BEHIND_DATE.search(text)) and (byline := find_byline(behind_date[0].strip())):
        return byline.names
    return ()


def without_byline(lines: list[str], authors: Sequence[str]) -> list[str]:
    """`lines` of a story without those at its top that say who its authors are, and nothing else."""
    names = sorted(map(fold, authors), key=len, reverse=True)
    return [line for i, line in enumerate(lines) if i >= _TOP or not names or not _only_names(line, names)]


def _only_names(line: str, names: Sequence[str]) -> bool:
    if len(line) > _LONGEST_LINE:
        return False
    if _BARE_LABEL.match(line):
        return True
    rest = _unlabelled(line)
    plain = fold(rest)
    for name in names:
        plain = plain.replace(name, ",")
    return plain != fold(rest) and not any(part.strip(" .-–—") for part in _JOIN.split(f" {plain} "))


# --- what is a name ---------------------------------------------------------------------------------------------------


def _people(texts: Iterable[str], meta: Meta) -> tuple[str, ...]:
    """The names in texts that name people, each once, without those of the site."""
    found: dict[str, str] = {}
    for text in islice(texts, _MOST):
        names = [] if meta.is_site(text.strip(" ,;|")) else [*_names(text)]
        # `Jane Roe, Associated Press` is one person; an agency that is named for itself is an author.
        names = [name for name in names if not is_agency(name)] or names
        for name in names:
            if not meta.is_site(name) and not _is_nobody(name, meta):
                found.setdefault(fold(name), name)
    if any(map(is_name, found.values())):
        return tuple(name for name in found.values() if not _is_handle(name))[:_MOST]
    return tuple(found.values())[:_MOST]


def _is_handle(name: str) -> bool:
    """Whether a name beside those of people is that of an account: `jane-roe`."""
    return " " not in name and name.islower()


def _names(text: str) -> Iterator[str]:
    for part in _parts(_unlabelled(squeezed(html.unescape(text)))):
        name = _TITLE_BEHIND.sub("", _GLUED.sub("", _IN_BRACKETS.sub("", part))).strip(" ,.;:|-–—*")
        if name and len(name) <= _LONGEST_NAME and not _ADDRESS.search(name) and any(map(str.isalpha, name)):
            yield name


def _unlabelled(text: str) -> str:
    label = _LABEL.match(text) or _GLUED_LABEL.match(text)
    return text[label.end() :] if label else text


def _parts(text: str) -> list[str]:
    """The names in a list of names; what stands beside them, a role or an employer, is left out. `Roe, Jane` is one."""
    text = text.strip(" ,;|")
    if (turned := _TURNED.fullmatch(text)) and text.isascii():
        return [f"{turned[2]} {turned[1]}"]
    parts = [part.strip() for part in _JOIN.split(text) if part.strip()]
    if parts and is_name(parts[0]):
        return [part for part in parts if is_name(part) and not _ROLES & {fold(word) for word in part.split()}]
    return parts


def _is_nobody(name: str, meta: Meta) -> bool:
    """Whether a name is that of an account, a desk or the staff of the site: `admin`, `Staff reports`."""
    words = [fold(word) for word in re.findall(r"[^\W\d_]+", name)]
    left = " ".join(word for word in words if word not in _NOBODY and word not in _ROLES)
    return not left or (len(left.split()) < len(words) and meta.is_site(left))
