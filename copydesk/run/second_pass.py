"""The second pass of a night: boilerplate that tonight's articles prove is taken out of tonight's articles, too.

Which lines recur is known when all documents have been read. Until then the cleaned batches wait on disk; then the
documents whose text has such a line are cleaned once more.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.records import Document
from copydesk.run.batch import Batch
from copydesk.sites.evidence import MOST_TEXT, Sites
from copydesk.text.site import Recurring, site_of
from copydesk.warehouse.rows import document_of
from copydesk.warehouse.store import in_words


def with_lines_of_tonight(
    batches: Iterable[Batch],
    sites: Sites,
    clean: Callable[[Iterable[Document]], Iterator[Batch]],
    spool: Path,
) -> Iterator[Batch]:
    """`batches` without the boilerplate that they prove themselves. `clean` cleans documents with what `sites` knows.

    `spool` is a file for the batches. Articles are read for recurring lines up to `MOST_TEXT` bytes.
    """
    excerpts: list[tuple[pa.Table, pa.Table]] = []
    size = 0
    with _written(spool) as file:
        for batch in batches:
            with in_words("write to the staging area"):
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
            if size < MOST_TEXT:
                excerpts.append(sites.excerpt(batch.articles, batch.edits))
                size += excerpts[-1][0].nbytes
    learned = sites.learn_lines(*map(pa.concat_tables, zip(*excerpts, strict=True))) if excerpts else {}
    del excerpts
    if learned:
        concerned = _Concerned(learned)
        again = clean(_documents(spool, concerned))  # which workers begin with while the others are staged
        for number, batch in enumerate(_read(spool)):
            yield _without(batch, concerned.rows(number, batch))
        yield from again
    else:
        yield from _read(spool)
    spool.unlink()


@contextmanager
def _written(spool: Path) -> Iterator[BinaryIO]:
    """A file to write. That its end cannot be written on a full disk, too, says nothing new."""
    file = spool.open("wb")
    try:
        yield file
    except BaseException:
        with suppress(OSError):
            file.close()
        raise
    with in_words("write to the staging area"):
        file.close()


def _read(spool: Path) -> Iterator[Batch]:
    with spool.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301  # written by this process, in a folder of its own


def _documents(spool: Path, concerned: _Concerned) -> Iterator[Document]:
    for number, batch in enumerate(_read(spool)):
        rows = batch.raw.take(pa.array(concerned.rows(number, batch), pa.int64()))
        yield from map(document_of, rows.to_pylist())


class _Concerned:
    """The articles of each batch that have a line that was learned on their site. Two read the batches, each in order:
    who comes first looks for them.
    """

    def __init__(self, learned: Mapping[str, Mapping[str, Recurring]]) -> None:
        self._learned = learned
        self._rows: list[list[int]] = []

    def rows(self, number: int, batch: Batch) -> list[int]:
        """The rows of the batch of this number; those of all batches before it are known."""
        if number == len(self._rows):
            self._rows.append(self._find(batch.articles))
        return self._rows[number]

    def _find(self, articles: pa.Table) -> list[int]:
        lines = [self._learned.get(site_of(uri)) for uri in articles["uri"].to_pylist()]
        of_sites = [row for row, some in enumerate(lines) if some]
        bodies = articles["body"].take(pa.array(of_sites, pa.int64())).to_pylist()
        pairs = zip(of_sites, bodies, strict=True)
        return [row for row, body in pairs if (some := lines[row]) and not some.keys().isdisjoint(body.split("\n\n"))]


def _without(batch: Batch, rows: list[int]) -> Batch:
    """`batch` without some of its articles."""
    if not rows:
        return batch
    gone = set(rows)
    stay = [row for row in range(len(batch.articles)) if row not in gone]
    chosen = pa.array(stay, pa.int64())
    articles = batch.articles.take(chosen)
    raw = batch.raw.take(pa.array(rows, pa.int64()))
    return batch._replace(
        articles=articles,
        metrics=batch.metrics.take(chosen),
        raw=batch.raw.take(chosen),
        signs=batch.signs.take(chosen) if len(batch.signs) else batch.signs,
        edits=batch.edits.filter(pc.is_in(batch.edits["article_id"], articles["article_id"].combine_chunks())),
        problems={new: batch.problems[old] for new, old in enumerate(stay) if old in batch.problems},
        documents=batch.documents - len(rows),
        size=batch.size - sum(len(content) for content in raw["content"].to_pylist()),
    )
