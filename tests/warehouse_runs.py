"""A small run for the tests of the warehouse: documents that say themselves what is to become of them."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from copydesk.edits import Edit
from copydesk.records import CRITICAL, Article, Document, Problem
from copydesk.warehouse import Commit, History, Staging, Warehouse
from copydesk.warehouse.layout import FILE_BYTES, Partitions
from copydesk.warehouse.rows import articles_table, edits_table, quarantine_row, quarantine_table

RUN_DATE = date(2024, 5, 6)
ROW = {
    "documents": 0,
    "unchanged": 0,
    "warned": 0,
    "edits_applied": 0,
    "edits_suggested": 0,
    "bytes_read": 0,
    "verdict": "published",
    "pipeline_version": "1.2.3",
    "config_sha256": "0" * 64,
}


def document(uri: str, day: str = "", text: str = "text") -> Document:
    """A document whose content is its day and its text; `bad` text fails, an empty day is no date."""
    return Document(uri, f"{day}|{text}".encode(), text=text)


def batch(documents: Iterable[Document]) -> tuple[Any, Any, Any, Any]:
    """What cleaning and validation would make of the documents: articles, edits, quarantine, raw."""
    articles, edits, bad, raw = [], [], [], []
    for each in documents:
        day, _, text = each.content.decode().partition("|")
        when = date.fromisoformat(day) if day else None
        problems = [each.problem] if each.problem else []
        if text.startswith("bad"):
            problems.append(Problem("validate", "bad-text", "body", CRITICAL, text))
        row = quarantine_row(each, problems, text, "utf-8", when)
        if problems:
            bad.append(row)
            continue
        raw.append(row)
        own = (each.article_id, each.uri, each.content_sha256)
        moment = datetime(when.year, when.month, when.day, tzinfo=UTC) if when else None
        day = {"published_at": moment, "published_date": when}
        articles.append(Article(*own, headline="Headline", body=text, **day, byline=("A. Writer",), edit_count=2))
        for n, (start, before, after) in enumerate([(0, "h", "H"), (10, "x", text[:1])]):
            end = start + len(before)
            edits.append(Edit(each.article_id, n, "normalize", "text", start, end, before, after, "case"))
    return articles_table(articles), edits_table(edits), quarantine_table(bad), quarantine_table(raw)


def fill(staging: Staging, documents: Iterable[Document], size: int) -> None:
    documents = list(documents)
    for start in range(0, len(documents), size):
        staging.add(*batch(documents[start : start + size]))


def run(
    url: Any,
    documents: Iterable[Document],
    run_date: date = RUN_DATE,
    hold: Iterable[date | None] = (),
    size: int = 7,
    wait_seconds: float = 5,
    by: Literal["day", "month"] = "day",
    file_bytes: int = FILE_BYTES,
) -> Commit | None:
    """One whole run; None when there was nothing to do."""
    warehouse = Warehouse.open(str(url), partitions=Partitions(by, file_bytes))
    with warehouse.lock(wait_seconds):
        warehouse.recover()
        history: History = warehouse.history()
        chosen = list(history.select(documents))
        if not chosen:
            return None
        with warehouse.stage(history) as staging:
            fill(staging, chosen, size)
            for day in hold:
                staging.hold(day, Problem("gate", "share", None, CRITICAL, "too many failed"))
            run_id = staging.run_id(run_date)
            validation = {
                "suite": "articles",
                "expectation": "e",
                "rule": "r",
                "column": None,
                "severity": "critical",
                "success": True,
                "element_count": 1,
                "unexpected_count": 0,
                "description": "d",
            }
            counts = {"documents": history.delivered, "unchanged": history.unchanged}
            return staging.commit(run_id, run_date, {**ROW, **counts}, [validation], {f"{run_id}/index.html": b"<p>"})


def needs_installed(example: str) -> None:
    """Skip an example whose reader is not installed."""
    for module in ("pandas", "duckdb", "polars", "pyspark"):
        if module in example:
            pytest.importorskip(module)
    if "pyspark" in example and shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime")


def tree(root: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, but for the lock."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("_lock")
    }


def first_night() -> list[Document]:
    days = ["2024-05-01", "2024-05-02", "2024-05-03", "", "0001-01-01", "9999-12-31"]
    return [document(f"a/{n}", days[n % 6], f"{'bad' if n % 10 == 9 else 'good'} {n}") for n in range(40)]


def second_night() -> list[Document]:
    """Some documents change their text, some their date (one date loses all it has), some fail now, some are new."""
    changed = [
        document(
            d.uri, "2024-05-09" if d.content.startswith(b"9999") else d.content.decode().partition("|")[0], d.text or ""
        )
        for d in first_night()
    ]
    changed[1] = document("a/1", "2024-05-02", "good and better")
    changed[2] = document("a/2", "2024-05-03", "bad tonight")
    changed[9] = document("a/9", "", "good at last")
    return changed + [document(f"b/{n}", "2024-05-02", f"good {n}") for n in range(5)]


if __name__ == "__main__":  # a process that a test can kill: root and which night
    run(sys.argv[1], {"first": first_night, "second": second_night}[sys.argv[2]]())
