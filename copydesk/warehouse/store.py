"""Storage of the warehouse: the operations on a local folder or an object store.

Both use fsspec. They differ in how a file is published atomically: a local file is fsynced and renamed, an object is
put or copied as a whole (never streamed: an exception inside an open stream would publish the truncated object).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import fsspec
import pyarrow as pa

from copydesk.warehouse.layout import DAILY, STAGING, Partitions
from copydesk.warehouse.workspace import Workspace

#: Number of files from which one flush of the whole disk is faster than single ones.
MANY = 32


class WarehouseError(Exception):
    """The warehouse cannot be read or written; the message says why and what to do."""


def _troubles() -> tuple[type[BaseException], ...]:
    """The exceptions of storage drivers. Object-store drivers raise their own besides OSError."""
    boto = sys.modules.get("botocore.exceptions")
    extra = (boto.BotoCoreError, boto.ClientError) if boto else ()
    return (OSError, pa.ArrowException, *extra)


def reason_of(error: BaseException) -> str:
    """The message of a disk, network or library error."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    where = getattr(error, "filename", None)
    return f"{reason} ({where})" if where else str(reason)


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Turn errors of disk, network and damaged files into a `WarehouseError`: could not `doing`, and the reason."""
    try:
        yield
    except _troubles() as error:
        raise WarehouseError(f"could not {doing}: {reason_of(error)}") from error


def parsed(content: bytes | None) -> dict[str, Any]:
    """Parse a JSON object. Raises ValueError for anything else, including deep nesting."""
    try:
        value = json.loads(content or b"")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


class Lease(Protocol):
    """The right to write while the lock is held.

    `number` counts how often the lock of an object store was taken; it is 0 for a local folder, where the lock cannot
    be lost. Unfinished commits of holders below `mended` are discarded, since a later one has recovered the warehouse.
    """

    number: int
    mended: int

    def confirm(self) -> None:
        """Raise `WarehouseError` if the lock was lost."""

    def settle(self) -> None:
        """Record that this holder has recovered the warehouse, so that no earlier commit is completed."""


class Store:
    """An object store. Names are relative to the root, with forward slashes."""

    local = False
    #: Files that are read at once: reading from an object store is mostly waiting; from a disk it is work, and threads
    #: take each other's turn at the interpreter.
    readers = 8

    def __init__(self, fs: fsspec.AbstractFileSystem, root: str, url: str) -> None:
        self.fs, self.root, self.url = fs, root.rstrip("/"), url
        self.lease: Lease | None = None
        self.partitions: Partitions = DAILY  # of the warehouse that is kept here; `Warehouse` knows
        self._workspace: Workspace | None = None

    @staticmethod
    def open(url: str) -> Store:
        """The store at `url`: the path of a folder, `file://…`, or any URL that fsspec supports."""
        try:
            fs, root = fsspec.url_to_fs(os.fspath(url), use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise WarehouseError(f"cannot open the warehouse {url}: {error}") from error
        return (LocalStore if isinstance(root, str) and "file" in fs.protocol else Store)(fs, root, str(url))

    def confirm(self) -> None:
        """Raise `WarehouseError` if the lock was lost, RuntimeError if this store never took it."""
        if self.lease is None:
            raise RuntimeError("publishing needs the lock: use `Warehouse.writing`")
        self.lease.confirm()

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def address(self, name: str = "") -> str:
        """The address of `name`: a path, or a URL with its protocol."""
        return str(self.fs.unstrip_protocol(self.path(name).rstrip("/")))

    def top(self) -> list[str]:
        """The names directly below the root."""
        try:
            return sorted(str(entry).rstrip("/").rpartition("/")[2] for entry in self.fs.ls(self.root, detail=False))
        except FileNotFoundError:
            return []

    def names(self, folder: str) -> list[str]:
        """Every file below `folder`, sorted; empty if the folder does not exist."""
        prefix = len(self.root) + 1
        return sorted(path[prefix:] for path in self.fs.find(self.path(folder)))

    def sizes(self, folder: str) -> dict[str, int]:
        """The bytes of every file below `folder`, in the order of the names; empty if the folder does not exist."""
        prefix = len(self.root) + 1
        found = self.fs.find(self.path(folder), detail=True)
        return {path[prefix:]: int(found[path]["size"]) for path in sorted(found)}

    def read(self, name: str) -> bytes | None:
        """The content of the file, None if it does not exist."""
        try:
            content: bytes = self.fs.cat_file(self.path(name))
        except FileNotFoundError:
            return None
        return content

    def source(self, name: str) -> Any:
        """An open file for `pyarrow.parquet`."""
        return self.fs.open(self.path(name), "rb")

    def write(self, name: str, content: bytes) -> None:
        """Write `content` to the file `name`, durably and atomically."""
        self.fs.pipe_file(self.path(name), content)

    @property
    def conditional(self) -> bool:
        """Whether the store supports conditional writes: S3 and compatible stores."""
        protocol = self.fs.protocol
        return "s3" in ((protocol,) if isinstance(protocol, str) else protocol)

    def tagged(self, name: str) -> tuple[bytes | None, str | None]:
        """The file and a tag of this version for `swap`; None and None if it does not exist."""
        if not self.conditional:
            content = self.read(name)
            return content, None if content is None else hashlib.sha256(content).hexdigest()
        try:
            # The tag is read first: if the file changes in between, the tag is outdated and `swap` is refused.
            tag = str(self.fs.info(self.path(name))["ETag"])
        except FileNotFoundError:
            return None, None
        content = self.read(name)
        return content, None if content is None else tag

    def swap(self, name: str, content: bytes, tag: str | None) -> str | None:
        """Replace the version of a small file with `tag` (None: the file must not exist).

        Returns the new tag, None if the file has changed. This is atomic if the store is `conditional`; otherwise two
        simultaneous calls may both succeed.
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
                if error.errno == errno.ENOSYS:  # compatible with S3, but without conditional writes
                    self.write(name, content)
                fault = error  # refused, or retried after a lost response: the present content decides
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
        """Copy finished files of the workspace durably to the staging area, under the same relative names."""
        work = self.workspace
        names = [f"{STAGING}/{file.relative_to(work).as_posix()}" for file in files]
        if files:
            self.fs.put([str(file) for file in files], [self.path(name) for name in names])
        for file in files:
            file.unlink()

    def place(self, moves: Sequence[tuple[str, str]]) -> None:
        """Put staged files in place, each with an atomic replace."""
        self.fs.copy([self.path(staged) for staged, _ in moves], [self.path(name) for _, name in moves])

    def size(self, name: str) -> int | None:
        """Size of the file in bytes, None if it does not exist."""
        try:
            return int(self.fs.info(self.path(name))["size"])
        except FileNotFoundError:
            return None

    def remove(self, names: Sequence[str]) -> None:
        """Remove files, and folders that are empty then."""
        if names:
            self.fs.rm([self.path(name) for name in names])

    def sweep(self, names: Sequence[str]) -> None:
        """Remove files of the staging area, and the workspace."""
        self.remove(names)
        self.leave()

    def leave(self) -> None:
        """Remove a workspace outside the warehouse."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None


class LocalStore(Store):
    """A local folder. Its workspace is its staging area, on the same disk, so a finished file needs only a rename."""

    local = True
    readers = 1

    def address(self, name: str = "") -> str:
        return self.path(name).rstrip("/")

    def names(self, folder: str) -> list[str]:
        # fsspec skips folders that it may not list; documents of a skipped partition would be published again.
        found: list[str] = []
        for where, _, files in os.walk(self.path(folder), onerror=_refuse, followlinks=True):
            below = where[len(self.root) + 1 :].replace(os.sep, "/")
            found += [f"{below}/{file}" for file in files]
        return sorted(found)

    def read(self, name: str) -> bytes | None:
        try:
            return Path(self.path(name)).read_bytes()
        except FileNotFoundError:
            return None

    def sizes(self, folder: str) -> dict[str, int]:
        return {name: os.stat(self.path(name)).st_size for name in self.names(folder)}

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

    def remove(self, names: Sequence[str]) -> None:
        folders = {Path(self.path(name)).parent for name in names}
        for name in names:
            Path(self.path(name)).unlink(missing_ok=True)
        for folder in folders:
            with suppress(OSError):  # what else is in it is not ours
                folder.rmdir()
        _sync_folders({folder.parent for folder in folders if folder.parent.exists()})

    def sweep(self, names: Sequence[str]) -> None:
        """Remove the staging area: under the lock of a folder nobody else can use it."""
        if os.path.lexists(self.path(STAGING)):
            shutil.rmtree(self.path(STAGING))

    def leave(self) -> None:
        """Nothing: the workspace is the staging area, and files of a failed run are left to `recover`."""


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folders(folders: Collection[Path]) -> None:
    """Make renames durable: on POSIX the folder needs its own fsync."""
    if os.name != "nt":  # folders cannot be opened there, and NTFS keeps renames in its journal
        _sync(sorted(folders))


def _sync(paths: Collection[Path]) -> None:
    """Flush files or folders to disk.

    Many are flushed together first, which takes a thirtieth of the time; fsync, which is needed to report errors, then
    has little to do.
    """
    if len(paths) > MANY and hasattr(os, "sync"):
        os.sync()
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
