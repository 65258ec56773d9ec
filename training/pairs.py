"""Pairs of words with contexts in which only one of the two stands, mined from the counted text, tried on news.

For each confusion and each word before or after it: how often does the meant word stand there, and how often would the
written one have to, were it as much at home there (`expected`)? Where that is many times and it never does, the context
is evidence. Lines that would change anything in published news, or in the tuning text, are left out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from training import corpus
from training.encoder import Sets
from training.english import GRAMMAR, tokens
from training.ngrams import Ids, vocabulary

EXPECTED = 8.0  # times that the written word would stand there by chance: none then has a probability of 1 in 3,000
LEAST = 8  # times that the meant word must
SHORTEST = 5  # letters of both words: the others are the encoder's affair
PER_PAIR = 8
MOST = 14_000
TOO_COMMON = 4.9  # Zipf: more frequent words are the affair of the encoder
TRIED_WORDS = 3_000_000


def contexts(stream: np.ndarray, set_of: np.ndarray, passive: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of every word with a set: its number, the ids before and after, and whether it may be passive."""
    at = np.flatnonzero(set_of[stream] >= 0)
    at = at[(at > 4) & (at < len(stream) - 2)]
    may = np.zeros(len(at), bool)
    for back in range(1, 5):
        may |= passive[stream[at - back]]
    return set_of[stream[at]], stream[at - 1], stream[at + 1], may


def counted(number: np.ndarray, beside: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(number.astype(np.int64) * words + beside, return_counts=True)


def mine(work: Path) -> list[tuple[str, str, str, str, str, int, int]]:
    words, sets = vocabulary(work), Sets.load(work)
    stream = np.load(work / "stream.npy").astype(np.int64)
    ids = Ids(words).words
    set_of = np.full(len(words), -1, np.int64)
    for word, i in sets.ids.items():
        set_of[ids[word]] = i
    passive = np.zeros(len(words), bool)
    passive[[ids[w] for w in GRAMMAR.passive if w in ids]] = True
    number, before, after, may = contexts(stream, set_of, passive)
    total = np.bincount(number, minlength=len(sets.words))
    found = []
    for side, beside in (("before", before), ("after", after)):
        for active in (False, True) if side == "after" else (False,):
            use = ~may if active else np.ones(len(may), bool)
            keys, counts = counted(number[use], beside[use], len(words))
            own = np.bincount(number[use], minlength=len(sets.words))
            enough = counts >= LEAST
            for key, n in zip(keys[enough].tolist(), counts[enough].tolist(), strict=True):
                meant, context = divmod(key, len(words))
                if not words[context].isalpha():
                    continue
                if len(sets.words[meant]) < SHORTEST:
                    continue
                for written in sets.near[sets.first[meant] : sets.first[meant + 1]].tolist():
                    expected = n * own[written] / max(1, own[meant])
                    if expected < EXPECTED or total[written] < 300 or len(sets.words[written]) < SHORTEST:
                        continue
                    other = written * len(words) + context
                    i = int(np.searchsorted(keys, other))
                    seen = int(counts[i]) if i < len(keys) and keys[i] == other else 0
                    if seen == 0:
                        place = (words[context], "") if side == "before" else ("", words[context])
                        found.append(
                            (
                                expected,
                                (sets.words[written], sets.words[meant], *place, "active" if active else "", n, 0),
                            )
                        )
    found.sort(key=lambda f: (-f[0], f[1]))
    kept: list[tuple[str, str, str, str, str, int, int]] = []
    per_pair: Counter[tuple[str, str]] = Counter()
    for _, row in found:
        if per_pair[row[:2]] < PER_PAIR and not any(k[:4] == row[:4] for k in kept):
            per_pair[row[:2]] += 1
            kept.append(row)
    return kept


def by_hand(work: Path) -> list[tuple[str, str, str, str, str, int, int]]:
    """The lines of `pairs_by_hand.txt` with what was counted, those that are right often enough."""
    words = vocabulary(work)
    ids = Ids(words).words
    stream = np.load(work / "stream.npy").astype(np.int64)
    passive = np.zeros(len(words), bool)
    passive[[ids[w] for w in GRAMMAR.passive if w in ids]] = True
    places: dict[str, np.ndarray] = {}

    def seen(word: str, before: str, after: str, active: bool) -> int:
        if word not in places:
            at = np.flatnonzero(stream == ids[word])
            places[word] = at[(at > 4) & (at < len(stream) - 1)]
        at = places[word]
        fits = stream[at - 1] == ids[before] if before else stream[at + 1] == ids[after]
        if active:
            fits &= ~np.any([passive[stream[at - back]] for back in range(1, 5)], axis=0)
        return int(fits.sum())

    kept = []
    for line in (Path(__file__).parent / "pairs_by_hand.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            written, meant, before, after, active = ("" if part == "-" else part for part in line.split())
            if all(word in ids for word in (written, meant, before or after)):
                counts = [seen(word, before, after, active == "active") for word in (meant, written)]
                if (counts[0] + 0.5) / (sum(counts) + 1) >= 0.97:
                    kept.append((written, meant, before, after, active, *counts))
    return kept


def harmless(rows: list[tuple[str, ...]], texts: list[str]) -> list[tuple[str, ...]]:
    """The lines that speak nowhere in texts that are right."""
    from copydesk.text.typos.tokens import key

    index: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        index.setdefault(row[0], []).append(i)
    spoke: set[int] = set()
    for text in texts:
        keys = [k for k in map(key, tokens(text)) if k]
        for at, k in enumerate(keys):
            for i in index.get(k, ()):
                _, _, before, after, active, *_ = rows[i]
                if before and (at == 0 or keys[at - 1] != before):
                    continue
                if after and (at + 1 == len(keys) or keys[at + 1] != after):
                    continue
                if not active or not GRAMMAR.passive & set(keys[max(0, at - 4) : at]):
                    spoke.add(i)
    return [row for i, row in enumerate(rows) if i not in spoke]


def run(work: Path, out: Path, data: Path) -> None:
    zipf = {line.split("\t")[0]: int(line.split("\t")[1]) / 10 for line in (work / "words.txt").open(encoding="utf-8")}
    rows = [row for row in mine(work) if zipf.get(row[0], 0) < TOO_COMMON]
    print(f"{len(rows):,} lines mined", flush=True)
    tuning = [line.split("\t", 1)[1] for line in (work / "tuning.txt").open(encoding="utf-8")]
    hand = by_hand(work)
    print(f"{len(hand)} lines by hand", flush=True)
    kept = harmless(rows, tuning + corpus.published(data / "articles", TRIED_WORDS, 1))
    print(f"{len(kept):,} speak nowhere in the tuning text and in published news", flush=True)
    head = (
        "# written, meant, word before, word after, active: not in the passive;"
        " how often the meant, the written word stands there"
    )
    (out / "pairs.tsv").write_text(
        "\n".join([head, *("\t".join(map(str, row)) for row in sorted({*kept[:MOST], *hand}))]) + "\n", "utf-8"
    )
    for word in ("commended", "trail", "causal"):
        print(word, [row for row in kept[:MOST] if row[0] == word])
    print(json.dumps({"pairs": len({row[:2] for row in kept[:MOST]})}))


if __name__ == "__main__":
    run(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[1]))
