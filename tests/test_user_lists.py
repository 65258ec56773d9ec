"""`lists.folder`: the user's own lists are added to the shipped ones, in every process, and mistakes are explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from copydesk.config import Config
from copydesk.config.load import ConfigError, load
from copydesk.config.user_lists import ListsError, digest, install, protected, read
from copydesk.data import lists
from copydesk.data.lists import Added, ListsInUse, merged
from copydesk.run.job import fingerprint

#: A document that needs every kind of list. Agency, furniture, month and word are made up.
TEXT = """Harbour closes

3 Brachet 2019

MARROWBY (Quayside Wire) - The harbour closed on Monday, and the harbourmasteress said so twice.

Moor your boat with us
"""
FILES = {
    "agencies.txt": "# our wire\nQuayside Wire\n",
    "agency_names.txt": "The Quayside Wire Service = Quayside Wire, QW\n",
    "cities.txt": "Marrowby\n",
    "notices.txt": "please row closer to read on\\b\n",
    "furniture.toml": '[anywhere]\nshare-line = ["moor your boat with us"]\n',
    "lines/xx.toml": 'months = [[], [], [], [], ["brachet"], [], [], [], [], [], [], []]\n',
    "protected.txt": "harbourmasteress\n",
    "NOTES.md": "what these are",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "own" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "own"


def python(code: str, *arguments: object) -> str:
    """What a fresh interpreter prints that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CLEAN = """
import copydesk, json, sys
from copydesk.config import Config
config = Config(lists={"folder": sys.argv[1]}) if len(sys.argv) > 1 else Config()
article = copydesk.clean(sys.stdin.read() or TEXT, "a", config).article
print(json.dumps([str(article.published_date), article.agency, article.dateline, article.body]))
"""


def test_lists_are_added_to_the_shipped_ones(folder: Path) -> None:
    code = f"TEXT = {TEXT!r}\n" + CLEAN.replace("sys.stdin.read() or ", "")
    day, agency, dateline, body = json.loads(python(code, folder))
    assert (day, agency, dateline) == ("2019-05-03", "The Quayside Wire Service", "MARROWBY")
    assert body == "The harbour closed on Monday, and the harbourmasteress said so twice."
    day, agency, _, body = json.loads(python(code))
    assert (day, agency) == ("None", None) and "Moor your boat" in body


