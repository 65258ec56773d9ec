"""Writes made-up news; `benchmarks.corpus` says how it is made."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import corpus


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=corpus.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, metavar="N", help="number of articles")
    parser.add_argument("file", type=Path, metavar="FILE", help="where they are written, as JSON Lines")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="number of the first  [default: 0]")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed gives other articles")
    options = parser.parse_args(arguments)
    records = corpus.Corpus(options.seed).records(options.start, options.start + options.count)
    print(f"{options.count:,} articles, {corpus.write(records, options.file) / 1e6:,.1f} MB of text")
    return 0


if __name__ == "__main__":
    sys.exit(main())
