"""A commit of decisions: rows of articles, edits and the quarantine that change because a person said so."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
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
from copydesk.warehouse.history import History
from copydesk.warehouse.published import replaced_by
from copydesk.warehouse.recovery import numbered
from copydesk.warehouse.retention import FOREVER, Keep
from copydesk.warehouse.schemas import VERSIONS, articles_table, edits_table
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
        self._days: set[int] = set()
        self._leaving: dict[int, list[str]] = {}
        self._released: dict[int, list[str]] = {}
        self._versions: list[pa.Table] = []
        self._held: list[pa.Table] = []
        with in_words("prepare the staging area"):
            self._folder = store.workspace / "change"
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
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

    def replace(self, day: int, articles: Sequence[Article], edits: Iterable[Edit]) -> None:
        """Replace the rows of these articles, which are published under `day` or its partition, and their edits."""
        table = articles_table(articles)
        made = edits_table(edits, articles)
        days = np.array([layout.number(article.published_date) for article in articles], np.int32)
        by_id = {article.article_id: int(number) for article, number in zip(articles, days, strict=True)}
        of_edits = np.array([by_id[key] for key in made["article_id"].to_pylist()], np.int32)
        with in_words("write to the staging area"):
            self._articles.add_dated(table, days, self._store.partitions)
            self._signs.add(signs(table))
            self._edits.add_dated(made, of_edits, self._store.partitions)
        own = self._store.partitions.of(day)
        self._leaving.setdefault(own, []).extend(by_id)
        self._days |= {own, *map(self._store.partitions.of, days.tolist())}

    def withdraw(self, row: Mapping[str, Any], held: pa.Table) -> None:
        """Take an article, a row of `VERSIONS`, out of what is published; `held` are its rows of the quarantine."""
        day = self._store.partitions.of(layout.number(row["published_date"]))
        self._leaving.setdefault(day, []).append(row["article_id"])
        self._days.add(day)
        self.keep(pa.Table.from_pylist([row], VERSIONS))
        self.hold(held)

    def hold(self, held: pa.Table) -> None:
        """Add rows of the quarantine."""
        self._held.append(held)

    def keep(self, versions: pa.Table) -> None:
        """Keep rows that are replaced, with the schema `VERSIONS`."""
        self._versions.append(versions)

    def release(self, day: int, article_id: str, content_sha256: str) -> None:
        """Remove a document from the quarantine of one day."""
        self._released.setdefault(day, []).append(article_id + content_sha256)

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
            copies = compare(self._delta(), None) if self._days else NOTHING
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
            if copies.places or copies.duplicates or copies.state != before or not whole:
                publish(self._store, self._plan(numbered(self._store, COMPARISON), [], copies))
            return copies

    def _close(self) -> None:
        for part in (self._articles, self._edits, self._signs):
            part.close()

    def _delta(self) -> Delta:
        published = History.load(self._store).published
        return Delta(self._store, published, self._leaving, self._signs)

    def _plan(self, run_id: str, decided: Sequence[Mapping[str, Any]], copies: Compared) -> Plan:
        return Plan(
            run_id=run_id,
            run_date=self._at.date(),
            at=self._at,
            stamp={"run_id": run_id},
            days=self._days,
            articles=self._articles,
            edits=self._edits,
            leaving=self._leaving,
            released=self._released,
            versions=(lambda: self._replaced(run_id)) if self._versions else None,
            quarantine=(lambda: iter(self._held)) if self._held else None,
            decisions=decided,
            keep=self._keep,
            copies=copies,
        )

    def _replaced(self, run_id: str) -> Iterator[pa.Table]:
        for table in self._versions:
            yield replaced_by(table, run_id, self._at)
