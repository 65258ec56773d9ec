"""Letters that look like others: Cyrillic о in Latin words and the reverse, ligatures and presentation forms,
half-width kana, letters of mathematics, Arabic ي and ك in Persian, accents in place of apostrophes.

Compatibility characters are replaced by what Unicode says they stand for (normalization form NFKC, UAX #15), except
those that are written on purpose: the ligature of a prayer, a single letter of a formula, full-width letters of Chinese
and Japanese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from copydesk.data.rules import UNMEASURED
from copydesk.edits import SUGGESTED, TEXT, Edit, Span, replace
from copydesk.text import homoglyphs, ligatures, visual_order
from copydesk.text.language import language
from copydesk.text.lazy import later
from copydesk.text.screen import (
    ARABIC_YEH_KAF,
    CHARACTERS,
    CONTROLS,
    FORMS,
    GREEK_CYRILLIC,
    KURDISH_LETTERS,
    LATIN,
    LIGATURES,
    PERSIAN_LETTERS,
    TICKS,
    VISUAL,
    Screen,
)

FORM, PERSIAN, APOSTROPHE = "compatibility-form", "persian-letter", "apostrophe"


class Found(NamedTuple):
    """Changes of one kind: the certain ones, and those that are only suggested."""

    certain: list[Span]
    likely: list[Span]


class Kind(NamedTuple):
    """Look-alike letters of one kind: the characters that they are known by, as kinds of `copydesk.text.screen`, what
    else a text with them has, and how to find them.
    """

    characters: int
    suits: Callable[[Screen], bool]
    find: Callable[[str], Found]

    def mend(self, screen: Screen, step: str, field: str = TEXT, off: Collection[str] = ()) -> tuple[str, list[Edit]]:
        """Replace the letters in the text of `screen`: the new text, and the edits of `step` that lead to it.

        Edits of the rules in `off` are neither made nor suggested.
        """
        text = screen.text
        certain, likely = self.find(text) if self.suits(screen) else _NOTHING
        # The offsets of suggestions refer to the present text, so they come before the changes.
        suggested = [
            Edit("", 0, step, field, s.start, s.end, text[s.start : s.end], s.after, s.rule, UNMEASURED, SUGGESTED)
            for s in likely
            if s.rule not in off
        ]
        text, made = replace(text, certain, step, field, off)
        return text, suggested + made


_NOTHING = Found([], [])


def _controlled(text: str) -> Found:
    return Found(list(ligatures.controlled(text)), [])


def _torn(text: str) -> Found:
    return Found(list(ligatures.torn(text)), []) if ligatures.TORN.search(text) else _NOTHING


def _lost(text: str) -> Found:
    spans, certain = ligatures.lost(text)
    return Found(spans, []) if certain else Found([], spans)


# --- compatibility forms ----------------------------------------------------------------------------------------------

_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"
_FROM_CAPITALS = {
    **dict(zip(map(ord, _SMALL_CAPITALS), "abcdefghijklmnoprstuvwyz", strict=True)),
    0x2010: "-",
    0x2011: "-",
}
#: Phonetic alphabets have a few of them, one by one.
_LEAST_CAPITALS = 4
_MATHS = "\U0001d400-\U0001d7ff"
_FORMS = later(
    "(?P<latin>[\ufb00-\ufb06]+)|(?P<kana>[\uff66-\uff9f]+)|(?P<radical>[\u2f00-\u2fd5]+)"
    "|(?P<arabic>[\ufb50-\ufd3d\ufd50-\ufdf1\ufe70-\ufefc]+)|(?P<hebrew>[\ufb20-\ufb29\ufb4f]+)"
    f"|(?P<maths>[{_MATHS}]+(?:[ ,.:;!?'’-]{{1,2}}[{_MATHS}]+)*)"
    f"|(?P<capitals>[sxq]?[{_SMALL_CAPITALS}]+(?:[sxq .,'’-]{{1,2}}[{_SMALL_CAPITALS}]+)*[sxq]?)"
    "|(?P<circled>[\u24b6-\u24e9]{2,})|(?P<hyphen>(?<=\\w)[\u2010\u2011](?=\\w))"
    "|(?P<wide>[\uff21-\uff3a\uff41-\uff5a]{2,}(?:[\u3000\uff07 ][\uff21-\uff3a\uff41-\uff5a]+)*)"
)
_LIGATURE = re.compile(CHARACTERS[LIGATURES])
_ANY_FORM = re.compile(f"[{CHARACTERS[FORMS][1:-1]}{_SMALL_CAPITALS}]")
_KANA_LETTER = re.compile("[\uff66-\uff6f\uff71-\uff9d]")
_MATHS_RUN, _WIDE_RUN = re.compile(f"[{_MATHS}]+"), re.compile("[^ ]+")
_IDEOGRAPHS = later("[\u3001-\u30ff\u3400-\u9fff]")


def _forms(text: str) -> Found:
    torn = list(ligatures.half_torn(text)) if _LIGATURE.search(text) else []
    taken = {at for span in torn for at in range(span.start, span.end)}
    spans = []
    for match in _runs_of_forms(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        if start in taken:
            continue
        if kind == "maths" and not any(len(run) > 1 for run in _MATHS_RUN.findall(match[0])):
            continue  # the letters of a formula
        if kind == "kana" and len(_KANA_LETTER.findall(match[0])) < 2:
            continue  # faces: (´ﾍ｀)
        if kind == "capitals" and len(match[0]) < _LEAST_CAPITALS:
            continue
        if kind == "wide" and _IDEOGRAPHS.search(text):
            continue  # Chinese and Japanese write Latin letters so
        runs = (_MATHS_RUN if kind == "maths" else _WIDE_RUN).finditer(text, start, end)
        for run in runs:
            after = unicodedata.normalize("NFKC", run[0].translate(_FROM_CAPITALS))
            # A sign of vowels alone is decomposed with a space before it.
            spans.append(Span(run.start(), run.end(), after.replace(" ", "") if kind == "arabic" else after, FORM))
    return Found(torn + spans, [])


def _runs_of_forms(text: str) -> Iterator[re.Match[str]]:
    """The matches of `_FORMS`, which is tried only where one can begin."""
    here = 0
    for place in _ANY_FORM.finditer(text):
        at = place.start()
        if at < here:
            continue
        match = _FORMS.match(text, at - 1) if at > here and text[at - 1] in "sxq" else None
        match = match or _FORMS.match(text, at)
        if match:
            here = match.end()
            yield match


def _visual(text: str) -> Found:
    return Found(list(visual_order.lines(text)), [])


def _homoglyphs(text: str) -> Found:
    return Found(*homoglyphs.find(text))


# --- Persian ----------------------------------------------------------------------------------------------------------

_ARABIC_LETTER = re.compile("[\u064a\u0643]")
_ARABIC_WORD = re.compile("[\u0621-\u06ff]+")
#: Letters and signs of Arabic words in a Persian text: verses, names.
_ONLY_ARABIC = re.compile("[\u0629\u0623\u0625\u064b-\u0652\u0671]")
_AS_PERSIAN = {"\u064a": "\u06cc", "\u0643": "\u06a9"}


def _persian(text: str) -> Found:
    if language(text) != "fa":
        return _NOTHING
    spans = []
    for word in _ARABIC_WORD.finditer(text):
        if _ARABIC_LETTER.search(word[0]) and not _ONLY_ARABIC.search(word[0]):
            spans += [
                Span(match.start(), match.end(), _AS_PERSIAN[match[0]], PERSIAN)
                for match in _ARABIC_LETTER.finditer(text, word.start(), word.end())
            ]
    return Found(spans, [])


# --- apostrophes ------------------------------------------------------------------------------------------------------

# Also control characters that stand for a letter of cp1252: they become one later.
_ANY_LETTER = r"(?:[^\W\d_]|[\x83\x88\x8a\x8c\x8e\x9a\x9c\x9e\x9f])"
# These begin with the sign, for which a text is searched many times faster than for what may stand before it.
# One of the letters beside it is plain: not in what is left of misread text.
_ACCENT = re.compile(rf"[´\uff07](?:(?<=[A-Za-z][´\uff07])(?={_ANY_LETTER})|(?<={_ANY_LETTER}[´\uff07])(?=[A-Za-z]))")
# `it`s`, `l`eau`, `he′s`; a transliteration such as `Sana`a` and `Gor′kiy` stays.
_TICK = later(
    rf"[`′ʼ´](?:(?<={_ANY_LETTER}[`′ʼ])(?=(?:s|t|d|m|re|ve|ll|S|T|D|M|RE|VE|LL)\b)"
    r"|(?<=\b[ldjmtscnLDJMTSCNO][`′])(?=[^\W\d_]{2})|(?<=[dq]u`)(?=[^\W\d_])|(?<=[dsn]ell`)(?=[^\W\d_])"
    "|(?<=[\u0400-\u052f][`′´])(?=[\u0400-\u052f]))"
)
_TEX = re.compile("``|''")


def _apostrophes(text: str) -> Found:
    spans = []
    if "´" in text or "\uff07" in text:
        spans += [Span(match.start(), match.end(), "’", APOSTROPHE) for match in _ACCENT.finditer(text)]
    if any(sign in text for sign in "`′ʼ´"):
        spans += [Span(match.start(), match.end(), "’", APOSTROPHE) for match in _TICK.finditer(text)]
    if "``" in text and "''" in text and "```" not in text:
        marks = {"``": "“", "''": "”"}
        spans += [Span(match.start(), match.end(), marks[match[0]], APOSTROPHE) for match in _TEX.finditer(text)]
    return Found(spans, [])


# --- all of them ------------------------------------------------------------------------------------------------------


def _mixes_scripts(screen: Screen) -> bool:
    return screen.has_pair(LATIN, GREEK_CYRILLIC) or screen.has_pair(GREEK_CYRILLIC, LATIN)


def _may_be_persian(screen: Screen) -> bool:
    """Whether there are Persian letters beside the Arabic ones; Kurdish writers quote Arabic without its signs."""
    return screen.has(PERSIAN_LETTERS) and not screen.has(KURDISH_LETTERS)


def _always(screen: Screen) -> bool:
    return True


#: All kinds, in the order in which they are replaced.
KINDS = (
    Kind(CONTROLS, _always, _controlled),
    Kind(VISUAL, _always, _visual),
    Kind(FORMS, _always, _forms),
    Kind(LATIN, _always, _torn),
    Kind(GREEK_CYRILLIC, _mixes_scripts, _homoglyphs),
    Kind(ARABIC_YEH_KAF, _may_be_persian, _persian),
    Kind(TICKS, _always, _apostrophes),
    Kind(LATIN, _always, _lost),
)
