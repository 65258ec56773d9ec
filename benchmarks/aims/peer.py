"""Another tool, run by an interpreter that has it: `python peer.py NAME ARTICLES FOLDER`; prints its CPU seconds."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def datatrove(articles: Path, folder: Path) -> float:
    """JSON Lines in, ftfy, Parquet out."""
    from datatrove.pipeline.formatters import FTFYFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import ParquetWriter

    # Metadata goes: the Parquet writer wants the same fields in every record.
    def text_alone(_: object, data: dict[str, str], path: str, number: int) -> dict[str, str]:
        return {"text": data["text"], "id": f"{path}#{number}"}

    reader = JsonlReader(str(articles.parent), glob_pattern=articles.name, adapter=text_alone)
    fixed, writer = FTFYFormatter(), ParquetWriter(str(folder))
    start = time.process_time()
    for _ in writer.run(fixed.run(reader.run())):
        pass
    return time.process_time() - start


def data_juicer(articles: Path, folder: Path) -> float:
    """The texts of the articles, in batches; nothing is written."""
    from data_juicer.ops.mapper import FixUnicodeMapper

    mapper = FixUnicodeMapper()
    texts = [json.loads(line)["text"] for line in articles.read_text("utf-8").splitlines()]
    start = time.process_time()
    for place in range(0, len(texts), 1_000):
        mapper.process_batched({"text": texts[place : place + 1_000]})
    return time.process_time() - start


PEERS: dict[str, Callable[[Path, Path], float]] = {"datatrove": datatrove, "data-juicer": data_juicer}


if __name__ == "__main__":
    print(json.dumps({"cpu": PEERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))}))
