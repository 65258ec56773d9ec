"""From values to HTML: the templates and their filters.

Article text may be hostile: Jinja escapes everything, the content security policy allows the one style and the one
script of the page and no request, `<bdi>` keeps text from reordering its surroundings, and control characters become
symbols.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from copydesk.report import names
from copydesk.report.commands import decide, in_warehouse, of_uri, verdict_of
from copydesk.report.escape import pieces, visible
from copydesk.report.findings import share
from copydesk.report.measures import plotted, spark
from copydesk.report.measures import shown as value
from copydesk.report.plot import bars, logarithmic
from copydesk.report.reasons import STEPS, decisive, failed, worded
from copydesk.report.sites import day_in_words
from copydesk.report.verdict import STATUSES

#: Steps whose edits change how a text looks, not what it says.
COSMETIC = frozenset({"normalize"})

_COMMENT_RE = re.compile(r"/\*.*?\*/", re.DOTALL)
_BREAK_RE = re.compile(r"\s*\n\s*")


def render(template: str, **context: Any) -> str:
    """A template as HTML."""
    return _environment().get_template(template).render(**context)


def shown(text: object, every: bool = False) -> Markup:
    """Text of a document as HTML, isolated, with symbols for invisible characters."""
    return Markup('<bdi dir="auto">{}</bdi>').format(_symbols(str(text), every))


def in_context(context: Sequence[Sequence[str]]) -> Markup:
    """An edit in its context: removed text as `<del>`, inserted text as `<ins>`."""
    tags = {"removed": "del", "inserted": "ins"}
    parts = []
    for kind, text in context:
        if kind == "cut":
            label = f" … {int(text):,} characters … " if text else "…"
            parts.append(Markup('<span class="cut">{}</span>').format(label))
        elif kind in tags:
            tag, short = Markup(tags[kind]), Markup(' class="short"' if len(text) < 4 else "")
            parts.append(Markup("<{0}{1}>{2}</{0}>").format(tag, short, _symbols(text, True)))
        else:
            parts.append(_symbols(text, False))
    return Markup('<bdi dir="auto">{}</bdi>').format(Markup("").join(parts))


def _symbols(text: str, every: bool) -> Markup:
    parts = []
    for piece, name in pieces(text, every):
        if name:
            parts.append(Markup('<span class="symbol" title="{}">{}</span>').format(name, piece))
        else:
            breaks = Markup('<span class="symbol" title="U+000A LINE FEED">⏎</span> ')
            parts.append(Markup(breaks.join(escape(line) for line in re.split(r"\n+", piece))))
    return Markup("").join(parts)


def _count(value: Any) -> str:
    return f"{value:,}"


def _in_words(when: str, day: str | None) -> str:
    """A date (ISO) as the sentences of the sites say it in the report of a day."""
    began = date.fromisoformat(when)
    return day_in_words(began, date.fromisoformat(day) if day else began)


def _noun(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _bundled(name: str) -> str:
    """A file beside the templates, without comments and indentation."""
    text = resources.files("copydesk.report").joinpath("templates", name).read_text("utf-8")
    return _BREAK_RE.sub("\n", _COMMENT_RE.sub("", text)).strip()


def _digest(script: str) -> str:
    """The hash by which a content security policy allows an inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("copydesk.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _bundled("find.js")
    environment.filters |= {
        "count": _count, "decide": decide, "decisive": decisive, "failed": failed, "in_context": in_context,
        "in_warehouse": in_warehouse, "in_words": _in_words, "noun": _noun, "of_uri": of_uri, "shown": shown,
        "slug": names.slug, "verdict_of": verdict_of, "visible": visible, "worded": worded,
    }  # fmt: skip
    environment.globals |= {
        "COSMETIC": COSMETIC, "STATUSES": STATUSES, "STEPS": STEPS, "bars": bars, "document_key": names.document_key,
        "logarithmic": logarithmic, "names": names, "percent": share, "script": Markup(script),
        "script_digest": Markup(_digest(script)), "spark": spark, "style": Markup(_bundled("style.css")),
        "plotted": plotted, "value": value,
    }  # fmt: skip
    return environment
