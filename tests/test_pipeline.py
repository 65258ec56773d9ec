"""The composition: every way of running it gives the same, and a page is a page wherever it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import copydesk
from copydesk import ledger, pipeline
from copydesk.cli import main
from copydesk.config import Config
from copydesk.edits import Edit
from copydesk.records import Article, Cleaned, Document

RAW = Path(__file__).parent.parent / "examples" / "raw"
PAGE = RAW / "18-page.html"
STORY = "The harbour opened again on Friday, and the first ferry left with forty people on board."


def article(cleaned: Cleaned) -> Article:
    assert cleaned.article is not None, cleaned.problems
    return cleaned.article


@pytest.mark.parametrize("uri", ["18-page.html", "https://news.example/harbour", "page.txt"])
def test_the_api_reads_pages_as_the_night_does(uri: str) -> None:
    shown = json.loads(CliRunner().invoke(main, ["show", str(PAGE), "--json"]).stdout)["article"]
    for content in (PAGE.read_bytes(), PAGE.read_text("utf-8")):
        found = article(copydesk.clean(content, uri=uri))
        assert (found.headline, found.body) == (shown["headline"], shown["body"])
        assert found.headline and not found.headline.startswith("<")


def test_text_that_keeps_the_address_of_its_page_stays_text() -> None:
    found = article(copydesk.clean(STORY, uri="https://news.example/2024/harbour.html"))
    assert STORY in (found.headline, found.body)


@pytest.mark.parametrize("opening", ["<p>", "<!-- <html> -->", "a <html> element"])
def test_markup_in_a_text_makes_no_page(opening: str) -> None:
    assert copydesk.clean(f"{opening}{STORY}", uri="a.txt").document.media_type == "text"


def test_a_page_can_be_called_one() -> None:
    page = f"<div><h1>Harbour opens again</h1><p>{STORY}</p><p>{STORY} Many waved.</p></div>"
    assert article(copydesk.clean(page, uri="a", media_type="html")).body.startswith("The harbour opened")
    assert copydesk.clean(page, uri="a").document.media_type == "text"


def test_a_page_without_a_story_has_a_problem_and_no_article() -> None:
    cleaned = copydesk.clean("<!doctype html><html><body></body></html>", uri="a")
    assert cleaned.article is None
    assert [problem.stage for problem in cleaned.problems] == ["read"]


def test_one_and_many_are_cleaned_alike() -> None:
    documents = [Document(path.name, path.read_bytes()) for path in sorted(RAW.glob("*.txt"))]
    together = pipeline.clean_documents(documents, Config())
    alone = [pipeline.clean_documents([document], Config())[0] for document in documents]
    assert [one.article for one in together] == [one.article for one in alone]


def fail_where(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step fail at documents with `words`."""
    languages_of = pipeline.languages_of

    def failing(texts: Sequence[str]) -> list[str]:
        if any(words in text for text in texts):
            raise ZeroDivisionError("a fault")
        return languages_of(texts)

    monkeypatch.setattr(pipeline, "languages_of", failing)


def test_a_fault_costs_the_document_that_it_happens_with(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_where("ferry", monkeypatch)
    texts = ["The town is quiet this morning, and so are its streets.", STORY]
    quiet, failed = pipeline.clean_documents([Document(str(i), t.encode()) for i, t in enumerate(texts)], Config())
    assert quiet.article is not None
    assert failed.article is None
    assert [(p.stage, p.rule) for p in failed.problems] == [("clean", "failed")]
    assert "ZeroDivisionError" in failed.problems[0].observed


def test_a_fault_leaves_the_documents_beside_it_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document(str(i), f"{STORY} It carried {i} bags of mail.".encode()) for i in range(80)]
    expected = pipeline.clean_alone(documents, Config())
    fail_where("carried 40 bags", monkeypatch)
    found = pipeline.clean_alone(documents, Config())
    assert [one for one in found if one.article is None] == [found[40]]
    assert found[:40] + found[41:] == expected[:40] + expected[41:]


@given(st.text(), st.text(st.characters() | st.sampled_from(" \n\x1f\x85\xa0\u2028\u3000")))
def test_words_are_counted_as_they_are_divided(headline: str, body: str) -> None:
    words = len(headline.split()) + len(body.split())
    assert ledger.counts(headline, body, ()) == {"word_count": words, "edit_count": 0, "suggestion_count": 0}


def test_what_does_not_lead_back_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    normalize = pipeline.normalize

    def faulty(*given: Any, **more: Any) -> tuple[str, list[Edit]]:
        text, edits = normalize(*given, **more)
        return text + "!", edits

    monkeypatch.setattr(pipeline, "normalize", faulty)
    assert not copydesk.clean(STORY, uri="a").reversible
    monkeypatch.undo()
    assert copydesk.clean(STORY, uri="a").reversible