RUN = """
import json, sys
from pathlib import Path
from datetime import date
from copydesk.config import Config
from copydesk.run import nightly   # reads the shipped lists, as a flow does before it knows its settings
from copydesk.run.job import Job

if __name__ == "__main__":
    source, lists, warehouse, workers = sys.argv[1:]
    config = Config(lists={"folder": lists}, run={"workers": int(workers), "batch_documents": 2})
    nightly.run(Job((source,), warehouse, date(2019, 5, 4), config))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_use_them_whatever_was_read_before(folder: Path, tmp_path: Path, workers: int) -> None:
    import pyarrow.dataset as ds

    script, source = tmp_path / "night.py", tmp_path / "articles.jsonl"
    script.write_text(RUN)
    source.write_text("".join(json.dumps({"id": str(n), "text": TEXT}) + "\n" for n in range(5)))
    done = subprocess.run(
        [sys.executable, str(script), str(source), str(folder), str(tmp_path / "w"), str(workers)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert done.returncode == 0, done.stderr
    rows = ds.dataset(tmp_path / "w" / "articles", partitioning="hive").to_table(columns=["agency"]).to_pylist()
    assert [row["agency"] for row in rows] == ["The Quayside Wire Service"] * 5


def test_a_process_keeps_its_lists(folder: Path) -> None:
    assert lists.words("byline")  # as any document does
    with pytest.raises(ListsInUse, match=r"lists\.folder must be set before the first document"):
        install(str(folder))
    install(None)


def test_reading(folder: Path) -> None:
    added = read(str(folder))
    assert added.lines["agencies.txt"] == ("Quayside Wire",)
    assert added.tables["furniture.toml"] == {"anywhere": {"share-line": ["moor your boat with us"]}}
    assert added.languages["xx"]["months"][4] == ["brachet"]
    assert protected(str(folder)) == str(folder / "protected.txt")
    assert protected(None) is None


def test_merging_keeps_what_is_shipped_and_goes_on_behind_it() -> None:
    shipped = {"a": ["x"], "b": [["1"], ["2"]], "t": {"c": [{"rule": "r"}]}}
    added = {"a": ["y"], "b": [[], ["3"]], "t": {"c": [{"rule": "s"}], "d": ["z"]}}
    assert merged(shipped, added) == {
        "a": ["x", "y"], "b": [["1"], ["2", "3"]], "t": {"c": [{"rule": "r"}, {"rule": "s"}], "d": ["z"]},
    }  # fmt: skip
    assert merged(shipped, {}) == shipped


def test_nothing_added_is_what_is_shipped() -> None:
    assert Added() == Added({}, {}, {}) != Added({"agencies.txt": ("A",)})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("agencys.txt", "A", "agencys.txt is not a known list; did you mean agencies.txt?"),
        ("own/words.csv", "A", "words.csv is not a known list; allowed are agencies.txt, "),
        ("lines/english.toml", "", "english.toml is not a known list"),
        ("notices.txt", "(", "'(' is not a regular expression"),
        ("agencies.txt", b"\xff", "agencies.txt cannot be read: "),
        ("agency_names.txt", "Reuters", "'Reuters' must be NAME = FORM, FORM"),
        ("furniture.toml", "[anywhere", "furniture.toml is not valid TOML"),
        ("furniture.toml", "[anywere]\nshare-line = ['x']", "anywere is not a key; did you mean anywhere?"),
        (
            "furniture.toml",
            "[anywhere]\nshare-lines = ['x']",
            "anywhere.share-lines is not a key; did you mean share-line?",
        ),
        ("furniture.toml", "[anywhere]\ntypo-letter = ['x']", "anywhere.typo-letter is not a key; allowed are "),
        ("furniture.toml", "[anywhere]\nshare-line = 'x'", "anywhere.share-line must be a list of lines"),
        ("furniture.toml", "[pattern]\nrule = 'x'", "pattern must be [[pattern]] tables"),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'", "[[pattern]] lacks match"),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'\nmatch = 'x'", "needs `first` or `last`"),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'\nmatch = 'x'\nfirst = ['Text']", "one word in lower case"),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'\nmatch = 'x'\nlast = ['a b']", "one word in lower case"),
        (
            "furniture.toml",
            "[[pattern]]\nrule = 'share-line'\nmach = 'x'",
            "pattern.mach is not a key; did you mean match?",
        ),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'\nmatch = 3", "pattern.match must be a str"),
        (
            "furniture.toml",
            "[[pattern]]\nrule = 'share'\nmatch = 'x'",
            "share is not an allowed rule; did you mean share-line?",
        ),
        ("furniture.toml", "[[pattern]]\nrule = 'share-line'\nmatch = '('", "'(' is not a regular expression"),
        ("lines/en.toml", "month = []", "month is not a list of a language; did you mean months?"),
        ("lines/en.toml", "months = [['x']]", "months must be 12 lists of spellings"),
        ("lines/en.toml", "byline = ['By']", "byline: 'By' is not in lower case"),
        ("lines/en.toml", "byline = [' by']", "byline must be a list of words"),
        ("lines/en.toml", "eras = {x = 'y'}", "eras must be a table of years"),
        (
            "lines/en.toml",
            f"months = {[[], ['january'], *[[]] * 10]}",
            "'january' is already month 1, and cannot be 2 too",
        ),
    ],
)
def test_mistakes_are_explained(name: str, text: str | bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ListsError) as caught:
        read(str(tmp_path))
    assert str(tmp_path) in str(caught.value) and said in str(caught.value)


def test_the_settings_say_so_too(tmp_path: Path) -> None:
    file = tmp_path / "copydesk.toml"
    file.write_text(f'[lists]\nfolder = "{tmp_path / "nowhere"}"\n')
    with pytest.raises(
        ConfigError, match=r"copydesk.toml: lists.folder: .*nowhere is not a folder; it may hold the lists"
    ):
        load(str(file), environment={})


def test_the_fingerprint_of_a_run_covers_what_lists_say(folder: Path, tmp_path: Path) -> None:
    was = fingerprint(Config(lists={"folder": str(folder)}))
    assert was != fingerprint(Config())
    folder.rename(tmp_path / "moved")
    moved = str(tmp_path / "moved")
    assert fingerprint(Config(lists={"folder": moved})) == was
    (tmp_path / "moved" / "agencies.txt").write_text("Quayside Wire\nDockside Wire\n")
    assert fingerprint(Config(lists={"folder": moved})) != was
    assert digest(moved) == digest(moved)
