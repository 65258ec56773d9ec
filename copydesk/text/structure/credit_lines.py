"""Lines around an article with credits or counters: bylines, `Source:` and `Via:`, views."""

from __future__ import annotations

import re
from typing import NamedTuple

from copydesk.data import lists
from copydesk.text.fold import any_as_written, fold
from copydesk.text.lazy import later
from copydesk.text.structure.names import is_agency

_BY = later(
    rf"(?:{any_as_written(lists.words('byline'))})(?:\s*[:：]\s*|\s+)(?=\S)"
    rf"|(?:{any_as_written(lists.words('byline_labels'))})(?:\s*[:：/／＝=]\s*|\s+[-–—]\s+)(?=\S)",
    re.IGNORECASE,
)
# Chinese and Japanese: `本报记者 张三`, `（记者李四、王五）`, `文＝山田太郎`.
_HAN_NAME = r"[\u4e00-\u9fff々]{2,5}(?:[ ・][\u3040-\u30ff\u4e00-\u9fff々]{1,5})?"
_HAN_WORDS = any_as_written(word for word in lists.words("byline_labels") if "\u3041" <= word[0] <= "\u9fff")
_HAN_BY = later(
    rf"(?:本报|本報|新华社|本网)?(?:{_HAN_WORDS})(?:\s*[:：/／＝=]\s*|\s+)(?P<names>{_HAN_NAME}(?:\s*[、,，]\s*{_HAN_NAME})*)$"
    rf"|[(（](?:本报|本報|新华社|本网)?(?:{_HAN_WORDS})\s*[:：]?\s*(?P<inside>{_HAN_NAME}(?:\s*[、,，]\s*{_HAN_NAME})*)[)）]$"
)
# In capitals, too: `JANE DOE AND JOHN ROE`; a single letter there is an initial.
_JOINS = any_as_written(
    {*lists.words("name_joins"), *(word.upper() for word in lists.words("name_joins") if len(word) > 1)}
)
# After a name: its role, its employer, an address.
_NAME_END = re.compile(
    rf"\s*(?:[|/•·(\[<]|\s[–—-]\s|\s(?:in|at|for)\s+(?=[A-Z])|,\s*(?=(?!(?:{_JOINS})\s)(?:the\s+)?(?:[a-z]|[A-Z]{{2,}}\b))|\S+@\S+|@\w+)"
)
_JOIN = re.compile(rf"\s*[,،;؛]\s*(?:(?:{_JOINS})\s+)?|\s+(?:{_JOINS})\s+")
_PARTICLES = set(lists.words("name_particles"))
_NAME_WORD = re.compile(r"[^\W\d_][^\W\d_]*(?:[.'’-][^\W\d_]+)*\.?$")
# Not abbreviations, nor months after a label: Jan, May, Augusto and Mercedes are also names of people.
_DAYS = {name for name, _ in lists.weekdays() if len(name) > 3}
_TIME_WORDS = _DAYS | {name for name in lists.months() if len(name) > 2}
_ROLE = later(rf"\b(?:{any_as_written(lists.words('roles'))})\b", re.IGNORECASE)


# `(Reporting by Jane Roe; editing by John Doe)`: who edited is no author.
_IN_BRACKETS = re.compile(r"\((?P<inside>[^()]+)\)\.?$")
_EDITED = re.compile(r"\s*;\s*(?:additional\s+|writing\s+|editing\s+).*$", re.IGNORECASE)
# The label once more between names; where each of several reports from; a slash between names.
_AGAIN = re.compile(r"\s*[,;]?\s+(?:By|BY|Von|VON|Par|PAR|Por|POR)\s+(?=[^\W\d_])")
_PLACE = r"[A-Z][\w.'-]*(?:[ ][A-Z][\w.'-]*){0,2}?(?:,\s+[A-Z][\w.'-]*)??"
_FROM = re.compile(rf"\s+in\s+{_PLACE}(?=,\s*[A-Z]|,?\s+(?:{_JOINS})\s+[A-Z]|$)")
_SLASH = re.compile(r"(?<=[^\W\d_])\s*/\s*(?=[A-Z][^\W\d_]+\s[A-Z])")
_BUTTON = re.compile(r"(?<=[a-z])(?:Twitter|Facebook|LinkedIn|Instagram)$")


class Byline(NamedTuple):
    """The authors, and the agency if one is named after or instead of them."""

    names: tuple[str, ...]
    agency: str | None


