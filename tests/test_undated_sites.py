"""A site that never has dates is a fact, and no warning night after night."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from nights import night, story

from copydesk.sites.bands import FEWEST

FIRST = date(2024, 5, 3)


def severity(folder: Path, number: int, undated: bool, named: bool = False) -> str | None:
    """The severity of a night of twelve new articles of one site, of which each has its address beside its name where
    they are `named`.
    """
    raw = folder / f"{number}"
    raw.mkdir()
    records = []
    for n in range(12):
        address = f"https://plain.example/{number}-{n}"
        names = {"url": f"art-{number}-{n}", "link": address} if named else {"url": address}
        records.append({**names, "text": story(12 * number + n, *([""] if undated else []))})
    (raw / "a.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    done = night(raw, folder / "w", FIRST + timedelta(days=number), gate={"min_documents": 5}, run={"workers": 1})
    assert done.row is not None and done.row["published"] == 12
    return done.severity


@pytest.mark.parametrize("named", [False, True])
def test_a_site_that_never_has_dates_is_told_until_it_is_known(tmp_path: Path, named: bool) -> None:
    told = [severity(tmp_path, number, undated=True, named=named) for number in range(FEWEST + 2)]
    assert told == ["warning"] * FEWEST + [None, None]


def test_a_site_that_loses_its_dates_is_told(tmp_path: Path) -> None:
    told = [severity(tmp_path, number, undated=number > 0) for number in range(FEWEST + 2)]
    assert told == [None] + ["warning"] * (FEWEST + 1)
