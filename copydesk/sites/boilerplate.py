"""Lines that recur across the articles of a site, and belong to the site and not to its stories.

What recurs need not be boilerplate: agencies repeat a paragraph of background from story to story, and stories are
published more than once. So only articles with text of their own are counted, a line must stand in a large share of
them, and it must share few words with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.text.site import Recurring, site_of
from copydesk.text.structure.sentences import ends_sentence

#: Minimum articles of a site that have the line.
LEAST = 5
#: Minimum share of the site's articles that have it: for a sentence, a long line, a short line.
SENTENCE, LONG_LINE, SHORT_LINE = 0.8, 0.5, 0.25
#: Maximum characters of a short line, and of any line that is considered.
SHORT, LONGEST = 60, 1_000
#: Articles with more paragraphs are lists, and are left out.
MOST_PARAGRAPHS = 1_000
#: Minimum share of its characters that an article has for itself to be counted: they stand in no earlier article, and
#: not in half of the site's.
OWN = 1 / 3
#: Maximum share of a line's words that also stand elsewhere in its articles, for a sentence and for other lines, and
#: the number of articles it is averaged over. In news of ten languages it was 0.3 to 0.5 of a paragraph's words in its
#: own story, and 0.07 to 0.24 in another.
SENTENCE_ON_TOPIC, ON_TOPIC, ASKED = 0.15, 0.3, 24

_LETTERS = re.compile(r"[^\W\d_].*?[^\W\d_]")
# Words by their first letters, which endings leave alone, without the Arabic article; scripts without spaces by pairs
# of letters.
_ARTICLE = re.compile(r"(?:[وفبك]?ال|لل)(?=\w{3})")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]{{2,}}|[^\W\d_]{{4,}}")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


class Articles(NamedTuple):
    """Published articles: `uri`, `headline` and `body`, and beside them the lines that were taken out of the article in
    row `removed_from` because they recur."""

    uri: Sequence[str]
    headline: Sequence[str]
    body: pa.Array
    removed_from: Sequence[int] = ()
    removed: Sequence[str] = ()


def recurring(articles: Articles) -> dict[str, dict[str, Recurring]]:
    """By site, the lines that recur across it."""
    if not len(articles.body):
        return {}
    names, site = np.unique([site_of(uri) for uri in articles.uri], return_inverse=True)
    is_list = pc.greater_equal(pc.count_substring(articles.body, "\n\n"), MOST_PARAGRAPHS)
    texts = pc.split_pattern(pc.if_else(is_list, "", articles.body), "\n\n")
    owner = np.concatenate([pc.list_parent_indices(texts).to_numpy(), np.array(articles.removed_from, np.int64)])
    lines = pa.concat_arrays([pc.list_flatten(texts), pa.array(articles.removed, pa.string())]).dictionary_encode()
    length = pc.utf8_length(lines.dictionary).to_numpy().astype(np.int64)
    # Every line of every article once, in the order of the articles.
    once = np.unique(owner * len(length) + lines.indices.to_numpy())
    owner, line = np.divmod(once, len(length))
    pair, first, which, times = np.unique(
        site[owner] * len(length) + line, return_index=True, return_inverse=True, return_counts=True
    )
    many = np.bincount(site)
    is_own = np.zeros(len(once), bool)
    is_own[first] = times * 2 < many[site[owner[first]]]
    own = np.bincount(owner[is_own], length[line[is_own]], len(site))
    teaches = own >= OWN * np.maximum(np.bincount(owner, length[line], len(site)), 1)
    teaches &= ~_repeated(site, articles.headline, many)
    teaching = np.bincount(site[teaches], minlength=len(names))
    stands = np.bincount(which[teaches[owner]], minlength=len(pair))

    share = stands / np.maximum(teaching[pair // len(length)], 1)
    likely = np.flatnonzero((stands >= LEAST) & (share >= SHORT_LINE))
    found: dict[str, dict[str, Recurring]] = {}
    candidates: dict[int, set[str]] = {}
    places: list[tuple[int, str, int, float]] = []
    for index in likely.tolist():
        text = lines.dictionary[int(pair[index] % len(length))].as_py()
        if len(text) <= LONGEST and _LETTERS.search(text) and share[index] >= _needed(text):
            number = int(pair[index] // len(length))
            candidates.setdefault(number, set()).add(text)
            places.append((number, text, index, float(share[index])))
    words = _Words(articles)
    order = np.argsort(which, kind="stable")
    begins = np.searchsorted(which[order], np.arange(len(pair) + 1))
    for number, text, index, part in places:
        owners = owner[order[begins[index] : begins[index + 1]]]
        owners = owners[teaches[owners]][:ASKED].tolist()
        if words.shared(text, owners, candidates[number]) <= (SENTENCE_ON_TOPIC if ends_sentence(text) else ON_TOPIC):
            between = len(text) <= SHORT and part >= LONG_LINE and _may_cut(text)
            found.setdefault(str(names[number]), {})[text] = Recurring(int(stands[index]), between)
    return found


def _repeated(site: Any, headlines: Iterable[str], many: Any) -> Any:
    """Whether an article's headline stood over an earlier one of its site; a headline of half the site is none."""
    codes = pa.array(headlines, pa.string()).dictionary_encode()
    pair = site * len(codes.dictionary) + codes.indices.to_numpy()
    _, first, which, times = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
    is_first = np.zeros(len(site), bool)
    is_first[first] = True
    return ~is_first & (times[which] * 2 < many[site]) & pc.not_equal(codes, "").to_numpy(zero_copy_only=False)


def _needed(text: str) -> float:
    return SENTENCE if ends_sentence(text) else LONG_LINE if len(text) > SHORT else SHORT_LINE


def _may_cut(text: str) -> bool:
    """Whether a line may go from between two paragraphs: no sentence, no label of what follows, no figures."""
    return not (ends_sentence(text) or text.endswith((":", "：")) or any(letter.isdigit() for letter in text))


class _Words:
    """The words of articles, each read once."""

    def __init__(self, articles: Articles) -> None:
        self._articles = articles
        self._known: dict[int, frozenset[str]] = {}

    def shared(self, line: str, owners: Sequence[int], candidates: set[str]) -> float:
        """The share of the words of `line` that stand elsewhere in an article, on average over `owners`.

        What else recurs is left out: the lines of one footer speak of each other.
        """
        words = _words(line)
        if not words:
            return 0.0
        return sum(len(words & self._of(row, candidates)) for row in owners) / len(words) / len(owners)

    def _of(self, row: int, candidates: set[str]) -> frozenset[str]:
        if row not in self._known:
            paragraphs = self._articles.body[row].as_py().split("\n\n")
            story = "\n".join([self._articles.headline[row], *(p for p in paragraphs if p not in candidates)])
            self._known[row] = _words(story)
        return self._known[row]


def _without_article(word: str) -> str:
    article = _ARTICLE.match(word)
    return word[article.end() :] if article else word


def _words(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if _IS_UNSPACED.match(word):
            found.update(word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.add(_without_article(word)[:5])
    return frozenset(found)
