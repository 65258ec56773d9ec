"""Pages with gold: headline, day, authors, body and language, beside trafilatura, newspaper4k and htmldate.

`pages/pages.jsonl.gz` holds a page a line: `id`, `set`, `file` (its address within a folder of pages), `html`,
`html_encode`, and where known `lang`, `gold_title`, `gold_date`, `gold_authors` (`[]` where nobody is named),
`gold_body` and `gold_deck`, a summary that may be in the body or not.

Headline: equal but for blanks, quotation marks and dashes. Byline: names as sets without case and punctuation, F1 of
each page with an author, mean; a name equals one that contains it with two words in common. Body: words as multisets,
F1 of each page, mean. A line is stray if fewer than half of its pieces of three words stand in the gold. The set `aeb`
is measured by its own evaluation too: shingles of four words, means of precision and recall.
"""

from __future__ import annotations

import gzip
import json
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

from copydesk.pipeline import clean_alone
from copydesk.records import Document
from copydesk.sources.pages import declared_charset

from .material import Row, progress, sampled
from .structure import CONFIG

STEP = "pages"
# Scripts without spaces are counted by character.
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")
_SHINGLE_WORD = re.compile(r"\w+")
_QUOTES = dict.fromkeys(map(ord, "\"'`´‘’‚‛“”„‟«»‹›「」『』"), "'") | dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_PIECE, _SHINGLE = 3, 4
_NEAR = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool reads in a page; `body` in lines."""

    headline: str = ""
    day: date | None = None
    authors: tuple[str, ...] = ()
    body: str = ""
    language: str | None = None


@dataclass(slots=True)
class Tool:
    """A tool, what it read in each page, and the CPU seconds that it took."""

    name: str
    read: Callable[[dict[str, Any], bytes], Found]
    gives: frozenset[str]
    found: dict[str, Found] = field(default_factory=dict)
    seconds: float = 0.0


@cache
def rows(data: Path) -> tuple[dict[str, Any], ...]:
    """All pages of `data` with gold, from `pages.jsonl.gz` or else from `pages.jsonl`; none where there is neither."""
    folder = data / "pages"
    if (folder / "pages.jsonl.gz").exists():
        with gzip.open(folder / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
            return tuple(json.loads(line) for line in lines)
    listing = folder / "pages.jsonl"
    found = [json.loads(line) for line in listing.read_text("utf-8").splitlines()] if listing.exists() else []
    return tuple(_with_page(row, folder) for row in found)


def _with_page(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A row of `pages.jsonl`, whose page lies beside it, in the form of `pages.jsonl.gz`."""
    return {
        "id": row["file"], "set": "own", "file": row["file"], "url": f"https://news.example/{row['file']}",
        "html": (folder / row["file"]).read_text("utf-8"), "html_encode": "utf-8", "lang": row.get("lang"),
        "gold_title": row.get("title"), "gold_date": row.get("date"), "gold_authors": row.get("authors"),
        "gold_body": row["body"], "gold_deck": row.get("deck"),
    }  # fmt: skip


# --- the tools --------------------------------------------------------------------------------------------------------


def _copydesk(row: dict[str, Any], content: bytes) -> Found:
    document = Document(row["file"], content, "html", charset=declared_charset(content))
    article = clean_alone([document], CONFIG)[0].article
    if article is None:
        return Found()
    return Found(article.headline, article.published_date, article.byline, article.body, article.language)


def _trafilatura(row: dict[str, Any], content: bytes) -> Found:
    import trafilatura

    read = trafilatura.bare_extraction(content, url=row["url"], include_comments=False, with_metadata=True)
    if read is None:
        return Found()
    authors = tuple(filter(None, (name.strip() for name in (read.author or "").split(";"))))
    return Found(read.title or "", _day(read.date), authors, (read.text or "").replace("\n", "\n\n"))


def _newspaper(row: dict[str, Any], content: bytes) -> Found:
    import newspaper

    article = newspaper.Article(row["url"], fetch_images=False)
    article.download(input_html=content.decode(row["html_encode"], "replace"))
    article.parse()
    day = article.publish_date.date() if article.publish_date else None
    return Found(article.title or "", day, tuple(article.authors), article.text or "", article.meta_lang or None)


def _htmldate(row: dict[str, Any], content: bytes) -> Found:
    from htmldate import find_date

    return Found(day=_day(find_date(content.decode(row["html_encode"], "replace"), original_date=True)))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def tools(peers: bool) -> list[Tool]:
    """copydesk, and the peers that are installed."""
    everything = frozenset("headline day authors body".split())
    found = [Tool("copydesk", _copydesk, everything | {"language"})]
    if peers:
        found += [
            Tool(name, read, gives)
            for name, read, gives in (
                ("trafilatura", _trafilatura, everything),
                ("newspaper", _newspaper, everything | {"language"}),
                ("htmldate", _htmldate, frozenset({"day"})),
            )
            if find_spec(name)
        ]
    return found


