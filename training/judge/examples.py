"""Sentences with errors made in them, as word pieces."""

from __future__ import annotations

import random
from typing import NamedTuple

from copydesk.text.typos.windows import LONGEST, REACH, Pieces
from training.encoder import Example, Sets, scramble
from training.english import tokens
from training.judge.slips import Slips

#: Words that are often written twice or forgotten, and joined with the next one.
SMALL = frozenset("a an the of to in on at by for from with and or but is are was were be has had have that it".split())
_TIES = frozenset("-/@_&'’")


class Sentence(NamedTuple):
    """`left` are places (numbers of words with a set, as counted by `places`) that may be true errors: not learned."""

    text: str
    left: tuple[int, ...] = ()


def places(parts: list[str], sets: Sets) -> list[int]:
    """Which tokens may be judged: words with a confusion set that nothing ties to what is beside them, in lower case or
    with a capital at the beginning, where a word in lower case follows.
    """
    found = []
    for i, token in enumerate(parts):
        if token not in sets.ids and not (
            token.lower() in sets.ids and token[1:].islower() and _begins(parts, i) and _lower_follows(parts, i)
        ):
            continue
        before, after = parts[i - 1] if i else " ", parts[i + 1] if i + 1 < len(parts) else " "
        if before in _TIES or (before == "." and i > 1 and not parts[i - 2].isspace()) or after in _TIES:
            continue
        found.append(i)
    return found


def _begins(parts: list[str], at: int) -> bool:
    return all(part in "\"'([ " for part in parts[:at])


def _lower_follows(parts: list[str], at: int) -> bool:
    return at + 2 < len(parts) and parts[at + 1].isspace() and parts[at + 2].islower()


def cropped(parts: list[str], rng: random.Random) -> tuple[int, int]:
    """The tokens (first, last + 1) that are shown: as at run time, a sentence is cut `REACH` tokens from a place."""
    real = [i for i, part in enumerate(parts) if not part.isspace()]
    if len(real) <= REACH + 6 or rng.random() < 0.4:
        return 0, len(parts)
    middle = rng.randrange(len(real))
    return real[max(0, middle - REACH)], real[min(len(real) - 1, middle + REACH)] + 1


def injected(parts: list[str], at: list[int], sets: Sets, slips: Slips, rng: random.Random, share: float) -> list[str]:
    """The tokens with one to three words swapped, in a `share` of the sentences."""
    written = list(parts)
    if not at or rng.random() >= share:
        return written
    long = [i for i in at if len(parts[i]) >= 4]
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3)) if len(at) > 4 else 1):
        i = rng.choice(long) if long and rng.random() < 0.5 else rng.choice(at)
        other = slips.draw(sets.ids[parts[i].lower()], rng)
        if other >= 0:
            word = sets.words[other]
            written[i] = word.capitalize() if parts[i][0].isupper() else word
    return written


def disturbed(parts: list[str], written: list[str], free: set[int], rng: random.Random) -> None:
    """Other damage, at which no word beside it is to be changed: non-words, words twice, forgotten or run together,
    pieces of entities. What was damaged leaves `free`.
    """
    draw = rng.random()
    if draw < 0.12:
        words = [i for i, t in enumerate(parts) if t.isalpha() and len(t) > 3 and written[i] == t]
        for i in rng.sample(words, min(len(words), rng.choice((1, 1, 2, 4)))):
            written[i] = scramble(parts[i], rng)
            free.discard(i)
        return
    if draw > 0.22:
        return
    small = [
        i for i in range(2, len(parts) - 2) if parts[i] in SMALL and written[i] == parts[i] and parts[i + 1] == " "
    ]
    if not small:
        return
    i = rng.choice(small)
    free.discard(i)
    if draw < 0.15:
        written[i] = f"{parts[i]} {parts[i]}"
    elif draw < 0.18:
        written[i] = written[i + 1] = ""
    elif draw < 0.20:
        written[i + 1] = ""  # joined with the next word, which is no word any more
        free.discard(i + 2)
        written[i], written[i + 2] = "", parts[i] + parts[i + 2]
    else:
        written[i] += rng.choice((" #39;", " quot;", " amp;", " &#8217;"))


def example(
    sentence: Sentence, pieces: Pieces, sets: Sets, slips: Slips, rng: random.Random, share: float
) -> Example | None:
    parts = tokens(sentence.text)
    at = places(parts, sets)
    left = {at[k] for k in sentence.left if k < len(at)}
    first, last = cropped(parts, rng)
    at = [i for i in at if first <= i < last and i not in left]
    if not at:
        return None
    written = injected(parts, at, sets, slips, rng, share)
    free = set(at)
    masked = {i for i in at if written[i] == parts[i] and rng.random() < 0.08}
    disturbed(parts, written, free, rng)
    ids, seen, hidden = [Pieces.START], [], []
    for i in range(first, last):
        if not written[i] or written[i].isspace():
            continue
        cut = [piece for word in written[i].split() for piece in pieces(word)]
        if len(ids) + len(cut) >= LONGEST:
            break
        if i in masked and i in free:
            hidden.append((len(ids), sets.ids[parts[i].lower()]))
            ids.append(Pieces.MASK)
            continue
        if i in free:
            seen.append((len(ids), sets.ids[written[i].lower()], sets.ids[parts[i].lower()]))
        ids += cut
    return Example([*ids, Pieces.END], seen, hidden) if seen else None
