"""Web pages: their declared charset, and their main text by trafilatura (extra `copydesk[html]`)."""

from __future__ import annotations

import codecs
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from copydesk.records import CRITICAL, Document, Problem, storable
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.structure.credit_lines import find_byline

if TYPE_CHECKING:
    from configparser import ConfigParser

    from lxml.html import HtmlElement

#: File extensions of web pages.
EXTENSIONS = (".html", ".htm", ".xhtml")
_OPENING = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^<>]*>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!?A-Za-z]")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Browsers read 1,024 bytes; pages that put scripts first declare it later.
_HEAD_BYTES = 8192
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(rb"<(?:meta|\?xml)\s[^<>]*>", re.IGNORECASE)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9][A-Za-z0-9_.:+-]*)""", re.IGNORECASE)
# It warns of every page without text, which the document's problem reports.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
# Characters that XML does not allow, plain or as a reference: trafilatura fails on a page with one of them.
_NO_XML = frozenset(range(0x20)) - frozenset(map(ord, "\t\n\r")) | {0xFFFE, 0xFFFF}
_MAYBE_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));?")
_MOST_ELEMENTS = 30_000
# trafilatura takes 2 seconds for this many links in one paragraph, and time grows quadratically.
_MOST_IN_A_BLOCK = 6_000
# trafilatura takes 19 seconds for 600 nested tables; pages of the nineties had a dozen.
_DEEPEST_TABLES = 150
_LARGEST_PAGE = 8 * 2**20
# libxml2 takes quadratic time for the attributes of an element: 100,000 take minutes. So tags and attributes are
# counted before parsing, without scripts and comments, which may contain similar text.
_MOST_TAGS, _MOST_ATTRIBUTES = 10 * _MOST_ELEMENTS, 1_000
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<raw>script|style|textarea|title)\b.*?(?:</(?P=raw)\b|\Z)"
    r"|<[a-z](?P<inside>(?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)?+|[\"'])*+)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE, _QUOTED = re.compile(r"""[\s/"](?=[^\s/>"'=])"""), re.compile(r"=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)")
_BLANKS = re.compile(r"\s+")
# Metadata of pages: Open Graph (ogp.me) and schema.org microdata, as XPath.
_PUBLISHED = (
    ".//meta[@property='article:published_time' or @name='article:published_time']/@content",
    ".//meta[@itemprop='datePublished']/@content",
    ".//time[@itemprop='datePublished' or @pubdate]/@datetime",
)
# schema.org's JSON-LD.
_LINKED_DATA = ".//script[contains(@type, 'ld+json')]/text()"
_STORY_TYPE = re.compile(r"(?:Article|Posting|Report)$")
_DAY = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Times of the article itself, not of asides, comments or related articles.
_TIMES = """(.//time[@datetime])[position() <= 50][not(ancestor::aside or ancestor::nav or ancestor::footer
    or ancestor::*[contains(@class, 'comment') or contains(@id, 'comment') or contains(@class, 'related')])]"""
# A time with more text than this around it is a date in the article's text.
_MOST_AROUND_A_TIME = 60
_CONTAINERS = (
    ".//article[not(ancestor::article)]",
    ".//*[self::main or @role='main'][not(ancestor::main or ancestor::*[@role='main'])]",
    ".//body",
)
_FURNITURE = frozenset("aside button form footer iframe nav noscript object script select style svg template".split())
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
# A table with a heading of the page, or with several paragraphs in a cell, is a layout table, as are those inside it.
_LAYOUT_TABLES = ".//table[not(ancestor::table)][.//h1 or .//td[count(p) > 1 or count(br) > 2 or count(div) > 1]]"
_TABLE_TAGS = ("table", "tbody", "thead", "tfoot", "tr", "td", "th")
# Shorter blocks are usually labels and buttons.
_PARAGRAPH = 40
# A byline is within this many blocks of the headline, with at most one line of text (a deck) between them.
_NEAR_HEADLINE = 8
_TITLE = (".//meta[@property='og:title' or @name='og:title']/@content", ".//head/title/text()")


def is_page(content: bytes, uri: str = "") -> bool:
    """Whether a document is a web page: it begins like one, or has the address of one and begins with a tag. Text
    extracted from a page often keeps the page's address.
    """
    begins = _PAGE if uri.lower().endswith(EXTENSIONS) else _OPENING
    return begins.match(content) is not None


def declared_charset(content: bytes) -> str | None:
    """The charset of a page: from its byte order mark, else from `<meta>` or an XML declaration."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    for tag in _TAG.findall(_COMMENT.sub(b"", content[:_HEAD_BYTES])):
        if found := _CHARSET.search(tag):
            return str(found[1], "ascii").lower()
    return None


def cured() -> frozenset[str]:
    """The rules of problems that are solved because the missing package is now installed."""
    there = all(find_spec(name) for name in ("lxml", "trafilatura"))
    return frozenset({"html-extra-missing"}) if there else frozenset()


def extract(document: Document) -> Document:
    """`document`, a page, with its main text, title, date and encoding filled in.

    The text is the article without furniture, with paragraphs separated by an empty line; it may or may not contain the
    headline, which is also the title. Title and date are those of the page's metadata, or the only day in the `<time>`
    elements of its article; no other date is guessed. A page that cannot be read, or has no main text, is returned with
    a problem. Raises nothing.
    """
    if document.media_type != "html" or document.problem is not None:
        return document
    try:
        page, encoding = decode(document.content, document.charset)
    except Undecodable as error:
        return _failed(document, "undecodable", str(error))
    document = replace(document, encoding=encoding)
    if not page.strip():
        return _failed(document, "no-main-text", "an empty page")
    try:
        import trafilatura  # noqa: F401 - only whether it is there
        from lxml import etree, html
    except ImportError:
        return _failed(document, "html-extra-missing", "web pages need another package: pip install 'copydesk[html]'")
    if len(page) > _LARGEST_PAGE:
        return _failed(document, "page-too-large", f"{len(page):,} characters; pages are read up to {_LARGEST_PAGE:,}")
    if words := _too_much_markup(page):
        return _failed(document, "page-too-large", words)
    try:
        # Bytes in a known encoding, since lxml refuses text with an encoding declaration.
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
        tree = html.fromstring(_MAYBE_NO_XML.sub(_as_xml, page).encode("utf-8", "replace"), parser=parser)
        if cut := parser.error_log.filter_types(etree.ErrorTypes.ERR_RESOURCE_LIMIT):
            return _failed(document, "page-too-large", f"the parser gave up: {cut[0].message}")
        elements = sum(1 for _ in tree.iter())
        if elements > _MOST_ELEMENTS:
            words = f"{elements:,} elements; pages are read up to {_MOST_ELEMENTS:,}"
            return _failed(document, "page-too-large", words)
        if words := _too_entangled(tree):
            return _failed(document, "page-too-large", words)
        title, date = _title(tree), _date(tree)
        lines = _main_text(tree)
    except Exception as error:  # noqa: BLE001 - lxml and trafilatura raise many kinds over hostile pages
        return _failed(document, "unreadable-page", f"{type(error).__name__}: {error}")
    text = "\n\n".join(lines)
    document = replace(document, text=text or None, title=title, date=date)
    return document if text else _failed(document, "no-main-text", "no main text found")


def _failed(document: Document, rule: str, words: str) -> Document:
    return replace(document, problem=Problem("read", rule, None, CRITICAL, storable(words)))


def _too_much_markup(page: str) -> str | None:
    """Which limit of the parser a page exceeds, checked before parsing; None for nearly all pages."""
    tags = 0
    for tag in _MARKUP.finditer(page):
        tags += 1
        inside = tag["inside"]
        if not inside or len(inside) <= _MOST_ATTRIBUTES:
            continue
        found = len(_ATTRIBUTE.findall(_QUOTED.sub('="', inside)))
        if found > _MOST_ATTRIBUTES:
            return f"an element with {found:,} attributes; elements are read with up to {_MOST_ATTRIBUTES:,}"
    return f"{tags:,} tags; pages are read up to {_MOST_TAGS:,}" if tags > _MOST_TAGS else None


def _too_entangled(tree: HtmlElement) -> str | None:
    """Why trafilatura would take minutes for a page: nested tables, or too many elements in one block; else None."""
    from lxml import etree

    tables, inline = 0, [0]
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        step = 1 if event == "start" else -1
        tables += step if element.tag == "table" else 0
        if tables > _DEEPEST_TABLES:
            return f"tables within tables, more than {_DEEPEST_TABLES} deep"
        if element.tag not in _BLOCKS:
            inline[-1] += event == "start"
        elif event == "start":
            inline.append(0)
        else:
            inline.pop()
        if inline[-1] > _MOST_IN_A_BLOCK:
            return f"more than {_MOST_IN_A_BLOCK:,} elements in one block of text"
    return None


def _as_xml(found: re.Match[str]) -> str:
    """The matched reference, or a space if XML does not allow its character."""
    hexadecimal, decimal = found.groups()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else 0
    return " " if code in _NO_XML else found[0]


def _first(tree: HtmlElement, paths: tuple[str, ...]) -> str | None:
    """The first match of the XPath expressions, on one line."""
    found = (_squeezed(str(value)) for path in paths for value in tree.xpath(path))
    return next(filter(None, found), None)


def _title(tree: HtmlElement) -> str | None:
    """The headline: the `<h1>` if the page's title confirms it, else the title, which may end in the site's name."""
    title = _first(tree, _TITLE)
    headings = [_squeezed(heading.text_content()) for heading in tree.iter("h1")]
    headings = [heading for heading in headings if heading]
    confirmed = [heading for heading in headings if title and heading in title]
    return next(iter(confirmed or filter(None, (title, *headings))), None)


def _date(tree: HtmlElement) -> str | None:
    """The publication date as written in the page; None if two statements of the same kind disagree."""
    if stated := _first(tree, _PUBLISHED):
        return stated
    if linked := list(_linked_dates(tree)):
        return linked[0] if len({value[:10] for value in linked}) == 1 else None
    times = [
        time.get("datetime", "").strip()
        for time in _container(tree).xpath(_TIMES)
        if _DAY.match(time.get("datetime", "")) and _stands_alone(time)
    ]
    return times[0] if len({value[:10] for value in times}) == 1 else None


def _linked_dates(tree: HtmlElement) -> Iterator[str]:
    """`datePublished` of every article in the page's JSON-LD."""
    for script in tree.xpath(_LINKED_DATA):
        try:
            nodes: list[Any] = [json.loads(script, strict=False)]
        except (ValueError, RecursionError):
            continue
        while nodes:
            node = nodes.pop()
            if isinstance(node, list):
                nodes.extend(reversed(node))
            elif isinstance(node, dict):
                nodes.extend(value for value in node.values() if isinstance(value, list | dict))
                kinds, published = node.get("@type"), node.get("datePublished")
                is_story = any(
                    _STORY_TYPE.search(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])
                )
                if is_story and isinstance(published, str) and published.strip():
                    yield published.strip()


