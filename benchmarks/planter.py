"""Generates synthetic page layouts around clean bodies for `layouts.py`, from the forms in `layouts.toml`."""

from __future__ import annotations

import calendar
import gzip
import json
import random
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

FORMS = Path(__file__).with_name("layouts.toml")
FIELDS = (
    "headline", "body", "published_date", "date_text", "dateline", "agency", "byline", "attribution", "view_count",
)  # fmt: skip
#: Between the lines above the body, and between paragraphs.
BREAKS = {
    "blank line": ("\n\n", "\n\n"),
    "newline": ("\n", "\n"),
    "CRLF": ("\r\n", "\r\n"),
    "blank CRLF": ("\r\n\r\n", "\r\n\r\n"),
    "blank with spaces": ("\n  \n", "\n \n"),
    "two blank lines": ("\n\n\n", "\n\n\n"),
    "head dense": ("\n", "\n\n"),
}


class Body(NamedTuple):
    """A clean article: its headline, and its paragraphs without anything around them."""

    headline: str
    paragraphs: tuple[str, ...]


@dataclass(slots=True)
class Layout:
    """One planted page: its text, the forms that were drawn, part by part, and for each field the values that count."""

    text: str = ""
    forms: list[tuple[str, str]] = field(default_factory=list)
    truth: dict[str, tuple[Any, ...]] = field(default_factory=lambda: dict.fromkeys(FIELDS, (None,)))


# --- bodies ----------------------------------------------------------------------------------------------------------

