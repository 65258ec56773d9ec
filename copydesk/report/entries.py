"""Edits as the report lists them: what was changed, in its context, with the evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import TEXT, TITLE, Edit, EditMismatch, published_text
from copydesk.languages.evidence import evidence
from copydesk.records import Article
from copydesk.report.commands import LONGEST_URI, decidable
from copydesk.report.excerpts import contexts

#: Code points kept of a text that was changed.
LONGEST_PAIR = 80

#: An edit and its entry.
Shown = tuple[Edit, dict[str, Any]]


def of_rows(articles: pa.Table, edits: pa.Table, chosen: Sequence[int]) -> tuple[list[Shown], list[str]]:
    """The rows `chosen` of a batch's edits, in the order of the batch, and the ids of articles that do not fit them."""
    picked = edits.select(["article_id", "sequence"]).take(pa.array(chosen, pa.int64())).to_pydict()
    wanted: dict[str, set[int]] = {}
    for article, sequence in zip(picked["article_id"], picked["sequence"], strict=True):
        wanted.setdefault(article, set()).add(sequence)
    ids = pa.array(wanted, pa.string())
    texts = articles.select(["article_id", "uri", "headline", "body", "language"]).filter(
        pc.is_in(articles["article_id"], ids)
    )
    by_article: dict[str, list[Edit]] = {article: [] for article in wanted}
    of_these = edits.filter(pc.is_in(edits["article_id"], ids)).select(list(Edit._fields))
    for values in zip(*of_these.to_pydict().values(), strict=True):
        by_article[values[0]].append(Edit(*values))
    found: list[Shown] = []
    irreversible = []
    for article in texts.to_pylist():
        name = article["article_id"]
        try:
            found += of_article(article, by_article[name], wanted[name])
        except EditMismatch:
            irreversible.append(name)
    return found, irreversible


def of_article(article: Mapping[str, Any], edits: Sequence[Edit], wanted: Collection[int]) -> list[Shown]:
    """The edits of one article, a row of `articles`, whose `sequence` is in `wanted`, in order.

    Raises `EditMismatch` if the edits do not fit the article.
    """
    headline = article["headline"]
    published = {TEXT: published_text(headline, article["body"]), TITLE: headline}
    whole = Article(article["article_id"], article["uri"], "", headline=headline, body=article["body"])
    mine = sorted(edits, key=lambda edit: edit.sequence)
    found: list[Shown] = []
    for edit, before, context in contexts(published, mine, set(wanted)):
        entry = {
            "article_id": article["article_id"],
            "sequence": edit.sequence,
            "uri": article["uri"][:LONGEST_URI],
            "step": edit.step,
            "rule": edit.rule,
            "status": edit.status,
            "confidence": edit.confidence,
            "places": len(edit.places),
            "before": edit.before[:LONGEST_PAIR],
            "after": edit.after[:LONGEST_PAIR],
            "context": context,
            "evidence": evidence(before, edit, article["language"]) if before != edit.before else "",
            "decidable": decidable(whole, mine, edit),
        }
        found.append((edit, entry))
    return found[::-1]
