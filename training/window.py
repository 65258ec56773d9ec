"""The window model: which word of a confusion set fits four words on either side, learned from the whole text.

A small network (log-bilinear with one hidden layer; Mnih and Hinton 2007, "Three new graphical models for statistical
language modelling") between n-grams, which know only what they have seen word for word, and the encoder, which is
dear: some microseconds for a position. It learns from text as it stands; no errors are injected.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.encoder import Sets
from training.ngrams import Ids, vocabulary

REACH, WIDTH, HIDDEN = 4, 64, 192
BATCH, MOST = 4096, 24
SEED = 11
OFTEN = {
    "wikipedia_current_events_2002_2026": 4,
    "pmau_2000_2018_releases": 3,
    "state_historian": 2,
    "ungdc_1946_1990": 0.5,
}


class WindowNetwork(nn.Module):
    """Shapes and order of weights are those of `copydesk.text.typos.window.WindowModel`."""

    def __init__(self, words: int, sets: int) -> None:
        super().__init__()
        self.context = nn.Embedding(words, WIDTH)
        self.context.weight.data.mul_(0.3)
        self.hidden = nn.Linear(2 * REACH * WIDTH, HIDDEN)
        self.out = nn.Linear(HIDDEN, WIDTH)
        self.word = nn.Embedding(sets, WIDTH)
        self.word.weight.data.mul_(0.1)
        self.bias = nn.Embedding(sets, 1)
        self.bias.weight.data.zero_()

    def forward(self, around: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
        """around (n, 2 * REACH) ids, candidates (n, k) numbers of words → scores (n, k)."""
        state = self.out(functional.relu(self.hidden(self.context(around).flatten(1))))
        return torch.einsum("nw,nkw->nk", state, self.word(candidates)) + self.bias(candidates)[..., 0]


def positions(work: Path, stream: np.ndarray, set_of: np.ndarray, words: list[str]) -> np.ndarray:
    """Where in the stream words with a confusion set stand, sources of news several times."""
    ids, at, parts = Ids(words), 0, []
    rng = np.random.default_rng(SEED)
    sizes = json.loads((work / "stream.json").read_text())
    for source, size in sizes.items():
        found = at + np.flatnonzero(set_of[stream[at : at + size]] >= 0)
        often = OFTEN.get(source, 1)
        parts += [found] * int(often) if often >= 1 else [found[rng.random(len(found)) < often]]
        at += size
    del ids
    return np.concatenate(parts)


def train(work: Path, steps: int, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    words, sets = vocabulary(work), Sets.load(work)
    stream = np.load(work / "stream.npy").astype(np.int32)
    number = {word: i for i, word in enumerate(words)}
    set_of = np.full(len(words), -1, np.int32)
    for word, i in sets.ids.items():
        set_of[number[word]] = i
    where = positions(work, stream, set_of, words)
    where = where[(where > REACH) & (where < len(stream) - REACH)]
    rng.shuffle(where)
    near = np.full((len(sets.words), MOST), -1, np.int64)
    for i in range(len(sets.words)):
        found = sets.near[sets.first[i] : sets.first[i + 1]]
        near[i, : min(MOST, len(found))] = rng.permutation(found)[:MOST]
    offsets = np.r_[-REACH:0, 1 : REACH + 1]
    model = WindowNetwork(len(words), len(sets.words))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    began, total, right = time.time(), 0.0, 0.0
    log = (work / "window.log").open("a")
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 200) * max(0.02, 1 - step / steps)
        at = where[(step * BATCH + np.arange(BATCH)) % len(where)]
        true = set_of[stream[at]].astype(np.int64)
        candidates = np.concatenate([true[:, None], near[true]], 1)
        missing = torch.from_numpy(candidates < 0)
        scores = model(
            torch.from_numpy(stream[at[:, None] + offsets].astype(np.int64)),
            torch.from_numpy(np.maximum(candidates, 0)),
        )
        scores = scores.masked_fill(missing, -1e4)
        loss = functional.cross_entropy(scores, torch.zeros(BATCH, dtype=torch.long))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
        right += float((scores.detach().argmax(1) == 0).float().mean())
        if (step + 1) % 200 == 0:
            line = f"step {step + 1}/{steps} {time.time() - began:.0f} s loss {total / 200:.4f} right {right / 200:.4f}"
            print(line, flush=True)
            print(line, file=log, flush=True)
            total = right = 0.0
        if (step + 1) % 1000 == 0 or step + 1 == steps:
            torch.save({k: v.clone() for k, v in model.state_dict().items()}, work / "window.pt")
    (work / "window.done").touch()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    train(chosen.work, chosen.steps, chosen.threads)
