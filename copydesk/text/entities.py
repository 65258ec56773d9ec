"""HTML entities and tags left in text, whole or damaged.

Text about HTML shows entities and tags as examples: in a line that speaks of HTML or of tags, those that stand between
spaces, quotation marks or punctuation are words of the sentence.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple

from copydesk.edits import Span
from copydesk.text.lazy import later

# A pair of surrogates, each as an entity, is one character: an emoji written by JavaScript or Java.
_ENTITY = re.compile(
    r"&(?:amp;)*(?:#(?P<high>5[56][0-9]{3}|[xX][dD][89abAB][0-9a-fA-F]{2});&(?:amp;)*#(?P<low>5[67][0-9]{3}|[xX][dD]"
    r"[c-fC-F][0-9a-fA-F]{2});|#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)"
)
_AMP = re.compile("amp;", re.IGNORECASE)

# --- whole entities ---------------------------------------------------------------------------------------------------


def entities(text: str) -> Iterator[Span]:
    """Entities, also escaped twice, and those that lost their ampersand."""
    if ";" not in text and "&" not in text:
        return
    if "&" in text:
        found = list(_ENTITY.finditer(text))
        about = bool(found) and _is_about_html(text)
        for match in found:
            after = _character(match)
            if after is None:
                continue
            if about and _is_example(text, match.start(), match.end()):
                level = _AMP.match(text, match.start() + 1)
                if level and match.end() > level.end():  # escaped twice: the example is escaped once
                    yield Span(match.start(), match.end(), "&" + text[level.end() : match.end()], "entity")
                continue
            yield Span(match.start(), match.end(), after, "entity")
        for match in _UNENDED.finditer(text):
            yield Span(match.start(), match.end(), html.unescape(f"{match[0]};"), "broken-entity")
        for match in _SPACED.finditer(text):
            yield Span(match.start(), match.end(), html.unescape(f"&{match[1] or match[2]};"), "broken-entity")
    if _LACKS_AMPERSAND.search(text):
        yield from _broken(text)


def _character(match: re.Match[str]) -> str | None:
    """What an entity stands for; None if it is none."""
    if match["high"]:
        high, low = (int(half[1:], 16) if half[0] in "xX" else int(half) for half in (match["high"], match["low"]))
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
        return "\ufffd\ufffd"
    name = match[0][1:]
    while name.startswith("amp;") and name != "amp;":
        name = name[4:]
    if name[0] == "#" or name in html5:
        return html.unescape("&" + name)
    # Some programs write everything in capitals.
    lower = (name.capitalize(), name.lower()) if name.isupper() else ()
    return next((html.unescape("&" + one) for one in lower if one in html5), None)


# Typed or torn: `& #39;`, `& quot;`. Only names that are no words: `Marks & not; …` is a sentence.
_SPACED = re.compile(
    r"& {1,2}(?:(#(?:3[3-9]|4[0-7]|9[1-6]|1[2-9][0-9]|2[0-5][0-9]|82[0-4][0-9]));"
    r"|(quot|nbsp|apos|[lr][sd]quo|[sb]dquo|[nm]dash|hellip|[lr]aquo|[aeiouAEIOU](?:acute|grave|circ|uml)|[nN]tilde"
    r"|[cC]cedil|szlig);)"
)


# Without its semicolon: `it&#8217s`, `Marks &amp Spencer`. `&copy=1` is a part of an address.
_UNENDED = re.compile(
    r"&(?:#[1-9][0-9]{1,4}(?![0-9;])|#[xX][0-9a-fA-F]{2,4}(?![0-9a-fA-F;])"
    r"|(?:nbsp|quot|amp|bull|hellip|[lr][sd]quo|[nm]dash)(?![\w;=]))"
)

# --- entities without an ampersand ------------------------------------------------------------------------------------

# Feeds that lost the ampersand, with or without a space in its place: `Turkey #39;s`, ` quot;Yes, quot;`, `it#39;s`.
_BROKEN = re.compile(
    r"(?P<spaces> {0,3})(?<!& )(?<!&  )(?:(?:(?<![&\w;#])|(?<=[a-z]))"
    r"#(?P<number>3[3-9]|4[0-7]|9[1-6]|1[2-9][0-9]|2[0-5][0-9]|82[0-4][0-9])"
    r"|(?<![&\w;#])(?P<name>quot|amp|nbsp|apos)"
    r"|(?<![&;#])(?P<long>[lr][sd]quo|[sb]dquo|[nm]dash|hellip|[lr]aquo));"
)
_NAMES = ("quot", "amp", "nbsp", "apos", "[lr][sd]quo", "[sb]dquo", "[nm]dash", "hellip", "[lr]aquo")
#: The end of an entity without one of these signs before it, behind which `_BROKEN`, which is slow, matches none.
_LACKS_AMPERSAND = re.compile(
    ";(?:"
    + "|".join(
        f"(?<={name};)(?<![&;#]{name};)" for name in (*_NAMES, *("#" + digits * "[0-9]" for digits in (2, 3, 4)))
    )
    + ")"
)

#: Plural words and names, which have an apostrophe before a space; `bus #39;` and `class #39;` are numbers.
_POSSESSIVE = re.compile(r"(?:[A-Z][\w.-]*|[\w-]*[^\W\d_sui])s\Z")
#: The space behind these is the ampersand: another entity (`#39; #39;Stairway`), and the dollar of a country.
_CLOSE = re.compile(r"(?:#[0-9]{2,4}|quot|[lr][sd]quo);$|(?<!the )\b(?:US|HK|NZ|AU)$")
_LONGEST_HEADLINE = 150
_OPENS = frozenset("\"$£€“‘«„‚&—–'")


def _is_headline(text: str) -> bool:
    """Whether a text is one line without an end: no headline counts houses up to a semicolon."""
    return len(text) <= _LONGEST_HEADLINE and "\n" not in text and text.rstrip()[-1:] not in ".!?"


class _Broken(NamedTuple):
    start: int
    end: int
    after: str
    certain: bool


def _broken(text: str) -> Iterator[Span]:
    found = [_judged(text, match) for match in _BROKEN.finditer(text)]
    # `house #39; she` is a number, unless the document shows that its entities are broken.
    proven = any(one.certain for one in found)
    headline = bool(found) and _is_headline(text)
    for start, end, after, certain in found:
        if certain or proven or (headline and after in "'’$"):
            yield Span(start, end, after, "broken-entity")


def _judged(text: str, match: re.Match[str]) -> _Broken:
    name = match["name"] or match["long"]
    char = html.unescape(f"&#{match['number']};" if match["number"] else f"&{name};")
    start, end, spaces = match.start(), match.end(), len(match["spaces"])
    before, behind = text[start - 1 : start], text[end : end + 1]
    word = re.search(r"[\w.'-]*\Z", text[max(0, start - 30) : start])
    previous = word[0] if word else ""
    certain = _is_certain(match, char, previous, behind)
    opening = char in _OPENS and behind.isalnum() and not (char == "'" and _joins(previous, text[end : end + 3]))
    if char == "&":
        opening = not (behind.isalnum() and previous.isupper())
    elif char in "—–":
        opening = behind == " "
    # The last space stands for the ampersand, unless it is the only one before what opens a word.
    keep = spaces == 1 and opening and before not in ("", "\n") and not _CLOSE.search(text, max(0, start - 30), start)
    return _Broken(start + spaces - (spaces > 0 and not keep), end, char, certain)


def _is_certain(match: re.Match[str], char: str, previous: str, behind: str) -> bool:
    if match["number"]:
        joined = not match["spaces"] and previous[-1:].isalpha()
        if len(match["spaces"]) > 1 and previous:  # one of them was the ampersand
            return True
        return behind.isalnum() or joined or (char in "'’" and _POSSESSIVE.search(previous) is not None)
    if match["name"] == "amp":  # the word: an amplifier
        return behind.isalnum() or (
            previous[:1].isupper() and match.string[match.end() + 1 : match.end() + 2].isupper()
        )
    return True


def _joins(previous: str, behind: str) -> bool:
    """Whether an apostrophe between these is inside a word: `Turkey's`, `O'Neill`."""
    return bool(previous) and (
        behind[:1].islower() or len(previous) == 1 or (previous.isupper() and _ENDING.match(behind) is not None)
    )


#: In capitals: `ROGER'S READY`.
_ENDING = re.compile(r"(?:[STDM]|RE|VE|LL)(?![^\W\d_])")


# --- tags -------------------------------------------------------------------------------------------------------------

_BLOCK = (
    "p|br|div|li|ul|ol|tr|table|tbody|thead|td|th|h[1-6]|blockquote|section|article|header|footer|figure|figcaption|hr"
    "|pre"
)
_INLINE = (
    "a|b|i|u|s|em|strong|span|img|font|small|sup|sub|cite|center|iframe|video|audio|source|noscript|label|time|mark"
    "|abbr|wbr"
)
#: Characters of a comment, at most, beside the comments within it.
_LONGEST_COMMENT = 5000
_COMMENT_MARK = re.compile("<!--|-->")
# Only HTML names, in lower case unless attributes follow: Reuters writes tickers as <BFD>, <I>, <T>.
_TAG = later(
    # Neither matches past a second `<`: otherwise a page of them would be searched to its end from each one.
    rf"<!--(?:(?!<!--).){{0,{_LONGEST_COMMENT}}}?-->"
    r"|<(script|style)\b[^<>]{0,2000}>(?:(?!<\1\b).){0,50000}?</\1\s*>"
    rf"|</?(?:{_BLOCK})(?:\s+[a-zA-Z:-]+\s*=[^<>]{{0,2000}})?\s*/?>"
    rf"|</?(?:{_INLINE})(?:\s+[a-zA-Z:-]+\s*=[^<>]{{0,2000}})?\s*/?>"
    rf"|</(?i:{_BLOCK}|{_INLINE})\s*>"
    rf"|<(?i:{_BLOCK}|{_INLINE})\s+[a-zA-Z:-]+\s*=[^<>]{{0,2000}}>",
    re.DOTALL,
)
_IS_BLOCK = re.compile(rf"</?(?:{_BLOCK})\b", re.IGNORECASE)
#: In capitals without attributes: a tag if it adjoins a word, or where the text also closes tags in capitals.
_CAPITAL_TAG = re.compile(rf"<(?i:{_BLOCK}|{_INLINE})\s*/?>")
_CLOSES_IN_CAPITALS = re.compile(rf"</(?=[A-Z])(?i:{_BLOCK}|{_INLINE})\s*>")
_GLUED_BREAK = re.compile(r"(?<=[^\s>])<(?:BR|P|HR)\s*/?>|<BR\s*/>|^<(?:BR|P|HR)>\s*$", re.MULTILINE)


def _has_breaks(text: str) -> bool:
    return ("<BR" in text or "<P" in text or "<HR" in text) and _GLUED_BREAK.search(text) is not None


def tags(text: str) -> Iterator[Span]:
    """Tags: those of blocks become line ends. Contents of scripts and style sheets go with them."""
    if "<" not in text or ">" not in text:
        return
    spans = [match.span() for match in _TAG.finditer(text)]
    if _has_breaks(text) or _CLOSES_IN_CAPITALS.search(text):
        starts = {start for start, _ in spans}
        spans += [match.span() for match in _CAPITAL_TAG.finditer(text) if match.start() not in starts]
    spans += _nested_comments(text)
    here = 0
    about = bool(spans) and _is_about_html(text)
    for start, end in sorted(spans):
        if start < here:
            continue
        here = end
        if not (about and _is_example(text, start, end)):
            yield Span(start, end, "\n" if _IS_BLOCK.match(text, start) else "", "tag")


def _nested_comments(text: str) -> list[tuple[int, int]]:
    """Comments with others within, of which `_TAG` finds the innermost only: once that is gone, the one around it is a
    comment when the text is cleaned again.
    """
    found: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []  # where each begins, and how much of it are comments within
    for mark in _COMMENT_MARK.finditer(text) if text.count("<!--") > 1 else ():
        if mark[0] == "<!--":
            opened.append((mark.start(), 0))
        elif opened:
            (start, within), end = opened.pop(), mark.end()
            if end - start - within > _LONGEST_COMMENT + len("<!---->"):
                opened.clear()  # no comment, nor what is around it
                continue
            if within:
                found.append((start, end))
            if opened:
                around, others = opened.pop()
                opened.append((around, others + end - start))
    return found


# --- text about HTML --------------------------------------------------------------------------------------------------

_ABOUT_HTML = re.compile(r"\b(?:X?HTML[45]?|XML|SGML|markup language)\b")
#: In a text about HTML, a line with such a word shows markup, too.
_ABOUT_MARKUP = re.compile(
    rf"{_ABOUT_HTML.pattern}|\b(?:tags?|entity|entities|ampersands?|apostrophes?|markup|attributes?)\b"
)
_BEFORE_EXAMPLE = frozenset(" \"'(`“‘„«[")
_AFTER_EXAMPLE = frozenset(" \"'),.;:!?`”’»]")
#: `HTML &amp; CSS` is no example, `write &amp; for it` is.
_SHOWS = re.compile(
    r"\b(?:writes?|writing|written(?: as)?|uses?|types?|typing|entity|ampersand|code|escape|as)[ \"'(`“‘]{1,3}\Z",
    re.IGNORECASE,
)


def _is_about_html(text: str) -> bool:
    return ("ML" in text or "markup language" in text) and _ABOUT_HTML.search(text) is not None


def _is_example(text: str, start: int, end: int) -> bool:
    """Whether markup between spaces or quotation marks is an example in a line about HTML."""
    if text[start - 1 : start] not in _BEFORE_EXAMPLE or text[end : end + 1] not in _AFTER_EXAMPLE:
        return False
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    if not _ABOUT_MARKUP.search(text, line_start, line_end if line_end >= 0 else len(text)):
        return False
    return text[start:end] != "&amp;" or _SHOWS.search(text, max(line_start, start - 24), start) is not None
