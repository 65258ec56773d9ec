"""The language of a text: its script first, then letters that only one language of that script uses, then py3langid.

py3langid is langid.py (Lui and Baldwin, 2012, "langid.py: An Off-the-shelf Language Identification Tool") with a
faster model file. It always names a language; the text is `und` where the model is unsure.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

from copydesk.lexicon import data

#: Characters looked at, and the least a text must have.
SAMPLE, LEAST = 600, 20

#: Characters handed to the model, whose time grows with each byte.
MODEL_SAMPLE = 200

#: Languages told apart by py3langid: those of news sites in the Latin and Cyrillic scripts.
_LANGUAGES = (
    "af az be bg bs ca cs cy da de en es et eu fi fr ga gl hr ht hu id is it kk ku ky lb lt lv mk mn ms mt nl no pl pt"
    " ro ru sk sl sq sr sv sw tl tr uk uz vi"
).split()

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
_SCRIPT = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_BY_USE = ("latin", "cyrillic", "arabic", "han", "kana", *(s for s in _SCRIPTS if len(s) == 2))
_WORD = re.compile(r"[^\W\d_]+")
_FUNCTION_WORDS: dict[str, tuple[str, ...]] = {}
for _language, _words in data("function_words.json")["words"].items():
    for _word in _words:
        _FUNCTION_WORDS[_word] = (*_FUNCTION_WORDS.get(_word, ()), _language)
_RUSSIAN, _UKRAINIAN, _HARD_SIGN = re.compile("[ыэёЫЭЁ]"), re.compile("[іїєґІЇЄҐ]"), re.compile("[ъЪ]")
# Belarusian, Serbian, Macedonian, and the languages of Central Asia.
_OTHER_CYRILLIC = re.compile("[ўЎљњћђџјѓќѕәғқңөұүһ]")
# Letters of Sorani Kurdish, Urdu and Persian that the other languages of the Arabic script do not write.
_SORANI, _URDU, _PERSIAN = re.compile("[ەێۆڕڵڤ]"), re.compile("[ےٹڈڑںہھ]"), re.compile("[پچژگیک]")
_ARABIC = re.compile("[ةىيكأإ]")


def language(text: str) -> str:
    """The ISO 639-1 code of the language that most of `text` is in; `und` where that cannot be told.

    Sorani Kurdish, which has no code of its own there, is `ku`.
    """
    middle = max(0, min(len(text) // 4, len(text) - SAMPLE))
    sample = text[middle : middle + SAMPLE]
    letters = _WORD.findall(sample)
    if sum(map(len, letters)) < LEAST:
        return "und"
    count = 0
    for script in _BY_USE:
        count = len(_SCRIPT[script].findall(sample))
        if count >= 0.4 * sum(map(len, letters)):
            break
    else:
        return "und"
    if script in ("han", "kana"):
        return "ja" if len(_SCRIPT["kana"].findall(sample)) > 0.1 * count else "zh"
    if script == "arabic":
        return _arabic_script(sample, count)
    if script == "latin" and (plain := _by_function_words(letters)):
        return plain
    if script == "cyrillic" and (plain := _cyrillic(sample, count)):
        return plain
    if script in ("latin", "cyrillic"):
        for length in (MODEL_SAMPLE, SAMPLE):
            code, probability = _model().classify(sample[:length])
            if probability > 0.7:
                return str(code)
        return "und"
    return script


def _by_function_words(words: list[str]) -> str | None:
    """The language whose words of grammar make up a good part of a text, far ahead of any other; else None."""
    found = Counter(language for word in words for language in _FUNCTION_WORDS.get(word.casefold(), ()))
    (first, most), (_, second) = (found.most_common(2) + [("", 0)] * 2)[:2]
    return first if most >= max(6, 0.15 * len(words)) and most >= 2 * second else None


def _cyrillic(sample: str, count: int) -> str | None:
    """Russian, Ukrainian or Bulgarian, by letters that the others do not write; None where they leave it open."""
    if _OTHER_CYRILLIC.search(sample):
        return None
    russian, ukrainian, hard = (len(p.findall(sample)) / count for p in (_RUSSIAN, _UKRAINIAN, _HARD_SIGN))
    if russian > 0.01 and not ukrainian:
        return "ru"
    if ukrainian > 0.03 and not russian:
        return "uk"
    return "bg" if hard > 0.008 and not russian and not ukrainian else None


def _arabic_script(sample: str, count: int) -> str:
    sorani, urdu = len(_SORANI.findall(sample)) / count, len(_URDU.findall(sample)) / count
    if sorani > 0.05:
        return "ku"
    if urdu > 0.04:
        return "ur"
    return "fa" if len(_PERSIAN.findall(sample)) > 2 * len(_ARABIC.findall(sample)) else "ar"


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 0.8 s, and English rarely needs it

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(_LANGUAGES)
    return model
