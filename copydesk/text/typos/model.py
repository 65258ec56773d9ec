"""All that a language's folder holds, loaded: what the steps of `copydesk.text.typos` work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from copydesk.records import Article
from copydesk.text.typos.apostrophes import Apostrophes
from copydesk.text.typos.batch import TokenTypes
from copydesk.text.typos.candidates import CandidateFinder
from copydesk.text.typos.confusions import ConfusionSets
from copydesk.text.typos.doubtful import Doubtful
from copydesk.text.typos.encoder import Encoder
from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lexicon import Lexicon
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.pairs import Pairs
from copydesk.text.typos.realwords import Gate
from copydesk.text.typos.scorers import Calibration, LinearScorer, Scorer
from copydesk.text.typos.segmenter import Segmenter
from copydesk.text.typos.spelling import Spelling

#: Words of this Zipf frequency are words of grammar and the like: a quarter of any text and more.
FREQUENT = 5.8


@dataclass(frozen=True)
class Model:
    """One language.

    `words` are those with a confusion set, `numbers` their places in that list, `sets` the sets. `capitals` marks the
    words that are often names at the beginning of a sentence. `scorers` and `calibrations` judge findings by their kind
    (`single`, or `damaged` in a damaged text; `joined`; `spaces`; words that are words: `judge`, `encoder` without a
    judge, `gate` without an encoder). `segmenter` cuts letters into words.
    `judge` loads the judge, which is asked where the encoder's decision says more than `judge_from`. `foreign` are
    frequent words of other languages, `alone` are words that are never doubted, `undoubted` marks those of them that
    have a set. `encoder` and `judge` are None where the model is used without them.
    """

    language: str
    grammar: Grammar
    lexicon: Lexicon
    vocabulary: Sequence[str]
    words: Sequence[str]
    numbers: dict[str, int]
    sets: ConfusionSets
    capitals: NDArray[np.bool_]
    ngrams: NGrams
    spelling: Spelling
    gate: Gate
    encoder: Encoder | None
    judge: Callable[[], Encoder] | None
    judge_from: float
    scorers: Mapping[str, Scorer | LinearScorer]
    calibrations: Mapping[str, Calibration]
    doubtful: Doubtful
    pairs: Pairs
    apostrophes: Apostrophes
    foreign: frozenset[str]
    segmenter: Segmenter
    alone: frozenset[str]
    undoubted: NDArray[np.bool_]
    token_types: TokenTypes = field(init=False, repr=False)
    finder: CandidateFinder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        types = TokenTypes(self.lexicon, self.vocabulary, self.numbers, self.grammar)
        object.__setattr__(self, "token_types", types)
        object.__setattr__(self, "finder", CandidateFinder(self.lexicon, self.grammar, self.spelling))

    def forget(self) -> None:
        """Forget the windows that encoder and judge have read, to measure or test what these take."""
        for reader in (self.encoder, self.judge() if self.judge is not None else None):
            if reader is not None:
                reader.known.clear()

    def is_for(self, article: Article) -> bool:
        """Whether an article is in this language, as far as its language is known."""
        return article.language == self.language or (
            article.language == "und" and self.reads(f"{article.headline} {article.body}"[:400])
        )

    def reads(self, text: str) -> bool:
        """Whether a short text, whose language could not be told, is most likely in this one: mostly its frequent
        words.
        """
        words = [token.lower() for token in self.token_types.tokenize(text) if token.isalpha()]
        frequent = sum(self.lexicon.zipf(word) >= FREQUENT and word not in self.foreign for word in words)
        known = sum(self.lexicon.knows(word) for word in words)
        return len(words) >= 3 and 4 * frequent >= len(words) and 4 * known >= 3 * len(words)

    def probability(self, kind: str, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """How often findings of a kind with such features were right."""
        return self.calibrations[kind](self.scorers[kind](features))
