"""What the other documents of a site prove: the order of its dates, and the lines that recur across it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nights import config, night, settled, source_text, table, tree

from copydesk.cli import main
from copydesk.config import SitesConfig
from copydesk.pipeline import clean_alone
from copydesk.records import Cleaned, Document
from copydesk.sites.boilerplate import MIN_ARTICLES, Articles, recurring
from copydesk.sites.evidence import Sites
from copydesk.text.site import MISREADING, NO_SITE, ORDER, Proof, Recurring, Site, _site_of, proofs, site_of
from copydesk.warehouse import Warehouse
from copydesk.warehouse.spill import Documents

LEAD = "The harbour was opened again on Monday after the storm had torn away two of its three cranes, said the town."
MORE = "The ships will come back on Tuesday, the master of the harbour told the paper on the quay late on Monday."
QUILTS = "Zeppelin quilts every Thursday in the mill"
GOES_ON = "Story goes on below"
RECURRING = {QUILTS: Recurring(12, False), GOES_ON: Recurring(30, True), MORE: Recurring(12, False)}


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(["http", "://", "/", "#", "?", "@", ":", "[", "2024-05-01", "A.txt", "b", "."])).map(
            "".join
        ),
    )
)
def test_the_site_of_a_uri_is_that_of_the_part_that_decides(uri: str) -> None:
    assert site_of(uri) == _site_of.__wrapped__(uri)


@pytest.mark.parametrize(
    ("uri", "site"),
    [
        ("https://www.News.example:80/2019/x", "news.example"),
        ("http://user:word@news.example", "news.example"),
        ("news.example/file.txt", "news.example"),
        ("folder/deep/file.jsonl#12", "folder"),
        ("file.jsonl#12", "file.jsonl"),
        ("file.txt", ""),
        ("2019-05-21/News.example/a.txt", "news.example"),
        ("2019/05/21/a.txt", ""),
        ("20190521/a.txt", ""),
        ("163.example/2019/a.txt", "163.example"),
        ("1984.example/a.txt", "1984.example"),
        ("news-2019-05-21.jsonl.gz#3", "news.jsonl.gz"),
        ("2019-05-21.jsonl#3", ""),
        ("/home/someone/a.txt", ""),
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
    done = clean_alone([document], config(dates={"numeric_order": order}), {site_of(document.uri): site})[0]
    assert done.reversible
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


# --- which lines recur -----------------------------------------------------------------------------------------------

WHO = "council harbour school hospital orchard library railway market theatre brewery museum lighthouse".split()
DID = "opened closed painted measured flooded rented moved praised counted insured".split()
WHERE = "Aldmoor Brackenby Corriesk Dunwell Estrick Fallow Glenmar Hexwater".split()
WHY = "winter visitors taxes engineers nobody bishops sailors teachers farmers weather insurers".split()


def story(number: int) -> list[str]:
    """A headline and three paragraphs that no other number has."""
    chance = random.Random(number)
    who, where = chance.choice(WHO), chance.choice(WHERE)

    def sentence(first: str) -> str:
        did, when = chance.choice(DID), chance.choice(["Monday", "Tuesday", "Friday", "Sunday"])
        return (
            f"The {first} of {where} was {did} on {when} by {chance.choice(WHY)} who had asked {chance.choice(WHY)} and"
            f" {chance.choice(WHY)} for {chance.randint(3, 9999)} crowns, said {chance.choice(WHO)} number {number}."
        )

    return [f"{where} {who} {chance.choice(DID)} {number} times", *(sentence(chance.choice(WHO)) for _ in range(3))]


def lines(stories: Iterable[list[str]]) -> dict[str, Recurring]:
    """What recurs across stories, each a headline and its paragraphs."""
    parts = list(stories)
    bodies = pa.array(["\n\n".join(body) for _, *body in parts])
    uris = [f"coast.example/{number}" for number in range(len(parts))]
    return recurring(Articles(uris, [headline for headline, *_ in parts], pa.chunked_array([bodies]))).get(
        "coast.example", {}
    )


def test_an_odd_line_under_every_story_recurs() -> None:
    assert lines([*story(n), QUILTS] for n in range(12)) == {QUILTS: Recurring(12, True)}
    assert lines([*story(n), f"{QUILTS}."] for n in range(12)) == {f"{QUILTS}.": Recurring(12, False)}


def test_a_line_of_few_stories_does_not() -> None:
    assert lines([*story(n), QUILTS] for n in range(MIN_ARTICLES - 1)) == {}
    assert lines([*story(n), *([QUILTS] if n < 9 else [])] for n in range(40)) == {}


@pytest.mark.parametrize("share", [0.5, 1])
def test_background_that_a_site_repeats_is_no_boilerplate(share: float) -> None:
    background = "The taxes that the council and the harbour of Aldmoor had asked engineers for were counted by nobody."
    stories = [["", *story(n)[1:]] for n in range(20)]
    assert lines([*one, *([background] if n < 20 * share else [])] for n, one in enumerate(stories)) == {}


def test_half_of_the_stories_are_not_enough_for_a_sentence() -> None:
    assert lines([*story(n), *([f"{QUILTS}."] if n % 2 else [])] for n in range(40)) == {}


def test_copies_of_one_story_count_once() -> None:
    others = [story(n) for n in range(30)]
    copies = [
        [f"{n} o'clock: the mill burns", *story(99)[1:], "Nothing more is known", f"{n} fire engines came."]
        for n in range(20)
    ]
    assert lines(copies) == lines([*copies, *others]) == lines([*others, *copies]) == {}
    assert lines([*others, *(["The mill burns", *story(100 + n)[1:], QUILTS] for n in range(20))]) == {}


@pytest.mark.parametrize("line", ["* * *", "1234", "", "A"])
def test_what_has_no_words_is_let_be(line: str) -> None:
    assert lines([*story(n), line] for n in range(12)) == {}


def test_nothing_recurs_in_nothing() -> None:
    assert recurring(Articles([], [], pa.chunked_array([], pa.string()))) == {}


def test_an_article_of_very_many_paragraphs_is_left_out() -> None:
    assert lines([*story(n), *["a", "b"] * 100_000, QUILTS] for n in range(12)) == {}


# --- proofs ----------------------------------------------------------------------------------------------------------


def test_an_article_proves_by_the_date_that_it_writes() -> None:
    assert proofs("coast.example/1", "25/12/2019") == {Proof("coast.example", ORDER, "day-first")}
    assert proofs("coast.example/2019/04/03", "03/04/2019") == {Proof("coast.example", ORDER, "day-first")}
    assert proofs("coast.example/1", "03/04/2019") == proofs("coast.example/1", None) == frozenset()


def test_proofs_count_once_and_those_that_disagree_prove_nothing() -> None:
    sites = Sites()
    order = Proof("coast.example", ORDER, "month-first")
    sites.learn([order, order, Proof("coast.example", MISREADING, "cp437")])
    assert sites.known(["coast.example"], settled=False) == {"coast.example": Site("coast.example")}
    assert sites.known(["coast.example"], settled=True) == {
        "coast.example": Site("coast.example", "month-first", misreadings=("cp437",))
    }
    sites.learn([order._replace(value="day-first")])
    assert sites.known(["coast.example"], settled=True)["coast.example"].numeric_order is None


def test_documents_wait_as_they_came(tmp_path: Path) -> None:
    documents = [
        Document("coast.example/\udce9", b"\xff\x00", charset="latin-1"),
        Document("#1", b"{}", "record", "text \ud83d", "utf-8", title="Title", date="03/04/2019"),
        Document("page.html", b"<p>", "html", "", "cp1252", "cp1252", "", None),
    ]
    room = Documents(tmp_path / "waiting.arrow")
    room.add(documents[:2])
    room.add(documents[2:])
    room.close()
    assert list(room.read()) == documents


# --- whole nights ----------------------------------------------------------------------------------------------------


def folder(root: Path, files: Mapping[str, Iterable[str]]) -> Path:
    """Text files by their names below `root`, each of so many paragraphs."""
    for name, paragraphs in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return root


def dated(number: int, day: str) -> list[str]:
    headline, *body = story(number)
    return [headline, day, *body]


def days(warehouse: Path) -> dict[str, str | None]:
    rows = table(warehouse, "articles").to_dict("records")
    return {row["uri"]: row["published_date"] and row["published_date"].isoformat() for row in rows}


def noted(warehouse: Path) -> dict[str, int]:
    rows = table(warehouse, "validations").to_dict("records")
    return {row["rule"]: row["unexpected_count"] for row in rows if row["rule"].startswith("date-order")}


def test_the_order_comes_from_the_run(tmp_path: Path) -> None:
    raw = folder(
        tmp_path / "raw",
        {
            "coast.example/open.txt": dated(1, "03/04/2019"),
            "coast.example/proof.txt": dated(2, "04/25/2019"),
            "hill.example/open.txt": dated(3, "03/04/2019"),
        },
    )
    left = settled(raw, tmp_path / "w")
    assert days(tmp_path / "w") == {
        "coast.example/open.txt": "2019-03-04",
        "coast.example/proof.txt": "2019-04-25",
        "hill.example/open.txt": "2019-04-03",
    }
    assert noted(tmp_path / "w") == {"date-order-from-site": 1, "date-order-open": 1}
    assert left.outcome.row is not None and left.outcome.row["bytes_read"] == sum(
        path.stat().st_size for path in raw.rglob("*.txt")
    )


def test_the_order_comes_from_the_warehouse(tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", {"coast.example/proof.txt": dated(2, "04/25/2019")})
    night(raw, tmp_path / "w")
    folder(raw, {"coast.example/open.txt": dated(1, "03/04/2019")})
    night(raw, tmp_path / "w", date(2024, 5, 4))
    assert days(tmp_path / "w")["coast.example/open.txt"] == "2019-03-04"
    # What was read as the site proves proves nothing itself.
    known = Sites.read(Warehouse.open(str(tmp_path / "w")), SitesConfig()).known(["coast.example"], settled=True)
    assert known == {"coast.example": Site("coast.example", "month-first")}


@pytest.mark.parametrize("first", [True, False])
def test_proofs_that_disagree_leave_it_open(tmp_path: Path, first: bool) -> None:
    raw = folder(tmp_path / "raw", {"coast.example/month.txt": dated(1, "04/25/2019")})
    if first:
        night(raw, tmp_path / "w")
    folder(raw, {"coast.example/day.txt": dated(2, "25/04/2019"), "coast.example/open.txt": dated(3, "03/04/2019")})
    night(raw, tmp_path / "w", date(2024, 5, 4))
    assert days(tmp_path / "w")["coast.example/open.txt"] == "2019-04-03"
    assert noted(tmp_path / "w") == {"date-order-open": 1}


def test_lines_that_recur_in_the_warehouse_are_taken_out_of_the_articles_of_the_next_nights(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    folder(raw, {f"coast.example/{n:03}.txt": [*dated(n, "May 2, 2024"), QUILTS] for n in range(12)})
    night(raw, warehouse, sites={"boilerplate": False})
    articles = table(warehouse, "articles")
    assert articles["body"].str.endswith(QUILTS).all()
    folder(raw, {f"coast.example/{n:03}.txt": [*dated(n, "May 3, 2024"), QUILTS] for n in range(12, 60)})
    folder(raw, {"hill.example/1.txt": [*dated(99, "May 3, 2024"), QUILTS]})
    night(raw, warehouse, date(2024, 5, 4))
    # Few have it still, and what was taken out counts, so it is known on the third night too.
    folder(raw, {f"coast.example/{n:03}.txt": [*dated(n, "May 3, 2024"), QUILTS] for n in range(60, 63)})
    night(raw, warehouse, date(2024, 5, 5))
    before = tree(warehouse)
    assert night(raw, warehouse, date(2024, 5, 5)).row is None
    assert tree(warehouse) == before
    articles = table(warehouse, "articles").set_index("uri")["body"]
    kept = [uri for uri, body in articles.items() if body.endswith(QUILTS)]
    assert kept == [*(f"coast.example/{n:03}.txt" for n in range(12)), "hill.example/1.txt"]
    for uri in articles.index:
        assert source_text(warehouse, uri) == (raw / uri).read_text(encoding="utf-8")
    edits = table(warehouse, "edits")
    assert (edits[edits["rule"] == "site-boilerplate"]["confidence"] > 0.9).all()


@pytest.mark.parametrize("batch", [1000, 7])
def test_the_lines_of_a_first_night_are_taken_out_of_its_own_articles(tmp_path: Path, batch: int) -> None:
    """In as many batches as there are: which articles stay is the same, and every source can be rebuilt."""
    raw, warehouse = tmp_path / "raw", tmp_path / "w"
    folder(raw, {f"coast.example/{n:03}.txt": [*dated(n, "May 2, 2024"), QUILTS] for n in range(50)})
    folder(raw, {"hill.example/1.txt": [*dated(99, "May 3, 2024"), QUILTS], "coast.example/bad.txt": ["May 2, 2024"]})
    outcome = night(raw, warehouse, run={"batch_documents": batch})
    assert outcome.row is not None and (outcome.row["published"], outcome.row["quarantined"]) == (51, 1)
    articles = table(warehouse, "articles").set_index("uri")["body"]
    assert [uri for uri, body in articles.items() if body.endswith(QUILTS)] == ["hill.example/1.txt"]
    for uri in articles.index:
        assert source_text(warehouse, uri) == (raw / uri).read_text(encoding="utf-8")
    before = tree(warehouse)
    assert night(raw, warehouse).row is None
    assert tree(warehouse) == before


def test_show_can_use_what_a_warehouse_proves(tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", {f"coast.example/{n}.txt": [*dated(n, "05/25/2024"), QUILTS] for n in range(12)})
    night(raw, tmp_path / "w", date(2024, 5, 30))
    record = {"url": "https://coast.example/new", "text": "\n\n".join([*dated(99, "05/04/2024"), QUILTS])}
    (tmp_path / "new.jsonl").write_text(json.dumps(record), encoding="utf-8")
    for more, day, rules in (
        (["--warehouse", str(tmp_path / "w")], "2024-05-04", {"site-boilerplate"}),
        ([], "2024-04-05", set()),
    ):
        shown = CliRunner().invoke(main, ["show", str(tmp_path / "new.jsonl"), "--json", *more])
        assert shown.exit_code == 0, shown.output
        value = json.loads(shown.stdout)
        assert value["article"]["published_date"] == day
        assert {edit["rule"] for edit in value["edits"]} & {"site-boilerplate"} == rules


def test_boilerplate_is_not_learned_where_that_is_switched_off(tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", {f"coast.example/{n}.txt": [*story(n), QUILTS] for n in range(12)})
    night(raw, tmp_path / "w", sites={"boilerplate": False})
    folder(raw, {"coast.example/new.txt": [*story(99), QUILTS]})
    night(raw, tmp_path / "w", date(2024, 5, 4), sites={"boilerplate": False})
    assert table(tmp_path / "w", "articles")["body"].str.endswith(QUILTS).all()


#: Typos left alone: their confidence differs in the third digit with what else is in a batch.
PLAIN = {"typos": {"mode": "off"}}


def two_nights(root: Path) -> tuple[Path, Path]:
    """Two folders: a site's articles with an odd line and dates of both kinds, then more of them."""
    first = {f"coast.example/{n:02}.txt": [*dated(n, f"05/{n + 1:02}/2024"), QUILTS] for n in range(14)}
    second = {f"coast.example/{n:02}.txt": [*dated(n, f"05/{n - 20:02}/2024"), QUILTS] for n in range(21, 45)}
    open_only = {f"hill.example/{n}.txt": dated(n, f"05/0{n}/2024") for n in range(1, 6)}
    records = [{"url": f"https://coast.example/{n}", "text": "\n\n".join(dated(n, "04/05/2024"))} for n in (70, 71)]
    folder(root / "second", {**second, **open_only})
    (root / "second" / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return folder(root / "first", first), root / "second"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two nights' folders and what they come to."""
    root = tmp_path_factory.mktemp("undisturbed")
    first, second = two_nights(root)
    night(first, root / "w", **PLAIN)
    night(second, root / "w", date(2024, 5, 30), **PLAIN)
    return root, root / "w"


@pytest.mark.parametrize("run", [{"workers": 2, "batch_documents": 4}, {"batch_documents": 1}])
def test_workers_and_batches_do_not_matter(undisturbed: tuple[Path, Path], tmp_path: Path, run: dict[str, int]) -> None:
    root, warehouse = undisturbed
    night(root / "first", tmp_path / "w", run=run, **PLAIN)
    night(root / "second", tmp_path / "w", date(2024, 5, 30), run=run, **PLAIN)
    assert tree(tmp_path / "w") == tree(warehouse)
    dates = days(warehouse)
    assert dates["coast.example/22.txt"] == "2024-05-02" and dates["https://coast.example/70"] == "2024-04-05"
    assert dates["hill.example/1.txt"] == "2024-01-05"


_SCRIPT = """
import json, os, signal, sys
from datetime import date
from copydesk.config import Config
from copydesk.run.nightly import Job, run
from copydesk.warehouse import Staging
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Staging, sys.argv[3], die)
config = Config.model_validate({"run": {"workers": 1}, **json.loads(sys.argv[4])})
run(Job((sys.argv[1],), sys.argv[2], date(2024, 5, 30), config))
"""


@pytest.mark.parametrize("moment", ["waiting", "commit"])
def test_a_run_that_is_killed_and_done_again_knows_no_more_and_no_less(
    undisturbed: tuple[Path, Path], tmp_path: Path, moment: str
) -> None:
    root, warehouse = undisturbed
    night(root / "first", tmp_path / "w", **PLAIN)
    killed = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(root / "second"), str(tmp_path / "w"), moment, json.dumps(PLAIN)],
        cwd=Path(__file__).parent.parent,
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9, killed.stderr.decode()
    night(root / "second", tmp_path / "w", date(2024, 5, 30), **PLAIN)
    assert tree(tmp_path / "w") == tree(warehouse)


