"""The scorer of single words in damaged text, added to `spaces.npz`.

    python -m training.damaged FOLDER [OUT]

FOLDER holds spelling/damaged/words-*.jsonl.gz, spelling/bln600*.jsonl, spelling/clean*.jsonl and articles/. Of all
these, and of what was meant by them, only texts that look damaged count; in published news and in what was meant
whatever is found is wrong. What it says is calibrated by cross-validation.
"""

from __future__ import annotations

import difflib
import gzip
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from copydesk import languages
from copydesk.text.typos import guard, nonwords, state
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.features import DAMAGED
from copydesk.text.typos.model import Model
from training import corpus
from training.nonwords import fit_scorer
from training.spaces import FOLDS, NEWS_WORDS, Pair, calibrated

HIDDEN, STEPS = 32, 3000
#: Texts that are read together.
TOGETHER = 400


def sets(folder: Path) -> dict[str, list[Pair]]:
    """(as it stands, as it was meant) of each set."""
    spelling = folder / "spelling"
    with gzip.open(spelling / "damaged" / "words-wikidump.realistic.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = {"words": [(row["src"], row["gold"]) for row in map(json.loads, lines)]}
    for name in ("bln600", "clean"):
        with next(spelling.glob(f"{name}*.jsonl")).open(encoding="utf-8") as lines:
            found[name] = [(row["src"], row["gold"]) for row in map(json.loads, lines)]
    found["as meant"] = [(gold, gold) for name in ("words", "bln600") for _, gold in found[name]]
    found["news"] = [(text, text) for text in corpus.published(folder / "articles", NEWS_WORDS, 7)]
    return found


def meant(source: str, gold: str) -> dict[int, str]:
    """What was meant by each word between blanks, by its place; words without their like are left out."""
    a, b = source.split(), gold.split()
    starts, at = [], 0
    for word in a:
        at = source.index(word, at)
        starts.append(at)
        at += len(word)
    found = {}
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and j - i == m - k):
            found |= {starts[i + n]: b[k + n] for n in range(j - i)}
    return found


def rows(model: Model, pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of all candidates in damaged texts, whether they are right, and the number of their text."""
    texts = [source for source, _ in pairs]
    batch = Batch(texts, model.token_types)
    estimated = state.estimated(batch, len(texts))
    found = nonwords.damaged_single(batch, model.finder, model.ngrams, estimated)
    kept = ~guard.untouchable(batch, texts)[found.first]
    kept &= ~guard.foreign(batch, model.foreign, model.grammar.function_words, found.first, estimated.damaged)
    text = batch.text[found.first]
    known = {number: meant(*pairs[number]) for number in set(text.tolist())}
    right = []
    starts, ends = batch.start[found.first].tolist(), batch.end[found.last].tolist()
    for number, start, end, after in zip(text.tolist(), starts, ends, found.after, strict=True):
        source = texts[number]
        first = max(source.rfind(" ", 0, start), source.rfind("\n", 0, start)) + 1
        behind = source[end:].split(maxsplit=1)[0] if source[end : end + 1].strip() else ""
        whole = source[first:start] + after + behind
        right.append(known[number].get(first) == whole)
    return found.features[kept], np.array(right, bool)[kept], text[kept]


def run(out: Path, data: Path) -> None:
    """Add scorer and calibration to `out/spaces.npz`."""
    model = languages.load(out, decide=False)
    features, labels, folds, names = [], [], [], []
    for name, pairs in sets(data).items():
        for first in range(0, len(pairs), TOGETHER):
            part = pairs[first : first + TOGETHER]
            x, y, text = rows(model, part)
            features.append(x)
            labels.append(y)
            folds += [hashlib.blake2b(part[n][1].encode(), digest_size=1).digest()[0] % FOLDS for n in text.tolist()]
            names += [name] * len(y)
        print(name, len(np.concatenate(labels)), flush=True)
    x, y, fold, name_of = np.vstack(features), np.concatenate(labels), np.array(folds), np.array(names)
    odds = np.zeros(len(y), np.float32)
    for number in range(FOLDS):
        made = {f"damaged.{k}": v for k, v in fit_scorer(x[fold != number], y[fold != number], HIDDEN, STEPS).items()}
        odds[fold == number] = languages.scorer(made, "damaged")(x[fold == number])
    curve = calibrated(odds, y, 60)
    chance = np.interp(odds, *curve)
    for name in np.unique(name_of).tolist():
        told = {
            p: (int(y[(name_of == name) & (chance >= p)].sum()), int(((name_of == name) & (chance >= p)).sum()))
            for p in (0.5, 0.85, 0.92)
        }
        print(name, int((name_of == name).sum()), int(y[name_of == name].sum()), told, flush=True)
    made = {f"damaged.{key}": value for key, value in fit_scorer(x, y, HIDDEN, STEPS).items()}
    made |= {"damaged.features": np.array(DAMAGED), "damaged.odds": curve[0], "damaged.probability": curve[1]}
    np.savez_compressed(out / "spaces.npz", **{**np.load(out / "spaces.npz"), **made})


if __name__ == "__main__":
    run(Path(sys.argv[2]) if len(sys.argv) > 2 else languages.HERE / "en", Path(sys.argv[1]))
