"""Places in published news that the judge would change: wrong ones to learn from, and right ones to leave out.

The cheap stages go over all of the news, the encoder over what they doubt, and the judge over what the encoder finds
likeliest. Nearly all that remains was right as it stood; the surest are true errors, which are read and left out.

    python -m training.judge.mine CHECKPOINT DATA --work out/training [--held]

writes `mined.jsonl`, or `held.jsonl` with the places of the articles that are kept apart, a line for each: article,
start, word, word of the judge, log-odds of encoder and judge, mark, gap, Zipf frequencies, context.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from copydesk import languages
from copydesk.text.typos import guard
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.correct import judged
from copydesk.text.typos.features import ENCODER
from copydesk.text.typos.model import Model
from copydesk.text.typos.windows import Pieces, cut
from training.encoder import Sets
from training.judge import model as models
from training.judge import news
from training.judge.model import Judge
from training.marks import mark

#: The gate's threshold, and the encoder's surest places looked at in 10,000 words.
GATE, MOST = -1.0, 25
CHUNK = 200


class Place(NamedTuple):
    """`text` is the number of the text, `start` where the word stands in it; `meant` what the judge would put there.

    `small` and `large` are log-odds of the package's encoder and of the judge.
    """

    text: int
    start: int
    written: str
    meant: str
    small: float
    large: float
    mark: str
    gap: float
    zipf: tuple[float, float]


def places(model: Model, texts: list[str], most: float = MOST, gate: float = GATE) -> Iterator[tuple[Batch, int, Any]]:
    """The encoder's surest places in each chunk of `texts`: (batch, number of the first text, places, log-odds)."""
    wide = replace(model, gate=model.gate._replace(threshold=gate))
    for first in range(0, len(texts), CHUNK):
        some = texts[first : first + CHUNK]
        batch = Batch(some, model.token_types)
        found, features = judged(batch, wide, guard.untouchable(batch, some))
        if len(found):
            at, owner = np.unique(found.place, return_inverse=True)
            best = np.full(len(at), -np.inf)
            np.maximum.at(best, owner, ENCODER.column(features, "encoder_odds"))
            words = sum(len(text.split()) for text in some)
            kept = np.argsort(-best, kind="stable")[: int(most * words / 1e4) + 1]
            kept.sort()
            yield batch, first, (at[kept], best[kept])


@torch.no_grad()
def odds(judge: Judge, pieces: Pieces, sets: Sets, batch: Batch, at: np.ndarray[Any, Any]) -> list[tuple[int, float]]:
    """For each place the best word of its set, as a number, and by how much it is better than what stands there."""
    rows = [cut(batch, pieces, place) for place in at.tolist()]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    found: list[tuple[int, float]] = [(0, 0.0)] * len(rows)
    for begin in range(0, len(order), 48):
        some = order[begin : begin + 48]
        ids = np.zeros((len(some), -(-max(len(rows[i][0]) for i in some) // 4) * 4), np.int64)
        for k, i in enumerate(some):
            ids[k, : len(rows[i][0])] = rows[i][0]
        states = judge.encoder(torch.from_numpy(ids))
        for k, i in enumerate(some):
            stands = int(batch.sets[at[i]])
            near = torch.from_numpy(sets.near[sets.first[stands] : sets.first[stands + 1]])
            state = states[k, rows[i][1]]
            keep = state @ judge.word.weight[stands] + judge.bias[stands] + judge.stay[stands]
            change = judge.word.weight[near] @ state + judge.bias[near] - keep
            best = int(change.argmax())
            found[i] = int(near[best]), float(change[best])
    return found


def mine(
    model: Model, judge: Judge, pieces: Pieces, sets: Sets, texts: list[str], most: float = MOST, gate: float = GATE
) -> Iterator[Place]:
    for batch, first, (at, small) in places(model, texts, most, gate):
        for place, low, (meant, large) in zip(
            at.tolist(), small.tolist(), odds(judge, pieces, sets, batch, at), strict=True
        ):
            stands = int(batch.sets[place])
            written, other = sets.words[stands], sets.words[meant]
            zipf = float(model.sets.zipf[stands]), float(model.sets.zipf[meant])
            gap = round(float(model.sets.gap[stands]), 2)
            yield Place(
                first + int(batch.text[place]), int(batch.start[place]), written, other, round(low, 3),
                round(large, 3), mark(batch, place, written, other), gap, zipf,
            )  # fmt: skip


def context(text: str, place: Place) -> str:
    end = place.start + len(place.written)
    return f"{text[max(0, place.start - 110) : place.start]}[{place.written}]{text[end : end + 90]}"


def run(checkpoint: Path, data: Path, work: Path, held: bool) -> None:
    torch.set_num_threads(1)
    judge, pieces, sets = models.load(checkpoint, work)
    judge.encoder.halve(trained=True)
    stories = [story for story in news.stories(data / "articles") if (story.part == "held") == held]
    random.Random(1).shuffle(stories)  # the first places are of all sets, and may be read while the rest is made
    part = work / "mine.part"
    with part.open("w", encoding="utf-8") as out:
        for place in mine(languages.model("en"), judge, pieces, sets, [story.text for story in stories]):
            story = stories[place.text]
            out.write(json.dumps([story.name, *place[1:], context(story.text, place)]) + "\n")
    part.rename(work / ("held.jsonl" if held else "mined.jsonl"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--held", action="store_true", help="the articles that are kept apart")
    chosen = parser.parse_args()
    run(chosen.checkpoint, chosen.data, chosen.work, chosen.held)
