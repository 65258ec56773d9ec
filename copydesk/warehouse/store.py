"""The few things that the warehouse asks of the place where it lies: a local folder, or an object store.

Both go through fsspec. What differs is how a file becomes visible whole: a local file is fsynced and renamed, an object
is put or copied whole (an object is never streamed into: an exception inside an open stream would publish its stump).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import fsspec
import pyarrow as pa

from copydesk.warehouse.layout import STAGING
from copydesk.warehouse.workspace import Workspace

#: From how many files on one flush of the whole disk is quicker than so many small ones.
MANY = 32


class WarehouseError(Exception):
    """The warehouse cannot be read or written; the message says why, and what to do about it."""


def _troubles() -> tuple[type[BaseException], ...]:
    """What may go wrong below us. Object-store drivers raise errors of their own beside OSError."""
    boto = sys.modules.get("botocore.exceptions")
    extra = (boto.BotoCoreError, boto.ClientError) if boto else ()
    return (OSError, pa.ArrowException, *extra)


def reason_of(error: BaseException) -> str:
    """What a disk, a network or a library says of a fault, in words."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    where = getattr(error, "filename", None)
    return f"{reason} ({where})" if where else str(reason)


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Turn whatever a disk, a network or a damaged file raises into a `WarehouseError`: could not `doing`, because."""
    try:
        yield
    except _troubles() as error:
        raise WarehouseError(f"could not {doing}: {reason_of(error)}") from error


def parsed(content: bytes | None) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else, however deep, long or odd."""
    try:
        value = json.loads(content or b"")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


class Lease(Protocol):
    """The right to write, as long as the lock is held.

    `number` counts the times that the lock of an object store was taken; a folder's, which cannot be lost, has 0.
    What a holder below `mended` left undone is discarded: another one has recovered the warehouse and written since.
    """

    number: int
    mended: int

    def confirm(self) -> None:
        """Raise `WarehouseError` where the lock was lost."""

    def settle(self) -> None:
        """Note that this holder has recovered the warehouse, so that nobody completes what an earlier one began."""


