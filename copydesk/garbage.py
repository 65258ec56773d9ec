"""How memory is cleaned up in processes that do nothing but run copydesk."""

from __future__ import annotations

import gc
import os

#: Objects made between two collections of the youngest generation (Python: 700), and how many of these go before one of
#: the next generation, twice.
_THRESHOLDS = (50_000, 20, 50)


def collect_rarely() -> None:
    """Look for garbage less often: a fifth of the CPU time of a small run, and found hardly any.

    Imports and word lists make hundreds of thousands of objects that stay, and what is freed is freed by its count of
    references. A library leaves this setting to its caller, so only the command line and its workers change it.
    """
    gc.set_threshold(*_THRESHOLDS)


def give_back() -> None:
    """Let Arrow give memory back to the system when it is freed: a small night has a fifth less at its peak.

    Its allocator reads the environment when it is loaded, and that of its parent in a worker.
    """
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
