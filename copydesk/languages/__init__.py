"""The languages with typo correction: a folder of data for each, and the loader.

Files are read as arrays and text only; nothing in them is executed. `manifest.json` holds their SHA-256 checksums.
`en/README.md` describes the files of a folder.
"""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copydesk.languages.session import LanguageError as LanguageError
from copydesk.languages.session import Session
from copydesk.text.typos.apostrophes import Apostrophes
from copydesk.text.typos.confusions import ConfusionSets
from copydesk.text.typos.doubtful import Doubtful
from copydesk.text.typos.encoder import Encoder
from copydesk.text.typos.features import SCORERS
from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lexicon import Lexicon
from copydesk.text.typos.model import Model
from copydesk.text.typos.ngrams import NGrams, Table
from copydesk.text.typos.pairs import Pairs
from copydesk.text.typos.realwords import Gate
from copydesk.text.typos.scorers import Calibration, LinearScorer, Scorer
from copydesk.text.typos.segmenter import Segmenter
from copydesk.text.typos.spelling import Spelling
from copydesk.text.typos.window import WindowModel
from copydesk.text.typos.windows import Pieces

HERE = Path(__file__).parent
_CALIBRATED = ("single", "damaged", "joined", "spaces", "gate", "encoder", "judge")


def available(shelf: Path | None = None) -> list[str]:
    """The languages with a folder below `shelf` (None means the package), as ISO 639-1 codes."""
    return sorted(folder.name for folder in (shelf or HERE).iterdir() if (folder / "words.txt.gz").exists())


def model(language: str, learned: str | None = None, shelf: Path | None = None, judge: bool = True) -> Model:
    """The model of a language `available` below `shelf`, cached; `learned` is a folder written by `copydesk learn`.

    Without `judge` it is used without its largest part.
    """
    return _model(language, learned, shelf, judge)


def forget() -> None:
    """Read all models anew when they are asked for again."""
    _model.cache_clear()


@cache
def _model(language: str, learned: str | None, shelf: Path | None, judge: bool) -> Model:
    if not judge:
        return replace(_model(language, learned, shelf, True), judge=None)
    folder = (shelf or HERE) / language
    try:
        base = load(folder)
    except (OSError, KeyError, ValueError) as error:
        raise LanguageError(
            f"the statistics of {language} in {folder} cannot be read ({type(error).__name__}: {error}); "
            "install copydesk again, or set typos.mode = 'off'"
        ) from error
    if learned is None:
        return base
    try:
        return _with_learned(base, Path(learned) / language)
    except (OSError, KeyError, ValueError) as error:
        raise LanguageError(
            f"typos.learned: {Path(learned) / language} cannot be read ({type(error).__name__}: {error}); "
            "create it again with: copydesk learn"
        ) from error


def _with_learned(base: Model, folder: Path) -> Model:
    """`base` with the known words and n-gram counts of the user's own articles added."""
    found = np.load(folder / "ngrams.npz")
    if found["single"].shape != base.ngrams.single.shape:
        raise ValueError("it was made with another version of copydesk")
    lexicon = base.lexicon.replaced(Lexicon((folder / "words.txt").read_text("utf-8")))
    return replace(base, lexicon=lexicon, ngrams=base.ngrams._replace(more=_ngrams(found)))


def _ngrams(found: Any) -> NGrams:
    return NGrams(
        found["single"].astype(np.float32), {n: Table(found[f"marks{n}"], found[f"sizes{n}"]) for n in (2, 3, 4)}
    )


def grammar(folder: Path) -> Grammar:
    """The grammar of a language, from `grammar.toml` in its folder."""
    return Grammar.parse(_toml(folder / "grammar.toml"))


