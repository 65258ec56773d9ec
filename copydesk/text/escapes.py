r"""Escapes of other formats left in text: `\u2019`, `\xe2\x80\x99`, `=E2=80=99`, `%E2%80%99`, `<U+2019>`, `b'…'`.

Each format is judged by the whole document: a place counts 2 if nothing else explains it (inside a word, several in
a row), 1 if it is only likely. From 2 on the document is written in that format, and its places are decoded; below, the
repair is suggested. Paths, code, addresses and text about escapes keep theirs.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from copydesk.data.rules import UNMEASURED
from copydesk.edits import SUGGESTED, TEXT, Edit, Span, replace
from copydesk.text import letters
from copydesk.text.program_code import shows_code

RULE, REPR = "escape", "repr"
#: Evidence from which a document is written in a format.
_ENOUGH = 2


class Hit(NamedTuple):
    """An escape, what it stands for, and how much it proves; 0 proves nothing, and is decoded only beside proof."""

    start: int
    end: int
    after: str
    proof: int


def mend(text: str, step: str, field: str = TEXT, off: Collection[str] = ()) -> tuple[str, list[Edit]]:
    """Decode the escapes of a text: the new text, and the edits of `step` that lead to it.

    Edits of the rules in `off` are neither made nor suggested.
    """
    edits: list[Edit] = []
    spans = _repr(text) if REPR not in off else []
    text, made = replace(text, spans, step, field)
    edits += made
    if RULE in off:
        return text, edits
    for sign, find in _FORMATS:
        if sign not in text:
            continue
        hits = list(find(text))
        if not hits:
            continue
        if spans or sum(hit.proof for hit in hits) >= _ENOUGH:
            text, made = replace(text, [Span(h.start, h.end, h.after, RULE) for h in hits], step, field)
            edits += made
        else:
            edits += [
                Edit("", 0, step, field, h.start, h.end, text[h.start : h.end], h.after, RULE, UNMEASURED, SUGGESTED)
                for h in hits
                if h.proof and h.after != text[h.start : h.end]
            ]
    return text, edits


# --- the text of a value as a program prints it -----------------------------------------------------------------------

_STRINGS = r"'(?:[^'\\]|\\.)*+'", r'"(?:[^"\\]|\\.)*+"'
_STRING = re.compile("|".join(_STRINGS), re.DOTALL)
_BETWEEN = re.compile(r"\s*,\s*[bu]?(?=['\"])")
_ESCAPED = re.compile(r"""\\(?:[nrt"'\\]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})""")
_OPENING, _CLOSING = frozenset("bu'\"[("), frozenset("'\"])")
#: Fewer characters are no text: a quotation may be a document's only line.
_SHORTEST = 20


def may_be_printed(text: str) -> bool:
    """Whether a text begins and ends as the text of a value that a program printed."""
    return text.rstrip()[-1:] in _CLOSING and text.lstrip()[:1] in _OPENING


def _repr(text: str) -> list[Span]:
    r"""What surrounds the text in `b'…'`, `"…\n…"` and `['…', '…']`, if that is the whole document."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if end - start < _SHORTEST or not may_be_printed(text):
        return []
    if text[start] in "[(":
        return _printed_list(text, start, end) if text[end - 1] == ("]" if text[start] == "[" else ")") else []
    prefix = text[start] in "bu"
    string = _STRING.fullmatch(text, start + prefix, end)
    if string is None or not (prefix or _ESCAPED.search(text, start, end)):
        return []
    return [Span(0, start + prefix + 1, "", REPR), Span(end - 1, len(text), "", REPR)]


def _printed_list(text: str, start: int, end: int) -> list[Span]:
    at = start + 1 + (text[start + 1] in "bu")
    spans = [Span(0, at + 1, "", REPR)]
    while string := _STRING.match(text, at, end):
        if string.end() == end - 1:
            return [*spans, Span(end - 2, len(text), "", REPR)]
        between = _BETWEEN.match(text, string.end(), end)
        if between is None:
            return []
        spans.append(Span(string.end() - 1, between.end() + 1, "\n\n", REPR))
        at = between.end()
    return []


# --- backslashes ------------------------------------------------------------------------------------------------------

_BACKSLASH = re.compile(
    r"(?P<codes>(?:\\{1,4}(?:u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{2,6}\}|U000[0-9a-fA-F]{5}|x\{[0-9a-fA-F]{2,6}\}"
    r"|N\{[A-Z][A-Z -]{3,60}\}))+)"
    r"|(?P<bytes>(?:\\{1,4}x[0-9a-fA-F]{2})+|(?:\\{1,4}[0-3][0-7]{2}){2,})"
    r"|(?P<rtf>(?<=[a-z])\\'(?:9[1-7]|[c-f][0-9a-f])(?=[a-z]))"
    r"|(?P<lines>(?:\\{1,2}[nr])+)(?P<small>[a-z])?"
    r"|(?P<tab>\\{1,2}t(?![a-z]))"
    r"|(?<!\\)\\(?:\\\\)?(?P<sign>['\"/$%#@!?*_~\[\]()-]|&(?![A-Za-z]+;))"
)
_CODE = re.compile(r"(?:u|U|x)\{?([0-9a-fA-F]+)\}?|N\{([^}]*)\}")
_BYTE = re.compile(r"x([0-9a-fA-F]{2})|([0-3][0-7]{2})")
_CODED = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})")
# A path begins with a drive, a server or a variable, or has several folders.
_ROOT = re.compile(r"[\"'(]*(?:[A-Za-z]:\\|\\\\\w|%\w+%\\|HKEY)")
_PATH = re.compile(
    r"[A-Za-z]:\\|\\\\\w|%\w+%\\|HKEY|\w{2,}\\\w{2,}\\\w{2,}|\.(?:exe|dll|txt|bat|ini|log|sys|py|docx?)\b"
)
#: `print("caf\u00e9")`
_CALL = re.compile(r"\w\([rbuf]{0,2}[\"']")
_CODE_LINE = re.compile(
    r"(?<!\\[uxN])\{|;\s*$|\w\([^()\n]*\)\s*[;{]|=\s*[\"'/\\]|^\s*(?:def|var|let|const|import|function|echo|\$ )\b"
    "|\\b(?:printf? ?\\(|re\\.\\w+\\(|(?:echo|grep|sed) [\"'$-])"
)
_ABOUT_ESCAPES = re.compile(
    r"\b(?:Unicode|UTF-?8|JSON|Python|JavaScript|LaTeX|regex\w*|escap(?:e|ed|es|ing) (?:sequences?|codes?|characters?)"
    r"|backslash(?:es)?|code points?|(?:file|path) names?|folders?|directory)\b"
)


def _at_backslashes(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern that begins with a backslash, and is tried only there."""
    at = text.find("\\")
    while at >= 0:
        match = pattern.match(text, at)
        if match:
            yield match
        at = text.find("\\", match.end() if match else at + 1)


def _backslashes(text: str) -> Iterator[Hit]:
    found = list(_at_backslashes(_BACKSLASH, text))
    if not found:
        return
    breaks = any(hit.proof for hit in _breaks(text))
    lines = _Lines(text)
    code = shows_code(text)
    for match in found:
        start, end = match.span()
        kind = match.lastgroup
        if match["lines"] and match["small"]:
            end -= 1
            if breaks:  # `gave\no`: the break stands before `no`
                continue
        token = lines.token(start, end)
        if kind not in ("codes", "bytes") and (_PATH.search(_CODED.sub("", token)) or _is_address(token)):
            continue
        if _ROOT.match(token) or _CALL.search(token) or lines.has(_CODE_LINE, start):
            continue
        about = lines.has(_ABOUT_ESCAPES, start)
        after, proof = _unescaped(text, match)
        glued = _is_glued(text, start, end)
        if after is None or (about and not glued) or (code and (after.isascii() or not glued)):
            continue
        yield Hit(start, end, after, proof)


def _unescaped(text: str, match: re.Match[str]) -> tuple[str | None, int]:
    """What a match stands for, and how much it proves."""
    start, end = match.span()
    if match["codes"]:
        chars = "".join(_code(*code.groups()) for code in _CODE.finditer(match[0]))
        chars = chars.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        several = len(_CODE.findall(match[0])) > 1
        return chars, 2 if several or _is_glued(text, start, end) else 1
    if match["bytes"]:
        content = bytes(int(h, 16) if h else int(o, 8) for h, o in _BYTE.findall(match[0]))
        return _from_bytes(content), 2 if _is_glued(text, start, end) or len(content) > 1 else 1
    if match["rtf"]:
        return _from_bytes(bytes.fromhex(match["rtf"][2:])), 2
    if match["lines"]:
        count = match["lines"].count("n") or match["lines"].count("r")
        if match["small"]:
            return "\n" * count, int(count > 1)
        return "\n" * count, 2 if count > 1 or "r" in match["lines"] else 1
    if match["tab"]:
        return " ", 1
    sign = match["sign"]
    before, behind = text[start - 1 : start], text[end : end + 1]
    strong = (sign == "'" and before.isalpha() and behind.isalpha()) or (sign == "$" and behind.isalnum())
    return sign, 2 if strong else 1


def _code(number: str | None, name: str | None) -> str:
    if number:
        return chr(int(number, 16)) if int(number, 16) < 0x110000 else "\ufffd"
    try:
        return unicodedata.lookup(name or "")
    except KeyError:
        return "\ufffd"


def _from_bytes(content: bytes) -> str | None:
    """UTF-8, else the characters of these numbers, as Windows-1252 has them; None for control characters."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return None if any(char < " " and char not in "\t\n\r" for char in text) else text


#: `rip\through`, `it is open.\\"We`: a backslash in place of a line end.
_BREAK = re.compile(r"(?<=[\w.,;:!?\"')%])(?P<signs>\\{1,2})(?=(?P<behind>[\w\"'(]))")
#: `CORP\jsmith`, `AC\DC`
_ACCOUNT = re.compile(r"[A-Z]{2,}\Z")
_OR = re.compile(r"(?:and|either|he|his|him|s|or|yes)\\(?:or|and|she|hers?|no)\b", re.IGNORECASE)


def _breaks(text: str) -> list[Hit]:
    r"""Backslashes in place of line ends. `in\the` may be a tab: it proves one only beside a break that cannot be read
    otherwise."""
    hits = list(_single_breaks(text))
    if not hits or shows_code(text):
        return []
    return [hit._replace(proof=1) for hit in hits] if any(hit.proof for hit in hits) else hits


def _single_breaks(text: str) -> Iterator[Hit]:
    lines = _Lines(text)
    for match in _at_backslashes(_BREAK, text):
        start, end = match.span()
        token = lines.token(start, end)
        if token.count("\\") > len(match["signs"]) or _PATH.search(token) or _is_address(token):
            continue
        if _BACKSLASH.match(text, start) and not match["behind"].islower():
            continue
        if _OR.search(token) or lines.has(_CODE_LINE, start) or lines.has(_ABOUT_ESCAPES, start):
            continue
        word = re.search(r"(?:[^\W\d_]{2,}|\ba)[.,;:!?\"')]*\Z", text[max(0, start - 20) : start])
        if word is None or not re.match(r"[\"'(]*(?:[^\W\d_]{2,}|a |I )", text[end : end + 12]):
            continue
        yield Hit(start, end, "\n\n" if len(match["signs"]) == 2 else " ", _proof_of_break(word[0], match["behind"]))


def _proof_of_break(before: str, behind: str) -> int:
    return int(behind not in "nrtux" and _ACCOUNT.match(before) is None)


# --- other formats ----------------------------------------------------------------------------------------------------

# Each begins with its sign, for which the text is searched several times faster than for a group or an alternative.
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_WIDE_PERCENT = re.compile(r"%u[0-9a-fA-F]{4}(?:%u[0-9a-fA-F]{4})*")
_ANGLE = re.compile(r"<(?:U\+[0-9A-Fa-f]{4,8}>(?:<U\+[0-9A-Fa-f]{4,8}>)*|[89a-f][0-9a-f]>(?:<[89a-f][0-9a-f]>){1,3})")
_QUOTED_PRINTABLE = re.compile(r"=(?:[0-9A-F]{2}(?:=[0-9A-F]{2})*|\r?\n)")
_UTF7 = re.compile(r"\+([A-Za-z0-9+/]{3,})(?P<end>-?)")


def _percents(text: str) -> Iterator[Hit]:
    lines = _Lines(text)
    for match in _PERCENT.finditer(text):
        start, end = match.span()
        content = bytes.fromhex(match[0].replace("%", ""))
        if _is_address(lines.token(start, end, _ADDRESS_LENGTH)):
            continue
        before, behind = text[start - 1 : start], text[end : end + 1]
        if content.isascii():
            if content.strip() == b"" and before.isalpha() and behind.isalpha():
                yield Hit(start, end, content.decode(), 1)
            elif not before.isdigit() and content in b"!\"'(),;:?":
                yield Hit(start, end, content.decode(), 0)
            continue
        try:
            yield Hit(start, end, content.decode(), 2)
        except UnicodeDecodeError:
            continue


def _wide_percents(text: str) -> Iterator[Hit]:
    lines = _Lines(text)
    for match in _WIDE_PERCENT.finditer(text):
        if _is_address(lines.token(*match.span())):
            continue
        chars = "".join(chr(int(code, 16)) for code in match[0].split("%u")[1:])
        yield Hit(*match.span(), chars.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), 2)


def _angles(text: str) -> Iterator[Hit]:
    lines = _Lines(text)
    for match in _ANGLE.finditer(text):
        if match[0][1] == "U":
            chars = "".join(_code(code, None) for code in re.findall(r"[0-9A-Fa-f]{4,8}", match[0]))
        else:
            try:
                chars = bytes.fromhex(match[0].replace("<", "").replace(">", "")).decode()
            except UnicodeDecodeError:
                continue
        glued = _is_glued(text, *match.span())
        if not glued and lines.has(_ABOUT_ESCAPES, match.start()):
            continue
        yield Hit(*match.span(), chars, 2)


def _quoted_printable(text: str) -> Iterator[Hit]:
    r"""RFC 2045, section 6.7. `=\n` is a line that goes on."""
    lines = _Lines(text)
    found: list[Hit] = []
    for match in _QUOTED_PRINTABLE.finditer(text):
        start, end = match.span()
        if "\n" in match[0]:
            found.append(Hit(start, end, "", int(text[start - 1 : start] not in "=-_* ")))
            continue
        if _is_address(lines.token(start, end)) and not found:
            continue
        content = bytes.fromhex(match[0].replace("=", ""))
        chars = _from_bytes(content)
        if chars is not None:
            found.append(Hit(start, end, chars, _proof_quoted(text, start, content)))
    yield from found


#: One byte of Latin-1 within a word, or an apostrophe of Windows-1252. `=A1+B2` is a formula, `width=80` a number.
_IN_WORD = re.compile(r"(?:(?<=[a-z]{2})|(?=...[a-z]))=[A-F][0-9A-F]|(?<=[a-z])=92(?:s|t|d|re|ve|ll)\b")


def _proof_quoted(text: str, start: int, content: bytes) -> int:
    if content.isascii():
        return 0
    try:
        return 2 if len(content.decode()) < len(content) else 0
    except UnicodeDecodeError:
        return int(_IN_WORD.match(text, start) is not None)


_IN_LATIN = re.compile("[\xa0-\u024f\u2010-\u2122\u1e00-\u1eff]+")


def _is_word(chars: str) -> bool:
    return all(char.isalpha() and letters.is_usual(char) for char in chars)


def _utf7(text: str) -> Iterator[Hit]:
    """RFC 2152: UTF-16 in Base64 between `+` and a character that is not of Base64."""
    if not text.isascii():
        return
    lines = _Lines(text)
    for match in _UTF7.finditer(text):
        if not _is_glued(text, match.start(), match.end()) or _is_address(lines.token(*match.span())):
            continue
        coded = match[1]
        try:
            content = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
            chars = content[: len(content) - len(content) % 2].decode("utf-16-be")
        except (binascii.Error, UnicodeDecodeError):
            continue
        # The bits beyond the last character are zero.
        whole = base64.b64encode(chars.encode("utf-16-be")).decode().rstrip("=") == coded
        if whole and chars and (_IN_LATIN.fullmatch(chars) or (len(chars) > 2 and _is_word(chars))):
            yield Hit(*match.span(), chars, 2 if match["end"] else 1)


#: A sign that every text in the format holds, and the search for it.
_FORMATS: tuple[tuple[str, Callable[[str], Iterable[Hit]]], ...] = (
    ("\\", _backslashes),
    ("\\", _breaks),
    ("%u", _wide_percents),
    ("%", _percents),
    ("<", _angles),
    ("=", _quoted_printable),
    ("+", _utf7),
)


# --- what stands around -----------------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"://|www\.|[\w.]+@|\.(?:com|org|net|html?|php|aspx?|jpe?g|png|pdf)\b|[?&]\w+=|/\w+/|=\"")
#: Tags are no code, and have quotation marks behind signs of equality.
_MARKUP = re.compile(r"<[A-Za-z/][^<>]{0,400}>|&lt;[A-Za-z/](?:(?!&[lg]t;).){0,400}&gt;")
#: Characters of a token that are looked at on each side, and of a part of a long line.
_AROUND, _PART = 60, 500
#: Addresses with Cyrillic or Arabic words in per cent signs are long.
_ADDRESS_LENGTH = 600


class _Lines:
    """The words and lines of a text around a place. What a line holds is looked for once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: dict[tuple[int, re.Pattern[str]], bool] = {}

    def token(self, start: int, end: int, around: int = _AROUND) -> str:
        """The characters around a place up to the next white space, at most `around` on each side."""
        before, behind = self.text[max(0, start - around) : start], self.text[end : end + around]
        left = before.split()[-1:] if before and not before[-1].isspace() else []
        right = behind.split(None, 1)[:1] if behind and not behind[0].isspace() else []
        return "".join((*left, self.text[start:end], *right))

    def has(self, pattern: re.Pattern[str], at: int) -> bool:
        """Whether the line around `at` matches `pattern`; of a long line, the part near `at`."""
        start = max(self.text.rfind("\n", max(0, at - 2 * _PART), at) + 1, (at // _PART - 1) * _PART)
        key = (start, pattern)
        if key not in self._known:
            end = self.text.find("\n", at, start + 3 * _PART)
            line = self.text[start : min(end if end >= 0 else len(self.text), start + 3 * _PART)]
            self._known[key] = pattern.search(_MARKUP.sub("", line)) is not None
        return self._known[key]


def _is_address(token: str) -> bool:
    return _ADDRESS.search(token) is not None


def _is_glued(text: str, start: int, end: int) -> bool:
    """Whether a place adjoins a letter."""
    return text[start - 1 : start].isalpha() or text[end : end + 1].isalpha()
