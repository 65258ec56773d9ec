"""Main text of pages: precision and recall, compared with trafilatura; dates, compared with htmldate.

`pages/pages.jsonl` in the data (`file`, `body`, and where known `title`, `date`; the HTML lies beside it) is measured
as HTML. Where there is only a plain scraper's text of each page (`kind` `html_naive` in `articles`), the structure step
is measured on that, compared with the unchanged text, and with trafilatura on its lines, each as a `<p>`. trafilatura
is made for markup, so this only shows what is possible from the words.

Words are compared as multisets, letters and digits only, ignoring case; precision, recall and F1 are computed for each
page and averaged. Lines that are the title are not scored.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

from copydesk.pipeline import clean_alone
from copydesk.records import Article, Document
from copydesk.sources.pages import declared_charset

from .material import Row, articles, progress, sampled
from .structure import CONFIG, cleaned, fold

STEP = "extract"
_WORD = re.compile(r"\w+")


def score(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the words of `found`."""
    mine, theirs = (Counter(_WORD.findall(text.casefold())) for text in (found, truth))
    shared = (mine & theirs).total()
    precision = shared / mine.total() if mine else 0.0
    recall = shared / theirs.total() if theirs else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0


def _story(text: str, row: dict[str, Any]) -> str:
    """`text` without lines that are the title: whether it belongs to the body is a matter of taste, and not scored."""
    title = fold(row.get("title") or "")
    return "\n".join(line for line in text.split("\n") if not title or fold(line) != title)


def _trafilatura(page: str) -> str:
    import trafilatura

    return trafilatura.extract(page, include_comments=False) or ""


def _lines_as_paragraphs(text: str) -> str:
    lines = "\n".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line.strip())
    return f"<html><body><article>{lines}</article></body></html>"


def _body(article: Article | None) -> str:
    return article.body if article else ""


def naive_text(data: Path, count: int, peers: bool = True) -> dict[str, Any]:
    """Pages of which only a plain scraper's text is there."""
    rows = [row for row in articles(data) if row["kind"] == "html_naive" and (row.get("body") or "").strip()]
    tools: dict[str, Callable[[dict[str, Any]], str]] = {
        "copydesk": lambda row: _body(cleaned(row["raw_text"])),
        "copydesk, title given": lambda row: _body(cleaned(row["raw_text"], title=row.get("title"))),
    }
    if peers:
        tools["all the text"] = lambda row: row["raw_text"]
        tools["trafilatura, lines as <p>"] = lambda row: _trafilatura(_lines_as_paragraphs(row["raw_text"]))
    scores: dict[str, list[tuple[float, float, float]]] = {tool: [] for tool in tools}
    failures = []
    drawn = sampled(rows, count, "pages")
    for row in progress(drawn, "text of pages"):
        for tool, run in tools.items():
            scores[tool].append(score(_story(run(row), row), row["body"]))
        if scores["copydesk"][-1][2] < 0.8:
            failures.append(
                {"id": row["id"], "f1": scores["copydesk"][-1][2], "body": _body(cleaned(row["raw_text"]))[:200]}
            )
    return {"n": len(drawn), **{tool: _means(found) for tool, found in scores.items()}, "failures": failures}


def _means(scores: list[tuple[float, float, float]]) -> dict[str, float]:
    names = ("precision", "recall", "f1")
    return {name: fmean(one[i] for one in scores) if scores else 0.0 for i, name in enumerate(names)}


def pages(data: Path, count: int) -> dict[str, Any]:
    """Pages as HTML."""
    folder = data / "pages"
    listing = folder / "pages.jsonl"
    rows = [json.loads(line) for line in listing.read_text("utf-8").splitlines()] if listing.exists() else []
    scores: dict[str, list[tuple[float, float, float]]] = {"copydesk": [], "trafilatura": []}
    days: dict[str, Counter[str]] = {"copydesk": Counter(), "htmldate": Counter()}
    failures = []
    drawn = sampled(rows, count, "pages")
    for row in progress(drawn, "pages"):
        content = (folder / row["file"]).read_bytes()
        document = Document(row["file"], content, media_type="html", charset=declared_charset(content))
        article = clean_alone([document], CONFIG)[0].article
        page = content.decode("utf-8", "replace")
        scores["copydesk"].append(score(_story(_body(article), row), row["body"]))
        scores["trafilatura"].append(score(_story(_trafilatura(page), row), row["body"]))
        if row.get("date"):
            truth = date.fromisoformat(row["date"][:10])
            found = {"copydesk": article and article.published_date, "htmldate": _htmldate(page)}
            for tool, day in found.items():
                days[tool]["none" if day is None else "right" if day == truth else "wrong"] += 1
        if scores["copydesk"][-1][2] < 0.8:
            failures.append({"file": row["file"], "f1": scores["copydesk"][-1][2], "body": _body(article)[:200]})
    return {
        "n": len(drawn), **{tool: _means(found) for tool, found in scores.items()},
        "dates": {tool: dict(counts) for tool, counts in days.items()}, "failures": failures,
    }  # fmt: skip


def _htmldate(page: str) -> date | None:
    from htmldate import find_date

    found = find_date(page, original_date=True)
    return date.fromisoformat(found) if found else None


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. `sample` is the number of pages (all)."""
    count = sample or 10_000
    report: dict[str, Any] = {}
    rows: list[Row] = []
    for name, title, measured in (
        ("naive text", "text of pages, no markup", naive_text(data, count, peers)),
        ("pages", "pages, HTML", pages(data, count)),
    ):
        if not measured["n"]:
            continue
        report[name] = measured
        tools = [tool for tool in measured if isinstance(measured[tool], dict) and "f1" in measured[tool]]
        for metric in ("f1", "precision", "recall"):
            others = {tool: measured[tool][metric] for tool in tools if tool != "copydesk"}
            aim = "≥ trafilatura" if metric == "f1" and name == "pages" else ""
            rows.append(Row(STEP, title, f"words, {metric}", measured["copydesk"][metric], measured["n"], others, aim))
        days = measured.get("dates", {})
        n = sum(days.get("copydesk", {}).values())
        for outcome in ("right", "wrong") if n else ():
            shares = {tool: counts.get(outcome, 0) / n for tool, counts in days.items()}
            share = shares.pop("copydesk")
            rows.append(Row(STEP, f"{title}: date", outcome, share, n, dict(shares), harm=outcome == "wrong"))
    return rows, report