def load(folder: Path, decide: bool = True) -> Model:
    """The model in `folder`; without `decide`, a model without fitted scorers, for training.

    Encoder, judge, evidence texts and word lists are optional. Raises OSError, KeyError or ValueError if another
    file is missing or invalid.
    """
    lexicon = Lexicon(gzip.decompress((folder / "words.txt.gz").read_bytes()).decode("utf-8"))
    rules = grammar(folder)
    vocabulary = _lines(folder / "vocabulary.txt")
    place = {word: i for i, word in enumerate(vocabulary)}
    words = _lines(folder / "confusions.txt")
    numbers = {word: i for i, word in enumerate(words)}
    ngrams = _ngrams(np.load(folder / "ngrams.npz"))
    arrays = np.load(folder / "confusions.npz")
    sets = ConfusionSets.build(
        np.array([place[word] for word in words], np.uint64), arrays["first"], arrays["near"], arrays["slip"],
        np.array([lexicon.zipf(word) for word in words], np.float32), ngrams.single,
    )  # fmt: skip
    scorers, calibrations, thresholds = decision(_decided(folder)) if decide else undecided()
    spelling = Spelling(np.load(folder / "spelling.npz")["surprise"], rules.alphabet)
    return Model(
        language=folder.name,
        grammar=rules,
        lexicon=lexicon,
        vocabulary=vocabulary,
        words=words,
        numbers=numbers,
        sets=sets,
        capitals=arrays["capitals"].astype(bool),
        ngrams=ngrams,
        spelling=spelling,
        gate=Gate(scorers["context"], _window(folder), scorers["gate"], thresholds[0], scorers["screen"]),
        encoder=_encoder(folder, "encoder", "pieces.txt") if (folder / "encoder.onnx").exists() else None,
        judge=_judge(folder) if (folder / "judge.onnx").exists() else None,
        judge_from=thresholds[1],
        scorers=scorers,
        calibrations=calibrations,
        doubtful=Doubtful.parse(_toml(folder / "doubtful.toml")),
        pairs=Pairs.parse(_optional(folder / "pairs.tsv"), numbers, place, rules.passive),
        apostrophes=_apostrophes(folder),
        foreign=_list(folder / "foreign.txt"),
        segmenter=Segmenter(lexicon, place, ngrams, spelling, rules),
        alone=_list(folder / "alone.txt"),
        undoubted=_marked(words, _list(folder / "alone.txt")),
    )


def _decided(folder: Path) -> dict[str, Any]:
    """The arrays of `decision.npz`; and those of `nonwords.npz` and `spaces.npz`, where these are there."""
    files = [path for name in ("decision.npz", "nonwords.npz", "spaces.npz") if (path := folder / name).exists()]
    return {name: array for path in files for name, array in np.load(path).items()}


Decision = tuple[dict[str, Any], dict[str, Calibration], tuple[float, float]]


def decision(found: Mapping[str, Any]) -> Decision:
    """Scorers and calibrations by name, and the thresholds of gate and judge, from the arrays of `decision.npz`.

    Raises ValueError if a scorer was trained with other features than those of `copydesk.text.typos.features`.
    """
    scorers: dict[str, Any] = {}
    for name, columns in SCORERS.items():
        if tuple(found[f"{name}.features"].tolist()) != tuple(columns):
            raise ValueError(f"decision.npz: {name} was trained with other features")
        scorers[name] = scorer(found, name)
    calibrations = {name: Calibration(found[f"{name}.odds"], found[f"{name}.probability"]) for name in _CALIBRATED}
    thresholds = float(found["gate.threshold"]), float(found["judge.threshold"])
    return scorers, calibrations, thresholds


def undecided() -> Decision:
    """Unfitted scorers; gate and judge look at every candidate."""
    scorers = {
        name: Scorer(np.zeros((len(columns), 1), np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32), 0.0)
        for name, columns in SCORERS.items()
    }
    return scorers, {}, (0.0, -1.0)


def scorer(found: Mapping[str, Any], name: str) -> Scorer | LinearScorer:
    """A scorer from the arrays of `decision.npz`."""
    bias = float(np.ravel(found[f"{name}.bias"])[0])
    if f"{name}.weights" in found:
        return LinearScorer(found[f"{name}.weights"], bias)
    return Scorer(found[f"{name}.hidden"], found[f"{name}.shift"], found[f"{name}.out"], bias)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")[:-1]


def _optional(path: Path) -> list[str]:
    return _lines(path) if path.exists() else []


def _list(path: Path) -> frozenset[str]:
    return frozenset(line for line in _optional(path) if line and not line.startswith("#"))


def _apostrophes(folder: Path) -> Apostrophes:
    path = folder / "apostrophes.toml"
    return Apostrophes.parse(_toml(path)) if path.exists() else Apostrophes.none()


def _marked(words: Sequence[str], some: Iterable[str]) -> NDArray[np.bool_]:
    chosen = frozenset(some)
    return np.array([word in chosen for word in words], bool)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _window(folder: Path) -> WindowModel:
    found = np.load(folder / "window.npz")
    arrays = (found[name] for name in WindowModel._fields)
    return WindowModel(*(array if array.dtype == np.int8 else array.astype(np.float32) for array in arrays))


def _encoder(folder: Path, name: str, pieces: str) -> Encoder:
    """The encoder or the judge: `name`.onnx, `name`.npz, and a list of pieces."""
    found = np.load(folder / f"{name}.npz")
    return Encoder(
        Session(folder / f"{name}.onnx"), Pieces(_lines(folder / pieces)),
        found["vectors"], found["scale"], found["bias"], found["stay"], {},
    )  # fmt: skip


def _judge(folder: Path) -> Callable[[], Encoder]:
    """What loads the judge, once: its arrays alone take as long as those of half of the other files."""
    return cache(partial(_encoder, folder, "judge", "judge.pieces.txt"))
