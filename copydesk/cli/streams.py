"""Standard input, output and error of a command: each is there, and what cannot be written is told from other files.

A file that is opened takes the lowest free descriptor. With standard error closed (`2>&-`) that would be a file of the
warehouse, and a message of a library would go into it.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class Unwritable(OSError):
    """Standard output cannot be written, as on a full disk."""


class _Output(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unwritable(error.errno, error.strerror) from None


class _Messages(io.FileIO):
    """Messages that cannot be written are lost, and change nothing else."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            return len(data)


def prepare() -> None:
    """Open the standard streams that are closed, onto nothing, and take over how the others are written."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free one: this
    for name, kind in (("stdout", _Output), ("stderr", _Messages)):
        stream = getattr(sys, name)
        if stream is None or stream is getattr(sys, f"__{name}__"):  # else a caller has put its own there
            setattr(sys, name, _stream(1 if kind is _Output else 2, kind, stream))


def _stream(descriptor: int, kind: type[io.FileIO], before: Any) -> io.TextIOWrapper:
    raw = io.BufferedWriter(kind(descriptor, "w", closefd=False))
    if before is None:
        return io.TextIOWrapper(raw, "utf-8", "backslashreplace")
    return io.TextIOWrapper(raw, before.encoding, before.errors, line_buffering=before.line_buffering)
