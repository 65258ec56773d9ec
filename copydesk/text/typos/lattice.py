"""Where words begin and end in a run of letters: all ways at once, weighed by words, their neighbours, and letters.

A noisy channel (Kernighan, Church and Gale 1990) over a lattice of words: what a way costs is the negative logarithm
of how likely its words are, each after the one before it, and how likely the blanks that stand were written for its
own. The cheapest way is found by dynamic programming (Viterbi 1967), letter by letter, for many runs at once. A word
that no lexicon has costs by its letters, so that names survive: of those that end at a place the cheapest is kept, one
in lower case, and one with a capital.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.spelt import Spelt

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Longer words are not looked for.
LONGEST = 24
#: What stands against a capital within a word.
CAPITAL_WITHIN = 7.0
#: Joining what is no word costs so much more.
_JOINED_UNKNOWN = 6.0
#: Pairs of neighbours that are weighed together, about: bounds the memory of a long run.
_TOGETHER = 200_000


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


class Word(NamedTuple):
    """`cost`: -log of its frequency; `id` under which it is counted, `share` of that id that is this word."""

    cost: float
    id: int
    share: float

    def slipped(self, cost: float) -> Word:
        """The word as it is meant by one that a slip made of it."""
        return Word(self.cost + cost, self.id, self.share * exp(-cost))


class Pairs(NamedTuple):
    """Neighbours: ids before and after; of the latter, `share` and `cost` as in `Word`."""

    before: Ints
    after: Ints
    share: Floats
    cost: Floats


class Words(NamedTuple):
    """The fields of many words, by their numbers."""

    cost: Floats
    id: Ints
    share: Floats

    def with_more(self, more: Words) -> Words:
        return Words(*(np.concatenate(two) for two in zip(self, more, strict=True)))


class Question(NamedTuple):
    """A run, the costs of its text, and the words that stretches of it may be, by their beginnings: `start` and `end`
    in the run, and their numbers; a word that a slip may have made what stands has `-1 - number`.
    """

    run: Run
    channel: Channel
    start: list[int]
    end: list[int]
    word: list[int]


class Weights(NamedTuple):
    """What words cost: `words` are the fields of `Word`, by number; `pairs` says it of neighbours, `cost` of an id
    alone, `spelt` of the letters of words that no lexicon has; `unknown` are such words, in lower case and with a
    capital.
    """

    words: Callable[[], Words]
    pairs: Callable[[Pairs], Floats]
    cost: Callable[[int], float]
    spelt: Callable[[Sequence[str]], Spelt]
    unknown: tuple[Word, Word]


def cheapest(questions: Sequence[Question], weights: Weights) -> list[list[int]]:
    """For each run, the places of the blanks of its cheapest way, rising."""
    return _Lattices(questions, weights).cheapest() if questions else []


class _Nodes(NamedTuple):
    """The words that stretches of letters may be: the places where they start and end, and the parts of `Word`."""

    start: Ints
    end: Ints
    id: Ints
    share: Floats
    cost: Floats

    @classmethod
    def of(cls, questions: Sequence[Question], first: Ints, words: Words) -> _Nodes:
        start, end, number = (
            np.fromiter(chain.from_iterable(column), np.int64)
            for column in zip(*(question[2:] for question in questions), strict=True)
        )
        sizes = [len(question.start) for question in questions]
        first = np.repeat(first, sizes)
        slip = np.repeat(np.array([question.channel.slip for question in questions]), sizes)
        slip[number >= 0] = 0
        number = np.where(number < 0, -1 - number, number)
        # What stands is the word that was meant with all that makes a slip of it.
        share = words.share[number] * np.exp(-slip)
        return cls(start + first, end + first, words.id[number], share, words.cost[number] + slip)


class _Targets(NamedTuple):
    """Words that begin, by how many letters are before them in their run: the place, the node (-1 for a word that no
    lexicon has, and for the token behind a run), and the parts of `Word`.
    """

    place: Ints
    node: Ints
    id: Ints
    share: Floats
    cost: Floats

    def part(self, which: slice) -> _Targets:
        return _Targets(*(getattr(self, name)[which] for name in self._fields))


class _Lattices:
    """The lattices of some runs, over the places before, between and behind their letters, run after run.

    What can end at a place is a state: each of the nodes; then, for each place, two words that no lexicon has; then the
    left edge of each run.
    """

    def __init__(self, questions: Sequence[Question], weights: Weights) -> None:
        self._weights = weights
        self._runs = [question.run for question in questions]
        size = np.array([len(run.letters) for run in self._runs], np.int64)
        self._first = np.cumsum(size + 1) - (size + 1)
        self._run = np.repeat(np.arange(len(size)), size + 1)
        self._at = np.arange(len(self._run)) - self._first[self._run]
        self._end = (self._first + size)[self._run]
        self._nodes = _Nodes.of(questions, self._first, weights.words())
        self._spelt = weights.spelt([run.letters for run in self._runs])
        self._weigh_places([question.channel for question in questions])
        self._find_sources()
        # The cheapest way to each state, where its word begins, and the state before it.
        nodes, states = len(self._nodes.start), len(self._nodes.start) + 2 * len(self._run) + len(size)
        self._cost = np.full(states, np.inf)
        self._cost[states - len(size) :] = 0
        self._begin, self._back = np.full(states, -1), np.full(states, -1)
        self._begin[:nodes] = self._at[self._nodes.start]
        # Words that a lexicon has are no unknown ones.
        self._is_known = np.zeros((len(self._run), LONGEST + 1), bool)
        self._is_known[self._nodes.start, self._nodes.end - self._nodes.start] = True

    def _weigh_places(self, channels: Sequence[Channel]) -> None:
        """What it costs that a word ends at a place, and what blanks and capitals within a word cost up to there."""
        lost, torn, self._unknown = np.array([channel[:3] for channel in channels])[self._run].T
        letters = "".join(f"{run.letters} " for run in self._runs)
        self._capital = np.fromiter(map(str.isupper, letters), bool, len(letters))
        small = np.fromiter(map(str.islower, letters), bool, len(letters))
        blank = np.zeros(len(letters), bool)
        for first, run in zip(self._first.tolist(), self._runs, strict=True):
            blank[[first + at for at in run.blanks]] = True
        end = self._at == self._end - self._first[self._run]
        self._bound = np.where(blank | end, 0.0, lost)
        self._within = np.where(blank, torn, 0.0)
        self._within[1:] += CAPITAL_WITHIN * (self._capital[1:] & small[:-1])
        self._within[(self._at == 0) | end] = 0
        for part in np.split(self._within, self._first[1:]):
            part[:] = np.cumsum(part)

    def _find_sources(self) -> None:
        """The states that end at each place, and the ids of their words: `_from` is the first one, `_many` how many."""
        nodes, places = len(self._nodes.start), len(self._run)
        known = np.bincount(self._nodes.end, minlength=places)
        begins = self._at == 0
        inner, edges = np.flatnonzero(~begins), np.arange(len(self._runs))
        self._many = known + np.where(begins, 1, 2)
        self._from = np.cumsum(self._many) - self._many
        place = np.concatenate([self._nodes.end, inner, inner, self._first])
        state = np.concatenate([np.arange(nodes), nodes + 2 * inner, nodes + 2 * inner + 1, nodes + 2 * places + edges])
        lower, capital = (np.full(len(inner), word.id) for word in self._weights.unknown)
        ids = np.concatenate([self._nodes.id, lower, capital, [run.left for run in self._runs]])
        order = np.argsort(place, kind="stable")
        self._state, self._id = state[order], ids[order]

    def _targets(self) -> _Targets:
        nodes, places, end = self._nodes, len(self._run), np.unique(self._end)
        # Behind the letters of a run stands a token that is known.
        right = [Word(self._weights.cost(run.right), run.right, 1.0) for run in self._runs]
        cost, ids, share = np.array(self._weights.unknown)[self._capital.astype(int)].T
        cost[end], ids[end], share[end] = np.array(right).T
        place = np.concatenate([nodes.start, np.arange(places)])
        order = np.argsort(self._at[place], kind="stable")
        return _Targets(
            place[order], np.concatenate([np.arange(len(nodes.id)), np.full(places, -1)])[order],
            np.concatenate([nodes.id, ids.astype(np.int64)])[order], np.concatenate([nodes.share, share])[order],
            np.concatenate([nodes.cost, cost])[order],
        )  # fmt: skip

    def cheapest(self) -> list[list[int]]:
        last = np.empty(len(self._runs), np.int64)
        for place, node, cost, back in self._steps():
            words = node >= 0
            known, start = node[words], place[words]
            end = self._nodes.end[known]
            self._cost[known] = cost[words] + self._bound[end] + self._within[end - 1] - self._within[start]
            self._back[known] = back[words]
            ends = ~words & (place == self._end[place])
            last[self._run[place[ends]]] = back[ends]
            others = ~words & ~ends
            self._unknown_from(place[others], cost[others], back[others])
        return [self._way(state) for state in last.tolist()]

    def _steps(self) -> Iterator[tuple[Ints, Ints, Floats, Ints]]:
        """Letter by letter, of the words that begin there: place, node, cost up to there, and the state before."""
        targets = self._targets()
        step = np.searchsorted(self._at[targets.place], np.arange(self._at.max() + 2))
        pairs = np.concatenate([[0], np.cumsum(self._many[targets.place])])
        first = 0
        while first < len(step) - 1:
            last = max(first + 1, int(np.searchsorted(pairs[step], pairs[step[first]] + _TOGETHER, "right")) - 1)
            some = targets.part(slice(step[first], step[last]))
            many = self._many[some.place]
            owner = np.repeat(np.arange(len(many)), many)
            source = np.arange(len(owner)) + np.repeat(self._from[some.place] - (np.cumsum(many) - many), many)
            weighed = self._weights.pairs(Pairs(self._id[source], some.id[owner], some.share[owner], some.cost[owner]))
            for number in range(first, last):
                here = slice(step[number] - step[first], step[number + 1] - step[first])
                rows = slice(pairs[step[number]] - pairs[step[first]], pairs[step[number + 1]] - pairs[step[first]])
                cost, best = _least(self._cost[self._state[source[rows]]] + weighed[rows], many[here])
                yield some.place[here], some.node[here], cost, self._state[source[rows]][best]
            first = last

    def _unknown_from(self, place: Ints, cost: Floats, back: Ints) -> None:
        """Let words that no lexicon has begin at places, up to which a way costs `cost`."""
        cost = cost + (self._unknown[place] - self._within[place])
        end = place[:, None] + np.arange(LONGEST + 1)
        row, size = np.nonzero((end <= self._end[place][:, None]) & ~self._is_known[place] & (end > place[:, None]))
        start, end, cost = place[row], place[row] + size, cost[row]
        whole = cost + self._spelt.cost(start, end) + self._bound[end] + self._within[end - 1]
        whole = whole + np.where(self._within[end - 1] > self._within[start], _JOINED_UNKNOWN, 0.0)
        state = len(self._nodes.start) + 2 * end + self._capital[start]
        less = whole < self._cost[state]
        self._cost[state[less]] = whole[less]
        self._begin[state[less]], self._back[state[less]] = self._at[start[less]], back[row[less]]

    def _way(self, state: int) -> list[int]:
        places = []
        while (at := int(self._begin[state])) >= 0:
            places.append(at)
            state = int(self._back[state])
        return places[-2::-1]


def _least(values: Floats, sizes: Ints) -> tuple[Floats, Ints]:
    """The least of each group of values, and the first place at which it stands."""
    least: Floats = np.minimum.reduceat(values, np.cumsum(sizes) - sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    equal = np.flatnonzero(values == least[owner])
    return least, equal[np.r_[True, owner[equal][1:] != owner[equal][:-1]]]
