"""Accuracy of each step on real text, compared with the usual tool for it.

    python -m benchmarks.accuracy                                      on the project's own sentences
    python -m benchmarks.accuracy --data DATA                          on other text; for DATA see `material.py`
    python -m benchmarks.accuracy --data DATA --section mojibake       one section, or several
    python -m benchmarks.accuracy --data DATA --detail                 also by kind and language
    python -m benchmarks.accuracy --data DATA --json out/accuracy.json all results, and examples of errors

Samples are drawn with fixed seeds; `--sample N` sets their size, which each section explains.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from .floors import OWN, raise_floors
from .material import Row

SECTIONS = ("mojibake", "encodings", "languages", "structure", "extraction", "pages", "reports", "cost")


def figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.2f}" if unit == "%" else f"{value:,.4g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as text, with shares in percent."""
    lines = [f"{'step':<10} {'material':<54} {'metric':<22} {'copydesk':>9}  {'n':>7}  {'aim':<8} peers"]
    for row in rows:
        peers = ", ".join(f"{name} {figure(value, row.unit)}" for name, value in row.peers.items())
        lines.append(
            f"{row.step:<10} {row.material:<54} {row.metric:<22} {figure(row.copydesk, row.unit):>9}"
            f"  {row.n:>7,}  {row.aim:<8} {peers}".rstrip()
        )
    return "\n".join(lines)


def detail(report: dict[str, Any], indent: str = "  ") -> str:
    """Kinds and languages of a section's report, one a line."""
    lines = []
    for part in ("kinds", "languages"):
        for name, found in report.get(part, {}).items():
            lines.append(f"{indent}{part}: {name}")
            for key, value in found.items():
                lines.append(f"{indent * 2}{key:<24} {_short(value)}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {_short(item)}" for key, item in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=OWN, metavar="DATA", help="folder of text (the project's own)")
    parser.add_argument("--section", nargs="+", choices=SECTIONS, default=SECTIONS, help="what to measure (all)")
    parser.add_argument("--sample", type=int, metavar="N", help="how much of it: documents of a language, articles, …")
    parser.add_argument("--hostile", action="store_true", help="with `cost`: megabytes of one character, too (minutes)")
    parser.add_argument("--detail", action="store_true", help="kinds and languages, too")
    parser.add_argument("--raise-floors", type=Path, metavar="FILE", help="raise tests/floors.json to what is reached")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results, with examples of errors")
    chosen = parser.parse_args(arguments)
    if chosen.raise_floors:
        raise_floors(chosen.raise_floors)
        return
    rows: list[Row] = []
    reports: dict[str, Any] = {}
    for name in chosen.section:
        began = time.process_time()
        more = {"with_hostile": chosen.hostile} if name == "cost" else {}
        found, report = import_module(f"{__package__}.{name}").run(chosen.data, chosen.sample, **more)
        rows += found
        reports[name] = report | {"cpu_seconds": round(time.process_time() - began, 1)}
    print(table(rows))
    if chosen.detail:
        for name, report in reports.items():
            print(f"\n{name}\n{detail(report)}")
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        keep = ("step", "material", "metric", "copydesk", "peers", "n", "aim", "unit", "harm")
        whole = {"rows": [{key: getattr(row, key) for key in keep} for row in rows], "sections": reports}
        chosen.json.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
