"""Paragraphs of a text: where they stand, and the changes that take some of them out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from copydesk.edits import Span

_ENDS_SENTENCE = re.compile(r"[.?…。؟۔।？][\"'”’»)\]]*$")


class Paragraph(NamedTuple):
    """A paragraph and where it stands."""

    start: int
    end: int
    text: str
    skip: int = 0  # so much of it, before `text`, goes for the rule `cut`
    cut: str = ""

    @property
    def at(self) -> int:
        """Where `text` begins."""
        return self.start + self.skip

    def without(self, length: int, rule: str) -> Paragraph:
        return self._replace(text=self.text[length:], skip=self.skip + length, cut=rule)


def split(text: str) -> list[Paragraph]:
    """The paragraphs of a text, which has one empty line between them; where there are more, no paragraph is empty."""
    found, start = [], 0
    for piece in text.split("\n\n"):
        if piece.strip():
            found.append(Paragraph(start, start + len(piece), piece))
        start += len(piece) + 2
    return found


def ends_sentence(line: str) -> bool:
    """Whether a line ends as sentences of a story do; the exclamation mark is left to slogans."""
    return _ENDS_SENTENCE.search(line[-8:]) is not None


def staying(paragraphs: Sequence[Paragraph], spans: Sequence[Span], kept: Sequence[int]) -> list[Span]:
    """The changes outside the paragraphs that go; of two that overlap the first. `kept` are those that stay."""
    stay = set(kept)
    found: list[Span] = []
    for span in sorted(spans):
        index = bisect_right(paragraphs, span.start, key=lambda paragraph: paragraph.start) - 1
        goes = index not in stay and span.start < span.end and span.end <= paragraphs[index].end
        if not goes and (not found or found[-1].end <= span.start):
            found.append(span)
    return found


def removals(
    paragraphs: Sequence[Paragraph], removed: Mapping[int, tuple[str, float]], kept: Sequence[int]
) -> list[Span]:
    """Whole paragraphs with the empty line behind them; where the text ends, with the one before.

    `removed` has the rule and the confidence of each that goes, by its number.
    """
    last_kept = kept[-1] if kept else -1
    spans = []
    for index, (rule, confidence) in removed.items():
        paragraph = paragraphs[index]
        if index < last_kept:
            start, end = paragraph.start, paragraphs[index + 1].start
        else:
            start, end = (paragraphs[index - 1].end if index else 0), paragraph.end
        spans.append(Span(start, end, "", rule, confidence))
    return spans
