"""The last steps: from the log-odds of encoder and judge, and how frequent both words are, to a probability.

    python -m training.judge.decide read DATA PART --work out/training
    python -m training.judge.decide fit --work out/training [--seen]

A model that learns from errors that were made on purpose takes rare words for errors, as most of what it saw of them
was wrong. How much rarer a word is in the counted text than in English at large, and how much more frequent the other
one is, say how far to believe it. Both decisions are logistic regressions on published news as it is, read and marked
(`verdicts.txt`; what nobody read counts as right), so that the probabilities are those of news.

`read` runs the stages of the package over the articles of a part (`fit`, `train` or `held`) with a wide gate, asks the
judge about the encoder's surest places, and keeps what they say in `places.PART.npz`; with `--show` it prints what is
unread among the surest. `fit` fits the decisions of encoder and judge on what was read of `fit` (with `--seen`, for a
judge that was not trained on it, of `train` as well), chooses from where the judge is asked, writes all three into the
package's `decision.npz`, and prints said against found for `held`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from copydesk import languages
from copydesk.text.typos import guard
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.cascade import choice, divided, with_judge
from copydesk.text.typos.correct import judged
from copydesk.text.typos.features import ENCODER, JUDGE, SCORERS
from training.judge import news
from training.marks import mark, verdicts

Array = np.ndarray[Any, Any]

#: Places in 10,000 words about which the judge is asked here: the encoder's surest; and at run time.
ASKED, PLACES = 12, 4.0
#: What weights are drawn to, the more the fewer errors are known, and how much. News has few errors, and of few kinds;
#: with these weights most of the errors are found that are made evenly. Those of the encoder come from 190 errors in
#: news, with a judge that had seen none of it; those of the judge from sentences with errors.
PRIORS = {
    "encoder": {"encoder_odds": 0.82, "gap": -0.48, "lift": -0.31, "zipf": 0.65},
    "judge": {"judge_odds": 0.65, "encoder_odds": 0.13, "gap": -0.26},
}
RIDGE = 10.0
#: Log-odds from which probabilities are fitted once more: below, there are so many places that they decide the slope.
TELLING = -3.0
#: False changes up to which errors are counted.
FALSE = (0, 1, 2, 4, 8, 16)
#: Points of a calibration: from log-odds to probabilities.
POINTS = np.linspace(-8, 8, 65, dtype=np.float32)
CHUNK = 200
#: By how much the gate is wider than in the package, so that a decision is fitted for whatever may pass there.
WIDER = 1.0
BINS = np.linspace(0, 1, 11)


class Rows(NamedTuple):
    """Candidates of places: `place` numbers the places, `features` those of `features.ENCODER`, `judge` the judge's
    log-odds (NaN where it was not asked), `mark` and `context` for whoever reads them."""

    place: Array
    features: Array
    judge: Array
    mark: Array
    context: Array
    words: Array

    def kept(self, which: Array) -> Rows:
        return Rows(*(part[which] for part in self[:-1]), self.words)

    @classmethod
    def of(cls, file: Path) -> Rows:
        found = np.load(file)
        return cls(*(found[name] for name in cls._fields))


def joined(parts: list[Rows]) -> Rows:
    shift = np.cumsum([0, *(int(p.place.max(initial=-1)) + 1 for p in parts)])
    place = np.concatenate([p.place + s for p, s in zip(parts, shift, strict=False)])
    rest = (np.concatenate([p[i] for p in parts]) for i in range(1, 5))
    return Rows(place, *rest, sum(p.words for p in parts))


def read(texts: list[str]) -> Iterator[Rows]:
    """What the stages say of `texts`, `CHUNK` at a time."""
    model = languages.model("en")
    gate = model.gate._replace(threshold=model.gate.threshold - WIDER)
    wide = replace(model, gate=gate)
    for first in range(0, len(texts), CHUNK):
        some = texts[first : first + CHUNK]
        batch = Batch(some, model.token_types)
        found, features = judged(batch, wide, guard.untouchable(batch, some))
        words = sum(len(text.split()) for text in some)
        odds = features @ prior("encoder")
        at, owner = np.unique(found.place, return_inverse=True)
        best = np.full(len(at), -np.inf)
        np.maximum.at(best, owner, odds)
        asked = np.isin(owner, np.argsort(-best, kind="stable")[: int(ASKED * words / 1e4) + 1])
        large = np.full(len(found), np.nan, np.float32)
        part = found.kept(asked)
        if model.judge is not None:
            large[asked] = model.judge().odds(batch, part.place, part.stands, part.meant)
        marks, contexts = [], []
        for place, stands, meant in zip(found.place.tolist(), found.stands.tolist(), found.meant.tolist(), strict=True):
            written, other = model.words[stands], model.words[meant]
            marks.append(mark(batch, place, written, other))
            text, start, end = some[batch.text[place]], int(batch.start[place]), int(batch.end[place])
            contexts.append(f"{other} | {text[max(0, start - 110) : start]}[{text[start:end]}]{text[end : end + 90]}")
        yield Rows(owner, features, large, np.array(marks), np.array(contexts, object).astype(str), np.array(words))


def keep(data: Path, work: Path, part: str) -> None:
    """Write what the stages say of a part."""
    texts = [story.text for story in news.stories(data / "articles") if story.part == part]
    np.savez_compressed(work / f"places.{part}.npz", **joined(list(read(texts)))._asdict())


def best(rows: Rows, odds: Array) -> Array:
    """The surest candidate of each place, as rows; the same place of two copies of an article once."""
    order = np.lexsort((-odds, rows.place))
    top = order[np.r_[True, rows.place[order][1:] != rows.place[order][:-1]]]
    return np.sort(top[np.unique(rows.mark[top], return_index=True)[1]])


def labelled(rows: Rows, known: dict[str, str]) -> tuple[Array, Array]:
    """Whether a row counts, and whether its change is right; errors for which another word was meant are left out."""
    said = [known.get(m, "right") for m in rows.mark.tolist()]
    return np.array([s in ("right", "error") for s in said]), np.array([s == "error" for s in said])


def prior(name: str) -> Array:
    return np.array([PRIORS[name].get(column, 0.0) for column in SCORERS[name]])


def fit(x: Array, y: Array, towards: Array, ridge: float = RIDGE) -> tuple[Array, float]:
    """Weights and bias of a logistic regression; a ridge draws the weights of features of unit variance `towards`."""
    scale = x.std(0) + 1e-9
    z, middle = (x - x.mean(0)) / scale, towards * scale

    def cost(w: Array) -> tuple[float, Array]:
        odds, away = z @ w[1:] + w[0], w[1:] - middle
        slope = 1 / (1 + np.exp(-odds)) - y
        value = (np.logaddexp(0, odds) - y * odds).sum() + ridge * away @ away
        return float(value), np.r_[slope.sum(), z.T @ slope + 2 * ridge * away]

    found = minimize(cost, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[1:] / scale
    return weights, float(found[0] - x.mean(0) @ weights)


def told(odds: Array, y: Array) -> str:
    """Errors found before so many false changes."""
    order = np.argsort(-odds, kind="stable")
    wrong, right = np.cumsum(~y[order]), np.cumsum(y[order])
    counts = [int(right[wrong <= n].max(initial=0)) for n in FALSE]
    return " ".join(map(str, counts))


def bins(chance: Array, y: Array) -> None:
    """Said against found, in ten bins."""
    for low, high in zip(BINS[:-1], BINS[1:] + (BINS[1:] == 1), strict=True):
        inside = (chance >= low) & (chance < high)
        if inside.any():
            print(f"{low:.1f}: {inside.sum()} places, said {chance[inside].mean():.3f}, found {y[inside].mean():.3f}")


class Decision(NamedTuple):
    """Log-odds = features @ `weights` + `bias`; those of a probability are `slope` times these, and `shift`."""

    weights: Array
    bias: float
    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def fitted(cls, name: str, x: Array, y: Array) -> Decision:
        """Of one candidate a place. Platt's scaling (1999) where a place may be an error at all."""
        weights, bias = fit(x, y, prior(name))
        odds = x @ weights + bias
        telling = odds > TELLING
        (slope,), shift = fit(odds[telling, None], y[telling], np.ones(1), 0.3)
        made = ", ".join(f"{column} {w:.2f}" for column, w in zip(SCORERS[name], weights, strict=True))
        print(f"{name}: {len(y)} places, {y.sum()} errors; bias {bias:.2f}, {made}; slope {slope:.2f}, {shift:.2f}")
        return cls(weights, bias, float(slope), shift)

    def odds(self, x: Array) -> Array:
        odds: Array = x @ self.weights + self.bias
        return odds

    def chance(self, odds: Array) -> Array:
        chance: Array = 1 / (1 + np.exp(-(self.slope * odds + self.shift)))
        return chance


