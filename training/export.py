"""The trained encoder as int8 ONNX and arrays, as the package carries it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import torch

from copydesk.text.typos.windows import Pieces
from training import products
from training.encoder import HEADS, WIDTH, Encoder, Judge, Sets


def int8(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as int8 and their factors."""
    scale = np.abs(table).max(1) / 127 + 1e-12
    return np.round(table / scale[:, None]).astype(np.int8), scale.astype(np.float32)


class Table8(torch.nn.Module):
    """An embedding of int8 rows with a factor each."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        rows, scale = int8(table)
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("scale", torch.from_numpy(scale))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.rows[ids].float() * self.scale[ids][..., None]


class AtPlace(torch.nn.Module):
    """ids (b, n), at (b) → hidden state at each place (b, WIDTH); the last layer is computed for that place only."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.e, self.q, self.kv = encoder, torch.nn.Linear(WIDTH, WIDTH), torch.nn.Linear(WIDTH, 2 * WIDTH)
        given = encoder.blocks[-1].qkv
        for part in ("weight", "bias"):
            getattr(self.q, part).data = getattr(given, part).data[:WIDTH].clone()
            getattr(self.kv, part).data = getattr(given, part).data[WIDTH:].clone()

    def forward(self, ids: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        e, (b, n) = self.e, ids.shape
        x = e.norm(e.piece(ids) + e.place.weight[:n])
        for block in e.blocks[:-1]:
            x = block(x, 0.0)
        block, here = e.blocks[-1], x[torch.arange(b), at][:, None]  # of two dimensions, ONNX gets a Gemm
        q = self.q(here).view(b, 1, HEADS, WIDTH // HEADS).transpose(1, 2)
        k, v = self.kv(x).view(b, n, 2, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5, -1)
        here = block.norm1(here + block.out((weights @ v).transpose(1, 2).reshape(b, 1, WIDTH)))
        here = block.norm2(here + block.down(torch.nn.functional.gelu(block.up(here))))
        return e.last_norm(torch.nn.functional.gelu(e.last(here)))[:, 0]


def encoder(work: Path, out: Path, name: str = "encoder.pt") -> None:
    """Write `encoder.onnx`, `encoder.npz` and `pieces.txt` from the averaged weights of a checkpoint."""
    state = torch.load(work / name, weights_only=True)
    pieces, sets = Pieces(state["names"]), Sets.load(work)
    judge = Judge(pieces, sets)
    judge.load_state_dict(state["judge"])
    with torch.no_grad():
        for n, p in judge.named_parameters():
            if n in state["mean"]:
                p.copy_(state["mean"][n])
    judge.encoder.piece = Table8(judge.encoder.piece.weight.detach().numpy())
    quantized(judge.encoder, work, out)
    vectors, scale = int8(judge.word.weight.detach().numpy())
    np.savez_compressed(
        out / "encoder.npz", vectors=vectors, scale=scale,
        bias=judge.bias.detach().numpy().astype(np.float32), stay=judge.stay.detach().numpy().astype(np.float32),
    )  # fmt: skip
    (out / "pieces.txt").write_text("\n".join(pieces.names) + "\n", "utf-8")


def quantized(encoder: Encoder, work: Path, out: Path) -> None:
    """Write `encoder.onnx`."""
    import onnx

    full = work / "encoder.fp32.onnx"
    given = torch.randint(5, 999, (3, 20)), torch.tensor([3, 4, 5])
    torch.onnx.export(
        AtPlace(encoder).eval(), given, str(full), input_names=["ids", "at"], output_names=["states"],
        opset_version=17, dynamo=False,
        dynamic_axes={"ids": {0: "rows", 1: "length"}, "at": {0: "rows"}, "states": {0: "rows"}},
    )  # fmt: skip
    model = onnx.load(full)
    products.quantize(model)
    (out / "encoder.onnx").write_bytes(model.SerializeToString())


def window(work: Path, out: Path) -> None:
    """Write `window.npz`."""
    state = {k: v.numpy() for k, v in torch.load(work / "window.pt", weights_only=True).items()}
    context, scale = int8(state["context.weight"])
    half = {
        "context_scale": scale, "hidden": state["hidden.weight"].T, "shift": state["hidden.bias"],
        "out": state["out.weight"].T, "out_shift": state["out.bias"], "word": state["word.weight"],
        "bias": state["bias.weight"][:, 0],
    }  # fmt: skip
    np.savez_compressed(out / "window.npz", context=context, **{k: v.astype(np.float16) for k, v in half.items()})


_ERROR_BITS = {"edit": 1, "shape": 2, "move": 4, "sound": 8}


def lexicon(work: Path, out: Path) -> None:
    """Write `words.txt.gz`, the same bytes each time."""
    with (out / "words.txt.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as packed:
        packed.write((work / "words.txt").read_bytes())


def statistics(work: Path, out: Path) -> None:
    """Write `vocabulary.txt`, `confusions.txt`, `confusions.npz` and `ngrams.npz`."""
    vocabulary = json.loads((work / "vocabulary.json").read_text())
    (out / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    sets = json.loads((work / "confusions.json").read_text())
    words = sorted(sets)
    number = {word: i for i, word in enumerate(words)}
    (out / "confusions.txt").write_text("\n".join(words) + "\n", "utf-8")
    counts = json.loads((work / "counts.json").read_text())
    names = {
        line.split("\t")[0]
        for line in (work / "words.txt").open(encoding="utf-8")
        if "n" in line.rstrip().rsplit("\t", 1)[1]
    }
    # At the beginning of a sentence every word has its capital; a word that has it at least every third time is a
    # name, too.
    capital = [w in names or counts.get(w.capitalize(), 0) * 2 > counts.get(w, 0) for w in words]
    np.savez_compressed(
        out / "confusions.npz",
        first=np.concatenate([[0], np.cumsum([len(sets[w]) for w in words])]).astype(np.int32),
        near=np.array([number[o] for w in words for o in sets[w]], np.uint16),
        slip=np.array(
            [sum({_ERROR_BITS[k] for k in kinds.split("+")}) for w in words for kinds in sets[w].values()], np.uint8
        ),
        capitals=np.array(capital),
    )
    found = {"single": np.load(work / "ngrams" / "single.npy").astype(np.float32)}
    for order in (2, 3, 4):
        found |= {f"{part}{order}": np.load(work / "ngrams" / f"{part}{order}.npy") for part in ("marks", "sizes")}
    np.savez_compressed(out / "ngrams.npz", **found)


def everything(work: Path, out: Path) -> None:
    """All files but the decision's, the pairs and those written by hand (`grammar.toml`, lists, `README.md`)."""
    out.mkdir(parents=True, exist_ok=True)
    lexicon(work, out)
    statistics(work, out)
    window(work, out)
    encoder(work, out)
