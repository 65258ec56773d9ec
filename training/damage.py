"""Damage done to clean sentences on purpose, with what stood there: what the decisions are fitted and tried on."""

from __future__ import annotations

import random
from typing import NamedTuple

from training.encoder import Sets, editable
from training.english import GRAMMAR, tokens

_SIGN_FOR = [
    (letter, sign) for sign, letters in GRAMMAR.signs.items() if sign in GRAMMAR.initial_signs for letter in letters
]


class Damage(NamedTuple):
    """`text` with errors; `errors` lists (start, end, what was meant) of each, from the left."""

    text: str
    errors: list[tuple[int, int, str]]


def misread(word: str, rng: random.Random) -> str:
    """A word as a scanner may have read it."""
    draw = rng.random()
    if draw < 0.10:
        ways = [(i, sign, 1) for i, c in enumerate(word) for letter, sign in _SIGN_FOR if c == letter]
        ways += [
            (i, big, 1) for big, small in GRAMMAR.capitals_within.items() for i, c in enumerate(word) if c == small
        ]
    elif draw < 0.80:
        lower = word.lower()
        ways = [(i, new, len(old)) for old, new in GRAMMAR.shapes for i in range(len(word)) if lower.startswith(old, i)]
    else:
        i = rng.randrange(len(word))
        ways = [
            (i, "", 1),
            (i, rng.choice(GRAMMAR.alphabet), 1),
            (i, rng.choice(GRAMMAR.alphabet), 0),
            (i, word[i : i + 2][::-1], 2),
        ]
    if not ways:
        return word
    at, new, old = rng.choice(ways)
    if word[at : at + old][:1].isupper():
        new = new[:1].upper() + new[1:]
    return word[:at] + new + word[at + old :]


def damage(sentence: str, rng: random.Random, most: int = 3) -> Damage:
    """A sentence with up to `most` words misread, run together, split or hyphenated."""
    parts = tokens(sentence)
    words = [i for i, t in enumerate(parts) if t.isalpha() and len(t) > 1]
    changed: dict[int, str] = {}
    joins: set[int] = set()
    for i in rng.sample(words, min(len(words), rng.choice((0, 0, 1, 1, 2, most)))):
        if {i - 2, i - 1, i, i + 1, i + 2} & (changed.keys() | joins):
            continue
        word, draw = parts[i], rng.random()
        if draw < 0.72:
            made = misread(word, rng)
            if rng.random() < 0.1:
                made = misread(made, rng) if made else made
            if made:
                changed[i] = made
        elif draw < 0.84:
            if i + 2 < len(parts) and parts[i + 1] == " " and parts[i + 2].islower() and parts[i + 2].isalpha():
                joins.add(i + 1)
                changed[i + 1] = ""
        elif len(word) >= 5:
            cut = rng.randrange(2, len(word) - 1)
            changed[i] = word[:cut] + (" " if draw < 0.92 else rng.choice(("- ", "-", "- "))) + word[cut:]
    text, errors = "", []
    for i, part in enumerate(parts):
        if i in joins:
            continue
        new = changed.get(i, part)
        if i + 1 in joins:
            errors.append((len(text), len(text) + len(part) + len(parts[i + 2]), part + parts[i + 1] + parts[i + 2]))
        elif new != part and i - 1 not in joins:
            errors.append((len(text), len(text) + len(new), part))
        text += new
    return Damage(text, errors)


def swapped(sentence: str, sets: Sets, rng: random.Random) -> Damage:
    """A sentence in which one word with a confusion set became another of its set."""
    parts = tokens(sentence)
    places = editable(parts, sets)
    if not places:
        return Damage(sentence, [])
    at = rng.choice(places)
    word = sets.ids[parts[at]]
    likely = sets.likely[word] if rng.random() < 0.4 else []
    other = rng.choice(likely or sets.near[sets.first[word] : sets.first[word + 1]].tolist())
    start = sum(map(len, parts[:at]))
    written = sets.words[other]
    return Damage("".join([*parts[:at], written, *parts[at + 1 :]]), [(start, start + len(written), parts[at])])
