"""Loads the configuration: flags override environment variables, which override `copydesk.toml`.

An environment variable is `COPYDESK_` and the path of the key: `COPYDESK_GATE__MAX_QUARANTINED_SHARE=0.2`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from copydesk.config import Config

FILE = "copydesk.toml"
PREFIX = "COPYDESK_"
#: Variables that are no settings: the name of the person who decides, and the process that a run is started by.
OTHERS = ("COPYDESK_WHO", "COPYDESK_SERVED_BY")
#: Settings whose values are not printed.
SECRET = ("alerts.webhook",)


class ConfigError(ValueError):
    """A setting cannot be used. The message names the key, where it was set, its value, and what is allowed."""


def load(
    path: str | None = None, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration of a run.

    `path` is a TOML file; None means `copydesk.toml` in the working folder, if it exists. `flags` are settings by
    dotted path (`warehouse.path`); None means that the flag was not given. Raises `ConfigError`.
    """
    origin: dict[str, str] = {}
    settings: dict[str, Any] = {}
    for where, found in (
        _from_file(path),
        ("environment", _from_environment(os.environ if environment is None else environment)),
        ("command line", {key: value for key, value in (flags or {}).items() if value is not None}),
    ):
        for key, value in found.items():
            settings[key] = value
            origin[key] = f"{where} {_variable(key)}" if where == "environment" else where
    try:
        config = Config.model_validate(_nested(settings))
    except ValidationError as error:
        raise ConfigError("\n".join(_in_words(problem, origin) for problem in error.errors())) from None
    if config.lists.folder is not None:
        _check_lists(config.lists.folder, origin["lists.folder"])
    return config


def file_of(path: str | None) -> str | None:
    """The file that `load` reads, from any folder; None if there is none."""
    return os.path.abspath(path or FILE) if path or Path(FILE).exists() else None


def _check_lists(folder: str, where: str) -> None:
    from copydesk.config.user_lists import ListsError, read  # imported only if there are lists: it takes time

    try:
        read(folder)
    except ListsError as error:
        raise ConfigError(f"{where}: lists.folder: {error}") from None


def describe(model: type[BaseModel] = Config, prefix: str = "") -> list[tuple[str, str, str]]:
    """Every setting: its dotted path, its default in TOML, and its description."""
    rows: list[tuple[str, str, str]] = []
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            rows += describe(section, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, _toml(field.default), field.description or ""))
    return rows


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return "" if value is None else f'"{value}"' if isinstance(value, str) else str(value).lower()


def _from_file(path: str | None) -> tuple[str, dict[str, Any]]:
    file = Path(path or FILE)
    if path is None and not file.exists():
        return FILE, {}
    try:
        settings = tomllib.loads(file.read_text("utf-8-sig"))  # some editors begin a file with a byte order mark
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}") from error
    return str(file), _flat(settings)


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    names = {_variable(key): key for key, _, _ in describe()}
    found = {names[name]: value for name, value in environment.items() if name in names}
    unknown = [name for name in environment if name.startswith(PREFIX) and name not in names and name not in OTHERS]
    if unknown:
        raise ConfigError(f"environment: {unknown[0]} is not a setting{_similar(unknown[0], list(names), PREFIX)}")
    return found


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "__").upper()


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        *sections, name = key.split(".")
        inside = nested
        for section in sections:
            inside = inside.setdefault(section, {})
            if not isinstance(inside, dict):
                raise ConfigError(f"{section} = {inside!r}: is a section; write [{section}] and its keys below it")
        inside[name] = value
    return nested


def _in_words(problem: Any, origin: Mapping[str, str]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    where = origin.get(key) or next(
        (place for name, place in origin.items() if name.startswith(f"{key}.") or f"{name} = " in problem["msg"]),
        "configuration",
    )
    if problem["type"] == "extra_forbidden":
        names = [name for name, _, _ in describe()]
        if isinstance(problem["input"], dict):
            sections = sorted({f"[{section}]" for name in names if (section := name.rpartition(".")[0])})
            return f"{where}: [{key}] is not a section{_similar(f'[{key}]', sections, what='sections')}"
        return f"{where}: {key} is not a setting{_similar(key, names)}"
    if problem["type"] == "model_type":
        value = "…" if any(one.startswith(f"{key}.") for one in SECRET) else repr(problem["input"])
        return f"{where}: {key} = {value}: is a section; write [{key}] and its keys below it"
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = "…" if key in SECRET else repr(problem["input"])
    return f"{where}: {key} = {value}: {message[:1].lower() + message[1:]}{_allowed(key)}"


def _allowed(key: str) -> str:
    model: Any = Config
    for part in key.split("."):
        field = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if field is None:
            return ""
        model = field.annotation
    described = f" ({field.description})" if field and field.description else ""
    default = f"; the default is {_toml(field.default)}" if field and field.default is not None else ""
    return f"{described}{default}"


def _similar(name: str, known: list[str], prefix: str = "", what: str = "settings") -> str:
    """A guess at what was meant, or all that is known; what all names begin with makes no name similar."""
    short = {one.removeprefix(prefix).lower(): one for one in known}
    close = difflib.get_close_matches(name.removeprefix(prefix).lower(), short, 1, 0.6)
    return f"; did you mean {short[close[0]]}?" if close else f"; {what} are {', '.join(known)}"
