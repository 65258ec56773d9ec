"""The large judge: all-mpnet-base-v2 with a vector for each word that has a confusion set.

The lower six of twelve layers and the table of pieces stay as they were pretrained; the upper six, the last projection
and the vectors of words are trained. The score of a word at a place is the product of its vector with the hidden state
of the place's first piece, as in `training.encoder`.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from copydesk.text.typos.windows import LONGEST, Pieces
from training.encoder import Sets

WIDTH, HEADS, LAYERS, TRAINED = 768, 12, 12, 6
LEAST = 40  # how often a piece is needed in the text to be kept
HALF = torch.bfloat16
LINEAR = ("qkv", "out", "up", "down")


def piece_counts(pieces: Pieces, work: Path) -> Counter[int]:
    """How often each piece is needed, in open text and, more often counted, in news."""
    counts: Counter[int] = Counter()
    for source, times in (("counts.json", 1), ("counts.news.json", 20)):
        for word, n in json.loads((work / source).read_text()).items():
            for piece in pieces(word):
                counts[piece] += n * times
    return counts


def choose_pieces(base: Path, work: Path) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The pieces that open text and news need, special ones first as `Pieces` wants them, and their rows in the base
    model's table.
    """
    every = (base / "vocab.txt").read_text("utf-8").split("\n")[:-1]
    row = {name: i for i, name in enumerate(every)}
    full = Pieces(every)
    full.UNKNOWN = row["[UNK]"]  # type: ignore[misc]
    counts = piece_counts(full, work)
    special = ["<pad>", "[UNK]", "<s>", "</s>", "<mask>"]
    short = re.compile(r"(?:##)?[a-z0-9]|[!-~]")
    kept = [p for i, p in enumerate(every) if p not in special and (counts[i] >= LEAST or short.fullmatch(p))]
    names = special + kept
    return names, np.array([row[name] for name in names])


def distances(n: int) -> torch.Tensor:
    """The bucket of each pair of positions, as MPNet and T5 count them: (n, n)."""
    ahead = torch.arange(n)[None, :] - torch.arange(n)[:, None]
    far = ahead.abs()
    log = 8 + (torch.log(far.clamp(min=1) / 8) / math.log(128 / 8) * 8).long()
    return torch.where(far < 8, far, log.clamp(max=15)) + 16 * (ahead > 0)


def linear(layer: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    return functional.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))


