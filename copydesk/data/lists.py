"""The word lists of the rules, read from the package's data files once, on first use.

A user's own lists must be added to the shipped ones before any is read (`use`): modules compile patterns from the lists
when they are imported, so a process cannot change its lists.
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

#: The keys of month names, by calendar: Gregorian, Islamic, Persian.
MONTHS = ("months", "months_hijri", "months_solar")
#: The keys of a file of `copydesk/data/lines`, described in `README.md` there. Each is a list of words, except months
#: and weekdays, which are lists of lists of spellings, and eras, a table.
KEYS = frozenset(
    """months months_hijri months_solar eras weekdays date_joins day_endings year_words hijri_words solar_words
    same_day clock_words hour_words am pm ago time_units past_days events published updated byline byline_labels
    name_joins name_particles source roles views speech_verbs media_words rubrics not_places agencies cities
    regions""".split()
)


# --- user lists ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Added:
    """The user's additions to the shipped lists: `lines` by text file, `tables` by TOML file, `languages` by code. Each
    has the format of the shipped one.
    """

    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)


class ListsInUse(RuntimeError):
    """This process has already read other lists."""


class _Process:
    """The lists of this process: the user's additions, and whether a list has been read."""

    added = Added()
    read = False


def use(added: Added) -> None:
    """Add to the shipped lists. Raises `ListsInUse` if lists have already been read with other additions."""
    if added == _Process.added:
        return
    if _Process.read:
        raise ListsInUse(
            "this process has already read its word lists: lists.folder must be set before the first document is"
            " cleaned, and cannot change afterwards. Use another process for another folder"
        )
    _Process.added = added


def _added() -> Added:
    _Process.read = True
    return _Process.added


def merged(shipped: Any, added: Any) -> Any:
    """`shipped` with `added` merged in: tables by key, lists of lists by index; other lists are concatenated."""
    if isinstance(shipped, dict):
        both = {key: merged(value, added[key]) if key in added else value for key, value in shipped.items()}
        return {**both, **{key: value for key, value in added.items() if key not in shipped}}
    if shipped and isinstance(shipped[0], list):
        return [[*ours, *theirs] for ours, theirs in zip(shipped, added, strict=True)]
    return [*shipped, *added]


# --- lists of this process -------------------------------------------------------------------------------------------


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
    """The words around an article by language code: the files of `copydesk/data/lines`."""
    found: dict[str, dict[str, Any]] = merged(shipped_languages(), _added().languages)
    return found


@cache
def shared() -> dict[str, Any]:
    """The entries that belong to no language: digits and time zones."""
    return _toml("shared.toml")


@cache
def words(key: str) -> tuple[str, ...]:
    """The words of all languages for `key`, without duplicates. Raises `KeyError` for an unknown key."""
    if key not in KEYS:
        raise KeyError(key)
    return tuple(dict.fromkeys(word for language in languages().values() for word in language.get(key, ())))


@cache
def months(key: str = "months") -> dict[str, int]:
    """Month numbers, 1 to 12, by name, for all languages; `key` names the calendar."""
    return numbered(languages(), key)


@cache
def weekdays() -> tuple[tuple[str, int], ...]:
    """Names of weekdays with their number, Monday being 0. A short name may stand for several days."""
    return tuple(
        (name, number)
        for language in languages().values()
        for number, names in enumerate(language.get("weekdays", ()))
        for name in names
    )


@cache
def eras() -> dict[str, int]:
    """The year before the first year of each era, by name."""
    return {name: year for language in languages().values() for name, year in language.get("eras", {}).items()}


@cache
def table(name: str) -> dict[str, Any]:
    """The TOML file `name` of `copydesk/data`."""
    found: dict[str, Any] = merged(shipped_table(name), _added().tables.get(name, {}))
    return found


def arrays(name: str) -> dict[str, Any]:
    """The arrays of the `.npz` file `name` of `copydesk/data`, by name; pickled objects are refused.

    They are not remembered: what is made of them is.
    """
    with _DATA.joinpath(name).open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


# --- shipped lists only: reading these does not fix the lists of the process ------------------------------------------


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
    """Month numbers by name in `languages`."""
    return {
        name: number
        for language in languages.values()
        for number, names in enumerate(language.get(key, ()), 1)
        for name in names
    }


def _toml(name: str) -> dict[str, Any]:
    return parsed(_DATA.joinpath("lines", name).read_text("utf-8"))


def parsed(text: str) -> dict[str, Any]:
    """A TOML file, composed (NFC) like the texts: Bengali and Hindi keyboards write some letters in two ways."""
    return tomllib.loads(unicodedata.normalize("NFC", text))
