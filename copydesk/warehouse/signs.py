"""The signs of articles: what they are compared by, kept on disk until then; new articles' are made while these are
cleaned.

With them the articles themselves are read again only where two of them may be copies of each other.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.articles import COLUMNS, entries
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.shingles import BITS
from copydesk.warehouse.layout import UNDATED
from copydesk.warehouse.levels import bits
from copydesk.warehouse.spill import Stream

#: `row` is the article with `COLUMNS`, packed; `size` the bytes that it unpacks to.
SIGNS = pa.schema(
    [
        ("article_id", pa.string()),
        ("published_date", pa.date32()),
        ("content", pa.uint64()),
        ("title", pa.uint64()),
        ("keys", pa.list_(pa.uint32())),
        ("day", pa.int64()),
        ("words", pa.int64()),
        ("bitmap", pa.binary(BITS // 8)),
        ("different", pa.int32()),
        ("agency", pa.string()),
        ("publisher", pa.string()),
        ("row", pa.binary()),
        ("size", pa.int32()),
    ]
)
_KEPT = pa.schema([field for field in SIGNS if field.name != "row"] + [pa.field("start", pa.int64())])
_KEPT = _KEPT.append(pa.field("length", pa.int64())).append(pa.field("file", pa.int64()))
_CODEC = "lz4_raw"


class At(NamedTuple):
    """Where a packed row stands in the file of rows."""

    start: int
    length: int
    size: int


class Read(NamedTuple):
    """Articles: `entries`, their dates as days int32[n] (`UNDATED` for none), the files that they go to, int64[n],
    and where their rows stand, int64[n, 3], the fields of `At`.
    """

    entries: Entries
    dates: Any
    files: Any
    at: Any

    def take(self, articles: Any) -> Read:
        """Those of some articles, which are in order."""
        return Read(self.entries.take(articles), self.dates[articles], self.files[articles], self.at[articles])

    def then(self, others: Read) -> Read:
        """These, and others behind them."""
        if not len(self.dates) or not len(others.dates):
            return self if len(self.dates) else others
        both = self.entries, others.entries
        entries = Entries.joined(both, sum(len(one.ids) for one in both), sum(len(one.keys) for one in both))
        rest = (np.concatenate(columns) for columns in zip(self[1:], others[1:], strict=True))
        return Read(entries, *rest)


def signs(articles: pa.Table) -> pa.Table:
    """The signs of articles (columns of `ARTICLES` and `published_date`), row by row, with the schema `SIGNS`."""
    rows = articles.select(COLUMNS).to_pylist()
    made = entries(rows)
    packed = [pickle.dumps(tuple(row.values()), pickle.HIGHEST_PROTOCOL) for row in rows]
    keys = np.concatenate([np.empty(0, np.uint32), *(entry.keys for entry in made)])
    ends = np.cumsum([0, *(len(entry.keys) for entry in made)]).astype(np.int32)
    columns = {
        "article_id": articles["article_id"],
        "published_date": articles["published_date"],
        "content": [entry.content for entry in made],
        "title": [entry.title for entry in made],
        "keys": pa.ListArray.from_arrays(pa.array(ends), pa.array(keys)),
        "day": [entry.rank[0] for entry in made],
        "words": [-entry.rank[1] for entry in made],
        "bitmap": [entry.bitmap.tobytes() for entry in made],
        "different": [entry.different for entry in made],
        "agency": [entry.agency for entry in made],
        "publisher": [entry.publisher for entry in made],
        "row": [pa.compress(row, codec=_CODEC, asbytes=True) for row in packed],
        "size": [len(row) for row in packed],
    }
    return pa.table(columns, schema=SIGNS)


class Signs:
    """The signs of some articles, in the order in which they are added."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._stream = Stream(folder / "signs.arrow", _KEPT)
        self._path = folder / "rows"
        self._file = self._path.open("wb")
        self._written = self._articles = self._keys = 0

    def add(self, table: pa.Table, files: Any) -> None:
        """Add a table of the schema `SIGNS`, with the numbers of the files that the articles go to, int64[rows]."""
        self._articles += len(table)
        self._keys += pc.sum(pc.list_value_length(table["keys"])).as_py() or 0
        lengths = pc.binary_length(table["row"]).to_numpy().astype(np.int64)
        starts = self._written + np.cumsum(lengths) - lengths
        for chunk in table["row"].chunks:
            edges = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset :]
            self._written += self._file.write(memoryview(chunk.buffers()[2] or b"")[edges[0] : edges[len(chunk)]])
        kept = table.drop_columns(["row"]).append_column("start", pa.array(starts))
        self._stream.add(kept.append_column("length", pa.array(lengths)).append_column("file", pa.array(files)))

    def beside(self) -> Signs:
        """Signs of other articles, kept as long as these."""
        return Signs(Path(tempfile.mkdtemp(dir=self._folder)) / "signs")

    def close(self) -> None:
        self._stream.close()
        self._file.close()

    def read(self) -> Read:
        """All signs; after `close`."""
        dates, files = np.empty(self._articles, np.int32), np.empty(self._articles, np.int64)
        places = np.empty((self._articles, len(At._fields)), np.int64)

        def parts() -> Iterator[Entries]:
            done = 0
            for table in self._stream.tables():
                own = slice(done, done + len(table))
                dates[own], files[own], places[own] = _dates(table), table["file"].to_numpy(), _at(table)
                done = own.stop
                yield _entries(table)

        return Read(Entries.joined(parts(), self._articles, self._keys), dates, files, places)

    def rows(self, places: Sequence[At]) -> Iterator[dict[str, Any]]:
        """The articles at some places, with `COLUMNS`, in the order of the file; after `close`."""
        with self._path.open("rb") as file:
            for start, length, size in sorted(places):
                file.seek(start)
                packed = pa.decompress(file.read(length), size, _CODEC)
                yield dict(zip(COLUMNS, pickle.loads(packed), strict=True))  # noqa: S301  # written by this process


def _entries(table: pa.Table) -> Entries:
    names = pc.unique(pa.chunked_array([*table["agency"].chunks, *table["publisher"].chunks], pa.string()).drop_null())
    agencies, publishers = (
        pc.fill_null(pc.index_in(table[name], names), -1).to_numpy().astype(np.int16)
        for name in ("agency", "publisher")
    )
    keys = table["keys"].combine_chunks()
    return Entries(
        ids=np.array(table["article_id"].to_pylist(), "S32"),
        contents=table["content"].to_numpy(),
        titles=table["title"].to_numpy(),
        days=table["day"].to_numpy(),
        lengths=-table["words"].to_numpy(),
        bitmaps=bits(table["bitmap"]),
        different=table["different"].to_numpy(),
        keys=keys.flatten().to_numpy(),
        ends=np.cumsum(pc.list_value_length(keys).to_numpy(), dtype=np.int64),
        agencies=agencies,
        publishers=publishers,
        names=tuple(names.to_pylist()),
    )


def _dates(table: pa.Table) -> Any:
    return pc.fill_null(table["published_date"].cast(pa.int32()), UNDATED).to_numpy()


def _at(table: pa.Table) -> Any:
    return np.stack([table[name].to_numpy().astype(np.int64) for name in At._fields], axis=1)
