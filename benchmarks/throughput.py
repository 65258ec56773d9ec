"""Throughput and memory of the whole pipeline, compared with a plain script on the same text.

    python benchmarks/throughput.py                                1,000 and 10,000 articles made from the examples
    python benchmarks/throughput.py --sizes 1000,10000,100000      other sizes
    python benchmarks/throughput.py --data FOLDER                  made from *.jsonl.gz with raw_text (or text)
    python benchmarks/throughput.py --profile 10000                the most expensive functions, file by file

Articles are made by repeating a pool with new ids. Both programs read one JSON Lines file and write Parquet, each in
its own process, on the same core; `plain` is pandas, `ftfy.fix_text` and `to_parquet`. Start-up (imports, suites) is
counted separately. Rates are raw UTF-8 bytes of text per wall time; `× plain` compares CPU seconds, which depend less
on the load of the machine.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import os
import pstats
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial, wraps
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXAMPLES, BODIES = HERE.parent / "examples" / "raw", HERE / "bodies.jsonl"
DAY = date(2024, 5, 3)
_TEXT_FIELDS = ("raw_text", "text", "content", "body")


# --- the articles ----------------------------------------------------------------------------------------------------


def pool(data: Path | None, seed: int = 0) -> list[str]:
    """The texts that articles are made from, in a fixed random order."""
    texts = list(_from_data(data) if data else _from_project())
    if not texts:
        raise SystemExit(f"{data}: no *.jsonl.gz with {', '.join(_TEXT_FIELDS)}")
    random.Random(seed).shuffle(texts)
    return texts


def _from_data(data: Path) -> Iterator[str]:
    for path in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                text = next((record[name] for name in _TEXT_FIELDS if record.get(name)), None)
                if text:
                    yield text


def _from_project() -> Iterator[str]:
    for path in sorted(EXAMPLES.glob("*.txt")):
        with suppress(UnicodeDecodeError):
            if text := path.read_text("utf-8").strip():
                yield text
    for line in BODIES.read_text("utf-8").splitlines():
        body = json.loads(line)
        yield "\n\n".join([body["headline"], "May 21, 2019", *body["paragraphs"]])


def write_articles(texts: Sequence[str], count: int, path: Path) -> int:
    """Write `count` articles as JSON Lines; the bytes of their texts."""
    size = 0
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = texts[number % len(texts)]
            size += len(text.encode("utf-8", "surrogatepass"))
            file.write(json.dumps({"id": f"article-{number}", "text": text}) + "\n")
    return size


# --- the contenders, each in a process of its own --------------------------------------------------------------------


class Clock:
    """Wall time by part, without that of the parts within it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Count the calls of `owner.name` as `part`."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            return self._timed(part, lambda: function(*args, **kwargs))

        setattr(owner, name, timed)

    def wrap_iterator(self, owner: Any, name: str, part: str) -> None:
        """Count the steps of the iterator that `owner.name` returns as `part`."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            iterator = iter(function(*args, **kwargs))
            end = object()
            while (item := self._timed(part, lambda: next(iterator, end))) is not end:
                yield item

        setattr(owner, name, timed)

    def _timed(self, part: str, call: Callable[[], Any]) -> Any:
        self._inner.append(0.0)
        start = time.perf_counter()
        try:
            return call()
        finally:
            whole = time.perf_counter() - start
            self.spent[part] += whole - self._inner.pop()
            self._inner[-1] += whole


def _watched() -> Clock:
    """A clock on the parts of the path, in the order in which a document meets them."""
    from copydesk import pipeline, sources
    from copydesk.checks import expectations, metrics
    from copydesk.report.summary import Summary
    from copydesk.run import batch, nightly, publish
    from copydesk.warehouse import History, Staging

    clock = Clock()
    clock.wrap_iterator(sources, "read", "read")
    clock.wrap_iterator(History, "select", "select what is new")
    for name in ("repair", "normalize", "structure", "language", "rebuilds"):
        clock.wrap(pipeline, name, name)
    clock.wrap(batch, "clean_alone", "clean, the rest")
    for name in ("articles_table", "edits_table", "documents_table"):
        clock.wrap(batch, name, "to Arrow")
    clock.wrap(metrics, "articles", "measure")
    clock.wrap(metrics, "edits", "measure")
    clock.wrap(expectations.Checks, "judge", "judge (Great Expectations)")
    clock.wrap(Summary, "add", "digest for the report")
    clock.wrap(Staging, "add", "stage")
    clock.wrap(Staging, "commit", "commit")
    clock.wrap(Staging, "compare", "compare with other articles")
    clock.wrap(nightly, "write_report", "report")
    clock.wrap(publish, "report_data", "report")
    return clock


def copydesk_night(articles: Path, warehouse: Path, watch: bool, mode: str = "full") -> dict[str, Any]:
    """One run with one worker, typos in `mode`; what it took. `watch` asks for the time by part, which takes some."""
    start = time.perf_counter()
    from copydesk.checks.expectations import Checks
    from copydesk.config import Config
    from copydesk.run import nightly
    from copydesk.run.job import Job

    Checks()
    clock = _watched() if watch else Clock()
    started, busy = time.perf_counter(), time.process_time()
    config = Config.model_validate({"run": {"workers": 1}, "typos": {"mode": mode}})
    outcome = nightly.run(Job((str(articles),), str(warehouse), DAY, config))
    done = time.perf_counter()
    assert outcome.row is not None
    parts = dict(clock.spent)
    if watch:
        parts["everything else"] = done - started - sum(clock.spent.values())
    return {
        "startup": started - start,
        "seconds": done - started,
        "cpu": time.process_time() - busy,
        "parts": parts,
        "published": outcome.row["published"],
    }


def plain_script(articles: Path, warehouse: Path, watch: bool) -> dict[str, Any]:
    """What many do: read, `ftfy.fix_text`, write."""
    del watch
    start = time.perf_counter()
    import ftfy
    import pandas as pd

    started, busy = time.perf_counter(), time.process_time()
    frame = pd.read_json(articles, lines=True)
    frame["text"] = frame["text"].map(ftfy.fix_text)
    frame.to_parquet(warehouse.with_suffix(".parquet"))
    done = time.perf_counter()
    return {
        "startup": started - start,
        "seconds": done - started,
        "cpu": time.process_time() - busy,
        "published": len(frame),
    }


#: Typos in each mode of `typos.mode`, and the plain script.
CONTENDERS = {mode: partial(copydesk_night, mode=mode) for mode in ("full", "fast", "off")} | {"plain": plain_script}


def contend(name: str, articles: Path, warehouse: Path, watch: bool) -> None:
    """Be one contender on one core, and print what it took as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    result = CONTENDERS[name](articles, warehouse, watch)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({**result, "peak_bytes": peak}))


