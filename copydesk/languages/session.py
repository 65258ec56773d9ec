"""A model as ONNX, loaded when it is first needed: importing ONNX Runtime is slow, and many texts do not need it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

#: Weights have seven bits: with eight, processors without VNNI add up more than 16 bits hold, and answers differ there.
MOST = 64
#: The file, for as long as a model is loaded, of its weights, one behind the other.
WEIGHTS = "weights"
#: How its folder is called, and the age from which on nobody loads it any more.
_PREFIX, _LEFT_SECONDS = "copydesk-model-", 600


class LanguageError(RuntimeError):
    """The files of a language cannot be used; the message says which, and how to fix it."""


#: Sessions whose model is loaded.
_loaded: WeakSet[Session] = WeakSet()


def unload() -> None:
    """Give back the memory of all models. One that is asked later is loaded again."""
    for one in list(_loaded):
        one.session = None
    _loaded.clear()


class Session:
    """Answers windows of one length (b, n), and which piece of each is asked about (b,), with the states there.

    A model whose `ids` are (1, n) is asked about one window at a time: its activations are rounded together.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session: Any = None
        self.alone = False

    def __call__(self, ids: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.session is None:
            self._load()
        rows = 1 if self.alone else len(ids)
        parts = [slice(first, first + rows) for first in range(0, len(ids), rows)]
        return np.concatenate([self.session.run(None, {"ids": ids[part], "at": at[part]})[0] for part in parts])

    def _load(self) -> None:
        # Read when it is imported: without it some builds send usage to their makers.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One thread: a run has one process per core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Kept for the next windows, what the largest ones took would be 15 MB; asking the system again costs nothing.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self.session = _session(self.path, options)
        except LanguageError:
            raise
        except Exception as error:  # ONNX Runtime has its own exception for each error
            raise LanguageError(f"{self.path} cannot be read: {error}; install copydesk again") from error
        self.alone = self.session.get_inputs()[0].shape[0] == 1
        _loaded.add(self)


def _session(path: Path, options: Any) -> Any:
    """The session of a model, which may have its weights beside it, most of them stored as 4 bits."""
    from onnxruntime import InferenceSession

    folded = path.with_suffix(".weights.npz")
    if not folded.exists():
        return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # ONNX Runtime packs weights anew. It is done with a file then; memory that it is given would have to stay.
    with _written(folded) as folder:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        return InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


@contextmanager
def _written(folded: Path) -> Iterator[str]:
    """A temporary folder with the weights of a file."""
    try:
        _sweep(Path(gettempdir()))
        made = TemporaryDirectory(prefix=_PREFIX)
        with (Path(made.name) / WEIGHTS).open("wb") as file:
            file.writelines(weight.tobytes() for _, weight in unfolded(folded))
    except OSError as error:
        raise LanguageError(
            f"{folded.name} is unpacked to a temporary file of some 100 MB, which failed: {error}; name a folder with"
            " room for it in the environment: TMPDIR=/folder"
        ) from error
    with made:
        yield made.name


def _sweep(folder: Path) -> None:
    """Remove what processes left that were killed while they loaded a model: that takes seconds."""
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT_SECONDS:
                rmtree(left)


def unfolded(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """The names and weights of a file, one at a time: of 4 bits int8 (inputs, outputs) is made, the rest stays."""
    found = np.load(path)
    for key in found.files:
        name, _, kind = key.partition(".")
        if kind == "four":
            yield name, unpacked(found[key], found[f"{name}.ratio"])
        elif kind != "ratio":
            yield key, found[key]


def unpacked(packed: NDArray[np.uint8], ratio: NDArray[np.float16]) -> NDArray[np.int8]:
    """A weight of 4 bits, two inputs in a byte, with a factor for each block of inputs, as int8."""
    four = np.empty((len(packed), 2, packed.shape[1]), np.float32)
    four[:, 0], four[:, 1] = packed & 15, packed >> 4
    blocks = four.reshape(len(ratio), -1, packed.shape[1])
    blocks -= 8
    blocks *= ratio.astype(np.float32)
    np.rint(blocks, out=blocks)
    np.clip(blocks, -MOST, MOST, out=blocks)
    return blocks.reshape(-1, packed.shape[1]).astype(np.int8)
