"""The decision: scorers that join what the stages say, and calibrations that turn their log-odds into probabilities.

Fitted on sentences that no statistics have seen, with errors injected; the calibrations on others again. Errors are far
rarer in published news than among these sentences, so findings that are wrong count for more, by `rarity`.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from copydesk import languages
from copydesk.text.typos import realwords
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.correct import judged
from copydesk.text.typos.features import CONTEXT, ENCODER, NGRAMS, SCORERS, context_counts, error_bits
from copydesk.text.typos.model import Model
from copydesk.text.typos.realwords import Gate
from training import corpus, nonwords
from training.damage import swapped
from training.encoder import Sets

SEED = 5
#: Sentences of the tuning text for the n-grams' scorer; the news is taken `TIMES` times, damaged anew.
CONTEXT_SENTENCES, TIMES = 12000, 3
PUBLISHED_WORDS = 700_000
#: False changes in 10,000 words at which the last scorer shall find as much as it can.
BUDGETS = (0.2, 0.5, 1.0, 2.0, 4.0)


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


def mark(batch: Batch, place: int, stands: str, meant: str) -> str:
    """A candidate in its surroundings, as twelve hex digits: what `true_errors.txt` lists without quoting anybody."""
    around = [batch.token(at).lower() if 0 <= at < len(batch) else "" for at in range(place - 3, place + 4)]
    return hashlib.blake2b("|".join([stands, meant, *around]).encode(), digest_size=6).hexdigest()


def true_errors() -> frozenset[str]:
    """Marks of candidates in published news that are errors indeed, read by hand."""
    lines = (Path(__file__).parent / "true_errors.txt").read_text("utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


class Rows(NamedTuple):
    """Candidates in doubt: features, labels, a number for the place of each; how many words and errors were read."""

    x: np.ndarray
    y: np.ndarray
    place: np.ndarray
    words: int
    errors: int
    shown: tuple[str, ...] = ()  # for reading: the mark of each row, and what it says
    first: int = 0  # from which place on a change is a false one
    cheap: np.ndarray = np.zeros(0)  # the features of the cheap stages alone


def candidate_rows(
    model: Model, sentences: list[str], sets: Sets, rng: random.Random, share: float, show: bool = False
) -> Rows:
    shown: list[str] = []
    features, labels, place, cheap = [], [], [], []
    words = errors = last = 0
    for at in range(0, len(sentences), 1500):
        texts, truth = _damaged(sentences[at : at + 1500], sets, rng, share)
        batch = Batch(texts, model.token_types)
        found, rows = judged(batch, model)
        features.append(rows)
        cheap.append(found.features)
        labels.append(_labels(batch, model, found.place, found.meant, truth))
        place.append(found.place + last)
        last += len(batch)
        if show:
            for p, a, b in zip(found.place.tolist(), found.stands.tolist(), found.meant.tolist(), strict=True):
                text, start = texts[batch.text[p]], int(batch.start[p])
                around = text[max(0, start - 80) : start + 70].replace("\n", "¶").replace("\t", " ")
                written, meant = model.words[a], model.words[b]
                shown.append(f"{mark(batch, p, written, meant)} {written} → {meant} | {around}")
        words += sum(len(text.split()) for text in texts)
        errors += len(truth)
    return Rows(
        np.vstack(features),
        np.concatenate(labels),
        np.concatenate(place),
        words,
        errors,
        tuple(shown),
        0,
        np.vstack(cheap),
    )


def joined(rows: list[Rows]) -> Rows:
    """Several as one; places stay different."""
    shift = np.cumsum([0, *(int(r.place.max()) + 1 for r in rows)])
    return Rows(
        np.vstack([r.x for r in rows]), np.concatenate([r.y for r in rows]),
        np.concatenate([r.place + s for r, s in zip(rows, shift, strict=False)]),
        sum(r.words for r in rows), sum(r.errors for r in rows),
        tuple(x for r in rows for x in r.shown), 0, np.vstack([r.cheap for r in rows]),
    )  # fmt: skip


def found_within(scores: np.ndarray, rows: Rows) -> list[float]:
    """Recall at each of `BUDGETS`: the best candidate of each place counts, and is right or a false change."""
    order = np.lexsort((-scores, rows.place))
    best = order[np.r_[True, rows.place[order][1:] != rows.place[order][:-1]]]
    best = best[np.argsort(-scores[best], kind="stable")]
    wrong = np.cumsum(~rows.y[best] & (rows.place[best] >= rows.first))
    right = np.cumsum(rows.y[best])
    return [
        float(right[max(0, np.searchsorted(wrong, b * rows.words / 1e4, "right") - 1)] / rows.errors) for b in BUDGETS
    ]


def search(rows: Rows, seed: int, tries: int = 1500) -> np.ndarray:
    """Weights of `features.ENCODER` for which recall at few false changes, averaged over `BUDGETS`, is greatest.

    A logistic fit minds the many easy places; what counts here are the few that look surest. Random search from the
    encoder's log-odds alone, which keep the weight 1. What speaks for a candidate never counts against it, and the gap
    between the counted text and the language at large never for it.
    """
    rng = np.random.default_rng(seed)
    column = {name: number for number, name in enumerate(ENCODER)}
    for_it = [column[name] for name in ("window_odds", "ngram_odds", "margin")]
    best = np.zeros(len(ENCODER))
    best[column["encoder_odds"]] = 1.0
    score = float(np.mean(found_within(rows.x @ best, rows)))
    for number in range(tries):
        weights = best + rng.normal(0, 0.3 * 0.997**number + 0.02, len(best)) * (rng.random(len(best)) < 0.5)
        weights[column["encoder_odds"]] = 1.0
        weights[column["gap"]] = min(weights[column["gap"]], 0.0)
        weights[for_it] = np.maximum(weights[for_it], 0.0)
        now = float(np.mean(found_within(rows.x @ weights, rows)))
        if now > score:
            best, score = weights, now
    print(
        "weights",
        dict(zip(ENCODER, best.round(2).tolist(), strict=True)),
        "recall within",
        dict(zip(BUDGETS, np.round(found_within(rows.x @ best, rows), 3), strict=True)),
        flush=True,
    )
    return best


def best_of_place(scores: np.ndarray, rows: Rows) -> np.ndarray:
    order = np.lexsort((-scores, rows.place))
    return order[np.r_[True, rows.place[order][1:] != rows.place[order][:-1]]]


def fit_nonwords(work: Path, out: Path, arrays: dict[str, np.ndarray]) -> None:
    model = languages.load(out, decide=False)
    sentences = nonwords.tuning(work, SEED)
    cut = len(sentences) * 3 // 4
    for part, half, seed in (("fit", sentences[:cut], 1), ("calibrate", sentences[cut:], 2)):
        made = nonwords.rows(half, nonwords.thinned(model.lexicon), model, seed)
        for kind, (x, y) in made.items():
            print(part, kind, len(y), int(y.sum()), flush=True)
            if part == "fit":
                put(arrays, kind, nonwords.fit_scorer(x, y))
            else:
                put_calibration(arrays, kind, languages.scorer(arrays, kind)(x), y, 1.0)


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


#: The surest changes of published news, written to `review.txt` to be read by hand.
REVIEW = 150

#: Words among which published news has one error that is a word: what probabilities assume. Read off the development
#: news.
WORDS_PER_ERROR = 300


def rarity(right: Rows, spoilt: Rows) -> float:
    """How often a wrong finding in the text that is right counts, for errors to be as rare as in news."""
    return spoilt.errors / right.words * WORDS_PER_ERROR


def fit_final(work: Path, out: Path, arrays: dict[str, np.ndarray], news: list[str], published: list[str]) -> None:
    """The last scorer, with the encoder, and its calibration."""
    sets, rng = Sets.load(work), random.Random(SEED + 1)
    model = languages.load(out, decide=False)
    scorers, _, thresholds = languages.decision(arrays)
    gate = Gate(scorers["context"], model.gate.window, scorers["gate"], *thresholds, scorers["screen"])
    model = replace(model, gate=gate)
    spoilt = joined([candidate_rows(model, news, sets, rng, 1.0) for _ in range(TIMES)])
    right = candidate_rows(model, published, sets, rng, 0.0, show=True)
    known = true_errors()
    wrong = np.array([one.split(" ", 1)[0] not in known for one in right.shown], bool)
    right = right._replace(
        x=right.x[wrong], y=right.y[wrong], place=right.place[wrong], cheap=right.cheap[wrong],
        shown=tuple(one for one, kept in zip(right.shown, wrong, strict=True) if kept),
    )  # fmt: skip
    print("true errors left out", int((~wrong).sum()), flush=True)
    print(
        "final",
        "found",
        int(spoilt.y.sum()),
        "of",
        spoilt.errors,
        "places",
        len(np.unique(right.place)),
        "words",
        right.words,
        flush=True,
    )
    # In the spoilt news what was spoilt counts, in the published whatever is changed.
    rows = joined([spoilt._replace(words=0), right])._replace(first=int(spoilt.place.max()) + 1)
    weights = search(rows, SEED)
    odds = (rows.x @ weights).astype(np.float32)
    best = best_of_place(odds, rows)
    surest = [i for i in best[np.argsort(-odds[best], kind="stable")].tolist() if rows.place[i] >= rows.first][:REVIEW]
    (work / "review.txt").write_text("\n".join(f"{odds[i]:.2f} {right.shown[i - len(spoilt.y)]}" for i in surest))
    put(arrays, "encoder", {"weights": weights.astype(np.float32), "bias": np.float32(0)})
    kept = best[rows.y[best] | (rows.place[best] >= rows.first)]
    put_calibration(arrays, "encoder", odds[kept], rows.y[kept], rarity(right, spoilt))


def run(work: Path, out: Path, data: Path, parts: str) -> None:
    """Fit what is named ("nonwords", "context", "final") and write `out/decision.npz`; the rest stays as it is."""
    file = out / "decision.npz"
    arrays: dict[str, np.ndarray] = dict(np.load(file)) if file.exists() else {}
    news = corpus.news(data / "articles", data / "spelling", work)
    if "nonwords" in parts:
        fit_nonwords(work, out, arrays)
    if "context" in parts:
        fit_context(work, out, arrays)
    if "final" in parts:
        fit_final(work, out, arrays, news, corpus.published(data / "articles", PUBLISHED_WORDS, SEED))
    np.savez(file, **arrays)


if __name__ == "__main__":
    import sys

    run(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[1]), sys.argv[4])
