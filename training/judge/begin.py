"""What training begins with, and what is kept of it.

    python -m training.judge.begin start BASE DATA --work out/training [--packed FILE]
    python -m training.judge.begin pack CHECKPOINT FILE --work out/training

`start` counts the words of the news that is trained on, chooses the pieces, and writes `judge.warm.pt`: the base model,
with what was trained before where FILE has it. `pack` writes FILE of 52 MB from a checkpoint's averaged weights.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import torch

from training.encoder import Sets
from training.english import tokens
from training.judge import model, news


def start(base: Path, data: Path, work: Path, packed: Path | None) -> None:
    counts: Counter[str] = Counter()
    for story in news.stories(data / "articles"):
        if story.part != "held":
            counts.update(tokens(story.text))
    (work / "counts.news.json").write_text(json.dumps(counts))
    names, rows = model.choose_pieces(base, work)
    sets = Sets.load(work)
    judge = model.Judge.pretrained(base, names, rows, sets)
    if packed is not None:
        model.unpack(judge, sets, packed)
    torch.save({"judge": judge.state_dict(), "names": names, "pieces": 0}, work / "judge.warm.pt")
    print(f"{len(names):,} pieces, {len(sets.words):,} words")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("start")
    one.add_argument("base", type=Path)
    one.add_argument("data", type=Path)
    one.add_argument("--packed", type=Path)
    two = commands.add_parser("pack")
    two.add_argument("checkpoint", type=Path)
    two.add_argument("file", type=Path)
    for command in (one, two):
        command.add_argument("--work", type=Path, default=Path("out/training"))
    chosen = parser.parse_args()
    if chosen.command == "start":
        start(chosen.base, chosen.data, chosen.work, chosen.packed)
    else:
        judge, _, sets = model.load(chosen.checkpoint, chosen.work)
        model.pack(judge, sets.words, chosen.file)


if __name__ == "__main__":
    main()
