"""The user's own word lists: the folder `lists.folder`, with files in the format of the shipped ones.

agencies.txt  cities.txt  notices.txt    one entry per line
agency_names.txt                         one agency per line, with other forms of its name: NAME = FORM, FORM
furniture.toml                           lines of a page that do not belong to an article
lines/CODE.toml                          words around an article, by language: names of months, labels, cities
protected.txt                            words that are never changed; `copydesk.languages.protected` reads it
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from copydesk.data import lists
from copydesk.data.lists import KEYS, MONTHS, Added, ListsInUse
from copydesk.data.rules import rules

LINES = ("agencies.txt", "agency_names.txt", "cities.txt", "notices.txt")
TABLES = ("furniture.toml",)
PROTECTED = "protected.txt"
LANGUAGES = "lines"
_ALLOWED = (*LINES, *TABLES, PROTECTED, f"{LANGUAGES}/CODE.toml")
_CODE = re.compile(r"[a-z]{2,3}")
#: Lists with words in their usual case; the words of all other lists are in lower case.
_CASED = frozenset({"agencies", "cities", "regions"})


class ListsError(ValueError):
    """A folder of lists cannot be used. The message names the file, the problem, and what is allowed."""


class _Process:
    """The folder of the lists that this process uses."""

    folder: str | None = None


def install(folder: str | None) -> None:
    """Use the lists of `folder` in this process; None means the shipped lists only.

    Raises `ListsError` if they cannot be used, and `copydesk.data.lists.ListsInUse` if the process has read others.
    """
    if folder != _Process.folder:
        lists.use(read(folder) if folder is not None else Added())
        _Process.folder = folder


def could_install(folder: str | None) -> bool:
    """Use the lists of `folder` unless this process has read others; returns whether it does. Raises `ListsError`."""
    try:
        install(folder)
    except ListsInUse:
        return False
    return True


def read(folder: str) -> Added:
    """The lists of `folder`, checked to have the format of the shipped ones. Raises `ListsError`."""
    found = Added()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if path.name in LINES:
            found.lines[name] = lists.plain(_text(path))
            _are_patterns(path, found.lines[name] if name == "notices.txt" else ())
            _are_pairs(path, found.lines[name] if name == "agency_names.txt" else ())
        elif path.name in TABLES:
            found.tables[name] = _table(path)
            _has_shape(path, "", lists.shipped_table(name), found.tables[name])
        elif path.name != PROTECTED:
            found.languages[path.stem] = _language(path)
    return found


def digest(folder: str) -> str:
    """SHA-256 of the names and contents of the lists of `folder`, 64 hex digits; the path does not matter."""
    sha = hashlib.sha256()
    for path in _files(folder):
        sha.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        sha.update(hashlib.sha256(_text(path).encode()).digest())
    return sha.hexdigest()


def protected(folder: str | None) -> str | None:
    """The path of the list of protected words in `folder`; None if there is none."""
    path = Path(folder or "", PROTECTED)
    return str(path) if folder is not None and path.is_file() else None


# --- files -----------------------------------------------------------------------------------------------------------


def _files(folder: str) -> list[Path]:
    """The files of lists, sorted by name. Notes (`*.md`) and hidden files are skipped."""
    top = Path(folder)
    if not top.is_dir():
        raise ListsError(f"{folder} is not a folder; it may hold the lists {', '.join(_ALLOWED)}")
    found = [path for path in sorted(top.rglob("*")) if path.is_file() and not _is_note(path.relative_to(top))]
    for path in found:
        name = path.relative_to(top).as_posix()
        is_language = path.parent == top / LANGUAGES and path.suffix == ".toml" and _CODE.fullmatch(path.stem)
        if name not in (*LINES, *TABLES, PROTECTED) and not is_language:
            raise ListsError(f"{path} is not a known list{_meant(name, _ALLOWED)}")
    return found


def _is_note(path: Path) -> bool:
    return path.suffix == ".md" or any(part.startswith(".") for part in path.parts)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ListsError(f"{path} cannot be read: {error}") from error


def _table(path: Path) -> dict[str, Any]:
    try:
        return lists.parsed(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ListsError(f"{path} is not valid TOML: {error}") from error


# --- shapes ----------------------------------------------------------------------------------------------------------


def _language(path: Path) -> dict[str, Any]:
    found = _table(path)
    for key, value in found.items():
        if key not in KEYS:
            raise ListsError(f"{path}: {key} is not a list of a language{_meant(key, KEYS)}")
        lengths = {"weekdays": 7, **dict.fromkeys(MONTHS, 12)}
        if key == "eras":
            years = isinstance(value, dict) and all(isinstance(year, int) for year in value.values())
            _expect(path, key, years, "a table of years")
        elif key in lengths:
            whole = isinstance(value, list) and len(value) == lengths[key] and all(map(_is_words, value))
            _expect(path, key, whole, f"{lengths[key]} lists of spellings, which may be empty")
        else:
            _expect(path, key, _is_words(value), "a list of words")
        words = [word for words in value for word in words] if key in lengths else value
        if key not in _CASED and (odd := next((word for word in words if word != word.lower()), None)):
            raise ListsError(f"{path}: {key}: {odd!r} is not in lower case")
    for key in MONTHS:
        known = lists.numbered(lists.shipped_languages(), key)
        for name, number in lists.numbered({path.stem: found}, key).items():
            if known.get(name, number) != number:
                raise ListsError(f"{path}: {key}: {name!r} is already month {known[name]}, and cannot be {number} too")
    return found


def _has_shape(path: Path, key: str, shipped: Any, added: Any) -> None:
    """Raise `ListsError` unless `added` has the keys and types of `shipped`."""
    if isinstance(shipped, dict):
        _expect(path, key, isinstance(added, dict), "a table")
        known = _rules_of(shipped) or shipped
        for name, value in added.items():
            place = f"{key}.{name}" if key else name
            if name not in known:
                raise ListsError(f"{path}: {place} is not a key{_meant(name, known)}")
            _has_shape(path, place, shipped.get(name, [""]), value)
    elif shipped and isinstance(shipped[0], dict):
        _expect(path, key, isinstance(added, list) and all(isinstance(row, dict) for row in added), f"[[{key}]] tables")
        for row in added:
            _has_row(path, key, shipped, row)
    else:
        _expect(path, key, _is_words(added), "a list of lines")


def _rules_of(shipped: dict[str, Any]) -> Collection[str]:
    """The rules that a table may name as keys; empty if its keys are no rules."""
    return _rules_named(*map(lists.shipped_table, TABLES)) if shipped.keys() <= rules().keys() else ()


def _rules_named(*values: Any) -> set[str]:
    named = set()
    for value in values:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        named |= {key for key in value if key in rules()} if isinstance(value, dict) else set()
        named |= {value} & rules().keys() if isinstance(value, str) else _rules_named(*inside)
    return named


def _has_row(path: Path, key: str, shipped: list[dict[str, Any]], row: dict[str, Any]) -> None:
    kinds = {name: type(value) for other in shipped for name, value in other.items()}
    always = [name for name in kinds if all(name in other for other in shipped)]
    for name, value in row.items():
        if name not in kinds:
            raise ListsError(f"{path}: {key}.{name} is not a key{_meant(name, kinds)}")
        _expect(path, f"{key}.{name}", isinstance(value, kinds[name]), f"a {kinds[name].__name__}")
    if missing := [name for name in always if name not in row]:
        raise ListsError(f"{path}: [[{key}]] lacks {', '.join(missing)}")
    if row["rule"] not in (known := _rules_named(shipped)):
        raise ListsError(f"{path}: {key}.rule: {row['rule']} is not an allowed rule{_meant(row['rule'], known)}")
    _are_patterns(path, [row["match"]])
    _has_word(path, key, row)


def _has_word(path: Path, key: str, row: dict[str, Any]) -> None:
    """A pattern is tried only on lines that begin with a word of `first` or end with one of `last`."""
    words = [word for name in ("first", "last") for word in row.get(name, ())]
    if not words:
        raise ListsError(f"{path}: [[{key}]] needs `first` or `last`: words that its lines begin or end with")
    for word in words:
        if word != word.casefold() or len(word.split()) != 1:
            raise ListsError(f"{path}: {key}: {word!r} must be one word in lower case (0 stands for any number)")


def _are_patterns(path: Path, patterns: Collection[str]) -> None:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ListsError(f"{path}: {pattern!r} is not a regular expression: {error}") from error


def _are_pairs(path: Path, lines: Collection[str]) -> None:
    for line in lines:
        name, _, forms = line.partition("=")
        _expect(path, repr(line), bool(name.strip() and forms.strip()), "NAME = FORM, FORM")


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word == word.strip() != "" for word in value)


def _expect(path: Path, key: str, holds: bool, shape: str) -> None:
    if not holds:
        raise ListsError(f"{path}: {key} must be {shape}")


def _meant(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else f"; allowed are {', '.join(sorted(known))}"
