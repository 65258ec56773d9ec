"""Suites that users write: what is wrong with one is said before the run begins."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_checks import NIGHT, table

from copydesk.checks import imports
from copydesk.checks.engine import suite_of
from copydesk.checks.expectations import Checks, SuiteError, read_suites
from copydesk.checks.suites import _SLIP, EXPECTATIONS, Rule, failure_of, read_suite
from copydesk.data.bundled import bundled


@pytest.fixture
def suites(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the shipped suites in which the first expectation of articles.json is changed."""

    def change(**entry: Any) -> Path:
        for source in bundled("expectations").glob("*.json"):
            suite = json.loads(source.read_text("utf-8"))
            if source.stem == "articles":
                suite["expectations"][0] = {
                    key: value for key, value in (suite["expectations"][0] | entry).items() if value is not None
                }
            (tmp_path / source.name).write_text(json.dumps(suite), "utf-8")
        return tmp_path

    return change


BETWEEN = {"type": "expect_column_values_to_be_between"}
IN_SET = {"type": "expect_column_values_to_be_in_set"}
MATCH = {"type": "expect_column_values_to_match_regex"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"type": "expect_column_values_to_be_betwen"}, "did you mean 'expect_column_values_to_be_between'"),
        ({"type": None}, 'lacks "type"'),
        ({**BETWEEN, "kwargs": {"column": "body_lenght", "min_value": 1}}, "did you mean 'body_length'"),
        ({"type": "expect_column_mean_to_be_between"}, "allowed are\n  expect_column_values_to_be_between\n"),
        ({"type": "expect_column_values_to_be_unique"}, "judges each row alone; allowed are\n"),
        ({"kwargs": {"min_valu": 1}}, "did you mean 'min_value'"),
        ({"kwargs": {}}, 'needs "min_value", "max_value" or both'),
        ({"kwargs": {"min_value": "1"}}, 'min_value is "1"; allowed is a whole number from 0'),
        ({"kwargs": {"min_value": 150, "max_value": 10}}, "min_value 150 is greater than max_value 10"),
        ({"kwargs": {"min_value": 1, "max_value": 1, "strict_max": True}}, "no value can pass"),
        ({**BETWEEN, "kwargs": {"min_value": 1}}, "kwargs lacks 'column'"),
        (
            {**BETWEEN, "kwargs": {"column": "days_old", "min_value": 1, "max_value": 0.5}},
            "is greater than max_value 0.5",
        ),
        (
            {**BETWEEN, "kwargs": {"column": "days_old", "min_value": "2024-06-01", "max_value": "2024-05-01"}},
            'min_value is "2024-06-01"; allowed is a number (for dates,',
        ),
        ({**BETWEEN, "kwargs": {"column": "days_old", "max_value": 10**400}}, "allowed is a number"),
        ({**IN_SET, "kwargs": {"column": "language", "value_set": "en"}}, 'value_set is "en"; allowed is a list'),
        ({**MATCH, "kwargs": {"column": "language", "regex": "(en"}}, "allowed is a regular expression"),
        ({"kwargs": {"column": "body_length", "min_value": 1, "mostly": 0.9}}, "mostly"),
        ({"severity": None}, "severity is missing; allowed are critical, warning, info"),
        ({"severity": "criticl"}, "did you mean 'critical'"),
        ({"meta": {"rule": "no-articles"}}, '"description"'),
        ({"meta": {"rule": "no-body", "description": "Twice."}}, "is taken by"),
        ({"serverity": "info"}, "did you mean 'severity'"),
    ],
)
def test_bad_suite_is_refused(suites: Callable[..., Path], entry: dict[str, Any], words: str) -> None:
    with pytest.raises(SuiteError, match=r"articles\.json, expectation \d+") as error:
        read_suite(suites(**entry), "articles")
    assert words in str(error.value)


#: Arguments that are right, for every name that an argument has.
RIGHT: dict[str, Any] = {
    "column": "sequence",
    "column_A": "start",
    "column_B": "end",
    "column_list": ["start", "end"],
    "min_value": 1,
    "max_value": 2,
    "value": 3,
    "value_set": ["a", 1, True],
    "value_pairs_set": [[1, 2]],
    "sum_total": 0.5,
    "regex": "^a",
    "regex_list": ["^a", "b$"],
    "match_on": "any",
    "ignore_row_if": "never",
} | dict.fromkeys(("strict_min", "strict_max", "or_equal"), True)


