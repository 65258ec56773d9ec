"""Rows of the table `articles` as clusters are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from copydesk.duplicates import wires
from copydesk.duplicates.candidates import crowded
from copydesk.duplicates.clusters import USUAL, Clusters, Settings, cluster, rank
from copydesk.duplicates.compare import Text
from copydesk.duplicates.entries import Entries, Entry
from copydesk.duplicates.shingles import Outlines, shingles, spaced
from copydesk.duplicates.sketch import Sketches, sketch

#: The columns that clusters depend on, and the partition.
COLUMNS = (
    *(
        "article_id",
        "uri",
        "headline",
        "body",
        "published_at",
        "modified_at",
        "site",
        "agency",
        "byline",
        "attribution",
    ),
    *("word_count", "published_date"),
)

Row = Mapping[str, Any]


def entries(rows: Sequence[Row]) -> list[Entry]:
    """An entry for each row with `COLUMNS`."""
    made = _sketches(rows)
    columns = made.contents.tolist(), made.titles, made.keys, *Outlines.of(made.shingles)
    return [
        Entry(
            row["article_id"],
            content,
            title,
            keys,
            rank(_ordinal(row["published_date"]), row["word_count"], row["article_id"]),
            bitmap,
            int(different),
            wires.mark(row),
            wires.publisher(row["site"]),
        )
        for row, content, title, keys, bitmap, different in zip(rows, *columns, strict=True)
    ]


def outlines(bodies: Sequence[str]) -> Outlines:
    """The outlines of the bodies of articles."""
    return Outlines.of(shingles([spaced(body) for body in bodies]))


def texts(rows: Sequence[Row]) -> dict[str, Text]:
    """The text of each row with `COLUMNS`, by its id."""
    made = _sketches(rows)
    return {
        row["article_id"]: Text(
            dict(row), made.spaced[number], made.headlines[number], made.told[number], made.shingles.of(number)
        )
        for number, row in enumerate(rows)
    }


def clusters(rows: Sequence[Row], settings: Settings = USUAL) -> Clusters:
    """The clusters of all of these articles. What a warehouse does night by night comes to the same."""
    made = Entries.of(entries(rows))
    dead = crowded(made.keys, made.digests[made.owners(np.arange(len(made.keys)))], settings.sharing)
    return cluster(
        made, dead, lambda some: dict(zip(some, texts([rows[n] for n in some]).values(), strict=True)), settings.limits
    )


def _sketches(rows: Sequence[Row]) -> Sketches:
    columns = ([row[name] for row in rows] for name in ("body", "headline", "published_date", "site"))
    return sketch(*columns)


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()
