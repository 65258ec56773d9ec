"""Scorers of non-words: fitted on damaged sentences, with a part of the rare words taken out of the lexicon.

What is taken out plays the part of the names and foreign words that no lexicon has: it is to be left alone.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import torch

from copydesk.text.typos import nonwords
from copydesk.text.typos.batch import Batch, TokenTypes
from copydesk.text.typos.candidates import CandidateFinder
from copydesk.text.typos.lexicon import ORDINARY, Lexicon
from copydesk.text.typos.model import Model
from training.damage import damage
from training.english import GRAMMAR

SHARE = {"wikipedia_current_events_2002_2026": 1.0, "ungdc_1946_1990": 0.25, "pmau_2000_2018_spoken": 0.4}


def tuning(work: Path, seed: int) -> list[str]:
    """Sentences kept apart for tuning, in a fixed random order, fewer of the long speeches."""
    rng = random.Random(seed)
    rows = [line.rstrip("\n").split("\t", 1) for line in (work / "tuning.txt").open(encoding="utf-8")]
    kept = [s for source, s in rows if 4 <= s.count(" ") <= 70 and rng.random() < SHARE.get(source, 0.7)]
    rng.shuffle(kept)
    return kept


def thinned(lexicon: Lexicon) -> Lexicon:
    """The lexicon without a part of its rare entries."""
    gone = set()
    for word, entry in lexicon.items():
        draw = hashlib.blake2b(word.encode(), digest_size=1).digest()[0] / 256
        limit = (0.3 if entry.zipf < 2.2 else 0.0) if entry.kind & ORDINARY else (0.7 if entry.zipf < 3.6 else 0.0)
        if draw < limit:
            gone.add(word)
    return lexicon.without(gone)


def joined(sentences: list[str], lexicon: Lexicon, model: Model, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of words torn apart by hyphens that are found in damaged sentences."""
    rng = random.Random(seed)
    types, finder = (
        TokenTypes(lexicon, list(model.vocabulary), {}, GRAMMAR),
        CandidateFinder(lexicon, GRAMMAR, model.spelling),
    )
    gathered: list[tuple[np.ndarray, np.ndarray]] = []
    # Texts of a few sentences, some spoilt and some clean, as articles are.
    for at in range(0, len(sentences), 3000):
        texts, truth = [], {}
        for number, k in enumerate(range(at, min(at + 3000, len(sentences)), 3)):
            spoilt = rng.random() < 0.6
            text = ""
            for sentence in sentences[k : k + 3]:
                made = damage(sentence, rng) if spoilt else None
                for start, end, meant in made.errors if made else ():
                    truth[number, len(text) + start, len(text) + end] = meant
                text += (made.text if made else sentence) + " "
            texts.append(text)
        batch = Batch(texts, types)
        found = nonwords.joined(batch, finder, model.ngrams)
        ends = batch.start[found.first].tolist(), batch.end[found.last].tolist()
        spans = zip(batch.text[found.first].tolist(), *ends, strict=True)
        labels = np.array([truth.get(span) == after for span, after in zip(spans, found.after, strict=True)], bool)
        gathered.append((found.features, labels))
    return np.vstack([x for x, _ in gathered]), np.concatenate([y for _, y in gathered])


def fit_scorer(
    x: np.ndarray, y: np.ndarray, hidden: int = 32, steps: int = 4000, seed: int = 0, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """A `copydesk.text.typos.scorers.Scorer` as arrays: logistic loss, Adam, weight decay; `weights` of the rows."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    inputs, labels = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y.astype(np.float32))
    count = None if weights is None else torch.from_numpy(weights.astype(np.float32))
    mean, spread = inputs.mean(0), inputs.std(0) + 1e-2
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 1))
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, steps)
    for _ in range(steps):
        pick = torch.randint(len(inputs), (2048,))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            net((inputs[pick] - mean) / spread)[:, 0], labels[pick], None if count is None else count[pick]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    first, shift, out, bias = (p.detach().numpy() for p in net.parameters())
    weights = first / spread.numpy()
    return {
        "hidden": weights.T.astype(np.float32), "shift": (shift - weights @ mean.numpy()).astype(np.float32),
        "out": out[0].astype(np.float32), "bias": bias.astype(np.float32),
    }  # fmt: skip
