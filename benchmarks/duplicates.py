"""Copies: recall and precision beside other tools, strangers that are joined, and what a night costs.

python benchmarks/duplicates.py                          templates and a small night, on the repository's own data
python benchmarks/duplicates.py --data articles.jsonl    articles with `raw_text`, as JSON Lines
    --pairs pairs.tsv      known pairs: jaccard_5gram, dataset_a, id_a, dataset_b, id_b (of --data)
    --peers PYTHON         an interpreter with datatrove, datasketch, rensa and text-dedup, to run beside
    --night 10000,100000   a night of --articles against so many signatures
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from templates import row, strangers  # noqa: E402

from copydesk.duplicates.articles import clusters  # noqa: E402
from copydesk.duplicates.clusters import USUAL  # noqa: E402
from copydesk.duplicates.shingles import shingles, spaced  # noqa: E402

Rows = list[dict[str, Any]]


def cpu() -> float:
    """CPU seconds of this process and of those that it started."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak() -> float:
    """The most memory that this process had since `forget_peak`, in MB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    """Linux counts the peak of this process from now on."""
    Path("/proc/self/clear_refs").write_text("5", "utf-8")


# --- recall and precision


def read(path: Path) -> Rows:
    """The articles of a file, one row each, with the key that pairs name."""
    made = []
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        one = json.loads(line)
        key = (one.get("source_dataset", ""), str(one.get("id", number)))
        uri = f"{key[0]}/{key[1]}#{number}"
        made.append({**row(uri, one.get("title") or "", one["raw_text"], None, key[0]), "key": key})
    return made


def known(path: Path, rows: Rows) -> list[tuple[float, tuple[Any, Any]]]:
    """The known pairs of articles that are there."""
    keys = {one["key"] for one in rows}
    with path.open(encoding="utf-8") as file:
        pairs = [
            (float(line["jaccard_5gram"]), ((line["dataset_a"], line["id_a"]), (line["dataset_b"], line["id_b"])))
            for line in csv.DictReader(file, delimiter="\t")
        ]
    return [(jaccard, pair) for jaccard, pair in pairs if set(pair) <= keys]


def ours(rows: Rows) -> tuple[dict[str, str], float, float]:
    """The cluster of each article, CPU seconds and memory, in a process of its own."""
    return peer(sys.executable, "copydesk", rows)


PEER = """
import json, resource, sys
def cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
name, path = sys.argv[1:3]
texts = json.load(open(path))
import re
WORD = re.compile(r"\\w+")
above = list(range(len(texts)))
def find(x):
    while above[x] != x:
        above[x] = x = above[above[x]]
    return x
def join(a, b):
    a, b = find(a), find(b)
    above[max(a, b)] = min(a, b)
def grams(text):
    words = WORD.findall(text.lower())
    return {" ".join(words[n:n + 5]) for n in range(max(1, len(words) - 4))}
if name == "copydesk":
    from copydesk.duplicates.articles import clusters
    start = cpu()
    made = clusters(texts)
    place = {row["article_id"]: number for number, row in enumerate(texts)}
    for key, found in made.places.items():
        join(place[key], place[found.cluster_id])
elif name == "datasketch":
    from datasketch import MinHash, MinHashLSH
    start = cpu()
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    for number, text in enumerate(texts):
        made = MinHash(num_perm=128)
        made.update_batch([gram.encode() for gram in grams(text)])
        for other in lsh.query(made):
            join(number, other)
        lsh.insert(number, made)
elif name == "rensa":
    from rensa import RMinHash, RMinHashLSH
    start = cpu()
    lsh = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
    for number, text in enumerate(texts):
        made = RMinHash(num_perm=128, seed=42)
        made.update(list(grams(text)))
        for other in lsh.query(made):
            join(number, other)
        lsh.insert(number, made)
elif name == "datatrove":
    import tempfile
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster
    folder = tempfile.mkdtemp()
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    start = cpu()
    MinhashDedupSignature(f"{folder}/sigs", config=config).run(
        (Document(text=text, id=str(n)) for n, text in enumerate(texts)), 0, 1)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(f"{folder}/sigs", f"{folder}/buckets", config=config).run(None, bucket, config.num_buckets)
    MinhashDedupCluster(f"{folder}/buckets", f"{folder}/ids", config=config, save_cluster_id=True).run(None, 0, 1)
    import glob, struct
    for path in glob.glob(f"{folder}/buckets/*.dups"):
        data = open(path, "rb").read()
        for f1, d1, f2, d2 in struct.iter_unpack("<4I", data):
            join(d1, d2)
