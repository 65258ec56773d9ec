"""What a night costs a warehouse that has grown: nothing new, a usual night, four documents."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks import corpus
from benchmarks.aims.command import night
from benchmarks.aims.figures import Aim, Figure

#: CPU seconds of a second run without anything new.
NOTHING_NEW = Aim(30)
#: CPU seconds of a night among many known documents over those of the same night in an empty warehouse.
AMONG_MANY = Aim(1.5)
#: CPU seconds and MB of a run with four new documents.
FEW_SECONDS, FEW_MEMORY = Aim(4), Aim(400)
FEW = 4


class Plan(NamedTuple):
    """A warehouse of each number of `known` articles of `source`, and nights of `night` new ones, `runs` times."""

    source: corpus.Source
    known: Sequence[int]
    night: int
    runs: int
    folder: Path


class Grown(NamedTuple):
    """A warehouse, the articles in it, and their number."""

    warehouse: Path
    articles: Path
    count: int


def figures(plan: Plan) -> Iterator[Figure]:
    """The figures of each number of known articles, smallest first."""
    for count in plan.known:
        grown = grow(plan, count)
        yield second_run(plan, grown)
        yield usual_night(plan, grown)
        yield from few(plan, grown)
        shutil.rmtree(grown.warehouse)


def grow(plan: Plan, count: int) -> Grown:
    """A warehouse with so many articles, published in one run with all processors, without typos."""
    grown = Grown(plan.folder / f"known-{count}", plan.folder / f"known-{count}.jsonl", count)
    corpus.write(plan.source.records(0, count), grown.articles)
    night(grown.articles, grown.warehouse, plan.source.day(count), "off", os.cpu_count() or 1)
    return grown


def second_run(plan: Plan, grown: Grown) -> Figure:
    """The same articles again."""
    day = plan.source.day(grown.count)
    took = [night(grown.articles, grown.warehouse, day, "off").cpu for _ in range(plan.runs)]
    return Figure(f"{grown.count:,} known, nothing new: CPU of a run", "s", took, NOTHING_NEW)


def usual_night(plan: Plan, grown: Grown) -> Figure:
    """New articles, among the known ones and in an empty warehouse. Each run has other articles."""
    ratios = []
    for run in range(plan.runs):
        articles, day = new(plan, grown, run * plan.night, plan.night)
        among = night(articles, _copy(grown, plan.folder / f"among-{run}"), day, "off")
        alone = night(articles, plan.folder / f"alone-{run}", day, "off")
        ratios.append(among.cpu / alone.cpu)
        shutil.rmtree(plan.folder / f"among-{run}")
        shutil.rmtree(plan.folder / f"alone-{run}")
    what = f"{plan.night:,} new among {grown.count:,} known: CPU against an empty warehouse"
    return Figure(what, "×", ratios, AMONG_MANY)


def few(plan: Plan, grown: Grown) -> Iterator[Figure]:
    """Four new documents, with all settings as they are shipped."""
    took = []
    for run in range(plan.runs):
        articles, day = new(plan, grown, run * FEW, FEW)
        took.append(night(articles, _copy(grown, plan.folder / "few"), day, "full", watch=True))
        shutil.rmtree(plan.folder / "few")
    what = f"{FEW} new among {grown.count:,} known"
    yield Figure(f"{what}: CPU of a run", "s", [one.cpu for one in took], FEW_SECONDS)
    memory = [one.peak / 1e6 for one in took if one.peak]
    if memory:
        yield Figure(f"{what}: peak memory", "MB", memory, FEW_MEMORY)


def new(plan: Plan, grown: Grown, skip: int, count: int) -> tuple[Path, date]:
    """Articles behind those of the warehouse, and the date of their run."""
    articles, start = plan.folder / "new.jsonl", grown.count + skip
    corpus.write(plan.source.records(start, start + count), articles)
    return articles, plan.source.day(start + count)


def _copy(grown: Grown, folder: Path) -> Path:
    """A copy of the warehouse; Parquet files are shared, since a run replaces them as a whole."""
    shutil.copytree(grown.warehouse, folder, copy_function=_link)
    return folder


def _link(source: str, target: str) -> str:
    if source.endswith(".parquet"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))
