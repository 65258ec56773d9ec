"""Typos of a batch of texts: found, and judged. The one entrance to this folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from copydesk.data import rules
from copydesk.text.typos import cascade, doubtful, guard, nonwords, realwords, signs, spaces
from copydesk.text.typos.batch import KNOWN, LOWER, TITLE, WORD, Batch
from copydesk.text.typos.doubtful import COMMON
from copydesk.text.typos.errors import Corrections, ErrorType
from copydesk.text.typos.features import ENCODER, ERROR_BITS
from copydesk.text.typos.found import BLANKS, TORN, Finding, against_each_other, apart, back, mended
from copydesk.text.typos.intended import on_purpose
from copydesk.text.typos.likely import TOPIC, Judged, guarded, take
from copydesk.text.typos.model import Model
from copydesk.text.typos.state import State, estimated

REAL_WORD, DOUBLED, APOSTROPHE = "typo-real-word", "typo-doubled", "typo-apostrophe"
MISSING, TOO_MANY = "typo-sign-space", "typo-space-before-sign"
#: Log-odds of encoder and judge from which they agree with a line of `pairs.tsv`.
AGREED = 0.0
#: Findings below this probability are nobody's concern.
LEAST = 0.2
#: A probability is at most one less this.
_SUREST = 1e-3
#: Findings from this probability on are made before a damaged text is read again.
MENDED = 0.85


def findings(
    texts: Sequence[str], model: Model, protected: Sequence[Collection[str]] | None = None, least: float = LEAST
) -> list[list[Finding]]:
    """What may be wrong in each text, by its place; stretches do not overlap.

    `protected` gives, for each text, words (in lower case) that stand as they are. A damaged text is read twice: the
    surest is mended first, and the rest judged where its neighbours are what they were meant to be.
    """
    if not any(texts):
        return [[] for _ in texts]
    words = protected or [()] * len(texts)
    batch = Batch(texts, model.token_types)
    state = estimated(batch, len(texts))
    found = _read(batch, texts, model, state, words, least)
    surest = ((number, _surest(found[number])) for number in np.flatnonzero(state.damaged).tolist())
    # Where nothing is mended a second reading would find what the first one did.
    sure = {number: some for number, some in surest if some}
    if sure:
        mended_texts = [mended(texts[number], some) for number, some in sure.items()]
        second = Batch(mended_texts, model.token_types)
        seen = _seen(state, list(sure), second, list(sure.values()))
        rest = _read(second, mended_texts, model, seen, [words[number] for number in sure], least)
        for (number, some), more in zip(sure.items(), rest, strict=True):
            found[number] = apart([*some, *back(some, more)])
    return [[f for f in some if f.confidence >= least] for some in found]


def _surest(found: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.confidence >= MENDED]


def _read(
    batch: Batch,
    texts: Sequence[str],
    model: Model,
    state: State,
    protected: Sequence[Collection[str]],
    least: float,
) -> list[list[Finding]]:
    """What one reading of a batch finds."""
    found: list[list[Finding]] = [[] for _ in texts]
    fixed = guard.untouchable(batch, texts)
    wanted = least
    # Unlikely findings, too: what else a place may be says how far to believe what it is taken for.
    least = min(least, LEAST)
    _single(batch, model, state, fixed, found, least)
    _damaged(batch, model, state, fixed, found, least)
    _joined(batch, model, state, fixed, found, least)
    _spaces(batch, model, state, fixed, found, least)
    _signs(batch, state, fixed, found, least)
    _doubled(batch, model, fixed, found, least)
    _apostrophes(batch, model, fixed, found, least)
    _realwords(batch, model, fixed, found, least, wanted)
    for number, words in enumerate(protected):
        if words:
            found[number] = [f for f in found[number] if not _protected(texts[number][f.start : f.end], words)]
    return [apart(against_each_other(one)) for one in found]


def _seen(state: State, texts: Sequence[int], batch: Batch, sure: Sequence[Sequence[Finding]]) -> State:
    """The state of some texts, with what was found of their blanks."""
    some = state.of(texts)
    words = np.bincount(batch.text[(batch.flags & WORD) > 0], minlength=len(texts))
    blanks = [[(f.after.count(" "), f.rule) for f in found if f.rule in BLANKS] for found in sure]
    lost = np.array([sum(n for n, rule in one if rule != TORN) for one in blanks])
    torn = np.array([sum(1 for _, rule in one if rule == TORN) for one in blanks])
    return some.told(words, lost, torn)


def _protected(before: str, words: Collection[str]) -> bool:
    return before.lower() in words or any(part in words for part in before.lower().split())


def _single(
    batch: Batch, model: Model, state: State, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    def left_alone(places: NDArray[np.int64]) -> NDArray[np.bool_]:
        # What is certain in a text as usual is no less certain in one that is a little damaged.
        heavily = state.heavily_damaged[batch.text[places]]
        return heavily | guarded(batch, model, state, fixed, places)

    some = nonwords.single(batch, model.finder, model.ngrams, left_alone)
    if len(some):
        case = doubtful.of_single(batch, model.finder, some)
        chance = _of_one_meaning(some, model.probability("single", some.features))
        chance[case == doubtful.OLD_PRINT] = 1  # no features tell of them
        believed = model.doubtful.believed(chance, case)
        take(Judged(some, chance, believed), batch, model, state, fixed, found, least)


def _damaged(
    batch: Batch, model: Model, state: State, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    if not state.damaged.any():
        return
    some = nonwords.damaged_single(
        batch, model.finder, model.ngrams, state, lambda places: guarded(batch, model, state, fixed, places)
    )
    if len(some):
        chance = _of_one_meaning(some, model.probability("damaged", some.features))
        chance[doubtful.of_single(batch, model.finder, some) == doubtful.OLD_PRINT] = 1
        take(Judged(some, chance, chance), batch, model, state, fixed, found, least)


def _joined(
    batch: Batch, model: Model, state: State, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    some = nonwords.joined(batch, model.finder, model.ngrams)
    if len(some):
        chance = model.probability("joined", some.features)
        believed = model.doubtful.believed(chance, doubtful.of_joined(batch, model.finder, some))
        take(Judged(some, chance, believed), batch, model, state, fixed, found, least)


def _spaces(
    batch: Batch, model: Model, state: State, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    some = spaces.found(batch, model.segmenter, state, fixed)
    if len(some):
        chance = model.probability("spaces", some.features)
        take(Judged(some, chance, chance), batch, model, state, fixed, found, least)


def _of_one_meaning(some: Corrections, chance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of candidates of which a token has one meaning at most: where two are near each other neither is
    sure ("evalution").
    """
    odds = chance / np.maximum(1 - chance, _SUREST)
    owner = np.unique(some.first, return_inverse=True)[1]
    return (odds / (1 + np.bincount(owner, odds)[owner])).astype(np.float32)


