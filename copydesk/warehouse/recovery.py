"""Recovery from an interrupted commit; for the steps of a commit see `copydesk.warehouse.commit`.

An intent is valid until a later holder of the lock has recovered the warehouse. It is not trusted: it may only name
files of the tables and the reports, and each file is compared with its SHA-256. A missing report is no error, since
`copydesk report` writes it again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from copydesk.warehouse import layout
from copydesk.warehouse.schemas import FORMAT
from copydesk.warehouse.store import Store, WarehouseError, in_words, parsed

INTENT = "intent.json"
#: Commits that are no run are numbered: repair-000001.
_NO_RUN = re.compile(r"[a-z]+-\d{6}")

_REPORT_NAME = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Listed(NamedTuple):
    """A file in a record; `rows` is None for files that are not tables, and in old records."""

    path: str
    size: int
    sha256: str
    rows: int | None


class Record(NamedTuple):
    """A commit record, or an intent. `number` counts the commits of the warehouse; old records have 0.

    `removed` are files that are gone after it: only a change of the partitions removes any.
    """

    run_id: str
    number: int
    files: tuple[Listed, ...]
    removed: tuple[str, ...] = ()

    @property
    def is_run(self) -> bool:
        return not _NO_RUN.fullmatch(self.run_id)


def numbered(store: Store, kind: str) -> str:
    """The next name of a commit that is no run: `repair-000002`."""
    names = [name.removeprefix(f"{layout.COMMITS}/").removesuffix(".json") for name in store.names(layout.COMMITS)]
    numbers = [
        int(name.rpartition("-")[2]) for name in names if _NO_RUN.fullmatch(name) and name.startswith(f"{kind}-")
    ]
    return f"{kind}-{max(numbers, default=0) + 1:06}"


def report_path(name: str) -> str:
    """The path of the report `name`. Raises ValueError for a name that could lead to another folder."""
    if not _REPORT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain relative path")
    return f"{layout.REPORTS}/{name}"


def staged(folder: str, name: str) -> str:
    """The path at which the file for `name` is staged."""
    return f"{folder}/{name.replace('/', '~')}"


def complete(store: Store, folder: str, record: Record) -> None:
    """Put the files of an intent in place, then the intent as the commit record. Can be repeated.

    A file that is no longer staged must already be in place; raises `WarehouseError` otherwise.
    """
    waiting = set(store.names(folder))
    moves = []
    for file in record.files:
        if staged(folder, file.path) in waiting:
            moves.append((staged(folder, file.path), file.path))
        elif not file.path.startswith(f"{layout.REPORTS}/") and not _is_there(store, file):
            raise WarehouseError(
                f"run {record.run_id} cannot be completed: its {file.path} is missing from {layout.STAGING}/;"
                f" restore it from a backup, or remove {folder} to leave the tables as they are"
            )
    # The marker says which partitions count. It comes last where it changes, when all of the new ones are there.
    last = [move for move in moves if record.removed and move[1] == layout.MARKER]
    store.place([move for move in moves if move not in last])
    if last:
        store.place(last)
    store.remove([path for path in record.removed if store.size(path) is not None])
    store.place([(f"{folder}/{INTENT}", f"{layout.COMMITS}/{record.run_id}.json")])


def _is_there(store: Store, file: Listed) -> bool:
    if store.size(file.path) != file.size:
        return False
    return hashlib.sha256(store.read(file.path) or b"").hexdigest() == file.sha256


def recover(store: Store) -> list[str]:
    """Complete interrupted commits and discard other staged files; returns what was done, in sentences."""
    own, mended = (store.lease.number, store.lease.mended) if store.lease else (0, 0)
    done: list[str] = []
    with in_words("recover from an interrupted run"):
        leavings = store.names(layout.STAGING)
        intents = [name for name in leavings if name.endswith(f"/{INTENT}") and name.count("/") == 2]
        done += [_settle(store, name.removesuffix(f"/{INTENT}"), mended) for name in intents]
        if leavings and not done:
            done.append(f"Discarded the unfinished work of an interrupted run ({len(leavings)} files).")
        if leavings or layout.STAGING in store.top():
            store.sweep([name for name in leavings if not own or layout.staged_by(name.split("/")[1])[0] < own])
        if store.lease:
            store.lease.settle()
    return done


def _settle(store: Store, folder: str, mended: int) -> str:
    number, run_id = layout.staged_by(folder.partition("/")[2])
    if number < mended:
        return f"Discarded the commit of run {run_id}, which continued after another run had taken over its lock."
    name = f"{folder}/{INTENT}"
    try:
        record = read_record(store.read(name), name)
    except ValueError as error:
        raise WarehouseError(
            f"{name} is damaged ({error}); the commit that it describes cannot be completed:"
            f" restore it from a backup, or remove {folder} to leave the tables as they are"
        ) from error
    if record.run_id != run_id:
        raise WarehouseError(f"{name} is damaged (it names run {record.run_id}); remove {folder} to discard it")
    complete(store, folder, record)
    return f"Completed the interrupted commit of run {run_id} ({len(record.files)} files)."


def read_record(content: bytes | None, name: str) -> Record:
    """A commit record or intent. Raises ValueError for a damaged one, `WarehouseError` for a newer one."""
    record = parsed(content)
    written_by = record.get("format")
    if not isinstance(written_by, int):
        raise ValueError("no format")
    if written_by > FORMAT:
        raise WarehouseError(f"{name} was written by a newer copydesk (format {written_by}, this one knows {FORMAT})")
    run_id, number, files = record.get("run_id"), record.get("number", 0), record.get("files")
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise ValueError("no run_id")
    if not isinstance(files, list) or not isinstance(number, int):
        raise ValueError("no list of files")
    removed = record.get("removed", [])
    if not isinstance(removed, list) or not all(isinstance(path, str) and layout.is_table(path) for path in removed):
        raise ValueError("no list of removed files")
    if set(removed) & {file["path"] for file in files if isinstance(file, Mapping)}:
        raise ValueError("a file that is both written and removed")
    return Record(run_id, number, tuple(_listed(file) for file in files), tuple(removed))


def _listed(file: Any) -> Listed:
    if not isinstance(file, Mapping):
        raise ValueError("a file that is not an object")
    path, size, sha256, rows = (file.get(key) for key in ("path", "bytes", "sha256", "rows"))
    if not isinstance(path, str) or not _is_ours(path):
        raise ValueError(f"{path!r} is not a file of a warehouse")
    if not isinstance(size, int) or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{path} without its size and SHA-256")
    return Listed(path, size, sha256, rows if isinstance(rows, int) else None)


def _is_ours(path: str) -> bool:
    folder, _, name = path.partition("/")
    if path in (layout.MARKER, layout.KNOWN) or layout.is_signature(path):
        return True
    return layout.is_table(path) or (folder == layout.REPORTS and _is_report(name))


def _is_report(name: str) -> bool:
    return _REPORT_NAME.fullmatch(name) is not None
