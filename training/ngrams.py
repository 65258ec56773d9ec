"""Words of the vocabulary and counts of n-grams, from the sentences of `training.corpus`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np

from copydesk.text.typos import ngrams
from copydesk.text.typos.tokens import EDGE, SPECIAL, key
from training.english import tokens

LEAST_WORD = 8  # times that a word must stand in the text to be a word of the n-grams
LEAST = {2: 3, 3: 4, 4: 10}


def vocabulary(work: Path) -> list[str]:
    cache = work / "vocabulary.json"
    if cache.exists():
        return list(json.loads(cache.read_text()))
    counts: Counter[str] = Counter()
    for token, n in json.loads((work / "counts.json").read_text()).items():
        if k := key(token):
            counts[k] += n
    sets = json.loads((work / "confusions.json").read_text())
    for special in SPECIAL:
        del counts[special]
    kept = [k for k, n in sorted(counts.items(), key=lambda kn: (-kn[1], kn[0])) if n >= LEAST_WORD or k in sets]
    kept += sorted(set(sets) - set(kept))
    words = [*SPECIAL, *kept]
    cache.write_text(json.dumps(words))
    return words


class Ids(dict[str, int]):
    """The id of a token as it is written; -1 for blanks within a line, which no n-gram counts."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = {word: i for i, word in enumerate(words)}

    def __missing__(self, token: str) -> int:
        k = key(token)
        found = -1 if not k else self.words.get(k, 1 if token[0].isupper() else 0)
        self[token] = found
        return found


def stream(work: Path, words: list[str]) -> np.ndarray:
    cache = work / "stream.npy"
    if cache.exists():
        return np.load(cache)
    ids = Ids(words)
    edge = ids.words[EDGE]
    parts = []
    sizes = {}
    for file in sorted((work / "sentences").glob("*.txt")):
        for line in file.open(encoding="utf-8"):
            found = [ids[t] for t in tokens(line.rstrip("\n"))]
            parts.append(np.array([edge, *(i for i in found if i >= 0), edge], np.uint32))
        sizes[file.stem] = sum(map(len, parts)) - sum(sizes.values())
    (work / "stream.json").write_text(json.dumps(sizes))
    whole = np.concatenate(parts)
    np.save(cache, whole)
    return whole


def run(work: Path) -> None:
    words = vocabulary(work)
    text = stream(work, words)
    print(f"{len(words):,} words, {len(text):,} tokens", flush=True)
    made = ngrams.build(text, len(words), LEAST, ())
    out = work / "ngrams"
    out.mkdir(exist_ok=True)
    np.save(out / "single.npy", made.single)
    for order, t in made.tables.items():
        print(order, f"{int((t.marks > 0).sum()):,}", (t.marks.nbytes + t.sizes.nbytes) / 1e6, "MB")
        np.save(out / f"marks{order}.npy", t.marks)
        np.save(out / f"sizes{order}.npy", t.sizes)


if __name__ == "__main__":
    import sys

    run(Path(sys.argv[1]))
