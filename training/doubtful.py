"""How often doubtful findings are right in sentences with errors: the counts of a language's `doubtful.toml`.

    python -m training.doubtful FOLDER           FOLDER holds nonword*.jsonl, clean*.jsonl and bln600*.jsonl

A finding is right where its sentence, once corrected, is nearer to what was meant. Features alone give the probability
by which findings are put into bands; what `doubtful.toml` said before counts for nothing but the bands' edges.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect
from dataclasses import replace
from pathlib import Path

from benchmarks.typo_score import edits
from benchmarks.typos import sentences
from copydesk import languages
from copydesk.text.typos.correct import Finding, findings
from copydesk.text.typos.doubtful import CASES, OLD_PRINT, Band, Doubtful
from copydesk.text.typos.model import Model

SETS = ("nonword", "clean", "bln600")
SEED = 7
#: A band that believes everything, and one that believes nothing.
_ALL, _NONE = Band(0.0, (10**9, 10**9)), Band(2.0)
#: Any probability that is one.
_TOLD = 1e-6


def only(model: Model, case: str | None) -> Model:
    """`model` without its encoder, as if of all doubtful findings those of `case` were believed, and not doubted."""
    bands = {name: [_ALL if name == case else _NONE] for name in CASES}
    return replace(model, encoder=None, doubtful=Doubtful(bands))


def old_print(pairs: list[tuple[str, str]], old: str, new: str, seed: int = SEED) -> list[tuple[str, str]]:
    """Sentences in which one `new` within a word became the letter of `old` print that stands for it."""
    rng = random.Random(seed)
    made = []
    for _, gold in pairs:
        places = [i for i in range(len(gold) - 1) if gold[i] == new and gold[i + 1].isalpha()]
        if places:
            at = rng.choice(places)
            made.append((gold[:at] + old + gold[at + 1 :], gold))
    return made


def measured(model: Model, pairs: list[tuple[str, str]], case: str, least: list[float]) -> list[tuple[int, int]]:
    """(right, all) findings of a case in each band, whose edges are `least`."""
    counts = [(0, 0) for _ in least]
    texts = [source for source, _ in pairs]
    lowest = max(least[0], _TOLD)
    sure = findings(texts, only(model, None), least=_TOLD)
    found = findings(texts, only(model, case), least=lowest)
    for (source, gold), others, some in zip(pairs, sure, found, strict=True):
        known = {finding[:4] for finding in others}
        for finding in some:
            if finding[:4] not in known:
                band = bisect(least, finding.confidence) - 1
                right, of = counts[band]
                counts[band] = (right + _is_right(source, gold, finding), of + 1)
    return counts


def _is_right(source: str, gold: str, finding: Finding) -> bool:
    made = source[: finding.start] + finding.after + source[finding.end :]
    return len(edits(made, gold)) < len(edits(source, gold))


def main() -> None:
    model = languages.model("en")
    sets = sentences(Path(sys.argv[1]))
    pairs = [pair for name in SETS for pair in sets[name]]
    for number, name in enumerate(CASES):
        least = [band.least for band in model.doubtful.bands[name]]
        of_case = pairs
        if number == OLD_PRINT:
            of_case = [p for old, new in model.grammar.old_letters.items() for p in old_print(sets["clean"], old, new)]
        for edge, (right, of) in zip(least, measured(model, of_case, name, least), strict=True):
            print(f"{name}: least = {edge}, sets = [{right}, {of}]")


if __name__ == "__main__":
    main()
