"""Settings of processes that do nothing but run copydesk: the command line and its workers.

A library leaves all of them to its caller.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType

#: Objects made between two collections of the youngest generation (Python: 700), and how many of these go before one of
#: the next generation, twice.
_THRESHOLDS = (50_000, 20, 50)
#: What libraries that multiply matrices take for the number of their threads, when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Whether this is such a process.
_is_own = False


def settle() -> None:
    """Make these settings in this process.

    Garbage is looked for less often: that took a fifth of the CPU time of a small run, and found hardly any. Imports
    and word lists make hundreds of thousands of objects that stay, and what is freed is freed by its count of
    references. Arrow gives memory back to the system when it is freed, so that a small night has a fifth less at its
    peak; its allocator reads the environment when it is loaded, and that of its parent in a worker.

    Matrices are multiplied in one thread: a run has a process for each core, and the matrices are so small that threads
    would spend ten times as long on waiting for each other.
    """
    global _is_own  # noqa: PLW0603
    gc.set_threshold(*_THRESHOLDS)
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    _is_own = True


def give_back() -> None:
    """Give memory that was freed back to the system, if this is such a process: glibc keeps what lies below anything
    that is still in use, after a model a hundred MB. It takes some 5 ms. Other systems' allocators need no telling.
    """
    if _is_own:
        with suppress(AttributeError, OSError, TypeError):
            ctypes.CDLL(None).malloc_trim(0)


class _NoPandas:
    """Finds no pandas."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError(name)
        return None


def leave_pandas_out() -> None:
    """Let Arrow do without pandas, if this is such a process, until something is made from it or into it.

    To tell whether a list is one of pandas, Arrow imports it for the first list: a fifth of a second, and 30 MB.
    """
    if "pandas" in sys.modules or not _is_own:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NoPandas)


def is_own() -> bool:
    """Whether this process does nothing but run copydesk."""
    return _is_own