def _stands_alone(time: HtmlElement) -> bool:
    """Whether an element is most of its block, as in `Published <time>`, and not a date in a sentence."""
    block = next((above for above in time.iterancestors() if above.tag in _BLOCKS), time)
    if next(block.iterdescendants(*_BLOCKS - {"br"}), None) is None:
        around = len(_squeezed(block.text_content())) - len(_squeezed(time.text_content()))
        return around <= _MOST_AROUND_A_TIME and not block.text_content().rstrip().endswith((".", "!", "?"))
    # A container of blocks: only the text directly next to the element counts.
    previous = time.getprevious()
    before = (time.getparent().text if previous is None else previous.tail) or ""
    return len(_squeezed(before + (time.tail or ""))) <= _MOST_AROUND_A_TIME


# --- the main text -------------------------------------------------------------------------------------------------


def _main_text(tree: HtmlElement) -> list[str]:
    """The paragraphs of the article. `tree` is changed: layout tables become plain blocks.

    trafilatura returns a short article as one paragraph. Then it is called again without its minimum length; if that
    loses text too, the blocks of the article are used.
    """
    for table in tree.xpath(_LAYOUT_TABLES):
        for element in table.iter(*_TABLE_TAGS):
            element.tag = "div"
    lines = _extracted(tree)
    blocks = [block for block, _ in _blocks(tree)]
    fused = _fused(lines, blocks)
    if fused or len(lines) == 1:
        story = [block for block, linked in _blocks(_container(tree), furniture=False) if not linked]
        several = sum(len(block) >= _PARAGRAPH for block in story) > 1
        size = sum(map(len, story))
        if fused or (several and len(lines[0]) < size / 2):
            lines = _extracted(tree, least=1)
            if _fused(lines, blocks) or sum(map(len, lines)) < 0.7 * size:
                lines = story
    return _with_byline(lines, tree)


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


