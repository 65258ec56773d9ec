"""The report as HTML: one page for each run, and a front page. The pages load nothing.

Article text may be hostile: Jinja escapes everything, the content security policy forbids scripts and requests, `<bdi>`
keeps text from reordering its surroundings, and control characters become symbols.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from copydesk.edits import SUGGESTED
from copydesk.report.entries import LONGEST_URI
from copydesk.report.escape import pieces, visible
from copydesk.report.plot import bars, trend_series
from copydesk.report.reasons import STEPS, decisive, failed, faults, worded
from copydesk.report.report_data import NIGHTS, SCHEMA_VERSION, ReportData

#: Name of the front page of the report site.
INDEX = "index.html"

_SAFE_NAME_RE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


def page(data: ReportData) -> str:
    """The report of one run as one HTML page."""
    template = _environment().get_template("run.html.j2")
    return template.render(data=data, series=trend_series(data["trend"]), known=faults(data["expectations"]))


def index(reports: Iterable[ReportData]) -> str:
    """The front page: one row for each run, newest first. `reports` are in the order of their runs."""
    ordered = sorted(reports, key=lambda data: data["date"] or "")
    trend = [{**data["run"], "date": data["date"]} for data in ordered][-NIGHTS:]
    series = trend_series(trend)
    return _environment().get_template("index.html.j2").render(reports=ordered[::-1], trend=trend, series=series)


def read_data(content: bytes) -> ReportData:
    """The report data of a run from its file. Raises ValueError if it is damaged or of another version."""
    try:
        data = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"no report data of version {SCHEMA_VERSION}")
    try:
        page(data)
        index([data])
    except Exception as error:  # missing keys and wrong types raise various errors in a template
        raise ValueError(f"{type(error).__name__}: {error}"[:200]) from error
    return data


def write_site(reports: Mapping[str, ReportData]) -> dict[str, bytes]:
    """The files of the report site, name → bytes: page and data for each run id, and the front page.

    Raises `ValueError` for a run id that is not a safe file name.
    """
    files = {}
    for run_id, data in reports.items():
        if not _SAFE_NAME_RE.fullmatch(run_id) or f"{run_id}.html" == INDEX:
            raise ValueError(f"the run id {run_id!r} cannot name a file: letters, digits, '.', '_' and '-' are allowed")
        files[f"{run_id}.html"] = page(data).encode()
        files[f"{run_id}.json"] = (json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
    files[INDEX] = index(reports.values()).encode()
    return files


def shown(text: object, every: bool = False) -> Markup:
    """Text of a document as HTML, isolated, with symbols for invisible characters."""
    return Markup('<bdi dir="auto">{}</bdi>').format(_symbols(str(text), every))


def decide(entry: Mapping[str, Any]) -> str:
    """The command that decides otherwise about an edit; empty if its uri is cut, or cannot be pasted as it is shown."""
    uri = entry["uri"]
    if len(uri) >= LONGEST_URI or visible(uri, every=True) != uri:
        return ""
    action = "accept" if entry["status"] == SUGGESTED else "reject"
    return f"copydesk edits {action} {shlex.quote(uri)} {entry['sequence']}"


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


def _percent(part: float, whole: float) -> str:
    """A share in percent; only exact values are shown as 0 % or 100 %."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if 0 < percent < 10 or 99 < percent < 100 else f"{percent:.0f} %"


def _count(value: Any) -> str:
    return f"{value:,}"


def _noun(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("copydesk.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"decide": decide, "shown": shown, "in_context": in_context, "count": _count, "noun": _noun}
    environment.filters |= {"decisive": decisive, "failed": failed, "worded": worded}
    environment.globals |= {"percent": _percent, "bars": bars, "STEPS": STEPS}
    return environment
