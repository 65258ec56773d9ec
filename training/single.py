"""The scorer of single non-words: fitted on damaged sentences, and on published news as it stands.

    copydesk run articles.jsonl --warehouse read       (`benchmarks.confidence` says how to gather the articles)
    python -m training.single FOLDER read [--work out/training]

FOLDER holds `misspell/*.dat`, lists of misspelt words as people wrote them; the warehouse the news. News is right as it
stands but for the words of `true_nonwords.txt`. What log-odds mean is decided there, at the natural rate of errors, by
scorers that have not seen the articles. Writes `nonwords.npz`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.confidence import rows
from copydesk import languages
from copydesk.edits import APPLIED, TEXT, Edit, published_text, undo
from copydesk.text.typos import guard, nonwords
from copydesk.text.typos.batch import LOWER, Batch, TokenTypes
from copydesk.text.typos.candidates import CandidateFinder
from copydesk.text.typos.intended import on_purpose
from copydesk.text.typos.likely import TOPIC, TOPIC_LOWER
from copydesk.text.typos.model import Model
from copydesk.text.typos.step import STEP
from training.damage import damage
from training.decision import put
from training.english import GRAMMAR, tokens
from training.nonwords import fit_scorer, thinned, tuning

SEED = 11
SENTENCES = 60_000
#: Share of the texts of three sentences that are damaged, and of the errors there that people have made.
SPOILT, BY_HAND = 0.6, 0.35
#: What a row of news counts, beside one of damaged sentences.
NEWS_WEIGHT = 4.0
#: Articles are parted into so many folds.
FOLDS = 3
STEPS = 3000


def misspellings(folder: Path) -> dict[str, list[str]]:
    """How people misspelt each word, in letters only."""
    found: dict[str, list[str]] = {}
    for path in sorted((folder / "misspell").glob("*.dat")):
        word = ""
        for line in path.read_text("utf-8", "replace").split():
            if line.startswith("$"):
                word = line[1:].lower()
            elif word.isalpha() and line.isalpha() and line.islower() and line != word:
                found.setdefault(word, []).append(line)
    return found


def true_nonwords() -> frozenset[tuple[str, str]]:
    lines = (Path(__file__).parent / "true_nonwords.txt").read_text("utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return frozenset((wrong, right) for wrong, right in pairs)


def published(warehouse: Path) -> list[tuple[str, int]]:
    """English articles of a warehouse as they stood before typos were looked for, each with its fold."""
    edits: dict[str, list[Edit]] = defaultdict(list)
    for row in rows(warehouse / "edits", list(Edit._fields)):
        if row["step"] == STEP and row["status"] == APPLIED:
            edits[str(row["article_id"])].append(Edit.from_row(row))
    texts = []
    for row in rows(warehouse / "articles", ["article_id", "headline", "body", "language", "duplicate_of"]):
        if row["language"] == "en" and not row["duplicate_of"]:
            text = published_text(str(row["headline"]), str(row["body"]))
            for edit in sorted(edits[str(row["article_id"])], key=lambda edit: -edit.sequence):
                text = undo(text, edit) if edit.field == TEXT else text
            texts.append((text, fold_of(str(row["article_id"]))))
    return texts


def fold_of(article: str) -> int:
    return hashlib.blake2b(article.encode(), digest_size=1).digest()[0] % FOLDS


def _misspelt(sentence: str, known: dict[str, list[str]], rng: random.Random) -> tuple[str, list[tuple[int, int, str]]]:
    parts = tokens(sentence)
    places = [i for i, part in enumerate(parts) if part in known]
    if not places:
        return sentence, []
    at = rng.choice(places)
    start = sum(map(len, parts[:at]))
    written = rng.choice(known[parts[at]])
    return "".join([*parts[:at], written, *parts[at + 1 :]]), [(start, start + len(written), parts[at])]


def damaged_rows(model: Model, sentences: list[str], known: dict[str, list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of what is found in damaged sentences, a part of the rare words taken out of the lexicon."""
    rng, lexicon = random.Random(SEED), thinned(model.lexicon)
    types = TokenTypes(lexicon, list(model.vocabulary), {}, GRAMMAR)
    finder = CandidateFinder(lexicon, GRAMMAR, model.spelling)
    texts, truth = [], {}
    for number, at in enumerate(range(0, len(sentences), 3)):
        text, spoilt = "", rng.random() < SPOILT
        for sentence in sentences[at : at + 3]:
            made, errors = sentence, []
            if spoilt and rng.random() < BY_HAND:
                made, errors = _misspelt(sentence, known, rng)
            elif spoilt:
                made, errors = damage(sentence, rng)
            for start, end, meant in errors:
                truth[number, len(text) + start, len(text) + end] = meant
            text += made + " "
        texts.append(text)
    batch = Batch(texts, types)
    found = nonwords.single(batch, finder, model.ngrams)
    spans = zip(
        *(a.tolist() for a in (batch.text[found.first], batch.start[found.first], batch.end[found.last])), strict=True
    )
    return found.features, np.array([truth.get(s) == a for s, a in zip(spans, found.after, strict=True)], bool)