def put(arrays: dict[str, Array], name: str, made: Decision) -> None:
    for key in [key for key in arrays if key.startswith(f"{name}.") and key != "judge.threshold"]:
        del arrays[key]
    arrays |= {
        f"{name}.weights": made.weights.astype(np.float32), f"{name}.bias": np.float32(made.bias),
        f"{name}.features": np.array(SCORERS[name]),
        f"{name}.odds": POINTS, f"{name}.probability": made.chance(POINTS).astype(np.float32),
    }  # fmt: skip


def begin(arrays: dict[str, Array]) -> None:
    """Decisions with which `read` can begin, where none are fitted."""
    for name, columns in (("encoder", ENCODER), ("judge", JUDGE)):
        if tuple(arrays.get(f"{name}.features", ())) != columns:
            put(arrays, name, Decision(prior(name), 0.0))
    arrays.setdefault("judge.threshold", np.float32(0))


class Decisions(NamedTuple):
    encoder: Decision
    judge: Decision | None
    threshold: float

    def chances(self, rows: Rows, full: bool) -> Array:
        """As the package computes them."""
        odds = self.encoder.odds(rows.features)
        if not full or self.judge is None:
            return divided(self.encoder.chance(odds), choice(rows.features), rows.place)
        most = np.full(rows.place.max() + 1, -np.inf)
        np.maximum.at(most, rows.place, odds)
        asked = (most > self.threshold)[rows.place] & ~np.isnan(rows.judge)
        large = np.where(asked, rows.judge, -30).astype(np.float32)
        chance = self.judge.chance(self.judge.odds(with_judge(rows.features, large)))
        chance = np.where(asked, chance, 0)
        return np.where(asked, divided(chance, choice(rows.features, large), rows.place), 0)


