"""The paths below the warehouse root, and days as numbers for arrays.

Days are counted from 1970-01-01, as in Arrow's date32; `UNDATED` stands for the partition without a date.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from copydesk.warehouse import schemas

#: Private names: readers skip names that start with `_` or `.`.
MARKER = schemas.MARKER
COMMITS = "_commits"
STAGING = "_staging"
REPORTS = "_reports"
SIGNATURES = "_signatures"
SIGNATURES_STATE = "_signatures/state.json"
#: Levels of the signature table, more than any warehouse fills.
LEVELS = 8

UNDATED = -(2**31)
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"

#: The partition column of each table. It is only in the folder's name.
KEYS = {
    "articles": "published_date",
    "edits": "published_date",
    "duplicates": "published_date",
    "quarantine": "run_date",
    "raw": "run_date",
    "versions": "replaced_date",
    "decisions": "decided_date",
    "runs": "run_date",
    "sites": "run_date",
    "validations": "run_date",
}

#: The columns in the files of each table.
SCHEMAS: dict[str, pa.Schema] = {name: getattr(schemas, name.upper()) for name in KEYS}

_EPOCH = date(1970, 1, 1)


def number(day: date | None) -> int:
    """`day` as a number."""
    return UNDATED if day is None else (day - _EPOCH).days


def day(number: int) -> date | None:
    """The date of `number`, None for `UNDATED`."""
    return None if number == UNDATED else _EPOCH + timedelta(days=number)


def file(table: str, number: int) -> str:
    """The one file of a partition: `articles/published_date=2019-05-21/articles.parquet`."""
    when = day(number)
    return f"{table}/{KEYS[table]}={HIVE_NULL if when is None else when.isoformat()}/{table}.parquet"


def signatures(level: int) -> str:
    """The file of a level of the signature table."""
    return f"{SIGNATURES}/{level}.parquet"


def is_signature(path: str) -> bool:
    """Whether `path` is a file of the signature table."""
    return path == SIGNATURES_STATE or path in map(signatures, range(LEVELS))


def staging(number: int, run_id: str) -> str:
    """The folder in which a run stages its files; `number` is that of its lock, 0 in a local folder."""
    return f"{STAGING}/{number:08}-{run_id}" if number else f"{STAGING}/{run_id}"


def staged_by(folder: str) -> tuple[int, str]:
    """The number of the lock and the run id in the name of a folder directly below the staging area."""
    number, _, run_id = folder.partition("-")
    return (int(number), run_id) if len(number) == 8 and number.isdecimal() and number.isascii() else (0, folder)


def is_table(path: str) -> bool:
    """Whether `path` is the path of a partition's file."""
    table = path.partition("/")[0]
    number = number_of(table, path) if table in KEYS else None
    return number is not None and file(table, number) == path


def number_of(table: str, path: str) -> int | None:
    """The day of the partition file at `path`; None if it is not a file of that table."""
    folder, _, value = path.removesuffix(f"/{table}.parquet").partition("=")
    if folder != f"{table}/{KEYS[table]}" or not path.endswith(f"/{table}.parquet"):
        return None
    try:
        return UNDATED if value == HIVE_NULL else number(date.fromisoformat(value))
    except ValueError:
        return None
