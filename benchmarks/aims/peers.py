"""Other tools on the same articles: datatrove with ftfy, and the Unicode mapper of data-juicer.

They clean characters only: they detect no structure, correct no typos, record no changes and check nothing.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import contenders, corpus, processes
from benchmarks.aims.figures import Figure
from benchmarks.contenders import Night

PEER = Path(__file__).with_name("peer.py")
PEERS = ("datatrove", "data-juicer")


class Plan(NamedTuple):
    """So many articles of `source`, `runs` times; `python` is an interpreter that has the tools."""

    source: corpus.Source
    size: int
    runs: int
    folder: Path
    python: str


def figures(plan: Plan) -> Iterator[Figure]:
    """Megabytes of text in a CPU second: copydesk without typos, the plain script, and each tool that is there."""
    rates: dict[str, list[float]] = {name: [] for name in ("copydesk, typos off", "plain script", *PEERS)}
    for run in range(plan.runs):
        articles = plan.folder / "peers.jsonl"
        size = corpus.write(plan.source.records(run * plan.size, (run + 1) * plan.size), articles)
        night = Night(articles, plan.folder / f"peers-{run}", plan.source.day((run + 1) * plan.size), "off")
        rates["copydesk, typos off"].append(size / 1e6 / contenders.measured("copydesk", night)["cpu"])
        rates["plain script"].append(size / 1e6 / contenders.measured("plain", night)["cpu"])
        for name in PEERS:
            if (cpu := taken(plan, name, articles)) is not None:
                rates[name].append(size / 1e6 / cpu)
    for name, values in rates.items():
        if values:
            yield Figure(f"{plan.size:,} articles, {name}: text in a CPU second", "MB", values)


def taken(plan: Plan, name: str, articles: Path) -> float | None:
    """CPU seconds of a tool behind its start; None if that Python does not have it."""
    command = [str(PEER), name, str(articles), str(plan.folder / "peer-out")]
    try:
        done = processes.python(command, program=plan.python)
    except subprocess.CalledProcessError:
        return None
    return float(json.loads(done.output.splitlines()[-1])["cpu"])
