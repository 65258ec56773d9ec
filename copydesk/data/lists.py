"""The word lists that rules need, read from the package's data files once, when they are first asked for."""

from __future__ import annotations

import json
import tomllib
import unicodedata
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


@cache
def data(name: str) -> Any:
    """The JSON file `name` of `copydesk/data`."""
    return json.loads(_DATA.joinpath(name).read_text("utf-8"))


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of the text file `name` of `copydesk/data`, without comments (`#`) and empty lines."""
    text = _DATA.joinpath(name).read_text("utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def languages() -> dict[str, dict[str, Any]]:
    """The words around a story in each language, by its code: the files of `copydesk/data/lines`."""
    found = sorted(path.name for path in _DATA.joinpath("lines").iterdir() if path.name.endswith(".toml"))
    return {name.removesuffix(".toml"): _toml(name) for name in found if name != "shared.toml"}


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
    return {
        name: number
        for language in languages().values()
        for number, names in enumerate(language.get(key, ()), 1)
        for name in names
    }


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


def _toml(name: str) -> dict[str, Any]:
    # Bengali and Hindi keyboards write one letter in two ways; texts are composed before words are looked for.
    return tomllib.loads(unicodedata.normalize("NFC", _DATA.joinpath("lines", name).read_text("utf-8")))


@cache
def table(name: str) -> dict[str, Any]:
    """The TOML file `name` of `copydesk/data`."""
    return tomllib.loads(_DATA.joinpath(name).read_text("utf-8"))


@cache
def arrays(name: str) -> dict[str, Any]:
    """The arrays of the `.npz` file `name` of `copydesk/data`, by their names; nothing in it is executed."""
    with _DATA.joinpath(name).open("rb") as file:
        return dict(np.load(file, allow_pickle=False))
