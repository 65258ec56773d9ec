"""The benchmarks that no other test runs still run, and made-up news is what it says."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks import contenders, corpus, processes
from benchmarks.aims import __main__ as aims
from benchmarks.aims import path, quote, single
from benchmarks.aims.figures import Aim, Figure
from benchmarks.contenders import Night
from benchmarks.corpus.__main__ import main as corpus_main
from benchmarks.processes import Took
from copydesk.cli import main as copydesk_main


def test_the_throughput_is_measured_part_by_part(tmp_path: Path) -> None:
    source = corpus.Corpus()
    corpus.write(source.records(0, 3), tmp_path / "articles.jsonl")
    night = Night(tmp_path / "articles.jsonl", tmp_path / "warehouse", source.day(3), "off")
    took = contenders.measured("copydesk", night, watch_parts=True)
    assert took["published"] == 3
    assert {"repair", "structure", "to Arrow", "commit", "everything else"} <= took["parts"].keys()
    assert took["peak"] > 2**20


def test_made_up_news_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    whole, part, other = (tmp_path / name for name in ("whole.jsonl", "part.jsonl", "other.jsonl"))
    corpus_main(["60", str(whole)])
    corpus_main(["20", str(part), "--start", "30"])
    corpus_main(["60", str(other), "--seed", "1"])
    assert whole.read_bytes().splitlines()[30:50] == part.read_bytes().splitlines()
    assert not set(whole.read_bytes().splitlines()) & set(other.read_bytes().splitlines())


def test_made_up_news_is_as_dirty_as_real_news() -> None:
    """Other texts each time, many languages and dates, and damage of every kind that is in a thousand articles."""
    made = list(corpus.Corpus().records(0, 1_500))
    texts = [record["text"] for record in made]
    assert len(set(texts)) > 0.98 * len(texts)
    assert len({record.get("id") or record["url"] for record in made}) == len(made)
    for sign in ("â€", "\x93", "&quot;", "\xa0", "\r\n", "\xad", "İ", "ة", "的", "BEIRUT", "© 2024", "Share"):
        assert any(sign in text for text in texts), sign
    assert {record.get("date") for record in made} > {None}
    again = sum(text.split("\n\n")[:1] == text.split("\n\n")[1:2] for text in texts)
    assert 0.02 < again / len(texts) < 0.2


def test_copies_stand_among_made_up_news() -> None:
    """The same story a few hundred articles later: most of its paragraphs, word for word."""
    seen: set[str] = set()
    copies = 0
    for record in corpus.Corpus().records(corpus.BACK, corpus.BACK + 2_400):
        paragraphs = {paragraph for paragraph in record["text"].split("\n\n") if len(paragraph) > 150}
        copies += len(paragraphs & seen) > 1
        seen |= paragraphs
    assert copies > 10


def test_made_up_news_has_no_end() -> None:
    assert json.dumps(list(islice(corpus.Corpus().records(10**9, 10**12), 2)))


def test_a_figure_is_the_median_and_says_whether_the_aim_is_met() -> None:
    ratio = Figure("ratio", "×", [0.9, 1.4, 1.31], Aim(1.3, at_least=True))
    assert ratio.cells() == ("ratio", "1.31 ×", "0.9 – 1.4", "≥ 1.3 ×", "met")
    memory = Figure("memory", "MB", [400.4], Aim(400))
    assert memory.cells() == ("memory", "400 MB", "", "≤ 400 MB", "NOT MET")
    assert memory.as_json()["met"] is False
    assert Figure("rate", "MB", [1234.5]).cells() == ("rate", "1,234 MB", "", "", "")


def in_this_process(arguments: Sequence[str], watch: bool = False, program: str = sys.executable) -> Took:
    """What `processes.python` does, without the seconds of a new process for each command."""
    module, words = arguments[1], list(arguments[2:])
    if arguments[0] != "-m":
        raise processes.Failed(1, arguments, "", "this Python has no such tool")
    output = io.StringIO()
    with redirect_stdout(output):
        if module == "benchmarks.contenders":
            contenders.main(words)
        elif module == "copydesk.cli":
            copydesk_main(words, standalone_mode=False)
        else:
            output.write(f"{single.judged(int(words[0]))}")
    return Took(output.getvalue(), 1.0, 1.0, 10**9 if watch else None)


def test_all_aims_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(processes, "python", in_this_process)
    monkeypatch.setattr(contenders, "_on_one_core", lambda: None)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(single, "ARTICLES", 20)
    monkeypatch.setattr(single, "JUDGED", (50,))
    sizes = ["--sizes", "20", "--known", "20", "--night", "10", "--runs", "1", "--modes", "off"]
    options = ["--peers", sys.executable, "--json", str(tmp_path / "aims.json"), "--strict"]
    assert aims.main([*sizes, *options]) == 1, "20 articles do not pay for a second process"
    found = json.loads((tmp_path / "aims.json").read_text("utf-8"))
    assert found["processor"]
    assert [figure["what"] for figure in found["figures"]] == [
        "20 articles, typos off: CPU s of plain / copydesk",
        "20 articles, typos off: CPU of an article",
        "20 articles, typos off: peak memory of one process",
        "20 articles, typos off: 2 processes against 1",
        "20 articles, typos off: peak memory of a run with 2 workers",
        "20 known, nothing new: CPU of a run",
        "10 new among 20 known: CPU against an empty warehouse",
        "4 new among 20 known: CPU of a run",
        "4 new among 20 known: peak memory",
        "`copydesk show` on one article: CPU",
        "`copydesk run` on one article: CPU",
        "suite of articles over 50 rows: CPU of a row",
        "20 articles, copydesk, typos off: text in a CPU second",
        "20 articles, plain script: text in a CPU second",
    ]
    assert all(value > 0 for figure in found["figures"] for value in figure["values"])
    assert "20 known, nothing new: CPU of a run  " in capsys.readouterr().out
    assert "| 20 known, nothing new: CPU of a run | 1 s |  | ≤ 30 s | met |" in quote.quoted([found])


def test_what_was_measured_is_kept_when_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Iterator[Figure]:
        yield Figure("first", "s", [1.0])
        yield Figure("second", "s", [2.0, 3.0])
        raise KeyboardInterrupt

    monkeypatch.setattr(aims, "figures", interrupted)
    with pytest.raises(KeyboardInterrupt):
        aims.main(["--json", str(tmp_path / "out" / "aims.json")])
    found = json.loads((tmp_path / "out" / "aims.json").read_text("utf-8"))
    assert [figure["what"] for figure in found["figures"]] == ["first", "second"]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["aims.json"]


@pytest.mark.parametrize(("load", "verdict"), [(0.2, "met"), (0.9, "machine busy")])
def test_wall_time_says_nothing_on_a_busy_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: float, verdict: str
) -> None:
    took = {"cpu": 1.0, "seconds": 2.0, "peak": 10**8}
    halved = {"alone": 2.0, "seconds": 1.0, "whole": 10**8}
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    monkeypatch.setattr(path, "measured", lambda *_: {"plain": [took], "off": [took], "two": [halved]})
    file = tmp_path / "aims.json"
    assert aims.main(["--sizes", "20", "--modes", "off", "--parts", "path", "--json", str(file)]) == 0
    figures = [Figure.of_json(made) for made in json.loads(file.read_text("utf-8"))["figures"]]
    assert [one.verdict for one in figures if one.what.endswith("2 processes against 1")] == [verdict]
    assert [one.verdict for one in figures if "peak memory" in one.what] == ["met", "met"]


def test_make_hands_its_options_on() -> None:
    options = ["SIZES=300", "KNOWN=300", "NIGHT=100", "RUNS=1", "MODES=off", "PARTS=path"]
    root = Path(aims.__file__).parents[2]

    def commands(*words: str) -> str:
        done = subprocess.run(["make", "-n", *words], cwd=root, capture_output=True, text=True, check=True)
        return " ".join(done.stdout.replace("\\\n", " ").split())

    asked = commands("bench", *options)
    assert "-m benchmarks.aims --sizes 300 --known 300 --runs 1 --json out/aims.json" in asked
    assert "--night 100 --modes off --parts path" in asked
    assert not any(option in commands("bench") for option in ("--night", "--modes", "--parts"))
    assert "--night 0" in commands("bench-duplicates", "ARTICLES=f")


def test_the_readme_quotes_the_results_with_date_and_machine() -> None:
    results = json.loads(quote.RESULTS.read_text("utf-8"))
    page = quote.README.read_text("utf-8")
    assert quote.with_figures(page, results) == page, "python -m benchmarks.aims.quote FILE…"
    assert results[0]["date"] in page
    other = [results[0] | {"date": "2031-01-02"}, *results[1:]]
    assert quote.with_figures(page, other) != page


def test_the_memory_of_all_processes_is_looked_at_and_failures_tell_why() -> None:
    grow = "import time; block = bytearray(60_000_000); time.sleep(2); print(len(block))"
    both = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grow!r}], check=True)"
    took = processes.python(["-c", both], watch=True)
    assert took.output.strip() == "60000000"
    assert took.peak is not None
    assert 60e6 < took.peak < 200e6
    with pytest.raises(processes.Failed, match="no such thing"):
        processes.python(["-c", "raise ValueError('no such thing')"])
