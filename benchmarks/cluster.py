"""What a cluster adds to the cost of an article: `python -m benchmarks.cluster FILE`.

The same documents are cleaned in this process, in two processes of a run, and by two workers of a Dask cluster on this
machine, each once before the clock starts, so that imports and models are there. CPU seconds are those of all
processes, the idle time of the cluster included.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from distributed.deploy.subprocess import SubprocessCluster

from copydesk.config import Config
from copydesk.own_process import settle
from copydesk.run.cluster import engine
from copydesk.run.job import Job
from copydesk.run.nightly import Night
from copydesk.run.workers import _pool, batched
from copydesk.sources import LeftOut, read

DAY = date(2026, 11, 28)
ROUNDS = 3


def cpu_seconds() -> float:
    """Of this process and all that it started and that still run."""
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return sum(time.user + time.system for time in times)


@contextmanager
def sizes() -> Iterator[Counter[str]]:
    """Bytes that are sent to the cluster (`out`) and come from it (`back`)."""
    found: Counter[str] = Counter()
    pack, unpack = engine.packed, engine.unpacked

    def packed(value: Any) -> bytes:
        parcel = pack(value)
        found["out"] += len(parcel)
        return parcel

    def unpacked(parcel: bytes) -> Any:
        found["back"] += len(parcel)
        return unpack(parcel)

    engine.packed, engine.unpacked = packed, unpacked
    try:
        yield found
    finally:
        engine.packed, engine.unpacked = pack, unpack


def cleaning(source: str, config: Config, workers: int) -> tuple[list[float], float, float]:
    """Milliseconds of CPU for an article in each round, and the bytes sent and received for one."""
    with _pool(config, workers) as clean, sizes() as found:

        def once() -> int:
            documents = batched(read(source, config.sources, LeftOut()), config)
            return sum(batch.documents for batch in clean((part, config, DAY, {}) for part in documents))

        count, took = once(), []
        for _ in range(ROUNDS):
            found.clear()
            began = cpu_seconds()
            once()
            took.append((cpu_seconds() - began) / count * 1000)
    return took, found["out"] / count, found["back"] / count


def night(source: str, config: Config) -> dict[str, float]:
    """CPU seconds of the process of a run, by stage."""
    with TemporaryDirectory() as folder, Night(Job((source,), str(Path(folder) / "w"), DAY, config)) as whole:
        for stage in whole.stages():
            whole.advance(stage)
        return {name: timing.cpu_seconds for name, timing in whole.timings.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="articles, as JSON Lines")
    parser.add_argument("--mode", default="off", choices=["off", "fast", "full"], help="how typos are corrected")
    parser.add_argument("--batch", type=int, default=200, help="documents in a batch")
    options = parser.parse_args()
    settle()  # as the processes do
    run: dict[str, Any] = {"batch_documents": options.batch}
    print(f"{'':12}{'CPU ms an article':>24}{'bytes out':>12}{'back':>8}")
    with SubprocessCluster(
        n_workers=2, worker_kwargs={"nthreads": 1}, scheduler_kwargs={"dashboard": False}
    ) as cluster:
        on_dask = {"engine": "dask", "address": cluster.scheduler_address}
        for name, more, workers in (("here", {}, 1), ("processes", {}, 2), ("dask", on_dask, 2)):
            config = Config.model_validate({"typos": {"mode": options.mode}, "run": run | more})
            took, out, back = cleaning(options.file, config, workers)
            spread = f"{median(took):.2f} ({min(took):.2f}-{max(took):.2f})"
            print(f"{name:12}{spread:>24}{out:12,.0f}{back:8,.0f}", flush=True)
        stages = night(options.file, config)
    print(
        "the process of a run on dask, CPU s:", ", ".join(f"{name} {seconds:.2f}" for name, seconds in stages.items())
    )


if __name__ == "__main__":
    main()
