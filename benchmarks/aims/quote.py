"""Writes results into `benchmarks/aims.json` and `benchmarks/README.md`, with their date and machine.

python -m benchmarks.aims.quote out/aims.json [MORE…]    what `--json` of `benchmarks.aims` wrote, in this order
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.aims.figures import Figure, markdown

RESULTS = Path(__file__).parents[1] / "aims.json"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- figures of benchmarks/aims.json -->", "<!-- end of the figures -->"


def quoted(results: Iterable[Mapping[str, Any]]) -> str:
    """The results as tables, one for the results of a day, a machine and a kind of articles."""
    tables: dict[str, list[Figure]] = {}
    for result in results:
        figures = [Figure.of_json(figure) for figure in result["figures"]]
        tables.setdefault(_where(result), []).extend(figures)
    return "\n\n".join(f"{where}\n\n{markdown(figures)}" for where, figures in tables.items())


def _where(result: Mapping[str, Any]) -> str:
    machine = f"{result['processor']}, {result['cores']} cores, Python {result['python']}"
    return f"{result['date']}, {machine}; articles: {result['articles']}."


def with_figures(page: str, results: Iterable[Mapping[str, Any]]) -> str:
    """The README with these results in place of those that it quotes."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{quoted(results)}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    results = [json.loads(path.read_text("utf-8")) for path in parser.parse_args(arguments).files]
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(with_figures(README.read_text("utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
