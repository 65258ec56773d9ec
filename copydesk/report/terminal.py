"""One document on the terminal: its fields, its text with all edits marked, and the reason for each edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from copydesk.data.rules import explain
from copydesk.edits import APPLIED, SUGGESTED, TEXT, TITLE, Edit, published_text, undo
from copydesk.languages.evidence import evidence
from copydesk.records import CRITICAL, WARNING, Article, Cleaned
from copydesk.report.commands import accepting, decidable
from copydesk.report.diff import Segment, compose
from copydesk.report.escape import visible
from copydesk.report.marked import INSERTED_STYLE, REMOVED_STYLE, SUGGESTED_STYLE, brief, in_place, percent
from copydesk.text.typos.step import STEP

#: Bytes shown of a document that could not be decoded.
OPENING_BYTES = 64

_SEVERITY_STYLES = {CRITICAL: "bold red", WARNING: "yellow"}


def show(cleaned: Cleaned, console: Console, full: bool = False, warehouse: str = "") -> None:
    """Print the result for one document; with `full`, its whole text. Commands name the `warehouse`."""
    if cleaned.article is None:
        console.print(
            Panel(
                Text(_opening(cleaned.document.content)),
                title=_safe(cleaned.document.uri),
                title_align="left",
                border_style="red",
            )
        )
    else:
        console.print(_fields(cleaned, cleaned.article))
        for heading, segments in _diffs(cleaned):
            console.print(Text(heading, style="dim"))
            console.print(Padding(in_place(segments, full, marks=console.color_system is None), (0, 0, 1, 2)))
        console.print(_edits(cleaned.edits, reasons(cleaned)))
        if commands := _accepting(cleaned, cleaned.article, warehouse):
            console.print(Text("\nOnce a run has published the article, a suggestion is made with:", style="dim"))
            for command in commands:
                console.print(Text(f"  {command}"), soft_wrap=True)
    if cleaned.problems:
        console.print(_problems(cleaned))
    if reason := quarantine_reason(cleaned):
        console.print(Text(f"A run would quarantine this document: {reason}", style="bold red"))


def _opening(content: bytes) -> str:
    """The beginning of a document without an article, as text or else as bytes."""
    try:
        text = content[: 8 * OPENING_BYTES].decode("utf-8", "strict" if len(content) <= 8 * OPENING_BYTES else "ignore")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        return content[:OPENING_BYTES].hex(" ")
    return visible(text) or "no bytes"


def quarantine_reason(cleaned: Cleaned) -> str | None:
    """Why a run would quarantine a document: its critical problems; None if it would not."""
    return " ".join(dict.fromkeys(explain(p.rule) for p in cleaned.problems if p.severity == CRITICAL)) or None


def as_json(cleaned: Cleaned) -> dict[str, Any]:
    """The result for one document as a JSON-able value: the columns of the article, its edits, its problems."""
    article = None
    if cleaned.article is not None:
        article = {name: _plain(value) for name, value in asdict(cleaned.article).items()}
    evidence_of = reasons(cleaned)
    return {
        "uri": cleaned.document.uri,
        "article": article,
        "edits": [
            {name: _plain(value) for name, value in edit._asdict().items()}
            | {"meaning": explain(edit.rule), "evidence": evidence_of.get(edit.sequence)}
            for edit in cleaned.edits
        ],
        "problems": [problem._asdict() for problem in cleaned.problems],
        "quarantine": quarantine_reason(cleaned),
    }


def _fields(cleaned: Cleaned, article: Article) -> RenderableType:
    found = {
        "headline": article.headline,
        "date": _dated(article),
        "modified": article.modified_at and article.modified_at.isoformat(sep=" ", timespec="minutes"),
        "site": article.site,
        "dateline": article.dateline,
        "agency": article.agency,
        "byline": ", ".join(article.byline),
        "attribution": article.attribution,
        "view count": None if article.view_count is None else f"{article.view_count:,}",
        "language": article.language,
        "encoding": article.encoding,
        "words": f"{article.word_count:,}",
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in found.items():
        if not value and name in ("modified", "site"):
            continue  # most documents have none, and there is nothing to find
        bold = "bold" if name == "headline" else ""
        grid.add_row(name, Text(visible(value), style=bold) if value else Text("none found", style="dim italic"))
    return Panel(grid, title=_safe(cleaned.document.uri), title_align="left", border_style="cyan")


def _dated(article: Article) -> str | None:
    if article.published_date is None:
        return None
    when = article.published_date.isoformat()
    if article.published_at is not None and article.published_at.time().isoformat() != "00:00:00":
        when = article.published_at.isoformat(sep=" ", timespec="minutes")
    return f"{when}   from “{article.date_text}”" if article.date_text else when


def _diffs(cleaned: Cleaned) -> Iterator[tuple[str, list[Segment]]]:
    if cleaned.source_title is not None:
        yield "title", compose(cleaned.source_title, cleaned.edits, TITLE)
    yield "text", compose(cleaned.source_text, cleaned.edits)


def reasons(cleaned: Cleaned) -> dict[int, str]:
    """The evidence for each typo correction, by the edit's `sequence`."""
    article = cleaned.article
    found: dict[int, str] = {}
    if article is None:
        return found
    texts = {TEXT: published_text(article.headline, article.body), TITLE: article.headline}
    for edit in reversed(cleaned.edits):
        texts[edit.field] = undo(texts[edit.field], edit)
        if edit.step != STEP:
            break
        found[edit.sequence] = evidence(texts[edit.field], edit, article.language)
    return found


