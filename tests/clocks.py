"""The CPU time of a piece of work in a process that has run many tests before."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], runs: int = 1) -> float:
    """The CPU seconds of `work`, the least of its runs: threads and caches of other tests only add to it.

    What other tests have left is not looked through for garbage while the clock runs.
    """
    return min(_cpu_seconds(work) for _ in range(runs))


def _cpu_seconds(work: Callable[[], object]) -> float:
    gc.collect()
    gc.freeze()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.unfreeze()
