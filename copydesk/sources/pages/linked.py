"""Linked data of pages: schema.org's JSON-LD, as it is written, with its common faults."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Node = Mapping[str, Any]

_SCRIPTS = ".//script[contains(@type, 'ld+json')]/text()"
_STORY = re.compile(r"(?:Article|Posting|Report)$")
_PAGE = re.compile(r"WebPage$")
# `//<![CDATA[ … //]]>`, comments of HTML, and a comma before a closing bracket.
_WRAPPED = re.compile(
    r"^\s*(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?|(?://|/\*)?\s*(?:\]\]>|-->)\s*(?:\*/)?\s*;?\s*$"
)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]++|\\.)*+")|,(\s*[}\]])', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_TAG = re.compile(r"<(?:/?(p|div|br|li|h[1-6])\b)?[^<>]*>", re.IGNORECASE)
_LONGEST = 1 << 20
_MOST_NODES = 2_000
_DECODER = json.JSONDecoder(strict=False)


def nodes(tree: HtmlElement) -> list[Node]:
    """Every object in the JSON-LD of a page, in the order of the page."""
    found: list[Node] = []
    for script in tree.xpath(_SCRIPTS):
        for value in _values(str(script)):
            found += _objects(value, _MOST_NODES - len(found))
    return found


def _values(script: str) -> Iterator[Any]:
    """The values of a script: usually one, sometimes several. What is broken is mended, or skipped."""
    if len(script) > _LONGEST:
        return
    text = _WRAPPED.sub("", script).strip()
    try:
        yield json.loads(text, strict=False)
        return
    except (ValueError, RecursionError):
        pass
    text = _TRAILING_COMMA.sub(lambda found: found[1] or found[2], _BAD_ESCAPE.sub(r"\\\\", text))
    if "&quot;" in text[:200]:
        text = html.unescape(text)
    at = 0
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1


def _objects(value: Any, most: int) -> list[Node]:
    waiting: list[Any] = [value]
    found: list[Node] = []
    while waiting and len(found) < most:
        node = waiting.pop()
        if isinstance(node, dict):
            found.append(node)
            waiting.extend(reversed([inner for inner in node.values() if isinstance(inner, dict | list)]))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
    return found


def is_kind(node: Node, kind: re.Pattern[str]) -> bool:
    """Whether one of the types of a node is of a kind."""
    types = node.get("@type")
    return any(kind.search(str(each)) for each in (types if isinstance(types, list) else [types]))


def stories(found: list[Node]) -> list[Node]:
    """The articles among the nodes."""
    return [node for node in found if is_kind(node, _STORY)]


def web_pages(found: list[Node]) -> list[Node]:
    """The nodes about the page itself."""
    return [node for node in found if is_kind(node, _PAGE)]


def text(node: Node, *names: str) -> str:
    """The first text among the values of a node, on one line."""
    for name in names:
        value = node.get(name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and (line := " ".join(html.unescape(each).split())):
                return line
    return ""


def body(node: Node) -> str:
    """The text of an article, without tags; a line a paragraph where it has lines."""
    value = node.get("articleBody")
    if isinstance(value, list):
        value = "\n".join(each for each in value if isinstance(each, str))
    if not isinstance(value, str):
        return ""
    lines = _TAG.sub(lambda tag: "\n" if tag[1] else "", html.unescape(value)).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def named(value: Any, found: list[Node]) -> Iterator[str]:
    """The names of people or organizations: texts, objects, references to objects by `@id`, and lists of these."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, list):
            yield from named(each[:20], found)
        elif isinstance(each, str):
            yield html.unescape(each)
        elif isinstance(each, dict):
            name = each.get("name")
            if name is None and (here := each.get("@id")):
                name = next((node["name"] for node in found if node.get("@id") == here and node.get("name")), None)
            for one in name if isinstance(name, list) else [name]:
                if isinstance(one, str):
                    yield html.unescape(one)
