"""Articles of templates that strangers share, from `cases/duplicates/templates.json`, written for copydesk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from copydesk.records import article_id

CASES = Path(__file__).parent / "cases" / "duplicates"


def row(
    uri: str, headline: str, body: str, day: date | None = date(2024, 5, 1), site: str = "a.example", **more: Any
) -> dict[str, Any]:
    """A row of `articles` with the columns that clusters depend on."""
    return {
        "article_id": article_id(uri), "uri": uri, "headline": headline, "body": body, "site": site,
        "published_date": day, "published_at": day and datetime.combine(day, time(), UTC), "modified_at": None,
        "agency": None, "byline": (), "attribution": None, "word_count": len(f"{headline} {body}".split()), **more,
    }  # fmt: skip


def strangers() -> Iterator[list[dict[str, Any]]]:
    """The articles of each template: one for each place in its slots, on as many days."""
    for one in json.loads((CASES / "templates.json").read_text("utf-8")):
        count = min(map(len, one["slots"].values()))
        filled = [{name: words[number] for name, words in one["slots"].items()} for number in range(count)]
        yield [
            row(
                f"{one['site']}/{one['name']}/{number}",
                one["headline"].format(**slots),
                one["body"].format(**slots),
                date(2024, 5, 1) + timedelta(days=number),
                one["site"],
            )
            for number, slots in enumerate(filled)
        ]
