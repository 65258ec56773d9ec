"""Temporary folders that are cleaned up even if their process is killed.

Each folder has a lock file that its process keeps locked. Before a new folder is created, folders of this user with a
free lock are removed: their process is gone, and they hold article text.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

if os.name != "nt":  # on this platform the folders of killed processes stay
    import fcntl

PREFIX = "copydesk-"
_LOCK = ".alive"


class Workspace:
    """A temporary folder that does not outlive this process."""

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        self._handle: int | None = None
        self.path = self._make()

    def _make(self) -> Path:
        while True:
            path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._handle = _hold(path / _LOCK, os.O_CREAT)
            if self._handle is not None and path.exists():  # it may be removed by another process before it is locked
                return path
            self.close()

    def close(self) -> None:
        """Remove the folder."""
        if hasattr(self, "path"):
            shutil.rmtree(self.path, ignore_errors=True)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _hold(lock: Path, flags: int = 0) -> int | None:
    """The lock file, open and locked; None if another process holds it."""
    try:
        handle = os.open(lock, os.O_RDWR | flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileNotFoundError:
        return None
    if os.name != "nt":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
    return handle


def _sweep(folder: Path) -> None:
    """Remove workspaces of this user that have no process."""
    if os.name == "nt":
        return
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, or being removed by another process: no reason to fail
            if _ours(path.lstat()) and (handle := _hold(path / _LOCK)) is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(handle)


def _ours(found: Any) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
