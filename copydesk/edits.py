"""Edits: every change as a value that can be shown, scored and undone.

A step turns a text into a new text and a list of edits. An edit replaces `before` by `after` at `start`, counted in
Unicode code points of the text as it stood just before that edit; replaying the edits in order gives the new text, and
undoing them in reverse order gives the old one back, to the character.

Changes that are alike (every `’` that became `'`) share one edit, which lists its `positions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from copydesk.data import rules

APPLIED = "applied"
SUGGESTED = "suggested"
REJECTED = "rejected"

#: The two texts of a document that edits speak of: its text, and the title that a source gave beside it.
TEXT = "text"
TITLE = "title"

#: How many kinds of alike changes may share rows in one pass; the rest get a row each, so a pass stays linear.
MAX_GROUPS = 48


class EditMismatch(ValueError):
    """The text does not hold what the edit says: the edit belongs to another text, or to another moment of this one."""


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

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Edit:
        """The edit that a row of the table `edits` holds, as any reader gives rows: a mapping of its columns."""
        positions = row["positions"]
        known = {name: row[name] for name in Edit._fields}
        return Edit(**{**known, "positions": None if positions is None else tuple(int(p) for p in positions)})

    @property
    def places(self) -> tuple[int, ...]:
        """Where `before` stands, one start for each change that the edit makes."""
        return self.positions if self.positions is not None else (self.start,)


class Span(NamedTuple):
    """A change to make: replace `text[start:end]` by `after`, because of `rule`.

    `confidence` is that of the rule where this change has none of its own.
    """

    start: int
    end: int
    after: str
    rule: str
    confidence: float | None = None


def _swap(text: str, places: Sequence[int], old: str, new: str) -> str:
    parts: list[str] = []
    here = 0
    for place in places:
        if place < here or not text.startswith(old, place):
            raise EditMismatch(f"expected {old[:40]!r} at {place}, found {text[place : place + len(old)][:40]!r}")
        parts += (text[here:place], new)
        here = place + len(old)
    parts.append(text[here:])
    return "".join(parts)


def apply(text: str, edit: Edit) -> str:
    """`text` after `edit`. Raises `EditMismatch` where the text is not the one that the edit was made on."""
    return _swap(text, edit.places, edit.before, edit.after) if edit.status == APPLIED else text


def undo(text: str, edit: Edit) -> str:
    """`text` as it stood before `edit`. Raises `EditMismatch` where the edit was not made on the way to `text`."""
    if edit.status != APPLIED:
        return text
    growth = len(edit.after) - len(edit.before)
    moved = [place + growth * index for index, place in enumerate(edit.places)]
    return _swap(text, moved, edit.after, edit.before)


def undo_all(text: str, edits: Iterable[Edit], field: str = TEXT) -> str:
    """`text` with every applied edit of `field` undone, the last one first. `edits` come in the order of `sequence`."""
    for edit in reversed([edit for edit in edits if edit.field == field]):
        text = undo(text, edit)
    return text


def published_text(headline: str, body: str) -> str:
    """The text that an article's row stands for: headline and body with one empty line between, or the one there is."""
    return f"{headline}\n\n{body}" if headline and body else headline or body


def rebuild(headline: str, body: str, edits: Iterable[Edit]) -> str:
    """The decoded source text, from an article's row and its edits in the order of `sequence`."""
    return undo_all(published_text(headline, body), edits, TEXT)


def rebuild_title(headline: str, edits: Iterable[Edit]) -> str:
    """The title that the source gave, from an article's headline and edits; for articles that came with a title."""
    return undo_all(headline, edits, TITLE)


def replace(
    text: str, spans: Sequence[Span], step: str, field: str = TEXT, off: Collection[str] = ()
) -> tuple[str, list[Edit]]:
    """Make all changes of one pass at once, but those of the rules that are `off`.

    `spans` do not overlap and speak of `text` as given. Returns the new text and the edits: alike changes share an
    edit; edits of kinds that occur once come last, from the end of the text to its start, so that their offsets need
    no correction. Spans that change nothing are left out. Raises `copydesk.data.rules.UnknownRule` for a span without
    a confidence whose rule has none either.
    """
    spans = sorted(span for span in spans if text[span.start : span.end] != span.after and span.rule not in off)
    if not spans:
        return text, []
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
    growth = [0] * len(spans)  # by how much the changes made so far lengthened the text, span by span
    grown = False
    groups = sorted((item for item in kinds.items() if len(item[1]) > 1), key=lambda item: -len(item[1]))[:MAX_GROUPS]
    for (before, after, rule, confidence), members in groups:
        if grown:
            shift = [0, *accumulate(growth)]
            places = tuple(spans[i].start + shift[i] for i in members)
        else:
            places = tuple(spans[i].start for i in members)
        end, sure = places[0] + len(before), _sure(rule, confidence)
        edits.append(Edit("", 0, step, field, places[0], end, before, after, rule, sure, APPLIED, places))
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
        sure = _sure(rule, confidence)
        edits.append(Edit("", 0, step, field, start, start + len(before), before, after, rule, sure))
    return "".join(parts), edits


def _sure(rule: str, confidence: float | None) -> float:
    return rules.confidence(rule) if confidence is None else confidence
