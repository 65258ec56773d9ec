"""The columns say what they mean: how exact a date is, first seen or changed, where an edit stands in the body."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import nights
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import night, story, table

from copydesk.config import DatesConfig
from copydesk.edits import SUGGESTED, Edit, Span, published_text, rebuild, replace
from copydesk.located import AROUND, locate
from copydesk.text import dates
from copydesk.text.structure.names import canonical_agency


@pytest.mark.parametrize(
    ("written", "precision"),
    [
        ("May 2, 2024", "day"),
        ("2 May 2024 at 9:30", "minute"),
        ("2024-05-02T09:30:15Z", "second"),
        ("2024-05-02T00:00:00Z", "second"),
        ("20240502", "day"),
        ("202405020930", "minute"),
        ("20240502T093015Z", "second"),
        ("1714642215", "second"),
    ],
)
def test_a_date_says_how_exact_it_is(written: str, precision: str) -> None:
    found = dates.parse_date(written, DatesConfig())
    assert found is not None and found.precision == precision


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Reuters", "Reuters"),
        ("REUTERS", "Reuters"),
        ("Reuter", "Reuters"),
        ("CNN.com", "CNN"),
        ("CNN —", "CNN"),
        ("dpa/lno", "dpa"),
        ("The Associated Press", "AP"),
        ("Quayside Wire", "Quayside Wire"),
        ("AFP et Reuters", "AFP et Reuters"),
        ("—", "—"),
    ],
)
def test_an_agency_has_one_name(written: str, canonical: str) -> None:
    assert canonical_agency(written) == canonical


def test_the_written_form_of_an_agency_is_in_its_edit(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(story().replace("The bridge", "BRISTOL (Reuter) - The bridge"))
    night(tmp_path / "a.txt", tmp_path / "w")
    assert table(tmp_path / "w", "articles").iloc[0]["agency"] == "Reuters"
    assert table(tmp_path / "w", "edits").query("rule == 'dateline'").iloc[0]["before"] == "BRISTOL (Reuter) - "


def test_pandas_reads_dates_and_whole_numbers(tmp_path: Path) -> None:
    (tmp_path / "raw" / "quay.example").mkdir(parents=True)
    (tmp_path / "raw" / "quay.example" / "a.txt").write_text(story(1))
    (tmp_path / "raw" / "b.txt").write_text(story(2, day="2 May 2024 09:30"))
    night(tmp_path / "raw", tmp_path / "w")
    articles = table(tmp_path / "w", "articles").set_index("uri")
    assert articles["view_count"].dtype == "Int64"
    assert articles["published_date"].tolist() == [date(2024, 5, 2)] * 2
    day, minute = articles.loc["quay.example/a.txt"], articles.loc["b.txt"]
    assert (day["published_precision"], minute["published_precision"]) == ("day", "minute")
    assert day["site"] == "quay.example" and pd.isna(minute["site"])
    assert pd.isna(day["modified_at"])


def test_first_seen_stays_and_last_changed_moves(tmp_path: Path) -> None:
    raw, w = tmp_path / "raw", tmp_path / "w"
    raw.mkdir()
    (raw / "changes.txt").write_text(story(1))
    (raw / "stays.txt").write_text(story(2))
    night(raw, w, date(2024, 5, 3))
    (raw / "changes.txt").write_text(story(1, day="May 4, 2024"))
    (raw / "new.txt").write_text(story(3))
    night(raw, w, date(2024, 5, 5))
    articles = table(w, "articles").set_index("uri")
    third, fifth = datetime(2024, 5, 3, tzinfo=UTC), datetime(2024, 5, 5, tzinfo=UTC)
    seen = {uri: (row.first_seen_at, row.last_changed_at, row.version) for uri, row in articles.iterrows()}
    assert seen == {
        "changes.txt": (third, fifth, 2),
        "stays.txt": (third, third, 1),
        "new.txt": (fifth, fifth, 1),
    }


def test_the_time_of_a_run_is_that_of_its_job(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(story())
    at = datetime(2024, 5, 3, 2, 0, 7, tzinfo=UTC)
    nights.run(nights.Job((str(tmp_path / "a.txt"),), str(tmp_path / "w"), nights.NIGHT, nights.config(), at=at))
    row = table(tmp_path / "w", "articles").iloc[0]
    assert row["first_seen_at"] == row["last_changed_at"] == at


# --- places of edits --------------------------------------------------------------------------------------------------


def test_places_in_the_published_body() -> None:
    source = text = "The  Title\n\nSource: us\n\nA tset of “it” — or a spat"
    edits: list[Edit] = []
    for step in ([("  ", " ", "space")], [("Source: us\n\n", "", "line"), ("“", '"', "q"), ("”", '"', "q")]):
        spans = [Span(text.index(old), text.index(old) + len(old), new, rule, 0.9) for old, new, rule in step]
        text, made = replace(text, spans, "s")
        edits += made
    at = text.index("spat")
    edits.append(Edit(start=at, end=at + 4, before="spat", after="past", status=SUGGESTED))
    at = text.index("tset")
    text, made = replace(text, [Span(at, at + 4, "tests", "typo", 0.9)], "typos")
    edits += made
    headline, body = text.split("\n\n", 1)
    assert rebuild(headline, body, edits) == source
    found = locate(headline, body, edits)
    wanted = [None, body.index('" —'), body.index('"'), 0, body.index("spat"), body.index("tests")]
    assert [one.body_start for one in found] == wanted
    assert found[4].context == text[-4 - AROUND :]
    assert locate("", "", edits[:1])[0].body_start is None


LETTERS = st.text("abxy \n", max_size=30)


@settings(max_examples=200, deadline=None)
@given(LETTERS, st.data())
def test_an_edit_that_nothing_touched_stands_where_it_says(text: str, data: st.DataObject) -> None:
    """Passes of changes of letters that no other pass changes: each `after` is found at its place."""
    edits: list[Edit] = []
    for before, after in (("a", "A"), ("b", "BB"), ("x", "")):
        places = [place for place, letter in enumerate(text) if letter == before]
        chosen = data.draw(st.lists(st.sampled_from(places), unique=True)) if places else []
        confidence = st.sampled_from([0.5, 0.6])
        spans = [Span(place, place + 1, after, "r", data.draw(confidence)) for place in sorted(chosen)]
        text, made = replace(text, spans, "s")
        edits += made
    found = locate("", text, edits)
    for edit, one in zip(edits, found, strict=True):
        assert one.body_start is None if not text else text.startswith(edit.after, one.body_start)
        assert text == published_text("", text) and one.context is not None


def test_a_hundred_thousand_changes_take_linear_time() -> None:
    text = "".join(f"{number:x}ab" for number in range(20_000))
    spans = [Span(at, at + 1, f"<{at}>", "r", 0.5) for at, letter in enumerate(text) if letter == "a"]
    new, edits = replace(text, spans, "s")
    found = locate("", new, edits)
    assert all(new.startswith(edit.after, one.body_start) for edit, one in zip(edits, found, strict=True))
