"""`copydesk show`, the composition of edits behind it, and how text is made safe to look at."""

from __future__ import annotations

import io
import json
from dataclasses import replace as changed
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from copydesk.data import rules
from copydesk.data.rules import Rule, explain
from copydesk.edits import APPLIED, SUGGESTED, TITLE, Edit, EditMismatch, Span, apply, published_text, replace, undo_all
from copydesk.records import Article, Cleaned, Document, Problem
from copydesk.report.diff import INSERTED, REMOVED, SAME, Segment, compose
from copydesk.report.escape import pieces, visible
from copydesk.report.marked import in_place
from copydesk.report.terminal import as_json, show

SOURCE = (
    "Harbour reopens\nHarbour reopens\n\nThe port of Velm didn’t close for longâ€\x9d , officials said.  "
    + "The cranes worked through the night and the ships left one by one. " * 12
    + "\n\nShare this article"
)


def cleaned(source: str = SOURCE) -> Cleaned:
    """A document cleaned by a few invented rules."""
    edits: list[Edit] = []
    text = source
    for step, marks in (
        ("repair", [("â€\x9d", "”", "mojibake", 0.99)]),
        ("normalize", [("’", "'", "quotes", 1.0), ("”", '"', "quotes", 1.0), ("  ", " ", "spaces", 1.0)]),
        (
            "structure",
            [("Harbour reopens\n\n", "\n", "headline-repeated", 0.98), ("\n\nShare this article", "", "share", 1.0)],
        ),
    ):
        spans = [
            Span(text.index(before), text.index(before) + len(before), after, rule, sure)
            for before, after, rule, sure in marks
            if before in text
        ]
        text, more = replace(text, spans, step)
        edits += more
    at = text.index("close")
    edits.append(Edit("", 0, "correct", "text", at, at + 5, "close", "cloze", "confusion", 0.31, SUGGESTED))
    document = Document("inbox/harbour.txt", source.encode("utf-8", "surrogatepass"))
    headline, _, body = text.partition("\n\n")
    edits = [edit._replace(article_id=document.article_id, sequence=n) for n, edit in enumerate(edits)]
    article = Article(
        document.article_id,
        document.uri,
        document.content_sha256,
        headline,
        body,
        published_at=datetime(2031, 5, 9, 14, 30, tzinfo=UTC),
        published_date=date(2031, 5, 9),
        date_text="9 May 2031, 14:30",
        byline=("Ana Quill", "Bo Reed"),
        view_count=12459,
        language="en",
    )
    problem = Problem("validate", "long-headline", "headline", "warning", "a headline of 300 characters")
    return Cleaned(document, article, tuple(edits), (problem,), source, None)


def printed(value: Cleaned, full: bool = False, colour: bool = False, warehouse: str = "") -> str:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=colour, color_system="standard" if colour else None)
    show(value, console, full, warehouse)
    return out.getvalue()


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit], str]:
    """A text, a history of edits made on it by several passes, and the text that they lead to."""
    alphabet = st.sampled_from("ab \n’")
    source = text = draw(st.text(alphabet, max_size=30))
    edits: list[Edit] = []
    for step in range(draw(st.integers(0, 4))):
        bounds = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        spans = [
            Span(start, end, draw(st.sampled_from(["", "x", "yz", "’"])), f"rule-{step}-{n % 2}", 1.0)
            for n, (start, end) in enumerate(zip(bounds[::2], bounds[1::2], strict=False))
        ]
        at = draw(st.integers(0, len(text)))
        likely = text[at : at + draw(st.integers(1, 5))]
        if likely:
            edits.append(Edit("", 0, "", "text", at, at + len(likely), likely, "z", f"likely-{step}", 0.6, SUGGESTED))
        text, more = replace(text, spans, f"step-{step}")
        edits += more
    return source, edits, text


@given(edited_texts())
def test_segments_hold_both_texts(history: tuple[str, list[Edit], str]) -> None:
    source, edits, text = history
    segments = compose(source, edits)
    assert "".join(s.text for s in segments if s.kind in (SAME, REMOVED)) == source
    assert "".join(s.text for s in segments if s.kind in (SAME, INSERTED)) == text
    assert all(s.text for s in segments)
    assert all(bool(s.rules) == (s.kind != SAME) for s in segments)
    assert {rule for s in segments for rule in s.rules} <= {edit.rule for edit in edits}
    assert undo_all(text, edits) == source


def test_insertions_of_nothing_into_nothing() -> None:
    insertion = Edit(start=0, end=0, before="", after="x", rule="r")
    assert compose("", [insertion]) == [Segment(INSERTED, "x", ("r",))]
    gone = Edit(start=0, end=3, before="abc", after="", rule="q")
    assert compose("abc", [gone, insertion]) == [Segment(REMOVED, "abc", ("q",)), Segment(INSERTED, "x", ("r",))]


