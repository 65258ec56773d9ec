"""Datelines and agencies before the first sentence: `BEIRUT, Lebanon (AP) —`, `ARK News:`, `Madrid, 21 may (EFE).-`,
`دمشق - سانا:`, `新华社北京5月21日电`. The forms are data: `copydesk/data/datelines.toml`.

A place in capitals, as English agencies write it, need not be known. Any other place must be known, and an agency must
be known or in brackets after a known place, since prose has no agency between a place and a dash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from copydesk.data import lists
from copydesk.text.fold import any_of, fold
from copydesk.text.lazy import later
from copydesk.text.structure import names
from copydesk.text.structure.date_reader import ReadDate
from copydesk.text.structure.names import CITIES, could_be_agency, is_agency, is_place, plain

#: Maximum characters of a dateline on its own line.
LONGEST = 80
#: Characters of the article that are searched.
_OPENING = 200


class Dateline(NamedTuple):
    """A dateline or agency prefix: its values, and the offset of the sentence after it."""

    place: str | None
    agency: str | None
    end: int
    byline: tuple[str, ...] = ()
    date: ReadDate | None = None


class Form(NamedTuple):
    """A form of dateline, described in `copydesk/data/datelines.toml`."""

    kind: str
    pattern: re.Pattern[str]
    needs: frozenset[str]
    examples: list[str]
    #: Whether a name in brackets or slashes is part of it.
    brackets: bool


def _han(key: str) -> str:
    """The Chinese and Japanese words for `key`."""
    han = {word for word in lists.words(key) if "\u3041" <= word[0] <= "\u9fff"}
    latin = {word for word in lists.words(key) if word.isupper() and len(word) < 5}
    return any_of(han if key == "cities" else han | latin)


def _pieces() -> dict[str, str]:
    """The pieces of the forms, including word lists."""
    pieces = {key.upper(): any_of(lists.words(key)) for key in ("date_joins", "day_endings", "year_words")}
    pieces["MONTHS"] = names.WRITTEN_MONTHS
    pieces |= {"HAN_PLACE": f"(?P<place>{_han('cities')})", "HAN_AGENCY": f"(?P<agency>{_han('agencies')})"}
    for name, text in _TABLE["pieces"].items():
        pieces[name] = _filled(text, pieces)
    return pieces


def _filled(text: str, pieces: Mapping[str, str]) -> str:
    return re.sub(r"\{([A-Z_]+)\}", lambda match: pieces[match[1]], text)


_TABLE = lists.table("datelines.toml")
_PIECES = _pieces()
FORMS = tuple(
    Form(
        row["kind"],
        later(_filled(row["match"], _PIECES)),
        frozenset(row.get("needs", ())),
        row["examples"],
        "{NAMED}" in row["match"],
    )
    for row in _TABLE["form"]
)
_WRITTEN, _AGENCY, _HAN, _KNOWN = (
    tuple(form for form in FORMS if form.kind == kind) for kind in ("written", "agency", "han", "known")
)

#: Those that need no name in brackets or slashes.
_WRITTEN_UNNAMED = tuple(form for form in _WRITTEN if not form.brackets)

# Most articles have none of these so early, and need no further check.
# A pattern that begins with one class of characters is found five times as fast.
_MARK = re.compile(r"[—–―:(/_-](?:(?<![_-])|(?<=\s[_-])|(?<=-)(?=[-\s]))")
_MARK_OF_OTHERS = re.compile(r"[—–―:(（۔/\[【«“ـ电電讯訊.-](?:(?<![.-])|(?<=[\s.]-)|(?<=-)(?=\s)|(?<=\w\.)(?=\s))")
_SMALL_WORD = re.compile(r"(?:^|(?<=\s))[a-z][^\W\d_]*")
_SMALL_WORDS = frozenset("of de al el es ez la du do and the".split()) | {
    word for name in names.MONTHS_WRITTEN for word in re.findall(r"[^\W\d_]+", name.lower())
}
_STARTS = re.compile(r"\s*[\"'“‘«„(\[<¿¡$€£#]*(?P<first>[^\W_])")
# Lincoln — He was the first — wrote: the sentence continues after the text between dashes.
_ASIDE = re.compile(r"[^.!?—–]{1,60}?\s?(?:[—–]|\s-)\s?(?=[^\W\d_])(?![A-Z])[^.!?—–]*(?:[.!?]|$)")
_ONLY_A_DAY = later(rf"{_PIECES['MONTH_DAY']}\s*$")
#: A title starts the name of a person.
_ADDRESSED = re.compile(r"(?:(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Prof)(?:\.|(?=\s))|(?:Lord|Sir)\s)", re.IGNORECASE)
#: Russian, Ukrainian and Bulgarian write a dash where others write `is`.
_NO_COPULA = re.compile(r"[\u0400-\u04ff]")


def find_dateline(story: str, is_site: Callable[[str], bool] | None = None) -> Dateline | None:
    """The dateline or agency at the start of an article; `is_site` recognizes names of its site.

    None unless the following text can start a sentence: `Idlib – the last stronghold – fell` is prose.
    """
    return _as_written(story[:_OPENING], is_site) or _in_other_languages(story)


def _starts_sentence(story: str, at: int) -> bool:
    match = _STARTS.match(story, at)
    return match is not None and not match["first"].islower()


def _sets_apart(story: str, at: int) -> bool:
    """Whether the text from `at` is between two dashes, and the sentence continues in lower case after it."""
    return _ASIDE.match(story, at) is not None


def _goes_on_with(places: frozenset[str], story: str, at: int) -> bool:
    """Whether the text continues with one of `places`, of one or two words."""
    words = story[at : at + 40].split()
    return words[:1] != ["The"] and any(words[:n] and plain(" ".join(words[:n])) in places for n in (1, 2))


# --- the style of English agencies ------------------------------------------------------------------------------------


def _as_written(story: str, is_site: Callable[[str], bool] | None) -> Dateline | None:
    mark = _MARK.search(story, 0, 140)
    if mark is None:
        return None
    named = "(" in story or "/" in story
    for form in (_WRITTEN if named else _WRITTEN_UNNAMED) if _may_be_place(story[: mark.start()]) else ():
        if (match := form.pattern.match(story)) and (found := _placed(form, match, story)):
            return found
    for form in _AGENCY:
        if (match := form.pattern.match(story)) and _starts_sentence(story, match.end()):
            agency = _agency(match) or ""
            known = is_agency(agency) or (is_site is not None and is_site(agency))
            if known or ("agency" not in form.needs and plain(agency) not in CITIES and could_be_agency(agency)):
                return Dateline(None, agency, match.end())
    return None


def _may_be_place(text: str) -> bool:
    """Whether what stands before the first mark may be a place with its region, a day, an agency: all words begin with
    a capital, but for a few that stand within names, and months.
    """
    return all(found[0] in _SMALL_WORDS for found in _SMALL_WORD.finditer(text))


def _agency(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    name = named.get("agency") or named.get("wire")
    return name.strip(" ,[]") if name else None


def _placed(form: Form, match: re.Match[str], story: str) -> Dateline | None:
    place, agency = match["place"].strip(" ,"), _agency(match)
    if place.endswith(".") and "," not in place and "." not in place[:-1]:
        place = place[:-1]  # MOSCOW. March 3 (Interfax) -
    if agency is None and "/" in place and is_agency(place.rpartition("/")[2]):
        place, _, agency = place.rpartition("/")  # İSTANBUL/AA -
    if not _starts_sentence(story, match.end()) or not _could_be_written(place):
        return None
    if _ONLY_A_DAY.match(story, match.end()):
        return None  # a headline: MARKET DIARY - March 3
    city, *regions = (plain(part) for part in place.split(","))
    is_known = city in CITIES or bool(regions and names.REGIONS.issuperset(regions))
    if ("place" in form.needs and not is_known) or ("city" in form.needs and city not in CITIES):
        return None
    if agency is None:
        return None if "agency" in form.needs else _place_alone(place, is_known, match.end(), story)
    # BASEBALL Atlanta (NL): …
    is_unlikely = "agency" in form.needs or match[0].rstrip().endswith(":") or not could_be_agency(agency)
    return None if is_unlikely and not is_agency(agency) else Dateline(place, agency, match.end())


def _could_be_written(place: str) -> bool:
    if plain(place) in names.NOT_PLACES or len(plain(place)) < 3:
        return False
    who = _ADDRESSED.match(place)  # Mr. Brown (Labour) - The member, but: DR Congo
    return who is None or plain(place[who.end() :]) in names.REGIONS


def _place_alone(place: str, is_known: bool, end: int, story: str) -> Dateline | None:
    """A dateline without an agency, or an agency in the place of one."""
    if not (is_known and place.isupper()) and _sets_apart(story, end):
        return None
    if names.is_known_agency(place):
        return Dateline(None, place, end)
    if not place.isupper() and "," not in place and _goes_on_with(CITIES, story, end):
        return None  # Paris - Lyon: a route, a match
    if not is_known and "," not in place and (len(plain(place)) < 4 or len(place.split()) > 3):
        return None
    return Dateline(place, None, end)


# --- in other languages -----------------------------------------------------------------------------------------------


def _in_other_languages(story: str) -> Dateline | None:
    if not _MARK_OF_OTHERS.search(story, 0, 60):
        return None
    text = fold(story[:_OPENING]).replace("ـ", "-")
    found = _in_han(text, story) or _known(text, story)
    if found is None:
        return None
    end = len(story) - len(story[found.end :].lstrip())
    return found._replace(end=end) if end < len(story) else None


def _in_han(text: str, story: str) -> Dateline | None:
    for form in _HAN if text[:1] in "([【" or not text[:1].isascii() else ():
        if match := form.pattern.match(text):
            written = {name: story[slice(*match.span(name))] for name, part in match.groupdict().items() if part}
            return Dateline(written.get("place"), written.get("agency"), match.end())
    return None


def _known(text: str, story: str) -> Dateline | None:
    for form in _KNOWN:
        match = form.pattern.match(text)
        if match and _starts_sentence(story, match.end()) and (found := _of_known(form, match, story)):
            return found
    return None


def _of_known(form: Form, match: re.Match[str], story: str) -> Dateline | None:
    """The dateline of a matched form, if its names are known."""
    part = match.groupdict()
    written = {name: story[slice(*match.span(name))].strip() for name in part if part[name]}
    if not all(part.get(name) is None or part[name] in names.MONTHS for name in ("month", "first")):
        return None
    place, end = written.get("place"), (part.get("end") or "").strip()[-1:]
    if "slashes" in written:
        written["slashes"] = written["slashes"].rpartition(",")[2].strip()  # /Слави Ангелов, БТА/
    bracketed = written.get("inside") or written.get("slashes") or written.get("quoted")
    agency = written.get("agency") or bracketed
    is_known = agency is not None and is_agency(agency)
    if "agency" in written and not is_known:
        return None
    if place is None:
        is_named = is_known or "." in written.get("slashes", "")
        return Dateline(None, agency, match.end()) if agency and is_named and "quoted" not in written else None
    if not is_place(place) and not (is_known and bracketed and _could_be_place(place, part, bracketed)):
        return None
    if "capitals" in form.needs and not (place.isupper() and len(place) > 3):
        return None
    if agency is None:
        return Dateline(place, None, match.end()) if _stands_alone(place, end, part, story[match.end() :]) else None
    # A name in brackets that nobody knows is an agency where a dash follows it.
    if not is_known and (not part.get("end") or end == ":" or not could_be_agency(agency)):
        return None
    return None if plain(agency) == plain(place) else Dateline(place, agency, match.end())


def _stands_alone(place: str, end: str, part: Mapping[str, str | None], behind: str) -> bool:
    """Whether a place without an agency is a dateline: neither `دمشق - حلب`, `Москва — Третий Рим` nor `Roma: ...`."""
    if _goes_on_with(names.PLACES, behind, 0) or (place[1:].islower() and _sets_apart(behind, 0)):
        return False
    if plain(place) not in CITIES and "/" not in place:
        return (part.get("end") or "").startswith(".")  # México.- but not: Türkiye - ABD
    if place.isupper() or names.UNCASED.match(place) or part.get("day") or part.get("first"):
        return True
    return end != ":" and not _NO_COPULA.match(place)


def _could_be_place(place: str, part: Mapping[str, str | None], agency: str) -> bool:
    """Whether an unknown name before a known agency is a place, as a dash, a day or a reporter shows."""
    words = place.split()
    if plain(place) in names.NOT_PLACES or len(words) > 3 or names.MONTHS & {fold(word).rstrip(".") for word in words}:
        return False
    if names.UNCASED.match(place):
        return len(words) <= 2 and bool(names.ROLES & set(fold(agency).split()))
    return all(word[0].isupper() for word in words) and bool(part.get("end") or part.get("day"))
