"""Candidates: what a token that is no word may have been meant to be, asked once for each distinct token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from copydesk.text.typos.errors import ErrorType
from copydesk.text.typos.grammar import Grammar
from copydesk.text.typos.lexicon import ORDINARY, PROPER, Lexicon
from copydesk.text.typos.nearby import NearbyWords
from copydesk.text.typos.slips import LONGEST, Slips
from copydesk.text.typos.spelling import Spelling
from copydesk.text.typos.variants import Variants

#: Words too rare to be what was meant.
LEAST_ZIPF = 2.0
LONGEST_WORD = 28
#: Candidates of a token.
MOST = 6
#: A word is as likely as one rarer by so much (Zipf) that needs a readier error.
PENALTY = {ErrorType.LETTER: 1.5, ErrorType.TWO_SHAPES: 1.0, ErrorType.TWO_LETTERS: 3.0}
#: Drawn out on purpose: "pleeease".
_DRAWN = re.compile(r"(.)\1\1")
#: Words that are looked for further away are at least this frequent (Zipf); those that are one letter away from a token
#: shorter than `SHORTEST_FAR` as frequent as this. Where a text is not known to be damaged a token in which two letters
#: are changed has a length of `SHORTEST_FAR_NARROW`, and begins as it was meant.
LEAST_FAR_ZIPF, LEAST_SHORT_ZIPF, SHORTEST_FAR, SHORTEST_FAR_NARROW = 2.5, 5.0, 5, 8
#: Characters of a damaged token that are no letters, at most.
MOST_STRANGE = 2
#: Tokens whose candidates are remembered.
MOST_REMEMBERED = 100_000
#: Parts of words run together are at least this frequent, and so is a word of which another is the plural or genitive.
LEAST_PART_ZIPF = 3.0
#: Letters of the word that a longer one is derived from, and of what was added to it.
SHORTEST_STEM, LONGEST_AFFIX = 4, 5
#: A word that has a prefix is this frequent and this long: a shorter one may be part of another ("profest").
LEAST_DERIVED_ZIPF, SHORTEST_DERIVED = 2.5, 5


class Candidate(NamedTuple):
    """`word`: what may have been meant, as it would be written; `zipf`: its frequency."""

    word: str
    zipf: float
    error: ErrorType


class CandidateFinder:
    """Candidates for a token, once for each distinct one."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar, spelling: Spelling) -> None:
        self.lexicon = lexicon
        self.spelling = spelling
        self.grammar = grammar
        self.variants = Variants(grammar)
        self._modern = str.maketrans(dict(grammar.old_letters))
        self._small = str.maketrans(dict(grammar.capitals_within))
        self._prefixes = tuple(sorted(grammar.prefixes))
        self._close: dict[str, tuple[Candidate, ...]] = {}
        self._far: dict[str, tuple[Candidate, ...]] = {}

    def close(self, tokens: Iterable[str]) -> dict[str, tuple[Candidate, ...]]:
        """What each token may have been meant to be, the likeliest first; nothing for what had better be left alone."""
        asked = list(dict.fromkeys(tokens))
        if len(self._close) > MOST_REMEMBERED:
            self._close.clear()
        new = [token for token in asked if token not in self._close]
        self._close.update(dict.fromkeys(new, ()))
        may = [token for token in new if self._may_be_close(token)]
        for token, meant in zip(may, self._meant(may), strict=True):
            self._close[token] = self._best(token, meant)
        return {token: self._close[token] for token in asked}

    def _may_be_close(self, token: str) -> bool:
        fits = 2 <= len(token) <= LONGEST_WORD and self._readable(token)
        return fits and not self.lacks_apostrophe(token) and not self.is_derived(token)

    def _best(self, token: str, meant: Iterable[tuple[ErrorType, str]]) -> tuple[Candidate, ...]:
        """The likeliest of what `token` may have been `meant` to be, which is in the order of how ready an error is."""
        found: dict[str, Candidate] = {}
        for error, word in meant:
            entry = self.lexicon.get(word)
            if entry is None or word in found or len(word) < 2 or entry.zipf < LEAST_ZIPF:
                continue
            if entry.kind & ORDINARY or (entry.kind & PROPER and not token.islower()):
                found[word] = Candidate(self._cased(word, token), entry.zipf, error)
        best = sorted(found.values(), key=lambda c: PENALTY.get(c.error, 0.0) - c.zipf)
        return tuple(best[:MOST])

    @cached_property
    def _slips(self) -> Slips:
        """The words that may have been meant."""
        words = [w for w in self.lexicon.words(LEAST_ZIPF, ORDINARY | PROPER) if 1 < len(w) <= LONGEST]
        return Slips(words, self.grammar.shapes, self.lexicon)

    def narrow(self, tokens: Iterable[str]) -> dict[str, tuple[Candidate, ...]]:
        """Candidates of each token in a text that is not known to be damaged.

        A long word in lower case that is not two words run together, and for which there is none at one letter, gets
        those at two that begin as it does and have the same letters, doubled, dropped or moved ("dissapearance"): long
        words that no lexicon has are mostly derived from others ("downloaders"), which have other letters.
        """
        found = self.close(tokens)
        lacking = [token for token, some in found.items() if not some and self._may_be_two_letters(token)]
        for token, far in self._two_letters(lacking).items():
            found[token] = tuple(
                c for c in far
                if c.error == ErrorType.TWO_LETTERS and c.word[0] == token[0] and set(c.word) == set(token)
            )  # fmt: skip
        return found

    def _may_be_two_letters(self, token: str) -> bool:
        long = len(token) >= SHORTEST_FAR_NARROW
        drawn = _DRAWN.search(token) is not None
        return long and token.islower() and token.isalpha() and not drawn and not self.parts(token)

    def wide(self, tokens: Iterable[str]) -> dict[str, tuple[Candidate, ...]]:
        """Candidates of each token in damaged text: up to twice `MOST`.

        Besides those at one letter, these are words two letters away, and the most frequent short words at one; a digit
        or a sign within a token may be any letter, or none. A token may be a known word, or have signs in it ("t;o").
        """
        found = self.close(tokens)
        for token, more in self._two_letters(list(found)).items():
            known = {candidate.word.lower() for candidate in found[token]}
            found[token] += tuple(c for c in more if c.word.lower() not in known)
        return found

    @cached_property
    def _near(self) -> tuple[NearbyWords, list[str]]:
        words = [word for word in self.lexicon.words(LEAST_FAR_ZIPF, ORDINARY | PROPER) if len(word) > 1]
        return NearbyWords(words, self.grammar.alphabet), words

    def _two_letters(self, tokens: Sequence[str]) -> dict[str, tuple[Candidate, ...]]:
        """Words further away from each token, the likeliest first: at most `MOST`."""
        if len(self._far) > MOST_REMEMBERED:
            self._far.clear()
        new = [token for token in dict.fromkeys(tokens) if token not in self._far]
        self._far.update(dict.fromkeys(new, ()))
        may = [token for token in new if self._may_be_far(token)]
        self._look([token for token in may if len(token) >= SHORTEST_FAR], 2, LEAST_FAR_ZIPF)
        self._look([token for token in may if len(token) < SHORTEST_FAR], 1, LEAST_SHORT_ZIPF)
        return {token: self._far[token] for token in tokens}

    def _look(self, tokens: Sequence[str], most: int, least_zipf: float) -> None:
        """Ask the index for words at up to `most` letters, and remember the best for each token."""
        if not tokens:
            return
        index, words = self._near
        near = index([token.lower() for token in tokens], most)
        ranked: dict[str, list[tuple[float, Candidate]]] = {}
        for string, number, distance in zip(*(column.tolist() for column in near), strict=True):
            token, word = tokens[string], words[number]
            entry = self.lexicon[word]
            if entry.zipf < least_zipf or not distance or not (entry.kind & ORDINARY or not token.islower()):
                continue
            error = ErrorType.LETTER if distance == 1 else ErrorType.TWO_LETTERS
            candidate = Candidate(self._cased(word, token), entry.zipf, error)
            cost = PENALTY[error] + (word[0] != token[0].lower()) - entry.zipf
            ranked.setdefault(token, []).append((cost, candidate))
        for token, some in ranked.items():
            some.sort()
            self._far[token] = tuple(candidate for _, candidate in some[:MOST])

    def _may_be_far(self, token: str) -> bool:
        letters = sum(c.isalpha() for c in token)
        strange = len(token) - letters
        return (
            2 <= len(token) <= LONGEST_WORD
            and strange <= min(MOST_STRANGE, letters // 2)
            and not self.lacks_apostrophe(token)
            and not self.is_derived(token)
        )

    def is_derived(self, token: str) -> bool:
        """Whether a token is a common word with a prefix ("uncited"): such words no lexicon has all of."""
        lower, lexicon = token.lower(), self.lexicon
        return lower.startswith(self._prefixes) and any(
            lower.startswith(prefix)
            and len(lower) - len(prefix) >= SHORTEST_DERIVED
            and (entry := lexicon.get(lower[len(prefix) :])) is not None
            and bool(entry.kind & ORDINARY)
            and entry.zipf >= LEAST_DERIVED_ZIPF
            for prefix in self._prefixes
        )

    def stems(self, token: str) -> tuple[float, float]:
        """The frequency (Zipf) of the longest word that a token begins with, and of the longest that it ends with.

        Of the token all but `LONGEST_AFFIX` letters belong to it: what is more may be an ending or prefix
        ("downloaders", "unsmoked"). 0 where there is none.
        """
        lower, zipf = token.lower(), self.lexicon.zipf
        sizes = range(len(lower) - 1, max(SHORTEST_STEM, len(lower) - LONGEST_AFFIX) - 1, -1)
        before = next((z for size in sizes if (z := zipf(lower[:size])) >= LEAST_PART_ZIPF), 0.0)
        behind = next((z for size in sizes if (z := zipf(lower[-size:])) >= LEAST_PART_ZIPF), 0.0)
        return before, behind

    def lacks_apostrophe(self, token: str) -> bool:
        """Whether a token may be a known word with an ending that an apostrophe sets apart ("citys", "Syrias")."""
        lower = token.lower()
        return len(token) > 3 and any(
            token.endswith(clitic) and self.lexicon.zipf(lower[: -len(clitic)]) >= LEAST_PART_ZIPF
            for clitic in self.grammar.clitics
        )

    def _meant(self, tokens: Sequence[str]) -> list[list[tuple[ErrorType, str]]]:
        """For each token, strings that may have been meant, in lower case, the readiest errors first."""
        lower = [token.lower() for token in tokens]
        modern = [self._in_modern_print(one) for one in lower]
        readings = [[] if new else self._readings(token) for token, new in zip(tokens, modern, strict=True)]
        misread = [self._misread(some) for some in readings]
        twice = self._misread_again([once if len(one) >= 5 else {} for one, once in zip(lower, misread, strict=True)])
        plain = [
            one if some and len(one) >= 4 and one.isalpha() else "" for one, some in zip(lower, readings, strict=True)
        ]
        slips = self._slips.of_letters(plain, self.grammar.alphabet)
        found = []
        for i, one in enumerate(lower):
            signs = [modern[i]] if modern[i] else [] if readings[i] == [one] else readings[i]
            shapes = sorted(word for word in misread[i] if word in self.lexicon)
            kinds = zip(list(ErrorType), (signs, shapes, twice[i], slips[i]), strict=False)
            found.append([(error, word) for error, words in kinds for word in words])
        return found

    def _in_modern_print(self, lower: str) -> str:
        """The word that a token is in modern letters; "" for one that has no old ones, or is no word."""
        modern = lower.translate(self._modern)
        return modern if modern != lower and modern in self.lexicon else ""

    def _readings(self, token: str) -> list[str]:
        """A token in lower case, with letters for the signs and for the capitals that a scanner read for them."""
        readings = list(dict.fromkeys(self.variants.without_signs(token.lower())))
        if token[1:] != token[1:].lower() and not token.isupper():
            within = token[:1] + token[1:].translate(self._small)
            readings += [reading.lower() for reading in self.variants.without_signs(within)]
        return readings

    def _misread(self, readings: Sequence[str]) -> dict[str, int]:
        """What readings are with one shape for another, each with the first place that may differ."""
        found: dict[str, int] = {}
        for reading in dict.fromkeys(readings):
            for word, at in self.variants.shapes(reading).items():
                found[word] = min(at, found.get(word, at))
        return found

    def _misread_again(self, some: Sequence[dict[str, int]]) -> list[list[str]]:
        """For each group of strings, the words that are any of them with one more shape for another, in order."""
        # Two shapes that do not overlap may be taken in either order: here the first one comes first.
        widest = max((len(old) for old, _ in self.grammar.shapes), default=1)
        first = [max(0, at - widest + 1) for once in some for at in once.values()]
        found = iter(self._slips.of_shapes([word for once in some for word in once], first))
        return [sorted({word for _ in once for word in next(found)}) for once in some]

    def is_old_print(self, token: str) -> bool:
        """Whether a token has a letter that only old print has."""
        return any(letter in token for letter in self.grammar.old_letters)

    def parts(self, token: str) -> tuple[tuple[str, str], ...]:
        """The ways in which `token` is two words run together, in lower case."""
        lower = token.lower()
        if not 4 <= len(lower) <= 2 * LONGEST_WORD or not lower.isalpha():
            return ()
        ways = []
        for cut in range(1, len(lower)):
            left, right = lower[:cut], lower[cut:]
            if all(self._may_be_part(part) for part in (left, right)):
                ways.append((left, right))
        prefixes = self.grammar.prefixes
        for cut in range(1, len(lower)):
            if lower[:cut] in prefixes and lower[cut:] in self.lexicon:
                return tuple(way for way in ways if way[0] not in prefixes and len(way[0]) > 1)
        return tuple(ways)

    def _may_be_part(self, part: str) -> bool:
        if len(part) <= 2:
            return part in self.grammar.short_words
        entry = self.lexicon.get(part)
        return entry is not None and bool(entry.kind & ORDINARY) and entry.zipf >= LEAST_PART_ZIPF

    def _readable(self, token: str) -> bool:
        """Whether a token may be a misread word: letters, with at most two digits among them that look like letters.

        "3rd", "5pm", "4s", "H1N1", "B2B" are what they are.
        """
        digits = [c for c in token if c.isdigit()]
        if not digits:
            return True
        letters = [c for c in token if c.isalpha()]
        if len(digits) > (2 if len(letters) > 5 else 1) or len(letters) < 2:
            return False
        if any(c not in self.grammar.signs for c in digits):
            return False
        if token[0].isdigit():
            return token[0] in self.grammar.initial_signs and len(letters) >= 3 and token[1:].islower()
        inside = token.rstrip("0123456789")
        # What ends in a digit is a version, a title, a form: "Pen15", "A1"; only "rebe1" and the like are words.
        return any(c.islower() for c in letters) and (
            inside == token or (token[:1].islower() and len(token) - len(inside) == 1)
        )

    def _cased(self, word: str, token: str) -> str:
        """`word` with the capitals of `token`; a capital that was read for another letter is none."""
        if self.grammar.capitals_within.get(token[:1]) == word[:1] and token[1:].islower():
            return word
        letters = [c for c in token if c.isalpha()]
        if len(letters) > 1 and all(c.isupper() for c in letters):
            return word.upper()
        return word[:1].upper() + word[1:] if token[:1].isupper() else word
