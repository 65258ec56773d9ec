"""Accuracy of the structure step: synthetic layouts around clean bodies, each field compared with the planted value.

    python benchmarks/layouts.py                       2,000 layouts around the project's own bodies
    python benchmarks/layouts.py BODIES.jsonl          around others: title (or headline) and body (or raw_text, text)
    python benchmarks/layouts.py --data FOLDER         around real ones: every *.jsonl.gz, as far as they are clean
    python benchmarks/layouts.py --show byline         with examples of errors

The forms are in `layouts.toml`. A field must match exactly; one that was not planted must be null. If two values are
acceptable (a counter `1.2K`, which of two whole headlines is kept), both count.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from planter import FIELDS, Body, Layout, layouts, read_bodies

import copydesk

BODIES = Path(__file__).with_name("bodies.jsonl")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"'})


def fold(text: str) -> str:
    """`text` with straight quotes and single spaces: what repair may change without structure being wrong."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_QUOTES).split())


def found(name: str, article: Any) -> Any:
    """The field as it came out, in the shape of the truth: None where it is empty."""
    value = getattr(article, name)
    if name == "body":
        return tuple(value.split("\n\n"))
    return value if value == 0 else value or None


def right(name: str, value: Any, accepted: tuple[Any, ...]) -> bool:
    """Whether `value` is one of the `accepted` values of the field `name`."""
    if value is None or accepted == (None,):
        return value is None and None in accepted
    match name:
        case "published_date" | "view_count":
            return value in accepted
        case "date_text":  # as the document writes it; how much of the line belongs to it is left open
            return any(fold(value) in fold(line) and re.search(r"\d{4}", value) for line in accepted)
        case "byline":
            names = [fold(person).casefold() for person in value]
            return any(
                option and names in ([fold(p).casefold() for p in option], [fold(p.upper()).casefold() for p in option])
                for option in accepted
            )
        case "body":
            return any([fold(p) for p in value] == [fold(p) for p in option] for option in accepted)
    return any(option is not None and fold(value) == fold(option) for option in accepted)


@dataclass(slots=True)
class Result:
    """Counts over all layouts: `right[field]`, `total`, and by form how often it was drawn and failed in a field."""

    total: int = 0
    right: Counter[str] = field(default_factory=Counter)
    drawn: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failures: list[tuple[str, Layout, Any]] = field(default_factory=list)

    def worst(self, name: str, count: int = 6) -> list[tuple[str, str, int, int]]:
        """The forms with the largest share of failures in the field: part, form, failed, drawn."""
        rows = [(part, form, n, self.drawn[part, form]) for (f, part, form), n in self.failed.items() if f == name]
        return sorted(rows, key=lambda row: (-row[2] / (row[3] + 3), row[:2]))[:count]


def measure(clean: Callable[..., Any], bodies: Sequence[Body], count: int, seed: int = 0) -> Result:
    """Clean `count` planted pages with `clean(raw_bytes, uri=…)` and compare every field."""
    result = Result()
    for index, layout in enumerate(layouts(bodies, count, seed)):
        article = clean(layout.text.encode(), uri=f"layout-{index}.txt").article
        result.total += 1
        kinds = set(layout.forms)
        result.drawn.update(kinds)
        for name in FIELDS:
            value = None if article is None else found(name, article)
            if right(name, value, layout.truth[name]):
                result.right[name] += 1
            else:
                result.failed.update((name, part, form) for part, form in kinds)
                result.failures.append((name, layout, value))
    return result


def table(result: Result) -> str:
    """The result as text: fields with their share, and under each the forms that fail most."""
    lines = [f"{result.total} layouts", f"{'field':<16}{'right':>9}{'share':>10}"]
    lines += [f"{f:<16}{result.right[f]:>9}{result.right[f] / result.total:>10.2%}" for f in FIELDS]
    for name in FIELDS:
        if rows := result.worst(name):
            lines += ["", f"{name}: forms that fail most (failed of drawn)"]
            lines += [f"  {bad:>4} of {drawn:<5} {part}: {form!r}" for part, form, bad, drawn in rows]
    return "\n".join(lines)


def example(layout: Layout, value: Any, name: str) -> str:
    """One failure, for reading: what was drawn, what came out, and the page with its middle left out."""
    text = layout.text if len(layout.text) < 1000 else f"{layout.text[:600]}\n[…]\n{layout.text[-250:]}"
    drawn = "; ".join(f"{part}: {form}" for part, form in layout.forms)
    return f"{'=' * 100}\n{drawn}\nexpected {name}: {layout.truth[name]!r}\ngot: {value!r}\n{'-' * 100}\n{text}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bodies", nargs="?", type=Path, default=BODIES, help="JSON Lines of clean bodies")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real articles: *.jsonl.gz with title and raw_text")
    parser.add_argument("-n", "--layouts", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", choices=FIELDS, metavar="FIELD", help="print failing examples of this field")
    parser.add_argument("--examples", type=int, default=5, metavar="N", help="how many of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the shares and the failing forms as JSON")
    options = parser.parse_args(arguments)

    paths = sorted(options.data.glob("*.jsonl.gz")) if options.data else [options.bodies]
    bodies = [body for path in paths for body in read_bodies(path)]
    if not bodies:
        parser.error("no clean bodies found")
    random.Random(options.seed).shuffle(bodies)
    result = measure(copydesk.clean, bodies, options.layouts, options.seed)
    print(f"{len(bodies)} bodies, {table(result)}")
    if options.show:
        failures = ((layout, value) for name, layout, value in result.failures if name == options.show)
        for layout, value in islice(failures, options.examples):
            print(example(layout, value, options.show))
    if options.json:
        report = {
            "layouts": result.total,
            "bodies": len(bodies),
            "seed": options.seed,
            "share": {name: result.right[name] / result.total for name in FIELDS},
            "worst": {name: result.worst(name, 20) for name in FIELDS},
        }
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