class Store:
    """An object store. Names are relative to the root, with forward slashes."""

    local = False

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str, url: str) -> None:
        self.fs, self.root, self.url = fs, root.rstrip("/"), url
        self.lease: Lease | None = None
        self._workspace: Workspace | None = None

    @staticmethod
    def open(url: str) -> Store:
        """The store at `url`: a folder's path, `file://…`, or any URL that fsspec knows."""
        try:
            fs, root = fsspec.url_to_fs(os.fspath(url), use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise WarehouseError(f"cannot open the warehouse {url}: {error}") from error
        return (LocalStore if isinstance(root, str) and "file" in fs.protocol else Store)(fs, root, str(url))

    def confirm(self) -> None:
        """Raise `WarehouseError` where the lock was lost, RuntimeError where this store never took it."""
        if self.lease is None:
            raise RuntimeError("nothing is published but under the lock: use `Warehouse.writing`")
        self.lease.confirm()

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def address(self, name: str = "") -> str:
        """Where `name` is, as a person would give it to a reader: a path, or a URL with its protocol."""
        return str(self.fs.unstrip_protocol(self.path(name).rstrip("/")))

    def top(self) -> list[str]:
        """The names directly below the root."""
        try:
            return sorted(str(entry).rstrip("/").rpartition("/")[2] for entry in self.fs.ls(self.root, detail=False))
        except FileNotFoundError:
            return []

    def names(self, folder: str) -> list[str]:
        """Every file below `folder`, sorted; empty where there is no such folder."""
        prefix = len(self.root) + 1
        return sorted(path[prefix:] for path in self.fs.find(self.path(folder)))

    def read(self, name: str) -> bytes | None:
        """The whole file, None where there is none."""
        try:
            content: bytes = self.fs.cat_file(self.path(name))
        except FileNotFoundError:
            return None
        return content

    def source(self, name: str) -> Any:
        """An open file that `pyarrow.parquet` can read from."""
        return self.fs.open(self.path(name), "rb")

    def write(self, name: str, content: bytes) -> None:
        """Make `content` the whole of the file `name`: durable, and never visible in part."""
        self.fs.pipe_file(self.path(name), content)

    @property
    def conditional(self) -> bool:
        """Whether the store itself refuses a write to a file that changed: S3 and what speaks its language."""
        protocol = self.fs.protocol
        return "s3" in ((protocol,) if isinstance(protocol, str) else protocol)

    def tagged(self, name: str) -> tuple[bytes | None, str | None]:
        """The file and a tag of this version of it, None and None where there is none. For `swap`."""
        if not self.conditional:
            content = self.read(name)
            return content, None if content is None else hashlib.sha256(content).hexdigest()
        try:
            # The tag first: should the file change in between, the tag is the older one, and `swap` is refused.
            tag = str(self.fs.info(self.path(name))["ETag"])
        except FileNotFoundError:
            return None, None
        content = self.read(name)
        return content, None if content is None else tag

    def swap(self, name: str, content: bytes, tag: str | None) -> str | None:
        """Write a small file in place of the version with `tag` (None: where there is none).

        Returns the tag of what is there now, None where somebody was quicker. The store decides in one step where it is
        `conditional`; elsewhere two that do this in the same instant may both believe that they did.
        """
        path = self.path(name)
        fault: Exception | None = None
        if self.conditional:
            condition: dict[str, str] = {"mode": "create"} if tag is None else {"IfMatch": tag}
            try:
                answer = self.fs.pipe_file(path, content, **condition)
                if isinstance(answer, dict) and "ETag" in answer:
                    return str(answer["ETag"])
            except OSError as error:
                if error.errno == errno.ENOSYS:  # it speaks the language of S3, but knows no conditions
                    self.write(name, content)
                fault = error  # refused, or put and the answer was lost and it was tried again: what is there says it
        elif self.tagged(name)[1] == tag:
            self.write(name, content)
        there, now = self.tagged(name)
        if there == content:
            return now
        if fault and now == tag:
            raise fault
        return None

    @property
    def workspace(self) -> Path:
        """A local folder for work in progress."""
        if self._workspace is None:
            self._workspace = Workspace()
        return self._workspace.path

    def stage(self, files: Sequence[Path]) -> None:
        """Keep finished files of the workspace durably in the staging area, under the same relative names."""
        work = self.workspace
        names = [f"{STAGING}/{file.relative_to(work).as_posix()}" for file in files]
        if files:
            self.fs.put([str(file) for file in files], [self.path(name) for name in names])
        for file in files:
            file.unlink()

    def place(self, moves: Sequence[tuple[str, str]]) -> None:
        """Put staged files in their places, each replacing what was there at once."""
        self.fs.copy([self.path(staged) for staged, _ in moves], [self.path(name) for _, name in moves])

    def size(self, name: str) -> int | None:
        """Bytes of the file, None where there is none."""
        try:
            return int(self.fs.info(self.path(name))["size"])
        except FileNotFoundError:
            return None

    def sweep(self, names: Sequence[str]) -> None:
        """Remove files of the staging area, and the workspace."""
        if names:
            self.fs.rm([self.path(name) for name in names])
        self.leave()

    def leave(self) -> None:
        """Remove a workspace that lies outside the warehouse."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None


class LocalStore(Store):
    """A folder. Its workspace is its staging area, on the same disk, so that a finished file needs only a rename."""

    local = True

    def address(self, name: str = "") -> str:
        return self.path(name).rstrip("/")

    def names(self, folder: str) -> list[str]:
        # fsspec leaves out what it may not list; a partition taken for missing would be published anew.
        found = []
        for where, _, files in os.walk(self.path(folder), onerror=_refuse, followlinks=True):
            found += [os.path.join(where, file) for file in files]
        return sorted(Path(path).relative_to(self.root).as_posix() for path in found)

    def source(self, name: str) -> Any:
        return pa.OSFile(self.path(name))

    def write(self, name: str, content: bytes) -> None:
        target = Path(self.path(name))
        beside = self.workspace / f"{target.name}.part"
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(beside, target)
        _sync_folders([target.parent])

    @property
    def workspace(self) -> Path:
        folder = Path(self.path(STAGING))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def stage(self, files: Sequence[Path]) -> None:
        _sync(files)
        _sync_folders({file.parent for file in files})

    def place(self, moves: Sequence[tuple[str, str]]) -> None:
        folders: set[Path] = set()
        for staged, name in moves:
            target = Path(self.path(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.path(staged), target)
            folders.update((target.parent, target.parent.parent))
        _sync_folders(folders)

    def sweep(self, names: Sequence[str]) -> None:
        """Remove the staging area: under the lock of a folder nobody else can have anything there."""
        if os.path.lexists(self.path(STAGING)):
            shutil.rmtree(self.path(STAGING))

    def leave(self) -> None:
        """The workspace is the staging area, and what a failed run left there is for `recover`."""


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folders(folders: Collection[Path]) -> None:
    """Make renames durable: on POSIX a name belongs to its folder, which has an fsync of its own."""
    if os.name != "nt":  # folders cannot be opened there, and NTFS keeps renames in its journal
        _sync(sorted(folders))


def _sync(paths: Collection[Path]) -> None:
    """Bring files or folders safely to disk.

    Many are flushed together first, which takes a thirtieth of the time; fsync, which alone reports what failed, then
    finds little to do.
    """
    if len(paths) > MANY and hasattr(os, "sync"):
        os.sync()
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
