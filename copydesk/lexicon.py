"""The word lists that rules need, read from the package's data files once, when they are first asked for."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def data(name: str) -> Any:
    """The JSON file `name` of `copydesk/data`."""
    return json.loads(files("copydesk").joinpath("data", name).read_text("utf-8"))


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of the text file `name` of `copydesk/data`, without comments (`#`) and empty lines."""
    text = files("copydesk").joinpath("data", name).read_text("utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
