"""Decisions about edits: what is taken back or made keeps the source rebuildable, in whatever order it is decided."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_show import edited_texts

from copydesk.config import Config
from copydesk.edits import APPLIED, REJECTED, SUGGESTED, TITLE, Edit, rebuild, rebuild_title
from copydesk.pipeline import as_document, clean_documents
from copydesk.records import Article, Cleaned
from copydesk.reviewed import ACCEPT, NO_CHOICES, REJECT, REVERT, Choice, Choices, counted, review

SOURCE = (
    "Harbour “closes” | Quay News\n\nPublished on Tuesday, May 21st, 2019 at 9:30\n\nBy Helen Carter\n\n"
    "BRISTOL (Reuters) – The harbour’s crane was closed on Monday, the  council said, and teh "
    "ferries recieve nobody.\n\n"
    "Share this article\n\nNobody was hurt, said the harbour master, who expects the ferries to sail again &amp; "
    "again.\n\n"
    "Advertisement\n\nThe town will pay for the repair, and the goverment will not.\n\nSource: Reuters\n"
)
TITLE_TEXT = "Harbour “closes” | Quay News"


def cleaned(title: str | None = None) -> Cleaned:
    document = as_document(SOURCE, "quay.example/a", title=title)
    one = clean_documents([document], Config())[0]
    assert one.article is not None
    text = f"{one.article.headline}\n\n{one.article.body}"
    likely = []  # as a model would suggest them
    for number, (word, after) in enumerate([("ferries", "berries"), ("hurt", "hurts")], len(one.edits)):
        at = text.index(word)
        place = (one.article.article_id, number, "typos", "text", at, at + len(word))
        likely.append(Edit(*place, word, after, "typo-letter", 0.6, SUGGESTED))
    return replace(one, edits=(*one.edits, *likely))


PLAIN, TITLED = cleaned(), cleaned(TITLE_TEXT)
#: The headline is put in by one edit, where another one took the date out.
DATED = clean_documents(
    [as_document("21 May 2019\n\nThe harbour reopened.", "quay.example/a", title="Port reopens after storm")], Config()
)[0]


def article(one: Cleaned) -> Article:
    assert one.article is not None
    return counted(one.article, one.edits)


def rebuilt(one: Cleaned, result: Article, edits: list[Edit]) -> None:
    assert rebuild(result.headline, result.body, edits) == one.source_text
    if any(edit.field == TITLE for edit in edits):
        assert rebuild_title(result.headline, edits) == one.source_title
    assert result.edit_count == sum(edit.status == APPLIED for edit in edits)
    assert [edit.sequence for edit in edits] == [edit.sequence for edit in one.edits]


def about(edit: Edit, action: str, number: int) -> Choice:
    return Choice(action, number, "quay.example/a", None, edit.rule, edit.before, edit.after)


@pytest.mark.parametrize("one", [PLAIN, TITLED], ids=["plain", "titled"])
def test_every_edit_can_be_taken_back_or_says_why_not(one: Cleaned) -> None:
    taken = 0
    for edit in one.edits:
        choices = Choices.of([about(edit, REJECT, 1)])
        result, edits, conflicts = review(article(one), one.edits, choices)
        rebuilt(one, result, edits)
        if conflicts:
            assert (result, [e.status for e in edits]) == (article(one), [e.status for e in one.edits])
            continue
        taken += 1
        assert edits[edit.sequence].status == REJECTED
        back, again, _ = review(result, edits, Choices.of([about(edit, REJECT, 1), about(edit, REVERT, 2)]))
        assert (back, again) == (article(one), list(one.edits)), "taken back, and the decision taken back"
    assert taken > len(one.edits) // 2


def test_a_removed_line_comes_back_where_it_was() -> None:
    wanted = [edit for edit in PLAIN.edits if "Share" in edit.before or "Advert" in edit.before]
    assert len(wanted) == 2
    result, edits, _ = review(article(PLAIN), PLAIN.edits, Choices.of(about(edit, REJECT, 1) for edit in wanted))
    assert "nobody.\n\nShare this article\n\nNobody was hurt" in result.body
    assert "again.\n\nAdvertisement\n\nThe town" in result.body
    rebuilt(PLAIN, result, edits)


def test_a_suggestion_is_made() -> None:
    likely = PLAIN.edits[-1]
    result, edits, _ = review(article(PLAIN), PLAIN.edits, Choices.of([about(likely, ACCEPT, 1)]))
    assert "Nobody was hurts, said" in result.body
    assert (edits[-1].status, edits[-1].proposed) == (APPLIED, SUGGESTED)
    assert result.suggestion_count == article(PLAIN).suggestion_count - 1
    rebuilt(PLAIN, result, edits)


def test_decisions_fit_by_site_rule_text_and_word() -> None:
    base = replace(article(PLAIN), site="quay.example")
    edits = list(PLAIN.edits)
    fits = {
        "site": Choice(REJECT, 1, site="quay.example", rule="typo-letter"),
        "word": Choice(REJECT, 1, word="ferries"),
        "text": Choice(REJECT, 1, before="ferries", after="berries"),
    }
    for choice in fits.values():
        assert review(base, edits, Choices.of([choice]))[1][-2].status == REJECTED
        assert review(base, edits, Choices.of([choice, choice._replace(action=REVERT, number=2)]))[1] == edits
    for choice in (Choice(REJECT, 1, site="other", before="ferries"), Choice(REJECT, 1, word="ferry")):
        assert review(base, edits, Choices.of([choice])) == (base, edits, [])
    assert review(base, edits, NO_CHOICES) == (base, edits, [])
    assert not NO_CHOICES and Choices.of([fits["word"]]).about(["x"]).general


def test_an_edit_that_another_one_changed_is_a_conflict() -> None:
    first = Edit("a", 0, "s", "text", 0, 3, "teh", "the", "r1")
    second = Edit("a", 1, "s", "text", 0, 7, "the cat", "a dog", "r2")
    one = counted(Article("a", "a", "", "", "a dog sat"), [first, second])
    choices = Choices.of([Choice(REJECT, 1, rule="r1")])
    rejected = first._replace(status=REJECTED, proposed=APPLIED)
    _, edits, [refused] = review(one, [first, second], choices)
    assert (edits, refused.edit, refused.by) == ([first, second], rejected, second)
    both = Choices.of([Choice(REJECT, 1, rule="r1"), Choice(REJECT, 2, rule="r2")])
    result, edits, conflicts = review(one, [first, second], both)
    assert (result.body, [edit.status for edit in edits], conflicts) == ("teh cat sat", [REJECTED, REJECTED], [])
    assert review(result, edits, NO_CHOICES) == (one, [first, second], [])


MENDED = clean_documents(
    [
        as_document(
            "Port reopens\n\n21 May 2019\n\nâ€œThe harbourâ€™s crane  isnâ€™t here,â€\x9d said ZoÃ« &amp; others.\n\n"
            "Tweet this: â€œIt&#8217;s openâ€\x9d\n\nThe captain didnâ€™t sail.\n\nShare this article â€“ now\n",
            "quay.example/a",
        )
    ],
    Config(),
)[0]


def test_all_edits_can_be_taken_back_together() -> None:
    """Of those that build on each other, each can with the later ones, which stand in its way and are named."""
    result, edits, conflicts = review(
        article(MENDED), MENDED.edits, Choices.of(about(edit, REJECT, 1) for edit in MENDED.edits)
    )
    rebuilt(MENDED, result, edits)
    assert not conflicts and {edit.status for edit in edits} == {REJECTED}
    assert f"{result.headline}\n\n{result.body}" == MENDED.source_text
    named = 0
    for edit in MENDED.edits:
        chosen = [edit]
        while conflicts := review(article(MENDED), MENDED.edits, Choices.of(about(one, REJECT, 1) for one in chosen))[
            2
        ]:
            assert conflicts[0].by is not None and conflicts[0].by.sequence > conflicts[0].edit.sequence
            chosen.append(conflicts[0].by)
            named += 1
    assert named >= 3


def test_an_edit_comes_back_after_those_that_it_builds_on() -> None:
    mojibake, quote = (next(e for e in MENDED.edits if e.before == before) for before in ("â€™", "’"))
    made = [about(mojibake, REJECT, 1), about(quote, REJECT, 1)]
    result, edits, _ = review(article(MENDED), MENDED.edits, Choices.of(made))
    assert "harbourâ€™s crane" in result.body
    _, _, [refused] = review(result, edits, Choices.of([*made, about(quote, REVERT, 2)]))
    assert (refused.edit.sequence, refused.by) == (mojibake.sequence, quote)
    result, edits, _ = review(result, edits, Choices.of([*made, about(mojibake, REVERT, 2)]))
    assert "harbour’s crane" in result.body and edits[quote.sequence].status == REJECTED
    assert review(result, edits, NO_CHOICES) == (article(MENDED), list(MENDED.edits), [])


def test_a_decision_that_could_not_be_undone_is_a_conflict() -> None:
    date_line, title = (edit for edit in DATED.edits if edit.rule in ("date-line", "headline-from-title"))
    both = Choices.of([about(date_line, REJECT, 1), about(title, REJECT, 2)])
    result, edits, conflicts = review(article(DATED), DATED.edits, both)
    assert result.headline == "Port reopens after storm", "the date would stand where headlines do"
    assert {refused.edit.rule for refused in conflicts} == {"date-line", "headline-from-title"}
    assert review(result, edits, NO_CHOICES) == (article(DATED), list(DATED.edits), [])


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([PLAIN, TITLED, DATED, MENDED]))
def test_the_state_does_not_depend_on_the_way_to_it(data: st.DataObject, one: Cleaned) -> None:
    """Any decisions, one after the other: reversible after each, and the same as all of them at once."""
    made: list[Choice] = []
    result, edits = article(one), list(one.edits)
    for number in range(1, data.draw(st.integers(1, 6)) + 1):
        edit = data.draw(st.sampled_from(one.edits))
        action = data.draw(st.sampled_from([ACCEPT, REJECT, REVERT]))
        made.append(about(edit, action, number))
        result, edits, _ = review(result, edits, Choices.of(made))
        rebuilt(one, result, edits)
    at_once = review(article(one), one.edits, Choices.of(made))
    assert (result, edits) == at_once[:2]


@settings(max_examples=300, deadline=None)
@given(st.data(), edited_texts())
def test_edits_that_build_on_each_other_in_any_way(data: st.DataObject, history: tuple[str, list[Edit], str]) -> None:
    source, made_up, text = history
    edits = [edit._replace(sequence=number) for number, edit in enumerate(made_up)]
    one = counted(Article("a", "quay.example/a", "", "", text), edits)
    result, done, made = one, edits, []
    for number in range(1, data.draw(st.integers(1, 5)) + 1 if edits else 0):
        edit = data.draw(st.sampled_from(edits))
        made.append(about(edit, data.draw(st.sampled_from([ACCEPT, REJECT, REVERT])), number))
        result, done, _ = review(result, done, Choices.of(made))
        assert rebuild("", result.body, done) == source
    assert (result, done) == review(one, edits, Choices.of(made))[:2]
    assert review(result, done, NO_CHOICES) == (one, edits, [])
