"""The CPU time of a piece of work in a process that has run many tests before, and how it grows with its size."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from math import inf

import pytest

#: Runs of each size at most. Other work only adds to a time, so the least of them says most.
RUNS = 3


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


def time_grows(
    work: Callable[[int], object], small: int, large: int, most: float, floor: float, limit: float = inf
) -> None:
    """Fails if `work` of the size `large` takes `limit` CPU seconds, or more than `most` times as long as `small`.

    Up to `floor` seconds a time says nothing, and is well.
    """
    slow: list[float] = []
    quick: list[float] = []
    for _ in range(RUNS):
        slow.append(cpu_seconds(lambda: work(large)))
        if min(slow) <= floor:
            break
        quick.append(cpu_seconds(lambda: work(small)))
        if min(slow) <= most * min(quick) and min(slow) < limit:
            break
    else:
        pytest.fail(
            f"a size of {large:,} takes {slow} s: {limit} s, or more than {most} times as long as {small:,}: {quick} s"
        )
