"""The keys of an article: two articles that may be copies have some in common.

- `BODY`: the least hash of the body's shingles in each of `BINS` classes of hashes, one-permutation MinHash (Li, Owen
  and Zhang, *One permutation hashing*, 2012): one hash for each shingle, not one for each shingle and permutation. Of
  two articles each key is the same with the probability of their Jaccard similarity. And the `LEADS` least hashes of
  the first `OPENING` shingles, for texts of which one is the beginning of the other.
- `EXACT`: all words of the body, in order.
- `HEADLINE`: the same headline on the same day on the same site.

A body that says nothing of what its headline says may be anything: a cookie wall, a footer. It is then taken together
with its headline, so that only articles with the same headline have a key in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from copydesk.duplicates.shingles import Shingles, mix, shingles, spaced

#: Kinds of a key, in its last two bits.
BODY, EXACT, HEADLINE, CLUSTER = range(4)
KIND = 3
#: Body keys that two articles must have in common to be compared.
LEAST_COMMON = 2

BINS = 12
LEADS = 4
OPENING = 32
#: Words of a headline from which on it identifies a story of its site and day.
HEADLINE_WORDS = 4
#: Letters by which the words of a headline are looked for in the body, and the least letters of such a word.
_STEM = 5
_LETTERS = 4
#: The least share of them that stands in a body that speaks of the headline, and the bytes of words from which on one
#: is enough: what is scraped in place of a body is short.
_SPOKEN = 0.2
_LONG = 1500
_ALL = np.uint64(2**32 - 1)


class Sketches(NamedTuple):
    """The sketches of some articles. Their body's shingles; `spaced` their bodies and `headlines` their headlines as
    `copydesk.duplicates.shingles.spaced` gives them, but with single spaces; `told` says whether the body speaks of
    the headline; `contents` uint64[articles] stands for what is published, body and, where the body does not speak of
    it, headline; `titles` stands for headline, day and site together, 0 where that says nothing; `keys` are uint32
    arrays.
    """

    shingles: Shingles
    spaced: list[bytes]
    headlines: list[bytes]
    told: list[bool]
    contents: Any
    titles: list[int]
    keys: list[Any]


def sketch(
    bodies: Sequence[str], headlines: Sequence[str], days: Sequence[date | None], sites: Sequence[str | None]
) -> Sketches:
    """The sketches of articles, from their columns."""
    texts = [spaced(body) for body in bodies]
    heads = [b" ".join(spaced(headline).split()) for headline in headlines]
    told = [speaks_of(text, head) for text, head in zip(texts, heads, strict=True)]
    found = shingles(texts)
    salts = np.array([0 if known else _number(head) for known, head in zip(told, heads, strict=True)], np.uint64)
    contents = mix(found.digests ^ salts)
    body, rows = _body_keys(found, salts)
    exact = _keys(contents, EXACT)
    titles = [_title(*one) for one in zip(heads, days, sites, strict=True)]
    by_title = _keys(np.array(titles, np.uint64), HEADLINE)
    edges = np.searchsorted(rows, np.arange(len(texts) + 1))
    keys = [
        np.concatenate([body[edges[row] : edges[row + 1]], exact[row : row + 1], by_title[row : row + bool(title)]])
        for row, title in enumerate(titles)
    ]
    return Sketches(found, texts, heads, told, contents, titles, keys)


def speaks_of(text: bytes, headline: bytes) -> bool:
    """Whether a body has some of the longer words of its headline, by their first letters; true without such words."""
    words = [word.decode() for word in headline.split()]
    stems = {word[:_STEM] for word in words if len(word) >= _LETTERS or not word.isascii()}
    spoken = (b" " + stem.encode() in text for stem in stems)
    if len(text) >= _LONG:
        return not stems or any(spoken)
    return sum(spoken) >= _SPOKEN * len(stems)


def cluster_keys(references: Any) -> Any:
    """The keys under which the members of clusters are kept, uint32[n], from the first halves of the ids of their
    canonical articles, uint64[n].
    """
    return _keys(references, CLUSTER)


def _body_keys(found: Shingles, salts: Any) -> tuple[Any, Any]:
    """The body keys of all texts, and the text of each; both sorted by text."""
    counts = np.diff(np.concatenate([[0], found.ends]))
    rows = np.repeat(np.arange(len(counts)), counts)
    hashes = found.hashes
    if salts.any():
        own = salts[rows]
        hashes = np.where(own == 0, hashes, mix(hashes ^ own))
    hashes = hashes >> np.uint64(32)
    bins = (hashes * np.uint64(BINS)) >> np.uint64(32)
    flat = np.full(len(counts) * BINS, _ALL)
    np.minimum.at(flat, rows * BINS + bins.astype(np.int64), hashes)
    least = flat.reshape(-1, BINS)
    first = found.ends - counts
    places = first[:, None] + np.arange(OPENING)
    inside = places < found.ends[:, None]
    opening = np.where(inside, hashes[np.minimum(places, max(len(hashes) - 1, 0))], _ALL) if len(hashes) else None
    leads = np.sort(opening, axis=1)[:, :LEADS] if opening is not None else np.full((len(counts), LEADS), _ALL)
    salted = np.concatenate([least ^ (np.arange(BINS, dtype=np.uint64) << np.uint64(33)), leads | np.uint64(2**40)], 1)
    there = np.concatenate([least, leads], 1) != _ALL
    return _keys(salted[there], BODY), np.nonzero(there)[0]


def _title(headline: bytes, day: date | None, site: str | None) -> int:
    """A number for a headline on a day on a site; 0 if one of them is missing, or the headline is short."""
    if day is None or not site or headline.count(b" ") < HEADLINE_WORDS - 1:
        return 0
    return _number(headline, day.isoformat().encode(), site.encode())


def _keys(numbers: Any, kind: int) -> Any:
    """uint32 keys of a kind."""
    mixed = mix(numbers + np.uint64(kind)) >> np.uint64(32)
    return ((mixed & np.uint64(2**32 - 4)) | np.uint64(kind)).astype(np.uint32)


def _number(*parts: bytes) -> int:
    """A number that is not 0 for some bytes."""
    digest = hashlib.blake2b(b"\0".join(parts), digest_size=8).digest()
    return int.from_bytes(digest, "big") | 1