_UNCLEAN_START = re.compile(
    r"(?:by|updated|published|posted|source|via|watch|read|photo|image|story|media caption)\b"
    r"|[\d(\[*\"'“‘/]|\W*\b(?:mon|tue|wed|thu|fri|sat|sun)",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[:/(\[|_—–]|--| - |[A-Z]{4}|\b(?:19|20)\d\d\b")
_BROKEN = re.compile(r"[\x80-\x9f\ufffd\u00ad\u200b]|&#?\w+;|â€|Ã.|<\w|http|©|\s{3}")


def clean_body(title: str, text: str) -> Body | None:
    """The article as a body that surely holds no date, dateline, byline, source or counter of its own, or None."""
    title = " ".join(title.split())
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    while lines and (lines[0].casefold() == title.casefold()):
        del lines[0]
    paragraphs = tuple(lines)
    whole = "\n".join(paragraphs)
    fits = (
        3 <= len(paragraphs) <= 30
        and 25 <= len(title) <= 140
        and all(len(p) >= 60 and p.rstrip("\"'”’")[-1] in ".?!" for p in paragraphs)
        and not _UNCLEAN_START.match(paragraphs[0])
        and not _MARKS.search(paragraphs[0][:60])
        and not _BROKEN.search(title + whole)
        and not re.search(r"\bsource\b", paragraphs[-1][:20], re.IGNORECASE)
        and not re.search(r" [|–—] | - |…|\.\.\.", title)
        and title[:25].casefold() not in paragraphs[0].casefold()
        and unicodedata.is_normalized("NFC", title + whole)
    )
    return Body(title, paragraphs) if fits else None


def read_bodies(path: Path) -> Iterator[Body]:
    """The bodies of a JSON Lines file (.jsonl or .jsonl.gz); lists of paragraphs are taken as they are."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            title = row.get("headline") or row.get("title") or ""
            if "paragraphs" in row:
                yield Body(title, tuple(row["paragraphs"]))
            elif row.get("lang", "en") == "en" and row.get("kind", "native_text") == "native_text":
                body = clean_body(title, row.get("raw_text") or row.get("body") or row.get("text") or "")
                if body:
                    yield body


# --- what is planted -------------------------------------------------------------------------------------------------


def date_parts(day: date, hour: int, minute: int) -> dict[str, str]:
    """The parts that date forms are made of. Hours of daylight keep the day the same in every planted time zone."""
    month, weekday = calendar.month_name[day.month], calendar.day_name[day.weekday()]
    nth = f"{day.day}{'th' if 4 <= day.day <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day.day % 10, 'th')}"
    return {
        "y": str(day.year), "m": str(day.month), "mm": f"{day.month:02}", "d": str(day.day), "dd": f"{day.day:02}",
        "nth": nth, "month": month, "MONTH": month.upper(), "mon": month[:3], "MON": month[:3].upper(),
        "weekday": weekday, "wd": weekday[:3], "HH": f"{hour:02}", "MM": f"{minute:02}", "h": str((hour - 1) % 12 + 1),
        "AP": "AM" if hour < 12 else "PM", "ap": "a.m." if hour < 12 else "p.m.",
    }  # fmt: skip


def _curly(text: str) -> str:
    text = re.sub(r'(^|[\s(])"', r"\1“", text).replace('"', "”")
    return re.sub(r"(^|[\s(])'", r"\1‘", text).replace("'", "’")


def _cut(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: max(2, round(len(words) * rng.uniform(0.45, 0.9)))]).rstrip(",;:-")


class Planter:
    """Draws layouts; everything that varies comes from `layouts.toml` and from the seed."""

    def __init__(self, forms: dict[str, Any], rng: random.Random) -> None:
        self.forms, self.rng = forms, rng

    def plant(self, body: Body) -> Layout:
        """One layout around `body`."""
        rng, layout = self.rng, Layout()
        layout.truth["headline"] = (body.headline,)
        layout.truth["body"] = (body.paragraphs,)
        day = date(2008, 1, 1) + timedelta(days=rng.randrange(6200))
        parts = date_parts(day, rng.randint(10, 15), rng.randrange(60))
        headlines = self._headlines(body.headline, layout)
        dates, bylines = self._date_and_byline(day, parts, layout)
        prefix = self._prefix(parts, layout)
        tail = [line for line in (self._source(layout), self._counter(layout)) if line]
        if len(tail) == 2 and rng.random() < self.forms["counter"]["before_source"]:
            tail.reverse()
            layout.forms.append(("order", "counter, source"))
        place = rng.random()
        if dates and place < self.forms["date"]["before_headline"]:
            layout.forms.append(("order", "date, headline"))
            head = [*dates, *headlines, *bylines]
        elif dates and len(headlines) > 1 and place > 1 - self.forms["date"]["between_headlines"]:
            layout.forms.append(("order", "headline, date, headline"))
            head = [*headlines[:-1], *dates, headlines[-1], *bylines]
        elif rng.random() < self.forms["byline"]["before_date"]:
            head = [*headlines, *bylines, *dates]
        else:
            head = [*headlines, *dates, *bylines]
        name, (above, between) = rng.choice(list(BREAKS.items()))
        layout.forms.append(("breaks", name))
        first, *rest = body.paragraphs
        page = above.join(head) + above + between.join([prefix + first, *rest, *tail])
        layout.text = page + rng.choice(("", "\r\n" if "\r" in above else "\n"))
        return layout

    def _headlines(self, clean: str, layout: Layout) -> list[str]:
        rng, settings = self.rng, self.forms["headline"]
        draw = rng.random()
        copies = 0 if draw < settings["once"] else 2 if draw > 1 - settings["three_times"] else 1
        if not copies:
            layout.forms.append(("headline", "once"))
            return [clean]
        drawn = [self._copy(clean) for _ in range(copies)]
        layout.forms += [("headline", way) for way, _, _ in drawn]
        texts = [clean, *(text for _, text, _ in drawn)]
        if rng.random() < settings["copy_first"]:
            _, text, whole = drawn[0]
            layout.forms.append(("order", "copy, headline"))
            texts[0], texts[1] = text, clean
            if whole:
                layout.truth["headline"] = (clean, text)
        return texts

    def _copy(self, clean: str) -> tuple[str, str, bool]:
        """A copy of the headline: how it was made, the copy, and whether it says all that the headline says."""
        rng = self.rng
        separator = rng.choice(self.forms["headline"]["separators"])
        site = rng.choice(self.forms["names"]["sites"])
        ways: dict[str, Callable[[], str]] = {
            "exact": lambda: clean,
            "upper case": clean.upper,
            "lower case": clean.lower,
            "title case": lambda: re.sub(r"[^\W\d_]+(?:'[^\W\d_]+)?", lambda m: m[0].capitalize(), clean),
            "sentence case": lambda: clean[:1] + clean[1:].lower(),
            "punctuation dropped": lambda: re.sub(r"(?<!\w)['\"]|[,;:?!]|['\"](?!\w)", "", clean),
            "full stop added": lambda: clean.rstrip("?!.") + ".",
            "curly quotes": lambda: _curly(clean),
            "dash for hyphen": lambda: clean.replace("-", "–").replace(":", " –"),
            "double spaces": lambda: clean.replace(" ", "  "),
            "no-break spaces": lambda: clean.replace(" ", "\xa0"),
            "indented": lambda: f"   {clean} ",
            "upper case, curly": lambda: _curly(clean.upper()),
            "cut with …": lambda: _cut(clean, rng) + "…",
            "cut with  …": lambda: _cut(clean, rng) + " …",
            "cut with ...": lambda: _cut(clean, rng) + "...",
            "cut in a word": lambda: clean[: round(len(clean) * rng.uniform(0.5, 0.9))].rstrip() + "…",
            f"site behind {separator!r}": lambda: clean + separator + site,
            f"upper case, site behind {separator!r}": lambda: clean.upper() + separator + site,
        }
        way = rng.choice([*ways, *list(ways)[-2:]])
        return way, ways[way](), not way.startswith("cut") and "site" not in way

    def _date_and_byline(self, day: date, parts: dict[str, str], layout: Layout) -> tuple[list[str], list[str]]:
        rng, dates, bylines = self.rng, self.forms["date"], self.forms["byline"]
        written = "" if rng.random() < dates["none"] else rng.choice(dates["forms"])
        signed = rng.random() >= bylines["none"]
        if not written:
            layout.forms.append(("date", "none"))
            return [], [self._byline(rng.choice(bylines["forms"]), "", layout)] if signed else self._unsigned(layout)
        american = "{mm}/{dd}" in written or "{m}/{d}" in written
        if american:
            day = day.replace(day=rng.randint(13, 27))
            parts.update(date_parts(day, rng.randint(10, 15), 30))
        layout.truth["published_date"] = (day,)
        text = written.format(**parts)
        layout.forms.append(("date", written))
        if signed and rng.random() < bylines["with_date_share"]:
            line = self._byline(rng.choice(bylines["with_date"]), text, layout)
            layout.truth["date_text"] = (line,)
            return [], [line]
        if rng.random() < dates["pair_share"]:
            pair = rng.choice(dates["pairs"])
            layout.forms.append(("two dates", pair))
            later = date_parts(day + timedelta(days=0 if day.day > 26 else 1), 15, 59)
            lines = pair.format(a=text, b=written.format(**later)).split("\n")
        else:
            label = rng.choice(dates["labels"])
            layout.forms.append(("date label", label or "none"))
            lines = [label + text]
        layout.truth["date_text"] = ("\n".join(lines),)
        return lines, [self._byline(rng.choice(bylines["forms"]), "", layout)] if signed else self._unsigned(layout)

    def _unsigned(self, layout: Layout) -> list[str]:
        layout.forms.append(("byline", "none"))
        return []

    def _byline(self, form: str, written: str, layout: Layout) -> str:
        rng, names = self.rng, self.forms["names"]
        people = rng.sample(names["people"], 3)
        agency, (city, _) = rng.choice(names["agencies"]), rng.choice(names["cities"])
        layout.forms.append(("byline", form))
        layout.truth["byline"] = (tuple(people[: 1 + ("{q}" in form) + ("{r}" in form)]),)
        if "{agency}" in form:
            layout.truth["agency"] = (None, agency)
        if "{city}" in form:
            layout.truth["dateline"] = (None, city)
        p, q, r = people
        return form.format(p=p, q=q, r=r, P=p.upper(), agency=agency, city=city, date=written)

    def _prefix(self, parts: dict[str, str], layout: Layout) -> str:
        rng, settings, names = self.rng, self.forms["prefix"], self.forms["names"]
        if rng.random() < settings["none"]:
            layout.forms.append(("prefix", "none"))
            return ""
        day = layout.truth["published_date"][0]
        forms = settings["forms"] + settings["with_date"] + (settings["with_day"] if day else [])
        form, place, agency = rng.choice(forms)
        (city, land), (other, _) = rng.sample(names["cities"], 2)
        values = parts | {
            "city": city, "CITY": city.upper(), "CITY2": other.upper(), "land": land,
            "agency": rng.choice(names["agencies"]), "known": rng.choice(names["agencies_known"]),
        }  # fmt: skip
        layout.forms.append(("prefix", form))
        written: str = form.format(**values)
        if place:
            layout.truth["dateline"] = (place.format(**values),)
        if agency:
            layout.truth["agency"] = (agency.format(**values),)
        if "{y}" in form and not day:
            year, month, number = (int(parts[key]) for key in ("y", "m", "d"))
            layout.truth["published_date"] = (date(year, month, number),)
            layout.truth["date_text"] = (written,)
        return written

    def _source(self, layout: Layout) -> str:
        rng, settings = self.rng, self.forms["source"]
        form = "none" if rng.random() < settings["none"] else rng.choice(settings["forms"])
        layout.forms.append(("source", form))
        if form == "none":
            return ""
        name = rng.choice(self.forms["names"]["sources"])
        layout.truth["attribution"] = (name,)
        written: str = form.format(s=name)
        return written

    def _counter(self, layout: Layout) -> str:
        rng, settings = self.rng, self.forms["counter"]
        form = "none" if rng.random() < settings["none"] else rng.choice(settings["forms"])
        layout.forms.append(("counter", form))
        if form == "none":
            return ""
        count = round(10 ** rng.uniform(1, 5.3))
        count += 300 if 1800 <= count <= 2100 else 0  # a bare number that could be a year is nobody's counter
        tenths = rng.randint(11, 99)
        layout.truth["view_count"] = (None, tenths * 100) if "{k}" in form else (count,)
        written: str = form.format(n=count, n_=f"{count:,}", k=tenths / 10)
        return written


def layouts(bodies: Sequence[Body], count: int, seed: int = 0) -> Iterator[Layout]:
    """`count` layouts, the bodies in turn; the same seed gives the same layouts."""
    forms = tomllib.loads(FORMS.read_text(encoding="utf-8"))
    planter = Planter(forms, random.Random(seed))
    for index in range(count):
        yield planter.plant(bodies[index % len(bodies)])
