"""Accuracy of the steps of the text on the project's own sentences: no figure falls below what was reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.accuracy import floors, mojibake
from benchmarks.accuracy.__main__ import main, table
from benchmarks.accuracy.extraction import score
from benchmarks.accuracy.material import Document, Row, clean_documents
from benchmarks.accuracy.structure import same_headline

FLOORS = json.loads(Path(__file__).with_name("floors.json").read_text("utf-8"))["accuracy"]


@pytest.mark.no_cover  # thousands of documents through lines that other tests reach
@pytest.mark.parametrize("section", floors.SECTIONS)
def test_figures_do_not_fall(section: str) -> None:
    rows = floors.measured(section)
    assert rows
    assert not floors.fallen(rows, FLOORS)
    assert {floors.key(row) for row in rows} <= set(FLOORS), "new rows: python -m benchmarks.accuracy --raise-floors"


def test_a_figure_that_fell_is_named() -> None:
    good = Row("step", "text", "right", 0.9, 10)
    harm = Row("step", "text", "wrong", 0.0, 10, harm=True)
    held = floors.raised([good, harm], {})
    assert held == {"step: text: right": 0.89, "step: text: wrong": 0.0}
    assert not floors.fallen([good, harm], held)
    good.copydesk, harm.copydesk = 0.5, 0.1
    assert len(floors.fallen([good, harm], held)) == 2
    assert floors.raised([good, harm], held) == held


def test_every_way_of_breaking_breaks() -> None:
    """Each kind applies to some document of the project's own, and what it gives differs from the truth."""
    documents = [document for texts in clean_documents(floors.OWN).values() for document in texts]
    for kind in mojibake.kinds():
        pairs = [pair for document in documents if (pair := kind.break_(document))]
        assert pairs, kind.name
        assert all(truth != broken for truth, broken in pairs), kind.name


def test_mojibake_is_made_as_programs_make_it() -> None:
    assert mojibake.utf8_as("é’", "cp1252") == "Ã©â€™"
    assert mojibake.utf8_as("”", "cp1252") == "â€\x9d"
    assert mojibake.utf8_as("”", "cp1252", lost="\ufffd") == "â€\ufffd"
    assert mojibake.utf8_as("é", "latin-1", "latin-1") == "Ã\x83Â©"
    one = mojibake.Kind("", "", mojibake._one_paragraph("cp437"))
    assert one.break_(Document("en", "plain\nn’est\nplain", "")) == ("plain\nn’est\nplain", "plain\nnΓÇÖest\nplain")


def test_characters_are_right_wrong_or_left() -> None:
    assert mojibake.characters("dé jà", "dÃ© jÃ ", "dé jà") == (2, 0, 0)
    assert mojibake.characters("dé jà", "dÃ© jÃ ", "dÃ© jÃ ") == (0, 0, 2)
    assert mojibake.characters("dé jà", "dÃ© j?", "dé jú") == (1, 1, 0)


def test_headlines_may_lose_the_name_of_the_site() -> None:
    assert same_headline("Bridge closed", "Bridge closed | The Post")
    assert same_headline("It’s closed", "It's closed")
    assert not same_headline("Bridge", "Bridge closed")


def test_words_are_scored_with_repetition() -> None:
    assert score("a b b", "A b c") == (2 / 3, 2 / 3, 2 / 3)
    assert score("", "a") == (0.0, 0.0, 0.0)


def test_the_table_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [Row("decode", "news", "right", 0.5, 3, {"chardet": None}, "≥ 99")]
    assert table(rows).splitlines()[1].split() == ["decode", "news", "right", "50.00", "3", "≥", "99", "chardet", "-"]
    main(["--section", "extraction", "--json", str(tmp_path / "out" / "accuracy.json")])
    written = json.loads((tmp_path / "out" / "accuracy.json").read_text("utf-8"))
    assert len(written["rows"]) == len(capsys.readouterr().out.splitlines()) - 1