def test_the_newest_articles_are_asked_and_no_more(tmp_path: Path) -> None:
    raw = folder(
        tmp_path / "raw",
        {
            "coast.example/old.txt": dated(1, "25/04/2019"),
            "coast.example/new.txt": dated(2, "04/25/2020"),
            "coast.example/undated.txt": story(3),
        },
    )
    night(raw, tmp_path / "w")
    warehouse = Warehouse.open(str(tmp_path / "w"))
    for articles, order in ((0, None), (1, "month-first"), (2, None)):
        sites = Sites.read(warehouse, SitesConfig(articles=articles))
        assert sites.known(["coast.example"], settled=True)["coast.example"].numeric_order == order


def test_the_evidence_on_some_sites_is_that_of_all(tmp_path: Path) -> None:
    """A few documents ask for their own sites only."""
    raw = folder(
        tmp_path / "raw",
        {
            "coast.example/proof.txt": dated(1, "25/04/2019"),
            **{f"coast.example/{n}.txt": [*story(n), "Sail with the Coast Mail"] for n in range(2, 12)},
            "hill.example/proof.txt": dated(12, "04/25/2019"),
            **{f"hill.example/{n}.txt": [*story(n), "Walk with the Hill Post"] for n in range(20, 30)},
        },
    )
    night(raw, tmp_path / "w")
    warehouse = Warehouse.open(str(tmp_path / "w"))
    whole, some = (Sites.read(warehouse, SitesConfig(), names) for names in (None, {"coast.example"}))
    asked = [one.known(["coast.example", "hill.example"], settled=True) for one in (whole, some)]
    assert asked[0]["coast.example"] == asked[1]["coast.example"]
    assert asked[0]["coast.example"].numeric_order == "day-first"
    assert "Sail with the Coast Mail" in asked[0]["coast.example"].boilerplate
    assert asked[0]["hill.example"] != asked[1]["hill.example"] == Site("hill.example")


