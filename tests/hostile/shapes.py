"""Shapes of text and files over which a reader or a pattern may take the square of their length, made to any size."""

from __future__ import annotations

import json
from collections.abc import Callable

Shape = Callable[[int], bytes]

_ENGLISH = (
    "The bridge over the river was closed on Monday after a lorry had struck one of its pillars. Nobody was hurt, said "
    "the harbour master, who expects the ferries to sail again on Sunday.\n\n"
)
#: What a text may consist of, over and over. In English text too, where typos are looked for.
REPEATED = {
    "letters": "a",
    "capitals": "A",
    "digits": "1",
    "long s": "ſ",
    "letters and digits": "a1",
    "mixed case": "aB",
    "blanks": " ",
    "lines": "\n",
    "short lines": "word\n",
    "short paragraphs": "w\n\n",
    "tabs": "a\t",
    "returns": "\r",
    "returns and lines": "a\r\n",
    "hard blanks": "\u00a0",
    "soft hyphens": "a\u00ad",
    "joiners": "\u200d",
    "marks": "\u0301",
    "letters with marks": "e\u0301",
    "directions": "\u202e",
    "controls": "\x01",
    "nuls": "a\0",
    "replacements": "a\ufffd",
    "quotes": '"',
    "quoted": '"a ',
    "apostrophes": "'",
    "brackets": "(",
    "footnotes": "[1]",
    "commas": ",",
    "full stops": ".",
    "ellipses": "... ",
    "initials": "U.S.",
    "hyphens": "-",
    "compounds": "a-",
    "dashes": "a - ",
    "pipes": "a | ",
    "colons": "a: ",
    "question marks": "don?t ",
    "underscores": "_",
    "slashes": "a/",
    "mojibake": "Ã©",
    "mojibake in words": "cafÃ© ",
    "mojibake of quotes": "â€™",
    "half mojibake": "Ã",
    "entities": "&amp;",
    "ampersands": "&",
    "tags": "<b>",
    "less than": "<",
    "addresses": "http://a.b/ ",
    "mails": "a@b.c ",
    "dates": "May 2, 2024 ",
    "lines of dates": "May 2, 2024\n",
    "numeric dates": "03/04/2019 ",
    "years": "2019-",
    "clocks": "12:30 ",
    "months": "May ",
    "Chinese dates": "二十一年",
    "bylines": "By John Smith, ",
    "lines of bylines": "By John Smith\n",
    "names": "John Smith ",
    "and": "John and ",
    "datelines": "BEIRUT (Reuters) - ",
    "sources": "Source: x\n",
    "buttons": "Share\n",
    "links": "Read more: x\n\n",
    "views": "123 views\n",
    "Arabic": "السلام ",
    "Chinese": "中文新闻",
    "Thai": "ภาษาไทย",
    "emoji": "😀",
    "sentences": "The harbour was closed. ",
    "split words": "gov ern ment ",
    "hyphens at line ends": "gov-\n",
    "doubled words": "the the ",
    "numbers": "1,",
}


def _repeated(part: str, around: str = "") -> Shape:
    return lambda size: f"{around}{part * (size // len(part.encode()))}\n\n{around}".encode()


def texts() -> dict[str, Shape]:
    plain = {f"text of {name}": _repeated(part) for name, part in REPEATED.items()}
    # A sign anywhere in a text makes its pattern look everywhere.
    for part in ("a", "a-", "a.b"):
        plain[f"text of {part!r} beside signs"] = _repeated(
            part, f"a@b c\\d e_f http://g www.h #i `j` k.com\n{_ENGLISH}"
        )
    return plain | {f"{name} in a text": _repeated(part, _ENGLISH * 8) for name, part in REPEATED.items()}


_HEAD = "<html><head><title>The harbour</title></head><body><article><h1>The harbour</h1>"
_ELEMENTS = {
    "attributes": " a1='x'",
    "cells": "<td>The harbour</td>",
    "headings": "<h2>The harbour</h2>",
    "items": "<li>The harbour",
    "paragraphs": "<p>The harbour was closed on Monday after a lorry had struck one of its pillars.</p>",
    "links in a paragraph": "the <a href=x>harbour</a> was ",
    "spans": "<span>a</span>",
    "breaks": "The harbour.<br>",
    "tables": "<table><tr><td>",
    "open comments": "<!--",
    "open quotes": '<a b="',
    "times": "<time datetime='2024-01-01'>a</time>",
    "articles": "<article>",
    "references": "&#1;",
    "JSON-LD": '<script type="application/ld+json">{"@type":"Report"}</script>',
}


def pages() -> dict[str, Shape]:
    shapes = {f"page of {name}": _repeated(part, _HEAD) for name, part in _ELEMENTS.items()}
    shapes["page with attributes on one element"] = lambda size: (
        f"{_HEAD}<p {' '.join(f'a{n}=1' for n in range(size // 9))}>The harbour".encode()
    )
    return shapes


def json_lines() -> dict[str, Shape]:
    return {
        "JSON of lists": lambda size: b'{"text": "a", "b": [' + b"[]," * (size // 3) + b"1]}",
        "JSON of escapes": lambda size: b'{"text": "' + b"\\u00e9" * (size // 6) + b'"}',
        "JSON of surrogates": lambda size: b'{"text": "' + b"\\ud800" * (size // 6) + b'"}',
        "JSON of names": lambda size: json.dumps({f"k{n}": n for n in range(size // 14)} | {"text": "a"}).encode(),
        "JSON that is open": lambda size: b"{" * size,
        "JSON with a long number": lambda size: b'{"text": "a", "b": ' + b"1" * size + b"}",
        "JSON of short lines": lambda size: b"{}\n" * (size // 3),
    }


def tables() -> dict[str, Shape]:
    return {
        "CSV of columns": lambda size: (
            "text," + ",".join(f"c{n}" for n in range(size // 12)) + "\na," + "b," * (size // 12)
        ).encode(),
        "CSV of columns of one name": lambda size: b"text," * (size // 10) + b"\n" + b"a," * (size // 10),
        "CSV of quotation marks": lambda size: b"text\n" + b'"' * size,
        "CSV with an open quotation mark": lambda size: b'text\n"' + b"a\n" * (size // 2),
        "CSV of returns": lambda size: b"text\n" + b"a\r" * (size // 2),
        "CSV of one row": lambda size: b"text\n" + b"a," * (size // 2),
        "CSV of short rows": lambda size: b"text,b\n" + b"a\n" * (size // 20),
    }
