"""What is never touched: addresses, handles, tags, code, pieces of entities; words of other languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

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
}
_ENDING = r"\.(?i:com|org|net|info|gov|edu|co|io|me|tv|eu|uk|ru|sy|tr|ir|iq|html?|php|pdf|jpe?g|png)\b"
_DOMAIN = re.compile(rf"(?i)\b[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{0,8}}{_ENDING}(?:/\S*)?")
# What every domain and every piece of an entity has in it: dots and semicolons stand in most texts, these in few.
_DOMAIN_ENDING = re.compile(_ENDING)
_ENTITY_END = re.compile(r"#(?:\d{2,5}|x[0-9a-fA-F]{2,4});|(?:quot|amp|apos|nbsp|lt|gt|[lr][sd]quo|[mn]dash|hellip);")
#: Words of other languages' grammar that show that a paragraph is in one of them.
LEAST_STRANGE = 2
#: Words looked at on either side of a place to tell in which language the passage around it is.
REACH = 6
_WITHIN = np.r_[-REACH:0, 1 : REACH + 1]


def things(text: str) -> list[tuple[int, int]]:
    """The stretches (start, end) of addresses, handles, tags, code and pieces of entities, in no order."""
    found = [m.span() for sign, pattern in _THINGS.items() if sign in text for m in pattern.finditer(text)]
    if ";" in text and _ENTITY_END.search(text):
        found += [m.span() for m in _ENTITY_PIECE.finditer(text)]
    if _DOMAIN_ENDING.search(text):
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
    found = _in_foreign_paragraph(batch, words, own, places)
    around = places[:, None] + _WITHIN
    inside = (around >= 0) & (around < len(batch))
    around = np.clip(around, 0, max(0, len(batch) - 1))
    flags, strange = batch.flags[around], batch.token_types.marked(words)[batch.types[around]] & inside
    beside = strange[:, REACH - 1] | strange[:, REACH]
    # Nothing counts beyond the end of a sentence or quotation.
    inside &= (flags & (BREAK | STOP | OPEN)) == 0
    for step in range(1, REACH):
        inside[:, REACH - 1 - step] &= inside[:, REACH - step]
        inside[:, REACH + step] &= inside[:, REACH + step - 1]
    unknown = ((flags & (LOWER | KNOWN)) == LOWER) & inside
    if damaged is not None:
        unknown &= ~damaged[batch.text[places]][:, None]
    unknown |= ((flags & FOREIGN) > 0) & inside
    strange &= inside
    count = (((flags & WORD) > 0) & inside).sum(1)
    odd = (strange | unknown).sum(1)
    found |= beside | ((count >= 2) & strange.any(1) & (2 * odd >= count)) | ((count >= 3) & (3 * odd >= 2 * count))
    return found


def among(batch: Batch, words: frozenset[str]) -> NDArray[np.bool_]:
    """Which tokens are one of `words`, as they are written."""
    found: NDArray[np.bool_] = batch.token_types.marked(words)[batch.types]
    return found


def _in_foreign_paragraph(
    batch: Batch, words: frozenset[str], own: frozenset[str], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of `places` stand in a line of which `LEAST_STRANGE` words or more are among `words`, and fewer its own."""
    lines, line = np.unique(np.searchsorted(batch.breaks, places), return_inverse=True)
    bounds = np.concatenate([[0], batch.breaks, [len(batch)]])
    strange, native = (batch.token_types.marked(some) for some in (words, own))
    found = np.zeros(len(lines), bool)
    for number, (first, last) in enumerate(zip(bounds[lines].tolist(), bounds[lines + 1].tolist(), strict=True)):
        types = batch.types[first:last]
        count = np.count_nonzero(strange[types])
        found[number] = count >= LEAST_STRANGE and count > np.count_nonzero(native[types])
    return found[line]


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
    types = batch.token_types
    kinds, kind = np.unique(batch.types[places], return_inverse=True)
    capitals = np.array([types.get(types.tokens[number].upper(), number) for number in kinds.tolist()], np.int64)
    member = np.zeros(len(types.tokens), bool)
    member[kinds] = member[capitals] = True
    at = np.flatnonzero(member[batch.types] if ignored is None else member[batch.types] & ~ignored)
    written = np.sort(_in_one(batch, batch.text[at], batch.types[at]))
    text = batch.text[places]
    times, shouted = (_times(written, _in_one(batch, text, numbers)) for numbers in (kinds[kind], capitals[kind]))
    found: NDArray[np.int64] = times + 2 * np.where((capitals == kinds)[kind], 0, shouted)
    return found


def _in_one(batch: Batch, text: NDArray[Any], types: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers of texts and types in one number."""
    numbers: NDArray[np.int64] = text.astype(np.int64) * len(batch.token_types.tokens) + types
    return numbers


def _times(written: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of `asked` is in `written`, which are in order."""
    return np.searchsorted(written, asked, "right") - np.searchsorted(written, asked)
