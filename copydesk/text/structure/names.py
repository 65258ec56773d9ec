"""Names of agencies and places: which are known, and which may be one by how they are written."""

from __future__ import annotations

import re

from copydesk.data import lists
from copydesk.text.fold import any_as_written, fold
from copydesk.text.lazy import later

_BETWEEN = re.compile(r"[\W_]+")


def plain(name: str) -> str:
    """A name without case, accents, punctuation and `the`, for comparing."""
    return _BETWEEN.sub("", fold(name).removeprefix("the "))


def _all(*names: str) -> frozenset[str]:
    return frozenset(map(plain, names))


_ENGLISH_AGENCIES = _all(*lists.lines("agencies.txt"))
_AGENCIES = _ENGLISH_AGENCIES | _all(*lists.words("agencies"))
#: Written small they are words: Map, Sana, Dire.
_CAPITALS = _all(*(name for name in lists.words("agencies") if name.isascii() and name.isupper() and len(name) < 6))
_CAPITALS -= _all(*(name for name in lists.words("agencies") if not name.isupper()))
# How a line may begin that is such a name, letter for letter: `plain` leaves out what stands between its words.
_FIRST_WORD = re.compile(r"[A-Za-z]++(?!\w)")
_BEGINNINGS = frozenset(name[:end] for name in _ENGLISH_AGENCIES for end in range(1, len(name) + 1)) | {"the"}
CITIES = _all(*lists.words("cities"), *lists.lines("cities.txt"))
REGIONS = _all(*lists.words("regions"))
NOT_PLACES = _all(*lists.words("not_places"))
PLACES = (CITIES | REGIONS) - NOT_PLACES
ROLES = frozenset(fold(word) for word in lists.words("roles"))
_MEDIA = frozenset(fold(word) for word in lists.words("media_words"))
MONTHS = frozenset(fold(name) for key in lists.MONTHS for name in lists.months(key))
#: Months of the languages whose reports begin as English ones do, as they are written.
MONTHS_WRITTEN = frozenset(
    n for code in ("en", "es", "fr", "de", "it", "pt") for ns in lists.languages()[code]["months"] for n in ns
)
WRITTEN_MONTHS = any_as_written(MONTHS_WRITTEN)

#: Letters of scripts that have no capitals.
UNCASED = re.compile(r"[\u0590-\u08ff\u0900-\u0dff\ufb50-\ufdff\ufe70-\ufeff]")
_CALLS_ITSELF = re.compile(r"[A-Z][\w.-]*(?:24|TV|FM|\.com|\.net|\.org|Wire)$")
_AGENCY_WORD = re.compile("agen|агент|агенц|وكاله|خبرگزاري")
_PARTS = later(r"\s?[/,+&،]\s?|\s(?:et|y|e|und|ve|i|و|и)\s|\s-\s")
# A year or a day of a month: a remark about time, not a name such as KNX 1070 or Kurdistan24.
_DATED = later(rf"\b(?:1[89]|20)\d\d\b|\b(?:{WRITTEN_MONTHS})\b\.?\s*\d|\d\s*(?:{WRITTEN_MONTHS})\b", re.IGNORECASE)


def _canonical() -> dict[str, str]:
    """The canonical name of an agency, by each of its forms."""
    found: dict[str, str] = {}
    for line in lists.lines("agency_names.txt"):
        name, _, forms = line.partition("=")
        found |= dict.fromkeys(map(plain, (name, *forms.split(","))), name.strip())
    found.pop("", None)
    return found


_CANONICAL = _canonical()
# The desk of an agency: dpa/lno.
_DESK = re.compile(r"/[a-z]{2,4}$")


def canonical_agency(name: str) -> str:
    """The name under which an agency stands in the column: `Reuters` for `REUTERS` and `Reuter`, `dpa` for `dpa/lno`.

    An agency that `agency_names.txt` does not name stays as it is written.
    """
    return _CANONICAL.get(plain(name)) or _CANONICAL.get(plain(_DESK.sub("", name)), name)


def is_known_agency(name: str) -> bool:
    """Whether `name` is the name of an agency, and written as it writes itself."""
    key = plain(name)
    return key in _AGENCIES and (key not in _CAPITALS or name.isupper())


def is_agency_line(line: str) -> bool:
    """Whether a line names an agency and nothing else. Those of other languages are words too: Redaktion, العالم."""
    word = _FIRST_WORD.match(line)
    begins = word[0].lower() if word else fold(line[:1])
    return (begins in _BEGINNINGS or not begins.isalpha()) and plain(line) in _ENGLISH_AGENCIES


def is_agency(name: str) -> bool:
    """Whether `name` is an agency or several: one that is known, `AA`, `dpa/lby`, `AFP et Reuters`, `وكالات`, or one
    that calls itself so, `... News`, `... Agency`."""
    parts = [part for part in _PARTS.split(name) if part]
    words = fold(name).split()
    if not parts or len(words) > 6 or any(plain(part) in _CAPITALS and not part.isupper() for part in parts):
        return False
    if plain(parts[0]) in _AGENCIES or all(map(_calls_itself, parts)):
        return True
    if "/" not in name and _calls_itself(name):  # AT&T News, but: Jane Doe/Harbour Herald
        return True
    if UNCASED.match(name) and {words[0], words[-1]} & (ROLES | _MEDIA):
        return len(words) <= 4
    if len(words) == 1:
        return False
    rest = plain(" ".join(words[1:])) in _AGENCIES
    if words[0].rstrip(".") in ROLES:
        return rest  # Корр. ТАСС
    return words[0] in _MEDIA and (rest or _AGENCY_WORD.match(words[0]) is not None)


def _calls_itself(name: str) -> bool:
    """Whether a name is known, or says that it is one of an agency."""
    words = name.split()
    if not words or len(words) > 5 or "," in name:
        return False
    if plain(name) in _AGENCIES:
        return True
    if len(words) == 1:
        return _CALLS_ITSELF.match(name) is not None
    return fold(words[-1]) in _MEDIA and all(word[:1].isupper() or word[:1].isdigit() for word in words)


def could_be_agency(name: str) -> bool:
    """Whether a name in parentheses before a dash may be one: capitalized, short, no year, no remark."""
    words = name.replace("/", " ").split()
    return (
        0 < len(words) <= 5
        and words[0][:1].isupper()
        and not _DATED.search(name)
        and (len(words) == 1 or words[-1][:1].isupper() or words[-1].isdigit())
        and plain(name) not in NOT_PLACES
    )


def is_place(name: str) -> bool:
    """Whether `name` is written as a name, and each of its parts, at most three, is a known place."""
    parts = [part.strip() for part in re.split(r"/|\s-\s", name)]
    return len(parts) <= 3 and all(plain(part) in PLACES and not part[0].islower() for part in parts)
