"""Language identification: by script, then by function words and letters that only one language of the script uses,
then by the model of py3langid, confirmed by letter statistics.

py3langid is langid.py (Lui and Baldwin, 2012, "langid.py: An Off-the-shelf Language Identification Tool") with a
faster model file. It always names a language; the result is `und` if the letters of another language fit much better
(`copydesk.text.letters`), or if the model is unsure and another language fits a little better.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.data.lists import data
from copydesk.text import language_model
from copydesk.text.letters import Reading

#: Maximum characters read, and minimum characters of a text.
SAMPLE, LEAST = 600, 20

#: Maximum characters given to the model; its time grows with each byte.
MODEL_SAMPLE = 200

_SCRIPTS = {
    "el": "\u0370-\u03ff",
    "he": "\u0590-\u05ff",
    "hy": "\u0530-\u058f",
    "ka": "\u10a0-\u10ff",
    "th": "\u0e00-\u0e7f",
    "lo": "\u0e80-\u0eff",
    "km": "\u1780-\u17ff",
    "my": "\u1000-\u109f",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "gu": "\u0a80-\u0aff",
    "pa": "\u0a00-\u0a7f",
    "si": "\u0d80-\u0dff",
    "am": "\u1200-\u137f",
    "hi": "\u0900-\u097f",
    "ko": "\uac00-\ud7a3",
    "kana": "\u3040-\u30ff",
    "han": "\u4e00-\u9fff",
    "arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "cyrillic": "\u0400-\u052f",
    "latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
}
_NUMBER = {name: number for number, name in enumerate(_SCRIPTS, 1)}
_BY_USE = ("latin", "cyrillic", "arabic", "han", "kana", *(s for s in _SCRIPTS if len(s) == 2))
_WORD = re.compile(r"[^\W\d_]+")
_WORDS_BY_LANGUAGE: dict[str, list[str]] = data("function_words.json")["words"]
#: By function word, a number of 16 bits for each language, 1 for those that have it: their sum counts all languages.
_FUNCTION_WORDS: dict[str, int] = {}
for _place, _words in enumerate(_WORDS_BY_LANGUAGE.values()):
    for _word in _words:
        _FUNCTION_WORDS[_word] = _FUNCTION_WORDS.get(_word, 0) | 1 << 16 * _place
# Parts of a text that are in no language: tags, addresses, file names, entities, words with digits. Such a word begins
# behind white space, a tag or an entity: looking for it behind every letter takes three times as long.
_NO_WORDS = re.compile(
    r"<[^<>]{0,500}>?|&#?\w{1,10};"
    r"|(?:(?<![^\s<>;])|(?<=<[^<>]{500}))[^\s<@_/=\\|\d]*+[@_/=\\|\d][^\s<]*"
)
_RUSSIAN, _UKRAINIAN, _HARD_SIGN = "ыэёЫЭЁ", "іїєґІЇЄҐ", "ъЪ"
_I = "иИ"  # Belarusian writes none
# Belarusian, Serbian, Macedonian, and the languages of Central Asia and the Caucasus.
_OTHER_CYRILLIC = "ўЎљњћђџјѓќѕәғқңөұүһӕҟҭҳҵҷҽӡӷӣӯ"
# Letters of Sorani Kurdish and Urdu that no other language of the Arabic script has; and those of Pashto, Sindhi and
# Uyghur, to exclude these languages.
_SORANI, _URDU = "ەێۆڕڵڤ", "ےٹڈڑںہھ"
_OTHER_ARABIC = "ټډړږښڼۍېٻڀٺٽڄڃڏڌڊڍڦڪڳڱڻۇۈۋڭ"
_PERSIAN, _ARABIC = "پچژگی", "ةأإ"
# Many Persian pages use the Arabic yeh and kaf.
_AS_PERSIAN = str.maketrans("يكىة", "یکیه")

# The codes of languages in the table of letters, by ISO 639-1 code, where they differ.
_LETTERS_OF = {"no": ("nb", "nn"), "ku": ("kmr",), "hr": ("hr", "bs"), "bs": ("bs", "hr")}
_CYRILLIC = ("be", "bg", "kk", "mk", "mn", "ru", "sr", "uk")
# Zulu and Xhosa, which py3langid takes for Swahili: their clicks are written with letters that Swahili lacks. Xhosa
# doubles the first vowel in plurals; the two differ in the words for that, and, or.
_CLICKS = re.compile("[qx]|hl|dl")
_XHOSA = re.compile(r"\b(?:ii|oo|aa)[^\W\d_]|\b(?:ukuba|kwaye|okanye|ngokuba|xa|kwi)\b")
_ZULU = re.compile(r"\b(?:ukuthi|futhi|noma|ngoba|uma|kanye|lapho)\b")

#: The number of top-ranked languages that are compared by their letters; and how many bits more than the best of them
#: the first one may cost, if the model is sure of it and if it is not.
_RIVALS, _SURE, _BEHIND_IF_SURE, _BEHIND = 5, 0.7, 20.0, 10.0
#: Above this probability the model's answer is taken without comparing letters.
_CERTAIN = 0.999
#: Maximum bits per letter; above it, the text is in another language with similar letters: Abkhaz or Ossetian instead
#: of Russian, Sango instead of Kurmanji. News in the language itself costs 4 to 5, the Declaration of Human Rights up
#: to 6.
_DEAREST = {"ru": 6.2, "ku": 6.1}


def language(text: str) -> str:
    """The ISO 639-1 code of the main language of `text`; `und` if it cannot be identified.

    Kurdish is `ku`, for both Kurmanji and Sorani.
    """
    return languages_of([text])[0]


def languages_of(texts: Sequence[str]) -> list[str]:
    """The `language` of each text. The letters of their samples are looked up together."""
    if not texts:
        return []
    samples = [_sample(text) for text in texts]
    codes = np.frombuffer("\n".join([*samples, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.cumsum([len(sample) + 1 for sample in samples]) - 1
    folded = _letters().folded.take(codes, mode="clip")
    folded[ends] = ord("\n")
    lines = folded.tobytes().decode("utf-32-le").split("\n")
    scripts = _scripts().take(codes, mode="clip")
    starts = [0, *(ends + 1).tolist()]
    return [
        _identified(sample, line, scripts[start : start + len(sample)])
        for sample, line, start in zip(samples, lines, starts, strict=False)
    ]


def _sample(text: str) -> str:
    """Characters from the middle of a text, without what is in no language."""
    middle = max(0, min(len(text) // 4, len(text) - 2 * SAMPLE))
    sample = text[middle : middle + 2 * SAMPLE]
    return (_only_words(sample) if any(sign in sample for sign in "<&=/@") else sample)[:SAMPLE]


def _identified(sample: str, line: str, scripts: NDArray[np.uint8]) -> str:
    """The language of a sample. `line` has its letters in lower case and spaces, `scripts` are those of its letters."""
    words = (line if line.isascii() or not _letters().several.search(line) else line.casefold()).split()
    letters = len(line) - line.count(" ")
    if letters < LEAST:
        return "und"
    if sample.isascii():
        return _latin(sample, words)
    counts = np.bincount(scripts, minlength=len(_SCRIPTS) + 1).tolist()
    script = next((name for name in _BY_USE if counts[_NUMBER[name]] >= 0.4 * letters), "und")
    if script == "latin":
        return _latin(sample, words)
    count = counts[_NUMBER[script]] if script in _NUMBER else 0
    if script in ("han", "kana"):
        return "ja" if counts[_NUMBER["kana"]] > 0.1 * count else "zh"
    if script == "arabic":
        return _arabic_script(sample, count)
    if script == "cyrillic":
        return _cyrillic(sample, count) or _by_model(sample, _CYRILLIC)
    return script


def _latin(sample: str, words: list[str]) -> str:
    if plain := _by_function_words(words):
        return plain
    code = _by_model(sample, ())
    return _nguni(sample) if code == "sw" and _has_clicks(sample) else code


def _only_words(sample: str) -> str:
    """The start of `sample` with a space in place of each part that is in no language: `SAMPLE` characters and more."""
    pieces: list[str] = []
    size = here = 0
    for match in _NO_WORDS.finditer(sample):
        pieces.append(sample[here : match.start()])
        size += match.start() - here + 1
        here = match.end()
        if size >= SAMPLE:
            break
    return " ".join([*pieces, sample[here:]])


@cache
def _scripts() -> NDArray[np.uint8]:
    """The number of the script of each code point of the basic plane; 0 for those of no script."""
    found = np.zeros(0x10000, np.uint8)
    for name, ranges in _SCRIPTS.items():
        for first, _, last in zip(*[iter(ranges)] * 3, strict=True):
            found[ord(first) : ord(last) + 1] = _NUMBER[name]
    return found


class _Letters(NamedTuple):
    """Each letter of the first two planes in lower case, and a space for each other character. Letters that are
    `several` in lower case stay as they are.
    """

    folded: NDArray[np.uint32]
    several: re.Pattern[str]


@cache
def _letters() -> _Letters:
    every = np.arange(0x20000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table, several = np.full(len(every), ord(" "), np.uint32), []
    for match in _WORD.finditer(every):
        low = [*map(str.casefold, match[0])]
        several += [char for char, folded in zip(match[0], low, strict=True) if len(folded) > 1]
        single = "".join(folded if len(folded) == 1 else char for char, folded in zip(match[0], low, strict=True))
        table[match.start() : match.end()] = np.frombuffer(single.encode("utf-32-le"), np.uint32)
    return _Letters(table, re.compile(f"[{''.join(several)}]"))


def _count(letters: str, sample: str) -> int:
    return sum(map(sample.count, letters))


def _by_model(sample: str, rivals: tuple[str, ...]) -> str:
    """The model's answer, for a few words or, where these are not decisive, for more; else `und`."""
    return _confirmed(sample[:MODEL_SAMPLE], rivals) or _confirmed(sample[:SAMPLE], rivals) or "und"