def norm(layer: nn.LayerNorm, x: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(x, (WIDTH,), layer.weight, layer.bias, layer.eps)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.n1, self.n2 = nn.LayerNorm(WIDTH, 1e-5), nn.LayerNorm(WIDTH, 1e-5)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Weights are cast to the type of `x`. Plain products: on CPUs the backward pass of fused attention is slow."""
        b, n, _ = x.shape
        q, k, v = linear(self.qkv, x).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax((q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-1, -2) + bias, -1) @ v
        x = norm(self.n1, x + linear(self.out, mixed.transpose(1, 2).reshape(b, n, WIDTH)))
        return norm(self.n2, x + linear(self.down, functional.gelu(linear(self.up, x))))


class Encoder(nn.Module):
    """ids (b, n) → hidden states (b, n, WIDTH). `kind` is the type that the layers compute in."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.piece, self.place = nn.Embedding(pieces, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.norm, self.rel = nn.LayerNorm(WIDTH, 1e-5), nn.Embedding(32, HEADS)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.last, self.last_norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)
        self.register_buffer("bk", distances(LONGEST), persistent=False)
        self.kind, self.frozen = torch.float32, SimpleNamespace(blocks=None)

    def embed(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        n = ids.shape[1]
        bias = self.rel(self.bk[:n, :n]).permute(2, 0, 1)[None] + (ids == Pieces.PAD)[:, None, None, :] * -10000.0
        return self.norm(self.piece(ids) + self.place.weight[:n]).to(self.kind), bias.to(self.kind)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x, bias = self.embed(ids)
            for block in self.frozen.blocks or self.blocks[:-TRAINED]:
                x = block(x, bias)
        for block in self.blocks[-TRAINED:]:
            x = block(x, bias)
        return self.last_norm(functional.gelu(linear(self.last, x)).float())

    def halve(self, trained: bool = False) -> None:
        """Compute in bfloat16, with a copy of the frozen layers that need not be cast each time; with `trained` the
        upper layers are cast, too, for looking only.
        """
        self.kind = HALF
        self.frozen.blocks = [copy.deepcopy(block) for block in self.blocks[:-TRAINED]]
        for block in [*self.frozen.blocks, *(self.blocks[-TRAINED:] if trained else ())]:
            for name in LINEAR:
                getattr(block, name).to(HALF)


class Judge(nn.Module):
    """`word`, `bias` and `stay` are of each word that has a set: its vector, how often it is meant, and how readily it
    is given up where it stands.
    """

    def __init__(self, pieces: Pieces, sets: Sets) -> None:
        super().__init__()
        self.names = pieces.names
        self.encoder = Encoder(len(pieces.names))
        self.word = nn.Embedding(len(sets.words), WIDTH)
        self.bias = nn.Parameter(torch.zeros(len(sets.words)))
        self.stay = nn.Parameter(torch.full((len(sets.words),), 2.0))
        e = self.encoder
        for part in (e.piece, e.place, e.norm, e.rel, *e.blocks[:-TRAINED]):
            part.requires_grad_(False)

    def learned(self) -> dict[str, nn.Parameter]:
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    @classmethod
    def pretrained(cls, base: Path, names: list[str], rows: np.ndarray[Any, Any], sets: Sets) -> Judge:
        """With the weights of the base model, and vectors of words begun from those of their pieces."""
        from safetensors.torch import load_file

        pieces = Pieces(names)
        judge, given = cls(pieces, sets), load_file(base / "model.safetensors")
        e = judge.encoder
        e.piece.weight.data = given["embeddings.word_embeddings.weight"][torch.from_numpy(rows)].float().clone()
        e.place.weight.data = given["embeddings.position_embeddings.weight"][2 : 2 + LONGEST].float().clone()
        e.norm.load_state_dict({k: given[f"embeddings.LayerNorm.{k}"] for k in ("weight", "bias")})
        e.rel.weight.data = given["encoder.relative_attention_bias.weight"].float().clone()
        for i, block in enumerate(e.blocks):
            at = f"encoder.layer.{i}."
            for k in ("weight", "bias"):
                getattr(block.qkv, k).data = torch.cat([given[f"{at}attention.attn.{x}.{k}"] for x in "qkv"])
                for ours, theirs in (
                    (block.out, "attention.attn.o"), (block.n1, "attention.LayerNorm"),
                    (block.up, "intermediate.dense"), (block.down, "output.dense"), (block.n2, "output.LayerNorm"),
                ):  # fmt: skip
                    getattr(ours, k).data = given[f"{at}{theirs}.{k}"].clone()
        start = torch.stack([e.piece.weight.data[pieces(word)].mean(0) for word in sets.words])
        start -= start.mean(0)
        judge.word.weight.data = start / start.norm(dim=1, keepdim=True) * 0.8
        return judge


def pack(judge: Judge, words: list[str], out: Path) -> None:
    """Write what was trained as int8 rows with a float16 factor each: 52 MB, from which training can begin anew."""
    from safetensors.torch import save_file

    parts: dict[str, torch.Tensor] = {}
    for name, value in ((n, p.detach()) for n, p in judge.learned().items()):
        if value.dim() == 2:
            scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
            parts[name + ":int8"], parts[name + ":scale"] = (value / scale).round().to(torch.int8), scale.half()
        else:
            parts[name] = value.half()
    save_file(parts, str(out), metadata={"words": json.dumps(words)})


def unpack(judge: Judge, sets: Sets, path: Path) -> None:
    """Take what `pack` wrote into `judge`; words are matched by name."""
    from safetensors import safe_open

    state = judge.state_dict()
    with safe_open(str(path), "pt") as given:
        at = {word: i for i, word in enumerate(json.loads(given.metadata()["words"]))}
        mine = torch.tensor([i for i, word in enumerate(sets.words) if word in at])
        theirs = torch.tensor([at[word] for word in sets.words if word in at])
        keys = set(given.keys())
        for name in sorted({key.split(":")[0] for key in keys}):
            if name + ":int8" in keys:
                value = given.get_tensor(name + ":int8").float() * given.get_tensor(name + ":scale").float()
            else:
                value = given.get_tensor(name).float()
            if name in ("word.weight", "bias", "stay"):
                state[name][mine] = value[theirs]
            else:
                state[name] = value
    judge.load_state_dict(state)


def load(path: Path, work: Path, mean: bool = True) -> tuple[Judge, Pieces, Sets]:
    """The judge of a checkpoint; with `mean` its averaged weights where it has them."""
    state = torch.load(path, weights_only=True)
    pieces, sets = Pieces(state["names"]), Sets.load(work)
    judge = Judge(pieces, sets)
    judge.load_state_dict(state["judge"])
    if mean and "mean" in state:
        with torch.no_grad():
            for name, p in judge.learned().items():
                p.copy_(state["mean"][name])
    return judge.eval(), pieces, sets
