"""Headlines: which line is one, and which lines say the same again.

A headline comes back in another case, with other punctuation or quotes, cut off with an ellipsis, with the name of the
site before or behind it, or with a word changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice

from copydesk.text.structure.lines import TEASER, Line
from copydesk.text.structure.names import is_agency
from copydesk.text.structure.sentences import WORD, ends_sentence, tokens

MAX_CHARACTERS = 250
MAX_WORDS = 32

_CUT = re.compile(r"\s*(?:…|\.\.\.+|\[…\]|\[\.\.\.+\])\s*$")
_ENDS_OF_CUT = frozenset("….]")
# One of the marks within a separator: this pattern begins with a class of characters, and is found faster.
_MARKS = re.compile(r"[-–—|·•«»:/~_*](?:(?<=[|»])|(?<=\s.)|(?<=:)(?=\s))")
_SEPARATOR = re.compile(r"\s+[-–—|·•«»:/~_*]{1,3}\s+|\s*[|»]\s*|\s*:\s+")
_ABBREVIATION = re.compile(r"(?:\b[A-Z]\.|\b(?:Inc|Corp|Ltd|Co|Jr|Sr|Dr|No|St|vs|etc|Gov|Sen|Rep|Gen|Mr|Mrs))\.?$")


def likeness(line: Line, headline: Line) -> str | None:
    """The rule by which `line` is `headline` once more, as sites write it; None where it is none."""
    if len(line.text) > 2 * MAX_CHARACTERS or len(line.text) > 4 * len(headline.text) + 80:
        return None
    if line.text == headline.text:
        return "headline-repeat" if headline.first_tokens else None
    # Every way to repeat a headline keeps the first word of one among the first words of the other.
    mine, theirs = line.first_tokens, headline.first_tokens
    if not mine or not theirs or (mine[0] not in theirs and theirs[0] not in mine):
        return None
    if mine == theirs and line.tokens == headline.tokens:
        return "headline-variant"
    if _is_cut_from(line.text, headline) or _is_cut_from(headline.text, line):
        return "headline-cut-off"
    if _is_with_site(line, headline) or _is_with_site(headline, line):
        return "headline-with-site"
    if mine[:2] == theirs[:2] and min(len(line.tokens), len(headline.tokens)) >= 6:
        share = SequenceMatcher(None, line.tokens, headline.tokens, autojunk=False).ratio()
        if share >= 0.88:
            return "headline-near"
    return None


def _cut(text: str) -> re.Match[str] | None:
    """The ellipsis that a text ends in."""
    return _CUT.search(text) if text.rstrip()[-1:] in _ENDS_OF_CUT and ("…" in text or "..." in text) else None


def _separators(text: str) -> Iterator[re.Match[str]]:
    """What may set off the name of a site; most texts have none of these marks."""
    return _SEPARATOR.finditer(text) if _MARKS.search(text) else iter(())


def _is_with_site(line: Line, other: Line) -> bool:
    return any(
        tokens(part) == other.tokens or _is_cut_from(part, other) or _is_cut_from(other.text, part)
        for part in _without_site(line.text, other.text)
    )


_SPOKEN = re.compile(r"[\"“”„«‘].*[\"”“»’][.!?,]?$")


def is_repeat(line: Line, headline: Line) -> bool:
    """Whether a line of the headline's words may be a repeat: neither speech, nor a sentence where it is none."""
    if line.text == headline.text:
        return True
    return not _SPOKEN.match(line.text) and (headline.ends_sentence or not line.ends_sentence)


def is_refrain(known: Line, below: Sequence[Line]) -> bool:
    """Whether the headline comes back twice and more below itself, with nothing but verses between, as in a song."""
    least, most = len(known.text) / 3, 2 * len(known.text)
    at = [i for i, line in enumerate(below) if least < len(line.text) < most and says_the_same(line, known)]
    if len(at) < 2 or at[-1] - at[-2] < 2:
        return False
    between = below[at[-2] + 1 : at[-1]]
    return not any(len(line.text) > 2 * TEASER or line.is_certain or line.above for line in between)


def says_the_same(line: Line, headline: Line) -> bool:
    """Whether a line has the words of the headline; most lines begin with another letter."""
    if line.text == headline.text:
        return True
    return (
        line.initial == headline.initial
        and line.first_tokens == headline.first_tokens
        and line.tokens == headline.tokens
    )


