"""All repairs of mojibake in their order, layer by layer, as edits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from copydesk.data.rules import UNMEASURED
from copydesk.edits import APPLIED, SUGGESTED, TEXT, Edit, Span, replace
from copydesk.text.mojibake import by_line, legacy, utf8

#: The rule of repairs of misread UTF-8; those of other kinds of mojibake begin with it.
RULE = "mojibake"
#: So many times over a text may have been misread.
LAYERS = 6


def mend(
    text: str, step: str, field: str = TEXT, known: Collection[str] = (), off: Collection[str] = ()
) -> tuple[str, list[Edit]]:
    """Repair the mojibake of a decoded text: the new text, and the edits of `step` that lead to it.

    What is certain is applied; what is likely is a suggested edit, and how often those are right was never measured.
    `known` names misreadings that are proven elsewhere, as `misreadings` gives them: in their company less evidence is
    enough. Edits of the rules that are `off` are neither made nor suggested.
    """
    edits: list[Edit] = []
    likely: list[utf8.Repair] = []
    for _ in range(LAYERS):
        layer = _layer(text, known)
        likely = layer.likely
        text, made = replace(text, layer.spans, step, field, off)
        if not made:
            break
        edits += made
    spans = list(by_line.find(text, bool(edits)))
    # Places of suggestions are those of the text as it is now, and what ftfy changes comes after.
    for start, end, after, _ in likely if RULE not in off else ():
        if not any(span.start < end and start < span.end for span in spans):
            before = text[start:end]
            edits.append(Edit("", 0, step, field, start, end, before, after, RULE, UNMEASURED, SUGGESTED))
    if spans:
        text, made = replace(text, spans, step, field, off)
        edits += made
    return text, edits


def misreadings(text: str) -> tuple[str, ...]:
    """The names of the encodings that UTF-8 was provably misread in, somewhere in a decoded text, in sorted order."""
    proven: set[str] = set()
    for _ in range(LAYERS):
        layer = _layer(text, ())
        proven.update(layer.proven)
        if not layer.spans:
            break
        text, _edits = replace(text, layer.spans, "")
    return tuple(sorted(proven))


def damage(edits: Iterable[Edit]) -> list[str]:
    """The stretches of misread UTF-8 that `edits` repaired, as they stood; `misreadings` tells what they prove."""
    return [edit.before for edit in edits if edit.rule == RULE and edit.status == APPLIED]


def in_doubt(edits: Iterable[Edit]) -> bool:
    """Whether any of `edits` is a repair of mojibake that is likely and not certain."""
    return any(edit.status == SUGGESTED and edit.rule.startswith(RULE) for edit in edits)


class _Layer(NamedTuple):
    """What to repair in a text as it stands, what is only likely, and the misreadings that are proven by it."""

    spans: list[Span]
    likely: list[utf8.Repair]
    proven: tuple[str, ...] = ()


def _layer(text: str, known: Collection[str]) -> _Layer:
    if text.isascii():
        return _Layer([], [])
    found = utf8.find(text, known)
    # Old encodings hold pairs by chance that look like misread UTF-8, and the other way round.
    old = None if found and found.proven else legacy.find(text)
    if old and (found is None or old[0].gain > found.gain):
        return _Layer([Span(start, end, after, "mojibake-legacy") for start, end, after in old[1]], [])
    if found is None:
        return _Layer([], [])
    spans = [Span(r.start, r.end, r.after, RULE) for r in found.repairs if r.certain]
    likely = [r for r in found.repairs if not r.certain]
    return _Layer(spans, likely, (found.name,) if found.supported else ())
