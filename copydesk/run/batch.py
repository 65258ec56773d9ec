"""A batch of documents as Arrow tables: the result of one task of a worker process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from copydesk.checks import metrics
from copydesk.config import Config
from copydesk.correct import correct_typos
from copydesk.ledger import rebuilds
from copydesk.pipeline import clean_alone, proven
from copydesk.records import CRITICAL, INFO, Article, Cleaned, Document, Problem, storable
from copydesk.reviewed import NO_CHOICES, Choices, review
from copydesk.text.site import Proof, Site
from copydesk.warehouse.rows import articles_table, as_given, documents_table, edits_table, quarantine_row
from copydesk.warehouse.signs import SIGNS, signs

#: The reason for which a document stays in quarantine whose release was taken back.
WITHDRAWN = Problem(
    "decide",
    "release-withdrawn",
    None,
    CRITICAL,
    "a person took its release back; `copydesk quarantine release` publishes it again",
)


class Batch(NamedTuple):
    """Cleaned documents.

    `articles` (rows of `ARTICLES` and `published_date`), `metrics` (from `copydesk.checks.metrics`) and `raw` (rows of
    `documents_table`) have the same rows, and so have `signs` (from `copydesk.warehouse.signs`) if articles are to be
    compared; `edits` are those of the articles. `problems` are the problems found by the
    steps, by row. `quarantined` are rows of the quarantine, with the columns of `RAW`. `documents` and `size` are the
    number of documents and bytes.

    `waiting` are documents with a question that others of their site may answer; `proofs` is the evidence of this
    batch.
    """

    articles: pa.Table
    metrics: pa.Table
    edits: pa.Table
    raw: pa.Table
    signs: pa.Table
    problems: dict[int, list[Problem]]
    quarantined: list[dict[str, Any]]
    documents: int
    size: int
    waiting: Sequence[Document] = ()
    proofs: frozenset[Proof] = frozenset()


def clean_batch(
    documents: Sequence[Document],
    config: Config,
    day: date,
    sites: Mapping[str, Site],
    choices: Choices = NO_CHOICES,
    last: bool = True,
) -> Batch:
    """Clean documents and separate those without an article or with a critical problem. `day` is the date of the run.

    `sites` is the evidence on their sites, `choices` what people decided about their edits. Unless this is the `last`
    pass, documents with an open question wait.
    """
    alone = clean_alone(documents, config, sites)
    waiting = [] if last else [one for one in alone if one.waits]
    proofs: frozenset[Proof] = frozenset() if last else frozenset().union(*map(proven, alone))
    ready = [(one, document) for one, document in zip(alone, documents, strict=True) if last or not one.waits]
    cleaned = correct_typos([one for one, _ in ready], config)
    cleaned = [_reviewed(one, choices) for one in cleaned] if choices else cleaned
    cleaned = [_unless_withdrawn(one, choices) for one in cleaned] if choices.withdrawn else cleaned
    kept: list[tuple[Cleaned, Article]] = []
    raw, quarantined = [], []
    for one, (_, document) in zip(cleaned, ready, strict=True):
        if one.article is not None and not _is_unfit(one, choices):
            kept.append((one, one.article))
            raw.append(_row(one, document))
        else:
            quarantined.append(_row(one, document, one.source_text or None))
    table = articles_table([article for _, article in kept])
    reversible = pa.array([one.reversible for one, _ in kept], pa.bool_())
    return Batch(
        table,
        metrics.articles(table.append_column("rebuilds", reversible), day),
        edits_table([edit for one, _ in kept for edit in one.edits], [article for _, article in kept]),
        documents_table(raw),
        signs(table) if config.duplicates.enabled else SIGNS.empty_table(),
        {row: list(one.problems) for row, (one, _) in enumerate(kept) if one.problems},
        quarantined,
        len(cleaned),
        sum(len(one.document.content) for one in cleaned),
        [one.document for one in waiting],
        proofs,
    )


def _reviewed(one: Cleaned, choices: Choices) -> Cleaned:
    """`one` with its edits as people decided. A decision that cannot be carried out is noted."""
    if one.article is None:
        return one
    article, edits, conflicts = review(one.article, one.edits, choices)
    if edits == list(one.edits) and not conflicts:
        return one
    problems = [
        Problem("clean", "decision-conflict", None, INFO, f"edit {edit.sequence}, {edit.rule}: {edit.before[:80]!r}")
        for edit, _, _ in conflicts
    ]
    done = replace(one, article=article, edits=tuple(edits), problems=(*one.problems, *problems))
    return replace(done, reversible=rebuilds(done))


def _unless_withdrawn(one: Cleaned, choices: Choices) -> Cleaned:
    """`one` with a critical problem if its release was taken back."""
    if (one.document.uri, one.document.content_sha256) not in choices.withdrawn:
        return one
    return replace(one, problems=(WITHDRAWN, *one.problems))


def _is_unfit(one: Cleaned, choices: Choices) -> bool:
    """Whether the steps found a reason not to publish a document; the suites judge all others."""
    if choices.released and (one.document.uri, one.document.content_sha256) in choices.released:
        return not one.reversible or one.article is None or not one.article.body
    return any(problem.severity == CRITICAL and problem != WITHDRAWN for problem in one.problems)


def join(batches: Sequence[Batch]) -> Batch:
    """Concatenate batches, in order."""
    problems: dict[int, list[Problem]] = {}
    rows = 0
    for batch in batches:
        problems |= {rows + row: found for row, found in batch.problems.items()}
        rows += len(batch.articles)
    articles, metric_rows, edits, raw, signed = (
        pa.concat_tables([batch[index] for batch in batches]) for index in range(5)
    )
    quarantined = [row for batch in batches for row in batch.quarantined]
    documents, size = sum(batch.documents for batch in batches), sum(batch.size for batch in batches)
    return Batch(articles, metric_rows, edits, raw, signed, problems, quarantined, documents, size)


def _row(one: Cleaned, given: Document, text: str | None = None) -> dict[str, Any]:
    """A row of the quarantine, with the columns of `RAW` for the document as it was `given`, and `has_body` for the
    report. Documents that fail later need no text here: the row holds their bytes.
    """
    article = one.article
    row = quarantine_row(
        one.document,
        [p._replace(observed=storable(p.observed)) for p in one.problems],
        text,
        article.encoding if article else one.document.encoding,
        article.published_date if article else None,
    )
    return row | as_given(given) | {"has_body": article is not None and bool(article.body)}
