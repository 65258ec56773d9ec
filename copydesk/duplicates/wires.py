"""Wire copies: from which agency an article was taken over, by the marks of its own text and fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from copydesk.data import lists
from copydesk.text.structure.names import canonical_agency, plain

#: Characters at the beginning and at the end of a body in which a mark may stand.
_HEAD, _END = 400, 600


def _services() -> dict[str, tuple[str, ...]]:
    """The hosts of each agency, by its name."""
    found = {}
    for line in lists.lines("wire_services.txt"):
        name, _, hosts = line.partition("=")
        found[name.strip()] = tuple(host.strip() for host in hosts.split(",") if host.strip())
    return found


_SERVICES = _services()
_BY_PLAIN = {plain(name): name for name in _SERVICES}
#: A name in brackets before the first sentence, or at its beginning with a dash: `(AP)`, `LONDON (Reuters) -`, `AFP -`.
_BRACKETS = re.compile(r"[(\[]([^\W\d_][^()\[\]\n]{0,39})[)\]]")
_PREFIX = re.compile(r"([^\W\d_][^\n()\[\]–—-]{0,39}?)\s*(?:[–—]|--?)\s")
_NAME = r"((?:[Tt]he )?[A-Z][\w.&'’-]*(?: [A-Z][\w.&'’-]*){0,3})"
#: The words before a name that say where the text was published first, and rights that are named.
_FIRST = re.compile(rf"\b(?:first|originally) (?:published|appeared) (?:by|on|in|at|with) {_NAME}")
_RIGHTS = re.compile(rf"(?:©|\([cC]\)|\bCopyright)\s*(?:\d{{4}}\s*)?(?:by )?{_NAME}")
#: Without one of these none of the three is searched for.
_SIGNS = (
    " published ",
    " appeared ",
    "epublished ",
    "courtesy of",
    "uted by ",
    "vided by ",
    "©",
    "opyright",
    "(c)",
    "(C)",
)
_SHARED = re.compile(rf"\b(?:republished from|courtesy of|distributed by|provided by) {_NAME}")


@lru_cache(10_000)
def publisher(site: str | None) -> str | None:
    """The agency that publishes at a site itself, None if it is none of them."""
    host = (site or "").casefold()
    for name, hosts in _SERVICES.items():
        if any(host == own or host.endswith("." + own) for own in hosts):
            return name
    return None


def mark(row: Mapping[str, Any]) -> str | None:
    """The agency that an article names as its source: in the columns `agency`, `attribution` and `byline`, or in its
    body. None if it names none, or only one that publishes at its site itself.
    """
    own = publisher(row["site"])
    for name in (row["agency"], row["attribution"], *row["byline"]):
        found = name and _service(name)
        if found:
            return None if found == own else str(found)
    found = _in_text(row["body"])
    return None if found == own else found


def _in_text(body: str) -> str | None:
    head, end = body[:_HEAD], body[-_END:]
    first = head.split("\n", 1)[0][:120]
    names = [_service(found.group(1)) for found in _BRACKETS.finditer(first)]
    if prefix := _PREFIX.match(first):
        names.append(_service(prefix.group(1)))
    for text in (head, end) if len(body) > _HEAD else (body,):
        if any(sign in text for sign in _SIGNS):
            for pattern in (_FIRST, _SHARED, _RIGHTS):
                names += [_beginning(found.group(1)) for found in pattern.finditer(text)]
    return next(filter(None, names), None)


@lru_cache(10_000)
def _service(name: str) -> str | None:
    """The agency of this name, by its canonical name; None for other names."""
    return _BY_PLAIN.get(plain(canonical_agency(name)))


def _beginning(words: str) -> str | None:
    """The agency whose name begins these words with capitals: The Associated Press All."""
    parts = words.split()
    known = (_service(" ".join(parts[:end])) for end in range(len(parts), 0, -1))
    return next(filter(None, known), None)