def _is_cut_from(line: str, headline: Line | str) -> bool:
    """Whether `line` is the beginning of the headline, ended by an ellipsis, perhaps within a word."""
    cut = _cut(line)
    if not cut or cut.start() == 0:
        return False
    kept = " ".join(tokens(line[: cut.start()]))
    words = tokens(headline) if isinstance(headline, str) else headline.tokens
    return len(kept) >= 10 and " ".join(words).startswith(kept)


#: Behind a colon, where the rest is the headline letter for letter; else names of sites are shorter.
_LONGEST_SITE = 100


def _without_site(line: str, other: str = "") -> list[str]:
    """`line` without what stands behind or before a separator and is short enough to be a site's name.

    Before a colon may stand who speaks. Whatever goes with a colon must be an agency, or leave `other` letter for
    letter, where that is given.
    """
    found = []
    for separator in _separators(line):
        head, tail = line[: separator.start()], line[separator.end() :]
        if other and ":" in separator[0]:
            pairs = ((head, tail), (tail, head))
            found += [
                part for part, site in pairs if is_agency(site) or (part == other and _may_be_site(site, _LONGEST_SITE))
            ]
            continue
        if _may_be_site(tail):
            found.append(head)
        if 1 <= len(head.split()) <= 5 and len(head) <= 40:
            found.append(tail)
    return found


def _may_be_site(text: str, longest: int = 60) -> bool:
    """Whether a text beside a headline may be the name of a site: short, with capitals, and no sentence."""
    words = text.split()
    if not 1 <= len(words) <= longest // 8 or len(text) > longest:
        return False
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    small = sum(word[0].islower() for word in long)
    return 2 * small <= len(long) or (len(words) <= 7 and not ends_sentence(text))


def site_suffix(headline: str, is_site: Callable[[str], bool]) -> int:
    """Where ` - Site Name` begins in a headline, if `is_site` knows that name; else 0."""
    for separator in _separators(headline):
        if separator.start() and is_site(headline[separator.end() :]):
            return separator.start()
    return 0


def plain_part(line: str, other: Line) -> tuple[int, int] | None:
    """Where `other` stands within `line` beside the name of a site; None where it does not, or is cut off itself."""
    if _cut(other.text):
        return None
    for part in _without_site(line):
        if tokens(part) == other.tokens:
            start = line.index(part)
            end = start + len(part)
            # `Sailing: …` and `The harbour: why it closed` are headlines; a colon sets off a site that is known only.
            return None if ":" in (line[start - 2 : start].strip() if start else line[end : end + 2]) else (start, end)
    return None


# 1º DE MAYO: they have no capitals.
_ORDINALS = dict.fromkeys(map(ord, "ªº"))


def quality(form: Line, forms: Sequence[Line]) -> tuple[int, int, int]:
    """How good a form of a repeated headline this is, smaller is better: whole, without site, in mixed case."""
    line = form.text
    is_cut = bool(_cut(line))
    others = {other.tokens for other in forms} - {form.tokens}
    has_site = line[-1] in "|»–—-" or (bool(others) and any(tokens(part) in others for part in _without_site(line)))
    letters = line.translate(_ORDINALS)
    return is_cut, has_site, letters.isupper() or letters.islower()


def looks_like_headline(first: Line, story: Iterable[Line]) -> bool:
    """Whether the first line of a document is a headline: a short line, no sentence, with a `story` behind it.

    The lines of the story are looked at until one is much longer, which most are.
    """
    line = first.text
    if len(line) > MAX_CHARACTERS or not WORD.search(line):
        return False
    words = line.split()
    if len(words) > MAX_WORDS or (len(words) < 2 and len(line) < 12 and not _ideographic(line)):
        return False
    if first.is_punctuated and not (_ABBREVIATION.search(line) or _cut(line) or is_title_case(line)):
        return False
    top: list[Line] = []
    for paragraph in story:
        if len(paragraph.text) >= 1.5 * len(line):
            return True
        top.append(paragraph)
    if line.isupper() and len(words) > 2 and not top[0].text.isupper():
        return True
    return len(line) <= 120 and any(behind.is_punctuated or behind.text[-1] in _SPOKEN_ENDS for behind in top[:3])


_SPOKEN_ENDS = frozenset(".!?！？؟。\"'")


