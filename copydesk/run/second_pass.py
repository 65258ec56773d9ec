"""The second pass of a night: boilerplate that tonight's articles prove is taken out of tonight's articles, too.

Which lines recur is known when all documents have been read. Until then the cleaned batches wait on disk; then the
documents whose text has such a line are cleaned once more.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

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

    All is clean when this returns: what cleans may end, and its memory is free when the batches are taken. `spool` is a
    file for them; articles are read for recurring lines up to `MOST_TEXT` bytes.
    """
    learned = _learned(batches, sites, spool)
    if not learned:
        return _read(spool, last=True)
    gone: list[list[int]] = []
    again = spool.with_name(f"{spool.name}-again")
    with _written(again) as write:
        for batch in clean(_documents(spool, learned, gone)):
            write(batch)
    taken = zip(_read(spool, last=True), gone, strict=True)
    return chain((_without(batch, rows) for batch, rows in taken), _read(again, last=True))


def _learned(batches: Iterable[Batch], sites: Sites, spool: Path) -> Mapping[str, Mapping[str, Recurring]]:
    """Write `batches` to the file `spool`; the lines that they prove, by site, which `sites` learns."""
    excerpts: list[tuple[pa.Table, pa.Table]] = []
    size = 0
    with _written(spool) as write:
        for batch in batches:
            write(batch)
            if size < MOST_TEXT:
                excerpts.append(sites.excerpt(batch.articles, batch.edits))
                size += excerpts[-1][0].nbytes
    return sites.learn_lines(*map(pa.concat_tables, zip(*excerpts, strict=True))) if excerpts else {}


@contextmanager
def _written(spool: Path) -> Iterator[Callable[[Batch], None]]:
    """What writes batches to a file. That its end cannot be written on a full disk, too, says nothing new."""
    file = spool.open("wb")

    def write(batch: Batch) -> None:
        with in_words("write to the staging area"):
            pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)

    try:
        yield write
    except BaseException:
        with suppress(OSError):
            file.close()
        raise
    with in_words("write to the staging area"):
        file.close()


def _read(spool: Path, last: bool = False) -> Iterator[Batch]:
    """The batches of a file, which is removed when they are read for the `last` time."""
    with spool.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301  # written by this process, in a folder of its own
    if last:
        spool.unlink()


def _documents(
    spool: Path, learned: Mapping[str, Mapping[str, Recurring]], gone: list[list[int]]
) -> Iterator[Document]:
    """The documents of articles that have a line that was `learned` on their site. Their rows are added to `gone`, a
    list for each batch.
    """
    for batch in _read(spool):
        gone.append(_with_lines(batch.articles, learned))
        yield from map(document_of, batch.raw.take(pa.array(gone[-1], pa.int64())).to_pylist())


def _with_lines(articles: pa.Table, learned: Mapping[str, Mapping[str, Recurring]]) -> list[int]:
    lines = [learned.get(site_of(uri)) for uri in articles["uri"].to_pylist()]
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