def _edits(edits: tuple[Edit, ...], evidence_of: dict[int, str]) -> RenderableType:
    if not edits:
        return Text("No changes.", style="green")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("why", overflow="fold", ratio=3)
    table.add_column("before → after", overflow="fold", ratio=4)
    table.add_column("places", justify="right")
    table.add_column("confidence", justify="right")
    for edit in edits:
        why = Text(explain(edit.rule))
        if reason := evidence_of.get(edit.sequence):
            why.append(f" {visible(reason, every=True)}")
        if edit.status != APPLIED:
            why.append(f"  {edit.status}", SUGGESTED_STYLE)
        change = Text()
        if edit.before:
            change.append(brief(edit.before), REMOVED_STYLE if edit.status == APPLIED else "")
        change.append(" → " if edit.before and edit.after else " → nothing" if edit.before else "→ ", "dim")
        change.append(brief(edit.after), INSERTED_STYLE if edit.status == APPLIED else "")
        table.add_row(why, change, f"{len(edit.places):,}", percent(edit.confidence))
    applied = sum(len(edit.places) for edit in edits if edit.status == APPLIED)
    suggested = sum(edit.status != APPLIED for edit in edits)
    rows = sum(edit.status == APPLIED for edit in edits)
    total = f"{applied:,} change{'s' * (applied != 1)} in {rows:,} applied edit{'s' * (rows != 1)}"
    if suggested:
        total += f", {suggested:,} not applied"
    return Group(table, Text(total, style="dim"))


def _accepting(cleaned: Cleaned, article: Article, warehouse: str) -> list[str]:
    """The commands that make the suggestions, without those that cannot be made alone."""
    commands = [
        accepting(article.uri, edit, warehouse)
        for edit in cleaned.edits
        if edit.status == SUGGESTED and decidable(article, cleaned.edits, edit)
    ]
    return list(dict.fromkeys(filter(None, commands)))


def _problems(cleaned: Cleaned) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for problem in cleaned.problems:
        style = _SEVERITY_STYLES.get(problem.severity, "")
        grid.add_row(Text(problem.severity, style), problem.rule, problem.column or "", Text(visible(problem.observed)))
    return Panel(grid, title="problems", title_align="left", border_style="yellow")


def _safe(text: str) -> Text:
    return Text(visible(text if len(text) <= 200 else f"{text[:200]}…", every=True))


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is a date, too
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