def test_a_segment_names_every_rule_on_its_way() -> None:
    segments = compose(SOURCE, cleaned().edits)
    assert Segment(REMOVED, "â€\x9d", ("mojibake",)) in segments
    assert Segment(INSERTED, '"', ("mojibake", "quotes")) in segments


def test_what_came_back_is_no_difference() -> None:
    there, back = (
        Edit(start=1, end=2, before="b", after="x", rule="r"),
        Edit(start=1, end=2, before="x", after="b", rule="q"),
    )
    assert compose("abc", [there, back]) == [Segment(SAME, "abc")]


@pytest.mark.parametrize(
    "edit",
    [
        Edit(start=1, end=2, before="x", after="y", rule="r"),
        Edit(start=2, end=4, before="cd", after="y", rule="r"),
        Edit(start=9, end=9, before="", after="y", rule="r"),
        Edit(start=1, end=2, before="b", after="", rule="r", positions=(1, 1)),
    ],
)
def test_an_edit_of_another_text_is_refused(edit: Edit) -> None:
    with pytest.raises(EditMismatch):
        compose("abc", [edit])


def test_edits_of_other_fields_change_nothing() -> None:
    assert compose("abc", [Edit(field=TITLE, start=0, end=1, before="z", after="b", rule="r")]) == [
        Segment(SAME, "abc")
    ]


def suggestion(start: int, before: str, after: str) -> Edit:
    return Edit("", 0, "typos", "text", start, start + len(before), before, after, "likely", 0.79, SUGGESTED)


def test_a_suggestion_marks_its_words_and_changes_nothing() -> None:
    likely = suggestion(1, "b", "x")
    assert compose("abc", [likely]) == [Segment(SAME, "a"), Segment(SAME, "b", (), likely), Segment(SAME, "c")]


def test_a_suggestion_may_be_about_words_that_other_edits_made() -> None:
    repaired = Edit(start=5, end=8, before="â€™", after="'", rule="mojibake")
    likely = suggestion(1, "didn't", "did not")
    segments = compose("(didnâ€™t)", [repaired, likely])
    about = [segment for segment in segments if segment.suggested == likely]
    assert "".join(segment.text for segment in about if segment.kind != REMOVED) == "didn't"
    assert in_place(segments, marks=True).plain == "({?didn[-â€™-]{+'+}t → did not 79 %?})"


def test_an_edit_after_a_suggestion_leaves_the_mark() -> None:
    segments = compose("a b", [suggestion(0, "a b", "ab"), Edit(start=1, end=2, before=" ", after="-", rule="dash")])
    assert in_place(segments, marks=True).plain == "{?a[-·-]{+-+}b → ab 79 %?}"


def test_a_suggestion_of_another_text_is_refused() -> None:
    with pytest.raises(EditMismatch):
        compose("abc", [suggestion(0, "x", "y")])


@pytest.mark.no_cover  # time is measured
def test_composition_is_quick_on_many_places() -> None:
    source = "’ a " * 20_000
    text, edits = replace(source, [Span(i, i + 1, "'", "quote") for i in range(0, len(source), 4)], "normalize")
    segments = compose(source, edits)
    assert len(segments) == 60_000
    assert "".join(s.text for s in segments if s.kind != REMOVED) == text == apply(source, edits[0])


def test_show_lays_everything_out() -> None:
    out = printed(cleaned())
    for part in (
        "Harbour reopens",
        "2031-05-09 14:30",
        "Ana Quill, Bo Reed",
        "12,459",
        "none found",
        "[-â€⟨U+009D⟩-]",
        '{+"+}',
    ):
        assert part in out
    assert "characters unchanged" in out
    assert "31 %" in out and "suggested" in out and "99 %" in out
    assert "a headline of 300 characters" in out
    assert "characters unchanged" not in printed(cleaned(), full=True)


def test_show_struck_and_green() -> None:
    out = printed(cleaned(), colour=True)
    assert "\x1b[9;31m" in out  # struck out, red
    assert "\x1b[1;32m" in out  # bold, green
    assert "[-" not in out


def test_show_marks_suggestions_and_says_how_to_make_them() -> None:
    assert "t {?close → cloze 31 %?} for" in printed(cleaned())
    assert "copydesk edits accept inbox/harbour.txt --before close --after cloze\n" in printed(cleaned())
    assert "edits accept inbox/harbour.txt --before close --after cloze --warehouse w\n" in printed(
        cleaned(), warehouse="w"
    )
    assert "\x1b[4;33mclose\x1b[0m\x1b[33m → cloze 31 %\x1b[0m" in printed(cleaned(), colour=True)


