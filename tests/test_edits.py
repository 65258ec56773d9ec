"""Edits: many are undone in one pass, with the result of undoing one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.edits import SUGGESTED, TEXT, TITLE, Edit, EditMismatch, Span, apply, replace, undo, undo_all

TEXTS = st.text("ab -", max_size=40)


@st.composite
def passes(draw: st.DrawFn) -> tuple[str, str, list[Edit]]:
    """A text, what a few passes of changes make of it, and their edits."""
    text = source = draw(TEXTS)
    edits: list[Edit] = []
    for _ in range(draw(st.integers(1, 4))):
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        spans = [
            Span(start, end, draw(st.text("ab-", max_size=3)), "space")
            for start, end in zip(cuts[::2], cuts[1::2], strict=False)
        ]
        text, made = replace(text, spans, "normalize")
        edits += made
    return source, text, edits


@given(passes())
def test_edits_are_undone_to_the_source(made: tuple[str, str, list[Edit]]) -> None:
    source, text, edits = made
    assert undo_all(text, edits) == source
    for edit in edits:
        source = apply(source, edit)
    assert source == text


def one_by_one(text: str, edits: Sequence[Edit]) -> str | None:
    for edit in reversed(edits):
        try:
            text = undo(text, edit)
        except EditMismatch:
            return None
    return text


EDITS = st.builds(
    lambda start, before, after, places: Edit("", 0, "", TEXT, start, 0, before, after, "", 1.0, "applied", places),
    st.integers(-2, 12),
    st.text("ab", max_size=2),
    st.text("ab", max_size=2),
    st.none() | st.lists(st.integers(-1, 12), max_size=4).map(tuple),
)


@given(st.text("ab", max_size=12), st.lists(EDITS, max_size=4))
def test_edits_of_another_text_are_told_as_when_undone_one_by_one(text: str, edits: list[Edit]) -> None:
    expected = one_by_one(text, edits)
    if expected is None:
        with pytest.raises(EditMismatch):
            undo_all(text, edits)
    else:
        assert undo_all(text, edits) == expected


def test_edits_of_other_fields_and_suggestions_are_left() -> None:
    edits = [
        Edit(start=0, before="a", after="b"),
        Edit(start=0, before="x", after="y", field=TITLE),
        Edit(start=0, before="x", after="y", status=SUGGESTED),
    ]
    assert undo_all("b", edits) == "a"
