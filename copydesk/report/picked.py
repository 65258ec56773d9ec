"""The edits of a run that a person reads: every changed name, and a random sample of each rule."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import APPLIED
from copydesk.hand_check import PER_RULE, Change, rank
from copydesk.report.entries import of_rows

#: Changed names that are kept; the others are counted.
NAMES = 300
#: A word that begins with a capital letter, as a name does; a capital elsewhere is a misread letter (kiIled).
_NAME = r"(?:^|[^\pL\pM\pN])\p{Lu}"


class Picked:
    """Changed names, and the sample of a `week` without the changes in `known`, from the batches that are added."""

    def __init__(self, week: str, known: Collection[Change] = (), per_rule: int = PER_RULE) -> None:
        self._week, self._known, self._per_rule = week, known, per_rule
        self._sample: dict[str, dict[bytes, dict[str, Any]]] = {}
        self.names_changed: list[dict[str, Any]] = []
        self.names_left_out = 0

    @property
    def sample(self) -> list[dict[str, Any]]:
        """The entries of the sample, by rule."""
        return [self._sample[rule][key] for rule in sorted(self._sample) for key in sorted(self._sample[rule])]

    def add(self, articles: pa.Table, edits: pa.Table) -> None:
        """Add published articles (columns of `ARTICLES`) and all their edits (columns of `EDITS`)."""
        names = _names(edits)
        self.names_left_out += max(0, len(names) - (NAMES - len(self.names_changed)))
        names = names[: NAMES - len(self.names_changed)]
        drawn = self._drawn(edits)
        rows = sorted({*names, *drawn})
        if not rows:
            return
        keys = edits.select(["article_id", "sequence"]).take(pa.array(rows, pa.int64())).to_pylist()
        places = {tuple(key.values()): row for key, row in zip(keys, rows, strict=True)}
        wanted = set(names)
        for edit, entry in of_rows(articles, edits, rows)[0]:
            row = places[edit.article_id, edit.sequence]
            if row in wanted:
                self.names_changed.append(entry)
            if row in drawn:
                self._sample.setdefault(edit.rule, {})[drawn[row]] = entry
        for rule, own in self._sample.items():
            self._sample[rule] = {key: own[key] for key in sorted(own)[: self._per_rule]}

    def _drawn(self, edits: pa.Table) -> dict[int, bytes]:
        """The rows of this batch that rank among the sample, with their rank; one for each change."""
        drawn = draw(edits, self._week, self._known, self._per_rule)
        return {
            row: key
            for rule, own in drawn.items()
            for key, row in own.items()
            if len(have := self._sample.get(rule, {})) < self._per_rule or key < max(have)
        }


def draw(edits: pa.Table, week: str, known: Collection[Change], per_rule: int) -> dict[str, dict[bytes, int]]:
    """The first applied edits of each rule in the order of `week` that are not `known`: their ranks and rows.

    `edits` has the columns `article_id`, `rule`, `before`, `after` and `status`.
    """
    found: dict[str, dict[bytes, int]] = {}
    last: dict[str, bytes] = {}  # of the rules that have so many
    rows = pc.indices_nonzero(pc.equal(edits["status"], APPLIED))
    columns = edits.select(list(Change._fields)).take(rows).to_pydict()
    for row, *values in zip(rows.to_pylist(), *columns.values(), strict=True):
        change = Change._make(values)
        key = rank(week, change)
        if (change.rule in last and key >= last[change.rule]) or change in known:
            continue
        own = found.setdefault(change.rule, {})
        own.setdefault(key, row)
        if len(own) > per_rule:
            del own[max(own)]
        if len(own) == per_rule:
            last[change.rule] = max(own)
    return found


def _names(edits: pa.Table) -> list[int]:
    """The rows of applied corrections with a word that begins with a capital letter, before or after the change."""
    rows = pc.indices_nonzero(pc.and_(pc.equal(edits["step"], "typos"), pc.equal(edits["status"], APPLIED)))
    before, after = (pc.match_substring_regex(edits[name].take(rows), _NAME) for name in ("before", "after"))
    return list(rows.filter(pc.or_(before, after)).to_pylist())
