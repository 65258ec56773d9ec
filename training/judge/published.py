"""What the judge would change in published news that it was not trained on, by the verdicts of a reader.

    python -m training.judge.published CHECKPOINT DATA --work out/training [--read 60]

The places of `held.jsonl` are judged anew. Of the surest ones it counts the changes that are right, those that are
wrong, and those that nobody has read yet: `--read` prints these, to be read and added to `verdicts.txt`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from copydesk import languages
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.windows import Pieces
from training.encoder import Sets
from training.judge import mine, model, news
from training.judge.model import Judge
from training.marks import mark, verdicts

TOPS = (10, 20, 30, 45, 60, 100)
#: What is weighed beside the log-odds of the judge: gap to general frequency, log-odds of the small encoder.
WEIGHTS = ((0.0, 0.0), (-0.4, 0.0), (-0.4, 0.2))


class Judged(NamedTuple):
    mark: str
    written: str
    meant: str
    large: float
    small: float
    gap: float
    zipf: tuple[float, float]
    context: str


def again(judge: Judge, pieces: Pieces, sets: Sets, rows: list[Any], texts: dict[str, str]) -> list[Judged]:
    """The places of `rows` (of `mined.jsonl`), judged anew; the same place of two copies of an article once."""
    english = languages.model("en")
    types, frequency = english.token_types, english.sets.zipf
    found: dict[str, Judged] = {}
    for name, group in groupby(sorted(rows, key=lambda row: (row[0], row[1])), key=lambda row: row[0]):
        some = list(group)
        batch = Batch([texts[name]], types)
        where = {int(start): i for i, start in enumerate(batch.start.tolist()) if batch.sets[i] >= 0}
        at = np.array([where[row[1]] for row in some])
        for row, place, (meant, large) in zip(
            some, at.tolist(), mine.odds(judge, pieces, sets, batch, at), strict=True
        ):
            other = sets.words[meant]
            key = mark(batch, place, row[2], other)
            zipf = row[8][0], float(frequency[meant])
            found.setdefault(key, Judged(key, row[2], other, large, row[4], row[7], zipf, row[9]))
    return list(found.values())


def ranked(some: list[Judged], gap: float, small: float) -> list[Judged]:
    return sorted(some, key=lambda j: -(j.large + gap * j.gap + small * float(np.clip(j.small, -8, 8))))


def table(some: list[Judged], known: dict[str, str]) -> None:
    print(f"of the surest: right, wrong, other errors and doubtful, unread; errors known in all: {errors(some, known)}")
    for gap, small in WEIGHTS:
        order = ranked(some, gap, small)
        for top in TOPS:
            c = Counter(known.get(j.mark, "unread") for j in order[:top])
            print(
                f"judge {gap:+.1f} gap {small:+.1f} encoder, {top}: {c['error']} {c['right']}"
                f" {c['other'] + c['unsure']} {c['unread']}"
            )


def errors(some: list[Judged], known: dict[str, str]) -> int:
    return sum(known.get(j.mark) == "error" for j in some)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--read", type=int, default=0, help="print what is unread among so many of the surest")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    judge, pieces, sets = model.load(chosen.checkpoint, chosen.work)
    judge.encoder.halve(trained=True)
    texts = {story.name: story.text for story in news.stories(chosen.data / "articles") if story.part == "held"}
    rows = [json.loads(line) for line in (chosen.work / "held.jsonl").open(encoding="utf-8")]
    some, known = again(judge, pieces, sets, rows, texts), verdicts()
    table(some, known)
    for j in ranked(some, *WEIGHTS[1])[: chosen.read]:
        if j.mark not in known:
            print(f"{j.mark} {j.large:.1f} {j.written} → {j.meant} | {j.context!r}")


if __name__ == "__main__":
    main()
