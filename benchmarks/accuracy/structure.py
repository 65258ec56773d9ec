"""Structure: headlines, datelines and dates of real articles, compared with the labels of their data sets.

Every article goes through the pipeline except for typos. Headlines are compared up to quotes, spaces and the name of
the site after a bar or dash; the title is `given` separately, as in a feed, or must be found in the `text alone`, where
it is one of the first lines. Datelines are those of Reuters-21578; its bodies without a dateline show false positives.
Date strings are given as the date field of a text (`date field`) and as a line between headline and text (`line of a
page`); only days are compared.
"""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isnan
from pathlib import Path
from typing import Any

from copydesk.config import Config
from copydesk.pipeline import clean_alone
from copydesk.records import Article, Document

from .material import Row, articles, progress, sampled

STEP = "structure"
CONFIG = Config()
#: Lines from the top of a text among which its title is looked for.
TOP = 15
#: Kinds of text in the data: as a data set publishes it, and a plain scraper's text of a page.
KINDS = (("native_text", "as published"), ("html_naive", "text of pages"))

_QUOTES = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
)
_C1, _TAG, _ENTITY_WITHOUT_AMPERSAND = re.compile("[\x80-\x9f]"), re.compile(r"</?[bi]>"), re.compile(r" ?#(\d{2,3});")
_SITE = re.compile(r"\s*(?:[|»·:]|\s[–—-])\s*[^|]{2,60}$")
_MONTH = r"(?:Jan|Feb|March|April|May|June|July|Aug|Sept|Oct|Nov|Dec)[a-z]*\.?"
_PLAIN_DATELINE = re.compile(rf"^\s*([A-Z][A-Z. ]+(?:,\s[A-Z][\w.]+)?),?\s{_MONTH}\s\d{{1,2}}\s+-", re.MULTILINE)
_DAY_OF_DATELINE = re.compile(rf",?\s*{_MONTH}\s*\d{{1,2}}\b.*$", re.IGNORECASE | re.DOTALL)


def cleaned(text: str, **given: str | None) -> Article | None:
    """The article of a text, all but its typos."""
    document = Document("bench/article.txt", text.encode("utf-8", "replace"), text=text, encoding="utf-8", **given)
    return clean_alone([document], CONFIG)[0].article


def fold(text: str) -> str:
    """`text` with entities and inline tags resolved, C1 controls read as cp1252, straight quotes and single blanks."""
    text = _C1.sub(lambda found: found[0].encode("latin-1").decode("cp1252", "ignore"), html.unescape(text))
    text = _TAG.sub("", _ENTITY_WITHOUT_AMPERSAND.sub(lambda found: chr(int(found[1])), text))
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES).replace("…", "..."))
    return " ".join(re.sub("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\xad]", "", text).split())


def same_headline(found: str, title: str) -> bool:
    """Whether a headline is the title, or the title without the name of the site at its end."""
    found, title = fold(found), fold(title)
    return found == title or (title.startswith(found) and bool(found) and bool(_SITE.fullmatch(title[len(found) :])))


def repeated(article: Article) -> bool:
    """Whether the headline, of four words or more, stands in the body again: as a paragraph, or as its first words."""
    headline = fold(article.headline).casefold().rstrip(".!?")
    paragraphs = [fold(line).casefold().rstrip(".!?") for line in article.body.split("\n\n")]
    if len(headline.split()) < 4:
        return False
    return headline in paragraphs or bool(re.match(re.escape(headline) + r"(?:[^\w\s]|\s*$)", paragraphs[0]))


def _title_line(text: str, title: str) -> bool:
    lines = [line for line in html.unescape(text).splitlines() if line.strip()][:TOP]
    return any(fold(line) == fold(title) or same_headline(title, line) for line in lines)


def headlines(data: Path, count: int) -> dict[str, Any]:
    """By data set and by what is known: articles, exact headlines, repeats in the body, the first line's hits."""
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in articles(data):
        if (row.get("title") or "").strip():
            sets[row["source_dataset"]].append(row)
    result: dict[str, Any] = {}
    failures = []
    for name, rows in progress(list(sets.items()), "headlines"):
        for known in ("given", "text alone"):
            outcome: Counter[str] = Counter()
            for row in sampled(rows, count, name):
                title = row["title"].strip()
                if known == "text alone" and not _title_line(row["raw_text"], title):
                    continue
                article = cleaned(row["raw_text"], title=title if known == "given" else None)
                if article is None:
                    continue
                exact, again = same_headline(article.headline, title), repeated(article)
                first = next((line for line in row["raw_text"].splitlines() if line.strip()), "")
                outcome.update(n=1, exact=exact, repeated=again, first_line=same_headline(first, title))
                if not exact or again:
                    failures.append(
                        {"set": name, "known": known, "id": row["id"], "title": title, "headline": article.headline,
                         "repeated": again, "body": article.body[:120]}
                    )  # fmt: skip
            if outcome["n"]:
                result[f"{name}, {known}"] = {"kind": rows[0]["kind"], "known": known, **outcome}
    return {"languages": result, "failures": failures}


