"""What comes before the encoders: which candidates are dropped at once, and which places are looked at more closely.

    python -m training.gate DATA FOLDER --work out/training        writes `screen.*` and `gate.*` of FOLDER/decision.npz

Fitted on published news that is not kept apart (`training.judge.news`). Its words are right as they stand, but for
those that a reader found to be errors; further errors are made in it as people make them (`training.judge.slips`). How
often a place of such log-odds is an error is measured on articles that the calibration's scorer has not seen.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from copydesk import languages
from copydesk.text.typos import guard, realwords
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.correct import judged
from copydesk.text.typos.features import GATE, SCREEN
from copydesk.text.typos.model import Model
from copydesk.text.typos.scorers import Scorer
from training import decision
from training.encoder import Sets
from training.judge import news, slips
from training.marks import verdicts
from training.nonwords import fit_scorer

SEED, CHUNK = 7, 200
#: Share of the places at which an error is made.
SPOILT = 0.07
#: Share of the errors that the screen lets through.
KEPT = 0.93
#: How often errors that a reader found count, and those that are made.
NATURAL, MADE = 6.0, 0.3
#: Places in 10,000 words of published news that pass.
PLACES = 32
#: Words of published news among which one is an error: what probabilities assume.
WORDS_PER_ERROR = 9000
NETS = 3


class Found(NamedTuple):
    """Candidates: features (`features.GATE`), where they stand (number of the text, start), what is meant; how many
    words were read.
    """

    x: np.ndarray
    where: list[tuple[int, int]]
    meant: np.ndarray
    words: int

    def kept(self, which: np.ndarray) -> Found:
        return Found(
            self.x[which], [w for w, k in zip(self.where, which, strict=True) if k], self.meant[which], self.words
        )


def everything() -> Scorer:
    """A screen that drops nothing."""
    return Scorer(np.zeros((len(SCREEN), 1), np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32), 0.0)


def found(model: Model, texts: Sequence[str], only: dict[tuple[int, int], int] | None = None) -> Found:
    """The candidates that the screen of `model` lets through; those at `only`."""
    parts, where = [], []
    for first in range(0, len(texts), CHUNK):
        some = texts[first : first + CHUNK]
        batch = Batch(some, model.token_types)
        rows, _ = judged(batch, model, guard.untouchable(batch, some))
        at = list(zip((batch.text[rows.place] + first).tolist(), batch.start[rows.place].tolist(), strict=True))
        if only is not None:
            rows, at = rows.kept(np.array([p in only for p in at], bool)), [p for p in at if p in only]
        parts.append(rows)
        where += at
    words = sum(len(text.split()) for text in texts)
    return Found(np.vstack([p.features for p in parts]), where, np.concatenate([p.meant for p in parts]), words)


def spoilt(
    model: Model, sets: Sets, errors: slips.Slips, texts: Sequence[str]
) -> tuple[list[str], dict[tuple[int, int], int]]:
    """`texts` with errors made, and where (number of the text, start), with the number of what was meant."""
    rng, made, truth = random.Random(SEED), [], {}
    for first in range(0, len(texts), CHUNK):
        batch = Batch(texts[first : first + CHUNK], model.token_types)
        wanted: dict[int, list[int]] = {}
        for place in realwords.places(batch).tolist():
            if rng.random() < SPOILT:
                wanted.setdefault(int(batch.text[place]), []).append(place)
        for number, text in enumerate(texts[first : first + CHUNK]):
            parts, last, length = [], 0, 0
            for place in wanted.get(number, ()):
                other = errors.draw(int(batch.sets[place]), rng)
                if other < 0:
                    continue
                start, end = int(batch.start[place]), int(batch.end[place])
                word = sets.words[other].capitalize() if text[start].isupper() else sets.words[other]
                length += start - last
                truth[first + number, length] = int(batch.sets[place])
                parts += [text[last:start], word]
                length, last = length + len(word), end
            made.append("".join([*parts, text[last:]]))
    return made, truth


class Known(NamedTuple):
    """Places of published news (article, start): the word meant at errors that were read; those not to be learned."""

    errors: dict[tuple[str, int], str]
    unclear: set[tuple[str, int]]

    @classmethod
    def read(cls, file: Path) -> Known:
        """From `mined.jsonl`. What nobody read, and the judge is sure of, is unclear."""
        errors, unclear, known = {}, set(), verdicts()
        for line in file.open(encoding="utf-8") if file.exists() else ():
            name, start, _, meant, _, odds, mark, *_ = json.loads(line)
            verdict = known.get(mark)
            if verdict == "error":
                errors[name, start] = meant
            elif verdict in ("other", "unsure") or (verdict is None and odds > 2):
                unclear.add((name, start))
        return cls(errors, unclear)


class Data(NamedTuple):
    """Rows to fit on: features, labels, weights, and whether they are of the articles for calibration."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    held: np.ndarray
    words: int
    errors: int

    def kept(self, which: np.ndarray) -> Data:
        return Data(self.x[which], self.y[which], self.weights[which], self.held[which], self.words, self.errors)


