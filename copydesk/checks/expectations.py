"""Validation: Great Expectations judges the metrics of `copydesk.checks.metrics` by the suites in `expectations/`.

Importing Great Expectations takes seconds, so `Checks` imports it when it is created. Its analytics are switched off:
nothing leaves the machine. The cost of a suite hardly depends on the number of rows (some 10 ms for each expectation),
so few large batches are cheaper than many small ones.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import pyarrow as pa

from copydesk.checks import engine, metrics
from copydesk.checks.metrics import COLUMNS, FOUND
from copydesk.checks.suites import Rule, SuiteError, failure_of, read_suite, wrong
from copydesk.data.bundled import bundled
from copydesk.records import CRITICAL, Problem

__all__ = ["Checks", "Result", "SuiteError", "Verdict", "merge", "read_suites"]

Key = TypeVar("Key", bound=Hashable)

#: Failing rows of an expectation that are kept.
FAILING = 20


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

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds a file for each of `COLUMNS`, such as `articles.json`; None means the shipped ones."""
        self.rules = read_suites(folder)
        with quiet():
            gx = engine.great_expectations()
            from great_expectations.data_context.types.base import ProgressBarsConfig

            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            source = context.data_sources.add_pandas("copydesk")
            self._batches = {
                name: source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name) for name in COLUMNS
            }
            self._suites = {name: self._suite(name, rules) for name, rules in self.rules.items()}

    def articles(self, table: pa.Table, run_date: date) -> Verdict[int]:
        """Judge articles (`copydesk.warehouse.schemas.articles_table`, `rebuilds` optional); keys are row numbers.

        An empty table fails (`no-articles`): it would pass every expectation about rows.
        """
        return self.judge("articles", metrics.articles(table, run_date), range(len(table)))

    def edits(self, table: pa.Table, article_ids: Collection[str]) -> Verdict[str]:
        """Judge edits (`copydesk.warehouse.schemas.edits_table`) of `article_ids`; keys are ids of articles."""
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
        frame = table.select(list(COLUMNS[name])).to_pandas()
        # COMPLETE lists every failing row by its number in the frame; an article_id need not be unique.
        wanted = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
        with quiet():
            batch = self._batches[name].get_batch(batch_parameters={"dataframe": frame})
            outcome = batch.validate(self._suites[name], result_format=wanted)
        by_rule = {result.expectation_config.meta["rule"]: result for result in outcome.results}
        verdict: Verdict[Any] = Verdict([])
        for rule in self.rules[name]:
            self._record(verdict, rule, by_rule[rule.rule], table, keys)
        return verdict

    @staticmethod
    def _record(verdict: Verdict[Any], rule: Rule, outcome: Any, table: pa.Table, keys: Any) -> None:
        """Add the outcome of `rule` in Great Expectations to `verdict`."""
        detail = outcome.result or {}
        words = _exception(outcome.exception_info)
        rows = sorted(detail.get("unexpected_index_list") or ())
        row_level = "unexpected_count" in detail
        failed = int(detail.get("unexpected_count") or 0) if row_level else int(not outcome.success)
        severity, description = rule.severity, rule.description
        if words is not None:
            severity, description, failed = CRITICAL, f"{rule.description} (could not be evaluated: {words})", 0
        success = words is None and bool(outcome.success)
        failure = ("", "") if success else failure_of(rule, _first(rule, table, rows))
        verdict.results.append(
            Result(
                rule.suite,
                rule.expectation,
                rule.rule,
                rule.column,
                severity,
                success,
                len(table),
                failed,
                description,
                failure,
                int(detail.get("missing_count") or 0),
                words or "",
                tuple(_failing(rule, table, keys, rows[:FAILING])),
            )
        )
        if words is not None:
            verdict.whole.append(
                Problem("validate", rule.rule, rule.column, CRITICAL, f"could not be evaluated: {words}")
            )
        elif not success and not row_level:
            verdict.whole.append(Problem("validate", rule.rule, rule.column, severity, failure[0]))
        for row, observed in zip(rows, _observed(rule, table.take(pa.array(rows, pa.int64()))), strict=True):
            problem = Problem("validate", rule.rule, rule.column, severity, observed)
            verdict.problems.setdefault(keys[row], []).append(problem)

    @staticmethod
    def _suite(name: str, rules: list[Rule]) -> Any:
        """`rules` as a suite of Great Expectations; checks that it accepted every rule."""
        gx = engine.great_expectations()
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
        from great_expectations.expectations.metadata_types import FailureSeverity

        suite = gx.ExpectationSuite(name=name)
        for rule in rules:
            configuration = ExpectationConfiguration(
                type=rule.expectation,
                kwargs=rule.kwargs,
                meta={"rule": rule.rule},
                severity=FailureSeverity(rule.severity),
            )
            try:
                suite.expectations.append(configuration.to_domain_obj())
            except (ValueError, TypeError) as error:
                wrong(rule.where, f"Great Expectations refuses {_refusal(error, rule.kwargs)}")
        if len(suite.expectations) != len(rules):
            wrong(f"{name}.json", f"{len(rules)} expectations were read and {len(suite.expectations)} were loaded")
        return suite


def _first(rule: Rule, table: pa.Table, rows: list[int]) -> Any:
    """The value of the first failing row, in the first column of the rule."""
    return table[rule.columns[0]][rows[0]].as_py() if rule.columns and rows else len(table)


def _failing(rule: Rule, table: pa.Table, keys: Any, rows: list[int]) -> Iterator[tuple[Any, Any]]:
    """The key and the value, or the values, of each of `rows`."""
    for row in rows:
        values = [table[column][row].as_py() for column in rule.columns]
        yield keys[row], values[0] if len(values) == 1 else values


def _observed(rule: Rule, table: pa.Table) -> list[str]:
    """What was found in each row, in words: the value of each column of the rule, and the first match in the text."""
    parts = []
    for column in rule.columns:
        words = COLUMNS[rule.suite][column]
        parts.append([words.format(_shown(value)) for value in table[column].to_pylist()])
        if column in FOUND:
            parts.append([f"the first: {found!r}" for found in table[FOUND[column]].to_pylist()])
    return [", ".join(row) for row in zip(*parts, strict=True)]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _refusal(error: Exception, kwargs: Mapping[str, Any]) -> str:
    """What is wrong with `kwargs`: for each argument in pydantic's `error`, its value and what is allowed."""
    if not hasattr(error, "errors"):
        return f"its kwargs: {error}"
    said: dict[str, list[str]] = {}
    for fault in error.errors():
        said.setdefault(str(fault["loc"][0]), []).append(fault["msg"])
    return "; ".join(
        f"{f'{key} = {kwargs[key]!r}' if key in kwargs else 'its kwargs'} ({', '.join(dict.fromkeys(messages))})"
        for key, messages in said.items()
    )


def _exception(info: Any) -> str | None:
    """The message of an exception inside Great Expectations, None without one.

    `exception_info` is one report or, if metrics failed, one report for each metric.
    """
    if not info:
        return None
    reports = [info] if "raised_exception" in info else list(info.values())
    raised = [str(report.get("exception_message")) for report in reports if report.get("raised_exception")]
    return "; ".join(dict.fromkeys(raised)) if raised else None


@contextmanager
def quiet() -> Iterator[None]:
    """Run Great Expectations without telemetry, log lines and warnings; errors come back in the results.

    Some of its loggers set their own level, so propagation to the root logger is blocked instead.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    silent, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(silent)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(silent)
        logger.propagate = propagate
