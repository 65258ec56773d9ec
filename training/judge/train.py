"""Training of the large judge: two processes of one thread whose gradients are added, resumable, at low priority.

    python -m training.judge.train BASE --work out/training --pieces 3000000

BASE holds vocab.txt and model.safetensors of all-mpnet-base-v2. Goes on from `judge.pt` where that is there, else from
`judge.warm.pt`, else from the base model. `judge.log` says every two minutes how many pieces were seen and the loss,
and now and then the recall on a part of the development set; Ctrl-C or a signal ends it with a checkpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import multiprocessing, nn
from torch.nn import functional

from copydesk.text.typos.encoder import Pieces
from training.encoder import Example, Sets
from training.judge import data, evaluate, model, slips
from training.judge.examples import example
from training.judge.model import HALF, WIDTH, Judge

BATCH = 1024  # pieces of one step of each process
RATE, WARMUP, DECAY = 7e-5, 30, 0.35
SEED = 20261128
SAVE, LOOK = 480, 250_000  # seconds between checkpoints, pieces between looks at the development set


class Scores(torch.autograd.Function):
    """state[at] · word[which] for many pairs: gathered in pieces that fit the cache, and sparse products back."""

    @staticmethod
    def forward(ctx: Any, state: torch.Tensor, word: torch.Tensor, at: Any, which: Any) -> torch.Tensor:
        s, w = state.detach().numpy(), word.detach().numpy()
        parts = [slice(i, i + 512) for i in range(0, len(at), 512)]
        ctx.kept = s, w, at, which
        return torch.from_numpy(np.concatenate([np.einsum("nw,nw->n", s[at[p]], w[which[p]]) for p in parts]))

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        s, w, at, which = ctx.kept
        used, column = np.unique(which, return_inverse=True)
        matrix = scipy.sparse.csr_matrix((grad.numpy(), (at, column)), shape=(len(s), len(used)))
        back = torch.zeros(w.shape)
        back[torch.from_numpy(used)] = torch.from_numpy(matrix.T.tocsr() @ s)
        return torch.from_numpy(matrix @ w[used]), back, None, None


def stream(work: Path, pieces: Pieces, sets: Sets, rng: random.Random) -> Iterator[Example]:
    """Examples without end, from each pool in its share."""
    pools = data.read(work)
    kinds = json.loads((work / "confusions.json").read_text())
    counts: Counter[str] = Counter()
    for name, pool in pools.items():
        part: Counter[str] = Counter()
        for sentence in pool:
            part.update(t.lower() for t in sentence.text.split())
        scale = data.SHARES[name] / max(1, len(pool))
        counts.update({word: n * scale * 1e6 for word, n in part.items()})  # type: ignore[misc]
    errors = slips.Slips(sets, kinds, slips.known(DATA / "spelling"), counts)
    at = dict.fromkeys(pools, 0)
    for pool in pools.values():
        rng.shuffle(pool)
    names = [name for name in data.SHARES if pools[name]]
    while True:
        for name in rng.choices(names, [data.SHARES[n] for n in names], k=1000):
            pool = pools[name]
            if at[name] == len(pool):
                rng.shuffle(pool)
                at[name] = 0
            made = example(pool[at[name]], pieces, sets, errors, rng, data.SPOILT[name])
            at[name] += 1
            if made:
                yield made


DATA = Path(os.environ.get("JUDGE_DATA", "data"))


def batches(work: Path, pieces: Pieces, sets: Sets, seed: int) -> Iterator[tuple[list[Example], torch.Tensor]]:
    """Batches of like lengths and few shapes: oneDNN makes new code for each shape, which takes seconds."""
    rng = random.Random(seed)
    source = stream(work, pieces, sets, rng)

    def up(n: int) -> int:
        return -(-n // 4) * 4

    while True:
        pool = sorted((next(source) for _ in range(3000)), key=lambda e: len(e.ids))
        made: list[list[Example]] = [[]]
        for e in pool:
            if made[-1] and (len(made[-1]) + 1) * up(len(e.ids)) > BATCH:
                made.append([])
            made[-1].append(e)
        rng.shuffle(made)
        for batch in made:
            n = up(max(len(e.ids) for e in batch))
            ids = np.zeros((max(len(batch), BATCH // n), n), np.int64)
            for row, e in enumerate(batch):
                ids[row, : len(e.ids)] = e.ids
            yield batch, torch.from_numpy(ids)


def loss(judge: Judge, batch: list[Example], ids: torch.Tensor, sets: Sets) -> tuple[torch.Tensor, dict[str, float]]:
    """Choosing among what stands and its set at every place, and a little guessing of masked words."""
    n = ids.shape[1]
    seen = np.array([(r * n + p, o, m) for r, e in enumerate(batch) for p, o, m in e.seen], np.int64).reshape(-1, 3)
    hidden = np.array([(r * n + p, m) for r, e in enumerate(batch) for p, m in e.hidden], np.int64).reshape(-1, 2)
    stands, count = seen[:, 1], len(seen)
    sizes = sets.first[stands + 1] - sets.first[stands]
    owner = np.repeat(np.arange(count), sizes)
    column = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    others = sets.near[np.repeat(sets.first[stands], sizes) + column]
    target = np.zeros(count, np.int64)
    hit = others == seen[owner, 2]
    target[owner[hit]] = column[hit] + 1

    states = judge.encoder(ids).reshape(-1, WIDTH)
    at, which = np.r_[np.arange(count), owner], np.r_[stands, others]
    score = Scores.apply(states[torch.from_numpy(seen[:, 0])], judge.word.weight, at, which)
    score = score + judge.bias[torch.from_numpy(which)]
    score = torch.cat([score[:count] + judge.stay[torch.from_numpy(stands)], score[count:]])
    place = torch.from_numpy(at), torch.from_numpy(np.r_[np.zeros(count, np.int64), column + 1])
    table = torch.full((count, int(sizes.max()) + 1), -1e4).index_put(place, score)
    right = torch.from_numpy(target)
    each = functional.cross_entropy(table, right, reduction="none")
    guesses = (states[torch.from_numpy(hidden[:, 0])].to(HALF) @ judge.word.weight.to(HALF).T).float() + judge.bias
    guess = functional.cross_entropy(guesses, torch.from_numpy(hidden[:, 1]), reduction="sum") / max(1, len(hidden))
    choice, wrong = table.detach().argmax(1), right > 0
    found = {
        "corrected": int((choice == right)[wrong].sum()), "errors": int(wrong.sum()),
        "false": int((choice[~wrong] > 0).sum()), "loss": float(each.detach().sum()),
        "pieces": int((ids != 0).sum()), "places": count,
    }  # fmt: skip
    return each.mean() + 0.15 * guess, found


def quiet() -> None:
    """One thread, and the last in the queue for the processor."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    os.nice(max(0, 19 - os.nice(0)))


