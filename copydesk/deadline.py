"""A time limit for a piece of work: the last defence against hostile text that makes patterns and parsers slow.

The limit counts CPU time, so a busy or suspended machine makes nothing too slow. A system timer interrupts the work
between two Python instructions or inside a regular expression; a call into another library finishes first. Only the
main thread of a process receives signals, so the limit holds in worker processes (`run.workers`) and not in threads.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: CPU seconds between repeated interrupts after the limit: a library may swallow an exception raised in a callback.
_AGAIN_SECONDS = 1.0
#: Modules that take locks: interrupted between that and the block that gives it back, a lock would be held for ever.
#: The next interrupt finds the work elsewhere.
_LOCKING = frozenset(("coverage", "logging", "threading"))


class TooSlow(BaseException):
    """The work took longer than its limit. Not an `Exception`, so that handlers inside the work do not catch it."""


def limits() -> bool:
    """Whether this thread can have a time limit."""
    return threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")


@contextmanager
def clock() -> Iterator[Callable[[float], None]]:
    """Limits for pieces of work one after the other: the function that this yields limits the work from now on.

    It takes CPU seconds; 0 means no limit. The handler of the signal is set once and not for each piece, which saves
    three quarters of the time.
    """
    if not limits():
        yield _unlimited
        return
    allowed = 0.0

    def end(number: int, frame: FrameType | None) -> None:
        if frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _LOCKING:
            return
        raise TooSlow(f"more than {allowed:g} seconds of CPU time")

    def allow(seconds: float) -> None:
        nonlocal allowed
        allowed = seconds
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN_SECONDS)

    previous = signal.signal(signal.SIGVTALRM, end)
    try:
        yield allow
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous or signal.SIG_DFL)


def _unlimited(seconds: float) -> None:
    """For threads that receive no signals."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` inside the block after `seconds` of CPU time; 0 means no limit."""
    if not seconds:
        yield
        return
    with clock() as allow:
        allow(seconds)
        yield
