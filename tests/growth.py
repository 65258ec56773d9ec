"""How the time of a piece of work grows with its size, told apart from the noise of a busy machine."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest
from clocks import cpu_seconds

#: Runs of each size at most. Other work only adds to a time, so the least of them says most.
RUNS = 3


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
