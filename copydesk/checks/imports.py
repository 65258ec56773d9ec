"""Great Expectations imported in part: what judges a frame, without what a run never uses.

Its packages import all of it when one name is asked for: data sources, checkpoints, stores and renderers, and with them
database and cloud libraries. That takes 1.5 CPU seconds and 70 MB, of which judging a frame needs a third. Whoever uses
it for more needs all of it, so it is imported in part only by processes that do nothing but run copydesk.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from types import ModuleType
from typing import Any

from copydesk.own_process import is_own

#: Imported to compare distributions, to draw them, to check a profiler's settings and to render Markdown.
_RARELY_USED = ("scipy.stats", "altair", "jsonschema", "mistune")
#: Great Expectations does without these where they are not installed, and frames need none of them.
_FOR_OTHER_DATA = ("sqlalchemy", "boto3", "botocore")
#: The versions whose packages are laid out as is said here; of any other, all is imported.
_KNOWN = "1.24."
_ROOT = "great_expectations"
#: Packages whose names are imported one by one, when they are asked for.
_PACKAGES = (
    "great_expectations.core",
    "great_expectations.data_context",
    "great_expectations.data_context.data_context",
    "great_expectations.expectations",
    "great_expectations.expectations.core",
    "great_expectations.expectations.metrics",
    "great_expectations.checkpoint",
    "great_expectations.datasource.fluent",
    "great_expectations.render.renderer",
    "great_expectations.render.renderer.content_block",
)


def expectations(types: Iterable[str]) -> None:
    """Import expectations, and what judges frames by them, without the rest of Great Expectations."""
    _register_packages()
    metrics = [f"metrics.{kind}_metrics" for kind in ("column_map", "column_pair_map", "multicolumn_map", "table")]
    with _without(_FOR_OTHER_DATA if is_own() else ()):
        for name in (*metrics, *(f"core.{name}" for name in types)):
            importlib.import_module(f"{_ROOT}.expectations.{name}")
        importlib.import_module(f"{_ROOT}.validator.validator")


def whole() -> ModuleType:
    """The package `great_expectations`, with all of its expectations and metrics."""
    _register_packages()
    root = sys.modules[_ROOT]
    with _without(_FOR_OTHER_DATA if is_own() else ()):
        for name in (*reversed(_PACKAGES), _ROOT):
            module = importlib.import_module(name)
            if isinstance(module, _NameByName | _Whole):
                _run(module)
    return root


def _register_packages() -> None:
    """Nothing, if Great Expectations is imported already."""
    if _ROOT in sys.modules:
        return
    for name in _RARELY_USED:
        _on_first_use(name)
    if not (is_own() and metadata.version(_ROOT).startswith(_KNOWN)):
        importlib.import_module(_ROOT)
        return
    _register(_ROOT, _Whole)
    sys.modules[_ROOT].__version__ = importlib.import_module(f"{_ROOT}._version").get_versions()["version"]  # type: ignore[attr-defined]
    with _without(_FOR_OTHER_DATA):
        for name in _PACKAGES:
            _register(name, _NameByName)


class _Unrun(ModuleType):
    """A module that is imported, and whose code did not run yet."""


class _Whole(_Unrun):
    """The root package: whoever else in this process asks it for a name gets all of Great Expectations."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise _missing(self, name)
        return getattr(whole(), name)


class _OnFirstUse(_Unrun):
    """A module whose code runs when an attribute is asked for that it has not: anything of its own, or, by whoever
    imports a module below it, its path.

    `importlib.util.LazyLoader` runs it for any attribute, and so as soon as it is imported a second time.
    """

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if (name.startswith("__") and name != "__path__") or spec is None:
            raise _missing(self, name)
        if spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
        _run(self)
        return getattr(self, name)


class _NameByName(_Unrun):
    """A package whose code does not run: a name is imported from where that code would import it."""

    def __getattr__(self, name: str) -> Any:
        if name == "_homes":
            self._homes = _imported_names(self)
            return self._homes
        if name not in self._homes:
            raise _missing(self, name)
        home, own = self._homes[name]
        value = importlib.import_module(home, self.__name__)
        if own:
            value = getattr(value, own)
        setattr(self, name, value)
        return value


def _imported_names(package: ModuleType) -> dict[str, tuple[str, str]]:
    """The module that each name of a package is imported from, and its name there; empty for a module."""
    spec = package.__spec__
    source = spec.loader.get_source(package.__name__) if spec and spec.loader else ""  # type: ignore[attr-defined]
    homes = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            home = "." * node.level + (node.module or "")
            for alias in node.names:
                module = (home + alias.name, "") if node.module is None else (home, alias.name)
                homes[alias.asname or alias.name] = module
    return homes


def _missing(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(f"module {module.__name__!r} has no attribute {name!r}")


def _run(module: ModuleType) -> None:
    """Run the code of a module that was registered without it."""
    module.__class__ = ModuleType
    if module.__spec__ is not None and module.__spec__.loader is not None:
        module.__spec__.loader.exec_module(module)


def _on_first_use(name: str) -> None:
    """Register a module so that its code runs when something of it is first asked for."""
    package = name.rpartition(".")[0]
    if name in sys.modules or (package and importlib.util.find_spec(package) is None):
        return
    if importlib.util.find_spec(name) is not None:
        _register(name, _OnFirstUse)
        sys.modules[name].__dict__.pop("__path__", None)


def _register(name: str, kind: type[_Unrun]) -> None:
    """Register a module without running its code."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__class__ = kind
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    if package:
        setattr(sys.modules[package], last, module)


@contextmanager
def _without(names: Sequence[str]) -> Iterator[None]:
    """Let packages seem not to be installed, unless they are imported already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
