"""What the other documents of a site prove: the order of its dates, and the lines that recur across it."""

from __future__ import annotations

import pytest
from nights import config

from copydesk.clean import clean_document, rebuilds
from copydesk.records import Cleaned, Document
from copydesk.text.site import NO_SITE, Recurring, Site, site_of

LEAD = "The harbour was opened again on Monday after the storm had torn away two of its three cranes, said the town."
MORE = "The ships will come back on Tuesday, the master of the harbour told the paper on the quay late on Monday."
QUILTS = "Zeppelin quilts every Thursday in the mill"
GOES_ON = "Story goes on below"
RECURRING = {QUILTS: Recurring(12, False), GOES_ON: Recurring(30, True), MORE: Recurring(12, False)}


@pytest.mark.parametrize(
    ("uri", "site"),
    [
        ("https://www.News.example:80/2019/x", "news.example"),
        ("http://user:word@news.example", "news.example"),
        ("news.example/file.txt", "news.example"),
        ("folder/deep/file.jsonl#12", "folder"),
        ("file.jsonl#12", "file.jsonl"),
        ("file.txt", ""),
        ("4711", ""),
        ("http://[", "["),
        ("", ""),
    ],
)
def test_site_of_a_uri(uri: str, site: str) -> None:
    assert site_of(uri) == site


def cleaned(*paragraphs: str, site: Site = NO_SITE, order: str = "day-first", date: str | None = None) -> Cleaned:
    text = "\n\n".join(("Harbour opens again", *paragraphs))
    document = Document("coast.example/1", text.encode(), date=date)
    done = clean_document(document, config(dates={"numeric_order": order}), site)
    assert rebuilds(done)
    return done


def day_of(one: Cleaned) -> str | None:
    assert one.article is not None
    return one.article.published_date and one.article.published_date.isoformat()


@pytest.mark.parametrize(
    ("own", "policy", "site", "day", "rules"),
    [
        ("Seen on 25/12/2018.", "day-first", "month-first", "2019-04-03", []),
        ("", "day-first", "month-first", "2019-03-04", ["date-order-from-site"]),
        ("", "day-first", None, "2019-04-03", ["date-order-open"]),
        ("", "month-first", None, "2019-03-04", ["date-order-open"]),
        ("Seen on 25/12/2018.", "skip", None, "2019-04-03", []),
        ("", "skip", "month-first", "2019-03-04", ["date-order-from-site"]),
        ("", "skip", None, None, ["date-order-open"]),
    ],
)
@pytest.mark.parametrize("given", [False, True])
def test_the_document_proves_first_then_its_site_then_the_policy_decides(
    own: str, policy: str, site: str | None, day: str | None, rules: list[str], given: bool
) -> None:
    stated, line = ("03/04/2019", ()) if given else (None, ("03/04/2019",))
    one = cleaned(*line, LEAD, MORE + own, site=Site("coast.example", site), order=policy, date=stated)
    assert day_of(one) == day
    assert [problem.rule for problem in one.problems] == rules


def test_a_date_that_tells_itself_needs_no_site() -> None:
    one = cleaned("13/04/2019", LEAD, MORE, site=Site("coast.example", "month-first"))
    assert day_of(one) == "2019-04-13" and one.problems == ()


def body_of(*paragraphs: str) -> list[str]:
    one = cleaned(*paragraphs, site=Site("coast.example", boilerplate=RECURRING))
    assert one.article is not None
    return one.article.body.split("\n\n")


def test_what_recurs_is_taken_out_around_the_story_and_where_it_cuts_the_story() -> None:
    assert body_of(LEAD, "And more.", QUILTS) == [LEAD, "And more."]
    assert body_of(QUILTS, LEAD, "And more.") == [LEAD, "And more."]
    assert body_of(LEAD, GOES_ON, LEAD.upper() + ".", "And more.", QUILTS) == [LEAD, LEAD.upper() + ".", "And more."]
    assert body_of(LEAD, "And more.", QUILTS, "Source: Coast Courier", QUILTS) == [LEAD, "And more."]


def test_what_stands_within_the_story_stays() -> None:
    assert body_of(LEAD, QUILTS, "And more.") == [LEAD, QUILTS, "And more."]
    assert body_of(LEAD, "First half", GOES_ON, "Second half") == [LEAD, "First half", GOES_ON, "Second half"]


def test_the_beginning_of_the_story_and_the_only_paragraph_stay() -> None:
    assert body_of(MORE, "And more.") == [MORE, "And more."]
    assert body_of(MORE, QUILTS) == [MORE]
    assert body_of(QUILTS) == [QUILTS]
