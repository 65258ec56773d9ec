"""Web pages: the charset that they declare, and their main text, which trafilatura finds (extra `copydesk[html]`)."""

from __future__ import annotations

import codecs
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from copydesk.records import CRITICAL, Document, Problem
from copydesk.tables import storable
from copydesk.text.decode import Undecodable, decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Browsers look at 1,024 bytes; pages that put scripts first declare it later.
_HEAD_BYTES = 8192
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(rb"<(?:meta|\?xml)\s[^<>]*>", re.IGNORECASE)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9][A-Za-z0-9_.:+-]*)""", re.IGNORECASE)
# It warns of every page without text; the document's problem says so.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
# Characters that XML does not know, plain or as a reference: one of them makes trafilatura give the page up.
_NO_XML = frozenset(range(0x20)) - frozenset(map(ord, "\t\n\r")) | {0xFFFE, 0xFFFF}
_MAYBE_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));?")
# trafilatura takes seconds for 20,000 elements within one paragraph, and time grows with their square.
_MOST_ELEMENTS = 30_000
_LARGEST_PAGE = 8 * 2**20
_BLANKS = re.compile(r"\s+")
# What pages say of themselves: Open Graph (ogp.me) and schema.org's microdata, as XPath.
_PUBLISHED = (
    ".//meta[@property='article:published_time' or @name='article:published_time']/@content",
    ".//meta[@itemprop='datePublished']/@content",
    ".//time[@itemprop='datePublished' or @pubdate]/@datetime",
)
_TITLE = (".//meta[@property='og:title' or @name='og:title']/@content", ".//head/title/text()")


def declared_charset(content: bytes) -> str | None:
    """The charset of a page: its byte order mark's, else the one that `<meta>` or an XML declaration names."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    for tag in _TAG.findall(_COMMENT.sub(b"", content[:_HEAD_BYTES])):
        if found := _CHARSET.search(tag):
            return str(found[1], "ascii").lower()
    return None


def extract(document: Document) -> Document:
    """`document`, a page, with its main text, title, date and encoding filled in.

    The text is the article without what surrounds it, paragraphs separated by an empty line; whether the headline
    stands in it is up to the page, so it is the title too. The title and date are what the page states in its
    metadata; a date guessed from elsewhere is not taken. A page that cannot be read, or has no main text, comes back
    with a problem. Raises nothing.
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
        import trafilatura
        from lxml import etree, html
    except ImportError:
        return _failed(document, "html-extra-missing", "web pages need one more package: pip install 'copydesk[html]'")
    if len(page) > _LARGEST_PAGE:
        return _failed(document, "page-too-large", f"{len(page):,} characters; pages are read up to {_LARGEST_PAGE:,}")
    try:
        # Bytes in a known encoding: lxml refuses text that declares one.
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
        tree = html.fromstring(_MAYBE_NO_XML.sub(_as_xml, page).encode("utf-8", "replace"), parser=parser)
        if cut := parser.error_log.filter_types(etree.ErrorTypes.ERR_RESOURCE_LIMIT):
            return _failed(document, "page-too-large", f"the parser gave up: {cut[0].message}")
        elements = sum(1 for _ in tree.iter())
        if elements > _MOST_ELEMENTS:
            words = f"{elements:,} elements; pages are read up to {_MOST_ELEMENTS:,}"
            return _failed(document, "page-too-large", words)
        title, date = _title(tree), _first(tree, _PUBLISHED)
        found = trafilatura.bare_extraction(tree, include_comments=False, deduplicate=False)
    except Exception as error:  # noqa: BLE001 - lxml and trafilatura raise many kinds over hostile pages
        return _failed(document, "unreadable-page", f"{type(error).__name__}: {error}")
    text = "\n\n".join(filter(None, map(str.strip, (getattr(found, "text", None) or "").split("\n"))))
    document = replace(document, text=text or None, title=title, date=date)
    return document if text else _failed(document, "no-main-text", "no main text among what surrounds it")


def _failed(document: Document, rule: str, words: str) -> Document:
    return replace(document, problem=Problem("read", rule, None, CRITICAL, storable(words)))


def _as_xml(found: re.Match[str]) -> str:
    """The reference that was found, or a blank for what is no character of XML."""
    hexadecimal, decimal = found.groups()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else 0
    return " " if code in _NO_XML else found[0]


def _first(tree: HtmlElement, paths: tuple[str, ...]) -> str | None:
    """The first text that one of the XPath expressions finds, on one line."""
    found = (_BLANKS.sub(" ", str(value)).strip() for path in paths for value in tree.xpath(path))
    return next(filter(None, found), None)


def _title(tree: HtmlElement) -> str | None:
    """The headline: the `<h1>` where the page's title confirms it, else the title, which may end in the site's name."""
    title = _first(tree, _TITLE)
    headings = [_BLANKS.sub(" ", heading.text_content()).strip() for heading in tree.iter("h1")]
    headings = [heading for heading in headings if heading]
    confirmed = [heading for heading in headings if title and heading in title]
    return next(iter(confirmed or filter(None, (title, *headings))), None)
