"""The scorer of blanks lost and torn, written to `spaces.npz`.

    python -m training.spaces FOLDER [OUT]

FOLDER holds spelling/damaged/spaces-*.jsonl.gz, spelling/nonword*.jsonl, spelling/clean*.jsonl and articles/.

The scorer is fitted on lines whose blanks are damaged, few and many, on the same lines as they should be, on sentences
without any blank, and on published news, in which whatever is found is wrong. What it says is calibrated by
cross-validation.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from copydesk import languages
from copydesk.text.typos import guard, spaces, state
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.features import SPACES
from copydesk.text.typos.model import Model
from training import corpus
from training.nonwords import fit_scorer

SETS = ("spaces-arXiv.OCR", "spaces-ACL", "spaces-Wiki.typos")
NEWS_WORDS, GLUED = 400_000, 50
#: How often a finding in news counts.
NEWS_WEIGHT = 4
FOLDS, HIDDEN, STEPS = 4, 16, 1500
Pair = tuple[str, str]


def damaged(folder: Path) -> dict[str, list[Pair]]:
    """(as it stands, as it should be) of each set; the clean text of `clean` comes also without blanks."""
    sets: dict[str, list[Pair]] = {}
    for name in SETS:
        with gzip.open(folder / "damaged" / f"{name}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
            sets[name] = [(row["src"], row["gold"]) for row in map(json.loads, lines)]
    with next(folder.glob("nonword*.jsonl")).open(encoding="utf-8") as lines:
        made = [(row["src"], row["gold"]) for row in map(json.loads, lines)]
    sets["nonword"] = [(source, gold) for source, gold in made if source.replace(" ", "") == gold.replace(" ", "")]
    with next(folder.glob("clean*.jsonl")).open(encoding="utf-8") as lines:
        clean = [json.loads(line)["gold"] for line in lines]
    sets["glued"] = [(text.replace(" ", ""), text) for text in clean[:GLUED]]
    sets["clean"] = [(text, text) for text in clean]
    sets["as meant"] = [(gold, gold) for name in SETS for source, gold in sets[name] if source != gold]
    return sets


def blanks(text: str) -> set[int]:
    """How many letters stand before each blank."""
    return {at - number for number, at in enumerate(i for i, c in enumerate(text) if c == " ")}


def rows(model: Model, pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of all findings, whether they are right in all their blanks, and the number of their text."""
    texts = [source for source, _ in pairs]
    batch = Batch(texts, model.token_types)
    found = spaces.found(batch, model.segmenter, state.estimated(batch, len(texts)), guard.untouchable(batch, texts))
    text = batch.text[found.first]
    places = zip(text.tolist(), found.start.tolist(), found.end.tolist(), found.after, strict=True)
    right = [_is_right(pairs[number], *change) for number, *change in places]
    return found.features, np.array(right, bool), text


@cache
def true_spaces() -> frozenset[tuple[str, str]]:
    lines = (Path(__file__).parent / "true_spaces.txt").read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return frozenset((stands, meant) for stands, meant in pairs)


def _is_right(pair: Pair, start: int, end: int, after: str) -> bool:
    source, gold = pair
    if source == gold and (source[start:end], after) in true_spaces():
        return True
    before = len(source[:start].replace(" ", ""))
    meant = blanks(gold)
    old, new = ({before + at for at in blanks(text)} for text in (source[start:end], after))
    return all((at in new) == (at in meant) for at in old ^ new)


def _parts(pairs: Sequence[Pair], size: int = 500) -> Iterator[Sequence[Pair]]:
    for first in range(0, len(pairs), size):
        yield pairs[first : first + size]


def gathered(model: Model, sets: dict[str, list[Pair]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of all findings: features, whether they are right, the fold of their line (damaged or as meant), their set."""
    features, labels, folds, names = [], [], [], []
    for name, pairs in sets.items():
        for part in _parts(pairs):
            x, y, text = rows(model, part)
            features.append(x)
            labels.append(y)
            digests = [hashlib.blake2b(part[number][1].encode(), digest_size=1).digest() for number in text.tolist()]
            folds += [digest[0] % FOLDS for digest in digests]
            names += [name] * len(y)
    return np.vstack(features), np.concatenate(labels), np.array(folds), np.array(names)


def fit(model: Model, folder: Path) -> dict[str, np.ndarray]:
    """Scorer and calibration, by cross-validation over texts."""
    sets = damaged(folder / "spelling")
    news = corpus.published(folder / "articles", NEWS_WORDS, 7)
    sets["news"] = [(text, text) for text in news]
    x, y, fold, name_of = gathered(model, sets)
    times = np.where(name_of == "news", NEWS_WEIGHT, 1)
    x, y, fold, name_of = (np.repeat(part, times, axis=0) for part in (x, y, fold, name_of))
    odds = np.zeros(len(y), np.float32)
    for number in range(FOLDS):
        arrays = {
            f"spaces.{key}": value
            for key, value in fit_scorer(x[fold != number], y[fold != number], HIDDEN, STEPS).items()
        }
        odds[fold == number] = languages.scorer(arrays, "spaces")(x[fold == number])
    curve = calibrated(odds, y)
    chance = np.interp(odds, *curve)
    for name in sets:
        mine = name_of == name
        told = {
            least: (int(y[mine & (chance >= least)].sum()), int((mine & (chance >= least)).sum()))
            for least in (0.5, 0.8, 0.9, 0.95)
        }
        print(name, int(mine.sum()), int(y[mine].sum()), told, flush=True)
    made = fit_scorer(x, y, HIDDEN, STEPS)
    return {
        **{f"spaces.{key}": value for key, value in made.items()},
        "spaces.features": np.array(SPACES), "spaces.odds": curve[0], "spaces.probability": curve[1],
    }  # fmt: skip


def calibrated(odds: np.ndarray, labels: np.ndarray, points: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds and the share of findings that were right there, both rising (Barlow et al. 1972).

    Half a finding of either kind is added to each of `points` bins, so that nothing is certain by chance.
    """
    blocks: list[tuple[float, float, float]] = []  # share right, findings, median of the log-odds
    for some in np.array_split(np.argsort(odds, kind="stable"), points):
        right, of = float(labels[some].sum()) + 0.5, float(len(some)) + 1
        blocks.append((right / of, of, float(np.median(odds[some]))))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (low, few, left), (high, many, other) = blocks[-2:]
            whole = few + many
            blocks[-2:] = [((low * few + high * many) / whole, whole, (left * few + other * many) / whole)]
    return np.array([b[2] for b in blocks], np.float32), np.array([b[0] for b in blocks], np.float32)


def run(out: Path, data: Path) -> None:
    """Write `out/spaces.npz`."""
    file = out / "spaces.npz"
    there = dict(np.load(file)) if file.exists() else {}
    np.savez_compressed(file, **{**there, **fit(languages.load(out, decide=False), data)})


if __name__ == "__main__":
    run(Path(sys.argv[2]) if len(sys.argv) > 2 else languages.HERE / "en", Path(sys.argv[1]))
