"""What a page says of itself for programs: `<meta>`, `<title>`, its address and its site."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from copydesk.sources.pages import linked
from copydesk.sources.pages.blocks import squeezed
from copydesk.text.site import site_of
from copydesk.text.structure.names import plain

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TITLE = ".//title[not(ancestor::svg)]/text()"
_CANONICAL = ".//link[@rel='canonical']/@href"
_SITE_NAMES = (
    "og:site_name", "application-name", "apple-mobile-web-app-title", "al:android:app_name", "dc.publisher",
    "publisher", "article:publisher", "cre", "twitter:site", "copyright", "parsely-site", "sailthru.source",
)  # fmt: skip
_PERSON = re.compile(r"^Person$")
_SITE_KINDS = re.compile(r"^(?:NewsMediaOrganization|WebSite)$")
# An agency among the authors is an organization, too, but seldom shows its logo.
_COMPANY = re.compile(r"(?:Organization|Corporation)$")
_LONGEST_SITE = 60
_SEPARATOR = re.compile(r"\s+[-–—|·•«»:/~_]{1,2}\s+|\s*[|»]\s*")


@dataclass(frozen=True, eq=False)
class Meta:
    """The metadata of a page: `fields` maps the names of `<meta>` in lower case to their contents."""

    fields: Mapping[str, Sequence[str]]
    title: str
    address: str | None
    nodes: Sequence[linked.Node]
    language: str

    def first(self, *names: str) -> str:
        """The first content under one of the names, or nothing."""
        return next((value for name in names for value in self.fields.get(name, ())), "")

    def every(self, *names: str) -> list[str]:
        return [value for name in names for value in self.fields.get(name, ())]

    @cached_property
    def stories(self) -> list[linked.Node]:
        return linked.stories([*self.nodes])

    @cached_property
    def story(self) -> linked.Node:
        """The article in the linked data that is the page's own, by its headline or address, else the first."""
        if len(self.stories) < 2:
            return self.stories[0] if self.stories else {}
        titles = {plain(title) for title in (self.title, self.first("og:title", "twitter:title")) if title}
        return max(self.stories, key=lambda node: (self._is_own(node, titles), "author" in node))

    def _is_own(self, node: linked.Node, titles: set[str]) -> bool:
        headline = plain(linked.text(node, "headline", "name"))
        if headline and any(headline in title or title in headline for title in titles):
            return True
        places = (node.get("url"), node.get("@id"), node.get("mainEntityOfPage"))
        urls = [place.get("@id") if isinstance(place, dict) else place for place in places]
        return bool(self.address) and any(isinstance(url, str) and _same_place(url, self.address) for url in urls)

    @cached_property
    def site_names(self) -> frozenset[str]:
        """The names of the site and its publisher, folded by `plain`."""
        names = [name for name in self.every(*_SITE_NAMES) if len(name) <= _LONGEST_SITE and "/" not in name]
        for node in self._organizations:
            if linked.is_kind(node, _SITE_KINDS) or (linked.is_kind(node, _COMPANY) and "logo" in node):
                names += [linked.text(node, "name"), linked.text(node, "alternateName"), linked.text(node, "legalName")]
            names += linked.named(node.get("publisher"), self._organizations)
        host = site_of(self.address) if self.address else ""
        labels = host.split(".")
        hosts = {host, *labels[:-1], "".join(labels[-2:]), "".join(labels)} if host else set()
        found = {plain(name.lstrip("@")) for name in (*names, *hosts) if name}
        return frozenset(name for name in found if len(name) > 1)

    @cached_property
    def _organizations(self) -> list[linked.Node]:
        return [node for node in self.nodes if not linked.is_kind(node, _PERSON)]

    def is_site(self, name: str) -> bool:
        """Whether a name is that of the site or its publisher, perhaps with the ending of its domain."""
        key = plain(name)
        if not key:
            return True
        if key in self.site_names or plain(f"the {key}") in self.site_names:
            return True
        return any(
            site.removesuffix(end) == key or key.removesuffix(end) == site
            for site in self.site_names
            for end in ("com", "org", "net", "online", "news", "staff", "de", "couk", "fr", "magazine", "editors")
        )

    def without_site(self, line: str, names: Collection[str] = ()) -> str:
        """A headline without the site's name, or one of `names` folded by `plain`, behind or before it."""
        for _ in range(3):
            for separator in _SEPARATOR.finditer(line):
                head, tail = line[: separator.start()].strip(), line[separator.end() :].strip()
                if head and tail and (plain(tail) in names or self.is_site(tail)):
                    line = head
                    break
                if head and tail and (plain(head) in names or self.is_site(head)):
                    line = tail
                    break
            else:
                break
        return line


def _same_place(a: str, b: str | None) -> bool:
    if not b:
        return False
    try:
        one, two = urlsplit(a), urlsplit(b)
    except ValueError:
        return False
    return len(one.path) > 1 and one.path.rstrip("/") == two.path.rstrip("/")


def read_meta(tree: HtmlElement) -> Meta:
    """The metadata of a page."""
    fields: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        if content := squeezed(element.get("content") or element.get("value") or ""):
            for name in filter(None, map(element.get, ("property", "name", "itemprop"))):
                fields.setdefault(name.strip().lower(), []).append(content)
    title = next(filter(None, (squeezed(str(text)) for text in tree.xpath(_TITLE)[:3])), "")
    found = linked.nodes(tree)
    canonical = [*map(str, tree.xpath(_CANONICAL)[:1]), *fields.get("og:url", ()), *fields.get("twitter:url", ())]
    address = next((url for url in map(str.strip, canonical) if _is_address(url)), None)
    language = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()
    return Meta(fields, title, address, found, language)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in parts.netloc and len(url) <= 2000
