"""Compares two versions of the code: the articles and edits of two warehouses, row by row.

    copydesk run articles.jsonl --date 2026-11-28 --warehouse before     with one version
    copydesk run articles.jsonl --date 2026-11-28 --warehouse after      with the other
    python -m benchmarks.ledgers before after [--examples 5] [--json FILE]

`--gather FOLDER FILE` writes all records of `FOLDER/*.jsonl.gz` as one file of JSON Lines, each with a unique uri.

Documents are matched by uri; runs, versions, times, and columns that only one of the two has are ignored. Confidences
are compared separately, since measuring a rule again changes no text. Exits with 1 if anything else differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.dataset as ds

from benchmarks.reversible import gathered

#: What differs between any two runs, whatever the code.
_OF_THE_RUN = frozenset("run_id pipeline_version first_seen_at last_changed_at version".split())
_EDIT = "step field start end positions before after rule status".split()


class Ledger(NamedTuple):
    """The results of a run by uri: `articles` as columns and values, `edits` in order without confidence, `confidences`
    in the same order, `quarantined` as the names of the rules that each document failed.
    """

    articles: dict[str, dict[str, Any]]
    edits: dict[str, list[tuple[Any, ...]]]
    confidences: dict[str, list[float | None]]
    quarantined: dict[str, tuple[str, ...]]


def read(warehouse: Path) -> Ledger:
    """The ledger of a warehouse on this machine. Raises `FileNotFoundError` where it has no articles."""
    if not (warehouse / "articles").is_dir():
        raise FileNotFoundError(f"{warehouse}: no articles here; is this the --warehouse of a run?")
    articles = {
        row["uri"]: {name: value for name, value in row.items() if name not in _OF_THE_RUN}
        for row in _rows(warehouse / "articles")
    }
    uris = {row["article_id"]: uri for uri, row in articles.items()}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(warehouse / "edits"):
        found[uris.get(row["article_id"], row["article_id"])].append(row)
    edits, confidences = {}, {}
    for uri, rows in found.items():
        rows.sort(key=lambda row: row["sequence"])
        edits[uri] = [tuple(_plain(row[name]) for name in _EDIT) for row in rows]
        confidences[uri] = [row["confidence"] for row in rows]
    held = {row["uri"]: tuple(r["rule"] for r in row["reasons"]) for row in _rows(warehouse / "quarantine")}
    return Ledger(articles, edits, confidences, held)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    if folder.is_dir():
        for batch in ds.dataset(folder, format="parquet", partitioning="hive").to_batches():
            yield from batch.to_pylist()


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Comparison(NamedTuple):
    """`counts` by kind of difference; `examples` by the same kinds, each as (uri, before, after)."""

    documents: int
    counts: Counter[str]
    examples: dict[str, list[tuple[str, Any, Any]]]

    @property
    def alike(self) -> bool:
        """Whether no text, column or edit differs; confidences may."""
        return not any(count for kind, count in self.counts.items() if not kind.startswith("confidence"))


def compare(before: Ledger, after: Ledger, examples: int = 3) -> Comparison:
    """All differences of two ledgers, by kind: `column NAME`, `edit RULE gone`, `edit RULE new`, `confidence RULE`,
    `published, then quarantined` and the reverse, `only before`, `only after`, `reasons of the quarantine`.
    """
    counts: Counter[str] = Counter()
    shown: dict[str, list[tuple[str, Any, Any]]] = defaultdict(list)

    def note(kind: str, uri: str, was: Any, is_now: Any) -> None:
        counts[kind] += 1
        if len(shown[kind]) < examples:
            shown[kind].append((uri, was, is_now))

    uris = {*before.articles, *before.quarantined, *after.articles, *after.quarantined}
    for uri in sorted(uris):
        old, new = before.articles.get(uri), after.articles.get(uri)
        if old is not None and new is not None:
            for name in sorted(old.keys() & new.keys()):
                if old.get(name) != new.get(name):
                    note(f"column {name}", uri, old.get(name), new.get(name))
            _compare_edits(before, after, uri, note)
        elif old is None and new is None:
            if before.quarantined.get(uri) != after.quarantined.get(uri):
                note("reasons of the quarantine", uri, before.quarantined.get(uri), after.quarantined.get(uri))
        elif old is not None:
            kind = "published, then quarantined" if uri in after.quarantined else "only before"
            note(kind, uri, old["headline"], after.quarantined.get(uri))
        elif new is not None:
            kind = "quarantined, then published" if uri in before.quarantined else "only after"
            note(kind, uri, before.quarantined.get(uri), new["headline"])
    return Comparison(len(uris), counts, dict(shown))


def _compare_edits(before: Ledger, after: Ledger, uri: str, note: Any) -> None:
    old, new = before.edits.get(uri, []), after.edits.get(uri, [])
    if old == new:
        for edit, was, is_now in zip(old, before.confidences.get(uri, []), after.confidences.get(uri, []), strict=True):
            if was != is_now:
                note(f"confidence {edit[_EDIT.index('rule')]}", uri, was, is_now)
        return
    gone, made = Counter(old) - Counter(new), Counter(new) - Counter(old)
    for edit in gone:
        note(f"edit {edit[_EDIT.index('rule')]} gone", uri, edit, None)
    for edit in made:
        note(f"edit {edit[_EDIT.index('rule')]} new", uri, None, edit)
    if not gone and not made:
        note("order of edits", uri, old, new)


def report(comparison: Comparison) -> list[str]:
    """The differences in lines of text, the most frequent kind first."""
    lines = [f"{comparison.documents:,} documents, {'alike' if comparison.alike else 'NOT ALIKE'}"]
    for kind, count in comparison.counts.most_common():
        lines.append(f"{count:>8,}  {kind}")
        for uri, was, is_now in comparison.examples[kind]:
            lines += [f"          {uri}", f"            - {str(was)[:300]!r}", f"            + {str(is_now)[:300]!r}"]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouses", type=Path, nargs="*", metavar="WAREHOUSE", help="the one before, the one after")
    parser.add_argument("--examples", type=int, default=3, metavar="N", help="differences shown of each kind (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the differences as JSON")
    parser.add_argument("--gather", type=Path, nargs=2, metavar=("FOLDER", "FILE"), help="make one file of a folder")
    options = parser.parse_args(arguments)
    if options.gather:
        folder, file = options.gather
        gathered(folder, file)
        print(f"{file}: {sum(1 for _ in file.open('rb')):,} documents")
        return 0
    if len(options.warehouses) != 2:
        parser.error("name two warehouses: the one before, the one after")
    try:
        before, after = map(read, options.warehouses)
    except FileNotFoundError as error:
        parser.error(str(error))
    found = compare(before, after, options.examples)
    print("\n".join(report(found)))
    if options.json:
        value = {"documents": found.documents, "alike": found.alike, "counts": found.counts, "examples": found.examples}
        options.json.write_text(json.dumps(value, indent=1, default=str, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(not found.alike)


if __name__ == "__main__":
    sys.exit(main())