def _signs(batch: Batch, state: State, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float) -> None:
    for one in signs.found(batch, state, fixed):
        rule = MISSING if one.after else TOO_MANY
        if (confidence := rules.confidence(rule)) >= least:
            found[one.text].append(Finding(one.start, one.end, one.after, rule, confidence))


def _doubled(batch: Batch, model: Model, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float) -> None:
    confidence = rules.confidence(DOUBLED)
    if confidence < least:
        return
    places = nonwords.doubled(batch, model.finder)
    for place in places[~fixed[places]].tolist():
        start, end = int(batch.end[place - 1]), int(batch.end[place])
        found[int(batch.text[place])].append(Finding(start, end, "", DOUBLED, confidence))


def _apostrophes(
    batch: Batch, model: Model, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float
) -> None:
    confidence = rules.confidence(APOSTROPHE)
    some = list(model.apostrophes.find(batch, fixed)) if confidence >= least else []
    places = np.array([last for _, last, _ in some], np.int64)
    left = ~guard.foreign(batch, model.foreign, model.grammar.function_words, places)
    left &= ~on_purpose(batch, batch.texts, model.grammar.intended, places)
    for (first, last, after), stays in zip(some, left.tolist(), strict=True):
        if stays:
            start, end = int(batch.start[first]), int(batch.end[last])
            found[int(batch.text[last])].append(Finding(start, end, after, APOSTROPHE, confidence))


def judged(
    batch: Batch,
    model: Model,
    fixed: NDArray[np.bool_] | None = None,
    always: NDArray[np.int64] | None = None,
    unasked: Callable[[realwords.RealwordCandidates], NDArray[np.bool_]] | None = None,
) -> tuple[realwords.RealwordCandidates, NDArray[np.float32]]:
    """The words in doubt, each with its candidates, and the features that the last scorer weighs.

    `fixed` marks tokens that nothing touches, `always` are places that are in doubt in any case. `unasked` says which
    candidates are left out before the encoder is asked.
    """
    gate = model.gate
    least = np.full(len(batch), gate.threshold, np.float32)
    if always is not None:
        least[always] = -np.inf
    found = realwords.candidates(batch, model.sets, model.ngrams, gate, least)
    found = found.kept(~_beyond_doubt(batch, model, found, fixed, always))
    if model.encoder is None:
        return found, found.features
    if unasked is not None:
        found = found.kept(~unasked(found))
    if not len(found):
        return found, found.features
    odds = model.encoder.odds(batch, found.place, found.stands, found.meant)
    return found, cascade.with_encoder(batch, found, model.sets, odds)