def is_title_case(line: str) -> bool:
    """`Harbour Town Votes to Keep Its Last Ferry.`: four words and more, the long ones with a capital."""
    words = line.split()
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    return len(words) >= 4 and len(long) >= 3 and all(word[0].isupper() for word in long)


def _ideographic(line: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" for c in line)


_BETWEEN = re.compile(r"['\"”’»)\]]*(?:(?P<mark>\s*[.:!?|–—-]+|\s*…)?\s+|(?P<slashes>\\{1,4}))")


def leading_headline(paragraph: str, headline: Line) -> int:
    """Where the story begins in a paragraph that starts with the headline, else 0.

    The headline's words must be followed by a separator or by what starts a sentence; a sentence that merely begins
    with the same words goes on in lower case.
    """
    wanted = headline.tokens
    if len(wanted) < 3:
        return 0
    if paragraph[:1] != headline.text[:1] and paragraph[:1].isalnum() and headline.text[:1].isalnum():
        return 0
    found = list(islice(WORD.finditer(paragraph), len(wanted)))
    # Letter for letter: a first sentence that says the headline again in its own case is a sentence.
    if [match[0] for match in found] != WORD.findall(headline.text):
        return 0
    here = found[-1].end()
    rest = paragraph[here:]
    between = _BETWEEN.match(rest)
    if between is None or between.end() >= len(rest):
        return 0
    after = rest[between.end()]
    if (between["mark"] or between["slashes"]) and not after.islower():
        return here + between.end()
    if rest.startswith(("http://", "https://"), between.end()):
        return here + between.end()
    if len(wanted) >= 5 and (after.isupper() or after in '"“(') and not re.match(r"\S*\s*$", rest[between.end() :]):
        return here + between.end()
    # A name goes on with a name, `New York City Mayor`; a sentence begins with `The`, `In`, `He`.
    first = WORD.match(rest, between.end())
    if first and after.isupper() and headline.text[0].isupper() and first[0].casefold() in _SENTENCE_STARTS:
        return here + between.end()
    return 0


_SENTENCE_STARTS = frozenset(
    """a an the this these those he she they it we i you in on at for after before when while as with from there
    el la los las un una en der die das ein eine im am le les une dans il lo gli o os um uma no na""".split()
)


_STOP = re.compile(r"\.(?P<gap>\s+)(?=[A-Z0-9À-Þ\"'“‘(])")


def before_story(line: str) -> tuple[int, int] | None:
    """Where a headline ends, and where the story behind it begins on the same line.

    A headline there is ended by a full stop, and written as one, with capitals, which the sentence behind it is not; or
    that sentence says the same in more words.
    """
    for stop in islice(_STOP.finditer(line, 0, MAX_CHARACTERS), 4):
        said, rest = line[: stop.start()], line[stop.end() :]
        if len(said) < 15 or len(rest) < len(said):
            continue
        if has_capitals(said, rest) or (said.count(". ") == 0 and _says_again(said, rest)):
            return stop.start(), stop.end()
    return None


def has_capitals(said: str, rest: str) -> bool:
    """Whether a text is written with the capitals of a headline, and the one behind it is not."""
    return _capitals(said) >= 0.75 and _capitals(rest[:160]) <= 0.6


#: Of the longer words of a headline, the share that the first sentences of its story say again; and how many.
_AGAIN, _LEAST_AGAIN = 0.6, 4
#: English headlines go without these words, unlike the sentences of the story, which prove the language.
_SENTENCE_WORDS = re.compile(r"\b(?:the|an?|was|were|has|have|had|been)\b", re.IGNORECASE)


def _says_again(said: str, rest: str) -> bool:
    if _SENTENCE_WORDS.search(said) or not _SENTENCE_WORDS.search(rest, 0, 300):
        return False
    words = {word for word in tokens(said) if len(word) > 3}
    if len(said.split()) > 20 or len(words) < _LEAST_AGAIN:
        return False
    again = words.intersection(tokens(rest[: 2 * len(said) + 160]))
    return len(again) >= max(_LEAST_AGAIN, _AGAIN * len(words))


def _capitals(text: str) -> float:
    """The share of the longer words with a capital; 0 where there are fewer than three."""
    long = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    return sum(word[0].isupper() for word in long) / len(long) if len(long) >= 3 else 0.0
