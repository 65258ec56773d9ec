"""Where words begin and end in a run of letters: all ways at once, weighed by words, their neighbours, and letters.

A noisy channel (Kernighan, Church and Gale 1990) over a lattice of words: what a way costs is the negative logarithm
of how likely its words are, each after the one before it, and how likely the blanks that stand were written for its
own. The cheapest way is found by dynamic programming (Viterbi 1967). A word that no lexicon has costs by its letters,
so that names survive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lexicon import ORDINARY, Lexicon
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.spelling import Spelling
from copydesk.text.typos.tokens import NAME, NUMBER, UNKNOWN

#: Longer words are not looked for.
LONGEST = 24
#: A word is judged by what it was counted behind as soon as the word before it was counted so often.
_TRUST = 200.0
#: What stands against a capital within a word, and against a name in lower case.
_CAPITAL_WITHIN, _LOWER_NAME = 7.0, 3.0
#: Words remembered from one batch to the next.
_MOST_WORDS = 300_000
#: Words that are frequent enough to be meant (Zipf), and how many of them are weighed.
_FREQUENT, _MOST_NEAR = 3.5, 3
#: Tokens, at most, that are one word with a slip in it.
_MOST_TORN = 3
#: Joining what is no word then costs so much more.
_JOINED_UNKNOWN = 6.0
_LN10 = float(np.log(10))
#: Costs of words from which on they may be slips, and below which others are looked for beside them.
_RARE, _COMMON = (9 - 4.5) * _LN10, (9 - 4.0) * _LN10


class Channel(NamedTuple):
    """Costs, in nats: of a blank lost and of one too many, of a blank that stands, and of a word that no lexicon has
    (added to its letters)."""

    lost: float
    torn: float
    unknown: float
    slip: float


class Run(NamedTuple):
    """Letters of words in a row, without their blanks; `blanks` are the places where one stands, `left` and `right` the
    ids of the tokens on either side."""

    letters: str
    blanks: frozenset[int]
    left: int
    right: int


class _Word(NamedTuple):
    """`cost`: -log of its frequency; `id` under which it is counted, `share` of that id that is this word."""

    cost: float
    id: int
    share: float

    def slipped(self, cost: float) -> _Word:
        """The word as it is meant by one that a slip made of it."""
        return _Word(self.cost + cost, self.id, self.share * exp(-cost))


class Segmenter:
    """Cuts runs of letters into words, in a language's lexicon and counts."""

    def __init__(
        self, lexicon: Lexicon, vocabulary: Mapping[str, int], ngrams: NGrams, spelling: Spelling, grammar: Grammar
    ) -> None:
        self.grammar = grammar
        self.lexicon, self._vocabulary, self._ngrams = lexicon, vocabulary, ngrams
        self._spelling = spelling
        self._table = spelling.costs()
        unknown = self._unknown = (vocabulary[UNKNOWN], vocabulary[NAME])
        self._total = float(ngrams.single.sum())
        self._class_cost = [-float(np.log(max(1.0, ngrams.single[i]) / self._total)) for i in unknown]
        self._words: dict[str, _Word | None] = {}
        self._near: dict[str, tuple[_Word, ...]] = {}
        self._slips: dict[str, list[str]] = {}

    def word(self, text: str) -> _Word | None:
        """What is known of a word as it is written; None for what no lexicon has."""
        try:
            return self._words[text]
        except KeyError:
            if len(self._words) > _MOST_WORDS:
                self._words.clear()
            found = self._words[text] = self._look_up(text)
            return found

    def _look_up(self, text: str) -> _Word | None:
        lower = text.lower().replace("’", "'")
        if lower.isdecimal():
            digits = self._vocabulary[NUMBER]
            return _Word(self.cost(digits), digits, 1.0)
        entry = self.lexicon.get(lower)
        if entry is None:
            return None
        cost = (9 - entry.zipf) * _LN10
        if text.islower() and not entry.kind & ORDINARY:
            cost += _LOWER_NAME
        number = self._vocabulary.get(lower)
        if number is not None:
            return _Word(cost, number, 1.0)
        kind = int(text[:1].isupper())
        return _Word(cost, self._unknown[kind], min(1.0, float(np.exp(self._class_cost[kind] - cost))))

    def near(self, text: str) -> tuple[_Word, ...]:
        """Frequent words of which one slip makes `text`, the likeliest first."""
        found = self._near.get(text)
        if found is None:
            if not self._slips:
                self._slips = _slips(self.lexicon)
            lower = text.lower().replace("’", "'")
            short = {lower[:i] + lower[i + 1 :] for i in range(len(lower))}
            words = {w for s in short | {lower} for w in self._slips.get(s, ())} | {
                s for s in short if s in self.lexicon and self.lexicon[s].zipf >= _FREQUENT
            }
            some = [self._look_up(word) for word in words if word != lower and _slip(lower, word)]
            best = sorted((word for word in some if word), key=lambda word: word.cost)[:_MOST_NEAR]
            found = self._near[text] = tuple(best)
        return found

    def seldom(self, text: str) -> bool:
        """Whether a word is none, or a rare one."""
        if len(text) == 1:
            return text.islower() and text not in self.grammar.short_words
        known = self.word(text)
        return known is None or known.cost > _RARE

    def frequent(self, text: str) -> bool:
        """Whether letters are a frequent word."""
        if len(text) <= 2:
            return text.lower() in self.grammar.short_words
        known = self.word(text)
        return known is not None and known.cost < _COMMON

    def segment(self, runs: Sequence[Run], channels: Sequence[Channel]) -> list[list[int]]:
        """For each run, the places at which blanks belong, rising. Runs that are alike are read once."""
        asked = list(zip(runs, channels, strict=True))
        numbers = {one: number for number, one in enumerate(dict.fromkeys(asked))}
        ways = self._segment(list(numbers))
        return [ways[numbers[one]] for one in asked]

    def _segment(self, asked: Sequence[tuple[Run, Channel]]) -> list[list[int]]:
        lattices = [_Lattice(self, run, channel) for run, channel in asked]
        costs = self.costs(_Pairs.together([lattice.pairs for lattice in lattices])).tolist()
        found, first = [], 0
        for lattice in lattices:
            last = first + len(lattice.pairs.before)
            found.append(lattice.cheapest(costs[first:last]))
            first = last
        return found

    def costs(self, pairs: _Pairs) -> NDArray[np.float64]:
        """What words cost behind those before them: -log of counted pairs and frequency, as far as each is trusted."""
        before = np.array(pairs.before, np.int64)
        counted = self._ngrams.counts([before.astype(np.uint64), np.array(pairs.after, np.uint64)])
        single = self._ngrams.single[before]
        chance = (counted * np.array(pairs.share) + _TRUST * np.exp(-np.array(pairs.cost))) / (single + _TRUST)
        found: NDArray[np.float64] = -np.log(chance)
        return found

    def counted(self, before: NDArray[np.uint64], after: NDArray[np.uint64]) -> NDArray[np.float32]:
        """How often ids were counted behind those before them."""
        return self._ngrams.counts([before, after])

    def cost_between(self, words: Sequence[str], left: str, right: str, run: Run, channel: Channel) -> float:
        """What words of a run cost between two others of it; "" stands for its edge."""
        total, before, pairs = 0.0, self._id(left) if left else run.left, _Pairs([], [], [], [])
        for text in [*words, right] if right else words:
            meant = self._meant(text, channel)
            pairs.add(before, meant)
            before = meant.id
            total += _CAPITAL_WITHIN * sum(a.islower() and b.isupper() for a, b in pairwise(text))
        if not right:
            pairs.add(before, _Word(self.cost(run.right), run.right, 1.0))
        return total + float(self.costs(pairs).sum())

    def _meant(self, text: str, channel: Channel) -> _Word:
        """A word as it stands, or the likeliest one that was meant, or one that no lexicon has."""
        found = self.word(text)
        if found is None:
            kind = int(text[:1].isupper())
            spelt = self.spelt(text).cost(0, len(text)) + channel.unknown
            found = _Word(self._class_cost[kind] + spelt, self._unknown[kind], min(1.0, exp(-spelt)))
        near = self.near(text)[:1] if self.seldom(text) else ()
        return min(found, *(word.slipped(channel.slip) for word in near), key=lambda word: word.cost) if near else found

    def _id(self, text: str) -> int:
        known = self.word(text)
        return known.id if known else self._unknown[int(text[:1].isupper())]

    def class_cost(self, kind: int) -> float:
        return self._class_cost[kind]

    @property
    def unknown(self) -> tuple[int, int]:
        return self._unknown

    def cost(self, number: int) -> float:
        """-log of the frequency of an id."""
        return -float(np.log(max(0.5, float(self._ngrams.single[number])) / self._total))

    def spelt(self, letters: str) -> _Spelt:
        """What the letters of a run cost as those of words that no lexicon has."""
        return _Spelt.of(self._spelling.numbers(letters.lower()), self._table)


