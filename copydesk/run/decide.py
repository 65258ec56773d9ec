"""Carries out decisions about edits: the published rows change at once, and later runs decide alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.checks.expectations import Checks
from copydesk.edits import Edit
from copydesk.records import Article, article_id
from copydesk.reviewed import Choices
from copydesk.run.possible import Refusal, possible
from copydesk.run.validation import judged
from copydesk.sites.latest import like
from copydesk.warehouse import Warehouse, decisions
from copydesk.warehouse.change import Change
from copydesk.warehouse.decisions import CHECK, PROTECT, UNPROTECT, Decision
from copydesk.warehouse.published import article_of, rows
from copydesk.warehouse.retention import FOREVER, Keep


@dataclass
class Decided:
    """What decisions did: the number of changed articles, their edits with a new status, each with the uri of its
    article, at most `LISTED`; and those that could not be changed.
    """

    articles: int = 0
    edits: int = 0
    changed: list[tuple[str, Edit]] = field(default_factory=list)
    conflicts: list[Refusal] = field(default_factory=list)

    def note(self, article: Article, old: Sequence[Edit], new: Sequence[Edit]) -> bool:
        """Note what became of an article; returns whether it changed."""
        turned = [edit for before, edit in zip(old, new, strict=True) if before.status != edit.status]
        self.edits += len(turned)
        self.changed += [(article.uri, edit) for edit in turned[: max(0, LISTED - len(self.changed))]]
        is_changed = list(old) != list(new)
        self.articles += is_changed
        return is_changed


#: Edits that are listed one by one, and sites.
LISTED, SITES = 200, 10


def decide(
    warehouse: Warehouse,
    made: Sequence[Decision],
    at: datetime,
    keep: Keep = FOREVER,
    dry_run: bool = False,
    suites: Path | None = None,
) -> Decided:
    """Write decisions about edits, and change the published articles that they are about, under the lock.

    Of decisions about a single document only what can be carried out is kept. With `dry_run` nothing is written, nor if
    the newest decisions are the same: a command is repeated when it was interrupted. `suites` is the folder of the
    suites, which judge what changes. Raises `WarehouseError` and `SuiteError`.
    """
    known = decisions.read(warehouse.store)
    if _are_newest(made, known):
        return Decided()
    last = max((one.number for one in known), default=0)
    numbered = [one._replace(number=number) for number, one in enumerate(made, last + 1)]
    before = Choices.of(decisions.choices(known))
    choices = Choices.of(decisions.choices([*known, *(one for one in numbered if one.uri is None)]))
    own: dict[str, list[Decision]] = {}
    for one in numbered:
        if one.uri is not None:
            own.setdefault(one.uri, []).append(one)
    done = Decided()
    checks = Checks(suites, at_once=False)
    with Change(warehouse.store, at, keep) as change:
        for table in _concerned(warehouse, numbered):
            articles: list[Article] = []
            edits: list[Edit] = []
            for row in table.to_pylist():
                article, old = article_of(row)
                outcome = possible(article, old, before, choices, own.get(article.uri, ()))
                if article.uri in own:
                    own[article.uri] = outcome.kept
                done.conflicts += outcome.refusals(choices, LISTED - len(done.conflicts))
                if done.note(article, old, outcome.edits):
                    articles.append(outcome.article)
                    edits += outcome.edits
            if articles:
                change.replace(judged(articles, checks, at.date()), edits)
        kept = [one for one in numbered if one.uri is None] + [one for some in own.values() for one in some]
        kept.sort(key=lambda one: one.number)
        if kept and not dry_run and not _are_newest(kept, known):
            change.commit(kept)
    return done


def _are_newest(made: Sequence[Decision], known: Sequence[Decision]) -> bool:
    return [_what(one) for one in known[-len(made) :]] == [_what(one) for one in made]


def _what(decision: Decision) -> Decision:
    return decision._replace(number=0, decided_at=None)


def _concerned(warehouse: Warehouse, made: Sequence[Decision]) -> Iterator[pa.Table]:
    """The published articles that decisions may be about, by file, with the schema `VERSIONS`."""
    made = [one for one in made if one.action != CHECK]  # changes nothing
    uris = {one.uri for one in made if one.uri is not None}
    wanted: dict[int, list[str]] = {}
    if uris:
        published = warehouse.history().published
        for uri in sorted(uris):
            for row in published.rows(bytes.fromhex(article_id(uri)))[:1]:
                wanted.setdefault(int(published.files[row]), []).append(article_id(uri))
    several = [one for one in made if one.uri is None]
    if several:
        for day, edits in warehouse.edits_by_day(["article_id", "step", "rule", "before", "after"]):
            ids = set(wanted.get(day, ())) | set().union(*(_fitting(edits, one) for one in several))
            if ids:
                wanted[day] = sorted(ids)
    for day in sorted(wanted):
        yield from rows(warehouse.store, {day: wanted[day]})


def _fitting(edits: pa.Table, decision: Decision) -> set[str]:
    """The ids of articles with an edit that fits, apart from the site."""
    conditions = [pa.array([True] * len(edits))]
    if decision.action in (PROTECT, UNPROTECT):
        conditions.append(pc.equal(edits["step"], "typos"))
        conditions.append(pc.match_substring(edits["before"], decision.before or "", ignore_case=True))
    else:
        wanted = {column: getattr(decision, column) for column in ("rule", "before", "after")}
        conditions += [pc.equal(edits[column], value) for column, value in wanted.items() if value is not None]
    return set(edits.filter(reduce(pc.and_, conditions))["article_id"].to_pylist())


def without_articles(warehouse: Warehouse, site: str) -> str:
    """A sentence if no published article is of this site, with the sites that there are; else an empty string."""
    sites = {name for table in warehouse.rows("articles", ["site"]) for name in table["site"].unique().to_pylist()}
    if site in sites:
        return ""
    known = sorted(name for name in sites if name)
    more = f" and {len(known) - SITES:,} more" if len(known) > SITES else ""
    there = f"sites are {', '.join(known[:SITES])}{more}" if known else "no article names its site"
    return f"no article of the site {site!r} is published{like(site, known, there)}"


def listed(
    warehouse: Warehouse, wanted: Callable[[dict[str, Any]], bool], limit: int
) -> tuple[list[dict[str, Any]], int]:
    """The edits that are `wanted`: at most `limit` of them, and the number of all.

    Each has the columns of `edits`, and `uri`, `site` and `published_date` of its article.
    """
    found: list[dict[str, Any]] = []
    total = 0
    for day, edits in warehouse.edits_by_day(None):
        own = warehouse.columns_of_day(day, ["article_id", "uri", "site"]).to_pylist()
        places = {row["article_id"]: row for row in own}
        for row in edits.to_pylist():
            row |= places.get(row["article_id"], {"uri": None, "site": None, "published_date": None})
            if row["uri"] is not None and wanted(row):
                total += 1
                if len(found) < limit:
                    found.append(row)
    return found, total
