"""Measures that are taken of all articles at once are those that each would have alone."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.checks import metrics
from copydesk.records import Article
from copydesk.text.structure.furniture import _BY_FIRST, _LASTS, _STARTS, find_furniture
from copydesk.text.structure.sentences import cut_off
from copydesk.warehouse.rows import articles_table

NIGHT = date(2026, 11, 28)
PIECES = [
    "The old bridge stays closed.", "Share this article", "Photo: Jane Doe/Getty Images", "<b>x</b>", "&amp;", "â€™",
    "a\\nB", "\\u2019", "Ã©", "\x07", "\ufffd", "404 - Page not found", "[+1234 chars]", "more…", "and…\n", "...",
    "\n\n", "», ", "\n", " ", "STRASSE", "straße", "İstanbul", "ﬁ", "%E2%80%99", "a%20b ", "<br>",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)
FURNITURE_WORDS = sorted(_STARTS | _BY_FIRST.keys() | set(_LASTS))
ARTICLES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


def table(articles: list[tuple[str, str]]) -> pa.Table:
    return articles_table([Article(str(i), "u", "c", head, body) for i, (head, body) in enumerate(articles)])


@given(ARTICLES)
@settings(deadline=None, max_examples=60)
def test_an_article_has_the_measures_that_it_has_alone(articles: list[tuple[str, str]]) -> None:
    articles = [(a.encode("utf-8", "replace").decode(), b.encode("utf-8", "replace").decode()) for a, b in articles]
    together = metrics.articles(table(articles), NIGHT)
    alone = pa.concat_tables([metrics.articles(table([one]), NIGHT) for one in articles])
    assert together.equals(alone)


@given(ARTICLES)
@settings(deadline=None, max_examples=60)
def test_measures_are_what_their_definition_says(articles: list[tuple[str, str]]) -> None:
    articles = [(a.encode("utf-8", "replace").decode(), b.encode("utf-8", "replace").decode()) for a, b in articles]
    measured = metrics.articles(table(articles), NIGHT).to_pylist()
    for (headline, body), row in zip(articles, measured, strict=True):
        paragraphs = body.split("\n\n")
        repeated = sum(len(one) for i, one in enumerate(paragraphs) if one in paragraphs[:i])
        head = headline.casefold().strip()
        start = body[: len(head) + 80].casefold().strip()
        assert row["repeated_share"] == pytest.approx(repeated / max(sum(map(len, paragraphs)), 1))
        assert row["headline_is_body"] == (bool(head) and head == start)
        assert row["headline_repeated"] == (len(head) > 10 and start.startswith(head) and start != head)
        assert row["cut_off"] == (cut_off(body) is not None)
        assert row["replacement_count"] == f"{headline}\n\n{body}".count("\ufffd")


@given(
    st.sampled_from(FURNITURE_WORDS),
    TEXTS,
    st.sampled_from(["", "'", "» ", "12 ", "© "]),
)
@settings(deadline=None, max_examples=300)
def test_no_furniture_is_passed_over(first: str, rest: str, before: str) -> None:
    for line in (before + first.title() + rest, before + first.upper() + " " + rest, before + rest, rest + first):
        line = line.encode("utf-8", "replace").decode()
        found = find_furniture(line) if line else None
        assert (found is not None and found.rule != "photo-credit") == metrics._is_furniture(line)
