"""A site that never has dates is a fact, and no warning night after night."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from nights import night, story

from copydesk.sites.bands import FEWEST

FIRST = date(2024, 5, 3)


def severity(folder: Path, number: int, undated: bool) -> str | None:
    """The severity of a night of twelve new articles of one site."""
    raw = folder / f"{number}"
    raw.mkdir()
    records = [
        {"url": f"https://plain.example/{number}-{n}", "text": story(12 * number + n, *([""] if undated else []))}
        for n in range(12)
    ]
    (raw / "a.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    done = night(raw, folder / "w", FIRST + timedelta(days=number), gate={"min_documents": 5}, run={"workers": 1})
    assert done.row is not None and done.row["published"] == 12
    return done.severity


def test_a_site_that_never_has_dates_is_told_until_it_is_known(tmp_path: Path) -> None:
    told = [severity(tmp_path, number, undated=True) for number in range(FEWEST + 2)]
    assert told == ["warning"] * FEWEST + [None, None]


def test_a_site_that_loses_its_dates_is_told(tmp_path: Path) -> None:
    told = [severity(tmp_path, number, undated=number > 0) for number in range(FEWEST + 2)]
    assert told == [None] + ["warning"] * (FEWEST + 1)
