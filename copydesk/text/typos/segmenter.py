"""What a language knows of words where letters are cut into them: which there are, which were meant, what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lattice import (
    CAPITAL_WITHIN,
    LONGEST,
    Channel,
    Pairs,
    Question,
    Run,
    Weights,
    Word,
    Words,
    cheapest,
)
from copydesk.text.typos.lexicon import ORDINARY, Lexicon
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.slips import Slips
from copydesk.text.typos.spelling import Spelling
from copydesk.text.typos.spelt import Spelt
from copydesk.text.typos.tokens import NAME, NUMBER, UNKNOWN

#: A word is judged by what it was counted behind as soon as the word before it was counted so often.
_TRUST = 200.0
#: What stands against a name in lower case.
_LOWER_NAME = 3.0
#: Words remembered from one batch to the next.
_MOST_WORDS = 100_000
#: Words that are frequent enough to be meant (Zipf), and how many of them are weighed.
_FREQUENT, _MOST_NEAR = 3.5, 3
#: Tokens, at most, that are one word with a slip in it.
_MOST_TORN = 3
_LN10 = float(np.log(10))
#: Costs of words from which on they may be slips, and below which others are looked for beside them.
_RARE, _COMMON = (9 - 4.5) * _LN10, (9 - 4.0) * _LN10


class Segmenter:
    """Cuts runs of letters into words, in a language's lexicon and counts."""

    def __init__(
        self, lexicon: Lexicon, vocabulary: Mapping[str, int], ngrams: NGrams, spelling: Spelling, grammar: Grammar
    ) -> None:
        self.grammar = grammar
        self.lexicon, self._vocabulary, self._ngrams = lexicon, vocabulary, ngrams
        self._spelling, self._table = spelling, spelling.costs()
        self._total = float(ngrams.single.sum())
        lower, capital = (
            Word(-float(np.log(max(1.0, ngrams.single[number]) / self._total)), number, 1.0)
            for number in (vocabulary[UNKNOWN], vocabulary[NAME])
        )
        self._unknown = (lower, capital)
        self._weights = Weights(self._fields, self._costs, self._cost, self._spelt, self._unknown)
        self._numbers: dict[str, int] = {}
        self._words: list[Word] = []
        self._columns = _columns([])
        self._near: dict[str, list[int]] = {}

    def _number(self, text: str) -> int:
        """The number of a word as it is written, in `_words`; -1 for what no lexicon has."""
        try:
            return self._numbers[text]
        except KeyError:
            found, number = self._look_up(text), -1
            if found is not None:
                number = len(self._words)
                self._words.append(found)
            self._numbers[text] = number
            return number

    def word(self, text: str) -> Word | None:
        """What is known of a word as it is written; None for what no lexicon has."""
        number = self._number(text)
        return self._words[number] if number >= 0 else None

    def _fields(self) -> Words:
        known = len(self._columns.cost)
        if known < len(self._words):
            # Most are known from the batches before.
            self._columns = self._columns.with_more(_columns(self._words[known:]))
        return self._columns

    def _forget(self) -> None:
        """Begin anew where too many words are remembered."""
        if len(self._numbers) > _MOST_WORDS:
            self._numbers.clear()
            self._words.clear()
            self._columns = _columns([])
            self._near.clear()

    def _look_up(self, text: str) -> Word | None:
        lower = text.lower().replace("’", "'")
        if lower.isdecimal():
            digits = self._vocabulary[NUMBER]
            return Word(self._cost(digits), digits, 1.0)
        entry = self.lexicon.get(lower)
        if entry is None:
            return None
        cost = (9 - entry.zipf) * _LN10
        if text.islower() and not entry.kind & ORDINARY:
            cost += _LOWER_NAME
        number = self._vocabulary.get(lower)
        if number is not None:
            return Word(cost, number, 1.0)
        unknown = self._unknown[text[:1].isupper()]
        return Word(cost, unknown.id, min(1.0, float(np.exp(unknown.cost - cost))))

    @cached_property
    def _slips(self) -> tuple[Slips, str]:
        """The frequent words, and the letters that they are written in."""
        words = [word for word in self.lexicon.words(_FREQUENT) if len(word) <= LONGEST]
        return Slips(words, known=self.lexicon), "".join(sorted(set().union(*words)))

    def _remember_near(self, texts: Iterable[str]) -> None:
        """Look for the frequent words of which one slip makes each of `texts`, of all that are not known yet at once.

        Words of one letter, and those that are names only, are meant where a letter too many stands.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._near]
        lower = [text.lower().replace("’", "'") for text in new]
        slips, letters = self._slips if new else (None, "")
        found = slips.of_letters(lower, letters) if slips else []
        for text, one, words in zip(new, lower, found, strict=True):
            meant = [w for w in words if len(w) < len(one) or (len(w) > 1 and self.lexicon[w].kind & ORDINARY)]
            numbers = sorted(map(self._number, meant), key=lambda number: self._words[number].cost)
            self._near[text] = numbers[:_MOST_NEAR]

    def near(self, text: str) -> list[int]:
        """The numbers of frequent words of which one slip makes `text`, the likeliest first."""
        if text not in self._near:
            self._remember_near([text])
        return self._near[text]

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
        self._forget()
        asked = list(zip(runs, channels, strict=True))
        numbers = {one: number for number, one in enumerate(dict.fromkeys(asked))}
        slips = [list(self._may_be_slips(run)) for run, _ in numbers]
        self._remember_near(run.letters[a:b] for (run, _), some in zip(numbers, slips, strict=True) for a, b in some)
        questions = [
            Question(run, channel, *self._places(run, some))
            for (run, channel), some in zip(numbers, slips, strict=True)
        ]
        ways = cheapest(questions, self._weights)
        return [ways[numbers[one]] for one in asked]

    def _places(self, run: Run, slips: Iterable[tuple[int, int]]) -> tuple[list[int], list[int], list[int]]:
        """The words that stretches of a run may be, as they stand and with a slip in them, as in `Question`."""
        letters, size, lexicon, number = run.letters, len(run.letters), self.lexicon, self._number
        lower = letters.lower().replace("’", "'")
        digits = not letters.isalpha() and any(letter.isdecimal() for letter in letters)
        every = digits or len(lower) != size  # "İ" is two letters in lower case
        starts, ends, words = [], [], []
        meant: dict[int, list[int]] = {}
        for start, end in slips:
            meant.setdefault(start, []).append(end)
        for start in range(size):
            for end in range(start + 1, min(size, start + LONGEST) + 1):
                # Hardly any stretch is a word.
                if lower[start:end] in lexicon or every:
                    known = number(letters[start:end])
                    if known >= 0 and not (digits and _within_number(letters, start, end)):
                        starts.append(start)
                        ends.append(end)
                        words.append(known)
            for end in meant.get(start, ()):
                for word in self._near[letters[start:end]]:
                    starts.append(start)
                    ends.append(end)
                    words.append(-1 - word)
        return starts, ends, words

    def _may_be_slips(self, run: Run) -> Iterator[tuple[int, int]]:
        """Where letters, from `start` to `end`, may be a word with a slip in it.

        Whole tokens are, up to three in a row; and what is left of one that no lexicon has behind a frequent word, or
        before one.
        """
        letters = run.letters
        bounds = [0, *sorted(run.blanks), len(letters)]
        for number, start in enumerate(bounds[:-1]):
            for end in bounds[number + 1 : number + 1 + _MOST_TORN]:
                if end - start <= LONGEST and self.seldom(letters[start:end]):
                    yield start, end
            end = bounds[number + 1]
            if end - start <= LONGEST and self.word(letters[start:end]) is None:
                for cut in range(start + 1, end):
                    left, right = letters[start:cut], letters[cut:end]
                    if end - cut > 1 and self.frequent(left) and self.seldom(right):
                        yield cut, end
                    if cut - start > 1 and self.frequent(right) and self.seldom(left):
                        yield start, cut

    def counted(self, before: NDArray[np.uint64], after: NDArray[np.uint64]) -> NDArray[np.float32]:
        """How often ids were counted behind those before them."""
        return self._ngrams.counts([before, after])

    def cost_between(self, words: Sequence[str], left: str, right: str, run: Run, channel: Channel) -> float:
        """What words of a run cost between two others of it; "" stands for its edge."""
        within, before = 0.0, self._id(left) if left else run.left
        ids, meant = [before], []
        for text in [*words, right] if right else words:
            meant.append(self._meant(text, channel))
            ids.append(meant[-1].id)
            within += CAPITAL_WITHIN * sum(a.islower() and b.isupper() for a, b in pairwise(text))
        if not right:
            meant.append(Word(self._cost(run.right), run.right, 1.0))
        cost, after, share = np.array(meant).T
        pairs = Pairs(np.array(ids[: len(meant)]), after.astype(np.int64), share, cost)
        return within + float(self._costs(pairs).sum())

    def _meant(self, text: str, channel: Channel) -> Word:
        """A word as it stands, or the likeliest one that was meant, or one that no lexicon has."""
        found = self.word(text)
        if found is None:
            unknown = self._unknown[text[:1].isupper()]
            spelt = float(self._spelt([text]).cost(np.array([0]), np.array([len(text)]))[0]) + channel.unknown
            found = Word(unknown.cost + spelt, unknown.id, min(1.0, exp(-spelt)))
        near = (
            [self._words[number].slipped(channel.slip) for number in self.near(text)[:1]] if self.seldom(text) else []
        )
        return min([found, *near], key=lambda word: word.cost)

    def _id(self, text: str) -> int:
        known = self.word(text)
        return known.id if known else self._unknown[text[:1].isupper()].id

    def _costs(self, pairs: Pairs) -> NDArray[np.float64]:
        """What words cost behind those before them: -log of counted pairs and frequency, as far as each is trusted."""
        counted = self._ngrams.counts([pairs.before.astype(np.uint64), pairs.after.astype(np.uint64)])
        single = self._ngrams.single[pairs.before]
        chance = (counted * pairs.share + _TRUST * np.exp(-pairs.cost)) / (single + _TRUST)
        found: NDArray[np.float64] = -np.log(chance)
        return found

    def _cost(self, number: int) -> float:
        """-log of the frequency of an id."""
        return -float(np.log(max(0.5, float(self._ngrams.single[number])) / self._total))

    def _spelt(self, runs: Sequence[str]) -> Spelt:
        return Spelt.of(runs, self._spelling, self._table)


def _columns(words: Sequence[Word]) -> Words:
    cost, number, share = np.array(words, np.float64).reshape(-1, 3).T
    return Words(cost, number.astype(np.int64), share)


def _within_number(letters: str, start: int, end: int) -> bool:
    """Whether a cut would be between two digits."""
    return any(letters[at - 1 : at].isdecimal() and letters[at : at + 1].isdecimal() for at in (start, end))
