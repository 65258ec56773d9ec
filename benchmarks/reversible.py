"""Whether every change can be undone: runs the whole pipeline and rebuilds each source text from Parquet.

    python benchmarks/reversible.py                  the project's own examples
    python benchmarks/reversible.py --data FOLDER    real articles: *.jsonl.gz with raw_text (or text)

Checks that each document is published or quarantined once; that each published article and its edits rebuild the
decoded text exactly; and that the table of edits takes less than a quarter of the bytes of the articles. Exits with 1
if one of these fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from copydesk import sources
from copydesk.config import Config, SourcesConfig
from copydesk.edits import TITLE, Edit, EditMismatch, rebuild, rebuild_title
from copydesk.records import Document
from copydesk.run import nightly
from copydesk.run.job import Job
from copydesk.sources import pages
from copydesk.text.encodings import decode

EXAMPLES = Path(__file__).parent.parent / "examples" / "raw"
DAY = date(2024, 5, 3)
#: The largest share of the bytes of articles that edits may take, and where it is judged.
MOST, LEAST_BYTES = 0.25, 2**20


@dataclass
class Counts:
    """The results. `wrong` lists the uris of articles whose source is not rebuilt.

    `bytes` is by table and date, of whole files; `footers` is by table, the part of it that describes the columns and
    hardly depends on the rows.
    """

    articles: int = 0
    edits: int = 0
    places: int = 0
    changed: int = 0
    titles: int = 0
    wrong: list[str] = field(default_factory=list)
    bytes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    footers: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)


def gathered(data: Path, target: Path) -> Path:
    """All records of `data` as the file `target` of JSON Lines, each with a uri of its own: ids repeat between
    collections.
    """
    with target.open("w", encoding="utf-8") as out:
        for path in sorted(data.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    out.write(json.dumps(json.loads(line) | {"uri": f"{path.name}#{number}"}) + "\n")
    return target


def edits_by_article(path: Path) -> dict[str, list[Edit]]:
    """The edits of one partition, in order, by article."""
    found: dict[str, list[Edit]] = defaultdict(list)
    if path.exists():
        columns = pq.read_table(path, columns=list(Edit._fields)).to_pydict()
        for values in zip(*columns.values(), strict=True):
            found[values[0]].append(Edit(*values))
    return {key: sorted(edits, key=lambda edit: edit.sequence) for key, edits in found.items()}


def texts(source: Path) -> dict[str, tuple[str, str | None]]:
    """By uri the decoded text and the title of each document that can be decoded, the first of each uri."""
    found: dict[str, tuple[str, str | None]] = {}
    for document in sources.read(str(source), SourcesConfig()):
        if document.uri not in found and (text := _text(document)) is not None:
            found[document.uri] = text
    return found


def _text(document: Document) -> tuple[str, str | None] | None:
    document = pages.extract(document)
    if document.problem is not None:
        return None
    try:
        return document.text if document.text is not None else decode(document.content).text, document.title
    except ValueError:  # the run has put it into the quarantine
        return None


def check(warehouse: Path, given: dict[str, tuple[str, str | None]]) -> Counts:
    """Rebuild every published article from its partition's files."""
    found = Counts()
    for file in sorted((warehouse / "articles").glob("*/articles.parquet")):
        partition = file.parent.name
        ledger = warehouse / "edits" / partition / "edits.parquet"
        edits = edits_by_article(ledger)
        for table, path in (("articles", file), ("edits", ledger)):
            if path.exists():
                found.bytes[table][partition] = path.stat().st_size
                found.footers[table] += pq.read_metadata(path).serialized_size
        rows = pq.ParquetFile(file).read(["article_id", "uri", "headline", "body"]).to_pylist()
        for row in rows:
            mine = edits.pop(row["article_id"], [])
            found.articles += 1
            found.edits += len(mine)
            found.places += sum(len(edit.places) for edit in mine)
            found.changed += bool(mine)
            found.steps.update(edit.step for edit in mine)
            if not gives_back(row, mine, *given[row["uri"]]):
                found.wrong.append(row["uri"])
            found.titles += any(edit.field == TITLE for edit in mine)
        found.wrong += [f"edits of no article: {article}" for article in edits]
    return found


def gives_back(row: dict[str, Any], edits: list[Edit], text: str, title: str | None) -> bool:
    """Whether a row and its edits rebuild the text, and the title where that was edited."""
    try:
        if any(edit.field == TITLE for edit in edits) and rebuild_title(row["headline"], edits) != title:
            return False
        return rebuild(row["headline"], row["body"], edits) == text
    except EditMismatch:
        return False


def report(run: dict[str, Any], found: Counts) -> list[str]:
    """The results as lines of text, and what is wrong in lines that begin with `WRONG`."""
    articles, edits = (sum(found.bytes[table].values()) for table in ("articles", "edits"))
    share = edits / max(articles, 1)
    data = (edits - found.footers["edits"]) / max(articles - found.footers["articles"], 1)
    steps = ", ".join(f"{step} {count:,}" for step, count in found.steps.most_common())
    lines = [
        f"{run['documents']:,} documents: {run['published']:,} published, {run['quarantined']:,} in quarantine",
        f"{found.articles - len(found.wrong):,} of {found.articles:,} articles rebuild their source text from Parquet",
        f"{found.changed:,} articles have edits, {found.titles:,} of them edits of a title",
        f"{found.edits:,} rows of edits for {found.places:,} changes: {steps}",
        f"edits take {edits:,} bytes, articles {articles:,}: {share:.3f}",
        f"without the footers of the {len(found.bytes['articles']):,} partitions' files: {data:.3f}",
    ]
    largest = found.bytes["articles"].most_common(5)
    for partition, size in largest:
        part = found.bytes["edits"][partition]
        lines.append(f"  {partition:<44} articles {size:>12,}   edits {part:>11,}   {part / size:.3f}")
    if (
        run["documents"] != run["published"] + run["quarantined"] + run["unchanged"]
        or run["published"] != found.articles
    ):
        lines.append("WRONG: the counts do not add up")
    if found.wrong:
        lines.append(f"WRONG: not given back: {', '.join(found.wrong[:10])}")
    if articles >= LEAST_BYTES and share >= MOST:
        lines.append(f"WRONG: edits take {share:.3f} of the bytes of articles; at most {MOST} is allowed")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real articles: *.jsonl.gz with raw_text or text")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="copydesk-reversible-") as scratch:
        folder = Path(scratch)
        source = gathered(options.data, folder / "articles.jsonl") if options.data else EXAMPLES
        config = Config.model_validate({"run": {"workers": 1}})
        outcome = nightly.run(Job((str(source),), str(folder / "warehouse"), DAY, config))
        if outcome.row is None:
            parser.error(f"{options.data or EXAMPLES}: {outcome.sentence}")
        found = check(folder / "warehouse", texts(source))
    lines = report(outcome.row, found)
    print("\n".join(lines))
    if options.json:
        sizes = {table: sum(parts.values()) for table, parts in found.bytes.items()}
        results = {
            "run": outcome.row,
            "rebuilt": found.articles - len(found.wrong),
            "bytes": sizes,
            "steps": found.steps,
        }
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return int(any(text.startswith("WRONG") for text in lines))


if __name__ == "__main__":
    sys.exit(main())
