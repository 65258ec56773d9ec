"""The trained judge as ONNX and arrays, as a package can carry it.

    python -m training.judge.export CHECKPOINT OUT --work out/training [--rows 22000]

`judge.onnx` answers (ids (1, n), at (1)) with the hidden state at the place (1, 768); `judge.npz` holds the vectors of
words, `judge.pieces.txt` the pieces. Products are of int8, with one scale for all activations of a product: an answer
depends on what else is computed with it, so it is one unpadded window at a time. `down` has 4 bits in blocks of 32
(MatMulNBits). The other weights are stored as such 4 bits, too, of which `copydesk.languages.session` makes int8 when
it loads `judge.onnx`; all are in `judge.weights.npz`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from copydesk.languages.session import WEIGHTS
from copydesk.text.typos.windows import Pieces
from training.encoder import Sets
from training.export import int8
from training.judge import model
from training.judge.model import HEADS, WIDTH, Judge, norm

BLOCK = 32
#: How many times a piece counts that is a word with a confusion set.
JUDGED = 4


class AtPlace(nn.Module):
    """ids (b, n), at (b) → hidden state at each place; the last layer is computed for that place only."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.e = e = judge.encoder
        self.register_buffer("near", e.rel(e.bk).permute(2, 0, 1).detach().clone())
        given, self.q, self.kv = e.blocks[-1].qkv, nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH)
        for k in ("weight", "bias"):
            getattr(self.q, k).data = getattr(given, k).data[:WIDTH].clone()
            getattr(self.kv, k).data = getattr(given, k).data[WIDTH:].clone()

    def forward(self, ids: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        e, (b, n) = self.e, ids.shape
        bias = self.near[None, :, :n, :n] + (ids == Pieces.PAD)[:, None, None, :].float() * -10000.0
        x = e.norm(e.piece(ids) + e.place.weight[:n])
        for block in e.blocks[:-1]:
            x = block(x, bias)
        block, row = e.blocks[-1], torch.arange(b)
        k, v = self.kv(x).view(b, n, 2, HEADS, -1).permute(2, 0, 3, 1, 4)
        here = x[row, at][:, None]  # of two dimensions, ONNX gets a Gemm, which MatMulNBitsQuantizer passes over
        q = self.q(here).view(b, HEADS, 1, -1) * (WIDTH // HEADS) ** -0.5
        mixed = torch.softmax(q @ k.transpose(-1, -2) + bias.expand(b, HEADS, n, n)[row, :, at][:, :, None], -1) @ v
        here = norm(block.n1, here + block.out(mixed.reshape(b, 1, WIDTH)))
        here = norm(block.n2, here + block.down(functional.gelu(block.up(here))))
        return e.last_norm(functional.gelu(e.last(here)))[:, 0]


def trim(judge: Judge, sets: Sets, work: Path, rows: int) -> None:
    """Leave the judge the `rows` pieces that its text needs most; what needs another one is cut into smaller ones.

    A piece that is a word that may be judged counts more: its state is what the scores of the place are made of.
    """
    special, short = Pieces.MASK + 1, re.compile(r"(?:##)?[a-z0-9]|[!-~]")
    counts = model.piece_counts(Pieces(judge.names), work)
    judged = set(sets.words)
    need = [counts[i] * (JUDGED if name in judged else 1) for i, name in enumerate(judge.names)]
    always = [i for i, name in enumerate(judge.names) if i < special or short.fullmatch(name)]
    rest = sorted(set(range(len(need))) - set(always), key=lambda i: (-need[i], i))
    kept = sorted(always + rest[: rows - len(always)])
    judge.names = [judge.names[i] for i in kept]
    judge.encoder.piece = nn.Embedding.from_pretrained(judge.encoder.piece.weight.data[kept])


class Table4(nn.Module):
    """An embedding of 4 bits in blocks of `BLOCK` numbers with a factor each."""

    def __init__(self, table: np.ndarray[Any, Any]) -> None:
        super().__init__()
        q, factor = four_bits(table.T)
        half = (q.T.reshape(len(table), -1, 2, BLOCK // 2) + 8).astype(np.uint8)
        self.register_buffer("rows", torch.from_numpy(half[:, :, 0] | (half[:, :, 1] << 4)))
        self.register_buffer("scale", torch.from_numpy(factor[:, 0].T.copy()))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        both = self.rows[ids].float()
        high = torch.floor(both / 16)
        blocks = torch.cat([both - 16 * high, high], -1) - 8
        return (blocks * self.scale[ids].float()[..., None]).flatten(-2)


def plain(judge: Judge, out: Path) -> None:
    """Write fp32 weights, and a table of pieces of 4 bits."""
    judge.encoder.piece = Table4(judge.encoder.piece.weight.detach().numpy())  # type: ignore[assignment]
    ids, at = torch.randint(5, 999, (3, 20)), torch.tensor([3, 4, 5])
    axes = {"ids": {0: "rows", 1: "length"}, "at": {0: "rows"}, "states": {0: "rows"}}
    torch.onnx.export(
        AtPlace(judge).eval(), (ids, at), str(out), input_names=["ids", "at"], output_names=["states"],
        opset_version=17, dynamo=False, dynamic_axes=axes,
    )  # fmt: skip


def wide(path: Path) -> list[str]:
    """The nodes of `down`: their activations are so wide that one scale for all of them loses much."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    shapes = {one.name: tuple(one.dims) for one in graph.initializer}
    return [n.name for n in graph.node if n.op_type == "MatMul" and shapes.get(n.input[1]) == (4 * WIDTH, WIDTH)]


def dynamic(path: Path, out: Path) -> None:
    """Products with int8, but those of `down`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Seven bits: processors without VNNI add two products of eight in 16 bits, which can overflow, and answers would be
    # others there.
    quantize_dynamic(
        path, out, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=wide(path),
        op_types_to_quantize=["MatMul"], reduce_range=True,
    )  # fmt: skip


def blocks(path: Path, out: Path) -> None:
    """All products that are left as MatMulNBits."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(path), bits=4, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
    quantizer.process()
    quantizer.model.save_model_to_file(str(out), False)


def four_bits(weight: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """weight (inputs, outputs) → numbers -8 to 7 and a factor for each block of `BLOCK` inputs (inputs / BLOCK, 1,
    outputs); of some factors the one of least squared error.
    """
    parts = weight.reshape(-1, BLOCK, weight.shape[1]).astype(np.float32)
    far = np.abs(parts).max(1, keepdims=True) + 1e-12
    signed = np.take_along_axis(parts, np.abs(parts).argmax(1, keepdims=True), 1)
    best, factor, kept = np.full(far.shape, np.inf, np.float32), far / 7, np.zeros(parts.shape, np.int8)
    for least in (6.5, 7.0, 7.5, 8.0, 8.5, 9.0):
        scale = np.where(signed < 0, 1, -1) * far / least  # the widest weight may take -8
        q = np.clip(np.round(parts / scale), -8, 7)
        error = ((q * scale - parts) ** 2).sum(1, keepdims=True)
        better = error < best
        best, factor = np.where(better, error, best), np.where(better, scale, factor)
        kept = np.where(better, q, kept).astype(np.int8)
    return kept.reshape(weight.shape), factor.astype(np.float16)


def fold(path: Path, full: Path, out: Path) -> None:
    """Write the quantized graph at `path` as `judge.onnx` and `judge.weights.npz` in `out`; `full` holds the weights as
    they were, of which 4 bits are made.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    given = {one.name: one for one in onnx.load(full).graph.initializer}
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    names: dict[str, str] = {}
    for node in model.graph.node:
        short = f"weight{len(names)}"
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix("_quantized")
            q, factor = four_bits(numpy_helper.to_array(given[name]))
            q = (q + 8).astype(np.uint8)
            arrays[f"{short}.four"] = q[0::2] | (q[1::2] << 4)
            arrays[f"{short}.ratio"] = (factor.astype(np.float32) / constants[f"{name}_scale"]).astype(np.float16)
            names[node.input[1]] = short
        elif node.op_type == "MatMulNBits":
            arrays[short], names[node.input[1]] = constants[node.input[1]], short
    kept_apart(model.graph, names, {name: constants[name].nbytes for name in names})
    one_window(model.graph)
    (out / "judge.onnx").write_bytes(model.SerializeToString())
    np.savez(out / "judge.weights.npz", **arrays)


def kept_apart(graph: Any, names: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Let constants, by new names, be read from a file with one behind the other, made when the model is loaded.

    They must be weights that ONNX Runtime packs anew: others would keep the file in use, and its room on the disk.
    """
    offset = 0
    constants = {one.name: one for one in graph.initializer}
    for name, size in sizes.items():
        one = constants[name]
        one.name = names[name]
        one.ClearField("raw_data")
        one.data_location = 1  # TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", offset), ("length", size)):
            one.external_data.add(key=key, value=str(value))
        offset += size
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]


def one_window(graph: Any) -> None:
    """Let the graph say that it is asked about one window at a time."""
    for one in (*graph.input, *graph.output):
        one.type.tensor_type.shape.dim[0].dim_value = 1


def words(judge: Judge, out: Path) -> None:
    vectors, scale = int8(judge.word.weight.detach().numpy())
    np.savez_compressed(
        out / "judge.npz", vectors=vectors, scale=scale,
        bias=judge.bias.detach().numpy().astype(np.float32), stay=judge.stay.detach().numpy().astype(np.float32),
    )  # fmt: skip
    (out / "judge.pieces.txt").write_text("\n".join(judge.names) + "\n", "utf-8")


def everything(judge: Judge, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    words(judge, out)
    full, part, small = (out / f"judge.{name}.onnx" for name in ("fp32", "int8", "blocks"))
    plain(judge, full)
    dynamic(full, part)
    blocks(part, small)
    fold(small, full, out)
    part.unlink()
    small.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--rows", type=int, default=22_000, help="word pieces")
    chosen = parser.parse_args()
    judge, _, sets = model.load(chosen.checkpoint, chosen.work)
    trim(judge, sets, chosen.work, chosen.rows)
    everything(judge, chosen.out)
    for file in sorted(chosen.out.iterdir()):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
