"""Web pages: the declared charset, the main text, and what happens where there is none."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping, Sequence

import pytest
from clocks import cpu_seconds

from copydesk.records import Document
from copydesk.sources.pages import declared_charset, extract

HEADLINE = "Bridge closed for repair"
trafilatura = pytest.importorskip("trafilatura")

PARAGRAPHS = [
    f"On day {n} the council heard {n} engineers, who said that the bridge over the river had to be closed for repair."
    for n in range(1, 9)
]
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


def page(body: str = BODY, head: str = "<title>Bridge closed for repair - The Example</title>") -> str:
    return f"""<!doctype html><html><head>{head}</head><body><nav><a href="/">Home</a> <a href="/w">World</a></nav>
<h1>Bridge closed for repair</h1><article>{body}</article><footer>All rights reserved. Contact us.</footer>
</body></html>"""


def extracted(content: str | bytes, charset: str | None = None) -> Document:
    raw = content.encode() if isinstance(content, str) else content
    return extract(Document("a.html", raw, "html", charset=charset or declared_charset(raw)))


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"<meta charset=utf-8>", "utf-8"),
        (b"<META CharSet = 'Windows-1251' />", "windows-1251"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">', "iso-8859-1"),
        (b'<?xml version="1.0" encoding="Shift_JIS"?><html>', "shift_jis"),
        (b"\xef\xbb\xbf<meta charset=latin1>", "utf-8"),
        ("\ufeff<meta charset=utf-8>".encode("utf-16-le"), "utf-16-le"),
        (b"<!-- <meta charset=cp1252> --><meta charset=gb18030>", "gb18030"),
        (b"<p>the charset=x of <metal charset=y> things</p>", None),
        (b"<meta name=charset>", None),
        (b" " * 9000 + b"<meta charset=utf-8>", None),
        (b"<meta " * 3000, None),
        (b"<!--" * 3000, None),
        (b"", None),
    ],
)
def test_the_declared_charset(content: bytes, charset: str | None) -> None:
    assert declared_charset(content) == charset


def test_the_main_text_in_paragraphs_with_title_and_date() -> None:
    head = """<title>Bridge closed for repair - The Example</title>
        <meta property="article:published_time" content="2019-05-21T10:00:00+03:00">"""
    document = extracted(page(head=head))
    assert document.problem is None
    assert document.text is not None and document.text.split("\n\n")[-8:] == PARAGRAPHS
    assert "Home" not in document.text and "All rights reserved" not in document.text
    assert (document.title, document.date) == ("Bridge closed for repair", "2019-05-21T10:00:00+03:00")
    assert (document.encoding, document.media_type, document.content) == ("utf-8", "html", page(head=head).encode())
    assert extracted(page(head=head)) == document


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Something else</title>", HEADLINE),
        ('<title>Something else</title><meta property="og:title" content="Some other thing">', HEADLINE),
        ('<title>x</title><meta property="og:title" content="Bridge  closed&#10;for repair | E">', HEADLINE),
        ("", HEADLINE),
        ('<meta property="og:title" content="  ">', HEADLINE),
    ],
)
def test_the_headline_is_the_one_that_the_title_confirms(head: str, title: str) -> None:
    assert extracted(page(head=head)).title == title


def test_a_date_in_the_text_is_not_taken_for_the_date_of_the_page() -> None:
    assert extracted(page(BODY + "<p>It had been open since 3 March 1987.</p>")).date is None
    assert (
        extracted(page(BODY + '<time itemprop="datePublished" datetime="2019-05-21">May</time>')).date == "2019-05-21"
    )


def test_paragraphs_that_are_alike_all_stay() -> None:
    twice = "The council did not answer questions about the bridge on that day."
    text = extracted(page(BODY + f"<p>{twice}</p><p>{PARAGRAPHS[0]} Again.</p><p>{twice}</p>")).text
    assert text is not None and text.count(twice) == 2


def test_a_page_in_its_declared_encoding() -> None:
    sentence = "Мост через реку закрыли на ремонт, сообщил в понедельник городской совет. " * 5
    content = page("".join(f"<p>{n} {sentence}</p>" for n in range(5)), "<meta charset=windows-1251>").encode("cp1251")
    document = extracted(content)
    assert document.encoding == "cp1251" and document.text is not None and sentence.strip() in document.text


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "no-main-text"),
        (b" \n\t", "no-main-text"),
        (b"<html><body></body></html>", "no-main-text"),
        (b"<!-- nothing -->", None),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1", "undecodable"),
        (b"<div>" * 100_000 + BODY.encode(), "page-too-large"),
        (b"<p><b>x</b>" * 40_000, "page-too-large"),
        (b"<table><tr><td>" * 600 + BODY.encode(), "page-too-large"),
        (b"<p>" + b"word " * 4_000_000, "page-too-large"),
    ],
)
def test_hostile_pages_are_held_back_in_time(content: bytes, rule: str | None) -> None:
    started = time.process_time()
    document = extracted(content)
    assert document.problem is not None and document.content == content and document.text is None
    assert (document.problem.stage, document.problem.severity) == ("read", "critical")
    if rule:
        assert document.problem.rule == rule
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "body",
    [
        BODY + "<div>" * 1500,
        BODY + "<b" * 5000,
        BODY + "\x00\x01\x0b\x1f\ufffe\ud800",
        BODY + "&#0;&#xD800;&x;&#1;&#x1F&#12a&#xfffe;&#00000000000000000001;&#99999999999;",
    ],
)
def test_odd_pages_still_give_their_text(body: str) -> None:
    document = extracted(page(body).encode("utf-8", "replace"))
    assert document.problem is None and document.text is not None and PARAGRAPHS[3] in document.text


def test_a_parser_that_fails_costs_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(trafilatura, "bare_extraction", fail)
    problem = extracted(page()).problem
    assert problem is not None and (problem.rule, problem.observed) == ("unreadable-page", "RecursionError: too deep")


def test_without_the_extra_the_page_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    importer = builtins.__import__

    def without(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        if name == "trafilatura":
            raise ImportError(name)
        return importer(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without)
    problem = extracted(page()).problem
    assert problem is not None and problem.rule == "html-extra-missing"
    assert "pip install 'copydesk[html]'" in problem.observed


def test_other_documents_pass_through() -> None:
    for document in (Document("a.txt", b"<html>"), Document("u", b"{}", "record", text="<p>x</p>")):
        assert extract(document) is document


# --- small pages of many markups: paragraphs stay apart ------------------------------------------------------------

FERRY = "The evening ferry to the island was cancelled on Tuesday because of strong wind, the harbour office said."
HOTEL = "Passengers were taken to a hotel in town and will leave with the first boat on Wednesday morning at six."
CALM = "Nobody was hurt."
H1, TIME = "<h1>Ferry Cancelled</h1>", '<time datetime="2021-06-01">1 June 2021</time>'
TOP = H1 + "<p class=byline>By Tom Reed</p>" + TIME
STORY = f"<p>{FERRY}</p><p>{HOTEL}</p>"
NAV = '<nav><a href="/">Home</a> <a href="/w">World</a></nav>'
RELATED = '<h3>Related stories</h3><ul><li><a href="/1">Ten lakes to swim in before you are forty</a></li></ul>'
COOKIES = "<div class=cookie-banner><p>We use cookies to improve your experience. Accept our policy.</p></div>"
LONG = [paragraph.replace("repair", "a long repair that nobody had foreseen") for paragraph in PARAGRAPHS]


def small(body: str, head: str = "<title>Ferry Cancelled - The Example</title>") -> Document:
    return extracted(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")


@pytest.mark.parametrize(
    ("body", "story", "byline"),
    [
        (f"<article>{TOP}{STORY}</article>", [FERRY, HOTEL], True),
        (TOP + STORY, [FERRY, HOTEL], True),
        (f"{NAV}<main>{TOP}{STORY}<p>{CALM}</p></main><footer>Contact us</footer>", [FERRY, HOTEL, CALM], True),
        (f"{NAV}{TOP}<article>{STORY}</article>", [FERRY, HOTEL], True),
        (f"{H1}<div><div>By Tom Reed</div><div>{FERRY}</div><div>{HOTEL}</div></div>", [FERRY, HOTEL], True),
        (f"{H1}By Tom Reed<br>{FERRY}<br><br>{HOTEL}<br>{CALM}", [FERRY, HOTEL, CALM], True),
        (f"<article>{H1}<div>{FERRY}<br><br>{HOTEL}</div></article>", [FERRY, HOTEL], False),
        (f"<table><tr><td><a href=/>Home</a></td><td>{H1}{STORY}</td></tr></table>", [FERRY, HOTEL], False),
        (f"<table><tr><td>{H1}<tr><td>{FERRY}<tr><td>{HOTEL}</table>", [FERRY, HOTEL], False),
        (f"<section>{TOP}</section><section>{STORY}</section>", [FERRY, HOTEL], True),
        (f"{COOKIES}{NAV}<article>{TOP}{STORY}</article><aside>{RELATED}</aside>", [FERRY, HOTEL], True),
        (f"<article>{H1}{STORY}<div class=related>{RELATED}</div></article>", [FERRY, HOTEL], False),
        (f"<article>{H1}{STORY}</article><article><p>{CALM}</p></article>", [FERRY, HOTEL, CALM], False),
        (f"<article>{H1}<div>{FERRY}</div><p>{CALM}</p><div>{HOTEL}</div></article>", [FERRY, CALM, HOTEL], False),
        (
            f"<article>{H1}<figcaption>{FERRY}</figcaption><p>{CALM}</p><figcaption>{HOTEL}</figcaption></article>",
            [FERRY, CALM, HOTEL],
            False,
        ),
        (f"<article>{H1}<address>{FERRY}</address><address>{HOTEL}</address></article>", [FERRY, HOTEL], False),
        (f"<article>{TOP}{''.join(f'<p>{p}</p>' for p in LONG)}</article>", LONG, True),
        (f"<table><tr><td>{H1}{''.join(f'<p>{p}' for p in LONG)}</table>", LONG, False),
        (f"<div>{H1}<p>By Tom Reed</p>{'<br><br>'.join(LONG)}</div>", LONG, True),
    ],
)
def test_paragraphs_stay_apart_in_every_markup(body: str, story: list[str], byline: bool) -> None:
    document = small(body)
    assert document.problem is None and document.text is not None and document.title == "Ferry Cancelled"
    lines = document.text.split("\n\n")
    assert [line for line in lines if line not in ("Ferry Cancelled", "By Tom Reed", "1 June 2021")] == story
    assert document.authors == (("Tom Reed",) if byline else ())


def test_a_byline_is_what_the_page_says_near_its_headline() -> None:
    other = "<aside><h3>The lakes</h3><p class=byline>By Jane Doe</p></aside>"
    assert not small(f"<article>{H1}{STORY}</article>{other}").authors
    deck = f"<h2>Wind stops every boat</h2><p class=byline>By Tom Reed</p>{STORY}"
    assert small(f"<article>{H1}{deck}</article>").authors == ("Tom Reed",)


LINKED = '<script type="application/ld+json">%s</script>'


@pytest.mark.parametrize(
    ("body", "date"),
    [
        (f"<article>{H1}<p>Published {TIME}</p>{STORY}</article>", "2021-06-01"),
        (f"<article>{H1}{TIME}{STORY}{TIME}</article>", "2021-06-01"),
        (f"<article>{H1}{TIME}{STORY}<time datetime=2021-06-02>changed</time></article>", "2021-06-01"),
        (f"<article>{H1}{STORY}<p>The pier has been there since {TIME}.</p></article>", None),
        (f"<article>{H1}{STORY}<div class=comments><p>Ann {TIME}</p></div></article>", None),
        (f"<article>{H1}{STORY}</article><aside>{TIME}</aside>", None),
        (f"<article>{H1}<time datetime=PT2H>2 hours</time>{STORY}</article>", None),
        (LINKED % '{"@type": "NewsArticle", "datePublished": "2021-06-01T08:00:00Z"}', "2021-06-01T08:00:00Z"),
        (LINKED % '{"@graph": [{"@type": ["X", "NewsArticle"], "datePublished": "2021-06-01"}]}', "2021-06-01"),
        (LINKED % '{"@type": "Event", "datePublished": "2021-06-01"}', None),
        (
            LINKED
            % '[{"@type": "Article", "datePublished": "2021-06-01"}, {"@type": "Article", "datePublished": "2"}]',
            "2021-06-01",
        ),
        (LINKED % '{"@type": "NewsArticle", "datePublished": ["2021-06-01"]}', "2021-06-01"),
        (LINKED % '{"@type": "NewsArticle", "datePublished": ', None),
        (LINKED % ("[" * 100_000), None),
    ],
)
def test_the_date_that_the_article_states(body: str, date: str | None) -> None:
    document = small(body if "<article>" in body else f"{body}<article>{H1}{STORY}</article>")
    assert document.problem is None and document.date == date


@pytest.mark.no_cover  # time is measured
@pytest.mark.parametrize(
    "body",
    [
        "<table><tr><td>" * 100 + "<h1>x</h1>" + "<p>word</p>" * 2_000,
        "<main>" * 600 + "<p>word word</p>" * 10_000,
        "<div class=a>" * 600 + "<time datetime=2021-06-01>x</time>" * 14_000,
        "<article>" + "<p>word</p>" * 14_000 + "</article>",
        "<header>" * 600 + "<a>word</a><br>" * 7_000,
    ],
)
def test_nested_pages_take_no_more_than_seconds(body: str) -> None:
    assert cpu_seconds(lambda: small(body)) < 10


# --- who wrote it, when, under which headline -----------------------------------------------------------------------

SITE = '<meta property="og:site_name" content="The Harbour Herald">'


def linked(author: str) -> str:
    return LINKED % f'{{"@type": "NewsArticle", "headline": "Ferry Cancelled", "author": {author}}}'


@pytest.mark.parametrize(
    ("head", "top", "authors"),
    [
        (linked('{"name": "Tom Reed"}'), "", ("Tom Reed",)),
        (linked('[{"name": "Tom Reed"}, {"name": "Ann Lee"}]'), "", ("Tom Reed", "Ann Lee")),
        (linked('{"name": ["Tom Reed", "Ann Lee"]}'), "", ("Tom Reed", "Ann Lee")),
        (linked('"By Tom Reed and Ann Lee"'), "", ("Tom Reed", "Ann Lee")),
        (linked('"Reed, Tom"'), "", ("Tom Reed",)),
        (linked('"Tom Reed, Associated Press"'), "", ("Tom Reed",)),
        (linked('[{"name": "Tom Reed"}, {"name": "Associated Press"}]'), "", ("Tom Reed", "Associated Press")),
        (linked('{"name": "The Harbour Herald"}') + SITE, "", ()),
        (linked('{"name": "Herald Staff"}') + SITE, "<p class=byline>By Tom Reed</p>", ("Tom Reed",)),
        (linked('{"name": "Harbour Herald staff"}') + SITE, "<p class=byline>By Tom Reed</p>", ("Tom Reed",)),
        (linked('{"name": "admin"}'), "", ()),
        (linked('{"name": "Tom ReedTwitter"}'), "", ("Tom Reed",)),
        (LINKED % '[{"@type": "Report", "author": {"@id": "a"}}, {"@id": "a", "name": "Tom Reed"}]', "", ("Tom Reed",)),
        (LINKED % '//<![CDATA[\n{"@type": "Article", "author": {"name": "Tom Reed",},}\n//]]>', "", ("Tom Reed",)),
        ("<meta name=author content='Tom Reed'>", "", ("Tom Reed",)),
        ("<meta name=author content='Reed, Tom'>", "", ("Tom Reed",)),
        ("<meta name=author content='van der Reed, Tom'>", "", ("Tom van der Reed",)),
        ("<meta name=author content='https://facebook.com/tomreed'>", "", ()),
        ("<meta name=twitter:label1 content='By'><meta name=twitter:data1 content='Tom Reed'>", "", ("Tom Reed",)),
        ("", "<p><a rel=author href=/x>Tom Reed</a></p>", ("Tom Reed",)),
        ("", "<div class=by>By</div><div>Tom Reed</div>", ("Tom Reed",)),
        ("", "<p>By Tom Reed published 19 May 2026</p>", ("Tom Reed",)),
        ("", "<p>19 May 2026 | By Tom Reed</p>", ("Tom Reed",)),
        ("", "<p>posted on 19 May 2026 by Tom Reed</p>", ("Tom Reed",)),
        ("", "<h2>Wind stops all boats that leave for the island before noon.</h2><p>By Tom Reed</p>", ("Tom Reed",)),
        ("", "<figure><figcaption>The ferry. By Ann Lee</figcaption></figure>", ()),
        ("", "<h2>Local News</h2>", ()),
    ],
)  # fmt: skip
def test_the_authors_of_a_page(head: str, top: str, authors: tuple[str, ...]) -> None:
    document = small(f"<article>{H1}{top}{STORY}</article>", f"<title>Ferry Cancelled</title>{head}")
    assert document.problem is None and document.authors == authors


PUBLISHED = '<meta property="article:published_time" content="%s">'


@pytest.mark.parametrize(
    ("head", "top", "date"),
    [
        (PUBLISHED % "2021-06-02T01:30:00Z", "<p>June 1, 2021</p>", "June 1, 2021"),  # the day that readers see
        (PUBLISHED % "2021-06-02T01:30:00Z", "<p>June 2, 2021</p>", "2021-06-02T01:30:00Z"),
        (PUBLISHED % "2021-06-05T01:30:00Z", "<p>June 1, 2021</p>", "2021-06-05T01:30:00Z"),
        (PUBLISHED % "2021-06-02T01:30:00Z", "<p>Updated: June 1, 2021</p>", "2021-06-02T01:30:00Z"),
        ("<meta name=date content=2021-06-05>", "<p>June 1, 2021</p>", "June 1, 2021"),
        ("<meta name=pubdate content=2021-06-05>", "", "2021-06-05"),
        ("<meta name='parsely-pub-date' content=1970-01-01><meta name=date content=2021-06-05>", "", "2021-06-05"),
        (LINKED % '{"@type": "WebPage", "datePublished": "2021-06-01"}', "", "2021-06-01"),
        (LINKED % '{"@type": "NewsArticle", "datePublished": "2021-06-01",}', "", "2021-06-01"),
        ("", "<span itemprop=datePublished content=2021-06-01></span>", "2021-06-01"),
        ("", "<p>Updated: June 3, 2021</p><p>Published: June 1, 2021</p>", "June 1, 2021"),
        ("", "<p>By Tom Reed | 01.06.21</p>", "01.06.21"),
        ("", "<div class=post-meta>Author: tom June 1, 2021 0 Comments</div>", "June 1, 2021"),
        ("<link rel=canonical href='https://news.example/2021/06/01/ferry'>", "", "2021-06-01"),
        ("", "<p>© June 1, 2021</p>", None),
        ("", "<div class=weather-box>June 1, 2021</div>", None),
    ],
)
def test_the_date_of_a_page(head: str, top: str, date: str | None) -> None:
    document = small(f"<article>{H1}{top}{STORY}</article>", f"<title>Ferry Cancelled</title>{head}")
    assert document.problem is None and document.date == date


def test_a_page_that_was_changed() -> None:
    head = '<meta property="article:published_time" content="2021-06-01T10:00:00Z">'
    later = head + '<meta property="article:modified_time" content="2021-06-03T10:00:00Z">'
    assert small(f"<article>{H1}{STORY}</article>", head).modified is None
    assert small(f"<article>{H1}{STORY}</article>", later).modified == "2021-06-03T10:00:00Z"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<h1>The Harbour Herald</h1><h1>Ferry to the island cancelled</h1>", "Ferry to the island cancelled"),
        ('<h1><a href="/">Your paper</a></h1><h2>Ferry to the island cancelled</h2>', "Ferry to the island cancelled"),
        ("<h1>Ferry to the island is cancelled for all</h1>", "Ferry to the island is cancelled for all"),
        ("<h1><span>Ferry to the island cancelled</span><div>1 June 2021</div></h1>", "Ferry to the island cancelled"),
        ("", "Ferry to the island cancelled"),
    ],
)
def test_the_headline_is_the_heading_that_is_most_like_the_titles(body: str, title: str) -> None:
    head = f"<title>Ferry to the island cancelled | The Harbour Herald</title>{SITE}"
    assert small(f"<main>{body}{STORY}</main>", head).title == title


def test_the_address_of_a_page() -> None:
    canonical = "<link rel=canonical href='https://news.example/ferry'>"
    assert small(f"<article>{H1}{STORY}</article>", canonical).address == "https://news.example/ferry"
    assert small(f"<article>{H1}{STORY}</article>", "<link rel=canonical href='/ferry'>").address is None


@pytest.mark.parametrize(
    "part",
    [
        "<div class='newsletter-box'><p>Get the best of our harbour reports in your mail every Monday.</p></div>",
        "<div class=relatedArticles><p>Ten lakes to swim in before you are forty, and how to get there.</p></div>",
        "<section id=author-bio><p>Tom Reed has written about boats and their people for twenty years.</p></section>",
        "<p><a href=/lakes>Ten lakes to swim in before you are forty</a></p>",
    ],
)
def test_what_is_no_part_of_the_article_is_left_out(part: str) -> None:
    text = small(f"<article>{H1}<p>{'</p><p>'.join(LONG)}</p>{part}</article>").text
    assert text is not None and [line for line in text.split("\n\n") if line != "Ferry Cancelled"] == LONG


def test_words_in_a_paragraph_stay_whatever_their_class() -> None:
    line = f"{LONG[0]} The <a class=related-topic>sea anemones</a> and the <span class=modal>gulls</span> stayed."
    text = small(f"<article>{H1}<p>{'</p><p>'.join([*LONG, line])}</p></article>").text
    assert text is not None and "The sea anemones and the gulls stayed." in text


def test_an_article_that_follows_is_left_out() -> None:
    other = f"<article><h1>Ten lakes</h1><p>{'</p><p>'.join(PARAGRAPHS)}</p></article>"
    text = small(f"<article>{H1}<p>{'</p><p>'.join(LONG)}</p></article>{other}").text
    assert text is not None and PARAGRAPHS[0] not in text and LONG[0] in text


def test_a_page_that_a_script_fills_in_is_held_back_with_that_reason() -> None:
    body = "<div id=root></div><script>self.__next_f.push([1, 'The council decided'])</script>"
    problem = extracted(f"<html><head><title>x</title></head><body>{body}</body></html>").problem
    assert problem is not None and problem.observed == "no main text found; a script fills in the page"
