"""One article through the commands, and the suites over many rows."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import corpus, processes
from benchmarks.aims.figures import Aim, Figure

#: CPU seconds of the commands on one article.
SHOW, RUN = Aim(0.5), Aim(2.5)
#: Microseconds for each row of the suite of articles.
SUITE = Aim(4)
#: Articles that are measured, and rows that are judged at once: as many as a night judges, and many.
ARTICLES, JUDGED = 400, (8_000, 100_000)


def figures(source: corpus.Source, runs: int, folder: Path) -> Iterator[Figure]:
    """The figures of single articles."""
    article = folder / "article.txt"
    text = next(record["text"] for record in source.records(0, 100) if len(record["text"]) > 1_000)
    article.write_text(text, encoding="utf-8", newline="")
    show = [processes.python(["-m", "copydesk.cli", "show", str(article)]).cpu for _ in range(runs)]
    yield Figure("`copydesk show` on one article: CPU", "s", show, SHOW)
    took = []
    for run in range(runs):
        warehouse = ["--warehouse", str(folder / f"one-{run}")]
        took.append(processes.python(["-m", "copydesk.cli", "run", str(article), *warehouse]).cpu)
    yield Figure("`copydesk run` on one article: CPU", "s", took, RUN)
    for rows in JUDGED:
        each = [float(processes.python(["-m", "benchmarks.aims.single", str(rows)]).output) for _ in range(runs)]
        yield Figure(f"suite of articles over {rows:,} rows: CPU of a row", "µs", each, SUITE)


def judged(rows: int) -> float:
    """Microseconds of CPU for each of so many rows, judged at once by the suite of articles."""
    import pyarrow as pa

    import copydesk
    from copydesk import own_process
    from copydesk.checks import metrics
    from copydesk.checks.expectations import Checks
    from copydesk.config import Config, TyposConfig
    from copydesk.warehouse.rows import articles_table

    own_process.settle()  # as the command line does
    source, config = corpus.Corpus(), Config(typos=TyposConfig(mode="off"))
    texts = (json.dumps(record["text"]) for record in source.records(0, ARTICLES))
    cleaned = [copydesk.clean(json.loads(text), f"article-{n}", config) for n, text in enumerate(texts)]
    table = articles_table([one.article for one in cleaned if one.article is not None])
    few = metrics.articles(table, source.day(ARTICLES))
    many = pa.concat_tables([few] * -(-rows // len(few))).slice(0, rows).combine_chunks()
    checks = Checks()
    checks.judge("articles", many, range(rows))  # loads what is loaded at first use
    start = time.process_time()
    checks.judge("articles", many, range(rows))
    return (time.process_time() - start) / rows * 1e6


if __name__ == "__main__":
    print(judged(int(sys.argv[1])))
