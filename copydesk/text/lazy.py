"""Regular expressions that are compiled when they are first used.

Long lists of words take up to a tenth of a second each, and most articles of most languages never come to them.
"""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")


class _Later:
    def __init__(self, source: str, flags: int) -> None:
        self._given = source, flags

    def __getattr__(self, name: str) -> Any:
        """Called until the expression is compiled: then the instance has its methods as attributes."""
        if name.startswith("__"):
            raise AttributeError(name)
        source, flags = self._given
        compiled = re.compile(source, flags)
        self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


def later(source: str, flags: int = 0) -> re.Pattern[str]:
    """What behaves like `re.compile(source, flags)`, with no error before its first use."""
    return cast("re.Pattern[str]", _Later(source, int(flags)))
