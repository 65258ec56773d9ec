"""The dates of a page: when it was published and when it was changed.

What the page says for programs comes first, then the dates that readers see, by label and nearness to the headline,
then its address. Where readers see the day before or after that of a stamp, the stamp is in another time zone, and the
day that they see is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from copydesk.config import DatesConfig
from copydesk.sources.pages import linked
from copydesk.sources.pages.blocks import Block, Time, squeezed
from copydesk.sources.pages.meta import Meta
from copydesk.sources.pages.shown import NO_YEAR_BEFORE, Around, Shown, shown_dates
from copydesk.text.dates.patterns import URI_DAY
from copydesk.text.structure.date_reader import DateReader, ReadDate

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Names of `<meta>`: Open Graph, Dublin Core, and those of content systems and their services.
_PUBLISHED = tuple(
    """article:published_time og:article:published_time og:published_time article:published datepublished
    parsely-pub-date sailthru.date cxenseparse:recs:publishtime publishdate publish_date publish-date pubdate
    publication_date publicationdate article.published article_date_original date_published publisheddate published_at
    published published_time_telegram originalpublicationdate citation_publication_date rnews:datepublished og:pubdate
    shareaholic:article_published_time bt:pubdate ptime vr:published_time rdfs:datepublished""".split()
)
_CREATED = tuple(
    """dc.date.issued dcterms.issued dc.date.created dcterms.created dc.date dcterms.date dcterms.available date
    datecreated citation_date article:created article.created created release_date displaydate issued
    probe-article-date""".split()
)
_MODIFIED = tuple(
    """article:modified_time og:article:modified_time og:updated_time datemodified article.updated article:modified
    dcterms.modified dc.date.modified lastmod last-modified last_updated_date updated_time date_modified
    modified""".split()
)
_MARKED = ".//*[@itemprop='datePublished']"
_MARKED_CHANGED = ".//*[@itemprop='dateModified']"
#: Other works of a page than articles: a recipe, a video.
_WORK = re.compile(r"(?:Recipe|Object|Episode|CreativeWork|HowTo)$")
#: A stamp in another time zone is at most this far from the day that readers see.
_ZONES = timedelta(hours=14)
_SAME = timedelta(minutes=2)
_LONGEST = 160
_A_DIGIT = re.compile(r"\d")
_DAY_FIRST = re.compile(r"(?<!\d)([0-3]\d)([-_/.])([01]\d)\2((?:19|20)\d\d)(?!\d)")


class Dates(NamedTuple):
    """When a page was published and changed, as it writes it; None where it does not say."""

    published: str | None = None
    modified: str | None = None


def find_dates(tree: HtmlElement, meta: Meta, blocks: Sequence[Block], times: Sequence[Time], headline: int) -> Dates:
    """The dates of a page. `headline` is the index of the block that shows it, or -1."""
    text = "\n".join(block.text for block in blocks if len(block.text) <= _LONGEST and _A_DIGIT.search(block.text))
    reader = DateReader(text, DatesConfig(), None, meta.address or "")
    modified = next(_read(_modified(tree, meta), reader), None)
    stated = next(_read(_stated(tree, meta), reader), None)
    weak = next(_read(_stated_weakly(meta), reader), None) if stated is None else None
    shown = shown_dates(Around(blocks, times, headline, reader)) if blocks else []
    if weak is not None and not (shown and shown[0].place == 0):
        stated = weak
    if stated is None:
        published = _unstated(meta, shown) or (modified and modified.written)
        return Dates(published, modified and modified.written)
    published = (_in_its_zone(stated, shown, modified) or stated).written
    later = modified if modified and modified.found.moment > stated.found.moment else None
    return Dates(published, later and later.written)


def _read(values: Iterator[str], reader: DateReader) -> Iterator[ReadDate]:
    for value in values:
        read = reader.parse(value)
        if read and read.found.day.year >= NO_YEAR_BEFORE:
            yield read


# --- for programs -----------------------------------------------------------------------------------------------------


def _stated(tree: HtmlElement, meta: Meta) -> Iterator[str]:
    for node in (meta.story, *meta.stories):
        yield linked.text(node, "datePublished", "dateCreated")
    yield from meta.every(*_PUBLISHED)
    yield from _marked(tree, _MARKED)


def _stated_weakly(meta: Meta) -> Iterator[str]:
    """Dates that may be those of the page and not of its article: what readers see near the headline is better."""
    yield from meta.every(*_CREATED)
    for node in (*linked.web_pages([*meta.nodes]), *(node for node in meta.nodes if linked.is_kind(node, _WORK))):
        yield linked.text(node, "datePublished", "uploadDate", "dateCreated")


def _modified(tree: HtmlElement, meta: Meta) -> Iterator[str]:
    yield linked.text(meta.story, "dateModified")
    yield from meta.every(*_MODIFIED)
    yield from _marked(tree, _MARKED_CHANGED)
    for node in linked.web_pages([*meta.nodes]):
        yield linked.text(node, "dateModified")


def _marked(tree: HtmlElement, path: str) -> Iterator[str]:
    """Microdata."""
    for element in tree.xpath(path)[:20]:
        yield (element.get("content") or element.get("datetime") or squeezed(element.text_content())).strip()


def _in_its_zone(stated: ReadDate, shown: Sequence[Shown], modified: ReadDate | None) -> ReadDate | None:
    """The date that readers see, if it is the day before or after that of the stamp, in its own time zone; or the day
    that settles which number of the stamp is the month. The time of the last change, to the minute, is no such date.
    """
    moment, day = stated.found.moment, stated.found.day
    near = [one.read for one in shown if one.place == 0]
    if not near or any(read.found.day == day for read in near):
        return None
    for read in near:
        other = read.found.day
        if stated.found.open_order and (other.year, other.month, other.day) == (day.year, day.day, day.month):
            return read
        begins = datetime.combine(other, time(), UTC)
        near_stamp = begins - _ZONES <= moment < begins + timedelta(days=1) + _ZONES
        changed = modified and modified.found.moment - moment > _SAME and _is_same_time(read, modified)
        if near_stamp and not changed:
            return read
    return None


def _is_same_time(read: ReadDate, modified: ReadDate) -> bool:
    """Whether two dates are the same minute, perhaps in different zones; a day without a time is none."""
    apart = abs(read.found.moment - modified.found.moment)
    is_timed = read.found.moment.time() != time()
    return is_timed and apart <= _ZONES and (apart + _SAME) % timedelta(minutes=30) <= 2 * _SAME


# --- for readers ------------------------------------------------------------------------------------------------------


def _unstated(meta: Meta, shown: Sequence[Shown]) -> str | None:
    """The date of a page that states none for programs."""
    address = _of_address(meta.address)
    best = shown[0] if shown and (shown[0].place == 0 or _agree(shown)) else None
    if address and not (best and best.place == 0 and abs((best.read.found.day - address).days) <= 1):
        return address.isoformat()
    return best.read.written if best else None


def _agree(shown: Sequence[Shown]) -> bool:
    """Whether the best dates are of one day."""
    return len({one.read.found.day for one in shown if one.place == shown[0].place}) == 1


def _of_address(address: str | None) -> date | None:
    """The day in an address: `/2019/05/21/`, `/20190521`, `/21-05-2019`."""
    found = [(part[1], part[3], part[4]) for part in URI_DAY.finditer(address or "")]
    found += [(part[4], part[3], part[1]) for part in _DAY_FIRST.finditer(address or "")]
    for year, month, day in found:
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