def news_rows(model: Model, texts: list[tuple[str, int]]) -> Rows:
    """What is found in news, each text with its fold, outside of what is never touched."""
    right, labels, shown, features, folds, owners = true_nonwords(), [], [], [], [], []
    last = 0
    for at in range(0, len(texts), 400):
        some = [text for text, _ in texts[at : at + 400]]
        batch = Batch(some, model.token_types)
        found = nonwords.single(batch, model.finder, model.ngrams)
        places = found.first
        kept = ~guard.untouchable(batch, some)[places]
        kept &= ~guard.foreign(batch, model.foreign, model.grammar.function_words, places)
        kept &= ~guard.names(batch, places) & ~on_purpose(batch, some, model.grammar.intended, places)
        topic = np.where(batch.flags[places] & LOWER, TOPIC_LOWER, TOPIC)
        kept &= guard.repeated(batch, places) < topic
        for i in np.flatnonzero(kept).tolist():
            token, start, text = batch.token(places[i]), int(batch.start[places[i]]), int(batch.text[places[i]])
            labels.append((token, found.after[i]) in right)
            shown.append(f"{token} {found.after[i]} | {some[text][max(0, start - 50) : start + 40]!r}")
            folds.append(texts[at + text][1])
        features.append(found.features[kept])
        owners.append(places[kept] + last)
        last += len(batch)
    place = np.unique(np.concatenate(owners), return_inverse=True)[1]
    return Rows(np.vstack(features), np.array(labels, bool), place, np.array(folds), shown)


def sigmoid(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def calibrated(odds: np.ndarray, labels: np.ndarray, points: int = 33) -> tuple[np.ndarray, np.ndarray]:
    """What log-odds mean: (log-odds, probability). A logistic curve (Platt 1999), fitted by Newton's method to findings
    that the scorer was not fitted on; errors are few, and bins of them would say little.
    """
    x = np.c_[odds, np.ones(len(odds))].astype(np.float64)
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        chance = sigmoid(x @ weights)
        slope = x.T @ (labels - chance) - 1e-3 * weights
        weights += np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + 1e-3 * np.eye(2), slope)
    at = np.linspace(odds.min(), max(odds.max(), 8.0), points)
    return at.astype(np.float32), sigmoid(np.c_[at, np.ones(points)] @ weights).astype(np.float32)


def shared(chance: np.ndarray, place: np.ndarray) -> np.ndarray:
    """As `copydesk.text.typos.correct` shares probabilities between the candidates of a place."""
    odds = chance / np.maximum(1 - chance, 1e-3)
    return odds / (1 + np.bincount(place, odds)[place])


class Rows(NamedTuple):
    """Findings: features, labels, a number for the place of each, its fold, and what it is, for reading."""

    x: np.ndarray
    y: np.ndarray
    place: np.ndarray
    fold: np.ndarray
    shown: list[str]


def made(damaged: tuple[np.ndarray, np.ndarray], news: Rows) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Scorer and calibration as arrays, and the log-odds of the findings in news, each by a scorer that was fitted
    without the articles of its fold.
    """
    x0, y0 = damaged

    def fitted(kept: np.ndarray) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        weight = np.r_[np.ones(len(y0)), np.full(int(kept.sum()), NEWS_WEIGHT)]
        x, y = np.vstack([x0, news.x[kept]]), np.r_[y0, news.y[kept]]
        put(arrays, "single", fit_scorer(x, y, steps=STEPS, seed=SEED, weights=weight))
        return arrays

    odds = np.zeros(len(news.y))
    for fold in range(FOLDS):
        held = news.fold == fold
        odds[held] = languages.scorer(fitted(~held), "single")(news.x[held])
    arrays = fitted(np.ones(len(news.y), bool))
    arrays["single.odds"], arrays["single.probability"] = calibrated(odds, news.y)
    return arrays, odds


def table(said: np.ndarray, found: np.ndarray) -> str:
    """Said against found, in bins of probability."""
    edges = [0.05, 0.2, 0.35, 0.5, 0.65, 0.75, 0.85, 0.9, 0.95, 0.98, 1.01]
    lines = []
    for low, high in pairwise(edges):
        here = (said >= low) & (said < high)
        if here.any():
            means = f"said {said[here].mean():.3f} found {found[here].mean():.3f}"
            lines.append(f"{low:.2f} to {high:.2f}: {here.sum():5} {means}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    chosen = parser.parse_args()
    out = languages.HERE / "en"
    model = languages.load(out, decide=False)
    damaged = damaged_rows(model, tuning(chosen.work, SEED)[:SENTENCES], misspellings(chosen.folder))
    news = news_rows(model, published(chosen.warehouse))
    print("damaged", len(damaged[1]), int(damaged[1].sum()), "news", len(news.y), int(news.y.sum()), flush=True)
    arrays, odds = made(damaged, news)
    np.savez_compressed(out / "nonwords.npz", **arrays)
    chance = shared(np.interp(odds, arrays["single.odds"], arrays["single.probability"]), news.place)
    print(table(chance, news.y))
    order = np.argsort(-chance)[:1000]
    review = [f"{chance[i]:.3f}\t{'+' if news.y[i] else '-'}\t{news.shown[i]}\n" for i in order]
    (chosen.work / "single.review.txt").write_text("".join(review), "utf-8")


if __name__ == "__main__":
    main()
