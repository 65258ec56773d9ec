"""Made-up news of any size from a seed: `Corpus(seed).records(start, stop)`, and `write` for JSON Lines.

    python -m benchmarks.corpus 100000 articles.jsonl               the first 100,000 articles
    python -m benchmarks.corpus 5000 night.jsonl --start 100000     the 5,000 behind them

An article depends on its number and the seed alone: any slice can be made without what is before it, and the same
arguments give the same bytes. The sentences are those of the repository's own texts (`benchmarks/bodies.jsonl`,
`benchmarks/accuracy/own`, `benchmarks/typos`, `examples/raw`), joined anew at words that they share, with other
numbers and made-up names, so that texts differ. Languages, lengths and damage have about the shares that were counted
on 12,000 real articles. Caches see fewer different words than in real news: `--data FOLDER` of the benchmarks takes
real articles.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from benchmarks.corpus import dirt, layout
from benchmarks.corpus.sentences import Pool, pools
from benchmarks.corpus.sites import Site, sites

Record = dict[str, Any]

#: The date of the first article, and articles of a date.
FIRST, PER_DAY = date(2022, 1, 3), 1_000
#: The share of articles that are copies, how far back their originals are at most, and the share that is no article.
COPIES, BACK, UNFIT = 0.03, 2_000, 0.003
#: The date of a run that takes real articles.
REAL_DAY = date(2024, 5, 3)
#: Fields of real articles that hold the text, the first that is filled.
TEXT_FIELDS = ("raw_text", "text", "content", "body")


class Source(Protocol):
    """Where articles come from."""

    def records(self, start: int, stop: int) -> Iterator[Record]:
        """The articles with these numbers; the text of each is in `text`."""

    def day(self, stop: int) -> date:
        """The date of a run that takes all articles before this number."""


class Corpus:
    """Made-up articles, without an end."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    @cached_property
    def _pools(self) -> dict[str, Pool]:
        return pools(self._seed)

    @cached_property
    def _sites(self) -> tuple[list[Site], list[float]]:
        return sites(self._seed)

    def records(self, start: int, stop: int) -> Iterator[Record]:
        """The articles numbered from `start` up to `stop`."""
        return (self.record(number) for number in range(start, stop))

    def day(self, stop: int) -> date:
        """The date behind the last of them."""
        return FIRST + timedelta(days=stop // PER_DAY + 1)

    def record(self, number: int) -> Record:
        """One article."""
        made, _, chance = self._made(number)
        original = number - 1 - number % BACK
        if original >= 0 and chance.random() < COPIES:
            return layout.copied(self._made(original)[1], self._site(chance), number, chance)
        if chance.random() < UNFIT:
            return made | {"text": chance.choice(layout.NO_ARTICLES)}
        return made

    def _made(self, number: int) -> tuple[Record, layout.Story, random.Random]:
        """The article of this number unless it is a copy, its story, and the chance that goes on from there."""
        chance = random.Random((self._seed << 40) + number)
        site = self._site(chance)
        story = layout.written(self._pools[site.language], layout.published(number, FIRST, PER_DAY, chance), chance)
        record = layout.laid_out(story, site, number, chance)
        record["text"] = dirt.dirtied(record["text"], site.language, chance)
        return record, story, chance

    def _site(self, chance: random.Random) -> Site:
        every, shares = self._sites
        return chance.choices(every, cum_weights=shares)[0]


class Real:
    """The articles of a folder of `*.jsonl.gz`, in a fixed random order; again with new ids behind the last."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.texts = list(_texts(folder))
        if not self.texts:
            raise SystemExit(f"{folder}: no *.jsonl.gz with {', '.join(TEXT_FIELDS)}")
        random.Random(seed).shuffle(self.texts)

    def records(self, start: int, stop: int) -> Iterator[Record]:
        """The articles numbered from `start` up to `stop`."""
        texts = self.texts
        return ({"id": f"article-{n}", "text": texts[n % len(texts)]} for n in range(start, stop))

    def day(self, stop: int) -> date:
        """One date for all: they do not come in the order of their dates."""
        return REAL_DAY


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                with suppress(StopIteration):
                    yield next(record[name] for name in TEXT_FIELDS if record.get(name))


def source(data: Path | None, seed: int = 0) -> Source:
    """The articles of the folder `data`, or made-up ones."""
    return Real(data, seed) if data else Corpus(seed)


def write(records: Iterable[Record], path: Path) -> int:
    """Write articles as JSON Lines, one at a time; the bytes of their texts as UTF-8."""
    size = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        for record in records:
            size += len(record["text"].encode("utf-8", "surrogatepass"))
            file.write(json.dumps(record) + "\n")
    return size
