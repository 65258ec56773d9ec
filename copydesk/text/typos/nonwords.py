"""Non-words: tokens that no lexicon knows, and the words that a scanner or a hand may have made them of.

Finds single words ("thc"), words run together ("ofthe"), split ("gov ernment"), hyphenated over the end of a line
("govern- ment") and written twice ("the the"). Finding is done once for each distinct token; how well a candidate fits
its place is asked of the n-grams for all candidates of a batch at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.context import FIGURES, fit, lead
from copydesk.text.typos.finder import HYPHEN, LETTER, MERGED, PREFIXES, SHAPE, SPLIT, TWO_SHAPES, Finder
from copydesk.text.typos.lexicon import ORDINARY
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.reading import (
    BLANK,
    BREAK,
    FOREIGN,
    JOINER,
    KNOWN,
    LOWER,
    MIXED,
    NUMBER,
    TITLE,
    UPPER,
    WORD,
    Reading,
)

#: What may stand right before a word.
_OPENING = "\"'([“‘"


class Found(NamedTuple):
    """Possible corrections: `first` and `last` token of what would be replaced, `after`, the kind of slip, and
    `figures` (n, inputs of the scale that judges this kind)."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    after: list[str]
    slip: NDArray[np.int8]
    figures: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.after)


def single(reading: Reading, finder: Finder, ngrams: NGrams) -> Found:
    """Single tokens that no lexicon knows, each with its candidates."""
    flags = reading.flags
    places = np.flatnonzero(((flags & WORD) > 0) & ((flags & (KNOWN | FOREIGN)) == 0))
    places = places[reading.free(places) & ~_divided(reading, places)]
    kinds = reading.words[places]
    tokens = reading.kinds.tokens
    by_kind = {kind: finder.candidates(tokens[kind]) for kind in np.unique(kinds).tolist()}
    have = np.array([bool(by_kind[kind]) for kind in kinds.tolist()], bool)
    damaged = _damage(reading, places[have])
    places, kinds = places[have], kinds[have]
    offered = [by_kind[kind] for kind in kinds.tolist()]
    owner = np.repeat(np.arange(len(places)), [len(o) for o in offered])
    candidates = [c for o in offered for c in o]
    vocabulary, unknown = reading.kinds.vocabulary, 0
    ids = np.array([vocabulary.get(c.word.lower(), unknown) for c in candidates], np.uint64)
    at = places[owner]
    own = [tokens[k] for k in kinds.tolist()]
    zipf = [finder.lexicon.zipf(t.lower()) for t in own]
    figures = np.zeros((len(candidates), FIGURES + 20), np.float32)
    figures[:, :FIGURES] = fit(ngrams, reading, at, ids)
    figures[ids == unknown, :FIGURES] = 0
    extra = figures[:, FIGURES:]
    for i, c in enumerate(candidates):
        extra[i, c.slip] = 1
        extra[i, 4] = c.zipf
    per_place = np.array(
        [
            (
                len(t), zipf[i], bool(f & TITLE), bool(f & UPPER), bool(f & MIXED), any(c.isdigit() for c in t),
                not t.isascii(), max(c.zipf for c in offered[i]), len(offered[i]),
                sum(c.slip <= SHAPE for c in offered[i]),
            )
            for i, (t, f) in enumerate(zip(own, flags[places].tolist(), strict=True))
        ],
        np.float32,
    ).reshape(-1, 10)  # fmt: skip
    extra[:, 5:15] = per_place[owner]
    extra[:, 15] = reading.begins_sentence(places)[owner]
    extra[:, 16] = damaged[owner]
    # How much better a candidate fits than the next one.
    whole = figures[:, 1:7].sum(1) + 3 * extra[:, 4] - 6 * extra[:, LETTER] - 4 * extra[:, TWO_SHAPES]
    extra[:, 17] = lead(whole, owner, 20)
    around = ((reading.flags_beside(places, -1) & (TITLE | UPPER)) > 0).astype(np.float32)
    around += (reading.flags_beside(places, 1) & (TITLE | UPPER)) > 0
    extra[:, 18] = around[owner]
    extra[:, 19] = ids == unknown
    slips = np.array([c.slip for c in candidates], np.int8)
    capital = (extra[:, 15] + around[owner] > 0).tolist()
    after = [
        c.word[:1].upper() + c.word[1:] if big and own[i][0] in "01l" and c.word[0] in "oi" else c.word
        for c, i, big in zip(candidates, owner.tolist(), capital, strict=True)
    ]
    return Found(at, at, after, slips, figures)


