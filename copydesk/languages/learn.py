"""Statistics of the user's own articles: their words and n-grams.

Articles in which a typo was corrected or suggested are skipped, so that no error is learned. The same warehouse gives
the same files, byte for byte.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from copydesk import languages
from copydesk.edits import published_text
from copydesk.text.typos import ngrams
from copydesk.text.typos.batch import FOREIGN, KNOWN, LOWER, TITLE, WORD, Batch
from copydesk.text.typos.correct import findings
from copydesk.text.typos.found import Finding
from copydesk.text.typos.model import Model
from copydesk.text.typos.step import LONGEST, STEP
from copydesk.warehouse import Warehouse

#: Minimum articles with an unknown word to learn it; a word in lower case is rarely a name, and needs more.
NAME_ARTICLES, WORD_ARTICLES = 3, 5
#: Minimum occurrences of an n-gram.
LEAST = {2: 2, 3: 2, 4: 3}
#: Articles (the last ones by id) on which the report compares corrections before and after.
TRIED = 500
#: Articles read at a time.
TOGETHER = 500


class Learned(NamedTuple):
    """What was learned: `words` with their number of articles, and the corrections or suggestions `dropped` and `added`
    in the articles tried, each with its context."""

    articles: int
    left_out: int
    tokens: int
    words: list[tuple[str, int]]
    ngrams: int
    tried: int
    dropped: list[str]
    added: list[str]

    def as_json(self) -> dict[str, Any]:
        return {**self._asdict(), "words": [{"word": w, "articles": n} for w, n in self.words]}


def learn(
    warehouse: Warehouse,
    out: Path,
    language: str,
    least: float,
    progress: Callable[[int], None] = lambda articles: None,
) -> Learned:
    """Count the words and n-grams of the warehouse's articles in `language`, and write `words.txt`, `ngrams.npz` and
    `report.json` below `out`.

    `least` is the minimum confidence of a suggestion; `progress` is called with the number of articles read.
    """
    model = languages.model(language)
    touched = _with_typos(warehouse)
    seen: Counter[str] = Counter()
    streams: list[np.ndarray[Any, Any]] = [np.zeros(0, np.uint32)]
    articles = left_out = 0
    tried: list[str] = []
    for batch in _texts(warehouse, language):
        clean = [text for key, text in batch if key not in touched]
        left_out += len(batch) - len(clean)
        articles += len(clean)
        tried = [*tried, *(text for _, text in batch)][-TRIED:]
        read = Batch(clean, model.token_types)
        seen.update(_unknown(read, model))
        if len(read):
            edge = np.full(1, read.token_types.edge, np.uint32)
            streams.append(np.concatenate([read.ids[3:-3].astype(np.uint32), edge]))
        progress(articles + left_out)
    words = sorted(
        ((word, n) for word, n in seen.items() if n >= (WORD_ARTICLES if word.islower() else NAME_ARTICLES)),
        key=lambda found: (-found[1], found[0]),
    )
    stream = np.concatenate(streams)
    counted = ngrams.build(stream, len(model.vocabulary), LEAST, ())
    _write(out / language, words, counted, len(stream))
    after = languages.model(language, str(out))
    dropped, added = _difference(tried, model, after, least)
    report = Learned(articles, left_out, len(stream), words, counted.size, len(tried), dropped, added)
    (out / language / "report.json").write_text(
        json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    return report


def _with_typos(warehouse: Warehouse) -> set[str]:
    found: set[str] = set()
    for table in warehouse.rows("edits", ["article_id", "step"]):
        found.update(table.filter(pc.equal(table["step"], STEP))["article_id"].to_pylist())
    return found


def _texts(warehouse: Warehouse, language: str) -> Iterator[list[tuple[str, str]]]:
    """(article_id, text) of the articles in a language, `TOGETHER` at a time, ordered by partition and id."""
    waiting: list[tuple[str, str]] = []
    for table in warehouse.rows("articles", ["article_id", "headline", "body", "language"]):
        rows = table.filter(pc.equal(table["language"], language)).to_pylist()
        rows.sort(key=lambda row: row["article_id"])
        texts = ((row["article_id"], published_text(row["headline"], row["body"])) for row in rows)
        waiting += [(key, text) for key, text in texts if len(text) <= LONGEST]
        while len(waiting) >= TOGETHER:
            yield waiting[:TOGETHER]
            waiting = waiting[TOGETHER:]
    if waiting:
        yield waiting


def _unknown(batch: Batch, model: Model) -> Counter[str]:
    """Words that the lexicon lacks, each with its number of texts, except words that miss an apostrophe."""
    flags = batch.flags
    at = np.flatnonzero(((flags & (LOWER | TITLE)) > 0) & ((flags & WORD) > 0) & ((flags & (KNOWN | FOREIGN)) == 0))
    at = at[batch.free(at)]
    pairs = {(int(t), int(k)) for t, k in zip(batch.text[at], batch.types[at], strict=True)}
    tokens = batch.token_types.tokens
    return Counter(
        t for t in (tokens[number] for _, number in pairs) if len(t) > 1 and not model.finder.lacks_apostrophe(t)
    )


def _write(folder: Path, words: list[tuple[str, int]], counted: ngrams.NGrams, tokens: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    million = max(1, tokens) / 1e9
    rows: dict[str, str] = {}
    for word, n in words:
        zipf = min(99, max(0, round(10 * np.log10(n / million))))
        rows.setdefault(word.lower(), f"{word.lower()}\t{min(zipf, 60)}\t{'w' if word.islower() else 'n'}")
    (folder / "words.txt").write_text("".join(f"{row}\n" for row in rows.values()), "utf-8")
    arrays: dict[str, Any] = {"single": counted.single}
    for order, table in counted.tables.items():
        arrays |= {f"marks{order}": table.marks, f"sizes{order}": table.sizes}
    # np.savez writes no timestamps, so equal arrays give equal bytes.
    np.savez_compressed(folder / "ngrams.npz", **arrays)


def _difference(texts: list[str], before: Model, after: Model, least: float) -> tuple[list[str], list[str]]:
    """The corrections and suggestions dropped and added in `texts`."""
    dropped, added = [], []
    for text, old, new in zip(
        texts, findings(texts, before, least=least), findings(texts, after, least=least), strict=True
    ):
        was, now = ({(f.start, f.end, f.after): f for f in some} for some in (old, new))
        dropped += [_shown(text, was[key]) for key in was.keys() - now.keys()]
        added += [_shown(text, now[key]) for key in now.keys() - was.keys()]
    return sorted(dropped), sorted(added)


def _shown(text: str, finding: Finding) -> str:
    before, after = text[max(0, finding.start - 30) : finding.start], text[finding.end : finding.end + 30]
    return f"{before}[{text[finding.start : finding.end]} → {finding.after}]{after}".replace("\n", " ")
