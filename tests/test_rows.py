"""Row verdicts are those of Great Expectations: its own engine judges the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from clocks import cpu_seconds

from copydesk.checks import imports, metrics
from copydesk.checks.engine import Engine, quiet, suite_of
from copydesk.checks.expectations import BY_ROWS, Checks, Verdict, read_suites
from copydesk.checks.metrics import COLUMNS, FOUND
from copydesk.checks.rows import outcome_of
from copydesk.checks.suites import EXPECTATIONS, Rule
from copydesk.edits import Edit
from copydesk.records import Article
from copydesk.warehouse.rows import articles_table, edits_table
from copydesk.warehouse.schemas import VERSIONS


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine({})


def schema(suite: str) -> pa.Schema:
    """The columns of a suite with the types that its metrics have."""
    articles = articles_table([Article("a", "a", "0" * 64, "Headline", "Body")])
    judged = metrics.articles(articles, date(2024, 5, 3))
    if suite == "articles":
        return judged.schema
    if suite == "edits":
        return metrics.edits(edits_table([Edit("a", 0, "s", "text", 0, 1, "x", "y", "r", 0.9)]), {"a"}).schema
    return metrics.versions(VERSIONS.empty_table(), articles.slice(0, 0), judged.slice(0, 0)).schema


def borders(rules: list[Rule], kind: pa.DataType) -> Iterator[Any]:
    """Values on, just beside and far from what the rules of a column ask for, and none at all."""
    yield None
    for rule in rules:
        limits = [rule.kwargs[name] for name in ("min_value", "max_value") if rule.kwargs.get(name) is not None]
        if pa.types.is_floating(kind):
            yield from (float(v) for limit in limits for v in (limit, *np.nextafter(limit, [9e9, -9e9])))
        elif pa.types.is_integer(kind):
            yield from (int(limit) + more for limit in limits for more in (-1, 0, 1))
        elif pa.types.is_string(kind):
            yield from (value for value in rule.kwargs.get("value_set", ()) if isinstance(value, str))
    if pa.types.is_floating(kind):
        yield from (0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e-300, 0.5)
    elif pa.types.is_integer(kind):
        yield from (0, 1, -1, 2**31 - 1, -(2**31), 2024)
    elif pa.types.is_string(kind):
        yield from ("", " ", "en", "EN", "ünd", "None", "nan", "true")
    else:
        yield from (True, False)


def told(outcome: Any) -> tuple[Any, ...]:
    return (outcome.success, outcome.of_rows, outcome.rows, outcome.missing, outcome.error)


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "complete"])
@pytest.mark.parametrize("suite", sorted(BY_ROWS))
def test_every_shipped_expectation_on_values_at_its_borders(engine: Engine, suite: str, missing: bool) -> None:
    rules = read_suites()[suite]
    columns = {}
    for field in schema(suite):
        own = [rule for rule in rules if field.name in rule.columns]
        values = [v for v in borders(own, field.type) if missing or (v is not None and v == v)]  # noqa: PLR0124
        columns[field.name] = pa.array(islice(cycle(values), 120), field.type)
    table = pa.table(columns)
    theirs = engine.outcomes(suite, rules, table)
    failing = 0
    for rule in rules:
        ours = outcome_of(rule, table)
        assert ours is not None, f"{rule.rule} is left to Great Expectations"
        assert told(ours) == told(theirs[rule.rule]), rule.rule
        failing += len(ours.rows)
    assert failing > len(rules)
    for empty in (table.slice(0, 0), table.slice(7, 1)):
        theirs = engine.outcomes(suite, rules, empty)
        assert [told(outcome_of(rule, empty)) for rule in rules] == [told(theirs[rule.rule]) for rule in rules]


DATA = {
    "int64": pa.array([0, 1, 2, 3, 50, -7, 2**53 + 1, 2**62, -(2**62)], pa.int64()),
    "int64, missing": pa.array([0, 1, None, 3, 50, -7, 2**53 + 1, 2**62, None], pa.int64()),
    "int32": pa.array([0, 1, 2, 3, 50, -7, 2**31 - 1], pa.int32()),
    "int32, missing": pa.array([0, 1, None, 3, 50, -7, 2**31 - 1], pa.int32()),
    "uint8": pa.array([0, 1, 2, 3, 50, 255], pa.uint8()),
    "double": pa.array([0.0, 1.0, 2.5, 3.0, float("nan"), float("inf"), float("-inf"), None]),
    "float": pa.array([0.1, 1.0, 2.5, 3.0, float("nan"), None], pa.float32()),
    "string": pa.array(["", "a", "ab", "abc", "a\nb", "été", "x" * 60, "1", "True", None]),
    "string, none": pa.array([None, None], pa.string()),
    "bool": pa.array([True, False, True]),
    "bool, missing": pa.array([True, False, None]),
    "date": pa.array([date(2024, 5, 3), None]),
    "dictionary": pa.array(["a", "b", None]).dictionary_encode(),
    "list": pa.array([["a"], [], None]),
}  # fmt: skip

LIMITS = (
    {"min_value": 1}, {"max_value": 3}, {"min_value": 1, "max_value": 3}, {"min_value": 1, "strict_min": True},
    {"min_value": 1, "max_value": 3, "strict_max": True}, {"min_value": 0.5, "max_value": 2.5, "strict_min": True},
    {"max_value": 2**53 + 1}, {"min_value": -(2**62)},
)  # fmt: skip
SETS = ([1, 3], ["a", "", "True"], [True], [False, True], [1.0, 2.5], ["a", 1], [2**53 + 1], [True, 1])
WHOLE = [limits for limits in LIMITS if all(limit >= 0 and limit % 1 == 0 for limit in limits.values())]
CASES = [
    *[("expect_column_values_to_be_between", limits) for limits in LIMITS],
    *[("expect_column_value_lengths_to_be_between", limits) for limits in WHOLE],
    *[(f"expect_column_values_to_{word}be_in_set", {"value_set": s}) for word in ("", "not_") for s in SETS],
    ("expect_column_value_lengths_to_equal", {"value": 2}),
    ("expect_column_values_to_be_null", {}),
    ("expect_column_values_to_not_be_null", {}),
    ("expect_column_values_to_match_regex", {"regex": "^a"}),
    *[("expect_table_row_count_to_be_between", limits) for limits in WHOLE],
    ("expect_table_row_count_to_equal", {"value": 3}),
]


def rule_of(kind: str, kwargs: dict[str, Any], number: int) -> Rule:
    column = {} if "table" in kind else {"column": "body_length"}
    return Rule("articles", f"rule-{number}", kind, column | kwargs, tuple(column.values()), "info", "d", "w")


@pytest.mark.parametrize("name", DATA)
def test_every_type_on_every_kind_of_column(engine: Engine, name: str) -> None:
    """What is answered here is answered alike; what Great Expectations cannot evaluate is left to it."""
    values = DATA[name]
    nothing = pa.nulls(len(values), pa.string())
    table = pa.table({column: values if column == "body_length" else nothing for column in COLUMNS["articles"]})
    rules = [rule_of(kind, kwargs, number) for number, (kind, kwargs) in enumerate(CASES)]
    answered = {rule.rule: found for rule in rules if (found := outcome_of(rule, table)) is not None}
    theirs = engine.outcomes("articles", [rule for rule in rules if rule.rule in answered], table)
    for rule in rules:
        if rule.rule in answered:
            assert told(answered[rule.rule]) == told(theirs[rule.rule]), (rule.expectation, rule.kwargs)
    assert len(answered) >= (len(CASES) - 26 if name in ("int64", "double", "string") else 3)


def test_what_is_left_to_great_expectations_comes_back_the_same(engine: Engine) -> None:
    """A suite of both: rows, problems and messages, and an expectation that cannot be evaluated."""
    checks = Checks()
    entries = [
        ("expect_column_values_to_match_regex", {"column": "language", "regex": "^e"}, "starts-with-e"),
        ("expect_column_values_to_be_between", {"column": "language", "min_value": 1}, "nonsense"),
        ("expect_column_values_to_be_in_set", {"column": "language", "value_set": ["en"]}, "english"),
    ]
    checks.rules["articles"] = [
        Rule("articles", rule, kind, kwargs, (kwargs["column"],), "warning", "d", "w") for kind, kwargs, rule in entries
    ]
    table = pa.table({field.name: pa.nulls(3, field.type) for field in schema("articles")})
    table = table.set_column(table.column_names.index("language"), "language", pa.array(["en", "de", "es"]))
    verdict = checks.judge("articles", table, "abc")
    assert {key: [p.rule for p in found] for key, found in verdict.problems.items()} == {
        "b": ["starts-with-e", "english"],
        "c": ["english"],
    }
    assert [problem.rule for problem in verdict.whole] == ["nonsense"] and verdict.holds_back
    assert [result.failing for result in verdict.results] == [(("b", "de"),), (), (("b", "de"), ("c", "es"))]


OTHERS = [
    *[(f"expect_column_values_to_{no}match_regex", {"column": "language", "regex": "^e"}) for no in ("", "not_")],
    ("expect_column_values_to_match_regex_list", {"column": "language", "regex_list": ["^e", "n$"], "match_on": "all"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "word_count", "column_B": "body_length"}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "word_count", "column_B": "body_length"}),
    ("expect_multicolumn_values_to_be_equal", {"column_list": ["word_count", "body_length"]}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["word_count", "body_length"], "sum_total": 4}),
    ("expect_column_values_to_be_between", {"column": "language", "min_value": 1}),
]


def test_the_engine_judges_as_a_project_of_great_expectations_does(engine: Engine) -> None:
    """The outcomes are those of a batch of a data source in a context, with all that belongs to it."""
    gx = imports.whole()
    given = {"body_length": [1, 2, None, 2], "word_count": [3, 1, 1, 2], "language": ["en", "es", "und", None]}
    table = pa.table({name: given.get(name, pa.nulls(4, pa.string())) for name in COLUMNS["articles"]})
    rules = [
        *[rule_of(kind, kwargs, number) for number, (kind, kwargs) in enumerate(CASES)],
        *[Rule("articles", f"other-{n}", *case, (), "info", "d", "w") for n, case in enumerate(OTHERS)],
    ]
    suite = gx.ExpectationSuite(name="articles")
    for rule, configuration in zip(rules, suite_of(rules), strict=True):
        assert configuration.meta == {"rule": rule.rule}
        suite.expectations.append(configuration.to_domain_obj())
    with quiet():
        asset = gx.get_context(mode="ephemeral").data_sources.add_pandas("articles").add_dataframe_asset("articles")
        whole = asset.add_batch_definition_whole_dataframe("articles")
        batch = whole.get_batch(batch_parameters={"dataframe": table.to_pandas()})
        found = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    ours = engine.outcomes("articles", rules, table)
    assert len(ours) == len(rules)
    for result in found.results:
        said = ours[result.expectation_config.meta["rule"]]
        rows = sorted(result.result.get("unexpected_index_list") or ())
        assert (said.success, list(said.rows)) == (bool(result.success), rows)
        assert (said.error is None) == (not result.exception_info or "raised_exception" in result.exception_info)
    assert len({said.success for said in ours.values()}) == 2 and ours["other-7"].error


def test_great_expectations_judges_what_was_counted() -> None:
    checks = Checks()
    table = pa.table({field.name: pa.nulls(3, field.type) for field in schema("articles")})
    table = table.set_column(table.column_names.index("language"), "language", pa.array(["en", "und", "und"]))
    found = checks.judge("articles", table, range(3)).results
    assert checks.counted(found) == found and {result.success for result in found} == {True, False}
    wrong = [result._replace(success=not result.success) for result in found]
    assert checks.counted(wrong) == found
    raised = [found[0]._replace(error="no", success=False), found[0]._replace(suite="run", success=False)]
    assert checks.counted(raised) == raised and checks.counted([]) == []


def test_every_type_is_tried() -> None:
    assert {kind for kind, _ in CASES} <= set(EXPECTATIONS)
    answered = {kind for kind in EXPECTATIONS if kind.startswith(("expect_column_values_to_be_", "expect_table"))}
    assert answered <= {kind for kind, _ in CASES}


@pytest.mark.no_cover  # tracing each line takes as long as the work, and time is what is measured
def test_a_row_costs_microseconds() -> None:
    """A million rows would take seconds: 4 µs a row is the aim, and the limit here leaves room for a slow machine."""
    rows = 50_000
    columns = {field.name: pa.nulls(rows, field.type) for field in schema("articles") if field.name in FOUND.values()}
    for field in schema("articles"):
        whole = np.full(rows, 100) if not pa.types.is_floating(field.type) else np.full(rows, 0.0)
        words = pa.array(["en"] * rows) if pa.types.is_string(field.type) else None
        flags = pa.array(np.zeros(rows, bool)) if pa.types.is_boolean(field.type) else None
        columns.setdefault(field.name, words or flags or pa.array(whole, field.type))
    table = pa.table(columns)
    checks = Checks()
    verdicts: list[Verdict[int]] = []
    seconds = cpu_seconds(lambda: verdicts.append(checks.judge("articles", table, range(rows))), runs=3)
    assert seconds / rows < 12e-6
    assert len(verdicts[0].problems) == rows
