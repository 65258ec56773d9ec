"""Work that is done elsewhere: its results in order, with a bound on how much is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
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
    """The `result` of each call, in order; at most `at_once()` are submitted and not yet taken, and the first ones at
    once, before a result is asked for.
    """
    waiting, running = iter(calls), deque[Future]()

    def fill() -> None:
        while len(running) < max(1, at_once()) and (some := list(islice(waiting, 1))):
            running.append(submit(*some))

    def results() -> Iterator[Result]:
        while running:
            yield result(running.popleft())
            fill()

    fill()
    return results()
