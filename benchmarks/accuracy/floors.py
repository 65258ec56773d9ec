"""Floors: the results reached on the project's own sentences, checked by a test.

The same sentences give the same results, so a floor can be close to them. Errors that should not occur at all (changes
of clean text, wrong dates) must not come back once they are gone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from .material import Row

OWN = Path(__file__).with_name("own")
SECTIONS = ("mojibake", "encodings", "languages", "structure", "extraction", "pages")
#: How far a share may fall below the result: another version of ftfy or chardet may treat a document differently.
MARGIN = 0.01


def key(row: Row) -> str:
    """The name of a row among the floors."""
    return f"{row.step}: {row.material}: {row.metric}"


def measured(section: str) -> list[Row]:
    """The rows of a section on the project's own sentences."""
    rows: list[Row] = import_module(f"{__package__}.{section}").run(OWN, None, peers=False)[0]
    return [row for row in rows if row.has_floor]


def fallen(rows: Iterable[Row], floors: dict[str, float]) -> list[str]:
    """The rows that are worse than their floor, in words."""
    found = []
    for row in rows:
        floor, figure = floors.get(key(row)), row.copydesk
        if floor is not None and figure is not None and (figure > floor if row.harm else figure < floor):
            found.append(f"{key(row)}: {figure:.4f}, and {'at most' if row.harm else 'at least'} {floor} was reached")
    return found


def raised(rows: Iterable[Row], floors: dict[str, float]) -> dict[str, float]:
    """A floor for each row: its result minus the margin, if that is better than the present floor."""
    new = {}
    for row in rows:
        figure = row.copydesk or 0.0
        if row.harm:
            reached = 0.0 if figure == 0 else math.ceil(1000 * (figure + MARGIN)) / 1000
            new[key(row)] = min(reached, floors.get(key(row), reached))
        else:
            reached = max(0.0, math.floor(1000 * (figure - MARGIN)) / 1000)
            new[key(row)] = max(reached, floors.get(key(row), reached))
    return new


def raise_floors(path: Path) -> None:
    """Measure everything on the project's own sentences and raise the floors of the file `path`."""
    every = json.loads(path.read_text("utf-8"))
    rows = [row for section in SECTIONS for row in measured(section)]
    every["accuracy"] = raised(rows, every.get("accuracy", {}))
    path.write_text(json.dumps(every, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
