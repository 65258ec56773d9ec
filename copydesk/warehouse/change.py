"""A commit of decisions: rows of articles, edits and the quarantine that change because a person said so."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from copydesk.duplicates.clusters import Settings
from copydesk.edits import Edit
from copydesk.records import Article
from copydesk.warehouse import decisions, layout
from copydesk.warehouse.commit import Commit, Plan, publish
from copydesk.warehouse.copies import NOTHING, Compared, Delta, compare
from copydesk.warehouse.decisions import Decision
from copydesk.warehouse.filling import Filling, estimated
from copydesk.warehouse.history import History
from copydesk.warehouse.published import replaced_by
from copydesk.warehouse.recovery import numbered
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.rows import articles_table, edits_table
from copydesk.warehouse.schemas import VERSIONS
from copydesk.warehouse.signatures import is_there, state
from copydesk.warehouse.signs import Signs, signs
from copydesk.warehouse.spill import Spill
from copydesk.warehouse.store import Store, in_words

KIND, COMPARISON = "decision", "comparison"


class Change:
    """The rows that decisions change. A context manager: what is not committed is discarded at its end."""

    def __init__(self, store: Store, at: datetime, keep: Keep = FOREVER) -> None:
        """`at` is the time of the decisions."""
        self._store, self._at, self._keep = store, at, keep
        self._files: set[int] = set()
        self._leaving: dict[int, list[str]] = {}
        self._released: dict[int, list[str]] = {}
        self._versions: list[pa.Table] = []
        self._held: list[pa.Table] = []
        with in_words("prepare the staging area"):
            self._folder = store.workspace / "change"
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            self._filling = Filling.of_articles(store)
            self._articles = Spill(self._folder / "articles", store.partitions.schema("articles"))
            self._edits = Spill(self._folder / "edits", store.partitions.schema("edits"))
            self._signs = Signs(self._folder / "signs")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, pa.ArrowException):
            self._close()
        with suppress(OSError):
            shutil.rmtree(self._folder)
        self._store.leave()

    @cached_property
    def _history(self) -> History:
        return History.load(self._store)

    def replace(self, articles: Sequence[Article], edits: Iterable[Edit]) -> None:
        """Replace the rows of these published articles, and their edits."""
        table = articles_table(articles)
        made = edits_table(edits, articles)
        days = np.array([layout.number(article.published_date) for article in articles], np.int32)
        own = self._store.partitions.of_days(days)
        stay = {
            row: file
            for row, article in enumerate(articles)
            for file in self._leave(article.article_id)
            if layout.partition_of(file) == own[row]
        }
        files = self._filling.files(own, estimated(table), stay)
        by_id = {article.article_id: row for row, article in enumerate(articles)}
        of_edits = np.array([by_id[key] for key in made["article_id"].to_pylist()], np.int64)
        with in_words("write to the staging area"):
            self._articles.add_dated(table, days, files)
            self._signs.add(signs(table), files)
            self._edits.add_dated(made, days[of_edits], files[of_edits])
        self._files.update(files.tolist())

    def _leave(self, article_id: str) -> list[int]:
        """Take an article out of its file, which is returned; one that is damaged may be in several."""
        known = self._history.published
        files = [int(known.files[row]) for row in known.rows(bytes.fromhex(article_id))]
        for file in files:
            self._leaving.setdefault(file, []).append(article_id)
            self._files.add(file)
        return files

    def withdraw(self, row: Mapping[str, Any], held: pa.Table) -> None:
        """Take an article, a row of `VERSIONS`, out of what is published; `held` are its rows of the quarantine."""
        self._leave(row["article_id"])
        self.keep(pa.Table.from_pylist([row], VERSIONS))
        self.hold(held)

    def hold(self, held: pa.Table) -> None:
        """Add rows of the quarantine."""
        self._held.append(held)

    def keep(self, versions: pa.Table) -> None:
        """Keep rows that are replaced, with the schema `VERSIONS`."""
        self._versions.append(versions)

    def release(self, article_id: str, content_sha256: str) -> None:
        """Remove a document from the quarantine."""
        known = self._history.quarantined
        for row in known.rows(bytes.fromhex(article_id)):
            if known.content_sha256([row]) == [content_sha256]:
                self._released.setdefault(int(known.files[row]), []).append(article_id + content_sha256)

    def commit(self, made: Sequence[Decision]) -> Commit:
        """Write the rows and the decisions at once, as a run does. Raises `WarehouseError`."""
        with in_words("write the decisions"):
            last = max((decision.number for decision in decisions.read(self._store)), default=0)
            run_id = numbered(self._store, KIND)
            rows = [
                {**decision._asdict(), "number": number, "decided_at": self._at, "run_id": run_id}
                for number, decision in enumerate(made, last + 1)
            ]
            self._close()
            copies = compare(self._delta(), None) if self._files else NOTHING
            return publish(self._store, self._plan(run_id, rows, copies))

    def compare_all(self, settings: Settings) -> Compared:
        """Compare all articles with each other, and write which are copies, if that changes anything.

        Raises `WarehouseError`.
        """
        with in_words("compare the articles"):
            self._close()
            before = self._store.read(layout.SIGNATURES_STATE)
            copies = compare(self._delta(), settings, anew=True)
            known = state(self._store)
            whole = known is not None and is_there(self._store, known)
            if copies.places.days or copies.duplicates or copies.state != before or not whole:
                publish(self._store, self._plan(numbered(self._store, COMPARISON), [], copies))
            return copies

    def _close(self) -> None:
        for part in (self._articles, self._edits, self._signs):
            part.close()

    def _delta(self) -> Delta:
        return Delta(self._store, self._history.published, self._leaving, self._signs)

    def _plan(self, run_id: str, decided: Sequence[Mapping[str, Any]], copies: Compared) -> Plan:
        return Plan(
            run_id=run_id,
            run_date=self._at.date(),
            at=self._at,
            stamp={"run_id": run_id},
            days=self._files,
            articles=self._articles,
            edits=self._edits,
            leaving=self._leaving,
            released=self._released,
            versions=(lambda: self._replaced(run_id)) if self._versions else None,
            quarantine=(lambda: iter(self._held)) if self._held else None,
            decisions=decided,
            keep=self._keep,
            copies=copies,
            small=self._history.small if self._files or self._released or copies.places.days else None,
        )

    def _replaced(self, run_id: str) -> Iterator[pa.Table]:
        for table in self._versions:
            yield replaced_by(table, run_id, self._at)