@pytest.mark.parametrize("kind", EXPECTATIONS)
def test_great_expectations_knows_what_is_allowed(kind: str) -> None:
    """Each expectation exists, judges rows (or counts them), and takes and demands no other arguments than listed."""
    imports.whole()
    from great_expectations.expectations import expectation
    from great_expectations.expectations.registry import get_expectation_impl

    implementation, kwargs = get_expectation_impl(kind), EXPECTATIONS[kind]
    judges_rows = (
        expectation.ColumnMapExpectation,
        expectation.ColumnPairMapExpectation,
        expectation.MulticolumnMapExpectation,
    )
    assert kind.startswith("expect_table_row_count") or issubclass(implementation, judges_rows)
    fields = implementation.__fields__
    assert {name for name, field in fields.items() if field.required} <= {k for k in kwargs if not kwargs[k].optional}
    given = {key: "neither" if (key, "column_A" in kwargs) == ("ignore_row_if", True) else RIGHT[key] for key in kwargs}
    assert all(kwargs[key].holds(value) for key, value in given.items())
    suite_of([Rule("edits", "r", kind, given, (), "info", "Holds.", "edits.json")])


def test_whatever_great_expectations_refuses_is_put_in_words() -> None:
    rule = Rule(
        "edits", "r", BETWEEN["type"], {"column": "start", "min_value": [1]}, (), "info", "Holds.", "edits.json"
    )
    with pytest.raises(SuiteError, match=r"^edits\.json: Great Expectations refuses min_value = \[1\] \([^\n]*float"):
        suite_of([rule])


def test_only_slips_are_guessed_at() -> None:
    """No expectation that exists is taken for a misspelling of an allowed one."""
    imports.whole()
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    for kind in set(list_registered_expectation_implementations()) - set(EXPECTATIONS):
        assert difflib.get_close_matches(kind, EXPECTATIONS, 1, _SLIP) == []


@pytest.mark.parametrize(
    "content",
    [None, "{", "[]", '{"expectations": 3}', '{"expectations": []}', "[" * 200_000, f'{{"a": 1{"0" * 5000}}}'],
    ids=["none", "cut", "list", "number", "empty", "deep", "long number"],
)
def test_file_that_is_no_suite_is_refused(suites: Callable[..., Path], content: str | None) -> None:
    folder = suites()
    path = folder / "edits.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(SuiteError, match=r"edits\.json: "):
        Checks(folder)


def test_exception_inside_an_expectation_is_critical(suites: Callable[..., Path]) -> None:
    entry = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "language", "min_value": 1},
        "severity": "info",
        "meta": {"rule": "language-as-number", "description": "Nonsense."},
    }
    verdict = Checks(suites(**entry)).articles(table({}), NIGHT)
    (problem,) = verdict.whole
    assert verdict.holds_back and problem.rule == "language-as-number" and "could not be evaluated" in problem.observed
    result = verdict.results[0]
    assert (result.success, result.severity) == (False, "critical") and "could not be evaluated" in result.description


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (7, "must be a sentence, or two"),
        (["one"], "must be a sentence, or two"),
        ("{limit} is too many", "uses an unknown name"),
        ("{value:%%%}", "cannot be filled in"),
        ("{count", "cannot be filled in"),
    ],
)
def test_a_failure_that_cannot_be_said_stops_the_run_before_it_begins(
    failure: Any, words: str, suites: Callable[..., Path]
) -> None:
    folder = suites(meta={"rule": "r", "description": "It holds.", "failure": failure})
    with pytest.raises(SuiteError, match=words):
        read_suites(folder)


def test_an_expectation_without_words_for_its_failure_says_what_should_hold(suites: Callable[..., Path]) -> None:
    rule = read_suites(suites(meta={"rule": "r", "description": "An article has {a body}."}))["articles"][0]
    assert failure_of(rule, 0) == ("Failed: An article has {a body}", "{count} rows fail: An article has {a body}")
