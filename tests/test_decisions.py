"""What a person decides: the published rows change at once, later runs honour it, and nothing is guessed."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nights import NIGHT, night, source_text, story, table, tree
from test_commit_crash import Killed, attempts

from copydesk.cli import main
from copydesk.config import Config
from copydesk.pipeline import as_document
from copydesk.reviewed import Choice, Choices
from copydesk.run.batch import clean_batch
from copydesk.run.decide import decide
from copydesk.warehouse import Warehouse, WarehouseError
from copydesk.warehouse.decisions import REJECT, Decision

TYPO = "The goverment will pay, said the harbour master."


def text(number: int) -> str:
    return story(number).replace("Nobody was hurt", f"{TYPO} Nobody was hurt") + "\n\nShare this article\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("decisions")
    for site in ("quay.example", "port.example"):
        (root / "raw" / site).mkdir(parents=True)
        for number in range(2):
            (root / "raw" / site / f"{number}.txt").write_text(text(number))
    (root / "raw" / "bad.txt").write_text("May 2, 2024\n")
    night(root / "raw", root / "w")
    return root


@pytest.fixture
def root(first: Path, tmp_path: Path) -> Path:
    """A warehouse with four articles of two sites, which have a typo and a share button, and its sources beside it."""
    shutil.copytree(first, tmp_path / "all")
    return tmp_path / "all" / "w"


def cli(root: Path, *words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(main, [*map(str, words), "--warehouse", str(root), "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def say(root: Path, *words: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [*map(str, words), "--warehouse", str(root)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def bodies(root: Path) -> dict[str, str]:
    return dict(table(root, "articles")[["uri", "body"]].values.tolist())


def typo(root: Path, uri: str) -> int:
    found = [edit for edit in cli(root, "edits", "show", uri) if edit["before"] == "goverment"]
    return int(found[0]["sequence"])


A = "quay.example/0.txt"


def test_edits_are_listed_with_what_is_needed_to_decide(root: Path) -> None:
    found = cli(root, "edits", "list", "--before", "goverment", "--site", "quay.example")
    assert found["total"] == 2 and {edit["uri"] for edit in found["edits"]} == {A, "quay.example/1.txt"}
    assert found["edits"][0]["context"].count("government") == 1
    words = say(root, "edits", "list", "--rule", "share-line", "--limit", "1")
    assert "4 edits, 1 of them listed" in words and "'\\n\\nShare this article' → ''" in words
    assert cli(root, "edits", "list", "--status", "rejected") == {"edits": [], "total": 0}


def test_a_rejected_correction_is_taken_back_and_not_made_again(root: Path) -> None:
    raw = root.parent / "raw"
    say(root, "edits", "reject", A, typo(root, A), "--who", "Ada", "--because", "it is a quote")
    assert "goverment" in bodies(root)[A] and "goverment" not in bodies(root)["quay.example/1.txt"]
    assert cli(root, "check")["sound"]
    (raw / A).write_text(text(0).replace("on Monday", "on Tuesday"))
    night(raw, root, date(2024, 5, 4))
    assert "on Tuesday" in bodies(root)[A] and "goverment" in bodies(root)[A]
    assert source_text(root, A) == (raw / A).read_text()
    assert {edit["status"] for edit in cli(root, "edits", "show", A) if edit["before"] == "goverment"} == {"rejected"}
    say(root, "edits", "revert", A, typo(root, A))
    assert "government" in bodies(root)[A] and cli(root, "check")["sound"]
    made = table(root, "decisions").sort_values("number")
    assert made[["action", "who", "why", "before"]].values.tolist()[0] == [
        "reject",
        "Ada",
        "it is a quote",
        "goverment",
    ]


def test_what_the_report_offers_can_be_done(root: Path) -> None:
    """An edit that others build on has no command in the report; where it is named all the same, nothing is kept."""
    data = json.loads(next((root / "_reports").glob("2*.json")).read_text("utf-8"))
    entries = [entry for rule in data["edits"]["examples"] for entry in rule["examples"]]
    assert len(entries) > 3
    assert {entry["decidable"] for entry in entries} == {True, False}
    for entry in entries:
        words = ("edits", "reject", entry["uri"], entry["sequence"])
        done = cli(root, *words, "--dry-run", code=0 if entry["decidable"] else 1)
        assert bool(done["conflicts"]) != entry["decidable"]
        if not entry["decidable"]:
            before = tree(root)
            cli(root, *words, code=1)
            assert tree(root) == before


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    """A warehouse with the article `ferry.txt`: mojibake was repaired, then its quotation marks made straight."""
    (tmp_path / "raw").mkdir()
    text = "â€œWe will use it more,â€\x9d said the cityâ€™s baker. The  ferry goes on through the winter."
    (tmp_path / "raw" / "ferry.txt").write_text(f"Town Votes to Keep Its Ferry\n\n21 May 2019\n\n{text}\n", "utf-8")
    night(tmp_path / "raw", tmp_path / "w")
    return tmp_path / "w"


def numbers(root: Path) -> dict[str, int]:
    return {edit["before"]: edit["sequence"] for edit in cli(root, "edits", "show", "ferry.txt")}


def test_only_what_can_be_carried_out_is_kept(mended: Path) -> None:
    at = numbers(mended)
    done = cli(mended, "edits", "reject", "ferry.txt", at["â€™"], at["“"], code=1)
    assert [edit["before"] for edit in done["changed"]] == ["“"] and len(done["conflicts"]) == 1
    assert table(mended, "decisions")["before"].tolist() == ["“"]
    assert cli(mended, "edits", "reject", "ferry.txt", at["  "])["conflicts"] == [], "another edit has no part in it"
    done = cli(mended, "edits", "reject", "ferry.txt", "--rule", "mojibake", code=1)
    assert [edit["before"] for edit in done["changed"]] == ["â€œ"], "of a rule, those edits that nothing builds on"
    assert table(mended, "decisions").sort_values("number")["before"].tolist() == ["“", "  ", "â€œ"]
    before = tree(mended)
    cli(mended, "edits", "revert", "ferry.txt", at["“"], code=1)
    assert tree(mended) == before, "it would be made of text that is not there"
    cli(mended, "edits", "revert", "ferry.txt", at["“"], at["â€œ"])


def test_a_decision_about_many_articles_is_kept_and_its_conflicts_are_told_once(mended: Path) -> None:
    done = cli(mended, "edits", "reject", "--rule", "mojibake", code=1)
    assert (done["edits"], len(done["conflicts"])) == (0, 3)
    assert cli(mended, "edits", "reject", "ferry.txt", numbers(mended)["  "])["conflicts"] == []
    done = cli(mended, "edits", "reject", "ferry.txt", numbers(mended)["’"])
    assert {edit["before"] for edit in done["changed"]} == {"’", "â€™"}, "nothing stands in its way any more"


def test_a_run_notes_a_decision_that_it_cannot_carry_out() -> None:
    document = as_document("Town Votes\n\n21 May 2019\n\nThe cityâ€™s ferry goes on.", "ferry.txt")
    choices = Choices.of([Choice(REJECT, 1, rule="mojibake")])
    batch = clean_batch([document], Config(), NIGHT, {}, choices)
    assert [problem.rule for problem in batch.problems[0]] == ["decision-conflict"]


def test_a_conflict_names_what_stands_in_its_way_and_a_command_that_works(mended: Path) -> None:
    at = numbers(mended)
    text = bodies(mended)["ferry.txt"]
    for action in ("reject", "revert"):
        alone = at["â€™"] if action == "reject" else at["’"]
        said = say(mended, "edits", action, "ferry.txt", alone, code=1)
        other = f"edit {at['’']} (quote)" if action == "reject" else f"edit {at['â€™']} (mojibake)"
        assert f"{other} changes the same text; together: copydesk edits {action} ferry.txt" in said
        command = said.partition("together: copydesk ")[2].partition(" --warehouse")[0]
        cli(mended, *command.split())
        assert cli(mended, "check")["sound"]
        assert ("cityâ€™s" in bodies(mended)["ferry.txt"]) == (action == "reject")
        assert source_text(mended, "ferry.txt") == (mended.parent / "raw" / "ferry.txt").read_text("utf-8")
    assert bodies(mended)["ferry.txt"] == text


def test_decisions_before_and_after_a_run_leave_the_same_articles(root: Path, tmp_path: Path) -> None:
    say(root, "edits", "reject", "--rule", "share-line", "--site", "port.example")
    say(root, "edits", "protect", "Goverment", "--site", "quay.example")
    later = tmp_path / "later"
    Warehouse.open(str(later))
    shutil.copytree(root / "decisions", later / "decisions")
    shutil.copy(root / "_warehouse.json", later / "_warehouse.json")
    night(root.parent / "raw", later)
    for name in ("articles", "edits"):
        ours, theirs = (
            table(where, name).drop(columns=["run_id", "last_changed_at"], errors="ignore") for where in (root, later)
        )
        keys = ["article_id"] if name == "articles" else ["article_id", "sequence"]
        ours, theirs = (frame.sort_values(keys).reset_index(drop=True) for frame in (ours, theirs))
        assert str(ours.to_dict("records")) == str(theirs.to_dict("records"))
    assert "Share this article" in bodies(later)["port.example/0.txt"] and "goverment" in bodies(later)[A]
    assert "goverment" not in bodies(later)["port.example/0.txt"]
    say(root, "edits", "unprotect", "goverment", "--site", "quay.example")
    assert "goverment" not in bodies(root)[A]


def test_what_would_change_is_shown_first(root: Path) -> None:
    before = tree(root)
    found = cli(root, "edits", "reject", "--before", "goverment", "--dry-run")
    assert (found["articles"], found["edits"], found["dry_run"]) == (4, 4, True)
    assert tree(root) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["edits", "reject"], "give a URI and the numbers of its edits, or --before"),
        (["edits", "reject", "nowhere.txt", "1"], "'nowhere.txt' is not published"),
        (["edits", "reject", A, "999"], "has no edit 999"),
        (["edits", "reject", A], "give the numbers of the edits"),
        (["edits", "reject", A, "1", "--site", "x"], "a URI or --site, not both"),
        (["edits", "reject", A, "abc"], "'abc' is not a valid whole number"),
        (["quarantine", "list", "--since", "yesterday"], "--since 'yesterday': expected YYYY-MM-DD"),
        (["edits", "protect", "two words"], "is not one word"),
        (["why", "nowhere.txt"], "nothing is known of 'nowhere.txt'"),
        (["quarantine", "drop", "nowhere.txt"], "is not in the quarantine"),
    ],
)
def test_mistakes_are_explained_and_change_nothing(root: Path, words: list[str], said: str) -> None:
    before = tree(root)
    assert said in say(root, *words, code=2)
    assert tree(root) == before


def test_that_a_decision_changes_no_edit_is_explained(root: Path) -> None:
    number = typo(root, A)
    say(root, "edits", "reject", A, number)
    say(root, "edits", "accept", A, number)
    ends = "what you decide is as it is already"
    assert f"0 edits of 1 published article changed; {ends}.\n" in say(root, "edits", "revert", A, number)
    said = say(root, "edits", "reject", "--before", "nosuch")
    assert f"0 edits of 0 published articles changed; {ends}, or nothing published is like it.\n" in said


@pytest.mark.parametrize("verb", ["accept", "reject", "revert"])
def test_the_help_says_how_edits_can_be_named(verb: str) -> None:
    said = CliRunner().invoke(main, ["edits", verb, "--help"]).output
    assert "[URI] [SEQUENCE]..." in said
    assert "--before, --after and --rule name the edits of the URI instead of SEQUENCE" in " ".join(said.split())


def test_why_answers_for_published_and_quarantined_documents(root: Path) -> None:
    say(root, "edits", "reject", A, typo(root, A), "--because", "a quote", "--who", "Ada")
    words = say(root, "why", A)
    for part in (
        "published under 2024-05-02, version 1",
        "first seen 2024-05-03",
        "rejected",
        "Ada: reject",
        "a quote",
    ):
        assert part in words
    assert "Bridge 0 closes" in words and "text as it came:" in words
    taken_back = say(root, "edits", "protect", "goverment")
    assert "taken back  quay.example/1.txt" in taken_back and "rejected" not in taken_back
    held = say(root, "why", "bad.txt")
    assert "quarantined 2024-05-03" in held and "critical" in held and "May 2, 2024" in held
    assert cli(root, "why", A)["published"][0]["source_text"] == text(0)
    other = say(root, "why", "quay.example/1.txt")
    assert ": protect 'goverment' on all sites" in other
    say(root, "edits", "unprotect", "goverment")
    assert "protect" not in say(root, "why", "quay.example/1.txt")


def test_why_says_of_which_article_one_is_a_copy(root: Path) -> None:
    uris = bodies(root)
    clusters = {uri: cli(root, "why", uri)["cluster"] for uri in uris}
    (canonical,) = [uri for uri in uris if clusters[uri]["copy_of"] is None]
    copy = next(uri for uri in uris if uri != canonical and clusters[uri]["kind"] == "exact")
    assert clusters[copy]["copy_of"] == canonical and clusters[copy]["articles"] == 4
    words = say(root, "why", copy)
    assert f"a copy of {canonical} (exact, similarity 1.00" in words
    assert "one of 4 articles of its cluster" in words
    assert "the canonical one of 4 articles" in say(root, "why", canonical)


def test_protected_words_are_listed_and_an_unknown_site_is_told(root: Path) -> None:
    said = say(root, "edits", "protect", "Idlib", "--site", "nosuch", "--who", "Ada", "--because", "a town")
    assert "no article of the site 'nosuch' is published; sites are port.example, quay.example" in said
    assert "'Idlib' is protected: no run corrects it on nosuch." in said
    say(root, "edits", "protect", "goverment")
    say(root, "edits", "protect", "Quay", "--site", "quay.example")
    assert [one["word"] for one in cli(root, "edits", "protected")["words"]] == ["goverment", "Idlib", "Quay"]
    assert [one["word"] for one in cli(root, "edits", "protected", "--site", "nosuch")["words"]] == [
        "goverment",
        "Idlib",
    ]
    assert "by Ada: a town" in say(root, "edits", "protected")
    for words in (["goverment"], ["Idlib", "--site", "nosuch"], ["Quay", "--site", "quay.example"]):
        say(root, "edits", "unprotect", *words)
    assert "No word is protected" in say(root, "edits", "protected")


def test_a_word_is_unprotected_where_it_is_protected_and_what_stays_is_told(root: Path) -> None:
    def refused(*words: str) -> str:
        before = tree(root)
        said = say(root, "edits", "unprotect", *words, code=2)
        assert tree(root) == before
        return said

    on_quay = ("--site", "quay.example")
    assert "'goverment' is not protected on all sites; `copydesk edits protected` lists" in refused("goverment")
    say(root, "edits", "protect", "Goverment", *on_quay)
    assert (
        "'goverment' is not protected on all sites; it is on quay.example (`copydesk edits unprotect goverment --site"
        " quay.example` ends it)"
    ) in refused("goverment")
    say(root, "edits", "protect", "goverment")
    assert (
        "'goverment' is no longer protected on quay.example, but still is on all sites (`copydesk edits unprotect"
        " goverment` ends it).\n0 edits"
    ) in say(root, "edits", "unprotect", "goverment", *on_quay)
    assert "it is on all sites (`copydesk edits unprotect goverment` ends it)" in refused("goverment", *on_quay)
    said = say(root, "edits", "unprotect", "goverment")
    assert "'goverment' is no longer protected: runs may correct it on all sites." in said
    assert said.count("made again") == 4


def test_the_help_of_unprotect_is_its_own() -> None:
    said = " ".join(CliRunner().invoke(main, ["edits", "unprotect", "--help"]).output.split())
    assert "are made again" in said and "taken back" not in said


def test_what_fits_nothing_is_told(root: Path) -> None:
    assert "1 document in quarantine." in say(root, "quarantine", "list")
    words = say(root, "quarantine", "list", "--rule", "nosuch")
    assert words.startswith("None of 1 document in quarantine.\n  rules: ")
    words = say(root, "edits", "list", "--rule", "share-lin", "--site", "nosuch")
    assert "0 edits." in words and "'share-lin' is not a rule; did you mean share-line?" in words
    assert "no article of the site 'nosuch' is published" in words


def test_a_dropped_document_does_not_come_back(root: Path) -> None:
    raw = root.parent / "raw"
    assert cli(root, "quarantine", "list")["total"] == 1
    assert "1 document in quarantine" in say(root, "quarantine", "list", "--since", "2024-05-03")
    assert "None of 1 document in quarantine" in say(root, "quarantine", "list", "--since", "2024-05-04")
    assert "May 2, 2024" in say(root, "quarantine", "show", "bad.txt")
    before = tree(root)
    words = say(root, "quarantine", "drop", "bad.txt", "--dry-run")
    assert words == "2024-05-03  bad.txt\n      no-body: characters in the body: 0\nWould drop 1 document.\n"
    assert cli(root, "quarantine", "drop", "bad.txt", "--dry-run") == {"dropped": 1, "dry_run": True}
    assert tree(root) == before
    assert say(root, "quarantine", "drop", "bad.txt", "--because", "an advertisement") == "Dropped 1 document.\n"
    assert len(table(root, "quarantine")) == 0
    assert night(raw, root, date(2024, 5, 4), again=True).row is None
    assert cli(root, "check")["sound"]
    (raw / "bad.txt").write_text(story(7))
    night(raw, root, date(2024, 5, 4))
    assert "bad.txt" in bodies(root), "changed content is another matter"


def test_the_help_says_what_cannot_be_undone() -> None:
    assert "this cannot be undone" in CliRunner().invoke(main, ["quarantine", "drop", "--help"]).output


# --- CSV --------------------------------------------------------------------------------------------------------------


def filled(path: Path, decisions: dict[str, str]) -> None:
    """The file with decisions, by uri."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["decision"] = decisions.get(row["uri"], "")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)


