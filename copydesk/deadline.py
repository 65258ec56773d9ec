"""A limit of time for a piece of work: the last net under patterns and parsers that hostile text makes slow.

What is counted is the time of the processor, so a busy machine, or one that was suspended, makes nothing too slow. It
is the system's timer that ends the work, between two steps of Python or within a regular expression; other libraries
end first. Only the main thread of a process gets its signals, so `run.workers` gives each process one, and elsewhere
there is no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Once over the limit, again so often: a library that calls back may lose an exception.
_AGAIN_SECONDS = 1.0


class TooSlow(BaseException):
    """The work took longer than its limit. No `Exception`: what handles those in the work must not take it for one."""


def limits() -> bool:
    """Whether a limit holds in this thread."""
    return threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raises `TooSlow` in the block where it takes more than so many seconds of the processor; 0 is no limit."""
    if not seconds or not limits():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds:g} seconds of the processor")

    previous = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous or signal.SIG_DFL)