def place_of(dateline: str) -> str:
    """The place of a dateline as Reuters-21578 gives it: `    NEW YORK, Feb 26 - `."""
    place = fold(_DAY_OF_DATELINE.sub("", dateline.strip()))
    return place.strip(" ,-").casefold()


def datelines(data: Path, count: int) -> dict[str, Any]:
    """Places found right, found wrong, not found, and found where there is none; of copydesk and of a plain regex."""
    rows = [row for row in articles(data) if (row.get("dateline") or "").strip()]
    outcome: dict[str, Counter[str]] = {"copydesk": Counter(), "plain regex": Counter()}
    failures = []
    for row in progress(sampled(rows, count, "datelines"), "datelines"):
        truth = place_of(row["dateline"])
        plain = _PLAIN_DATELINE.search(html.unescape(row["raw_text"]))
        article, without = cleaned(row["raw_text"]), cleaned(row["title"] + "\n" + row["body"])
        found = {
            "copydesk": (article and article.dateline, without and without.dateline),
            "plain regex": (
                plain and plain[1],
                (negative := _PLAIN_DATELINE.search(html.unescape(row["body"]))) and negative[1],
            ),
        }
        for tool, (place, none) in found.items():
            right = place is not None and fold(place).strip(" ,").casefold() == truth
            outcome[tool].update(n=1, right=right, wrong=place is not None and not right, invented=none is not None)
            if tool == "copydesk" and (not right or none):
                failures.append({"id": row["id"], "truth": row["dateline"], "found": place, "invented": none})
    return {"counts": {tool: dict(counts) for tool, counts in outcome.items()}, "failures": failures}


# --- dates ------------------------------------------------------------------------------------------------------------

_STORY = (
    "The council will decide about the new bridge before the end of the month.",
    "Engineers who looked at the old one say that it cannot carry lorries any more, and that it has to be closed.",
    "Those who live on the other bank of the river would have to drive for an hour to reach the market.",
)


def _as_field(raw: str) -> date | None:
    article = cleaned("\n\n".join(_STORY), title="Council to decide about bridge", date=raw)
    return article and article.published_date


def _as_line(raw: str) -> date | None:
    article = cleaned("\n\n".join(["Council to decide about bridge", raw.strip(), *_STORY]))
    return article and article.published_date


def _dateparser(raw: str) -> date | None:
    import dateparser

    found = dateparser.parse(raw)
    return found and found.date()


def _dateutil(raw: str) -> date | None:
    from dateutil import parser

    try:
        return parser.parse(raw, fuzzy=True).date()
    except (ValueError, OverflowError, TypeError):
        return None


def date_readers(peers: bool = True) -> dict[str, Callable[[str], date | None]]:
    """What is compared; the peers where they are installed (`pip install 'copydesk[dev]'`)."""
    readers: dict[str, Callable[[str], date | None]] = {"copydesk": _as_field, "copydesk, line of a page": _as_line}
    for name, reader in (("dateparser", _dateparser), ("dateutil", _dateutil)) if peers else ():
        try:
            __import__(name)
        except ImportError:
            continue
        readers[name] = reader
    return readers


def _date_rows(data: Path) -> list[dict[str, str]]:
    path = data / "dates" / "dates.tsv"
    text = path.read_text("utf-8") if path.exists() else ""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def date_strings(data: Path, count: int | None, peers: bool = True) -> dict[str, Any]:
    """By kind of string and reader: right, wrong, none; and what copydesk got wrong or did not read."""
    by_kind: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _date_rows(data):
        by_kind[row["kind"].partition(" (")[0]].append(row)
    readers = date_readers(peers)
    result: dict[str, Any] = {}
    failures = []
    for kind, strings in progress(list(by_kind.items()), "dates"):
        if kind == "needs-context":  # `yesterday`, `10:04am`: no date in itself
            continue
        outcomes: dict[str, Counter[str]] = {reader: Counter() for reader in readers}
        drawn = sampled(strings, count, kind)
        for row in drawn:
            truth = date.fromisoformat(row["iso"][:10])
            for reader, read in readers.items():
                found = read(row["raw"])
                outcome = "none" if found is None else "right" if found == truth else "wrong"
                outcomes[reader][outcome] += 1
                if reader.startswith("copydesk") and outcome != "right":
                    failures.append({"kind": kind, "reader": reader, **row, "found": str(found)})
        result[kind] = {"n": len(drawn), **{reader: dict(counts) for reader, counts in outcomes.items()}}
    return {"kinds": result, "failures": failures}


