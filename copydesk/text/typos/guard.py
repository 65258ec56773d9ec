"""What is never touched: addresses, handles, tags, code, pieces of entities; words of other languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.batch import ABBREVIATED, BREAK, FOREIGN, KNOWN, LOWER, OPEN, STOP, WORD, Batch

# What a broken entity leaves, with the rest of its word: "don #39;t", "quot;deepest".
_ENTITY_PIECE = re.compile(
    r"\w{0,30} ?&?#(?:\d{2,5}|x[0-9a-fA-F]{2,4});\w*|\b(?:quot|amp|apos|nbsp|lt|gt|[lr][sd]quo|[mn]dash|hellip);\w*"
)
# Addresses of all kinds, handles, tags, code between marks, and pieces of entities. Each pattern is tried only where
# its sign occurs, and only from the start of a run of signs or over a limited length: otherwise time would be
# quadratic.
_THINGS = {
    "@": re.compile(r"(?<!\S)[^\s@]*+@\S+"),
    "://": re.compile(r"[A-Za-z][A-Za-z+.-]{0,40}://\S+"),
    "www.": re.compile(r"(?i:www)\.\S+"),
    "#": re.compile(r"#\w+"),
    "`": re.compile(r"`[^`\n]{1,300}`"),
    "\\": re.compile(r"(?<!\S)[^\s\\]*+\\\S*"),
    "_": re.compile(r"(?<!\S)[^\s_]*+_\S*"),
    "</": re.compile(r"<[^<>\n]{1,300}>"),
    ";": _ENTITY_PIECE,
}
_DOMAIN = re.compile(
    r"(?i)\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.(?:com|org|net|info|gov|edu|co|io|me|tv|eu|uk|ru|sy|tr|ir|iq|html?|php|pdf|jpe?g|png)\b(?:/\S*)?"
)
#: Words of other languages' grammar that show that a paragraph is in one of them.
LEAST_STRANGE = 2


def things(text: str) -> list[tuple[int, int]]:
    """The stretches (start, end) of addresses, handles, tags, code and pieces of entities, in no order."""
    found = [m.span() for sign, pattern in _THINGS.items() if sign in text for m in pattern.finditer(text)]
    if "." in text:
        found += [m.span() for m in _DOMAIN.finditer(text)]
    return found


def untouchable(batch: Batch, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which tokens of `batch` touch such stretches."""
    inside = np.zeros(len(batch), bool)
    firsts = np.searchsorted(batch.text, np.arange(len(texts) + 1))
    for number, text in enumerate(texts):
        spans = things(text)
        if spans:
            here = slice(firsts[number], firsts[number + 1])
            change = np.zeros(len(text) + 1, np.int32)
            np.add.at(change, [start for start, _ in spans], 1)
            np.add.at(change, [end for _, end in spans], -1)
            covered = np.concatenate([[0], np.cumsum(np.cumsum(change)[:-1] > 0)])
            start, end = np.clip(batch.start[here], 0, len(text)), np.clip(batch.end[here], 0, len(text))
            inside[here] = covered[end] > covered[start]
    return inside


def foreign(
    batch: Batch,
    words: frozenset[str],
    own: frozenset[str],
    places: NDArray[np.int64],
    damaged: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Which of `places` stand in a passage of another language. `words` are those of other languages' grammar, `own`
    those of this one's.

    Such is a passage where, of up to six words on either side within the sentence or quotation, words of other
    languages' grammar or unknown words in lower case outnumber the known ones; and a paragraph that has more words of
    other languages' grammar than of this one's. In texts that are `damaged` (a flag for each) unknown words are no
    sign of another language.
    """
    strange = among(batch, words)
    found = _in_foreign_paragraph(batch, strange, among(batch, own), places)
    flags = batch.flags
    word = (flags & WORD) > 0
    lower = (flags & LOWER) > 0
    unknown = lower & ((flags & KNOWN) == 0)
    if damaged is not None:
        unknown &= ~damaged[batch.text]
    unknown |= (flags & FOREIGN) > 0
    for i, place in enumerate(places.tolist()):
        first = last = place
        for step in range(1, 7):
            at = place - step
            if at < 0 or flags[at] & (BREAK | STOP | OPEN):
                break
            first = at
        for step in range(1, 7):
            at = place + step
            if at >= len(flags) or flags[at] & (BREAK | STOP | OPEN):
                break
            last = at
        around = np.r_[first:place, place + 1 : last + 1]
        count = int(word[around].sum())
        odd = int((strange[around] | unknown[around]).sum())
        beside = (place > 0 and strange[place - 1]) or (place + 1 < len(flags) and strange[place + 1])
        found[i] |= (
            bool(beside)
            or (count >= 2 and int(strange[around].sum()) >= 1 and 2 * odd >= count)
            or (count >= 3 and 3 * odd >= 2 * count)
        )
    return found


def among(batch: Batch, words: frozenset[str]) -> NDArray[np.bool_]:
    """Which tokens are one of `words`, as they are written."""
    types = batch.token_types
    among = np.zeros(len(types.tokens), bool)
    among[[number for word in words if (number := types.get(word)) is not None]] = True
    return among[batch.types]


def _in_foreign_paragraph(
    batch: Batch, strange: NDArray[np.bool_], own: NDArray[np.bool_], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of `places` stand in a line of which `LEAST_STRANGE` words or more are strange, and fewer its own."""
    breaks = np.flatnonzero(batch.flags & BREAK)
    first = np.r_[0, breaks][np.searchsorted(breaks, places)]
    last = np.r_[breaks, len(batch)][np.searchsorted(breaks, places)]
    strangers, owners = (np.r_[0, np.cumsum(mask)] for mask in (strange, own))
    count = strangers[last] - strangers[first]
    found: NDArray[np.bool_] = (count >= LEAST_STRANGE) & (count > owners[last] - owners[first])
    return found


def names(batch: Batch, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `places` are words with a capital behind an initial or a title: "J.F. Bere", "Mr Kope"."""
    capital = (batch.flags[places] & LOWER) == 0
    dot = batch.token_types["."]
    before = np.maximum(places - 1, 0)
    before = np.maximum(before - (batch.types[before] == dot), 0)
    titled = (batch.flags[before] & ABBREVIATED) > 0
    found: NDArray[np.bool_] = capital & titled & (before < places) & ~batch.glued[places]
    return found


def repeated(batch: Batch, places: NDArray[np.int64], ignored: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """How often the token at each of `places` is written in its text in the same letters, or in capitals.

    What is `ignored` (a flag for each token: within addresses and the like) does not count. A word that stands in
    capitals counts twice: "thc" beside "THC" is no misread "the".
    """
    if not len(places):
        return np.zeros(0, np.int64)
    tokens = batch.token_types.tokens
    wanted: dict[int, int] = {}
    for number in set(batch.types[places].tolist()):
        wanted[number] = number
        capitals = batch.token_types.get(tokens[number].upper())
        if capitals is not None and capitals != number:
            wanted[capitals] = number
    member = np.zeros(len(tokens), bool)
    member[list(wanted)] = True
    at = np.flatnonzero(member[batch.types] if ignored is None else member[batch.types] & ~ignored)
    counts: Counter[tuple[int, int]] = Counter()
    for text, number in zip(batch.text[at].tolist(), batch.types[at].tolist(), strict=True):
        counts[text, wanted[number]] += 1 if wanted[number] == number else 2
    return np.array(
        [counts[t, w] for t, w in zip(batch.text[places].tolist(), batch.types[places].tolist(), strict=True)],
        np.int64,
    )
