"""A story, and how a site shows it: repeated headlines, dates, datelines, bylines, share buttons, counters, copies."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from benchmarks.corpus.sentences import Pool
from benchmarks.corpus.sites import Site

#: The logarithm of the number of sentences: half of the articles have 15 or fewer, one in twenty has 60 and more.
LENGTH, SPREAD, LONGEST = 2.7, 0.85, 250
PLACES = "BEIRUT LONDON GENEVA ANKARA DAMASCUS NAIROBI LIMA TORONTO VIENNA OSLO".split()
AGENCIES = "Reuters AFP AP ANSA Xinhua UPI".split()
#: What scrapers take for an article now and then.
NO_ARTICLES = (
    "",
    "404 Not Found\n\nnginx",
    "Just a moment...\n\nEnable JavaScript and cookies to continue",
    "We value your privacy\n\nWe and our 842 partners store and access information on a device.\n\nAccept all",
)


class Story(NamedTuple):
    """What is told, before a site shows it."""

    headline: str
    paragraphs: list[str]
    people: tuple[str, str]
    published: datetime


def published(number: int, first: date, per_day: int, chance: random.Random) -> datetime:
    """When article `number` appeared: on the day of its number, and one in ten up to a month before."""
    late = chance.randint(1, 30) if chance.random() < 0.1 else 0
    day = datetime.combine(first, datetime.min.time(), UTC) + timedelta(days=number // per_day - late)
    return day + timedelta(seconds=chance.randrange(86_400))


def written(pool: Pool, when: datetime, chance: random.Random) -> Story:
    """A story of sentences of one language."""
    count = min(LONGEST, max(2, round(chance.lognormvariate(LENGTH, SPREAD))))
    sentences = chance.choices(pool.sentences, k=count)
    paragraphs, place = [], 0
    while place < count:
        length = chance.choice((1, 1, 2, 2, 3, 4))
        paragraphs.append(pool.space.join(sentences[place : place + length]))
        place += length
    people = chance.choice(pool.people), chance.choice(pool.people)
    return Story(chance.choice(pool.headlines), paragraphs, people, when)


def laid_out(story: Story, site: Site, number: int, chance: random.Random) -> dict[str, Any]:
    """The record of a story on a site. The shares are about those of real articles."""
    body = list(story.paragraphs)
    if chance.random() < 0.08:
        body[0] = f"{_dateline(story, chance)}{body[0]}"
    lines = [*_above(story, site, chance), *body, *_below(story, site, chance)]
    between = "\n\n" if chance.random() < 0.85 else "\n"
    return _record(story, site, number, between.join(lines), chance)


def copied(story: Story, site: Site, number: int, chance: random.Random) -> dict[str, Any]:
    """The same story on another site: as it was, or shorter, with another headline and a dateline."""
    if chance.random() < 0.5:
        paragraphs = story.paragraphs[: max(2, len(story.paragraphs) - chance.randint(1, 3))]
        paragraphs[0] = f"{_dateline(story, chance)}{paragraphs[0]}"
        story = story._replace(headline=f"{story.headline}: {site.name}", paragraphs=paragraphs)
    return laid_out(story, site, number, chance)


def _record(story: Story, site: Site, number: int, text: str, chance: random.Random) -> dict[str, Any]:
    if not site.fields:
        return {"id": f"{site.host}-{number}", "text": text}
    dated = chance.random() < 0.95
    return {
        "url": f"https://{site.host}/{story.published:%Y/%m}/{number}",
        "title": story.headline,
        "date": story.published.strftime(site.field_form) if dated else None,
        "text": text,
    }


def _dateline(story: Story, chance: random.Random) -> str:
    place, agency = chance.choice(PLACES), chance.choice(AGENCIES)
    forms = (
        f"{place} ({agency}) - ",
        f"{place}, {story.published:%B} {story.published.day} ({agency}) – ",
        f"{place} — ",
        f"({agency}) -- ",
        f"{agency}: ",
    )
    return chance.choice(forms)


def _above(story: Story, site: Site, chance: random.Random) -> list[str]:
    """The lines above the story. Without fields of a record the text is all there is, and begins with the headline."""
    lines = [story.headline] if not site.fields or chance.random() < 0.3 else []
    kind = chance.random()
    if lines and kind < 0.22:
        again = (
            story.headline
            if kind < 0.18
            else chance.choice((f"{story.headline} - {site.name}", story.headline.upper()))
        )
        lines.append(again)
    if chance.random() < (0.3 if site.fields else 0.8):
        lines.append(story.published.strftime(site.date_form))
    if chance.random() < 0.08:
        lines.append(f"By {story.people[0]}" + (f" and {story.people[1]}" if chance.random() < 0.3 else ""))
    if chance.random() < 0.06:
        lines.append(site.share)
    return lines


def _below(story: Story, site: Site, chance: random.Random) -> list[str]:
    """The lines below the story."""
    lines = []
    if chance.random() < 0.04:
        lines.append(f"Read more: {story.headline}")
    if chance.random() < 0.03:
        lines.append(f"Source: {chance.choice(AGENCIES)}")
    if chance.random() < 0.06:
        lines.append(site.share)
    if site.footer and chance.random() < 0.7:
        lines.append(site.footer)
    if chance.random() < 0.02:
        lines.append(str(chance.randint(20, 90_000)))
    return lines
