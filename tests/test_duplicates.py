"""Copies are found by their texts, in any order and any batch; templates join no strangers; agencies are named."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from templates import row, strangers

from copydesk.duplicates import wires
from copydesk.duplicates.articles import clusters, entries, texts
from copydesk.duplicates.candidates import crowded
from copydesk.duplicates.clusters import Clusters, Settings, cluster
from copydesk.duplicates.compare import Facts
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.shingles import BITS, GROUP_BYTES, MARKS, Outlines, shingles, spaced
from copydesk.duplicates.sketch import speaks_of

LEAD = (
    "Engineers closed the swing bridge at Port Elwyn on Tuesday after a freighter struck its eastern pier, and the"
    " harbour master said it would stay closed for at least a week while divers look for cracks below the waterline."
)
MORE = (
    (
        "The freighter Marit, bound for Tilburg with 3,100 tonnes of grain, lost its steering in the current at about"
        " 5:40 in the morning. Nobody was hurt, but eleven containers went overboard and two of them are still adrift."
    ),
    (
        "Ferry operator Brennan Lines put on two more boats to carry the 4,600 people who cross the bridge every day."
        " Its director, Sheila Brennan, said the boats would run until midnight and that tickets for the bus are valid."
    ),
    (
        "The bridge was built in 1931 and last repaired in 2008, when the council replaced the bearings of both spans. "
        "Opponents want a tunnel instead, which the Ministry of Transport has turned down twice because of its costs."
    ),
)
STORY = "\n\n".join((LEAD, *MORE))
HEADLINE = "Freighter strikes swing bridge at Port Elwyn"
#: Characters of scripts that do not divide words.
UNDIVIDED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"


def kinds(*rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The pairs of some articles: uri, uri of the earlier one, kind."""
    uris = {one["article_id"]: one["uri"] for one in rows}
    return [(uris[pair.article_id], uris[pair.other_id], pair.kind) for pair in clusters(rows).pairs]


# --- shingles and keys


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("aBc éя的 .,'\n-_1", max_size=60), max_size=6))
def test_shingles_are_five_words_in_a_row(texts_: list[str]) -> None:
    found = shingles([spaced(text) for text in texts_])
    seen: dict[tuple[str, ...], int] = {}
    for number, text in enumerate(texts_):
        words = re.findall(r"的|[^\W_的]+", text.casefold())
        assert found.words[number] == len(words)
        own = found.of(number).tolist()
        assert len(own) == max(0, len(words) - 4)
        for place, value in enumerate(own):
            assert seen.setdefault(tuple(words[place : place + 5]), value) == value
    assert len(set(seen.values())) == len(seen)


def test_vowel_signs_are_parts_of_words() -> None:
    assert spaced("की कु, मुजफ्फरपुर में") == " की कु  मुजफ्फरपुर में ".encode()
    one, two = (row(name, "एक दो तीन", body) for name, body in (("a", "की कु कै को " * 3), ("b", "का के कू कौ " * 3)))
    assert clusters([one, two]).pairs == []
    assert Facts.of("मुजफ्फरपुर में 3.5 डिग्री").all == {"मुजफ्फरपुर", "में", "3.5", "डिग्री"}


@given(st.text(st.one_of(st.characters(), st.sampled_from("ßİǰẞ中ไ・ ,.aA"))))
def test_words_are_those_of_the_characters_one_by_one(text: str) -> None:
    def of(char: str) -> str:
        word = char if char.isalnum() or char in MARKS else " "
        return f" {word} " if re.match(UNDIVIDED, char) else word

    assert spaced(text) == f" {''.join(map(of, text.casefold()))} ".encode()


def test_texts_are_hashed_alike_in_any_batch() -> None:
    chance = random.Random(3)
    vocabulary = [f"word{number}" for number in range(300)]
    texts_ = [spaced(" ".join(chance.choices(vocabulary, k=chance.randrange(900)))) for _ in range(400)]
    assert sum(map(len, texts_)) > GROUP_BYTES
    together = shingles(texts_)
    for number in range(0, 400, 7):
        alone = shingles([texts_[number]])
        assert np.array_equal(alone.hashes, together.of(number))
        assert (alone.digests[0], alone.words[0]) == (together.digests[number], together.words[number])


