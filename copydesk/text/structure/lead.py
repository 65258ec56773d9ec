"""What stands in front of a report's first sentence.

`BEIRUT, Lebanon (AP) —`, `ARK News:`, `LONDON, March 3 -`, `(CNN) --`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from copydesk.data import lists
from copydesk.text.fold import any_as_written
from copydesk.text.structure.date_reader import ReadDate

#: A dateline on a line of its own is not longer than this.
LONGEST = 80


class Lead(NamedTuple):
    """A dateline or agency prefix: what it names, and where the sentence begins."""

    place: str | None
    agency: str | None
    end: int
    byline: tuple[str, ...] = ()
    date: ReadDate | None = None


def plain(name: str) -> str:
    """A name without case, punctuation and `the`, for comparing."""
    return re.sub(r"[\W_]+", "", name.casefold().removeprefix("the "))


AGENCIES = {plain(name) for name in lists.lines("agencies.txt")}
_CITIES = {plain(name) for name in lists.lines("cities.txt")}
_NOT_PLACES = {plain(name) for name in lists.words("not_places")}
_MEDIA = set(lists.words("media_words"))

_REGIONS = {plain(name) for name in lists.words("regions")}

_DASH = r"(?:\s*(?:—|–|―|--+)\s*|(?<=[)/])[.:]\s+|\s+_\s+|\s+-\s+|\s+-(?=[A-Z\"'“])|(?<=[)\d])-\s+|\s*:\s*[-–—]\s*)"
_UP = r"[A-ZÀ-ÖØ-ÞİŞĞ]"
_CAPS_WORD = rf"{_UP}(?:{_UP}|['’.-](?={_UP}))+\.?"
_CAPS = rf"(?:{_CAPS_WORD}|ST\.)(?:[ /-](?:{_CAPS_WORD}|AND|DE|LA|OF)){{0,3}}"
_MIXED_WORD = rf"{_UP}[\w'’.-]*\w\.?"
_MIXED = rf"{_MIXED_WORD}(?:[ -](?:(?:of|de|al|el|es|ez|la|du|do|and|the)[ -])?{_MIXED_WORD}){{0,3}}"
_REGION = rf"(?:,\s(?:{_MIXED}|{_UP}\.(?:\s?{_UP}\.)+)){{1,2}}"
# Each pattern holds them twice: those of the languages whose reports begin in this manner.
_MONTHS = any_as_written(
    {n for code in ("en", "es", "fr", "de", "it", "pt") for ns in lists.languages()[code]["months"] for n in ns}
)
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DAY = rf"(?:(?:\s?[,.])?\s*(?:(?i:{_MONTHS})\.?\s+{_NTH}|{_NTH}\s+(?i:{_MONTHS})\.?)(?:,?\s+\d{{4}})?\.?)"
_ONLY_A_DAY = re.compile(rf"{_DAY}\s*$")
_PARENTHESIS = r"(?:\((?P<agency>[^()\n]{2,48})\)|/(?P<wire>[^()/\n]{2,48})/)"

_PLACED = (
    # TORONTO — (The Canadian Press)
    re.compile(
        rf"(?P<place>(?:{_CAPS}|{_MIXED})(?:{_REGION})?)(?P<named>)(?:{_DASH}|:\s+){_PARENTHESIS}(?:{_DASH}|\s+)"
    ),
    # Baghdad / NINA --
    re.compile(rf"(?P<place>{_CAPS}|{_MIXED})(?P<named>)\s+/\s+(?P<agency>[A-Z][\w&.' -]{{1,30}}?)(?:{_DASH}|\s+/\s+)"),
    # BEIRUT – Reuters –
    re.compile(rf"(?P<place>{_CAPS}|{_MIXED})(?P<named>){_DASH}(?P<agency>[A-Z][\w&.' -]{{1,30}}?){_DASH}"),
    # LOUISVILLE, Ky., Feb 26 (Reuters) -
    re.compile(rf"(?P<place>{_CAPS}(?:(?!{_DAY}){_REGION})?,?){_DAY}?,?\s*{_PARENTHESIS}{_DASH}"),
    re.compile(rf"(?P<place>{_CAPS}(?:(?!{_DAY}){_REGION})?,?){_DAY}?,?{_DASH}"),
    # Beirut, Lebanon (AP) -
    re.compile(rf"(?P<place>{_MIXED}(?:(?!{_DAY}){_REGION})?,?){_DAY}?,?\s*{_PARENTHESIS}{_DASH}"),
    # Damascus, SANA –
    re.compile(rf"(?P<place>{_CAPS}|{_MIXED})(?P<comma>){_DAY}?,\s*(?P<agency>[A-Z]{{2,8}}|{_MIXED}){_DASH}"),
    # Damascus –
    re.compile(rf"(?P<place>{_MIXED}(?:{_REGION})?){_DAY}?(?P<plain>){_DASH}"),
    # KARACHI:
    re.compile(rf"(?P<place>{_CAPS})(?P<plain>):\s+"),
    # LONDON, England (CNN) The
    re.compile(rf"(?P<place>{_CAPS}(?:{_REGION})?|{_MIXED}(?:{_REGION})?){_DAY}?\s*{_PARENTHESIS}(?P<known>)\s*"),
)
_NAMED = (
    re.compile(rf"{_PARENTHESIS}{_DASH}"),
    re.compile(rf"{_PARENTHESIS}(?P<known>)\s*(?=[A-Z])"),
    re.compile(rf"(?P<agency>[^\s:—–-][^:—–\n]{{0,40}}?)(?P<known>)(?:{_DASH}|\s*:\s+)"),
    re.compile(r"(?P<agency>[^\W\d_][^:\n]{0,40}?)(?P<known>)(?:\s*:\s+|\s+[—–]\s+)"),
)
# A year or a day of a month: a remark about time, not a name such as KNX 1070 or Kurdistan24.
_DATED = re.compile(rf"\b(?:1[89]|20)\d\d\b|\b(?:{_MONTHS})\b\.?\s*\d|\d\s*(?:{_MONTHS})\b", re.IGNORECASE)
_CALLS_ITSELF = re.compile(r"[A-Z][\w.-]*(?:24|TV|FM|\.com|\.net|\.org|Wire)$")
# What may end a lead. Most stories have none so early, and need no further look.
_MARK = re.compile(r"[—–―:(/]|--|\s[-_]|-\s")
#: A title of address begins the name of a person.
_ADDRESSED = re.compile(r"(?:(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Prof)(?:\.|(?=\s))|(?:Lord|Sir)\s)", re.IGNORECASE)
# Lincoln — He was the first — wrote: the sentence goes on behind what the dashes set apart.
_ASIDE = re.compile(r"[^.!?—–]{1,60}?\s?(?:[—–]|\s-)\s?(?=[^\W\d_])(?![A-Z])[^.!?—–]*(?:[.!?]|$)")
_STARTS_SENTENCE = re.compile(r"[\"'“‘«(\[<¿¡$€£#]*(?:[^\W\d_]|\d)")


def is_agency(name: str) -> bool:
    """Whether `name` is a known agency, or calls itself one (`... News`, `... Agency`)."""
    words = name.replace("/", " ").split()
    if not words or len(words) > 5 or "," in name:
        return False
    if all(plain(part) in AGENCIES for part in name.split("/")):
        return True
    if len(words) == 1:
        return bool(_CALLS_ITSELF.match(name))
    return words[-1].casefold() in _MEDIA and all(w[:1].isupper() or w[:1].isdigit() for w in words)


def find_lead(paragraph: str, is_site: Callable[[str], bool] | None = None) -> Lead | None:
    """The dateline or agency at the start of a story's first paragraph. `is_site` knows the names of its site.

    None unless what follows can start a sentence: `Idlib – the last stronghold – fell` is prose.
    """
    if not _MARK.search(paragraph, 0, 140):
        return None
    for pattern in _PLACED:
        match = pattern.match(paragraph)
        if match and (lead := _placed(match, paragraph)):
            return lead
    for pattern in _NAMED:
        match = pattern.match(paragraph)
        if match and _starts_sentence(paragraph, match.end()):
            agency = _agency(match) or ""
            trusted = is_agency(agency) or (is_site is not None and is_site(plain(agency)))
            if not trusted and plain(agency) in _CITIES:
                continue
            if trusted or ("known" not in match.re.groupindex and _could_be_agency(agency)):
                return Lead(None, agency, match.end())
    return None


def _agency(match: re.Match[str]) -> str | None:
    named = match.groupdict()
    name = named.get("agency") or named.get("wire")
    return name.strip(" ,[]") if name else None


def _placed(match: re.Match[str], paragraph: str) -> Lead | None:
    groups = match.re.groupindex
    place = match["place"].strip(" ,")
    if place.endswith(".") and "," not in place and "." not in place[:-1]:
        place = place[:-1]  # MOSCOW. March 3 (Interfax) -
    agency = _agency(match)
    if agency is None and is_agency(place.rpartition("/")[2]) and "/" in place:
        place, _, agency = place.rpartition("/")  # İSTANBUL/AA -
    if not _starts_sentence(paragraph, match.end()) or plain(place) in _NOT_PLACES or len(plain(place)) < 3:
        return None
    if _ONLY_A_DAY.match(paragraph, match.end()):
        return None  # a headline: MARKET DIARY - March 3
    if (who := _ADDRESSED.match(place)) and plain(place[who.end() :]) not in _REGIONS:  # but: DR Congo
        return None  # Mr. Brown (Labour) - The member
    city, *regions = (plain(part) for part in place.split(","))
    is_known = city in _CITIES or bool(regions and set(regions) <= _REGIONS)
    if "plain" in groups and not is_known:
        return None
    if agency and match[0].rstrip().endswith(":") and not is_agency(agency):
        return None  # BASEBALL Atlanta (NL): …
    if ("known" in groups or "named" in groups) and not (agency and is_agency(agency)):
        return None
    if agency is not None and not (is_agency(agency) or _could_be_agency(agency)):
        return None
    if agency is None:
        if not (is_known and place.isupper()) and sets_apart(paragraph, match.end()):
            return None
        if plain(place) in AGENCIES:
            return Lead(None, place, match.end())
        if not place.isupper() and "," not in place and _is_city_behind(paragraph, match.end()):
            return None  # Paris - Lyon: a way, a match
        if not is_known and "," not in place and (len(city) < 4 or len(place.split()) > 3):
            return None
    elif "comma" in groups and not (is_agency(agency) and city in _CITIES):
        return None
    return Lead(place, agency, match.end())


def sets_apart(paragraph: str, at: int) -> bool:
    """Whether the text from `at` is what two dashes set apart, as its sentence goes on in lower case behind it."""
    return _ASIDE.match(paragraph, at) is not None


def _is_city_behind(paragraph: str, at: int) -> bool:
    """Whether the text goes on with one more city, of one or two words."""
    words = paragraph[at : at + 40].split()
    return words[:1] != ["The"] and any(plain(" ".join(words[:n])) in _CITIES for n in (1, 2))


def _could_be_agency(name: str) -> bool:
    """A name in parentheses before a dash: capitalized, short, no year, no remark."""
    words = name.replace("/", " ").split()
    return (
        0 < len(words) <= 5
        and words[0][:1].isupper()
        and not _DATED.search(name)
        and (len(words) == 1 or words[-1][:1].isupper() or words[-1].isdigit())
        and plain(name) not in _NOT_PLACES
    )


def _starts_sentence(paragraph: str, at: int) -> bool:
    match = _STARTS_SENTENCE.match(paragraph, at)
    return match is not None and not paragraph[match.end() - 1].islower()
