"""Edits: every change as a value that can be shown, scored and undone.

A step turns a text into a new text and a list of edits. An edit replaces `before` by `after` at `start`, an offset in
Unicode code points in the text just before that edit. Replaying the edits in order gives the new text; undoing them in
reverse order restores the old text exactly.

Identical changes (every `’` that became `'`) share one edit, which lists its `positions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from copydesk.data import rules

APPLIED = "applied"
SUGGESTED = "suggested"
REJECTED = "rejected"

#: The values of `Edit.field`: the text of a document, and the title that the source gave with it.
TEXT = "text"
TITLE = "title"

#: Kinds of identical changes that share rows in one pass; further kinds get a row for each change, which keeps a pass
#: linear.
MAX_GROUPS = 48


class EditMismatch(ValueError):
    """The text differs from what the edit expects: the edit belongs to another text, or to another state of it."""


class Edit(NamedTuple):
    """One row of the table `edits`; `copydesk.warehouse.schemas.EDITS` describes every column."""

    article_id: str = ""
    sequence: int = 0
    step: str = ""
    field: str = TEXT
    start: int = 0
    end: int = 0
    before: str = ""
    after: str = ""
    rule: str = ""
    confidence: float = 1.0
    status: str = APPLIED
    positions: tuple[int, ...] | None = None
    proposed: str | None = None

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Edit:
        """The edit in a row of the table `edits`, given as a mapping of its columns."""
        positions = row["positions"]
        known = {name: row[name] for name in Edit._fields}
        return Edit(**{**known, "positions": None if positions is None else tuple(int(p) for p in positions)})

    @property
    def places(self) -> tuple[int, ...]:
        """The offset of `before` for each change that the edit makes."""
        return self.positions if self.positions is not None else (self.start,)


class Span(NamedTuple):
    """A change to make: replace `text[start:end]` by `after`, because of `rule`.

    A `confidence` of None means that of the rule.
    """

    start: int
    end: int
    after: str
    rule: str
    confidence: float | None = None


#: A change of a text: where it is, what stands there, and what takes its place.
_Change = tuple[int, str, str]


def _changed(text: str, changes: Iterable[_Change]) -> str:
    parts: list[str] = []
    here = 0
    for place, old, new in changes:
        if place < here or not text.startswith(old, place):
            raise EditMismatch(f"expected {old[:40]!r} at {place}, found {text[place : place + len(old)][:40]!r}")
        parts += (text[here:place], new)
        here = place + len(old)
    parts.append(text[here:])
    return "".join(parts)


def apply(text: str, edit: Edit) -> str:
    """`text` after `edit`. Raises `EditMismatch` if the edit was made on another text."""
    if edit.status != APPLIED:
        return text
    return _changed(text, [(place, edit.before, edit.after) for place in edit.places])


def undo(text: str, edit: Edit) -> str:
    """`text` before `edit`. Raises `EditMismatch` if `text` does not result from the edit."""
    return undo_all(text, [edit], edit.field)


def undo_all(text: str, edits: Iterable[Edit], field: str = TEXT) -> str:
    """`text` with every applied edit of `field` undone, last edit first. `edits` are ordered by `sequence`.

    Raises `EditMismatch` if `text` does not result from the edits. One pass over the text undoes as many edits as
    follow each other from its start to its end.
    """
    changes: list[_Change] = []
    end = grown = 0  # where the text that this pass makes is finished so far, and how much longer it is up to there
    for edit in reversed([edit for edit in edits if edit.field == field and edit.status == APPLIED]):
        before, after, places = edit.before, edit.after, edit.places
        if not places:
            continue
        if places[0] < end:
            text, changes, grown = _changed(text, changes), [], 0
        growth = len(after) - len(before)
        changes += [(place + growth * index - grown, after, before) for index, place in enumerate(places)]
        end = places[-1] + len(before)
        grown -= growth * len(places)
    return _changed(text, changes) if changes else text


def published_text(headline: str, body: str) -> str:
    """The published text of an article: headline and body separated by an empty line, or the one that is not empty."""
    return f"{headline}\n\n{body}" if headline and body else headline or body


def rebuild(headline: str, body: str, edits: Iterable[Edit]) -> str:
    """The decoded source text, from an article's headline and body and its edits ordered by `sequence`."""
    return undo_all(published_text(headline, body), edits, TEXT)


def rebuild_title(headline: str, edits: Iterable[Edit]) -> str:
    """The title that the source gave, from an article's headline and edits; only for articles that had a title."""
    return undo_all(headline, edits, TITLE)


def replace(
    text: str, spans: Sequence[Span], step: str, field: str = TEXT, off: Collection[str] = ()
) -> tuple[str, list[Edit]]:
    """Make all changes of one pass at once, except those of the rules in `off`.

    `spans` do not overlap; their offsets refer to `text` as given. Returns the new text and the edits: identical
    changes share an edit; changes that occur once come last, from the end of the text to its start, so that their
    offsets need no correction. Spans that change nothing are skipped. Raises `copydesk.data.rules.UnknownRule` for a
    span without a confidence whose rule has none either, and ValueError if spans overlap.
    """
    spans = [span for span in spans if text[span[0] : span[1]] != span[2] and span[3] not in off]
    if not spans:
        return text, []
    spans.sort()
    kinds: dict[tuple[str, str, str, float | None], list[int]] = {}
    parts: list[str] = []
    here = 0
    for index, (start, end, after, rule, confidence) in enumerate(spans):
        if start < here:
            raise ValueError(f"changes overlap at {start}")
        kinds.setdefault((text[start:end], after, rule, confidence), []).append(index)
        parts += (text[here:start], after)
        here = end
    parts.append(text[here:])

    edits: list[Edit] = []
    growth = [0] * len(spans)  # code points that the edits so far added to the text, by span
    grown = False
    groups = sorted((item for item in kinds.items() if len(item[1]) > 1), key=lambda item: -len(item[1]))[:MAX_GROUPS]
    for (before, after, rule, confidence), members in groups:
        if grown:
            shift = [0, *accumulate(growth)]
            places = tuple(spans[i].start + shift[i] for i in members)
        else:
            places = tuple(spans[i].start for i in members)
        end, probability = places[0] + len(before), _confidence(rule, confidence)
        edits.append(Edit("", 0, step, field, places[0], end, before, after, rule, probability, APPLIED, places))
        delta = len(after) - len(before)
        for i in members:
            growth[i] = delta
        grown = grown or delta != 0
        del kinds[before, after, rule, confidence]
    rest = sorted((i for members in kinds.values() for i in members), reverse=True)
    shift = [0, *accumulate(growth)]
    for i in rest:
        start, end, after, rule, confidence = spans[i]
        before = text[start:end]
        start += shift[i]
        probability = _confidence(rule, confidence)
        edits.append(Edit("", 0, step, field, start, start + len(before), before, after, rule, probability))
    return "".join(parts), edits


def _confidence(rule: str, confidence: float | None) -> float:
    return rules.confidence(rule) if confidence is None else confidence
