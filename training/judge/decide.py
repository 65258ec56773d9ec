"""The last step: from the judge's log-odds and how frequent both words are to the probability of an error.

    python -m training.judge.decide CHECKPOINT DATA --work out/training [--seen]

A judge that learns from errors that were made on purpose takes rare words for errors, as most of what it saw of them
was wrong. How much rarer a word is in the counted text than in English at large, and how much more frequent the other
one is, say how far to believe it. A logistic regression on places of published news that were not trained on, read and
marked (`verdicts.txt`; what nobody read, below log-odds of 2 as a rule, counts as right), so that the probabilities are
those of news. Writes `judge.decision.json`, and prints what it finds in the articles kept apart. `--seen` fits on all
places of `mined.jsonl`, for a judge that was not trained on any of them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize

from training.judge import model, news
from training.judge.published import Judged, again, verdicts

#: What is weighed, in this order, each clipped to where it tells something.
FEATURES = {"judge": (-8, 12), "encoder": (-6, 8), "gap": (0, 8), "lift": (-2, 4), "zipf": (3, 7)}
#: How far weights may go, found on the places of the first judge by cross-validation over articles.
RIDGE = 0.3
#: False changes up to which errors are counted.
FALSE = (0, 1, 2, 4, 8, 16)


def features(some: list[Judged]) -> np.ndarray[Any, Any]:
    """(places, features): log-odds of judge and encoder; by how many doublings the word is rarer in the counted text
    than in English at large; by how much the other is more frequent (Zipf); how frequent the word is (Zipf).
    """
    rows = [(j.large, j.small, j.gap, j.zipf[1] - j.zipf[0], j.zipf[0]) for j in some]
    low, high = zip(*FEATURES.values(), strict=True)
    return np.clip(np.array(rows, float).reshape(-1, len(FEATURES)), low, high)


def labelled(some: list[Judged], known: dict[str, str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Features, and whether the change is right; errors for which another word was meant are left out."""
    kept = [j for j in some if known.get(j.mark, "right") in ("right", "error")]
    return features(kept), np.array([known.get(j.mark) == "error" for j in kept])


def fit(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """Weights and bias of a logistic regression, ridge on features of unit variance."""
    scale = x.std(0) + 1e-9
    z = (x - x.mean(0)) / scale

    def cost(w: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        odds = z @ w[1:] + w[0]
        slope = 1 / (1 + np.exp(-odds)) - y
        value = (np.logaddexp(0, odds) - y * odds).sum() + RIDGE * w[1:] @ w[1:]
        return float(value), np.r_[slope.sum(), z.T @ slope + 2 * RIDGE * w[1:]]

    found = minimize(cost, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[1:] / scale
    return weights, float(found[0] - x.mean(0) @ weights)


def told(odds: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> str:
    """Errors found before so many false changes."""
    order = np.argsort(-odds, kind="stable")
    wrong, right = np.cumsum(~y[order]), np.cumsum(y[order])
    counts = [int(right[wrong <= n].max(initial=0)) for n in FALSE]
    return " ".join(map(str, counts))


def bins(odds: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> None:
    chance = 1 / (1 + np.exp(-odds))
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (chance >= low) & (chance < high)
        if inside.any():
            said, right = chance[inside].mean(), y[inside].mean()
            print(f"{low} to {high}: {inside.sum()} places, said {said:.2f}, found {right:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--seen", action="store_true", help="fit on all of `mined.jsonl`")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    judge, pieces, sets = model.load(chosen.checkpoint, chosen.work)
    judge.encoder.halve(trained=True)
    stories = {s.name: s for s in news.stories(chosen.data / "articles")}
    texts, known = {name: s.text for name, s in stories.items()}, verdicts()
    found = {}
    for name in ("mined", "held"):
        rows = [json.loads(line) for line in (chosen.work / f"{name}.jsonl").open(encoding="utf-8")]
        if name == "mined" and not chosen.seen:
            rows = [row for row in rows if stories[row[0]].part == "fit"]
        found[name] = labelled(again(judge, pieces, sets, rows, texts), known)
    weights, bias = fit(*found["mined"])
    print(f"fitted on {len(found['mined'][1])} places, {found['mined'][1].sum()} errors: bias {bias:.2f},", end=" ")
    print(", ".join(f"{name} {w:.2f}" for name, w in zip(FEATURES, weights, strict=True)))
    (chosen.work / "judge.decision.json").write_text(
        json.dumps({"features": FEATURES, "weights": weights.tolist(), "bias": bias}, indent=1) + "\n"
    )
    x, y = found["held"]
    odds = x @ weights + bias
    print(f"articles kept apart: {y.sum()} errors known; found before {FALSE} false changes:")
    print(f"judge alone {told(x[:, 0], y)}; less .4 gap {told(x[:, 0] - 0.4 * x[:, 2], y)}; decision {told(odds, y)}")
    bins(odds, y)


if __name__ == "__main__":
    main()
