"""Reports for tests: invented articles and edits, hostile text, and eight sites of which five broke tonight."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

from copydesk.edits import SUGGESTED, Edit, Span, replace
from copydesk.records import Article, Document, Problem
from copydesk.report.report_data import Partition, report_data
from copydesk.report.summary import Summary
from copydesk.warehouse.rows import articles_table, edits_table, quarantine_row
from copydesk.warehouse.schemas import RUNS

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</style><img src=x onerror=\"document.title='owned'\">",
    "\u202egnp.egami\u202c and \x1b[31mred\x1b[0m and \x07 bells",
    '"><svg onload="document.title=\'owned\'">',
    "{{ 7 * 7 }} {% raw %} &lt;b&gt; <!-- --><base href='https://evil.example/'>",
    "W" * 400,
)
PLACES = ("Orla", "Tamsk", "Velm", "Quorra", "Dunnet", "Isel")
SUBJECTS = ("council", "harbour board", "grain market", "teachers' union", "ferry company", "museum")
VERBS = ("approved a plan", "put off its vote", "reported losses", "opened a new hall", "asked for patience")


def edited(number: int, hostile: str = "") -> tuple[Article, list[Edit]]:
    """An invented article and the edits that led to it."""
    place, subject = PLACES[number % 6], SUBJECTS[number % 5]
    headline = f"{place} {subject} {VERBS[number % 4]}{hostile}"
    source = (
        f"{headline}\n{headline}\n\n"
        f"{place.upper()} (Northern Wire) - The {subject} of {place} {VERBS[number % 4]} on Monday, "
        f"said its â€œspeakerâ€\x9d , who didn’t want to say  more. {hostile}\n\n"
        f"The members had recieved {number + 3} letters &amp; a petition; “nobody was suprised”, a clerk said. "
        f"Its chair has commended the work on the quay.\n\nShare this article"
    )
    marks = [("â€œ", "“", "mojibake", 0.99), ("â€\x9d", "”", "mojibake", 0.99), ("&amp;", "&", "entity", 1.0)]
    text, edits = _change(source, marks, "repair")
    text, more = _change(
        text, [("“", '"', "quotes", 1.0), ("”", '"', "quotes", 1.0), ("’", "'", "quotes", 1.0)], "normalize"
    )
    edits += more
    text, more = _change(text, [("  ", " ", "spaces", 1.0), (" ,", ",", "space-before-comma", 0.97)], "normalize")
    edits += more
    text, more = replace(text, [Span(0, len(headline) + 1, "", "headline-repeat")], "structure")
    edits += more
    text, more = replace(
        text, [Span(len(text) - 20, len(text), "", "share-line", 0.9 + (number % 9) / 100)], "structure"
    )
    edits += more
    text, more = _change(text, [("recieved", "received", "typo", 0.62 + (number % 30) / 100)], "correct")
    edits += more
    start = text.index("commended")
    edits.append(
        Edit(
            "",
            0,
            "correct",
            "text",
            start,
            start + 9,
            "commended",
            "commenced",
            "confusion",
            0.3 + number % 50 / 100,
            SUGGESTED,
        )
    )
    name = f"{number:032x}"
    edits = [edit._replace(article_id=name, sequence=i) for i, edit in enumerate(edits)]
    article = Article(
        article_id=name,
        uri=f"inbox/2031/{place.lower()}-{number:04}{hostile[:40]}.txt",
        content_sha256="0" * 64,
        headline=text.split("\n\n")[0],
        body=text.partition("\n\n")[2],
        published_date=date(2031, 5, 1 + number % 9),
        agency=(None, "Northern Wire", hostile[:40] or "Isel Press")[number % 3],
        language=("en", "en", "en", "fr", "und")[number % 5],
        encoding=("utf-8", "cp1252")[number % 7 == 0],
        validation=("pass", "warn")[number % 8 == 0],
    )
    return article, edits


def _change(text: str, marks: list[tuple[str, str, str, float]], step: str) -> tuple[str, list[Edit]]:
    spans = [
        Span(found.start(), found.end(), after, rule, confidence)
        for before, after, rule, confidence in marks
        for found in re.finditer(re.escape(before), text)
    ]
    return replace(text, spans, step)


def held(number: int, hostile: str = "", stage: str = "validate") -> dict[str, Any]:
    document = Document(
        f"inbox/broken-{number}{hostile[:60]}", b"\xff\xfe\x00" * 40 if number % 2 else hostile.encode() * 9
    )
    problems = [
        Problem(stage, ("undecodable", "empty-body")[1 - number % 2], "body", "critical", f"no text in it {hostile}"),
        Problem(stage, "no-date", None, "warning", "no date found"),
    ]
    return quarantine_row(
        document, problems, None if number % 2 else hostile * 9 + " some words", "utf-8", date(2031, 5, 2)
    )


def batch(numbers: range, hostile: bool = False) -> tuple[Any, Any]:
    made = [edited(n, HOSTILE[n % len(HOSTILE)] if hostile and n % 10 < 6 else "") for n in numbers]
    return articles_table(a for a, _ in made), edits_table(e for _, edits in made for e in edits)


def run_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(RUNS.names, 0)
    row |= {
        "run_id": "2031-05-09-4f1c2a",
        "documents": 160,
        "unchanged": 48,
        "published": 100,
        "quarantined": 12,
        "warned": 13,
        "edits_applied": 1000,
        "edits_suggested": 100,
        "bytes_read": 81_234,
        "partitions_written": 9,
        "verdict": "published",
        "kind": "night",
        "pipeline_version": "0.1.0",
        "config_sha256": "ab" * 32,
    }
    return row | changes


def validation(rule: str, severity: str, failed: int, description: str, **more: Any) -> dict[str, Any]:
    return {
        "run_id": "2031-05-09-4f1c2a",
        "suite": "articles",
        "expectation": "expect_column_values_to_be_between",
        "rule": rule,
        "column": "body_length",
        "severity": severity,
        "success": not failed,
        "element_count": 100,
        "unexpected_count": failed,
        "description": description,
        **more,
    }


def hostile_data(verdict: str = "published") -> dict[str, Any]:
    """The data of a run of a hundred invented articles, the half of them hostile."""
    summary = Summary()
    summary.add(*batch(range(100), hostile=True))
    summary.add_quarantined(held(n, HOSTILE[n % len(HOSTILE)]) for n in range(10))
    summary.add_quarantined(held(n, stage="gate") for n in range(10, 12))
    examples = [{"uri": f"inbox/{n}", "observed": HOSTILE[n]} for n in range(4)]
    checks = [
        validation("no-body", "critical", 3, "An article has a body", examples=examples),
        validation("long-headline", "warning", 13, "A headline is shorter than a paragraph", examples=examples[1:]),
        validation("volume", "info", 1, "As many articles as on other nights", element_count=0),
        *(validation(f"sound-{n}", "warning", 0, f"Column {n} holds what it says") for n in range(8)),
    ]
    partitions = [Partition(date(2031, 5, 1 + n), 11 + n % 2) for n in range(9)]
    if verdict == "held":
        partitions[3] = Partition(date(2031, 5, 4), 0, True, "more than half of the documents failed")
    recent = [
        run_row(
            run_id=f"2031-04-{n:02}-00",
            documents=150 + n * 7 % 31,
            unchanged=40,
            published=100 + n * 7 % 31,
            quarantined=10,
        )
        for n in range(11, 30)
    ]
    row = run_row(verdict=verdict, partitions_held=int(verdict == "held"))
    return report_data(row, summary, checks, [*partitions, Partition(None, 3)], recent)


class Tags(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _history(**tonight: Any) -> list[dict[str, Any]]:
    """Seven steady nights of a site, and tonight."""
    nights = [
        {
            "date": (date(2031, 5, 1) + timedelta(n)).isoformat(), "arrivals": 30 + n % 3, "new": 29 + n % 3,
            "changed": 1, "published": 30, "quarantined": n % 2, "measured": 30, "undated": n % 2, "lost": 0,
            "mojibake": 0, "typos": 3, "words": 9_000, "median_words": 290 + 5 * n,
        }
        for n in range(8)
    ]  # fmt: skip
    nights[-1] |= tonight
    return nights


def _site(name: str | None, status: str, measure: str = "", sentence: str = "", **more: Any) -> dict[str, Any]:
    finding = {
        "measure": measure, "sentence": sentence, "observed": None, "usual": None, "low": None, "high": None,
        "since": "2031-05-08", "todo": f"Look at the scraper of {name}.", "command": f"copydesk sites {name}",
        "severity": "warning", "acknowledge": f"copydesk sites acknowledge {name} --until 2031-05-22",
    }  # fmt: skip
    history = more.pop("history", None) or _history()
    found = [finding | more] if sentence else []
    return {"site": name, "status": status, "findings": found, "history": history}


def broken_sites() -> list[dict[str, Any]]:
    """Eight sites, five of which broke tonight."""
    none = {"arrivals": 0, "new": 0, "changed": 0, "published": 0, "measured": 0, "undated": 0, "words": 0}
    return [
        _site(None, "usual"),
        _site("valley.example", "usual"),
        _site("harbour.example", "silent", "silence", "No articles since 8 May (usually 31 a night)",
              usual=31, observed=0, severity="critical", history=_history(**none)),
        _site("hill.example", "differs", "undated", "30 of 30 articles have no date: 100% (usually 2%, at most 12%)",
              usual=0.02, observed=1.0, high=0.12, history=_history(undated=30)),
        _site("coast.example", "differs", "lost", "29 of 30 articles have lost characters (U+FFFD): 97% (usually 0%)",
              usual=0.0, observed=0.97, high=0.05, severity="critical", history=_history(lost=29)),
        _site("field.example", "differs", "words", "The median article has 31 words (usually 305, at least 180)",
              usual=305, observed=31, low=180, history=_history(median_words=31)),
        _site("mill.example", "differs", "quarantined", "30 of 30 documents were quarantined (usually 2%)",
              usual=0.02, observed=1.0, high=0.2, history=_history(quarantined=30)),
        _site("moor.example", "usual"),
        _site("lake.example", "usual"),
    ]  # fmt: skip


def clusters(hostile: str = "") -> dict[str, Any]:
    """Copies of one story in five places."""
    members = [
        {
            "article_id": f"{n:032x}", "uri": f"https://{place.lower()}.example/{n}{hostile}", "similarity": 1 - n / 20,
            "site": f"{place.lower()}.example", "headline": f"{place} ferry put off{hostile}", "kind": "near",
            "published_date": "2031-05-08",
        }
        for n, place in enumerate(PLACES)
    ]  # fmt: skip
    largest = [
        {"cluster_id": "c1", "canonical": f"{0:032x}", "differs": ["headline", "last paragraph"], "members": members}
    ]
    return {
        "counts": {"exact": 3, "near": 11, "headline": 2, "update": 1, "excerpt": 0},
        "syndicated": [{"agency": f"Northern Wire{hostile}", "articles": 7}],
        "largest": largest,
    }


def broken_night(hostile: bool = False) -> dict[str, Any]:
    """The eighth night, with everything that a report can have."""
    summary = Summary()
    summary.add(*batch(range(100), hostile))
    summary.add_quarantined(held(n, HOSTILE[n % len(HOSTILE)] if hostile else " of mill.example ") for n in range(34))
    checks = [
        validation("replaced-character", "warning", 80, "No character was lost to U+FFFD.")
        | {"failure": ["Characters were lost (U+FFFD)", "{count} articles have lost characters (U+FFFD)"]},
        validation("empty-body", "critical", 17, "An article has a body.")
        | {"failure": ["The article has no body", "{count} articles have no body"]},
        validation("many-undated", "warning", 1, "At most 50 % of the articles have no date.", suite="run")
        | {"failure": ["83% of the articles have no date (limit 50%)"] * 2, "element_count": 1},
        *(validation(f"sound-{n}", "warning", 0, f"Column {n} holds what it says") for n in range(8)),
    ]
    entries = report_data(run_row(), summary)["edits"]["least_certain"]
    precision = [
        {"rule": "typo", "checked": 40, "right": 38, "low": 0.84, "high": 0.99,
         "weeks": [{"week": "2031-W18", "checked": 20, "right": 19}, {"week": "2031-W19", "checked": 20, "right": 19}]},
    ]  # fmt: skip
    more = {
        "sites": broken_sites(),
        "clusters": clusters(HOSTILE[0] if hostile else ""),
        "checked": {"sample": entries[3:9], "precision": precision},
        "names_changed": entries[:3],
        "repeated": 3,
    }
    recent = [run_row(run_id=f"2031-05-{n:02}-00", published=230 + n, documents=240, unchanged=0) for n in range(1, 8)]
    row = run_row(run_id="2031-05-08-e1f2", documents=137, unchanged=3, published=100, quarantined=34)
    return report_data(row, summary, checks, [Partition(date(2031, 5, 8), 70), Partition(None, 30)], recent, more)
