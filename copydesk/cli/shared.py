"""What the commands share: settings, errors in words, progress."""

from __future__ import annotations

import errno
import getpass
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from copydesk.cli.streams import Unwritable
from copydesk.cli.unread import is_unread

if TYPE_CHECKING:
    from copydesk.config import Config
    from copydesk.warehouse import Warehouse
    from copydesk.warehouse.decisions import Decision

FAILED, USAGE, INTERNAL = 1, 2, 3

#: Minimum address space in bytes; with less, a library that a run loads aborts the process or fails to import.
ADDRESS_SPACE = 5 * 2**29
#: Minimum files open at a time.
OPEN_FILES = 64

EPILOG = """\b
Exit code: 0 published, or nothing to do; 1 the quality gate held back a date or the run, nothing that came could be
published, or `run --fail-on` names what was found, see the report; 2 wrong usage or configuration, or a source or
warehouse that cannot be used; 3 an internal error.

Settings come from copydesk.toml in the working folder, environment variables (COPYDESK_WAREHOUSE__PATH=...) and
flags; flags override environment variables, which override the file."""


def as_uri(given: str) -> str:
    """The uri that a person gives: the name of a file may be handed on with bytes that are no UTF-8."""
    from copydesk.records import named

    return named(given)


of_document = click.argument("uri", type=as_uri, metavar="URI")


def load(path: str | None, flags: Mapping[str, Any] | None = None) -> Config:
    """The settings of a command. Pydantic is imported here, so that `--help` does without it."""
    from copydesk.config.load import load as read

    settings = read(path, flags)
    if settings.lists.folder is not None:
        from copydesk.config.user_lists import could_install

        could_install(settings.lists.folder)  # before anything reads the shipped lists
    return settings


def fail(message: str) -> NoReturn:
    """Print a message and exit with the code of usage errors."""
    click.echo(f"copydesk: {message}", err=True)
    sys.exit(USAGE)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Report errors that the user can fix as a sentence instead of a traceback."""
    _ask_for_room()
    try:
        yield
    except KeyboardInterrupt:
        fail("stopped; the next run discards or completes what was begun")
    except Exception as error:  # internal errors need their own exit code
        if isinstance(error, Unwritable) or (isinstance(error, BrokenPipeError) and is_unread()):
            raise
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            fail("too many files are open; raise the limit (ulimit -n), or use fewer --workers")
        if isinstance(error, FileNotFoundError) and _is_nowhere():
            fail("the working folder was removed; change into another one, or name every path from /")
        from copydesk.config.load import ConfigError

        if isinstance(error, ConfigError):
            fail(str(error))
        from copydesk.checks.suites import SuiteError
        from copydesk.languages import LanguageError
        from copydesk.languages.protected import ProtectedError
        from copydesk.run.child import WorkerDied
        from copydesk.run.cluster.parcels import ClusterError
        from copydesk.sources import SourceError
        from copydesk.tables.sql import SqlError
        from copydesk.warehouse import WarehouseError

        of_words = LanguageError | ProtectedError
        if isinstance(
            error, of_words | ClusterError | SourceError | SqlError | SuiteError | WarehouseError | WorkerDied
        ):
            fail(str(error))
        if isinstance(error, MemoryError):
            fail("not enough memory; give this process more, or use fewer --workers")
        traceback.print_exception(error)
        click.echo(
            f"copydesk: internal error ({type(error).__name__}); readers see no partial result."
            " Please report it with the lines above",
            err=True,
        )
        sys.exit(INTERNAL)


def _is_nowhere() -> bool:
    """Whether the working folder is gone."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _ask_for_room() -> None:
    """Exit if `ulimit -v` or `ulimit -n` is too low: the libraries reserve much more address space than they use."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        fail(
            f"the address space is limited to {limit / 2**30:.1f} GiB, and {ADDRESS_SPACE / 2**30:.1f} are needed;"
            " raise the limit (ulimit -v), and limit memory with a cgroup instead"
        )
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < OPEN_FILES:
        fail(f"{limit} files may be open at a time, and {OPEN_FILES} are needed; raise the limit (ulimit -n)")


class Whole(click.IntRange):
    """A whole number from a minimum on, called so where it is none."""

    name = "whole number"


_Command = TypeVar("_Command", bound=Callable[..., Any])


def of_warehouse(command: _Command) -> _Command:
    """The options of every command on a warehouse."""
    for option in (
        click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse.  [default: warehouse]"),
    ):
        command = option(command)
    return command


def deciding(command: _Command) -> _Command:
    """The options of every command that writes a decision."""
    for option in (
        click.option("--because", "why", metavar="TEXT", help="The reason, kept with the decision."),
        click.option("--who", metavar="NAME", help="Who decides.  [default: COPYDESK_WHO, else the name of the user]"),
    ):
        command = option(command)
    return command


def decided(who: str | None, why: str | None, action: str = "") -> Decision:
    """A decision of this person, still to be filled in."""
    from copydesk.warehouse.decisions import Decision

    return Decision(action, who or os.environ.get("COPYDESK_WHO") or _user(), why)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user without a name
        return "unknown"


def opened(settings: Config) -> Warehouse:
    """The warehouse of the settings; exits if there is none."""
    from copydesk.warehouse import Warehouse
    from copydesk.warehouse.layout import Partitions

    store = Warehouse.open(settings.warehouse.path, partitions=Partitions(file_bytes=settings.warehouse.file_bytes))
    if not store.exists():
        fail(f"there is no warehouse at {settings.warehouse.path}; give one with --warehouse")
    return store


@contextmanager
def files_done() -> Iterator[Callable[[int, int], None]]:
    """Progress in files on standard error: a bar on a terminal, otherwise a line for every 1,000 files."""
    if not sys.stderr.isatty():

        def tell(done: int, total: int) -> None:
            if done % 1000 == 0:
                click.echo(f"copydesk: {done:,} of {total:,} files", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("files", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _amount(documents: int, size: int) -> str:
    """`2 documents, 1.4 kB`; without a size where it is not known."""
    if not size:
        return amount(documents, "document")
    bulk = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    return f"{amount(documents, 'document')}, {bulk}"


def cut(text: str, length: int) -> str:
    """The beginning of a text, with an ellipsis if there is more."""
    return text if len(text) <= length else text[:length] + "…"


def amount(count: int, noun: str) -> str:
    """`1 edit`, `2 edits`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def day_of(text: str | None, option: str = "--date") -> date:
    """The date that an option gives, by default today in UTC; exits if it is none."""
    if text is None:
        return now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text!r}: expected YYYY-MM-DD, such as 2019-05-21")


@contextmanager
def progress_of(verbose: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, plain lines elsewhere, both on standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("copydesk").setLevel(logging.INFO if verbose else logging.WARNING)
    if not sys.stderr.isatty():
        total: dict[str, Any] = {"documents": 0, "bytes": 0}

        def tell(documents: int, size: int) -> None:
            total["documents"] += documents
            total["bytes"] += size
            click.echo(f"copydesk: {_amount(total['documents'], total['bytes'])}", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading")
        seen = [0, 0]

        def advance(documents: int, size: int) -> None:
            seen[0] += documents
            seen[1] += size
            bar.update(task, description=_amount(*seen))

        yield advance