def _container(tree: HtmlElement) -> HtmlElement:
    """The element with the main text: the `<article>` with the `<h1>`, else the longest; else main; else the body."""
    for path in _CONTAINERS:
        if found := tree.xpath(path):
            return max(found, key=lambda e: (e.find(".//h1") is not None, len(e.text_content())))
    return tree


def _blocks(root: HtmlElement, furniture: bool = True) -> Iterator[tuple[str, bool]]:
    """The texts between the block elements under `root`, each with whether it consists of links.

    Without `furniture`, navigation, forms and asides are left out.
    """
    from lxml import etree

    words: list[str] = []
    plain = False  # whether some of the words are not in a link
    links = 0

    def block() -> Iterator[tuple[str, bool]]:
        nonlocal plain
        if text := normalize("NFC", _squeezed("".join(words))):
            yield text, not plain
        words.clear()
        plain = False

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        starts = event == "start"
        if element.tag in _BLOCKS:
            yield from block()
        if element.tag == "a":
            links += 1 if starts else -1
        text = element.text if starts else element.tail if element is not root else None
        if starts and (element.tag in ("script", "style") or (not furniture and _is_furniture(element, root))):
            walk.skip_subtree()
            text = None
        if text:
            words.append(text)
            plain = plain or (not links and not text.isspace())
    yield from block()