def test_a_bitmap_has_a_bit_for_each_shingle_and_copies_of_them_are_counted_once() -> None:
    found = shingles([spaced(text) for text in (STORY, "", "one two three four five six " * 40)])
    bits, different = Outlines.of(found)
    assert different.tolist() == [len(set(found.of(number).tolist())) for number in range(3)]
    for number in range(3):
        places = {int(one) % BITS for one in found.of(number).tolist()}
        assert np.flatnonzero(np.unpackbits(bits[number].view(np.uint8))).tolist() == sorted(places)


def test_an_entry_does_not_depend_on_its_neighbours() -> None:
    rows = [one for some in strangers() for one in some]
    together = entries(rows)
    for number in range(0, len(rows), 5):
        (alone,) = entries([rows[number]])
        assert np.array_equal(alone.keys, together[number].keys)
        beside = together[number]
        assert (alone.content, alone.rank, alone.agency) == (beside.content, beside.rank, beside.agency)


def test_keys_that_many_texts_have_are_counted_by_text() -> None:
    keys = np.array([8, 8, 8, 8, 12, 12, 12], np.uint32)
    contents = np.array([1, 1, 1, 2, 1, 2, 3], np.uint64)
    assert crowded(keys, contents, 2).tolist() == [12]


# --- what is a copy of what


def test_the_kinds_of_copies() -> None:
    day, next_day = date(2024, 5, 1), date(2024, 5, 2)
    first = row("a", HEADLINE, STORY, day)
    exact = row("b", "Bridge at Port Elwyn shut by freighter", STORY.replace("'", "’").upper(), day, "b.example")
    assert kinds(first, exact) == [("b", "a", "exact")]
    near = row("c", HEADLINE, "PORT ELWYN (AP) — " + STORY.replace("at about", "around"), next_day, "c.example")
    assert kinds(first, near) == [("c", "a", "near")]
    teaser = row("d", HEADLINE, LEAD, day, "d.example")
    assert kinds(first, teaser) == [("d", "a", "excerpt")]
    longer = row(
        "e", HEADLINE, STORY + "\n\nBy evening the divers had found no cracks. 12 containers are ashore.", next_day
    )
    assert kinds(first, longer) == [("e", "a", "update")]
    corrected = row("f", "CORRECTED: " + HEADLINE, STORY.replace("3,100", "3,400"), next_day, "f.example")
    assert kinds(first, corrected) == [("f", "a", "update")]
    headline = row("g", HEADLINE, "Rain fell on the county fair. " * 12, day)
    assert kinds(first, headline) == [("g", "a", "headline")]
    assert kinds(first, {**headline, "published_date": next_day}) == []
    assert kinds(first, {**headline, "site": "other.example"}) == []


def test_the_similarity_is_that_of_the_shingles() -> None:
    rows = [row("a", HEADLINE, STORY), row("b", HEADLINE, "\n\n".join((LEAD, *MORE[:2])), site="b.example")]
    one, two = (
        {tuple(words[n : n + 5]) for n in range(len(words) - 4)}
        for words in (re.findall(r"[^\W_]+", found["body"].casefold()) for found in rows)
    )
    (pair,) = clusters(rows).pairs
    assert pair.similarity == pytest.approx(len(one & two) / len(one | two))


def test_the_canonical_article_is_the_first_by_date_then_by_words_then_by_id() -> None:
    early, late = date(2024, 5, 1), date(2024, 5, 9)
    rows = [
        row("undated", HEADLINE, STORY, None),
        row("late", HEADLINE, STORY + "\n\nMore of it was said later by the harbour master.", late),
        row("cut", HEADLINE, "\n\n".join((LEAD, *MORE[:2])), early),
        row("whole", HEADLINE, STORY, early),
        row("twin", HEADLINE, STORY, early, "b.example"),
    ]
    expected = min(("whole", "twin"), key=lambda uri: row(uri, "", "")["article_id"])
    for _ in range(3):
        random.Random(_).shuffle(rows)
        found = clusters(rows)
        assert {place.cluster_id for place in found.places.values()} == {row(expected, "", "")["article_id"]}
        assert len(found.pairs) == len(rows) - 1
        assert sum(place.duplicate_of is None for place in found.places.values()) == 1


