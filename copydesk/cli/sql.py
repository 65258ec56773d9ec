"""The command `sql`: queries on the tables of a warehouse."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.shared import errors_in_words, load, opened

if TYPE_CHECKING:
    from copydesk.tables.sql import Column

#: Rows and characters of a value that a table on a terminal shows.
ROWS, WIDTH = 200, 60

_Writer = Callable[[Sequence[str], Iterable[Sequence[Any]]], None]


@click.command(short_help="Query the tables with SQL.")
@click.argument("query", required=False, metavar="[QUERY]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help=f"How rows are printed. A table shows {ROWS} rows with shortened values, the others everything.",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse.  [default: warehouse]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def sql(query: str | None, form: str, warehouse: str | None, config: str | None) -> None:
    """Query the tables of a warehouse with SQL.

    Every table is a view: articles, edits, quarantine, runs and so on. QUERY is one SELECT in DuckDB's dialect; `-`
    reads it from standard input. Without QUERY, the views and their columns are listed. A query reads the tables and
    nothing else: no other files, no network, no extensions. Needs DuckDB: pip install 'copydesk[sql]'.

    CSV begins with the names of the columns. JSON is a list of objects, one a line. Binary values are printed as text,
    with \\xNN for bytes that are no UTF-8.

    \b
    copydesk sql "select site, count(*) from articles group by all order by 2 desc" --warehouse /data/warehouse
    copydesk sql "select uri, before, after from edits join articles using (article_id)" --format csv > edits.csv
    copydesk sql
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse})).store
        from copydesk.tables import Tables
        from copydesk.tables.sql import columns, result

        tables, write = Tables(store), _WRITERS[form]
        if query is None:
            found = columns(tables)
            _list(found) if form == "table" else write(found[0]._fields, found)
            return
        with result(tables, sys.stdin.read() if query == "-" else query) as reader:
            write(reader.schema.names, (row for batch in reader for row in _rows(batch)))


def _list(columns: list[Column]) -> None:
    """The columns of each view below its name."""
    names = max(len(column.column) for column in columns)
    types = max(len(_short(column.type)) for column in columns)
    view = None
    for column in columns:
        if column.table != view:
            click.echo(column.table)
            view = column.table
        click.echo(f"  {column.column:{names}}  {_short(column.type):{types}}  {column.description}")


def _short(kind: str) -> str:
    """A SQL type without the fields of a struct."""
    return "STRUCT(...)[]" if kind.startswith("STRUCT") else kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def _rows(batch: Any) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _as_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns of equal width: the numbers to the right, everything else to the left."""
    from rich.cells import cell_len, set_cell_size

    rows = iter(rows)
    shown = [list(row) for row in islice(rows, ROWS)]
    cells = [list(map(_cell, names)), *([_cell(value) for value in row] for row in shown)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    right = [all(isinstance(value, int | float | Decimal | None) for value in column) for column in zip(*shown)]  # noqa: B905
    right = right or [False] * len(widths)
    for number, row in enumerate(cells):
        line = "  ".join(
            " " * (width - cell_len(cell)) + cell if flush else set_cell_size(cell, width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        click.echo(line.rstrip())
        if not number:
            click.echo("  ".join("-" * width for width in widths))
    if next(rows, None) is not None:
        click.echo(f"copydesk: the first {ROWS} rows; --format csv and json give all", err=True)


def _as_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_of_csv(value) for value in row])


def _of_csv(value: Any) -> Any:
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, bool | list | dict) else plain


def _as_json(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    names = _distinct(names)
    before = "["
    for row in rows:
        values = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        click.echo(f"{before}{json.dumps(values, ensure_ascii=False)}", nl=False)
        before = ",\n"
    click.echo("[]" if before == "[" else "]")


def _distinct(names: Sequence[str]) -> list[str]:
    """Two columns may have one name; an object needs two."""
    found: list[str] = []
    for name in names:
        number = 1
        while (another := name if number == 1 else f"{name}_{number}") in found:
            number += 1
        found.append(another)
    return found


def _cell(value: Any) -> str:
    """A value on one line, without characters that control a terminal."""
    from copydesk.report.escape import visible

    plain = _plain(value)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    text = " ".join(text[: 4 * WIDTH].split())
    return visible(text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…")


def _plain(value: Any) -> Any:
    """A value of Arrow as one of JSON."""
    match value:
        case Decimal():  # sums of whole numbers
            return int(value) if value == value.to_integral_value() else float(value)
        case float():
            return value if isfinite(value) else None
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case None | bool() | int() | str():
            return value
    return str(value)


_WRITERS: dict[str, _Writer] = {"table": _as_table, "csv": _as_csv, "json": _as_json}
