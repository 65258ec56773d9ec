"""The CPU time of a piece of work in a process that has run many tests before."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object]) -> float:
    """The CPU seconds of `work`. What other tests have left is not looked through for garbage while the clock runs."""
    gc.collect()
    gc.freeze()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.unfreeze()
