"""Non-words: tokens that no lexicon knows, and the words that a scanner or a hand may have made them of.

Finds single words ("thc"), words hyphenated over the end of a line ("govern- ment") and written twice ("the the");
blanks are for `spaces`. Finding is done once for each distinct token; how well a candidate fits
its place is asked of the n-grams for all candidates of a batch at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos import guard
from copydesk.text.typos.batch import (
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
    Batch,
)
from copydesk.text.typos.candidates import Candidate, CandidateFinder
from copydesk.text.typos.errors import Corrections, ErrorType
from copydesk.text.typos.features import JOINED, NGRAMS, SINGLE, context_counts, error_columns, margin
from copydesk.text.typos.lexicon import ORDINARY
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.state import USUAL, State

#: What may stand right before a word.
_OPENING = "\"'([“‘"
#: What ties a word to the next one where nothing is between.
_TIES = "-'’/"
#: A margin is at most this.
_MOST_MARGIN = 20
#: A word rarer than this (Zipf), or shorter, is not made of two tokens.
_LEAST_WHOLE_ZIPF, _SHORTEST_WHOLE = 2.0, 4
#: How candidates of a token are ranked to say by how much each is better than the next: what its frequency counts
#: beside its n-grams, and what less ready errors cost.
_RANK_ZIPF, _RANK_LETTER, _RANK_TWO_SHAPES = 3, 6, 4
#: In damaged text words rarer than this (Zipf), and those of so few letters that are none of grammar, are doubted, too.
_RARE, _FEW = 4.0, 2
_Offer = Callable[[Iterable[str]], dict[str, tuple[Candidate, ...]]]


#: Places of a batch → which of them are left alone whatever is found there: nothing is looked for at these.
Guard = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


def single(batch: Batch, finder: CandidateFinder, ngrams: NGrams, guarded: Guard | None = None) -> Corrections:
    """Single tokens that no lexicon knows, each with its candidates."""
    unknown = ((batch.flags & WORD) > 0) & ((batch.flags & (KNOWN | FOREIGN)) == 0)
    return _single(batch, _unless(guarded, np.flatnonzero(unknown)), finder, ngrams, finder.narrow)


def damaged_single(
    batch: Batch, finder: CandidateFinder, ngrams: NGrams, state: State, guarded: Guard | None = None
) -> Corrections:
    """Single tokens of damaged texts that no lexicon knows, and rare words in lower case, with wider candidates; the
    features are those of `features.DAMAGED`.
    """
    damaged = state.damaged
    flags, size = batch.flags, batch.end - batch.start
    doubted = ((flags & WORD) > 0) & ((flags & KNOWN) == 0)
    rare = np.flatnonzero(((flags & LOWER) > 0) & ((flags & KNOWN) > 0) & damaged[batch.text])
    tokens, zipf, short = batch.token_types.tokens, finder.lexicon.zipf, finder.grammar.short_words
    doubted[rare] = [
        zipf(tokens[number]) < _RARE or (few and tokens[number] not in short)
        for number, few in zip(batch.types[rare].tolist(), (size[rare] <= _FEW).tolist(), strict=True)
    ]
    places = _unless(guarded, np.flatnonzero(doubted & damaged[batch.text] & (size > 1)))
    found = _single(batch, places, finder, ngrams, finder.wide)
    damage = np.log2(state.unknown[batch.text[found.first]] / USUAL).astype(np.float32)
    features = np.hstack([found.features, damage[:, None]])
    return Corrections(*found[:-1], features)


def _unless(guarded: Guard | None, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return places if guarded is None else places[~guarded(places)]


def _single(
    batch: Batch, places: NDArray[np.int64], finder: CandidateFinder, ngrams: NGrams, offer: _Offer
) -> Corrections:
    flags = batch.flags
    places = places[batch.free(places) & ~_divided(batch, places)]
    types = batch.types[places]
    tokens = batch.token_types.tokens
    numbers = np.unique(types).tolist()
    offers = offer(tokens[number] for number in numbers)
    # A shape mistaken twice may be itself again.
    by_type = {number: [c for c in offers[tokens[number]] if c.word != tokens[number]] for number in numbers}
    have = np.array([bool(by_type[number]) for number in types.tolist()], bool)
    places, types = places[have], types[have]
    offered = [by_type[number] for number in types.tolist()]
    owner = np.repeat(np.arange(len(places)), [len(o) for o in offered])
    candidates = [c for o in offered for c in o]
    unknown = 0
    ids = np.array([batch.token_types.vocabulary.get(c.word.lower(), unknown) for c in candidates], np.uint64)
    at = places[owner]
    own = [tokens[number] for number in types.tolist()]
    counts = context_counts(ngrams, batch, at, ids)
    counts[ids == unknown] = 0
    errors = np.array([c.error for c in candidates], np.int8)
    begins = batch.begins_sentence(places)
    beside = ((batch.flags_beside(places, -1) & (TITLE | UPPER)) > 0).astype(np.float32)
    beside += (batch.flags_beside(places, 1) & (TITLE | UPPER)) > 0
    mine = flags[places]
    zipf = np.array([c.zipf for c in candidates], np.float32)
    rank = NGRAMS.between(counts, "left", "three_left").sum(1) + _RANK_ZIPF * zipf
    rank = rank - _RANK_LETTER * (errors == ErrorType.LETTER).astype(np.float32)
    rank = rank - _RANK_TWO_SHAPES * (errors == ErrorType.TWO_SHAPES).astype(np.float32)
    stems = [finder.stems(token) for token in own]
    often = guard.repeated(batch, places)
    of_token = {
        "length": [len(t) for t in own],
        "own_zipf": [finder.lexicon.zipf(t.lower()) for t in own],
        "title": (mine & TITLE) > 0,
        "upper": (mine & UPPER) > 0,
        "mixed": (mine & MIXED) > 0,
        "digits": [any(c.isdigit() for c in t) for t in own],
        "not_ascii": [not t.isascii() for t in own],
        "most_frequent": [max(c.zipf for c in o) for o in offered],
        "candidates": [len(o) for o in offered],
        "readable_shapes": [sum(c.error <= ErrorType.SHAPE for c in o) for o in offered],
        "begins_sentence": begins,
        "names_beside": beside,
        "strange": finder.spelling.strangeness([t.lower() for t in own]),
        "often": np.log2(1 + often),
    }
    # What a scanner's shapes explain is not explained by an ending.
    derived = np.array(stems, np.float32).reshape(-1, 2)[owner] * (errors > ErrorType.TWO_SHAPES)[:, None]
    features = SINGLE.table(
        len(candidates),
        {name: NGRAMS.column(counts, name) for name in NGRAMS}
        | {name: np.asarray(column, np.float32)[owner] for name, column in of_token.items()}
        | error_columns(errors)
        | _differences([own[i].lower() for i in owner.tolist()], [c.word.lower() for c in candidates], finder)
        | {"stem_before": derived[:, 0], "stem_behind": derived[:, 1]}
        | {"zipf": zipf, "margin": margin(rank, owner, _MOST_MARGIN), "not_in_vocabulary": ids == unknown},
    )
    lost = finder.grammar.lost_capital
    capital = (begins[owner] + beside[owner] > 0).tolist()
    after = [
        c.word[:1].upper() + c.word[1:] if big and own[i][0] in lost.signs and c.word[0] in lost.letters else c.word
        for c, i, big in zip(candidates, owner.tolist(), capital, strict=True)
    ]
    return Corrections(at, at, batch.start[at], batch.end[at], after, errors, features)


def _differences(own: list[str], meant: list[str], finder: CandidateFinder) -> dict[str, Any]:
    """The columns that say how tokens and candidates differ, both in lower case."""
    without = str.maketrans("", "", finder.grammar.vowels)
    pairs = list(zip(own, meant, strict=True))
    return {
        "strange_meant": finder.spelling.strangeness(meant),
        "begins_alike": [a[0] == b[0] for a, b in pairs],
        "ends_alike": [a[-1] == b[-1] for a, b in pairs],
        "moved": [sorted(a) == sorted(b) for a, b in pairs],
        "same_letters": [set(a) == set(b) for a, b in pairs],
        "vowels": [a.translate(without) == b.translate(without) for a, b in pairs],
    }


def _divided(batch: Batch, places: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of `places` are the second part of a word that a hyphen divides, with a blank behind it: "unev- enly"."""
    hyphen = batch.token_types["-"]
    before = np.maximum(places - 1, 0)
    divided: NDArray[np.bool_] = (batch.types[before] == hyphen) & batch.glued[before] & (places > 0)
    return divided


