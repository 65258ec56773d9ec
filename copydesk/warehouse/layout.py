"""The paths below the warehouse root, and days as numbers for arrays.

Days are counted from 1970-01-01, as in Arrow's date32; `UNDATED` stands for the partition without a date.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
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

#: The tables that can be partitioned by month. The month is in the folder's name and the date in the file, as
#: readers take a column that is in both from the name.
BY_MONTH = {name: schemas.monthly(SCHEMAS[name]) for name in ("articles", "edits", "duplicates")}

By = Literal["day", "month"]
_EPOCH = date(1970, 1, 1)


def number(day: date | None) -> int:
    """`day` as a number."""
    return UNDATED if day is None else (day - _EPOCH).days


def day(number: int) -> date | None:
    """The date of `number`, None for `UNDATED`."""
    return None if number == UNDATED else _EPOCH + timedelta(days=number)


@dataclass(frozen=True)
class Partitions:
    """How articles, edits and duplicates are partitioned: by day or by month. Other tables always are by day.

    A partition is named by a number, that of its first day; `UNDATED` stands for itself.
    """

    by: By = "day"

    def has_months(self, table: str) -> bool:
        """Whether the partitions of the table are months."""
        return self.by == "month" and table in BY_MONTH

    def key(self, table: str) -> str:
        """The partition column."""
        return schemas.MONTH if self.has_months(table) else KEYS[table]

    def schema(self, table: str) -> pa.Schema:
        """The columns in the files of the table."""
        return BY_MONTH[table] if self.has_months(table) else SCHEMAS[table]

    def of(self, one: int) -> int:
        """The partition of articles and edits in which a day is."""
        when = day(one) if self.by == "month" else None
        return one if when is None else number(when.replace(day=1))

    def of_days(self, days: Any) -> Any:
        """The partitions of days, int32[n]."""
        if self.by == "day":
            return days
        different, where = np.unique(days, return_inverse=True)
        return np.array([self.of(each) for each in different.tolist()], np.int32)[where]

    def file(self, table: str, one: int) -> str:
        """The one file of the partition in which a day is: `articles/published_date=2019-05-21/articles.parquet`."""
        when = day(self.of(one) if self.has_months(table) else one)
        return f"{table}/{self.key(table)}={HIVE_NULL if when is None else when.isoformat()}/{table}.parquet"

    def number_of(self, table: str, path: str) -> int | None:
        """The partition whose file is at `path`; None if there is no such partition."""
        folder, _, value = path.removesuffix(f"/{table}.parquet").partition("=")
        if folder != f"{table}/{self.key(table)}" or not path.endswith(f"/{table}.parquet"):
            return None
        try:
            found = UNDATED if value == HIVE_NULL else number(date.fromisoformat(value))
        except ValueError:
            return None
        return found if self.file(table, found) == path else None

    def is_table(self, path: str) -> bool:
        """Whether `path` is the path of a partition's file."""
        table = path.partition("/")[0]
        return table in KEYS and self.number_of(table, path) is not None


DAILY, MONTHLY = Partitions("day"), Partitions("month")


def stated(marker: bytes | None) -> Partitions:
    """The partitions that the marker of a warehouse names. Raises ValueError."""
    by = json.loads(marker or b"{}").get("partitions", "day")
    if by not in ("day", "month"):
        raise ValueError(f"partitions by {by!r}")
    return MONTHLY if by == "month" else DAILY


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
    """Whether `path` is the path of a partition's file, of a warehouse by day or by month."""
    return DAILY.is_table(path) or MONTHLY.is_table(path)


def file(table: str, number: int) -> str:
    """The file of a day in a table that always is by day."""
    return DAILY.file(table, number)


def number_of(table: str, path: str) -> int | None:
    """The day of a file of a table that always is by day; None if it is not a file of that table."""
    return DAILY.number_of(table, path)
