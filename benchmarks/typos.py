"""Recall, precision, false changes and speed of typo correction, compared with other tools.

    python benchmarks/typos.py --data FOLDER             a folder of *.jsonl as described below
    python benchmarks/typos.py --data FOLDER --peers     also other tools, if installed: see `correctors.py`
    python benchmarks/typos.py                           on the project's own sentences
    python benchmarks/typos.py --news FOLDER             published news and pages too: `articles` and `pages` in FOLDER

FOLDER holds `clean*.jsonl`, `realword*.jsonl`, `nonword*.jsonl` and `bln600*.jsonl`, one object per line: `src`, the
sentence with errors, and `gold`, the correct one. `applied` are the changes that a run makes, `suggested` these and the
suggestions.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks import damaged, typo_words
from benchmarks.correctors import PEERS, Corrector, ours
from benchmarks.typo_score import Score, edits, score
from copydesk import languages
from copydesk.config import TyposConfig
from copydesk.text.typos.correct import findings

HERE = Path(__file__).parent
SETS = ("clean", "realword", "nonword", "bln600")


def sentences(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """(with errors, as meant) of each set that `folder` has."""
    found = {}
    for name in SETS:
        for path in sorted(folder.glob(f"{name}*.jsonl"))[:1]:
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
            found[name] = [(row["src"], row["gold"]) for row in rows]
    if not found:
        raise SystemExit(f"{folder}: no clean*.jsonl, realword*.jsonl, nonword*.jsonl or bln600*.jsonl")
    return found


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(correct: Corrector, sets: dict[str, list[tuple[str, str]]]) -> dict[str, Any]:
    """Scores of a corrector on each set, and its speed there (words of a CPU second)."""
    row: dict[str, Any] = {}
    for name, pairs in sets.items():
        sources = [source for source, _ in pairs]
        began = time.process_time()
        outputs = correct(sources)
        seconds = time.process_time() - began
        words = sum(len(s.split()) for s in sources)
        result: Score = score((s, g, o) for (s, g), o in zip(pairs, outputs, strict=True))
        names = (
            sum(_is_name(s, e) for (s, _), o in zip(pairs, outputs, strict=True) for e in edits(s, o))
            if name == "clean"
            else 0
        )
        row[name] = {
            "precision": result.precision, "recall": result.recall, "made": result.made, "wanted": result.wanted,
            "false_per_10k": 1e4 * result.harm / words, "harm": result.harm, "names": names,
            "words_per_second": words / max(seconds, 1e-9),
        }  # fmt: skip
    return row


def _is_name(source: str, edit: tuple[int, int, tuple[str, ...]]) -> bool:
    """Whether an edit touches a token with a capital that does not begin the sentence."""
    tokens = source.split()
    return any(
        i > 0 and tokens[i][:1].isupper() and tokens[i - 1][-1:] not in ".!?:\"'"
        for i in range(edit[0], min(edit[1], len(tokens)))
    )


def table(rows: dict[str, dict[str, Any]]) -> str:
    head = f"{'':34}{'clean':>16}{'real-word':>16}{'non-word':>16}{'OCR (bln600)':>16}{'words/s':>10}"
    sub = f"{'':34}{'false/10k names':>16}" + f"{'P':>8}{'R':>8}" * 3 + f"{'clean':>10}"
    lines = [head, sub]
    for name, row in rows.items():
        line = f"{name:34}"
        clean = row.get("clean")
        line += f"{clean['false_per_10k']:>10.2f}{clean['names']:>6}" if clean else " " * 16
        for key in SETS[1:]:
            line += f"{row[key]['precision']:>8.3f}{row[key]['recall']:>8.3f}" if key in row else " " * 16
        line += f"{clean['words_per_second']:>10,.0f}" if clean else ""
        lines.append(line)
    return "\n".join(lines)


def run(folder: Path, peers: bool) -> dict[str, dict[str, Any]]:
    sets = sentences(folder)
    settings = TyposConfig()
    model, fast = languages.model("en"), languages.model("en", judge=False)
    findings(["He walked away form the house."], model)  # loads what is loaded when it is first needed
    bare = replace(fast, encoder=None)
    rows = {
        "copydesk, applied": measure(ours(model, settings.apply_from, settings.apply_words_from), sets),
        "copydesk, applied and suggested": measure(ours(model, settings.suggest_from), sets),
        "fast, applied": measure(ours(fast, settings.apply_from, settings.apply_words_from), sets),
        "fast, applied and suggested": measure(ours(fast, settings.suggest_from), sets),
        "n-grams only, applied": measure(ours(bare, settings.apply_from, settings.apply_words_from), sets),
        "n-grams only, and suggested": measure(ours(bare, settings.suggest_from), sets),
    }
    if peers:
        for name, make in PEERS.items():
            try:
                rows[name] = measure(make(), sets)
            except ImportError as error:
                print(f"{name}: left out: {error}", file=sys.stderr)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE / "typos", metavar="FOLDER", help="sentences to measure on")
    parser.add_argument("--peers", action="store_true", help="measure other tools, too")
    parser.add_argument(
        "--news", type=Path, metavar="FOLDER", help="published news and pages, as training/README.md says"
    )
    parser.add_argument("--unread", action="store_true", help="print the changes in news that nobody read yet")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    chosen = parser.parse_args()
    rows = run(chosen.data, chosen.peers)
    print(table(rows))
    sets, settings = sentences(chosen.data), TyposConfig()
    if {"clean", "realword"} <= sets.keys():
        rows["real words"] = typo_words.recall_table(sets, settings)
    if chosen.news:
        rows["natural"] = typo_words.natural_table(chosen.news, settings)
        rows["news"] = typo_words.news_table(chosen.news, settings, chosen.unread)
        rows["cost"] = typo_words.cost_table(chosen.news)
    print(damaged.table(damaged.run(chosen.data, damaged.ours())))
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
