"""Writes eight nights of made-up news from eight sites; on the eighth, five of them break. On a ninth, they are back.

    python examples/eight_nights.py nights
    for day in 01 02 03 04 05 06 07 08; do copydesk run nights/2024-05-$day.jsonl --date 2024-05-$day; done

Harbour Post sends nothing, Valley News shows no dates any more, the characters of Coast Courier were lost in a wrong
decoding, Inland Times shows only teasers, and from Market Daily the scraper gets a cookie wall for every address.
Every text is made by this script; the same arguments give the same files.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

FIRST = date(2024, 5, 1)
NIGHTS, BROKEN = 9, 8

PEOPLE = "Ada Brook, Tom Hale, Ines Marsh, Paul Ferris, Ruth Caldwell, Sam Orchard, Nora Quill, Émile Durand".split(
    ", "
)
PLACES = "the harbour, the market hall, the old mill, the town library, the ferry pier, the north bridge, the station"
THINGS = (
    "the roof, the timetable, the budget, the new lights, the repair, the water pipes, the bicycle lane, the tender"
)
PLACES_LIST, THINGS_LIST = PLACES.split(", "), THINGS.split(", ")
VERBS = "discussed praised questioned postponed approved inspected described defended reviewed explained".split()
REASONS = (
    "because the estimates had risen since the winter", "after a long debate about who should pay for it",
    "although several neighbours had asked for more time", "while the engineers were still measuring the damage",
    "when the committee met for the second time this month", "before the summer visitors arrive in the town",
    "since the old plan no longer meets the rules", "as the weather had delayed the work by a week",
)  # fmt: skip
WALL = (
    "We value your privacy",
    "We and our 842 partners store and access information on a device, such as cookies, and process personal data.",
    "With your permission we and our partners may use precise geolocation data and your browsing history.",
    "You may click to consent to the processing described above, or to refuse it.",
    "Accept all",
    "Manage options",
)


class Site(NamedTuple):
    """A site: its address, articles on a night, and the share of them that show a date."""

    host: str
    articles: int
    dated: float = 1.0


SITES = (
    Site("harbour-post.example", 26),
    Site("valley-news.example", 20),
    Site("coast-courier.example", 22),
    Site("inland-times.example", 16),
    Site("market-daily.example", 18),
    Site("hill-gazette.example", 14),
    Site("lake-observer.example", 15, 0.2),
    Site("bridge-weekly.example", 12),
)

Record = dict[str, Any]


def sentence(chance: random.Random) -> str:
    """A sentence of local news."""
    person, place, thing, verb, reason = map(chance.choice, (PEOPLE, PLACES_LIST, THINGS_LIST, VERBS, REASONS))
    number = chance.randint(3, 900)
    return chance.choice(
        (
            f"{person} {verb} {thing} at {place}, {reason}.",
            f"“Nobody should wait {number} days for {thing},” said {person} at {place}.",
            f"The council {verb} {thing} near {place}, which costs {number},000 euros, {reason}.",
            f"At {place}, {number} people signed a letter about {thing}, {reason}.",
            f"{person}’s report on {thing} – {number} pages long – was {verb} at {place}.",
        )
    )


def article(site: Site, day: date, number: int, chance: random.Random) -> Record:
    """A sound article of a site."""
    place, thing = chance.choice(PLACES_LIST), chance.choice(THINGS_LIST)
    title = f"Council looks at {thing} of {place} again, case {day:%j}-{number}"
    paragraphs = [" ".join(sentence(chance) for _ in range(3)) for _ in range(chance.randint(4, 9))]
    url = f"https://{site.host}/story/{day:%j}{number:03}"
    record: Record = {"url": url, "title": title, "text": "\n\n".join(paragraphs)}
    if chance.random() < site.dated:
        record["date"] = day.isoformat()
    return record


def undated(record: Record) -> Record:
    return {key: value for key, value in record.items() if key != "date"}


def destroyed(record: Record) -> Record:
    """Every character beside ASCII is lost."""
    return {**record, "text": record["text"].encode("ascii", "replace").decode().replace("?", "\ufffd")}


def teaser(record: Record) -> Record:
    return {**record, "text": record["text"].partition("\n\n")[0][:170].rpartition(" ")[0] + " …"}


def walled(record: Record) -> Record:
    return {**record, "text": "\n\n".join(WALL)}


BREAKS: dict[str, Callable[[Record], Record]] = {
    "valley-news.example": undated,
    "coast-courier.example": destroyed,
    "inland-times.example": teaser,
    "market-daily.example": walled,
}
SILENT = "harbour-post.example"


def night(number: int, share: float = 1.0) -> list[Record]:
    """The records of one night, counted from 1; `share` makes all sites smaller."""
    day = FIRST + timedelta(days=number - 1)
    records = []
    for site in SITES:
        chance = random.Random(f"{site.host} {number}")
        count = max(1, round(site.articles * share * chance.uniform(0.85, 1.15)))
        if number == BROKEN and site.host == SILENT:
            continue
        change = BREAKS.get(site.host) if number == BROKEN else None
        for one in range(count):
            record = article(site, day, one, chance)
            records.append(change(record) if change else record)
    return records


def write(folder: Path, share: float = 1.0, nights: int = NIGHTS) -> list[tuple[date, Path]]:
    """Write each night as a file of JSON Lines; returns their dates and paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number in range(1, nights + 1):
        day = FIRST + timedelta(days=number - 1)
        path = folder / f"{day.isoformat()}.jsonl"
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in night(number, share))
        path.write_text("".join(lines), "utf-8")
        written.append((day, path))
    return written


def main() -> None:
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write; it is made if it does not exist")
    for _, path in write(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
