"""The word lists that rules need, read from the package's data files once, when they are first asked for.

A user's own lists are added to the shipped ones before any is read (`use`). Patterns are made of the lists when the
modules that need them are imported, so a process keeps the lists that it began with.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

_DATA = files("copydesk").joinpath("data")

#: The keys of names of months, by calendar: Gregorian, Islamic, Persian.
MONTHS = ("months", "months_hijri", "months_solar")
#: What a file of `copydesk/data/lines` may hold; `README.md` there says what each is. Each is a list of words, except
#: months and weekdays, which are lists of lists of spellings, and eras, a table.
KEYS = frozenset(
    """months months_hijri months_solar eras weekdays date_joins day_endings year_words hijri_words solar_words
    same_day clock_words hour_words am pm ago time_units past_days events published updated byline byline_labels
    name_joins name_particles source roles views speech_verbs media_words not_places agencies cities regions""".split()
)


# --- what a user adds ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Added:
    """What a user adds to the shipped lists: `lines` by the name of a text file, `tables` by that of a TOML file,
    `languages` by their code. Each has the shape of the shipped one.
    """

    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)


class ListsInUse(RuntimeError):
    """This process has read other lists already."""


class _Process:
    """The lists of this process: what was added, and whether any was read."""

    added = Added()
    read = False


def use(added: Added) -> None:
    """Add to the shipped lists. Raises `ListsInUse` where lists were read already, and with other additions."""
    if added == _Process.added:
        return
    if _Process.read:
        raise ListsInUse(
            "this process has read its word lists already, and keeps them: lists.folder has to be known before the"
            " first document is cleaned, and is one for all of them. Use another process for another folder"
        )
    _Process.added = added


def _added() -> Added:
    _Process.read = True
    return _Process.added


def merged(shipped: Any, added: Any) -> Any:
    """`shipped` with `added` in the same shape: tables key by key, lists of lists place by place, other lists behind
    one another.
    """
    if isinstance(shipped, dict):
        both = {key: merged(value, added[key]) if key in added else value for key, value in shipped.items()}
        return {**both, **{key: value for key, value in added.items() if key not in shipped}}
    if shipped and isinstance(shipped[0], list):
        return [[*ours, *theirs] for ours, theirs in zip(shipped, added, strict=True)]
    return [*shipped, *added]


# --- what there is ---------------------------------------------------------------------------------------------------


@cache
def data(name: str) -> Any:
    """The JSON file `name` of `copydesk/data`."""
    return json.loads(_DATA.joinpath(name).read_text("utf-8"))


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of the text file `name` of `copydesk/data`, without comments (`#`) and empty lines."""
    return (*plain(_DATA.joinpath(name).read_text("utf-8")), *_added().lines.get(name, ()))


@cache
def languages() -> dict[str, dict[str, Any]]:
    """The words around a story in each language, by its code: the files of `copydesk/data/lines`."""
    found: dict[str, dict[str, Any]] = merged(shipped_languages(), _added().languages)
    return found


@cache
def shared() -> dict[str, Any]:
    """What belongs to no language: digits and time zones."""
    return _toml("shared.toml")


@cache
def words(key: str) -> tuple[str, ...]:
    """The words that all languages together have for `key`, each once. Raises `KeyError` where there is no such key."""
    if key not in KEYS:
        raise KeyError(key)
    return tuple(dict.fromkeys(word for language in languages().values() for word in language.get(key, ())))


@cache
def months(key: str = "months") -> dict[str, int]:
    """The number of the month, 1 to 12, by each of its names in any language; `key` says in which calendar."""
    return numbered(languages(), key)


@cache
def weekdays() -> tuple[tuple[str, int], ...]:
    """Each name of a weekday with its number, Monday being 0. Short names can be those of several days."""
    return tuple(
        (name, number)
        for language in languages().values()
        for number, names in enumerate(language.get("weekdays", ()))
        for name in names
    )


@cache
def eras() -> dict[str, int]:
    """The year before the first year of each era, by its name."""
    return {name: year for language in languages().values() for name, year in language.get("eras", {}).items()}


@cache
def table(name: str) -> dict[str, Any]:
    """The TOML file `name` of `copydesk/data`."""
    found: dict[str, Any] = merged(shipped_table(name), _added().tables.get(name, {}))
    return found


@cache
def arrays(name: str) -> dict[str, Any]:
    """The arrays of the `.npz` file `name` of `copydesk/data`, by their names; nothing in it is executed."""
    with _DATA.joinpath(name).open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


# --- what is shipped: asked for by itself, it leaves open what a user adds --------------------------------------------


def plain(text: str) -> tuple[str, ...]:
    """The lines of a list, without comments (`#`) and empty lines."""
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def shipped_table(name: str) -> dict[str, Any]:
    return tomllib.loads(_DATA.joinpath(name).read_text("utf-8"))


@cache
def shipped_languages() -> dict[str, dict[str, Any]]:
    found = sorted(path.name for path in _DATA.joinpath("lines").iterdir() if path.name.endswith(".toml"))
    return {name.removesuffix(".toml"): _toml(name) for name in found if name != "shared.toml"}


def numbered(languages: dict[str, dict[str, Any]], key: str) -> dict[str, int]:
    """The number of the month by each of its names in `languages`."""
    return {
        name: number
        for language in languages.values()
        for number, names in enumerate(language.get(key, ()), 1)
        for name in names
    }


def _toml(name: str) -> dict[str, Any]:
    return parsed(_DATA.joinpath("lines", name).read_text("utf-8"))


def parsed(text: str) -> dict[str, Any]:
    """A file of the words of a language. Bengali and Hindi keyboards write one letter in two ways; texts are composed
    (NFC) before words are looked for.
    """
    return tomllib.loads(unicodedata.normalize("NFC", text))