def _confirmed(sample: str, rivals: tuple[str, ...]) -> str | None:
    """The model's answer, if the letters confirm it against `rivals` and its other candidates; else None."""
    ranked = language_model.rank(sample, _RIVALS)
    code, probability = ranked[0]
    if probability > _CERTAIN and code not in _DEAREST:
        return code
    reading = Reading(sample)
    known = frozenset(reading.likely())
    names = {name for name, _ in ranked} | {*rivals}
    bits = {name: _bits(reading, name, known) for name in names}
    if bits[code] > _DEAREST.get(code, 99) * sum(map(str.isalpha, sample)):
        return None
    behind = bits[code] - min(bits.values())
    return code if behind < (_BEHIND_IF_SURE if probability > _SURE else _BEHIND) else None


def _has_clicks(sample: str) -> bool:
    """Whether a text that looks like Swahili has more than one click in a hundred letters."""
    return len(_CLICKS.findall(sample.casefold())) > 0.01 * sum(map(str.isalpha, sample))


def _nguni(sample: str) -> str:
    """Zulu or Xhosa, by words and plurals of which only one has them; `und` if that is not decisive."""
    plain = sample.casefold()
    xhosa, zulu = len(_XHOSA.findall(plain)), len(_ZULU.findall(plain))
    return "und" if xhosa == zulu else "xh" if xhosa > zulu else "zu"


