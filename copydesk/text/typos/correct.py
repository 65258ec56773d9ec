"""Typos of a batch of texts: found, and judged. The one entrance to this folder."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos import guard, nonwords, realwords
from copydesk.text.typos.finder import LETTER, LONG_S, SHAPE, SIGN, SLIPS
from copydesk.text.typos.model import Model
from copydesk.text.typos.reading import KNOWN, LOWER, TITLE, Reading


class Finding(NamedTuple):
    """`text[start:end]` may have been meant as `after`: `rule` says how they differ, `confidence` is the probability
    that this is right."""

    start: int
    end: int
    after: str
    rule: str
    confidence: float


SLIP_RULES = tuple(f"typo-{slip}" for slip in SLIPS)
REAL_WORD = "typo-real-word"
#: How sure it is that one of two alike words in a row is a mistake, for those of `nonwords.DOUBLED`; set by hand, after
#: some forty in the development news were read.
DOUBLED = 0.97
#: How sure it is that a word with a long s has an s in its place, where that makes a word; set by hand.
OLD_PRINT = 0.97
#: Log-odds of the encoder from which it agrees with a line of `pairs.tsv`.
AGREED = 0.0
#: The bit of `Neighbours.slip` for shapes.
SHAPE_BIT = 2
#: Letters of a short word; words of this Zipf frequency are the most frequent ones.
SHORT, FREQUENT = 4, 6.0
#: Words of grammar, which are in no compound; what makes a noun of a verb is none of them here.
GRAMMAR = nonwords.DOUBLED | frozenset(
    """i he she it they we you him them us me is was are were be been am has had do does did will can may might must
    shall that who whom what when where why how while but than then so because also only just very not no all any some
    each every both more most other such there here in on""".split()
)
PARTICLES = frozenset("up out off down over back away through like".split())
#: By how much a finding is believed that is as likely a matter of taste: it is suggested, and not made.
DOUBTFUL = 0.85
#: Findings below this probability are nobody's concern.
LEAST = 0.2
#: A word rarer than this (Zipf) that a text has twice is what the text is about, and no slip.
COMMON = 4.5


def findings(
    texts: Sequence[str], model: Model, protected: Sequence[Collection[str]] | None = None, least: float = LEAST
) -> list[list[Finding]]:
    """What may be wrong in each text, by its place; stretches do not overlap.

    `protected` gives, for each text, words (in lower case) that stand as they are.
    """
    found: list[list[Finding]] = [[] for _ in texts]
    if not any(texts):
        return found
    reading = Reading(texts, model.kinds)
    fixed = guard.untouchable(reading, texts)
    _nonwords(reading, model, fixed, found, least)
    _realwords(reading, model, fixed, found, least)
    for number, words in enumerate(protected or ()):
        if words:
            kept = [f for f in found[number] if not _protected(texts[number][f.start : f.end], words)]
            found[number] = kept
    return [_apart(one) for one in found]


def _protected(before: str, words: Collection[str]) -> bool:
    return before.lower() in words or any(part in words for part in before.lower().split())


def _apart(found: list[Finding]) -> list[Finding]:
    """The surest findings of those that overlap, by their place."""
    kept: list[Finding] = []  # in the order of their places: only the two neighbours can overlap
    for finding in sorted(found, key=lambda f: (-f.confidence, f.start)):
        at = bisect(kept, finding.start, key=lambda f: f.start)
        if (not at or kept[at - 1].end <= finding.start) and (at == len(kept) or kept[at].start >= finding.end):
            kept.insert(at, finding)
    return kept


def _nonwords(
    reading: Reading, model: Model, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    for name, find in (("single", nonwords.single), ("merged", nonwords.merged), ("joined", nonwords.joined)):
        some = find(reading, model.finder, model.ngrams)
        if not len(some):
            continue
        chance = model.probability(name, model.scales[name](some.figures))
        chance *= _trust(reading, model, some, name)
        if name == "single":
            chance[[LONG_S in reading.token(place) for place in some.first.tolist()]] = OLD_PRINT
        likely = np.flatnonzero((chance >= least) & ~fixed[some.first] & ~fixed[some.last])
        if not len(likely):
            continue
        first = some.first[likely]
        strange = guard.foreign(reading, model.grammar, first)
        often = guard.repeated(reading, first, fixed)
        for row, is_strange, count in zip(likely.tolist(), strange.tolist(), often.tolist(), strict=True):
            start, end = int(some.first[row]), int(some.last[row])
            lower = bool(reading.flags[start] & LOWER)
            if is_strange or (name == "single" and count >= (3 if lower else 2)):
                continue
            number = int(reading.text[start])
            found[number].append(
                Finding(
                    int(reading.start[start]),
                    int(reading.end[end]),
                    some.after[row],
                    SLIP_RULES[some.slip[row]],
                    float(chance[row]),
                )
            )
    for place in nonwords.doubled(reading).tolist():
        if not fixed[place]:
            number = int(reading.text[place])
            start, end = int(reading.end[place - 1]), int(reading.end[place])
            found[number].append(Finding(start, end, "", "typo-doubled", DOUBLED))


def _trust(reading: Reading, model: Model, some: nonwords.Found, name: str) -> NDArray[np.float32]:
    """How far a finding is believed: less where names, compounds and matters of taste are to be expected.

    A name may be any string of letters, so a capital is believed only where a scanner's shapes explain the rest; and
    so may a word of four letters, but for the most frequent words. Two words run together are a typo where one of them
    is a word of grammar ("ofthe"), and may be a compound elsewhere ("messageboard"). A hyphen without a blank behind it
    is the end of a line in frequent words only ("govern-ment"; "mo-tel" is how it is sung).
    """
    if name == "merged":
        parts = [word.lower().split() for word in some.after]
        grammar = [any(part in GRAMMAR for part in two) and two[1] not in PARTICLES for two in parts]
        return np.where(grammar, 1.0, DOUBTFUL).astype(np.float32)
    zipf = np.array([model.lexicon.zipf(word.lower()) for word in some.after])
    if name == "joined":
        glued = np.array([bool(reading.glued[last]) for last in some.last.tolist()])
        return np.where(glued & (zipf < COMMON), DOUBTFUL, 1.0).astype(np.float32)
    flags = reading.flags[some.first]
    capital = (flags & LOWER) == 0
    trust = np.where(capital, np.where(some.slip >= LETTER, 0.8, 0.97), 1.0)
    short = reading.end[some.last] - reading.start[some.first] <= SHORT
    short &= (zipf < FREQUENT) & (some.slip != SIGN)
    return np.where(short, 0.92 * trust, trust).astype(np.float32)


def judged(
    reading: Reading, model: Model, fixed: NDArray[np.bool_] | None = None, sure: NDArray[np.int64] | None = None
) -> tuple[realwords.Doubts, NDArray[np.float32]]:
    """The words in doubt, each with its candidates, and the figures that the last scale weighs.

    `fixed` marks tokens that nothing touches, `sure` are places that are in doubt in any case.
    """
    mistaken = np.flatnonzero((reading.set >= 0) & model.often_mistaken[reading.set])
    always = mistaken if sure is None else np.union1d(mistaken, sure)
    doubts = realwords.doubts(reading, model.neighbours, model.ngrams, model.gate, always)
    doubts = doubts.kept(~_beyond_doubt(reading, model, doubts, fixed, sure))
    if not len(doubts) or model.encoder is None:
        return doubts, doubts.figures
    at, owner = np.unique(doubts.place, return_inverse=True)
    states = model.encoder.states(reading, at)[owner]
    odds = model.encoder.scores(states, doubts.meant) - model.encoder.scores(states, doubts.stands)
    return doubts, realwords.with_encoder(doubts, model.neighbours, odds - model.encoder.stay[doubts.stands])


def _beyond_doubt(
    reading: Reading,
    model: Model,
    doubts: realwords.Doubts,
    fixed: NDArray[np.bool_] | None,
    sure: NDArray[np.int64] | None,
) -> NDArray[np.bool_]:
    """Which of `doubts` are none: names, what the text is about, other languages, words that are never doubted.

    Nor is a word beside one that is no word: it may be the rest of it ("direc tor"). What a text has twice may be in
    doubt all the same at the places that are `sure`.
    """
    title = (reading.flags[doubts.place] & TITLE) > 0
    clear = (title & model.capitals[doubts.stands]) | model.undoubted[doubts.stands]
    for beside in (reading.flags_beside(doubts.place, -1), reading.flags_beside(doubts.place, 1)):
        clear |= ((beside & LOWER) > 0) & ((beside & KNOWN) == 0)
    if fixed is not None:
        clear |= fixed[doubts.place]
    left = np.flatnonzero(~clear)
    topic = model.neighbours.zipf[doubts.stands[left]] < COMMON
    if sure is not None:
        topic &= ~np.isin(doubts.place[left], sure)
    topic[topic] = guard.repeated(reading, doubts.place[left[topic]], fixed) > 1
    clear[left] = topic
    at, owner = np.unique(doubts.place, return_inverse=True)
    clear |= guard.foreign(reading, model.grammar, at)[owner]
    return clear


def _realwords(
    reading: Reading, model: Model, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    lines = model.pairs.speak(reading, realwords.places(reading)) if model.encoder is not None else {}
    doubts, figures = judged(reading, model, fixed, np.array(sorted({place for place, _ in lines}), np.int64))
    if not len(doubts):
        return
    kind = "plain" if model.encoder is None else "real"
    chance = model.probability(kind, model.scales[kind](figures))
    spoken = Counter(place for place, _ in lines)
    for row, pair in enumerate(zip(doubts.place.tolist(), doubts.meant.tolist(), strict=True)):
        # A line of evidence counts where no other speaks, and the encoder, which reads the whole sentence, agrees.
        if pair in lines and spoken[pair[0]] == 1 and figures[row, 0] > AGREED:
            chance[row] = max(chance[row], lines[pair])
    best: dict[int, int] = {}
    for row in np.flatnonzero(chance >= least).tolist():
        place = int(doubts.place[row])
        if place not in best or chance[row] > chance[best[place]]:
            best[place] = row
    for place, row in best.items():
        after = model.words[doubts.meant[row]]
        if reading.token(place)[:1].isupper():
            after = after[:1].upper() + after[1:]
        start, end = int(reading.start[place]), int(reading.end[place])
        rule = REAL_WORD
        if not reading.flags[place] & KNOWN:  # in lower case a name or an abbreviation only: "thc"
            rule = SLIP_RULES[SHAPE if doubts.slip[row] & SHAPE_BIT else LETTER]
        found[int(reading.text[place])].append(Finding(start, end, after, rule, float(chance[row])))
