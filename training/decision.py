"""The decision: scorers of non-words and n-grams, and calibrations that turn log-odds into probabilities.

Fitted on sentences that no statistics have seen, with errors injected; the calibrations on others again. Where errors
are far rarer than among these sentences, findings that are wrong count for more, by `rarity`. The gate is fitted by
`training.gate`, the decisions on encoder and judge by `training.judge.decide`.
"""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np

from copydesk import languages
from copydesk.text.typos import realwords
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.features import CONTEXT, NGRAMS, SCORERS, context_counts, error_bits
from copydesk.text.typos.model import Model
from training import nonwords
from training.damage import swapped
from training.encoder import Sets
from training.judge import decide

SEED = 5
#: Sentences of the tuning text for the n-grams' scorer.
CONTEXT_SENTENCES = 12000


def _damaged(
    sentences: list[str], sets: Sets, rng: random.Random, share: float
) -> tuple[list[str], dict[tuple[int, int], str]]:
    texts, truth = [], {}
    for number, sentence in enumerate(sentences):
        made = swapped(sentence, sets, rng) if rng.random() < share else None
        texts.append(made.text if made else sentence)
        for start, _, meant in made.errors if made else ():
            truth[number, start] = meant
    return texts, truth


def _labels(
    batch: Batch, model: Model, place: np.ndarray, meant: np.ndarray, truth: dict[tuple[int, int], str]
) -> np.ndarray:
    where = zip(batch.text[place].tolist(), batch.start[place].tolist(), meant.tolist(), strict=True)
    return np.array([truth.get((t, s)) == model.words[m] for t, s, m in where], bool)


def context_rows(
    model: Model, texts: list[str], truth: dict[tuple[int, int], str], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """n-grams of candidates at all places (`features.CONTEXT`), most of the hopeless ones left out, and labels."""
    rng = np.random.default_rng(seed)
    batch, sets = Batch(texts, model.token_types), model.sets
    at = realwords.places(batch)
    stands = batch.sets[at]
    owner, which = sets.spread(stands)
    labels = _labels(batch, model, at[owner], sets.near[which], truth)
    keep = labels | (rng.random(len(labels)) < 0.2)
    owner, which, labels = owner[keep], which[keep], labels[keep]
    own = context_counts(model.ngrams, batch, at, sets.words[stands])
    others = context_counts(model.ngrams, batch, at[owner], sets.words[sets.near[which]])
    beside = NGRAMS.column(others, "left") + NGRAMS.column(others, "right")
    keep = labels | (beside > 0) | (rng.random(len(labels)) < 0.2)
    rows = CONTEXT.table(
        len(owner),
        {f"stands_{name}": NGRAMS.column(own, name)[owner] for name in NGRAMS}
        | {f"meant_{name}": NGRAMS.column(others, name) for name in NGRAMS}
        | error_bits(sets.errors[which]),
    )
    return rows[keep], labels[keep]


def calibrated(odds: np.ndarray, labels: np.ndarray, rarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that rise with the log-odds: (log-odds, probability), wrong findings counted `rarity` times.

    Isotonic regression (Barlow et al. 1972) over bins of equal numbers of right findings. Half a wrong finding is added
    to each bin, so that nothing is certain because nothing was seen.
    """
    from scipy.optimize import isotonic_regression

    right = np.sort(odds[labels])
    edges = np.unique(np.quantile(right, np.linspace(0, 1, 25)))
    edges[0], edges[-1] = (
        min(float(odds.min()), float(edges[0])) - 1e-3,
        max(float(odds.max()), float(edges[-1])) + 1e-3,
    )
    tp = np.histogram(odds[labels], edges)[0]
    fp = (np.histogram(odds[~labels], edges)[0] + 0.5) * rarity
    chance = isotonic_regression(tp / (tp + fp), weights=tp + fp).x
    inside = [odds[(odds >= a) & (odds <= b)] for a, b in pairwise(edges)]
    middle = np.array([np.median(some) if len(some) else edges[i] for i, some in enumerate(inside)])
    return np.maximum.accumulate(middle).astype(np.float32), chance.astype(np.float32)


def fit_joined(work: Path, out: Path, arrays: dict[str, np.ndarray]) -> None:
    model = languages.load(out, decide=False)
    sentences = nonwords.tuning(work, SEED)
    cut = len(sentences) * 3 // 4
    for part, half, seed in (("fit", sentences[:cut], 1), ("calibrate", sentences[cut:], 2)):
        x, y = nonwords.joined(half, nonwords.thinned(model.lexicon), model, seed)
        print(part, "joined", len(y), int(y.sum()), flush=True)
        if part == "fit":
            put(arrays, "joined", nonwords.fit_scorer(x, y))
        else:
            put_calibration(arrays, "joined", languages.scorer(arrays, "joined")(x), y, 1.0)


def put(arrays: dict[str, np.ndarray], name: str, made: dict[str, np.ndarray]) -> None:
    """Add a scorer, with the names of the features it was trained with."""
    arrays.update({f"{name}.{key}": value for key, value in made.items()})
    arrays[f"{name}.features"] = np.array(SCORERS[name])


def put_calibration(
    arrays: dict[str, np.ndarray], name: str, odds: np.ndarray, labels: np.ndarray, rarity: float
) -> None:
    arrays[f"{name}.odds"], arrays[f"{name}.probability"] = calibrated(odds, labels, rarity)


def fit_context(work: Path, out: Path, arrays: dict[str, np.ndarray]) -> None:
    """The scorer of n-grams."""
    sets, rng = Sets.load(work), random.Random(SEED)
    sentences = nonwords.tuning(work, SEED)
    model = languages.load(out, decide=False)
    texts, truth = _damaged(sentences[:CONTEXT_SENTENCES], sets, rng, 0.7)
    x, y = context_rows(model, texts, truth, SEED)
    print("context", x.shape, int(y.sum()), flush=True)
    put(arrays, "context", nonwords.fit_scorer(x, y, hidden=48, steps=6000))


def run(work: Path, out: Path) -> None:
    """Fit both, and write `out/decision.npz`; the rest stays as it is."""
    file = out / "decision.npz"
    arrays: dict[str, np.ndarray] = dict(np.load(file)) if file.exists() else {}
    fit_joined(work, out, arrays)
    fit_context(work, out, arrays)
    decide.begin(arrays)
    np.savez(file, **arrays)


if __name__ == "__main__":
    import sys

    run(Path(sys.argv[1]), Path(sys.argv[2]))
