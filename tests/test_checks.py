"""The suites find what they are for, and leave sound text alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from copydesk.checks import metrics
from copydesk.checks.expectations import Checks, merge
from copydesk.data.bundled import bundled
from copydesk.edits import Edit
from copydesk.records import Article, article_id
from copydesk.warehouse.rows import articles_table, edits_table

NIGHT = date(2024, 5, 3)
BODY = (
    "The harbour of the old town was closed on Thursday after a crane fell across both quays.\n\n"
    "Nobody was hurt, said the harbour master, who expects the ferries to sail again on Sunday."
)
SOUND = {"headline": "Crane closes harbour", "body": BODY, "published_date": date(2024, 5, 2), "language": "en"}
PARTITION = {
    "published_date": "2024-05-02",
    "documents": 40,
    "quarantined": 2,
    "quarantined_share": 0.05,
    "max_quarantined_share": 0.5,
}
RUN = {
    "documents": 100,
    "unchanged": 40,
    "published": 58,
    "quarantined": 2,
    "unknown_language": 1,
    "undated": 3,
    "always_undated": 0,
    "warned": 2,
    "volume_ratio": 1.1,
    "min_documents": 20,
}


@pytest.fixture(scope="module")
def checks() -> Checks:
    return Checks()


def table(*changes: dict[str, Any]) -> pa.Table:
    """One article for each mapping of what differs from a sound one."""
    articles = []
    for number, change in enumerate(changes):
        given = SOUND | change
        uri = f"raw/{number}.txt"
        articles.append(
            Article(
                article_id(uri), uri, "0" * 64, word_count=len((given["headline"] + given["body"]).split()), **given
            )
        )
    return articles_table(articles)


def rules(problems: list[Any]) -> set[str]:
    return {problem.rule for problem in problems}


def test_sound_article_passes_everything(checks: Checks) -> None:
    verdict = checks.articles(table({}), NIGHT)
    assert verdict.problems == {} and verdict.whole == []
    assert all(result.success for result in verdict.results)


FLAWS = {
    "no-body": {"body": ""},
    "body-very-short": {"body": "More follows."},
    "endless-paragraph": {"body": "word " * 5000},
    "repeated-paragraphs": {"body": f"{BODY}\n\n{BODY}\n\n{BODY}"},
    "body-of-boilerplate": {
        "body": "Share this article\n\nSign up for our newsletter and never miss a story\n\nRead more: Crane falls"
    },
    "error-page": {"headline": "404 - Page not found", "body": "The address may be misspelt. " * 3},
    "no-headline": {"headline": ""},
    "headline-longer-than-paragraph": {"headline": "harbour " * 50},
    "headline-of-many-lines": {"headline": "Crane closes\nharbour"},
    "headline-is-body": {"headline": BODY},
    "headline-repeated": {"body": f"CRANE CLOSES HARBOUR\n\n{BODY}"},
    "date-in-future": {"published_date": date(2024, 5, 5)},
    "date-before-printing": {"published_date": date(1, 1, 1)},
    "undated": {"published_date": None},
    "unknown-language": {"language": "und"},
    "leftover-mojibake": {"body": f"{BODY}\n\nThe cafÃ© stays open."},
    "leftover-escape": {"body": f"{BODY}\n\nThe caf\\u00e9 stays open."},
    "leftover-markup": {"body": f"{BODY}\n\nThe caf&eacute; stays open."},
    "replaced-character": {"body": f"{BODY}\n\nThe caf\ufffd stays open."},
    "characters-lost": {"body": BODY + "\n\n" + "\ufffd" * 20 + " stays open."},
    "control-characters": {"body": f"{BODY}\n\nThe caf\x85 stays open."},
    "cut-off": {"body": f"{BODY}\n\nThe ferries …"},
}


def test_every_flaw_is_found_in_its_row_and_nowhere_else(checks: Checks) -> None:
    verdict = checks.articles(table({}, *FLAWS.values()), NIGHT)
    assert 0 not in verdict.problems
    for number, rule in enumerate(FLAWS, 1):
        assert rule in rules(verdict.problems.get(number, [])), f"{rule} was not found in the article that has it"
    assert sorted(verdict.critical) == [1 + list(FLAWS).index(rule) for rule in ("no-body", "characters-lost")]
    untested = {r.rule for r in checks.rules["articles"]} - set(FLAWS)
    assert untested == {"no-articles", "rebuilds-source"}


def test_problem_says_what_was_found(checks: Checks) -> None:
    (problem,) = checks.articles(table(FLAWS["leftover-markup"]), NIGHT).problems[0]
    assert problem[:4] == ("validate", "leftover-markup", "markup_count", "warning")
    assert problem.observed == "pieces of markup: 1, the first: 'The caf&eacute; stays open.'"


@pytest.mark.parametrize(
    ("flaw", "text"),
    [
        ("mojibake_count", text)
        for text in (
            "It is donâ€™t here",
            "l'Ã©tÃ© dernier",
            "Å‚Ã³dÅº i gÄ™Å›",
            "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
            "РџСЂРёРІРµС‚ РјРёСЂ",
            "Ø§Ù„Ø³Ù„Ø§Ù…",
            "Ïðåçèäåíò Ðîññèè",
            "Lâ€ he said",
            "Plo√´rmel",
            "donΓÇÖt",
            "a dash вЂ” here",
            "price Â£50",
            "end of it. Â Next",
            "ï¿½",
            "caf├⌐",
        )
    ]
    + [
        ("markup_count", text)
        for text in (
            "a <br> b",
            "</DIV>",
            '<A HREF="x">',
            "Q&nbsp;A",
            "&#8217;",
            "[caption id=2]",
            "<!-- ad -->",
            "document.write(1)",
        )
    ]
    + [("escape_count", text) for text in ("S%C3%A3o Paulo", "new%20york%20times", "caf=C3=A9")],
)
def test_remains_are_seen(flaw: str, text: str) -> None:
    assert metrics.articles(table({"body": text}), NIGHT)[flaw].to_pylist() > [0]


@pytest.mark.parametrize(
    "text",
    [
        "C O N C L U S Ã O: NÃO À VENDA EM SÃO PAULO, AMANHÃ, DIZ IRMÃ.",
        "„CAFÉ” • É… «À Paris» CAFÉ™ ÎLE-DE-FRANCE – ÉTÉ",
        "Bradley Real <BFD> and Sears <S> rose, AT&T; fell, Q&A; a<b and c>d, we had a [video conference]",
        "try env use <path>, write to <desk@example.org>",
        "Spaß” – „Öl” – Âge d’or – Ångström Å – ÆØÅ",
        "Việt Nam: ĐẢNG CỘNG SẢN, Â Ă Ê Ô Ơ Ư".replace("Â Ă", "Ă"),
        "Ооооо РСФСР СССР Сіл Рівне РЎ",
        "goooool, olééééé, nããããão",
        "Türkiye’nin Şırnak İli ÇÖZÜM ÜZERİNE",
        "Σήμερα ΕΛΛΑΔΑ β’ κατηγορία",
        "می‌خواهم بنویسم السلام عليكم",
        "5 × 3² ± ½, 20 °C, £5 €6 ¥7, √2",
        "VILÂ, IRMÃ” – 5%20 %20",
    ],
)
def test_sound_text_is_no_remains(text: str) -> None:
    figures = metrics.articles(table({"body": text}), NIGHT)
    assert (figures["mojibake_count"][0].as_py(), figures["markup_count"][0].as_py()) == (0, 0)
    assert figures["control_count"][0].as_py() == 0


@pytest.mark.parametrize(
    ("paragraph", "boilerplate"),
    [
        ("Share this on Facebook", True),
        ("Facebook Twitter Email", True),
        ("SUBSCRIBE NOW", True),
        ("© 2020 The Daily Example. All rights reserved.", True),
        ("We use cookies to improve your experience.", True),
        ("Подписывайтесь на наш канал", True),
        ("شارك الخبر", True),
        ("Read more: Ferries sail again", True),
        ("Share prices fell on Thursday.", False),
        ("Comments by the minister angered the unions.", False),
        ("شارك آلاف المواطنين في المسيرة", False),
        ("Сподели, че ще подаде оставка.", False),
        ("We baked cookies, she said.", False),
        ("Ad-hoc talks began on Monday.", False),
        ("Read more than once, the letter still puzzles.", False),
        ("Copyright infringement cost the company dear.", False),
    ],
)
def test_boilerplate(paragraph: str, boilerplate: bool) -> None:
    share = metrics.articles(table({"body": paragraph}), NIGHT)["boilerplate_share"][0].as_py()
    assert share == float(boilerplate)


@pytest.mark.parametrize(
    ("headline", "refused"),
    [
        ("Access Denied", True),
        ("Just a moment...", True),
        ("403 Forbidden", True),
        ("Страница не найдена", True),
        ("Access denied to observers at the border", False),
        ("404 days in prison", False),
        ("503", False),
        ("Forbidden love", False),
    ],
)
def test_error_pages(headline: str, refused: bool) -> None:
    assert metrics.articles(table({"headline": headline}), NIGHT)["error_page"].to_pylist() == [refused]


def test_all_failing_rows_are_named_and_repeated_ids_do_not_confuse(checks: Checks) -> None:
    rows = pa.concat_tables([table({}, {"body": ""})] * 300)
    verdict = checks.articles(rows, NIGHT)
    assert verdict.critical == list(range(1, 600, 2))
    assert next(r for r in verdict.results if r.rule == "no-body").unexpected_count == 300


def test_edges_of_the_calendar(checks: Checks) -> None:
    verdict = checks.articles(table({"published_date": date.min}, {"published_date": date.max}), NIGHT)
    assert rules(verdict.problems[0]) == {"date-before-printing"} and rules(verdict.problems[1]) == {"date-in-future"}
    assert verdict.whole == []


def test_empty_batch_fails(checks: Checks) -> None:
    verdict = checks.articles(table(), NIGHT)
    assert verdict.holds_back and rules(verdict.whole) == {"no-articles"}


def test_edits_that_do_not_rebuild_their_source_are_critical(checks: Checks) -> None:
    given = table({}, {}).append_column("rebuilds", pa.array([True, False]))
    verdict = checks.articles(given, NIGHT)
    assert verdict.critical == [1] and rules(verdict.problems[1]) == {"rebuilds-source"}


EDIT = Edit("a", 0, "repair", "text", 3, 5, "xx", "y", "mojibake", 0.9)


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        ("known-status", EDIT._replace(status="done")),
        ("confidence-is-probability", EDIT._replace(confidence=1.5)),
        ("confidence-given", EDIT._replace(confidence=float("nan"))),
        ("starts-in-text", EDIT._replace(start=-2, end=0)),
        ("length-of-before", EDIT._replace(end=2)),
        ("sequence-from-zero", EDIT._replace(sequence=-1)),
        ("sequence-repeated", EDIT),
        ("known-article", EDIT._replace(article_id="c")),
        ("known-field", EDIT._replace(field="byline")),
        ("changes-nothing", EDIT._replace(after="xx")),
    ],
)
def test_bad_edit_is_reported_under_its_article(checks: Checks, rule: str, edit: Edit) -> None:
    bad = edit if edit.article_id == "c" else edit._replace(article_id="b")
    other = [bad] if rule == "sequence-repeated" else []
    verdict = checks.edits(edits_table([EDIT, EDIT._replace(sequence=1), *other, bad]), {"a", "b"})
    assert list(verdict.problems) == [bad.article_id]
    assert rules(verdict.problems[bad.article_id]) == {rule}


def test_no_edits_are_fine(checks: Checks) -> None:
    verdict = checks.edits(edits_table([]), {"a"})
    assert all(result.success for result in verdict.results) and verdict.whole == []


def test_partitions(checks: Checks) -> None:
    few = PARTITION | {"published_date": None, "quarantined_share": None}
    many = PARTITION | {"published_date": "2024-05-01", "quarantined_share": 0.6}
    other = PARTITION | {"published_date": "2024-04-30", "quarantined_share": 0.2, "max_quarantined_share": 0.1}
    verdict = checks.partitions([PARTITION, few, many, other])
    assert {key: rules(problems) for key, problems in verdict.problems.items()} == {
        "2024-05-01": {"too-many-in-quarantine"},
        "2024-04-30": {"too-many-in-quarantine"},
    }
    assert verdict.critical == ["2024-05-01", "2024-04-30"]


def test_problem_of_the_partition_without_a_date(checks: Checks) -> None:
    assert checks.partitions([PARTITION | {"published_date": None, "quarantined_share": 0.9}]).critical == [None]


@pytest.mark.parametrize(
    ("change", "rule", "holds"),
    [
        ({}, None, False),
        ({"published": 57}, "counts-add-up", True),
        ({"volume_ratio": 0.1}, "unusual-volume", False),
        ({"volume_ratio": None}, None, False),
        ({"unknown_language": 30}, "many-in-unknown-language", False),
        ({"undated": 50}, "many-undated", False),
        ({"warned": 20}, "many-warned", False),
        ({"quarantined": 20, "published": 40}, "many-in-quarantine", False),
        ({"undated": 50, "min_documents": 100}, None, False),
        ({"undated": 32, "always_undated": 30}, None, False),
        ({"undated": 58, "always_undated": 20}, "many-undated", False),
    ],
)
def test_run(checks: Checks, change: dict[str, Any], rule: str | None, holds: bool) -> None:
    verdict = checks.run(RUN | change)
    assert rules(verdict.whole) == ({rule} if rule else set())
    assert verdict.holds_back is holds and verdict.problems == {}


def test_volume_ratio() -> None:
    assert metrics.volume_ratio(30, [10, 500]) is None
    assert metrics.volume_ratio(30, [10, 20, 500]) == 1.5
    assert metrics.volume_ratio(30, [0, 0, 0]) is None


def test_merge_adds_up(checks: Checks) -> None:
    merged = merge([checks.articles(table({}), NIGHT), checks.articles(table({"body": ""}, {}), NIGHT)])
    no_body = next(result for result in merged if result.rule == "no-body")
    assert (no_body.success, no_body.element_count, no_body.unexpected_count) == (False, 3, 1)
    assert len(merged) == len(checks.rules["articles"])


def test_readme_lists_every_column() -> None:
    readme = (bundled("expectations") / "README.md").read_text("utf-8")
    for columns in metrics.COLUMNS.values():
        assert [column for column in columns if f"| `{column}` |" not in readme] == []


def test_quiet_and_lazy(tmp_path: Path) -> None:
    """Importing is cheap, judging prints nothing, and nothing is left behind in the home folder."""
    code = (
        "import sys, datetime; from copydesk.checks import expectations as checks\n"
        "assert 'great_expectations' not in sys.modules\n"
        "c = checks.Checks(); c.run(dict(documents=1, unchanged=0, published=1, quarantined=0, unknown_language=0,\n"
        "    undated=0, always_undated=0, warned=0, volume_ratio=None, min_documents=20))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path(metrics.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.rglob("*")) == []


# --- what is said where an expectation fails -------------------------------------------------------------------------


def test_a_failure_is_said_of_one_row_and_of_many(checks: Checks) -> None:
    verdict = checks.articles(table({"body": ""}, {"body": ""}, {}), NIGHT)
    found = {result.rule: result.failure for result in verdict.results}
    assert found["no-body"] == ("The article has no body", "{count} articles have no body")
    assert found["body-very-short"][0] == "The body has fewer than 50 characters"
    assert found["error-page"] == ("", "")
