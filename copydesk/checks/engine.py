"""The engine of Great Expectations: suites on tables, with its answers as `Outcome`.

Its analytics are switched off: nothing leaves the machine. A suite costs some 10 ms for each expectation, and hardly
more for a thousand rows than for one.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pyarrow as pa

from copydesk.checks.metrics import COLUMNS
from copydesk.checks.rows import Outcome
from copydesk.checks.suites import Rule, wrong
from copydesk.records import INFO

_FAILING = "failing"
#: COMPLETE lists every failing row by its number in the frame; an article_id need not be unique.
_WANTED = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
#: What Great Expectations imports to compare distributions, to draw them, to check a profiler's settings and to render
#: Markdown: half of the CPU time of its import, and 80 MB. They are imported when they are first used.
_RARELY_USED = ("scipy.stats", "altair", "jsonschema", "mistune")


def great_expectations() -> ModuleType:
    """The package `great_expectations`."""
    for name in _RARELY_USED:
        _on_first_use(name)
    import great_expectations

    return great_expectations


class _OnFirstUse(ModuleType):
    """A module whose code runs when an attribute is asked for that it has not: anything of its own, or, by whoever
    imports a module below it, its path.

    `importlib.util.LazyLoader` runs it for any attribute, and so as soon as it is imported a second time.
    """

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if (name.startswith("__") and name != "__path__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        if spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
        spec.loader.exec_module(self)
        return getattr(self, name)


def _on_first_use(name: str) -> None:
    """Register a module so that its code runs when something of it is first asked for."""
    package, _, last = name.rpartition(".")
    if name in sys.modules or (package and importlib.util.find_spec(package) is None):
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        return
    module = importlib.util.module_from_spec(spec)
    module.__dict__.pop("__path__", None)
    module.__class__ = _OnFirstUse
    sys.modules[name] = module
    if package:
        setattr(sys.modules[package], last, module)


class Engine:
    """The suites of a folder in Great Expectations. Raises `SuiteError` if it refuses one."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        """Importing Great Expectations takes seconds, so it is imported here."""
        with quiet():
            gx = great_expectations()
            from great_expectations.data_context.types.base import ProgressBarsConfig

            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            # One for all tables: with each that is added, the whole context is written as YAML.
            asset = context.data_sources.add_pandas("copydesk").add_dataframe_asset("table")
            self._tables = asset.add_batch_definition_whole_dataframe("whole")
            self._suites = {(name, *(rule.rule for rule in own)): suite_of(name, own) for name, own in rules.items()}

    def outcomes(self, name: str, rules: Sequence[Rule], table: pa.Table) -> dict[str, Outcome]:
        """The outcomes of `rules`, some or all of those of the suite `name`, by rule."""
        frame = table.select(list(COLUMNS[name])).to_pandas()
        key = (name, *(rule.rule for rule in rules))
        with quiet():
            if key not in self._suites:
                self._suites[key] = suite_of(name, rules)
            batch = self._tables.get_batch(batch_parameters={"dataframe": frame})
            found = batch.validate(self._suites[key], result_format=_WANTED)
        return {result.expectation_config.meta["rule"]: _outcome(result) for result in found.results}

    def none_failed(self, counts: Mapping[str, int]) -> dict[str, bool]:
        """Whether each expectation holds by the number of its failing rows: one row for each is judged, at once."""
        import pandas as pd

        none = {"column": _FAILING, "max_value": 0}
        rule = Rule(_FAILING, _FAILING, "expect_column_values_to_be_between", none, (_FAILING,), INFO, "", "")
        with quiet():
            frame = pd.DataFrame({_FAILING: list(counts.values())})
            batch = self._tables.get_batch(batch_parameters={"dataframe": frame})
            found = batch.validate(suite_of(_FAILING, [rule]), result_format=_WANTED)
        outcome = _outcome(found.results[0])
        failing = set(outcome.rows) if outcome.error is None else set(range(len(counts)))
        return {name: number not in failing for number, name in enumerate(counts)}


def _outcome(result: Any) -> Outcome:
    """A result of Great Expectations."""
    detail = result.result or {}
    rows = tuple(sorted(detail.get("unexpected_index_list") or ()))
    of_rows = "unexpected_count" in detail
    words = _exception(result.exception_info)
    missing = int(detail.get("missing_count") or 0)
    return Outcome(words is None and bool(result.success), of_rows, rows, missing, words)


def suite_of(name: str, rules: Sequence[Rule]) -> Any:
    """`rules` as a suite of Great Expectations; checks that it accepted every rule."""
    gx = great_expectations()
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
