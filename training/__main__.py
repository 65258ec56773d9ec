"""Make the files of a language from openly licensed text: one command, seeded, taken up again where it stopped.

    python -m training DATA [--work out/training] [--out copydesk/languages/en] [--steps 4200]

DATA holds `text/*.txt.gz` (openly licensed English), `articles/*.jsonl.gz` (news on which the decision is weighed) and
`spelling/*.jsonl` (what is measured on, so that it is left out). Each stage is skipped whose files are there already.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from training import (
    corpus,
    damaged,
    decision,
    encoder,
    export,
    gate,
    lexicon,
    ngrams,
    pairs,
    spaces,
    vocabulary,
    window,
)
from training.judge import decide


def manifest(out: Path) -> None:
    """Write `manifest.json`: the SHA-256 of each file."""
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.iterdir())
        if path.name not in ("manifest.json", "README.md")
    }
    (out / "manifest.json").write_text(json.dumps({"files": files}, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("out/training"))
    parser.add_argument("--out", type=Path, default=Path("copydesk/languages/en"))
    parser.add_argument("--steps", type=int, default=4200, help="of the encoder, about 2,900 word pieces each")
    parser.add_argument("--window-steps", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    data, work, out = chosen.data, chosen.work, chosen.out
    work.mkdir(parents=True, exist_ok=True)
    stages: list[tuple[str, Path | None, Callable[[], object]]] = [
        ("sentences", work / "tuning.txt", lambda: corpus.prepare(data / "text", work)),
        ("counts", work / "counts.json", lambda: vocabulary.count(work)),
        ("confusion sets", work / "confusions.json", lambda: vocabulary.build(work)),
        ("lexicon", work / "words.txt", lambda: lexicon.build(work)),
        ("n-grams", work / "ngrams" / "sizes4.npy", lambda: ngrams.run(work)),
        ("window", work / "window.done", lambda: window.train(work, chosen.window_steps, chosen.threads)),
        ("encoder", None, lambda: encoder.train(work, chosen.steps, chosen.threads)),
        ("export", None, lambda: export.everything(work, out)),
        ("pairs", None, lambda: pairs.run(work, out, data)),
        ("decision", None, lambda: decision.run(work, out)),
        ("gate", None, lambda: gate.run(data, out, work)),
        ("decision on news", None, lambda: decide.everything(data, work)),
        ("spaces", None, lambda: spaces.run(out, data)),
        ("damaged words", None, lambda: damaged.run(out, data)),
        ("manifest", None, lambda: manifest(out)),
    ]
    for name, done, stage in stages:
        if done is not None and done.exists():
            print(f"== {name}: there already")
            continue
        print(f"== {name}", flush=True)
        stage()


if __name__ == "__main__":
    main()