def _beyond_doubt(
    batch: Batch,
    model: Model,
    found: realwords.RealwordCandidates,
    fixed: NDArray[np.bool_] | None,
    always: NDArray[np.int64] | None,
) -> NDArray[np.bool_]:
    """Which candidates are none: at names, what the text is about, other languages, words that are never doubted.

    Nor is a word beside one that is no word: it may be the rest of it ("direc tor"). What a text has twice may be in
    doubt all the same at the places that are looked at `always`.
    """
    title = (batch.flags[found.place] & TITLE) > 0
    clear: NDArray[np.bool_] = (title & model.capitals[found.stands]) | model.undoubted[found.stands]
    for beside in (batch.flags_beside(found.place, -1), batch.flags_beside(found.place, 1)):
        clear |= ((beside & LOWER) > 0) & ((beside & KNOWN) == 0)
    if fixed is not None:
        clear |= fixed[found.place]
    left = np.flatnonzero(~clear)
    topic = model.sets.zipf[found.stands[left]] < COMMON
    if always is not None:
        topic &= ~np.isin(found.place[left], always)
    topic[topic] = guard.repeated(batch, found.place[left[topic]], fixed) >= TOPIC
    clear[left] = topic
    at, owner = np.unique(found.place, return_inverse=True)
    clear |= guard.foreign(batch, model.foreign, model.grammar.function_words, at)[owner]
    at, owner = np.unique(found.place[~clear], return_inverse=True)
    clear[~clear] = on_purpose(batch, batch.texts, model.grammar.intended, at)[owner]
    return clear


def _realwords(
    batch: Batch, model: Model, fixed: NDArray[np.bool_], found: list[list[Finding]], least: float, wanted: float
) -> None:
    lines = model.pairs.speak(batch, realwords.places(batch)) if model.encoder is not None else {}
    told = np.array(sorted({place for place, _ in lines}), np.int64)
    blanks = {(number, f.start, f.end) for number, some in enumerate(found) for f in some if f.rule in BLANKS}

    def unasked(some: realwords.RealwordCandidates) -> NDArray[np.bool_]:
        # What is not wanted still counts against a blank at the same place.
        at = some.place
        spans = zip(batch.text[at].tolist(), batch.start[at].tolist(), batch.end[at].tolist(), strict=True)
        counts = np.isin(at, told) | np.array([span in blanks for span in spans], bool)
        left: NDArray[np.bool_] = cascade.hopeless(batch, model, some, wanted) & ~counts
        return left

    some, features = judged(batch, model, fixed, told, unasked)
    if not len(some):
        return
    chance = (
        model.probability("gate", features) if model.encoder is None else _chance(batch, model, some, features, lines)
    )
    best: dict[int, int] = {}
    for row in np.flatnonzero(chance >= least).tolist():
        place = int(some.place[row])
        if place not in best or chance[row] > chance[best[place]]:
            best[place] = row
    for place, row in best.items():
        found[int(batch.text[place])].append(_realword(batch, model, some, row, float(chance[row])))


def _chance(
    batch: Batch,
    model: Model,
    some: realwords.RealwordCandidates,
    features: NDArray[np.float32],
    lines: Mapping[tuple[int, int], float],
) -> NDArray[np.float32]:
    """How likely each candidate is meant, by encoder, judge and the `lines` of evidence."""
    spoken = Counter(place for place, _ in lines)
    pairs = zip(some.place.tolist(), some.meant.tolist(), strict=True)
    # A line of evidence counts where no other speaks, and the models, which read the whole sentence, agree.
    told = np.array([lines.get(pair, 0.0) if spoken[pair[0]] == 1 else 0.0 for pair in pairs], np.float32)
    told[ENCODER.column(features, "encoder_odds") <= AGREED] = 0
    chance, odds = cascade.verdicts(batch, model, some, features, told > 0)
    return np.where(odds > AGREED, np.maximum(chance, told), chance)


def _realword(batch: Batch, model: Model, some: realwords.RealwordCandidates, row: int, confidence: float) -> Finding:
    place = int(some.place[row])
    after = model.words[some.meant[row]]
    if batch.token(place)[:1].isupper():
        after = after[:1].upper() + after[1:]
    rule = REAL_WORD
    if not batch.flags[place] & KNOWN:  # in lower case a name or an abbreviation only: "thc"
        shape = some.errors[row] >> ERROR_BITS.index("shape") & 1
        rule = (ErrorType.SHAPE if shape else ErrorType.LETTER).rule
    return Finding(int(batch.start[place]), int(batch.end[place]), after, rule, confidence)
