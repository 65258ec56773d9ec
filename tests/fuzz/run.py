"""One target under the coverage-guided fuzzer: `python -m fuzz.run TARGET SECONDS`; `make fuzz` runs them all.

What is found stands in `out/fuzz/TARGET/`; a finding that is mended becomes a seed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

SEEDS = Path(__file__).parent / "seeds"
#: Bytes of an input, seconds that one may take, and memory in MB.
LONGEST, SLOWEST, MEMORY = 4_096, 30, 4_096


def main() -> None:
    name, seconds = sys.argv[1:3]
    with atheris.instrument_imports(include=["copydesk"]):
        from fuzz.targets import TARGETS

        for seed in (
            SEEDS / name
        ).iterdir():  # so that all is imported while it is watched, and read before time counts
            TARGETS[name](seed.read_bytes())
    found = Path("out/fuzz") / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}"]
    options += [f"-artifact_prefix={found}{os.sep}", "-print_final_stats=1"]
    corpus = found / "corpus"
    corpus.mkdir(exist_ok=True)
    atheris.Setup([sys.argv[0], str(corpus), str(SEEDS / name), *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
