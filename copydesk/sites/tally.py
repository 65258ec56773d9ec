"""Counts a night by site, batch by batch, with what the run knows anyway.

A site takes up a few hundred bytes, and each of its documents 12 to count texts that repeat and find the median length.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import median_low
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.edits import APPLIED
from copydesk.records import CRITICAL, Arrival, storable
from copydesk.text.site import site_of

#: The run as a whole, in place of the name of a site. Documents without a site have the empty name.
WHOLE = None
#: The rules of repaired mojibake begin so.
_MOJIBAKE = "mojibake"
_TYPOS = "typos"
#: The sums over articles, as columns of the table `sites`.
_SUMS = (
    *("measured", "undated", "lost", "lost_characters", "mojibake", "repaired", "boilerplate", "words", "typos"),
    *("changed", "bytes_read"),
)


class Told(NamedTuple):
    """What the checks and the warehouse say of the articles of a batch: whether each one is `published`, and the ids of
    those that are `known`, which are published already."""

    published: Sequence[bool]
    known: pa.ChunkedArray


@dataclass(slots=True)
class _Counts:
    """What is known of one site."""

    arrivals: int = 0
    processed: int = 0
    quarantined: int = 0
    repeats: int = 0  # of other counts that are merged into these
    published: Counter[date | None] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_SUMS, 0))
    lengths: array[int] = field(default_factory=lambda: array("i"))
    texts: array[int] = field(default_factory=lambda: array("Q"))  # a digest of each

    @property
    def repeated(self) -> int:
        """Texts that an earlier document of the site has, too."""
        return self.repeats + len(self.texts) - len(np.unique(np.frombuffer(self.texts, np.uint64)))


class Tally:
    """The counts of a night, by site."""

    def __init__(self) -> None:
        self._sites: dict[str, _Counts] = {}

    def arriving(self, arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
        """The same, each counted."""
        for arrival in arrivals:
            self._of(storable(site_of(arrival.address or arrival.uri))).arrivals += 1
            yield arrival

    def add(self, articles: pa.Table, metrics: pa.Table, edits: pa.Table, raw: pa.Table, told: Told) -> None:
        """Add the articles of a batch, those that fail the checks included, with their metrics, edits and documents."""
        if not len(articles):
            return
        coded = pc.fill_null(articles["site"], "").combine_chunks().dictionary_encode()
        owner = coded.indices.to_numpy()
        names = coded.dictionary.to_pylist()
        ids = articles["article_id"].combine_chunks()
        columns = {
            "measured": np.ones(len(articles)),
            "undated": _flags(pc.is_null(articles["published_date"])),
            "lost": _flags(pc.greater(metrics["replacement_count"], 0)),
            "lost_characters": metrics["replacement_count"].to_numpy(),
            "mojibake": _flags(pc.greater(metrics["mojibake_count"], 0)),
            "repaired": _flags(pc.is_in(ids, _repaired(edits))),
            "boilerplate": metrics["boilerplate_share"].to_numpy(),
            "words": articles["word_count"].to_numpy(),
            "typos": _per_article(_typos(edits), ids),
            "changed": _flags(pc.is_in(ids, told.known.combine_chunks())),
            "bytes_read": _flags(pc.binary_length(raw["content"])),
        }
        sums = {name: np.bincount(owner, values, len(names)) for name, values in columns.items()}
        for code, name in enumerate(names):
            counts = self._of(name)
            counts.processed += int(sums["measured"][code])
            for key, values in sums.items():
                counts.sums[key] += float(values[code])
        self._add_values(articles, owner, names, pa.array(told.published, pa.bool_()))

    def _add_values(self, articles: pa.Table, owner: Any, names: Sequence[str], published: pa.Array) -> None:
        """What is counted by value: days, languages, lengths and texts."""
        table = articles.select(["published_date", "language"]).append_column("site", pa.array(owner))
        for column, kept in (("published_date", table.filter(published)), ("language", table)):
            for row in kept.group_by(["site", column], use_threads=False).aggregate([([], "count_all")]).to_pylist():
                counts = self._sites[names[row["site"]]]
                counter: Counter[Any] = counts.languages if column == "language" else counts.published
                counter[row[column]] += row["count_all"]
        order = np.argsort(owner, kind="stable")
        edges = np.searchsorted(owner[order], np.arange(len(names) + 1)).tolist()
        lengths, texts = (articles["word_count"].to_numpy().astype(np.int32)[order], _digests(articles["body"])[order])
        for name, (start, stop) in zip(names, pairwise(edges), strict=True):
            counts = self._sites[name]
            counts.lengths.frombytes(lengths[start:stop].tobytes())
            counts.texts.frombytes(texts[start:stop].tobytes())

    def add_quarantined(self, rows: Iterable[Mapping[str, Any]], never_articles: int) -> None:
        """Add quarantined documents; the first `never_articles` of them have not been added by `add`."""
        for number, row in enumerate(rows):
            counts = self._of(site_of_row(row))
            if number < never_articles:
                counts.processed += 1
                counts.sums["bytes_read"] += len(row["content"])
            counts.quarantined += 1
            counts.reasons[_decisive(row["reasons"])] += 1

    def rows(self, held: Iterable[date | None] = ()) -> dict[str | None, dict[str, Any]]:
        """A row of the table `sites` for each site, without its findings, and one for the run as a whole.

        `held` are the days that the gate holds back: their documents are quarantined.
        """
        held = set(held)
        found: dict[str | None, dict[str, Any]] = {
            name: _row(name, counts, held) for name, counts in sorted(self._sites.items())
        }
        return {WHOLE: _row(WHOLE, _merged(self._sites.values()), held)} | found

    def _of(self, name: str) -> _Counts:
        found = self._sites.get(name)
        return self._sites.setdefault(name, _Counts()) if found is None else found


def _flags(values: pa.Array | pa.ChunkedArray) -> Any:
    """A column of truth values or whole numbers as int64[rows]."""
    return pa.chunked_array(values).combine_chunks().cast(pa.int64()).to_numpy()


def _digests(texts: pa.ChunkedArray) -> Any:
    """A number for each text, uint64[n]."""
    found = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts.to_pylist()]
    return np.frombuffer(b"".join(found), np.uint64)


def _repaired(edits: pa.Table) -> pa.Array:
    """The ids of articles in which mojibake was repaired."""
    wanted = pc.and_(pc.starts_with(edits["rule"], _MOJIBAKE), pc.equal(edits["status"], APPLIED))
    return pc.unique(edits.filter(wanted)["article_id"])


def _typos(edits: pa.Table) -> pa.Table:
    """The id of the article and the number of places of each applied correction of a typo."""
    made = edits.filter(pc.and_(pc.equal(edits["step"], _TYPOS), pc.equal(edits["status"], APPLIED)))
    places = pc.fill_null(pc.list_value_length(made["positions"]), 1)
    return pa.table({"article_id": made["article_id"], "places": places})


def _per_article(counted: pa.Table, ids: pa.Array) -> Any:
    """The places in each article of `ids`."""
    rows = pc.index_in(counted["article_id"], ids)
    known = rows.is_valid()
    return np.bincount(
        rows.filter(known).to_numpy(), counted["places"].filter(known).to_numpy(), minlength=len(ids)
    )  # fmt: skip


def site_of_row(row: Mapping[str, Any]) -> str:
    """The site of a document of the quarantine."""
    return _site(row["uri"], row.get("given"))


def _site(uri: str, given: str | None) -> str:
    """The site of a document: of the address that its source gives, else of its uri."""
    address = json.loads(given).get("address") if given and '"address"' in given else None
    return storable(site_of(address or uri))


def _decisive(reasons: Sequence[Mapping[str, Any]]) -> str:
    """The first critical reason; reasons are sorted by severity."""
    return str(reasons[0]["rule"]) if reasons and reasons[0]["severity"] == CRITICAL else ""


def _merged(counts: Iterable[_Counts]) -> _Counts:
    """The sum of several sites. Texts are compared within a site only."""
    whole = _Counts()
    for one in counts:
        for name in ("arrivals", "processed", "quarantined"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        whole.repeats += one.repeated
        whole.published.update(one.published)
        whole.reasons.update(one.reasons)
        whole.languages.update(one.languages)
        whole.lengths.extend(one.lengths)
        for key, value in one.sums.items():
            whole.sums[key] += value
    return whole


def _row(name: str | None, counts: _Counts, held: set[date | None]) -> dict[str, Any]:
    gated = sum(number for day, number in counts.published.items() if day in held)
    reasons = counts.reasons + Counter({"held-back": gated} if gated else {})
    measured = int(counts.sums["measured"])
    whole_numbers = {key: int(value) for key, value in counts.sums.items() if key != "boilerplate"}
    return {
        "run_id": "",
        "site": name,
        "arrivals": counts.arrivals,
        "unchanged": max(0, counts.arrivals - counts.processed),
        "new": counts.processed - int(counts.sums["changed"]),
        "published": counts.published.total() - gated,
        "quarantined": counts.quarantined + gated,
        "reasons": _listed(reasons, "rule", "documents"),
        **whole_numbers,
        "repeated": counts.repeated,
        "boilerplate": counts.sums["boilerplate"] / measured if measured else None,
        "median_words": median_low(counts.lengths) if measured else None,
        "language": max(sorted(counts.languages), key=counts.languages.__getitem__, default=None),
        "languages": _listed(counts.languages, "language", "articles"),
        "findings": [],
    }


def _listed(counts: Counter[str], key: str, value: str) -> list[dict[str, Any]]:
    """Counts as rows, the most frequent first."""
    return [{key: name, value: count} for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
