"""The text of a document on the terminal, with what was removed, inserted and suggested marked in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from copydesk.edits import Edit
from copydesk.report.diff import REMOVED, SAME, Segment
from copydesk.report.escape import visible

#: Of longer unchanged passages only the ends are shown, about `EDGE` code points each.
LONGEST_UNCHANGED, EDGE = 480, 160
#: A longer removed or inserted passage is cut in the middle.
LONGEST_CHANGE = 600
#: Maximum code points of a text beside the document.
LONGEST_BRIEF = 60

#: Styles of what was removed, of what was inserted, and of words that another text is suggested for.
REMOVED_STYLE, INSERTED_STYLE, DOUBTED_STYLE, SUGGESTED_STYLE = "strike red", "bold green", "underline yellow", "yellow"


def in_place(segments: Sequence[Segment], full: bool = False, marks: bool = False) -> Text:
    """The text with what was removed, inserted or suggested marked; long unchanged passages are cut unless `full`.

    With `marks`, for a terminal without colours, changes are in the brackets of `wdiff`, and suggestions in brackets
    like them: [-removed-]{+inserted+}{?doubted → suggested 79 %?}.
    """
    text, last = Text(), len(segments) - 1
    for suggestion, group in groupby(enumerate(segments), lambda numbered: numbered[1].suggested):
        passage = Text()
        for index, segment in group:
            if segment.kind == SAME:
                for piece, style in [(segment.text, "")] if full else _elided(segment.text, index == 0, index == last):
                    passage.append(visible(piece), style)
            else:
                passage.append(*_change(segment, full, marks))
        text.append_text(passage if suggestion is None else _suggested(passage, suggestion, marks))
    return text


def percent(confidence: float) -> str:
    """A confidence in percent; 100 % only for an exact 1."""
    return "100 %" if confidence >= 1 else f"{min(confidence, 0.999) * 100:.3g} %"


def brief(text: str) -> str:
    """A text that is shown beside the document, cut at its end, with symbols for all invisible characters."""
    return visible(text if len(text) <= LONGEST_BRIEF else f"{text[:LONGEST_BRIEF]}…", every=True)


def _change(segment: Segment, full: bool, marks: bool) -> tuple[str, str]:
    """A removed or inserted passage, and its style."""
    text = segment.text
    shown = text if full or len(text) <= LONGEST_CHANGE else _cut(text, LONGEST_CHANGE)
    shown = visible(shown, every=True).replace("⏎", "⏎\n")
    if segment.kind == REMOVED:
        return f"[-{shown}-]" if marks else shown, REMOVED_STYLE
    return f"{{+{shown}+}}" if marks else shown, INSERTED_STYLE


def _suggested(doubted: Text, edit: Edit, marks: bool) -> Text:
    """The words that a suggestion is about, with what it would make of them, and its confidence."""
    doubted.stylize(DOUBTED_STYLE)
    says = (f" → {brief(edit.after) or 'nothing'} {percent(edit.confidence)}", SUGGESTED_STYLE)
    return Text.assemble("{?", doubted, says, "?}") if marks else Text.assemble(doubted, says)


def _elided(part: str, first: bool, last: bool) -> Iterator[tuple[str, str]]:
    """An unchanged passage as (text, style) parts; at the ends of the document one edge is enough."""
    if len(part) <= LONGEST_UNCHANGED:
        yield part, ""
        return
    head = 0 if first and not last else _break(part, EDGE, backwards=False)
    tail = len(part) if last and not first else _break(part, len(part) - EDGE, backwards=True)
    if head:
        yield part[:head], ""
    yield f" ⋯ {max(tail - head, 0):,} characters unchanged ⋯ ", "dim italic"
    if tail < len(part):
        yield part[tail:], ""


def _break(part: str, near: int, backwards: bool) -> int:
    """A word boundary at most 40 code points from `near`, or `near` itself."""
    place = part.rfind(" ", near - 40, near) + 1 if backwards else part.find(" ", near, near + 40)
    return place if place > 0 else near


def _cut(text: str, longest: int) -> str:
    half = longest // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"
