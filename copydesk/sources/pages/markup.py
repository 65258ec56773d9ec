"""The markup of a page: its declared charset, the limits of what is read, and its parsed tree."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
#: Elements that begin a new block of text.
BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)


class TooLarge(Exception):
    """A page beyond the limits of what is read; the message says which."""


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


def parsed(page: str) -> HtmlElement:
    """The tree of a page. Raises `TooLarge`, and what lxml raises."""
    from lxml import etree, html

    if len(page) > _LARGEST_PAGE:
        raise TooLarge(f"{len(page):,} characters; pages are read up to {_LARGEST_PAGE:,}")
    _check_markup(page)
    # Bytes in a known encoding, since lxml refuses text with an encoding declaration.
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    # lxml.html asks Python for the class of every element; these are all of one class.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    tree = html.fromstring(_MAYBE_NO_XML.sub(_as_xml, page).encode("utf-8", "replace"), parser=parser)
    if cut := parser.error_log.filter_types(etree.ErrorTypes.ERR_RESOURCE_LIMIT):
        raise TooLarge(f"the parser gave up: {cut[0].message}")
    _check_tree(tree)
    return tree


def _check_markup(page: str) -> None:
    """The limits of the parser, checked before parsing."""
    tags = 0
    for tag in _MARKUP.finditer(page):
        tags += 1
        inside = tag["inside"]
        if not inside or len(inside) <= _MOST_ATTRIBUTES:
            continue
        found = len(_ATTRIBUTE.findall(_QUOTED.sub('="', inside)))
        if found > _MOST_ATTRIBUTES:
            words = f"an element with {found:,} attributes; elements are read with up to {_MOST_ATTRIBUTES:,}"
            raise TooLarge(words)
    if tags > _MOST_TAGS:
        raise TooLarge(f"{tags:,} tags; pages are read up to {_MOST_TAGS:,}")


def _check_tree(tree: HtmlElement) -> None:
    """Whether trafilatura would take minutes for a page: nested tables, or too many elements in one block."""
    from lxml import etree

    elements, tables, inline = 0, 0, [0]
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        step = 1 if event == "start" else -1
        tag = element.tag
        elements += step == 1
        if tag == "table":
            tables += step
            if tables > _DEEPEST_TABLES:
                raise TooLarge(f"tables within tables, more than {_DEEPEST_TABLES} deep")
        if tag not in BLOCKS:
            inline[-1] += step == 1
        elif step == 1:
            inline.append(0)
        else:
            inline.pop()
        if inline[-1] > _MOST_IN_A_BLOCK:
            raise TooLarge(f"more than {_MOST_IN_A_BLOCK:,} elements in one block of text")
    if elements > _MOST_ELEMENTS:
        raise TooLarge(f"{elements:,} elements; pages are read up to {_MOST_ELEMENTS:,}")


def _as_xml(found: re.Match[str]) -> str:
    """The matched reference, or a space if XML does not allow its character."""
    hexadecimal, decimal = found.groups()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else 0
    return " " if code in _NO_XML else found[0]
