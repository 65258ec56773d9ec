"""Web pages: their main text by trafilatura (extra `copydesk[html]`), their headline, dates, authors and address."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from importlib.util import find_spec

from copydesk.records import CRITICAL, Document, Problem, storable
from copydesk.sources.pages.authors import People, find_authors, without_byline
from copydesk.sources.pages.blocks import container, read_blocks
from copydesk.sources.pages.days import find_dates
from copydesk.sources.pages.furniture import take_out
from copydesk.sources.pages.headline import find_headline, likeness
from copydesk.sources.pages.markup import EXTENSIONS, TooLarge, declared_charset, is_page, parsed
from copydesk.sources.pages.meta import read_meta
from copydesk.sources.pages.story import main_text, plain_layout
from copydesk.text.encodings import Undecodable, decode

__all__ = ["EXTENSIONS", "cured", "declared_charset", "extract", "is_page"]

# Where frameworks keep what their scripts show: Next.js, Nuxt, and stores of a state.
_STATE = re.compile(r"__NEXT_DATA__|self\.__next_f|window\.__[A-Z_]+__")
# It warns of every page without text, which the document's problem reports.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def cured() -> frozenset[str]:
    """The rules of problems that are solved because the missing package is now installed."""
    there = all(find_spec(name) for name in ("lxml", "trafilatura"))
    return frozenset({"html-extra-missing"}) if there else frozenset()


def extract(document: Document) -> Document:
    """`document`, a page, with its main text, title, dates, authors, address and encoding filled in.

    The text is the article without furniture, with paragraphs separated by an empty line; it may or may not contain the
    headline, which is also the title. A page that cannot be read, or has no main text, is returned with a problem.
    Raises nothing.
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
        import trafilatura  # noqa: F401 - only whether it is there, and lxml with it
    except ImportError:
        return _failed(document, "html-extra-missing", "web pages need another package: pip install 'copydesk[html]'")
    try:
        document = _read(document, page)
    except TooLarge as error:
        return _failed(document, "page-too-large", str(error))
    except Exception as error:  # noqa: BLE001 - lxml and trafilatura raise many kinds over hostile pages
        return _failed(document, "unreadable-page", f"{type(error).__name__}: {error}")
    if document.text:
        return document
    scripted = "; a script fills in the page" if _STATE.search(page) else ""
    return _failed(document, "no-main-text", f"no main text found{scripted}")


def _read(document: Document, page: str) -> Document:
    tree = parsed(page)
    meta = read_meta(tree)
    plain_layout(tree)
    story = container(tree, likeness(meta))
    blocks, times, people = read_blocks(tree, story)
    headline = find_headline(meta, blocks)
    at = headline.block if headline else -1
    dates = find_dates(tree, meta, blocks, times, at)
    authors = find_authors(tree, meta, People(blocks, people, at))
    take_out(tree, story)
    lines = without_byline(main_text(tree, blocks, meta), authors)
    return replace(
        document,
        text="\n\n".join(lines) or None,
        title=headline.text if headline else None,
        date=dates.published,
        modified=dates.modified,
        authors=authors,
        address=meta.address,
    )


def _failed(document: Document, rule: str, words: str) -> Document:
    return replace(document, problem=Problem("read", rule, None, CRITICAL, storable(words)))
