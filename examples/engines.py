"""copydesk inside other engines: the same results, whichever runs it. Each function needs its engine and nothing else.

python examples/engines.py articles.parquet        cleans a file with pyarrow, and says what came out
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import copydesk

if TYPE_CHECKING:
    import dask.dataframe as dd
    from pyspark.sql import DataFrame

#: Columns that go to the metadata of a datatrove document.
KEPT = ("headline", "published_date", "agency", "byline")


def with_dask(frame: dd.DataFrame) -> dd.DataFrame:
    """A Dask frame, cleaned partition by partition. Rows need an address: partitions are counted from 1 each."""
    return frame.map_partitions(copydesk.clean_table, meta=copydesk.clean_table(frame._meta))


def with_spark(frame: DataFrame) -> DataFrame:
    """A Spark frame, cleaned batch by batch where its partitions are."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return frame.mapInArrow(copydesk.clean_batches, from_arrow_schema(copydesk.CLEANED))


def datatrove_step(rows: int = 500) -> Any:
    """A step of a datatrove pipeline: headline and body take the place of the text, the columns go to the metadata.

    Documents without a body, and those with a critical problem, are dropped and counted.
    """
    from datatrove.data import Document
    from datatrove.pipeline.base import PipelineStep

    class CopydeskStep(PipelineStep):
        name = "copydesk"
        type = "FORMAT"

        def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
            documents = iter(data)
            while some := list(islice(documents, rows)):
                texts = pa.table({"id": [one.id for one in some], "text": [one.text for one in some]})
                for document, row in zip(some, copydesk.clean_table(texts).to_pylist(), strict=True):
                    if not row["body"] or any(problem["severity"] == "critical" for problem in row["problems"]):
                        self.stat_update("dropped")
                        continue
                    document.text = "\n\n".join(filter(None, (row["headline"], row["body"])))
                    document.metadata |= {
                        name: row[name] for name in ("headline", "published_date", "agency", "byline")
                    }
                    self.stat_update("cleaned")
                    yield document

    return CopydeskStep()