def _slips(lexicon: Lexicon) -> dict[str, list[str]]:
    """Frequent words by what is left of them without one letter, or whole."""
    found: dict[str, list[str]] = {}
    for word, entry in lexicon.items():
        if entry.zipf >= _FREQUENT and len(word) > 1 and entry.kind & ORDINARY:
            for short in {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}:
                found.setdefault(short, []).append(word)
    return found


def _slip(one: str, two: str) -> bool:
    """Whether one letter more, fewer, other or swapped with its neighbour makes one word of the other."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    a, b = one[start:], two[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


class _Spelt(NamedTuple):
    """Costs of the letters of a run: `first`, `second`, `third` of a word that begins at a place, `inner` of all
    others, summed up to it, and `ends` of a word's end behind the last two or three letters."""

    codes: list[int]
    first: list[float]
    second: list[float]
    third: list[float]
    inner: list[float]
    end: list[float]
    table: NDArray[np.float32]

    @classmethod
    def of(cls, codes: NDArray[np.int64], table: NDArray[np.float32]) -> _Spelt:
        c, n = codes, len(codes)
        padded = np.concatenate([c, np.zeros(4, np.int64)])
        inner = np.zeros(n + 1, np.float32)
        if n > 3:
            inner[4:] = np.cumsum(table[c[:-3], c[1:-2], c[2:-1], c[3:]])
        end = np.zeros(n + 1, np.float32)
        if n > 2:
            end[3:] = table[c[:-2], c[1:-1], c[2:], 0]
        return cls(
            c.tolist(), table[0, 0, 0, padded[:n]].tolist(), table[0, 0, padded[:n], padded[1 : n + 1]].tolist(),
            table[0, padded[:n], padded[1 : n + 1], padded[2 : n + 2]].tolist(), inner.tolist(), end.tolist(), table,
        )  # fmt: skip

    def cost(self, start: int, end: int) -> float:
        """The cost of a word's letters."""
        size = end - start
        if size == 1:
            return self.first[start] + float(self.table[0, 0, self.codes[start], 0])
        if size == 2:
            return (
                self.first[start]
                + self.second[start]
                + float(self.table[0, self.codes[start], self.codes[start + 1], 0])
            )
        opening = self.first[start] + self.second[start] + self.third[start]
        return opening + self.inner[end] - self.inner[start + 3] + self.end[end]


