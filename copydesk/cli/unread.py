"""The end of a command whose output nobody reads any more, as in `copydesk run … | head -1`."""

from __future__ import annotations

import os
import select
import sys
from typing import Any

import click

#: What a shell reports of a program that SIGPIPE ended, which is how other programs end then.
UNREAD = 128 + 13


class Commands(click.Group):
    """Commands that end without a message, with `UNREAD`, when nobody reads what they print."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            done = super().invoke(ctx)
            click.echo(nl=False)  # flushes; else Python does at its end, where nothing catches a closed pipe
        except BrokenPipeError:
            if not (unread := _unread()):
                raise
            for descriptor in unread:  # Python would complain at its end of what is still to be written
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            sys.exit(UNREAD)
        return done


def is_unread() -> bool:
    """Whether nobody reads standard output or standard error. If not, a pipe that broke is another one."""
    return bool(_unread())


def _unread() -> list[int]:
    """The descriptors of the two whose reader is gone; on Windows none, which cannot be asked."""
    if not hasattr(select, "poll"):
        return []
    asked = select.poll()
    for stream in (sys.stdout, sys.stderr):
        try:
            asked.register(stream.fileno(), 0)  # that the reader is gone is told in any case
        except (AttributeError, OSError):  # closed from the start, or no file
            continue
    return [descriptor for descriptor, told in asked.poll(0) if told & (select.POLLERR | select.POLLHUP)]