def read_all(drawn: Sequence[dict[str, Any]], every: Sequence[Tool]) -> None:
    """Let each tool read each page. A page at which a tool fails counts as nothing found."""
    for row in progress(drawn, STEP):
        content = row["html"].encode(row["html_encode"])
        for tool in every:
            began = time.process_time()
            try:
                tool.found[row["id"]] = tool.read(row, content)
            except Exception:  # noqa: BLE001 - of a peer, too
                tool.found[row["id"]] = Found()
            tool.seconds += time.process_time() - began


# --- one page ---------------------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def same_line(found: str, truth: str) -> bool:
    """Whether two headlines are equal but for blanks, quotation marks and dashes."""
    a, b = (" ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).split()) for text in (found, truth))
    return a.replace("''", "'") == b.replace("''", "'")


def _name(name: str) -> tuple[str, ...]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", plain.casefold()))


def byline_f1(found: Sequence[str], truth: Sequence[str]) -> float:
    """F1 of names as sets."""
    mine, theirs = ({name for text in names if (name := _name(text))} for names in (found, truth))
    if not mine or not theirs:
        return float(mine == theirs)
    hits = sum(any(_same_name(a, b) for b in theirs) for a in mine)
    recalled = sum(any(_same_name(a, b) for a in mine) for b in theirs)
    precision, recall = hits / len(mine), recalled / len(theirs)
    return 2 * precision * recall / (precision + recall) if hits else 0.0


def _same_name(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    short, long = sorted((a, b), key=len)
    if a == b:
        return True
    return len(short) >= 2 and set(short) <= set(long)


def body_f1(found: str, row: dict[str, Any]) -> float:
    """F1 of words, without lines that are the title, with the deck or without."""
    story = _without_title(found, row)
    golds = [row["gold_body"]]
    if row.get("gold_deck"):
        golds.append(f"{row['gold_deck']}\n{row['gold_body']}")
    return max(_f1(Counter(words(story)), Counter(words(_without_title(gold, row)))) for gold in golds)


def _without_title(text: str, row: dict[str, Any]) -> str:
    title = row.get("gold_title") or ""
    return "\n".join(line for line in text.split("\n") if not title or not same_line(line, title))


def _f1(mine: Counter[Any], theirs: Counter[Any]) -> float:
    shared = (mine & theirs).total()
    return 2 * shared / (mine.total() + theirs.total()) if shared else float(not mine and not theirs)


def stray(found: str, row: dict[str, Any]) -> list[str]:
    """The lines that are not of the article."""
    gold = set(_pieces(words(f"{row.get('gold_deck') or ''}\n{row['gold_body']}"), (1, 2, _PIECE)))
    lines = (line.strip() for line in _without_title(found, row).split("\n"))
    result = []
    for line in lines:
        if said := words(line):
            pieces = list(_pieces(said, (min(_PIECE, len(said)),)))
            if sum(piece in gold for piece in pieces) < _NEAR * len(pieces):
                result.append(line)
    return result


def _pieces(said: Sequence[str], sizes: Sequence[int]) -> Iterator[tuple[str, ...]]:
    return (tuple(said[i : i + size]) for size in sizes for i in range(len(said) - size + 1))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    said = _SHINGLE_WORD.findall(text)
    return Counter(tuple(said[i : i + _SHINGLE]) for i in range(max(1, len(said) - _SHINGLE + 1)))


def _own_evaluation(found: str, truth: str) -> tuple[float, float]:
    mine, theirs = shingles(found), shingles(truth)
    shared, more, less = (mine & theirs).total(), (mine - theirs).total(), (theirs - mine).total()
    if not more and not less:
        return 1.0, 1.0
    return (shared / (shared + more) if shared + more else 0.0), (shared / (shared + less) if shared + less else 0.0)


def repeats_headline(found: Found) -> bool:
    """Whether the headline, of three words or more, is a line of the body again."""
    headline = words(found.headline)
    return len(headline) >= 3 and any(words(line) == headline for line in found.body.split("\n"))


# --- the table --------------------------------------------------------------------------------------------------------


def _days(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    outcome: Counter[str] = Counter()
    for row in chosen:
        day = tool.found[row["id"]].day
        outcome["none" if day is None else "right" if day.isoformat() == row["gold_date"] else "wrong"] += 1
    return {kind: outcome[kind] / len(chosen) for kind in ("right", "wrong")}


def _bodies(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    found = [(tool.found[row["id"]].body, row) for row in chosen]
    return {
        "body, F1 of words": fmean(body_f1(body, row) for body, row in found),
        "stray lines a page": fmean(len(stray(body, row)) for body, row in found),
    }


def _aeb(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    scores = [_own_evaluation(tool.found[row["id"]].body, row["gold_body"]) for row in chosen]
    precision, recall = (fmean(score[i] for score in scores) for i in (0, 1))
    total = precision + recall
    return {"body, F1 of its own evaluation": 2 * precision * recall / total if total else 0.0}


def _headlines(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    found = [(tool.found[row["id"]], row) for row in chosen]
    return {
        "headline exact": fmean(same_line(one.headline, row["gold_title"]) for one, row in found),
        "headline again in the body": fmean(repeats_headline(one) for one, _ in found),
    }


def _bylines(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {"byline F1": fmean(byline_f1(tool.found[row["id"]].authors, row["gold_authors"]) for row in chosen)}


def _invented(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {"invented": fmean(bool(tool.found[row["id"]].authors) for row in chosen)}


def _languages(tool: Tool, chosen: Sequence[dict[str, Any]]) -> dict[str, float]:
    same = {"nb": "no", "nn": "no"}
    named = [((tool.found[row["id"]].language or "")[:2], row["lang"]) for row in chosen]
    return {"right": fmean(same.get(code, code) == same.get(truth, truth) for code, truth in named)}


_Gold = Callable[[dict[str, Any]], bool]
_Measure = Callable[[Tool, Sequence[dict[str, Any]]], dict[str, float]]
#: What is measured on each set: what a tool must give, the pages, the measure, and the aims.
MEASURES: tuple[tuple[str, str, _Gold, _Measure, dict[str, str]], ...] = (
    ("byline", "authors", lambda row: bool(row["gold_authors"]), _bylines, {"fundus": "≥ 92", "aed": "≥ 88"}),
    ("nobody named", "authors", lambda row: row["gold_authors"] == [], _invented, {"": "≤ 3"}),
    ("date", "day", lambda row: bool(row["gold_date"]) and not row.get("date_doubt"), _days, {}),
    ("headline", "headline", lambda row: bool(row["gold_title"]), _headlines, {"aed": "≥ 92"}),
    ("body", "body", lambda row: bool(row["gold_body"]) and not row.get("body_doubt"), _bodies, {}),
    ("body", "body", lambda row: row["set"] == "aeb", _aeb, {"aeb": "≥ 97.5"}),
    ("language", "language", lambda row: bool(row["lang"] and row["gold_body"]), _languages, {"": "≥ 99.5"}),
)
_HARM = frozenset({"invented", "wrong", "headline again in the body", "stray lines a page"})


def table(drawn: Sequence[dict[str, Any]], every: Sequence[Tool]) -> list[Row]:
    """The rows of the measures, for each set and for all pages together."""
    made = []
    own, others = every[0], every[1:]
    for what, gives, has_gold, measure, aims in MEASURES:
        whole = [row for row in drawn if has_gold(row)]
        together = what in ("nobody named", "language")
        for name in ("all",) if together else sorted({row["set"] for row in whole}):
            chosen = [row for row in whole if together or row["set"] == name]
            if not chosen:
                continue
            theirs = {tool.name: measure(tool, chosen) for tool in others if gives in tool.gives}
            for metric, figure in measure(own, chosen).items():
                unit = "" if metric.startswith("stray") else "%"
                beside = {tool: figures[metric] for tool, figures in theirs.items()}
                aim = aims.get("" if together else name, "")
                made.append(
                    Row(STEP, f"{what}, {name}", metric, figure, len(chosen), dict(beside), aim, unit, metric in _HARM)
                )
    return made


def failures(drawn: Sequence[dict[str, Any]], tool: Tool) -> list[dict[str, Any]]:
    """Pages of which something is not as in the gold."""
    missed = []
    for row in drawn:
        found = tool.found[row["id"]]
        wrong: dict[str, Any] = {}
        if row["gold_authors"] is not None and byline_f1(found.authors, row["gold_authors"]) < 1:
            wrong["authors"] = [row["gold_authors"], found.authors]
        if row["gold_date"] and not row.get("date_doubt") and str(found.day) != row["gold_date"]:
            wrong["date"] = [row["gold_date"], str(found.day)]
        if row["gold_title"] and not same_line(found.headline, row["gold_title"]):
            wrong["headline"] = [row["gold_title"], found.headline]
        if repeats_headline(found):
            wrong["headline again"] = found.headline
        if row["gold_body"] and not row.get("body_doubt"):
            if (f1 := body_f1(found.body, row)) < 0.95:
                wrong["body"] = round(f1, 3)
            if lines := stray(found.body, row):
                wrong["stray"] = [line[:200] for line in lines[:20]]
        if row["lang"] and row["gold_body"] and found.language != row["lang"]:
            wrong["language"] = [row["lang"], found.language]
        if wrong:
            missed.append({"id": row["id"], "file": row["file"], **wrong})
    return missed


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. `sample` is the number of pages (all)."""
    drawn = sampled(rows(data), sample, STEP)
    if not drawn:
        return [], {}
    every = tools(peers)
    read_all(drawn, every)
    made = table(drawn, every)
    rates = {tool.name: len(drawn) / max(tool.seconds, 1e-9) for tool in every}
    speed, name = rates.pop("copydesk"), "pages a CPU second"
    made.append(Row(STEP, "speed", name, speed, len(drawn), dict(rates), "≥ 30", "", has_floor=False))
    return made, {"failures": failures(drawn, every[0])}
