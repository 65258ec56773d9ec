"""The engine of Great Expectations: suites on tables, with its answers as `Outcome`.

Its analytics are switched off: nothing leaves the machine. A suite costs some 10 ms for each expectation, and hardly
more for a thousand rows than for one.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from copydesk.checks import imports
from copydesk.checks.metrics import COLUMNS
from copydesk.checks.rows import Outcome
from copydesk.checks.suites import Rule, wrong
from copydesk.records import INFO

if TYPE_CHECKING:
    import pandas as pd

_FAILING = "failing"
#: COMPLETE lists every failing row by its number in the frame; an article_id need not be unique.
_WANTED = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
#: What a validator asks a project for.
_NO_PROJECT: Any = SimpleNamespace(progress_bars={"globally": False})


class Engine:
    """The suites of a folder in Great Expectations. Raises `SuiteError` if it refuses one."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        """Importing Great Expectations takes half a second, so it is imported here."""
        self._suites = {(name, *(rule.rule for rule in own)): suite_of(own) for name, own in rules.items()}

    def outcomes(self, name: str, rules: Sequence[Rule], table: pa.Table) -> dict[str, Outcome]:
        """The outcomes of `rules`, some or all of those of the suite `name`, by rule."""
        key = (name, *(rule.rule for rule in rules))
        if key not in self._suites:
            self._suites[key] = suite_of(rules)
        return _judged(self._suites[key], table.select(list(COLUMNS[name])).to_pandas())

    def none_failed(self, counts: Mapping[str, int]) -> dict[str, bool]:
        """Whether each expectation holds by the number of its failing rows: one row for each is judged, at once."""
        import pandas as pd

        none = {"column": _FAILING, "max_value": 0}
        rule = Rule(_FAILING, _FAILING, "expect_column_values_to_be_between", none, (_FAILING,), INFO, "", "")
        outcome = _judged(suite_of([rule]), pd.DataFrame({_FAILING: list(counts.values())}))[_FAILING]
        failing = set(outcome.rows) if outcome.error is None else set(range(len(counts)))
        return {name: number not in failing for number, name in enumerate(counts)}


def _judged(suite: list[Any], frame: pd.DataFrame) -> dict[str, Outcome]:
    """The outcomes of a suite on a frame, by rule.

    The validator of Great Expectations judges on its engine for pandas, without a project: there each table is hashed
    and each result kept.
    """
    from great_expectations.core.batch import Batch
    from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    with quiet():
        engine = PandasExecutionEngine()
        batch = Batch(PandasBatchData(engine, frame))  # type: ignore[arg-type]  # a batch of a frame holds this
        validator = Validator(engine, data_context=_NO_PROJECT, batches=[batch])
        found: list[Any] = validator.graph_validate(suite, {"result_format": _WANTED})
    return {result.expectation_config.meta["rule"]: _outcome(result) for result in found}


def _outcome(result: Any) -> Outcome:
    """A result of Great Expectations."""
    detail = result.result or {}
    rows = tuple(sorted(detail.get("unexpected_index_list") or ()))
    of_rows = "unexpected_count" in detail
    words = _exception(result.exception_info)
    missing = int(detail.get("missing_count") or 0)
    return Outcome(words is None and bool(result.success), of_rows, rows, missing, words)


def suite_of(rules: Sequence[Rule]) -> list[Any]:
    """`rules` as configured expectations of Great Expectations. Raises `SuiteError` if it refuses one."""
    with quiet():
        imports.expectations(rule.expectation for rule in rules)
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
        from great_expectations.expectations.metadata_types import FailureSeverity

        suite = []
        for rule in rules:
            configuration = ExpectationConfiguration(
                type=rule.expectation,
                kwargs=rule.kwargs,
                meta={"rule": rule.rule},
                severity=FailureSeverity(rule.severity),
            )
            try:
                suite.append(configuration.to_domain_obj().configuration)
            except (ValueError, TypeError) as error:
                wrong(rule.where, f"Great Expectations refuses {_refusal(error, rule.kwargs)}")
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