def _counted(ngrams: NGrams, patterns: dict[str, tuple[NDArray[np.uint64], ...]]) -> dict[str, NDArray[np.float32]]:
    """log2(1 + count) of n-grams, by their names."""
    return {name: np.log2(1 + ngrams.counts(pattern)) for name, pattern in patterns.items()}


class _Halves(NamedTuple):
    """Two tokens around a hyphen that may be one word: the first and the last, and whether a blank is between."""

    start: int
    end: int
    blank: bool


def joined(batch: Batch, finder: CandidateFinder, ngrams: NGrams) -> Corrections:
    """Two tokens that are one word with a hyphen between, or a hyphen and a blank ("govern- ment")."""
    tokens, vocabulary, zipf = batch.token_types.tokens, batch.token_types.vocabulary, finder.lexicon.zipf
    rows = [halves for halves in _halves(batch) if _may_be_one(batch, finder, halves)]
    first = np.array([row.start for row in rows], np.int64)
    last = np.array([row.end for row in rows], np.int64)
    ones = [tokens[number] for number in batch.types[first].tolist()]
    twos = [tokens[number] for number in batch.types[last].tolist()]
    wholes = [(a + b).lower() for a, b in zip(ones, twos, strict=True)]
    whole, one, two = (
        np.array([vocabulary.get(word.lower(), 0) for word in words], np.uint64) for words in (wholes, ones, twos)
    )
    hyphen = np.full(len(rows), vocabulary.get("-", 0), np.uint64)
    b = {
        -2: batch.beside(first, -2),
        -1: batch.beside(first, -1),
        1: batch.beside(last, 1),
        2: batch.beside(last, 2),
    }
    patterns = {
        "whole": (whole,), "left_whole": (b[-1], whole), "whole_right": (whole, b[1]),
        "left_whole_right": (b[-1], whole, b[1]), "two_left_whole": (b[-2], b[-1], whole),
        "whole_two_right": (whole, b[1], b[2]), "one_two": (one, two), "one_hyphen_two": (one, hyphen, two),
        "left_one": (b[-1], one), "two_right": (two, b[1]),
    }  # fmt: skip
    known = (batch.flags & KNOWN) > 0
    features = JOINED.table(
        len(rows),
        _counted(ngrams, patterns)
        | {
            "zipf": [zipf(word) for word in wholes],
            "one_zipf": [zipf(word.lower()) for word in ones] * known[first],
            "two_zipf": [zipf(word.lower()) for word in twos] * known[last],
            "hyphen": 1,
            "blank": [row.blank for row in rows],
            "one_length": [len(word) for word in ones],
            "two_length": [len(word) for word in twos],
            "title": [word[0].isupper() for word in ones],
        },
    )
    after = [a + b for a, b in zip(ones, twos, strict=True)]
    error = np.full(len(rows), ErrorType.HYPHEN, np.int8)
    return Corrections(first, last, batch.start[first], batch.end[last], after, error, features)


