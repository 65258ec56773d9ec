"""Heavily damaged text: blanks lost and torn, one word in five damaged, real OCR: what is mended, and what is spoilt.

    python benchmarks/typos.py --data FOLDER             prints these tables after its own
    python benchmarks/damaged.py --data FOLDER           these alone

`spaces-*.jsonl` (also `.gz`, also in a folder `damaged`) are lines whose blanks are wrong: blanks alone count, by the
letters between which they stand. `words-*.jsonl` are lines whose words are damaged: words count, as in `typo_score`. Of
`bln600*.jsonl` characters count (Levenshtein distance). The correct lines of `clean*.jsonl` without any blank are a set
of their own. Each object has `src` and `gold`.
"""

from __future__ import annotations

import argparse
import difflib
import gzip
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks import correctors
from benchmarks.correctors import Corrector
from benchmarks.typo_score import Score, score
from copydesk import languages
from copydesk.config import TyposConfig

HERE = Path(__file__).parent
Pair = tuple[str, str]
#: Lines of a set that are measured, and lines that are run together.
MOST, GLUED = 1_000, 300


@dataclass(frozen=True)
class Result:
    """Scores of one corrector on one set; `characters` are those wrong before and after."""

    score: Score
    characters: tuple[int, int]
    words_per_second: float


def sets(folder: Path, most: int = MOST) -> dict[str, list[Pair]]:
    """(damaged, as meant) of each set that `folder` has."""
    found = {}
    for path in sorted([*folder.glob("*.jsonl*"), *(folder / "damaged").glob("*.jsonl*")]):
        name = path.name.split(".dev")[0].split(".jsonl")[0]
        if name.startswith(("spaces-", "words-", "bln600")):
            found[name] = _read(path)[:most]
        elif name.startswith("clean"):
            found["spaces: none at all"] = [(gold.replace(" ", ""), gold) for _, gold in _read(path)[:GLUED]]
    return found


def _read(path: Path) -> list[Pair]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = map(json.loads, filter(bytes.strip, content.splitlines()))
    return [(row["src"], row["gold"]) for row in rows]


# --- Blanks ----------------------------------------------------------------------------------------------------------


def blanks(text: str) -> set[int]:
    """How many letters stand before each blank."""
    return {at - number for number, at in enumerate(i for i, c in enumerate(text) if c == " ")}


def blanks_like(text: str, letters: str, likely: set[int]) -> set[int]:
    """The blanks of a text in which letters may be others, by the letters of `letters` that they stand behind.

    Where a letter is gone beside a blank, it may have stood on either side: `likely` places come first.
    """
    own = text.replace(" ", "")
    if own == letters:
        return blanks(text)
    low, high = [len(letters)] * (len(own) + 1), [0] * (len(own) + 1)
    for _, first, last, other, behind in difflib.SequenceMatcher(None, own, letters, autojunk=False).get_opcodes():
        for at in range(first, last + 1):
            low[at] = min(low[at], other + at - first if at < last else min(other + at - first, behind))
            high[at] = max(high[at], behind if at == last else other + at - first)
    found = set()
    for at in blanks(text):
        range_of = range(low[at], high[at] + 1)
        found.add(next((place for place in range_of if place in likely), low[at]))
    return found


def score_blanks(triples: Sequence[tuple[str, str, str]]) -> Score:
    """Over (damaged, meant, corrected): blanks put in and taken out."""
    right = made = wanted = 0
    for source, gold, output in triples:
        old, meant = blanks(source), blanks(gold)
        new = blanks_like(output, source.replace(" ", ""), old & meant)
        right += len((old ^ new) & (old ^ meant))
        made += len(old ^ new)
        wanted += len(old ^ meant)
    return Score(right, made, wanted, made - right)


# --- Characters ------------------------------------------------------------------------------------------------------


def distance(one: str, two: str) -> int:
    """The Levenshtein distance of two texts."""
    codes = np.frombuffer(two.encode("utf-32-le"), np.uint32)
    steps = np.arange(len(codes) + 1)
    row = steps
    for number, letter in enumerate(one, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(letter)))
        row = np.minimum.accumulate(np.concatenate([[number], best]) - steps) + steps
    return int(row[-1])


# --- Tables ----------------------------------------------------------------------------------------------------------


def measure(correct: Corrector, pairs: Sequence[Pair], name: str) -> Result:
    began = time.process_time()
    outputs = correct([source for source, _ in pairs])
    seconds = max(time.process_time() - began, 1e-9)
    triples = [(source, gold, output) for (source, gold), output in zip(pairs, outputs, strict=True)]
    found = score_blanks(triples) if name.startswith("spaces") else score(triples)
    wrong = (0, 0)
    if name.startswith("bln600"):
        wrong = (sum(distance(s, g) for s, g, _ in triples), sum(distance(o, g) for _, g, o in triples))
    return Result(found, wrong, sum(len(source.split()) for source, _ in pairs) / seconds)


def run(folder: Path, correctors: dict[str, Corrector]) -> dict[str, dict[str, Result]]:
    """Results of each corrector on each set, by their names."""
    return {
        set_name: {name: measure(correct, pairs, set_name) for name, correct in correctors.items()}
        for set_name, pairs in sets(folder).items()
    }


def table(results: dict[str, dict[str, Result]]) -> str:
    """A line for each set and corrector: precision, recall, harm, characters, speed."""
    lines = [f"{'':32}{'':34}{'P':>8}{'R':>8}{'made':>8}{'wanted':>8}{'characters':>16}{'words/s':>10}"]
    for set_name, rows in results.items():
        for name, result in rows.items():
            found, (before, after) = result.score, result.characters
            change = f"{before:,} → {100 * (after / before - 1):+.1f} %" if before else ""
            lines.append(
                f"{set_name:32}{name:34}{found.precision:>8.3f}{found.recall:>8.3f}{found.made:>8}{found.wanted:>8}"
                f"{change:>16}{result.words_per_second:>10,.0f}"
            )
    return "\n".join(lines)


def ours() -> dict[str, Corrector]:
    """What copydesk applies, and what it applies and suggests, with the settings that it comes with."""
    model, settings = languages.model("en"), TyposConfig()
    applied = correctors.ours(model, settings.apply_from, settings.apply_words_from)
    both = correctors.ours(model, settings.suggest_from)
    return {"copydesk, applied": applied, "copydesk, applied and suggested": both}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE / "typos", metavar="FOLDER", help="lines to measure on")
    print(table(run(parser.parse_args().data, ours())))


if __name__ == "__main__":
    main()