def test_decisions_in_a_spreadsheet_are_carried_out_and_conflicts_are_said(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "edits.csv"
    written = cli(root, "edits", "export", path, "--status", "applied", "--before", "goverment")
    assert written["edits"] == 4
    filled(path, {A: "reject", "port.example/0.txt": "reject"})
    say(root, "edits", "accept", "port.example/0.txt", typo(root, "port.example/0.txt"), "--who", "Bob")
    done = cli(root, "edits", "import", path, "--who", "Ada", code=1)
    (said,) = done["conflicts"]
    assert said.endswith(": Bob decided 'accept' since the file was written") and "port.example/0.txt, edit" in said
    assert "goverment" in bodies(root)[A] and "goverment" not in bodies(root)["port.example/0.txt"]
    filled(path, {A: "perhaps"})
    assert "the decision is 'perhaps'; allowed are accept, reject, revert" in say(root, "edits", "import", path, code=2)
    path.write_text("a,b\n1,2\n")
    assert "has no column 'uri'" in say(root, "edits", "import", path, code=2)


def test_a_cell_is_no_formula(tmp_path: Path) -> None:
    from copydesk.run import spreadsheet

    texts = ["=1+1", "'=1", "-x", "plain", "'quoted'", ""]
    rows = [{"uri": "u", "sequence": n, "rule": "r", "before": one, "after": one, "context": one, "status": "applied",
             "confidence": 1} for n, one in enumerate(texts)]  # fmt: skip
    spreadsheet.write(tmp_path / "a.csv", rows, 3)
    lines = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()
    assert lines[1].startswith("u,0,r,'=1+1,'=1+1,") and not any(",=" in line or ",-" in line for line in lines)
    filled(tmp_path / "a.csv", {"u": "reject"})
    found = spreadsheet.read(tmp_path / "a.csv")
    assert [(row.before, row.after, row.known) for row in found] == [(one, one, 3) for one in texts]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("start", ["", "sep=;\r\n"])
def test_decisions_are_read_as_spreadsheets_write_them(tmp_path: Path, encoding: str, start: str) -> None:
    from copydesk.run import spreadsheet

    path = tmp_path / "a.csv"
    edit = {"uri": "café/1.txt", "sequence": 0, "rule": "typo-letter", "before": "goverment", "after": "government",
            "context": "The café of the goverment – as it was – closed, “for good”."}  # fmt: skip
    spreadsheet.write(path, [edit], 3)
    filled(path, {"café/1.txt": "perhaps"})
    table = path.read_text("utf-8-sig").replace("perhaps", "reject")
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(start + "\r\n".join(";".join(row) for row in csv.reader(table.splitlines())))
    (row,) = spreadsheet.read(path)
    assert row[:5] == (2 + bool(start), "café/1.txt", 0, "typo-letter", "goverment") and row.decision == "reject"


def test_decisions_that_are_no_text_are_refused_with_what_to_do(tmp_path: Path) -> None:
    from copydesk.run import spreadsheet

    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 20)
    with pytest.raises(WarehouseError, match="save it as CSV in UTF-8"):
        spreadsheet.read(tmp_path / "a.csv")


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_a_decision_that_is_killed_is_undone_or_completed(first: Path, tmp_path: Path) -> None:
    at = datetime(2024, 5, 9, tzinfo=UTC)

    def decided(root: Path) -> None:
        warehouse = Warehouse.open(str(root))
        with warehouse.writing():
            if warehouse.store.size("_commits/decision-000001.json") is None:
                decide(warehouse, [Decision(REJECT, "Ada", rule="share-line")], at)

    shutil.copytree(first / "w", tmp_path / "whole")
    decided(tmp_path / "whole")
    wanted = tree(tmp_path / "whole")
    (tmp_path / "attempts").mkdir()
    failures = 0
    for root, failure in attempts(tmp_path / "attempts", first / "w", None, decided, step=5, least=10):
        assert isinstance(failure, Killed)
        decided(root)
        assert tree(root) == wanted
        failures += 1
    assert failures > 3
    assert at.date() > NIGHT