def _is_furniture(element: HtmlElement, root: HtmlElement) -> bool:
    if element.tag == "header":
        return element.find(".//h1") is None
    return element.tag in _FURNITURE and element is not root


def _fused(lines: list[str], blocks: list[str]) -> bool:
    """Whether a line spans two blocks of the page. Checks 20 lines."""
    known = set(blocks)
    # Joined with a space, or without if both are long: a short block may be the start of a word by chance.
    heads = [block if len(block) >= _PARAGRAPH else f"{block} " for block in blocks]
    tails = [block if len(block) >= _PARAGRAPH else f" {block}" for block in blocks]
    return any(
        any(map(line.startswith, heads)) and any(map(line.endswith, tails))
        for line in islice((line for line in lines if line not in known), 20)
    )


def _with_byline(lines: list[str], tree: HtmlElement) -> list[str]:
    """`lines` with the byline near the page's headline added, if the main text has none."""
    heading = next((_squeezed(h.text_content()) for h in tree.iter("h1")), "")
    if not lines or not heading or any(find_byline(line) for line in lines[:_NEAR_HEADLINE]):
        return lines
    blocks = (block for block, _ in _blocks(tree, furniture=False))
    below = islice(dropwhile(lambda block: block != heading, blocks), 1, 1 + _NEAR_HEADLINE)
    passed, known = 0, set(lines)
    for block in below:
        if find_byline(block):
            at = lines.index(heading) + 1 if heading in lines[:2] else 0
            return [*lines[:at], block, *lines[at:]]
        passed += block in known  # a deck may be in between
        if passed > 1:
            break
    return lines


def _squeezed(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()
