"""What the cases of the structure step do not show: rules change nothing, and each form of the data has its example."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import copydesk
from copydesk.config import DatesConfig
from copydesk.data import lists
from copydesk.text.fold import fold as folded
from copydesk.text.lazy import later
from copydesk.text.site import Recurring, Site
from copydesk.text.structure import Given, datelines, layout, structure
from copydesk.text.structure.decisions import Known, fold
from copydesk.text.structure.furniture import find_furniture
from copydesk.text.structure.sentences import ends_sentence, speaks

CASES = [
    json.loads(line)["text"].replace("\r\n", "\n")
    for line in (Path(__file__).parent / "cases" / "structure.jsonl").read_text("utf-8").splitlines()
]


def test_a_rule_asked_twice_says_the_same() -> None:
    """Whatever was asked before, and of whichever line: rules decide, and `fold` alone changes what is known."""
    for text in CASES:
        paragraphs = [" ".join(piece.split()) for piece in text.split("\n\n") if piece.strip()]
        site = Site("coast.example", "month-first", {line: Recurring(9, True) for line in paragraphs[2:-1:3]})
        page, first = layout._read("\n\n".join(paragraphs), Given(site=site), DatesConfig())
        known = fold(Known(), first)
        for rule in layout.RULES:
            made = list(rule(page, known))
            again, _ = layout._read(page.text, Given(site=site), DatesConfig())
            assert list(rule(page, known)) == made == list(rule(again, known)), rule.__name__
            known = fold(known, made)


@pytest.mark.parametrize("form", datelines.FORMS, ids=lambda form: form.examples[0])
def test_a_form_of_datelines_reads_its_examples(form: datelines.Form) -> None:
    for example in form.examples:
        story = f"{example} Rain fell on the harbour town for two days."
        text = story if form.kind in ("written", "agency") else folded(story).replace("ـ", "-")
        assert form.pattern.match(text), example
        found = datelines.find_dateline(story)
        assert found is not None, example
        assert found.place or found.agency or "本报" in example


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("AT&T News", True),
        ("Reuters", True),
        ("AFP et Reuters", True),
        ("dpa/lby", True),
        ("MAP", True),
        ("Map", False),
        ("Jane Doe/Harbour Herald", False),
        ("the minister", False),
    ],
)
def test_agencies(name: str, is_one: bool) -> None:
    assert datelines.is_agency(name) == is_one


def test_a_name_that_other_languages_use_for_an_agency_heads_no_story_in_english() -> None:
    story = "Map: After two days of rain, as much as a third of the harbour town is under water, the council said."
    assert structure(story, Given(), DatesConfig())[0].agency is None


@pytest.mark.parametrize("mark", [".", "?", "…", "。", "？", "؟", "۔", "।", ".”", "？”"])
def test_ends_of_sentences(mark: str) -> None:
    assert ends_sentence(f"Rain fell{mark}")
    assert not ends_sentence(f"Rain fell{mark} and")


@pytest.mark.parametrize(
    ("line", "is_speech"),
    [
        ("Sign up, the minister said, for our newsletter", True),
        ("SIGN UP, HE TOLD US", True),
        ("Jetzt anmelden, sagte die Ministerin", True),
        ("Abonnez-vous, a déclaré le ministre", True),
        ("„Jetzt anmelden“", True),
        ("Sign up for our saddest newsletter", False),
    ],
)
def test_speech(line: str, is_speech: bool) -> None:
    assert speaks(line) == is_speech


def test_who_speaks_presses_no_button() -> None:
    assert find_furniture("Sign up for our daily newsletter")
    assert not find_furniture("Sign up for our daily newsletter, the editor told readers")


@pytest.mark.parametrize(
    ("order", "text", "is_open"),
    [
        ("day-first", "03/04/2019", True),
        ("skip", "03/04/2019", True),
        ("day-first", "13/04/2019", False),
        ("skip", "2019-04-03", False),
    ],
)
@pytest.mark.parametrize("place", ["line", "field", "below"])
def test_an_order_of_day_and_month_that_is_open_is_told(order: str, text: str, is_open: bool, place: str) -> None:
    config = DatesConfig(numeric_order=order)
    story = "The town council voted late on Monday to keep the last ferry running through the winter, six to three."
    lines = {
        "line": f"Harbour town votes to keep ferry\n\n{text}\n\n{story}",
        "field": story,
        "below": f"Harbour town votes to keep ferry\n\n{story}\n\n{text}",
    }
    found, _ = structure(lines[place], Given(date=text if place == "field" else None), config)
    assert found.date_order_open == is_open == any(problem.rule == "date-order-open" for problem in found.problems)
    proven = Given(date=text if place == "field" else None, site=Site("coast.example", "month-first"))
    assert not structure(lines[place], proven, config)[0].date_order_open


@pytest.mark.parametrize("row", lists.table("furniture.toml")["pattern"], ids=lambda row: row["match"][:40])
def test_every_furniture_pattern_can_be_tried(row: dict[str, Any]) -> None:
    """Patterns are looked up by the first or the last word of a line; one without either would never be tried."""
    words = [word for name in ("first", "last") for word in row.get(name, ())]
    assert words
    assert all(word == word.casefold() and len(word.split()) == 1 for word in words)


@pytest.mark.parametrize(
    ("line", "modified"),
    [
        ("Published: 15 May 2024, 09:30 | Updated: 16 May 2024, 18:10", "2024-05-16 18:10"),
        ("By Jane Roe | June 12, 2020 | Updated: Aug. 18, 2020", "2020-08-18 00:00"),
        ("Published 15 May 2024\n\nUpdated 16 May 2024", "2024-05-16 00:00"),
        ("Published: 15 May 2024", None),
    ],
)
def test_the_date_of_an_update_is_a_column_of_its_own(line: str, modified: str | None) -> None:
    story = "The council had wanted to stop the service in November because too few people used it."
    article = copydesk.clean(f"Harbour Town Votes to Keep Its Last Ferry\n\n{line}\n\n{story}", uri="a").article
    assert article is not None
    assert (article.modified_at and f"{article.modified_at:%Y-%m-%d %H:%M}") == modified
    assert article.body == story


def test_an_expression_that_is_compiled_later_does_what_one_that_is_compiled_does() -> None:
    pattern = later(r"(?P<day>\d+) may", re.IGNORECASE)
    assert "search" not in vars(pattern)
    found = pattern.search("On 3 May")
    assert found is not None
    assert found["day"] == "3"
    assert "search" in vars(pattern)
    assert pattern.sub("x", "1 may, 2 MAY") == "x, x"
    assert pattern.groupindex == {"day": 1}
    with pytest.raises(re.error):
        later("(").match("")
