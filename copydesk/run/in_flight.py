"""Work that is done elsewhere: its results in order, with a bound on how much is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Call = TypeVar("Call")
Future = TypeVar("Future")
Result = TypeVar("Result")


def in_order(
    submit: Callable[[Call], Future],
    result: Callable[[Future], Result],
    calls: Iterable[Call],
    at_once: Callable[[], int],
) -> Iterator[Result]:
    """The `result` of each call, in order; at most `at_once()` are submitted and not yet taken."""
    running: deque[Future] = deque()
    for call in calls:
        running.append(submit(call))
        while len(running) >= at_once():
            yield result(running.popleft())
    while running:
        yield result(running.popleft())