def test_show_gives_no_command_that_cannot_be_pasted_or_carried_out() -> None:
    value = cleaned()
    *others, likely = value.edits
    assert value.article is not None
    unseen = changed(value, edits=(*others, likely._replace(after="clo\u200bze")))
    shut = changed(value.article, body=value.article.body.replace("close", "shut"))
    later = likely._replace(sequence=likely.sequence + 1, after="shut", status=APPLIED)
    overtaken = changed(value, article=shut, edits=(*value.edits, later))
    assert "{?close → clo⟨ZWSP⟩ze 31 %?}" in printed(unseen)
    assert "{?[-close-]{+shut+} → cloze 31 %?}" in printed(overtaken)
    for one in (unseen, overtaken, changed(value, edits=tuple(others))):
        assert "copydesk edits accept" not in printed(one)


def test_show_lets_no_control_character_through() -> None:
    value = cleaned(SOURCE + "\x1b]0;owned\x07 \x1b[2J \u202egnp\u202c [bold]x[/bold] \x9b31m")
    value = changed(value, document=changed(value.document, uri="a\x1b[2Jb"))
    value = changed(value, problems=(Problem("read", "r", None, "critical", "\x1b[2J"),))
    out = printed(value, full=True)
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e", "\u202c"}
    assert "⟨ESC⟩]0;owned⟨BEL⟩" in out
    assert "⟨RLO⟩" in out
    assert "[bold]x[/bold]" in out


def test_show_of_what_could_not_be_read() -> None:
    document = Document("inbox/picture.txt", b"\xff\xd8\xff\xe0")
    problem = Problem("decode", "undecodable", None, "critical", "no encoding fits")
    out = printed(Cleaned(document, None, (), (problem,)))
    assert "ff d8 ff e0" in out and "no encoding fits" in out


def test_show_of_a_title_given_beside_the_text() -> None:
    value = cleaned()
    edit = Edit(field=TITLE, start=15, end=22, before=" | Site", after="", rule="site-name", sequence=99)
    out = printed(changed(value, source_title="Harbour reopens | Site", edits=(*value.edits, edit)))
    assert "title" in out and "| Site" in out


def test_show_of_what_a_page_says_of_itself() -> None:
    value = cleaned()
    assert value.article is not None
    told = {"modified_at": datetime(2031, 5, 10, 8, 5, tzinfo=UTC), "site": "quay.example"}
    out = printed(changed(value, article=changed(value.article, **told)))
    assert "2031-05-10 08:05" in out and "quay.example" in out


def test_json_is_whole() -> None:
    value = cleaned()
    data = json.loads(json.dumps(as_json(value)))
    assert data["article"]["published_at"] == "2031-05-09T14:30:00+00:00"
    assert data["article"]["byline"] == ["Ana Quill", "Bo Reed"]
    edits = [
        Edit(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in Edit._fields})
        for row in data["edits"]
    ]
    assert undo_all(published_text(data["article"]["headline"], data["article"]["body"]), edits) == SOURCE
    assert data["problems"][0]["rule"] == "long-headline"


def test_long_changes_are_cut_unless_full() -> None:
    segments = [Segment(REMOVED, "x" * 5000, ("r",)), Segment(SAME, "y" * 5000)]
    assert len(in_place(segments)) < 1200
    assert len(in_place(segments, full=True)) == 10_000


@given(st.text())
def test_visible_text_steers_nothing(text: str) -> None:
    assert not any(
        (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in visible(text)
    )
    assert not set(visible(text, every=True)) & set("\n\t\xa0\u200b\u200c\ufeff")
    visible(text).encode()


def test_visible_keeps_what_a_language_needs() -> None:
    persian = "می\u200cخواهم"
    assert visible(persian) == persian
    assert visible(persian, every=True) == "می⟨ZWNJ⟩خواهم"
    assert visible(" a  b ", every=True) == "·a··b·"
    assert list(pieces("a\x1bb")) == [("a", ""), ("⟨ESC⟩", "U+001B"), ("b", "")]


def test_explanations(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Rule("date", "The date was moved"), Rule("date.iso", "An ISO date")]
    monkeypatch.setattr(rules, "rules", lambda: {rule.name: rule for rule in known})
    assert explain("date.iso") == "An ISO date"
    assert explain("date.numeric.day") == "The date was moved"
    assert explain("space-before-comma") == "Space before comma"
    assert explain("") == "No rule named"


def test_shipped_explanations_are_sentences() -> None:
    for name, rule in rules.rules().items():
        assert name == name.lower().strip() and rule.sentence[0].isupper() and len(rule.sentence) > 8, name
