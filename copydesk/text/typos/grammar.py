"""What the engine must know of a language beside its words: a value, read from `grammar.toml` in its folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple


class LostCapital(NamedTuple):
    """A word that begins with one of `signs`, and was meant to begin with one of `letters`, may have lost a capital."""

    signs: str
    letters: str


class Intended(NamedTuple):
    """Words that show that a text is written as it is on purpose: `sic` that what is before them is, `spelling` that a
    sentence speaks of spelling, `dialect` that a quotation is in dialect, `older` that a sentence is in older language;
    `clipped` are endings before an apostrophe that show the same as `dialect`.
    """

    sic: frozenset[str]
    spelling: frozenset[str]
    dialect: frozenset[str]
    clipped: frozenset[str]
    older: frozenset[str]


@dataclass(frozen=True)
class Grammar:
    """One language. `languages/en/README.md` says key by key what each part is for.

    All words are in lower case but `abbreviations`, which are as they are written. `shapes` are pairs (what stands,
    what was meant), both ways round; `script` matches the tokens that are written in the letters of the language.
    """

    alphabet: str
    vowels: str
    script: re.Pattern[str]
    clitics: tuple[str, ...]
    function_words: frozenset[str]
    never_doubled: frozenset[str]
    particles: frozenset[str]
    passive: frozenset[str]
    short_words: frozenset[str]
    prefixes: frozenset[str]
    conjunctions: frozenset[str]
    abbreviations: frozenset[str]
    shapes: tuple[tuple[str, str], ...]
    signs: Mapping[str, str]
    initial_signs: str
    old_letters: Mapping[str, str]
    capitals_within: Mapping[str, str]
    lost_capital: LostCapital
    intended: Intended

    @classmethod
    def parse(cls, tables: Mapping[str, Any]) -> Grammar:
        """From the tables of `grammar.toml`. Raises ValueError where a key is missing, unknown or not of its kind."""
        keys = {field.name for field in fields(cls)}
        if wrong := keys ^ tables.keys():
            raise ValueError(f"grammar.toml: missing or unknown: {', '.join(sorted(wrong))}")
        made: dict[str, Any] = {name: _READ[name](name, tables[name]) for name in keys}
        return cls(**made)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"grammar.toml: {name} has to be text")
    return value


def _words(name: str, value: Any) -> frozenset[str]:
    return frozenset(_text(name, value).split())


def _letters(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(len(key) == 1 and isinstance(to, str) for key, to in value.items()):
        raise ValueError(f"grammar.toml: {name} has to be a table of single characters and text")
    return dict(value)


def _script(name: str, value: Any) -> re.Pattern[str]:
    parts = _text(name, value).split()
    if wrong := [part for part in parts if len(part) != 3 or part[1] != "-"]:
        raise ValueError(f"grammar.toml: {name}: {wrong[0]} is no range of letters, such as a-z")
    ranges = [f"{re.escape(part[0])}-{re.escape(part[2])}" for part in parts]
    return re.compile(rf"(?:[{''.join(ranges)}]|[0-9'’])*")


def _clitics(name: str, value: Any) -> tuple[str, ...]:
    return tuple(sorted(_words(name, value)))


def _shapes(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(line.split()) for line in _text(name, value).splitlines() if line.strip()]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(f"grammar.toml: {name}: a line has two shapes, and this one has not: {' '.join(wrong[0])}")
    return tuple(both for a, b in pairs for both in ((a, b), (b, a)))


def _lost_capital(name: str, value: Any) -> LostCapital:
    if not isinstance(value, dict) or value.keys() != set(LostCapital._fields):
        raise ValueError(f"grammar.toml: {name} has to be a table of signs and letters")
    return LostCapital(**{key: _text(f"{name}.{key}", text) for key, text in value.items()})


def _intended(name: str, value: Any) -> Intended:
    if not isinstance(value, dict) or value.keys() != set(Intended._fields):
        raise ValueError(f"grammar.toml: {name} has to be a table of {', '.join(Intended._fields)}")
    return Intended(**{key: _words(f"{name}.{key}", text) for key, text in value.items()})


_READ = {
    "alphabet": _text, "vowels": _text, "script": _script, "clitics": _clitics, "function_words": _words,
    "never_doubled": _words,
    "particles": _words, "passive": _words, "short_words": _words, "prefixes": _words, "conjunctions": _words,
    "abbreviations": _words,
    "shapes": _shapes, "signs": _letters, "initial_signs": _text, "old_letters": _letters,
    "capitals_within": _letters, "lost_capital": _lost_capital, "intended": _intended,
}  # fmt: skip