def find_byline(line: str, labelled: bool = True) -> Byline | None:
    """The authors that a line names: `By Tim Balk | New York Daily News`, `BY JANE DOE AND JOHN ROE`.

    With `labelled` the line must have a label such as `By`. None for any other line.
    """
    if len(line) > 160:
        return None
    start = 0
    if labelled and (bracketed := _IN_BRACKETS.match(line)):
        line = bracketed["inside"]
    if labelled:
        if han := _HAN_BY.match(line):
            return Byline(tuple(re.split(r"\s*[、,，]\s*", han["names"] or han["inside"])), None)
        label = _BY.match(line)
        if not label:
            return None
        start = label.end()
    rest = _plain_list(line[start:].strip(" |·•"))
    if is_agency(rest):
        return Byline((), rest)
    ended = _NAME_END.search(rest)
    people, behind = (rest[: ended.start()], rest[ended.end() :]) if ended else (rest, "")
    names: list[str] = []
    agency = None
    for part in _JOIN.split(people.strip(" ,;:")):
        if names and _ROLE.search(part):
            continue
        if is_name(part, labelled) and not is_agency(part) and not part.startswith("The "):
            names.append(part)
        elif names and (is_agency(part) or part.startswith("The ") or (len(part.split()) == 1 and not part.islower())):
            agency = part if is_agency(part) else agency
        else:
            return None
    if not names or (not labelled and (behind or len(names) > 3)):
        return None
    if re.search(r"[.!?]\s+\S", behind) or len(behind) > 90:
        return None
    if agency is None:
        parts = (part.strip(" ,)(") for part in re.split(r"[|,/()•·]|\s[–—-]\s", behind))
        agency = next((part for part in parts if part and is_agency(part)), None)
    return Byline(tuple(dict.fromkeys(names)), agency)


def _plain_list(rest: str) -> str:
    """The names behind a label, with a comma between them: `Jane Roe in Paris and John Doe in Rome`."""
    rest = _BUTTON.sub("", _AGAIN.sub(", ", _EDITED.sub("", rest)))
    if any(place.end() < len(rest) for place in _FROM.finditer(rest)):
        rest = _FROM.sub("", rest)
    parts = _SLASH.split(rest)
    return ", ".join(parts) if len(parts) > 1 and all(map(is_name, parts)) else rest


def is_name(text: str, labelled: bool = True) -> bool:
    """Whether `text` can be the name of a person: two to five capitalized words, not counting particles.

    In scripts without capitals any words can be a name, so it must be `labelled` as one.
    """
    words = text.split()
    if not 2 <= len(words) <= 6:
        return False
    big = 0
    time_words = _DAYS if labelled else _TIME_WORDS
    for index, word in enumerate(words):
        if not _NAME_WORD.match(word) or word.casefold().rstrip(".") in time_words:
            return False
        uncased = word.upper() == word.lower()
        if word[0].isupper() or (uncased and labelled) or re.match(r"(?:al|el|ul|d|o)['’-]\w", word):
            big += 1
        elif word.casefold() not in _PARTICLES or index == len(words) - 1:
            return False
    return big >= 2


_SOURCE_WORDS = any_as_written(lists.words("source"))
_SOURCE = re.compile(
    rf"[(\[（【]?\s*(?:{_SOURCE_WORDS})\s*(?:[:：]|\s[-–—]\s)\s*(?P<name>\S.*?)\s*[)\]）】]?\s*$|[(\[]?via\s+(?P<via>[\w@+]\S*(?:\s+\S+){{0,4}}?)[)\]]?$",
    re.IGNORECASE,
)
_SOURCE_BEHIND = re.compile(
    rf"(?:(?<=[.!?…»\"'”’)\]])\s+|(?<=[。！？؟۔।」])\s*)"
    rf"[(\[（【]?(?:{_SOURCE_WORDS})\s*[:：]\s*(?P<name>[^\s.!?][^!?\[\]]{{0,60}}?)[)\]）】]?\.?$",
    re.IGNORECASE,
)
_AGENCY_BEHIND = re.compile(
    r"(?:(?<=[.!?…»\"”’])\s+|(?<=[。！？؟۔।」])\s*)(?:[(（](?P<name>[^()（）\d]{2,30})[)）]|/(?P<slashes>[^/\d]{2,30})/)\.?$"
)


def find_source(line: str) -> str | None:
    """The source in a line `Source: X`, `(Source: X)` or `Via: X`; None for any other line."""
    if len(line) > 140:
        return None
    match = _SOURCE.match(line)
    if not match:
        return None
    name = _balanced((match["name"] or match["via"]).strip())
    if match["via"] and not re.match(r"[^\W\d_]*[A-Z]|\S*[\d.@+]\S*\w", match["via"]):
        return None  # via satellite
    name = name[:-1] if name.endswith(".") and not re.search(r"\b\w\.\w\.$|\b(?:Inc|Co|Corp|Ltd)\.$", name) else name
    sentence = line.endswith(".") and len(name.split()) > 3 and name[1:].islower()  # Source: I saw it.
    if not name or sentence or len(name.split()) > 12 or re.search(r"[.!?]\s+[^\W\d_]", name):
        return None
    return name


