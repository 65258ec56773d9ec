"""What stands in front of a report's first sentence in the languages of `copydesk/data/lines`.

`Madrid, 21 may (EFE).-`, `МОСКВА, 21 мая — РИА Новости.`, `دمشق - سانا:`, `İSTANBUL/AA`, `新华社北京5月21日电`,
`【カイロ共同】`.
Places are known ones, and agencies are known or stand in brackets behind a known place; prose names no agency between
a place and a dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from copydesk.data import lists
from copydesk.text.fold import any_of, fold
from copydesk.text.structure import lead
from copydesk.text.structure.lead import Lead, plain

_MONTHS = frozenset(fold(name) for key in lists.MONTHS for name in lists.months(key))
_ROLES = frozenset(fold(word) for word in lists.words("roles"))
_MEDIA = frozenset(fold(word) for word in lists.words("media_words"))


def _key(name: str) -> str:
    """A name without what does not matter, for comparing: folded, without marks and spaces."""
    return re.sub(r"[\W_]+", "", fold(name))


_AGENCIES = frozenset(map(_key, (*lists.words("agencies"), *lists.lines("agencies.txt"))))
#: Written small they are words: Map, Sana, Dire.
_CAPITALS = frozenset(
    _key(name) for name in lists.words("agencies") if name.isascii() and name.isupper() and len(name) < 6
)
_CAPITALS -= frozenset(_key(name) for name in lists.words("agencies") if not name.isupper())
_CITIES = frozenset(map(_key, (*lists.words("cities"), *lists.lines("cities.txt"))))
_AGENCY_WORD = re.compile("agen|агент|агенц|وكاله|خبرگزاري")
_REGIONS = frozenset(map(_key, lists.words("regions")))
_NO_PLACES = frozenset(map(_key, lists.words("not_places")))
_PLACES = (_CITIES | _REGIONS) - _NO_PLACES

#: Letters of scripts that have no capitals.
_UNCASED = re.compile(r"[\u0590-\u08ff\u0900-\u0dff\ufb50-\ufdff\ufe70-\ufeff]")
#: Russian, Ukrainian and Bulgarian write a dash where others write `is`.
_NO_COPULA = re.compile(r"[\u0400-\u04ff]")
_TOUCHING = r"(?<=\))(?=[\u0600-\u06ff])"
_NAME = r"[^\W\d_](?:[^\s,.:;/()\[\]«»“”\"|–—=\d]|(?<=\w)\.(?=\w)|[ ](?=[^\W\d_])){1,40}?"
_WORD = r"[^\W\d_]{2,12}"
_JOIN = rf"(?:{any_of(lists.words('date_joins'))})\s"
_DAY = (
    rf"(?:[,.]?\s(?:(?P<day>\d{{1,2}})(?:{any_of(lists.words('day_endings'))})?"
    rf"\.?(?:\s(?:{_JOIN})?(?P<month>{_WORD})\.?)?|(?P<first>{_WORD})\.?\s\d{{1,2}}|\d{{1,2}}\.\d\d)"
    rf"(?:[,.]?\s?(?:{_JOIN})?\d{{4}}(?:\s?(?:{any_of(lists.words('year_words'))})(?![^\W\d_]))?)?\.?)?"
)
_INSIDE = r"(?:\((?P<inside>[^()]{2,48})\)|/(?P<slashes>[^/()\d]{2,30})/|[«“](?P<quoted>[^»”]{2,40})[»”])"
_END = r"(?:\s۔\s|\.?\s?[-–—]{1,3}\s|\.?\s[-–—]{1,3}|(?<=[)/.»”])\s?[-–—]{1,3}|\.[-–—]{1,2}\s?|\s?:(?!\S)|(?<=[/)]):)"
_PLACE = rf"(?P<place>{_NAME}(?:\s?/\s?{_NAME})?)"

_FORMS = tuple(
    re.compile(form)
    for form in (
        # Madrid, 21 may (EFE).- | بغداد (رويترز) - | София, 21 май /БТА/ | لندن: «الشرق الأوسط»
        rf"{_PLACE}{_DAY}(?:,|\s?:|\s?[-–—])?\s?{_INSIDE}(?:(?P<end>{_END})|\.?(?:\s|{_TOUCHING}))",
        # МОСКВА, 21 мая — РИА Новости. | دمشق - سانا: | КИЕВ. 21 мая. УНИАН.
        rf"{_PLACE}{_DAY}(?:,\s|\.\s|\s?:\s|\s?[-–—]+\s?)(?P<agency>{_NAME})(?:(?P<end>{_END})|\.(?!\S))",
        # سانا - دمشق: | (AGI) - Roma, 21 mag. -
        rf"(?:{_INSIDE}|(?P<agency>{_NAME}))(?:\s?[-–—:]+\s?|,\s){_PLACE}{_DAY}(?P<end>{_END})",
        # İSTANBUL/AA | Berlin/dpa -
        rf"(?P<place>{_NAME})\s?/\s?(?P<agency>{_NAME})(?:(?P<end>{_END})|\.?\s|,\s)",
        # КИЕВ - | القاهرة ـ | اسلام آباد:
        rf"{_PLACE}{_DAY}(?P<end>{_END})",
        # BERLIN.
        rf"{_PLACE}(?P<stop>{_DAY}\.)(?!\S)",
        # (УНИАН) - | /Поглед.инфо/
        rf"{_INSIDE}(?:(?P<end>{_END})|(?<=/)\s)",
    )
)


def _of_han(key: str) -> str:
    """The words for `key` that stand in Chinese or Japanese text, where no space shows where they end."""
    return any_of(
        word for word in lists.words(key) if "\u3041" <= word[0] <= "\u9fff" or (word.isupper() and len(word) < 5)
    )


_HAN_PLACE = rf"(?P<place>{any_of(w for w in lists.words('cities') if chr(0x3041) <= w[0] <= chr(0x9FFF))})"
_HAN_AGENCY = rf"(?P<agency>{_of_han('agencies')})"
_HAN_DAY = r"(?:(?:\d{1,2}月)?\d{1,2}日)?"
_REPORTER = r"(?:\s?(?:记者|記者)[^()\d]{2,12}?)?"
_HAN_FORMS = tuple(
    re.compile(form)
    for form in (
        # 新华社北京5月21日电（记者 …） | 中新网5月21日电 | 本报讯
        rf"(?:{_HAN_AGENCY}|本[报報网網])\s?{_HAN_PLACE}?\s?{_HAN_DAY}[电電讯訊]\s?(?:\([^()]{{2,30}}\))?[:,]?\s?",
        # （中央社記者王小明台北21日電）
        rf"\({_HAN_AGENCY}{_REPORTER}\s?{_HAN_PLACE}?\s?{_HAN_DAY}(?:[电電讯訊]|综合报道|綜合報導)\)\s?",
        # 【カイロ共同】 | 【ワシントン=山田太郎】
        rf"【{_HAN_PLACE}(?:\s?[・、][^\W\d_]{{1,8}}?)?\s?(?:{_HAN_AGENCY}|=[^【】]{{2,14}})?】\s?",
        # 【AFP=時事】 | 【5月21日 AFP】 | 【路透社北京21日电】
        rf"【(?:{_HAN_DAY}\s)?{_HAN_AGENCY}(?:=[^【】]{{2,8}})?(?:{_HAN_PLACE}?\s?{_HAN_DAY}[电電讯訊])?】\s?",
        # ロンドン（CNN） | (CNN)
        rf"{_HAN_PLACE}?\s?\({_HAN_AGENCY}\)\s",
        # [東京 21日 ロイター] -
        rf"\[{_HAN_PLACE}(?:/[^\W\d_]{{1,8}})?\s{_HAN_DAY}\s?{_HAN_AGENCY}\]\s?[-–—]?\s?",
    )
)
#: Most stories have none of these so early, and need no further look.
_MARK = re.compile(r"[—–―:(（۔/\[【«“ـ]|\s-|-\s|\.-|\w\.\s|[电電讯訊]")


def find_dateline(paragraph: str) -> Lead | None:
    """The dateline or agency at the start of a story's first paragraph, of which 200 characters are enough."""
    if not _MARK.search(paragraph, 0, 60):
        return None
    text = fold(paragraph[:200]).replace("ـ", "-")
    found = next((made for find in (_in_han, _in_words) for made in find(text, paragraph) if made), None)
    if found is None:
        return None
    end = len(paragraph) - len(paragraph[found.end :].lstrip())
    return found._replace(end=end) if end < len(paragraph) else None


