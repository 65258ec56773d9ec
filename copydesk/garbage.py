"""How often Python looks for garbage, in processes that do nothing but run copydesk."""

from __future__ import annotations

import gc

#: Objects made between two collections of the youngest generation (Python: 700), and how many of these go before one of
#: the next generation, twice.
_THRESHOLDS = (50_000, 20, 50)


def collect_rarely() -> None:
    """Look for garbage less often: a fifth of the CPU time of a small run, and found hardly any.

    Imports and word lists make hundreds of thousands of objects that stay, and what is freed is freed by its count of
    references. A library leaves this setting to its caller, so only the command line and its workers change it.
    """
    gc.set_threshold(*_THRESHOLDS)
