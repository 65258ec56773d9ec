"""Words that are words, and yet not what was meant: what each stage of the cascade finds and costs, and whether its
probabilities hold. Part of `typos.py`.

The clean set has true errors, which were read and are listed as digests (`training/judge/clean_errors.txt`); tables say
figures with and without them. `natural.tsv` of `training/judge` is a set of sentences of news and pages as they were
published, read by hand; `verdicts.txt` says what was read in the articles that were kept apart.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from copydesk import languages
from copydesk.config import TyposConfig
from copydesk.text.typos.batch import Batch
from copydesk.text.typos.correct import REAL_WORD, Finding, findings
from copydesk.text.typos.features import ENCODER, JUDGE
from copydesk.text.typos.model import Model
from copydesk.text.typos.scorers import Calibration, LinearScorer
from training.judge import natural, news
from training.marks import mark, verdicts

ROOT = Path(__file__).parent.parent
#: False changes in 10,000 clean words.
BUDGETS = (0.2, 0.5, 1.0, 2.0, 4.0)
#: Findings that are less likely are not ranked.
LEAST = 1e-4
TOGETHER = 200
_POINTS = np.linspace(-30, 30, 601, dtype=np.float32)


class Change(NamedTuple):
    text: int
    finding: Finding


def models() -> dict[str, Model]:
    """What is compared: each model alone, by its log-odds, behind the same gate, and what both modes make of them."""
    full = languages.model("en")
    fast = languages.model("en", judge=False)
    return {
        "encoder alone": _alone(fast, "encoder", ENCODER),
        "fast": fast,
        "judge alone": _alone(full, "judge", JUDGE),
        "full": full,
    }


def _alone(model: Model, name: str, columns: Sequence[str]) -> Model:
    """`model` with a last decision that goes by the log-odds of `name` alone."""
    weights = np.array([column == f"{name}_odds" for column in columns], np.float32)
    scorers = {**model.scorers, name: LinearScorer(weights, 0.0)}
    curve = Calibration(_POINTS, (1 / (1 + np.exp(-_POINTS))).astype(np.float32))
    changed = replace(model, scorers=scorers, calibrations={**model.calibrations, name: curve})
    # The places that reach the judge are those that reach it in the package.
    return changed if name == "encoder" else replace(changed, scorers={**scorers, "encoder": model.scorers["encoder"]})


def changes(texts: Sequence[str], model: Model, least: float = LEAST) -> Iterator[Change]:
    """The real-word changes of each text."""
    for first in range(0, len(texts), TOGETHER):
        some = findings(texts[first : first + TOGETHER], model, least=least)
        for number, found in enumerate(some, first):
            yield from (Change(number, one) for one in found if one.rule == REAL_WORD)


# --- recall at few false changes -------------------------------------------------------------------------------------


def known_errors() -> frozenset[str]:
    lines = (ROOT / "training" / "judge" / "clean_errors.txt").read_text("utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def key(text: str, finding: Finding) -> str:
    """A change of a sentence, as `training.judge.evaluate.key` writes it."""
    change = (text[finding.start : finding.end] + finding.after).lower()
    return f"{news.digest(text):016x}:{news.digest(change):016x}"


def recall(model: Model, clean: list[str], spoilt: list[tuple[str, str]], settings: TyposConfig) -> dict[str, Any]:
    """Recall of the errors of `spoilt` (with errors, as meant) at each of `BUDGETS`, with and without the true errors
    of `clean`; recall and false changes in 10,000 words at the thresholds of `settings`.
    """
    known = known_errors()
    false = [(one.finding.confidence, key(clean[one.text], one.finding) in known) for one in changes(clean, model)]
    good = [
        one.finding.confidence
        for one in changes([source for source, _ in spoilt], model)
        if _made(spoilt[one.text][0], one.finding) == spoilt[one.text][1]
    ]
    words = sum(len(text.split()) for text in clean)
    row: dict[str, Any] = {}
    for name, some in (("all", [c for c, _ in false]), ("less", [c for c, true in false if not true])):
        ranked = sorted(some, reverse=True)
        limits = [ranked[n] if (n := int(b * words / 1e4)) < len(ranked) else 0.0 for b in BUDGETS]
        row[name] = [sum(c > limit for c in good) / len(spoilt) for limit in limits]
    for name, least in (("applied", settings.apply_words_from), ("suggested", settings.suggest_from)):
        wrong = sum(round(c, 3) >= least and not true for c, true in false)
        row[name] = (sum(round(c, 3) >= least for c in good) / len(spoilt), 1e4 * wrong / words)
    return row


def _made(text: str, finding: Finding) -> str:
    return text[: finding.start] + finding.after + text[finding.end :]


def recall_table(sets: dict[str, list[tuple[str, str]]], settings: TyposConfig) -> dict[str, Any]:
    clean = [source for source, _ in sets["clean"]]
    rows = {name: recall(model, clean, sets["realword"], settings) for name, model in models().items()}
    budgets = "".join(f"{b:>7}" for b in BUDGETS)
    print("\nreal words: recall at false changes in 10,000 words, true errors of the clean set read out | all counted")
    print(f"{'':16}{budgets}  |{budgets}  |  applied: recall, false   and suggested: recall, false")
    for name, row in rows.items():
        curves = "  |".join("".join(f"{value:>7.3f}" for value in row[part]) for part in ("less", "all"))
        told = "   ".join(f"{row[part][0]:>14.3f} {row[part][1]:>6.2f}" for part in ("applied", "suggested"))
        print(f"{name:16}{curves}  |{told}")
    return rows


# --- published news --------------------------------------------------------------------------------------------------


class Read(NamedTuple):
    """A change that was found in published news: its confidence, and what a reader said of it, or "unread"."""

    confidence: float
    said: str
    mark: str
    shown: str


def published(texts: Sequence[str], model: Model, least: float) -> list[Read]:
    """The real-word changes in `texts`, the same place of two copies of an article once."""
    known, found = verdicts(), {}
    for number, one in changes(texts, model, least):
        text = texts[number]
        batch = Batch([text], model.token_types)
        place = int(np.searchsorted(batch.start, one.start))
        name = mark(batch, place, text[one.start : one.end].lower(), one.after.lower())
        shown = f"{text[max(0, one.start - 90) : one.start]}[{text[one.start : one.end]} → {one.after}]"
        found[name] = Read(one.confidence, known.get(name, "unread"), name, shown + text[one.end : one.end + 60])
    return sorted(found.values(), reverse=True)


def bins(some: list[Read]) -> None:
    """Said against found, in ten bins; what nobody read counts as right as it stood."""
    print(f"{'said':>10}{'mean':>8}{'found':>8}{'places':>8}{'errors':>8}{'another':>9}{'unread':>8}")
    for low in range(10):
        inside = [one for one in some if low / 10 <= one.confidence < (low + 1) / 10 + (low == 9)]
        if inside:
            right = sum(one.said == "error" for one in inside)
            mean = sum(one.confidence for one in inside) / len(inside)
            other, unread = (sum(one.said in kinds for one in inside) for kinds in (("other", "unsure"), ("unread",)))
            print(
                f"{low / 10:>4.1f} to {low / 10 + 0.1:.1f}{mean:>7.3f}{right / len(inside):>8.3f}{len(inside):>8}"
                f"{right:>8}{other:>9}{unread:>8}"
            )


def natural_table(data: Path, settings: TyposConfig) -> dict[str, Any]:
    """The natural test set: what is found of the words that are wrong, and what is changed that was right.

    Sentences that were drawn at random stand for all that no judge doubts, so a wrong change there counts as often as
    there are such sentences for each that was drawn.
    """
    rows = list(natural.rebuild(data))
    texts = [str(row["text"]) for row in rows]
    every = sum(1 for _ in natural.sentences(data))
    drawn = sum(row["how"] != "ranked" for row in rows)
    times = (every - (len(rows) - drawn)) / drawn
    print(
        f"\nnatural set: {len(rows):,} sentences of {every:,}; of those not drawn by rank each stands for {times:.1f}"
    )
    told: dict[str, Any] = {}
    for name in ("fast", "full"):
        model = languages.model("en", judge=name == "full")
        found = list(changes(texts, model, 0.01))
        for part, least in (("applied", settings.apply_words_from), ("suggested", settings.suggest_from)):
            made = [one for one in found if round(one.finding.confidence, 3) >= least]
            right = {"ranked": 0, "read": 0, "unread": 0}
            wrong = dict(right)
            for text, one in made:
                meant = {(start, what) for start, _, kind, what in _errors(rows[text]) if kind == "word"}
                unsure = {start for start, _, kind, _ in _errors(rows[text]) if kind == "unsure"}
                hit = (one.start, natural.of_word(one.after)) in meant
                if hit or one.start not in unsure:
                    (right if hit else wrong)[str(rows[text]["how"])] += 1
            words = {how: _marked(rows, how) for how in ("ranked", "read")}
            told[f"{name} {part}"] = {"right": right, "wrong": wrong, "marked": words}
            print(
                f"{name}, {part}: of {words['ranked']} wrong words in ranked sentences {right['ranked']}, of"
                f" {words['read']} in sentences read whole {right['read']}; wrong changes: ranked {wrong['ranked']},"
                f" read {wrong['read']}, unread {wrong['unread']}"
            )
    return told


def _errors(row: dict[str, object]) -> list[tuple[int, int, str, str]]:
    errors: Any = row["errors"]
    return list(errors)


def _marked(rows: list[dict[str, object]], how: str) -> int:
    return sum(kind == "word" for row in rows if row["how"] == how for _, _, kind, _ in _errors(row))


def news_table(data: Path, settings: TyposConfig, show: bool) -> dict[str, Any]:
    """Probabilities and speed on the articles that were kept apart, and the natural set."""
    texts = [story.text for story in news.stories(data / "articles") if story.part == "held"]
    words = sum(len(text.split()) for text in texts)
    told: dict[str, Any] = {}
    for name in ("fast", "full"):
        some = published(texts, languages.model("en", judge=name == "full"), 0.02)
        print(f"\n{name}: said against found, {len(texts):,} articles kept apart, {words:,} words")
        bins(some)
        for part, least in (("applied", settings.apply_words_from), ("applied or suggested", settings.suggest_from)):
            made = [one.said for one in some if round(one.confidence, 3) >= least]
            counts = {said: made.count(said) for said in ("error", "right", "other", "unsure", "unread")}
            told[f"{name} {part}"] = counts
            print(f"{part}: {', '.join(f'{said} {n}' for said, n in counts.items())}")
        if show:
            for one in some:
                if one.said == "unread" and one.confidence >= 0.1:
                    print(f"{one.mark} {one.confidence:.2f} {one.shown!r}")
    return told


# --- cost ------------------------------------------------------------------------------------------------------------


def damaged(texts: Sequence[str], model: Model, seed: int = 1) -> list[str]:
    """`texts` with an error in one of 20 words: half of them another word of its confusion set, half no word."""
    rng, made = random.Random(seed), []
    for text in texts:
        tokens = model.token_types.tokenize(text)
        for i, token in enumerate(tokens):
            if not token.isalpha() or rng.random() >= 1 / 20:
                continue
            number = model.numbers.get(token)
            if number is not None and rng.random() < 0.5:
                near = model.sets.near[model.sets.first[number] : model.sets.first[number + 1]]
                tokens[i] = model.words[int(rng.choice(near.tolist()))] if len(near) else token
            elif len(token) > 3:
                at = rng.randrange(1, len(token) - 1)
                tokens[i] = token[:at] + token[at + 1] + token[at] + token[at + 2 :]
        made.append("".join(tokens))
    return made


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _read(parts: list[list[str]], model: Model) -> None:
    for part in parts:
        Batch(part, model.token_types)


def _find(parts: list[list[str]], model: Model) -> None:
    for part in parts:
        findings(part, model)


def cost_table(data: Path, words: int = 60_000) -> dict[str, float]:
    """CPU microseconds a word: each stage is what the step takes more than without it."""
    texts = [story.text for story in news.stories(data / "articles") if story.part == "held"]
    some: list[str] = []
    while texts and sum(len(text.split()) for text in some) < words:
        some.append(texts.pop())
    full, fast = languages.model("en"), languages.model("en", judge=False)
    bare = replace(fast, encoder=None)
    findings(["He walked away form the house."], full)  # loads what is loaded when it is first needed
    told: dict[str, float] = {}
    for name, those in (("clean news", some), ("one error in 20 words", damaged(some, full))):
        count = sum(len(text.split()) for text in those) / 1e6
        parts = [those[i : i + TOGETHER] for i in range(0, len(those), TOGETHER)]
        spent = [_seconds(partial(_read, parts, full))] + [
            _seconds(partial(_find, parts, m)) for m in (bare, fast, full)
        ]
        reading, cheap, with_encoder, with_judge = (s / count for s in spent)
        told |= {f"{name}, fast": 1e6 / with_encoder, f"{name}, full": 1e6 / with_judge}
        print(
            f"{name}: µs a word: reading {reading:.1f}, non-words and gate {cheap - reading:.1f}, encoder"
            f" {with_encoder - cheap:.1f}, judge {with_judge - with_encoder:.1f}; words a CPU second: fast"
            f" {1e6 / with_encoder:,.0f}, full {1e6 / with_judge:,.0f}"
        )
    return told
