"""Languages whose typos are corrected: a folder of data for each, and what loads it.

Files are opened as arrays and text only; nothing in them is ever executed. `manifest.json` holds their SHA-256
checksums.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.context import Neighbours, Scale, Weights
from copydesk.text.typos.encoder import Encoder, Pieces
from copydesk.text.typos.lexicon import Lexicon
from copydesk.text.typos.model import Model
from copydesk.text.typos.ngrams import NGrams, Table
from copydesk.text.typos.pairs import Pairs
from copydesk.text.typos.realwords import COLUMNS, Gate, Window

HERE = Path(__file__).parent
_SCALES = ("single", "merged", "joined", "real", "plain")


def available() -> list[str]:
    """The languages that have a folder, as ISO 639-1 codes."""
    return sorted(folder.name for folder in HERE.iterdir() if (folder / "words.txt.gz").exists())


class LanguageError(RuntimeError):
    """The files of a language cannot be used; the message says which, and what to do."""


@cache
def model(language: str, learned: str | None = None) -> Model:
    """The model of a language that is `available`, loaded once; with what was `learned` from the user's own
    articles.
    """
    try:
        base = load(HERE / language)
    except (OSError, KeyError, ValueError) as error:
        raise LanguageError(
            f"the statistics of {language} in {HERE / language} cannot be read ({type(error).__name__}: {error}); "
            "install copydesk again, or set typos.enabled = false"
        ) from error
    if learned is None:
        return base
    try:
        return _with_learned(base, Path(learned) / language)
    except (OSError, KeyError, ValueError) as error:
        raise LanguageError(
            f"typos.learned: what {Path(learned) / language} holds cannot be read ({type(error).__name__}: {error}); "
            "make it again with: copydesk learn"
        ) from error


def _with_learned(base: Model, folder: Path) -> Model:
    """`base` and what was counted in the user's own articles: words are known, n-grams are added."""
    found = np.load(folder / "ngrams.npz")
    if found["single"].shape != base.ngrams.single.shape:
        raise ValueError("it was made with another version of copydesk")
    lexicon = Lexicon(base.lexicon)
    lexicon.update(Lexicon.parse(_lines(folder / "words.txt")))
    return replace(base, lexicon=lexicon, ngrams=base.ngrams._replace(more=_ngrams(found)))


def _ngrams(found: Any) -> NGrams:
    return NGrams(
        found["single"].astype(np.float32), {n: Table(found[f"marks{n}"], found[f"sizes{n}"]) for n in (2, 3, 4)}
    )


def load(folder: Path, decide: bool = True) -> Model:
    """The model in `folder`; without `decide` one whose decision is still to be fitted."""
    with gzip.open(folder / "words.txt.gz", "rt", encoding="utf-8") as lines:
        lexicon = Lexicon.parse(lines)
    vocabulary = _lines(folder / "vocabulary.txt")
    sets = np.load(folder / "confusions.npz")
    place = {word: i for i, word in enumerate(vocabulary)}
    words = _lines(folder / "confusions.txt")
    numbers = {word: i for i, word in enumerate(words)}
    ngrams = _ngrams(np.load(folder / "ngrams.npz"))
    neighbours = Neighbours.build(
        np.array([place[word] for word in words], np.uint64), sets["first"], sets["near"], sets["slip"],
        np.array([lexicon.zipf(word) for word in words], np.float32), ngrams.single,
    )  # fmt: skip
    found = dict(np.load(folder / "decision.npz")) if decide else {}
    blank = Scale(np.zeros((COLUMNS, 1), np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32), 0.0)
    scales: dict[str, Any] = (
        {name: _scale(found, name) for name in ("single", "merged", "joined", "context", "join")} if decide else {}
    )
    if decide:
        scales |= {"real": Weights(found["real.weights"], float(found["real.bias"])), "plain": scales["join"]}
    gate = Gate(
        scales.get("context", blank), _window(folder), scales.get("join", blank), float(found.get("threshold", 0))
    )
    curves = {name: (found[f"curve.{name}.x"], found[f"curve.{name}.p"]) for name in _SCALES} if decide else {}
    pairs = folder / "pairs.tsv"
    return Model(
        folder.name, lexicon, vocabulary, words, numbers, neighbours,
        sets["capitals"].astype(bool), ngrams, gate, _encoder(folder), scales, curves,
        Pairs.parse(_lines(pairs) if pairs.exists() else (), numbers, place),
        _list(folder / "foreign.txt"), _list(folder / "alone.txt"),
        _list(folder / "closely.txt"),
    )  # fmt: skip


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")[:-1]


def _list(path: Path) -> frozenset[str]:
    return frozenset(line for line in _lines(path) if line and not line.startswith("#"))


def _scale(found: dict[str, Any], name: str) -> Scale:
    return Scale(found[f"{name}.hidden"], found[f"{name}.shift"], found[f"{name}.out"], float(found[f"{name}.bias"][0]))


def _window(folder: Path) -> Window:
    found = np.load(folder / "window.npz")
    return Window(
        *(found[name].astype(np.float32) if found[name].dtype != np.int8 else found[name] for name in Window._fields)
    )


class _Session:
    """The encoder, opened when it is first asked: importing ONNX Runtime takes a while, and many texts do not need
    it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session: Any = None

    def __call__(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.session is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            # One thread: a run has as many processes as cores.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            try:
                self.session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
            except Exception as error:  # ONNX Runtime has a class of its own for every fault
                raise LanguageError(f"{self.path} cannot be read: {error}; install copydesk again") from error
        states: NDArray[np.float32] = self.session.run(None, {"ids": ids})[0]
        return states


def _encoder(folder: Path) -> Encoder:
    found = np.load(folder / "encoder.npz")
    return Encoder(
        _Session(folder / "encoder.onnx"), Pieces(_lines(folder / "pieces.txt")),
        found["vectors"], found["scale"], found["bias"], found["stay"],
    )  # fmt: skip
