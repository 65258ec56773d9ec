"""The sentences that the judge is trained on, in four pools, drawn by their `SHARES`.

    python -m training.judge.data DATA --work out/training

`hard`: published news at places that an earlier judge would have changed (`mined.jsonl`), nearly all of them right as
they stood; `news`: other sentences of it; `rare`: sentences for words that the pools have seldom; `open`: openly
licensed text by source. Places at which an earlier judge was surer than `SURE`, and those that were read and found to
be errors (`training/true_errors.txt`), are not learned.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

from training.encoder import MIXTURE, Sets
from training.english import tokens
from training.judge import news
from training.judge.examples import Sentence, places
from training.marks import verdicts

SEED = 20261128
SHARES = {"hard": 0.30, "news": 0.30, "rare": 0.20, "open": 0.20}
#: In how many sentences of each pool errors are made.
SPOILT = {"hard": 0.35, "news": 0.6, "rare": 0.5, "open": 0.7}
OPEN = 60_000
#: Times that a word with a set stands in the pools, at least, where the text has it.
OFTEN = 12
#: Log-odds from which a place in the news is left out, as it may be an error indeed, and from which it is `hard`.
SURE, HARD = 2.0, -5.0


def fits(sentence: str) -> bool:
    return 4 <= sentence.count(" ") <= 60


def of_news(data: Path, work: Path, sets: Sets) -> dict[str, list[Sentence]]:
    """The pools `hard` and `news`."""
    apart = news.measured(data / "spelling")
    every = list(news.stories(data / "articles"))
    for story in every:
        if story.part != "train":
            apart |= {news.digest(story.text[a:b]) for a, b in news.spans(story.text)}
    known = verdicts()
    fine = {mark for mark, said in known.items() if said == "right"}
    errors = known.keys() - fine
    mined: defaultdict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for line in (work / "mined.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        mined[row[0]].append((row[1], row[5], row[6]))
    found: dict[str, list[Sentence]] = {"hard": [], "news": []}
    for story in every:
        if story.part != "train":
            continue
        for a, b in news.spans(story.text):
            sentence = " ".join(story.text[a:b].split())
            key = news.digest(sentence)
            if not fits(sentence) or key in apart:
                continue
            apart.add(key)
            here = [m for m in mined.get(story.name, ()) if a <= m[0] < b]
            unsure = {start for start, odds, mark in here if (odds > SURE and mark not in fine) or mark in errors}
            hard = any(odds > HARD and start not in unsure for start, odds, _ in here)
            found["hard" if hard else "news"].append(Sentence(sentence, numbers(story.text[a:b], a, unsure, sets)))
    return found


def numbers(text: str, shift: int, starts: set[int], sets: Sets) -> tuple[int, ...]:
    """Which of the places of a sentence begin at `starts` (in the text that it was taken from at `shift`)."""
    if not starts:
        return ()
    parts = tokens(text.strip())
    shift += len(text) - len(text.lstrip())
    at, where = shift, {}
    for i, part in enumerate(parts):
        where[i] = at
        at += len(part)
    return tuple(k for k, i in enumerate(places(parts, sets)) if where[i] in starts)


def of_open_text(work: Path, rng: random.Random) -> tuple[list[Sentence], list[str]]:
    """The pool `open`, and what else there is, in random order."""
    chosen: list[Sentence] = []
    rest: list[str] = []
    for source, share in MIXTURE.items():
        lines = [
            line
            for line in (work / "sentences" / f"{source}.txt").read_text("utf-8").splitlines()
            if fits(line) and line[0].isupper() and not news.abbreviated(line)
        ]
        rng.shuffle(lines)
        count = int(OPEN * share / sum(MIXTURE.values()))
        chosen += [Sentence(line) for line in lines[:count]]
        rest += lines[count:]
    rng.shuffle(rest)
    return chosen, rest


def rare(pools: dict[str, list[Sentence]], rest: list[str], sets: Sets) -> list[Sentence]:
    """Sentences of the news again, and more of open text, for words that the pools have less than `OFTEN` times."""
    counts = Counter(
        token.lower() for name in ("hard", "news", "open") for s in pools[name] for token in set(tokens(s.text))
    )
    wanted = {word: OFTEN - counts[word] for word in sets.words if counts[word] < OFTEN}
    found = []
    for sentence in pools["news"]:
        words = {t for t in tokens(sentence.text) if t in wanted}
        if any(counts[word] <= OFTEN // 2 for word in words):
            found.append(sentence)
    for line in rest:
        hit = [t for t in set(line.split()) if wanted.get(t, 0) > 0]
        if hit:
            found.append(Sentence(line))
            for word in hit:
                wanted[word] -= 1
    return found


def write(data: Path, work: Path) -> None:
    rng = random.Random(SEED)
    sets = Sets.load(work)
    pools = of_news(data, work, sets)
    pools["open"], rest = of_open_text(work, rng)
    pools["rare"] = rare(pools, rest, sets)
    with (work / "judge.part").open("w", encoding="utf-8") as out:
        for name, pool in pools.items():
            rng.shuffle(pool)
            for s in pool:
                out.write(f"{name}\t{','.join(map(str, s.left))}\t{s.text}\n")
            print(f"{name}: {len(pool):,} sentences, {sum(len(s.left) for s in pool)} places left out", flush=True)
    (work / "judge.part").rename(work / "judge.sentences.tsv")


def read(work: Path) -> dict[str, list[Sentence]]:
    pools: dict[str, list[Sentence]] = {name: [] for name in SHARES}
    for line in (work / "judge.sentences.tsv").open(encoding="utf-8"):
        name, left, text = line.rstrip("\n").split("\t")
        pools[name].append(Sentence(text, tuple(map(int, left.split(","))) if left else ()))
    return pools


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    chosen = parser.parse_args()
    write(chosen.data, chosen.work)