class _Pairs(NamedTuple):
    """Neighbours: ids before and after; of the latter, `share` and `cost` as in `_Word`."""

    before: list[int]
    after: list[int]
    share: list[float]
    cost: list[float]

    def add(self, before: int, word: _Word) -> None:
        self.before.append(before)
        self.after.append(word.id)
        self.share.append(word.share)
        self.cost.append(word.cost)

    @classmethod
    def together(cls, some: Sequence[_Pairs]) -> _Pairs:
        return cls(*([value for pairs in some for value in pairs[field]] for field in range(4)))  # type: ignore[arg-type]


class _Node(NamedTuple):
    """The cheapest way to a word that ends at a place: its cost, where the word begins, which node is before it."""

    cost: float
    start: int
    back: int


def _within_number(letters: str, start: int, end: int) -> bool:
    """Whether a cut would be between two digits."""
    return any(letters[at - 1 : at].isdecimal() and letters[at : at + 1].isdecimal() for at in (start, end))


class _Lattice:
    """All words of a run, and the pairs of neighbours that have to be weighed.

    Nodes are words that a lexicon has; of unknown words that end at a place the cheapest is another, one for each of
    two classes: in lower case, and with a capital.
    """

    def __init__(self, segmenter: Segmenter, run: Run, channel: Channel) -> None:
        self._segmenter, self._run, self._channel = segmenter, run, channel
        letters, size, word = run.letters, len(run.letters), segmenter.word
        # What blanks that stand, and capitals behind small letters, cost within a word, summed up to each place.
        self._within = [0.0] * (size + 1)
        for at in range(1, size):
            torn = channel.torn if at in run.blanks else 0.0
            capital = _CAPITAL_WITHIN if letters[at].isupper() and letters[at - 1].islower() else 0.0
            self._within[at] = self._within[at - 1] + torn + capital
        self._within[size] = self._within[size - 1]
        self._bound = [0.0 if at in run.blanks or at == size else channel.lost for at in range(size + 1)]
        self._starting: list[list[tuple[int, _Word]]] = []
        ending: list[list[int]] = [[] for _ in range(size + 1)]
        ending[0] = [run.left]
        slips = self._slips()
        digits = not letters.isalpha() and any(letter.isdecimal() for letter in letters)
        for start in range(size):
            some = []
            for end in range(start + 1, min(size, start + LONGEST) + 1):
                known = word(letters[start:end])
                if known is not None and not (digits and _within_number(letters, start, end)):
                    some.append((end, known))
                    ending[end].append(known.id)
            for end, text in slips.get(start, ()):
                for meant in segmenter.near(text):
                    some.append((end, meant.slipped(channel.slip)))
                    ending[end].append(meant.id)
            self._starting.append(some)
        self.pairs = pairs = _Pairs([], [], [], [])
        unknown = segmenter.unknown
        for at in range(size + 1):
            last = ending[at] + list(unknown) if at else ending[at]
            if at < size:
                kind = letters[at].isupper()
                following = [known for _, known in self._starting[at]]
                following.append(_Word(segmenter.class_cost(kind), unknown[kind], 1.0))
            else:
                following = [_Word(segmenter.cost(run.right), run.right, 1.0)]
            ids, share, cost = ([w.id for w in following], [w.share for w in following], [w.cost for w in following])
            for number in last:
                pairs.before.extend([number] * len(following))
                pairs.after.extend(ids)
                pairs.share.extend(share)
                pairs.cost.extend(cost)

    def _slips(self) -> dict[int, list[tuple[int, str]]]:
        """Where letters may be a word with a slip in it, by their beginning: (end, letters).

        Whole tokens are, up to three in a row; and what is left of one that no lexicon has behind a frequent word, or
        before one.
        """
        letters, segmenter = self._run.letters, self._segmenter
        bounds = [0, *sorted(self._run.blanks), len(letters)]
        found: dict[int, list[tuple[int, str]]] = {}
        for number, start in enumerate(bounds[:-1]):
            for end in bounds[number + 1 : number + 1 + _MOST_TORN]:
                if end - start <= LONGEST and segmenter.seldom(letters[start:end]):
                    found.setdefault(start, []).append((end, letters[start:end]))
            end = bounds[number + 1]
            if end - start <= LONGEST and segmenter.word(letters[start:end]) is None:
                for cut in range(start + 1, end):
                    left, right = letters[start:cut], letters[cut:end]
                    if end - cut > 1 and segmenter.frequent(left) and segmenter.seldom(right):
                        found.setdefault(cut, []).append((end, right))
                    if cut - start > 1 and segmenter.frequent(right) and segmenter.seldom(left):
                        found.setdefault(start, []).append((cut, left))
        return found

    def cheapest(self, costs: list[float]) -> list[int]:
        """The places of the blanks of the cheapest way; `costs` are those of `pairs`."""
        letters, channel, within, bound = self._run.letters, self._channel, self._within, self._bound
        size = len(letters)
        spelt = self._segmenter.spelt(letters)
        known: list[list[_Node]] = [[] for _ in range(size + 1)]
        unknown: list[list[_Node | None]] = [[None, None] for _ in range(size + 1)]
        first = 0
        for at in range(size):
            last = [*known[at], *unknown[at]] if at else [_Node(0.0, -1, -1)]
            following = self._starting[at]
            width = len(following) + 1
            alive = [(k, node.cost, first + k * width) for k, node in enumerate(last) if node]
            for number, (end, _) in enumerate(following):
                cost, back = min([(so_far + costs[row + number], k) for k, so_far, row in alive])
                known[end].append(_Node(cost + bound[end] + within[end - 1] - within[at], at, back))
            cost, back = min([(so_far + costs[row + width - 1], k) for k, so_far, row in alive])
            kind = int(letters[at].isupper())
            cost += channel.unknown - within[at]
            known_ends = {end for end, _ in following}
            for end in range(at + 1, min(size, at + LONGEST) + 1):
                if end not in known_ends:
                    whole = cost + spelt.cost(at, end) + bound[end] + within[end - 1]
                    if within[end - 1] > within[at]:
                        whole += _JOINED_UNKNOWN
                    other = unknown[end][kind]
                    if other is None or whole < other.cost:
                        unknown[end][kind] = _Node(whole, at, back)
            first += len(last) * width
        last = [*known[size], *unknown[size]]
        best = min((node.cost + costs[first + k], k) for k, node in enumerate(last) if node)[1]
        places: list[int] = []
        at = size
        while at > 0:
            node = [*known[at], *unknown[at]][best]
            assert node is not None
            at, best = node.start, node.back
            places.append(at)
        return places[-2::-1]
