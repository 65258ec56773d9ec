"""Words, how a sentence ends, and who speaks: what is asked of any stretch of text."""

from __future__ import annotations

import re

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
#: Of ASCII, letters and digits; a space for all else.
_WORDS_ONLY = bytes(code if chr(code).isalnum() else 0x20 for code in range(0x100))
#: So many tokens tell most lines apart.
FIRST = 8
_BEGINNING, _BEGINNING_OF_WORD = 80, 16
# Turkish writes dotted and dotless capitals; without regard to case they are one letter.
_DOT_ABOVE = "\u0307"
_SPEECH = re.compile(rf"[\"“”„«]|\b(?:{any_as_written(lists.words('speech_verbs'))})\b", re.IGNORECASE)
# The same for text in lower case, ten times as fast; without the letters that are small ones of two others.
_SMALL_SPEECH = re.compile(rf"\b(?:{any_as_written(word.lower() for word in lists.words('speech_verbs'))})\b")
_MARKS_OF_SPEECH = re.compile('["“”„«]')
_CASES = re.compile("[İıſ\u1c80-\u1c88]")
_CUT_OFF = re.compile(r"(?P<marker>\s*\[\+\s?\d+ chars\])$|(?:…|\.\.\.|\[…\]|\[\.\.\.\])[\])\"'”’»]*$")
_LETTER = re.compile(r"[^\W\d_]")


def tokens(text: str) -> tuple[str, ...]:
    """The words of `text`, without case, punctuation, quotes and apostrophes."""
    folded = text.casefold()
    is_ascii = folded.isascii()
    if is_ascii and "'" not in folded and "`" not in folded:
        return tuple(folded.encode().translate(_WORDS_ONLY).decode().split())
    if not is_ascii:
        folded = folded.replace("ı", "i").replace(_DOT_ABOVE, "")
    found = WORD.findall(folded)
    if not found or not (is_ascii or _APOSTROPHES.search(folded)):
        return tuple(found)
    return tuple(_APOSTROPHES.sub("", " ".join(found)).split(" "))


def first_tokens(text: str) -> tuple[str, ...]:
    """The first eight of the tokens of `text`, which tell most lines apart; most are found in its beginning."""
    found = tokens(text[:_BEGINNING])
    # Where the beginning ends, a word may be cut in two.
    return (found if len(found) > FIRST or len(text) <= _BEGINNING else tokens(text))[:FIRST]


def initial(text: str) -> str:
    """The first character of the first token of `text`; empty where there is none."""
    first = text[:1]
    if first.isascii() and first.isalnum():
        return first.lower()
    found = tokens(text[:_BEGINNING_OF_WORD]) or tokens(text)
    return found[0][0] if found else ""


def last_mark(text: str) -> str:
    """The last character of `text` but for closing quotes and brackets; empty where there is none."""
    return text.rstrip(_CLOSING)[-1:]


def ends_sentence(text: str) -> bool:
    """Whether a text ends as sentences of a story do."""
    return last_mark(text) in STATES


def cut_off(text: str) -> re.Match[str] | None:
    """How a text ends where it breaks off: with an ellipsis, or with a `marker` that counts what is missing."""
    tail = text[-40:]
    if "…" in tail or "..." in tail or " chars]" in tail:
        return _CUT_OFF.search(text, max(0, len(text) - 40))
    return None


def speaks(text: str) -> bool:
    """Whether somebody speaks in a text, or is quoted."""
    if not text.isascii() and _CASES.search(text):
        return _SPEECH.search(text) is not None
    return _MARKS_OF_SPEECH.search(text) is not None or _SMALL_SPEECH.search(text.lower()) is not None


def has_letters(text: str) -> bool:
    return _LETTER.search(text) is not None
