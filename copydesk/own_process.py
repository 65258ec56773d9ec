"""Settings of processes that do nothing but run copydesk: the command line and its workers.

A library leaves all of them to its caller.
"""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress

#: Objects made between two collections of the youngest generation (Python: 700), and how many of these go before one of
#: the next generation, twice.
_THRESHOLDS = (50_000, 20, 50)
#: Whether this is such a process.
_is_own = False


def settle() -> None:
    """Make these settings in this process.

    Garbage is looked for less often: that took a fifth of the CPU time of a small run, and found hardly any. Imports
    and word lists make hundreds of thousands of objects that stay, and what is freed is freed by its count of
    references. Arrow gives memory back to the system when it is freed, so that a small night has a fifth less at its
    peak; its allocator reads the environment when it is loaded, and that of its parent in a worker.
    """
    global _is_own  # noqa: PLW0603
    gc.set_threshold(*_THRESHOLDS)
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
    _is_own = True


def give_back() -> None:
    """Give memory that was freed back to the system, if this is such a process: glibc keeps what lies below anything
    that is still in use, after a model a hundred MB. It takes some 5 ms. Other systems' allocators need no telling.
    """
    if _is_own:
        with suppress(AttributeError, OSError, TypeError):
            ctypes.CDLL(None).malloc_trim(0)


def is_own() -> bool:
    """Whether this process does nothing but run copydesk."""
    return _is_own