def _divided(reading: Reading, places: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of `places` are the second part of a word that a hyphen divides, with a blank behind it: "unev- enly"."""
    hyphen = reading.kinds["-"]
    before = np.maximum(places - 1, 0)
    divided: NDArray[np.bool_] = (reading.words[before] == hyphen) & reading.glued[before] & (places > 0)
    return divided


def _damage(reading: Reading, places: NDArray[Any]) -> NDArray[np.float32]:
    """How damaged the rest of a token's text is: other unknown tokens with candidates for a hundred words, as
    log2(1 + x).
    """
    texts = int(reading.text[-1]) + 1 if len(reading) else 0
    suspects = np.bincount(reading.text[places], minlength=texts)
    words = np.bincount(reading.text[(reading.flags & WORD) > 0], minlength=texts)
    mine = reading.text[places]
    damage: NDArray[np.float32] = np.log2(1 + 100 * (suspects[mine] - 1) / np.maximum(words[mine], 20)).astype(
        np.float32
    )
    return damage


def merged(reading: Reading, finder: Finder, ngrams: NGrams) -> Found:
    """Tokens in lower case that no lexicon knows and that may be two words run together.

    How far that is believed is for `correct` to say: two words that are none of grammar are often a compound.
    """
    flags = reading.flags
    places = np.flatnonzero(((flags & LOWER) > 0) & ((flags & (KNOWN | FOREIGN)) == 0))
    places = places[reading.free(places)]
    kinds = reading.words[places]
    tokens, vocabulary, lexicon = reading.kinds.tokens, reading.kinds.vocabulary, finder.lexicon
    ways = {kind: finder.parts(tokens[kind]) for kind in np.unique(kinds).tolist()}
    rows = [
        (p, way, tokens[k], len(ways[k]))
        for p, k in zip(places.tolist(), kinds.tolist(), strict=True)
        for way in ways[k]
    ]
    at = np.array([row[0] for row in rows], np.int64)
    left = np.array([vocabulary.get(row[1][0], 0) for row in rows], np.uint64)
    right = np.array([vocabulary.get(row[1][1], 0) for row in rows], np.uint64)
    b = {offset: reading.beside(at, offset) for offset in (-2, -1, 1, 2)}
    patterns = [
        (left,), (right,), (left, right), (b[-1], left), (right, b[1]), (b[-1], left, right), (left, right, b[1]),
        (b[-2], b[-1], left), (right, b[1], b[2]), (b[-1], left, right, b[1]),
    ]  # fmt: skip
    figures = np.zeros((len(rows), len(patterns) + 8), np.float32)
    for i, pattern in enumerate(patterns):
        figures[:, i] = np.log2(1 + ngrams.counts(pattern))
    extra = figures[:, len(patterns) :]
    for i, (_, (one, two), token, count) in enumerate(rows):
        near = finder.candidates(token)
        extra[i, :7] = (
            lexicon.zipf(one), lexicon.zipf(two), lexicon.zipf(token), len(one), len(two), count,
            max((c.zipf - c.slip for c in near), default=0.0),
        )  # fmt: skip
    owner = np.unique(at, return_inverse=True)[1] if len(at) else at
    extra[:, 7] = lead(figures[:, 2:7].sum(1), owner, 20)
    after = [f"{token[: len(one)]} {token[len(one) :]}" for _, (one, _), token, _ in rows]
    return Found(at, at, after, np.full(len(rows), MERGED, np.int8), figures)


def joined(reading: Reading, finder: Finder, ngrams: NGrams) -> Found:
    """Two tokens that are one word: with a blank between ("gov ernment"), or a hyphen, and a blank ("govern- ment")."""
    flags = reading.flags
    word = ((flags & (LOWER | TITLE | UPPER)) > 0) & ((flags & FOREIGN) == 0)
    lower = (flags & LOWER) > 0
    known = (flags & KNOWN) > 0
    tokens, vocabulary, lexicon = reading.kinds.tokens, reading.kinds.vocabulary, finder.lexicon
    n = len(reading)
    apart = ~reading.glued
    hyphen_kind = reading.kinds["-"]
    # Blank between: one of the two is no word.
    first = (
        np.flatnonzero(word[: n - 1] & lower[1:] & apart[1:] & (~known[: n - 1] | ~known[1:]))
        if n > 1
        else np.zeros(0, int)
    )
    spaced = [(i, i + 1, False, True) for i in first.tolist()]
    middle = (
        np.flatnonzero((reading.words[1 : n - 1] == hyphen_kind) & word[: n - 2] & lower[2:]) + 1
        if n > 2
        else np.zeros(0, int)
    )
    hyphened = [(i - 1, i + 1, True, bool(apart[i + 1])) for i in middle.tolist() if reading.glued[i]]
    rows = []
    for start, end, hyphen, blank in spaced + hyphened:
        one, two = tokens[reading.words[start]], tokens[reading.words[end]]
        whole = (one + two).lower()
        entry = lexicon.get(whole)
        if entry is None or not entry.kind & ORDINARY or entry.zipf < 2.0 or len(whole) < 4:
            continue
        if hyphen and not blank and (known[end] or one.lower() in PREFIXES or len(two) < 3):
            continue  # "co-operation", "anti-retroviral": a hyphen between words is a matter of taste
        if hyphen and blank and two in ("and", "or", "to", "nor"):
            continue  # "pre- and post-war"
        before, after = start - 1, end + 1
        if start and reading.glued[start] and tokens[reading.words[before]] not in _OPENING + "\n":
            continue
        tied = after < n and reading.glued[after] and flags[after] & (JOINER | WORD | NUMBER)
        if tied and tokens[reading.words[after]][0] not in "'’":
            continue
        rows.append((start, end, hyphen, blank, one, two, whole, entry.zipf))
    begin = np.array([row[0] for row in rows], np.int64)
    end = np.array([row[1] for row in rows], np.int64)
    whole_id = np.array([vocabulary.get(row[6], 0) for row in rows], np.uint64)
    left = np.array([vocabulary.get(row[4].lower(), 0) for row in rows], np.uint64)
    right = np.array([vocabulary.get(row[5].lower(), 0) for row in rows], np.uint64)
    dash = np.full(len(rows), vocabulary.get("-", 0), np.uint64)
    b = {
        -2: reading.beside(begin, -2),
        -1: reading.beside(begin, -1),
        1: reading.beside(end, 1),
        2: reading.beside(end, 2),
    }
    patterns = [
        (whole_id,), (b[-1], whole_id), (whole_id, b[1]), (b[-1], whole_id, b[1]), (b[-2], b[-1], whole_id),
        (whole_id, b[1], b[2]), (left, right), (left, dash, right), (b[-1], left), (right, b[1]),
    ]  # fmt: skip
    figures = np.zeros((len(rows), len(patterns) + 8), np.float32)
    for i, pattern in enumerate(patterns):
        figures[:, i] = np.log2(1 + ngrams.counts(pattern))
    extra = figures[:, len(patterns) :]
    for i, (start, stop, hyphen, blank, one, two, _, zipf) in enumerate(rows):
        parts = [lexicon.zipf(part.lower()) * known[at] for part, at in ((one, start), (two, stop))]
        extra[i] = (zipf, *parts, hyphen, blank,
                    len(one), len(two), one[0].isupper())  # fmt: skip
    after = [row[4] + row[5] for row in rows]
    slips = np.array([HYPHEN if row[2] else SPLIT for row in rows], np.int8)
    return Found(begin, end, after, slips, figures)


#: Words that stand twice in a row by mistake only: articles and prepositions. "had had", "that that", "very very" are
#: English.
DOUBLED = frozenset(
    """the a an of and to for from with at by into our your their his its as or if this these
    those not has have would could should between about against during after before through which whose""".split()
)


def doubled(reading: Reading) -> NDArray[np.int64]:
    """The second of two alike words of `DOUBLED`, with nothing but a blank between."""
    words, flags = reading.words, reading.flags
    n = len(words)
    if n < 2:
        return np.zeros(0, np.int64)
    again = np.flatnonzero(((flags[1:] & LOWER) > 0) & ~reading.glued[1:]) + 1
    tokens = reading.kinds.tokens
    same = [
        i
        for i in again[(words[again] == words[again - 1]) | ((flags[again - 1] & TITLE) > 0)].tolist()
        if tokens[words[i]] in DOUBLED
        and tokens[words[i - 1]].lower() == tokens[words[i]]
        and not (i > 1 and reading.glued[i - 1] and flags[i - 2] & ~(BLANK | BREAK))
        and not (i + 1 < n and reading.glued[i + 1] and tokens[words[i + 1]] in "-'’/")
    ]
    return np.array(same, np.int64)