def test_a_cluster_of_many_copies_costs_little_and_has_one_pair_for_each() -> None:
    rows = [row(f"u{number}", HEADLINE, STORY, site=f"s{number}.example") for number in range(300)]
    found = clusters(rows, Settings(sharing=3))
    assert len(found.pairs) == 299 and len({place.cluster_id for place in found.places.values()}) == 1


def test_what_too_many_texts_share_says_nothing() -> None:
    rows = [row(f"u{n}", HEADLINE, STORY + f"\n\nNumber {'x' * n} of it.", site=f"s{n}.example") for n in range(1, 9)]
    assert len(clusters(rows, Settings(sharing=8)).pairs) == 7
    assert len(clusters(rows, Settings(sharing=4)).pairs) == 0


# --- strangers


@pytest.mark.parametrize("rows", list(strangers()), ids=lambda rows: rows[0]["uri"])
def test_a_template_joins_no_strangers(rows: list[dict[str, Any]]) -> None:
    assert len(rows) > 5
    assert clusters(rows).pairs == []


def test_a_body_that_does_not_speak_of_its_headline_is_no_copy_under_another_one() -> None:
    wall = "We value your privacy and store cookies on your device. Please choose what you consent to. " * 3
    rows = [row("a", HEADLINE, wall), row("b", "Mayor opens the market hall", wall), row("c", HEADLINE, wall, site="c")]
    assert kinds(*rows) in ([("a", "c", "exact")], [("c", "a", "exact")])
    assert speaks_of(spaced(STORY), b"freighter strikes bridge") and not speaks_of(spaced(wall), b"freighter strikes")


def test_one_story_with_other_figures_is_an_update_and_no_template() -> None:
    later = STORY.replace("eleven", "twelve").replace("3,100", "3,150").replace("5:40", "5:45")
    assert kinds(row("a", HEADLINE, STORY), row("b", HEADLINE, later, date(2024, 5, 2))) == [("b", "a", "update")]


# --- agencies


@pytest.mark.parametrize(
    ("changes", "agency"),
    [
        ({"agency": "AP"}, "AP"),
        ({"agency": "Web Desk"}, None),
        ({"attribution": "Agence France-Presse"}, "AFP"),
        ({"byline": ("Jane Roe", "Associated Press")}, "AP"),
        ({"body": "LONDON (Reuters) - Ferries sailed again."}, "Reuters"),
        ({"body": "PORT ELWYN, Wales — (AP) Ferries sailed again."}, "AP"),
        ({"body": "Ferries sailed.\n\nThis story was first published by The Conversation."}, "The Conversation"),
        ({"body": "Ferries sailed.\n\n© 2024 AFP"}, "AFP"),
        ({"body": "Ferries sailed.\n\nCopyright 2024 The Associated Press. All rights reserved."}, "AP"),
        ({"body": "Reuters hired forty people for its office in the town."}, None),
        ({"body": "The council (AP Moller among others) disagreed."}, None),
        ({"agency": "Reuters", "site": "uk.reuters.com"}, None),
    ],
)
def test_an_agency_is_named_by_the_marks_of_the_text(changes: dict[str, Any], agency: str | None) -> None:
    assert wires.mark({**row("a", HEADLINE, STORY), **changes}) == agency


def test_one_copy_says_where_the_others_come_from() -> None:
    rows = [
        row("a", HEADLINE, STORY, site="a.example"),
        row("b", HEADLINE, "PORT ELWYN (AP) - " + STORY, date(2024, 5, 2), "b.example"),
        row("c", HEADLINE, STORY, site="apnews.com"),
        row("d", HEADLINE, "Rain fell on the county fair. " * 12, site="a.example"),
    ]
    places = clusters(rows).places
    assert [places[one["article_id"]].syndicated_from for one in rows] == ["AP", "AP", None, None]


