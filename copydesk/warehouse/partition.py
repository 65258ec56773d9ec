"""Reads and validates a partition file; every error names the file and says what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from copydesk.edits import Edit
from copydesk.warehouse.schemas import EDITS
from copydesk.warehouse.store import Store, WarehouseError, reason_of


class Unreadable(WarehouseError):
    """The file is damaged or was not written by copydesk. Disk and network errors are a plain `WarehouseError`."""


def read(
    store: Store, name: str, schema: pa.Schema, columns: Sequence[str] | None = None, content: bytes | None = None
) -> Iterator[pa.Table]:
    """The rows of the file `name`, one row group at a time, with exactly the given `schema`.

    `columns` selects some of them; then other columns in the file are ignored. A nullable column that the file lacks,
    because an older version wrote it, is null. `content` are the bytes of the file, if they were read before. Raises
    `Unreadable`, and `WarehouseError` for disk and network errors.
    """
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns], schema.metadata)
    with (
        errors_named(name),
        store.source(name) if content is None else pa.BufferReader(content) as source,
        pq.ParquetFile(source, page_checksum_verification=True) as file,
    ):
        found = file.schema_arrow  # converted each time it is asked for
        _check(found, wanted, columns is None)
        have = [column for column in wanted.names if column in found.names]
        for index in range(file.num_row_groups):
            yield _as(file.read_row_group(index, have, use_threads=False), wanted)


@contextmanager
def errors_named(name: str) -> Iterator[None]:
    """Errors on reading the file `name` as `Unreadable`, those of the disk or network as a plain `WarehouseError`."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # an error of the system; Arrow's errors for damage have no errno
            raise WarehouseError(f"could not read {name}: {reason_of(error)}") from error
        raise _damaged(name, reason_of(error)) from error
    except (pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        raise _damaged(name, reason_of(error)) from error


def of_articles(store: Store, name: str) -> dict[str, list[Edit]]:
    """The edits in the file `name` by article, in order; empty if there is no file."""
    found: dict[str, list[Edit]] = {}
    if store.size(name) is not None:
        for group in read(store, name, EDITS):
            for row in group.to_pylist():
                found.setdefault(row["article_id"], []).append(Edit.from_row(row))
    return found


def _damaged(name: str, reason: str) -> Unreadable:
    reason = reason.strip().splitlines()[0][:300] if reason.strip() else "no reason given"
    return Unreadable(
        f"{name} is damaged, or not a file of copydesk ({reason});"
        " restore it from a backup, or let `copydesk check --repair` move it away and run again"
    )


def _check(found: pa.Schema, wanted: pa.Schema, whole: bool) -> None:
    """Raise ValueError if a file with the columns `found` cannot give `wanted`."""
    twice = [name for name, count in Counter(found.names).items() if count > 1]
    if twice:
        raise ValueError(f"two columns are named {twice[0]!r}")
    known = {*wanted.names, "published_date"}  # which is in the file where partitions are months
    unknown = [name for name in found.names if name not in known] if whole else []
    if unknown:
        raise ValueError(f"a column {unknown[0]!r}, which is unknown here")
    names = set(found.names)
    for field in wanted:
        if field.name not in names:
            if not field.nullable:
                raise ValueError(f"no column {field.name!r}")
        elif not _alike(found.field(field.name).type, field.type):
            raise ValueError(f"the column {field.name!r} has the type {found.field(field.name).type}")


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type can be converted to the other without a change of meaning."""
    kinds = (_is_text, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp, _is_bytes, pa.types.is_list)
    return found.equals(wanted) or any(kind(found) and kind(wanted) for kind in kinds)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """`table` with exactly the fields of `schema`. Raises ValueError for nulls in a required column."""
    columns = []
    for field in schema:
        if field.name not in table.schema.names:
            columns.append(pa.nulls(len(table), field.type))
            continue
        column = table[field.name]
        if column.null_count and not field.nullable:
            raise ValueError(f"the column {field.name!r} has nulls")
        columns.append(column if column.type.equals(field.type) else column.cast(field.type))
    return pa.table(columns, schema=schema)
