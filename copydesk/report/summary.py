"""Counts and examples for the report, collected batch by batch in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import APPLIED, SUGGESTED
from copydesk.report.counts import TopCounts
from copydesk.report.entries import LONGEST_PAIR, of_rows
from copydesk.report.held import Held

#: Edits kept for each (rule, status).
EXAMPLES = 4
#: The least certain applied edits, in all and of one rule, so that one uncertain rule does not hide the others.
LEAST_CERTAIN, LEAST_CERTAIN_OF_RULE = 60, 12
#: The most certain suggestions, in all and of one rule.
SUGGESTIONS, SUGGESTIONS_OF_RULE = 200, 100
#: Edits with the same `before` and `after` in each of these lists.
ALIKE = 2
#: Changes longer than `LONGEST_PAIR` are counted by rule only. The most frequent shorter ones keep an example each.
PAIRS = 60

#: A change: rule, status, before, after.
Pair = tuple[str, str, str, str]


class Summary:
    """Counts, examples and uncertain edits of a run, from `add` and `add_quarantined`; summaries of parts can `merge`.

    The same batches in the same order give the same summary. It can be pickled.
    """

    def __init__(self) -> None:
        self.articles = 0
        self.edited_articles = 0
        self.irreversible: list[str] = []  # ids of articles that their edits do not rebuild; should be empty
        self.rules = TopCounts(("step", "rule", "status"), ("places", "rows", "articles"))
        self.pairs = TopCounts(("rule", "status", "before", "after"), ("places",))
        self.columns = {name: TopCounts((name,)) for name in ("language", "encoding", "agency", "validation")}
        self.examples: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.pair_examples: dict[Pair, dict[str, Any]] = {}
        self.least_certain: list[dict[str, Any]] = []
        self.suggestions: list[dict[str, Any]] = []
        self.held = Held()

    def add(self, articles: pa.Table, edits: pa.Table) -> None:
        """Add published articles (columns of `ARTICLES`) and all their edits (columns of `EDITS`)."""
        self.articles += articles.num_rows
        for name, counts in self.columns.items():
            column = pc.utf8_slice_codeunits(pc.fill_null(articles[name], ""), 0, LONGEST_PAIR)
            counts.add(pa.table({name: column}))
        if not edits.num_rows:
            return
        places = pc.fill_null(pc.cast(pc.list_value_length(edits["positions"]), pa.int64()), 1)
        self._count(edits, places)
        self._show(articles, edits)

    def add_quarantined(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add quarantined documents: rows of `copydesk.warehouse.rows.quarantine_row`."""
        self.held.add(rows)

    def merge(self, other: Summary) -> None:
        """Add another summary; its examples are kept while there is room."""
        self.articles += other.articles
        self.edited_articles += other.edited_articles
        self.irreversible = [*self.irreversible, *other.irreversible][:EXAMPLES]
        self.held.merge(other.held)
        for mine, theirs in (
            (self.rules, other.rules),
            (self.pairs, other.pairs),
            *((counts, other.columns[name]) for name, counts in self.columns.items()),
        ):
            mine.merge(theirs)
        for key, examples in other.examples.items():
            self.examples[key] = [*self.examples.get(key, []), *examples][:EXAMPLES]
        frequent = self.frequent_pairs()
        examples_of_pairs = {**other.pair_examples, **self.pair_examples}
        self.pair_examples = {pair: examples_of_pairs[pair] for pair in frequent if pair in examples_of_pairs}
        self.least_certain = _ranked([*self.least_certain, *other.least_certain], LEAST_CERTAIN, LEAST_CERTAIN_OF_RULE)
        self.suggestions = _ranked([*self.suggestions, *other.suggestions], SUGGESTIONS, SUGGESTIONS_OF_RULE)

    def frequent_pairs(self) -> dict[Pair, int]:
        """The most frequent changes and their counts, most frequent first."""
        rows = self.pairs.top(PAIRS)
        return {(row["rule"], row["status"], row["before"], row["after"]): row["places"] for row in rows}

    def _count(self, edits: pa.Table, places: pa.ChunkedArray) -> None:
        keys = ["step", "rule", "status"]
        counted = edits.select([*keys, "article_id"]).append_column("places", places)
        grouped = counted.group_by(keys, use_threads=False).aggregate(
            [("places", "sum"), ([], "count_all"), ("article_id", "count_distinct")]
        )
        self.rules.add(grouped.rename_columns([*keys, "places", "rows", "articles"]))
        applied = pc.equal(edits["status"], APPLIED)
        self.edited_articles += pc.count_distinct(edits["article_id"].filter(applied)).as_py()

        length = pc.add(pc.utf8_length(edits["before"]), pc.utf8_length(edits["after"]))
        columns = edits.select(["rule", "status", "before", "after"]).append_column("places", places)
        self.pairs.add(columns.filter(pc.less_equal(length, LONGEST_PAIR)))

    def _show(self, articles: pa.Table, edits: pa.Table) -> None:
        """Choose the edits of this batch to keep, and add their context."""
        frequent = self.frequent_pairs()
        chosen = {
            *self._free_examples(edits),
            *self._free_pairs(edits, [pair for pair in frequent if pair not in self.pair_examples]),
            *self._uncertain(edits, APPLIED, self.least_certain, LEAST_CERTAIN, LEAST_CERTAIN_OF_RULE),
            *self._uncertain(edits, SUGGESTED, self.suggestions, SUGGESTIONS, SUGGESTIONS_OF_RULE),
        }
        if not chosen:
            return
        found, irreversible = of_rows(articles, edits, sorted(chosen))
        self.irreversible = [*self.irreversible, *irreversible][:EXAMPLES]
        for edit, entry in found:
            self.pair_examples.setdefault((edit.rule, edit.status, edit.before, edit.after), entry)
        self.pair_examples = {pair: self.pair_examples[pair] for pair in frequent if pair in self.pair_examples}
        shown = [entry for _, entry in found]
        for entry in shown:
            key = (entry["rule"], entry["status"])
            examples = self.examples.setdefault(key, [])
            if len(examples) < EXAMPLES and all(entry["article_id"] != other["article_id"] for other in examples):
                examples.append(entry)
        uncertain = [entry for entry in shown if entry["confidence"] < 1]
        applied = [entry for entry in uncertain if entry["status"] == APPLIED]
        suggested = [entry for entry in uncertain if entry["status"] == SUGGESTED]
        self.least_certain = _ranked([*self.least_certain, *applied], LEAST_CERTAIN, LEAST_CERTAIN_OF_RULE)
        self.suggestions = _ranked([*self.suggestions, *suggested], SUGGESTIONS, SUGGESTIONS_OF_RULE)

    def _free_examples(self, edits: pa.Table) -> list[int]:
        """Row numbers of edits whose rule has room for examples, one for each article."""
        full = [f"{rule}\0{status}" for (rule, status), found in self.examples.items() if len(found) >= EXAMPLES]
        keys = pc.binary_join_element_wise(edits["rule"], edits["status"], "\0")
        rows = pc.indices_nonzero(pc.invert(pc.is_in(keys, pa.array(full, pa.string()))))
        if not len(rows):
            return []
        room: dict[str, set[str]] = {}
        chosen = []
        wanted = zip(
            rows.to_pylist(), keys.take(rows).to_pylist(), edits["article_id"].take(rows).to_pylist(), strict=True
        )
        for row, key, article in wanted:
            seen = room.setdefault(key, set())
            if len(seen) < EXAMPLES and article not in seen:
                seen.add(article)
                chosen.append(row)
        return chosen

    @staticmethod
    def _free_pairs(edits: pa.Table, pairs: list[Pair]) -> list[int]:
        """Row numbers of the first edit of each of `pairs`."""
        if not pairs:
            return []
        columns = [edits[name] for name in ("rule", "status", "before", "after")]
        keys = pc.binary_join_element_wise(*columns, "\0")
        rows = pc.indices_nonzero(pc.is_in(keys, pa.array(["\0".join(pair) for pair in pairs])))
        first: dict[str, int] = {}
        for row, key in zip(rows.to_pylist(), keys.take(rows).to_pylist(), strict=True):
            first.setdefault(key, row)
        return list(first.values())

    @staticmethod
    def _uncertain(edits: pa.Table, status: str, kept: list[dict[str, Any]], limit: int, of_rule: int) -> list[int]:
        """Row numbers of the edits of `status` with confidence < 1 that rank among those `kept`."""
        mask = pc.and_(pc.equal(edits["status"], status), pc.less(edits["confidence"], 1.0))
        if len(kept) == limit:
            worst = kept[-1]["confidence"]
            reach = pc.less_equal if status == APPLIED else pc.greater_equal
            mask = pc.and_(mask, reach(edits["confidence"], worst))
        rows = pc.indices_nonzero(mask)
        if not len(rows):
            return []
        candidates = edits.select(["article_id", "sequence", "rule", "status", "confidence"]).take(rows)
        for name in ("before", "after"):
            candidates = candidates.append_column(
                name, pc.utf8_slice_codeunits(edits[name].take(rows), 0, LONGEST_PAIR)
            )
        entries = candidates.append_column("row", rows).to_pylist()
        return [entry["row"] for entry in _ranked([*kept, *entries], limit, of_rule) if "row" in entry]


def _ranked(entries: list[dict[str, Any]], limit: int, of_rule: int) -> list[dict[str, Any]]:
    """The first `limit` entries: applied edits by rising confidence, suggestions by falling confidence.

    At most `of_rule` are of one rule, and `ALIKE` of one change. Ties are ordered by article and sequence, so the order
    of the batches does not matter.
    """

    def rank(entry: dict[str, Any]) -> tuple[float, str, int]:
        sign = -1 if entry["status"] == SUGGESTED else 1
        return sign * entry["confidence"], entry["article_id"], entry["sequence"]

    taken: Counter[Any] = Counter()
    ranked: list[dict[str, Any]] = []
    for entry in sorted(entries, key=rank):
        rule = entry["rule"]
        change = (rule, entry["before"], entry["after"])
        if taken[rule] < of_rule and taken[change] < ALIKE and len(ranked) < limit:
            ranked.append(entry)
            taken.update((rule, change))
    return ranked
