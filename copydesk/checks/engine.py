"""Great Expectations, imported without what it rarely needs."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def great_expectations() -> ModuleType:
    """The package `great_expectations`.

    It imports `scipy.stats`, a third of its 2.7 s of CPU time and 80 MB, for three expectations that compare
    distributions. They import it when they are first used.
    """
    _on_first_use("scipy", "stats")
    import great_expectations

    return great_expectations


def _on_first_use(package: str, name: str) -> None:
    """Register the module `name` of `package` so that its code runs when an attribute of it is first asked for."""
    full = f"{package}.{name}"
    if full in sys.modules or importlib.util.find_spec(package) is None:
        return
    spec = importlib.util.find_spec(full)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    setattr(sys.modules[package], name, module)
