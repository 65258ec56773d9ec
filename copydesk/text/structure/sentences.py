"""Words, how a sentence ends, and who speaks: what is asked of any stretch of text."""

from __future__ import annotations

import re
from itertools import islice

from copydesk.data import lists
from copydesk.text.fold import any_as_written

#: What may stand behind the last mark of a sentence.
_CLOSING = "\"'”’»)]"
#: Marks that end a sentence.
ENDS = frozenset(".!?…。！？؟۔।")
#: Those that end the sentences of a story; the exclamation mark is left to slogans.
STATES = ENDS - {"!", "！"}
QUESTIONS = frozenset("?？؟")
#: Marks that a headline does without, unlike `?`, `!` and an ellipsis.
PUNCTUATION = frozenset(".。।۔؛;,:")
#: What no label of a page ends in.
MARKS = ENDS | frozenset(":,;\"'”’»)]")

WORD = re.compile(r"[^\W_]+(?:['’‘`´][^\W_]+)*")
_APOSTROPHES = re.compile("['’‘`´]")
# Turkish writes dotted and dotless capitals; without regard to case they are one letter.
_DOTLESS = {ord("ı"): "i", ord("\u0307"): None}
_SPEECH = re.compile(rf"[\"“”„«]|\b(?:{any_as_written(lists.words('speech_verbs'))})\b", re.IGNORECASE)
_CUT_OFF = re.compile(r"(?P<marker>\s*\[\+\s?\d+ chars\])$|(?:…|\.\.\.|\[…\]|\[\.\.\.\])[\])\"'”’»]*$")
_LETTER = re.compile(r"[^\W\d_]")


def tokens(text: str, most: int | None = None) -> tuple[str, ...]:
    """The words of `text`, the first `most` where that is given, without case, punctuation, quotes and apostrophes."""
    folded = text.casefold()
    if not folded.isascii():
        folded = folded.translate(_DOTLESS)
    found = WORD.findall(folded) if most is None else [match[0] for match in islice(WORD.finditer(folded), most)]
    return tuple(_APOSTROPHES.sub("", token) for token in found) if _APOSTROPHES.search(text) else tuple(found)


def last_mark(text: str) -> str:
    """The last character of `text` but for closing quotes and brackets; empty where there is none."""
    return text.rstrip(_CLOSING)[-1:]


def ends_sentence(text: str) -> bool:
    """Whether a text ends as sentences of a story do."""
    return last_mark(text) in STATES


def cut_off(text: str) -> re.Match[str] | None:
    """How a text ends where it breaks off: with an ellipsis, or with a `marker` that counts what is missing."""
    return _CUT_OFF.search(text, max(0, len(text) - 40))


def speaks(text: str) -> bool:
    """Whether somebody speaks in a text, or is quoted."""
    return _SPEECH.search(text) is not None


def has_letters(text: str) -> bool:
    return _LETTER.search(text) is not None
