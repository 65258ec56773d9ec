"""Small inputs behind public bug reports of such tools: whether each comes out right, by kind.

`DATA/cases/*.jsonl`: `id`, `kind`, `input` (or `input_b64`), `field`, `expected`, `verdict` (`damage`: good text or a
right value was made wrong), and where known `media` and `title`. The field is `body`, in which the expected piece
stands, `headline`, `published_date`, or `byline` with its names joined by semicolons. Cases without a
field are about tables and whole runs, and are not measured here.
"""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copydesk
from copydesk.records import Cleaned

from .material import Row, progress

STEP = "reports"
_BETWEEN_NAMES = re.compile(r"\s*[;,]\s*")


def cases(data: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((data / "cases").glob("*.jsonl")):
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines() if line)


def cleaned(case: dict[str, Any]) -> Cleaned:
    content = base64.b64decode(case["input_b64"]) if "input_b64" in case else case["input"]
    return copydesk.clean(content, uri=case["id"], title=case.get("title"), media_type=case.get("media"))


def got(field: str, result: Cleaned) -> str:
    """The value of `field`; of a document that was held back, why."""
    article = result.article
    if article is None:
        return "held back: " + ", ".join(problem.rule for problem in result.problems)
    value = getattr(article, field)
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def is_right(case: dict[str, Any], value: str) -> bool:
    expected = case["expected"]
    if case["field"] == "body":
        return expected in value
    if case["field"] == "byline":
        return _BETWEEN_NAMES.split(expected) == _BETWEEN_NAMES.split(value)
    return bool(expected == value)


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. All cases are run, whatever `sample` says."""
    known = [case for case in cases(data) if "field" in case]
    kinds: dict[str, dict[str, int]] = defaultdict(lambda: {"n": 0, "right": 0})
    failures = []
    for case in progress(known, "reports"):
        value = got(case["field"], cleaned(case))
        right = is_right(case, value)
        of_damage = ["damage"] if case["verdict"] == "damage" else []
        for kind in (case["kind"], "all", *of_damage):
            kinds[kind]["n"] += 1
            kinds[kind]["right"] += right
        if not right:
            failures.append({**case, "got": value})
    aims = {"damage": "100", "all": "≥ 85"}
    rows = [
        Row(STEP, kind, "right", count["right"] / count["n"], count["n"], aim=aims.get(kind, ""))
        for kind, count in sorted(kinds.items(), key=lambda item: item[0] in aims)
    ]
    return rows, {"kinds": dict(kinds), "failures": failures}