def _in_han(text: str, paragraph: str) -> Iterator[Lead | None]:
    for form in _HAN_FORMS if text[:1] in "([【" or not text[:1].isascii() else ():
        if match := form.match(text):
            part = {name: paragraph[slice(*match.span(name))] for name, found in match.groupdict().items() if found}
            yield Lead(part.get("place"), part.get("agency"), match.end())


def _in_words(text: str, paragraph: str) -> Iterator[Lead | None]:
    for form in _FORMS:
        if (match := form.match(text)) and _starts_sentence(paragraph, match.end()):
            yield _lead(match, paragraph)


def _lead(match: re.Match[str], paragraph: str) -> Lead | None:
    """The lead that a form says, where it names what is known."""
    part = match.groupdict()
    written = {name: paragraph[slice(*match.span(name))].strip() for name in part if part[name]}
    if not all(part.get(name) is None or part[name] in _MONTHS for name in ("month", "first")):
        return None
    place, end = written.get("place"), (part.get("end") or "").strip()[-1:]
    if "slashes" in written:
        written["slashes"] = written["slashes"].rpartition(",")[2].strip()  # /Слави Ангелов, БТА/
    bracketed = written.get("inside") or written.get("slashes") or written.get("quoted")
    agency = written.get("agency") or bracketed
    known = agency is not None and is_agency(agency)
    if "agency" in written and not known:
        return None
    if place is None:
        named = known or "." in written.get("slashes", "")
        return Lead(None, agency, match.end()) if agency and named and "quoted" not in written else None
    if not is_place(place) and not (known and bracketed and _could_be_place(place, part, bracketed)):
        return None
    if agency and not known:
        # A name in brackets that nobody knows is an agency where a dash follows it, as in find_lead.
        if not part.get("end") or end == ":" or not _could_be_agency(agency):
            return None
        return Lead(place, agency, match.end())
    if "stop" in part and not (place.isupper() and len(place) > 3):
        return None
    if agency is None and not _stands_alone(place, end, part, paragraph[match.end() :]):
        return None
    if agency and _key(agency) == _key(place):
        return None
    return Lead(place, agency, match.end())


