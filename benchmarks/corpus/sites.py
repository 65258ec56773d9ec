"""The sites that publish the made-up news: languages, forms of dates, lines around a story."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import NamedTuple

from benchmarks.corpus.sentences import name

#: Share of the articles and number of sites of a language; the others share what is left, a site each.
SHARES = {"en": (0.70, 24), "tr": (0.08, 3), "es": (0.07, 3), "ar": (0.03, 2), "ur": (0.02, 1)}
OTHERS = "bg cs ckb de el fa fr he hu it ja ko ku pl pt ro ru uk zh".split()

ENGLISH_DATES = ("%B %d, %Y", "%d %B %Y", "%A, %B %d, %Y %H:%M GMT", "Published: %d %b %Y", "%b. %d, %Y", "%Y-%m-%d")
OTHER_DATES = ("%d.%m.%Y", "%d/%m/%Y %H:%M", "%Y-%m-%d")
FIELD_DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y", "%a, %d %b %Y %H:%M:%S GMT")
SHARE_LINES = ("Share this article", "Share on Facebook | Tweet | Email", "Facebook Twitter WhatsApp", "Print | Email")
FOOTERS = (
    "© 2024 {name}. All rights reserved.",
    "Sign up for the {name} newsletter and get the news of the day every morning.",
    "Follow {name} on Facebook and Twitter",
    "{name} may earn a commission when you buy through links on this page.",
)


class Site(NamedTuple):
    """A site. `footer` stands below most of its articles, and `fields` says whether its records have more than text."""

    host: str
    name: str
    language: str
    date_form: str
    field_form: str
    share: str
    footer: str | None
    fields: bool


def sites(seed: int) -> tuple[list[Site], list[float]]:
    """The sites, and the running sums of their shares: in each language a few publish most."""
    left = (1 - sum(share for share, _ in SHARES.values())) / len(OTHERS)
    made, weights = [], []
    for language, (share, count) in {**SHARES, **dict.fromkeys(OTHERS, (left, 1))}.items():
        chance = random.Random(f"{seed} sites {language}")
        harmonic = sum(1 / rank for rank in range(1, count + 1))
        for rank in range(1, count + 1):
            made.append(_site(language, rank, chance))
            weights.append(share / rank / harmonic)
    return made, list(accumulate(weights))


def _site(language: str, rank: int, chance: random.Random) -> Site:
    place, kind = name(chance), chance.choice(("Courier", "Post", "Times", "Gazette", "Observer", "Daily"))
    return Site(
        f"{place}-{kind}-{language}{rank}.example".lower(),
        f"{place} {kind}",
        language,
        chance.choice(ENGLISH_DATES if language == "en" else OTHER_DATES),
        chance.choice(FIELD_DATES),
        chance.choice(SHARE_LINES),
        chance.choice(FOOTERS).format(name=f"{place} {kind}") if chance.random() < 0.4 else None,
        chance.random() < 0.6,
    )
