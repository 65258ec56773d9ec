"""All that a language's folder holds, loaded: what the steps of `copydesk.text.typos` work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from copydesk.records import Article
from copydesk.text.typos.context import Neighbours, Scale, Weights
from copydesk.text.typos.encoder import Encoder
from copydesk.text.typos.finder import Finder
from copydesk.text.typos.lexicon import Lexicon
from copydesk.text.typos.ngrams import NGrams
from copydesk.text.typos.pairs import Pairs
from copydesk.text.typos.reading import Kinds
from copydesk.text.typos.realwords import Gate
from copydesk.text.typos.tokens import tokens

#: Words of this Zipf frequency are words of grammar and the like: a quarter of any text and more.
FREQUENT = 5.8


@dataclass(frozen=True)
class Model:
    """One language.

    `words` are those with a confusion set, `numbers` their places in that list, `neighbours` the sets. `capitals`
    marks the words that are often names at the beginning of a sentence. `scales` judge findings by their kind
    (`single`, `merged`, `joined`, `real`); `curves` turn their log-odds into probabilities: (log-odds, probability),
    both rising. `grammar` are frequent words of other languages, `alone` words that are never doubted, `closely` words
    that are looked at wherever they stand. `encoder` is
    None where the model is used without it; the kind of scale is then `plain` in place of `real`.
    """

    language: str
    lexicon: Lexicon
    vocabulary: Sequence[str]
    words: Sequence[str]
    numbers: dict[str, int]
    neighbours: Neighbours
    capitals: NDArray[np.bool_]
    ngrams: NGrams
    gate: Gate
    encoder: Encoder | None
    scales: Mapping[str, Scale | Weights]
    curves: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    pairs: Pairs
    grammar: frozenset[str]
    alone: frozenset[str]
    closely: frozenset[str]
    kinds: Kinds = field(init=False, repr=False)
    finder: Finder = field(init=False, repr=False)
    undoubted: NDArray[np.bool_] = field(init=False, repr=False)
    often_mistaken: NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", Kinds(self.lexicon, self.vocabulary, self.numbers))
        object.__setattr__(self, "finder", Finder(self.lexicon))
        skipped = np.array([word in self.alone for word in self.words], bool)
        object.__setattr__(self, "undoubted", skipped)
        object.__setattr__(self, "often_mistaken", np.array([word in self.closely for word in self.words], bool))

    def is_for(self, article: Article) -> bool:
        """Whether an article is in this language, as far as its language is known."""
        return article.language == self.language or (
            article.language == "und" and self.reads(f"{article.headline} {article.body}"[:400])
        )

    def reads(self, text: str) -> bool:
        """Whether a short text, whose language could not be told, is most likely in this one: mostly its frequent
        words.
        """
        words = [token.lower() for token in tokens(text) if token.isalpha()]
        frequent = sum(self.lexicon.zipf(word) >= FREQUENT and word not in self.grammar for word in words)
        known = sum(self.lexicon.knows(word) for word in words)
        return len(words) >= 3 and 4 * frequent >= len(words) and 4 * known >= 3 * len(words)

    def probability(self, kind: str, odds: NDArray[np.float32]) -> NDArray[np.float32]:
        """How often findings of such log-odds were right."""
        x, p = self.curves[kind]
        found: NDArray[np.float32] = np.interp(odds, x, p).astype(np.float32)
        return found
