"""The end of a command whose output nobody reads any more, as in `copydesk run … | head -1`, or cannot be written."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable
from typing import Any

import click

from copydesk.cli import streams

#: What a shell reports of a program that SIGPIPE ended, which is how other programs end then.
UNREAD = 128 + 13
#: As of other things that the user can mend.
UNWRITABLE = 2


class Commands(click.Group):
    """Commands that end without a message, with `UNREAD`, when nobody reads what they print."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        streams.prepare()
        try:
            return super().main(*args, **kwargs)
        except streams.Unwritable as error:
            _give_up([1])
            click.echo(f"copydesk: standard output cannot be written: {error.strerror}", err=True)
            sys.exit(UNWRITABLE)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            done = super().invoke(ctx)
            click.echo(nl=False)  # flushes; else Python does at its end, where nothing catches a closed pipe
        except BrokenPipeError:
            if not (unread := _unread()):
                raise
            _give_up(unread)
            sys.exit(UNREAD)
        return done


def _give_up(descriptors: Iterable[int]) -> None:
    """Let nothing take what is still to be written, of which Python would complain at its end."""
    for descriptor in descriptors:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


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
