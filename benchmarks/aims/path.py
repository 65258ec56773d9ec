"""The whole path beside a plain script: CPU seconds, two processes against one, memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import contenders, corpus
from benchmarks.aims.command import night
from benchmarks.aims.figures import Aim, Figure
from benchmarks.contenders import Night

#: CPU seconds of the plain script over those of copydesk, by `typos.mode`.
RATIOS = {"full": Aim(0.17, at_least=True), "fast": Aim(0.4, at_least=True), "off": Aim(1.3, at_least=True)}
#: Wall time of the command with one process over that with two.
TWO = Aim(1.8, at_least=True)
#: GB of one process, and of a run with two workers with all its processes.
ONE_PROCESS, WHOLE_RUN = Aim(0.7), Aim(1.5)
GB = 1e9

Results = dict[str, list[dict[str, Any]]]


class Plan(NamedTuple):
    """What is measured: articles of `source`, as many as each of `sizes`, in each of `modes`, `runs` times.

    `two` adds the command with one worker and with two, in the first mode; wall time says nothing if other programs
    keep the machine `busy`.
    """

    source: corpus.Source
    sizes: Sequence[int]
    modes: Sequence[str]
    runs: int
    folder: Path
    two: bool = True
    busy: bool = False


def figures(plan: Plan) -> Iterator[Figure]:
    """The figures of each size, smallest first."""
    for size in plan.sizes:
        yield from of(size, plan, measured(plan, size))


def measured(plan: Plan, size: int) -> Results:
    """What each contender took, run by run; runs of the same number took the same articles, one after the other."""
    took: Results = defaultdict(list)
    for run in range(plan.runs):
        articles = plan.folder / "articles.jsonl"
        start = run * size
        corpus.write(plan.source.records(start, start + size), articles)
        day = plan.source.day(start + size)
        took["plain"].append(contenders.measured("plain", Night(articles, plan.folder / f"plain-{size}-{run}", day)))
        for mode in plan.modes:
            warehouse = plan.folder / f"{mode}-{size}-{run}"
            took[mode].append(contenders.measured("copydesk", Night(articles, warehouse, day, mode)))
        if plan.two:
            took["two"].append(_of_commands(articles, plan.folder / f"two-{size}-{run}", day, plan.modes[0]))
    return took


def _of_commands(articles: Path, folder: Path, day: date, mode: str) -> dict[str, Any]:
    """Seconds of the command with one worker (`alone`) and with two (`seconds`), and all memory of the latter (`whole`)
    in a run of its own: to look at memory takes time of two busy cores.
    """
    alone, two = (night(articles, folder.with_name(f"{folder.name}-{n}"), day, mode, n).seconds for n in (1, 2))
    watched = night(articles, folder.with_name(f"{folder.name}-watched"), day, mode, 2, watch=True)
    return {"alone": alone, "seconds": two, "whole": watched.peak}


def of(size: int, plan: Plan, took: Results) -> Iterator[Figure]:
    """The figures of one size."""
    articles, modes = f"{size:,} articles", plan.modes
    for mode in modes:
        ratios = [plain["cpu"] / one["cpu"] for plain, one in zip(took["plain"], took[mode], strict=True)]
        yield Figure(f"{articles}, typos {mode}: CPU s of plain / copydesk", "×", ratios, RATIOS.get(mode))
    for mode in modes:
        each = [one["cpu"] / size * 1e3 for one in took[mode]]
        yield Figure(f"{articles}, typos {mode}: CPU of an article", "ms", each)
    first = f"{articles}, typos {modes[0]}"
    peaks = [one["peak"] / GB for one in took[modes[0]]]
    yield Figure(f"{first}: peak memory of one process", "GB", peaks, ONE_PROCESS)
    if took["two"]:
        faster = [two["alone"] / two["seconds"] for two in took["two"]]
        yield Figure(f"{first}: 2 processes against 1", "×", faster, TWO, plan.busy)
    whole = [two["whole"] / GB for two in took["two"] if two["whole"]]
    if whole:
        yield Figure(f"{first}: peak memory of a run with 2 workers", "GB", whole, WHOLE_RUN)