elif name == "text-dedup":
    import numpy as np
    from text_dedup.minhash import embed_func, optimal_param, xxh3_32hash
    prime, most = np.uint64(2**61 - 1), np.uint64(2**32 - 1)
    chance = np.random.RandomState(42)
    bands, rows = optimal_param(0.5, 250, 0.5, 0.5)
    made = tuple(chance.randint(least, 2**61 - 1, size=250, dtype=np.uint64) for least in (1, 0))
    start, tables = cpu(), [{} for _ in range(bands)]
    for number, text in enumerate(texts):
        found = embed_func(text, number, num_perm=250, ngram_size=5, min_length=5,
                           hashranges=[(n * rows, (n + 1) * rows) for n in range(bands)], permutations=made,
                           hash_func=xxh3_32hash, dtype=np.uint64, max_hash=most, modulo_prime=prime)
        for table, key in zip(tables, found["__signatures__"]):
            join(number, table.setdefault(key, number))
seconds = cpu() - start
# not ru_maxrss, which a process inherits from the one that started it
memory = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(json.dumps({"cpu": seconds, "memory": memory,
                  "clusters": [find(n) for n in range(len(texts))]}))
"""


def peer(python: str, name: str, rows: Rows) -> tuple[dict[str, str], float, float]:
    """The clusters of another tool, in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(rows if name == "copydesk" else [one["body"] for one in rows], file, default=str)
        file.flush()
        done = subprocess.run(
            [python, "-c", PEER, name, file.name], capture_output=True, text=True, check=False
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    ids = [one["article_id"] for one in rows]
    return {key: ids[n] for key, n in zip(ids, found["clusters"], strict=True)}, found["cpu"], found["memory"]


def scores(rows: Rows, pairs: list[tuple[float, tuple[Any, Any]]], found: dict[str, str]) -> dict[str, Any]:
    """Recall of known pairs, and the share of joined pairs that are alike: similarity, or containment of an excerpt."""
    ids = {one["key"]: one["article_id"] for one in rows}
    together = [(jaccard, found[ids[a]] == found[ids[b]]) for jaccard, (a, b) in pairs]
    members: dict[str, list[int]] = {}
    for number, one in enumerate(rows):
        members.setdefault(found[one["article_id"]], []).append(number)
    joined = [pair for some in members.values() if len(some) > 1 for pair in combinations(some, 2)]
    made = shingles([spaced(one["body"]) for one in rows])
    sets = {n: np.unique(made.of(n)) for some in members.values() if len(some) > 1 for n in some}
    alike = sum(_jaccard(sets[a], sets[b]) >= 0.5 or rows[a]["body"] == rows[b]["body"] for a, b in joined)
    return {
        **{f"recall {least}": (sum(hit for j, hit in together if j >= least), sum(j >= least for j, _ in together))
           for least in (0.5, 0.8)},
        "joined": len(joined),
        "alike": alike,
    }  # fmt: skip


def _jaccard(a: Any, b: Any) -> float:
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / max(len(a) + len(b) - common, 1)


def compare(rows: Rows, pairs: list[tuple[float, tuple[Any, Any]]], python: str | None) -> Iterator[dict[str, Any]]:
    """Each tool on the same articles."""
    tools: dict[str, Callable[[], tuple[dict[str, str], float, float]]] = {"copydesk": lambda: ours(rows)}
    for name in ("datatrove", "text-dedup", "datasketch", "rensa") if python else ():
        tools[name] = lambda name=name: peer(str(python), name, rows)  # type: ignore[misc]
    for name, work in tools.items():
        try:
            found, seconds, memory = work()
        except RuntimeError as error:
            print(error, file=sys.stderr)
            continue
        yield {"tool": name, "cpu": round(seconds, 2), "memory": round(memory), **scores(rows, pairs, found)}


def joined_strangers() -> tuple[int, int]:
    """Articles of templates, and the pairs of them that are joined."""
    rows = [one for some in strangers() for one in some]
    return len(rows), len(clusters(rows).pairs)


# --- a night


def night(signatures: int, rows: Rows, base: Rows) -> dict[str, Any]:
    """A night of `rows` against a warehouse of `base` articles and so many signatures altogether."""
    script = Path(__file__)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rows.json").write_text(json.dumps([rows, base], default=str))
        done = subprocess.run(
            [sys.executable, str(script), "--one-night", folder, str(signatures)], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def one_night(folder: Path, signatures: int) -> None:
    """Make the warehouse, then measure the comparison and its part of the commit, in this process."""
    from warehouse_runs import ROW

    from copydesk.records import Article, Document
    from copydesk.warehouse import Warehouse, layout, parquet
    from copydesk.warehouse.levels import KEYS, RATIO
    from copydesk.warehouse.levels import Rows as Keys
    from copydesk.warehouse.rows import articles_table, edits_table, quarantine_row, quarantine_table
    from copydesk.warehouse.schemas import SIGNATURES
    from copydesk.warehouse.signatures import state

    def publish(some: Rows, day: date, before: Callable[[], None] = lambda: None) -> dict[str, float]:
        warehouse = Warehouse.open(str(folder / "warehouse"))
        with warehouse.writing(5):
            history = warehouse.history()
            documents = list(history.select(Document(one["uri"], one["body"].encode()) for one in some))
            by_uri = {one["uri"]: one for one in some}
            made = [_article(Article, by_uri[document.uri], document) for document in documents]
            raw = quarantine_table([quarantine_row(document, []) for document in documents])
            with warehouse.stage(history) as staging:
                staging.add(articles_table(made), edits_table([]), quarantine_table([]), raw)
                before()
                if signatures_rows:  # the history knows the articles that have signatures only
                    staging._history.published.__class__.__len__ = lambda self: signatures_rows[0]  # type: ignore[method-assign]
                forget_peak()
                start, memory = cpu(), peak()
                compared = staging.compare(USUAL)
                middle = cpu()
                for number, level in enumerate(compared.signatures.values()):
                    parquet.write(folder / f"{number}.parquet", level.schema, level.tables())
                end = cpu()
                staging.commit(staging.run_id(day), day, {**ROW, "documents": 0, "unchanged": 0})
        return {"compare": middle - start, "write": end - middle, "memory": peak() - memory, "peak": peak()}

    signatures_rows: list[int] = []
    rows, base = json.loads((folder / "rows.json").read_text())
    for one in (*rows, *base):
        for name in ("published_date", "published_at"):
            one[name] = one[name] and (
                date.fromisoformat(one[name]) if name.endswith("date") else datetime.fromisoformat(one[name])
            )
    publish(base, date(2024, 5, 1))
    missing = signatures - len(base)
    if missing > 0:
        chance = np.random.default_rng(1)
        store = Warehouse.open(str(folder / "warehouse")).store
        count = missing * 17
        keys = np.sort(chance.integers(0, 2**32, count, dtype=np.uint32) & np.uint32(2**32 - 4))
        made = Keys.made(
            keys, chance.integers(0, 2**63, count).astype(np.uint64), chance.integers(0, 2**32, count, dtype=np.uint32)
        )
        level = next(n for n in range(1, 8) if count <= KEYS.first * RATIO**n)
        parquet.write(Path(store.path(layout.signatures(level))), SIGNATURES, [made.table(SIGNATURES)])
        known = state(store)
        assert known is not None
        path = Path(store.path(layout.SIGNATURES_STATE))
        path.write_bytes(known._replace(articles=signatures, levels=[*known.levels, level]).content())
        signatures_rows.append(signatures)
        del keys, made
    print(json.dumps(publish(rows, date(2024, 5, 2))))


def _article(kind: Any, one: dict[str, Any], document: Any) -> Any:
    names = ("article_id", "uri", "headline", "body", "published_at", "published_date", "site", "word_count")
    fields = {name: one[name] for name in names}
    return kind(**fields, content_sha256=document.content_sha256, cluster_id=one["article_id"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--night", metavar="N,N", default="")
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one-night", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one_night:
        one_night(Path(chosen.one_night[0]), int(chosen.one_night[1]))
        return
    rows = read(chosen.data) if chosen.data else [one for some in strangers() for one in some]
    results: dict[str, Any] = {}
    count, joined = joined_strangers()
    print(f"templates: {joined} of {count} strangers joined")
    results["templates"] = {"articles": count, "joined": joined}
    if chosen.pairs:
        results["tools"] = []
        for line in compare(rows, known(chosen.pairs, rows), chosen.peers):
            print(
                "  ".join(
                    f"{name} {' of '.join(map(str, value)) if isinstance(value, tuple) else value}"
                    for name, value in line.items()
                )
            )
            results["tools"].append(line)
    sizes = [int(size) for size in chosen.night.split(",") if int(size or 0)]
    for size in sizes:
        tonight = [{**one, "uri": f"n{n}", **_dated(one, n)} for n, one in enumerate(rows[::2][: chosen.articles])]
        found = night(
            size,
            [_named(one) for one in tonight],
            [_named({**one, **_dated(one, n)}) for n, one in enumerate(rows[1::2][:size])],
        )
        print(f"night of {len(tonight):,} against {size:,}: " + ", ".join(f"{k} {v:.2f}" for k, v in found.items()))
        results.setdefault("nights", []).append({"signatures": size, **found})
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))


def _dated(one: dict[str, Any], number: int) -> dict[str, Any]:
    day = date.fromordinal(date(2024, 4, 1).toordinal() + number % 30)
    return {"published_date": day, "published_at": datetime(day.year, day.month, day.day, tzinfo=UTC)}


def _named(one: dict[str, Any]) -> dict[str, Any]:
    names = ("headline", "body", "published_date", "published_at", "site", "word_count", "uri")
    return {**row(one["uri"], "", ""), **{name: one[name] for name in names}}


if __name__ == "__main__":
    main()
