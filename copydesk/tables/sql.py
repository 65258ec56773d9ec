"""SQL on the tables of a warehouse, by DuckDB.

The tables are pyarrow datasets, in a folder as on an object store: a date that a condition leaves out is not read, and
reading while a run commits raises no errors. A query reads them and nothing else: no files, no network, no extensions,
no variables of the program, no statements that write.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from copydesk.tables.table import Table
from copydesk.warehouse.store import WarehouseError

if TYPE_CHECKING:
    import duckdb

_CLOSED = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "max_temp_directory_size": "8GB",
}
_THEN = ("python_enable_replacements = false", "TimeZone = 'UTC'", "lock_configuration = true")
T = TypeVar("T")

_EXPLAIN = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\b(?:\s*ANALYZE\b|\s*\([^)]*\))?", re.IGNORECASE | re.DOTALL)
#: Rows of a batch of results.
BATCH = 1024


class SqlError(ValueError):
    """The query cannot be answered; the message says why, and which tables or columns there are."""


class Column(NamedTuple):
    """A column of a view: its SQL type, and what it means."""

    table: str
    column: str
    type: str
    description: str


class Views(Protocol):
    """Tables by name."""

    def __iter__(self) -> Iterator[str]: ...
    def __getitem__(self, name: str, /) -> Table: ...


def columns(tables: Views) -> list[Column]:
    """Every column of every view."""
    with _connected(tables) as connection:
        found = connection.sql("SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY column_index")
        types = {(table, column): kind for table, column, kind in found.fetchall()}
    return [
        Column(table, field.name, types[table, field.name], field.metadata[b"description"].decode())
        for table in tables
        for field in tables[table].schema
    ]


@contextmanager
def result(tables: Views, query: str) -> Iterator[pa.RecordBatchReader]:
    """The rows of a query, as they are made. Raises `SqlError`, and `WarehouseError` for unreadable tables."""
    with _connected(tables) as connection, ThreadPoolExecutor(1) as pool:
        import duckdb

        def apart(work: Callable[[], T]) -> T:
            """In another thread, since Ctrl-C is only noticed by one that is not in DuckDB."""
            made = pool.submit(work)
            try:
                return made.result()
            except KeyboardInterrupt:
                while not made.done():  # one that comes before the query has begun is lost
                    connection.interrupt()
                    wait([made], timeout=0.1)
                raise

        try:
            _check(connection, query)
            reader = apart(lambda: connection.sql(query).to_arrow_reader(BATCH))
            batches = iter(lambda: apart(lambda: next(reader, None)), None)
            yield pa.RecordBatchReader.from_batches(reader.schema, batches)
        except duckdb.Error as error:
            raise _in_words(tables, query, error) from None
        except BrokenPipeError:
            raise  # by who prints the rows
        except (pa.ArrowException, OSError) as error:  # raised while rows are fetched
            raise WarehouseError(f"the query stopped: {str(error).strip().splitlines()[0]}") from error


@contextmanager
def _connected(tables: Views) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        import duckdb
    except ImportError:
        raise SqlError("SQL needs DuckDB; install it with: pip install 'copydesk[sql]'") from None
    with (
        tempfile.TemporaryDirectory(prefix="copydesk-sql-") as scratch,  # for large sorts; else in the working folder
        duckdb.connect(config={**_CLOSED, "temp_directory": scratch}) as connection,
    ):
        for name in tables:
            connection.register(name, tables[name].dataset())
        for setting in _THEN:
            connection.execute(f"SET {setting}")
        yield connection


def _check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    import duckdb

    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise SqlError(f"one query at a time; these are {len(statements)} statements")
    if statements[0].type == duckdb.StatementType.EXPLAIN and (plan := _EXPLAIN.match(query)):
        _check(connection, query[plan.end() :])  # `EXPLAIN ANALYZE COPY` runs what it explains
    elif statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name.replace("_", " ")
        raise SqlError(f"the tables can only be read, and {kind} does more; write a SELECT")


def _in_words(tables: Views, query: str, error: duckdb.Error) -> SqlError:
    """DuckDB's message, with what there is in place of its guesses."""
    import duckdb

    message = re.sub(r"^[A-Z][\w ]*Error: ", "", str(error)).strip()
    first = message.partition("\n")[0]
    if isinstance(error, duckdb.CatalogException) and first.startswith("Table with name"):
        return SqlError(f"{first} There are: {', '.join(tables)}.")
    if isinstance(error, duckdb.BinderException) and re.search("(?i)column", first) and "Ambiguous" not in first:
        words = set(re.findall(r"\w+", query.lower()))
        have = [f"{name} has: {', '.join(tables[name].columns)}." for name in tables if name in words]
        return SqlError("\n".join([first, *have]))
    return SqlError(message)
