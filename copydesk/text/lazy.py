"""What is made when it is first asked for: regular expressions, and attributes.

Long lists of words take up to a tenth of a second each to compile, and most articles of most languages never come to
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast, overload

T = TypeVar("T")


class lazily(Generic[T]):  # noqa: N801 - a decorator, as `property` is
    """`functools.cached_property` without its lock, which takes longer than most of what is kept so."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._find(instance)
        return value


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