def _day(value: str | float, month_first: bool) -> date | None:
    """The day of a data set's date column: ISO, seconds or milliseconds since 1970, or numbers with the year last."""
    if not isinstance(value, str):
        if isnan(value):
            return None
        return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC).date()
    if iso := re.match(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(iso[0])
    if numbers := re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*", value):
        first, second, year = map(int, numbers.groups())
        return date(year, first, second) if month_first else date(year, second, first)
    return None


def dates_of_articles(data: Path, count: int) -> dict[str, Any]:
    """By data set: how often the date found in the text alone is the one that the set gives.

    A text need not hold the date of its data set, so that `right` has no natural aim. Where `dates.tsv` holds the date
    line of an article, that is the truth: columns of some sets are wrong.
    """
    stated = {row["origin"]: date.fromisoformat(row["iso"][:10]) for row in _date_rows(data)}
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in articles(data):
        if row.get("date"):
            sets[row["source_dataset"]].append(row)
    result: dict[str, Any] = {}
    failures = []
    for name, rows in progress(list(sets.items()), "dates of articles"):
        month_first = not any(re.match(r"(?:1[3-9]|[23]\d)/", str(row["date"])) for row in rows)
        outcome: Counter[str] = Counter()
        for row in sampled(rows, count, name):
            truth = stated.get(f"{name}:{row['id']}") or _day(row["date"], month_first)
            article = cleaned(row["raw_text"])
            if truth is None or article is None:
                continue
            found = article.published_date
            kind = "none" if found is None else "right" if found == truth else "wrong"
            outcome.update(["n", kind])
            if kind == "wrong":
                failures.append(
                    {"set": name, "id": row["id"], "truth": str(truth), "found": str(found), "text": article.date_text}
                )
        if outcome["n"]:
            result[name] = {"kind": rows[0]["kind"], **outcome}
    return {"languages": result, "failures": failures}


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. `sample` is the number of articles of a data set (200)."""
    each = sample or 200
    rows: list[Row] = []
    found = headlines(data, each)
    for kind, title in KINDS:
        for known in ("given", "text alone"):
            chosen = [r for r in found["languages"].values() if (r["kind"], r["known"]) == (kind, known)]
            total: Counter[str] = Counter()
            for row in chosen:
                total.update({key: row.get(key, 0) for key in ("n", "exact", "repeated", "first_line")})
            if n := total["n"]:
                line = {} if known == "given" else {"the first line": total["first_line"] / n}
                name = f"headline {known}, {title}"
                rows.append(Row(STEP, name, "exact", total["exact"] / n, n, dict(line), "≥ 98"))
                rows.append(Row(STEP, name, "repeated in the body", total["repeated"] / n, n, {}, "0", harm=True))
    report: dict[str, Any] = {"headlines": found}
    places = datelines(data, 3 * each)
    if counts := {tool: Counter(count) for tool, count in places["counts"].items() if count}:
        report["datelines"] = places
        recall = {tool: c["right"] / c["n"] for tool, c in counts.items()}
        precision = {tool: c["right"] / max(c["right"] + c["wrong"] + c["invented"], 1) for tool, c in counts.items()}
        n = counts["copydesk"]["n"]
        rows.append(Row(STEP, "datelines", "recall", recall.pop("copydesk"), n, dict(recall), "≥ 95"))
        rows.append(Row(STEP, "datelines", "precision", precision.pop("copydesk"), n, dict(precision), "≥ 99"))
    report["date strings"] = strings = date_strings(data, sample, peers)
    for kind, row in strings["kinds"].items():
        for outcome in ("right", "wrong"):
            shares = {r: c.get(outcome, 0) / row["n"] for r, c in row.items() if r != "n"}
            aim = {"right": "≥ 95", "wrong": "≤ 1"}[outcome] if kind == "page-line" else ""
            rows.append(
                Row(STEP, f"date strings: {kind}", outcome, shares.pop("copydesk"), row["n"], dict(shares), aim)
            )
    report["dates of articles"] = days = dates_of_articles(data, each)
    for kind, title in KINDS:
        total = Counter()
        for row in days["languages"].values():
            if row["kind"] == kind:
                total.update({key: row.get(key, 0) for key in ("n", "right", "wrong")})
        if n := total["n"]:
            name = f"date found in the text alone, {title}"
            rows.append(Row(STEP, name, "right", total["right"] / n, n))
            rows.append(Row(STEP, name, "wrong", total["wrong"] / n, n, harm=True))
    report["languages"] = {"headlines": found["languages"], "dates of articles": days["languages"]}
    return rows, report
