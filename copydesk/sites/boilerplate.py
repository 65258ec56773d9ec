"""Site boilerplate: lines that recur across the articles of a site.

Recurring text need not be boilerplate: agencies repeat background paragraphs, and articles are published more than
once. So only articles with enough unique text are counted, a line must occur in a large share of them, and it must
have few words in common with them.
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

#: Minimum articles with the line.
MIN_ARTICLES = 5
#: Minimum share of the site's articles with the line: for a sentence, a long line, a short line.
SENTENCE, LONG_LINE, SHORT_LINE = 0.8, 0.5, 0.25
#: Maximum characters of a short line, and of any candidate line.
SHORT, LONGEST = 60, 1_000
#: Maximum paragraphs of an article; longer ones are lists and are not counted.
MAX_PARAGRAPHS = 1_000
#: Minimum share of unique characters for an article to be counted: in lines that no earlier article has, and that less
#: than half of the site's articles have.
MIN_UNIQUE = 1 / 3
#: Maximum share of a line's words that also occur elsewhere in its articles, for a sentence and for other lines, and
#: the number of articles it is averaged over. In news of ten languages, 0.3 to 0.5 of a paragraph's words occurred
#: elsewhere in its own article, and 0.07 to 0.24 in another one.
SENTENCE_ON_TOPIC, ON_TOPIC, COMPARED_ARTICLES = 0.15, 0.3, 24

_LETTERS = re.compile(r"[^\W\d_].*?[^\W\d_]")
# Words are compared by their first letters, to ignore endings, and without the Arabic article; scripts without spaces
# by pairs of letters.
_ARTICLE = re.compile(r"(?:[وفبك]?ال|لل)(?=\w{3})")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]{{2,}}|[^\W\d_]{{4,}}")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


class Articles(NamedTuple):
    """Published articles: `uri`, `headline` and `body`; and the lines removed as boilerplate, each from the article in
    row `removed_from`."""

    uri: Sequence[str]
    headline: Sequence[str]
    body: pa.ChunkedArray
    removed_from: Sequence[int] = ()
    removed: Sequence[str] = ()


class _Lines(NamedTuple):
    """The lines of articles, one after the other: `owner` int64[n] is the row of the article of each, `line` int64[n]
    its number among the distinct ones. These are numbered as they occur: `first` int64[distinct] is where each occurs
    first, `length` int64[distinct] are its characters.
    """

    owner: Any
    line: Any
    first: Any
    length: Any

    @staticmethod
    def of(articles: Articles) -> _Lines:
        """One chunk at a time, and then only a number for each line, since the text is large. Two lines with the same
        hash of 64 bits would be taken for one, which no night will see.
        """
        owners, hashes, lengths, row = [], [], [], 0
        for body in articles.body.chunks:
            is_list = pc.greater_equal(pc.count_substring(body, "\n\n"), MAX_PARAGRAPHS)
            texts = pc.split_pattern(pc.if_else(is_list, "", body), "\n\n")
            owners.append(pc.list_parent_indices(texts).to_numpy() + row)
            lines = pc.list_flatten(texts)
            hashes.append(np.fromiter(map(hash, lines.to_pylist()), np.int64, len(lines)))
            lengths.append(pc.utf8_length(lines).to_numpy())
            row += len(body)
        removed = articles.removed
        owners.append(np.array(articles.removed_from, np.int64))
        hashes.append(np.fromiter(map(hash, removed), np.int64, len(removed)))
        lengths.append(np.fromiter(map(len, removed), np.int64, len(removed)))
        _, first, line = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        first = first[order]
        return _Lines(np.concatenate(owners), number[line], first, np.concatenate(lengths).astype(np.int64)[first])

    def text(self, line: int, articles: Articles) -> str:
        """The text of a distinct line, which is not empty."""
        place = int(self.first[line])
        of_removed = place - (len(self.owner) - len(articles.removed))
        if of_removed >= 0:
            return articles.removed[of_removed]
        row = int(self.owner[place])
        begin = int(np.searchsorted(self.owner[: len(self.owner) - len(articles.removed)], row))
        return str(articles.body[row].as_py().split("\n\n")[place - begin])


def recurring(articles: Articles) -> dict[str, dict[str, Recurring]]:
    """The recurring lines, by site."""
    if not len(articles.body):
        return {}
    names, site = np.unique([site_of(uri) for uri in articles.uri], return_inverse=True)
    lines = _Lines.of(articles)
    length = lines.length
    # The distinct lines of every article, in the order of the articles.
    once = np.unique(lines.owner * len(length) + lines.line)
    owner, line = np.divmod(once, len(length))
    pair, first, which, times = np.unique(
        site[owner] * len(length) + line, return_index=True, return_inverse=True, return_counts=True
    )
    site_size = np.bincount(site)
    is_unique = np.zeros(len(once), bool)
    is_unique[first] = times * 2 < site_size[site[owner[first]]]
    unique = np.bincount(owner[is_unique], length[line[is_unique]], len(site))
    counted = unique >= MIN_UNIQUE * np.maximum(np.bincount(owner, length[line], len(site)), 1)
    counted &= ~_repeated(site, articles.headline, site_size)
    counted_of_site = np.bincount(site[counted], minlength=len(names))
    occurrences = np.bincount(which[counted[owner]], minlength=len(pair))

    share = occurrences / np.maximum(counted_of_site[pair // len(length)], 1)
    is_short = (length > 0) & (length <= LONGEST)
    likely = np.flatnonzero((occurrences >= MIN_ARTICLES) & (share >= SHORT_LINE) & is_short[pair % len(length)])
    found: dict[str, dict[str, Recurring]] = {}
    candidates: dict[int, set[str]] = {}
    places: list[tuple[int, str, int, float]] = []
    for index in likely.tolist():
        text = lines.text(int(pair[index] % len(length)), articles)
        if _LETTERS.search(text) and share[index] >= _needed(text):
            number = int(pair[index] // len(length))
            candidates.setdefault(number, set()).add(text)
            places.append((number, text, index, float(share[index])))
    words = _Words(articles)
    order = np.argsort(which, kind="stable")
    begins = np.searchsorted(which[order], np.arange(len(pair) + 1))
    for number, text, index, part in places:
        owners = owner[order[begins[index] : begins[index + 1]]]
        owners = owners[counted[owners]][:COMPARED_ARTICLES].tolist()
        if words.shared(text, owners, candidates[number]) <= (SENTENCE_ON_TOPIC if ends_sentence(text) else ON_TOPIC):
            between = len(text) <= SHORT and part >= LONG_LINE and _may_cut(text)
            found.setdefault(str(names[number]), {})[text] = Recurring(int(occurrences[index]), between)
    return found


def _repeated(site: Any, headlines: Iterable[str], site_size: Any) -> Any:
    """Whether an earlier article of the site has the same headline; one that half the site has does not count."""
    codes = pa.array(headlines, pa.string()).dictionary_encode()
    pair = site * len(codes.dictionary) + codes.indices.to_numpy()
    _, first, which, times = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
    is_first = np.zeros(len(site), bool)
    is_first[first] = True
    return ~is_first & (times[which] * 2 < site_size[site]) & pc.not_equal(codes, "").to_numpy(zero_copy_only=False)


def _needed(text: str) -> float:
    return SENTENCE if ends_sentence(text) else LONG_LINE if len(text) > SHORT else SHORT_LINE


def _may_cut(text: str) -> bool:
    """Whether a line may be removed between two paragraphs: no sentence, no label of what follows, no digits."""
    return not (ends_sentence(text) or text.endswith((":", "：")) or any(letter.isdigit() for letter in text))


class _Words:
    """The words of articles, cached."""

    def __init__(self, articles: Articles) -> None:
        self._articles = articles
        self._known: dict[int, frozenset[str]] = {}

    def shared(self, line: str, owners: Sequence[int], candidates: set[str]) -> float:
        """The share of the words of `line` that occur elsewhere in an article, averaged over `owners`.

        Other recurring lines are left out: the lines of a footer share words.
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
