"""How many real-word errors the judge finds at few false changes, by itself.

    python -m training.judge.evaluate CHECKPOINT DATA --work out/training [--read 40]

Every place of the development sentences is judged, without a gate: recall over the 2,000 errors of `realword.dev` at
false changes in 10,000 words of `clean.dev`, with and without the places of it that were read and found to be errors.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from copydesk.text.typos.windows import LONGEST, Pieces
from training.encoder import Sets, editable
from training.english import tokens
from training.judge import model, news
from training.judge.model import Judge

BUDGETS = (0.2, 0.5, 1.0, 2.0, 4.0)
#: Sentences of the quick look: errors, and the clean ones whose surest place is surest.
QUICK_ERRORS, QUICK_CLEAN = 400, 250


class Change(NamedTuple):
    """`text` is the number of the sentence; `odds` the log-odds of the best word of the set against what stands."""

    text: int
    written: str
    meant: str
    odds: float


def _rows(texts: Sequence[str], pieces: Pieces, sets: Sets) -> list[tuple[int, list[int], list[tuple[int, int]]]]:
    rows = []
    for number, text in enumerate(texts):
        parts, ids, seen = tokens(text), [Pieces.START], []
        at = set(editable(parts, sets))
        for i, token in enumerate(parts):
            if token.isspace():
                continue
            cut = pieces(token)
            if len(ids) + len(cut) >= LONGEST - 1:
                break
            if i in at:
                seen.append((len(ids), sets.ids[token]))
            ids += cut
        if seen:
            rows.append((number, [*ids, Pieces.END], seen))
    return sorted(rows, key=lambda row: len(row[1]))


@torch.no_grad()
def changes(judge: Judge, pieces: Pieces, sets: Sets, texts: Sequence[str]) -> list[Change]:
    """The best other word at each place of each text, as it stands alone, whole sentences."""
    rows, found = _rows(texts, pieces, sets), []
    for begin in range(0, len(rows), 48):
        some = rows[begin : begin + 48]
        ids = np.zeros((len(some), -(-len(some[-1][1]) // 4) * 4), np.int64)
        for k, row in enumerate(some):
            ids[k, : len(row[1])] = row[1]
        states = judge.encoder(torch.from_numpy(ids))
        for k, (number, _, seen) in enumerate(some):
            for at, word in seen:
                near = torch.from_numpy(sets.near[sets.first[word] : sets.first[word + 1]])
                state = states[k, at]
                keep = state @ judge.word.weight[word] + judge.bias[word] + judge.stay[word]
                change = judge.word.weight[near] @ state + judge.bias[near] - keep
                best = int(change.argmax())
                found.append(Change(number, sets.words[word], sets.words[int(near[best])], float(change[best])))
    return found


def texts(spelling: Path, name: str) -> tuple[list[str], list[list[list[object]]]]:
    rows = [json.loads(line) for line in (spelling / f"{name}.dev.jsonl").open(encoding="utf-8")]
    return [row["src"] for row in rows], [row["edits"] for row in rows]


def key(text: str, change: Change) -> str:
    """A change in a sentence, as hex digits: it quotes nobody."""
    return f"{news.digest(text):016x}:{news.digest(change.written + change.meant):016x}"


def read_errors() -> frozenset[str]:
    """Changes of `clean.dev` that were read and found to be errors indeed."""
    file = Path(__file__).parent / "clean_errors.txt"
    lines = file.read_text("utf-8").splitlines() if file.exists() else ()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def recall(good: Sequence[float], errors: int, false: Sequence[float], words: int) -> list[float]:
    """`good`: log-odds of the errors that get the right word; `false`: those of all places of the clean text."""
    ranked = sorted(false, reverse=True)
    some = np.array(good)
    limits = [ranked[int(b * words / 1e4)] if int(b * words / 1e4) < len(ranked) else -1e9 for b in BUDGETS]
    return [float((some > limit).sum()) / errors for limit in limits]


def found(some: list[Change], edits: list[list[list[object]]]) -> list[float]:
    return [c.odds for c in some if [c.written, c.meant] == edits[c.text][0][1:3]]


def quick(judge: Judge, sets: Sets, work: Path, spelling: Path) -> list[float]:
    """The same on a part: some errors, and the clean sentences that were hardest for a judge before (`quick.json`)."""
    pieces = Pieces(judge.names)
    clean, _ = texts(spelling, "clean")
    spoilt, edits = texts(spelling, "realword")
    hard = json.loads((work / "quick.json").read_text()) if (work / "quick.json").exists() else range(QUICK_CLEAN)
    chosen = [clean[i] for i in hard]
    known = read_errors()
    false = [c.odds for c in changes(judge, pieces, sets, chosen) if key(chosen[c.text], c) not in known]
    step = len(spoilt) // QUICK_ERRORS
    good = found(changes(judge, pieces, sets, spoilt[::step]), edits[::step])
    return recall(good, len(spoilt[::step]), false, sum(len(t.split()) for t in clean))


def table(judge: Judge, pieces: Pieces, sets: Sets, spelling: Path, work: Path, read: int = 0) -> None:
    clean, _ = texts(spelling, "clean")
    spoilt, edits = texts(spelling, "realword")
    words = sum(len(text.split()) for text in clean)
    false = sorted(changes(judge, pieces, sets, clean), key=lambda c: -c.odds)
    good = found(changes(judge, pieces, sets, spoilt), edits)
    known = read_errors()
    print(f"recall at {' '.join(map(str, BUDGETS))} false changes in 10,000 words")
    for name, some in (("all", false), ("less true errors", [c for c in false if key(clean[c.text], c) not in known])):
        figures = recall(good, len(spoilt), [c.odds for c in some], words)
        print(f"{name}: {' '.join(f'{r:.3f}' for r in figures)}", flush=True)
    if not (work / "quick.json").exists():
        hardest = list(dict.fromkeys(c.text for c in false))[:QUICK_CLEAN]
        (work / "quick.json").write_text(json.dumps(hardest))
    for c in false[:read]:
        mark = "*" if key(clean[c.text], c) in known else " "
        print(f"{mark} {c.odds:.2f} {key(clean[c.text], c)} {c.written} → {c.meant} | {clean[c.text]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--read", type=int, default=0, help="print so many of the surest changes of the clean set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    judge, pieces, sets = model.load(chosen.checkpoint, chosen.work)
    judge.encoder.halve(trained=True)
    table(judge, pieces, sets, chosen.data / "spelling", chosen.work, chosen.read)


if __name__ == "__main__":
    main()