def _halves(batch: Batch) -> Iterator[_Halves]:
    """Two words around a hyphen."""
    flags, n = batch.flags, len(batch)
    word = ((flags & (LOWER | TITLE | UPPER)) > 0) & ((flags & FOREIGN) == 0)
    lower = (flags & LOWER) > 0
    apart = ~batch.glued
    if n > 2:
        hyphen = batch.types[1:-1] == batch.token_types["-"]
        for middle in (np.flatnonzero(hyphen & word[:-2] & lower[2:]) + 1).tolist():
            if batch.glued[middle]:
                yield _Halves(middle - 1, middle + 1, bool(apart[middle + 1]))


def _may_be_one(batch: Batch, finder: CandidateFinder, halves: _Halves) -> bool:
    """Whether two halves make a word, and nothing says that they are two, or ties them to what is beside them."""
    tokens, flags, grammar = batch.token_types.tokens, batch.flags, finder.grammar
    start, end, blank = halves
    one, two = tokens[batch.types[start]], tokens[batch.types[end]]
    whole = (one + two).lower()
    entry = finder.lexicon.get(whole)
    if entry is None or not entry.kind & ORDINARY or entry.zipf < _LEAST_WHOLE_ZIPF or len(whole) < _SHORTEST_WHOLE:
        return False
    if not blank and (flags[end] & KNOWN or one.lower() in grammar.prefixes or len(two) < 3):
        return False  # "co-operation", "anti-retroviral": a hyphen between words is a matter of taste
    if blank and two in grammar.conjunctions:
        return False  # "pre- and post-war"
    if start and batch.glued[start] and tokens[batch.types[start - 1]] not in _OPENING + "\n":
        return False
    after = end + 1
    tied = after < len(batch) and batch.glued[after] and flags[after] & (JOINER | WORD | NUMBER)
    return not tied or tokens[batch.types[after]][0] in "'’"


def doubled(batch: Batch, finder: CandidateFinder) -> NDArray[np.int64]:
    """The second of two alike words that stand twice in a row by mistake only, with nothing but a blank between."""
    types, flags = batch.types, batch.flags
    n = len(types)
    if n < 2:
        return np.zeros(0, np.int64)
    again = np.flatnonzero(((flags[1:] & LOWER) > 0) & ~batch.glued[1:]) + 1
    tokens, never = batch.token_types.tokens, finder.grammar.never_doubled
    same = [
        i
        for i in again[(types[again] == types[again - 1]) | ((flags[again - 1] & TITLE) > 0)].tolist()
        if tokens[types[i]] in never
        and tokens[types[i - 1]].lower() == tokens[types[i]]
        and not (i > 1 and batch.glued[i - 1] and flags[i - 2] & ~(BLANK | BREAK))
        and not (i + 1 < n and batch.glued[i + 1] and tokens[types[i + 1]] in _TIES)
    ]
    return np.array(same, np.int64)
