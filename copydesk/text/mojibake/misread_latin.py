"""Central European, Turkish and Baltic text that was read as Western European: `tak dobøe` is cp1250.

Few letters change and each is a letter of some language, so the alphabets decide: decoded again, all accented letters
must be those of one language, which is also the language that the text reads best in; as it stands, some are not.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, cached_property
from typing import NamedTuple

from copydesk.text import letters
from copydesk.text.mojibake.misreadings import misreading

#: The accented letters of the languages of each encoding.
_ALPHABETS = {
    "cp1250": {
        "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "pl": "ąćęłńóśźż", "hu": "áéíóöőúüű", "ro": "ăâîşţ",
        "hr": "čćđšž", "bs": "čćđšž", "sr": "čćđšž", "sl": "čćđšž",
    },
    "cp1254": {"tr": "çğıöşüâîûİ", "kmr": "çêîşû", "az": "çğıöşüİ"},
    "cp1257": {"lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž"},
}  # fmt: skip
_ALPHABETS["iso8859-2"] = _ALPHABETS["cp1250"]
#: Letters and signs that are others in one of these encodings, and signs that may be letters there.
_CHANGED = re.compile("[^\x00-\xa9\xab\xbb\xb7\xb4\xb0§©®–—‘’“”„…•€™]")
#: Characters of the sample.
_SAMPLE, _COST_SAMPLE = 1200, 600
#: Shorter texts are in no language.
_LEAST = 20
#: The only changed letter of a text is one of a foreign name, unless the text is short and gains so many bits by it.
_SHORT, _SURE = 400, 3.0
#: Least gain for each changed letter. The statistics of Hungarian know misread text, so that it gains little.
_EACH, _EACH_HUNGARIAN = 1.2, 0.4


class Reading(NamedTuple):
    encoding: str
    gain: float


@cache
def _tables(encoding: str) -> dict[str, str]:
    """What each character of the Western encodings beyond ASCII is in `encoding`."""
    western = misreading("western")
    chars = [char for char in western.chars[0x80:] if char > "\x7f"] + [chr(byte) for byte in range(0x80, 0xA0)]
    return {char: western.to_bytes(char).decode(encoding, "replace") for char in chars}


def find(text: str) -> Reading | None:
    """The encoding that `text` was in before it was read as Western European; None for correct text."""
    first = _CHANGED.search(text, 0, _SAMPLE)
    if first is None or len(text) < _LEAST or first[0] not in _tables("cp1250"):
        return None
    seen = Counter(_CHANGED.findall(text, 0, _SAMPLE))
    if not seen.keys() <= _tables("cp1250").keys():  # written in other letters: nothing was misread
        return None
    best: Reading | None = None
    sample = _Sample(text[:_COST_SAMPLE])
    for encoding, alphabets in _ALPHABETS.items():
        table = _tables(encoding)
        kinds = [char for char in seen if table[char] != char]
        changed = sum(seen[char] for char in kinds)
        if not changed or (changed == 1 and len(text) > _SHORT):
            continue
        # A letter that stays the same may be of a foreign name.
        meant, read = {_small(table[char]) for char in kinds}, {_small(char) for char in kinds}
        fitting = tuple(c for c, alphabet in alphabets.items() if meant <= {*alphabet} and not read <= {*alphabet})
        gain = sample.gain(table, alphabets, fitting) if fitting else 0.0
        if gain > max(_SURE * (changed == 1), (_EACH_HUNGARIAN if "hu" in fitting else _EACH) * min(changed, 20)):
            best = max(best, Reading(encoding, gain), key=lambda one: one.gain if one else 0.0)
    return best


def _small(char: str) -> str:
    return char if char == "İ" else char.lower()


class _Sample:
    """The start of a text, whose cost is computed once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._gains: dict[tuple[str, tuple[str, ...]], float] = {}

    @cached_property
    def _cost(self) -> float:
        return float(letters.Reading(self.text).best()[1].sum())

    def gain(self, table: dict[str, str], alphabets: dict[str, str], fitting: tuple[str, ...]) -> float:
        """By how many bits the text is cheaper when decoded again, in one of the `fitting` languages; 0 if it then is
        not in a language of the encoding.
        """
        after = self._translated({char: meant for char, meant in table.items() if char != meant and char in self.text})
        if (after, fitting) not in self._gains:  # many texts are the same in two of the encodings
            self._gains[after, fitting] = self._gained(letters.Reading(after), alphabets, fitting)
        return self._gains[after, fitting]

    def _translated(self, table: dict[str, str]) -> str:
        if not table.keys().isdisjoint(table.values()):
            return self.text.translate({ord(char): meant for char, meant in table.items()})
        text = self.text
        for char, meant in table.items():  # few, so that this is several times faster
            text = text.replace(char, meant)
        return text

    def _gained(self, after: letters.Reading, alphabets: dict[str, str], fitting: tuple[str, ...]) -> float:
        if after.language() not in alphabets:
            return 0.0
        return max(0.0, self._cost - min(float(after.bits(code).sum()) for code in fitting))