def _stands_alone(place: str, end: str, part: dict[str, str | None], behind: str) -> bool:
    """Whether a place without an agency is a dateline: neither `دمشق - حلب`, `Москва — Третий Рим` nor `Roma: ...`."""
    if _is_place_behind(behind) or (place[1:].islower() and lead.sets_apart(behind, 0)):
        return False
    if _key(place) not in _CITIES and "/" not in place:
        return (part.get("end") or "").startswith(".")  # México.- but not: Türkiye - ABD
    if place.isupper() or _UNCASED.match(place) or part.get("day") or part.get("first"):
        return True
    return end != ":" and not _NO_COPULA.match(place)


def is_agency(name: str) -> bool:
    """Whether each part of `name` is a known agency: `AA`, `dpa/lby`, `AFP et Reuters`, `وكالات`."""
    parts = [part for part in re.split(r"\s?[/,+&،]\s?|\s(?:et|y|e|und|ve|i|و|и)\s|\s-\s", name) if part]
    words = fold(name).split()
    if not parts or len(words) > 6 or any(_key(part) in _CAPITALS and not part.isupper() for part in parts):
        return False
    if _key(parts[0]) in _AGENCIES or all(lead.is_agency(part) for part in parts):
        return True
    if _UNCASED.match(name) and (words[0] in _ROLES | _MEDIA or words[-1] in _ROLES | _MEDIA):
        return len(words) <= 4
    if len(words) > 1 and words[0].rstrip(".") in _ROLES:
        return _key(" ".join(words[1:])) in _AGENCIES  # Корр. ТАСС
    return (
        len(words) > 1
        and words[0] in _MEDIA
        and (_key(" ".join(words[1:])) in _AGENCIES or bool(_AGENCY_WORD.match(words[0])))
    )


def _could_be_agency(name: str) -> bool:
    words = name.split()
    return (
        len(words) <= 4
        and not re.search(r"\d", name)
        and all(word[0].isupper() for word in words)
        and _key(name) not in _NO_PLACES
    )


def is_place(place: str) -> bool:
    """Whether `place` is written as a name, and each of its parts, at most three, is a known city."""
    parts = [part.strip() for part in re.split(r"/|\s-\s", place)]
    return len(parts) <= 3 and all(
        _key(part) in _PLACES and plain(part) and not part[0].islower() and _key(part) not in _NO_PLACES
        for part in parts
    )


def _could_be_place(place: str, part: dict[str, str | None], agency: str) -> bool:
    """Whether an unknown name in front of a known agency is a place: one that a dash, a day or a desk vouches for."""
    words = place.split()
    if _key(place) in _NO_PLACES or len(words) > 3 or _MONTHS & {fold(word).rstrip(".") for word in words}:
        return False
    if _UNCASED.match(place):
        return len(words) <= 2 and bool(_ROLES & set(fold(agency).split()))
    return all(word[0].isupper() for word in words) and bool(part.get("end") or part.get("day"))


def _is_place_behind(rest: str) -> bool:
    """Whether the text goes on with one more place: one or two words."""
    words = rest[:40].split()
    return any(words[:n] and _key(" ".join(words[:n])) in _PLACES for n in (1, 2))


_STARTS = re.compile(r"\s*[\"'“‘«„(\[<¿¡$€£#]*(?P<first>[^\W_])")


def _starts_sentence(paragraph: str, at: int) -> bool:
    match = _STARTS.match(paragraph, at)
    return match is not None and not match["first"].islower()
