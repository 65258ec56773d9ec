"""Throughput and memory of the whole pipeline, compared with a plain script on the same text, and where time goes.

    python benchmarks/throughput.py                                1,000 and 10,000 made-up articles
    python benchmarks/throughput.py --sizes 1000,10000,100000      other sizes
    python benchmarks/throughput.py --data FOLDER                  real ones: *.jsonl.gz with raw_text (or text)
    python benchmarks/throughput.py --profile 10000                the most expensive functions, file by file

Both programs read one JSON Lines file and write Parquet, each in its own process, on the same core
(`benchmarks.contenders`). Start-up is counted separately. Rates are raw UTF-8 bytes of text per wall time; `× plain`
compares CPU seconds, which depend less on the load of the machine.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import contenders, corpus, parts
from benchmarks.contenders import Night


def compare(
    source: corpus.Source, sizes: Iterable[int], folder: Path, modes: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Measure copydesk in each of `modes` and the plain script at each size; then where the time of the first goes."""
    for count in sizes:
        articles = folder / f"articles-{count}.jsonl"
        row: dict[str, Any] = {"articles": count, "bytes": corpus.write(source.records(0, count), articles)}
        nights = {mode: Night(articles, folder / mode, source.day(count), mode) for mode in modes}
        for mode, night in nights.items():
            row[mode] = contenders.measured("copydesk", night)
        row["plain"] = contenders.measured("plain", nights[modes[0]])
        watched = nights[modes[0]]._replace(warehouse=folder / "watched")
        row["parts"] = contenders.measured("copydesk", watched, watch_parts=True)["parts"]
        articles.unlink()
        yield row


COLUMNS = ("articles", "MB", "", "seconds", "CPU s", "MB/s", "articles/s", "peak MiB", "start-up", "× plain")
WIDTHS = (9, 8, 10, 9, 8, 7, 11, 9, 9, 8)


def line(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def cells(row: dict[str, Any], name: str) -> list[str]:
    """One contender at one size, in the order of `COLUMNS`."""
    one = row[name]
    return [
        f"{row['articles']:,}",
        f"{row['bytes'] / 1e6:.1f}",
        name,
        f"{one['seconds']:.1f}",
        f"{one['cpu']:.1f}",
        f"{row['bytes'] / 1e6 / one['seconds']:.2f}",
        f"{row['articles'] / one['seconds']:,.0f}",
        f"{one['peak'] / 2**20:,.0f}",
        f"{one['startup']:.1f}",
        f"{row['plain']['cpu'] / one['cpu']:.2f}",
    ]


def profile(source: corpus.Source, count: int, folder: Path, mode: str) -> None:
    """Print the functions that take most of their own time, under cProfile, which makes small functions look larger."""
    articles = folder / "articles.jsonl"
    corpus.write(source.records(0, count), articles)
    profiler = cProfile.Profile()
    profiler.enable()
    contenders.copydesk(Night(articles, folder / "warehouse", source.day(count), mode))
    profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(30)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real articles: *.jsonl.gz with raw_text or text")
    parser.add_argument(
        "--sizes", default="1000,10000", metavar="N,N", help="numbers of articles  [default: %(default)s]"
    )
    parser.add_argument(
        "--modes", default="full,fast,off", metavar="M,M", help="values of typos.mode  [default: %(default)s]"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")
    parser.add_argument("--profile", type=int, metavar="N", help="profile N articles instead, in the first of --modes")
    options = parser.parse_args(arguments)
    source, modes = corpus.source(options.data), options.modes.split(",")
    with tempfile.TemporaryDirectory(prefix="copydesk-throughput-") as scratch:
        if options.profile:
            profile(source, options.profile, Path(scratch), modes[0])
            return 0
        print(f"one core, one worker\n{line(COLUMNS)}")
        rows = []
        for number, size in enumerate(options.sizes.split(",")):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            rows += compare(source, [int(size)], folder, modes)
            print("\n".join(line(cells(rows[-1], name)) for name in (*modes, "plain")), flush=True)
        print(f"\n{parts.table(rows[-1]['parts'], rows[-1]['articles'])}")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
