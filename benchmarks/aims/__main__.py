"""The aims for speed and memory, as one table: what, figure, spread of the runs, aim, met or not.

    python -m benchmarks.aims                                        10,000 articles, and 12,000 known ones
    python -m benchmarks.aims --sizes 500 --modes off --parts path --runs 2      a minute
    python -m benchmarks.aims --sizes 10000,100000 --known 1000000   larger ones: hours
    python -m benchmarks.aims --data FOLDER                          real articles: *.jsonl.gz with raw_text (or text)
    python -m benchmarks.aims --parts path,growth,single,peers       some of it
    python -m benchmarks.aims --parts peers --peers PYTHON           other tools, where that Python has them
    python -m benchmarks.aims.quote out/aims.json                    writes its results into benchmarks/README.md

A figure is the median of `--runs` runs. Ratios are paired: both sides take the same articles in the same minute, and
each run takes others. Articles are made up from a seed (`benchmarks.corpus`) unless `--data` is given. Exits with 1 if
an aim is not met and `--strict` is given.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import corpus
from benchmarks.aims import growth, path, peers, single
from benchmarks.aims.figures import HEAD, Figure, line
from benchmarks.machine import Machine, subject

PARTS = ("path", "growth", "single")
#: The load average, before the first run, from which wall times say nothing.
BUSY = 0.5


def figures(options: argparse.Namespace, folder: Path, busy: bool) -> Iterator[Figure]:
    """All that is asked for, one after the other; `busy` if other programs ran before the first run."""
    source, chosen = corpus.source(options.data, options.seed), options.parts
    if "path" in chosen:
        yield from path.figures(
            path.Plan(source, options.sizes, options.modes, options.runs, folder, not options.alone, busy)
        )
    if "growth" in chosen:
        yield from growth.figures(growth.Plan(source, options.known, options.night, options.runs, folder))
    if "single" in chosen:
        yield from single.figures(source, options.runs, folder)
    if options.peers:
        yield from peers.figures(peers.Plan(source, options.sizes[0], options.runs, folder, options.peers))


def setting(options: argparse.Namespace) -> dict[str, Any]:
    """When and where: what a table of figures is worth nothing without."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": subject(),
        **Machine.here()._asdict(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "articles": "real" if options.data else f"made up, seed {options.seed}",
        "runs": options.runs,
    }


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real articles instead of made-up ones")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed makes other articles")
    parser.add_argument("--sizes", type=numbers, default="10000", metavar="N,N", help="[default: %(default)s]")
    parser.add_argument("--modes", type=names, default="full,fast,off", metavar="M,M", help="[default: %(default)s]")
    known = "articles that a warehouse has before a night  [default: %(default)s]"
    parser.add_argument("--alone", action="store_true", help="leave out the runs with two workers")
    parser.add_argument("--known", type=numbers, default="12000", metavar="N,N", help=known)
    parser.add_argument("--night", type=int, default=5_000, metavar="N", help="articles of it  [default: %(default)s]")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each  [default: %(default)s]")
    parser.add_argument("--parts", type=names, default=",".join(PARTS), metavar="P,P", help="[default: %(default)s]")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter with datatrove or data-juicer, to run beside")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON, after each line")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if an aim is not met")
    return parser.parse_args(arguments)


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def names(text: str) -> list[str]:
    return text.split(",")


def write(file: Path, here: Mapping[str, Any], found: Iterable[Figure]) -> None:
    """Write what was measured so far: whoever interrupts hours of it keeps that."""
    made = json.dumps({**here, "figures": [figure.as_json() for figure in found]}, indent=1, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(made + "\n", encoding="utf-8")
    part.replace(file)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parsed(arguments)
    found: list[Figure] = []
    here = setting(options)
    print("  ".join(f"{name}: {value}" for name, value in here.items()), f"\n{line(HEAD)}", sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="copydesk-aims-") as scratch:
        for figure in figures(options, Path(scratch), here["load"] > BUSY):
            found.append(figure)
            print(line(figure.cells()), flush=True)
            if options.json:
                write(options.json, here, found)
    return int(options.strict and any(figure.verdict == "NOT MET" for figure in found))


if __name__ == "__main__":
    sys.exit(main())
