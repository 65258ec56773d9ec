"""What is compared, each in a process of its own: a night of copydesk, and a plain script on the same articles.

    python -m benchmarks.contenders plain articles.jsonl warehouse
    python -m benchmarks.contenders copydesk articles.jsonl warehouse --mode off --workers 2

`plain` is what many write by hand: `pandas.read_json`, `ftfy.fix_text`, `to_parquet`. Both first do the same with a
single article, so that imports, models and suites are loaded before the clock starts: that time is `startup`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import parts, processes
from copydesk import own_process

#: English, with a typo: it loads what the correction of typos needs.
ONE = {
    "id": "warm",
    "text": "Ferry sails again\n\nThe harbour authority said on Monday that the fery would sail again.",
}


class Night(NamedTuple):
    """The articles of a night as JSON Lines, the warehouse, the date of the run, `typos.mode` and worker processes."""

    articles: Path
    warehouse: Path
    day: date
    mode: str = "full"
    workers: int = 1


def copydesk(night: Night) -> int:
    """One run; the number of published articles."""
    from copydesk.config import Config
    from copydesk.run import nightly
    from copydesk.run.job import Job

    config = Config.model_validate({"run": {"workers": night.workers}, "typos": {"mode": night.mode}})
    outcome = nightly.run(Job((str(night.articles),), str(night.warehouse), night.day, config))
    return int(outcome.row["published"]) if outcome.row else 0


def plain(night: Night) -> int:
    """What many do: read, `ftfy.fix_text`, write; the number of rows."""
    import ftfy
    import pandas as pd

    frame = pd.read_json(night.articles, lines=True)
    frame["text"] = frame["text"].map(ftfy.fix_text)
    frame.to_parquet(night.warehouse.with_suffix(".parquet"))
    return len(frame)


CONTENDERS: dict[str, Callable[[Night], int]] = {"copydesk": copydesk, "plain": plain}


def measured(name: str, night: Night, watch_parts: bool = False) -> dict[str, Any]:
    """Run a contender in a fresh process, in a warehouse that may be there already; what it took.

    `startup` and `seconds` are wall time, `cpu` the CPU seconds behind the start, also of worker processes; `peak` are
    bytes of this process alone.
    """
    command = ["-m", "benchmarks.contenders", name, str(night.articles), str(night.warehouse), "--mode", night.mode]
    command += ["--day", night.day.isoformat(), "--workers", str(night.workers)]
    done = processes.python([*command, "--parts"] if watch_parts else command)
    took: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return took


def contend(name: str, night: Night, watch_parts: bool) -> dict[str, Any]:
    """Be a contender, with one worker on one core; what it took."""
    if night.workers == 1:
        _on_one_core()
    start = time.perf_counter()
    _warm(name, night)
    clock = parts.watched() if watch_parts else parts.Clock()
    started, busy = time.perf_counter(), _cpu()
    published = CONTENDERS[name](night)
    seconds, cpu = time.perf_counter() - started, _cpu() - busy
    spent = dict(clock.spent)
    if watch_parts:
        spent["everything else"] = seconds - sum(spent.values())
    startup = started - start
    return {
        "startup": startup, "seconds": seconds, "cpu": cpu, "parts": spent,
        "published": published, "peak": processes.peak(),
    }  # fmt: skip


def _on_one_core() -> None:
    import pyarrow as pa

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _warm(name: str, night: Night) -> None:
    """The same with one article, in this process."""
    with tempfile.TemporaryDirectory(prefix="copydesk-warm-") as scratch:
        article = Path(scratch) / "one.jsonl"
        article.write_text(json.dumps(ONE) + "\n", encoding="utf-8")
        CONTENDERS[name](night._replace(articles=article, warehouse=Path(scratch) / "warehouse", workers=1))


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("articles", type=Path)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2024, 5, 3), metavar="DATE")
    parser.add_argument("--mode", default="full", help="typos.mode  [default: full]")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--parts", action="store_true", help="where the time goes, too; that takes some")
    options = parser.parse_args(arguments)
    night = Night(options.articles, options.warehouse, options.day, options.mode, options.workers)
    if options.name == "copydesk":
        own_process.settle()  # as the command line does
    print(json.dumps(contend(options.name, night, options.parts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
