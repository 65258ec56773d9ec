"""Measures the confidence of each rule: edits are sampled, judged by a reader, counted, and written to `rules.toml`.

    python -m benchmarks.ledgers --gather FOLDER articles.jsonl     the articles, each with a unique uri
    copydesk run articles.jsonl --warehouse read                    the edits to sample from
    python -m benchmarks.confidence draw read                       writes out/confidence.jsonl; fill in each `verdict`
    python -m benchmarks.confidence keep out/confidence.jsonl       adds the verdicts to confidence_verdicts.tsv
    python -m benchmarks.confidence keep --warehouse DIR            adds those of the hand checks in a warehouse
    python -m benchmarks.confidence write read --of "development articles, 2026-11"

`draw` samples edits without a verdict, at random with a fixed seed, one place of each, and shows 60 characters on both
sides. A verdict is `right`, or `wrong` if a human editor would not have made the change or if it removed text of the
article. The file of verdicts identifies an edit by its article and a digest of the change and its context, so it holds
no text. The hand checks of a warehouse (`copydesk edits check`) are about the first place of an edit. `write` takes one
warehouse or several, and counts only verdicts on edits that these still have: a change that is no longer made is no
evidence for the present rule, so after a rule was changed, new edits are sampled.

The confidence is Laplace's rule of succession, (right + 1) / (read + 2): the posterior mean with a uniform prior. A
rule without verdicts has 0.5, so verdicts raise the confidence of a good rule.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.dataset as ds

from copydesk.data.rules import NEVER, rules
from copydesk.edits import APPLIED, TITLE, Edit, published_text, undo
from copydesk.hand_check import RIGHT, WRONG
from copydesk.records import article_id
from copydesk.warehouse.decisions import CHECK

RULES = Path(__file__).parent.parent / "copydesk" / "data" / "rules.toml"
VERDICTS = Path(__file__).parent / "confidence_verdicts.tsv"
#: Characters shown on both sides of a change, and those of them that its digest covers.
CONTEXT, DIGESTED = 60, 20
_HEADING = "rule\tarticle_id\tchange\tverdict\n"


class Change(NamedTuple):
    """One place of one applied edit, with the text on both sides as it stood just before the edit."""

    rule: str
    article_id: str
    left: str
    before: str
    after: str
    right: str

    @property
    def digest(self) -> str:
        """12 hex digits: BLAKE2b of the change and 20 characters on both sides."""
        said = "\0".join((self.left[-DIGESTED:], self.before, self.after, self.right[:DIGESTED]))
        return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.article_id, self.digest


def estimate(right: int, read: int) -> float:
    """The probability that an edit of a rule is right, of which `right` of `read` were: (right + 1) / (read + 2)."""
    return (right + 1) / (read + 2)


def changes(warehouse: Path, articles: set[str] | None = None) -> Iterator[Change]:
    """Every place of every applied edit of `articles` (None: of all), article by article, the last one first.

    Raises `FileNotFoundError` where `warehouse` holds no articles.
    """
    if not (warehouse / "articles").is_dir():
        raise FileNotFoundError(f"{warehouse}: no articles here; is this the --warehouse of a run?")
    edits: dict[str, list[Edit]] = defaultdict(list)
    for row in rows(warehouse / "edits", list(Edit._fields)):
        if articles is None or row["article_id"] in articles:
            edits[row["article_id"]].append(Edit.from_row(row))
    for row in rows(warehouse / "articles", ["article_id", "headline", "body"]):
        yield from _of_article(row["headline"], row["body"], edits.get(row["article_id"], []))


def rows(folder: Path, columns: list[str]) -> Iterator[dict[str, object]]:
    for batch in ds.dataset(folder, format="parquet", partitioning="hive").to_batches(columns=columns):
        yield from batch.to_pylist()


def _of_article(headline: str, body: str, edits: list[Edit]) -> Iterator[Change]:
    texts = {TITLE: headline}
    for edit in sorted(edits, key=lambda edit: -edit.sequence):
        text = texts[edit.field] = undo(texts.get(edit.field, published_text(headline, body)), edit)
        for place in reversed(edit.places) if edit.status == APPLIED else ():
            end = place + len(edit.before)
            left, right = text[max(0, place - CONTEXT) : place], text[end : end + CONTEXT]
            yield Change(edit.rule, edit.article_id, left, edit.before, edit.after, right)


# --- draw ------------------------------------------------------------------------------------------------------------


def draw(found: Iterable[Change], known: set[tuple[str, str, str]], per_rule: int, seed: int) -> list[Change]:
    """Up to `per_rule` changes of each rule, drawn with `seed`: articles first, then one change of each.

    Further changes of an article are taken only where a rule occurs in fewer articles than are asked for. What is
    `known` is not drawn again.
    """
    by_rule: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in found:
        if change.key not in known:
            by_rule[change.rule][change.article_id].append(change)
    drawn: list[Change] = []
    for rule in sorted(by_rule):
        chance = random.Random(f"{seed} {rule}")
        ranked = []
        for article in sorted(by_rule[rule]):
            ones = sorted({change.digest: change for change in by_rule[rule][article]}.values())
            chance.shuffle(ones)
            ranked += [(rank, chance.random(), change) for rank, change in enumerate(ones)]
        drawn += [change for *_, change in sorted(ranked)[:per_rule]]
    return drawn


def sheet(drawn: Iterable[Change]) -> str:
    """The changes as JSON Lines, to be read and filled in: a `verdict` is `right` or `wrong`."""
    return "".join(
        json.dumps({**change._asdict(), "change": change.digest, "verdict": ""}, ensure_ascii=False) + "\n"
        for change in drawn
    )


# --- keep ------------------------------------------------------------------------------------------------------------

Verdicts = dict[tuple[str, str, str], str]


def read_sheet(text: str) -> Verdicts:
    """The verdicts of a filled sheet. Raises `ValueError` naming the first line whose verdict is none."""
    found: Verdicts = {}
    for number, line in enumerate(text.splitlines(), 1):
        row = json.loads(line)
        if row["verdict"] not in ("", RIGHT, WRONG):
            raise ValueError(f"line {number}: the verdict is {row['verdict']!r}; write {RIGHT!r} or {WRONG!r}")
        if row["verdict"]:
            found[row["rule"], row["article_id"], row["change"]] = row["verdict"]
    return found


def checked(warehouse: Path) -> Verdicts:
    """The verdicts of the hand checks in a warehouse, on edits that it still has, each on the first place of its edit.

    Raises `FileNotFoundError` where nothing was checked.
    """
    folder = warehouse / "decisions"
    wanted = ["number", "action", "uri", "rule", "before", "after", "verdict"]
    made = sorted(rows(folder, wanted), key=lambda row: int(str(row["number"]))) if folder.is_dir() else []
    said = {
        (row["rule"], article_id(str(row["uri"])), row["before"], row["after"]): str(row["verdict"])
        for row in made
        if row["action"] == CHECK
    }
    if not said:
        raise FileNotFoundError(f"{warehouse}: no edit was checked here; `copydesk edits sample` draws some")
    first: dict[tuple[object, ...], Change] = {}
    for change in changes(warehouse, {article for _, article, *_ in said}):
        about = (change.rule, change.article_id, change.before, change.after)
        if about in said:
            first[about] = change  # of those of an article the first one comes last
    return {change.key: said[about] for about, change in first.items()}


def read_verdicts(file: Path) -> Verdicts:
    """The verdicts that are kept; none where the file is not there yet."""
    rows = file.read_text("utf-8").splitlines()[1:] if file.exists() else []
    return {(rule, article, change): verdict for rule, article, change, verdict in (row.split("\t") for row in rows)}


def write_verdicts(file: Path, verdicts: Verdicts) -> None:
    rows = sorted((*key, verdict) for key, verdict in verdicts.items())
    file.write_text(_HEADING + "".join("\t".join(row) + "\n" for row in rows), "utf-8")


# --- write -----------------------------------------------------------------------------------------------------------


class Count(NamedTuple):
    right: int
    read: int

    def words(self, material: str) -> str:
        return f"right {self.right} of {self.read}, {material}"


def count(verdicts: Verdicts, made: set[tuple[str, str, str]]) -> dict[str, Count]:
    """How many edits of each rule were read and right, among those that are still `made`."""
    read = Counter(rule for rule, *rest in verdicts if (rule, *rest) in made)
    right = Counter(key[0] for key, verdict in verdicts.items() if verdict == RIGHT and key in made)
    return {rule: Count(right[rule], read[rule]) for rule in sorted(read)}


def measured(text: str, counts: dict[str, Count], material: str) -> str:
    """`rules.toml` with the confidence and its evidence of each rule in `counts`.

    A rule whose edits have a confidence each keeps the words that say so, and the count stands behind them.
    """
    lines, rule = [], ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[(.+)\]", line):
            rule = heading[1]
        known = counts.get(rule)
        if known and line.startswith("confidence = "):
            line = f"confidence = {estimate(*known):.3f}"
        elif known and line.startswith("measured = "):
            own = "" if rules()[rule].confidence is not None else line[12:-1].split("; right ")[0] + "; "
            line = f'measured = "{own}{known.words(material)}"'
        lines.append(line)
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help="draw edits that nobody has read yet")
    drawing.add_argument("warehouse", type=Path)
    drawing.add_argument("--per-rule", type=int, default=60, metavar="N", help="edits of each rule (60)")
    drawing.add_argument("--rule", action="append", metavar="RULE", help="of this rule only; may be repeated")
    drawing.add_argument("--seed", type=int, default=1)
    drawing.add_argument("--out", type=Path, default=Path("out/confidence.jsonl"), metavar="FILE")
    keeping = commands.add_parser("keep", help="add the verdicts of a filled sheet to those that are kept")
    keeping.add_argument("sheet", type=Path, nargs="?", help="a sheet of `draw` that is filled in")
    keeping.add_argument("--warehouse", type=Path, action="append", default=[], metavar="DIR", help="its hand checks")
    writing = commands.add_parser("write", help="write the confidences into rules.toml")
    writing.add_argument("warehouse", type=Path, nargs="+")
    writing.add_argument("--of", required=True, metavar="WORDS", help="what was read and when")
    options = parser.parse_args(arguments)
    try:
        print({"draw": _draw, "keep": _keep, "write": _write}[options.command](options))
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    return 0


def _draw(options: argparse.Namespace) -> str:
    known = set(read_verdicts(VERDICTS))
    found = (c for c in changes(options.warehouse) if not options.rule or c.rule in options.rule)
    drawn = draw(found, known, options.per_rule, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(sheet(drawn), "utf-8")
    return f"{options.out}: {len(drawn):,} edits of {len({change.rule for change in drawn})} rules"


def _keep(options: argparse.Namespace) -> str:
    if options.sheet is None and not options.warehouse:
        raise ValueError("give a filled sheet, or --warehouse")
    new = read_sheet(options.sheet.read_text("utf-8")) if options.sheet else {}
    for warehouse in options.warehouse:
        new |= checked(warehouse)
    write_verdicts(VERDICTS, {**read_verdicts(VERDICTS), **new})
    return f"{VERDICTS}: {len(new):,} verdicts added"


def _write(options: argparse.Namespace) -> str:
    verdicts = read_verdicts(VERDICTS)
    articles = {article for _, article, _ in verdicts}
    made = {change.key for warehouse in options.warehouse for change in changes(warehouse, articles)}
    counts = count(verdicts, made)
    RULES.write_text(measured(RULES.read_text("utf-8"), counts, options.of), "utf-8")
    rows = [f"{rule:<20} {known.right:>5} of {known.read:>4}  {estimate(*known):.3f}" for rule, known in counts.items()]
    gone = f"{len(verdicts.keys() - made):,} verdicts on edits that are no longer made"
    never = [rule.name for rule in rules().values() if rule.measured == NEVER and rule.name not in counts]
    return "\n".join([*rows, gone, f"{NEVER}: {', '.join(never) or 'none'}"])


if __name__ == "__main__":
    sys.exit(main())