def _bits(reading: Reading, code: str, known: frozenset[str]) -> float:
    """The cost of the text in the language, in bits; infinite for a language without letter statistics."""
    names = [name for name in _LETTERS_OF.get(code, (code,)) if name in known]
    return min((float(reading.bits(name).sum()) for name in names), default=float("inf"))


def _by_function_words(words: list[str]) -> str | None:
    """The language with a large share of function words in the text, far ahead of any other; else None."""
    found = sum(filter(None, map(_FUNCTION_WORDS.get, words)))
    counts: list[int] = np.frombuffer(found.to_bytes(2 * len(_WORDS_BY_LANGUAGE), "little"), "<u2").tolist()
    second, most = sorted(counts)[-2:]
    if most < max(6, 0.15 * len(words)) or most < 2 * second:
        return None
    languages = list(_WORDS_BY_LANGUAGE)
    return languages[counts.index(most)]


def _cyrillic(sample: str, count: int) -> str | None:
    """Russian, Ukrainian or Bulgarian, by letters that the others do not use; None if that is not decisive."""
    if any(letter in sample for letter in _OTHER_CYRILLIC) or not any(letter in sample for letter in _I):
        return None
    russian, ukrainian, hard = (_count(letters, sample) / count for letters in (_RUSSIAN, _UKRAINIAN, _HARD_SIGN))
    if russian > 0.01 and not ukrainian:
        dear = float(Reading(sample).bits("ru").sum()) > _DEAREST["ru"] * sum(map(str.isalpha, sample))
        return None if dear else "ru"
    if ukrainian > 0.03 and not russian:
        return "uk"
    return "bg" if hard > 0.008 and not russian and not ukrainian else None


def _arabic_script(sample: str, count: int) -> str:
    sorani, urdu = _count(_SORANI, sample) / count, _count(_URDU, sample) / count
    if _count(_OTHER_ARABIC, sample) > 0.02 * count:
        return "und"
    if sorani > 0.05:
        return "ku"
    if urdu > 0.04:
        return "ur"
    if not _count(_PERSIAN, sample) and _count(_ARABIC, sample) > 0.02 * count:
        return "ar"
    plain, folded = Reading(sample), Reading(sample.translate(_AS_PERSIAN))
    bits = {"ar": plain.bits("ar").sum(), "fa": folded.bits("fa").sum(), "ur": plain.bits("ur").sum()}
    return min(bits, key=lambda code: float(bits[code]))
