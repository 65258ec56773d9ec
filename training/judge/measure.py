"""What an exported judge costs, and how far its answers are from those of the weights that it was made of.

    python -m training.judge.measure FOLDER CHECKPOINT DATA --work out/training [--places 100]

Processor time of one thread: to load, and for each place, one window at a time, at the errors of
`realword.dev`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from copydesk.languages.session import Session
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.windows import cut
from training.encoder import Sets
from training.judge import evaluate, model


class Exported:
    """`odds(ids, at, stands)`: log-odds of each word of the set of `stands` against it, as at run time."""

    def __init__(self, folder: Path, sets: Sets) -> None:
        self.run, self.sets = Session(folder / "judge.onnx"), sets
        found = np.load(folder / "judge.npz")
        self.vectors, self.scale, self.bias, self.stay = (found[k] for k in ("vectors", "scale", "bias", "stay"))

    def odds(self, ids: tuple[int, ...], at: int, stands: int) -> np.ndarray[Any, Any]:
        (state,) = self.run(np.array([ids]), np.array([at]))
        which = np.r_[stands, self.sets.near[self.sets.first[stands] : self.sets.first[stands + 1]]]
        scores = (self.vectors[which].astype(np.float32) @ state) * self.scale[which] + self.bias[which]
        return scores[1:] - scores[0] - self.stay[stands]


def windows(spelling: Path, sets: Sets, pieces: Any, places: int) -> list[tuple[tuple[int, ...], int, int]]:
    from copydesk import languages

    types = languages.model("en").token_types
    spoilt, edits = evaluate.texts(spelling, "realword")
    found = []
    for text, edit in zip(spoilt, edits, strict=True):
        batch = Batch([text], types)
        at = [i for i in range(len(batch)) if batch.token(i) == edit[0][1] and batch.sets[i] >= 0]
        if at:
            found.append((*cut(batch, pieces, at[0]), int(batch.sets[at[0]])))
    return found[:: max(1, len(found) // places)][:places]


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--places", type=int, default=100)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    judge, pieces, sets = model.load(chosen.checkpoint, chosen.work)
    some = windows(chosen.data / "spelling", sets, pieces, chosen.places)
    began = time.process_time()
    exported = Exported(chosen.folder, sets)
    exported.odds(*some[0])
    print(f"load {time.process_time() - began:.2f} s")
    print(f"{len(some)} places of {np.mean([len(w[0]) for w in some]):.0f} pieces")
    spent, found = [], []
    for ids, at, stands in some:
        began = time.process_time()
        found.append(exported.odds(ids, at, stands))
        spent.append((time.process_time() - began) * 1e3)
    print(f"ms a place: mean {np.mean(spent):.1f}, median {np.median(spent):.1f}, least {min(spent):.1f}")
    off, changed = [], 0
    for (ids, at, stands), odds in zip(some, found, strict=True):
        state = judge.encoder(torch.tensor([ids]))[0, at]
        near = torch.from_numpy(sets.near[sets.first[stands] : sets.first[stands + 1]])
        keep = state @ judge.word.weight[stands] + judge.bias[stands] + judge.stay[stands]
        true = (judge.word.weight[near] @ state + judge.bias[near] - keep).numpy()
        off.append(float(odds.max() - true.max()))
        changed += int(odds.argmax() != true.argmax())
    far = np.abs(off)
    print(
        f"log-odds of the best word off by {far.mean():.2f} on the average ({np.quantile(far, 0.99):.2f} for 99 %),"
        f" bias {np.mean(off):+.2f}; another best word in {changed} of {len(some)}"
    )


if __name__ == "__main__":
    main()