def measured(name: str, articles: Path, folder: Path, watch: bool = False) -> dict[str, Any]:
    """Run one contender in a fresh process."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [sys.executable, __file__, "--contender", name, str(articles), str(Path(scratch) / "warehouse")]
        path = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
        threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        done = subprocess.run(
            [*command, "--watch"] if watch else command,
            env={**os.environ, **threads, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# --- the tables ------------------------------------------------------------------------------------------------------


def compare(texts: Sequence[str], sizes: Iterable[int], folder: Path, modes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Measure copydesk in each of `modes` and the plain script at each size; then where the time of the first goes."""
    for count in sizes:
        articles = folder / f"articles-{count}.jsonl"
        size = write_articles(texts, count, articles)
        row: dict[str, Any] = {"articles": count, "bytes": size}
        for name in (*modes, "plain"):
            row[name] = measured(name, articles, folder)
        row["parts"] = measured(modes[0], articles, folder, watch=True)["parts"]
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
        f"{one['peak_bytes'] / 2**20:,.0f}",
        f"{one['startup']:.1f}",
        f"{row['plain']['cpu'] / one['cpu']:.2f}",
    ]


def parts_table(row: dict[str, Any]) -> str:
    """Where the time of the largest size goes."""
    whole = sum(row["parts"].values())
    lines = [f"where the time of {row['articles']:,} articles goes (measured in a run of its own)"]
    for part, seconds in sorted(row["parts"].items(), key=lambda item: -item[1]):
        lines.append(
            f"  {part:<28}{seconds:>8.2f} s {seconds / whole:>7.1%} {seconds / row['articles'] * 1e6:>8.0f} µs/article"
        )
    return "\n".join(lines)


def profile(texts: Sequence[str], count: int, folder: Path) -> None:
    """Print the functions that take most of their own time, under cProfile, which makes small functions look larger."""
    articles = folder / "articles.jsonl"
    write_articles(texts, count, articles)
    profiler = cProfile.Profile()
    profiler.enable()
    copydesk_night(articles, folder / "warehouse", watch=False)
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
    parser.add_argument("--profile", type=int, metavar="N", help="profile N articles instead")
    parser.add_argument("--contender", nargs=3, metavar=("NAME", "ARTICLES", "WAREHOUSE"), help=argparse.SUPPRESS)
    parser.add_argument("--watch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)

    if options.contender:
        name, articles, warehouse = options.contender
        contend(name, Path(articles), Path(warehouse), options.watch)
        return 0
    texts = pool(options.data)
    with tempfile.TemporaryDirectory(prefix="copydesk-throughput-") as scratch:
        folder = Path(scratch)
        if options.profile:
            profile(texts, options.profile, folder)
            return 0
        print(f"{len(texts):,} different texts, one core, one worker\n{line(COLUMNS)}")
        rows = []
        modes = options.modes.split(",")
        for row in compare(texts, (int(size) for size in options.sizes.split(",")), folder, modes):
            rows.append(row)
            print("\n".join(line(cells(row, name)) for name in (*modes, "plain")), flush=True)
        print(f"\n{parts_table(rows[-1])}")
    if options.json:
        options.json.write_text(json.dumps({"texts": len(texts), "rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
