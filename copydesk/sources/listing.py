"""Lists the files of a source in a stable order, and opens them, on a disk or with fsspec.

fsspec, and the name of the file that marks a warehouse, are imported where they are needed: `copydesk show` of a file
needs neither, and they bring asyncio and Arrow along.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, NamedTuple

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_EXTRAS = {"s3": "s3", "s3a": "s3"}


class SourceError(ValueError):
    """The source does not exist, cannot be reached, or is of an unknown kind; the message says what to do."""


class Entry(NamedTuple):
    """One file. `uri` is relative to the source, with `/`; `fault` says why it, or a folder, could not be reached, and
    `left_out` why it is none of the source's documents.
    """

    uri: str
    open: Callable[[], IO[bytes]]
    fault: str | None = None
    left_out: str | None = None


HIDDEN = "whose name begins with . or _"
LINKED = "a link to a folder that is read by another path"
WAREHOUSE = "a warehouse"


def entries(source: str) -> tuple[bool, Iterable[Entry]]:
    """Whether `source` is a single file, and its files. Raises `SourceError`."""
    url = _URL.match(source)
    if url is None or os.path.exists(source):
        return _local(source)
    if url[1].lower() in ("file", "local"):
        return _local(source[url.end() :])
    return _remote(source, url[1].lower())


def _local(source: str) -> tuple[bool, Iterable[Entry]]:
    try:
        if not stat.S_ISDIR(os.stat(source).st_mode):
            return True, [Entry(os.path.basename(source), partial(_open_regular, source))]
        os.listdir(source)
        from copydesk.warehouse.schemas import MARKER

        for folder in (home := os.path.realpath(source), *_above(home)):
            if os.path.exists(os.path.join(folder, MARKER)):
                raise _no_source(source, folder)
    except FileNotFoundError:
        raise SourceError(f"{source}: no such file or folder; check the path (now in {os.getcwd()})") from None
    except SourceError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f"{source}: cannot be read ({reason}); check the path and its permissions") from error
    return False, _walk(source)


def _above(folder: str) -> Iterator[str]:
    while (parent := os.path.dirname(folder)) != folder:
        yield parent
        folder = parent


def _no_source(source: str, warehouse: str) -> SourceError:
    """Raise `SourceError` if the source is inside a warehouse, so that its articles are not published again."""
    return SourceError(f"{source}: is inside the warehouse {warehouse}; give a folder with raw articles")


def _walk(root: str) -> Iterator[Entry]:
    """Every name below `root`, depth first, in order; of what is left out as a whole, the name at its top.

    A link to a folder is followed where it leads out of `root`, once; what lies within has its own path already.
    Warehouses are left out.
    """
    from copydesk.warehouse.schemas import MARKER

    home = os.path.realpath(root)
    followed: set[str] = set()
    waiting = [("", root)]
    while waiting:
        uri, path = waiting.pop()
        entry = Entry(uri, partial(_open_regular, path))
        if uri and _hidden(uri.rpartition("/")[2]):
            yield entry._replace(left_out=HIDDEN)
            continue
        is_folder, fault = _look(path)
        if fault or not is_folder:
            yield entry._replace(fault=fault)
            continue
        if uri and os.path.islink(path):
            target = os.path.realpath(path)
            if os.path.commonpath([home, target]) in (home, target) or target in followed:
                yield entry._replace(left_out=LINKED)
                continue
            followed.add(target)
        try:
            names = os.listdir(path)
        except OSError as error:
            fault = f"the folder cannot be listed: {error.strerror}"
            yield Entry(f"{uri}/", entry.open, fault)
            continue
        if MARKER in names:
            yield entry._replace(left_out=WAREHOUSE)
            continue
        below = f"{uri}/" if uri else ""
        waiting += [(below + name, os.path.join(path, name)) for name in sorted(names, reverse=True)]


def _look(path: str) -> tuple[bool, str | None]:
    """Whether a folder is there, and why that cannot be told. What vanished is told later, by opening it."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode), None
    except FileNotFoundError:
        return False, None
    except OSError as error:  # above it, a folder that cannot be entered; a path too long; links in a circle
        return False, f"cannot be reached: {error.strerror}"


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _open_regular(path: str) -> IO[bytes]:
    """Open a file for reading; refuse pipes and devices, which could block a run forever."""
    file = open(path, "rb", buffering=0, opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("not a regular file")
    return file


def _remote(source: str, protocol: str) -> tuple[bool, Iterable[Entry]]:
    import fsspec

    from copydesk.warehouse.schemas import MARKER

    try:
        store, root = fsspec.url_to_fs(source)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        cure = f"pip install 'copydesk[{extra}]'" if extra else str(error)
        raise SourceError(f"{source}: reading {protocol}:// needs another package: {cure}") from error
    except ValueError as error:
        raise SourceError(f"{source}: {error}; write a path, or a URL such as s3://bucket/prefix") from error
    except Exception as error:  # some connect at once
        raise _unreachable(source, error) from error
    try:
        store.invalidate_cache()  # the process of a nightly schedule would keep yesterday's listing
        if store.info(root)["type"] != "directory":
            return True, [Entry(root.rsplit("/", 1)[-1], partial(store.open, root, "rb"))]
        names: list[str] = store.find(root)
    except FileNotFoundError:
        raise SourceError(f"{source}: no such object or prefix; check the name") from None
    except Exception as error:  # every backend raises its own exceptions
        raise _unreachable(source, error) from error
    relative = [(name.removeprefix(root).lstrip("/"), name) for name in names]
    warehouses = tuple(uri.removesuffix(MARKER) for uri, _ in relative if uri.rpartition("/")[2] == MARKER)
    if "" in warehouses:
        raise _no_source(source, source)
    return False, [
        Entry(uri, partial(store.open, name, "rb"), left_out=_left_out(uri, warehouses))
        for uri, name in sorted(relative, key=lambda pair: pair[0].split("/"))
        if uri and not uri.endswith("/")
    ]


def _unreachable(source: str, error: Exception) -> SourceError:
    reason = f"{type(error).__name__}: {error}"
    return SourceError(f"{source}: cannot be reached ({reason}); check address, credentials and network")


def _left_out(uri: str, warehouses: tuple[str, ...]) -> str | None:
    if uri.startswith(warehouses):
        return WAREHOUSE
    return HIDDEN if any(map(_hidden, uri.split("/"))) else None