def decide(rows: Rows, known: dict[str, str]) -> Decisions:
    """The decisions; the judge's is fitted on the places that the encoder's lets through, if it was asked at all."""
    top = rows.kept(best(rows, ENCODER.column(rows.features, "encoder_odds")))
    counts, y = labelled(top, known)
    encoder = Decision.fitted("encoder", top.features[counts].astype(float), y[counts])
    odds = np.full(rows.place.max() + 1, -np.inf)
    np.maximum.at(odds, rows.place, encoder.odds(rows.features))
    threshold = float(np.sort(odds)[::-1][int(PLACES * rows.words / 1e4)])
    asked = (odds > threshold)[rows.place] & ~np.isnan(rows.judge)
    if not asked.any():
        return Decisions(encoder, None, threshold)
    top = rows.kept(asked)
    top = top.kept(best(top, top.judge))
    counts, y = labelled(top, known)
    features = with_judge(top.features, top.judge)[counts].astype(float)
    return Decisions(encoder, Decision.fitted("judge", features, y[counts]), threshold)


def write(made: Decisions) -> None:
    file = languages.HERE / "en" / "decision.npz"
    arrays = dict(np.load(file))
    put(arrays, "encoder", made.encoder)
    if made.judge is not None:
        put(arrays, "judge", made.judge)
    arrays["judge.threshold"] = np.float32(made.threshold)
    np.savez(file, **arrays)


def everything(data: Path, work: Path) -> None:
    """Read the articles that are kept for it, and fit."""
    keep(data, work, "fit")
    write(decide(Rows.of(work / "places.fit.npz"), verdicts()))


def report(made: Decisions, rows: Rows, known: dict[str, str], full: bool) -> None:
    chance = made.chances(rows, full)
    top = best(rows, chance)
    some, chance = rows.kept(top), chance[top]
    counts, y = labelled(some, known)
    print(f"{'full' if full else 'fast'}: {y.sum()} errors known; found before {FALSE} false changes: ", end="")
    print(told(chance[counts], y[counts]))
    bins(chance[counts], y[counts])


def show(made: Decisions, rows: Rows, known: dict[str, str], least: float) -> None:
    """Print what nobody read yet."""
    for full in (True, False):
        chance = made.chances(rows, full)
        top = best(rows, chance)
        for i in top[np.argsort(-chance[top], kind="stable")].tolist():
            if chance[i] >= least and rows.mark[i] not in known:
                print(f"{rows.mark[i]} {chance[i]:.2f} {rows.context[i]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("read")
    one.add_argument("data", type=Path)
    one.add_argument("part", choices=("fit", "train", "held"))
    two = commands.add_parser("fit")
    two.add_argument("--seen", action="store_true", help="fit on `train`, too")
    two.add_argument("--show", type=float, help="print unread places of this probability")
    two.add_argument("--dry-run", action="store_true", help="write nothing")
    for command in (one, two):
        command.add_argument("--work", type=Path, default=Path("out/training"))
    chosen = parser.parse_args()
    if chosen.command == "read":
        keep(chosen.data, chosen.work, chosen.part)
        return
    known = verdicts()
    parts = [Rows.of(chosen.work / f"places.{part}.npz") for part in (["fit", "train"] if chosen.seen else ["fit"])]
    held = Rows.of(chosen.work / "places.held.npz")
    made = decide(joined(parts), known)
    print(f"the judge is asked above {made.threshold:.2f}")
    for full in (True, False):
        report(made, held, known, full)
    if chosen.show is not None:
        for rows in (*parts, held):
            show(made, rows, known, chosen.show)
    if not chosen.dry_run:
        write(made)


if __name__ == "__main__":
    main()
