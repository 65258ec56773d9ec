"""Cleaning what was cleaned changes nothing: of every case and example, and of named kinds of texts all the same.

`test_properties.py` holds of any text that the second pass has nothing to repair or normalize; it gives no title and
leaves out what the structure step does. Here the whole of headline and body is compared, with the headline given as
the title, for texts that are like articles. `docs/explanation/edits.md` says what is promised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from copydesk.config import Config, SourcesConfig, TyposConfig
from copydesk.edits import APPLIED, published_text
from copydesk.pipeline import as_document, clean_documents
from copydesk.records import Document
from copydesk.sources import read

HERE = Path(__file__).parent
CASES = HERE / "cases"
RAW = HERE.parent / "examples" / "raw"
WITHOUT_TYPOS = Config(typos=TyposConfig(mode="off"))

#: Cases and examples that the second pass changes, each with its reason.
CHANGED = {
    "Turkish: place and agency on a line, the date below": "known failure: its dateline stood above the other two",
}


class Again(NamedTuple):
    """A document whose second cleaning gave another headline or body, and the rules that made it other."""

    uri: str
    rules: tuple[str, ...]


def changed(documents: Iterable[Document], config: Config) -> Iterator[Again]:
    """The documents that a second pass changes. Those that come to no article are left out."""
    first = [one.article for one in clean_documents(list(documents), config) if one.article is not None]
    again = [as_document(published_text(a.headline, a.body), a.uri, title=a.headline or None) for a in first]
    for before, cleaned in zip(first, clean_documents(again, config), strict=True):
        after = cleaned.article
        if after is None or (after.headline, after.body) != (before.headline, before.body):
            rules = {edit.rule for edit in cleaned.edits if edit.status == APPLIED and edit.field == "text"}
            yield Again(before.uri, tuple(sorted(rules)))


def cases(*patterns: str) -> list[Document]:
    """The cases that have a text, known to fail or not, by their names."""
    found = [path for pattern in patterns for path in sorted(CASES.rglob(pattern))]
    rows = [json.loads(line) for path in found for line in path.read_text("utf-8").splitlines() if line]
    return [
        as_document(row["text"], row["name"], title=row.get("title"), date=row.get("date"))
        for row in rows
        if isinstance(row.get("text"), str)
    ]


def test_cases_stay_as_they_are() -> None:
    documents = cases("*.jsonl")
    assert len(documents) > 700
    found = {again.uri: again.rules for again in changed(documents, WITHOUT_TYPOS)}
    assert found.keys() == CHANGED.keys(), {uri: rules for uri, rules in found.items() if uri not in CHANGED}


def test_corrected_typos_stay_corrected() -> None:
    documents = cases("typos.jsonl")
    assert len(documents) > 40
    assert list(changed(documents, Config())) == []


def test_examples_stay_as_they_are() -> None:
    documents = list(read(str(RAW), SourcesConfig()))
    assert len(documents) >= 28
    assert list(changed(documents, Config())) == []


# --- what is not promised ---------------------------------------------------------------------------------------------

STORY = (
    "The harbour town voted by a wide margin on Sunday to keep its last ferry running through the winter months.\n\n"
    "The council had wanted to stop the service in November because too few people used it on working days."
)
HEADLINE = "Harbour Town Votes to Keep Its Last Ferry"
DAYS = "\n\n".join(
    f"On day {day} of the count the ferry sailed to the island at noon, and the harbour was as full of people who had "
    "come to see it as it had been in the summer, the harbour master said."
    for day in range(20)
)
MENU = "26 | 01 | 2022\n\nCoast | Sport | Video\n\n0\n\n337\n\n0 337"

#: A text of each kind that the second pass changes: the text, its title, and the rules of the second pass.
KINDS = {
    "a column is filled": (
        f"{HEADLINE}\n\n{STORY}\n\nVia: Harbour Gazette\n\nSource: Island Herald",
        None,
        ("source-line",),
    ),
    "the headline was not known without the site": (
        f"{HEADLINE} | Harbour Gazette\n\n{HEADLINE}\n\n{DAYS}\n\n{HEADLINE}\n\n{STORY}",
        None,
        ("headline-repeat",),
    ),
    "a repeat of the headline stood between": (
        f"{HEADLINE}\n\nThe ferry stays\n\n{HEADLINE}\n\nBy Jane Doe\n\n{STORY}",
        HEADLINE,
        ("byline",),
    ),
    "a line stood above the title of the page": (
        f"Source: AP\n\nWinter Ferries | harbour.example | Your Island Magazine\n\n{MENU}\n\nWinter Ferries\n\n{STORY}",
        None,
        ("headline-with-site", "page-head"),
    ),
    "another prefix stood in front": (f"Canadian Press - HALIFAX (CP) - {STORY}", HEADLINE, ("dateline",)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_changes(kind: str) -> None:
    """Where one no longer does, it can go from here and from the documentation."""
    text, title, rules = KINDS[kind]
    assert [again.rules for again in changed([as_document(text, kind, title=title)], WITHOUT_TYPOS)] == [rules]
