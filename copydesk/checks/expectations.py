"""Validation: the suites of Great Expectations in `expectations/` judge the metrics of `copydesk.checks.metrics`.

The suites of many rows are judged column by column (`copydesk.checks.rows`), and what they counted, the dates and the
run by Great Expectations itself, once a run. Its import takes half a second, so `Checks` imports it when it is created,
or when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import pyarrow as pa

from copydesk.checks import metrics
from copydesk.checks.engine import Engine
from copydesk.checks.metrics import COLUMNS, FOUND
from copydesk.checks.rows import Outcome, outcome_of
from copydesk.checks.suites import Rule, SuiteError, failure_of, read_suite
from copydesk.data.bundled import bundled
from copydesk.records import CRITICAL, Problem

__all__ = ["Checks", "Result", "SuiteError", "Verdict", "merge", "read_suites"]

Key = TypeVar("Key", bound=Hashable)

#: Failing rows of an expectation that are kept.
FAILING = 20
#: The suites of many rows. Those of the others are few, and Great Expectations judges them itself.
BY_ROWS = frozenset({"articles", "edits", "versions"})


class Result(NamedTuple):
    """The result of one expectation on a table: a row of the table `validations` without `run_id`, and `failure`.

    `failure` is the message for one row and for many rows, where `{count}` stands for their number; empty on success.
    `missing_count` are rows without a value, which pass most expectations; `error` says why the expectation could not
    be evaluated. `failing` are the first failing rows: the key of the row, and the value of its column, or the values
    of its columns.
    """

    suite: str
    expectation: str
    rule: str
    column: str | None
    severity: str
    success: bool
    element_count: int
    unexpected_count: int
    description: str
    failure: tuple[str, str] = ("", "")
    missing_count: int = 0
    error: str = ""
    failing: tuple[tuple[Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict(Generic[Key]):
    """The results of a suite on one table.

    `problems` lists the problems of single rows: by row number for articles, by `article_id` for edits, by
    `published_date` for partitions. `whole` lists the problems of the table as a whole.
    """

    results: list[Result]
    problems: dict[Key, list[Problem]] = field(default_factory=dict)
    whole: list[Problem] = field(default_factory=list)

    @property
    def critical(self) -> list[Key]:
        """The keys of the rows with a critical problem."""
        return [key for key, problems in self.problems.items() if any(p.severity == CRITICAL for p in problems)]

    @property
    def holds_back(self) -> bool:
        """Whether the table as a whole fails critically."""
        return any(problem.severity == CRITICAL for problem in self.whole)

    def named(self, name: Callable[[Key], Any]) -> Verdict[Key]:
        """The same verdict, with the failing rows in its results called by `name(key)` instead of their keys."""
        results = [r._replace(failing=tuple((name(key), value) for key, value in r.failing)) for r in self.results]
        return Verdict(results, self.problems, self.whole)


def merge(verdicts: Iterable[Verdict[Any]]) -> list[Result]:
    """Combine the results of several batches: rows and failures are added; one failed batch fails the expectation."""
    merged: dict[tuple[str, str], Result] = {}
    for result in (result for verdict in verdicts for result in verdict.results):
        known = merged.setdefault((result.suite, result.rule), result)
        if known is not result:
            worse = result if known.success or (result.severity == CRITICAL and known.severity != CRITICAL) else known
            merged[result.suite, result.rule] = worse._replace(
                success=known.success and result.success,
                element_count=known.element_count + result.element_count,
                unexpected_count=known.unexpected_count + result.unexpected_count,
                missing_count=known.missing_count + result.missing_count,
                error=known.error or result.error,
                failing=(known.failing + result.failing)[:FAILING],
            )
    return list(merged.values())


def read_suites(folder: Path | None = None) -> dict[str, list[Rule]]:
    """The rules of every suite in `folder`, or of the shipped ones. Raises `SuiteError`. Fast, unlike `Checks`.

    A folder that was made before there were suites of new versions or of sites has none: then the shipped one counts.
    """
    shipped = bundled("expectations")
    folder = folder or shipped
    without = [name for name in ("versions", "sites") if not (folder / f"{name}.json").exists()]
    return {name: read_suite(shipped if name in without else folder, name) for name in COLUMNS}


class Checks:
    """The suites of a folder, ready to judge tables. Raises `SuiteError` if a suite cannot be used."""

    def __init__(self, folder: Path | None = None, at_once: bool = True) -> None:
        """`folder` holds a file for each of `COLUMNS`, such as `articles.json`; None means the shipped ones.

        Great Expectations sees the suites now, or, unless `at_once`, when an expectation needs it.
        """
        self.rules = read_suites(folder)
        if at_once:
            self._engine  # noqa: B018

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self.rules)

    def articles(self, table: pa.Table, run_date: date) -> Verdict[int]:
        """Judge articles (`copydesk.warehouse.rows.articles_table`, `rebuilds` optional); keys are row numbers.

        An empty table fails (`no-articles`): it would pass every expectation about rows.
        """
        return self.judge("articles", metrics.articles(table, run_date), range(len(table)))

    def edits(self, table: pa.Table, article_ids: Collection[str]) -> Verdict[str]:
        """Judge edits (`copydesk.warehouse.rows.edits_table`) of `article_ids`; keys are ids of articles."""
        return self.judge("edits", metrics.edits(table, article_ids), table["article_id"].to_pylist())

    def partitions(self, rows: Sequence[Mapping[str, Any]]) -> Verdict[str | None]:
        """Judge partitions (`copydesk.checks.metrics.partitions` describes a row); keys are their `published_date`."""
        return self.judge("partitions", metrics.partitions(rows), [row["published_date"] for row in rows])

    def run(self, row: Mapping[str, Any]) -> Verdict[None]:
        """Judge a run (`copydesk.checks.metrics.run` describes the row): all problems are in `whole`."""
        verdict: Verdict[None] = self.judge("run", metrics.run(row), [None])
        return Verdict(verdict.results, {}, verdict.whole + verdict.problems.get(None, []))

    def sites(self, rows: Sequence[Mapping[str, Any]]) -> Verdict[str | None]:
        """Judge sites (`copydesk.checks.metrics.sites` describes a row); keys are their names, None the whole run."""
        return self.judge("sites", metrics.sites(rows), [row["site"] for row in rows])

    def judge(self, name: str, table: pa.Table, keys: Sequence[Any]) -> Verdict[Any]:
        """Judge `table`, made by `copydesk.checks.metrics` for the suite `name`; `keys` name its rows.

        Metrics are small: those of many batches can be concatenated (`pyarrow.concat_tables`) and judged at once.
        """
        known = {rule.rule: outcome_of(rule, table) if name in BY_ROWS else None for rule in self.rules[name]}
        others = [rule for rule in self.rules[name] if known[rule.rule] is None]
        outcomes = {rule: found for rule, found in known.items() if found is not None}
        if others:
            outcomes |= self._engine.outcomes(name, others, table)
        verdict: Verdict[Any] = Verdict([])
        for rule in self.rules[name]:
            _record(verdict, rule, outcomes[rule.rule], table, keys)
        return verdict

    def counted(self, results: Sequence[Result]) -> list[Result]:
        """The merged results of a run, with the word of Great Expectations on what was counted in many rows."""
        counts = {(r.suite, r.rule): r.unexpected_count for r in results if r.suite in BY_ROWS and not r.error}
        names = {key: ": ".join(key) for key in counts}
        holds = self._engine.none_failed({names[key]: count for key, count in counts.items()}) if counts else {}
        return [
            r._replace(success=holds[names[r.suite, r.rule]]) if (r.suite, r.rule) in counts else r for r in results
        ]


def _record(verdict: Verdict[Any], rule: Rule, outcome: Outcome, table: pa.Table, keys: Any) -> None:
    """Add the outcome of `rule` to `verdict`."""
    severity, description, failed = rule.severity, rule.description, len(outcome.rows)
    if outcome.error is not None:
        severity, description = CRITICAL, f"{rule.description} (could not be evaluated: {outcome.error})"
    elif not outcome.of_rows:
        failed = int(not outcome.success)
    failure = ("", "") if outcome.success else failure_of(rule, _first(rule, table, outcome.rows))
    result = Result(
        rule.suite, rule.expectation, rule.rule, rule.column, severity, outcome.success, len(table), failed,
        description, failure, outcome.missing, outcome.error or "",
        tuple(_failing(rule, table, keys, outcome.rows[:FAILING])),
    )  # fmt: skip
    verdict.results.append(result)
    if outcome.error is not None:
        words = f"could not be evaluated: {outcome.error}"
        verdict.whole.append(Problem("validate", rule.rule, rule.column, CRITICAL, words))
    elif not outcome.success and not outcome.of_rows:
        verdict.whole.append(Problem("validate", rule.rule, rule.column, severity, failure[0]))
    problems: dict[str, Problem] = {}  # failing rows are much alike, and a problem of theirs can be shared
    for row, observed in zip(outcome.rows, _observed(rule, table, outcome.rows), strict=True):
        problem = problems.get(observed)
        if problem is None:
            problem = problems[observed] = Problem("validate", rule.rule, rule.column, severity, observed)
        verdict.problems.setdefault(keys[row], []).append(problem)


def _first(rule: Rule, table: pa.Table, rows: Sequence[int]) -> Any:
    """The value of the first failing row, in the first column of the rule."""
    return table[rule.columns[0]][rows[0]].as_py() if rule.columns and rows else len(table)


def _failing(rule: Rule, table: pa.Table, keys: Any, rows: Sequence[int]) -> Iterator[tuple[Any, Any]]:
    """The key and the value, or the values, of each of `rows`."""
    for row in rows:
        values = [table[column][row].as_py() for column in rule.columns]
        yield keys[row], values[0] if len(values) == 1 else values


def _observed(rule: Rule, table: pa.Table, rows: Sequence[int]) -> list[str]:
    """What was found in each of `rows`, in words: the value of each column of the rule, and the first match in the
    text."""
    found = table.take(pa.array(rows, pa.int64())) if rows else table.slice(0, 0)
    parts = []
    for column in rule.columns:
        parts.append(_worded(found[column], partial(_said, COLUMNS[rule.suite][column])))
        if column in FOUND:
            parts.append(_worded(found[FOUND[column]], "the first: {!r}".format))
    return parts[0] if len(parts) == 1 else [", ".join(row) for row in zip(*parts, strict=True)]


def _said(words: str, value: Any) -> str:
    return words.format(_shown(value))


def _worded(values: pa.ChunkedArray, say: Callable[[Any], str]) -> list[str]:
    """What `say` makes of each value. Failing rows are much alike, so each distinct value is said once."""
    said: dict[Any, str] = {}
    words = []
    for value in values.to_pylist():
        if value not in said:
            said[value] = say(value)
        words.append(said[value])
    return words


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)
