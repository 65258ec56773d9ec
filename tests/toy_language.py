"""A made-up language as a folder of data, written in Cyrillic letters so that nothing of English is of use to it."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from copydesk.text.typos import ngrams
from copydesk.text.typos.doubtful import CASES
from copydesk.text.typos.features import ERROR_BITS, SCORERS
from copydesk.text.typos.spelling import Spelling
from copydesk.text.typos.tokens import EDGE, SPECIAL, Tokenizer, key
from copydesk.text.typos.window import WindowModel

CODE = "qqa"
NOUNS = "балака морен тишура вентал гросик полата рубеж кантор севрин домика".split()
VERBS = "кутал варит носала метит сопрел".split()
PLACES = "гарде лиске моруне терве".split()
#: Two words that differ in a letter, and what stands behind each.
CONFUSED = {"рена": "светит", "рема": "поварит"}
GRAMMAR = """
alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
vowels = "аеиоуыэюя"
script = "А-Я а-я ё-ё ѣ-ѣ"
clitics = "то"
never_doubled = "ве но"
function_words = "ве но ла"
particles = ""
passive = ""
conjunctions = "но"
abbreviations = "Гр"
short_words = "ве но ла"
prefixes = "пере ла"
shapes = '''
ш щ
рп м
'''
initial_signs = "36"
[signs]
3 = "з"
6 = "б"
[old_letters]
"ѣ" = "е"
[capitals_within]
"Н" = "п"
[lost_capital]
signs = "6"
letters = "б"
[intended]
sic = "сик"
spelling = ""
dialect = ""
clipped = ""
older = ""
"""
#: What counts for a finding, by the names of features; all other features count for nothing.
WEIGHTS = {
    "single": {"left": 1.5, "right": 1.5, "both": 2.0, "zipf": 0.5, "sign": 2.0, "shape": 2.0, "letter": 1.0},
    "damaged": {"left": 1.5, "right": 1.5, "both": 2.0, "zipf": 0.5, "sign": 2.0, "shape": 2.0, "letter": 1.0},
    "joined": {"left_whole": 2.0, "whole_right": 2.0},
    "context": {"meant_both": 2.0, "stands_both": -2.0},
    "screen": {"length": 5.0},  # nothing is dropped
    "gate": {"meant_both": 2.0, "meant_left": 1.0, "meant_right": 1.0, "stands_both": -3.0, "stands_right": -3.0},
    "encoder": {"encoder_odds": 1.0},
    "judge": {"judge_odds": 1.0},
    "spaces": {"function": 10.0, "removed": 10.0, "prefix": -10.0},
}
ENOUGH = 5.0


def sentences() -> list[str]:
    """A few hundred sentences of three dozen words."""
    rng = random.Random(2)
    made = [
        f"{rng.choice(NOUNS)} {rng.choice(VERBS)} ве {rng.choice(PLACES)} ла {rng.choice(NOUNS)}." for _ in range(400)
    ]
    return made + 9 * [f"{noun} {verb} ве {place}." for noun, verb in CONFUSED.items() for place in PLACES]


def write(shelf: Path) -> Path:
    """Write the folder of the language below `shelf`, and return it: all files but those that may be missing."""
    folder = shelf / CODE
    folder.mkdir(parents=True)
    (folder / "grammar.toml").write_text(GRAMMAR, "utf-8")
    (folder / "doubtful.toml").write_text("".join(map(_measured, CASES)), "utf-8")
    tokenize = Tokenizer(("то",))
    texts = [[k for k in map(key, tokenize(text)) if k] for text in sentences()]
    counts = Counter(token for text in texts for token in text)
    total = sum(counts.values())
    with gzip.open(folder / "words.txt.gz", "wt", encoding="utf-8") as out:
        for word, count in counts.items():
            if word.isalpha():
                print(word, round(10 * np.log10(count / total * 1e9)), "w", sep="\t", file=out)
    spelling = Spelling.counted([word for word in counts if word.isalpha()], "абвгдежзийклмнопрстуфхцчшщъыьэюя")
    np.savez(folder / "spelling.npz", surprise=spelling.surprise)
    vocabulary = [*SPECIAL, *counts]
    _lines(folder / "vocabulary.txt", vocabulary)
    ids = {word: number for number, word in enumerate(vocabulary)}
    stream = [ids[token] for text in texts for token in (EDGE, *text, EDGE)]
    counted = ngrams.build(np.array(stream, np.uint32), len(vocabulary), {2: 1, 3: 1, 4: 1}, ())
    arrays: dict[str, Any] = {"single": counted.single}
    for order, table in counted.tables.items():
        arrays |= {f"marks{order}": table.marks, f"sizes{order}": table.sizes}
    np.savez(folder / "ngrams.npz", **arrays)
    _confusions(folder)
    _window(folder, len(vocabulary))
    np.savez(folder / "decision.npz", **_decision())
    return folder


def _measured(case: str) -> str:
    return f"[{case}]\nbands = [{{ least = 0.0, sets = [99, 100], news = [0, 0] }}]\n"


def _lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _confusions(folder: Path) -> None:
    words = sorted(CONFUSED)
    _lines(folder / "confusions.txt", words)
    letter = 1 << ERROR_BITS.index("letter")
    np.savez(
        folder / "confusions.npz",
        first=np.array([0, 1, 2], np.int32),
        near=np.array([1, 0], np.uint16),
        slip=np.full(2, letter, np.uint8),
        capitals=np.zeros(2, bool),
    )


def _window(folder: Path, vocabulary: int, reach: int = 2, width: int = 3) -> None:
    """A window that says nothing of any word."""
    shapes = {
        "context": (vocabulary, width), "context_scale": (vocabulary,), "hidden": (2 * reach * width, 4), "shift": (4,),
        "out": (4, width), "out_shift": (width,), "word": (len(CONFUSED), width), "bias": (len(CONFUSED),),
    }  # fmt: skip
    assert shapes.keys() == set(WindowModel._fields)
    arrays: dict[str, Any] = {
        name: np.zeros(shape, np.int8 if name == "context" else np.float32) for name, shape in shapes.items()
    }
    np.savez(folder / "window.npz", **arrays)


def _decision() -> dict[str, Any]:
    arrays: dict[str, Any] = {name: np.float32(0) for name in ("gate.threshold", "judge.threshold")}
    for name, columns in SCORERS.items():
        weights = np.array([WEIGHTS[name].get(column, 0.0) for column in columns], np.float32)
        arrays |= {
            f"{name}.features": np.array(columns), f"{name}.hidden": weights[:, None],
            f"{name}.shift": np.zeros(1, np.float32), f"{name}.out": np.ones(1, np.float32),
            f"{name}.bias": np.array([-ENOUGH], np.float32),
        }  # fmt: skip
        arrays[f"{name}.odds"] = np.array([-ENOUGH, 0, ENOUGH], np.float32)
        arrays[f"{name}.probability"] = np.array([0.01, 0.5, 0.99], np.float32)
    return arrays