def second(judge: Judge, work: Path, seed: int, gradient: Any, found: Any, full: Any, stop: Any) -> None:
    """The second process: one batch after the other, its gradient left for the first one to take."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet()
    judge.encoder.halve()
    parent = os.getppid()
    learned = list(judge.learned().values())
    sets = Sets.load(work)
    for batch, ids in batches(work, Pieces(judge.names), sets, seed):
        judge.zero_grad(set_to_none=True)
        value, figures = loss(judge, batch, ids, sets)
        value.backward()
        while full.value and not stop.value and os.getppid() == parent:
            time.sleep(0.01)
        if stop.value or os.getppid() != parent:
            return
        gradient.copy_(torch.cat([p.grad.reshape(-1) for p in learned]))
        found.copy_(torch.tensor(list(figures.values()), dtype=torch.float64))
        full.value = 1


class Run:
    """The first process: takes both gradients, steps, keeps an average of the weights, writes log and checkpoints."""

    def __init__(self, base: Path, work: Path, pieces: int) -> None:
        self.work, self.most = work, pieces
        self.sets = Sets.load(work)
        begun = [work / name for name in ("judge.pt", "judge.warm.pt") if (work / name).exists()]
        state = torch.load(begun[0], weights_only=True) if begun else None
        if state is None:
            names, rows = model.choose_pieces(base, work)
            self.judge = Judge.pretrained(base, names, rows, self.sets)
            state = {"pieces": 0}
        else:
            self.judge = Judge(Pieces(state["names"]), self.sets)
            self.judge.load_state_dict(state["judge"])
        # Pieces seen before this stage of the training do not count towards `pieces`.
        self.before = state["pieces"] if "step" not in state else state["before"]
        self.total, self.step = state["pieces"], state.get("step", 0)
        self.seconds = state.get("seconds", 0.0)
        self.judge.share_memory()
        self.learned = self.judge.learned()
        self.mean = state.get("mean") or {n: p.detach().clone() for n, p in self.learned.items()}
        self.optimizer = self._optimizer()
        if "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
        self.log = (work / "judge.log").open("a")

    def _optimizer(self) -> torch.optim.Optimizer:
        body = [p for n, p in self.learned.items() if n.startswith("encoder.blocks")]
        head = [p for n, p in self.learned.items() if not n.startswith("encoder.blocks") and n != "stay"]
        groups = [
            {"params": body, "base": RATE, "weight_decay": 0.01},
            {"params": head, "base": 4 * RATE, "weight_decay": 0.0},
            {"params": [self.judge.stay], "base": 20 * RATE, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98), fused=True)

    def say(self, line: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {line}"
        print(line, flush=True)
        print(line, file=self.log, flush=True)

    def save(self, name: str = "judge.pt") -> None:
        part = self.work / f"{name}.part"
        torch.save(
            {"judge": self.judge.state_dict(), "optimizer": self.optimizer.state_dict(), "mean": self.mean,
             "names": self.judge.names, "pieces": self.total, "before": self.before, "step": self.step,
             "seconds": self.seconds}, part
        )  # fmt: skip
        part.rename(self.work / name)

    def rate(self) -> float:
        ahead = (self.most - (self.total - self.before)) / (DECAY * self.most)
        return min(1.0, (self.step + 1) / WARMUP, max(0.02, ahead))

    def look(self) -> None:
        """Recall on a part of the development set, by the averaged weights."""
        kept = {n: p.detach().clone() for n, p in self.learned.items()}
        with torch.no_grad():
            for n, p in self.learned.items():
                p.copy_(self.mean[n])
        try:
            found = evaluate.quick(self.judge, self.sets, self.work, DATA / "spelling")
        finally:
            with torch.no_grad():
                for n, p in self.learned.items():
                    p.copy_(kept[n])
        self.say(f"dev (part) recall at .2 .5 1 2 4: {' '.join(f'{r:.3f}' for r in found)}")

    def average(self) -> None:
        keep = min(0.98, 1 - 1 / (self.step / 4 + 1))
        with torch.no_grad():
            for n, p in self.learned.items():
                self.mean[n].lerp_(p.detach(), 1 - keep)

    def go(self) -> None:
        quiet()
        torch.manual_seed(SEED)
        stop = multiprocessing.get_context("spawn").Value("i", 0)

        def end(*_: object) -> None:
            stop.value = 1

        seed = SEED + self.step  # a resumed run takes up fresh sentences
        params = list(self.learned.values())
        gradient = torch.zeros(sum(p.numel() for p in params)).share_memory_()
        theirs = torch.zeros(6, dtype=torch.float64).share_memory_()
        context = multiprocessing.get_context("spawn")
        full = context.Value("i", 0)
        arguments = (self.judge, self.work, seed + 500_000, gradient, theirs, full, stop)
        helper = context.Process(target=second, args=arguments, daemon=True)
        helper.start()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, end)
        self.judge.encoder.halve()
        began = time.time() - self.seconds
        said = saved = time.time()
        looked = self.total
        sums: Counter[str] = Counter()
        fresh = 0
        self.say(f"from {self.total:,} pieces, step {self.step}, to {self.before + self.most:,}")
        for batch, ids in batches(self.work, Pieces(self.judge.names), self.sets, seed):
            if stop.value or self.total - self.before >= self.most:
                break
            for group in self.optimizer.param_groups:
                group["lr"] = group["base"] * self.rate()
            self.optimizer.zero_grad(set_to_none=True)
            value, found = loss(self.judge, batch, ids, self.sets)
            value.backward()
            sums.update(found)
            self.total += int(found["pieces"])
            fresh += int(found["pieces"])
            if full.value:  # taken when it is there, as it was computed a moment ago: neither waits for the other
                parts = gradient.split([p.numel() for p in params])
                for p, part in zip(params, parts, strict=True):
                    p.grad.add_(part.view_as(p)).mul_(0.5)
                more = dict(zip(found, theirs.tolist(), strict=True))
                sums.update(more)
                self.total += int(more["pieces"])
                fresh += int(more["pieces"])
                full.value = 0
            nn.utils.clip_grad_norm_(params, 1.0)
            self.optimizer.step()
            self.step += 1
            if self.step % 4 == 0:
                self.average()
            now = time.time()
            self.seconds = now - began
            if now - said > 120:
                self.say(
                    f"step {self.step} {self.total:,} pieces {fresh / (now - said):.0f}/s rate {self.rate():.2f}"
                    f" loss {sums['loss'] / sums['places']:.4f}"
                    f" corrected {sums['corrected'] / max(1, sums['errors']):.3f} errors {sums['errors']:.0f}"
                    f" false {1e4 * sums['false'] / (sums['places'] - sums['errors']):.1f}/10k"
                )
                sums.clear()
                said, fresh = now, 0
            if now - saved > SAVE:
                self.save()
                saved = time.time()
            if self.total - looked > LOOK:
                self.look()
                looked = self.total
        finished = not stop.value
        stop.value = 1
        self.save()
        if finished:
            self.look()
        helper.join(30)
        helper.terminate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--pieces", type=int, default=3_000_000, help="to be seen in this stage, in all its runs")
    chosen = parser.parse_args()
    Run(chosen.base, chosen.work, chosen.pieces).go()