def misread(paragraphs: Iterable[str], encoding: str) -> list[str]:
    return [paragraph.encode().decode(encoding) for paragraph in paragraphs]


@pytest.mark.parametrize("nights", [1, 2])
def test_a_lone_misread_letter_is_mended_as_its_site_proves(tmp_path: Path, nights: int) -> None:
    """In the run and, on the second night, from the warehouse."""
    cafes = "The café’s owner, Zoë Müller, said “Señor Núñez” had paid 40 € for the crème brûlée — and left.".split("|")
    raw = folder(tmp_path / "raw", {"coast.example/proof.txt": misread([*story(1), *cafes], "cp1256")})
    if nights == 2:
        night(raw, tmp_path / "w")
    lone = [*story(2), "Zoë left."]
    folder(raw, {f"{site}.example/lone.txt": misread(lone, "cp1256") for site in ("coast", "hill")})
    night(raw, tmp_path / "w", date(2024, 5, 4))
    bodies = table(tmp_path / "w", "articles").set_index("uri")["body"]
    assert cafes[0].replace("’", "'").replace("“", '"').replace("”", '"') in bodies["coast.example/proof.txt"]
    assert bodies["coast.example/lone.txt"].endswith("Zoë left.")
    assert not bodies["hill.example/lone.txt"].endswith("Zoë left.")
    assert source_text(tmp_path / "w", "coast.example/lone.txt") == "\n\n".join(misread(lone, "cp1256"))