def test_of_strangers_that_share_sentences_no_text_is_read_for_their_comparison() -> None:
    chance = random.Random(3)
    said = [
        f"{' '.join(chance.choices(STORY.split(), k=20))} on day {n} of the flood in {chance.choice(MORE)[:40]}"
        for n in range(300)
    ]
    rows = [
        row(f"u{n}", HEADLINE, ". ".join(chance.sample(said, 8)), site=f"s{n}.example") for n in range(60)
    ]  # two have a sentence in common now and then, and that is a fifth of their shingles at most
    made = Entries.of(entries(rows))
    read: list[int] = []

    def asked(some: Any) -> dict[int, Any]:
        read.extend(some)
        return dict(zip(some, texts([rows[number] for number in some]).values(), strict=True))

    dead = np.empty(0, np.uint32)
    assert len(cluster(made, dead, asked, Settings().limits).copies) == 0 and read == []
    unknown = made._replace(bitmaps=np.full_like(made.bitmaps, 2**64 - 1))  # as if all had all shingles
    assert len(cluster(unknown, dead, asked, Settings().limits).copies) == 0 and len(read) > 10


def test_long_texts_whose_shingles_share_bits_are_compared() -> None:
    chance = random.Random(4)
    words = [f"word{chance.randrange(10**6)}" for _ in range(4_000)]
    long, cut = " ".join(words), " ".join([*words[:2_600], *(f"other{n}" for n in range(800))])
    assert kinds(row("a", HEADLINE, long), row("b", HEADLINE, cut, date(2024, 5, 2), "b.example")) == [
        ("b", "a", "near")
    ]


# --- any set of articles


def random_articles(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Articles of a few stories and templates, cut, changed, repeated and dated at random."""
    made: list[dict[str, Any]] = []
    sources = [[{"headline": HEADLINE, "body": STORY}], *strangers()]
    for number in range(count):
        base = chance.choice(chance.choice(sources[:1] * 6 + sources[1:]))
        paragraphs = base["body"].split("\n\n")
        if chance.random() < 0.4:
            paragraphs = paragraphs[: chance.randrange(1, len(paragraphs) + 1)]
        words = " ".join(paragraphs).split()
        for _ in range(chance.choice((0, 0, 1, 4))):
            words[chance.randrange(len(words))] = chance.choice(("harbour", "Tilburg", "17", "quietly"))
        day = chance.choice((None, *(date(2024, 5, 1) + timedelta(days=n) for n in range(4))))
        head = base["headline"] if chance.random() < 0.7 else "Notes of the day"
        made.append(
            row(f"u{number}", head, " ".join(words), day, chance.choice(("a.example", "b.example", "c.example")))
        )
    return made


def _by_texts_alone(rows: list[dict[str, Any]]) -> Clusters:
    """Clusters for which every text with enough keys in common is read: bitmaps do not say that they are strangers."""
    made = Entries.of(entries(rows))
    made = made._replace(bitmaps=np.full_like(made.bitmaps, 2**64 - 1))
    by_number = [texts([one])[one["article_id"]] for one in rows]
    return cluster(made, np.empty(0, np.uint32), lambda some: {n: by_number[n] for n in some}, Settings().limits)


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_a_forest_of_copies_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    rows = random_articles(chance, 60)
    found = clusters(rows, Settings(sharing=12))
    chance.shuffle(rows)
    again = clusters(rows, Settings(sharing=12))
    assert (again.places, again.pairs) == (found.places, found.pairs)
    assert _by_texts_alone(rows).pairs == clusters(rows, Settings(sharing=1_000)).pairs
    sizes: dict[str, int] = {}
    for place in found.places.values():
        sizes[place.cluster_id] = sizes.get(place.cluster_id, 0) + 1
    assert len(found.pairs) == sum(size - 1 for size in sizes.values()) > 5
    by_id = texts(rows)
    for pair in found.pairs:
        assert found.places[pair.article_id].cluster_id == found.places[pair.other_id].cluster_id
        one, two = by_id[pair.article_id].set, by_id[pair.other_id].set
        similarity = len(np.intersect1d(one, two)) / max(len(np.union1d(one, two)), 1)
        assert pair.kind == "exact" or pair.similarity == pytest.approx(similarity)
        assert pair.kind in ("headline", "excerpt", "exact", "update") or similarity >= 0.5
