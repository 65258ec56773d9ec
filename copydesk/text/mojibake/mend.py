"""All repairs of mojibake, in order, layer by layer, as edits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from copydesk.data.rules import UNMEASURED
from copydesk.edits import APPLIED, SUGGESTED, TEXT, Edit, Span, replace
from copydesk.text.mojibake import by_line, eastern, legacy, mixed_words, utf8
from copydesk.text.mojibake.indicators import Seen
from copydesk.text.screen import SUSPECT, Screen

#: The rule of repairs of misread UTF-8; the rules of other kinds of mojibake start with it.
RULE = "mojibake"
#: Maximum number of times that a text was misread.
LAYERS = 6


def mend(
    text: str,
    step: str,
    field: str = TEXT,
    known: Collection[str] = (),
    off: Collection[str] = (),
    screen: Screen | None = None,
) -> tuple[str, list[Edit]]:
    """Repair the mojibake of a decoded text: the new text, and the edits of `step` that lead to it.

    Certain repairs are applied, likely ones suggested; the precision of suggestions was never measured. `known` names
    misreadings proven elsewhere, as `misreadings` returns them: they need less evidence. Edits of the rules in `off`
    are neither made nor suggested. `screen` is that of the text, if it is known.
    """
    edits: list[Edit] = []
    seen = Seen(text, screen)
    if not seen.screen.has(SUSPECT):
        return text, edits
    likely: list[utf8.Repair] = []
    for _ in range(LAYERS):
        layer = _layer(seen, known)
        likely = layer.likely
        text, made = replace(text, layer.spans, step, field, off)
        if not made:
            break
        edits += made
        seen = Seen(text)
    spans = list(by_line.find(seen, bool(edits)))
    # The offsets of suggestions refer to the present text, so they come before the changes of ftfy.
    for start, end, after, _ in likely if RULE not in off else ():
        if not any(span.start < end and start < span.end for span in spans):
            before = text[start:end]
            edits.append(Edit("", 0, step, field, start, end, before, after, RULE, UNMEASURED, SUGGESTED))
    for find in (lambda _: spans, eastern.find, mixed_words.find):
        text, made = replace(text, find(seen), step, field, off)
        if made:
            edits += made
            seen = Seen(text)
    return text, edits


def misreadings(text: str) -> tuple[str, ...]:
    """The names of the encodings in which a part of the text, UTF-8, was provably misread, sorted."""
    proven: set[str] = set()
    for _ in range(LAYERS):
        if text.isascii():
            break
        layer = _layer(Seen(text), ())
        proven.update(layer.proven)
        if not layer.spans:
            break
        text, _edits = replace(text, layer.spans, "")
    return tuple(sorted(proven))


def damage(edits: Iterable[Edit]) -> list[str]:
    """The misread UTF-8 that `edits` repaired; `misreadings` returns what it proves."""
    return [edit.before for edit in edits if edit.rule == RULE and edit.status == APPLIED]


def in_doubt(edits: Iterable[Edit]) -> bool:
    """Whether any of `edits` is a suggested repair of mojibake."""
    return any(edit.status == SUGGESTED and edit.rule.startswith(RULE) for edit in edits)


class _Layer(NamedTuple):
    """The certain repairs of a text, the likely ones, and the misreadings that it proves."""

    spans: list[Span]
    likely: list[utf8.Repair]
    proven: tuple[str, ...] = ()


def _layer(seen: Seen, known: Collection[str]) -> _Layer:
    if not seen.screen.has(SUSPECT):
        return _Layer([], [])
    found = utf8.find(seen, known)
    # A misread legacy encoding can look like misread UTF-8 by chance, and vice versa.
    old = None if found and found.proven else legacy.find(seen)
    if old and (found is None or old[0].gain > found.gain):
        return _Layer([Span(start, end, after, "mojibake-legacy") for start, end, after in old[1]], [])
    if found is None:
        return _Layer([], [])
    spans = [Span(r.start, r.end, r.after, RULE) for r in found.repairs if r.certain]
    likely = [r for r in found.repairs if not r.certain]
    return _Layer(spans, likely, (found.name,) if found.supported else ())