def _balanced(name: str) -> str:
    """`name` without an unmatched closing bracket, and with one that was cut off at the end of the line."""
    if name[-1:] in ")]" and not set("([") & set(name):
        return name[:-1].rstrip()
    return f"{name})" if name.count("(") > name.count(")") else name


_SOURCE_LABEL = re.compile(rf"(?:{_SOURCE_WORDS})\s*[:：]$", re.IGNORECASE)


def is_source_label(line: str) -> bool:
    """Whether a line is only a label: `Source:`, with the name on the next line."""
    return len(line) <= 40 and _SOURCE_LABEL.match(line) is not None


def _may_name_source(paragraph: str) -> bool:
    """Whether a source may stand behind the last sentence: most paragraphs have no colon there."""
    tail = paragraph[-90:]
    return ":" in tail or "：" in tail


def _may_name_agency(paragraph: str) -> bool:
    """Whether an agency may stand there, which is in brackets."""
    end = paragraph[-3:]
    return ")" in end or "）" in end or "/" in end


def source_behind(paragraph: str) -> tuple[int, str] | None:
    """The offset of ` Source: X` after the last sentence of a paragraph, and X; None if there is none."""
    match = _SOURCE_BEHIND.search(paragraph, max(0, len(paragraph) - 90)) if _may_name_source(paragraph) else None
    if not match or len(match["name"].split()) > 6 or re.search(r"[.!?]\s", match["name"]):
        return None
    name = match["name"].strip().rstrip(".")
    return None if ")" in name and "(" not in name else (match.start(), name)


def agency_behind(paragraph: str) -> tuple[int, str] | None:
    """The offset of an agency in brackets after the last sentence of an article, and its name: ` (PAP)`, ` /БТА/`."""
    match = _AGENCY_BEHIND.search(paragraph, max(0, len(paragraph) - 40)) if _may_name_agency(paragraph) else None
    if not match or not match.start():
        return None
    name = (match["name"] or match["slashes"]).strip()
    return (match.start(), name) if is_agency(name) else None


_VIEW_WORDS = any_as_written(lists.words("views"))
_NUMBER = (
    r"(?P<number{0}>\d{{1,3}}(?:[,.'\u202f ]\d{{3}})+|\d{{1,9}}(?:[.,]\d{{1,2}}(?=\s?[kKmM]))?)"
    r"\s?(?P<unit{0}>[kKmM](?![a-z]))?"
)
_COUNTER = later(
    rf"[(\[]?(?:(?:{_VIEW_WORDS})\s*[:：]?\s*{_NUMBER.format(1)}(?:\s*(?:{_VIEW_WORDS}))?"
    rf"|{_NUMBER.format(2)}(?P<word>\s*(?:{_VIEW_WORDS}))?)"
    rf"(?:,\s*\d[\d,.]*\s*(?:{_VIEW_WORDS})(?:\s+today)?)?\s*[)\]]?\.?$",
    re.IGNORECASE,
)


# The first words of the labels of a byline or a source. They end where a space or a mark stands behind them.
_FIRST_WORD = re.compile(r"[A-Za-z]++(?!\w)")
_LABELS = frozenset(
    found[0]
    for word in (*(word for key in ("byline", "byline_labels", "source") for word in lists.words(key)), "via")
    if (found := re.match(r"[a-z]+", fold(word)))
)


def may_be_labelled(line: str) -> bool:
    """Whether a line may be a byline or name a source: most lines begin with another word than any label does."""
    word = _FIRST_WORD.match(line)
    return word is None or word[0].lower() in _LABELS


class Counter(NamedTuple):
    """A counter of views; `bare` if the line is only a number."""

    views: int
    bare: bool


def find_counter(line: str) -> Counter | None:
    """The views in a line: `459`, `1,234 views`, `Views: 1.2K`; None for any other line."""
    if len(line) > 40:
        return None
    match = _COUNTER.match(line)
    if not match:
        return None
    number, unit = (match["number1"], match["unit1"]) if match["number1"] else (match["number2"], match["unit2"])
    bare = not match["number1"] and not match["word"]
    if bare and line[0] in "([":
        return None  # a footnote, a year
    if bare and len(line.strip()) == 8 and line.strip().isdigit():
        return None  # 20190521: a day
    if unit:
        if bare and unit not in "kK":
            return None  # 5m: a race, a sum, a distance
        return Counter(round(float(number.replace(",", ".")) * {"k": 1e3, "m": 1e6}[unit.lower()]), bare)
    return Counter(int(re.sub(r"\D", "", number)), bare)
