"""A model as ONNX, loaded when it is first needed: importing ONNX Runtime is slow, and many texts do not need it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Weights have seven bits: with eight, processors without VNNI add up more than 16 bits hold, and answers differ there.
MOST = 64


class LanguageError(RuntimeError):
    """The files of a language cannot be used; the message says which, and how to fix it."""


class Session:
    """Answers the pieces of a window, and which of them is asked about, with the state there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session: Any = None
        self.rows = 1
        self.weights: list[Any] = []  # ONNX Runtime works with them and does not own them

    def __call__(self, ids: tuple[int, ...], at: int) -> NDArray[np.float32]:
        if self.session is None:
            self._load()
        given = {"ids": np.array([ids], np.int64), "at": np.array([at] * self.rows, np.int64)}
        state: NDArray[np.float32] = self.session.run(None, given)[0][0]
        return state

    def _load(self) -> None:
        # Read when it is imported: without it some builds send usage to their makers.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One thread: a run has one process per core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            weights = unfolded(self.path.with_suffix(".weights.npz"))
            self.weights = [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
            if weights:
                options.add_external_initializers(list(weights), self.weights)
            self.session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has its own exception for each error
            raise LanguageError(f"{self.path} cannot be read: {error}; install copydesk again") from error
        # A product of one row has other last digits than one of several: a model that answers several places of one
        # sentence is asked twice about the same.
        self.rows = 2 if self.session.get_inputs()[0].shape[0] == 1 else 1


def unfolded(path: Path) -> dict[str, NDArray[np.int8]]:
    """The int8 weights (inputs, outputs) that are stored as 4 bits, two inputs in a byte, with a factor for each block
    of inputs; by name, and none where there is no such file.
    """
    if not path.exists():
        return {}
    found, weights = np.load(path), {}
    for name in (key.removesuffix(".four") for key in found.files if key.endswith(".four")):
        packed, ratio = found[f"{name}.four"], found[f"{name}.ratio"].astype(np.float32)
        four = np.empty((len(packed), 2, packed.shape[1]), np.float32)
        four[:, 0], four[:, 1] = packed & 15, packed >> 4
        blocks = four.reshape(len(ratio), -1, packed.shape[1])
        blocks -= 8
        blocks *= ratio
        np.rint(blocks, out=blocks)
        np.clip(blocks, -MOST, MOST, out=blocks)
        weights[name] = blocks.reshape(-1, packed.shape[1]).astype(np.int8)
    return weights
