"""A command that ends with the process that asked for it: `python -m copydesk.schedule.keeper COMMAND…`.

The asker holds the other end of this process's standard input. When that closes, because the asker closed it or was
killed, the command is told to end, and is killed with all that it started when it does not. The keeper has to lead a
process group of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

#: Seconds that the command may take to end.
STOP_SECONDS = 15


def main() -> int:
    """Run the command; its exit code."""
    # S603: the command is the asker's own.
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_end_when_alone, args=(child,), daemon=True).start()
    return child.wait()


def _end_when_alone(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
