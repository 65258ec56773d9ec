"""The paths below the warehouse root, and days and files as numbers for arrays.

Days are counted from 1970-01-01, as in Arrow's date32; `UNDATED` stands for the partition without a date. A partition
is named by its first day, and a file of it by the same number plus `PART` for each file before it: the only file of
most partitions has the number of its day.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
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
KNOWN = "_known.parquet"
SIGNATURES = "_signatures"
SIGNATURES_STATE = "_signatures/state.json"
#: Levels of a table of signatures, more than any warehouse fills.
LEVELS = 8

UNDATED = -(2**31)
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
#: The distance between the numbers of two files of a partition; days are within half of it.
PART = 2**32
#: Default bytes from which a file takes no new rows.
FILE_BYTES = 64 * 2**20

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

#: The tables whose partitions may have several files. The others have few rows a day.
GROWING = frozenset(("articles", "edits", "duplicates", "quarantine", "raw", "versions"))

By = Literal["day", "month"]
_EPOCH = date(1970, 1, 1)
_FILE = re.compile(r"(?P<table>[a-z]+)/(?P<key>[a-z_]+)=(?P<value>[^/]+)/(?P=table)(-(?P<part>[1-9]\d{0,5}))?\.parquet")


def number(day: date | None) -> int:
    """`day` as a number."""
    return UNDATED if day is None else (day - _EPOCH).days


def day(number: int) -> date | None:
    """The date of a day, a partition or a file; None without a date."""
    number = partition_of(number)
    return None if number == UNDATED else _EPOCH + timedelta(days=number)


def part_of(number: Any) -> Any:
    """Which file of its partition a file is, from 0; for arrays, too."""
    return number + PART // 2 >> 32


def partition_of(number: Any) -> Any:
    """The partition of a file; for arrays, too."""
    return number - part_of(number) * PART


@dataclass(frozen=True)
class Partitions:
    """How articles, edits and duplicates are partitioned: by day or by month. Other tables always are by day.

    A file of `file_bytes` or more takes no new rows: they go to the next file of the partition.
    """

    by: By = "day"
    file_bytes: int = field(default=FILE_BYTES, compare=False)

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
        """The partition of articles and edits in which a day, or the days of a file, are."""
        when = day(one) if self.by == "month" else None
        return int(partition_of(one)) if when is None else number(when.replace(day=1))

    def of_days(self, days: Any) -> Any:
        """The partitions of days, int32[n]."""
        if self.by == "day":
            return days
        different, where = np.unique(days, return_inverse=True)
        return np.array([self.of(each) for each in different.tolist()], np.int32)[where]

    def file(self, table: str, one: int) -> str:
        """The path of a file: `articles/published_date=2019-05-21/articles.parquet`, or of the second one of the
        partition, `articles-1.parquet`. The number of a day is that of the first file of its partition.
        """
        when, part = day(self.of(one) if self.has_months(table) else one), part_of(one)
        value = HIVE_NULL if when is None else when.isoformat()
        return f"{table}/{self.key(table)}={value}/{table}{f'-{part}' if part else ''}.parquet"

    def number_of(self, table: str, path: str) -> int | None:
        """The number of the file at `path`; None if it is none of the table."""
        parts = _FILE.fullmatch(path)
        if parts is None or parts["table"] != table or (parts["part"] and table not in GROWING):
            return None
        value, part = parts["value"], int(parts["part"] or 0)
        try:
            found = (UNDATED if value == HIVE_NULL else number(date.fromisoformat(value))) + part * PART
        except ValueError:
            return None
        return found if self.file(table, found) == path else None

    def is_table(self, path: str) -> bool:
        """Whether `path` is that of a file of a partition."""
        table = path.partition("/")[0]
        return table in KEYS and self.number_of(table, path) is not None


DAILY, MONTHLY = Partitions("day"), Partitions("month")


def stated(marker: bytes | None, file_bytes: int = FILE_BYTES) -> Partitions:
    """The partitions that the marker of a warehouse names. Raises ValueError."""
    by = json.loads(marker or b"{}").get("partitions", "day")
    if by not in ("day", "month"):
        raise ValueError(f"partitions by {by!r}")
    return Partitions(by, file_bytes)


def signatures(level: int) -> str:
    """The file of a level of the keys by which copies are found."""
    return f"{SIGNATURES}/{level}.parquet"


def outlines(level: int) -> str:
    """The file of a level of the bitmaps beside it."""
    return f"{SIGNATURES}/outlines-{level}.parquet"


def is_signature(path: str) -> bool:
    """Whether `path` is a file of one of them."""
    return path == SIGNATURES_STATE or any(path in map(file, range(LEVELS)) for file in (signatures, outlines))


def staging(number: int, run_id: str) -> str:
    """The folder in which a run stages its files; `number` is that of its lock, 0 in a local folder."""
    return f"{STAGING}/{number:08}-{run_id}" if number else f"{STAGING}/{run_id}"


def staged_by(folder: str) -> tuple[int, str]:
    """The number of the lock and the run id in the name of a folder directly below the staging area."""
    number, _, run_id = folder.partition("-")
    return (int(number), run_id) if len(number) == 8 and number.isdecimal() and number.isascii() else (0, folder)


def is_table(path: str) -> bool:
    """Whether `path` is that of a file of a partition, in a warehouse by day or by month."""
    return DAILY.is_table(path) or MONTHLY.is_table(path)


def file(table: str, number: int) -> str:
    """The path of a file of a table that always is by day."""
    return DAILY.file(table, number)


def number_of(table: str, path: str) -> int | None:
    """The number of a file of a table that always is by day; None if it is not a file of that table."""
    return DAILY.number_of(table, path)
