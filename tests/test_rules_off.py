"""Rules that are off: their edits are not made, the text stays, and what is made still leads back to the source."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_properties import TEXTS, check

import copydesk
from copydesk.config import Config, RulesConfig
from copydesk.config.load import ConfigError, load
from copydesk.data.rules import rules
from copydesk.edits import published_text

EDITING = sorted(rule.name for rule in rules().values() if rule.measured)
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)


def without(*off: str) -> Config:
    return Config(rules=RulesConfig(off=off))


@SETTINGS
@given(TEXTS, st.one_of(st.none(), TEXTS), st.sets(st.sampled_from(EDITING), min_size=1, max_size=4))
@example("Harbour closes | Site\n\nHarbour closes\n\nThe bridge was closed.", "Harbour Closes", {"headline-with-site"})
@example("\n\nHarbour closes\n\n\n\nThe bridge was closed.", None, {"edge", "paragraph-break"})
@example("The bridge was closed on Monday.", "Harbour “closes”", {"headline-from-title"})
def test_edits_of_rules_that_are_off_are_not_made(text: str, title: str | None, off: set[str]) -> None:
    cleaned = copydesk.clean(text, uri="any", title=title, config=without(*off))
    assert all(problem.rule != "failed" for problem in cleaned.problems)
    check(cleaned)
    assert not {edit.rule for edit in cleaned.edits} & off


EXAMPLES = sorted(
    path for path in (Path(copydesk.__file__).parent.parent / "examples" / "raw").iterdir() if path.is_file()
)


@cache
def usual() -> dict[str, copydesk.Cleaned]:
    return {path.name: copydesk.clean(path.read_bytes(), path.name) for path in EXAMPLES}


@pytest.mark.parametrize("rule", EDITING)
def test_where_a_rule_is_at_work_it_can_be_off(rule: str) -> None:
    """On the examples, of which most rules change one."""
    at_work = [name for name, one in usual().items() if any(edit.rule == rule for edit in one.edits)]
    for path in [path for path in EXAMPLES if path.name in at_work][:3]:
        cleaned = copydesk.clean(path.read_bytes(), path.name, without(rule))
        check(cleaned)
        assert all(edit.rule != rule for edit in cleaned.edits)
        assert cleaned.article != usual()[path.name].article or rule == "site-boilerplate"


def test_the_examples_put_most_rules_to_work() -> None:
    assert len({edit.rule for one in usual().values() for edit in one.edits}) > 25


def test_a_line_that_stays_stays_in_its_place() -> None:
    text = "Harbour closes\n\nThe “old” harbour closed on Monday.\n\nShare this article"
    article = copydesk.clean(text, "a", without("share-line", "quote")).article
    assert article is not None and published_text(article.headline, article.body) == text


def test_a_title_that_is_not_put_in_front_is_no_headline() -> None:
    one = copydesk.clean("The harbour closed on Monday.", "a", without("headline-from-title"), title="Harbour  closes")
    assert one.article is not None and one.reversible
    assert (one.article.headline, one.article.body, one.edits) == ("", "The harbour closed on Monday.", ())


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("off = ['qoute']", "rules.off = ['qoute']: qoute is not a rule; did you mean quote?"),
        ("off = ['no-story']", "no-story makes no edits; it names a problem"),
        ("of = []", "rules.of is not a setting; did you mean rules.off?"),
    ],
)
def test_names_that_cannot_be_off(toml: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "copydesk.toml").write_text(f"[rules]\n{toml}\n")
    with pytest.raises(ConfigError) as caught:
        load(str(tmp_path / "copydesk.toml"), environment={})
    assert said in str(caught.value)


def test_off_comes_from_the_environment_in_any_order() -> None:
    off = load(environment={"COPYDESK_RULES__OFF": "quote, edge space"}).rules.off
    assert off == ("edge", "quote", "space") == RulesConfig(off=("space", "quote", "edge", "edge")).off