def gathered(model: Model, work: Path, data: Path, one_in: int = 1) -> Data:
    """Candidates of the news as it stands, and the right ones at errors that are made."""
    sets = Sets.load(work)
    stories = unlike(news.stories(data / "articles"))
    random.Random(SEED).shuffle(stories)
    stories = stories[::one_in]
    texts = [story.text for story in stories]
    for_calibration = np.array([story.part == "fit" for story in stories])
    right, known = found(model, texts), Known.read(work / "mined.jsonl")
    named = [(stories[text].name, start) for text, start in right.where]
    words = model.words
    error = np.array([known.errors.get(at) == words[w] for at, w in zip(named, right.meant.tolist(), strict=True)])
    usable = error | np.array([at not in known.errors and at not in known.unclear for at in named])
    kinds = json.loads((work / "confusions.json").read_text())
    counts = Counter(word.lower() for text in texts[::4] for word in text.split())
    errors = slips.Slips(sets, kinds, slips.known(data / "spelling"), counts)
    made, truth = spoilt(model, sets, errors, texts)
    wrong = found(model, made, truth)
    wrong = wrong.kept(np.array([truth[at] == w for at, w in zip(wrong.where, wrong.meant.tolist(), strict=True)]))
    print(f"{right.words} words, {len(right.x)} candidates; {len(wrong.x)} of {len(truth)} errors, {error.sum()} read")
    number = np.array([text for text, _ in [*right.where, *wrong.where]])
    y = np.r_[error, np.ones(len(wrong.x), bool)]
    weights = np.r_[np.where(error, NATURAL, 1.0), np.full(len(wrong.x), MADE)]
    every = Data(np.vstack([right.x, wrong.x]), y, weights, for_calibration[number], right.words, len(truth))
    return every.kept(np.r_[usable, np.ones(len(wrong.x), bool)])


def unlike(stories: Iterator[news.Story]) -> list[news.Story]:
    """The stories that are not kept apart, each text once."""
    seen: dict[str, news.Story] = {}
    for story in stories:
        if story.part != "held":
            seen.setdefault(story.text, story)
    return list(seen.values())


def several(data: Data, steps: int = 4000) -> dict[str, np.ndarray]:
    """The mean of some scorers, as one."""
    nets = [fit_scorer(data.x, data.y, steps=steps, seed=seed, weights=data.weights) for seed in range(NETS)]
    return {
        "hidden": np.concatenate([net["hidden"] for net in nets], 1),
        "shift": np.concatenate([net["shift"] for net in nets]),
        "out": np.concatenate([net["out"] for net in nets]) / NETS,
        "bias": np.mean([net["bias"] for net in nets], 0),
    }


def fit_screen(model: Model, data: Data, arrays: dict[str, Any]) -> None:
    """The screen, shifted so that `KEPT` of the errors are above 0."""
    columns = [GATE.index(name) for name in SCREEN]
    x, y = data.x[:, columns], data.y
    made = fit_scorer(x, y, hidden=16, steps=3000)
    arrays.update({f"screen.{key}": value for key, value in made.items()})
    least = np.quantile(languages.scorer(arrays, "screen")(x[y]), 1 - KEPT)
    made["bias"] = made["bias"] - np.float32(least)
    passed = (languages.scorer(arrays, "screen")(x[~y]) >= least).mean()
    print(f"screen: {passed:.3f} of what is right passes with {KEPT} of the errors", flush=True)
    decision.put(arrays, "screen", made)


def fit_gate(data: Data, arrays: dict[str, Any]) -> None:
    """The scorer of the gate, its threshold, and its calibration."""
    decision.put(arrays, "gate", several(data.kept(~data.held)))
    odds, y = languages.scorer(arrays, "gate")(data.x[data.held]), data.y[data.held]
    # Errors that were made count as errors are rare; those that were read stand in the news anyway.
    share = data.held.mean()
    made = y & (data.weights[data.held] == MADE)
    rarity = made.sum() / max(1, data.words * share) * WORDS_PER_ERROR
    decision.put_calibration(arrays, "gate", odds[made | ~y], y[made | ~y], rarity)
    decision.put(arrays, "gate", several(data))


def with_screen(model: Model, screen: Scorer) -> Model:
    return replace(model, encoder=None, gate=model.gate._replace(screen=screen, threshold=-1e9))


def threshold(model: Model, arrays: dict[str, Any], data: Path, least: float = PLACES) -> None:
    """The log-odds that `least` places in 10,000 words of news for calibration have."""
    texts = [story.text for story in unlike(news.stories(data / "articles")) if story.part == "fit"]
    some = found(model, texts)
    odds = languages.scorer(arrays, "gate")(some.x)
    best: dict[tuple[int, int], float] = {}
    for at, score in zip(some.where, odds.tolist(), strict=True):
        best[at] = max(score, best.get(at, -1e9))
    ranked = sorted(best.values(), reverse=True)
    for wanted in (4, 8, 16, 25, 40, 70, 136):
        print(f"{wanted} places in 10,000 words: {ranked[int(wanted * some.words / 1e4)]:.2f}", flush=True)
    arrays["gate.threshold"] = np.float32(ranked[int(least * some.words / 1e4)])


def run(data: Path, folder: Path, work: Path) -> None:
    """Fit screen and gate; the scorer of n-grams in `decision.npz` stays."""
    file = folder / "decision.npz"
    arrays: dict[str, Any] = dict(np.load(file))
    model = languages.load(folder, decide=False)
    model = replace(model, gate=model.gate._replace(context=languages.scorer(arrays, "context")))
    fit_screen(model, gathered(with_screen(model, everything()), work, data, 4), arrays)
    model = with_screen(model, languages.scorer(arrays, "screen"))
    fit_gate(gathered(model, work, data), arrays)
    threshold(model, arrays, data)
    np.savez(file, **arrays)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    chosen = parser.parse_args()
    run(chosen.data, chosen.folder, chosen.work)
